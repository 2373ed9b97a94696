//! Many clients on one thread and one epoll, as cheap as the server that they hold against.
//!
//! Owns the sockets and the clock, and when each client has its turn. What is said is the clients'
//! own matter.

use std::collections::BTreeMap;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

use syncline_games::Arena;
use syncline_shared::game::Game;
use syncline_shared::rng::Rng;
use syncline_shared::schema::Schema;
use syncline_shared::tick::{Tick, Timestamp};

use crate::client::{Client, Counts, Manner, Waits};
use crate::poller::Poller;
use crate::websocket::{self, Opcode};

/// More than a server sends at once, welcomes and joins apart.
const READ_BYTES: usize = 64 * 1024;

/// The longest wait for a socket.
const WAIT_MAX: Duration = Duration::from_millis(100);

/// How many turns each client may make up for after a pause. Those before are left out and counted.
const TURNS_LATE_MAX: u64 = 8;

/// Clients with their sockets.
pub(crate) struct Load {
    poller: Poller,
    connections: Vec<Connection>,
    schema: Arc<Schema>,
    /// Between two turns of a client, in microseconds.
    period_micros: u64,
    /// Turns are spread over so many moments of a period.
    slots: u64,
    origin: Instant,
    next_slot: u64,
    slots_missed: u64,
    masks: Rng,
    buffer: Vec<u8>,
    ready: Vec<u64>,
}

struct Connection {
    /// Nothing once it is over.
    socket: Option<TcpStream>,
    is_upgraded: bool,
    /// Whether it reads nothing for the time being.
    is_frozen: bool,
    /// Whether it says nothing for good.
    is_mute: bool,
    /// What came of a frame that is not whole yet.
    inbox: Vec<u8>,
    /// What the socket did not take.
    outbox: Vec<u8>,
    /// With which code the server closed it, 1006 without one.
    closed: Option<u16>,
    client: Client,
}

impl Load {
    /// Nobody yet. Each client has a turn every tick of arena, at one of `slots` moments.
    ///
    /// # Errors
    ///
    /// What epoll says.
    pub(crate) fn new(slots: u32) -> io::Result<Self> {
        let schema = Arc::new(Arena::schema());
        Ok(Self {
            poller: Poller::new()?,
            connections: Vec::new(),
            period_micros: schema.data().tick_rate.period_micros(),
            schema,
            slots: u64::from(slots.max(1)),
            origin: Instant::now(),
            next_slot: 0,
            slots_missed: 0,
            masks: Rng::from_seed(1),
            buffer: vec![0; READ_BYTES],
            ready: Vec::new(),
        })
    }

    /// Connects one more client; returns its number.
    ///
    /// # Errors
    ///
    /// If the server can't be reached.
    pub(crate) fn connect(&mut self, server: SocketAddr, manner: Manner) -> io::Result<usize> {
        let mut socket = TcpStream::connect(server)?;
        socket.set_nodelay(true)?;
        socket.write_all(&websocket::request(server))?;
        socket.set_nonblocking(true)?;
        let number = self.connections.len();
        self.poller.add(&socket, number as u64)?;
        let client = Client::new(manner, self.schema.clone(), self.now());
        self.connections.push(Connection {
            socket: Some(socket),
            is_upgraded: false,
            is_frozen: false,
            is_mute: false,
            inbox: Vec::new(),
            outbox: Vec::new(),
            closed: None,
            client,
        });
        Ok(number)
    }

    /// What a client of arena says first.
    pub(crate) fn hello(manner: Manner) -> Vec<u8> {
        let schema = Arc::new(Arena::schema());
        Client::new(manner, schema, Timestamp::ZERO).hello(Timestamp::ZERO)
    }

    /// Serves all clients for a while.
    ///
    /// # Errors
    ///
    /// What epoll says.
    pub(crate) fn run_for(&mut self, time: Duration) -> io::Result<()> {
        self.run_while(time, |_| true)
    }

    /// Serves all clients for at most `time` and while `goes_on`; whether that ended it.
    ///
    /// # Errors
    ///
    /// What epoll says.
    pub(crate) fn run_while(
        &mut self,
        time: Duration,
        goes_on: impl Fn(&Self) -> bool,
    ) -> io::Result<()> {
        let end = Instant::now() + time;
        loop {
            self.take_turns();
            let now = Instant::now();
            if now >= end || !goes_on(self) {
                return Ok(());
            }
            let next = self.slot_time(self.next_slot).min(end);
            let wait = next.saturating_duration_since(now).min(WAIT_MAX);
            let mut ready = std::mem::take(&mut self.ready);
            self.poller.wait(wait, &mut ready)?;
            for &number in &ready {
                self.read(number);
            }
            self.ready = ready;
        }
    }

    /// How many connections are open.
    pub(crate) fn open(&self) -> usize {
        self.count(|connection| connection.socket.is_some())
    }

    /// How many clients were welcomed and are still connected.
    pub(crate) fn greeted(&self) -> usize {
        self.count(|connection| connection.socket.is_some() && connection.client.is_greeted())
    }

    /// Ended connections by their close code.
    pub(crate) fn closes(&self) -> BTreeMap<u16, usize> {
        let mut closes = BTreeMap::new();
        for code in self
            .connections
            .iter()
            .filter_map(|connection| connection.closed)
        {
            *closes.entry(code).or_default() += 1;
        }
        closes
    }

    /// What each client received and sent since the last time that this was asked.
    pub(crate) fn take_counts(&mut self) -> Vec<Counts> {
        let connections = self.connections.iter_mut();
        connections
            .map(|connection| connection.client.take_counts())
            .collect()
    }

    /// How many moments at which clients had a turn were left out, because this thread was late.
    pub(crate) fn slots_missed(&self) -> u64 {
        self.slots_missed
    }

    /// How long each client waited for the first of everything.
    pub(crate) fn waits(&self) -> Vec<Waits> {
        let connections = self.connections.iter();
        connections
            .map(|connection| connection.client.waits())
            .collect()
    }

    /// The tick of a client's newest frame.
    pub(crate) fn newest_frame(&self, number: usize) -> Option<Tick> {
        self.connections[number].client.newest_frame()
    }

    /// Whether a client is still connected.
    pub(crate) fn is_open(&self, number: usize) -> bool {
        self.connections[number].socket.is_some()
    }

    /// Lets a client neither read nor write.
    ///
    /// # Errors
    ///
    /// What epoll says.
    pub(crate) fn freeze(&mut self, number: usize) -> io::Result<()> {
        let connection = &mut self.connections[number];
        connection.is_frozen = true;
        connection
            .socket
            .as_ref()
            .map_or(Ok(()), |socket| self.poller.remove(socket))
    }

    /// Lets a frozen client go on.
    ///
    /// # Errors
    ///
    /// What epoll says.
    pub(crate) fn thaw(&mut self, number: usize) -> io::Result<()> {
        let connection = &mut self.connections[number];
        connection.is_frozen = false;
        let socket = connection.socket.as_ref();
        socket.map_or(Ok(()), |socket| self.poller.add(socket, number as u64))
    }

    /// Lets a client read on, but say nothing any more.
    pub(crate) fn mute(&mut self, number: usize) {
        self.connections[number].is_mute = true;
    }

    /// Ends a connection without a word.
    pub(crate) fn cut(&mut self, number: usize) {
        self.connections[number].socket = None;
    }

    /// Lets a client give up its seat; the server then ends the connection.
    pub(crate) fn leave(&mut self, number: usize) {
        let connection = &mut self.connections[number];
        let message = connection.client.leave();
        connection.send(message.as_deref(), &mut self.masks);
    }

    /// Forgets everybody, without a word.
    pub(crate) fn clear(&mut self) {
        self.connections.clear();
    }

    fn count(&self, is: impl Fn(&Connection) -> bool) -> usize {
        self.connections
            .iter()
            .filter(|connection| is(connection))
            .count()
    }

    fn now(&self) -> Timestamp {
        let micros = self.origin.elapsed().as_micros();
        Timestamp(u64::try_from(micros).unwrap_or(u64::MAX))
    }

    fn slot_time(&self, slot: u64) -> Instant {
        self.origin + Duration::from_micros(slot * self.period_micros / self.slots)
    }

    /// Gives everybody whose moment has come a turn.
    fn take_turns(&mut self) {
        let now = self.now();
        let newest = now.0 * self.slots / self.period_micros;
        if newest > self.next_slot + TURNS_LATE_MAX * self.slots {
            self.slots_missed += newest - self.next_slot;
            self.next_slot = newest;
        }
        while self.next_slot <= newest {
            let first = usize::try_from(self.next_slot % self.slots).unwrap_or(0);
            let step = usize::try_from(self.slots).unwrap_or(1);
            for connection in self.connections.iter_mut().skip(first).step_by(step) {
                if !connection.is_frozen {
                    let message = connection.client.advance(now);
                    connection.send(message.as_deref(), &mut self.masks);
                }
            }
            self.next_slot += 1;
        }
    }

    fn read(&mut self, number: u64) {
        let now = self.now();
        let connection = usize::try_from(number)
            .ok()
            .and_then(|n| self.connections.get_mut(n));
        if let Some(connection) = connection {
            connection.read(now, &mut self.buffer, &mut self.masks);
        }
    }
}

impl Connection {
    fn read(&mut self, now: Timestamp, buffer: &mut [u8], masks: &mut Rng) {
        let Some(socket) = &mut self.socket else {
            return;
        };
        let length = match socket.read(buffer) {
            Ok(0) => return self.end(1006),
            Ok(length) => length,
            Err(error) if error.kind() == ErrorKind::WouldBlock => return,
            Err(_) => return self.end(1006),
        };
        if self.inbox.is_empty() {
            let used = self.take(now, &buffer[..length], masks);
            self.inbox.extend_from_slice(&buffer[used..length]);
        } else {
            let mut inbox = std::mem::take(&mut self.inbox);
            inbox.extend_from_slice(&buffer[..length]);
            let used = self.take(now, &inbox, masks);
            inbox.drain(..used);
            self.inbox = inbox;
        }
    }

    /// Takes in what is whole of `bytes`; returns how much that is.
    fn take(&mut self, now: Timestamp, bytes: &[u8], masks: &mut Rng) -> usize {
        let mut used = 0;
        if !self.is_upgraded {
            let Some(length) = websocket::head_length(bytes) else {
                return 0;
            };
            if !websocket::is_accepted(&bytes[..length]) {
                self.end(1006);
                return bytes.len();
            }
            used = length;
            self.is_upgraded = true;
            let hello = self.client.hello(now);
            self.send(Some(&hello), masks);
        }
        while let Some((frame, length)) = websocket::next_frame(&bytes[used..]) {
            used += length;
            match frame.opcode {
                Opcode::Binary => self.client.receive(now, frame.payload),
                Opcode::Ping => {
                    websocket::write_masked(Opcode::Other, frame.payload, 0, &mut self.outbox);
                    self.send(None, masks);
                }
                Opcode::Close => {
                    let code = frame
                        .payload
                        .first_chunk()
                        .map(|code| u16::from_be_bytes(*code));
                    self.end(code.unwrap_or(1005));
                }
                Opcode::Other => {}
            }
        }
        if let Some(message) = self.client.acknowledge() {
            self.send(Some(&message), masks);
        }
        used
    }

    /// Sends a message, and what is left of earlier ones before it.
    fn send(&mut self, message: Option<&[u8]>, masks: &mut Rng) {
        if self.is_mute {
            return;
        }
        if let Some(message) = message {
            websocket::write_masked(Opcode::Binary, message, masks.next_u32(), &mut self.outbox);
        }
        let Some(socket) = self.socket.as_mut().filter(|_| !self.outbox.is_empty()) else {
            return;
        };
        match socket.write(&self.outbox) {
            Ok(written) => drop(self.outbox.drain(..written)),
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(_) => self.end(1006),
        }
    }

    fn end(&mut self, code: u16) {
        self.socket = None;
        self.closed.get_or_insert(code);
    }
}
