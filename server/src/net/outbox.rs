//! What waits to be written to one connection.
//!
//! A room puts finished messages in and never waits; the connection takes them out as fast as its
//! socket lets it. Rooms send on credit, so this is short unless a client asks for answers and does
//! not read them. Then the connection is closed as too slow, and nothing more is kept for it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::{mpsc, oneshot};

use syncline_shared::close::Close;
use syncline_shared::limits::SERVER_MESSAGE_BYTES_MAX;

/// The most messages that may wait: the 64 that a member's credit allows to be under way at most,
/// and as many answers.
const MESSAGES_MAX: usize = 128;

/// The most bytes that may wait: the largest message, and a member's credit of 64 KiB twice over.
const BYTES_MAX: usize = SERVER_MESSAGE_BYTES_MAX + 128 * 1024;

/// The room's end.
#[derive(Debug)]
pub(crate) struct Outbox {
    queue: mpsc::Sender<Outgoing>,
    ending: oneshot::Sender<Ending>,
    bytes: Arc<AtomicUsize>,
}

/// The connection's end.
#[derive(Debug)]
pub(crate) struct OutboxReader {
    queue: mpsc::Receiver<Outgoing>,
    bytes: Arc<AtomicUsize>,
}

/// Resolves when the room ends the connection.
pub(crate) type Cut = oneshot::Receiver<Ending>;

/// How the room ends a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// After what still waits, if that can be written before long.
    Soon(Close),
    /// Without what still waits.
    Now(Close),
}

/// Something to write.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Outgoing {
    /// One message.
    Message(Vec<u8>),
    /// The last thing: the connection ends.
    Close(Close),
}

/// An empty outbox.
pub(crate) fn outbox() -> (Outbox, OutboxReader, Cut) {
    let (sender, receiver) = mpsc::channel(MESSAGES_MAX);
    let (ending, cut) = oneshot::channel();
    let bytes = Arc::new(AtomicUsize::new(0));
    let reader = OutboxReader {
        queue: receiver,
        bytes: bytes.clone(),
    };
    (
        Outbox {
            queue: sender,
            ending,
            bytes,
        },
        reader,
        cut,
    )
}

impl Outbox {
    /// Queues a message; whether it was taken. It is not if too much waits already, or if nobody
    /// takes anything out any more: the connection must end then.
    #[must_use]
    pub(crate) fn send(&self, message: Vec<u8>) -> bool {
        let size = message.len();
        let before = self.bytes.fetch_add(size, Ordering::Relaxed);
        before + size <= BYTES_MAX && self.queue.try_send(Outgoing::Message(message)).is_ok()
    }

    /// Ends the connection, after what waits; without it if there is no room for one thing more.
    pub(crate) fn close(self, close: Close) {
        let ending = match self.queue.try_send(Outgoing::Close(close.clone())) {
            Ok(()) => Ending::Soon(close),
            Err(_) => Ending::Now(close),
        };
        self.end(ending);
    }

    /// Ends the connection without what waits.
    pub(crate) fn cut(self, close: Close) {
        self.end(Ending::Now(close));
    }

    /// Sends the reason before the queue is dropped: a connection that finds the queue gone finds
    /// the reason too.
    fn end(self, ending: Ending) {
        let Self {
            queue,
            ending: word,
            ..
        } = self;
        // An error means that it has ended already.
        let _ = word.send(ending);
        drop(queue);
    }
}

impl OutboxReader {
    /// The next thing to write, as soon as there is one; nothing after a cut, or if the room's
    /// thread is gone.
    pub(crate) async fn receive(&mut self) -> Option<Outgoing> {
        let outgoing = self.queue.recv().await?;
        self.note(&outgoing);
        Some(outgoing)
    }

    /// The next thing to write, if there is one.
    pub(crate) fn receive_now(&mut self) -> Option<Outgoing> {
        let outgoing = self.queue.try_recv().ok()?;
        self.note(&outgoing);
        Some(outgoing)
    }

    fn note(&self, outgoing: &Outgoing) {
        if let Outgoing::Message(message) = outgoing {
            self.bytes.fetch_sub(message.len(), Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use syncline_shared::close::CloseReason;

    use super::*;

    fn message(outgoing: Option<Outgoing>) -> Vec<u8> {
        match outgoing {
            Some(Outgoing::Message(message)) => message,
            other => panic!("not a message: {other:?}"),
        }
    }

    #[test]
    fn messages_come_out_in_order_and_the_close_last() {
        let (outbox, mut reader, mut cut) = outbox();
        assert!(outbox.send(vec![1]));
        assert!(outbox.send(vec![2]));
        outbox.close(CloseReason::Replaced.into());
        assert_eq!(message(reader.receive_now()), [1]);
        assert_eq!(message(reader.receive_now()), [2]);
        assert_eq!(
            reader.receive_now(),
            Some(Outgoing::Close(CloseReason::Replaced.into()))
        );
        assert_eq!(reader.receive_now(), None);
        let soon = Ending::Soon(CloseReason::Replaced.into());
        assert_eq!(cut.try_recv(), Ok(soon), "should none of it be read");
    }

    #[test]
    fn the_number_of_messages_is_bounded() {
        let (outbox, mut reader, _cut) = outbox();
        for _ in 0..MESSAGES_MAX {
            assert!(outbox.send(vec![0]));
        }
        assert!(!outbox.send(vec![0]));
        assert_eq!(message(reader.receive_now()), [0]);
    }

    #[test]
    fn their_bytes_are_bounded_and_reading_makes_room() {
        let (outbox, mut reader, _cut) = outbox();
        assert!(outbox.send(vec![0; BYTES_MAX]));
        assert_eq!(message(reader.receive_now()).len(), BYTES_MAX);
        assert!(outbox.send(vec![0; BYTES_MAX]));
        assert!(!outbox.send(vec![0]));
    }

    /// A full queue must not swallow the reason.
    #[test]
    fn a_close_behind_a_full_queue_cuts_the_connection() {
        let (outbox, _reader, mut cut) = outbox();
        for _ in 0..MESSAGES_MAX {
            assert!(outbox.send(vec![0]));
        }
        outbox.close(CloseReason::Kicked.into());
        assert_eq!(cut.try_recv(), Ok(Ending::Now(CloseReason::Kicked.into())));
    }
}
