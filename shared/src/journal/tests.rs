//! Journals as bytes: they come back whole, and whatever is missing or changed is seen.

use std::sync::Arc;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};

use super::*;
use crate::game::Outcome;
use crate::id::{RoomCode, RoomId, SessionId};
use crate::labels::Labels;
use crate::schema::Schema;
use crate::schema::arbitrary::schema_data;

/// What happens at a tick, before it is known who has a seat.
#[derive(Clone, Debug)]
enum Step {
    Join(u16, String),
    Leave(u16, LeaveReason),
    Command(Option<u16>, Vec<u8>),
    Tick {
        /// For each seat, in order: whether an input comes, and if so whether it is as before.
        inputs: Vec<(u8, InputStatus, Vec<u32>, u32)>,
    },
    Hash(u64),
    Checkpoint(Vec<u8>),
    Roster(u64),
    Hold(u32),
}

fn step() -> impl Strategy<Value = Step> {
    let reason = || {
        select(vec![
            LeaveReason::Left,
            LeaveReason::Lost,
            LeaveReason::Kicked,
            LeaveReason::Refused,
        ])
    };
    let input = (
        0u8..4,
        select(InputStatus::ALL.to_vec()),
        vec(any::<u32>(), 0..20),
        0u32..300,
    );
    prop_oneof![
        2 => (0u16..6, any::<String>()).prop_map(|(player, name)| Step::Join(player, name)),
        1 => (0u16..6, reason()).prop_map(|(player, why)| Step::Leave(player, why)),
        1 => (any::<Option<u16>>(), any::<Vec<u8>>()).prop_map(|(from, what)| Step::Command(from, what)),
        12 => vec(input, 0..6).prop_map(|inputs| Step::Tick { inputs }),
        1 => any::<u64>().prop_map(Step::Hash),
        1 => any::<Vec<u8>>().prop_map(Step::Checkpoint),
        1 => any::<u64>().prop_map(Step::Roster),
        1 => any::<u32>().prop_map(Step::Hold),
    ]
}

pub(super) fn header(schema: &Schema) -> FileHeader {
    FileHeader {
        build: "syncline 0.1.0".to_owned(),
        started_unix_ms: 1_800_000_000_000,
        room: RoomHeader {
            id: RoomId(7),
            code: RoomCode::from_entropy(7),
            private: false,
            players_max: 10,
            spectators_max: 1024,
            snapshot_interval: 1,
            silence: true,
            grace_micros: 15_000_000,
            empty_micros: 30_000_000,
            rematch_micros: 10_000_000,
            spectator_delay_micros: 5_000_000,
            lock: None,
            labels: Labels::default(),
            countdown_micros: Some(3_000_000),
            seed: 3,
        },
        incarnation: 1,
        schema: schema.encoded().to_vec(),
        start: MatchHeader {
            game: "test".to_owned(),
            fingerprint: schema.fingerprint(),
            config: vec![1, 2, 3],
            seed: 4,
            checkpoint_interval: 300,
        },
        roster: Vec::new(),
    }
}

/// The records of a match in which `steps` happen.
fn records(schema: &Schema, steps: Vec<Step>, ending: Option<Ending>) -> Vec<Record> {
    let (mut seats, mut acts) = (std::collections::BTreeMap::new(), Vec::new());
    let (mut tick, mut records) = (Tick::ZERO, Vec::new());
    for step in steps {
        match step {
            Step::Join(player, name) => {
                seats.insert(PlayerId(player), (InputWords::default(), 0));
                acts.push(Act::Join(
                    PlayerId(player),
                    Profile {
                        name,
                        ..Profile::default()
                    },
                ));
            }
            Step::Leave(player, reason) => {
                seats.remove(&PlayerId(player));
                acts.push(Act::Leave(PlayerId(player), reason));
            }
            Step::Command(from, what) => {
                let from = from.map_or(Origin::Operator, |player| Origin::Player(PlayerId(player)));
                acts.push(Act::Command(from, what));
            }
            Step::Tick { inputs } => {
                tick = tick.next();
                let mut applied = Vec::new();
                for ((&player, seat), (how, status, words, lag)) in seats.iter_mut().zip(inputs) {
                    let status = match how {
                        0 => InputStatus::Repeated,
                        1 => {
                            seat.0 = InputWords::clamped(&words, schema.input());
                            seat.1 = u64::from(lag).min(ViewTick::at(tick).0);
                            status
                        }
                        _ => InputStatus::Applied,
                    };
                    if status != InputStatus::Repeated {
                        applied.push(AppliedInput {
                            player,
                            words: seat.0.clone(),
                            status,
                            view: ViewTick::before(tick, seat.1),
                        });
                    }
                }
                records.push(Record::Tick(TickRecord {
                    tick,
                    acts: core::mem::take(&mut acts),
                    inputs: applied,
                }));
            }
            Step::Hash(hash) => records.push(Record::Hash(tick, hash)),
            Step::Checkpoint(packed) => records.push(Record::Checkpoint(Checkpoint {
                tick,
                size: 77,
                packed,
            })),
            Step::Roster(session) => {
                records.push(Record::Roster(RosterChange::Away(SessionId(session))));
            }
            Step::Hold(waited_ms) => records.push(Record::Hold(Hold {
                from_unix_ms: 5,
                waited_ms,
            })),
        }
    }
    records.extend(ending.map(Record::End));
    records
}

fn written(header: &FileHeader, records: &[Record]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut writer = JournalWriter::begin(header, &mut bytes).unwrap();
    for record in records {
        writer.write(record, &mut bytes);
    }
    writer.flush(&mut bytes);
    assert_eq!(writer.bytes(), bytes.len() as u64);
    bytes
}

fn journals() -> impl Strategy<Value = (FileHeader, Vec<Record>)> {
    let endings = select(vec![
        None,
        Some(Ending::Outcome(Outcome::default())),
        Some(Ending::Lost("the disk is full".to_owned())),
        Some(Ending::Panicked("oh".to_owned(), Some(Box::default()))),
    ]);
    (schema_data(), vec(step(), 0..60), endings).prop_map(|(data, steps, ending)| {
        let schema = Schema::from_data(data).unwrap();
        let records = records(&schema, steps, ending);
        (header(&schema), records)
    })
}

fn read(bytes: &[u8]) -> (Vec<Record>, JournalReader<'_>) {
    let mut reader = JournalReader::open(bytes).unwrap();
    let records = reader.by_ref().collect();
    (records, reader)
}

proptest! {
    #[test]
    fn journals_round_trip((header, records) in journals()) {
        let bytes = written(&header, &records);
        let (found, reader) = read(&bytes);
        prop_assert_eq!(&found, &records);
        prop_assert_eq!(&**reader.header(), &header);
        prop_assert_eq!(reader.tail(), Tail::Whole);
        prop_assert_eq!(reader.good_bytes(), bytes.len() as u64);
        let is_end = matches!(records.last(), Some(Record::End(_)));
        prop_assert_eq!(reader.is_ended(), is_end);
    }

    /// A journal that was cut is refused, or its records are the first of those that were written.
    #[test]
    fn a_journal_that_is_cut_has_lost_its_end_alone((header, records) in journals()) {
        let bytes = written(&header, &records);
        let whole = written(&header, &[]).len();
        for cut in 0..bytes.len() {
            if cut < whole {
                prop_assert_eq!(JournalReader::open(&bytes[..cut]).err(), Some(OpenError::Torn));
                continue;
            }
            let (found, reader) = read(&bytes[..cut]);
            prop_assert_eq!(&found[..], &records[..found.len()]);
            let lost = cut as u64 - reader.good_bytes();
            let expected = match lost {
                0 => Tail::Whole,
                bytes => Tail::Torn { at: reader.good_bytes(), bytes },
            };
            prop_assert_eq!(reader.tail(), expected);
            prop_assert!(!reader.is_ended());
        }
    }

    /// Whoever goes on behind a torn end writes a journal that is whole.
    #[test]
    fn a_journal_goes_on_where_it_was_cut((header, records) in journals(), cut: Index) {
        let bytes = written(&header, &records);
        let whole = written(&header, &[]).len();
        let cut = whole + cut.index(bytes.len() + 1 - whole);
        let (found, reader) = read(&bytes[..cut]);
        let mut mended = bytes[..usize::try_from(reader.good_bytes()).unwrap()].to_vec();
        if !reader.is_ended() {
            let mut writer = reader.into_writer();
            for record in &records[found.len()..] {
                writer.write(record, &mut mended);
            }
            writer.flush(&mut mended);
        }
        prop_assert_eq!(read(&mended).0, records);
    }

    /// Whatever bytes are changed, what is read is what was written, up to there.
    #[test]
    fn damage_is_seen((header, records) in journals(), at: Index, flip in 1u8..) {
        let mut bytes = written(&header, &records);
        let at = at.index(bytes.len());
        bytes[at] ^= flip;
        let Ok(mut reader) = JournalReader::open(&bytes) else {
            prop_assert!(at < written(&header, &[]).len());
            return Ok(());
        };
        let found: Vec<Record> = reader.by_ref().collect();
        prop_assert!(found.len() < records.len() || reader.tail() != Tail::Whole);
        prop_assert_eq!(&found[..], &records[..found.len()]);
        prop_assert!(reader.good_bytes() <= at as u64);
        prop_assert_ne!(reader.tail(), Tail::Whole);
    }

    /// In the middle it is told from a torn end.
    #[test]
    fn damage_in_the_middle_is_no_torn_end(
        (header, mut records) in journals(),
        at: Index,
        flip in 1u8..,
    ) {
        let begin = written(&header, &[]).len();
        let last = Record::Roster(RosterChange::Away(SessionId(1)));
        records.retain(|record| !matches!(record, Record::End(_)));
        // The first of them may carry quiet ticks, the second is eight bytes.
        records.extend([last.clone(), last]);
        let mut bytes = written(&header, &records);
        let at = begin + at.index(bytes.len() - 8 - begin);
        bytes[at] ^= flip;
        let (_, reader) = read(&bytes);
        prop_assert!(matches!(reader.tail(), Tail::Damaged { .. }), "{:?}", reader.tail());
    }

    #[test]
    fn garbage_never_panics(bytes: Vec<u8>, (header, records) in journals(), at: Index) {
        let _ = JournalReader::open(&bytes);
        let mut journal = written(&header, &records);
        let begin = written(&header, &[]).len();
        let at = begin + at.index(journal.len() + 1 - begin);
        journal.splice(at..at, bytes.iter().copied());
        let (found, _) = read(&journal);
        prop_assert!(found.len() <= records.len());
    }
}

/// What stands in a good frame and makes no sense is damage, and nothing of it counts.
#[test]
fn garbage_with_a_good_checksum_is_damage() {
    let schema = small_schema();
    let mut bytes = Vec::new();
    let writer = JournalWriter::begin(&header(&schema), &mut bytes).unwrap();
    for body in [
        &[9][..],
        &[0x50, 1],
        &[3, 1, 0],
        &[1, 0],
        &[0x27],
        &[2, 200],
    ] {
        let mut journal = bytes.clone();
        let (salt, at) = (writer.salt(), writer.bytes());
        let write = |out: &mut Vec<u8>| out.extend_from_slice(body);
        frame::write_framed(salt, at, &mut journal, &mut Vec::new(), write);
        let (found, reader) = read(&journal);
        assert_eq!(found, [], "{body:?}");
        assert_eq!(reader.good_bytes(), bytes.len() as u64);
        assert!(matches!(reader.tail(), Tail::Damaged { .. }), "{body:?}");
    }
}

/// A record of another journal, or of another place in this one, is none.
#[test]
fn records_belong_to_their_place_in_their_journal() {
    let schema = small_schema();
    let one = Record::Roster(RosterChange::Away(SessionId(1)));
    let two = Record::Roster(RosterChange::Away(SessionId(2)));
    let begin = written(&header(&schema), &[]);
    let bytes = written(&header(&schema), &[one.clone(), two]);
    let length = (bytes.len() - begin.len()) / 2;
    let without_the_first = [&begin[..], &bytes[begin.len() + length..]].concat();
    assert_eq!(read(&without_the_first).0, []);
    let mut other = header(&schema);
    other.start.seed = 9;
    let other = written(&other, &[]);
    let moved = [&other[..], &bytes[begin.len()..]].concat();
    assert_eq!(read(&moved).0, []);
    assert_eq!(read(&bytes[..begin.len() + length]).0, [one]);
}

crate::replicated! {
    /// What a player of the small game presses.
    #[derive(Clone, Debug, Default)]
    pub(super) struct Pressed {
        pub(super) fire: bool => flag,
        pub(super) aim: u8 => bits(8),
    }
}

fn small_schema() -> Arc<Schema> {
    use crate::schema::SchemaBuilder;
    use crate::tick::TickRate;
    let builder = SchemaBuilder::new("small", TickRate::hz(30)).input::<Pressed>();
    Arc::new(builder.build())
}

fn tick(tick: u32, acts: Vec<Act>, inputs: &[(u16, bool, u8)]) -> Record {
    let input = |&(player, fire, aim)| AppliedInput {
        player: PlayerId(player),
        words: InputWords::of(&Pressed { fire, aim }),
        status: InputStatus::Applied,
        view: ViewTick::before(Tick(tick), 4),
    };
    Record::Tick(TickRecord {
        tick: Tick(tick),
        acts,
        inputs: inputs.iter().map(input).collect(),
    })
}

/// Ticks in which everybody goes on cost six bytes for each two.
#[test]
fn quiet_ticks_cost_next_to_nothing() {
    let schema = small_schema();
    let joins = (0..10).map(|player| Act::Join(PlayerId(player), Profile::default()));
    let inputs: Vec<_> = (0..10).map(|player| (player, true, 9)).collect();
    let first = tick(1, joins.collect(), &inputs);
    let before = written(&header(&schema), std::slice::from_ref(&first)).len();
    let quiet = (2..=31).map(|at| tick(at, Vec::new(), &inputs));
    let records: Vec<Record> = std::iter::once(first).chain(quiet).collect();
    let bytes = written(&header(&schema), &records);
    assert_eq!(bytes.len() - before, 15 * 6);
    assert_eq!(read(&bytes).0, records);
}

/// What nobody expected costs its bits, and not those of the others.
#[test]
fn one_change_costs_a_few_bits() {
    let schema = small_schema();
    let joins = (0..10).map(|player| Act::Join(PlayerId(player), Profile::default()));
    let mut inputs: Vec<_> = (0..10).map(|player| (player, true, 9)).collect();
    let first = tick(1, joins.collect(), &inputs);
    let before = written(&header(&schema), std::slice::from_ref(&first)).len();
    inputs[4].2 = 10;
    let second = tick(2, Vec::new(), &inputs);
    let bytes = written(&header(&schema), &[first, second]);
    // Length, kind and checksum are 6 of them.
    assert_eq!(bytes.len() - before, 6 + 3);
}
