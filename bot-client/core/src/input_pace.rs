//! How often a client says what its player presses.

/// After how long a client that holds its input says so again, in microseconds.
///
/// The server needs it to tell whether inputs come in time, and what the player looks at: it gathers
/// for half a second before it tells, so that each of its reports rests on a frame, and a path that
/// became longer is made up for within a second. Nothing is lost without it: an ordered stream
/// delivers each change.
pub const HEARTBEAT_MICROS: u64 = 500_000;

/// When input frames are sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum InputPace {
    /// One for each tick.
    #[default]
    EveryTick,
    /// When the player presses something else, and each [`HEARTBEAT_MICROS`]: the server holds what
    /// was pressed last.
    OnChange,
}
