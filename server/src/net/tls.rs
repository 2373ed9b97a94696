//! TLS on accepted sockets: the server's certificate and key, read from files and read anew when
//! asked.
//!
//! Knows nothing of what is spoken under it, but that it is HTTP/1.1.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;

use crate::error::Error;
use crate::net::stream::Transport;

/// What is spoken under TLS, so that nobody tries HTTP/2.
const PROTOCOL: &[u8] = b"http/1.1";

/// Speaks TLS for the server.
pub(crate) struct Tls {
    certificates: PathBuf,
    key: PathBuf,
    config: RwLock<Arc<ServerConfig>>,
}

impl Tls {
    /// Reads a chain of certificates, the server's own first, and its private key.
    ///
    /// # Errors
    ///
    /// [`Error::Tls`].
    pub(crate) fn load(certificates: &Path, key: &Path) -> Result<Self, Error> {
        Ok(Self {
            certificates: certificates.to_owned(),
            key: key.to_owned(),
            config: RwLock::new(read(certificates, key)?),
        })
    }

    /// Reads both files again, for connections from now on.
    ///
    /// # Errors
    ///
    /// [`Error::Tls`]; what was read before stays.
    pub(crate) fn reload(&self) -> Result<(), Error> {
        let config = read(&self.certificates, &self.key)?;
        *self.config.write().unwrap_or_else(PoisonError::into_inner) = config;
        Ok(())
    }

    /// Greets whoever is at the other end.
    ///
    /// # Errors
    ///
    /// Whatever keeps the two from agreeing.
    pub(crate) async fn accept(&self, socket: TcpStream) -> io::Result<Transport> {
        let config = self
            .config
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        let session = TlsAcceptor::from(config).accept(socket).await?;
        Ok(Transport::Tls(Box::new(session)))
    }
}

fn read(certificates: &Path, key: &Path) -> Result<Arc<ServerConfig>, Error> {
    let unreadable = |path: &Path| {
        let path = path.to_owned();
        move |error: pem::Error| Error::Tls {
            path,
            problem: error.to_string(),
        }
    };
    let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_file_iter(certificates)
        .and_then(Iterator::collect)
        .map_err(unreadable(certificates))?;
    let secret = PrivateKeyDer::from_pem_file(key).map_err(unreadable(key))?;
    let unusable = |error: rustls::Error| Error::Tls {
        path: certificates.to_owned(),
        problem: error.to_string(),
    };
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(unusable)?
        .with_no_client_auth()
        .with_single_cert(chain, secret)
        .map_err(unusable)?;
    config.alpn_protocols = vec![PROTOCOL.to_vec()];
    Ok(Arc::new(config))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn pair() -> (String, String) {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        (made.cert.pem(), made.signing_key.serialize_pem())
    }

    #[test]
    fn a_bad_pair_is_refused_and_the_old_one_stays() {
        let folder = tempfile::tempdir().unwrap();
        let (certificates, key) = (
            folder.path().join("cert.pem"),
            folder.path().join("key.pem"),
        );
        let (good, other) = (pair(), pair());
        assert!(Tls::load(&certificates, &key).is_err());
        fs::write(&certificates, &good.0).unwrap();
        fs::write(&key, &good.1).unwrap();
        let tls = Tls::load(&certificates, &key).unwrap();
        let current = || tls.config.read().unwrap().clone();
        let first = current();
        let bad = [
            (good.0.as_str(), other.1.as_str()),
            ("nothing", &good.1),
            ("", &good.1),
            (&good.0, "nothing"),
            (&good.0, &good.0),
        ];
        for (number, (certificate, secret)) in bad.into_iter().enumerate() {
            fs::write(&certificates, certificate).unwrap();
            fs::write(&key, secret).unwrap();
            let error = tls.reload().unwrap_err().to_string();
            assert!(error.contains(".pem"), "{number}: {error}");
            assert!(Arc::ptr_eq(&current(), &first), "{number}");
        }
        fs::write(&certificates, &other.0).unwrap();
        fs::write(&key, &other.1).unwrap();
        tls.reload().unwrap();
        assert!(!Arc::ptr_eq(&current(), &first));
    }
}
