//! The Syncline server: sockets, threads and a clock around the pure `syncline-server-core`.
//!
//! A server of one's own game is its `main`: [`main`] does what the `syncline` program does, with
//! other [`Games`]. A program that has a `main` already uses [`run`], or [`Server`] to learn the
//! address it listens on.
//!
//! - [`config`], [`games`], [`error`]: what is hosted and how; `cli`, `logging` and `program`: the
//!   same from a command line
//! - `descriptors`: how many connections the system allows
//! - `net`: from an accepted socket to a greeted connection of a room, and back
//! - `chat_filter`: what a program lets people say; `api_token`: what proves who runs the server
//! - `company`: bots of the server's own, for people who would be alone
//! - `directory`, `session`: which room a client means, and whether a session is its own
//! - `runtime`: the threads that own rooms and tick them on time
//! - `journal_store`: what rooms record, on a disk
//! - `http`: web pages, health, metrics and lists, on the same port; `stomp`: rooms as topics, there too
//! - `scaffold`: a new game to begin with, from a command line
//! - `replay`: recorded matches again, from a command line; `showing`: one that people watch
//! - `clock`, `entropy`, `metrics`, `shutdown`: the outside world, each in one place

mod api_token;
mod bots;
mod chat_filter;
mod cli;
mod clock;
mod company;
pub mod config;
mod descriptors;
mod directory;
mod entropy;
pub mod error;
pub mod games;
mod http;
mod journal_store;
mod logging;
mod metrics;
mod net;
pub mod private_file;
mod program;
mod replay;
mod runtime;
mod scaffold;
mod server;
mod session;
mod showing;
mod shutdown;
mod stomp;

pub use api_token::ApiToken;
pub use chat_filter::{ChatFilter, ChatMessage, Filtered};
pub use cli::command;
pub use config::{Config, JournalConfig, JournalSync};
pub use error::Error;
pub use games::Games;
pub use program::main;
pub use replay::assert_replays;
pub use server::{Server, run};
pub use shutdown::signal;
