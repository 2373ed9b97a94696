//! The cases: what is measured, each in a file of its own.

// Counts and times become figures, which have three digits.
#![allow(clippy::cast_precision_loss)]

mod cpu;

use std::io;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::options::{Case, Options};

/// Runs what was asked for.
///
/// # Errors
///
/// If a server can't be started, reached or asked; not if it is slow.
pub(crate) fn run(options: &Options) -> io::Result<()> {
    raise_descriptors()?;
    for case in &options.cases {
        match case {
            Case::Cpu => cpu::run(options)?,
        }
    }
    Ok(())
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
