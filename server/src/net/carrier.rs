//! What carries a connection's bytes: a socket, or a tunnel where no WebSocket comes through.
//!
//! The seam behind which nobody asks which of the two it is.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use socket2::SockRef;
use tokio::io::{AsyncRead, ReadBuf};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};

use crate::net::socket;
use crate::net::tunnel::Tunnel;

/// Where bytes come from.
pub(super) enum Inlet {
    /// A socket's reading half.
    Socket(OwnedReadHalf),
    /// A tunnel.
    Tunnel(Arc<Tunnel>),
}

/// Where bytes go.
pub(super) enum Outlet {
    /// A socket's writing half.
    Socket(OwnedWriteHalf),
    /// A tunnel.
    Tunnel(Arc<Tunnel>),
}

impl Inlet {
    /// Reads what there is: how many bytes; none at the end.
    pub(super) fn poll_read(
        &mut self,
        context: &mut Context<'_>,
        bytes: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        match self {
            Self::Socket(socket) => {
                let mut bytes = ReadBuf::new(bytes);
                let read = Pin::new(socket).poll_read(context, &mut bytes);
                read.map_ok(|()| bytes.filled().len())
            }
            Self::Tunnel(tunnel) => tunnel.inward.poll_read(context, bytes).map(Ok),
        }
    }
}

impl Outlet {
    /// Writes what is taken at once: how many bytes.
    pub(super) fn try_write(&self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Socket(socket) => socket.try_write(bytes),
            Self::Tunnel(tunnel) => tunnel.outward.try_write(bytes),
        }
    }

    /// The same, past tokio, whose books about a socket lie elsewhere in memory: a room's thread
    /// looks at hundreds of sockets a tick, and at each of them once.
    pub(super) fn send(&self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Socket(socket) => SockRef::from(socket.as_ref()).send(bytes),
            Self::Tunnel(tunnel) => tunnel.outward.try_write(bytes),
        }
    }

    /// Waits until something may be taken. A failure shows itself when it is written to.
    pub(super) async fn writable(&self) {
        match self {
            Self::Socket(socket) => {
                let _ = socket.writable().await;
            }
            Self::Tunnel(tunnel) => tunnel.outward.writable().await,
        }
    }

    /// Ends it, once everything is written. The other side has `longest` to take it.
    pub(super) async fn finish(&self, longest: Duration) {
        match self {
            Self::Socket(socket) => socket::finish(socket.as_ref(), longest).await,
            Self::Tunnel(tunnel) => tunnel.outward.finish(longest).await,
        }
    }
}
