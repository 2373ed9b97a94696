//! Pong: two paddles and a ball. The tutorial: everything that a game needs, and nothing else.

use glam::IVec2;
use serde::{Deserialize, Serialize};
use slotmap::SlotMap;
use syncline_shared::game::{
    Audience, Game, JoinRefusal, LeaveReason, Outcome, Profile, Seats, ranking,
};
use syncline_shared::game::{RuleRefusal, SnapshotWriter, Step, number_in};
use syncline_shared::id::{EntityId, PlayerId};
use syncline_shared::{replicated, rng::Rng, schema::Schema, tick::TickRate};

const COURT: IVec2 = IVec2::new(640, 360);
const PADDLES_X: [i32; 2] = [16, 624];
const PADDLE_HALF: i32 = 32;
const PADDLE_SPEED: i32 = 6;

// 1. What travels. `fixed` is a range and a step; the game computes in the same steps. `exact`
// promises that each tick adds the velocity to the position: then a ball in flight costs no bytes.
replicated! {
    /// The ball, in the world and in its row alike.
    #[derive(Clone, Debug, Serialize, Deserialize)]
    pub struct Ball {
        position: IVec2 => fixed(0.0, 640.0, 1.0) exact(velocity, 1, 1),
        velocity: IVec2 => fixed(-15.0, 15.0, 1.0),
    }
}
replicated! {
    /// A player's paddle; x and y are its middle.
    #[derive(Debug, Serialize, Deserialize)]
    pub struct Paddle {
        owner: PlayerId => bits(12),
        x: i32 => fixed(0.0, 640.0, 1.0),
        y: i32 => fixed(0.0, 360.0, 1.0),
        score: u8 => bits(8),
    }
}
replicated! {
    /// What a player sends each tick.
    #[derive(Clone, Debug, Default)]
    pub struct PongInput {
        /// Which way to push the paddle: -1 is up, towards 0.
        pub push: i8 => fixed(-1.0, 1.0, 1.0),
    }
}

/// 2. What an operator may set, and by `set_rule` whoever makes a room: how many points win, 7 unless it is said.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PongConfig {
    points: Option<u8>,
}

/// 3. The world, plain data; slot maps give the ids that rows are written under. Then its rules.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Pong {
    balls: SlotMap<EntityId, Ball>,
    paddles: SlotMap<EntityId, Paddle>,
    points: u8,
}

impl Game for Pong {
    const NAME: &'static str = "pong";
    const TICK_RATE: TickRate = TickRate::hz(60);
    type Config = PongConfig;
    type Input = PongInput;
    type Command = replicated::NoCommand;
    type Event = replicated::NoEvent;
    fn schema() -> Schema {
        Self::describe().class::<Ball>().class::<Paddle>().build()
    }
    fn set_rule(config: &mut PongConfig, name: &str, value: &str) -> Result<(), RuleRefusal> {
        match name {
            "points" => config.points = u8::try_from(number_in(1..=100, value)?).ok(),
            _ => return Err(RuleRefusal::Unknown),
        }
        Ok(())
    }
    fn seats(_: &PongConfig) -> Seats {
        Seats {
            min: 2,
            max: 2,
            join_in_progress: false,
        }
    }
    fn new(config: PongConfig, seed: u64) -> Self {
        let mut pong = Self::default();
        pong.balls.insert(serve(&mut Rng::from_seed(seed)));
        pong.points = config.points.unwrap_or(7).max(1);
        pong
    }
    fn join(&mut self, owner: PlayerId, _: &Profile) -> Result<(), JoinRefusal> {
        let place = PADDLES_X.get(self.paddles.len());
        let (x, y, score) = (*place.ok_or(JoinRefusal::Full)?, COURT.y / 2, 0);
        self.paddles.insert(Paddle { owner, x, y, score });
        Ok(())
    }
    fn leave(&mut self, player: PlayerId, _: LeaveReason) {
        self.paddles.retain(|_, paddle| paddle.owner != player);
        let others = self.paddles.values_mut();
        others.for_each(|winner| winner.score = self.points);
    }
    fn tick(&mut self, step: &mut Step<'_, Self>) {
        for paddle in self.paddles.values_mut() {
            let push = step.input(paddle.owner).map_or(0, |input| input.push);
            let y = paddle.y + i32::from(push) * PADDLE_SPEED;
            paddle.y = y.clamp(PADDLE_HALF, COURT.y - PADDLE_HALF);
        }
        for ball in self.balls.values_mut() {
            fly(ball, self.paddles.values());
            if ball.position.x <= 0 || ball.position.x >= COURT.x {
                let other = |paddle: &&mut Paddle| (paddle.x - ball.position.x).abs() > COURT.x / 2;
                if let Some(scorer) = self.paddles.values_mut().find(other) {
                    scorer.score = scorer.score.saturating_add(1);
                }
                *ball = serve(step.rng());
            }
        }
    }
    fn replicate(&self, world: &mut SnapshotWriter) {
        for (id, ball) in &self.balls {
            world.put(id, Audience::Everyone, ball);
        }
        for (id, paddle) in &self.paddles {
            world.put(id, Audience::Everyone, paddle);
        }
    }
    fn scores(&self) -> Vec<(PlayerId, i32)> {
        let score = |paddle: &Paddle| (paddle.owner, i32::from(paddle.score));
        ranking(self.paddles.values().map(score))
    }
    fn outcome(&self) -> Option<Outcome> {
        let scores = self.scores();
        let &(winner, best) = scores.first()?;
        let winners = vec![winner];
        (best >= i32::from(self.points)).then_some(Outcome { winners, scores })
    }
}

/// A ball in the middle of the court, on its way to one of the players.
fn serve(rng: &mut Rng) -> Ball {
    let way = if rng.chance(1, 2) { 5 } else { -5 };
    let (position, velocity) = (COURT / 2, IVec2::new(way, rng.range(-4, 4)));
    Ball { position, velocity }
}

/// One tick of flight: back from a paddle, faster and steeper, off the long edges, then on.
fn fly<'a>(ball: &mut Ball, paddles: impl Iterator<Item = &'a Paddle>) {
    let next = ball.position + ball.velocity;
    for &Paddle { x, y, .. } in paddles {
        let reached = (ball.position.x < x) != (next.x < x);
        if reached && (next.y - y).abs() <= PADDLE_HALF {
            ball.velocity.x = -(ball.velocity.x + ball.velocity.x.signum()).clamp(-15, 15);
            ball.velocity.y = (next.y - y) / 5;
        }
    }
    let inside = (0..=COURT.y).contains(&(ball.position.y + ball.velocity.y));
    ball.velocity.y *= if inside { 1 } else { -1 };
    ball.position += ball.velocity;
}

#[cfg(test)]
mod tests;
