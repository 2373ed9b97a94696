//! Bounds that both ends rely on. What operators may set is in the server's configuration.

/// The most bytes of one message from a client. A burst of inputs after a stall is the largest
/// honest one: 32 frames of 64 bytes and a few commands.
pub const CLIENT_MESSAGE_BYTES_MAX: usize = 4096;

/// The most bytes of one message from the server: a control section, and the frames beside it. A
/// member that caught up gets at most its credit (64 KiB) of waiting chunks in one message, or one
/// chunk that alone is larger; of a large join, one part.
pub const SERVER_MESSAGE_BYTES_MAX: usize = 1168 * 1024;

/// The most sections in one message: the frames of a second and a half at 60 Hz, which waited for
/// credit, and as many control messages as may wait beside them.
pub const SECTIONS_PER_MESSAGE_MAX: usize = 160;

/// How many ticks ahead of the match an input frame may be when it arrives.
///
/// A frame is early by the margin its client keeps against jitter, two or three ticks, and for a
/// moment by much more when a slow path turns fast. At 30 Hz this is about a second, longer than
/// any one-way delay worth playing on. A frame further ahead is refused as too early, so a client
/// can't make the server hold more than this for it.
pub const INPUT_LEAD_TICKS_MAX: u32 = 32;

/// The most input frames one message carries: a client that was stalled sends what the server may
/// still merge, and nothing older.
pub const INPUT_FRAMES_PER_BATCH_MAX: usize = 32;

/// How long after its tick a late input frame is still merged into the next one, in microseconds.
/// Past this the player has moved on; buttons from then would surprise everybody.
pub const INPUT_LATE_MICROS_MAX: u64 = 250_000;

/// How far before its tick the view of an input may lie, in microseconds. A claim to have seen an
/// older world is taken as this: nobody is shot behind the wall that they reached long ago.
pub const VIEW_MICROS_MAX: u64 = 250_000;

/// The most words an input class may have. Inputs travel every tick and are copied by value.
pub const INPUT_WORDS_MAX: usize = 16;

/// The most bytes of one encoded command.
pub const COMMAND_BYTES_MAX: usize = 256;

/// How many commands of one player may wait for the next tick. More are refused as too many.
pub const COMMANDS_WAITING_MAX: usize = 8;

/// The most classes, event classes or command classes of a schema.
pub const CLASSES_MAX: usize = 64;

/// The most words in a row. A class with more belongs into two.
pub const ROW_WORDS_MAX: usize = 128;

/// The most bytes of an encoded schema.
pub const SCHEMA_BYTES_MAX: usize = 64 * 1024;

/// The most slots of one class in one stream. Rows beyond are left out and counted.
pub const ENTITIES_PER_CLASS_MAX: usize = 32_768;

/// The most words that all slots of one stream hold, live or free. Rows that would need a slot
/// beyond are left out and counted. So a join always fits [`JOIN_BYTES_MAX`], and no message makes
/// a client hold more than 8 MiB of rows.
pub const STREAM_WORDS_MAX: usize = 2 * 1024 * 1024;

/// The most events of one stream in one chunk. Events beyond are left out and counted.
pub const EVENTS_PER_CHUNK_MAX: usize = 1024;

/// A join larger than this is cut into parts, one per tick, so that a big world does not stand in
/// the way of a member's other traffic.
pub const JOIN_PART_BYTES_MAX: usize = 16 * 1024;

/// The most bytes of a whole join, over all its parts.
pub const JOIN_BYTES_MAX: usize = 16 * 1024 * 1024;

/// The longest silence of a running match towards a member, in microseconds. In it everything went
/// as predicted; after it an empty frame says that the server is alive.
pub const SILENCE_MICROS_MAX: u64 = 250_000;

/// The longest a client waits before it acknowledges what it received, in microseconds.
pub const ACK_MICROS_MAX: u64 = 100_000;

/// The longest that a client whose credit is used up may leave what it got unacknowledged, in
/// microseconds; then its connection is closed, and its session may resume.
pub const UNACKNOWLEDGED_MICROS_MAX: u64 = 45_000_000;

/// The most messages a client receives before it acknowledges them.
pub const ACK_MESSAGES_MAX: u32 = 4;

/// The least time between two requests of a member for one stream anew, in microseconds. Whoever
/// goes astray sooner has a defect that joins don't heal; it is closed as desynchronised.
pub const RESYNC_MICROS_MIN: u64 = 2_000_000;

/// How many chunks of a stream there are to a hash: each one whose number is a multiple of this, if
/// it is not empty, ends in one. Its place does not depend on what is decoded, so no drift hides it.
pub const HASH_INTERVAL_SNAPSHOTS: u32 = 30;

/// The most characters of a player's name; more are cut off.
pub const NAME_CHARS_MAX: usize = 24;

/// The most bytes of a player's name, likewise: 24 characters of most scripts.
pub const NAME_BYTES_MAX: usize = 72;

/// The most characters of the reason for which somebody is kicked; more are cut off.
pub const KICK_CHARS_MAX: usize = 64;

/// The most bytes of it, likewise: what a close frame has room for.
pub const KICK_BYTES_MAX: usize = 112;

/// The most characters of a line of chat; a longer one is refused.
pub const CHAT_CHARS_MAX: usize = 256;

/// The most labels of a room.
pub const LABELS_MAX: usize = 8;

/// The most bytes of a label's name.
pub const LABEL_NAME_BYTES_MAX: usize = 24;

/// The most bytes of a label's value.
pub const LABEL_VALUE_BYTES_MAX: usize = 32;

/// The most properties of a player.
pub const PROPERTIES_MAX: usize = 8;

/// The most bytes of all names and values of a player's properties together.
pub const PROPERTIES_BYTES_MAX: usize = 96;

/// The most rules of a game that whoever makes a room may choose.
pub const RULES_MAX: usize = 16;

/// The most bytes of a room's password.
pub const PASSWORD_BYTES_MAX: usize = 64;

/// The most bytes of a query for rooms.
pub const QUERY_BYTES_MAX: usize = 512;

/// The most terms of a query: a room that is made for one gets no more labels than it may have.
pub const QUERY_TERMS_MAX: usize = LABELS_MAX;

/// The bytes of a join's key.
pub const JOIN_KEY_BYTES: usize = 16;

/// The most bytes of a resume token.
pub const TOKEN_BYTES_MAX: usize = 128;

/// The most members of one room that any configuration may allow.
pub const ROOM_MEMBERS_MAX: u16 = 4096;

/// The most bytes of a checkpoint of a match.
pub const CHECKPOINT_BYTES_MAX: usize = 64 * 1024 * 1024;

/// The most bytes of one control section from the server: a Welcome with a schema, and with the
/// roster and the last result of a full room whose names have four bytes a character and whose
/// players have as many properties as they may.
pub const CONTROL_BYTES_MAX: usize = 1040 * 1024;
