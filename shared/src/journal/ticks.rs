//! How a tick is written: what differs from its prediction, which is that everybody goes on.
//!
//! Both ends remember the same of each player: the words of its last input, how far its view lay
//! behind, and whether an input came. A tick in which all of that goes on has no bytes at all.

use std::collections::BTreeMap;

use super::{Act, AppliedInput, TickRecord};
use crate::bits::{BitReader, BitWriter, ByteReader, write_bytes};
use crate::codec;
use crate::error::DecodeError;
use crate::id::PlayerId;
use crate::input::{InputStatus, InputWords};
use crate::schema::Layout;
use crate::tick::{Tick, ViewTick};

/// What both ends remember while they write or read a journal.
#[derive(Clone, Debug)]
pub(super) struct TickCoder {
    layout: Layout,
    players: BTreeMap<PlayerId, Known>,
}

/// What is known of a player with a seat.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Known {
    words: InputWords,
    /// How far its view lay behind the tick, in eighths.
    lag: u32,
    /// Whether an input of its is expected, rather than none.
    plays: bool,
}

/// What a tick did to one player: an input, or none.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Entry {
    status: InputStatus,
    words: InputWords,
    lag: u32,
}

impl Known {
    fn expected_status(&self) -> InputStatus {
        if self.plays {
            InputStatus::Applied
        } else {
            InputStatus::Repeated
        }
    }

    fn expected(&self) -> Entry {
        Entry {
            status: self.expected_status(),
            words: self.words.clone(),
            lag: self.lag,
        }
    }

    /// Whether `input`, or that there is none, is what was expected of `tick`.
    fn expects(&self, tick: Tick, input: Option<&AppliedInput>) -> bool {
        match input {
            None => !self.plays,
            Some(input) => {
                self.plays
                    && input.status == InputStatus::Applied
                    && input.words == self.words
                    && lag(input, tick) == self.lag
            }
        }
    }

    fn note(&mut self, entry: Entry) {
        // A late input is followed by the next in time; one let go of by nothing.
        self.plays = matches!(entry.status, InputStatus::Applied | InputStatus::Merged);
        (self.words, self.lag) = (entry.words, entry.lag);
    }
}

fn lag(input: &AppliedInput, tick: Tick) -> u32 {
    u32::try_from(input.view.lag(tick)).unwrap_or(u32::MAX)
}

/// The inputs of `record` beside the players that are known, both ascending.
fn paired<'a>(
    players: &'a BTreeMap<PlayerId, Known>,
    record: &'a TickRecord,
) -> impl Iterator<Item = (&'a Known, Option<&'a AppliedInput>)> {
    debug_assert!(record.inputs.is_sorted_by_key(|input| input.player));
    let mut inputs = record.inputs.iter().peekable();
    players.iter().map(move |(&player, known)| {
        while inputs.next_if(|input| input.player < player).is_some() {}
        (known, inputs.next_if(|input| input.player == player))
    })
}

impl TickCoder {
    /// Before the first tick, for inputs of this class.
    pub(super) fn new(layout: Layout) -> Self {
        Self {
            layout,
            players: BTreeMap::new(),
        }
    }

    /// Whether everything went on as it was.
    pub(super) fn expects(&self, record: &TickRecord) -> bool {
        record.acts.is_empty()
            && paired(&self.players, record).all(|(known, input)| known.expects(record.tick, input))
    }

    /// A tick in which everything went on.
    pub(super) fn quiet(&self, tick: Tick) -> TickRecord {
        let inputs = self.players.iter().filter(|(_, known)| known.plays);
        let inputs = inputs.map(|(&player, known)| applied(tick, player, known.expected()));
        TickRecord {
            tick,
            acts: Vec::new(),
            inputs: inputs.collect(),
        }
    }

    /// Appends the acts of a tick, if `with_acts`, and its inputs. Inputs of players without a seat
    /// do nothing to a match, and are left out.
    pub(super) fn write(&mut self, record: &TickRecord, with_acts: bool, out: &mut Vec<u8>) {
        if with_acts {
            write_bytes(out, &codec::encode(&record.acts));
            self.act(&record.acts);
        }
        let mut bits = BitWriter::new(out);
        let (mut gap, mut surprises) = (0, Vec::new());
        for (known, input) in paired(&self.players, record) {
            if known.expects(record.tick, input) {
                gap += 1;
                surprises.push(None);
                continue;
            }
            let entry = match input {
                None => Entry {
                    status: InputStatus::Repeated,
                    ..known.expected()
                },
                Some(input) => Entry {
                    status: input.status,
                    words: input.words.clone(),
                    lag: lag(input, record.tick),
                },
            };
            write_number(&mut bits, gap);
            gap = 0;
            write_entry(&mut bits, &self.layout, known, &entry);
            surprises.push(Some(entry));
        }
        write_number(&mut bits, gap);
        bits.finish();
        for (known, entry) in self.players.values_mut().zip(surprises) {
            if let Some(entry) = entry {
                known.note(entry);
            }
        }
    }

    /// Reads what [`TickCoder::write`] wrote.
    pub(super) fn read(
        &mut self,
        tick: Tick,
        with_acts: bool,
        body: ByteReader<'_>,
    ) -> Result<TickRecord, DecodeError> {
        let mut body = body;
        let mut acts = Vec::new();
        if with_acts {
            acts = codec::decode(body.bytes()?)?;
            self.act(&acts);
        }
        let mut bits = BitReader::new(body.rest());
        let mut inputs = Vec::new();
        let mut gap = read_number(&mut bits)?;
        for (&player, known) in &mut self.players {
            if let Some(less) = gap.checked_sub(1) {
                gap = less;
            } else {
                let entry = read_entry(&mut bits, &self.layout, known)?;
                gap = read_number(&mut bits)?;
                if entry.status != InputStatus::Repeated {
                    inputs.push(applied(tick, player, entry.clone()));
                }
                known.note(entry);
                continue;
            }
            if known.plays {
                inputs.push(applied(tick, player, known.expected()));
            }
        }
        bits.finish()?;
        if gap != 0 {
            return Err(DecodeError::OutOfRange);
        }
        Ok(TickRecord { tick, acts, inputs })
    }

    /// Follows who has a seat.
    fn act(&mut self, acts: &[Act]) {
        for act in acts {
            match act {
                Act::Join(player, _) => drop(self.players.insert(*player, Known::default())),
                Act::Leave(player, _) => drop(self.players.remove(player)),
                Act::Command(..) => {}
            }
        }
    }
}

fn applied(tick: Tick, player: PlayerId, entry: Entry) -> AppliedInput {
    AppliedInput {
        player,
        words: entry.words,
        status: entry.status,
        view: ViewTick::before(tick, entry.lag.into()),
    }
}

fn write_entry(bits: &mut BitWriter<'_>, layout: &Layout, known: &Known, entry: &Entry) {
    let as_expected = entry.status == known.expected_status();
    bits.write_bool(!as_expected);
    if !as_expected {
        bits.write(entry.status.code().into(), 2);
    }
    if entry.status == InputStatus::Repeated {
        return;
    }
    bits.write_bool(entry.words != known.words);
    if entry.words != known.words {
        write_words(bits, layout, &known.words, &entry.words);
    }
    bits.write_bool(entry.lag != known.lag);
    if entry.lag != known.lag {
        let less = entry.lag < known.lag;
        bits.write_bool(less);
        write_number(bits, entry.lag.abs_diff(known.lag) - 1);
    }
}

fn read_entry(
    bits: &mut BitReader<'_>,
    layout: &Layout,
    known: &Known,
) -> Result<Entry, DecodeError> {
    let mut entry = known.expected();
    if bits.read_bool()? {
        let code = u8::try_from(bits.read(2)?).map_err(|_| DecodeError::OutOfRange)?;
        entry.status = InputStatus::from_code(code);
    }
    if entry.status == InputStatus::Repeated {
        return Ok(entry);
    }
    if bits.read_bool()? {
        entry.words = read_words(bits, layout, &known.words)?;
    }
    if bits.read_bool()? {
        let less = bits.read_bool()?;
        let by = read_number(bits)?
            .checked_add(1)
            .ok_or(DecodeError::OutOfRange)?;
        let lag = if less {
            entry.lag.checked_sub(by)
        } else {
            entry.lag.checked_add(by)
        };
        entry.lag = lag.ok_or(DecodeError::OutOfRange)?;
    }
    Ok(entry)
}

/// Whether there are words at all; for each whether it changed, and if so the word.
fn write_words(bits: &mut BitWriter<'_>, layout: &Layout, old: &InputWords, new: &InputWords) {
    bits.write_bool(new.as_slice().is_empty());
    let before = old.as_slice().iter().copied().chain(core::iter::repeat(0));
    let words = new.as_slice().iter().zip(before).zip(layout.word_bits());
    for ((&word, before), &width) in words {
        bits.write_bool(word != before);
        if word != before {
            bits.write(word, width);
        }
    }
}

fn read_words(
    bits: &mut BitReader<'_>,
    layout: &Layout,
    old: &InputWords,
) -> Result<InputWords, DecodeError> {
    if bits.read_bool()? {
        return Ok(InputWords::default());
    }
    let mut before = old.as_slice().iter().copied().chain(core::iter::repeat(0));
    let words = layout.word_bits().iter().map(|&width| {
        let before = before.next().unwrap_or_default();
        if bits.read_bool()? {
            bits.read(width)
        } else {
            Ok(before)
        }
    });
    let words: Vec<u32> = words.collect::<Result<_, _>>()?;
    Ok(InputWords::clamped(&words, layout))
}

/// Writes a number that is mostly small: of `number + 1`, which has n more bits than one, n zeros, a
/// one, and those n bits.
fn write_number(bits: &mut BitWriter<'_>, number: u32) {
    let shown = u64::from(number) + 1;
    let more = shown.ilog2();
    bits.write(0, more);
    bits.write_bool(true);
    let low = shown - (1 << more);
    bits.write(u32::try_from(low).expect("below the highest bit"), more);
}

fn read_number(bits: &mut BitReader<'_>) -> Result<u32, DecodeError> {
    let mut more = 0;
    while !bits.read_bool()? {
        more += 1;
        if more > 32 {
            return Err(DecodeError::OutOfRange);
        }
    }
    let shown = (1u64 << more) + u64::from(bits.read(more)?);
    u32::try_from(shown - 1).map_err(|_| DecodeError::OutOfRange)
}
