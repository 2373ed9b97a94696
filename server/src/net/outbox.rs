//! What waits to be written to one connection, and the only writer of its socket.
//!
//! A room hands in finished messages, which go on the socket at once, on the room's own thread: no
//! task has to be woken for them. What the socket does not take waits here, whole frames in order,
//! until the connection's task finds it writable again. What tungstenite writes, answers to pings and
//! closes, goes the same way. Rooms send on credit, so little waits unless a client asks for answers
//! and does not read them: it is too slow then.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio_tungstenite::tungstenite::protocol::frame::FrameHeader;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Control, Data, OpCode};

use syncline_shared::close::{Close, CloseReason};
use syncline_shared::limits::SERVER_MESSAGE_BYTES_MAX;

use crate::net::carrier::Outlet;
use crate::net::seal::Seal;

/// The most bytes that may wait: the largest message, and a member's credit of 64 KiB twice over.
const BYTES_MAX: usize = SERVER_MESSAGE_BYTES_MAX + 128 * 1024;

/// The most bytes that a server puts before a frame's payload.
const HEADER_BYTES_MAX: usize = 10;

/// A buffer that has grown beyond this is given back once it is empty: thousands of connections have
/// one each.
const BUFFER_BYTES_KEPT: usize = 1024;

/// The room's end.
pub(crate) struct Outbox {
    outward: Arc<Outward>,
}

/// What became of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub(crate) enum Sending {
    /// It is on its way.
    Taken,
    /// Nobody is there any more. The connection ends by itself, and its task tells the room.
    Gone,
    /// Too much waits already: the connection must end.
    TooMuch,
}

/// The way out of one connection, as its room and its task share it.
pub(crate) struct Outward {
    outlet: Outlet,
    state: Mutex<State>,
    /// Something has come up that the task has to see to.
    news: Notify,
}

/// What has to be seen to.
#[derive(Debug, PartialEq, Eq)]
enum Need {
    /// Nothing, until there is news.
    Nothing,
    /// What waits has to be written once the socket takes it.
    Writing,
    /// The connection ends, by a word of its room.
    Ending(Close),
    /// The socket is gone.
    Gone,
}

#[derive(Debug, Default)]
struct State {
    queue: Queue,
    /// Whether the socket takes nothing, so that the task waits for it.
    blocked: bool,
    /// Whether the socket failed.
    broken: bool,
    /// Whether the room's messages go nowhere: the last words are being said.
    shut: bool,
    ending: Option<Close>,
}

/// Frames on their way, as the bytes that the socket is to take.
#[derive(Debug, Default)]
struct Queue {
    bytes: Vec<u8>,
    /// How many of them are written.
    written: usize,
    seal: Seal,
}

impl Queue {
    fn waiting(&self) -> usize {
        self.bytes.len() - self.written
    }

    /// Appends a frame of our own.
    fn push_frame(&mut self, opcode: OpCode, payload: &[u8]) {
        let header = FrameHeader {
            opcode,
            ..FrameHeader::default()
        };
        // Vectors take everything.
        let length = payload.len() as u64;
        let _ = if self.seal.is_tls() {
            let mut frame = Vec::with_capacity(payload.len() + HEADER_BYTES_MAX);
            let _ = header.format(length, &mut frame);
            frame.extend_from_slice(payload);
            self.push(&frame)
        } else {
            let _ = header.format(length, &mut self.bytes);
            self.push(payload)
        };
    }

    /// Appends whole frames.
    fn push(&mut self, frames: &[u8]) -> io::Result<()> {
        self.seal.seal(frames, &mut self.bytes)
    }

    /// Writes what waits until it is gone or `write` fails, be it because it would block.
    fn drain(&mut self, mut write: impl FnMut(&[u8]) -> io::Result<usize>) -> io::Result<()> {
        while self.waiting() > 0 {
            match write(&self.bytes[self.written..])? {
                0 => return Err(io::ErrorKind::WriteZero.into()),
                count => self.written += count,
            }
        }
        self.written = 0;
        self.bytes.clear();
        self.bytes.shrink_to(BUFFER_BYTES_KEPT);
        Ok(())
    }
}

/// The two ends of the way out through `outlet`, on which bytes are under `seal`.
pub(super) fn outbox(outlet: Outlet, seal: Seal) -> (Outbox, Arc<Outward>) {
    let mut state = State::default();
    state.queue.seal = seal;
    let outward = Arc::new(Outward {
        outlet,
        state: Mutex::new(state),
        news: Notify::new(),
    });
    (
        Outbox {
            outward: outward.clone(),
        },
        outward,
    )
}

impl Outbox {
    /// Sends a message, at once if the socket takes it.
    pub(crate) fn send(&self, message: &[u8]) -> Sending {
        let mut state = self.outward.lock();
        if state.shut || state.broken {
            return Sending::Gone;
        }
        if state.queue.waiting() + message.len() > BYTES_MAX {
            return Sending::TooMuch;
        }
        state.queue.push_frame(OpCode::Data(Data::Binary), message);
        let outlet = &self.outward.outlet;
        self.outward
            .drain_by(&mut state, |bytes| outlet.send(bytes));
        Sending::Taken
    }

    /// Ends the connection, after what waits if that can be written before long.
    pub(crate) fn close(self, close: Close) {
        self.outward.end(close);
    }
}

impl Drop for Outbox {
    /// A room that is gone without a word has broken.
    fn drop(&mut self) {
        self.outward.end(CloseReason::Internal.into());
    }
}

impl Outward {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes as much as the socket takes.
    fn drain(&self, state: &mut State) {
        self.drain_by(state, |bytes| self.outlet.try_write(bytes));
    }

    /// Writes by `write` until it fails. A socket that takes nothing is left to the task, which asks
    /// tokio when it will.
    fn drain_by(&self, state: &mut State, write: impl FnMut(&[u8]) -> io::Result<usize>) {
        if state.blocked || state.broken {
            return;
        }
        match state.queue.drain(write) {
            Ok(()) => {}
            Err(error) => {
                state.blocked = error.kind() == io::ErrorKind::WouldBlock;
                state.broken = !state.blocked;
                self.news.notify_one();
            }
        }
    }

    /// The first word about the end counts.
    fn end(&self, close: Close) {
        self.lock().ending.get_or_insert(close);
        self.news.notify_one();
    }

    /// Takes whole frames that tungstenite wrote.
    ///
    /// # Errors
    ///
    /// If too much waits already, or the socket is gone.
    pub(super) fn append(&self, frames: &[u8]) -> io::Result<()> {
        let mut state = self.lock();
        if state.broken {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        if state.queue.waiting() + frames.len() > BYTES_MAX {
            return Err(io::ErrorKind::OutOfMemory.into());
        }
        state.queue.push(frames)?;
        self.drain(&mut state);
        Ok(())
    }

    /// Takes in what came off the socket under TLS, and answers what the session asks.
    ///
    /// # Errors
    ///
    /// As [`Seal::open`].
    pub(super) fn open(&self, came: &[u8]) -> io::Result<()> {
        let mut state = self.lock();
        let Queue { seal, bytes, .. } = &mut state.queue;
        let opened = seal.open(came, bytes);
        self.drain(&mut state);
        opened
    }

    /// Reads what was opened, as [`Seal::read`].
    pub(super) fn read_opened(&self, plain: &mut [u8]) -> io::Result<usize> {
        self.lock().queue.seal.read(plain)
    }

    /// Asks the client for a sign of life.
    pub(super) fn ping(&self) {
        let mut state = self.lock();
        if !state.shut && state.queue.waiting() < BYTES_MAX {
            state.queue.push_frame(OpCode::Control(Control::Ping), &[]);
            self.drain(&mut state);
        }
    }

    /// From here on the room's messages go nowhere: a close frame is the last one.
    pub(super) fn shut(&self) {
        self.lock().shut = true;
    }

    /// Writes what the socket did not take, whenever it can, until the room ends the connection or
    /// the socket is gone: the room's reason, if it has one.
    pub(super) async fn attend(&self) -> Option<Close> {
        loop {
            let need = self.need();
            match need {
                Need::Ending(close) => return Some(close),
                Need::Gone => return None,
                Need::Nothing => self.news.notified().await,
                Need::Writing => {
                    tokio::select! {
                        () = self.outlet.writable() => self.unblock(),
                        () = self.news.notified() => {}
                    }
                }
            }
        }
    }

    /// Whether something waits that the socket did not take.
    pub(super) fn is_blocked(&self) -> bool {
        matches!(self.need_to_write(), Need::Writing)
    }

    /// Waits until all that waits is written, or the socket is gone.
    pub(super) async fn flushed(&self) {
        while matches!(self.need_to_write(), Need::Writing) {
            self.outlet.writable().await;
            self.unblock();
        }
    }

    fn unblock(&self) {
        let mut state = self.lock();
        state.blocked = false;
        self.drain(&mut state);
    }

    fn need(&self) -> Need {
        let ending = self.lock().ending.clone();
        ending.map_or_else(|| self.need_to_write(), Need::Ending)
    }

    fn need_to_write(&self) -> Need {
        let state = self.lock();
        match (state.broken, state.blocked) {
            (true, _) => Need::Gone,
            (false, true) => Need::Writing,
            (false, false) => Need::Nothing,
        }
    }

    /// Ends the socket, once everything is written. The other side has `longest` to end its own.
    pub(super) async fn finish(&self, longest: Duration) {
        {
            let mut state = self.lock();
            let Queue { seal, bytes, .. } = &mut state.queue;
            seal.end(bytes);
            self.drain(&mut state);
        }
        self.outlet.finish(longest).await;
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use proptest::prelude::*;
    use tokio::io::AsyncReadExt;
    use tokio::net::{TcpListener, TcpStream};
    use tokio_tungstenite::tungstenite::Message;
    use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role, WebSocket};

    use super::*;
    use crate::net::seal::tests::{session, unsealed};

    /// An outbox on a real socket, and the client's end of it.
    pub(crate) async fn pair() -> (Outbox, Arc<Outward>, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap());
        let (client, accepted) = tokio::join!(client, listener.accept());
        let (_, socket) = accepted.unwrap().0.into_split();
        let (outbox, outward) = outbox(Outlet::Socket(socket), Seal::Plain);
        (outbox, outward, client.unwrap())
    }

    fn message(byte: u8, length: usize) -> Vec<u8> {
        let mut frame = Queue::default();
        frame.push_frame(OpCode::Data(Data::Binary), &vec![byte; length]);
        frame.bytes
    }

    #[tokio::test]
    async fn messages_go_out_at_once_and_in_order() {
        let (outbox, _outward, mut client) = pair().await;
        assert_eq!(outbox.send(&[1]), Sending::Taken);
        assert_eq!(outbox.send(&[2, 2]), Sending::Taken);
        let mut bytes = [0; 7];
        client.read_exact(&mut bytes).await.unwrap();
        assert_eq!(bytes[..], [message(1, 1), message(2, 2)].concat());
    }

    /// What a client does not read waits, but not without bound, and all of it comes once it reads.
    #[tokio::test]
    async fn what_the_socket_does_not_take_waits_and_is_bounded() {
        let (outbox, outward, mut client) = pair().await;
        let mut sent = 0;
        while outbox.send(&vec![7; 60_000]) == Sending::Taken {
            sent += 1;
            assert!(sent < 10_000, "nothing bounds what waits");
        }
        assert_eq!(outward.need(), Need::Writing);
        let all = message(7, 60_000).len() * sent;
        let reads = async {
            let mut bytes = vec![0; all];
            client.read_exact(&mut bytes).await.unwrap();
        };
        tokio::join!(reads, outward.flushed());
        assert_eq!(outward.need(), Need::Nothing);
        assert_eq!(outbox.send(&[7]), Sending::Taken);
    }

    /// Whoever looks after the connection finds out why it ends, also if the room just vanished.
    #[tokio::test]
    async fn the_rooms_reason_ends_the_connection() {
        let (outbox, outward, _client) = pair().await;
        outbox.close(CloseReason::Kicked.into());
        assert_eq!(outward.attend().await, Some(CloseReason::Kicked.into()));
        let (outbox, outward, _client) = pair().await;
        drop(outbox);
        assert_eq!(outward.attend().await, Some(CloseReason::Internal.into()));
    }

    /// A client that does not read keeps neither the close waiting nor its room's thread.
    #[tokio::test]
    async fn a_close_does_not_wait_for_a_client_that_does_not_read() {
        let (outbox, outward, _client) = pair().await;
        while outbox.send(&vec![0; 60_000]) == Sending::Taken {}
        outbox.close(CloseReason::TooSlow.into());
        assert_eq!(outward.attend().await, Some(CloseReason::TooSlow.into()));
    }

    /// What is said to a client, by whom.
    #[derive(Clone, Debug)]
    enum Word {
        /// By the room.
        Snapshot(Vec<u8>),
        /// By the connection's task.
        Ping,
        /// By tungstenite, which answers the client's pings.
        Pong(Vec<u8>),
        /// Whatever the socket takes.
        Drain(usize),
    }

    /// A socket that takes a byte at a time, and so many in all.
    fn stingy(out: &mut Vec<u8>, mut takes: usize) -> impl FnMut(&[u8]) -> io::Result<usize> {
        move |bytes| {
            if takes == 0 {
                return Err(io::ErrorKind::WouldBlock.into());
            }
            takes -= 1;
            out.push(bytes[0]);
            Ok(1)
        }
    }

    /// Tungstenite's bytes for a message, as a server says it.
    fn said(message: Message) -> Vec<u8> {
        let out = io::Cursor::new(Vec::new());
        let mut websocket = WebSocket::from_raw_socket(out, Role::Server, None);
        websocket.send(message).unwrap();
        websocket.into_inner().into_inner()
    }

    /// What was written, for a client whose answers nobody hears.
    struct Deaf<'a>(&'a [u8]);

    impl io::Read for Deaf<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            io::Read::read(&mut self.0, buffer)
        }
    }

    impl io::Write for Deaf<'_> {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn words() -> impl Strategy<Value = Vec<Word>> {
        let bytes = || prop::collection::vec(any::<u8>(), 0..300);
        let short = || prop::collection::vec(any::<u8>(), 0..125);
        let word = prop_oneof![
            bytes().prop_map(Word::Snapshot),
            Just(Word::Ping),
            short().prop_map(Word::Pong),
            (0..400usize).prop_map(Word::Drain),
        ];
        prop::collection::vec(word, 0..40)
    }

    proptest! {
        /// Whoever writes, and however little the socket takes: whole frames arrive, in order.
        #[test]
        fn frames_of_all_writers_stay_whole_under_writes_of_one_byte(
            words in words(),
            tls: bool,
        ) {
            let (mut queue, mut out, mut expected) = (Queue::default(), Vec::new(), Vec::new());
            let mut session = tls.then(|| {
                let (seal, client) = session();
                queue.seal = seal;
                client
            });
            for word in words {
                match word {
                    Word::Snapshot(bytes) => {
                        queue.push_frame(OpCode::Data(Data::Binary), &bytes);
                        expected.push(Message::Binary(bytes.into()));
                    }
                    Word::Ping => {
                        queue.push_frame(OpCode::Control(Control::Ping), &[]);
                        expected.push(Message::Ping(Vec::new().into()));
                    }
                    Word::Pong(bytes) => {
                        let pong = Message::Pong(bytes.into());
                        queue.push(&said(pong.clone())).unwrap();
                        expected.push(pong);
                    }
                    Word::Drain(takes) => drop(queue.drain(stingy(&mut out, takes))),
                }
            }
            let close = CloseFrame { code: 4016.into(), reason: "too_slow".into() };
            let close = Message::Close(Some(close));
            queue.push(&said(close.clone())).unwrap();
            expected.push(close);
            queue.drain(stingy(&mut out, usize::MAX)).unwrap();
            let out = match &mut session {
                Some(client) => unsealed(client, &out),
                None => out,
            };
            let mut client = WebSocket::from_raw_socket(Deaf(&out), Role::Client, None);
            for message in expected {
                prop_assert_eq!(client.read().unwrap(), message);
            }
        }
    }
}
