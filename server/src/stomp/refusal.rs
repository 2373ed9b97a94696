//! Why a client is sent away, and the frame that says so.

use syncline_shared::close::{Close, CloseReason};

use super::frame::{Command, Frame};
use super::parser::ParseError;

/// Why a client is sent away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    reason: CloseReason,
    words: String,
    /// What the frame that is refused wanted to be answered with.
    receipt: Option<String>,
    /// The versions that there are, where that is what is wrong.
    version: Option<&'static str>,
}

impl Refusal {
    /// For that reason, in these words.
    pub(super) fn new(reason: CloseReason, words: impl Into<String>) -> Self {
        Self {
            reason,
            words: words.into(),
            receipt: None,
            version: None,
        }
    }

    /// A frame that can't be what it says.
    pub(super) fn malformed(words: impl Into<String>) -> Self {
        Self::new(CloseReason::Malformed, words)
    }

    /// A client of other versions of STOMP.
    pub(super) fn version(version: &'static str) -> Self {
        Self {
            version: Some(version),
            ..Self::new(
                CloseReason::UnsupportedVersion,
                format!("supported protocol versions are {version}"),
            )
        }
    }

    /// Of a frame that wanted this receipt.
    pub(super) fn of(self, receipt: Option<&str>) -> Self {
        Self {
            receipt: receipt.map(ToOwned::to_owned),
            ..self
        }
    }

    /// What the client is told before it is sent away.
    pub(super) fn frame(&self) -> Frame {
        let mut frame = Frame::new(Command::Error).with("message", self.words.clone());
        if let Some(version) = self.version {
            frame = frame.with("version", version);
        }
        if let Some(receipt) = &self.receipt {
            frame = frame.with("receipt-id", receipt.clone());
        }
        frame.with_body("text/plain", format!("{}\n", self.words))
    }

    /// How its connection is closed.
    pub(super) fn close(self) -> Close {
        Close::new(self.reason, self.words)
    }
}

impl From<ParseError> for Refusal {
    fn from(error: ParseError) -> Self {
        let reason = match error {
            ParseError::HeadTooLarge | ParseError::BodyTooLarge => CloseReason::MessageTooLarge,
            ParseError::UnknownCommand(_) | ParseError::Malformed(_) => CloseReason::Malformed,
        };
        Self::new(reason, error.to_string())
    }
}
