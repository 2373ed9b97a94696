//! What became of commands: so that one that is repeated after a lost connection is done once.
//!
//! Knows neither members nor games.

use std::collections::{BTreeMap, VecDeque};

use syncline_shared::command::{CommandMessage, CommandOutcome};
use syncline_shared::id::SessionId;

/// How many are remembered of a session: as many as a client has waiting for answers at most.
pub(crate) const COMMANDS_MAX: usize = 32;

/// The last commands of the sessions of a room.
#[derive(Debug, Default)]
pub(crate) struct Answered {
    by_session: BTreeMap<SessionId, VecDeque<Answer>>,
}

#[derive(Debug)]
struct Answer {
    incarnation: u32,
    sequence: u32,
    outcome: CommandOutcome,
}

impl Answered {
    /// What became of `command`, if it was answered before.
    pub(crate) fn find(
        &self,
        session: SessionId,
        command: &CommandMessage,
    ) -> Option<&CommandOutcome> {
        let name = (command.incarnation, command.sequence);
        let answers = self.by_session.get(&session)?;
        let found = answers
            .iter()
            .rev()
            .find(|answer| (answer.incarnation, answer.sequence) == name);
        found.map(|answer| &answer.outcome)
    }

    /// `command` was answered with `outcome`.
    pub(crate) fn remember(
        &mut self,
        session: SessionId,
        command: &CommandMessage,
        outcome: &CommandOutcome,
    ) {
        let answers = self.by_session.entry(session).or_default();
        if answers.len() == COMMANDS_MAX {
            answers.pop_front();
        }
        answers.push_back(Answer {
            incarnation: command.incarnation,
            sequence: command.sequence,
            outcome: outcome.clone(),
        });
    }

    /// A session is over.
    pub(crate) fn forget(&mut self, session: SessionId) {
        self.by_session.remove(&session);
    }
}

#[cfg(test)]
mod tests {
    use syncline_shared::tick::Tick;

    use super::*;

    fn command(incarnation: u32, sequence: u32) -> CommandMessage {
        CommandMessage {
            incarnation,
            sequence,
            payload: Vec::new(),
        }
    }

    #[test]
    fn a_command_is_known_by_its_session_timeline_and_number() {
        let mut answered = Answered::default();
        let (ada, bo) = (SessionId(1), SessionId(2));
        let outcome = CommandOutcome::Applied(Tick(5));
        answered.remember(ada, &command(1, 7), &outcome);
        assert_eq!(answered.find(ada, &command(1, 7)), Some(&outcome));
        for (session, other) in [
            (bo, command(1, 7)),
            (ada, command(2, 7)),
            (ada, command(1, 8)),
        ] {
            assert_eq!(answered.find(session, &other), None);
        }
        answered.forget(ada);
        assert_eq!(answered.find(ada, &command(1, 7)), None);
    }

    #[test]
    fn only_the_last_are_remembered() {
        let mut answered = Answered::default();
        let (session, outcome) = (SessionId(1), CommandOutcome::Applied(Tick(5)));
        for sequence in 0..100 {
            answered.remember(session, &command(1, sequence), &outcome);
        }
        assert_eq!(answered.find(session, &command(1, 67)), None);
        assert_eq!(answered.find(session, &command(1, 68)), Some(&outcome));
        assert_eq!(answered.by_session[&session].len(), COMMANDS_MAX);
    }
}
