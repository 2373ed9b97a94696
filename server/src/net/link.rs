//! What a WebSocket reads from and writes to: the carrier's inlet, and the connection's outbox.
//!
//! Tungstenite believes that it writes; the outbox does. So a room may write to the same socket at
//! any time, and no frame is ever cut by another. It is driven without the adapter of
//! tokio-tungstenite, which has two wakers of its own between a socket and its task: measured, they
//! cost as much as reading and decoding a message.

use std::io;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use tokio_tungstenite::tungstenite::protocol::{Role, WebSocket, WebSocketConfig};
use tokio_tungstenite::tungstenite::{self, Message};

use crate::net::carrier::{Inlet, Outlet};
use crate::net::meter::Meter;
use crate::net::outbox::{Outbox, Outward, outbox};
use crate::net::seal::Seal;
use crate::net::stream::{Stream, Transport};
use crate::net::tunnel::Tunnel;

/// Bytes under TLS that are read at once.
const SEALED_BYTES: usize = 4096;

/// One client's WebSocket.
pub(super) struct Socket(WebSocket<Link>);

impl Socket {
    /// A server's end on `link`, of which `read` was read already.
    pub(super) fn new(link: Link, read: Vec<u8>, config: WebSocketConfig) -> Self {
        let config = Some(config);
        Self(WebSocket::from_partially_read(
            link,
            read,
            Role::Server,
            config,
        ))
    }

    /// The next message, of whatever kind. After an error there is none.
    pub(super) fn poll_message(
        &mut self,
        context: &Context<'_>,
    ) -> Poll<Result<Message, tungstenite::Error>> {
        self.0.get_mut().woken_by(context.waker());
        match self.0.read() {
            Err(tungstenite::Error::Io(error)) if error.kind() == io::ErrorKind::WouldBlock => {
                Poll::Pending
            }
            outcome => Poll::Ready(outcome),
        }
    }

    /// Says `message`. What the socket does not take waits in the outbox.
    pub(super) fn say(&mut self, message: Message) -> Result<(), tungstenite::Error> {
        self.0.send(message)
    }

    /// Says what is left to say, such as the answer to a close.
    pub(super) fn flush(&mut self) -> Result<(), tungstenite::Error> {
        self.0.flush()
    }
}

/// One connection, as its WebSocket sees it.
pub(super) struct Link {
    inlet: Inlet,
    outward: Arc<Outward>,
    is_tls: bool,
    /// What may be read.
    meter: Meter,
    /// The task to wake when there is something to read.
    waker: Waker,
}

/// What a WebSocket is spoken on, and the two ends of the way out.
pub(crate) struct Ends {
    pub(super) link: Link,
    pub(super) outbox: Outbox,
    pub(super) outward: Arc<Outward>,
}

impl Ends {
    /// Those of a socket.
    pub(crate) fn of_stream(stream: Stream) -> Self {
        let (transport, meter) = stream.into_parts();
        let (socket, seal) = match transport {
            Transport::Plain(socket) => (socket, Seal::Plain),
            Transport::Tls(session) => {
                let (socket, session) = session.into_inner();
                (socket, Seal::tls(session))
            }
        };
        let (inward, outward) = socket.into_split();
        Self::new(Inlet::Socket(inward), Outlet::Socket(outward), seal, meter)
    }

    /// Those of a tunnel, which may deliver what `meter` allows.
    pub(crate) fn of_tunnel(tunnel: &Arc<Tunnel>, meter: Meter) -> Self {
        let (inlet, outlet) = (tunnel.clone(), tunnel.clone());
        Self::new(
            Inlet::Tunnel(inlet),
            Outlet::Tunnel(outlet),
            Seal::Plain,
            meter,
        )
    }

    fn new(inlet: Inlet, outlet: Outlet, seal: Seal, meter: Meter) -> Self {
        let is_tls = seal.is_tls();
        let (outbox, outward) = outbox(outlet, seal);
        let link = Link {
            inlet,
            outward: outward.clone(),
            is_tls,
            meter,
            waker: Waker::noop().clone(),
        };
        Self {
            link,
            outbox,
            outward,
        }
    }
}

impl Link {
    /// Whom to wake when there is something to read, from now on.
    fn woken_by(&mut self, waker: &Waker) {
        if !self.waker.will_wake(waker) {
            self.waker.clone_from(waker);
        }
    }

    /// Reads what came. If there is nothing, the task is woken once there is.
    fn read_inlet(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let mut context = Context::from_waker(&self.waker);
        match self.inlet.poll_read(&mut context, bytes) {
            Poll::Ready(outcome) => outcome,
            Poll::Pending => Err(io::ErrorKind::WouldBlock.into()),
        }
    }

    /// Reads and opens until there is something to read, or the end.
    fn read_opened(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.outward.read_opened(bytes) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                outcome => return outcome,
            }
            let mut sealed = [0; SEALED_BYTES];
            let count = self.read_inlet(&mut sealed)?;
            if count == 0 {
                // The socket's end without the session's.
                return Ok(0);
            }
            self.outward.open(sealed.get(..count).unwrap_or_default())?;
        }
    }
}

impl io::Read for Link {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let count = if self.is_tls {
            self.read_opened(bytes)?
        } else {
            self.read_inlet(bytes)?
        };
        self.meter.count(count as u64)?;
        Ok(count)
    }
}

impl io::Write for Link {
    /// Takes all of it: tungstenite writes whole frames.
    fn write(&mut self, frames: &[u8]) -> io::Result<usize> {
        self.outward.append(frames).map(|()| frames.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
