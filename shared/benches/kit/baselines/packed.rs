//! What changed, bit by bit: a bit for each entity, one for each field of a changed entity, then its
//! words. What a careful author writes by hand.

use syncline_shared::bits::{BitReader, BitWriter};
use syncline_shared::error::DecodeError;
use syncline_shared::schema::{Layout, Schema};
use syncline_shared::snapshot::{Frame, Rows};

use crate::kit::format::Format;

/// How a changed word is written.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Values {
    /// In all its bits.
    Raw,
    /// As a difference of 5 or of 10 bits from what it was, if that is enough.
    Differences,
}

/// Words of up to so many bits are never written as differences.
const SMALL_BITS: u32 = 6;

/// The widths of differences.
const NEAR_BITS: u32 = 5;
const FAR_BITS: u32 = 10;

/// Bits of a slot in the list of those that came or went.
const SLOT_BITS: u32 = 10;

/// The rows of one class, by slot.
#[derive(Clone, Default, PartialEq)]
struct Table {
    alive: Vec<bool>,
    words: Vec<u32>,
}

impl Table {
    fn of(rows: &Rows, stride: usize) -> Self {
        let mut table = Self::default();
        table.grow(rows.slots(), stride);
        for (slot, row) in rows.iter() {
            let slot = usize::from(slot.0);
            table.alive[slot] = true;
            table.words[slot * stride..][..stride].copy_from_slice(row);
        }
        table
    }

    fn grow(&mut self, slots: usize, stride: usize) {
        if slots > self.alive.len() {
            self.alive.resize(slots, false);
            self.words.resize(slots * stride, 0);
        }
    }

    /// The live rows, which is all that two ends must agree on.
    fn live(&self, stride: usize) -> impl Iterator<Item = (usize, &[u32])> {
        let rows = self.words.chunks_exact(stride);
        let all = self.alive.iter().zip(rows).enumerate();
        all.filter_map(|(slot, (&alive, row))| alive.then_some((slot, row)))
    }
}

/// Both ends.
pub(crate) struct Packed<'a> {
    frames: &'a [Frame],
    classes: Vec<PackedClass<'a>>,
    batch: Vec<Vec<Table>>,
    sent: Vec<Table>,
    received: Vec<Table>,
}

/// How the rows of one class are written.
struct PackedClass<'a> {
    layout: &'a Layout,
    values: Values,
}

impl<'a> Packed<'a> {
    pub(crate) fn new(schema: &'a Schema, frames: &'a [Frame], values: Values) -> Self {
        let layouts = schema.classes().iter();
        let classes: Vec<_> = layouts
            .map(|layout| PackedClass { layout, values })
            .collect();
        Self {
            frames,
            batch: Vec::new(),
            sent: vec![Table::default(); classes.len()],
            received: vec![Table::default(); classes.len()],
            classes,
        }
    }

    fn tables(&self, tick: usize) -> Vec<Table> {
        let rows = self.frames[tick].classes().iter().zip(&self.classes);
        rows.map(|(rows, class)| Table::of(rows, class.layout.words()))
            .collect()
    }
}

impl Format for Packed<'_> {
    fn prepare(&mut self, place: usize, tick: usize) {
        self.batch.truncate(place);
        self.batch.push(self.tables(tick));
    }

    fn encode(&mut self, place: usize, out: &mut Vec<u8>) {
        let mut bits = BitWriter::new(out);
        let tables = &self.batch[place];
        for (class, (now, sent)) in self.classes.iter().zip(tables.iter().zip(&mut self.sent)) {
            class.write_rows(now, sent, &mut bits);
        }
        for (class, (now, sent)) in self.classes.iter().zip(tables.iter().zip(&mut self.sent)) {
            class.write_population(now, sent, &mut bits);
        }
        bits.finish();
    }

    fn decode(&mut self, bytes: &[u8]) {
        let mut bits = BitReader::new(bytes);
        for (class, table) in self.classes.iter().zip(&mut self.received) {
            class
                .read_rows(table, &mut bits)
                .expect("what was written can be read");
        }
        for (class, table) in self.classes.iter().zip(&mut self.received) {
            class
                .read_population(table, &mut bits)
                .expect("what was written can be read");
        }
        bits.finish().expect("all that was written was read");
    }

    fn check(&mut self, tick: usize, _: &[u8]) {
        let tables = self.tables(tick);
        for (class, (sent, received)) in self.classes.iter().zip(tables.iter().zip(&self.received))
        {
            let stride = class.layout.words();
            assert!(
                sent.live(stride).eq(received.live(stride)),
                "the packed rows of tick {tick}"
            );
        }
    }
}

impl PackedClass<'_> {
    /// Writes what changed in rows that were sent before; of those that went, nothing.
    fn write_rows(&self, now: &Table, sent: &mut Table, bits: &mut BitWriter<'_>) {
        let stride = self.layout.words();
        let rows = now.words.chunks_exact(stride).zip(&now.alive);
        let old = sent.words.chunks_exact_mut(stride).zip(&sent.alive);
        for ((row, &lives), (old, &lived)) in rows.zip(old) {
            if !lived {
                continue;
            }
            let changed = lives && row != old;
            bits.write_bool(changed);
            if changed {
                self.write_row(row, old, bits);
                old.copy_from_slice(row);
            }
        }
    }

    fn read_rows(&self, table: &mut Table, bits: &mut BitReader<'_>) -> Result<(), DecodeError> {
        let rows = table.words.chunks_exact_mut(self.layout.words());
        for (row, _) in rows.zip(&table.alive).filter(|&(_, &alive)| alive) {
            if bits.read_bool()? {
                self.read_row(row, bits)?;
            }
        }
        Ok(())
    }

    /// Lists who came, with their rows, and who went.
    fn write_population(&self, now: &Table, sent: &mut Table, bits: &mut BitWriter<'_>) {
        let stride = self.layout.words();
        sent.grow(now.alive.len(), stride);
        bits.write_bool(now.alive != sent.alive);
        if now.alive == sent.alive {
            return;
        }
        let unlike: Vec<usize> = (0..now.alive.len())
            .filter(|&slot| now.alive[slot] != sent.alive[slot])
            .collect();
        write_number(unlike.len(), bits);
        for slot in unlike {
            write_number(slot, bits);
            sent.alive[slot] = now.alive[slot];
            if now.alive[slot] {
                let row = &now.words[slot * stride..][..stride];
                for (&word, &width) in row.iter().zip(self.layout.word_bits()) {
                    bits.write(word, width);
                }
                sent.words[slot * stride..][..stride].copy_from_slice(row);
            }
        }
    }

    fn read_population(
        &self,
        table: &mut Table,
        bits: &mut BitReader<'_>,
    ) -> Result<(), DecodeError> {
        let stride = self.layout.words();
        if !bits.read_bool()? {
            return Ok(());
        }
        for _ in 0..read_number(bits)? {
            let slot = read_number(bits)?;
            table.grow(slot + 1, stride);
            table.alive[slot] = !table.alive[slot];
            if table.alive[slot] {
                let row = &mut table.words[slot * stride..][..stride];
                for (word, &width) in row.iter_mut().zip(self.layout.word_bits()) {
                    *word = bits.read(width)?;
                }
            }
        }
        Ok(())
    }

    fn write_row(&self, row: &[u32], old: &[u32], bits: &mut BitWriter<'_>) {
        for field in self.layout.field_words() {
            let changed = row[field.clone()] != old[field.clone()];
            bits.write_bool(changed);
            if changed {
                for word in field.clone() {
                    let width = self.layout.word_bits()[word];
                    match self.values {
                        Values::Differences if width > SMALL_BITS => {
                            write_difference(row[word], old[word], width, bits);
                        }
                        Values::Raw | Values::Differences => bits.write(row[word], width),
                    }
                }
            }
        }
    }

    fn read_row(&self, row: &mut [u32], bits: &mut BitReader<'_>) -> Result<(), DecodeError> {
        for field in self.layout.field_words() {
            if bits.read_bool()? {
                for word in field.clone() {
                    let width = self.layout.word_bits()[word];
                    row[word] = match self.values {
                        Values::Differences if width > SMALL_BITS => {
                            read_difference(row[word], width, bits)?
                        }
                        Values::Raw | Values::Differences => bits.read(width)?,
                    };
                }
            }
        }
        Ok(())
    }
}

/// One bit for a near difference, two for a far one or none. Differences wrap, as angles do.
fn write_difference(word: u32, old: u32, width: u32, bits: &mut BitWriter<'_>) {
    let difference = word.wrapping_sub(old);
    for reach in [NEAR_BITS, FAR_BITS] {
        let shifted = difference.wrapping_add(1 << (reach - 1)) & mask(width);
        let near = reach < width && shifted <= mask(reach);
        bits.write_bool(near);
        if near {
            bits.write(shifted, reach);
            return;
        }
    }
    bits.write(word, width);
}

fn read_difference(old: u32, width: u32, bits: &mut BitReader<'_>) -> Result<u32, DecodeError> {
    for reach in [NEAR_BITS, FAR_BITS] {
        if bits.read_bool()? {
            let difference = bits.read(reach)?.wrapping_sub(1 << (reach - 1));
            return Ok(old.wrapping_add(difference) & mask(width));
        }
    }
    bits.read(width)
}

/// The highest number of so many bits, up to 32.
fn mask(width: u32) -> u32 {
    u32::MAX >> (32 - width)
}

fn write_number(number: usize, bits: &mut BitWriter<'_>) {
    let number = u32::try_from(number).expect("slots are few");
    bits.write(number, SLOT_BITS);
}

fn read_number(bits: &mut BitReader<'_>) -> Result<usize, DecodeError> {
    let number = bits.read(SLOT_BITS)?;
    Ok(usize::try_from(number).expect("16 bits fit"))
}
