//! What clients of arena see and send: rows, input, events and commands.
//!
//! Knows no rules. Positions and velocities are in steps ([`STEPS_PER_UNIT`] a unit) and steps per
//! tick, times in ticks; walls and the map's size are in whole units.
//!
//! [`STEPS_PER_UNIT`]: super::units::STEPS_PER_UNIT

use glam::IVec2;
use serde::{Deserialize, Serialize};
use syncline_shared::id::PlayerId;
use syncline_shared::replicated;
use syncline_shared::replicated::{FieldValue, Reference, RowReader, RowWriter};
use syncline_shared::schema::FieldKind;

replicated! {
    /// A player's ship, or its wreck until it respawns. It belongs to the player for as long as
    /// that has a seat.
    #[derive(Clone, Debug, PartialEq)]
    pub struct Ship {
        /// Its middle.
        pub position: IVec2 => fixed(0.0, 2047.9375, 0.0625) exact(velocity, 1, 1),
        /// What the last tick added to its position.
        pub velocity: IVec2 => fixed(-3.9375, 3.9375, 0.0625),
        /// Where its gun points: 0 along x, 64 along y.
        pub aim: u8 => angle(8),
        /// What it can still take.
        pub hp: u8 => bits(8),
        /// Ships it destroyed.
        pub score: u32 => counter,
        /// Whether it flies; a wreck doesn't.
        pub alive: bool => flag,
        /// Whose it is.
        pub owner: PlayerId => bits(12),
        /// The number of its [`ShipKind`].
        pub kind: u8 => bits(3),
    }
}

replicated! {
    /// What a ship's own player alone sees.
    ///
    /// The timers fall by one each tick and stay at 0, which is what their link to `pace` says: it
    /// is always -1, and the range ends at 0. So a running timer is no surprise to anybody.
    #[derive(Clone, Debug, PartialEq)]
    pub struct Cockpit {
        /// The ship.
        pub ship: Reference => entity("Ship"),
        /// Ticks until the gun is ready.
        pub cooldown: u8 => fixed(0.0, 255.0, 1.0) exact(pace, 1, 1),
        /// Ticks for which the gun is twice as quick.
        pub rapid: u16 => fixed(0.0, 1023.0, 1.0) exact(pace, 1, 1),
        /// Ticks until the wreck is a ship again.
        pub respawn_in: u16 => fixed(0.0, 1023.0, 1.0) exact(pace, 1, 1),
        /// -1.
        pub pace: i8 => fixed(-1.0, 0.0, 1.0),
        /// The kind that the next ship will be of.
        pub next_kind: u8 => bits(3),
    }
}

replicated! {
    /// A shot in flight. It starts in the middle of the ship that fired it, along its gun: the hints
    /// say so, and so a shot costs next to nothing until it ends.
    #[derive(Clone, Debug, PartialEq)]
    pub struct Projectile {
        /// The ship that fired it.
        pub ship: Reference => entity("Ship") parent(),
        /// Where it is.
        pub position: IVec2 => fixed(0.0, 2047.9375, 0.0625)
            exact(velocity, 1, 1) copies(position),
        /// What each tick adds to its position.
        pub velocity: IVec2 => fixed(-15.9375, 15.9375, 0.0625) along(aim),
        /// Who fired it.
        pub owner: PlayerId => bits(12) copies(owner),
    }
}

replicated! {
    /// A place where something can be picked up.
    #[derive(Clone, Debug, PartialEq)]
    pub struct Pickup {
        /// Where it lies.
        pub position: IVec2 => fixed(0.0, 2047.9375, 0.0625),
        /// What it does.
        pub kind: PickupKind => bits(1),
        /// Whether it is there; one that was taken reappears.
        pub there: bool => flag,
    }
}

replicated! {
    /// A solid rectangle. The map's edge is solid too, but is no wall.
    #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
    #[serde(deny_unknown_fields)]
    pub struct Wall {
        /// Its left side.
        pub x: u16 => bits(11),
        /// Its upper side.
        pub y: u16 => bits(11),
        /// How far it reaches along x.
        pub width: u16 => bits(11),
        /// How far it reaches along y.
        pub height: u16 => bits(11),
    }
}

replicated! {
    /// What holds for the whole match.
    #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
    pub struct Rules {
        /// How far the map reaches along x.
        pub width: u16 => bits(11),
        /// How far the map reaches along y.
        pub height: u16 => bits(11),
        /// How far a ship reaches from its middle, in steps.
        pub ship_radius: u8 => bits(8),
        /// How far a shot flies per tick, in steps.
        pub shot_speed: u8 => bits(8),
        /// How many ticks a shot flies.
        pub shot_ticks: u16 => bits(10),
        /// The tick at which the match ends.
        pub ends_at: u32 => counter,
        /// The score that ends it earlier.
        pub score_limit: u32 => counter,
    }
}

replicated! {
    /// What one kind of ship can do.
    #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
    pub struct ShipKind {
        /// What it is known by.
        pub number: u8 => bits(3),
        /// What it can take when new.
        pub hp: u8 => bits(8),
        /// Steps per tick.
        pub speed: u8 => bits(6),
        /// Steps per tick with boost, in which it can't fire.
        pub boost: u8 => bits(6),
        /// Ticks from one shot to the next.
        pub cooldown: u8 => bits(8),
        /// What a shot takes from who it hits.
        pub damage: u8 => bits(8),
    }
}

replicated! {
    /// What a player does, each tick.
    #[derive(Clone, Debug, Default, PartialEq, Eq)]
    pub struct ArenaInput {
        /// 0 stops, 1 to 8 are the eight directions by turns of 45 degrees: 1 is along x, 3 along y.
        pub direction: u8 => fixed(0.0, 8.0, 1.0),
        /// Faster, but no firing.
        pub boost: bool => flag,
        /// Fire as often as the gun can.
        pub fire: bool => flag,
        /// Where to point the gun: 256 to a turn, 0 along x, 64 along y.
        pub aim: u8 => angle(8),
    }
}

replicated! {
    /// What happened.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub enum ArenaEvent {
        /// A shot met a ship. Only the two players concerned hear of it; others see `hp` fall.
        Hit {
            /// Who was hit.
            victim: PlayerId => bits(12),
            /// Who fired.
            by: PlayerId => bits(12),
            /// What it took.
            damage: u8 => bits(8),
        },
        /// A ship became a wreck. Everybody hears of it.
        Destroyed {
            /// Whose ship.
            victim: PlayerId => bits(12),
            /// Who did it.
            by: PlayerId => bits(12),
        },
        /// A player has a new ship. Only that player hears of it.
        Respawned {
            /// Who.
            player: PlayerId => bits(12),
        },
        /// A player took a pick-up. Only that player hears of it.
        PickedUp {
            /// Who.
            player: PlayerId => bits(12),
            /// What.
            kind: PickupKind => bits(1),
        },
        /// A ship that had just respawned is of another kind now. Only its player hears of it.
        ShipChanged {
            /// Whose.
            player: PlayerId => bits(12),
            /// The kind's number.
            kind: u8 => bits(3),
        },
        /// The match is decided. Everybody hears of it.
        RoundOver {
            /// The best score.
            best: u32 => counter,
        },
    }
}

syncline_shared::commands! {
    /// What a player may ask for.
    pub enum ArenaCommand {
        /// Another kind of ship: at once for one that has just respawned, else at the next respawn.
        ChooseShip {
            /// The kind's number.
            ship: u8,
        },
    }
}

/// What a pick-up does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PickupKind {
    /// Gives back hit points.
    Repair,
    /// Makes the gun twice as quick for a while.
    Rapid,
}

impl FieldValue for PickupKind {
    fn write(&self, _: FieldKind, row: &mut RowWriter<'_>) {
        row.word(match self {
            Self::Repair => 0,
            Self::Rapid => 1,
        });
    }

    fn read(_: FieldKind, row: &mut RowReader<'_>) -> Self {
        if row.word() == 0 {
            Self::Repair
        } else {
            Self::Rapid
        }
    }
}
