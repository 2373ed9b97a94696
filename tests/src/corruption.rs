//! Bits of chunks that are flipped on their way to clients, and what that excuses.
//!
//! Only the bytes of chunks are touched: sections, frames and entries stay as they were, so that
//! every message can be read. Doesn't know what clients make of it.

use std::collections::BTreeMap;

use syncline_shared::id::StreamSlot;
use syncline_shared::limits::HASH_INTERVAL_SNAPSHOTS;
use syncline_shared::message::frame::{FrameSection, StreamEntry, write_entry, write_head};
use syncline_shared::message::{SectionKind, sections, write_section};
use syncline_shared::rng::Rng;
use syncline_shared::tick::{Tick, Timestamp};

/// Bits flipped in one chunk at most.
const BITS_MAX: u32 = 8;

/// Flips bits of chunks at random.
#[derive(Debug)]
pub struct Corruption {
    rng: Rng,
    one_in: u32,
    /// How long nothing is flipped after a flip, in microseconds.
    pause: u64,
    from: Timestamp,
    until: Timestamp,
}

/// Bits of a chunk were flipped.
#[derive(Clone, Copy, Debug)]
pub struct Flip {
    /// On its way to this client.
    pub client: usize,
    /// The timeline of its frame.
    pub incarnation: u32,
    /// Its stream.
    pub stream: StreamSlot,
    /// The tick of its frame.
    pub tick: Tick,
}

impl Corruption {
    /// Flips bits of one in so many chunks until some time.
    pub fn new(seed: u64, one_in: u32, until: Timestamp) -> Self {
        let rng = Rng::from_seed(seed ^ 0xF11B);
        Self {
            rng,
            one_in,
            pause: 0,
            from: Timestamp::ZERO,
            until,
        }
    }

    /// The same with so many microseconds between one flip and the next, whoever is struck.
    #[must_use]
    pub fn with_pauses(mut self, micros: u64) -> Self {
        self.pause = micros;
        self
    }

    /// Passes a message of the server on, perhaps changed; the streams and ticks of what was.
    pub fn strike(&mut self, now: Timestamp, message: &mut Vec<u8>) -> Vec<(StreamSlot, Tick)> {
        let mut struck = Vec::new();
        if now < self.from || now >= self.until {
            return struck;
        }
        let mut changed = Vec::with_capacity(message.len());
        for section in sections(message) {
            let (kind, body) = section.expect("servers send what can be read");
            if kind == SectionKind::Frame {
                let frame = FrameSection::decode(body).expect("servers send what can be read");
                write_section(kind, &self.strike_frame(&frame, &mut struck), &mut changed);
            } else {
                write_section(kind, body, &mut changed);
            }
        }
        if !struck.is_empty() {
            self.from = now.plus_micros(self.pause);
            *message = changed;
        }
        struck
    }

    fn strike_frame(
        &mut self,
        frame: &FrameSection<'_>,
        struck: &mut Vec<(StreamSlot, Tick)>,
    ) -> Vec<u8> {
        let mut body = Vec::new();
        write_head(frame.tick, frame.span, &frame.own, &mut body);
        for &(stream, entry) in &frame.streams {
            let flipped = match entry {
                StreamEntry::Chunk(chunk) if !chunk.is_empty() => self.flip(chunk),
                _ => None,
            };
            let entry = flipped.as_deref().map_or(entry, StreamEntry::Chunk);
            write_entry(stream, entry, &mut body);
            if flipped.is_some() {
                struck.push((stream, frame.tick));
            }
        }
        body
    }

    fn flip(&mut self, chunk: &[u8]) -> Option<Vec<u8>> {
        if !self.rng.chance(1, self.one_in) {
            return None;
        }
        let mut flipped = chunk.to_vec();
        let bits = u32::try_from(8 * chunk.len()).ok()?;
        for _ in 0..=self.rng.below(BITS_MAX) {
            let bit = usize::try_from(self.rng.below(bits)).ok()?;
            flipped[bit / 8] ^= 1 << (bit % 8);
        }
        // Bits that were flipped twice are as they were.
        (flipped != chunk).then_some(flipped)
    }
}

/// Whether flips explain that a client's stream is wrong at a tick.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Excuse {
    /// They don't.
    None,
    /// One does, if a hash of 16 bits agreed by chance.
    Late,
    /// One does, whose hash has yet to come.
    Fresh,
}

/// What flips excuse.
#[derive(Debug, Default)]
pub struct Excuses {
    flips: BTreeMap<usize, Vec<Flip>>,
    /// How many flips there were.
    pub count: u64,
}

impl Excuses {
    /// Bits were flipped.
    pub fn add(&mut self, flip: Flip) {
        self.count += 1;
        self.flips.entry(flip.client).or_default().push(flip);
    }

    /// Whether anything of a client was flipped.
    pub fn any(&self, client: usize) -> bool {
        self.flips.contains_key(&client)
    }

    /// The last time that something of a client was flipped.
    pub fn last(&self, client: usize) -> Option<&Flip> {
        self.flips.get(&client)?.last()
    }

    /// Whether a client whose snapshots are `interval` ticks apart may have `stream`, or any stream,
    /// wrong at `tick` of a timeline, or of any.
    pub fn of(
        &self,
        client: usize,
        incarnation: Option<u32>,
        stream: Option<StreamSlot>,
        tick: Tick,
        interval: u8,
    ) -> Excuse {
        let hash = HASH_INTERVAL_SNAPSHOTS * u32::from(interval);
        let flips = self.flips.get(&client).into_iter().flatten();
        let of_stream = flips.filter(|flip| stream.is_none_or(|stream| stream == flip.stream));
        let of_timeline =
            of_stream.filter(|flip| incarnation.is_none_or(|of| of == flip.incarnation));
        let excuses =
            of_timeline
                .filter(|flip| flip.tick <= tick)
                .map(|flip| match tick.since(flip.tick) {
                    since if since <= hash => Excuse::Fresh,
                    since if since <= 2 * hash => Excuse::Late,
                    _ => Excuse::None,
                });
        excuses.max().unwrap_or(Excuse::None)
    }
}

#[cfg(test)]
mod tests {
    use syncline_shared::message::frame::OwnPart;

    use super::*;

    #[test]
    fn only_chunks_are_changed() {
        let frame = FrameSection {
            tick: Tick(9),
            span: 1,
            own: OwnPart::default(),
            streams: vec![
                (StreamSlot(0), StreamEntry::Chunk(&[71, 72, 73])),
                (StreamSlot(1), StreamEntry::Join(&[4, 5, 6])),
                (StreamSlot(2), StreamEntry::Chunk(&[])),
            ],
        };
        let (mut body, mut message) = (Vec::new(), Vec::new());
        frame.encode(&mut body);
        write_section(SectionKind::Control, &[1, 2], &mut message);
        write_section(SectionKind::Frame, &body, &mut message);
        let sent = message.clone();
        let mut corruption = Corruption::new(1, 1, Timestamp(10));
        let struck = corruption.strike(Timestamp(9), &mut message);
        assert_eq!(struck, [(StreamSlot(0), Tick(9))]);
        let changed = |at: &usize| sent[*at] != message[*at];
        let places: Vec<usize> = (0..sent.len()).filter(changed).collect();
        let chunk = sent
            .windows(3)
            .position(|bytes| bytes == [71, 72, 73])
            .unwrap();
        assert!(sent.len() == message.len() && !places.is_empty());
        assert!(places.iter().all(|at| (chunk..chunk + 3).contains(at)));
        assert_eq!(corruption.strike(Timestamp(10), &mut message), []);
    }
}
