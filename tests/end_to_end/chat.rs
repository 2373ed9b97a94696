//! What clients say to each other through a real server, and what its filter makes of it.

use syncline_server::{ChatFilter, Config, Filtered};
use syncline_shared::id::PlayerId;
use syncline_shared::message::chat::{ChatFrom, ChatLine, ChatRefusal, ChatTo};
use syncline_shared::message::control::{ClientControl, Hello, Role, ServerControl};

use crate::support::client::{Client, control, follow, hello};
use crate::support::host::Host;

async fn say(client: &mut Client, to: ChatTo, text: &str) {
    let text = text.to_owned();
    client
        .send(control(&ClientControl::Chat { to, text }))
        .await;
}

/// The next lines that are told.
async fn lines(client: &mut Client) -> Vec<ChatLine> {
    let lines = |control| match control {
        ServerControl::Chat(lines) => Some(lines),
        _ => None,
    };
    client.control(lines).await
}

async fn texts(client: &mut Client) -> Vec<String> {
    let lines = lines(client).await.into_iter();
    lines.map(|line| line.text).collect()
}

#[tokio::test]
async fn players_and_watchers_talk_and_newcomers_hear_it() {
    let host = Host::start();
    let (mut ada, welcome) = Client::join(&host, hello()).await;
    let watching = Hello {
        name: "Bo".to_owned(),
        role: Role::Spectator,
        ..follow(&welcome)
    };
    let (mut bo, _) = Client::join(&host, watching).await;
    say(&mut bo, ChatTo::Room, "nice").await;
    let heard = lines(&mut ada).await;
    let name = "Bo".to_owned();
    assert_eq!(heard[0].from, ChatFrom::Spectator { name });
    say(&mut ada, ChatTo::Player(PlayerId(0)), "a note").await;
    assert_eq!(texts(&mut ada).await, ["a note"]);
    let (mut late, _) = Client::join(&host, follow(&welcome)).await;
    assert_eq!(texts(&mut late).await, ["nice"]);
    assert_eq!(texts(&mut bo).await, ["nice"]);
    host.metric_until("syncline_chat_lines_total", |lines| lines == 2)
        .await;
}

#[tokio::test]
async fn a_filter_decides_what_is_said() {
    let filter = ChatFilter::new(|message| match message.text {
        "rude" => Filtered::Refuse,
        "dull" => Filtered::Replace("lovely".to_owned()),
        _ => Filtered::Pass,
    });
    let host = Host::with(Config {
        chat_filter: Some(filter),
        ..Config::default()
    });
    let (mut client, _) = Client::join(&host, hello()).await;
    say(&mut client, ChatTo::Room, "rude").await;
    let refusal = |control| match control {
        ServerControl::ChatRefused(refusal) => Some(refusal),
        _ => None,
    };
    assert_eq!(client.control(refusal).await, ChatRefusal::Filtered);
    say(&mut client, ChatTo::Room, "dull").await;
    assert_eq!(texts(&mut client).await, ["lovely"]);
    say(&mut client, ChatTo::Room, "plain").await;
    assert_eq!(texts(&mut client).await, ["plain"]);
}
