//! How a ship flies and fires: the part of arena that clients run themselves.
//!
//! Reads a ship's own state, its player's input and the scenery, nothing else. All of that is in
//! rows, so a client that has the rows and the inputs has the next state, to the bit.

use glam::IVec2;
use serde::{Deserialize, Serialize};

use super::rows::ArenaInput;
use super::scenery::Scenery;

/// The state of a living ship that its player's inputs decide.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Flight {
    /// Its middle, in steps.
    pub position: IVec2,
    /// What the last tick added to the position.
    pub velocity: IVec2,
    /// Where its gun points.
    pub aim: u8,
    /// The number of its kind.
    pub kind: u8,
    /// Ticks until the gun is ready.
    pub cooldown: u8,
    /// Ticks for which the gun is twice as quick.
    pub rapid: u16,
}

impl Flight {
    /// A ship of `kind` that lies still at `position`, its gun ready.
    pub fn still(position: IVec2, aim: u8, kind: u8) -> Self {
        Self {
            position,
            velocity: IVec2::ZERO,
            aim,
            kind,
            cooldown: 0,
            rapid: 0,
        }
    }

    /// One tick; whether the gun fired.
    pub fn step(&mut self, scenery: &Scenery, input: &ArenaInput) -> bool {
        self.aim = input.aim;
        self.cooldown = self.cooldown.saturating_sub(1);
        self.rapid = self.rapid.saturating_sub(1);
        let Some(kind) = scenery.kind(self.kind) else {
            self.velocity = IVec2::ZERO;
            return false;
        };
        let speed = if input.boost { kind.boost } else { kind.speed };
        self.glide(velocity(input.direction, speed.into()), scenery);
        let fires = input.fire && !input.boost && self.cooldown == 0;
        if fires {
            let quick = self.rapid > 0;
            self.cooldown = if quick {
                kind.cooldown.div_ceil(2)
            } else {
                kind.cooldown
            };
        }
        fires
    }

    /// Moves by `velocity`, along x and then along y. A direction that is blocked isn't gone at
    /// all, so that the position always changes by the coded velocity.
    fn glide(&mut self, velocity: IVec2, scenery: &Scenery) {
        self.velocity = IVec2::ZERO;
        for step in [velocity.with_y(0), velocity.with_x(0)] {
            if step != IVec2::ZERO && !scenery.stops_ship(self.position + step) {
                self.velocity += step;
                self.position += step;
            }
        }
    }
}

/// What a direction of an input adds to a position per tick.
///
/// A diagonal is `round(speed * 181 / 256)` along both axes, which is `speed / sqrt(2)` as whole
/// numbers know it.
fn velocity(direction: u8, speed: i32) -> IVec2 {
    let part = (speed * 181 + 128) >> 8;
    match direction {
        1 => IVec2::new(speed, 0),
        2 => IVec2::new(part, part),
        3 => IVec2::new(0, speed),
        4 => IVec2::new(-part, part),
        5 => IVec2::new(-speed, 0),
        6 => IVec2::new(-part, -part),
        7 => IVec2::new(0, -speed),
        // What is beyond the range reads as its end.
        8.. => IVec2::new(part, -part),
        0 => IVec2::ZERO,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::rows::{Rules, ShipKind, Wall};
    use super::*;

    const KIND: ShipKind = ShipKind {
        number: 0,
        hp: 100,
        speed: 27,
        boost: 43,
        cooldown: 10,
        damage: 20,
    };

    /// A map of 200 by 200 units with a wall of 20 by 20 in the middle.
    fn scenery() -> Scenery {
        let rules = Rules {
            width: 200,
            height: 200,
            ship_radius: 80,
            shot_speed: 128,
            shot_ticks: 36,
            ends_at: 900,
            score_limit: 10,
        };
        let wall = Wall {
            x: 90,
            y: 90,
            width: 20,
            height: 20,
        };
        Scenery::new(rules, vec![KIND], vec![wall])
    }

    fn input(direction: u8) -> ArenaInput {
        ArenaInput {
            direction,
            ..ArenaInput::default()
        }
    }

    fn at(x: i32, y: i32) -> Flight {
        Flight::still(IVec2::new(x, y), 0, 0)
    }

    #[test]
    fn eight_directions_are_about_equally_fast() {
        for direction in 1..=8 {
            let velocity = velocity(direction, 43).as_vec2();
            assert!(
                (velocity.length() - 43.0).abs() < 0.6,
                "{direction}: {velocity}"
            );
        }
        assert_eq!(velocity(0, 43), IVec2::ZERO);
    }

    #[test]
    fn a_wall_stops_one_axis_and_lets_the_other_glide() {
        // Left of the wall by less than a step: to the lower right there is only down.
        let mut flight = at(90 * 16 - 80 - 5, 100 * 16);
        flight.step(&scenery(), &input(2));
        assert_eq!(flight.velocity, IVec2::new(0, 19));
        assert_eq!(flight.position, IVec2::new(1355, 1619));
    }

    #[test]
    fn the_gun_keeps_its_pace_and_rests_while_boosting() {
        let scenery = scenery();
        let fire = ArenaInput {
            fire: true,
            ..ArenaInput::default()
        };
        let shots = |flight: &mut Flight, input: &ArenaInput| {
            (0..60).filter(|_| flight.step(&scenery, input)).count()
        };
        assert_eq!(shots(&mut at(500, 500), &fire), 6);
        let boosted = ArenaInput {
            boost: true,
            ..fire.clone()
        };
        assert_eq!(shots(&mut at(500, 500), &boosted), 0);
        let mut rapid = Flight {
            rapid: 1000,
            ..at(500, 500)
        };
        assert_eq!(shots(&mut rapid, &fire), 12);
        assert_eq!(rapid.rapid, 940);
    }

    #[test]
    fn an_idle_ship_stays_as_it_is() {
        let mut flight = at(500, 500);
        flight.step(&scenery(), &ArenaInput::default());
        assert_eq!(flight, at(500, 500));
    }

    proptest! {
        /// Whatever is pressed, the position changes by the velocity and no ship enters a wall.
        #[test]
        fn movement_is_exact_and_stays_free(
            presses in proptest::collection::vec((0u8..=10, any::<bool>()), 1..300),
        ) {
            let scenery = scenery();
            let mut flight = at(700, 700);
            for (direction, boost) in presses {
                let before = flight.position;
                flight.step(&scenery, &ArenaInput { boost, ..input(direction) });
                prop_assert_eq!(flight.position, before + flight.velocity);
                prop_assert!(!scenery.stops_ship(flight.position));
            }
        }
    }
}
