//! The journal's format as bytes: the example of JOURNAL.md is what is written, and reads as it was.

use syncline_shared::game::{LeaveReason, Outcome, Profile};
use syncline_shared::id::{PlayerId, RoomCode, RoomId, SessionId, TeamId};
use syncline_shared::input::{InputStatus, InputWords};
use syncline_shared::journal::{
    Act, AppliedInput, Checkpoint, Ending, FileHeader, Hold, JournalReader, JournalWriter,
    MatchHeader, Record, RoomHeader, RoomLock, RosterChange, SeatedSession, Tail, TickRecord,
};
use syncline_shared::labels::Labels;
use syncline_shared::properties::Properties;
use syncline_shared::schema::{Schema, SchemaBuilder};
use syncline_shared::tick::{Tick, TickRate, ViewTick};

use crate::file::{hex, unhex};

const DOCUMENT: &str = include_str!("../../JOURNAL.md");

syncline_shared::replicated! {
    /// A button and an angle.
    #[derive(Clone, Debug, Default)]
    struct Pressed {
        fire: bool => flag,
        aim: u8 => bits(8),
    }
}

fn schema() -> Schema {
    SchemaBuilder::new("golden", TickRate::hz(30))
        .input::<Pressed>()
        .build()
}

fn profile(name: &str, team: u8) -> Profile {
    Profile {
        name: name.to_owned(),
        team: Some(TeamId(team)),
        properties: Properties::new([("hat", "fez")]).unwrap(),
    }
}

fn session() -> SeatedSession {
    SeatedSession {
        session: SessionId(5),
        player: Some(PlayerId(0)),
        profile: profile("Ada", 1),
        came: 1,
        attaches: 1,
        connected: true,
        transient: false,
    }
}

fn header(schema: &Schema) -> FileHeader {
    FileHeader {
        build: "syncline 0.1.0".to_owned(),
        started_unix_ms: 1_800_000_000_000,
        room: RoomHeader {
            id: RoomId(1),
            code: RoomCode::from_entropy(0),
            private: false,
            players_max: 2,
            spectators_max: 4,
            snapshot_interval: 1,
            silence: true,
            grace_micros: 15_000_000,
            empty_micros: 30_000_000,
            rematch_micros: 10_000_000,
            spectator_delay_micros: 5_000_000,
            lock: Some(RoomLock {
                salt: [1; 16],
                hash: [2; 32],
            }),
            labels: Labels::new([("mode", "ctf")]).unwrap(),
            countdown_micros: Some(3_000_000),
            seed: 3,
        },
        incarnation: 1,
        schema: schema.encoded().to_vec(),
        start: MatchHeader {
            game: "golden".to_owned(),
            fingerprint: schema.fingerprint(),
            config: vec![7],
            seed: 4,
            checkpoint_interval: 300,
        },
        roster: vec![session()],
    }
}

fn tick(tick: u32, acts: Vec<Act>, inputs: &[(u16, bool, u8, u64)]) -> Record {
    let input = |&(player, fire, aim, lag)| AppliedInput {
        player: PlayerId(player),
        words: InputWords::of(&Pressed { fire, aim }),
        status: InputStatus::Applied,
        view: ViewTick::before(Tick(tick), lag),
    };
    Record::Tick(TickRecord {
        tick: Tick(tick),
        acts,
        inputs: inputs.iter().map(input).collect(),
    })
}

fn records() -> Vec<Record> {
    let join = |player, name: &str| Act::Join(PlayerId(player), profile(name, 1));
    let bob = SeatedSession {
        session: SessionId(6),
        player: Some(PlayerId(1)),
        profile: profile("Bob", 1),
        came: 2,
        ..session()
    };
    vec![
        tick(1, vec![join(0, "Ada")], &[(0, true, 9, 0)]),
        tick(2, vec![], &[(0, true, 9, 0)]),
        tick(3, vec![], &[(0, true, 9, 0)]),
        Record::Roster(RosterChange::Came(bob)),
        Record::Roster(RosterChange::Changed(SessionId(6), profile("Bob", 0))),
        tick(4, vec![join(1, "Bob")], &[(0, true, 9, 4)]),
        tick(5, vec![], &[(0, true, 9, 4)]),
        Record::Hash(Tick(5), 0x0102_0304_0506_0708),
        Record::Checkpoint(Checkpoint {
            tick: Tick(5),
            size: 300,
            packed: vec![0x28, 0xb5, 0x2f, 0xfd],
        }),
        Record::Roster(RosterChange::Away(SessionId(6))),
        Record::Hold(Hold {
            from_unix_ms: 1_800_000_001_000,
            waited_ms: 250,
        }),
        Record::Roster(RosterChange::Left(SessionId(6), LeaveReason::Lost)),
        Record::End(Ending::Outcome(Outcome {
            winners: vec![PlayerId(0)],
            scores: vec![(PlayerId(0), 3)],
        })),
    ]
}

/// The bytes of each part of the small journal: its header, then record by record.
fn parts() -> Vec<Vec<u8>> {
    let mut parts = vec![Vec::new()];
    let mut writer = JournalWriter::begin(&header(&schema()), &mut parts[0]).unwrap();
    for record in records() {
        let mut part = Vec::new();
        writer.write(&record, &mut part);
        parts.push(part);
    }
    parts.retain(|part| !part.is_empty());
    parts
}

#[test]
fn the_example_is_what_is_written() {
    let (_, block) = DOCUMENT
        .split_once("```hex name=journal/small\n")
        .expect("the example is there");
    let (block, _) = block.split_once("\n```").unwrap();
    let bytes = block.lines().map(|line| {
        let (bytes, meaning) = line.split_once('|').expect("bytes, a bar, what they say");
        assert!(!meaning.trim().is_empty(), "{line}");
        bytes.replace(' ', "")
    });
    let bytes = unhex(&bytes.collect::<String>());
    let expected = parts().iter().map(|part| hex(part)).collect::<Vec<_>>();
    assert_eq!(hex(&bytes), expected.concat(), "{expected:#?}");
    let mut reader = JournalReader::open(&bytes).unwrap();
    assert_eq!(reader.by_ref().collect::<Vec<_>>(), records());
    assert_eq!(reader.tail(), Tail::Whole);
    assert_eq!(**reader.header(), header(&schema()));
}
