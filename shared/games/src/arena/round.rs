//! When a match is decided, and for whom.

use serde::{Deserialize, Serialize};
use syncline_shared::game::Outcome;
use syncline_shared::id::{PlayerId, TeamId};
use syncline_shared::tick::Tick;

use super::rows::Rules;

/// The most teams that there are.
const TEAMS_MAX: usize = 4;

/// How a player stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct Standing {
    /// Who.
    pub(super) player: PlayerId,
    /// Its team, if there are teams.
    pub(super) team: Option<TeamId>,
    /// What it scored itself.
    pub(super) score: u32,
}

/// The scores of sides: of each team all its players together, of who has no team its own.
#[derive(Clone, Copy, Debug, Default)]
struct Sides {
    teams: [u32; TEAMS_MAX],
    /// The best of those without a team.
    single: u32,
}

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

    /// Decides the match if its time is over or a side has the score that it takes: a team, or a
    /// player where there are none. The best side's score if that happened just now.
    pub(super) fn decide(
        &mut self,
        now: Tick,
        rules: &Rules,
        standings: impl Iterator<Item = Standing> + Clone,
    ) -> Option<u32> {
        let sides = Sides::of(standings.clone());
        let best = sides.best();
        let over = now.0 >= rules.ends_at || best >= rules.score_limit;
        if !over || self.outcome.is_some() {
            return None;
        }
        let mut ranking: Vec<Standing> = standings.collect();
        ranking.sort_by_key(|standing| (u32::MAX - standing.score, standing.player));
        // Where nobody scored, nobody won.
        let wins = |standing: &&Standing| best > 0 && sides.score(**standing) == best;
        let winners = ranking.iter().filter(wins);
        let score = |standing: &Standing| {
            let score = i32::try_from(standing.score).unwrap_or(i32::MAX);
            (standing.player, score)
        };
        self.outcome = Some(Outcome {
            winners: winners.map(|standing| standing.player).collect(),
            scores: ranking.iter().map(score).collect(),
        });
        Some(best)
    }
}

impl Sides {
    fn of(standings: impl Iterator<Item = Standing>) -> Self {
        let mut sides = Self::default();
        for Standing { team, score, .. } in standings {
            match team.and_then(|team| sides.teams.get_mut(usize::from(team.0))) {
                Some(sum) => *sum = sum.saturating_add(score),
                None => sides.single = sides.single.max(score),
            }
        }
        sides
    }

    fn best(&self) -> u32 {
        self.teams.into_iter().fold(self.single, u32::max)
    }

    /// The score of a player's side.
    fn score(&self, standing: Standing) -> u32 {
        let team = standing.team.map(|team| usize::from(team.0));
        let sum = team.and_then(|team| self.teams.get(team));
        sum.copied().unwrap_or(standing.score)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

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
        let standings: Vec<_> = scores.into_iter().map(|score| (None, score)).collect();
        decided_between(now, &standings).map(|(_, outcome)| outcome)
    }

    /// The best score and the result, of players with these teams and scores.
    fn decided_between(now: u32, standings: &[(Option<u8>, u32)]) -> Option<(u32, Outcome)> {
        let mut round = Round::default();
        let standings = (0..)
            .zip(standings)
            .map(|(player, &(team, score))| Standing {
                player: PlayerId(player),
                team: team.map(TeamId),
                score,
            });
        let best = round.decide(Tick(now), &RULES, standings)?;
        Some((best, round.outcome().cloned()?))
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
    fn a_team_scores_together() {
        let teams = |scores: [u32; 4]| {
            let teams = [0, 1, 0, 1].map(Some);
            teams.into_iter().zip(scores).collect::<Vec<_>>()
        };
        assert_eq!(decided_between(5, &teams([1, 2, 1, 0])), None);
        let (best, outcome) = decided_between(5, &teams([1, 2, 2, 0])).unwrap();
        assert_eq!((best, outcome.winners), (3, [2, 0].map(PlayerId).to_vec()));
        let scores = [(1, 2), (2, 2), (0, 1), (3, 0)];
        assert_eq!(
            outcome.scores,
            scores.map(|(player, score)| (PlayerId(player), score))
        );
        let (best, outcome) = decided_between(900, &teams([0, 2, 2, 0])).unwrap();
        assert_eq!((best, outcome.winners.len()), (2, 4), "equal teams share");
        let (best, outcome) = decided_between(900, &teams([0; 4])).unwrap();
        assert_eq!((best, outcome.winners.len()), (0, 0));
    }

    proptest! {
        /// Compared with a plain count: whoever is on a side that nobody is better than has won.
        #[test]
        fn the_players_of_the_best_sides_win(
            standings in prop::collection::vec((prop::option::of(0u8..4), 0u32..4), 0..12),
        ) {
            let (best, outcome) = decided_between(900, &standings).unwrap();
            let side = |of: usize| {
                let (team, own) = standings[of];
                let mates = standings.iter().filter(|(other, _)| *other == team);
                if team.is_none() { own } else { mates.map(|(_, score)| score).sum() }
            };
            let sides: Vec<u32> = (0..standings.len()).map(side).collect();
            prop_assert_eq!(best, sides.iter().copied().max().unwrap_or(0));
            for (player, score) in (0..).zip(&sides) {
                let won = outcome.winners.contains(&PlayerId(player));
                prop_assert_eq!(won, *score == best && best > 0);
            }
        }
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
