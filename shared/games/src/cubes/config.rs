//! What an operator may set, in range by construction. Knows nothing of the simulation.

use serde::{Deserialize, Serialize};

/// Settings in range.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "CubesSource", into = "CubesSource")]
pub struct CubesConfig(CubesSource);

/// Settings as they are said; out of range ones can be said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CubesSource {
    /// How many cubes a side the grid has.
    pub side: u8,
    /// How long a match lasts.
    pub round_seconds: u32,
}

/// A setting that is out of range.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what} is {found}; allowed is {low} to {high}")]
pub struct CubesConfigError {
    what: &'static str,
    found: u32,
    low: u32,
    high: u32,
}

impl CubesConfig {
    /// The settings.
    pub fn source(&self) -> &CubesSource {
        &self.0
    }
}

impl Default for CubesSource {
    fn default() -> Self {
        Self {
            side: 20,
            round_seconds: 180,
        }
    }
}

impl TryFrom<CubesSource> for CubesConfig {
    type Error = CubesConfigError;

    fn try_from(source: CubesSource) -> Result<Self, CubesConfigError> {
        let check = |what, found, low, high| {
            if (low..=high).contains(&found) {
                Ok(())
            } else {
                Err(CubesConfigError {
                    what,
                    found,
                    low,
                    high,
                })
            }
        };
        // With more the floor would not fit into a position's range, nor a score into its bits.
        check("side", source.side.into(), 2, 40)?;
        check("round_seconds", source.round_seconds, 1, 3600)?;
        Ok(Self(source))
    }
}

impl From<CubesConfig> for CubesSource {
    fn from(config: CubesConfig) -> Self {
        config.0
    }
}

#[cfg(test)]
mod tests {
    use syncline_shared::codec;

    use super::*;

    fn parse(text: &str) -> Result<CubesConfig, String> {
        toml::from_str(text).map_err(|error: toml::de::Error| error.to_string())
    }

    #[test]
    fn single_values_override_the_defaults() {
        let config = parse("side = 30").unwrap();
        let expected = CubesSource {
            side: 30,
            ..CubesSource::default()
        };
        assert_eq!(config.source(), &expected);
        assert_eq!(parse("").unwrap(), CubesConfig::default());
    }

    #[test]
    fn what_is_wrong_is_said_with_what_is_allowed() {
        for (text, expected) in [
            ("side = 41", "side is 41; allowed is 2 to 40"),
            (
                "round_seconds = 0",
                "round_seconds is 0; allowed is 1 to 3600",
            ),
            ("gravity = 1", "unknown field `gravity`"),
        ] {
            let complaint = parse(text).unwrap_err();
            assert!(complaint.contains(expected), "{complaint}");
        }
    }

    #[test]
    fn settings_survive_the_codec_and_are_checked_on_the_way() {
        let config = parse("round_seconds = 20").unwrap();
        assert_eq!(codec::decode(&codec::encode(&config)), Ok(config));
        let wild = CubesSource {
            side: 255,
            ..CubesSource::default()
        };
        assert!(codec::decode::<CubesConfig>(&codec::encode(&wild)).is_err());
    }
}
