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

/// The words of one input; none at all while a player has sent nothing yet.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct InputWords(SmallVec<[u32; 8]>);

impl InputWords {
    /// The words of a game's input.
    pub fn of<T: Replicated>(input: &T) -> Self {
        let mut words = Vec::with_capacity(INPUT_WORDS_MAX);
        input.write(&mut RowWriter::new(&mut words, &mut Vec::new()));
        Self(SmallVec::from_slice(&words))
    }

    /// Words for `layout`, as a client without the game's types makes them: words that are too high
    /// are lowered, missing ones are 0.
    pub fn clamped(words: &[u32], layout: &Layout) -> Self {
        let padded = words.iter().copied().chain(core::iter::repeat(0));
        let clamped = padded.zip(layout.word_max());
        Self(clamped.map(|(word, &max)| word.min(max)).collect())
    }

    /// A game's input from its words. No words are the input's default, which need not be zeros.
    pub fn read<T: Replicated + Default>(&self) -> T {
        if self.0.is_empty() {
            return T::default();
        }
        T::read(0, &mut RowReader::new(&self.0)).unwrap_or_default()
    }

    /// The words themselves.
    pub fn as_slice(&self) -> &[u32] {
        &self.0
    }

    /// Merges a frame that came too late for its own tick: buttons or-ed, so that no press is lost.
    ///
    /// Axes are replaced if `newest`, which says that no newer frame is known. Where there was
    /// nothing to merge into, the late frame is all there is.
    pub fn merge_late(&mut self, late: &Self, schema: &Schema, newest: bool) {
        if self.0.is_empty() {
            self.0.clone_from(&late.0);
            return;
        }
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

/// The frames of a batch. Nearly always it is one, which needs no memory of its own.
pub type InputFrames = SmallVec<[InputFrame; 1]>;

/// Set in the byte that counts a batch's frames: the client holds the last of them.
const HELD: u8 = 0x40;

/// What a client sends at once: acknowledgement, then frames of consecutive ticks, oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InputBatch {
    /// Which timeline the frames are meant for; those of an older one are ignored.
    pub incarnation: u32,
    /// How many messages of this connection the client has received.
    pub received: u32,
    /// The frames.
    pub frames: InputFrames,
    /// Whether the last frame counts for every later tick as well, until another one comes: a
    /// client that sends only what changes. Says nothing, and is not sent, without frames.
    pub held: bool,
}

impl InputBatch {
    /// Appends the body of an input section.
    ///
    /// Frames beyond the newest [`INPUT_FRAMES_PER_BATCH_MAX`] are left out; words that are missing
    /// are written as 0, words that are too high as the highest.
    ///
    /// Layout: varint incarnation, varint received, byte count, plus 0x40 if the last frame is held;
    /// then, if there are frames, varint tick of the first, per frame a varint of how many eighths of
    /// a tick its view lies behind it, and the words of all frames, bit-packed.
    pub fn encode(&self, layout: &Layout, out: &mut Vec<u8>) {
        let frames = &self.frames[self.frames.len().saturating_sub(INPUT_FRAMES_PER_BATCH_MAX)..];
        write_varint(out, self.incarnation);
        write_varint(out, self.received);
        let count = u8::try_from(frames.len()).expect("bounded above");
        let Some(first) = frames.first() else {
            return out.push(count);
        };
        out.push(if self.held { count | HELD } else { count });
        debug_assert!(
            frames.is_sorted_by(|one, next| one.tick.next() == next.tick),
            "only the first tick is written"
        );
        write_varint(out, first.tick.0);
        for frame in frames {
            write_varint(
                out,
                u32::try_from(frame.view.lag(frame.tick)).unwrap_or(u32::MAX),
            );
        }
        let mut bits = BitWriter::new(out);
        for frame in frames {
            let words = InputWords::clamped(frame.words.as_slice(), layout);
            for (&word, &width) in words.as_slice().iter().zip(layout.word_bits()) {
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
    /// [`DecodeError::Invalid`] for none of them being held, [`DecodeError::OutOfRange`] for ticks
    /// beyond the last, and whatever reading bits may find.
    pub fn decode(layout: &Layout, bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = ByteReader::new(bytes);
        let incarnation = reader.varint()?;
        let received = reader.varint()?;
        let count = reader.u8()?;
        let held = count & HELD != 0;
        let count = usize::from(count & !HELD);
        if count > INPUT_FRAMES_PER_BATCH_MAX {
            return Err(DecodeError::TooLong);
        }
        if held && count == 0 {
            return Err(DecodeError::Invalid);
        }
        let mut frames = InputFrames::with_capacity(count);
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
            held,
        })
    }
}

/// How the input of one player at one tick came about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum InputStatus {
    /// The player's frame for this tick.
    Applied,
    /// None had come: the last input again, be it because the client holds it or for want of news.
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

#[cfg(test)]
mod tests {
    use glam::Vec2;
    use proptest::prelude::*;
    use smallvec::smallvec;

    use super::*;
    use crate::schema::SchemaBuilder;
    use crate::schema::arbitrary::schema_data;
    use crate::tick::TickRate;

    crate::replicated! {
        /// Two buttons and three axes.
        #[derive(Clone, Debug, Default, PartialEq)]
        struct Pressed {
            jump: bool => flag,
            stick: Vec2 => fixed(-1.0, 1.0, 0.125),
            fire: bool => flag,
            weapon: u8 => bits(3),
        }
    }

    fn schema() -> Schema {
        SchemaBuilder::new("test", TickRate::hz(30))
            .input::<Pressed>()
            .build()
    }

    fn pressed(jump: bool, fire: bool, weapon: u8) -> Pressed {
        Pressed {
            jump,
            stick: Vec2::splat(f32::from(weapon) * 0.125),
            fire,
            weapon,
        }
    }

    fn frame(tick: u32, words: InputWords) -> InputFrame {
        InputFrame {
            tick: Tick(tick),
            view: ViewTick::before(Tick(tick), 20),
            words,
        }
    }

    fn encode(batch: &InputBatch, schema: &Schema) -> Vec<u8> {
        let mut bytes = Vec::new();
        batch.encode(schema.input(), &mut bytes);
        bytes
    }

    fn decode(schema: &Schema, bytes: &[u8]) -> Result<InputBatch, DecodeError> {
        InputBatch::decode(schema.input(), bytes)
    }

    /// A random input class and a batch of its frames.
    fn batches() -> impl Strategy<Value = (Schema, InputBatch)> {
        let words = prop::collection::vec(any::<u32>(), 0..INPUT_WORDS_MAX);
        let frames = prop::collection::vec((any::<u32>(), words), 0..INPUT_FRAMES_PER_BATCH_MAX);
        let first = 0..u32::MAX - 64;
        (schema_data(), any::<(u32, u32, bool)>(), first, frames).prop_map(
            |(data, (incarnation, received, held), first, frames)| {
                let schema = Schema::from_data(data).unwrap();
                let frames: InputFrames = (first..)
                    .zip(frames)
                    .map(|(tick, (lag, words))| InputFrame {
                        tick: Tick(tick),
                        view: ViewTick::before(Tick(tick), u64::from(lag)),
                        words: InputWords::clamped(&words, schema.input()),
                    })
                    .collect();
                let batch = InputBatch {
                    incarnation,
                    received,
                    held: held && !frames.is_empty(),
                    frames,
                };
                (schema, batch)
            },
        )
    }

    proptest! {
        #[test]
        fn batches_round_trip((schema, batch) in batches()) {
            prop_assert_eq!(decode(&schema, &encode(&batch, &schema)), Ok(batch));
        }

        #[test]
        fn a_batch_that_is_cut_or_longer_is_refused(
            (schema, batch) in batches(),
            cut in any::<prop::sample::Index>(),
        ) {
            let bytes = encode(&batch, &schema);
            prop_assert!(decode(&schema, &bytes[..cut.index(bytes.len())]).is_err());
            let longer = [&bytes[..], &[0]].concat();
            prop_assert_eq!(decode(&schema, &longer), Err(DecodeError::LeftOver));
        }

        #[test]
        fn garbage_never_panics_and_what_it_yields_is_in_range(
            data in schema_data(),
            bytes: Vec<u8>,
        ) {
            let schema = Schema::from_data(data).unwrap();
            if let Ok(batch) = decode(&schema, &bytes) {
                prop_assert!(batch.frames.len() <= INPUT_FRAMES_PER_BATCH_MAX);
                for frame in &batch.frames {
                    prop_assert!(frame.view <= ViewTick::at(frame.tick));
                    let clamped = InputWords::clamped(frame.words.as_slice(), schema.input());
                    prop_assert_eq!(&clamped, &frame.words);
                }
            }
        }
    }

    #[test]
    fn typed_inputs_come_back() {
        let (schema, input) = (schema(), pressed(true, false, 5));
        let batch = InputBatch {
            frames: smallvec![frame(7, InputWords::of(&input))],
            ..InputBatch::default()
        };
        let decoded = decode(&schema, &encode(&batch, &schema)).unwrap();
        assert_eq!(decoded.frames[0].words.read::<Pressed>(), input);
    }

    /// A frame without words is one in which nothing was set, not one that shifts its neighbours.
    #[test]
    fn frames_without_words_read_as_zeros() {
        let schema = schema();
        let full = InputWords::of(&pressed(true, true, 7));
        let batch = InputBatch {
            frames: smallvec![frame(7, InputWords::default()), frame(8, full.clone())],
            ..InputBatch::default()
        };
        let decoded = decode(&schema, &encode(&batch, &schema)).unwrap();
        assert_eq!(decoded.frames[0].words.as_slice(), [0; 5]);
        assert_eq!(decoded.frames[1].words, full);
    }

    /// Before a player's first frame a stick rests where the game says, not at its lowest word.
    #[test]
    fn no_words_are_the_default_input() {
        assert_eq!(InputWords::default().read::<Pressed>(), Pressed::default());
        assert_ne!(
            InputWords::clamped(&[], schema().input()).read::<Pressed>(),
            Pressed::default()
        );
    }

    #[test]
    fn words_out_of_range_are_clamped_when_written() {
        let schema = schema();
        let batch = InputBatch {
            frames: smallvec![frame(7, InputWords(SmallVec::from_slice(&[32; 9])))],
            ..InputBatch::default()
        };
        let decoded = decode(&schema, &encode(&batch, &schema)).unwrap();
        assert_eq!(decoded.frames[0].words.as_slice(), [1, 16, 16, 1, 7]);
    }

    #[test]
    fn only_the_newest_frames_of_a_long_batch_are_sent() {
        let schema = schema();
        let batch = InputBatch {
            frames: (0..40)
                .map(|tick| frame(tick, InputWords::default()))
                .collect(),
            ..InputBatch::default()
        };
        let decoded = decode(&schema, &encode(&batch, &schema)).unwrap();
        let ticks: Vec<u32> = decoded.frames.iter().map(|frame| frame.tick.0).collect();
        assert_eq!(ticks, (8..40).collect::<Vec<_>>());
        for count in [33, 0x61, 0x80, 0x81] {
            assert_eq!(
                decode(&schema, &[0, 0, count, 0]),
                Err(DecodeError::TooLong)
            );
        }
    }

    /// Nothing can be held but a frame.
    #[test]
    fn a_batch_without_frames_holds_nothing() {
        let schema = schema();
        let batch = InputBatch {
            held: true,
            ..InputBatch::default()
        };
        let bytes = encode(&batch, &schema);
        assert_eq!(decode(&schema, &bytes), Ok(InputBatch::default()));
        assert_eq!(decode(&schema, &[0, 0, HELD]), Err(DecodeError::Invalid));
    }

    #[test]
    fn ticks_beyond_the_last_are_refused() {
        let mut bytes = vec![0, 0, 2];
        write_varint(&mut bytes, u32::MAX);
        bytes.extend([0; 8]);
        assert_eq!(decode(&schema(), &bytes), Err(DecodeError::OutOfRange));
    }

    #[test]
    fn a_late_press_is_merged_and_late_axes_only_if_newest() {
        let schema = schema();
        let own = InputWords::of(&pressed(true, false, 2));
        let late = InputWords::of(&pressed(false, true, 6));
        let mut merged = own.clone();
        merged.merge_late(&late, &schema, false);
        let buttons = Pressed {
            fire: true,
            ..pressed(true, false, 2)
        };
        assert_eq!(merged.read::<Pressed>(), buttons);
        let mut merged = own;
        merged.merge_late(&late, &schema, true);
        assert_eq!(merged.read::<Pressed>(), pressed(true, true, 6));
    }

    /// The first input of a player may be a late one.
    #[test]
    fn a_late_press_is_merged_into_nothing() {
        let schema = schema();
        let late = InputWords::of(&pressed(false, true, 6));
        let mut merged = InputWords::default();
        merged.merge_late(&late, &schema, true);
        assert_eq!(merged, late);
        merged.merge_late(&InputWords::default(), &schema, false);
        assert_eq!(merged, late);
    }

    #[test]
    fn statuses_have_their_numbers() {
        for (code, status) in (0u8..).zip(InputStatus::ALL) {
            assert_eq!(status.code(), code);
            assert_eq!(InputStatus::from_code(code), status);
            assert_eq!(InputStatus::from_code(code | 0xfc), status);
        }
    }
}
