//! How a connection ends: the one reason, and what is done with it.
//!
//! A session's end is logged once, counted once and told to the client, here and nowhere else.

use std::time::Duration;

use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;

use syncline_server_core::ConnectionId;
use syncline_shared::close::{Close, CloseReason, Fault};

use crate::metrics::Metrics;
use crate::net::guard::PeerName;
use crate::net::link::Socket;
use crate::net::outbox::Outward;

/// How a connection ended.
pub(crate) enum End {
    /// By us.
    Closed(Close),
    /// By the client, with or without a word.
    Gone,
}

impl From<Close> for End {
    fn from(close: Close) -> Self {
        Self::Closed(close)
    }
}

impl From<CloseReason> for End {
    fn from(reason: CloseReason) -> Self {
        Self::Closed(reason.into())
    }
}

impl End {
    /// Logs and counts this end, as loud as whose fault it was.
    pub(super) fn note(&self, metrics: &Metrics, connection: ConnectionId, peer: PeerName) {
        let connection = connection.0;
        match self {
            Self::Gone => {
                metrics.count_close("gone");
                tracing::debug!(connection, %peer, "gone");
            }
            Self::Closed(Close { reason, detail }) => {
                metrics.count_close(reason.slug());
                match reason.fault() {
                    Fault::Server => tracing::error!(connection, %peer, %reason, detail, "closed"),
                    Fault::Peer | Fault::Neither => {
                        tracing::debug!(connection, %peer, %reason, detail, "closed");
                    }
                }
            }
        }
    }

    /// Writes the last words: our close, or the answer to the client's own. Behind whatever a
    /// blocked socket still holds they may take for `longest`.
    pub(super) async fn tell(&self, socket: &mut Socket, outward: &Outward, longest: Duration) {
        outward.shut();
        // An error means that there is nobody left to tell.
        let _ = match self {
            Self::Closed(close) => socket.say(close_frame(close)),
            Self::Gone => socket.flush(),
        };
        // Whom this does not reach can't be helped.
        let _ = tokio::time::timeout(longest, outward.flushed()).await;
    }
}

fn close_frame(close: &Close) -> Message {
    let code = close.reason.code().into();
    Message::Close(Some(CloseFrame {
        code,
        reason: close.text().into(),
    }))
}
