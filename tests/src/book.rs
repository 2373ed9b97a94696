//! What is left of a room whose server is lost in the midst of a match.
//!
//! That is what its disk has: the journal, cut anywhere behind the last tick but one. A quiet
//! tick that waits to be written with the next is in none of its bytes, and lost too.

use std::sync::Arc;

use syncline_server_core::replay::{pack, restore};
use syncline_server_core::{GameKind, Room, RoomConfig, RoomOutput};
use syncline_shared::journal::{JournalReader, JournalWriter, Record};
use syncline_shared::rng::Rng;
use syncline_shared::tick::Timestamp;

/// The journal of a room's current match, as it is on a disk.
#[derive(Debug, Default)]
pub(crate) struct Book {
    bytes: Vec<u8>,
    writer: Option<JournalWriter>,
    /// Where the last tick begins, or the first would.
    last_tick: Option<usize>,
}

impl Book {
    /// The bytes.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Takes in what the room put out.
    pub(crate) fn take(&mut self, output: &RoomOutput) {
        match output {
            RoomOutput::JournalBegan(header) => {
                self.bytes.clear();
                self.writer = JournalWriter::begin(header, &mut self.bytes).ok();
                self.last_tick = Some(self.bytes.len());
            }
            RoomOutput::Record(record) => self.write(record),
            RoomOutput::Checkpoint(tick, state) => {
                self.write(&Record::Checkpoint(pack(*tick, state)));
            }
            _ => {}
        }
    }

    fn write(&mut self, record: &Record) {
        if let Record::Tick(_) = record {
            self.last_tick = Some(self.bytes.len());
        }
        if let Some(writer) = &mut self.writer {
            writer.write(record, &mut self.bytes);
        }
    }

    /// The room of what is left when the server is lost, if it had one.
    pub(crate) fn recover(
        &mut self,
        now: Timestamp,
        kind: &Arc<dyn GameKind>,
        rng: &mut Rng,
    ) -> Option<Room> {
        let least = self.last_tick?;
        let spread = u32::try_from(self.bytes.len() - least).ok()?;
        let bytes = &self.bytes[..least + rng.below(spread + 1) as usize];
        let mut reader = JournalReader::open(bytes).ok()?;
        let restored = restore(&**kind, &mut reader).ok()?;
        let good = usize::try_from(reader.good_bytes()).ok()?;
        self.writer = Some(reader.into_writer());
        self.bytes.truncate(good);
        self.last_tick = Some(good);
        let mut config = RoomConfig::restored(&restored.header);
        config.record = true;
        Room::recover(config, Arc::clone(kind), restored, now).ok()
    }
}
