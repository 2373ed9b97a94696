//! The server without its sockets: rooms, matches and replication.
//!
//! Everything here is a plain function of what it was given. There is no clock, task, lock or
//! channel, and two runs over the same events, times and seed produce the same bytes. The
//! `syncline-server` crate supplies events and time and carries the outputs away.
//!
//! Start at [`Room`]: it takes a [`RoomEvent`], is told the time, and yields [`RoomOutput`]s.
//!
//! - [`event`], [`config`], [`counters`]: what goes in, what comes out, what is counted
//! - [`bandwidth`]: what the streams cost, by field
//! - [`room`], `phase`: who is here, and what stage the room is at
//! - `chat`: what is said, to whom; `answered`: what became of commands
//! - [`simulation`], [`match_state`], [`input_queue`]: one tick of one game
//! - [`replay`]: a match again, from its journal
//! - [`replay_room`], [`any_room`]: a room in which one is watched, and what both kinds of room answer
//! - [`relief`]: what a room gives up while it is overloaded
//! - `sessions`: seats, and who holds them across connections; `kicked`: who is kept out
//! - `replication`, `follower`, `credit`, `waiting`, `resync`: which bytes each member gets, and when
//! - `delay`: what spectators are told later

mod answered;
pub mod any_room;
pub mod bandwidth;
mod chat;
pub mod config;
pub mod counters;
mod credit;
mod delay;
pub mod event;
mod follower;
pub mod input_queue;
mod kicked;
pub mod match_state;
mod member;
mod pace;
mod phase;
pub mod relief;
pub mod replay;
pub mod replay_room;
mod replication;
mod resync;
pub mod room;
mod sessions;
pub mod simulation;
mod waiting;

pub use any_room::AnyRoom;
pub use config::RoomConfig;
pub use event::{Astray, Attach, ClientMessage, ConnectionId, RoomEvent, RoomOutput, RoomStatus};
pub use relief::{Probe, Relief};
pub use replay_room::ReplayRoom;
pub use room::{Overview, Room};
pub use simulation::{GameKind, RefusedRule, game_kind};
