//! What a WebSocket reads from and writes to: a socket's reading half, and the connection's outbox.
//!
//! Tungstenite believes that it writes; the outbox does. So a room may write to the same socket at
//! any time, and no frame is ever cut by another.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::tcp::OwnedReadHalf;
use tokio_tungstenite::WebSocketStream;

use crate::net::outbox::Outward;

/// One client's WebSocket.
pub(super) type Socket = WebSocketStream<Link>;

/// One connection, as its WebSocket sees it.
pub(super) struct Link {
    inward: OwnedReadHalf,
    outward: Arc<Outward>,
}

impl Link {
    /// Reads from `inward`, writes to `outward`.
    pub(super) fn new(inward: OwnedReadHalf, outward: Arc<Outward>) -> Self {
        Self { inward, outward }
    }
}

impl AsyncRead for Link {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().inward).poll_read(context, buffer)
    }
}

impl AsyncWrite for Link {
    /// Takes all of it: tungstenite writes whole frames.
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        frames: &[u8],
    ) -> Poll<io::Result<usize>> {
        Poll::Ready(self.outward.append(frames).map(|()| frames.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
