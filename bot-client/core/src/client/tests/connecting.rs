//! A client finds a server, loses it, comes back, leaves.

use super::*;

#[test]
fn it_connects_greets_and_is_welcomed() {
    let mut case = Case::new();
    case.greet();
    assert_eq!(case.connects, 1);
    let hello = case.hello();
    assert_eq!(hello.game.as_deref(), Some("markers"));
    assert_eq!((hello.fingerprint, &hello.resume), (None, &None));
    assert!(hello.company, "as it is configured");
    case.be_welcomed(7, LOBBY);
    assert!(matches!(
        &case.events[0],
        ClientEvent::Welcome(joined) if !joined.resumed && joined.player == Some(PlayerId(0))
    ));
    assert_eq!(case.client.playing().unwrap().phase(), &LOBBY);
}

#[test]
fn a_server_that_does_not_answer_is_given_up_and_tried_again() {
    let mut case = Case::new();
    case.greet();
    case.pass(11_000);
    assert_eq!((case.disconnects, case.connects), (1, 2));
    assert_eq!(case.ending().ending, Ending::Silent);
}

/// Nobody knows whether the first hello was heard; the second one must not take another seat.
#[test]
fn a_hello_without_an_answer_is_repeated_with_its_key_and_another_join_has_another() {
    let mut case = Case::new();
    case.greet();
    let first = case.hello().join_key;
    assert!(first.is_some());
    case.clear();
    case.pass(11_000);
    case.handle(NetworkEvent::Connected);
    assert_eq!(case.hello().join_key, first);
    case.be_welcomed(7, LOBBY);
    case.clear();
    case.closed(None);
    case.pass(3_000);
    case.handle(NetworkEvent::Connected);
    assert_eq!(case.hello().join_key, None, "the token says more");
    case.clear();
    case.closed(Some(CloseReason::RoomClosed.code()));
    case.pass(3_000);
    case.handle(NetworkEvent::Connected);
    let next = case.hello().join_key;
    assert!(next.is_some() && next != first);
}

#[test]
fn a_lost_connection_is_resumed_with_the_token() {
    let mut case = Case::welcomed(LOBBY);
    case.clear();
    case.closed(None);
    assert_eq!(case.ending().then, Then::Resume);
    assert_eq!(case.connects, 0);
    case.pass(300);
    assert_eq!(case.connects, 1);
    case.handle(NetworkEvent::Connected);
    assert_eq!(case.hello().resume, Some(7u64.to_le_bytes().to_vec()));
    assert_eq!(case.hello().fingerprint, Some(case.schema.fingerprint()));
    let mut again = welcome(&case.schema, 7, LOBBY);
    again.schema = None;
    case.message(&control(&ServerControl::Welcome(Box::new(again))));
    let resumed = case
        .events
        .iter()
        .any(|event| matches!(event, ClientEvent::Welcome(joined) if joined.resumed));
    assert!(resumed);
}

#[test]
fn each_reason_has_its_next_step() {
    for &reason in CloseReason::ALL {
        let mut case = Case::welcomed(LOBBY);
        case.clear();
        case.closed(Some(reason.code()));
        assert_eq!(case.ending().ending, Ending::Reason(reason));
        assert_eq!(case.ending().then, reason.then());
        case.pass(60_000);
        match reason.then() {
            Then::Never => assert!(case.client.is_closed() && case.connects == 0),
            Then::Resume | Then::Rejoin | Then::Retry(_) => {
                assert!(case.connects > 0, "{reason}");
                case.clear();
                case.handle(NetworkEvent::Closed(None, "refused"));
                case.pass(60_000);
                case.handle(NetworkEvent::Connected);
                let resumes = case.hello().resume.is_some();
                assert_eq!(resumes, reason.then() != Then::Rejoin, "{reason}");
            }
        }
    }
}

#[test]
fn attempts_are_ever_rarer_but_do_not_end() {
    let mut case = Case::new();
    let mut waits = Vec::new();
    for _ in 0..12 {
        let before = case.now;
        while case.connects == 0 {
            case.pass(10);
        }
        waits.push(case.now.since(before));
        case.clear();
        case.closed(None);
    }
    assert!(
        waits[1] < 260_000 && waits[11] > 3_900_000 && waits[11] < 8_100_000,
        "{waits:?}"
    );
}

#[test]
fn a_token_of_another_session_is_not_a_resume() {
    let mut case = Case::welcomed(LOBBY);
    case.closed(None);
    case.pass(300);
    case.handle(NetworkEvent::Connected);
    case.clear();
    case.be_welcomed(8, LOBBY);
    assert!(matches!(&case.events[0], ClientEvent::Welcome(joined) if !joined.resumed));
}

#[test]
fn leaving_tells_the_server_and_ends() {
    let mut case = Case::welcomed(LOBBY);
    case.clear();
    case.client.leave(case.now);
    case.drain();
    assert!(case.sent.controls.contains(&ClientControl::Leave));
    case.closed(Some(1000));
    assert!(case.client.is_closed());
    assert_eq!(case.ending().ending, Ending::Reason(CloseReason::Left));
    assert_eq!(case.events.len(), 1);
}

#[test]
fn leaving_ends_even_if_the_server_does_not_close() {
    let mut case = Case::welcomed(LOBBY);
    case.client.leave(case.now);
    case.pass(1_000);
    assert!(case.client.is_closed() && case.disconnects == 1);
}
