//! Waiting for many sockets at once: epoll, as plainly as it comes.
//!
//! Level-triggered, and for reading alone: neither side of these measurements ever has so much to
//! write that it must wait.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::time::Duration;

use rustix::event::Timespec;
use rustix::event::epoll::{self, CreateFlags, EventData, EventFlags};

/// The most sockets that one wait tells of; the others come with the next.
const EVENTS_MAX: usize = 1024;

/// A set of sockets, each with a number.
pub(crate) struct Poller {
    epoll: OwnedFd,
    events: Vec<epoll::Event>,
}

impl Poller {
    /// An empty set.
    ///
    /// # Errors
    ///
    /// If the system has no descriptors left.
    pub(crate) fn new() -> io::Result<Self> {
        Ok(Self {
            epoll: epoll::create(CreateFlags::CLOEXEC)?,
            events: Vec::with_capacity(EVENTS_MAX),
        })
    }

    /// Adds a socket. It is gone again as soon as it is closed.
    ///
    /// # Errors
    ///
    /// What epoll says.
    pub(crate) fn add(&self, socket: impl AsFd, number: u64) -> io::Result<()> {
        let data = EventData::new_u64(number);
        Ok(epoll::add(&self.epoll, socket, data, EventFlags::IN)?)
    }

    /// Takes a socket out that stays open.
    ///
    /// # Errors
    ///
    /// What epoll says.
    pub(crate) fn remove(&self, socket: impl AsFd) -> io::Result<()> {
        Ok(epoll::delete(&self.epoll, socket)?)
    }

    /// Fills `ready` with the numbers of those that can be read, waiting at most `timeout` for one.
    ///
    /// # Errors
    ///
    /// What epoll says, an interruption apart.
    pub(crate) fn wait(&mut self, timeout: Duration, ready: &mut Vec<u64>) -> io::Result<()> {
        ready.clear();
        self.events.clear();
        let timeout = Timespec::try_from(timeout).expect("waits are seconds at most");
        let buffer = rustix::buffer::spare_capacity(&mut self.events);
        match epoll::wait(&self.epoll, buffer, Some(&timeout)) {
            Ok(_) => {}
            Err(rustix::io::Errno::INTR) => return Ok(()),
            Err(error) => return Err(error.into()),
        }
        ready.extend(self.events.iter().map(|event| event.data.u64()));
        Ok(())
    }
}
