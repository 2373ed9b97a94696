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

#[cfg(test)]
pub(super) mod tests {
    use std::sync::Arc;

    use rcgen::generate_simple_self_signed;
    use tokio_rustls::rustls::crypto::ring;
    use tokio_rustls::rustls::pki_types::PrivateKeyDer;
    use tokio_rustls::rustls::{ClientConfig, ClientConnection, RootCertStore, ServerConfig};

    use super::*;

    /// Both ends of a session, greeted in memory.
    pub(crate) fn session() -> (Seal, ClientConnection) {
        let made = generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let (certificate, key) = (made.cert.der().clone(), made.signing_key.serialize_der());
        let mut roots = RootCertStore::empty();
        roots.add(certificate.clone()).unwrap();
        let provider = Arc::new(ring::default_provider());
        let server = ServerConfig::builder_with_provider(provider.clone())
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate], PrivateKeyDer::Pkcs8(key.into()))
            .unwrap();
        let client = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let name = "localhost".try_into().unwrap();
        let mut client = ClientConnection::new(Arc::new(client), name).unwrap();
        let mut server = ServerConnection::new(Arc::new(server)).unwrap();
        while client.is_handshaking() || server.is_handshaking() {
            let mut said = Vec::new();
            while client.wants_write() {
                client.write_tls(&mut said).unwrap();
            }
            server.read_tls(&mut &said[..]).unwrap();
            server.process_new_packets().unwrap();
            said.clear();
            speak(&mut server, &mut said).unwrap();
            unsealed(&mut client, &said);
        }
        (Seal::tls(server), client)
    }

    /// What a client finds in `sealed`.
    pub(crate) fn unsealed(client: &mut ClientConnection, mut sealed: &[u8]) -> Vec<u8> {
        let mut plain = Vec::new();
        while !sealed.is_empty() {
            client.read_tls(&mut sealed).unwrap();
            client.process_new_packets().unwrap();
            // It ends with a complaint that more has to come.
            let _ = client.reader().read_to_end(&mut plain);
        }
        plain
    }

    #[test]
    fn what_is_sealed_is_opened_however_it_is_cut() {
        let (mut seal, mut client) = session();
        let plain: Vec<u8> = (0..200_000u32).map(|i| (i % 251) as u8).collect();
        let mut wire = Vec::new();
        seal.seal(&plain, &mut wire).unwrap();
        assert_eq!(unsealed(&mut client, &wire), plain);
        client.writer().write_all(&plain[..30_000]).unwrap();
        let (mut said, mut read) = (Vec::new(), Vec::new());
        while client.wants_write() {
            client.write_tls(&mut said).unwrap();
        }
        for piece in said.chunks(777) {
            seal.open(piece, &mut wire).unwrap();
            let mut some = [0; 1000];
            while let Ok(count) = seal.read(&mut some) {
                read.extend_from_slice(&some[..count]);
            }
        }
        assert_eq!(read, plain[..30_000]);
    }

    #[test]
    fn what_is_no_tls_is_refused() {
        let (mut seal, _client) = session();
        assert!(
            seal.open(b"GET / HTTP/1.1\r\n\r\n", &mut Vec::new())
                .is_err()
        );
    }
}
