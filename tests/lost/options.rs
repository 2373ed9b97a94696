//! The command line.

use std::path::PathBuf;

use clap::{Parser, ValueEnum};

/// How a server is lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Way {
    /// It is killed.
    Kill,
    /// It is asked to end, and tells its clients.
    Term,
}

/// Loses a server while bots play on it, and sees what is back.
#[derive(Clone, Debug, Parser)]
#[command(name = "lost")]
pub(crate) struct Options {
    /// How often
    #[arg(long, default_value_t = 2)]
    pub(crate) rounds: u32,
    /// Bots
    #[arg(long, default_value_t = 500)]
    pub(crate) bots: u32,
    /// Rooms that they are spread over
    #[arg(long, default_value_t = 50)]
    pub(crate) rooms: u32,
    /// The game that they play
    #[arg(long, default_value = "arena")]
    pub(crate) game: String,
    /// How the server is lost
    #[arg(long, value_enum, default_value_t = Way::Kill)]
    pub(crate) way: Way,
    /// Whether bots come through a proxy that swallows close frames and the ends of connections. Until
    /// they notice they miss what they should have seen: that and the time do not count then
    #[arg(long)]
    pub(crate) proxy: bool,
    /// The server; without it the `syncline` beside this program
    #[arg(long)]
    pub(crate) server: Option<PathBuf>,
    /// The bots; without it the `syncline-bots` beside this program
    #[arg(long)]
    pub(crate) bot_client: Option<PathBuf>,
    /// Names the moments at which the server is lost
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
    /// Adds a line of JSON to this file
    #[arg(long, value_name = "FILE")]
    pub(crate) figures: Option<PathBuf>,
}
