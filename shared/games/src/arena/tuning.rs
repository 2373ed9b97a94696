//! The numbers that decide how arena feels, in units, seconds and milliseconds.
//!
//! The defaults come from `assets/arena.toml`. An operator's table overrides single values. A
//! [`Tuning`] is in range by construction. Knows nothing of the simulation.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

const DEFAULT: &str = include_str!("../../../../assets/arena.toml");

/// The most kinds of ships: what three bits can number.
pub const SHIP_KINDS_MAX: usize = 8;

/// Tuning values in range.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Tuning(TuningSource);

/// Tuning values as they are said; out of range ones can be said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TuningSource {
    /// How long a match lasts.
    pub round_seconds: u32,
    /// The score that ends it earlier.
    pub score_limit: u32,
    /// How long a wreck lies.
    pub respawn_ms: u32,
    /// How long after its respawn a ship may still be exchanged for one of another kind.
    pub exchange_ms: u32,
    /// Units per second of a shot.
    pub shot_speed: u16,
    /// How long a shot flies.
    pub shot_ms: u32,
    /// Hit points that a repair gives back.
    pub repair_hp: u8,
    /// How long the gun is twice as quick.
    pub rapid_ms: u32,
    /// How long after it was taken a pick-up reappears.
    pub pickup_ms: u32,
    /// The kinds of ships, by number from 0. Players start with the first.
    pub ships: Vec<ShipTuning>,
}

/// What one kind of ship can do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ShipTuning {
    /// What it is called.
    pub name: String,
    /// What it can take when new.
    pub hp: u8,
    /// Units per second.
    pub speed: u16,
    /// Units per second with boost.
    pub boost: u16,
    /// Time from one shot to the next.
    pub cooldown_ms: u32,
    /// What a shot takes from who it hits.
    pub damage: u8,
}

/// A value that is out of range.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what} is {found}; allowed is {low} to {high}")]
pub struct TuningError {
    what: &'static str,
    found: usize,
    low: usize,
    high: usize,
}

impl Tuning {
    /// The values.
    pub fn source(&self) -> &TuningSource {
        &self.0
    }
}

impl Default for Tuning {
    fn default() -> Self {
        Self::try_from(TuningSource::default()).expect("the default tuning is in range")
    }
}

/// What `assets/arena.toml` says.
impl Default for TuningSource {
    fn default() -> Self {
        toml::from_str(DEFAULT).expect("the default tuning is complete")
    }
}

impl TryFrom<TuningSource> for Tuning {
    type Error = TuningError;

    fn try_from(source: TuningSource) -> Result<Self, TuningError> {
        let check = |what, found: u32, low, high| {
            let found = usize::try_from(found).unwrap_or(usize::MAX);
            if (low..=high).contains(&found) {
                Ok(())
            } else {
                Err(TuningError {
                    what,
                    found,
                    low,
                    high,
                })
            }
        };
        check("round_seconds", source.round_seconds, 1, 86_400)?;
        check("score_limit", source.score_limit, 1, 1_000_000)?;
        check("respawn_ms", source.respawn_ms, 100, 30_000)?;
        check("exchange_ms", source.exchange_ms, 0, 30_000)?;
        check("shot_speed", source.shot_speed.into(), 30, 450)?;
        check("shot_ms", source.shot_ms, 100, 30_000)?;
        check("repair_hp", source.repair_hp.into(), 1, 255)?;
        check("rapid_ms", source.rapid_ms, 100, 30_000)?;
        check("pickup_ms", source.pickup_ms, 100, 600_000)?;
        let kinds = u32::try_from(source.ships.len()).unwrap_or(u32::MAX);
        check("number of ships", kinds, 1, SHIP_KINDS_MAX)?;
        for ship in &source.ships {
            check("hp of a ship", ship.hp.into(), 1, 255)?;
            check("speed of a ship", ship.speed.into(), 1, 118)?;
            check("boost of a ship", ship.boost.into(), 1, 118)?;
            check("cooldown_ms of a ship", ship.cooldown_ms, 34, 8500)?;
            check("damage of a ship", ship.damage.into(), 1, 255)?;
        }
        Ok(Self(source))
    }
}

/// In a file or in JSON a table of some of the values; the others are the defaults. In a journal,
/// which must not depend on what later defaults are, all values in order.
impl<'de> Deserialize<'de> for Tuning {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let source = if deserializer.is_human_readable() {
            let given = toml::Table::deserialize(deserializer)?;
            let mut whole: toml::Table = DEFAULT.parse().map_err(D::Error::custom)?;
            whole.extend(given);
            whole.try_into().map_err(D::Error::custom)?
        } else {
            TuningSource::deserialize(deserializer)?
        };
        Self::try_from(source).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Tuning, String> {
        toml::from_str(text).map_err(|error: toml::de::Error| error.to_string())
    }

    #[test]
    fn single_values_override_the_defaults() {
        let tuning = parse("round_seconds = 20").unwrap();
        let expected = TuningSource {
            round_seconds: 20,
            ..TuningSource::default()
        };
        assert_eq!(tuning.source(), &expected);
        assert_eq!(parse("").unwrap(), Tuning::default());
        assert_eq!(
            serde_json::from_str::<Tuning>(r#"{"round_seconds":20}"#).unwrap(),
            tuning
        );
    }

    #[test]
    fn what_is_wrong_is_said_with_what_is_allowed() {
        for (text, expected) in [
            (
                "shot_speed = 500",
                "shot_speed is 500; allowed is 30 to 450",
            ),
            (
                "round_seconds = 0",
                "round_seconds is 0; allowed is 1 to 86400",
            ),
            ("ships = []", "number of ships is 0; allowed is 1 to 8"),
            (
                "gravity = 1",
                "unknown field `gravity`, expected one of `round_seconds`",
            ),
            ("ships = [{ name = \"x\" }]", "missing field `hp`"),
        ] {
            let complaint = parse(text).unwrap_err();
            assert!(complaint.contains(expected), "{complaint}");
        }
    }

    #[test]
    fn a_tuning_survives_the_codec() {
        let tuning = parse("score_limit = 3").unwrap();
        let bytes = syncline_shared::codec::encode(&tuning);
        assert_eq!(syncline_shared::codec::decode(&bytes), Ok(tuning));
    }
}
