//! When a match is decided, and for whom.

use serde::{Deserialize, Serialize};
use syncline_shared::game::Outcome;
use syncline_shared::id::PlayerId;

/// The match as a contest.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Round {
    outcome: Option<Outcome>,
}

impl Round {
    /// The result, once there is one. It stays as it is while the world goes on.
    pub(super) fn outcome(&self) -> Option<&Outcome> {
        self.outcome.as_ref()
    }

    /// Decides the match by who has the most cubes. Does nothing if it is decided.
    pub(super) fn decide(&mut self, scores: impl Iterator<Item = (PlayerId, u16)>) {
        if self.outcome.is_some() {
            return;
        }
        let mut ranking: Vec<(PlayerId, u16)> = scores.collect();
        ranking.sort_by_key(|&(player, score)| (u16::MAX - score, player));
        let best = ranking.first().map_or(0, |&(_, score)| score);
        // Where nobody has a cube, nobody won.
        let wins = |&&(_, score): &&(PlayerId, u16)| score == best && best > 0;
        self.outcome = Some(Outcome {
            winners: ranking
                .iter()
                .filter(wins)
                .map(|&(player, _)| player)
                .collect(),
            scores: ranking
                .iter()
                .map(|&(player, score)| (player, i32::from(score)))
                .collect(),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decided(scores: [u16; 3]) -> Outcome {
        let mut round = Round::default();
        round.decide((0..).map(PlayerId).zip(scores));
        round.outcome().cloned().unwrap()
    }

    #[test]
    fn who_has_the_most_wins() {
        let outcome = decided([3, 7, 0]);
        assert_eq!(outcome.winners, [PlayerId(1)]);
        let scores = [(PlayerId(1), 7), (PlayerId(0), 3), (PlayerId(2), 0)];
        assert_eq!(outcome.scores, scores);
    }

    #[test]
    fn equals_share_and_nobody_wins_without_a_cube() {
        assert_eq!(decided([1, 2, 2]).winners, [PlayerId(1), PlayerId(2)]);
        assert!(decided([0; 3]).winners.is_empty());
    }

    #[test]
    fn it_is_decided_once() {
        let mut round = Round::default();
        round.decide([(PlayerId(4), 1)].into_iter());
        round.decide([(PlayerId(5), 9)].into_iter());
        assert_eq!(round.outcome().unwrap().winners, [PlayerId(4)]);
    }
}
