//! A room that waits until all are ready, through a real server.

use serde_json::Value;
use syncline_server::{ChatFilter, Config, Filtered};
use syncline_shared::close::CloseReason;
use syncline_shared::id::TeamId;
use syncline_shared::message::chat::{ChatRefusal, ChatTo};
use syncline_shared::message::control::{
    ClientControl, CreateOptions, PhaseInfo, RoomUpdate, ServerControl,
};
use syncline_shared::message::lobby::{Lobby, RoomRefusal, RoomRequest};

use crate::support::client::{Client, control, create, follow, hello, resume};
use crate::support::host::Host;

fn when_ready(countdown: Option<u8>) -> CreateOptions {
    CreateOptions {
        lobby: Lobby::WhenReady { countdown },
        ..CreateOptions::default()
    }
}

async fn ask(client: &mut Client, request: RoomRequest) {
    client.send(control(&ClientControl::Room(request))).await;
}

/// The next update of the room that `choose` wants.
async fn update(client: &mut Client, choose: impl Fn(&RoomUpdate) -> bool) -> RoomUpdate {
    let update = |control| match control {
        ServerControl::Room(update) if choose(&update) => Some(update),
        _ => None,
    };
    client.control(update).await
}

fn starts(update: &RoomUpdate) -> bool {
    let phase = &update.phase;
    matches!(
        phase,
        Some(PhaseInfo::Lobby {
            starts_ms: Some(_),
            ..
        })
    )
}

fn runs(update: &RoomUpdate) -> bool {
    matches!(update.phase, Some(PhaseInfo::Running { .. }))
}

async fn state(host: &Host, room: &str) -> Value {
    serde_json::from_str(&host.get(&format!("/api/rooms/{room}")).await.body).unwrap()
}

#[tokio::test]
async fn a_match_begins_when_all_are_ready() {
    let host = Host::start();
    let (mut ada, welcome) = Client::join(&host, create("arena", when_ready(Some(1)))).await;
    let (mut bo, _) = Client::join(&host, follow(&welcome)).await;
    // Quick play leads elsewhere.
    let (_, elsewhere) = Client::join(&host, hello()).await;
    assert_ne!(elsewhere.room, welcome.room);
    ask(&mut ada, RoomRequest::Ready(true)).await;
    update(&mut bo, |update| update.roster.iter().any(|one| one.ready)).await;
    let told = state(&host, &welcome.room.to_string()).await;
    let of = |seat: usize| {
        (
            told["roster"][seat]["host"].clone(),
            told["roster"][seat]["ready"].clone(),
        )
    };
    assert_eq!(
        (of(0), of(1)),
        ((true.into(), true.into()), (false.into(), false.into()))
    );
    assert_eq!(
        (&told["unready"], &told["starting"]),
        (&1.into(), &false.into())
    );
    ask(&mut bo, RoomRequest::Ready(true)).await;
    update(&mut ada, starts).await;
    let (_, late) = Client::join(&host, follow(&welcome)).await;
    let Some(PhaseInfo::Lobby {
        starts_ms: Some(left),
        ..
    }) = late.state.phase
    else {
        panic!("{late:?}");
    };
    assert!(left <= 1000);
    update(&mut bo, runs).await;
    bo.frame().await;
}

#[tokio::test]
async fn the_host_starts_early_and_others_may_not() {
    let host = Host::with(Config {
        lobby_countdown: std::time::Duration::ZERO,
        ..Config::default()
    });
    let (mut ada, welcome) = Client::join(&host, create("arena", when_ready(None))).await;
    let (mut bo, _) = Client::join(&host, follow(&welcome)).await;
    ask(&mut bo, RoomRequest::Start).await;
    let refusal = |control| match control {
        ServerControl::RoomRefused(refusal) => Some(refusal),
        _ => None,
    };
    assert_eq!(bo.control(refusal).await, RoomRefusal::NotTheHost);
    ask(&mut ada, RoomRequest::Start).await;
    update(&mut bo, runs).await;
}

/// The server's own bots are always ready, and never the host.
#[tokio::test]
async fn bots_that_keep_company_wait_for_people_only() {
    let host = Host::with(Config {
        demo_bots: Some(2),
        ..Config::default()
    });
    let mut company = create("arena", when_ready(Some(0)));
    company.company = true;
    let (mut ada, _) = Client::join(&host, company).await;
    update(&mut ada, |update| {
        update
            .roster
            .iter()
            .any(|one| one.player.0 == 2 && one.ready)
    })
    .await;
    ask(&mut ada, RoomRequest::Ready(true)).await;
    update(&mut ada, runs).await;
}

#[tokio::test]
async fn whoever_is_kicked_reads_why_and_does_not_come_back() {
    let filter = ChatFilter::new(|message| match message.text {
        "rude" => Filtered::Refuse,
        _ => Filtered::Pass,
    });
    let host = Host::with(Config {
        chat_filter: Some(filter),
        ..Config::default()
    });
    let (mut ada, welcome) = Client::join(&host, create("arena", when_ready(None))).await;
    for (reason, text) in [("be kind", "kicked: be kind"), ("rude", "kicked")] {
        let (mut bo, seat) = Client::join(&host, follow(&welcome)).await;
        let kick = RoomRequest::Kick {
            player: seat.player.unwrap(),
            reason: reason.to_owned(),
        };
        ask(&mut ada, kick).await;
        let kicked = (CloseReason::Kicked, text.to_owned());
        assert_eq!(bo.closed().await, kicked);
        assert_eq!(Client::refused(&host, resume(&seat)).await, kicked);
    }
}

#[tokio::test]
async fn whoever_runs_the_server_kicks_and_mutes() {
    let host = Host::start();
    let (mut ada, welcome) = Client::join(&host, create("arena", CreateOptions::default())).await;
    let (mut bo, _) = Client::join(&host, follow(&welcome)).await;
    let path = |what: &str| format!("/api/rooms/{}/{what}", welcome.room);
    let post = async |what: &str, body: &str| {
        let request = format!(
            "POST {} HTTP/1.1\r\nhost: test\r\ncontent-type: application/json\r\n\
             content-length: {}\r\n\r\n{body}",
            path(what),
            body.len()
        );
        host.request(&request).await.status
    };
    assert_eq!(post("mute", r#"{"player":0}"#).await, 204);
    let (to, text) = (ChatTo::Room, "hm".to_owned());
    ada.send(control(&ClientControl::Chat { to, text })).await;
    let refusal = |control| match control {
        ServerControl::ChatRefused(refusal) => Some(refusal),
        _ => None,
    };
    assert_eq!(ada.control(refusal).await, ChatRefusal::Muted);
    assert_eq!(post("mute", r#"{"player":0,"muted":false}"#).await, 204);
    let (to, text) = (ChatTo::Room, "at last".to_owned());
    ada.send(control(&ClientControl::Chat { to, text })).await;
    let lines = |control| match control {
        ServerControl::Chat(lines) => Some(lines),
        _ => None,
    };
    assert_eq!(bo.control(lines).await[0].text, "at last");
    assert_eq!(
        post("kick", r#"{"player":1,"reason":"be kind"}"#).await,
        204
    );
    let kicked = (CloseReason::Kicked, "kicked: be kind".to_owned());
    assert_eq!(bo.closed().await, kicked);
    assert_eq!(post("kick", r#"{"player":1}"#).await, 404);
    assert_eq!(post("mute", r#"{"player":1}"#).await, 404);
    assert_eq!(post("kick", r#"{"seat":1}"#).await, 422);
    assert_eq!(host.get(&path("kick")).await.status, 405);
}

#[tokio::test]
async fn a_team_talks_among_itself() {
    let host = Host::start();
    let (mut ada, welcome) = Client::join(&host, create("lab", CreateOptions::default())).await;
    let (mut bo, _) = Client::join(&host, follow(&welcome)).await;
    let (mut cy, third) = Client::join(&host, follow(&welcome)).await;
    let teams = third.state.roster.iter().map(|entry| entry.team);
    assert_eq!(
        teams.collect::<Vec<_>>(),
        [0, 1, 0].map(|team| Some(TeamId(team)))
    );
    let told = state(&host, &welcome.room.to_string()).await;
    assert_eq!(
        (&told["teams"], &told["roster"][1]["team"]),
        (&2.into(), &1.into())
    );
    let (to, text) = (ChatTo::Team, "left".to_owned());
    cy.send(control(&ClientControl::Chat { to, text })).await;
    let lines = |control| match control {
        ServerControl::Chat(lines) => Some(lines),
        _ => None,
    };
    let told = ada.control(lines).await;
    assert_eq!((told[0].to, told[0].text.as_str()), (ChatTo::Team, "left"));
    let (to, text) = (ChatTo::Room, "all".to_owned());
    ada.send(control(&ClientControl::Chat { to, text })).await;
    assert_eq!(bo.control(lines).await[0].text, "all");
    ask(&mut bo, RoomRequest::Team(TeamId(0))).await;
    let refusal = |control| match control {
        ServerControl::RoomRefused(refusal) => Some(refusal),
        _ => None,
    };
    assert_eq!(bo.control(refusal).await, RoomRefusal::NotNow);
}
