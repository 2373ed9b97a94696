//! The token by which the API believes that whoever runs the server asks.

use std::fmt;
use std::str::FromStr;

use serde::Deserialize;

/// A shorter one could be guessed.
const CHARS_MIN: usize = 16;

/// A token: at least 16 visible ASCII characters.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct ApiToken(String);

impl ApiToken {
    /// The token.
    pub(crate) fn text(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for ApiToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ApiToken(secret)")
    }
}

impl FromStr for ApiToken {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let is_sound = text.len() >= CHARS_MIN && text.bytes().all(|byte| byte.is_ascii_graphic());
        is_sound.then(|| Self(text.to_owned())).ok_or_else(|| {
            format!("expected at least {CHARS_MIN} visible characters, such as those of `openssl rand -hex 16`")
        })
    }
}

impl TryFrom<String> for ApiToken {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}
