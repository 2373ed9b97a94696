//! Acts that the player asks for, over losses of connection.

use syncline_shared::command::CommandOutcome;

use super::*;

impl Case {
    fn ask(&mut self, payload: u8) -> Option<u32> {
        let sequence = self.client.send_command(vec![payload]);
        self.drain();
        sequence
    }

    /// The numbers and the payloads of the commands that were sent since this was asked last.
    fn asked(&mut self) -> Vec<(u32, u8)> {
        let commands = core::mem::take(&mut self.sent.commands).into_iter();
        let told = commands.map(|command| (command.sequence, command.payload[0]));
        told.collect()
    }

    fn answer(&mut self, sequence: u32) {
        let outcome = CommandOutcome::Applied(Tick(9));
        self.message(&control(&ServerControl::CommandReply { sequence, outcome }));
    }

    /// Connects again and is welcomed, so often for this session, in this timeline.
    fn come_back(&mut self, session: u64, attach: u32, incarnation: u32) {
        self.connects = 0;
        for _ in 0..1000 {
            if self.connects > 0 {
                break;
            }
            self.pass(10);
        }
        self.handle(NetworkEvent::Connected);
        let mut again = welcome(&self.schema, session, running(incarnation, 30));
        again.attach = attach;
        self.message(&control(&ServerControl::Welcome(Box::new(again))));
    }

    /// The numbers of the commands that were answered, and of those that are lost.
    fn fates(&self) -> (Vec<u32>, Vec<u32>) {
        let answered = self.events.iter().filter_map(|event| match event {
            ClientEvent::CommandReply { sequence, .. } => Some(*sequence),
            _ => None,
        });
        let lost = self.events.iter().filter_map(|event| match event {
            ClientEvent::CommandLost { sequence } => Some(*sequence),
            _ => None,
        });
        (answered.collect(), lost.collect())
    }
}

#[test]
fn commands_are_numbered_and_answered_once() {
    let mut case = Case::new();
    assert_eq!(case.ask(1), None);
    let mut case = Case::welcomed(LOBBY);
    assert_eq!((case.ask(1), case.ask(2)), (Some(0), Some(1)));
    assert_eq!(case.asked(), [(0, 1), (1, 2)]);
    case.answer(1);
    case.answer(1);
    case.answer(7);
    assert_eq!(case.fates(), (vec![1], vec![]));
}

#[test]
fn what_was_not_answered_is_asked_again_when_the_session_goes_on() {
    let mut case = Case::welcomed(running(1, 30));
    for payload in [1, 2, 3] {
        case.ask(payload);
    }
    case.answer(1);
    case.asked();
    case.closed(None);
    assert_eq!(case.ask(4), None, "there is nobody to ask");
    case.come_back(7, 2, 1);
    assert_eq!(case.asked(), [(0, 1), (2, 3)]);
    assert_eq!(case.ask(5), Some(65536));
    case.message(&phase(running(1, 31)));
    assert_eq!(case.asked(), [(65536, 5)], "once on each connection");
    case.answer(2);
    case.closed(None);
    case.come_back(7, 3, 1);
    assert_eq!(case.asked(), [(0, 1), (65536, 5)]);
    case.answer(0);
    case.answer(65536);
    assert_eq!(case.fates(), (vec![1, 2, 0, 65536], vec![]));
}

#[test]
fn what_was_meant_for_another_match_is_lost() {
    let mut case = Case::welcomed(running(1, 30));
    case.ask(1);
    case.message(&phase(running(2, 0)));
    case.ask(2);
    case.asked();
    case.closed(None);
    case.come_back(7, 2, 2);
    assert_eq!(case.asked(), [(1, 2)]);
    assert_eq!(case.fates(), (vec![], vec![0]));
}

#[test]
fn what_was_asked_in_another_session_is_lost() {
    let mut case = Case::welcomed(running(1, 30));
    case.ask(1);
    case.closed(None);
    case.come_back(8, 1, 1);
    assert_eq!(case.fates(), (vec![], vec![0]));
    case.asked();
    assert_eq!(case.ask(2), Some(0), "each session has its own");
    assert_eq!(case.asked(), [(0, 2)]);
    case.closed(Some(CloseReason::RoomClosed.code()));
    assert_eq!(case.fates(), (vec![], vec![0, 0]));
    case.come_back(9, 1, 1);
    assert_eq!(case.asked(), []);
}

#[test]
fn who_leaves_is_told_what_is_lost() {
    let mut case = Case::welcomed(running(1, 30));
    case.ask(1);
    case.client.leave(case.now);
    case.closed(Some(1000));
    assert!(case.client.is_closed());
    assert_eq!(case.fates(), (vec![], vec![0]));
    let last = case.events.last();
    assert!(matches!(last, Some(ClientEvent::Closed(_))), "{last:?}");
}

#[test]
fn no_more_are_asked_than_a_server_can_tell_apart() {
    let mut case = Case::welcomed(running(1, 30));
    for payload in 0..32 {
        assert!(case.ask(payload).is_some());
    }
    assert_eq!(case.ask(32), None);
    case.answer(0);
    assert_eq!(case.ask(32), Some(32));
}
