//! A recorded match that is watched: at any speed, from anywhere, as it was.

#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

mod support;

use std::collections::BTreeMap;
use std::sync::Arc;

use proptest::prelude::*;
use support::{Race, Runner, Watcher, nothing, right, table, wild::wild_match};
use syncline_server_core::replay::{Happened, Playback, Recording, pack};
use syncline_server_core::replay_room::{PlaybackControl, Speed};
use syncline_server_core::{
    Attach, ClientMessage, ConnectionId, ReplayRoom, RoomConfig, RoomEvent, RoomOutput, game_kind,
};
use syncline_shared::close::CloseReason;
use syncline_shared::command::{CommandMessage, CommandOutcome, CommandRefusal};
use syncline_shared::id::{SessionId, StreamSlot};
use syncline_shared::input::InputBatch;
use syncline_shared::journal::{Ending, JournalReader, JournalWriter, Record};
use syncline_shared::message::control::{PhaseInfo, Role, ServerControl};
use syncline_shared::properties::Properties;
use syncline_shared::tick::{Tick, Timestamp};

/// A journal, and the hash of its match after each tick.
struct Played {
    journal: Vec<u8>,
    hashes: BTreeMap<Tick, u64>,
}

impl Played {
    /// The last tick.
    fn last(&self) -> Tick {
        *self.hashes.last_key_value().unwrap().0
    }
}

/// What was recorded, its checkpoints changed by `checkpoint`.
fn journal_of(records: Vec<RoomOutput>, checkpoint: impl Fn(Vec<u8>) -> Vec<u8>) -> Vec<u8> {
    let (mut journal, mut writer) = (Vec::new(), None);
    for output in records {
        let record = match output {
            RoomOutput::JournalBegan(header) => {
                writer = Some(JournalWriter::begin(&header, &mut journal).unwrap());
                continue;
            }
            RoomOutput::Record(record) => *record,
            RoomOutput::Checkpoint(tick, state) => {
                Record::Checkpoint(pack(tick, &checkpoint(state)))
            }
            _ => continue,
        };
        writer.as_mut().unwrap().write(&record, &mut journal);
    }
    writer.unwrap().flush(&mut journal);
    journal
}

fn played(seed: u64, checkpoint: impl Fn(Vec<u8>) -> Vec<u8>) -> Played {
    let mut hashes = BTreeMap::new();
    let table = wild_match(seed, |table| {
        let hash = table.room.state_hash();
        hashes.extend(hash.map(|hash| (table.room.status().tick, hash)));
    });
    let journal = journal_of(table.records, checkpoint);
    Played { journal, hashes }
}

fn playback(journal: &[u8]) -> Playback {
    let recording = Recording::read(JournalReader::open(journal).unwrap());
    Playback::start(Arc::new(recording), game_kind::<Race>()).unwrap()
}

/// A room that shows a journal, and who watches, on a network without delay.
struct Cinema {
    room: ReplayRoom,
    now: Timestamp,
    watchers: Vec<Watcher>,
}

impl Cinema {
    fn new(journal: &[u8]) -> Self {
        let playback = playback(journal);
        let header = playback.recording().header().clone();
        let config = RoomConfig::new(header.room.id, header.room.code, 0);
        Self {
            room: ReplayRoom::new(config, game_kind::<Race>(), playback),
            now: Timestamp(5_000_000),
            watchers: Vec::new(),
        }
    }

    fn enter(&mut self, connection: u64, role: Role) -> usize {
        let attach = Attach {
            session: SessionId(connection),
            resume: false,
            resume_token: vec![7],
            transient: false,
            name: "somebody".to_owned(),
            properties: Properties::default(),
            role,
            knows_schema: false,
        };
        self.watchers.push(Watcher::new(connection, connection));
        let event = RoomEvent::Attach(ConnectionId(connection), Box::new(attach));
        self.room.handle(self.now, event);
        self.deliver();
        self.watchers.len() - 1
    }

    fn control(&mut self, control: PlaybackControl) {
        self.room.control(self.now, control);
        self.deliver();
    }

    fn seek(&mut self, tick: u32) {
        let tick = Some(Tick(tick));
        self.control(PlaybackControl {
            tick,
            ..PlaybackControl::default()
        });
    }

    fn pause(&mut self, paused: bool) {
        let paused = Some(paused);
        self.control(PlaybackControl {
            paused,
            ..PlaybackControl::default()
        });
    }

    fn speed(&mut self, quarters: u32) {
        let speed = Speed::of_quarters(quarters);
        self.control(PlaybackControl {
            speed,
            ..PlaybackControl::default()
        });
    }

    /// Runs so many ticks of what is shown. Whoever is up to date has what the room has.
    fn run(&mut self, ticks: u32) {
        for _ in 0..ticks {
            let due = self.room.next_due();
            if due == Timestamp(u64::MAX) {
                return;
            }
            self.now = self.now.max(due);
            self.room.advance(self.now);
            self.deliver();
            let (tick, frame) = self.room.common_frame();
            for watcher in &self.watchers {
                if watcher.closed.is_none() && watcher.tick == tick {
                    // A jump may lead to the tick that it was at, and it has no world of it yet.
                    let have = watcher.frame(StreamSlot::COMMON);
                    assert!(have.is_none_or(|have| have == frame), "at {tick}");
                }
            }
            for at in 0..self.watchers.len() {
                let watcher = &self.watchers[at];
                let batch = InputBatch {
                    incarnation: watcher.incarnation(),
                    received: watcher.received,
                    frames: Vec::new().into(),
                    held: false,
                };
                self.say(at, ClientMessage::Input(batch));
            }
        }
    }

    fn say(&mut self, watcher: usize, message: ClientMessage) {
        let connection = self.watchers[watcher].connection;
        self.room
            .handle(self.now, RoomEvent::Message(connection, message));
        self.deliver();
    }

    fn deliver(&mut self) {
        while let Some(output) = self.room.poll_output() {
            let mut all = self.watchers.iter_mut();
            match output {
                RoomOutput::Send(connection, message) => {
                    let watcher = all.find(|one| one.connection == connection).unwrap();
                    watcher.take(&message);
                }
                RoomOutput::Close(connection, close) => {
                    let watcher = all.find(|one| one.connection == connection).unwrap();
                    watcher.closed = Some(close.reason);
                }
                other => panic!("{other:?}"),
            }
        }
    }

    /// Where the runners are that a watcher sees, and those of the match itself.
    fn runners(&self, watcher: usize) -> Vec<i32> {
        let watcher = &self.watchers[watcher];
        let frame = watcher.frame(StreamSlot::COMMON).unwrap();
        let all = frame.entities::<Runner>(&watcher.schema);
        all.map(|(_, runner)| runner.at).collect()
    }

    fn tick(&self) -> Tick {
        self.room.playback().tick
    }
}

/// One runner, who goes right at each tick, and a second who comes after 59 and is lost after 89.
fn run_right(finishes: bool) -> Vec<u8> {
    let mut table = table();
    let room = support::room_with(&support::Rules::default(), |config| config.record = true);
    table.room = room;
    table.attach_as(1, 1, false, Role::Player, "Ada");
    table.run(60, right);
    table.attach_as(2, 2, false, Role::Player, "Bob");
    table.run(30, right);
    table.detach(2);
    table.run(60, right);
    if finishes {
        table.ask(1, 0, &support::Ask::Finish {});
        table.run(3, nothing);
    }
    journal_of(table.records, |state| state)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn every_jump_leads_to_the_match_of_that_tick(
        seed in 0u64..10_000,
        jumps in proptest::collection::vec(0u32..1000, 1..20),
        readable: bool,
    ) {
        // Another build's checkpoints are no good; the way is longer then, and leads there too.
        let played = played(seed, |state| if readable { state } else { vec![1, 2, 3] });
        let mut playback = playback(&played.journal);
        let last = playback.last();
        prop_assert_eq!(last, played.last());
        for jump in jumps {
            let tick = Tick(jump % (last.0 + 1));
            playback.seek(tick);
            prop_assert_eq!(playback.tick(), tick);
            if tick > Tick::ZERO {
                prop_assert_eq!(playback.game().state_hash(), played.hashes[&tick]);
            }
            let mut seated: Vec<_> = playback.roster().filter_map(|one| one.player).collect();
            seated.sort_unstable();
            let recorded = playback.recording().players_at(tick);
            let recorded: Vec<_> = recorded.iter().filter_map(|one| one.player).collect();
            prop_assert_eq!(seated, recorded);
        }
        playback.seek(Tick(u32::MAX));
        prop_assert_eq!((playback.tick(), playback.differs()), (last, None));
    }

    /// Whatever is done to it, every client decodes what the room has (`run` compares).
    #[test]
    fn viewers_have_what_is_shown(
        seed in 0u64..10_000,
        acts in proptest::collection::vec((0u8..4, 0u32..200), 1..12),
    ) {
        let played = played(seed, |state| state);
        let mut cinema = Cinema::new(&played.journal);
        cinema.enter(1, Role::Spectator);
        for (number, (act, value)) in acts.into_iter().enumerate() {
            match act {
                0 => cinema.seek(value),
                1 => cinema.pause(value % 2 == 0),
                2 => cinema.speed([1, 2, 4, 8, 16, 32, 64][value as usize % 7]),
                _ => drop(cinema.enter(10 + number as u64, Role::Spectator)),
            }
            cinema.run(1 + value % 23);
            prop_assert!(cinema.tick() <= played.last());
        }
        prop_assert!(cinema.watchers.iter().all(|one| one.closed.is_none()));
        prop_assert!(cinema.watchers[0].frames > 0);
        prop_assert!(cinema.watchers[0].asked.is_empty());
    }

    /// A journal that was cut anywhere is shown as far as it goes, and can be gone back in.
    #[test]
    fn a_torn_journal_is_shown_to_its_last_record(cut in 40u32..100) {
        let journal = run_right(false);
        let whole = playback(&journal).last();
        let cut = journal.len() * cut as usize / 100;
        let mut cinema = Cinema::new(&journal[..cut]);
        let last = cinema.room.playback().last;
        prop_assert!(last <= whole);
        cinema.enter(1, Role::Spectator);
        cinema.run(whole.0 + 5);
        prop_assert_eq!(cinema.tick(), last);
        prop_assert!(cinema.room.playback().paused);
        let running = matches!(cinema.watchers[0].phase, Some(PhaseInfo::Running { .. }) | None);
        prop_assert!(running, "there is no result to show");
        cinema.seek(last.0 / 2);
        cinema.pause(false);
        cinema.run(3);
        prop_assert_eq!(cinema.tick(), Tick((last.0 / 2 + 3).min(last.0)));
    }
}

#[test]
fn each_speed_shows_so_many_ticks_of_the_record() {
    for (quarters, ticks) in [(1, 5), (2, 10), (4, 20), (8, 40), (16, 80)] {
        let mut cinema = Cinema::new(&run_right(false));
        cinema.enter(1, Role::Spectator);
        cinema.speed(quarters);
        // A tick that is under way is shown first.
        let mut first = 1;
        cinema.run(1);
        if quarters >= 4 {
            first = quarters / 4;
        }
        assert_eq!(cinema.tick(), Tick(first));
        let began = cinema.now;
        cinema.run(20);
        assert_eq!(cinema.tick(), Tick(first + ticks), "{quarters} quarters");
        assert!(cinema.now.since(began).abs_diff(666_666) < 3);
        let shown = cinema.room.status().tick;
        assert_eq!(shown, Tick(21), "viewers' time goes on as ever");
        assert!(cinema.watchers[0].frames > 2);
        assert!(cinema.runners(0)[0] > 2, "Ada runs");
    }
}

#[test]
fn a_pause_keeps_the_world_where_it_is() {
    let mut cinema = Cinema::new(&run_right(false));
    cinema.enter(1, Role::Spectator);
    cinema.run(50);
    cinema.pause(true);
    cinema.run(1);
    let (at, seen, shown) = (cinema.tick(), cinema.runners(0), cinema.watchers[0].tick);
    cinema.run(40);
    assert_eq!((cinema.tick(), cinema.runners(0)), (at, seen));
    assert_eq!(cinema.room.status().tick.since(shown), 40);
    cinema.pause(false);
    cinema.run(1);
    assert_eq!(cinema.tick(), at.next());
}

#[test]
fn a_jump_is_another_timeline_with_the_roster_of_then() {
    let mut cinema = Cinema::new(&run_right(false));
    cinema.enter(1, Role::Spectator);
    cinema.run(10);
    assert_eq!(cinema.watchers[0].roster.len(), 1);
    cinema.seek(100);
    assert_eq!(cinema.watchers[0].incarnation(), 2);
    let phase = PhaseInfo::Running {
        incarnation: 2,
        tick: Tick(100),
    };
    assert_eq!(cinema.watchers[0].phase, Some(phase));
    let names = |cinema: &Cinema| -> Vec<(String, bool)> {
        let roster = cinema.watchers[0].roster.values();
        roster
            .map(|entry| (entry.name.clone(), entry.connected))
            .collect()
    };
    assert_eq!(
        names(&cinema),
        [("Ada".to_owned(), true), ("Bob".to_owned(), false)]
    );
    cinema.run(1);
    assert_eq!(
        (cinema.watchers[0].joins, cinema.watchers[0].tick),
        (2, Tick(101))
    );
    cinema.seek(20);
    cinema.run(1);
    assert_eq!(
        (cinema.watchers[0].incarnation(), cinema.tick()),
        (3, Tick(21))
    );
    assert_eq!(names(&cinema), [("Ada".to_owned(), true)]);
    // What came while it ran is told too.
    cinema.run(60);
    assert_eq!(names(&cinema).len(), 2);
}

#[test]
fn the_result_is_shown_and_can_be_gone_back_from() {
    let mut cinema = Cinema::new(&run_right(true));
    let last = cinema.room.playback().last;
    cinema.enter(1, Role::Spectator);
    cinema.speed(64);
    cinema.run(30);
    assert!(matches!(
        cinema.watchers[0].phase,
        Some(PhaseInfo::Ended { .. })
    ));
    assert_eq!(cinema.room.status().phase, "ended");
    let late = cinema.enter(2, Role::Spectator);
    assert!(matches!(
        cinema.watchers[late].phase,
        Some(PhaseInfo::Ended { .. })
    ));
    cinema.pause(false);
    assert!(
        cinema.room.playback().paused,
        "there is nothing to go on with"
    );
    cinema.seek(last.0 - 10);
    cinema.pause(false);
    cinema.speed(4);
    cinema.run(5);
    assert_eq!(cinema.tick(), last.minus(5));
    for watcher in &cinema.watchers {
        assert_eq!(watcher.incarnation(), 2);
        assert!(watcher.is_whole());
    }
    cinema.run(20);
    assert!(matches!(
        cinema.watchers[1].phase,
        Some(PhaseInfo::Ended { incarnation: 2, .. })
    ));
}

#[test]
fn whoever_comes_watches_and_nobody_plays() {
    let mut cinema = Cinema::new(&run_right(false));
    let player = cinema.enter(1, Role::Player);
    cinema.run(5);
    let welcome = cinema.watchers[player].welcome.clone().unwrap();
    assert_eq!(
        (welcome.player, welcome.streams),
        (None, vec![StreamSlot::COMMON])
    );
    let command = CommandMessage {
        incarnation: 1,
        sequence: 9,
        payload: vec![0, 2],
    };
    cinema.say(player, ClientMessage::Command(command));
    cinema.run(1);
    let refused = CommandOutcome::Refused(CommandRefusal::NotAPlayer);
    let reply = ServerControl::CommandReply {
        sequence: 9,
        outcome: refused,
    };
    assert_eq!(cinema.watchers[player].replies, [reply]);
    assert!(
        cinema.watchers[player]
            .joined
            .iter()
            .all(|(stream, _)| *stream == StreamSlot::COMMON)
    );
    cinema.say(player, ClientMessage::Leave);
    assert_eq!(cinema.watchers[player].closed, Some(CloseReason::Left));
    let at = cinema.tick();
    cinema.run(20);
    assert_eq!(cinema.tick(), at, "without anybody time stands still");
    cinema.now = cinema.now.plus_micros(60_000_000);
    cinema.enter(2, Role::Spectator);
    cinema.run(3);
    assert_eq!(cinema.tick(), at.plus(3), "and goes on where it stood");
}

#[test]
fn marks_tell_who_came_and_went_and_how_it_ended() {
    let played = playback(&run_right(true));
    let marks = played.recording().marks();
    let told: Vec<(u32, &str)> = marks
        .iter()
        .map(|mark| {
            let what = match &mark.what {
                Happened::Joined(_, name) if name == "Bob" => "Bob came",
                Happened::Away(_, name) if name == "Bob" => "Bob was lost",
                Happened::Ended(Ending::Outcome(_)) => "it ended",
                other => panic!("{other:?}"),
            };
            (mark.tick.0, what)
        })
        .collect();
    let last = played.last().0;
    assert_eq!(
        told,
        [(59, "Bob came"), (89, "Bob was lost"), (last, "it ended")]
    );
}
