//! A room that goes on from its journal: as it was, held until its players are back, in a timeline of
//! its own.

#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

mod support;

use std::collections::BTreeMap;

use proptest::prelude::*;
use support::{
    Race, Rules, Stick, Table, nothing, right, room_with, watcher::Watcher, wild::wild_match,
};
use syncline_server_core::replay::{Replay, pack, restore};
use syncline_server_core::{
    Attach, ClientMessage, ConnectionId, Room, RoomConfig, RoomEvent, RoomOutput, game_kind,
};
use syncline_shared::close::CloseReason;
use syncline_shared::id::{PlayerId, SessionId};
use syncline_shared::journal::{
    Ending, JournalReader, JournalWriter, Record, RosterChange, SeatedSession,
};
use syncline_shared::message::control::{PhaseInfo, Role};
use syncline_shared::message::lobby::RoomRequest;
use syncline_shared::properties::Properties;
use syncline_shared::tick::{Tick, Timestamp};

/// What rooms put out for journals, as the bytes of the last one.
#[derive(Default)]
struct Book {
    bytes: Vec<u8>,
    writer: Option<JournalWriter>,
}

impl Book {
    fn of(records: Vec<RoomOutput>) -> Self {
        let mut book = Self::default();
        book.write(records);
        book
    }

    fn write(&mut self, records: Vec<RoomOutput>) {
        for output in records {
            let record = match output {
                RoomOutput::JournalBegan(header) => {
                    self.bytes.clear();
                    self.writer = JournalWriter::begin(&header, &mut self.bytes).ok();
                    continue;
                }
                RoomOutput::Record(record) => *record,
                RoomOutput::Checkpoint(tick, state) => Record::Checkpoint(pack(tick, &state)),
                _ => continue,
            };
            let writer = self.writer.as_mut().unwrap();
            writer.write(&record, &mut self.bytes);
        }
        self.writer.as_mut().unwrap().flush(&mut self.bytes);
    }

    /// The room of what is left if the server is lost now, with everybody gone.
    fn recover(&mut self) -> Table {
        self.recover_with(0)
    }

    /// The same, where those who watch are told so much later.
    fn recover_with(&mut self, spectator_delay_micros: u64) -> Table {
        let bytes = self.bytes.clone();
        let mut reader = JournalReader::open(&bytes).unwrap();
        let restored = restore(&*game_kind::<Race>(), &mut reader).unwrap();
        self.bytes.truncate(reader.good_bytes().try_into().unwrap());
        self.writer = Some(reader.into_writer());
        let mut config = RoomConfig::restored(&restored.header);
        config.record = true;
        config.spectator_delay_micros = spectator_delay_micros;
        let now = Timestamp::ZERO;
        let room = Room::recover(config, game_kind::<Race>(), restored, now).unwrap();
        Table::new(room)
    }

    /// The hash that the journal leads to, if all in it is as it was recorded.
    fn replay(&self) -> u64 {
        let reader = JournalReader::open(&self.bytes).unwrap();
        let mut replay = Replay::start(&*game_kind::<Race>(), reader.header()).unwrap();
        for record in reader {
            replay.apply(&record).unwrap();
        }
        replay.game().state_hash()
    }

    fn records(&self) -> Vec<Record> {
        JournalReader::open(&self.bytes).unwrap().collect()
    }
}

/// Everybody who was there comes back, on connections of their own.
fn come_back(table: &mut Table, roster: &BTreeMap<SessionId, SeatedSession>) {
    for session in roster.keys() {
        table.attach(1000 + session.0, session.0, true);
    }
}

/// A match with three players that was lost at tick 30, and who was there.
fn lost() -> (Book, BTreeMap<SessionId, SeatedSession>) {
    let mut table = Table::new(room_with(&Rules::default(), |config| config.record = true));
    for n in 1..=3 {
        table.attach(n, n, false);
    }
    table.run(31, right);
    let book = Book::of(core::mem::take(&mut table.records));
    let mut reader = JournalReader::open(&book.bytes).unwrap();
    let roster = restore(&*game_kind::<Race>(), &mut reader).unwrap().roster;
    (book, roster)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8))]

    /// Wherever the journal was torn: the room is the one of its last tick, its sessions have their
    /// seats, and what is recorded on top of it is one journal of one match.
    #[test]
    fn a_torn_journal_goes_on_as_one(seed in 0u64..10_000, cuts in prop::collection::vec(0..1000usize, 4)) {
        let mut hashes = BTreeMap::new();
        let table = wild_match(seed, |table| {
            let hash = table.room.state_hash();
            hashes.extend(hash.map(|hash| (table.room.status().tick, hash)));
        });
        let whole = Book::of(table.records);
        for cut in cuts {
            let begin = whole.bytes.len() / 8;
            let cut = begin + cut * (whole.bytes.len() - begin) / 1000;
            let mut book = Book { bytes: whole.bytes[..cut].to_vec(), writer: None };
            let mut reader = JournalReader::open(&book.bytes).unwrap();
            let restored = restore(&*game_kind::<Race>(), &mut reader).unwrap();
            let (tick, before) = (restored.game.tick(), restored.incarnation);
            let mut roster = restored.roster;
            for change in restored.since {
                match change {
                    RosterChange::Came(one) => drop(roster.insert(one.session, one)),
                    RosterChange::Left(one, _) => drop(roster.remove(&one)),
                    _ => {}
                }
            }
            let mut table = book.recover();
            prop_assert_eq!(table.room.status().tick, tick);
            if tick == Tick::ZERO {
                prop_assert_eq!(table.room.status().phase, "lobby");
                continue;
            }
            prop_assert_eq!(table.room.status().phase, "held");
            prop_assert_eq!(table.room.incarnation(), before + 1);
            come_back(&mut table, &roster);
            for watcher in &table.watchers {
                let welcome = watcher.welcome.as_ref().unwrap();
                prop_assert_eq!(welcome.player, roster[&watcher.session].player);
                prop_assert!(welcome.attach > roster[&watcher.session].attaches);
            }
            table.run(40, right);
            table.check_frames();
            prop_assert_eq!(table.room.status().phase, "running");
            prop_assert!(table.room.status().tick > tick);
            let players: Vec<PlayerId> = roster.values().filter_map(|one| one.player).collect();
            prop_assert_eq!(usize::from(table.room.status().players), players.len());
            let hash = table.room.state_hash().unwrap();
            book.write(core::mem::take(&mut table.records));
            prop_assert_eq!(book.replay(), hash);
        }
    }
}

/// Nobody sees a tick of it before all who played are back; then it goes on where it was.
#[test]
fn a_match_is_held_until_its_players_are_back() {
    let (mut book, _) = lost();
    let mut table = book.recover();
    table.run(3, nothing);
    table.attach(11, 1, true);
    table.attach(12, 2, true);
    table.run(3, nothing);
    assert_eq!(table.room.status().phase, "held");
    assert_eq!(table.room.status().tick, Tick(30));
    let standing = |longest_ms| PhaseInfo::Held {
        tick: Tick(30),
        missing: 1,
        longest_ms,
    };
    let Some(PhaseInfo::Held { longest_ms, .. }) = table.watchers[0].phase else {
        panic!("{:?}", table.watchers[0].phase);
    };
    assert_eq!(table.watchers[0].phase, Some(standing(longest_ms)));
    assert!((1..5_000).contains(&longest_ms));
    assert_eq!(table.watchers[0].frames, 0);
    table.attach(13, 3, true);
    table.run(5, right);
    assert_eq!(table.room.status().phase, "running");
    assert_eq!(table.watchers[0].incarnation(), 2);
    assert!(table.watchers[0].frames >= 4);
    assert!(table.room.status().tick >= Tick(34));
    table.check_frames();
    book.write(core::mem::take(&mut table.records));
    let waited = book.records().into_iter().find_map(|record| match record {
        Record::Hold(hold) => Some(hold.waited_ms),
        _ => None,
    });
    assert!(waited.unwrap() > 0);
}

/// Who does not come back holds nobody up for longer than that, and has the seat for the grace period.
#[test]
fn a_match_goes_on_without_those_who_stay_away() {
    let (mut book, _) = lost();
    let mut table = book.recover();
    table.attach(11, 1, true);
    let begun = table.now;
    while table.room.status().phase == "held" {
        table.run(1, nothing);
    }
    let waited = table.now.since(begun);
    assert!((4_900_000..=5_100_000).contains(&waited), "{waited}");
    table.run(200, right);
    assert_eq!(table.room.status().players, 3);
    assert_eq!(table.room.status().connected, 1);
    table.run(400, right);
    assert_eq!(
        table.room.status().players,
        1,
        "their seats were kept for a while"
    );
    book.write(core::mem::take(&mut table.records));
    assert_eq!(Some(book.replay()), table.room.state_hash());
}

/// Its client was lost with the server, so its seat is free at once.
#[test]
fn nobody_waits_for_who_was_part_of_the_server() {
    let mut table = Table::new(room_with(&Rules::default(), |config| config.record = true));
    table.attach(1, 1, false);
    let attach = Attach {
        session: SessionId(2),
        resume: false,
        resume_token: Vec::new(),
        name: "bot".to_owned(),
        properties: Properties::default(),
        role: Role::Player,
        transient: true,
        knows_schema: false,
    };
    table.watchers.push(Watcher::new(2, 2));
    let event = RoomEvent::Attach(ConnectionId(2), Box::new(attach));
    table.room.handle(table.now, event);
    table.run(20, right);
    assert_eq!(table.room.status().players, 2);
    let mut book = Book::of(core::mem::take(&mut table.records));
    let mut table = book.recover();
    assert_eq!(table.room.status().players, 1);
    table.attach(11, 1, true);
    table.run(10, right);
    assert_eq!(table.room.status().phase, "running");
    table.check_frames();
    book.write(core::mem::take(&mut table.records));
    assert_eq!(Some(book.replay()), table.room.state_hash());
}

/// The next server waits for the same players as this one did.
#[test]
fn a_server_that_is_lost_while_it_holds_loses_nothing() {
    let (mut book, roster) = lost();
    let mut table = book.recover();
    table.attach(11, 1, true);
    table.run(3, nothing);
    book.write(core::mem::take(&mut table.records));
    let mut table = book.recover();
    table.run(3, nothing);
    assert_eq!(table.room.status().phase, "held");
    assert_eq!(table.room.status().tick, Tick(30));
    come_back(&mut table, &roster);
    table.run(1, nothing);
    assert_eq!(table.room.status().phase, "running");
}

/// How often it began in vain is told, so that a match which kills its server can be set aside.
#[test]
fn holds_without_a_tick_are_counted() {
    let (mut book, roster) = lost();
    for vain in 0..3 {
        let bytes = book.bytes.clone();
        let mut reader = JournalReader::open(&bytes).unwrap();
        let restored = restore(&*game_kind::<Race>(), &mut reader).unwrap();
        assert_eq!(restored.vain, vain);
        assert_eq!(restored.incarnation, 1 + vain);
        let mut table = book.recover();
        come_back(&mut table, &roster);
        table.room.advance(table.now);
        while let Some(output) = table.room.poll_output() {
            table.records.push(output);
        }
        assert_eq!(table.room.status().phase, "running");
        assert_eq!(table.room.status().tick, Tick(30));
        book.write(core::mem::take(&mut table.records));
    }
}

/// A room between matches has a journal too: that of the match to come.
#[test]
fn a_room_in_its_lobby_keeps_its_seats() {
    let rules = Rules {
        seats_min: 2,
        ..Rules::default()
    };
    let mut table = Table::new(room_with(&rules, |config| config.record = true));
    table.attach(1, 1, false);
    table.run(5, nothing);
    let mut book = Book::of(core::mem::take(&mut table.records));
    let mut table = book.recover();
    assert_eq!(table.room.status().phase, "lobby");
    table.attach(11, 1, true);
    table.attach(12, 2, false);
    table.run(20, right);
    assert_eq!(table.watchers[0].player(), PlayerId(0));
    assert_eq!(table.watchers[1].player(), PlayerId(1));
    assert_eq!(table.room.incarnation(), 2, "the first may have begun");
    book.write(core::mem::take(&mut table.records));
    assert_eq!(Some(book.replay()), table.room.state_hash());
}

/// A room that waits until all are ready does so after it was lost, with the host that it had.
#[test]
fn a_lobby_is_recovered_with_its_countdown_and_its_host() {
    let mut table = Table::new(room_with(&Rules::default(), |config| {
        config.record = true;
        config.countdown_micros = Some(1_000_000);
    }));
    // The host's session has the higher id.
    for n in [2, 1] {
        table.attach(n, n, false);
    }
    let ready = |ready| ClientMessage::Room(RoomRequest::Ready(ready));
    table.send(2, ready(true));
    table.run(5, nothing);
    let mut book = Book::of(core::mem::take(&mut table.records));
    let mut table = book.recover();
    table.attach(11, 1, true);
    table.attach(12, 2, true);
    table.run(5, nothing);
    let waits = PhaseInfo::Lobby {
        missing: 0,
        unready: Some(2),
        starts_ms: None,
    };
    assert_eq!(table.watchers[0].phase, Some(waits));
    let roster = &table.watchers[0].roster;
    assert!(roster[&PlayerId(0)].host && !roster[&PlayerId(1)].host);
    table.send(12, ClientMessage::Room(RoomRequest::Start));
    table.run(8, nothing);
    assert_eq!(table.room.status().phase, "lobby");
    table.run(10, nothing);
    assert_eq!(table.room.status().phase, "running");
    book.write(core::mem::take(&mut table.records));
    assert_eq!(Some(book.replay()), table.room.state_hash());
}

/// Whether a session that wants in again is told that it was kicked.
fn is_kept_out(table: &mut Table, session: u64) -> bool {
    let connection = 1000 + u64::try_from(table.watchers.len()).unwrap();
    let again = table.attach(connection, session, true);
    let watcher = &table.watchers[again];
    match watcher.closed {
        Some(CloseReason::Kicked) => {
            assert_eq!(watcher.close_text, "kicked", "nobody knows why any more");
            true
        }
        Some(CloseReason::SessionExpired) => false,
        closed => panic!("{closed:?}"),
    }
}

/// In a lobby time is in no record: the whole of it is waited.
#[test]
fn whoever_was_kicked_from_a_lobby_stays_out_when_the_server_is_lost() {
    let mut table = Table::new(room_with(&Rules::default(), |config| {
        config.record = true;
        config.countdown_micros = Some(0);
    }));
    for n in 1..=3 {
        table.attach(n, n, false);
    }
    assert_eq!(table.room.kick(table.now, PlayerId(1), "be kind"), Ok(()));
    table.send(3, ClientMessage::Leave);
    table.run(60, nothing);
    let mut book = Book::of(core::mem::take(&mut table.records));
    let mut table = book.recover();
    assert_eq!(table.room.status().phase, "lobby");
    table.attach(11, 1, true);
    assert!(is_kept_out(&mut table, 2));
    assert!(!is_kept_out(&mut table, 3), "it left by itself");
    table.now = table.now.plus_micros(599_000_000);
    assert!(is_kept_out(&mut table, 2));
    table.now = table.now.plus_micros(2_000_000);
    assert!(!is_kept_out(&mut table, 2));
}

/// The ticks that were played since count, over as many servers as there were.
#[test]
fn whoever_was_kicked_from_a_match_stays_out_for_what_is_left() {
    let mut table = Table::new(room_with(&Rules::default(), |config| config.record = true));
    for n in 1..=3 {
        table.attach(n, n, false);
    }
    table.run(30, right);
    assert_eq!(table.room.kick(table.now, PlayerId(1), ""), Ok(()));
    table.run(601, right);
    assert_eq!(table.room.kick(table.now, PlayerId(2), ""), Ok(()));
    table.run(1, right);
    let mut book = Book::of(core::mem::take(&mut table.records));
    for restart in 0..3 {
        let mut table = book.recover();
        assert!(is_kept_out(&mut table, 2) && is_kept_out(&mut table, 3));
        // Twenty seconds ago, and just now.
        table.now = table.now.plus_micros(581_000_000);
        let (first, second) = (is_kept_out(&mut table, 2), is_kept_out(&mut table, 3));
        assert_eq!((first, second), (false, true), "{restart}");
    }
}

/// Nobody kicked it: it may be told something else, and come again.
#[test]
fn whoever_the_game_refused_is_not_kept_out() {
    let rules = Rules {
        seats_min: 2,
        ..Rules::default()
    };
    let mut table = Table::new(room_with(&rules, |config| config.record = true));
    table.attach_as(1, 1, false, Role::Player, "banned");
    table.attach(2, 2, false);
    table.attach(3, 3, false);
    table.run(5, nothing);
    assert_eq!(table.watchers[0].closed, Some(CloseReason::NotAllowed));
    let mut book = Book::of(core::mem::take(&mut table.records));
    assert!(!is_kept_out(&mut book.recover(), 1));
}

/// After a match the next journal begins at once, with everybody who is still there.
#[test]
fn the_next_journal_begins_when_a_match_ends() {
    let mut table = Table::new(room_with(&Rules::default(), |config| config.record = true));
    table.attach(1, 1, false);
    table.run(5, right);
    table.ask(1, 0, &support::Ask::Finish {});
    table.run(2, nothing);
    assert_eq!(table.room.status().phase, "ended");
    let ended = table.records.iter().position(|output| {
        matches!(output, RoomOutput::Record(record)
            if matches!(**record, Record::End(Ending::Outcome(_))))
    });
    let after = &table.records[ended.unwrap() + 1..];
    let [RoomOutput::JournalBegan(header)] = after else {
        panic!("{after:?}");
    };
    assert_eq!((header.incarnation, header.roster.len()), (2, 1));
    let mut table = Book::of(table.records).recover();
    table.attach(11, 1, true);
    table.run(3, |_, _| {
        Some(Stick {
            step: 1,
            grab: false,
        })
    });
    assert_eq!(table.room.incarnation(), 3);
    assert_eq!(table.room.status().phase, "running");
}

/// What those who watch are told late of a match that goes on begins with that it is held.
#[test]
fn those_who_watch_later_see_it_held_and_then_go_on() {
    let (mut book, roster) = lost();
    let mut table = book.recover_with(2_000_000);
    let watcher = table.attach_as(50, 50, false, Role::Spectator, "someone");
    let held =
        |table: &Table| matches!(table.watchers[watcher].phase, Some(PhaseInfo::Held { .. }));
    assert!(held(&table));
    assert_eq!(table.watchers[watcher].roster.len(), 3);
    come_back(&mut table, &roster);
    table.run(30, right);
    assert_eq!(table.room.status().phase, "running");
    assert!(held(&table) && table.watchers[watcher].frames == 0);
    for _ in 0..60 {
        table.run(1, right);
    }
    let seen = &table.watchers[watcher];
    let tick = table.room.status().tick;
    assert_eq!(seen.incarnation(), table.room.incarnation());
    // Two seconds, and at most a quarter of silence.
    assert!(
        (60..68).contains(&tick.since(seen.tick)),
        "{tick} {}",
        seen.tick
    );
    assert_eq!(seen.joins, 1);
}
