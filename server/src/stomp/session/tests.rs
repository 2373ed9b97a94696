//! Whole conversations, frame by frame.

use std::time::Duration;

use proptest::prelude::*;

use super::*;

fn arrived(entry: Entry) -> Session {
    Session::new("7".to_owned(), 10_000, Box::new(move |_| entry))
}

fn connect() -> Frame {
    Frame::new(Command::Connect).with("accept-version", "1.1,1.2")
}

fn greeted() -> Session {
    let mut session = arrived(Entry::Speaks);
    session.handle(connect()).unwrap();
    session
}

fn subscribe(id: &str, ack: &str) -> Frame {
    Frame::new(Command::Subscribe)
        .with("id", id)
        .with("destination", "/topic/room.1.chat")
        .with("ack", ack)
}

fn send(text: &str) -> Frame {
    let frame = Frame::new(Command::Send).with("destination", "/topic/room.1.chat");
    frame.with_body("text/plain", text)
}

fn say(text: &str) -> Act {
    Act::Say {
        room: "1".to_owned(),
        text: text.to_owned(),
        receipt: None,
    }
}

fn receipt(id: &str) -> Act {
    Act::Send(Frame::new(Command::Receipt).with("receipt-id", id))
}

fn refusal(session: &mut Session, frame: Frame) -> String {
    let frame = session.handle(frame).unwrap_err().frame();
    assert_eq!(frame.command, Command::Error);
    frame.header("message").unwrap().to_owned()
}

#[test]
fn a_greeting_is_answered_with_version_and_heart_beats() {
    let mut session = arrived(Entry::Listens);
    let frame = connect()
        .with("heart-beat", "20000,5000")
        .with("login", " Ada\n");
    let acts = session.handle(frame).unwrap();
    let [Act::Greet(name, beats), Act::Send(connected)] = &acts[..] else {
        panic!("{acts:?}");
    };
    assert_eq!(name, "Ada");
    assert_eq!(beats.given, Some(Duration::from_secs(5)));
    assert_eq!(beats.expected, Some(Duration::from_secs(20)));
    assert_eq!(connected.command, Command::Connected);
    assert_eq!(connected.header("version"), Some("1.2"));
    assert_eq!(connected.header("heart-beat"), Some("1000,10000"));
    assert_eq!(connected.header("session"), Some("7"));
}

#[test]
fn who_is_no_client_of_ours_is_told_why() {
    let old = Frame::new(Command::Connect).with("accept-version", "1.0,1.1");
    let error = arrived(Entry::Speaks).handle(old).unwrap_err();
    assert_eq!(error.frame().header("version"), Some("1.2"));
    assert_eq!(error.close().reason, CloseReason::UnsupportedVersion);
    let oldest = Frame::new(Command::Connect);
    assert!(refusal(&mut arrived(Entry::Speaks), oldest).contains("1.2"));
    let beats = connect().with("heart-beat", "often");
    assert!(refusal(&mut arrived(Entry::Speaks), beats).contains("milliseconds"));
    assert!(refusal(&mut arrived(Entry::Refused), connect()).contains("passcode"));
    assert!(refusal(&mut arrived(Entry::Speaks), send("hi")).contains("CONNECT comes first"));
    assert!(refusal(&mut greeted(), connect()).contains("second"));
}

#[test]
fn what_is_sent_is_said_and_then_receipted() {
    let mut session = greeted();
    let acts = session
        .handle(send(" hi\nall ").with("receipt", "a"))
        .unwrap();
    let said = Act::Say {
        room: "1".to_owned(),
        text: "hi all".to_owned(),
        receipt: Some("a".to_owned()),
    };
    assert_eq!(acts, [said, receipt("a")]);
}

#[test]
fn who_may_only_listen_does_not_speak() {
    let mut session = arrived(Entry::Listens);
    session.handle(connect()).unwrap();
    assert!(session.handle(subscribe("0", "auto")).is_ok());
    let refused = session.handle(send("hi").with("receipt", "r")).unwrap_err();
    assert_eq!(refused.frame().header("receipt-id"), Some("r"));
    assert_eq!(refused.close().reason, CloseReason::NotAllowed);
}

#[test]
fn what_can_not_be_said_is_refused_before_it_is_tried() {
    for (frame, words) in [
        (send(" \n"), "says nothing"),
        (send(&"x".repeat(257)), "too long"),
        (
            Frame::new(Command::Send).with_body("text/plain", "hi"),
            "destination",
        ),
        (
            Frame::new(Command::Send).with("destination", "/queue/a"),
            "destinations are",
        ),
        (
            Frame::new(Command::Send).with("destination", "/topic/room.1.events"),
            "nobody speaks",
        ),
        (
            Frame {
                body: vec![0xff],
                ..send("")
            },
            "UTF-8",
        ),
        (Frame::new(Command::Message), "only servers"),
    ] {
        assert!(
            refusal(&mut greeted(), frame.clone()).contains(words),
            "{frame:?}"
        );
    }
}

#[test]
fn a_subscription_is_told_until_it_ends() {
    let mut session = greeted();
    let frame = subscribe("mine", "auto").with("last-event-id", "17");
    let follow = Act::Follow {
        number: 1,
        room: "1".to_owned(),
        topic: Topic::Chat,
        credited: false,
        heard: 17,
    };
    assert_eq!(session.handle(frame).unwrap(), [follow]);
    let message = session.message(1, "chat", "{}".to_owned()).unwrap();
    for (name, value) in [
        ("subscription", Some("mine")),
        ("message-id", Some("1-1")),
        ("destination", Some("/topic/room.1.chat")),
        ("event", Some("chat")),
        ("content-length", Some("2")),
        ("ack", None),
    ] {
        assert_eq!(message.header(name), value, "{name}");
    }
    let again = subscribe("mine", "auto");
    assert!(refusal(&mut session, again).contains("of this id"));
    let over = Frame::new(Command::Unsubscribe).with("id", "mine");
    assert_eq!(session.handle(over.clone()).unwrap(), [Act::Unfollow(1)]);
    assert_eq!(session.message(1, "chat", "{}".to_owned()), None);
    assert!(refusal(&mut session, over).contains("no subscription"));
}

#[test]
fn a_client_has_only_so_many_subscriptions() {
    let mut session = greeted();
    for id in 0..SUBSCRIPTIONS_MAX {
        session.handle(subscribe(&id.to_string(), "auto")).unwrap();
    }
    assert!(refusal(&mut session, subscribe("more", "auto")).contains("at most 16"));
}

#[test]
fn acknowledgements_allow_more_messages() {
    let ack = |id: &str| Frame::new(Command::Ack).with("id", id);
    for (mode, allowed) in [("client", [2, 1]), ("client-individual", [1, 1])] {
        let mut session = greeted();
        session.handle(subscribe("0", mode)).unwrap();
        for id in ["1-1", "1-2", "1-3"] {
            let message = session.message(1, "chat", String::new()).unwrap();
            assert_eq!(message.header("ack"), Some(id));
        }
        let mut allow = |frame| match session.handle(frame).unwrap()[..] {
            [Act::Allow { messages, .. }] => messages,
            ref acts => panic!("{acts:?}"),
        };
        assert_eq!([allow(ack("1-2")), allow(ack("1-3"))], allowed);
        // Once more changes nothing.
        let nack = Frame::new(Command::Nack).with("id", "1-3");
        assert_eq!(allow(nack), 0);
        for wrong in ["1-4", "2-1", "1-0", "one", ""] {
            assert!(
                refusal(&mut session, ack(wrong)).contains("no message"),
                "{wrong}"
            );
        }
        session
            .handle(Frame::new(Command::Unsubscribe).with("id", "0"))
            .unwrap();
        assert_eq!(session.handle(ack("1-1")).unwrap(), []);
    }
    let mut session = greeted();
    session.handle(subscribe("0", "auto")).unwrap();
    session.message(1, "chat", String::new()).unwrap();
    assert!(refusal(&mut session, ack("1-1")).contains("no message"));
    assert!(refusal(&mut session, subscribe("1", "maybe")).contains("client-individual"));
}

#[test]
fn a_transaction_happens_at_its_end_or_never() {
    let of = |command| Frame::new(command).with("transaction", "t");
    let mut session = greeted();
    assert_eq!(session.handle(of(Command::Begin)).unwrap(), []);
    let frame = send("one").with("transaction", "t").with("receipt", "a");
    assert_eq!(session.handle(frame).unwrap(), [receipt("a")]);
    let frame = send("two").with("transaction", "t");
    assert_eq!(session.handle(frame).unwrap(), []);
    let commit = of(Command::Commit).with("receipt", "b");
    assert_eq!(
        session.handle(commit).unwrap(),
        [say("one"), say("two"), receipt("b")]
    );

    session.handle(of(Command::Begin)).unwrap();
    session
        .handle(send("one").with("transaction", "t"))
        .unwrap();
    assert_eq!(session.handle(of(Command::Abort)).unwrap(), []);
    for frame in [
        of(Command::Commit),
        of(Command::Abort),
        send("x").with("transaction", "t"),
    ] {
        assert!(refusal(&mut session, frame).contains("not begun"));
    }
    session.handle(of(Command::Begin)).unwrap();
    assert!(refusal(&mut session, of(Command::Begin)).contains("was begun"));
    for _ in 0..TRANSACTION_FRAMES_MAX {
        session.handle(send("x").with("transaction", "t")).unwrap();
    }
    let more = send("x").with("transaction", "t");
    assert!(refusal(&mut session, more).contains("at most 16 frames"));
    for name in 1..TRANSACTIONS_MAX {
        let begin = Frame::new(Command::Begin).with("transaction", name.to_string());
        session.handle(begin).unwrap();
    }
    let more = Frame::new(Command::Begin).with("transaction", "more");
    assert!(refusal(&mut session, more).contains("at most 8"));
}

#[test]
fn a_goodbye_is_receipted_and_is_the_last_word() {
    let mut session = greeted();
    let goodbye = Frame::new(Command::Disconnect).with("receipt", "77");
    assert_eq!(session.handle(goodbye).unwrap(), [receipt("77"), Act::End]);
    assert_eq!(session.handle(send("hi")).unwrap(), []);
}

#[test]
fn a_name_is_one_that_others_can_read() {
    for (login, expected) in [
        ("", "guest"),
        (" \u{202e}\n", "guest"),
        ("Ada\nLovelace", "Ada Lovelace"),
        (&"x".repeat(100), "xxxxxxxxxxxxxxxxxxxxxxxx"),
    ] {
        assert_eq!(name(login), expected);
    }
}

proptest! {
    #[test]
    fn whatever_is_asked_is_bounded_and_panics_nobody(
        asked in prop::collection::vec((
            prop::sample::select(&Command::ALL[..]),
            prop::collection::vec((
                prop::sample::select(&[
                    "id", "destination", "ack", "transaction", "receipt", "accept-version",
                    "heart-beat", "last-event-id",
                ][..]),
                prop::sample::select(&[
                    "1", "2", "1-1", "1.2", "t", "client", "auto", "/topic/room.1.chat",
                    "/topic/room.2.events", "0,0",
                ][..]),
            ), 0..5),
            "[a-z]{0,5}",
        ), 0..60),
    ) {
        let mut session = greeted();
        for (command, headers, body) in asked {
            let mut frame = Frame::new(command);
            for (name, value) in headers {
                frame = frame.with(name, value);
            }
            if command.has_body() {
                frame.body = body.into_bytes();
            }
            // A refusal ends a connection; here it goes on, which must do no harm either.
            let _ = session.handle(frame);
            for number in 0..3 {
                let _ = session.message(number, "chat", String::new());
            }
            prop_assert!(session.subscriptions.len() <= SUBSCRIPTIONS_MAX);
            prop_assert!(session.transactions.len() <= TRANSACTIONS_MAX);
        }
    }
}
