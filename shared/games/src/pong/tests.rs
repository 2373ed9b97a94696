//! Pong from the first serve to the last point.

use std::sync::Arc;

use syncline_shared::game::PlayerInput;
use syncline_shared::input::InputStatus;
use syncline_shared::tick::{Tick, ViewTick};

use super::*;

const PLAYERS: [PlayerId; 2] = [PlayerId(0), PlayerId(1)];

/// A match of two.
fn pong(points: u8) -> Pong {
    let points = Some(points);
    let mut pong = Pong::new(PongConfig { points }, 1);
    for player in PLAYERS {
        pong.join(player, &Profile::default()).unwrap();
    }
    pong
}

/// A tick in which each player pushes as `push` says of its paddle and the ball.
fn tick(pong: &mut Pong, rng: &mut Rng, push: impl Fn(&Paddle, &Ball) -> i8) {
    let ball = pong.balls.values().next().unwrap();
    let input = |paddle: &Paddle| PlayerInput {
        player: paddle.owner,
        input: PongInput {
            push: push(paddle, ball),
        },
        status: InputStatus::Applied,
        view: ViewTick::default(),
    };
    let inputs: Vec<_> = pong.paddles.values().map(input).collect();
    let mut events = SnapshotWriter::new(Arc::new(Pong::schema()));
    pong.tick(&mut Step::new(Tick(1), &inputs, rng, &mut events));
}

/// Follows the ball.
fn attentive(paddle: &Paddle, ball: &Ball) -> i8 {
    i8::try_from((ball.position.y - paddle.y).signum()).unwrap()
}

#[test]
fn who_follows_the_ball_beats_who_does_not() {
    let (mut pong, mut rng) = (pong(3), Rng::from_seed(1));
    let lazy = |paddle: &Paddle, ball: &Ball| match paddle.owner {
        PlayerId(0) => attentive(paddle, ball),
        _ => -1,
    };
    for _ in 0..20_000 {
        tick(&mut pong, &mut rng, lazy);
        if pong.outcome().is_some() {
            break;
        }
    }
    let outcome = pong.outcome().unwrap();
    assert_eq!(
        (outcome.winners, outcome.scores[0]),
        (vec![PLAYERS[0]], (PLAYERS[0], 3))
    );
}

/// What `exact` promises, what the ranges promise, and that bounces are bounces.
#[test]
fn the_ball_stays_in_its_row_and_moves_by_its_velocity() {
    let (mut pong, mut rng) = (pong(200), Rng::from_seed(2));
    let mut bounces = 0;
    for _ in 0..20_000 {
        let before = pong.balls.values().next().unwrap().clone();
        tick(&mut pong, &mut rng, attentive);
        let ball = pong.balls.values().next().unwrap();
        let served = ball.position == COURT / 2;
        assert!(served || ball.position == before.position + ball.velocity);
        assert!(
            (0..=COURT.x).contains(&ball.position.x) && (0..=COURT.y).contains(&ball.position.y)
        );
        assert!(ball.velocity.abs().max_element() <= 15);
        bounces += u32::from(!served && ball.velocity.x.signum() != before.velocity.x.signum());
    }
    assert!(bounces > 100, "{bounces}");
}

#[test]
fn who_stays_wins() {
    let mut pong = pong(7);
    assert_eq!(pong.outcome(), None);
    pong.leave(PLAYERS[0], LeaveReason::Lost);
    assert_eq!(pong.outcome().unwrap().winners, [PLAYERS[1]]);
}

#[test]
fn a_third_player_finds_no_place() {
    let third = pong(7).join(PlayerId(2), &Profile::default());
    assert_eq!(third, Err(JoinRefusal::Full));
}
