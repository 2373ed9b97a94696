//! Commands that wait for their answers, across the connections of a session: what is lost with one
//! is asked again on the next under its number, by which the server knows whether it was done.

use std::collections::BTreeMap;

use syncline_shared::command::{CommandMessage, first_sequence};
use syncline_shared::message::{SectionKind, write_section};

/// The most commands that wait for answers at a time: as many as a server remembers of a session. Of
/// more it could not tell whether it did them.
pub const COMMANDS_WAITING_MAX: usize = 32;

/// The commands of one session.
#[derive(Debug, Default)]
pub(crate) struct Commands {
    /// The number of the next.
    next: u32,
    /// By number.
    waiting: BTreeMap<u32, Waiting>,
    /// Numbers of those that are to be sent again on this connection, in their order.
    again: Vec<u32>,
    /// Counts what was asked: numbers begin anew after the highest.
    asked: u64,
}

#[derive(Debug)]
struct Waiting {
    incarnation: u32,
    /// Its place in the order in which they were asked.
    place: u64,
    message: Vec<u8>,
}

impl Commands {
    /// A connection of the session begins: which one of its session, counted from 1 as in a Welcome,
    /// and in which timeline. The numbers of commands that were meant for another timeline: they are
    /// lost, and nobody knows whether they were done.
    pub(crate) fn begin(&mut self, attach: u32, incarnation: u32) -> Vec<u32> {
        let lost = self.take(|waiting| waiting.incarnation != incarnation);
        let mut again: Vec<_> = self.waiting.iter().collect();
        again.sort_by_key(|(_, waiting)| waiting.place);
        self.again = again.into_iter().map(|(&sequence, _)| sequence).collect();
        self.next = first_sequence(attach);
        lost
    }

    /// The number and the message of a new command; `None` while too many wait.
    pub(crate) fn ask(&mut self, incarnation: u32, payload: Vec<u8>) -> Option<(u32, Vec<u8>)> {
        if self.waiting.len() == COMMANDS_WAITING_MAX {
            return None;
        }
        let sequence = self.next;
        self.next = sequence.wrapping_add(1);
        let (mut body, mut message) = (Vec::new(), Vec::new());
        let command = CommandMessage {
            incarnation,
            sequence,
            payload,
        };
        command.encode(&mut body);
        write_section(SectionKind::Command, &body, &mut message);
        let waiting = Waiting {
            incarnation,
            place: self.asked,
            message: message.clone(),
        };
        self.asked += 1;
        self.waiting.insert(sequence, waiting);
        Some((sequence, message))
    }

    /// A command was answered; whether it waited for that.
    pub(crate) fn answered(&mut self, sequence: u32) -> bool {
        self.waiting.remove(&sequence).is_some()
    }

    /// The messages to send again on this connection, once.
    pub(crate) fn again(&mut self) -> Vec<Vec<u8>> {
        let again = core::mem::take(&mut self.again).into_iter();
        let waiting = again.filter_map(|sequence| self.waiting.get(&sequence));
        waiting.map(|waiting| waiting.message.clone()).collect()
    }

    /// The session is over: the numbers of commands that will not be answered any more.
    pub(crate) fn give_up(&mut self) -> Vec<u32> {
        self.take(|_| true)
    }

    /// Forgets those that `is_lost` picks; their numbers, in the order in which they were asked.
    fn take(&mut self, is_lost: impl Fn(&Waiting) -> bool) -> Vec<u32> {
        let picked = self.waiting.iter().filter(|(_, waiting)| is_lost(waiting));
        let mut lost: Vec<_> = picked
            .map(|(&sequence, waiting)| (waiting.place, sequence))
            .collect();
        lost.sort_unstable();
        let lost = lost.into_iter().map(|(_, sequence)| sequence);
        lost.inspect(|sequence| drop(self.waiting.remove(sequence)))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use syncline_shared::message::sections;

    use super::*;

    /// What a message asks for.
    fn read(message: &[u8]) -> CommandMessage {
        let (kind, body) = sections(message).next().unwrap().unwrap();
        assert_eq!(kind, SectionKind::Command);
        CommandMessage::decode(body).unwrap()
    }

    fn asked(commands: &mut Commands, incarnation: u32) -> u32 {
        let (sequence, message) = commands.ask(incarnation, vec![5]).unwrap();
        let expected = CommandMessage {
            incarnation,
            sequence,
            payload: vec![5],
        };
        assert_eq!(read(&message), expected);
        sequence
    }

    fn repeated(commands: &mut Commands) -> Vec<u32> {
        let again = commands.again();
        again.iter().map(|message| read(message).sequence).collect()
    }

    #[test]
    fn what_was_not_answered_is_asked_again_once() {
        let mut commands = Commands::default();
        assert_eq!(commands.begin(1, 7), []);
        assert_eq!([asked(&mut commands, 7), asked(&mut commands, 7)], [0, 1]);
        assert_eq!(repeated(&mut commands), [0; 0]);
        assert!(commands.answered(0) && !commands.answered(0));
        assert_eq!(commands.begin(2, 7), []);
        assert_eq!(asked(&mut commands, 7), 65536);
        assert_eq!(
            (repeated(&mut commands), repeated(&mut commands)),
            (vec![1], vec![])
        );
        assert_eq!(commands.begin(3, 7), []);
        assert_eq!(repeated(&mut commands), [1, 65536]);
    }

    #[test]
    fn what_was_meant_for_another_match_or_session_is_lost() {
        let mut commands = Commands::default();
        commands.begin(1, 7);
        asked(&mut commands, 7);
        let second = asked(&mut commands, 7);
        commands.answered(second);
        asked(&mut commands, 8);
        assert_eq!(commands.begin(2, 8), [0]);
        assert_eq!(repeated(&mut commands), [2]);
        asked(&mut commands, 8);
        assert_eq!(commands.give_up(), [2, 65536]);
        assert_eq!(commands.give_up(), []);
        commands.begin(3, 8);
        assert_eq!(repeated(&mut commands), [0; 0]);
    }

    /// Numbers are modulo 2^32, and a session that has been attached so often begins anew.
    #[test]
    fn the_order_is_kept_where_numbers_begin_anew() {
        let mut commands = Commands::default();
        commands.begin(65536, 1);
        asked(&mut commands, 1);
        commands.begin(65537, 1);
        asked(&mut commands, 1);
        commands.begin(65538, 1);
        assert_eq!(repeated(&mut commands), [u32::MAX - 65535, 0]);
        assert_eq!(commands.begin(65539, 2), [u32::MAX - 65535, 0]);
    }

    #[test]
    fn no_more_wait_than_a_server_remembers() {
        let mut commands = Commands::default();
        commands.begin(1, 1);
        for sequence in 0..32 {
            assert_eq!(asked(&mut commands, 1), sequence);
        }
        assert_eq!(commands.ask(1, vec![5]), None);
        commands.answered(3);
        assert_eq!(asked(&mut commands, 1), 32);
    }

    /// What may happen to the commands of a client.
    #[derive(Clone, Copy, Debug)]
    enum Happening {
        /// One is asked.
        Asked,
        /// The oldest that is on its way reaches the server, which answers.
        Arrived,
        /// The oldest answer reaches the client.
        Answered,
        /// The connection is lost, with all that is on its way, and the session resumed.
        Cut,
        /// The same, and the match is another.
        NewMatch,
        /// The session is over; another begins.
        NewSession,
    }

    fn happening() -> impl Strategy<Value = Happening> {
        prop_oneof![
            4 => Just(Happening::Asked),
            3 => Just(Happening::Arrived),
            2 => Just(Happening::Answered),
            2 => Just(Happening::Cut),
            1 => Just(Happening::NewMatch),
            1 => Just(Happening::NewSession),
        ]
    }

    /// A client's commands, and a server that does as the protocol says.
    #[derive(Default)]
    struct Play {
        commands: Commands,
        attach: u32,
        incarnation: u32,
        up: Vec<CommandMessage>,
        down: Vec<u32>,
        asked: u32,
        /// How often the server did which command: by what it says.
        done: BTreeMap<Vec<u8>, u32>,
        /// What each of them has said: answered or lost.
        fates: BTreeMap<Vec<u8>, bool>,
        /// What the numbers stand for that wait.
        numbers: BTreeMap<u32, Vec<u8>>,
        /// What the server remembers of the session: the last 32.
        remembered: Vec<(u32, u32)>,
    }

    impl Play {
        fn new() -> Self {
            let mut play = Self {
                attach: 1,
                ..Self::default()
            };
            assert_eq!(play.commands.begin(1, 0), []);
            play
        }

        fn fate(&mut self, sequence: u32, is_answered: bool) {
            let payload = self.numbers.remove(&sequence).expect("it waits");
            assert_eq!(self.fates.insert(payload, is_answered), None);
        }

        fn lost(&mut self, sequences: Vec<u32>) {
            for sequence in sequences {
                self.fate(sequence, false);
            }
        }

        fn connect(&mut self) {
            self.up.clear();
            self.down.clear();
            let lost = self.commands.begin(self.attach, self.incarnation);
            self.lost(lost);
            let again = self.commands.again();
            self.up.extend(again.iter().map(|message| read(message)));
        }

        fn happen(&mut self, happening: Happening) {
            match happening {
                Happening::Asked => {
                    let payload = self.asked.to_le_bytes().to_vec();
                    let Some((sequence, message)) =
                        self.commands.ask(self.incarnation, payload.clone())
                    else {
                        assert_eq!(self.numbers.len(), COMMANDS_WAITING_MAX);
                        return;
                    };
                    self.asked += 1;
                    assert_eq!(self.numbers.insert(sequence, payload), None);
                    self.up.push(read(&message));
                }
                Happening::Arrived if !self.up.is_empty() => {
                    let command = self.up.remove(0);
                    let name = (command.incarnation, command.sequence);
                    let known = self.remembered.contains(&name);
                    if command.is_first_sent_on(self.attach) || !known {
                        *self.done.entry(command.payload).or_default() += 1;
                        self.remembered.push(name);
                        let spare = self.remembered.len().saturating_sub(COMMANDS_WAITING_MAX);
                        self.remembered.drain(..spare);
                    }
                    self.down.push(command.sequence);
                }
                Happening::Answered if !self.down.is_empty() => {
                    let sequence = self.down.remove(0);
                    assert!(self.commands.answered(sequence));
                    self.fate(sequence, true);
                }
                Happening::Arrived | Happening::Answered => {}
                Happening::Cut => {
                    self.attach += 1;
                    self.connect();
                }
                Happening::NewMatch => {
                    self.incarnation += 1;
                    self.attach += 1;
                    self.connect();
                }
                Happening::NewSession => {
                    self.attach = 1;
                    self.remembered.clear();
                    let lost = self.commands.give_up();
                    self.lost(lost);
                    self.connect();
                }
            }
        }
    }

    proptest! {
        /// Whatever is lost: a command that is answered was done once, one that is told to be lost at
        /// most once, and there is no other.
        #[test]
        fn each_command_is_done_once_and_answered_or_told_lost(
            happenings in prop::collection::vec(happening(), 0..300),
        ) {
            let mut play = Play::new();
            for happening in happenings {
                play.happen(happening);
            }
            play.happen(Happening::Cut);
            for _ in 0..COMMANDS_WAITING_MAX {
                play.happen(Happening::Arrived);
                play.happen(Happening::Answered);
            }
            prop_assert!(play.numbers.is_empty());
            prop_assert_eq!(play.fates.len(), usize::try_from(play.asked).unwrap());
            for (payload, is_answered) in &play.fates {
                let done = play.done.get(payload).copied().unwrap_or(0);
                prop_assert!(done <= 1 && (done == 1 || !is_answered), "{payload:?}: {done}");
            }
        }
    }
}
