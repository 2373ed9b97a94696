//! What chunks cost as messages: the frame section, the member's own part, the WebSocket header.

use syncline_shared::id::StreamSlot;
use syncline_shared::limits::SILENCE_MICROS_MAX;
use syncline_shared::message::frame::{FrameSection, OwnPart, StreamEntry};
use syncline_shared::message::{SectionKind, write_section};
use syncline_shared::tick::Tick;

use super::streams::SPAN;

/// The first tick: late enough that its number is as long as it is for most of a match.
const FIRST_TICK: u32 = 1 << 14;

/// The bytes of the messages that carry chunks of these sizes to one member, tick by tick: nothing
/// where all went as predicted, until the silence grows too long.
pub(crate) fn message_bytes(hz: u16, common: &[usize], own: Option<&[usize]>) -> Vec<usize> {
    let silence_max = SILENCE_MICROS_MAX * u64::from(hz) / 1_000_000;
    let mut silence = 0;
    let own = own.into_iter().flatten().copied();
    let mut own = own.chain(core::iter::repeat(0));
    let mut bytes = Vec::new();
    for (tick, &common) in (FIRST_TICK..).map(Tick).zip(common) {
        let own = own.next().unwrap_or(0);
        silence += 1;
        if common + own == 0 && silence < silence_max {
            bytes.push(0);
        } else {
            silence = 0;
            bytes.push(message_size(tick, common, own));
        }
    }
    bytes
}

fn message_size(tick: Tick, common: usize, own: usize) -> usize {
    let chunks = [vec![0; common], vec![0; own]];
    let streams = [StreamSlot::COMMON, StreamSlot::OWN]
        .into_iter()
        .zip(&chunks);
    let section = FrameSection {
        tick,
        span: SPAN,
        own: OwnPart::default(),
        streams: streams
            .filter(|(_, chunk)| !chunk.is_empty())
            .map(|(slot, chunk)| (slot, StreamEntry::Chunk(chunk)))
            .collect(),
    };
    let (mut body, mut message) = (Vec::new(), Vec::new());
    section.encode(&mut body);
    write_section(SectionKind::Frame, &body, &mut message);
    message.len() + websocket_header(message.len())
}

/// What a server puts before a message of so many bytes.
fn websocket_header(length: usize) -> usize {
    match length {
        0..=125 => 2,
        126..=0xffff => 4,
        _ => 10,
    }
}
