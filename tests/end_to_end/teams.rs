//! Teams in a game that ships: arena, in a room whose maker asked for them.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;
use syncline_bot_client::SwarmConfig;
use syncline_bot_client::config::Room;
use syncline_client_core::behaviour::Behaviour;
use syncline_server::Config;
use syncline_shared::close::CloseReason;
use syncline_shared::id::{PlayerId, TeamId};
use syncline_shared::message::chat::ChatTo;
use syncline_shared::message::control::{ClientControl, CreateOptions, PhaseInfo, ServerControl};

use crate::support::client::{Client, control, create, follow};
use crate::support::host::Host;

/// So small that nobody is out of reach.
const YARD: &str = r#"
    [map]
    name = "yard"
    width = 200
    height = 200
    walls = []
    spawns = [{ x = 100, y = 100 }]
    pickups = []
"#;

fn with(rules: &[(&str, &str)]) -> CreateOptions {
    let owned = |&(name, value): &(&str, &str)| (name.to_owned(), value.to_owned());
    CreateOptions {
        rules: rules.iter().map(owned).collect(),
        ..CreateOptions::default()
    }
}

async fn say(client: &mut Client, to: ChatTo, text: &str) {
    let text = text.to_owned();
    client
        .send(control(&ClientControl::Chat { to, text }))
        .await;
}

/// The next thing that is said.
async fn heard(client: &mut Client) -> String {
    let lines = |control| match control {
        ServerControl::Chat(lines) => Some(lines),
        _ => None,
    };
    client.control(lines).await[0].text.clone()
}

#[tokio::test]
async fn players_are_split_evenly_and_a_team_talks_among_itself() {
    let host = Host::start();
    let (ada, welcome) = Client::join(&host, create("arena", with(&[("teams", "2")]))).await;
    let mut clients = vec![ada];
    let mut teams = Vec::new();
    for _ in 1..4 {
        let (client, welcome) = Client::join(&host, follow(&welcome)).await;
        clients.push(client);
        let roster = welcome.state.roster.iter();
        teams = roster.map(|entry| entry.team).collect();
    }
    assert_eq!(teams, [0, 1, 0, 1].map(|team| Some(TeamId(team))));
    say(&mut clients[2], ChatTo::Team, "left").await;
    assert_eq!(heard(&mut clients[0]).await, "left");
    say(&mut clients[0], ChatTo::Room, "all").await;
    for client in [1, 3] {
        assert_eq!(
            heard(&mut clients[client]).await,
            "all",
            "and nothing before"
        );
    }
}

#[tokio::test]
async fn other_numbers_of_teams_are_refused_in_words() {
    let host = Host::start();
    for teams in ["1", "5", "two"] {
        let hello = create("arena", with(&[("teams", teams)]));
        let (reason, text) = Client::refused(&host, hello).await;
        assert_eq!(reason, CloseReason::InvalidOptions);
        assert!(text.contains("0, 2, 3 or 4"), "{text}");
    }
}

/// Bots that chase leave their own team alone, and one of the others is destroyed before long.
#[tokio::test(flavor = "multi_thread")]
async fn whoever_wins_does_so_with_the_whole_team() {
    let yard = toml::from_str(YARD).unwrap();
    let host = Host::with(Config {
        games: BTreeMap::from([("arena".to_owned(), yard)]),
        ..Config::default()
    });
    let rules = with(&[("teams", "2"), ("score_limit", "1")]);
    let (mut ada, welcome) = Client::join(&host, create("arena", rules)).await;
    let swarm = SwarmConfig {
        bots: 3,
        duration: Duration::from_mins(1),
        behaviour: Behaviour::Chase,
        room: Room::Code(welcome.code),
        ..SwarmConfig::new(format!("ws://{}/play", host.address))
    };
    let bots = tokio::spawn(syncline_bot_client::run(swarm));
    let ended = |control| match control {
        ServerControl::Room(update) => match update.phase {
            Some(PhaseInfo::Ended { outcome, .. }) => Some(outcome),
            _ => None,
        },
        _ => None,
    };
    let outcome = ada.control(ended).await;
    let path = format!("/api/rooms/{}", welcome.room);
    let told: Value = serde_json::from_str(&host.get(&path).await.body).unwrap();
    bots.abort();
    let roster = told["roster"].as_array().unwrap();
    let team_of = |player: PlayerId| {
        let mut entries = roster.iter();
        let entry = entries.find(|entry| entry["player"] == player.0).unwrap();
        usize::try_from(entry["team"].as_u64().unwrap()).unwrap()
    };
    let mut sums = [0; 2];
    for &(player, score) in &outcome.scores {
        sums[team_of(player)] += score;
    }
    // Two may have destroyed each other in the same tick.
    let best = sums.into_iter().max().unwrap();
    assert!(best >= 1, "{outcome:?}");
    for &(player, _) in &outcome.scores {
        let won = outcome.winners.contains(&player);
        assert_eq!(won, sums[team_of(player)] == best, "{outcome:?} {told}");
    }
}
