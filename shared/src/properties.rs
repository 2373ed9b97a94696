//! Properties: a few short facts about itself that a player chooses, for others to see: a colour, a
//! loadout.
//!
//! What they mean is between a game and its players; a server only passes them on, to the game too.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::labels::{is_name, shown};
use crate::limits::{LABEL_NAME_BYTES_MAX, PROPERTIES_BYTES_MAX, PROPERTIES_MAX};
use crate::text;

/// A player's properties, by name: at most [`PROPERTIES_MAX`], each name once, names and values
/// together at most [`PROPERTIES_BYTES_MAX`] long. Values are texts of one line that can be shown.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    try_from = "BTreeMap<String, String>",
    into = "BTreeMap<String, String>"
)]
pub struct Properties(BTreeMap<String, String>);

/// Why something is no set of properties.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PropertyError {
    /// There are more than [`PROPERTIES_MAX`].
    #[error("a player has at most {PROPERTIES_MAX} properties")]
    TooMany,
    /// They are longer than [`PROPERTIES_BYTES_MAX`].
    #[error(
        "a player's properties have at most {PROPERTIES_BYTES_MAX} bytes, names and values together"
    )]
    TooLong,
    /// A name is not made of `a` to `z`, digits and `_`, or too long.
    #[error(
        "a property's name has 1 to {LABEL_NAME_BYTES_MAX} of a-z, 0-9 and _, a letter first, unlike \
         {0:?}"
    )]
    Name(String),
    /// A value can't be seen, or is not one line of text, trimmed.
    #[error(
        "a property's value is one line of text that can be seen, without spaces around it, unlike {0:?}"
    )]
    Value(String),
    /// A name comes twice.
    #[error("the property {0} comes twice")]
    Twice(String),
}

impl Properties {
    /// The properties of these names and values.
    ///
    /// # Errors
    ///
    /// What is wrong with the first that is no property.
    pub fn new<N: Into<String>, V: Into<String>>(
        pairs: impl IntoIterator<Item = (N, V)>,
    ) -> Result<Self, PropertyError> {
        let mut properties = BTreeMap::new();
        let mut bytes = 0;
        for (name, value) in pairs {
            let (name, value) = (name.into(), value.into());
            bytes += name.len() + value.len();
            if !is_name(&name) {
                return Err(PropertyError::Name(shown(&name)));
            } else if bytes > PROPERTIES_BYTES_MAX {
                return Err(PropertyError::TooLong);
            } else if !is_value(&value) {
                return Err(PropertyError::Value(shown(&value)));
            } else if properties.len() == PROPERTIES_MAX {
                return Err(PropertyError::TooMany);
            } else if let Some(twice) = properties.insert(name.clone(), value).map(|_| name) {
                return Err(PropertyError::Twice(twice));
            }
        }
        Ok(Self(properties))
    }

    /// The value of the property called `name`.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// All names and values, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        let all = self.0.iter();
        all.map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl TryFrom<BTreeMap<String, String>> for Properties {
    type Error = PropertyError;

    fn try_from(pairs: BTreeMap<String, String>) -> Result<Self, PropertyError> {
        Self::new(pairs)
    }
}

impl From<Properties> for BTreeMap<String, String> {
    fn from(properties: Properties) -> Self {
        properties.0
    }
}

/// Whether `text` may be shown as it is.
fn is_value(text: &str) -> bool {
    !text.is_empty() && text::short_line(text, PROPERTIES_BYTES_MAX, PROPERTIES_BYTES_MAX) == text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::codec;

    #[test]
    fn properties_are_found_by_name() {
        let pairs = [("loadout", "rail gun, mines"), ("colour", "#ff8800")];
        let properties = Properties::new(pairs).unwrap();
        assert_eq!(properties.get("colour"), Some("#ff8800"));
        assert_eq!(properties.get("hat"), None);
        assert_eq!(properties.iter().next(), Some(("colour", "#ff8800")));
    }

    #[test]
    fn what_is_no_property_is_refused_for_what_is_wrong() {
        let wrong = |name: &str, value: &str| Properties::new([(name, value)]).unwrap_err();
        for name in [
            "",
            "Colour",
            "1st",
            "a b",
            "__proto__",
            "ä",
            &"a".repeat(25),
        ] {
            assert_eq!(wrong(name, "x"), PropertyError::Name(name.to_owned()));
        }
        for value in ["", " ", " x", "a\nb", "\u{202e}x", "\u{200b}"] {
            assert_eq!(wrong("hat", value), PropertyError::Value(value.to_owned()));
        }
        assert_eq!(wrong("hat", &"x".repeat(94)), PropertyError::TooLong);
        let twice = Properties::new([("hat", "top"), ("hat", "fez")]);
        assert_eq!(twice, Err(PropertyError::Twice("hat".to_owned())));
        let many = (0..=PROPERTIES_MAX).map(|n| (format!("p{n}"), "x"));
        assert_eq!(Properties::new(many), Err(PropertyError::TooMany));
    }

    proptest! {
        #[test]
        fn properties_are_the_same_again_once_read(
            pairs in prop::collection::btree_map("[a-z][a-z0-9_]{0,3}", "[!-~é🚀]{1,2}", 0..=PROPERTIES_MAX),
        ) {
            let properties = Properties::new(pairs).unwrap();
            prop_assert_eq!(codec::decode(&codec::encode(&properties)), Ok(properties));
        }

        #[test]
        fn garbage_is_properties_or_refused(pairs: Vec<(String, String)>) {
            if let Ok(properties) = Properties::new(pairs.clone()) {
                prop_assert_eq!(properties.iter().count(), pairs.len());
            }
        }
    }
}
