//! Which room a client is sent to.

use syncline_games::{Arena, Pong};

use super::*;
use crate::company::invitation::invitations;
use crate::games::Games;
use crate::metrics::Metrics;

fn directory(max_rooms: u32) -> Directory {
    let config = Config {
        max_rooms,
        threads: Some(2),
        ..Config::default()
    };
    let games = Games::new().with::<Arena>().with::<Pong>();
    let clock = Clock::start();
    let (scheduler, _ended) = Scheduler::start(Some(2), clock, &Arc::new(Metrics::new())).unwrap();
    let (invitations, _) = invitations();
    let games = games.resolve(&config).unwrap();
    Directory::new(&config, games, scheduler, invitations, clock)
}

fn admit(directory: &Directory, selector: &RoomSelector, game: &str) -> Result<Admission, Close> {
    let game = directory.games().find(game).unwrap();
    directory.admit(selector, game, Role::Player, false)
}

fn reason(refused: Result<Admission, Close>) -> Option<CloseReason> {
    refused.err().map(|close| close.reason)
}

const PRIVATE: RoomSelector = RoomSelector::Create(CreateOptions {
    private: true,
    players_max: None,
    loud: false,
    spectator_delay: 0,
});
const PUBLIC: RoomSelector = RoomSelector::Create(CreateOptions {
    private: false,
    players_max: None,
    loud: false,
    spectator_delay: 0,
});

/// Pong has two seats. Nobody arrives, so that only reservations tell who is on the way.
#[test]
fn players_who_come_at_once_are_never_sent_to_one_seat() {
    let directory = directory(100);
    let admissions: Vec<Admission> = std::thread::scope(|scope| {
        let one = || admit(&directory, &RoomSelector::QuickPlay, "pong").unwrap();
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

#[test]
fn quick_play_fills_the_fullest_public_room_of_the_game() {
    let directory = directory(100);
    let _hidden = admit(&directory, &PRIVATE, "arena").unwrap();
    let _other = admit(&directory, &PUBLIC, "pong").unwrap();
    let _empty = admit(&directory, &PUBLIC, "arena").unwrap();
    let full = admit(&directory, &PUBLIC, "arena").unwrap();
    let full = RoomSelector::Id(full.room.board.id);
    let guests = [
        admit(&directory, &full, "arena"),
        admit(&directory, &full, "arena"),
    ];
    let chosen = admit(&directory, &RoomSelector::QuickPlay, "arena").unwrap();
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
    let hidden = admit(&directory, &PRIVATE, "arena").unwrap().room.board;
    let by_id = admit(&directory, &RoomSelector::Id(hidden.id), "arena");
    assert_eq!(reason(by_id), Some(CloseReason::UnknownRoom));
    let by_code = admit(&directory, &RoomSelector::Code(hidden.code), "arena").unwrap();
    assert_eq!(by_code.room.board.id, hidden.id);
    let quick = admit(&directory, &RoomSelector::QuickPlay, "arena").unwrap();
    assert_ne!(quick.room.board.id, hidden.id);
}

#[test]
fn no_more_rooms_are_made_than_allowed() {
    let directory = directory(2);
    let _one = admit(&directory, &PUBLIC, "arena").unwrap();
    let two = admit(&directory, &PUBLIC, "arena").unwrap();
    assert_eq!(
        reason(admit(&directory, &PUBLIC, "arena")),
        Some(CloseReason::ServerFull)
    );
    two.room.board.abandon();
    assert!(admit(&directory, &PUBLIC, "arena").is_ok());
}

#[test]
fn a_room_that_is_over_is_found_by_nothing() {
    let directory = directory(100);
    let over = admit(&directory, &PUBLIC, "arena").unwrap();
    over.room.board.abandon();
    let (id, code) = (over.room.board.id, over.room.board.code);
    let by_code = admit(&directory, &RoomSelector::Code(code), "arena");
    assert_eq!(reason(by_code), Some(CloseReason::UnknownRoom));
    assert_eq!(
        reason(directory.readmit(id)),
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
        let config = directory.rules.room(id, code, game, &options);
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
        directory.rules.room(id, code, game, &options).silence
    };
    assert_eq!((silent(false), silent(true)), (true, false));
}
