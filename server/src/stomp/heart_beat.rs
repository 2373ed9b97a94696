//! How often both sides of a connection give a sign of life.
//!
//! Knows nothing of clocks: the shell waits.

use std::time::Duration;

/// The shortest time after which we promise a sign of life, in milliseconds.
const GIVEN_MIN: u32 = 1000;

/// What both sides agreed on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct HeartBeats {
    /// How often we send something, if at all.
    pub(super) given: Option<Duration>,
    /// How often the client does, if at all.
    pub(super) expected: Option<Duration>,
}

/// What we can do and would like, as a header; what we would like is in milliseconds.
pub(super) fn offer(wanted: u32) -> String {
    format!("{GIVEN_MIN},{wanted}")
}

impl HeartBeats {
    /// What follows from the header of a client and what we would like; without a header it wants
    /// none. Nothing if it is no such header.
    pub(super) fn agreed(header: Option<&str>, wanted: u32) -> Option<Self> {
        let Some(header) = header else {
            return Some(Self::default());
        };
        let (gives, wants) = header.split_once(',')?;
        let number = |text: &str| {
            let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
            digits.then(|| text.parse().unwrap_or(u32::MAX))
        };
        let (gives, wants) = (number(gives)?, number(wants)?);
        // The rarer of what one side can and the other wants.
        let between = |a: u32, b: u32| {
            let agreed = a > 0 && b > 0;
            agreed.then(|| Duration::from_millis(a.max(b).into()))
        };
        Some(Self {
            given: between(GIVEN_MIN, wants),
            expected: between(gives, wanted),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rarer_of_what_one_can_and_the_other_wants_is_agreed_on() {
        let ms = |ms| Some(Duration::from_millis(ms));
        for (header, given, expected) in [
            (None, None, None),
            (Some("0,0"), None, None),
            (Some("4000,0"), None, ms(10_000)),
            (Some("0,4000"), ms(4000), None),
            (Some("20000,20"), ms(1000), ms(20_000)),
            (Some("99999999999,1"), ms(1000), ms(u32::MAX.into())),
        ] {
            let agreed = HeartBeats::agreed(header, 10_000).unwrap();
            assert_eq!(
                (agreed.given, agreed.expected),
                (given, expected),
                "{header:?}"
            );
        }
        for wrong in ["", "1", "1,", "a,b", "-1,0", "1,2,3", "1, 2"] {
            assert_eq!(HeartBeats::agreed(Some(wrong), 10_000), None, "{wrong:?}");
        }
    }
}
