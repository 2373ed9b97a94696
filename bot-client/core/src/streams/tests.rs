//! Streams that are followed, joined in parts, lost and asked for anew.

use proptest::prelude::*;
use syncline_shared::message::frame::OwnPart;

use super::*;
use crate::follower::DecodeAlone;
use crate::scripted_server::{RATE, World, marker_schema};

const COMMON: StreamSlot = StreamSlot::COMMON;
const OWN: StreamSlot = StreamSlot::OWN;

fn streams(slots: &[StreamSlot]) -> Streams {
    Streams::new(marker_schema(), RATE, RoomId(1), 1, slots)
}

fn section<'a>(
    tick: u32,
    span: u32,
    streams: &[(StreamSlot, StreamEntry<'a>)],
) -> FrameSection<'a> {
    FrameSection {
        tick: Tick(tick),
        span,
        own: OwnPart::default(),
        streams: streams.to_vec(),
    }
}

fn apply(
    streams: &mut Streams,
    tick: u32,
    span: u32,
    entries: &[(StreamSlot, StreamEntry<'_>)],
) -> Result<FrameOutcome, DecodeError> {
    streams.apply(&section(tick, span, entries), &mut DecodeAlone)
}

/// A world, and streams that joined it after tick 10.
fn joined() -> (World, Streams) {
    let mut world = World::new(marker_schema());
    world.place(0, 1, 1);
    world.chunk(1);
    let mut streams = streams(&[COMMON]);
    let join = world.join();
    let outcome = apply(&mut streams, 10, 1, &[(COMMON, StreamEntry::Join(&join))]).unwrap();
    assert!(outcome.whole && outcome.joined);
    (world, streams)
}

#[test]
fn chunks_bring_the_frame_up_to_date() {
    let (mut world, mut streams) = joined();
    for tick in 11..20 {
        world.place(tick % 3, tick, 7);
        let chunk = world.chunk(1);
        let outcome = apply(
            &mut streams,
            tick,
            1,
            &[(COMMON, StreamEntry::Chunk(&chunk))],
        );
        let outcome = outcome.unwrap();
        assert!(outcome.whole && !outcome.joined);
        assert_eq!(outcome.snapshots, 1);
        assert_eq!(streams.frame(COMMON), world.frame());
    }
}

#[test]
fn silent_ticks_went_as_predicted() {
    let (mut world, mut streams) = joined();
    assert!(world.chunk(1).is_empty());
    assert_eq!(apply(&mut streams, 11, 1, &[]).unwrap().snapshots, 1);
    assert!(world.chunk(2).is_empty() && world.chunk(2).is_empty());
    world.place(0, 9, 9);
    let chunk = world.chunk(2);
    let entries = [(COMMON, StreamEntry::Chunk(&chunk))];
    // 13 and 15 were silent.
    assert_eq!(apply(&mut streams, 17, 2, &entries).unwrap().snapshots, 3);
    assert_eq!(streams.frame(COMMON), world.frame());
    // The server went from every second to every third tick in the silence.
    assert_eq!(apply(&mut streams, 22, 3, &[]).unwrap().snapshots, 2);
}

#[test]
fn a_gap_that_no_silence_explains_is_refused() {
    let (_, mut streams) = joined();
    assert!(apply(&mut streams, 26, 1, &[]).is_ok());
    assert_eq!(
        apply(&mut streams, 43, 1, &[]).err(),
        Some(DecodeError::OutOfOrder)
    );
}

#[test]
fn a_chunk_that_goes_back_is_refused() {
    for tick in [9, 10] {
        let (mut world, mut streams) = joined();
        let chunk = world.chunk(1);
        let entries = [(COMMON, StreamEntry::Chunk(&chunk))];
        assert_eq!(
            apply(&mut streams, tick, 1, &entries).err(),
            Some(DecodeError::OutOfOrder)
        );
    }
}

#[test]
fn a_chunk_before_the_join_is_refused() {
    for slot in [COMMON, OWN] {
        let mut streams = streams(&[COMMON]);
        let entries = [(slot, StreamEntry::Chunk(&[]))];
        assert_eq!(
            apply(&mut streams, 1, 1, &entries).err(),
            Some(DecodeError::UnknownStream)
        );
    }
}

#[test]
fn a_join_in_parts_is_whole_with_its_last_part() {
    let mut world = World::new(marker_schema());
    for player in 0..40 {
        world.place(player, player, 1);
    }
    world.chunk(1);
    let join = world.join();
    let parts: Vec<&[u8]> = join.chunks(join.len().div_ceil(3)).collect();
    let part = |index: u32| {
        let bytes = parts[usize::try_from(index).unwrap()];
        StreamEntry::JoinPart {
            index,
            count: 3,
            bytes,
        }
    };
    let mut streams = streams(&[COMMON, OWN]);
    let own = World::new(marker_schema()).join();
    // Parts of a join that was given up count for nothing.
    apply(&mut streams, 4, 1, &[(COMMON, part(2))]).unwrap();
    let first = [(COMMON, part(0)), (OWN, StreamEntry::Join(&own))];
    assert!(!apply(&mut streams, 5, 1, &first).unwrap().whole);
    assert!(
        !apply(&mut streams, 5, 1, &[(COMMON, part(2))])
            .unwrap()
            .whole
    );
    assert_eq!(
        streams
            .frame(COMMON)
            .rows(syncline_shared::id::ClassId(0))
            .unwrap()
            .len(),
        0
    );
    let last = apply(&mut streams, 5, 1, &[(COMMON, part(1))]).unwrap();
    assert!(last.whole && last.joined);
    assert_eq!(streams.frame(COMMON), world.frame());
    let again = apply(&mut streams, 6, 1, &[]).unwrap();
    assert!(again.whole && again.snapshots == 1);
}

#[test]
fn the_same_part_twice_is_refused() {
    let mut streams = streams(&[COMMON]);
    let part = StreamEntry::JoinPart {
        index: 0,
        count: 2,
        bytes: &[1],
    };
    apply(&mut streams, 5, 1, &[(COMMON, part)]).unwrap();
    let again = apply(&mut streams, 5, 1, &[(COMMON, part)]);
    assert_eq!(again.err(), Some(DecodeError::OutOfOrder));
}

#[test]
fn a_new_join_replaces_what_was_followed() {
    let (mut world, mut streams) = joined();
    world.place(5, 5, 5);
    world.chunk(1);
    let join = world.join();
    let outcome = apply(&mut streams, 400, 1, &[(COMMON, StreamEntry::Join(&join))]).unwrap();
    assert!(outcome.whole && outcome.joined && outcome.snapshots == 1);
    assert_eq!(streams.frame(COMMON), world.frame());
}

#[test]
fn a_stream_that_is_gone_is_not_waited_for() {
    let (_, mut streams) = joined();
    let own = World::new(marker_schema()).join();
    apply(&mut streams, 11, 1, &[(OWN, StreamEntry::Join(&own))]).unwrap();
    assert!(
        apply(&mut streams, 12, 1, &[(OWN, StreamEntry::Gone)])
            .unwrap()
            .whole
    );
    assert!(streams.snapshot(OWN).is_none());
    assert!(apply(&mut streams, 13, 1, &[]).unwrap().whole);
}

#[test]
fn followed_streams_are_bounded() {
    let mut streams = streams(&[COMMON]);
    let own = World::new(marker_schema()).join();
    let follow = |streams: &mut Streams, slot| {
        apply(
            streams,
            1,
            1,
            &[(StreamSlot(slot), StreamEntry::Join(&own))],
        )
        .map(|_| ())
    };
    for slot in 1..32 {
        follow(&mut streams, slot).unwrap();
    }
    assert_eq!(follow(&mut streams, 32), Err(DecodeError::TooLong));
}

/// Bytes that can't be decoded, whatever the stream is at.
fn unreadable(bytes: &[u8]) -> Vec<u8> {
    [bytes, &[0; 8]].concat()
}

/// Two worlds, and streams that joined both after tick 10.
fn two_joined() -> ([World; 2], Streams) {
    let (common, mut streams) = joined();
    let mut own = World::new(marker_schema());
    own.place(3, 3, 3);
    own.chunk(1);
    let join = own.join();
    apply(&mut streams, 10, 1, &[(OWN, StreamEntry::Join(&join))]).unwrap();
    ([common, own], streams)
}

/// Moves both worlds on and gives their chunks.
fn move_on(worlds: &mut [World; 2], tick: u32) -> [Vec<u8>; 2] {
    worlds.each_mut().map(|world| {
        world.place(0, tick, 7);
        world.chunk(1)
    })
}

fn chunks(chunks: &[Vec<u8>; 2]) -> [(StreamSlot, StreamEntry<'_>); 2] {
    let [common, own] = chunks;
    [
        (COMMON, StreamEntry::Chunk(common)),
        (OWN, StreamEntry::Chunk(own)),
    ]
}

#[test]
fn a_stream_that_goes_astray_is_asked_for_and_the_other_goes_on() {
    let (mut worlds, mut streams) = two_joined();
    let mut bytes = move_on(&mut worlds, 11);
    apply(&mut streams, 11, 1, &chunks(&bytes)).unwrap();
    let shown = streams.frame(COMMON).clone();
    bytes = move_on(&mut worlds, 12);
    bytes[0] = unreadable(&bytes[0]);
    let outcome = apply(&mut streams, 12, 1, &chunks(&bytes)).unwrap();
    assert_eq!((outcome.whole, outcome.mismatches), (false, 1));
    assert!(streams.is_astray(COMMON) && !streams.is_astray(OWN));
    let asked: Vec<Astray> = streams.take_astray().collect();
    assert_eq!((asked[0].stream, asked[0].tick), (COMMON, Tick(12)));
    assert!(asked.len() == 1 && asked[0].error.is_some());
    // What still comes of it is let pass, and it is asked for once.
    for tick in 13..20 {
        bytes = move_on(&mut worlds, tick);
        let outcome = apply(&mut streams, tick, 1, &chunks(&bytes)).unwrap();
        assert_eq!((outcome.whole, outcome.mismatches), (false, 0));
        assert_eq!(streams.frame(OWN), worlds[1].frame());
    }
    assert_eq!(streams.take_astray().count(), 0);
    assert_eq!(streams.frame(COMMON).classes().len(), shown.classes().len());
    bytes = move_on(&mut worlds, 20);
    let join = worlds[0].join();
    let entries = [
        (COMMON, StreamEntry::Join(&join)),
        (OWN, StreamEntry::Chunk(&bytes[1])),
    ];
    let outcome = apply(&mut streams, 20, 1, &entries).unwrap();
    assert!(outcome.whole && outcome.joined && !streams.is_astray(COMMON));
    assert_eq!(streams.frame(COMMON), worlds[0].frame());
    assert_eq!(streams.frame(OWN), worlds[1].frame());
}

#[test]
fn a_hash_that_differs_leads_astray() {
    let (mut worlds, mut streams) = two_joined();
    // It never hears of tick 11.
    move_on(&mut worlds, 11);
    let mut wrong = 0;
    // Every thirtieth chunk has a hash.
    for tick in 12..40 {
        let bytes = move_on(&mut worlds, tick);
        let entries = [(COMMON, StreamEntry::Chunk(&bytes[0]))];
        wrong += apply(&mut streams, tick, 1, &entries).unwrap().mismatches;
    }
    assert_eq!(wrong, 1);
    assert!(streams.is_astray(COMMON));
    assert!(streams.snapshot(COMMON).is_none());
}

#[test]
fn a_join_that_cannot_be_read_is_asked_for_again() {
    let (mut worlds, mut streams) = two_joined();
    let shown = streams.frame(OWN).clone();
    move_on(&mut worlds, 11);
    let wrong = unreadable(&worlds[1].join());
    let entries = [(OWN, StreamEntry::Join(&wrong))];
    assert_eq!(apply(&mut streams, 11, 1, &entries).unwrap().mismatches, 1);
    let asked = streams.take_astray().next().unwrap();
    assert_eq!((asked.stream, asked.tick), (OWN, Tick(11)));
    assert_eq!(*streams.frame(OWN), shown);
    // And the answer to that as well.
    let entries = [(OWN, StreamEntry::Join(&wrong))];
    apply(&mut streams, 12, 1, &entries).unwrap();
    assert_eq!(streams.take_astray().next().unwrap().tick, Tick(12));
    let join = worlds[1].join();
    let outcome = apply(&mut streams, 13, 1, &[(OWN, StreamEntry::Join(&join))]).unwrap();
    assert!(outcome.whole);
    assert_eq!(streams.frame(OWN), worlds[1].frame());
}

#[test]
fn a_join_that_was_on_its_way_is_not_asked_for() {
    let (mut worlds, mut streams) = two_joined();
    let bytes = move_on(&mut worlds, 11);
    let wrong = unreadable(&bytes[0]);
    apply(&mut streams, 11, 1, &[(COMMON, StreamEntry::Chunk(&wrong))]).unwrap();
    move_on(&mut worlds, 12);
    let joins = worlds.each_ref().map(World::join);
    let entries = [
        (COMMON, StreamEntry::Join(&joins[0])),
        (OWN, StreamEntry::Join(&joins[1])),
    ];
    assert!(apply(&mut streams, 12, 1, &entries).unwrap().whole);
    assert_eq!(streams.take_astray().count(), 0);
}

#[test]
fn the_parts_of_one_stream_start_no_other_anew() {
    let (mut worlds, mut streams) = two_joined();
    let mut bytes = move_on(&mut worlds, 11);
    bytes[0] = unreadable(&bytes[0]);
    apply(&mut streams, 11, 1, &chunks(&bytes)).unwrap();
    let shown = streams.frame(COMMON).clone();
    // First the frame of the tick, then the parts, then what happened since.
    bytes = move_on(&mut worlds, 12);
    apply(&mut streams, 12, 1, &chunks(&bytes)[1..]).unwrap();
    let join = worlds[0].join();
    let parts: Vec<&[u8]> = join.chunks(join.len().div_ceil(2)).collect();
    for (index, part) in (0u32..).zip(&parts) {
        assert_eq!(*streams.frame(COMMON), shown);
        let part = StreamEntry::JoinPart {
            index,
            count: 2,
            bytes: part,
        };
        let outcome = apply(&mut streams, 12, 1, &[(COMMON, part)]).unwrap();
        assert_eq!(outcome.whole, index == 1);
    }
    assert_eq!(streams.frame(COMMON), worlds[0].frame());
    bytes = move_on(&mut worlds, 13);
    assert!(apply(&mut streams, 13, 1, &chunks(&bytes)).unwrap().whole);
    assert_eq!(streams.frame(COMMON), worlds[0].frame());
    assert_eq!(streams.frame(OWN), worlds[1].frame());
}

/// The first part of a new start for all streams takes their states away: the ticks since were
/// dropped, however few, and are no silence.
#[test]
fn the_first_part_of_a_rejoin_starts_all_streams_anew() {
    for tick in [13, 400] {
        let (mut worlds, mut streams) = two_joined();
        for missed in 11..=tick {
            move_on(&mut worlds, missed);
        }
        let joins = worlds.each_ref().map(World::join);
        let part = |index, count, bytes| StreamEntry::JoinPart {
            index,
            count,
            bytes,
        };
        let first = [(COMMON, part(0, 1, &joins[0]))];
        let outcome = apply(&mut streams, tick, 1, &first).unwrap();
        assert_eq!((outcome.whole, outcome.joined), (false, true));
        assert_eq!((outcome.snapshots, outcome.events.len()), (1, 0));
        assert_eq!(streams.frame(COMMON), worlds[0].frame());
        assert!(streams.snapshot(OWN).is_none() && !streams.is_astray(OWN));
        // The other's parts don't concern the one that stands at their tick.
        let (left, right) = joins[1].split_at(joins[1].len() / 2);
        for (index, bytes) in [(0, left), (1, right)] {
            let entries = [(OWN, part(index, 2, bytes))];
            let outcome = apply(&mut streams, tick, 1, &entries).unwrap();
            assert_eq!((outcome.whole, outcome.snapshots), (index == 1, 0));
            assert_eq!(streams.frame(COMMON), worlds[0].frame());
        }
        assert_eq!(streams.frame(OWN), worlds[1].frame());
        let bytes = move_on(&mut worlds, tick + 1);
        let outcome = apply(&mut streams, tick + 1, 1, &chunks(&bytes)).unwrap();
        assert_eq!((outcome.whole, outcome.mismatches), (true, 0));
    }
}

proptest! {
    /// Whatever becomes of the bytes of one stream, the other is right at every tick; and a join
    /// three ticks after the server was asked makes the first one right.
    #[test]
    fn flips_in_one_stream_never_reach_the_other(
        flips in prop::collection::vec(
            prop::option::weighted(0.2, (any::<prop::sample::Index>(), 0u8..8)),
            1..80,
        ),
    ) {
        let (mut worlds, mut streams) = two_joined();
        let (mut asked, mut clean) = (None, true);
        for (tick, flip) in (11u32..).zip(flips) {
            let mut bytes = move_on(&mut worlds, tick);
            let join = asked.is_some_and(|asked| asked + 3 == tick).then(|| worlds[0].join());
            if let (Some((place, bit)), None) = (flip, &join) {
                let place = place.index(bytes[0].len());
                bytes[0][place] ^= 1 << bit;
                clean = false;
            }
            let mut entries = chunks(&bytes);
            if let Some(join) = &join {
                entries[0].1 = StreamEntry::Join(join);
                (asked, clean) = (None, true);
            }
            apply(&mut streams, tick, 1, &entries).unwrap();
            if let Some(astray) = streams.take_astray().next() {
                prop_assert_eq!((astray.stream, astray.tick, clean), (COMMON, Tick(tick), false));
                asked = Some(tick);
            }
            prop_assert_eq!(streams.frame(OWN), worlds[1].frame());
            // Each chunk has a hash, so that what is wrong is found at once.
            prop_assert_eq!(streams.is_astray(COMMON), asked.is_some());
            if !streams.is_astray(COMMON) && clean {
                prop_assert_eq!(streams.frame(COMMON), worlds[0].frame());
            }
        }
    }

    #[test]
    fn garbage_never_panics(sections in prop::collection::vec(any::<Vec<u8>>(), 0..20)) {
        let (_, mut streams) = joined();
        for bytes in &sections {
            if let Ok(section) = FrameSection::decode(bytes) {
                let _ = streams.apply(&section, &mut DecodeAlone);
            }
        }
    }

    #[test]
    fn entries_of_garbage_never_panic(
        entries in prop::collection::vec((0u8..4, 0u8..4, any::<Vec<u8>>()), 0..20),
        step in 0u32..3,
    ) {
        let (_, mut streams) = joined();
        let mut tick = 10;
        for (slot, kind, bytes) in &entries {
            tick += step;
            let entry = match kind {
                0 => StreamEntry::Chunk(bytes),
                1 => StreamEntry::Join(bytes),
                2 => StreamEntry::JoinPart { index: 0, count: 1, bytes },
                _ => StreamEntry::Gone,
            };
            let _ = apply(&mut streams, tick, 1, &[(StreamSlot(*slot), entry)]);
        }
    }
}
