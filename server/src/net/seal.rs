//! How a connection's bytes look on the wire: as they are, or under TLS.
//!
//! The seam between the two kinds of sockets, behind which nobody asks. It only turns bytes into
//! bytes; who reads and writes the socket is not its affair.

use std::io::{self, Read, Write};

use tokio_rustls::rustls::ServerConnection;

/// One connection's way of sealing.
#[derive(Debug, Default)]
pub(super) enum Seal {
    /// None.
    #[default]
    Plain,
    /// A TLS session whose handshake is over.
    Tls(Box<ServerConnection>),
}

impl Seal {
    /// A seal by `session`.
    pub(super) fn tls(mut session: ServerConnection) -> Self {
        // What waits is bounded by whoever owns it.
        session.set_buffer_limit(None);
        Self::Tls(Box::new(session))
    }

    /// Appends `plain` to `wire`, sealed.
    pub(super) fn seal(&mut self, plain: &[u8], wire: &mut Vec<u8>) -> io::Result<()> {
        match self {
            Self::Plain => wire.extend_from_slice(plain),
            Self::Tls(session) => {
                session.writer().write_all(plain)?;
                speak(session, wire)?;
            }
        }
        Ok(())
    }

    /// Takes in what came from the wire. What the session has to answer is appended to `wire`.
    ///
    /// # Errors
    ///
    /// What came is no TLS, or breaks off.
    pub(super) fn open(&mut self, mut came: &[u8], wire: &mut Vec<u8>) -> io::Result<()> {
        let Self::Tls(session) = self else {
            return Ok(());
        };
        while !came.is_empty() {
            session.read_tls(&mut came)?;
            let taken = session.process_new_packets();
            speak(session, wire)?;
            taken.map_err(io::Error::other)?;
        }
        Ok(())
    }

    /// Reads what was opened: nothing at the session's end, [`io::ErrorKind::WouldBlock`] if more
    /// has to come first.
    pub(super) fn read(&mut self, plain: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain => Err(io::ErrorKind::WouldBlock.into()),
            Self::Tls(session) => session.reader().read(plain),
        }
    }

    /// Whether what comes has to be opened.
    pub(super) fn is_tls(&self) -> bool {
        matches!(self, Self::Tls(_))
    }

    /// Says on `wire` that nothing more comes.
    pub(super) fn end(&mut self, wire: &mut Vec<u8>) {
        if let Self::Tls(session) = self {
            session.send_close_notify();
            // Without it the other side sees a session that breaks off, after its last words.
            let _ = speak(session, wire);
        }
    }
}

fn speak(session: &mut ServerConnection, wire: &mut Vec<u8>) -> io::Result<()> {
    while session.wants_write() {
        session.write_tls(wire)?;
    }
    Ok(())
}
