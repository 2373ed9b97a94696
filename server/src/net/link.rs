//! What a WebSocket reads from and writes to: a socket's reading half, and the connection's outbox.
//!
//! Tungstenite believes that it writes; the outbox does. So a room may write to the same socket at
//! any time, and no frame is ever cut by another.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::tcp::OwnedReadHalf;
use tokio_tungstenite::WebSocketStream;

use crate::metrics::Metrics;
use crate::net::meter::Meter;
use crate::net::outbox::{Outbox, Outward, outbox};
use crate::net::seal::Seal;
use crate::net::stream::{Stream, Transport};

/// Bytes under TLS that are read at once.
const SEALED_BYTES: usize = 4096;

/// One client's WebSocket.
pub(super) type Socket = WebSocketStream<Link>;

/// One connection, as its WebSocket sees it.
pub(super) struct Link {
    inward: OwnedReadHalf,
    outward: Arc<Outward>,
    is_tls: bool,
    /// What may be read.
    meter: Meter,
}

/// Takes a stream apart: what a WebSocket is spoken on, and the two ends of the way out.
pub(super) fn link(stream: Stream, metrics: Arc<Metrics>) -> (Link, Outbox, Arc<Outward>) {
    let (transport, meter) = stream.into_parts();
    let (socket, seal) = match transport {
        Transport::Plain(socket) => (socket, Seal::Plain),
        Transport::Tls(session) => {
            let (socket, session) = session.into_inner();
            (socket, Seal::tls(session))
        }
    };
    let is_tls = seal.is_tls();
    let (inward, outward) = socket.into_split();
    let (outbox, outward) = outbox(outward, seal, metrics);
    let link = Link {
        inward,
        outward: outward.clone(),
        is_tls,
        meter,
    };
    (link, outbox, outward)
}

impl Link {
    /// Reads and opens until there is something to read, or the end.
    fn poll_opened(
        &mut self,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        loop {
            match self.outward.read_opened(buffer.initialize_unfilled()) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Poll::Ready(Err(error)),
                Ok(count) => {
                    buffer.advance(count);
                    return Poll::Ready(Ok(()));
                }
            }
            let mut sealed = [0; SEALED_BYTES];
            let mut sealed = ReadBuf::new(&mut sealed);
            ready!(Pin::new(&mut self.inward).poll_read(context, &mut sealed))?;
            if sealed.filled().is_empty() {
                // The socket's end without the session's.
                return Poll::Ready(Ok(()));
            }
            self.outward.open(sealed.filled())?;
        }
    }
}

impl AsyncRead for Link {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        if self.is_tls {
            ready!(self.poll_opened(context, buffer))?;
        } else {
            ready!(Pin::new(&mut self.inward).poll_read(context, buffer))?;
        }
        let read = buffer.filled().len() - before;
        self.meter.count(read as u64)?;
        Poll::Ready(Ok(()))
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
