//! What members say to each other, and who hears it.

#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

mod support;

use support::{Rules, Table, nothing, table, table_of};
use syncline_server_core::{ClientMessage, ConnectionId, RoomOutput};
use syncline_shared::id::{PlayerId, SessionId};
use syncline_shared::journal::Record;
use syncline_shared::limits::CHAT_CHARS_MAX;
use syncline_shared::message::chat::{ChatFrom, ChatLine, ChatRefusal, ChatTo};
use syncline_shared::message::control::{Role, ServerControl};

fn say(table: &mut Table, connection: u64, to: ChatTo, text: &str) {
    let text = Some(text.to_owned());
    table.send(connection, ClientMessage::Chat { to, text });
}

fn lines(table: &Table, watcher: usize) -> Vec<&ChatLine> {
    let told = table.watchers[watcher].replies.iter();
    told.filter_map(|reply| match reply {
        ServerControl::Chat(lines) => Some(lines),
        _ => None,
    })
    .flatten()
    .collect()
}

fn texts(table: &Table, watcher: usize) -> Vec<&str> {
    let lines = lines(table, watcher).into_iter();
    lines.map(|line| line.text.as_str()).collect()
}

fn refusals(table: &Table, watcher: usize) -> Vec<ChatRefusal> {
    let told = table.watchers[watcher].replies.iter();
    told.filter_map(|reply| match reply {
        ServerControl::ChatRefused(refusal) => Some(*refusal),
        _ => None,
    })
    .collect()
}

/// Lets so many seconds pass.
fn wait(table: &mut Table, seconds: u32) {
    table.run(30 * seconds, nothing);
}

#[test]
fn everybody_hears_what_is_said_to_the_room_at_the_next_tick() {
    let mut table = table();
    table.attach_as(1, 1, false, Role::Player, "Ada");
    table.attach_as(2, 2, false, Role::Spectator, "Bo");
    table.run(5, nothing);
    say(&mut table, 1, ChatTo::Room, " hi\n all ");
    say(&mut table, 2, ChatTo::Room, "hello");
    table.run(1, nothing);
    for watcher in [0, 1] {
        assert_eq!(texts(&table, watcher), ["hi  all", "hello"]);
    }
    let (player, name) = (PlayerId(0), "Ada".to_owned());
    assert_eq!(lines(&table, 1)[0].from, ChatFrom::Player { player, name });
    let name = "Bo".to_owned();
    assert_eq!(lines(&table, 0)[1].from, ChatFrom::Spectator { name });
    assert_eq!(table.room.counters().chat_lines, 2);
}

#[test]
fn a_lobby_talks_too() {
    let mut table = table_of(&Rules {
        seats_min: 3,
        ..Rules::default()
    });
    table.attach(1, 1, false);
    table.attach(2, 2, false);
    table.run(3, nothing);
    say(&mut table, 1, ChatTo::Room, "anybody?");
    table.run(3, nothing);
    assert_eq!(table.room.status().phase, "lobby");
    assert_eq!(texts(&table, 1), ["anybody?"]);
}

#[test]
fn a_whisper_is_heard_by_two() {
    let mut table = table();
    for member in 1..=3 {
        table.attach(member, member, false);
    }
    table.attach_as(4, 4, false, Role::Spectator, "Bo");
    table.run(2, nothing);
    say(&mut table, 1, ChatTo::Player(PlayerId(1)), "psst");
    say(&mut table, 3, ChatTo::Room, "hm?");
    say(&mut table, 4, ChatTo::Player(PlayerId(1)), "I see you");
    say(&mut table, 1, ChatTo::Player(PlayerId(9)), "anybody?");
    table.run(2, nothing);
    let heard = [0, 1, 2, 3].map(|watcher| texts(&table, watcher));
    assert_eq!(heard[0], ["psst", "hm?"]);
    assert_eq!(heard[1], ["psst", "hm?"]);
    assert_eq!((&heard[2][..], &heard[3][..]), (&["hm?"][..], &["hm?"][..]));
    assert_eq!(refusals(&table, 3), [ChatRefusal::NotAPlayer]);
    assert_eq!(refusals(&table, 0), [ChatRefusal::NoSuchPlayer]);
}

#[test]
fn whoever_comes_later_hears_the_last_fifty_lines_with_their_age() {
    let mut table = table();
    table.attach(1, 1, false);
    for number in 0..60 {
        say(&mut table, 1, ChatTo::Room, &format!("line {number}"));
        wait(&mut table, 2);
    }
    say(
        &mut table,
        1,
        ChatTo::Player(PlayerId(0)),
        "a note to myself",
    );
    table.attach(2, 2, false);
    let heard = texts(&table, 1);
    assert_eq!(
        (heard.len(), heard[0], heard[49]),
        (50, "line 10", "line 59")
    );
    let ages: Vec<u32> = lines(&table, 1).iter().map(|line| line.age_ms).collect();
    assert!(ages.is_sorted_by(|one, next| one > next), "{ages:?}");
    assert!((99_000..102_000).contains(&ages[0]), "{ages:?}");
    assert!(
        table.watchers[1].sections_max <= 2,
        "a Welcome and the chat"
    );
}

#[test]
fn whoever_comes_back_hears_what_it_missed_under_the_ids_that_it_knows() {
    let mut table = table();
    table.attach(1, 1, false);
    table.attach(2, 2, false);
    say(&mut table, 1, ChatTo::Room, "one");
    table.run(2, nothing);
    table.detach(2);
    say(&mut table, 1, ChatTo::Room, "two");
    say(&mut table, 1, ChatTo::Player(PlayerId(1)), "three");
    table.run(2, nothing);
    table.attach(3, 2, true);
    let ids = |watcher| {
        lines(&table, watcher)
            .iter()
            .map(|line| line.id)
            .collect::<Vec<_>>()
    };
    assert_eq!(texts(&table, 2), ["one", "two", "three"]);
    assert_eq!((ids(1), ids(2)), (vec![1], vec![1, 2, 3]));
}

#[test]
fn one_may_say_five_things_and_then_one_in_two_seconds() {
    let mut table = table();
    table.attach(1, 1, false);
    table.run(2, nothing);
    for number in 0..7 {
        say(&mut table, 1, ChatTo::Room, &number.to_string());
    }
    table.run(1, nothing);
    assert_eq!(texts(&table, 0), ["0", "1", "2", "3", "4"]);
    assert_eq!(
        refusals(&table, 0),
        [ChatRefusal::TooFast { retry_ms: 2000 }; 2]
    );
    // A new connection is the same speaker.
    table.detach(1);
    table.attach(2, 1, true);
    say(&mut table, 2, ChatTo::Room, "again");
    wait(&mut table, 2);
    say(&mut table, 2, ChatTo::Room, "now");
    table.run(1, nothing);
    assert_eq!(texts(&table, 1).last(), Some(&"now"));
    assert_eq!(refusals(&table, 1).len(), 1);
    assert_eq!(table.room.counters().chat_refused, 3);
}

#[test]
fn what_is_no_line_is_refused() {
    let mut table = table();
    table.attach(1, 1, false);
    table.run(2, nothing);
    say(&mut table, 1, ChatTo::Room, &"ß".repeat(CHAT_CHARS_MAX + 1));
    say(&mut table, 1, ChatTo::Room, "\u{7}\n");
    table.send(
        1,
        ClientMessage::Chat {
            to: ChatTo::Room,
            text: None,
        },
    );
    say(&mut table, 1, ChatTo::Room, &"ß".repeat(CHAT_CHARS_MAX));
    table.run(1, nothing);
    let expected = [
        ChatRefusal::TooLong,
        ChatRefusal::Empty,
        ChatRefusal::Filtered,
    ];
    assert_eq!(refusals(&table, 0), expected);
    assert_eq!(texts(&table, 0), ["ß".repeat(CHAT_CHARS_MAX)]);
}

#[test]
fn an_operator_mutes_and_announces() {
    let mut table = table();
    table.attach(1, 1, false);
    table.attach(2, 2, false);
    table.run(2, nothing);
    table.room.mute(PlayerId(0), true).unwrap();
    say(&mut table, 1, ChatTo::Room, "me?");
    table.room.mute(PlayerId(0), false).unwrap();
    say(&mut table, 1, ChatTo::Room, "me.");
    let (now, player) = (table.now, ChatTo::Player(PlayerId(1)));
    assert_eq!(table.room.announce(now, "back soon", ChatTo::Room), Ok(2));
    assert_eq!(table.room.announce(now, "you too", player), Ok(1));
    let nobody = ChatTo::Player(PlayerId(7));
    let refused = Err(ChatRefusal::NoSuchPlayer);
    assert_eq!(table.room.announce(now, "and you", nobody), refused);
    assert_eq!(
        table.room.mute(PlayerId(7), true),
        Err(ChatRefusal::NoSuchPlayer)
    );
    table.run(1, nothing);
    assert_eq!(refusals(&table, 0), [ChatRefusal::Muted]);
    assert_eq!(texts(&table, 0), ["me.", "back soon"]);
    assert_eq!(texts(&table, 1), ["me.", "back soon", "you too"]);
    assert_eq!(lines(&table, 1)[2].from, ChatFrom::Server);
    table.attach(3, 3, false);
    assert_eq!(texts(&table, 2), ["me.", "back soon"]);
}

#[test]
fn who_is_no_member_is_heard_as_one_who_watches_and_has_the_same_limits() {
    let mut table = table();
    table.attach(1, 1, false);
    table.run(2, nothing);
    let now = table.now;
    let mut say = |speaker, text| {
        let speaker = SessionId(speaker);
        table.room.chat_from_outside(now, speaker, "Eve", text)
    };
    for text in ["1", "2", "3", "4", "5"] {
        assert_eq!(say(77, Some(text)), Ok(()));
    }
    let retry_ms = 2000;
    assert_eq!(say(77, Some("6")), Err(ChatRefusal::TooFast { retry_ms }));
    assert_eq!(say(78, None), Err(ChatRefusal::Filtered));
    assert_eq!(say(79, Some(" ")), Err(ChatRefusal::Empty));
    // Of ever so many speakers those are remembered who may not say everything.
    for speaker in 1000..4000 {
        assert_eq!(say(speaker, Some("me")), Ok(()));
    }
    assert_eq!(say(77, Some("6")), Err(ChatRefusal::TooFast { retry_ms }));
    table.run(1, nothing);
    let name = "Eve".to_owned();
    assert_eq!(lines(&table, 0)[0].from, ChatFrom::Spectator { name });
    assert_eq!(table.room.counters().chat_lines, 3005);
    assert_eq!(table.room.counters().chat_refused, 4);
}

/// Whoever does not read costs the room what it keeps anyway, and is not closed for what others say.
#[test]
fn a_frozen_member_hears_the_last_of_it_when_it_reads_again() {
    let mut table = table();
    table.attach(1, 1, false);
    table.attach(2, 2, false);
    table.run(2, nothing);
    table.frozen.push(ConnectionId(2));
    for number in 0..70 {
        let speaker = 10 + number;
        let spectator = Role::Spectator;
        table.attach_as(speaker, speaker, false, spectator, "crowd");
        say(&mut table, speaker, ChatTo::Room, &format!("line {number}"));
        table.run(15, nothing);
    }
    table.thaw();
    table.run(10, nothing);
    assert_eq!(table.watchers[1].closed, None);
    let heard = texts(&table, 1);
    assert_eq!(heard.last(), Some(&"line 69"));
    assert!((50..70).contains(&heard.len()), "{heard:?}");
    assert!(table.room.counters().chat_missed >= 1);
    assert_eq!(texts(&table, 0).len(), 70);
}

#[test]
fn what_is_kept_is_bounded_in_bytes() {
    let mut table = table();
    for member in 1..=40 {
        table.attach(member, member, false);
    }
    for member in 1..=40 {
        say(
            &mut table,
            member,
            ChatTo::Room,
            &"🚀".repeat(CHAT_CHARS_MAX),
        );
    }
    table.attach(50, 50, false);
    let kept = lines(&table, 40).len();
    assert!((14..=16).contains(&kept), "{kept}");
}

#[test]
fn a_match_is_recorded_as_if_nobody_spoke() {
    let records = |talks: bool| {
        let mut table = Table::new(support::room_with(&Rules::default(), |config| {
            config.record = true;
        }));
        table.attach(1, 1, false);
        table.run(20, nothing);
        if talks {
            say(&mut table, 1, ChatTo::Room, "not in the books");
        }
        table.run(60, support::right);
        let records = core::mem::take(&mut table.records).into_iter();
        let records = records.filter_map(|output| match output {
            RoomOutput::Record(record) => Some(record),
            _ => None,
        });
        (
            table.room.state_hash(),
            records.collect::<Vec<Box<Record>>>(),
        )
    };
    assert_eq!(records(true), records(false));
}

/// What is said is not held back: else an announcement would come late.
#[test]
fn those_who_watch_later_hear_it_later_and_are_heard_at_once() {
    let rules = Rules::default();
    let mut table = Table::new(support::room_with(&rules, |config| {
        config.spectator_delay_micros = 10_000_000;
    }));
    table.attach(1, 1, false);
    table.attach_as(2, 2, false, Role::Spectator, "Bo");
    table.run(30, nothing);
    say(&mut table, 1, ChatTo::Room, "now");
    say(&mut table, 2, ChatTo::Room, "then?");
    table.run(8, nothing);
    assert_eq!(texts(&table, 0), ["now", "then?"]);
    assert!(texts(&table, 1).is_empty());
    table.run(280, nothing);
    assert!(texts(&table, 1).is_empty());
    table.run(20, nothing);
    assert_eq!(texts(&table, 1), ["now", "then?"]);
    // Whoever comes is told of back then, too.
    say(&mut table, 1, ChatTo::Room, "later");
    table.run(30, nothing);
    table.attach_as(3, 3, false, Role::Spectator, "Cy");
    table.attach_as(4, 4, false, Role::Player, "Di");
    table.run(30, nothing);
    assert_eq!(texts(&table, 2), ["now", "then?"]);
    assert_eq!(texts(&table, 3), ["now", "then?", "later"]);
}
