//! Everything on the port that is HTTP.
//!
//! - [`routes`]: which path leads where
//! - [`site`]: what the routes share
//! - [`problem`]: how the API says what is wrong; [`access`]: who may write there; [`idempotency`]: what
//!   was done before; [`body`]: what is asked for
//! - [`room`]: a room's state; [`watch`]: what happens there, and [`events`] as a stream; [`announce`]: what its players are told, and
//!   [`announced`] what became of it; [`moderation`]: who is sent away or silenced
//! - [`rooms`]: the list of rooms; [`guesses`]: how often a room's code may be guessed
//! - [`cross_origin`]: what web pages may ask for; [`caller`]: who asks to play; [`tunnels`]: a session where no WebSocket comes through
//! - [`openapi`]: all of that, described
//! - [`bandwidth`]: what the fields of a room cost
//! - [`figures`]: what a room measured and counted
//! - [`replay`]: the recorded match that is shown, and how to move it
//! - [`pages`]: where the web files are found; [`assets`]: the files, as they travel
//! - [`health`]: whether the server is alive, and whether it moves

pub(crate) mod access;
mod announce;
mod announced;
mod assets;
mod bandwidth;
mod body;
mod caller;
mod cross_origin;
mod events;
mod figures;
pub(crate) mod guesses;
mod health;
mod idempotency;
mod moderation;
mod openapi;
pub(crate) mod pages;
mod problem;
mod replay;
mod room;
mod rooms;
pub(crate) mod routes;
pub(crate) mod site;
mod tunnels;
pub(crate) mod watch;
