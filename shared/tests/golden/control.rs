//! Control messages of both directions, each variant and each optional part.

use syncline_shared::command::{CommandOutcome, CommandRefusal};
use syncline_shared::game::Outcome;
use syncline_shared::id::{PlayerId, RoomId, SessionId, StreamSlot, TeamId};
use syncline_shared::message::chat::{ChatFrom, ChatLine, ChatRefusal, ChatTo};
use syncline_shared::message::control::{
    ClientControl, CreateOptions, Hello, PhaseInfo, Role, RoomSelector, RoomUpdate, RosterEntry,
    ServerControl, Welcome,
};
use syncline_shared::message::lobby::{Lobby, RoomRefusal, RoomRequest};
use syncline_shared::properties::Properties;
use syncline_shared::tick::{Tick, TickRate};

use crate::file::{Golden, bytes, plain, vector};

pub(crate) const CLIENT: Golden = Golden {
    name: "client_control",
    about: "Bodies of control sections from a client. Variants by name; fingerprints as decimal \
            text; bytes as hexadecimal text.",
    vectors: || {
        client()
            .iter()
            .map(|(name, message)| vector(name, &message.encode(), &plain(message)))
            .collect()
    },
};

pub(crate) const SERVER: Golden = Golden {
    name: "server_control",
    about: "Bodies of control sections from a server. Variants by name; fingerprints and sessions \
            as decimal text; bytes as hexadecimal text.",
    vectors: || {
        server()
            .iter()
            .map(|(name, message)| vector(name, &message.encode(), &plain(message)))
            .collect()
    },
};

#[test]
fn client_messages_are_decoded() {
    for vector in CLIENT.load() {
        let message = ClientControl::decode(&bytes(&vector)).unwrap();
        assert_eq!(plain(&message), vector["value"]);
    }
}

#[test]
fn server_messages_are_decoded() {
    for vector in SERVER.load() {
        let message = ServerControl::decode(&bytes(&vector)).unwrap();
        assert_eq!(plain(&message), vector["value"]);
    }
}

fn hello() -> Hello {
    Hello {
        protocol: 1,
        name: "Ada".to_owned(),
        ..Hello::default()
    }
}

fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    let owned = pairs
        .iter()
        .map(|&(name, value)| (name.to_owned(), value.to_owned()));
    owned.collect()
}

fn client() -> Vec<(&'static str, ClientControl)> {
    let mut all = hellos();
    all.extend(more_hellos());
    all.extend(afterwards());
    all
}

fn hellos() -> Vec<(&'static str, ClientControl)> {
    let greet = |hello: Hello| ClientControl::Hello(Box::new(hello));
    vec![
        ("hello", greet(hello())),
        (
            "hello_by_id",
            greet(Hello {
                game: Some("arena".to_owned()),
                room: RoomSelector::Id(RoomId(70_000)),
                ..hello()
            }),
        ),
        (
            "hello_by_code_to_watch",
            greet(Hello {
                room: RoomSelector::Code("7K2MXQ".parse().unwrap()),
                role: Role::Spectator,
                name: "Žofia 🚀".to_owned(),
                ..hello()
            }),
        ),
        (
            "hello_with_a_query",
            greet(Hello {
                room: RoomSelector::QuickPlay {
                    query: "mode=ctf players<8".to_owned(),
                },
                ..hello()
            }),
        ),
        (
            "hello_to_create",
            greet(Hello {
                game: Some("pong".to_owned()),
                fingerprint: Some(0x0123_4567_89ab_cdef),
                room: RoomSelector::Create(CreateOptions {
                    private: true,
                    players_max: Some(300),
                    loud: true,
                    spectator_delay: 30,
                    labels: pairs(&[("mode", "ctf"), ("region", "eu")]),
                    rules: pairs(&[("points", "3")]),
                    lobby: Lobby::WhenReady { countdown: None },
                }),
                ..hello()
            }),
        ),
        (
            "hello_to_create_with_countdown",
            greet(Hello {
                room: RoomSelector::Create(CreateOptions {
                    lobby: Lobby::WhenReady { countdown: Some(3) },
                    ..CreateOptions::default()
                }),
                ..hello()
            }),
        ),
    ]
}

fn more_hellos() -> Vec<(&'static str, ClientControl)> {
    let greet = |hello: Hello| ClientControl::Hello(Box::new(hello));
    vec![
        (
            "hello_for_company",
            greet(Hello {
                company: true,
                ..hello()
            }),
        ),
        (
            "hello_with_a_password",
            greet(Hello {
                room: RoomSelector::Id(RoomId(7)),
                password: Some("open sesame".to_owned()),
                ..hello()
            }),
        ),
        (
            "hello_with_properties",
            greet(Hello {
                properties: pairs(&[("colour", "#ff8800"), ("loadout", "rail, mines")]),
                ..hello()
            }),
        ),
        (
            "hello_that_may_be_repeated",
            greet(Hello {
                join_key: Some(core::array::from_fn(|n| 0xa0 + u8::try_from(n).unwrap())),
                ..hello()
            }),
        ),
        (
            "hello_to_create_plain",
            greet(Hello {
                room: RoomSelector::Create(CreateOptions::default()),
                name: String::new(),
                ..hello()
            }),
        ),
        (
            "hello_to_resume",
            greet(Hello {
                fingerprint: Some(u64::MAX),
                resume: Some((0..40).collect()),
                ..hello()
            }),
        ),
    ]
}

fn afterwards() -> Vec<(&'static str, ClientControl)> {
    vec![
        ("ping", ClientControl::Ping { nonce: 7 }),
        ("ping_largest", ClientControl::Ping { nonce: u32::MAX }),
        ("rematch", ClientControl::Rematch),
        ("leave", ClientControl::Leave),
        (
            "resync",
            ClientControl::Resync {
                incarnation: 2,
                stream: StreamSlot::OWN,
                tick: Tick(70_000),
            },
        ),
        (
            "resync_largest",
            ClientControl::Resync {
                incarnation: u32::MAX,
                stream: StreamSlot(255),
                tick: Tick(u32::MAX),
            },
        ),
        (
            "chat",
            ClientControl::Chat {
                to: ChatTo::Room,
                text: "hi all".to_owned(),
            },
        ),
        (
            "chat_whisper",
            ClientControl::Chat {
                to: ChatTo::Player(PlayerId(300)),
                text: "psst 🚀".to_owned(),
            },
        ),
        ("ready", ClientControl::Room(RoomRequest::Ready(true))),
        ("unready", ClientControl::Room(RoomRequest::Ready(false))),
        ("start", ClientControl::Room(RoomRequest::Start)),
        (
            "kick",
            ClientControl::Room(RoomRequest::Kick {
                player: PlayerId(300),
                reason: "be kind".to_owned(),
            }),
        ),
        ("team", ClientControl::Room(RoomRequest::Team(TeamId(1)))),
        (
            "properties",
            ClientControl::Room(RoomRequest::Properties(pairs(&[("hat", "fez")]))),
        ),
        (
            "chat_to_team",
            ClientControl::Chat {
                to: ChatTo::Team,
                text: "go".to_owned(),
            },
        ),
    ]
}

fn roster() -> Vec<RosterEntry> {
    [("Ada", true), ("Bo", false)]
        .into_iter()
        .zip([0, 300])
        .map(|((name, connected), seat)| RosterEntry {
            player: PlayerId(seat),
            name: name.to_owned(),
            connected,
            ready: connected,
            host: seat == 300,
            team: connected.then_some(TeamId(1)),
            properties: Properties::new(connected.then_some(("hat", "fez"))).unwrap(),
        })
        .collect()
}

fn welcome() -> Welcome {
    Welcome {
        session: SessionId(0x0011_2233_4455_6677),
        attach: 1,
        resume_token: vec![0xa5; 4],
        grace_ms: 15_000,
        room: RoomId(1),
        code: "7K2MXQ".parse().unwrap(),
        player: Some(PlayerId(0)),
        game: "arena".to_owned(),
        tick_rate: TickRate::hz(30),
        snapshot_interval: 1,
        fingerprint: 0xfedc_ba98_7654_3210,
        schema: None,
        streams: vec![StreamSlot::COMMON, StreamSlot::OWN],
        state: RoomUpdate {
            phase: Some(PhaseInfo::Running {
                incarnation: 1,
                tick: Tick(1234),
            }),
            whole: true,
            roster: roster(),
            left: Vec::new(),
        },
    }
}

fn server() -> Vec<(&'static str, ServerControl)> {
    let mut all = welcomes();
    all.extend(updates());
    all.extend(answers());
    all.extend(chat());
    all.extend(refusals());
    all
}

fn welcomes() -> Vec<(&'static str, ServerControl)> {
    let greet = |welcome: Welcome| ServerControl::Welcome(Box::new(welcome));
    vec![
        ("welcome", greet(welcome())),
        (
            "welcome_with_schema",
            greet(Welcome {
                schema: Some(crate::schemas::smallest().encoded().to_vec()),
                fingerprint: crate::schemas::smallest().fingerprint(),
                ..welcome()
            }),
        ),
        (
            "welcome_to_watch",
            greet(Welcome {
                attach: 3,
                player: None,
                streams: vec![StreamSlot::COMMON],
                state: RoomUpdate {
                    phase: Some(PhaseInfo::waiting(1)),
                    whole: true,
                    ..RoomUpdate::default()
                },
                ..welcome()
            }),
        ),
    ]
}

fn updates() -> Vec<(&'static str, ServerControl)> {
    let update = |phase: Option<PhaseInfo>| {
        ServerControl::Room(RoomUpdate {
            phase,
            ..RoomUpdate::default()
        })
    };
    vec![
        (
            "room_roster",
            ServerControl::Room(RoomUpdate {
                roster: roster(),
                left: vec![PlayerId(7), PlayerId(1000)],
                ..RoomUpdate::default()
            }),
        ),
        ("room_lobby", update(Some(PhaseInfo::waiting(2)))),
        (
            "room_lobby_starting",
            update(Some(PhaseInfo::Lobby {
                missing: 0,
                unready: Some(1),
                starts_ms: Some(4_200),
            })),
        ),
        (
            "room_running",
            update(Some(PhaseInfo::Running {
                incarnation: 2,
                tick: Tick::ZERO,
            })),
        ),
        (
            "room_ended",
            update(Some(PhaseInfo::Ended {
                incarnation: 2,
                tick: Tick(54_000),
                outcome: Outcome {
                    winners: vec![PlayerId(300)],
                    scores: vec![(PlayerId(300), 12), (PlayerId(0), -3)],
                },
                rematch_ms: 10_000,
            })),
        ),
        (
            "room_ended_without_winner",
            update(Some(PhaseInfo::Ended {
                incarnation: 3,
                tick: Tick(1),
                outcome: Outcome::default(),
                rematch_ms: 0,
            })),
        ),
        (
            "room_held",
            update(Some(PhaseInfo::Held {
                tick: Tick(54_000),
                missing: 3,
                longest_ms: 4_200,
            })),
        ),
    ]
}

fn answers() -> Vec<(&'static str, ServerControl)> {
    let refused = |refusal: CommandRefusal| ServerControl::CommandReply {
        sequence: 300,
        outcome: CommandOutcome::Refused(refusal),
    };
    vec![
        (
            "command_applied",
            ServerControl::CommandReply {
                sequence: 0,
                outcome: CommandOutcome::Applied(Tick(250)),
            },
        ),
        ("command_unknown", refused(CommandRefusal::Unknown)),
        ("command_malformed", refused(CommandRefusal::Malformed)),
        ("command_too_many", refused(CommandRefusal::TooMany)),
        ("command_not_running", refused(CommandRefusal::NotRunning)),
        ("command_not_a_player", refused(CommandRefusal::NotAPlayer)),
        (
            "command_against_the_rules",
            refused(CommandRefusal::Rule("not enough gold".to_owned())),
        ),
        (
            "pong",
            ServerControl::Pong {
                nonce: 7,
                match_micros: 41_133_333,
            },
        ),
        (
            "pong_without_match",
            ServerControl::Pong {
                nonce: u32::MAX,
                match_micros: 0,
            },
        ),
        (
            "pong_after_days",
            ServerControl::Pong {
                nonce: 251,
                match_micros: 864_000_000_000,
            },
        ),
    ]
}

fn refusals() -> Vec<(&'static str, ServerControl)> {
    let refused = ServerControl::RoomRefused;
    vec![
        ("refused_not_a_player", refused(RoomRefusal::NotAPlayer)),
        ("refused_not_the_host", refused(RoomRefusal::NotTheHost)),
        ("refused_not_now", refused(RoomRefusal::NotNow)),
        ("refused_too_few", refused(RoomRefusal::TooFewPlayers)),
        ("refused_no_such_player", refused(RoomRefusal::NoSuchPlayer)),
        ("refused_no_such_team", refused(RoomRefusal::NoSuchTeam)),
        ("refused_unbalanced", refused(RoomRefusal::Unbalanced)),
        (
            "refused_invalid_properties",
            refused(RoomRefusal::InvalidProperties),
        ),
    ]
}

fn chat() -> Vec<(&'static str, ServerControl)> {
    let refused = ServerControl::ChatRefused;
    let line = |id, from, to, text: &str| ChatLine {
        id,
        age_ms: 12,
        from,
        to,
        text: text.to_owned(),
    };
    let ada = || ChatFrom::Player {
        player: PlayerId(0),
        name: "Ada".to_owned(),
    };
    let watcher = ChatFrom::Spectator {
        name: "Žofia 🚀".to_owned(),
    };
    let later = ChatLine {
        age_ms: 70_000,
        ..line(
            3 << 32 | 9,
            ChatFrom::Server,
            ChatTo::Room,
            "back in a minute",
        )
    };
    vec![
        (
            "chat",
            ServerControl::Chat(vec![line(7, ada(), ChatTo::Room, "hi all")]),
        ),
        (
            "chat_of_all_kinds",
            ServerControl::Chat(vec![
                line(8, watcher, ChatTo::Room, "nice shot"),
                line(300, ada(), ChatTo::Player(PlayerId(300)), "psst"),
                later,
            ]),
        ),
        (
            "chat_too_fast",
            refused(ChatRefusal::TooFast { retry_ms: 1_950 }),
        ),
        ("chat_too_long", refused(ChatRefusal::TooLong)),
        ("chat_empty", refused(ChatRefusal::Empty)),
        ("chat_muted", refused(ChatRefusal::Muted)),
        ("chat_not_a_player", refused(ChatRefusal::NotAPlayer)),
        ("chat_no_such_player", refused(ChatRefusal::NoSuchPlayer)),
        ("chat_filtered", refused(ChatRefusal::Filtered)),
        ("chat_no_team", refused(ChatRefusal::NoTeam)),
        (
            "chat_of_a_team",
            ServerControl::Chat(vec![line(9, ada(), ChatTo::Team, "go")]),
        ),
    ]
}
