//! The threads that own rooms.
//!
//! A room lives on one thread, which owns it outright. Sockets live on tokio. The two meet in an
//! [`inbox`] per room on the way in, in an outbox per connection on the way out, which the room's
//! thread writes to the socket by itself, and on a [`board`], where a room shows what others may
//! know of it.
//!
//! - [`room_thread`]: the loop; [`hosted_room`]: one room in it; [`bell`]: what wakes it
//! - [`governor`]: what an overloaded room gives up; [`figures`], [`encoding_time`]: what it measured
//! - [`scheduler`]: which thread a room goes to, at first and when it grows heavy
//! - [`pulse`], [`watchdog`]: whether they still move

mod bell;
pub(crate) mod board;
mod encoding_time;
pub(crate) mod figures;
mod governor;
mod hosted_room;
pub(crate) mod inbox;
mod pulse;
mod room_thread;
pub(crate) mod scheduler;
pub(crate) mod watchdog;
