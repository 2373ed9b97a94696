//! Which room a client is sent to.

use std::collections::BTreeMap;

use syncline_games::{Arena, Pong};
use syncline_shared::id::RoomCode;
use syncline_shared::message::lobby::Lobby;

use super::*;
use crate::company::invitation::invitations;
use crate::games::Games;
use crate::metrics::Metrics;

fn directory(max_rooms: u32) -> Directory {
    directory_with(|config| config.max_rooms = max_rooms)
}

fn directory_with(set: impl FnOnce(&mut Config)) -> Directory {
    let mut config = Config {
        threads: Some(2),
        ..Config::default()
    };
    set(&mut config);
    let games = Games::new().with::<Arena>().with::<Pong>();
    let clock = Clock::start();
    let metrics = Arc::new(Metrics::new());
    let (scheduler, _ended) = Scheduler::start(Some(2), clock, &metrics).unwrap();
    let (invitations, _) = invitations();
    let games = games.resolve(&config).unwrap();
    Directory::new(&config, games, scheduler, invitations, metrics, clock)
}

fn admit(directory: &Directory, selector: &RoomSelector, game: &str) -> Result<Admission, Close> {
    let game = directory.games().find(game).unwrap();
    directory.admit(&Guest {
        selector,
        game,
        role: Role::Player,
        company: false,
        password: None,
        address: None,
        join_key: None,
        inside: false,
    })
}

fn reason(refused: Result<Admission, Close>) -> Option<CloseReason> {
    refused.err().map(|close| close.reason)
}

fn private() -> RoomSelector {
    RoomSelector::Create(CreateOptions {
        private: true,
        ..CreateOptions::default()
    })
}

fn public() -> RoomSelector {
    RoomSelector::Create(CreateOptions::default())
}

fn quick(query: &str) -> RoomSelector {
    RoomSelector::QuickPlay {
        query: query.to_owned(),
    }
}

/// Pong has two seats. Nobody arrives, so that only reservations tell who is on the way.
#[test]
fn players_who_come_at_once_are_never_sent_to_one_seat() {
    let directory = directory(100);
    let admissions: Vec<Admission> = std::thread::scope(|scope| {
        let one = || admit(&directory, &RoomSelector::any(), "pong").unwrap();
        let players: Vec<_> = (0..16).map(|_| scope.spawn(one)).collect();
        players
            .into_iter()
            .map(|player| player.join().unwrap())
            .collect()
    });
    let mut guests = BTreeMap::new();
    for admission in &admissions {
        *guests.entry(admission.room.board.id).or_insert(0) += 1;
    }
    assert_eq!(guests.into_values().collect::<Vec<_>>(), [2; 8]);
}

/// Whoever asks for a game at once is not made to wait for strangers to be ready.
#[test]
fn quick_play_leads_to_no_room_that_waits_for_all_to_be_ready() {
    let directory = directory(100);
    let ready = |countdown| CreateOptions {
        lobby: Lobby::WhenReady { countdown },
        ..CreateOptions::default()
    };
    let made = admit(&directory, &RoomSelector::Create(ready(None)), "arena").unwrap();
    let chosen = admit(&directory, &quick(""), "arena").unwrap();
    assert_ne!(chosen.room.board.id, made.room.board.id);
    let game = directory.games().find("arena").unwrap();
    let (id, code) = (RoomId(1), RoomCode::from_entropy(1));
    let countdown = |options| {
        let room = directory.rules.room(id, code, game, &options, None);
        room.unwrap().countdown_micros
    };
    assert_eq!(countdown(CreateOptions::default()), None);
    assert_eq!(countdown(ready(Some(0))), Some(0));
    assert_eq!(countdown(ready(None)), Some(5_000_000));
}

#[test]
fn quick_play_fills_the_fullest_public_room_of_the_game() {
    let directory = directory(100);
    let _hidden = admit(&directory, &private(), "arena").unwrap();
    let _other = admit(&directory, &public(), "pong").unwrap();
    let _empty = admit(&directory, &public(), "arena").unwrap();
    let full = admit(&directory, &public(), "arena").unwrap();
    let full = RoomSelector::Id(full.room.board.id);
    let guests = [
        admit(&directory, &full, "arena"),
        admit(&directory, &full, "arena"),
    ];
    let chosen = admit(&directory, &RoomSelector::any(), "arena").unwrap();
    assert_eq!(RoomSelector::Id(chosen.room.board.id), full);
    drop(guests);
}

#[test]
fn an_id_leads_everybody_to_one_room_and_makes_it() {
    let directory = directory(100);
    let selector = RoomSelector::Id(RoomId(7));
    let first = admit(&directory, &selector, "arena").unwrap();
    let second = admit(&directory, &selector, "arena").unwrap();
    assert!(Arc::ptr_eq(&first.room.board, &second.room.board));
    assert_eq!(first.room.board.id, RoomId(7));
    let other_game = admit(&directory, &selector, "pong");
    assert_eq!(reason(other_game), Some(CloseReason::UnknownRoom));
    let zero = admit(&directory, &RoomSelector::Id(RoomId(0)), "arena");
    assert_eq!(reason(zero), Some(CloseReason::UnknownRoom));
}

#[test]
fn a_private_room_opens_to_its_code_alone() {
    let directory = directory(100);
    let hidden = admit(&directory, &private(), "arena").unwrap().room.board;
    let by_id = admit(&directory, &RoomSelector::Id(hidden.id), "arena");
    assert_eq!(reason(by_id), Some(CloseReason::UnknownRoom));
    let by_code = admit(&directory, &RoomSelector::Code(hidden.code), "arena").unwrap();
    assert_eq!(by_code.room.board.id, hidden.id);
    let quick = admit(&directory, &RoomSelector::any(), "arena").unwrap();
    assert_ne!(quick.room.board.id, hidden.id);
}

#[test]
fn no_more_rooms_are_made_than_allowed() {
    let directory = directory(2);
    let _one = admit(&directory, &public(), "arena").unwrap();
    let two = admit(&directory, &public(), "arena").unwrap();
    assert_eq!(
        reason(admit(&directory, &public(), "arena")),
        Some(CloseReason::ServerFull)
    );
    two.room.board.abandon();
    assert!(admit(&directory, &public(), "arena").is_ok());
}

#[test]
fn a_room_that_is_over_is_found_by_nothing() {
    let directory = directory(100);
    let over = admit(&directory, &public(), "arena").unwrap();
    over.room.board.abandon();
    let (id, code) = (over.room.board.id, over.room.board.code);
    let by_code = admit(&directory, &RoomSelector::Code(code), "arena");
    assert_eq!(reason(by_code), Some(CloseReason::UnknownRoom));
    assert_eq!(
        reason(directory.readmit(SessionId(1), id)),
        Some(CloseReason::SessionExpired)
    );
    let anew = admit(&directory, &RoomSelector::Id(id), "arena").unwrap();
    assert!(!Arc::ptr_eq(&anew.room.board, &over.room.board));
}

#[test]
fn whoever_makes_a_room_can_only_make_it_smaller() {
    let directory = directory(100);
    let seats = |game: &str, players_max| {
        let options = CreateOptions {
            private: false,
            players_max: Some(players_max),
            ..CreateOptions::default()
        };
        admit(&directory, &RoomSelector::Create(options), game)
            .unwrap()
            .room
            .board
            .players_max()
    };
    assert_eq!(seats("arena", 8), 8);
    assert_eq!(seats("arena", u16::MAX), 1024);
    // Pong can't be played by fewer than two.
    assert_eq!((seats("pong", 0), seats("pong", 9)), (2, 2));
}

/// Who makes a room may hold more back than the operator has it, and not less.
#[test]
fn a_room_may_tell_those_who_watch_later_still() {
    let mut directory = directory(100);
    directory.rules.spectator_delay_micros = 10_000_000;
    let game = directory.games().default_game();
    for (spectator_delay, seconds) in [(0, 10), (9, 10), (60, 60), (255, 120)] {
        let options = CreateOptions {
            spectator_delay,
            ..CreateOptions::default()
        };
        let (id, code) = (RoomId(1), RoomCode::from_entropy(1));
        let config = directory
            .rules
            .room(id, code, game, &options, None)
            .unwrap();
        assert_eq!(config.spectator_delay_micros, seconds * 1_000_000);
    }
}

/// Silence is the server's to allow, and anybody's to do without.
#[test]
fn a_room_may_be_made_loud() {
    let directory = directory(100);
    let game = directory.games().default_game();
    let silent = |loud| {
        let options = CreateOptions {
            loud,
            ..CreateOptions::default()
        };
        let (id, code) = (RoomId(1), RoomCode::from_entropy(1));
        directory
            .rules
            .room(id, code, game, &options, None)
            .unwrap()
            .silence
    };
    assert_eq!((silent(false), silent(true)), (true, false));
}

fn labelled(labels: &[(&str, &str)]) -> RoomSelector {
    let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    RoomSelector::Create(CreateOptions {
        labels: labels.iter().map(owned).collect(),
        ..CreateOptions::default()
    })
}

#[test]
fn quick_play_finds_the_room_that_is_as_asked_for_or_makes_one() {
    let directory = directory(100);
    let ctf = admit(&directory, &labelled(&[("mode", "ctf")]), "arena").unwrap();
    let ffa = admit(&directory, &labelled(&[("mode", "ffa")]), "arena").unwrap();
    let id = |query: &str| {
        admit(&directory, &quick(query), "arena")
            .unwrap()
            .room
            .board
            .id
    };
    assert_eq!(id("mode=ctf"), ctf.room.board.id);
    assert_eq!(id("mode!=ctf players<8"), ffa.room.board.id);
    let made = admit(&directory, &quick("mode=ctf region=eu"), "arena").unwrap();
    let labels: Vec<_> = made.room.board.labels.iter().collect();
    assert_eq!(labels, [("mode", "ctf"), ("region", "eu")]);
    assert_eq!(id("region=eu"), made.room.board.id);
    assert_eq!(directory.rooms().len(), 3);
}

/// Else everybody who asks for it would be alone.
#[test]
fn no_room_is_made_that_would_not_be_as_asked_for() {
    let directory = directory(100);
    for query in ["rank>=5", "seats<8 mode=ctf", "game=pong"] {
        let refused = admit(&directory, &quick(query), "arena");
        assert_eq!(reason(refused), Some(CloseReason::UnknownRoom), "{query}");
    }
    assert!(directory.rooms().is_empty());
    assert!(admit(&directory, &quick("players>3 phase=running"), "arena").is_ok());
}

#[test]
fn labels_and_queries_that_are_none_are_refused() {
    let directory = directory(100);
    for selector in [
        labelled(&[("Mode", "x")]),
        labelled(&[("free", "1")]),
        quick("mode<ctf"),
    ] {
        let refused = admit(&directory, &selector, "arena");
        assert_eq!(reason(refused), Some(CloseReason::InvalidOptions));
    }
}

#[test]
fn a_query_names_the_game_of_who_names_none() {
    let directory = directory(100);
    let game = |query: &str| Some(directory.game_of(&quick(query))?.kind.name());
    assert_eq!(game("game=pong"), Some("pong"));
    assert_eq!((game("game=chess"), game("mode=ctf")), (None, None));
}

/// Nobody arrives here: all hold on to what they were promised.
#[test]
fn a_thousand_at_once_get_a_hundred_seats_and_no_more() {
    let directory = directory_with(|config| {
        config.max_rooms = 10;
        config.max_players = 10;
    });
    let results: Vec<_> = std::thread::scope(|scope| {
        let one = || admit(&directory, &RoomSelector::any(), "arena");
        let threads: Vec<_> = (0..8)
            .map(|_| scope.spawn(move || (0..125).map(|_| one()).collect::<Vec<_>>()))
            .collect();
        let joined = threads.into_iter().map(|thread| thread.join().unwrap());
        joined.flatten().collect()
    });
    let (admitted, refused): (Vec<_>, Vec<_>) = results.into_iter().partition(Result::is_ok);
    assert_eq!((admitted.len(), refused.len()), (100, 900));
    for refused in refused {
        assert_eq!(reason(refused), Some(CloseReason::ServerFull));
    }
    for room in directory.rooms() {
        assert_eq!((room.players_expected(), room.is_open()), (10, false));
    }
    // A promise that is given up is another's.
    drop(admitted);
    assert!(admit(&directory, &RoomSelector::any(), "arena").is_ok());
}

/// All are sent to a room by its id; only so many as have a seat there.
#[test]
fn who_names_a_room_takes_nobody_s_seat() {
    let directory = directory_with(|config| config.max_players = 3);
    let seventh = RoomSelector::Id(RoomId(7));
    let first: Vec<_> = (0..2)
        .map(|_| admit(&directory, &seventh, "arena").unwrap())
        .collect();
    let quick = admit(&directory, &RoomSelector::any(), "arena").unwrap();
    assert_eq!(quick.room.board.id, RoomId(7));
    let late = admit(&directory, &seventh, "arena");
    assert_eq!(reason(late), Some(CloseReason::RoomFull));
    drop(first);
    assert!(admit(&directory, &seventh, "arena").is_ok());
}

fn ruled(rules: &[(&str, &str)]) -> RoomSelector {
    let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    RoomSelector::Create(CreateOptions {
        rules: rules.iter().map(owned).collect(),
        ..CreateOptions::default()
    })
}

#[test]
fn whoever_makes_a_room_chooses_rules_that_the_game_takes() {
    let directory = directory(100);
    let usual = &directory.games().find("pong").unwrap().config;
    let three = admit(&directory, &ruled(&[("points", "3")]), "pong").unwrap();
    let chosen = &three.room.board.game;
    assert_ne!(&chosen.config, usual);
    assert_eq!(chosen.seats.max, 2);
    for rules in [
        &[("points", "0")][..],
        &[("points", "many")],
        &[("points", "3"), ("luck", "9")],
    ] {
        let refused = admit(&directory, &ruled(rules), "pong").err().unwrap();
        assert_eq!(refused.reason, CloseReason::InvalidOptions, "{refused}");
        assert!(refused.detail.contains("rule"), "{refused}");
    }
    let many: Vec<_> = (0..17).map(|_| ("points", "3")).collect();
    let refused = admit(&directory, &ruled(&many), "pong");
    assert_eq!(reason(refused), Some(CloseReason::InvalidOptions));
}

/// Pong has two seats; whoever says the same again and again takes one of them.
#[test]
fn a_join_that_is_repeated_takes_one_seat() {
    let directory = directory(100);
    let game = directory.games().find("pong").unwrap();
    let join = |key: u8| {
        directory.admit(&Guest {
            selector: &RoomSelector::any(),
            game,
            role: Role::Player,
            company: false,
            password: None,
            address: None,
            join_key: Some([key; 16]),
            inside: false,
        })
    };
    let first = join(1).unwrap();
    let again: Vec<_> = (0..5).map(|_| join(1).unwrap()).collect();
    for again in &again {
        assert_eq!((again.session, again.known), (first.session, true));
        assert_eq!(again.room.board.id, first.room.board.id);
    }
    let other = join(2).unwrap();
    assert_eq!(other.room.board.id, first.room.board.id, "the other seat");
    assert!(other.session != first.session && !other.known && !first.known);
    assert_ne!(join(3).unwrap().room.board.id, first.room.board.id);
    first.room.board.abandon();
    let anew = join(1).unwrap();
    assert!(!anew.known, "its room is over");
    assert_eq!(join(1).unwrap().session, anew.session);
}
