//! Servers that end while a match runs, and those that come after them: the next one goes on.
//!
//! A server that is asked to end leaves its journals as one that is killed does, but for the last
//! ticks. `lost` kills real processes.

use std::fs;
use std::path::{Path, PathBuf};

use syncline_server::{Config, JournalConfig};
use syncline_shared::close::CloseReason;
use syncline_shared::id::PlayerId;
use syncline_shared::message::control::{
    ClientControl, CreateOptions, Hello, PhaseInfo, Role, ServerControl, Welcome,
};
use syncline_shared::message::lobby::{Lobby, RoomRequest};
use syncline_shared::tick::Tick;

use crate::support::client::{Client, Heard, control, create, follow, hello, resume};
use crate::support::host::Host;

fn server(folder: &Path) -> Host {
    Host::with(Config {
        journal: Some(JournalConfig {
            dir: folder.to_owned(),
            ..JournalConfig::default()
        }),
        ..Config::default()
    })
}

fn private() -> CreateOptions {
    CreateOptions {
        private: true,
        players_max: Some(3),
        labels: vec![("mode".to_owned(), "ctf".to_owned())],
        ..CreateOptions::default()
    }
}

/// The files of `folder` whose names end so.
fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let files = fs::read_dir(folder).unwrap();
    let mut paths: Vec<_> = files.map(|file| file.unwrap().path()).collect();
    paths.retain(|path| path.to_string_lossy().ends_with(ending));
    paths
}

/// Plays until `tick` is seen.
async fn play(player: &mut Client, tick: Tick) -> Tick {
    loop {
        let seen = player.frame().await;
        if seen >= tick {
            return seen;
        }
    }
}

/// Hears until the match runs; in which timeline and at which tick, and whether it was held before.
async fn running(player: &mut Client, welcome: &Welcome) -> (u32, Tick, bool) {
    let mut held = matches!(welcome.state.phase, Some(PhaseInfo::Held { .. }));
    if let Some(PhaseInfo::Running { incarnation, tick }) = welcome.state.phase {
        return (incarnation, tick, held);
    }
    loop {
        let phase = player
            .control(|control| match control {
                ServerControl::Room(update) => update.phase,
                _ => None,
            })
            .await;
        match phase {
            PhaseInfo::Running { incarnation, tick } => return (incarnation, tick, held),
            PhaseInfo::Held { .. } => held = true,
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn a_match_goes_on_with_its_room_its_seats_and_its_tokens() {
    let folder = tempfile::tempdir().unwrap();
    let first = server(folder.path());
    let (mut one, one_welcome) = Client::join(&first, create("lab", private())).await;
    let (mut two, two_welcome) = Client::join(&first, follow(&one_welcome)).await;
    let watching = Hello {
        role: Role::Spectator,
        ..follow(&one_welcome)
    };
    let (_three, three_welcome) = Client::join(&first, watching).await;
    play(&mut two, Tick(40)).await;
    let seen = one.frame().await;
    first.stop().await;
    assert_eq!(one.closed().await.0, CloseReason::Restarting);

    let second = server(folder.path());
    assert_eq!(second.metric("syncline_journals_recovered_total").await, 1);
    assert_eq!(second.get("/readyz").await.body, "ready\n");
    let (mut one, again) = Client::join(&second, resume(&one_welcome)).await;
    assert_eq!(
        (again.session, again.player, again.room, again.code),
        (
            one_welcome.session,
            one_welcome.player,
            one_welcome.room,
            one_welcome.code
        )
    );
    assert_eq!(again.attach, 2);
    let Some(PhaseInfo::Held { tick, missing, .. }) = again.state.phase else {
        panic!("{:?}", again.state.phase);
    };
    assert!(tick >= seen, "it ended after all was written");
    assert_eq!(missing, 1, "the other player, and not who watches");
    let (mut two, two_again) = Client::join(&second, resume(&two_welcome)).await;
    assert_eq!(two_again.player, Some(PlayerId(1)));
    let (incarnation, at, held) = running(&mut one, &again).await;
    assert_eq!((incarnation, held), (2, true));
    assert!(at >= tick && at <= tick.next(), "{at} after {tick}");
    running(&mut two, &two_again).await;
    play(&mut one, Tick(tick.0 + 20)).await;
    let (_three, three_again) = Client::join(&second, resume(&three_welcome)).await;
    assert_eq!(three_again.player, None);
    let (_, four) = Client::join(&second, follow(&again)).await;
    assert_eq!(four.player, Some(PlayerId(2)), "the third seat");
    let full = Client::refused(&second, follow(&again)).await;
    assert_eq!(
        full.0,
        CloseReason::RoomFull,
        "its options are as they were"
    );
    second.stop().await;
}

#[tokio::test]
async fn a_room_keeps_its_labels_and_its_password() {
    let folder = tempfile::tempdir().unwrap();
    let first = server(folder.path());
    let pair = |name: &str, value: &str| vec![(name.to_owned(), value.to_owned())];
    let options = CreateOptions {
        labels: pair("mode", "ctf"),
        ..CreateOptions::default()
    };
    let locked = Hello {
        password: Some("sesame".to_owned()),
        ..create("lab", options)
    };
    let (mut one, welcome) = Client::join(&first, locked).await;
    play(&mut one, Tick(20)).await;
    first.stop().await;
    let journals = files(folder.path(), ".open.journal");
    let bytes = fs::read(&journals[0]).unwrap();
    let has = |text: &[u8]| bytes.windows(text.len()).any(|part| part == text);
    assert!(has(b"ctf") && !has(b"sesame"), "nobody reads it there");

    let second = server(folder.path());
    let listed = second.rooms().await;
    assert_eq!(listed[0]["labels"]["mode"], "ctf");
    assert_eq!(listed[0]["locked"], true);
    let without = Client::refused(&second, follow(&welcome)).await;
    assert_eq!(without.0, CloseReason::WrongPassword);
    let with = Hello {
        password: Some("sesame".to_owned()),
        ..follow(&welcome)
    };
    let (_two, found) = Client::join(&second, with).await;
    assert_eq!(found.room, welcome.room);
    second.stop().await;
}

/// A restart is no way back in; only why it was kicked nobody knows any more.
#[tokio::test]
async fn whoever_was_kicked_is_kept_out_by_the_next_server() {
    let folder = tempfile::tempdir().unwrap();
    let first = server(folder.path());
    let options = CreateOptions {
        lobby: Lobby::WhenReady { countdown: None },
        ..CreateOptions::default()
    };
    let (mut ada, welcome) = Client::join(&first, create("lab", options)).await;
    let (mut bo, seat) = Client::join(&first, follow(&welcome)).await;
    let kick = ClientControl::Room(RoomRequest::Kick {
        player: seat.player.unwrap(),
        reason: "be kind".to_owned(),
    });
    ada.send(control(&kick)).await;
    let kicked = |text: &str| (CloseReason::Kicked, text.to_owned());
    assert_eq!(bo.closed().await, kicked("kicked: be kind"));
    first.stop().await;

    let second = server(folder.path());
    let again = Client::refused(&second, resume(&seat)).await;
    assert_eq!(again, kicked("kicked"));
    let (_ada, back) = Client::join(&second, resume(&welcome)).await;
    assert_eq!(back.player, welcome.player);
    second.stop().await;
}

/// Again and again; each time it is another timeline of the same match.
#[tokio::test]
async fn servers_that_end_one_after_the_other_hand_a_match_on() {
    let folder = tempfile::tempdir().unwrap();
    let mut welcome = None;
    let mut last = Tick::ZERO;
    for round in 1..=4 {
        let host = server(folder.path());
        let greeting = welcome
            .as_ref()
            .map_or_else(|| create("lab", private()), resume);
        let (mut player, this) = Client::join(&host, greeting).await;
        let (incarnation, tick, _) = running(&mut player, &this).await;
        assert_eq!((incarnation, this.attach), (round, round));
        assert!(tick >= last);
        last = play(&mut player, Tick(tick.0 + 10)).await;
        welcome = Some(this);
        host.stop().await;
    }
    assert_eq!(files(folder.path(), ".journal").len(), 1);
}

/// A room without a match is kept too, with whoever waits in it.
#[tokio::test]
async fn who_waits_for_others_waits_on() {
    let folder = tempfile::tempdir().unwrap();
    let first = server(folder.path());
    let (_one, welcome) = Client::join(&first, create("pong", CreateOptions::default())).await;
    first.stop().await;
    let second = server(folder.path());
    let (mut one, again) = Client::join(&second, resume(&welcome)).await;
    assert_eq!(again.player, welcome.player);
    assert_eq!(again.state.phase, Some(PhaseInfo::waiting(1)));
    let other = Hello {
        game: Some("pong".to_owned()),
        ..follow(&welcome)
    };
    let (_two, other) = Client::join(&second, other).await;
    assert_eq!(other.room, welcome.room);
    assert_eq!(running(&mut one, &again).await.0, 2);
    second.stop().await;
}

/// A journal that ends anywhere in its last record.
#[tokio::test]
async fn a_torn_tail_is_cut_off() {
    let folder = tempfile::tempdir().unwrap();
    let first = server(folder.path());
    let (mut one, welcome) = Client::join(&first, create("lab", private())).await;
    play(&mut one, Tick(20)).await;
    first.stop().await;
    let path = &files(folder.path(), ".open.journal")[0];
    let bytes = fs::read(path).unwrap();
    fs::write(path, &bytes[..bytes.len() - 3]).unwrap();
    let second = server(folder.path());
    let (mut one, again) = Client::join(&second, resume(&welcome)).await;
    running(&mut one, &again).await;
    one.frame().await;
    second.stop().await;
}

/// The server starts, says so, and tells who comes back that the session is over.
#[tokio::test]
async fn a_damaged_journal_is_set_aside() {
    let folder = tempfile::tempdir().unwrap();
    let first = server(folder.path());
    let (mut one, welcome) = Client::join(&first, create("lab", private())).await;
    play(&mut one, Tick(90)).await;
    first.stop().await;
    let path = &files(folder.path(), ".open.journal")[0];
    let mut bytes = fs::read(path).unwrap();
    // Behind the header, and long before the end.
    let place = bytes.len() / 2;
    bytes[place] ^= 0x10;
    fs::write(path, bytes).unwrap();
    let second = server(folder.path());
    let ready = second.get("/readyz").await;
    assert_eq!(ready.status, 200);
    assert!(ready.body.contains("was set aside: "), "{}", ready.body);
    assert_eq!(second.metric("syncline_journals_set_aside_total").await, 1);
    let refused = Client::refused(&second, resume(&welcome)).await;
    assert_eq!(refused.0, CloseReason::SessionExpired);
    assert_eq!(files(folder.path(), ".aside.journal").len(), 1);
    let (_, fresh) = Client::join(&second, hello()).await;
    assert!(fresh.player.is_some(), "nobody else is harmed");
    second.stop().await;
}

/// With a key of the operator's, tokens of one server are good for another that has its journals.
#[tokio::test]
async fn a_server_with_another_key_takes_no_tokens() {
    let folder = tempfile::tempdir().unwrap();
    let keyed = |key: &str| {
        let path = folder.path().join(key);
        fs::write(&path, key.repeat(64)).unwrap();
        Host::with(Config {
            journal: Some(JournalConfig {
                dir: folder.path().join("data"),
                ..JournalConfig::default()
            }),
            session_key: Some(path),
            ..Config::default()
        })
    };
    let first = keyed("a");
    let (mut one, welcome) = Client::join(&first, create("lab", private())).await;
    play(&mut one, Tick(5)).await;
    first.stop().await;
    let second = keyed("b");
    let refused = Client::refused(&second, resume(&welcome)).await;
    assert_eq!(refused.0, CloseReason::InvalidToken);
    second.stop().await;
    let third = keyed("a");
    let (_, again) = Client::join(&third, resume(&welcome)).await;
    assert_eq!(again.session, welcome.session);
    third.stop().await;
}

/// What is heard first from a held match is no frame of an older timeline, and none comes before it
/// runs.
#[tokio::test]
async fn a_held_match_sends_no_frames() {
    let folder = tempfile::tempdir().unwrap();
    let first = server(folder.path());
    let (mut one, one_welcome) = Client::join(&first, create("lab", private())).await;
    let (mut two, two_welcome) = Client::join(&first, follow(&one_welcome)).await;
    play(&mut two, Tick(10)).await;
    play(&mut one, Tick(10)).await;
    first.stop().await;
    let second = server(folder.path());
    let (mut one, _) = Client::join(&second, resume(&one_welcome)).await;
    for nonce in 0..20 {
        one.ping(nonce).await;
    }
    let (_two, _) = Client::join(&second, resume(&two_welcome)).await;
    let mut runs = false;
    loop {
        match one.hear().await {
            Heard::Control(ServerControl::Room(update)) => {
                runs |= matches!(update.phase, Some(PhaseInfo::Running { .. }));
            }
            Heard::Frame(_) => break,
            _ => {}
        }
    }
    assert!(runs);
    second.stop().await;
}
