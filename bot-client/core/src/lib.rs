//! What any Rust client of Syncline needs, without its sockets.
//!
//! Everything here is a plain function of what it was given: no clock, task, lock or channel. A
//! shell tells a [`Client`] what the network did and what time it is, and carries its outputs away;
//! the same calls with the same seed give the same bytes.
//!
//! Start at [`Client`]: [`Client::handle`] takes something in, [`Client::advance`] moves time,
//! [`Client::poll_output`] gives out what to send and what happened.
//!
//! - [`client`], [`playing`], [`backoff`], [`event`]: one session across its connections
//! - [`commands`]: what was asked for and not answered yet
//! - [`clock_sync`], [`input_lead`], [`input_pace`], [`input_history`]: when inputs are stamped, and
//!   what they were
//! - [`streams`], [`follower`], [`shared_stream`]: from chunks to frames, alone or for many at once
//! - [`snapshot_buffer`], [`interpolation`]: what to draw of others
//! - [`prediction`], [`sight`]: what to draw of oneself
//! - [`controls`], [`behaviour`]: players who are not people
//!
//! [`Client`]: client::Client
//! [`Client::handle`]: client::Client::handle
//! [`Client::advance`]: client::Client::advance
//! [`Client::poll_output`]: client::Client::poll_output

mod arena_pilot;
pub mod backoff;
pub mod behaviour;
pub mod client;
pub mod clock_sync;
pub mod commands;
pub mod controls;
#[cfg(feature = "cubes")]
mod cubes_pilot;
pub mod event;
pub mod follower;
pub mod input_history;
pub mod input_lead;
pub mod input_pace;
mod input_stamper;
pub mod interpolation;
mod link;
pub mod playing;
pub mod prediction;
mod room_view;
pub mod shared_stream;
pub mod sight;
mod since_frame;
pub mod snapshot_buffer;
pub mod streams;
mod traffic;

#[cfg(test)]
mod scripted_server;
