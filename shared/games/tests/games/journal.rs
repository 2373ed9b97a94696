//! What it costs to record arena.

use syncline_games::Arena;
use syncline_games::arena::ArenaInput;
use syncline_shared::game::{Game, Profile};
use syncline_shared::id::{PlayerId, RoomCode, RoomId};
use syncline_shared::input::{InputStatus, InputWords};
use syncline_shared::journal::{
    Act, AppliedInput, FileHeader, JournalReader, JournalWriter, MatchHeader, Record, RoomHeader,
    TickRecord,
};
use syncline_shared::labels::Labels;
use syncline_shared::rng::Rng;
use syncline_shared::tick::{Tick, ViewTick};

const PLAYERS: u16 = 10;
const SECONDS: u32 = 60;

fn header() -> FileHeader {
    let schema = Arena::schema();
    FileHeader {
        build: String::new(),
        started_unix_ms: 0,
        room: RoomHeader {
            id: RoomId(1),
            code: RoomCode::from_entropy(1),
            private: false,
            players_max: PLAYERS,
            spectators_max: 0,
            snapshot_interval: 1,
            silence: true,
            grace_micros: 0,
            empty_micros: 0,
            rematch_micros: 0,
            spectator_delay_micros: 0,
            lock: None,
            labels: Labels::default(),
            countdown_micros: None,
            seed: 0,
        },
        incarnation: 1,
        schema: schema.encoded().to_vec(),
        start: MatchHeader {
            game: Arena::NAME.to_owned(),
            fingerprint: schema.fingerprint(),
            config: Vec::new(),
            seed: 1,
            checkpoint_interval: 300,
        },
        roster: Vec::new(),
    }
}

/// Bytes a second of a match in which `changes` says whether a player presses something else.
fn bytes_per_second(mut changes: impl FnMut(&mut Rng) -> bool) -> usize {
    let mut rng = Rng::from_seed(7);
    let mut inputs: Vec<AppliedInput> = (0..PLAYERS)
        .map(|player| AppliedInput {
            player: PlayerId(player),
            words: InputWords::of(&ArenaInput::default()),
            status: InputStatus::Applied,
            view: ViewTick(0),
        })
        .collect();
    let joins = (0..PLAYERS).map(|player| Act::Join(PlayerId(player), Profile::default()));
    let mut acts: Vec<Act> = joins.collect();
    let mut journal = Vec::new();
    let mut writer = JournalWriter::begin(&header(), &mut journal).expect("it is a header");
    let (begin, mut records) = (journal.len(), Vec::new());
    let small = |rng: &mut Rng, bound: u32| u8::try_from(rng.below(bound)).expect("a small bound");
    for tick in (1..=SECONDS * 30).map(Tick) {
        for input in &mut inputs {
            // Four ticks behind, and an eighth more or less whenever something else changes.
            input.view = ViewTick::before(tick, 32.min(u64::from(tick.0) * 8));
            if changes(&mut rng) {
                input.view =
                    ViewTick::before(tick, 28 + u64::from(rng.below(8)).min(u64::from(tick.0)));
                input.words = InputWords::of(&ArenaInput {
                    direction: small(&mut rng, 9),
                    boost: rng.chance(1, 2),
                    fire: rng.chance(1, 2),
                    aim: small(&mut rng, 256),
                });
            }
        }
        let record = Record::Tick(TickRecord {
            tick,
            acts: core::mem::take(&mut acts),
            inputs: inputs.clone(),
        });
        writer.write(&record, &mut journal);
        records.push(record);
        if tick.is_multiple_of(30) {
            let hash = Record::Hash(tick, rng.next_u64());
            writer.write(&hash, &mut journal);
            records.push(hash);
        }
    }
    writer.flush(&mut journal);
    let read: Vec<Record> = JournalReader::open(&journal)
        .expect("it is a journal")
        .collect();
    assert!(read == records, "it reads as it was written");
    (journal.len() - begin) / SECONDS as usize
}

/// The bounds that the journal promises for ten players.
#[test]
fn recording_ten_players_costs_a_kilobyte_a_second_or_two() {
    let quiet = bytes_per_second(|_| false);
    let wander = bytes_per_second(|rng| rng.chance(1, 30));
    let wild = bytes_per_second(|_| true);
    assert!(quiet <= 128, "{quiet}");
    assert!(wander <= 1024, "{wander}");
    assert!(wild <= 2048, "{wild}");
}
