//! What a server sends through a tunnel: bytes that are kept until the client says that it has them.
//!
//! One request reads at a time, the latest: those before it may be dead without the server knowing.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::Bytes;
use tokio::time::timeout;

use super::place::OutOfPlace;

/// The most bytes that are kept, as much as a kernel keeps of a socket's.
const BYTES_MAX: usize = 64 * 1024;

/// To the client.
#[derive(Debug, Default)]
pub(crate) struct WayOut {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// The place of the first byte that is kept.
    first: u64,
    kept: VecDeque<u8>,
    /// Whether all was written that will be.
    ended: bool,
    /// Whether the tunnel is over.
    broken: bool,
    /// The number of the request that reads.
    reading: u64,
    /// How many requests are there, be it as one that has been replaced.
    readers: usize,
    /// Whether any was since somebody asked.
    was_read: bool,
    /// To wake when there is something to read.
    reader: Option<Waker>,
    /// To wake when there is room, or nothing left.
    writer: Option<Waker>,
}

impl State {
    fn end(&self) -> u64 {
        self.first + self.kept.len() as u64
    }

    fn check(&self, asked: u64) -> Result<(), OutOfPlace> {
        let (first, end) = (self.first, self.end());
        if (first..=end).contains(&asked) {
            Ok(())
        } else {
            Err(OutOfPlace { asked, first, end })
        }
    }

    /// The client has all before this place.
    fn acknowledge(&mut self, place: u64) -> Result<(), OutOfPlace> {
        self.check(place)?;
        let count = usize::try_from(place - self.first).unwrap_or(usize::MAX);
        self.kept.drain(..count.min(self.kept.len()));
        self.first = place;
        Ok(())
    }

    fn copy_from(&self, place: u64) -> Bytes {
        let skipped = usize::try_from(place.saturating_sub(self.first)).unwrap_or(usize::MAX);
        let (front, back) = self.kept.as_slices();
        let rest = |part: &'_ [u8], skipped| part.get(skipped..).unwrap_or_default().to_vec();
        let mut bytes = rest(front, skipped);
        bytes.extend(rest(back, skipped.saturating_sub(front.len())));
        bytes.into()
    }
}

fn wake(waker: Option<Waker>) {
    if let Some(waker) = waker {
        waker.wake();
    }
}

impl WayOut {
    /// Takes as many bytes as there is room for.
    ///
    /// # Errors
    ///
    /// [`io::ErrorKind::WouldBlock`] if there is none, [`io::ErrorKind::BrokenPipe`] if it is over.
    pub(crate) fn try_write(&self, bytes: &[u8]) -> io::Result<usize> {
        let mut state = self.lock();
        if state.broken || state.ended {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        let count = bytes.len().min(BYTES_MAX - state.kept.len());
        if count == 0 {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        state.kept.extend(bytes.iter().take(count));
        let reader = state.reader.take();
        drop(state);
        wake(reader);
        Ok(count)
    }

    /// Waits until there is room, or will never be.
    pub(crate) async fn writable(&self) {
        self.until(|state| state.kept.len() < BYTES_MAX).await;
    }

    /// All is written. Waits until the client says that it has it, but not for longer than this.
    pub(crate) async fn finish(&self, longest: Duration) {
        let reader = {
            let mut state = self.lock();
            state.ended = true;
            state.reader.take()
        };
        wake(reader);
        // Whom this does not reach can't be helped.
        let _ = timeout(longest, self.until(|state| state.kept.is_empty())).await;
    }

    async fn until(&self, is_it: impl Fn(&State) -> bool) {
        poll_fn(|context| {
            let mut state = self.lock();
            if state.broken || is_it(&state) {
                return Poll::Ready(());
            }
            state.writer = Some(context.waker().clone());
            Poll::Pending
        })
        .await;
    }

    /// The client has all before this place.
    pub(crate) fn acknowledge(&self, place: u64) -> Result<(), OutOfPlace> {
        let mut state = self.lock();
        // What was said before need not be said in order: requests overtake each other.
        let place = place.max(state.first);
        state.acknowledge(place)?;
        let writer = state.writer.take();
        drop(state);
        wake(writer);
        Ok(())
    }

    /// Nobody reads any more.
    pub(super) fn break_off(&self) {
        let (reader, writer) = {
            let mut state = self.lock();
            state.broken = true;
            (state.reader.take(), state.writer.take())
        };
        wake(reader);
        wake(writer);
    }

    /// Whether anybody has read since this was asked the last time.
    pub(super) fn was_read(&self) -> bool {
        let mut state = self.lock();
        let readers = state.readers > 0;
        std::mem::take(&mut state.was_read) || readers
    }

    /// Reads from this place on, which says that the client has all before it. Whoever read until now
    /// reads no more.
    ///
    /// # Errors
    ///
    /// [`OutOfPlace`] if that was never written, or is not kept any more.
    pub(crate) fn attach(self: &Arc<Self>, place: u64) -> Result<Reader, OutOfPlace> {
        let mut state = self.lock();
        state.acknowledge(place)?;
        state.reading += 1;
        state.readers += 1;
        state.was_read = true;
        let number = state.reading;
        let (replaced, writer) = (state.reader.take(), state.writer.take());
        drop(state);
        wake(replaced);
        wake(writer);
        Ok(Reader {
            way: self.clone(),
            number,
            place,
        })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One request's view of what a server sends.
#[derive(Debug)]
pub(crate) struct Reader {
    way: Arc<WayOut>,
    number: u64,
    place: u64,
}

impl Reader {
    /// What there is, once there is something; nothing at the end, or when another request reads.
    pub(crate) fn poll_read(&mut self, context: &Context<'_>) -> Poll<Option<Bytes>> {
        let mut state = self.way.lock();
        if state.reading != self.number {
            return Poll::Ready(None);
        }
        if self.place < state.end() {
            let bytes = state.copy_from(self.place);
            self.place = state.end();
            return Poll::Ready(Some(bytes));
        }
        if state.ended || state.broken {
            return Poll::Ready(None);
        }
        state.reader = Some(context.waker().clone());
        Poll::Pending
    }

    /// The same, to wait for.
    pub(crate) async fn read(&mut self) -> Option<Bytes> {
        poll_fn(|context| self.poll_read(context)).await
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        let mut state = self.way.lock();
        state.readers -= 1;
        state.was_read = true;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn now(reader: &mut Reader) -> Option<Vec<u8>> {
        let context = Context::from_waker(Waker::noop());
        match reader.poll_read(&context) {
            Poll::Ready(bytes) => bytes.map(|bytes| bytes.to_vec()),
            Poll::Pending => Some(Vec::new()),
        }
    }

    proptest! {
        /// However requests come and are lost, who goes on from what it has gets every byte once.
        #[test]
        fn nothing_is_lost_with_an_answer(steps in prop::collection::vec((0usize..300, 0u8..4), 0..100)) {
            let way = Arc::new(WayOut::default());
            let (mut written, mut has): (Vec<u8>, Vec<u8>) = (Vec::new(), Vec::new());
            let mut reader = way.attach(0).unwrap();
            for (count, step) in steps {
                let bytes: Vec<u8> = (written.len()..written.len() + count).map(|n| n.to_le_bytes()[0]).collect();
                match way.try_write(&bytes) {
                    Ok(taken) => written.extend_from_slice(&bytes[..taken]),
                    Err(error) => prop_assert_eq!(error.kind(), io::ErrorKind::WouldBlock),
                }
                match step {
                    // The answer is lost, in whole or behind a part of it.
                    0 => {
                        let lost = now(&mut reader).unwrap();
                        has.extend_from_slice(&lost[..lost.len() / 2]);
                        reader = way.attach(has.len() as u64).unwrap();
                    }
                    1 => way.acknowledge(has.len() as u64).unwrap(),
                    // Too late to say anything new.
                    2 => way.acknowledge(has.len() as u64 / 2).unwrap(),
                    _ => has.extend(now(&mut reader).unwrap()),
                }
                prop_assert!(way.lock().kept.len() <= BYTES_MAX);
            }
            has.extend(now(&mut reader).unwrap());
            prop_assert_eq!(has, written);
        }
    }

    #[test]
    fn what_is_acknowledged_makes_room_and_is_gone() {
        let way = Arc::new(WayOut::default());
        assert_eq!(way.try_write(&vec![7; BYTES_MAX + 1]).unwrap(), BYTES_MAX);
        let full = way.try_write(&[7]).unwrap_err();
        assert_eq!(full.kind(), io::ErrorKind::WouldBlock);
        way.acknowledge(10).unwrap();
        assert_eq!(way.try_write(&[7; 11]).unwrap(), 10);
        let end = BYTES_MAX as u64 + 10;
        let gone = OutOfPlace {
            asked: 9,
            first: 10,
            end,
        };
        assert_eq!(way.attach(9).unwrap_err(), gone);
        let never = OutOfPlace {
            asked: end + 1,
            first: 10,
            end,
        };
        assert_eq!(way.attach(end + 1).unwrap_err(), never);
        assert_eq!(way.acknowledge(end + 1), Err(never));
    }

    #[test]
    fn the_latest_request_reads() {
        let way = Arc::new(WayOut::default());
        let mut dead = way.attach(0).unwrap();
        let mut alive = way.attach(0).unwrap();
        way.try_write(b"word").unwrap();
        assert_eq!(now(&mut dead), None);
        assert_eq!(now(&mut alive).unwrap(), b"word");
    }

    #[tokio::test(start_paused = true)]
    async fn the_last_words_are_waited_for_but_not_for_ever() {
        let way = Arc::new(WayOut::default());
        way.try_write(b"bye").unwrap();
        let longest = Duration::from_secs(1);
        let began = tokio::time::Instant::now();
        way.finish(longest).await;
        assert_eq!(began.elapsed(), longest);
        let mut reader = way.attach(0).unwrap();
        assert_eq!(reader.read().await.unwrap(), "bye");
        assert_eq!(reader.read().await, None);
        way.acknowledge(3).unwrap();
        way.finish(Duration::MAX).await;
    }
}
