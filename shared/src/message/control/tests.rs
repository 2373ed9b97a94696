//! Every control message round trips, and no part of one is taken for a whole.

use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::{Index, select};

use super::*;
use crate::command::CommandRefusal;
use crate::limits::{
    NAME_CHARS_MAX, PROPERTIES_BYTES_MAX, PROPERTIES_MAX, ROOM_MEMBERS_MAX, SCHEMA_BYTES_MAX,
    SERVER_MESSAGE_BYTES_MAX, TOKEN_BYTES_MAX,
};
use crate::message::chat::ChatFrom;
use crate::message::{SectionKind, write_section};

fn text() -> impl Strategy<Value = String> {
    vec(any::<char>(), 0..20).prop_map(String::from_iter)
}

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    vec(any::<u8>(), 0..40)
}

fn code() -> impl Strategy<Value = RoomCode> {
    any::<u64>().prop_map(RoomCode::from_entropy)
}

fn player() -> impl Strategy<Value = PlayerId> {
    any::<u16>().prop_map(PlayerId)
}

fn tick() -> impl Strategy<Value = Tick> {
    any::<u32>().prop_map(Tick)
}

fn pairs() -> impl Strategy<Value = Vec<(String, String)>> {
    vec((text(), text()), 0..4)
}

fn create_options() -> impl Strategy<Value = CreateOptions> {
    let plain = any::<(bool, Option<u16>, bool, u8)>();
    let options = (plain, pairs(), pairs(), lobby());
    options.prop_map(|(options, labels, rules, lobby)| {
        let (private, players_max, loud, spectator_delay) = options;
        CreateOptions {
            private,
            players_max,
            loud,
            spectator_delay,
            labels,
            rules,
            lobby,
        }
    })
}

fn client_control() -> impl Strategy<Value = ClientControl> {
    let room = prop_oneof![
        text().prop_map(|query| RoomSelector::QuickPlay { query }),
        any::<u32>().prop_map(|id| RoomSelector::Id(RoomId(id))),
        code().prop_map(RoomSelector::Code),
        create_options().prop_map(RoomSelector::Create),
    ];
    let hello = (
        (any::<u16>(), option::of(text()), any::<Option<u64>>(), room),
        (
            option::of(bytes()),
            text(),
            vec((text(), text()), 0..3),
            select(vec![Role::Player, Role::Spectator]),
            any::<bool>(),
            option::of(text()),
            any::<Option<[u8; 16]>>(),
        ),
    )
        .prop_map(
            |(
                (protocol, game, fingerprint, room),
                (resume, name, properties, role, company, password, join_key),
            )| {
                ClientControl::Hello(Box::new(Hello {
                    protocol,
                    game,
                    fingerprint,
                    room,
                    resume,
                    name,
                    properties,
                    role,
                    company,
                    password,
                    join_key,
                }))
            },
        );
    prop_oneof![
        hello,
        any::<u32>().prop_map(|nonce| ClientControl::Ping { nonce }),
        Just(ClientControl::Rematch),
        Just(ClientControl::Leave),
        (any::<u32>(), any::<u8>(), tick()).prop_map(|(incarnation, stream, tick)| {
            ClientControl::Resync {
                incarnation,
                stream: StreamSlot(stream),
                tick,
            }
        }),
        (chat_to(), text()).prop_map(|(to, text)| ClientControl::Chat { to, text }),
        room_request().prop_map(ClientControl::Room),
    ]
}

fn lobby() -> impl Strategy<Value = Lobby> {
    prop_oneof![
        Just(Lobby::Automatic),
        any::<Option<u8>>().prop_map(|countdown| Lobby::WhenReady { countdown }),
    ]
}

fn room_request() -> impl Strategy<Value = RoomRequest> {
    prop_oneof![
        any::<bool>().prop_map(RoomRequest::Ready),
        Just(RoomRequest::Start),
        (player(), text()).prop_map(|(player, reason)| RoomRequest::Kick { player, reason }),
        any::<u8>().prop_map(|team| RoomRequest::Team(TeamId(team))),
        vec((text(), text()), 0..3).prop_map(RoomRequest::Properties),
    ]
}

fn room_refusal() -> impl Strategy<Value = RoomRefusal> {
    select(vec![
        RoomRefusal::NotAPlayer,
        RoomRefusal::NotTheHost,
        RoomRefusal::NotNow,
        RoomRefusal::TooFewPlayers,
        RoomRefusal::NoSuchPlayer,
        RoomRefusal::NoSuchTeam,
        RoomRefusal::Unbalanced,
        RoomRefusal::InvalidProperties,
    ])
}

fn chat_to() -> impl Strategy<Value = ChatTo> {
    prop_oneof![
        Just(ChatTo::Room),
        player().prop_map(ChatTo::Player),
        Just(ChatTo::Team),
    ]
}

fn chat_line() -> impl Strategy<Value = ChatLine> {
    let from = prop_oneof![
        Just(ChatFrom::Server),
        (player(), text()).prop_map(|(player, name)| ChatFrom::Player { player, name }),
        text().prop_map(|name| ChatFrom::Spectator { name }),
    ];
    (any::<u64>(), any::<u32>(), from, chat_to(), text()).prop_map(
        |(id, age_ms, from, to, text)| ChatLine {
            id,
            age_ms,
            from,
            to,
            text,
        },
    )
}

fn chat_refusal() -> impl Strategy<Value = ChatRefusal> {
    prop_oneof![
        any::<u32>().prop_map(|retry_ms| ChatRefusal::TooFast { retry_ms }),
        select(vec![
            ChatRefusal::TooLong,
            ChatRefusal::Empty,
            ChatRefusal::Muted,
            ChatRefusal::NotAPlayer,
            ChatRefusal::NoSuchPlayer,
            ChatRefusal::Filtered,
            ChatRefusal::NoTeam,
        ]),
    ]
}

fn phase() -> impl Strategy<Value = PhaseInfo> {
    let outcome = (vec(player(), 0..4), vec((player(), any::<i32>()), 0..4))
        .prop_map(|(winners, scores)| Outcome { winners, scores });
    prop_oneof![
        any::<(u16, Option<u16>, Option<u32>)>().prop_map(|(missing, unready, starts_ms)| {
            PhaseInfo::Lobby {
                missing,
                unready,
                starts_ms,
            }
        }),
        (any::<u32>(), tick())
            .prop_map(|(incarnation, tick)| PhaseInfo::Running { incarnation, tick }),
        (any::<u32>(), tick(), outcome, any::<u32>()).prop_map(
            |(incarnation, tick, outcome, rematch_ms)| PhaseInfo::Ended {
                incarnation,
                tick,
                outcome,
                rematch_ms,
            }
        ),
        (tick(), any::<u16>(), any::<u32>()).prop_map(|(tick, missing, longest_ms)| {
            PhaseInfo::Held {
                tick,
                missing,
                longest_ms,
            }
        }),
    ]
}

fn properties() -> impl Strategy<Value = Properties> {
    let pairs = btree_map("[a-z][a-z0-9_]{0,3}", "[!-~é🚀]{1,2}", 0..4);
    pairs.prop_map(|pairs| Properties::new(pairs).unwrap())
}

fn room_update() -> impl Strategy<Value = RoomUpdate> {
    let facts = any::<(bool, bool, bool, Option<u8>)>();
    let entry = (player(), text(), facts, properties()).prop_map(
        |(player, name, (connected, ready, host, team), properties)| RosterEntry {
            player,
            name,
            connected,
            ready,
            host,
            team: team.map(TeamId),
            properties,
        },
    );
    (
        option::of(phase()),
        any::<bool>(),
        vec(entry, 0..5),
        vec(player(), 0..5),
    )
        .prop_map(|(phase, whole, roster, left)| RoomUpdate {
            phase,
            whole,
            roster,
            left,
        })
}

fn welcome() -> impl Strategy<Value = Welcome> {
    (
        (any::<u64>(), any::<u32>(), bytes(), any::<u32>()),
        (any::<u32>(), code(), option::of(player()), text()),
        (
            1u16..=TickRate::HZ_MAX,
            any::<u8>(),
            any::<u64>(),
            option::of(bytes()),
        ),
        vec(any::<u8>(), 0..4),
        room_update(),
    )
        .prop_map(|(stay, place, game, streams, state)| Welcome {
            session: SessionId(stay.0),
            attach: stay.1,
            resume_token: stay.2,
            grace_ms: stay.3,
            room: RoomId(place.0),
            code: place.1,
            player: place.2,
            game: place.3,
            tick_rate: TickRate::hz(game.0),
            snapshot_interval: game.1,
            fingerprint: game.2,
            schema: game.3,
            streams: streams.into_iter().map(StreamSlot).collect(),
            state,
        })
}

fn server_control() -> impl Strategy<Value = ServerControl> {
    let refusal = prop_oneof![
        select(vec![
            CommandRefusal::Unknown,
            CommandRefusal::Malformed,
            CommandRefusal::TooMany,
            CommandRefusal::NotRunning,
            CommandRefusal::NotAPlayer,
        ]),
        text().prop_map(CommandRefusal::Rule),
    ];
    let outcome = prop_oneof![
        tick().prop_map(CommandOutcome::Applied),
        refusal.prop_map(CommandOutcome::Refused),
    ];
    prop_oneof![
        welcome().prop_map(|welcome| ServerControl::Welcome(Box::new(welcome))),
        room_update().prop_map(ServerControl::Room),
        (any::<u32>(), outcome)
            .prop_map(|(sequence, outcome)| ServerControl::CommandReply { sequence, outcome }),
        any::<(u32, u64)>().prop_map(|(nonce, match_micros)| ServerControl::Pong {
            nonce,
            match_micros
        }),
        vec(chat_line(), 0..4).prop_map(ServerControl::Chat),
        chat_refusal().prop_map(ServerControl::ChatRefused),
        room_refusal().prop_map(ServerControl::RoomRefused),
    ]
}

proptest! {
    #[test]
    fn client_messages_round_trip(message in client_control()) {
        prop_assert_eq!(ClientControl::decode(&message.encode()), Ok(message));
    }

    #[test]
    fn server_messages_round_trip(message in server_control()) {
        prop_assert_eq!(ServerControl::decode(&message.encode()), Ok(message));
    }

    #[test]
    fn a_message_that_is_longer_is_refused(
        client in client_control(),
        server in server_control(),
        more: u8,
    ) {
        let longer = |mut bytes: Vec<u8>| { bytes.push(more); bytes };
        let refused = Err(DecodeError::LeftOver);
        prop_assert_eq!(ClientControl::decode(&longer(client.encode())), refused.clone());
        prop_assert_eq!(
            ServerControl::decode(&longer(server.encode())).map(|_| client),
            refused
        );
    }

    /// Every prefix of every message, not some of them.
    #[test]
    fn a_message_that_is_cut_is_refused(client in client_control(), server in server_control()) {
        let bytes = client.encode();
        for end in 0..bytes.len() {
            prop_assert!(ClientControl::decode(&bytes[..end]).is_err(), "{end}");
        }
        let bytes = server.encode();
        for end in 0..bytes.len() {
            prop_assert!(ServerControl::decode(&bytes[..end]).is_err(), "{end}");
        }
    }

    #[test]
    fn mangled_messages_never_panic(
        client in client_control(),
        server in server_control(),
        flips in vec((any::<Index>(), 1u8..=255), 1..4),
    ) {
        let mangled = |mut bytes: Vec<u8>| {
            for (place, flip) in &flips {
                let place = place.index(bytes.len());
                bytes[place] ^= flip;
            }
            bytes
        };
        if let Ok(message) = ClientControl::decode(&mangled(client.encode())) {
            prop_assert_eq!(ClientControl::decode(&message.encode()), Ok(message));
        }
        if let Ok(message) = ServerControl::decode(&mangled(server.encode())) {
            prop_assert_eq!(ServerControl::decode(&message.encode()), Ok(message));
        }
    }

    #[test]
    fn garbage_never_panics(bytes: Vec<u8>) {
        let _ = ClientControl::decode(&bytes);
        let _ = ServerControl::decode(&bytes);
    }
}

#[test]
fn values_outside_their_range_are_refused() {
    // A room selector 2 (by code) whose code is not one.
    let hello = |code: &str| {
        let mut bytes = vec![0, 1, 0, 0, 2, 6];
        bytes.extend(code.bytes());
        bytes.extend([0; 7]);
        ClientControl::decode(&bytes)
    };
    assert!(hello("ABCDEF").is_ok());
    assert_eq!(hello("ABCDE0"), Err(DecodeError::Invalid));
    assert_eq!(ClientControl::decode(&[7]), Err(DecodeError::Invalid));
    assert_eq!(ServerControl::decode(&[7]), Err(DecodeError::Invalid));
}

#[test]
fn messages_beyond_their_limit_are_refused_unread() {
    let long = vec![0; CLIENT_MESSAGE_BYTES_MAX + 1];
    assert_eq!(ClientControl::decode(&long), Err(DecodeError::TooLong));
    let long = vec![0; CONTROL_BYTES_MAX + 1];
    assert_eq!(ServerControl::decode(&long), Err(DecodeError::TooLong));
}

/// The largest honest message: a newcomer gets the schema, everybody's name and the last result.
/// If it did not fit, a full room of long names could not be joined.
#[test]
fn the_welcome_to_a_full_room_fits() {
    let players = || (0..ROOM_MEMBERS_MAX).map(|seat| PlayerId(u16::MAX - seat));
    let outcome = Outcome {
        winners: players().collect(),
        scores: players().map(|player| (player, i32::MIN)).collect(),
    };
    let name = "\u{10ffff}".repeat(NAME_CHARS_MAX);
    let each = PROPERTIES_BYTES_MAX / PROPERTIES_MAX;
    let pairs = (0..PROPERTIES_MAX).map(|n| (format!("p{n}"), "x".repeat(each - 2)));
    let properties = Properties::new(pairs).unwrap();
    let roster = players().map(|player| RosterEntry {
        player,
        name: name.clone(),
        connected: true,
        ready: true,
        host: true,
        team: Some(TeamId(255)),
        properties: properties.clone(),
    });
    let welcome = Welcome {
        session: SessionId(u64::MAX),
        attach: u32::MAX,
        resume_token: vec![255; TOKEN_BYTES_MAX],
        grace_ms: u32::MAX,
        room: RoomId(u32::MAX),
        code: RoomCode::from_entropy(0),
        player: Some(PlayerId(u16::MAX)),
        game: "game".repeat(16),
        tick_rate: TickRate::hz(128),
        snapshot_interval: 255,
        fingerprint: u64::MAX,
        schema: Some(vec![255; SCHEMA_BYTES_MAX]),
        streams: vec![StreamSlot::COMMON, StreamSlot::OWN],
        state: RoomUpdate {
            phase: Some(PhaseInfo::Ended {
                incarnation: u32::MAX,
                tick: Tick(u32::MAX),
                outcome,
                rematch_ms: u32::MAX,
            }),
            whole: true,
            roster: roster.collect(),
            left: Vec::new(),
        },
    };
    let message = ServerControl::Welcome(Box::new(welcome));
    let body = message.encode();
    assert_eq!(ServerControl::decode(&body), Ok(message));
    let mut section = Vec::new();
    write_section(SectionKind::Control, &body, &mut section);
    assert!(section.len() <= SERVER_MESSAGE_BYTES_MAX);
}
