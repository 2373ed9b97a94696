//! What a client sends through a tunnel: bytes in their places, each taken once.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use tokio::sync::Notify;

use super::place::OutOfPlace;

/// The most bytes that wait to be read. Whoever sends more waits until there is room, as on a socket.
const BYTES_MAX: usize = 16 * 1024;

/// From the client.
#[derive(Debug, Default)]
pub(crate) struct WayIn {
    state: Mutex<State>,
    /// There is room again, or it is over.
    room: Notify,
}

#[derive(Debug, Default)]
struct State {
    /// The place of the next byte that has not come.
    next: u64,
    waiting: VecDeque<u8>,
    ended: bool,
    /// Who reads.
    reader: Option<Waker>,
}

/// Why bytes were not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NotTaken {
    /// Those before them are missing.
    #[error(transparent)]
    OutOfPlace(#[from] OutOfPlace),
    /// The tunnel is over.
    #[error("the tunnel is over")]
    Over,
}

impl WayIn {
    /// Takes `bytes`, of which the first is in the place `at`; those that were taken before are
    /// passed over. Waits until there is room for all.
    pub(crate) async fn take(&self, at: u64, bytes: &[u8]) -> Result<(), NotTaken> {
        loop {
            let room = self.room.notified();
            let mut room = std::pin::pin!(room);
            room.as_mut().enable();
            if self.try_take(at, bytes)? {
                return Ok(());
            }
            room.await;
        }
    }

    /// Takes as much as there is room for; whether that is all.
    fn try_take(&self, at: u64, bytes: &[u8]) -> Result<bool, NotTaken> {
        let mut state = self.lock();
        if state.ended {
            return Err(NotTaken::Over);
        }
        let next = state.next;
        let known = next.checked_sub(at).ok_or(OutOfPlace {
            asked: at,
            first: 0,
            end: next,
        })?;
        let known = usize::try_from(known).unwrap_or(usize::MAX);
        let new = bytes.get(known..).unwrap_or_default();
        let count = new.len().min(BYTES_MAX - state.waiting.len());
        state.waiting.extend(new.iter().take(count));
        state.next += count as u64;
        let reader = if count > 0 { state.reader.take() } else { None };
        drop(state);
        if let Some(reader) = reader {
            reader.wake();
        }
        Ok(count == new.len())
    }

    /// Reads what there is, into `bytes`: how many; none at the end.
    pub(crate) fn poll_read(&self, context: &Context<'_>, bytes: &mut [u8]) -> Poll<usize> {
        let mut state = self.lock();
        if state.waiting.is_empty() {
            if state.ended {
                return Poll::Ready(0);
            }
            state.reader = Some(context.waker().clone());
            return Poll::Pending;
        }
        let was_full = state.waiting.len() == BYTES_MAX;
        let count = bytes.len().min(state.waiting.len());
        for (byte, came) in bytes.iter_mut().zip(state.waiting.drain(..count)) {
            *byte = came;
        }
        drop(state);
        if was_full {
            self.room.notify_waiters();
        }
        Poll::Ready(count)
    }

    /// Nothing more comes.
    pub(crate) fn end(&self) {
        let reader = {
            let mut state = self.lock();
            state.ended = true;
            state.reader.take()
        };
        if let Some(reader) = reader {
            reader.wake();
        }
        self.room.notify_waiters();
    }

    #[cfg(test)]
    pub(super) fn is_ended(&self) -> bool {
        self.lock().ended
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use proptest::prelude::*;

    use super::*;

    fn read(way: &WayIn, most: usize) -> Vec<u8> {
        let mut bytes = vec![0; most];
        let context = Context::from_waker(Waker::noop());
        match way.poll_read(&context, &mut bytes) {
            Poll::Ready(count) => bytes.truncate(count),
            Poll::Pending => bytes.clear(),
        }
        bytes
    }

    proptest! {
        /// However often and in what pieces a client repeats itself, each byte comes once, in order;
        /// and nothing is taken that has a gap before it.
        #[test]
        fn each_byte_comes_once(steps in prop::collection::vec((0u64..60, 0usize..40, 0usize..50), 0..60)) {
            let all: Vec<u8> = (0..=255).cycle().take(3000).collect();
            let (way, mut came, mut next) = (WayIn::default(), Vec::new(), 0u64);
            for (back, length, reads) in steps {
                // Up to thirty places behind what comes next, and up to thirty beyond it.
                let at = (next + 30).saturating_sub(back);
                let start = usize::try_from(at).unwrap();
                let taken = way.try_take(at, &all[start..start + length]);
                if at > next {
                    let wanted = OutOfPlace { asked: at, first: 0, end: next };
                    prop_assert_eq!(taken, Err(wanted.into()));
                } else {
                    prop_assert_eq!(taken, Ok(true));
                    next = next.max(at + length as u64);
                }
                came.extend(read(&way, reads));
            }
            came.extend(read(&way, 3000));
            prop_assert_eq!(&came[..], &all[..usize::try_from(next).unwrap()]);
        }
    }

    #[tokio::test]
    async fn who_sends_more_than_there_is_room_for_waits() {
        let way = std::sync::Arc::new(WayIn::default());
        let all: Vec<u8> = (0..=255).cycle().take(3 * BYTES_MAX).collect();
        let (sender, sent) = (way.clone(), all.clone());
        let sending = tokio::spawn(async move { sender.take(0, &sent).await });
        let mut came = Vec::new();
        while came.len() < all.len() {
            let mut bytes = [0; 1000];
            let count = poll_fn(|context| way.poll_read(context, &mut bytes)).await;
            came.extend_from_slice(&bytes[..count]);
            assert!(way.lock().waiting.len() <= BYTES_MAX);
        }
        assert_eq!(came, all);
        assert_eq!(sending.await.unwrap(), Ok(()));
    }

    #[tokio::test]
    async fn nothing_is_taken_after_the_end_and_nobody_waits_for_it() {
        let way = std::sync::Arc::new(WayIn::default());
        let sender = way.clone();
        let sending = tokio::spawn(async move { sender.take(0, &vec![7; 2 * BYTES_MAX]).await });
        let mut bytes = [0; 1];
        poll_fn(|context| way.poll_read(context, &mut bytes)).await;
        way.end();
        assert_eq!(sending.await.unwrap(), Err(NotTaken::Over));
        assert_eq!(way.take(0, &[]).await, Err(NotTaken::Over));
    }
}
