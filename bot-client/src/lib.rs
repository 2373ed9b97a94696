//! Bots: players who are not people, by the hundred, in one process.
//!
//! Each bot is the real client of `syncline-client-core` with a socket of its own, a path that may
//! be made as bad as wished, and a mind that plays. Together they load a server and tell how well
//! it held up: start at [`run`], which takes a [`SwarmConfig`] and gives a [`Report`].
//!
//! - [`config`], [`cli`]: what to do
//! - [`swarm`], `context`, [`progress`], `bot`: who does it
//! - `chatter`: what bots say
//! - `tls`: whom bots believe to be the server
//! - `address`: where the server is; `connection`, `conditioner`: the way there, and what makes it worse
//! - `tunnel`: a session over plain HTTP; `wire`: what all of it weighs
//! - `decoding`: each stream decoded once for all bots, or by each for itself
//! - `rate_meter`, `record`, `tally`, [`timeline`], [`report`], [`html`]: what was seen
//! - [`bandwidth`]: what the server says that its streams cost
//!
//! [`run`]: swarm::run
//! [`SwarmConfig`]: config::SwarmConfig
//! [`Report`]: report::Report

mod address;
pub mod bandwidth;
mod bot;
mod chatter;
pub mod cli;
mod conditioner;
pub mod config;
mod connection;
mod context;
mod decoding;
pub mod error;
pub mod html;
pub mod progress;
mod rate_meter;
mod record;
pub mod report;
pub mod swarm;
mod tally;
pub mod timeline;
mod tls;
mod tunnel;
mod wire;

pub use config::SwarmConfig;
pub use report::Report;
pub use swarm::run;
