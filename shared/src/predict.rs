//! What a game tells clients so that they can run their own player ahead of the server.
//!
//! A game that wants exact prediction keeps all state that its movement reads in rows, and nothing
//! finer. Then the same step over the same inputs gives the same state on both ends, and any
//! difference is either a correction with a known cause or a defect.

use core::fmt::Debug;

use crate::id::PlayerId;
use crate::replicated::Replicated;
use crate::schema::Schema;
use crate::snapshot::{Event, Frame};

/// The part of a game that its clients run themselves.
pub trait Predict {
    /// The game's input.
    type Input: Replicated + Clone + Default + Debug;

    /// What `step` reads and writes: the own player's state, taken from rows.
    type State: Clone + PartialEq + Debug;

    /// What `step` reads but never changes during a match: a map, tuning values.
    type Scenery: Debug;

    /// Reads the scenery from the common stream's frame, when a match begins for this client and
    /// after each gap in what it was told; `None` if it isn't there.
    fn scenery(schema: &Schema, common: &Frame) -> Option<Self::Scenery>;

    /// The state of `player`; `None` while there is nothing to predict, as for the dead.
    fn state(schema: &Schema, common: &Frame, own: &Frame, player: PlayerId)
    -> Option<Self::State>;

    /// One tick: the very function that the server's game calls.
    fn step(scenery: &Self::Scenery, state: &mut Self::State, input: &Self::Input);

    /// Whether `event` touched the state of `player` in a way that `step` can't know, and the name
    /// of that cause: "hit", "respawn".
    fn touches(event: &Event, player: PlayerId) -> Option<&'static str>;
}
