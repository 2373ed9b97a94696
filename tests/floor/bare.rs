//! The floor: a server that does nothing but what no server can do without.
//!
//! One thread, one epoll: a receive for each message that comes, a send of the same framed bytes to
//! every client each tick. It looks at nothing that it receives, so it knows no protocol.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::time::{Duration, Instant};

use rustix::process::{Signal, set_parent_process_death_signal};

use crate::poller::Poller;
use crate::websocket::{self, Opcode};

/// Stands for the listener among the numbers of clients.
const LISTENER: u64 = u64::MAX;

/// More than any message of a client.
const READ_BYTES: usize = 4096;

struct Client {
    /// Nothing once it is gone.
    socket: Option<TcpStream>,
    stage: Stage,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// Its request is awaited.
    Request,
    /// Its first message is awaited.
    Hello,
    /// It is sent a message each tick.
    Playing,
}

/// Serves until it is killed: `bytes` of payload to every client, `rate` times a second. Says on the
/// standard output where it listens.
///
/// # Errors
///
/// What sockets and epoll may say; nothing that a client does.
pub(crate) fn serve(bytes: usize, rate: u32) -> io::Result<()> {
    // A loop without a parent would run for ever.
    set_parent_process_death_signal(Some(Signal::KILL))?;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    listener.set_nonblocking(true)?;
    let mut poller = Poller::new()?;
    poller.add(&listener, LISTENER)?;
    let mut stdout = io::stdout();
    writeln!(stdout, "listening at {}", listener.local_addr()?)?;
    stdout.flush()?;

    let mut message = Vec::new();
    websocket::write_plain(Opcode::Binary, &vec![0; bytes], &mut message);
    let mut clients: Vec<Client> = Vec::new();
    let (mut buffer, mut ready) = ([0; READ_BYTES], Vec::new());
    let origin = Instant::now();
    for tick in 1u64.. {
        let due = origin + Duration::from_micros(tick * 1_000_000 / u64::from(rate));
        while let Some(left) = due.checked_duration_since(Instant::now()) {
            poller.wait(left, &mut ready)?;
            for &number in &ready {
                if number == LISTENER {
                    accept(&listener, &poller, &mut clients)?;
                } else if let Some(client) = client_of(&mut clients, number) {
                    client.receive(&mut buffer);
                }
            }
        }
        for client in &mut clients {
            if client.stage == Stage::Playing {
                client.send(&message);
            }
        }
    }
    Ok(())
}

fn client_of(clients: &mut [Client], number: u64) -> Option<&mut Client> {
    clients.get_mut(usize::try_from(number).ok()?)
}

fn accept(listener: &TcpListener, poller: &Poller, clients: &mut Vec<Client>) -> io::Result<()> {
    loop {
        let socket = match listener.accept() {
            Ok((socket, _)) => socket,
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
            Err(error) => return Err(error),
        };
        socket.set_nonblocking(true)?;
        socket.set_nodelay(true)?;
        poller.add(&socket, clients.len() as u64)?;
        clients.push(Client {
            socket: Some(socket),
            stage: Stage::Request,
        });
    }
}

impl Client {
    /// One receive. A client says its request and its hello in one piece each, so that a piece is
    /// all that has to be told apart.
    fn receive(&mut self, buffer: &mut [u8]) {
        let Some(socket) = &mut self.socket else {
            return;
        };
        match socket.read(buffer) {
            Ok(0) => self.socket = None,
            Ok(_) => match self.stage {
                Stage::Request => {
                    self.stage = Stage::Hello;
                    self.send(&websocket::acceptance());
                }
                Stage::Hello => self.stage = Stage::Playing,
                Stage::Playing => {}
            },
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(_) => self.socket = None,
        }
    }

    /// One send. Whoever does not take all of it has stopped reading, and is dropped.
    fn send(&mut self, message: &[u8]) {
        let Some(socket) = &mut self.socket else {
            return;
        };
        if socket.write(message).ok() != Some(message.len()) {
            self.socket = None;
        }
    }
}
