//! Labels: a few short facts about a room that whoever makes it chooses, by which others find it.
//!
//! What they mean is between a game and its players; a server only compares them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::limits::{LABEL_NAME_BYTES_MAX, LABEL_VALUE_BYTES_MAX, LABELS_MAX};

/// Names that a query already has for what every room has.
pub const RESERVED_NAMES: [&str; 6] = ["game", "phase", "players", "seats", "free", "spectators"];

/// A room's labels, by name: at most [`LABELS_MAX`], each name once.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    try_from = "BTreeMap<String, String>",
    into = "BTreeMap<String, String>"
)]
pub struct Labels(BTreeMap<String, String>);

/// Why something is no set of labels.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LabelError {
    /// There are more than [`LABELS_MAX`].
    #[error("a room has at most {LABELS_MAX} labels")]
    TooMany,
    /// A name is not made of `a` to `z`, digits and `_`, or too long.
    #[error(
        "a label's name has 1 to {LABEL_NAME_BYTES_MAX} of a-z, 0-9 and _, a letter first, unlike \
         {0:?}"
    )]
    Name(String),
    /// A value is not made of letters, digits and `_ - . :`, or too long.
    #[error(
        "a label's value has 1 to {LABEL_VALUE_BYTES_MAX} of a-z, A-Z, 0-9, _, -, . and :, unlike \
         {0:?}"
    )]
    Value(String),
    /// A name is one of [`RESERVED_NAMES`].
    #[error("{0} says what every room has, and can't be a label")]
    Reserved(String),
    /// A name comes twice.
    #[error("the label {0} comes twice")]
    Twice(String),
}

impl Labels {
    /// The labels of these names and values.
    ///
    /// # Errors
    ///
    /// What is wrong with the first that is no label.
    pub fn new<N: Into<String>, V: Into<String>>(
        pairs: impl IntoIterator<Item = (N, V)>,
    ) -> Result<Self, LabelError> {
        let mut labels = Self::default();
        for (name, value) in pairs {
            labels.insert(name.into(), value.into())?;
        }
        Ok(labels)
    }

    fn insert(&mut self, name: String, value: String) -> Result<(), LabelError> {
        if !is_name(&name) {
            Err(LabelError::Name(shown(&name)))
        } else if RESERVED_NAMES.contains(&name.as_str()) {
            Err(LabelError::Reserved(name))
        } else if !is_value(&value) {
            Err(LabelError::Value(shown(&value)))
        } else if self.0.contains_key(&name) {
            Err(LabelError::Twice(name))
        } else if self.0.len() == LABELS_MAX {
            Err(LabelError::TooMany)
        } else {
            self.0.insert(name, value);
            Ok(())
        }
    }

    /// The value of the label called `name`.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// All names and values, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl TryFrom<BTreeMap<String, String>> for Labels {
    type Error = LabelError;

    fn try_from(pairs: BTreeMap<String, String>) -> Result<Self, LabelError> {
        Self::new(pairs)
    }
}

impl From<Labels> for BTreeMap<String, String> {
    fn from(labels: Labels) -> Self {
        labels.0
    }
}

/// Whether `text` may be a label's name.
pub(crate) fn is_name(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    text.len() <= LABEL_NAME_BYTES_MAX
        && text.starts_with(|first: char| first.is_ascii_lowercase())
        && text.bytes().all(allowed)
}

/// Whether `text` may be a label's value.
pub(crate) fn is_value(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.:".contains(&byte);
    (1..=LABEL_VALUE_BYTES_MAX).contains(&text.len()) && text.bytes().all(allowed)
}

/// As much of `text` as a person needs to recognise it.
pub(crate) fn shown(text: &str) -> String {
    text.chars().take(LABEL_VALUE_BYTES_MAX).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::codec;

    #[test]
    fn labels_are_found_by_name() {
        let labels = Labels::new([("mode", "ctf"), ("region", "eu-1")]).unwrap();
        assert_eq!(labels.get("mode"), Some("ctf"));
        assert_eq!(labels.get("map"), None);
        assert_eq!(
            labels.iter().collect::<Vec<_>>(),
            [("mode", "ctf"), ("region", "eu-1")]
        );
    }

    #[test]
    fn what_is_no_label_is_refused_for_what_is_wrong() {
        let wrong = |name: &str, value: &str| Labels::new([(name, value)]).unwrap_err();
        for name in ["", "Mode", "1st", "a b", "_a", "ä", &"a".repeat(25)] {
            assert_eq!(wrong(name, "x"), LabelError::Name(name.to_owned()));
        }
        for value in ["", "a b", "a=b", "a<b", "ü", &"x".repeat(33)] {
            assert!(matches!(wrong("mode", value), LabelError::Value(_)));
        }
        for name in RESERVED_NAMES {
            assert_eq!(wrong(name, "x"), LabelError::Reserved(name.to_owned()));
        }
        let twice = Labels::new([("mode", "ctf"), ("mode", "ffa")]);
        assert_eq!(twice, Err(LabelError::Twice("mode".to_owned())));
        let many = (0..=LABELS_MAX).map(|n| (format!("l{n}"), "x"));
        assert_eq!(Labels::new(many), Err(LabelError::TooMany));
    }

    proptest! {
        #[test]
        fn labels_are_the_same_again_once_read(
            pairs in prop::collection::btree_map("[a-z][a-z0-9_]{2,23}", "[A-Za-z0-9_.:-]{1,32}", 0..=LABELS_MAX),
        ) {
            prop_assume!(RESERVED_NAMES.iter().all(|name| !pairs.contains_key(*name)));
            let labels = Labels::new(pairs).unwrap();
            prop_assert_eq!(codec::decode(&codec::encode(&labels)), Ok(labels));
        }

        #[test]
        fn garbage_is_labels_or_refused(pairs: Vec<(String, String)>) {
            if let Ok(labels) = Labels::new(pairs.clone()) {
                prop_assert_eq!(labels.iter().count(), pairs.len());
            }
        }
    }
}
