//! The command line.

use std::path::PathBuf;

use clap::{Parser, Subcommand, ValueEnum};

use crate::client::Inputs;

/// What a player costs the server, beside a bare loop that receives and sends the same bytes. Both
/// are loaded in turn by the same clients; time is that of the operating system's books.
#[derive(Clone, Debug, Parser)]
#[command(name = "floor", args_conflicts_with_subcommands = true)]
pub(crate) struct Options {
    /// What to measure
    #[arg(value_enum, default_values_t = [Case::Cpu])]
    pub(crate) cases: Vec<Case>,
    /// Clients of the case `cpu`, one measurement for each number
    #[arg(long, value_delimiter = ',', default_values_t = [200, 400])]
    pub(crate) clients: Vec<usize>,
    /// How often to measure, all servers in turn each time
    #[arg(long, default_value_t = 5)]
    pub(crate) runs: u32,
    /// How long each time
    #[arg(long, default_value_t = 20)]
    pub(crate) seconds: u64,
    /// How long to let everybody play before that, in seconds
    #[arg(long, default_value_t = 3)]
    pub(crate) warmup: u64,
    /// When clients send inputs
    #[arg(long, value_enum, default_value_t = InputsName::EveryTick)]
    pub(crate) inputs: InputsName,
    /// At how many moments of a tick clients send, each at one of them
    #[arg(long, default_value_t = 8)]
    pub(crate) slots: u32,
    /// How many of the clients are real bots, which tell from input to visible
    #[arg(long, default_value_t = 3)]
    pub(crate) probes: usize,
    /// A server to measure: the program, or NAME=PROGRAM. May come several times, for builds that are
    /// to be compared. Without it the `syncline` beside this program
    #[arg(long = "server", value_name = "PROGRAM")]
    pub(crate) servers: Vec<String>,
    /// Settings for every server, as one text such as "--threads 2"
    #[arg(long, default_value = "", allow_hyphen_values = true)]
    pub(crate) settings: String,
    /// Settings that switch silent ticks off, such as "--silence false": the case `silence` then
    /// measures every server with and without them
    #[arg(long, allow_hyphen_values = true)]
    pub(crate) loud: Option<String>,
    /// How long the case `soak` lasts, in seconds
    #[arg(long, default_value_t = 600)]
    pub(crate) soak: u64,
    /// How many malformed messages the case `abuse` sends
    #[arg(long, default_value_t = 100_000)]
    pub(crate) malformed: u32,
    /// How many storms of ten connections the case `abuse` makes
    #[arg(long, default_value_t = 2000)]
    pub(crate) storms: u32,
    /// Leaves the bare loop out
    #[arg(long)]
    pub(crate) no_bare: bool,
    /// Names everything that is random
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
    /// Adds each result to this file, one line of JSON each
    #[arg(long, value_name = "FILE")]
    pub(crate) figures: Option<PathBuf>,
    /// What this program starts itself as
    #[command(subcommand)]
    pub(crate) role: Option<Role>,
}

/// What else this program is.
#[derive(Clone, Debug, Subcommand)]
pub(crate) enum Role {
    /// The bare loop, until it is killed
    Bare {
        /// Payload of each message
        bytes: usize,
        /// Messages a second to each client
        rate: u32,
    },
}

/// What can be measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Case {
    /// Time of a core for a client and tick, in one room of arena
    Cpu,
    /// The same for 1000 clients in one room
    OneRoom,
    /// The same for 1000 clients in 100 rooms
    Rooms,
    /// The same for 400 clients in 50 rooms who send inputs on change; see --loud
    Silence,
    /// Memory of 5000 connections that watch, in rooms of 50 in which nothing runs
    Idle,
    /// 1000 joins in five seconds into one room
    Joins,
    /// 20 of 100 clients neither read nor write for 30 s
    Frozen,
    /// Peers that acknowledge nothing
    Unacknowledging,
    /// 200 clients who come and go, over rooms that do
    Soak,
    /// Malformed messages and storms of connections, beside somebody who plays
    Abuse,
}

/// When clients send inputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum InputsName {
    /// One each tick
    EveryTick,
    /// When what is pressed changes, and four times a second
    OnChange,
}

impl From<InputsName> for Inputs {
    fn from(name: InputsName) -> Self {
        match name {
            InputsName::EveryTick => Self::EveryTick,
            InputsName::OnChange => Self::OnChange,
        }
    }
}
