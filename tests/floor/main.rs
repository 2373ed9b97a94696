//! What a player costs the server beside a bare loop that does nothing but receive and send.
//!
//! `cargo run --release -p syncline-tests --bin floor -- --help` says what can be measured. Absolute
//! times are those of one machine in one hour; what counts is the ratio within a run.
//!
//! - `cases`: what is measured; `stage`: what they begin with
//! - `client`, `load`, `bots`: the clients; `bare`: the floor; `server`: either server as a process
//! - `accounting`, `metrics`: what the system and the server say; `span`: both over a while
//! - `report`: what is printed
//! - `websocket`, `poller`: what both sides of a socket need

// Counts and times become figures, which have three digits.
#![allow(clippy::cast_precision_loss)]

#[cfg(target_os = "linux")]
mod accounting;
#[cfg(target_os = "linux")]
mod bare;
#[cfg(target_os = "linux")]
mod bots;
#[cfg(target_os = "linux")]
mod cases;
#[cfg(target_os = "linux")]
mod client;
#[cfg(target_os = "linux")]
mod load;
#[cfg(target_os = "linux")]
mod metrics;
#[cfg(target_os = "linux")]
mod options;
#[cfg(target_os = "linux")]
mod poller;
#[cfg(target_os = "linux")]
mod report;
#[cfg(target_os = "linux")]
mod server;
#[cfg(target_os = "linux")]
mod span;
#[cfg(target_os = "linux")]
mod stage;
#[cfg(target_os = "linux")]
mod websocket;

use std::process::ExitCode;

#[cfg(target_os = "linux")]
fn main() -> ExitCode {
    use clap::Parser;

    let options = options::Options::parse();
    let outcome = match options.role {
        Some(options::Role::Bare { bytes, rate }) => bare::serve(bytes, rate),
        None => cases::run(&options),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            report::say(&format!("floor: {error}"));
            ExitCode::FAILURE
        }
    }
}

/// epoll and `/proc` are Linux's.
#[cfg(not(target_os = "linux"))]
fn main() -> ExitCode {
    ExitCode::from(2)
}
