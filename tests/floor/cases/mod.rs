//! The cases: what is measured, each in a file of its own.

mod abuse;
mod cpu;
mod frozen;
mod idle;
mod joins;
mod soak;
mod unacknowledging;

use std::io;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use self::cpu::Setup;
use crate::client::Inputs;
use crate::options::{Case, Options};

/// Runs what was asked for.
///
/// # Errors
///
/// If a server can't be started, reached or asked, or what must hold on any machine does not; not if
/// it is slow.
pub(crate) fn run(options: &Options) -> io::Result<()> {
    raise_descriptors()?;
    for case in &options.cases {
        match case {
            Case::Cpu => {
                for &clients in &options.clients {
                    let inputs = options.inputs.into();
                    cpu::run(options, setup("cpu", clients, 1, inputs))?;
                }
            }
            Case::OneRoom => {
                cpu::run(options, setup("one-room", 1000, 1, options.inputs.into()))?;
            }
            Case::Rooms => cpu::run(options, setup("rooms", 1000, 100, options.inputs.into()))?,
            Case::Silence => cpu::run(options, setup("silence", 400, 50, Inputs::OnChange))?,
            Case::Idle => idle::run(options)?,
            Case::Joins => joins::run(options)?,
            Case::Frozen => frozen::run(options)?,
            Case::Unacknowledging => unacknowledging::run(options)?,
            Case::Soak => soak::run(options)?,
            Case::Abuse => abuse::run(options)?,
        }
    }
    Ok(())
}

fn setup(name: &'static str, clients: usize, rooms: u32, inputs: Inputs) -> Setup {
    Setup {
        name,
        clients,
        rooms,
        inputs,
    }
}

/// Lets this process and its children open as many descriptors as the system allows.
fn raise_descriptors() -> io::Result<()> {
    let most = getrlimit(Resource::Nofile).maximum;
    Ok(setrlimit(
        Resource::Nofile,
        Rlimit {
            current: most,
            maximum: most,
        },
    )?)
}
