//! Servers that are silent, broken or lying.

use super::*;

#[test]
fn a_silent_server_is_given_up() {
    let mut case = Case::welcomed(LOBBY);
    case.clear();
    case.pass(10_100);
    assert_eq!(
        (case.ending().ending, case.disconnects),
        (Ending::Silent, 1)
    );
}

#[test]
fn unreadable_messages_end_the_connection_and_nothing_else() {
    let bad = [
        vec![99, 0],
        vec![1, 200],
        control(&ServerControl::Welcome(Box::new(welcome(
            &marker_schema(),
            7,
            LOBBY,
        )))),
        frame(5, &[], &[(StreamSlot::OWN, StreamEntry::Chunk(&[1]))]),
    ];
    for message in bad {
        let (mut case, _) = Case::playing();
        case.message(&message);
        assert!(matches!(case.ending().ending, Ending::Unreadable(_)));
        assert_eq!(case.disconnects, 1);
        // What was still on its way is ignored.
        case.message(&message);
        case.closed(Some(4011));
        case.pass(300);
        assert_eq!(case.connects, 1);
    }
}

#[test]
fn a_welcome_with_a_wrong_fingerprint_is_refused() {
    let mut case = Case::new();
    case.greet();
    let mut wrong = welcome(&case.schema, 7, LOBBY);
    wrong.fingerprint ^= 1;
    case.message(&control(&ServerControl::Welcome(Box::new(wrong))));
    assert!(matches!(case.ending().ending, Ending::Unreadable(_)));
}

/// Ticks as liars choose them: near the ends, close to each other, anywhere.
fn tick() -> impl Strategy<Value = u32> {
    prop_oneof![any::<u32>(), 28u32..60, u32::MAX - 2..=u32::MAX, 0u32..3]
}

proptest! {
    #[test]
    fn garbage_never_panics(
        messages in prop::collection::vec(any::<Vec<u8>>(), 0..10),
        welcomed: bool,
    ) {
        let mut case = if welcomed { Case::playing().0 } else { Case::new() };
        for message in &messages {
            case.message(message);
            case.pass(400);
            case.handle(NetworkEvent::Connected);
        }
    }

    /// Sound sections with any numbers in them.
    #[test]
    fn lies_never_panic(
        ticks in prop::collection::vec((tick(), any::<u64>(), any::<i32>()), 0..20),
        joins: bool,
    ) {
        let (mut case, world) = Case::playing();
        let join = world.join();
        for (tick, micros, margin) in ticks {
            let entries = [(StreamSlot::COMMON, StreamEntry::Join(&join))];
            let entries = if joins { &entries[..] } else { &[] };
            case.message(&frame(tick, &[InputStatus::Merged], entries));
            case.message(&phase(running(u32::from(micros % 3 == 0), tick)));
            for nonce in 0..5 {
                case.message(&control(&ServerControl::Pong { nonce, match_micros: micros }));
            }
            let own = syncline_shared::message::frame::OwnPart {
                repeated: micros % 2 == 0,
                margin_ms: Some(margin),
                ..Default::default()
            };
            let mut body = Vec::new();
            syncline_shared::message::frame::FrameSection {
                tick: Tick(tick), span: 1, own, streams: Vec::new(),
            }.encode(&mut body);
            let mut message = Vec::new();
            write_section(SectionKind::Frame, &body, &mut message);
            case.message(&message);
            case.pass(150);
            case.handle(NetworkEvent::Connected);
        }
    }
}
