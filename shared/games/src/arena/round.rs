//! When a match is decided, and for whom.

use serde::{Deserialize, Serialize};
use syncline_shared::game::Outcome;
use syncline_shared::id::PlayerId;
use syncline_shared::tick::Tick;

use super::rows::Rules;

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

    /// Decides the match if its time is over or somebody has the score that it takes. The best
    /// score if that happened just now.
    pub(super) fn decide(
        &mut self,
        now: Tick,
        rules: &Rules,
        scores: impl Iterator<Item = (PlayerId, u32)> + Clone,
    ) -> Option<u32> {
        let best = scores.clone().map(|(_, score)| score).max().unwrap_or(0);
        let over = now.0 >= rules.ends_at || best >= rules.score_limit;
        if !over || self.outcome.is_some() {
            return None;
        }
        let mut ranking: Vec<(PlayerId, u32)> = scores.collect();
        ranking.sort_by_key(|&(player, score)| (u32::MAX - score, player));
        // Where nobody scored, nobody won.
        let wins = |&&(_, score): &&(PlayerId, u32)| score == best && best > 0;
        self.outcome = Some(Outcome {
            winners: ranking
                .iter()
                .filter(wins)
                .map(|&(player, _)| player)
                .collect(),
            scores: ranking
                .iter()
                .map(|&(player, score)| (player, i32::try_from(score).unwrap_or(i32::MAX)))
                .collect(),
        });
        Some(best)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: Rules = Rules {
        width: 100,
        height: 100,
        ship_radius: 80,
        shot_speed: 128,
        shot_ticks: 36,
        ends_at: 900,
        score_limit: 3,
    };

    fn decided(now: u32, scores: [u32; 3]) -> Option<Outcome> {
        let mut round = Round::default();
        let scores = scores
            .into_iter()
            .zip(0..)
            .map(|(score, player)| (PlayerId(player), score));
        round.decide(Tick(now), &RULES, scores);
        round.outcome().cloned()
    }

    #[test]
    fn the_score_limit_or_the_time_ends_it() {
        assert_eq!(decided(899, [0, 2, 1]), None);
        assert_eq!(decided(5, [0, 3, 1]).unwrap().winners, [PlayerId(1)]);
        assert_eq!(decided(900, [0, 2, 1]).unwrap().winners, [PlayerId(1)]);
    }

    #[test]
    fn equals_share_and_nobody_wins_without_a_score() {
        let outcome = decided(900, [1, 2, 2]).unwrap();
        assert_eq!(outcome.winners, [PlayerId(1), PlayerId(2)]);
        let scores = [(PlayerId(1), 2), (PlayerId(2), 2), (PlayerId(0), 1)];
        assert_eq!(outcome.scores, scores);
        assert!(decided(900, [0; 3]).unwrap().winners.is_empty());
    }

    #[test]
    fn it_is_decided_once() {
        let mut round = Round::default();
        assert_eq!(
            round.decide(Tick(900), &RULES, core::iter::empty()),
            Some(0)
        );
        assert_eq!(round.decide(Tick(901), &RULES, core::iter::empty()), None);
    }
}
