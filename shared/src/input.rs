//! Inputs: one fixed-size frame per player and tick, and the batches they travel in.
//!
//! A frame is words of the schema's input class, in range by construction once decoded. Nothing here
//! is serde on the wire; the derives are for journals and checkpoints.

use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

use crate::bits::{BitReader, BitWriter, ByteReader, write_varint};
use crate::error::DecodeError;
use crate::limits::{INPUT_FRAMES_PER_BATCH_MAX, INPUT_WORDS_MAX};
use crate::replicated::{Replicated, RowReader, RowWriter};
use crate::schema::{FieldKind, Layout, Schema};
use crate::tick::{Tick, ViewTick};

/// The words of one input.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct InputWords(SmallVec<[u32; 8]>);

impl InputWords {
    /// The words of a game's input.
    pub fn of<T: Replicated>(input: &T) -> Self {
        let mut words = Vec::with_capacity(INPUT_WORDS_MAX);
        input.write(&mut RowWriter::new(&mut words, &mut Vec::new()));
        Self(SmallVec::from_vec(words))
    }

    /// A game's input from its words.
    pub fn read<T: Replicated + Default>(&self) -> T {
        T::read(0, &mut RowReader::new(&self.0)).unwrap_or_default()
    }

    /// The words themselves.
    pub fn as_slice(&self) -> &[u32] {
        &self.0
    }

    /// Merges a frame that came too late for its own tick: buttons or-ed, so that no press is lost.
    ///
    /// Axes are replaced if `newest`, which says that no newer frame is known.
    pub fn merge_late(&mut self, late: &Self, schema: &Schema, newest: bool) {
        let fields = &schema.data().input.fields;
        for (field, words) in fields.iter().zip(schema.input().field_words()) {
            let own = self.0.get_mut(words.clone()).unwrap_or_default();
            let late = late.0.get(words.clone()).unwrap_or_default();
            for (own, &late) in own.iter_mut().zip(late) {
                if field.kind == FieldKind::Bool {
                    *own |= late;
                } else if newest {
                    *own = late;
                }
            }
        }
    }
}

/// What a player pressed for one tick.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InputFrame {
    /// The tick it is meant for.
    pub tick: Tick,
    /// What the player was looking at.
    pub view: ViewTick,
    /// The pressed.
    pub words: InputWords,
}

/// What a client sends at once: acknowledgement, then frames of consecutive ticks, oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InputBatch {
    /// Which timeline the frames are meant for; those of an older one are ignored.
    pub incarnation: u32,
    /// How many messages of this connection the client has received.
    pub received: u32,
    /// The frames.
    pub frames: Vec<InputFrame>,
}

impl InputBatch {
    /// Appends the body of an input section.
    ///
    /// Layout: varint incarnation, varint received, byte count; then, if there are frames, varint
    /// tick of the first, per frame a varint of how many eighths of a tick its view lies behind it,
    /// and the words of all frames, bit-packed.
    pub fn encode(&self, layout: &Layout, out: &mut Vec<u8>) {
        let frames = &self.frames[self.frames.len().saturating_sub(INPUT_FRAMES_PER_BATCH_MAX)..];
        write_varint(out, self.incarnation);
        write_varint(out, self.received);
        out.push(u8::try_from(frames.len()).expect("bounded above"));
        let Some(first) = frames.first() else { return };
        write_varint(out, first.tick.0);
        for frame in frames {
            write_varint(
                out,
                u32::try_from(frame.view.lag(frame.tick)).unwrap_or(u32::MAX),
            );
        }
        let mut bits = BitWriter::new(out);
        for frame in frames {
            for (&word, &width) in frame.words.as_slice().iter().zip(layout.word_bits()) {
                bits.write(word, width);
            }
        }
        bits.finish();
    }

    /// Reads what [`InputBatch::encode`] wrote.
    ///
    /// # Errors
    ///
    /// [`DecodeError::TooLong`] for more than [`INPUT_FRAMES_PER_BATCH_MAX`] frames,
    /// [`DecodeError::OutOfRange`] for ticks beyond the last, and whatever reading bits may find.
    pub fn decode(layout: &Layout, bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = ByteReader::new(bytes);
        let incarnation = reader.varint()?;
        let received = reader.varint()?;
        let count = usize::from(reader.u8()?);
        if count > INPUT_FRAMES_PER_BATCH_MAX {
            return Err(DecodeError::TooLong);
        }
        let mut frames = Vec::with_capacity(count);
        if count > 0 {
            let first = Tick(reader.varint()?);
            for tick in (0u32..).take(count) {
                let tick = first
                    .0
                    .checked_add(tick)
                    .map(Tick)
                    .ok_or(DecodeError::OutOfRange)?;
                let view = ViewTick::before(tick, u64::from(reader.varint()?));
                frames.push(InputFrame {
                    tick,
                    view,
                    words: InputWords::default(),
                });
            }
            let mut bits = BitReader::new(reader.rest());
            for frame in &mut frames {
                for (&width, &max) in layout.word_bits().iter().zip(layout.word_max()) {
                    frame.words.0.push(bits.read(width)?.min(max));
                }
            }
            bits.finish()?;
        } else {
            reader.finish()?;
        }
        Ok(Self {
            incarnation,
            received,
            frames,
        })
    }
}

/// How the input of one player at one tick came about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum InputStatus {
    /// The player's frame for this tick.
    Applied,
    /// None had come: the last input again.
    Repeated,
    /// A late frame was merged in.
    Merged,
    /// None had come, and what came was too late to merge.
    Dropped,
}

impl InputStatus {
    /// All of them, by their number on the wire.
    pub const ALL: [Self; 4] = [Self::Applied, Self::Repeated, Self::Merged, Self::Dropped];

    /// The number on the wire, 0 to 3.
    pub fn code(self) -> u8 {
        match self {
            Self::Applied => 0,
            Self::Repeated => 1,
            Self::Merged => 2,
            Self::Dropped => 3,
        }
    }

    /// The status of the low two bits of `code`.
    pub fn from_code(code: u8) -> Self {
        match code & 3 {
            0 => Self::Applied,
            1 => Self::Repeated,
            2 => Self::Merged,
            _ => Self::Dropped,
        }
    }
}
