//! All of it under TLS: a whole game, the codes of closes, a certificate that is exchanged.

use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use rcgen::{CertifiedKey, generate_simple_self_signed};
use syncline_bot_client::SwarmConfig;
use syncline_server::{Config, Error, Games, Server};
use syncline_shared::close::CloseReason;
use syncline_shared::message::control::{CreateOptions, Hello};
use tempfile::TempDir;
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use crate::support::client::{Client, create, hello};
use crate::support::host::Host;
use crate::support::soon;

/// Their connections never leave the machine, and greet nobody.
#[tokio::test]
async fn bots_keep_company_on_a_server_under_tls() {
    let identity = Identity::new();
    let host = Host::with(identity.config()).under_tls(identity.connector());
    let together = Hello {
        company: true,
        ..create("arena", CreateOptions::default())
    };
    let (_person, _) = Client::join(&host, together).await;
    host.metric_until("syncline_demo_bots", |bots| bots == 6)
        .await;
}

/// A server's own certificate and key, in files of its own.
struct Identity {
    folder: TempDir,
    certificate: CertificateDer<'static>,
}

impl Identity {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let certificate = make(&folder);
        Self {
            folder,
            certificate,
        }
    }

    fn certificate(&self) -> PathBuf {
        self.folder.path().join("cert.pem")
    }

    fn key(&self) -> PathBuf {
        self.folder.path().join("key.pem")
    }

    fn config(&self) -> Config {
        Config {
            tls_cert: Some(self.certificate()),
            tls_key: Some(self.key()),
            ..Config::default()
        }
    }

    /// Believes this certificate and no other.
    fn connector(&self) -> TlsConnector {
        let mut roots = RootCertStore::empty();
        roots.add(self.certificate.clone()).unwrap();
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        TlsConnector::from(Arc::new(config))
    }

    fn host(&self) -> Host {
        Host::with(self.config()).under_tls(self.connector())
    }
}

/// Writes a new certificate and its key.
fn make(folder: &TempDir) -> CertificateDer<'static> {
    let CertifiedKey { cert, signing_key } =
        generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    std::fs::write(folder.path().join("cert.pem"), cert.pem()).unwrap();
    std::fs::write(folder.path().join("key.pem"), signing_key.serialize_pem()).unwrap();
    cert.der().clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bots_play_a_whole_game_under_tls() {
    let identity = Identity::new();
    let host = identity.host();
    let swarm = SwarmConfig {
        bots: 4,
        duration: Duration::from_secs(3),
        ca: Some(identity.certificate()),
        ..SwarmConfig::new(format!("wss://{}/play", host.address))
    };
    let report = syncline_bot_client::run(swarm).await.unwrap();
    assert_eq!((report.connected, report.disconnects), (4, 0));
    assert_eq!(report.hash_mismatches, 0);
    assert!(report.verdicts.applied > 40, "{:?}", report.verdicts);
    assert!(report.bandwidth.is_some(), "HTTP is spoken as well");
    host.stop().await;
}

#[tokio::test]
async fn a_close_is_read_to_its_end() {
    let identity = Identity::new();
    let host = identity.host();
    let (mut bystander, _) = Client::join(&host, hello()).await;
    let (mut client, _) = Client::join(&host, hello()).await;
    client.send_text("hello").await;
    assert_eq!(client.closed().await.0, CloseReason::TextMessage);
    bystander.frame().await;
    tokio::join!(host.stop(), async {
        assert_eq!(bystander.closed().await.0, CloseReason::Restarting);
    });
}

/// Who speaks no TLS is counted, and keeps nobody else.
#[tokio::test]
async fn whoever_speaks_no_tls_or_nothing_is_not_waited_for() {
    let identity = Identity::new();
    let host = Host::with(Config {
        head_timeout: Duration::from_millis(300),
        ..identity.config()
    })
    .under_tls(identity.connector());
    let mut silent = TcpStream::connect(host.address).await.unwrap();
    let mut plain = TcpStream::connect(host.address).await.unwrap();
    tokio::io::AsyncWriteExt::write_all(&mut plain, b"GET / HTTP/1.1\r\nhost: test\r\n\r\n")
        .await
        .unwrap();
    for socket in [&mut silent, &mut plain] {
        let mut rest = Vec::new();
        let _ = soon("the server ends", socket.read_to_end(&mut rest)).await;
        assert!(!String::from_utf8_lossy(&rest).contains("HTTP"));
    }
    for reason in ["tls", "head_timeout"] {
        let sample = format!("syncline_connections_refused_total{{reason=\"{reason}\"}}");
        host.metric_until(&sample, |count| count == 1).await;
    }
}

/// Only this test sends the signal; every server in this process that has a certificate reads it
/// again, and finds the one it had.
#[cfg(unix)]
#[tokio::test]
async fn a_new_certificate_is_read_at_a_signal_and_a_bad_one_is_not_taken() {
    let old = Identity::new();
    let host = old.host();
    // The server listens to signals once it runs.
    assert_eq!(host.get("/healthz").await.status, 200);
    let hang_up = || {
        let this = rustix::process::getpid();
        rustix::process::kill_process(this, rustix::process::Signal::HUP).unwrap();
    };
    std::fs::write(old.certificate(), "nothing").unwrap();
    hang_up();
    assert_eq!(host.get("/healthz").await.status, 200);
    let new = make(&old.folder);
    hang_up();
    let Identity { folder, .. } = old;
    let new = Identity {
        folder,
        certificate: new,
    };
    let connector = new.connector();
    soon("the new certificate is shown", async {
        loop {
            let socket = TcpStream::connect(host.address).await.unwrap();
            let name = IpAddr::V4(Ipv4Addr::LOCALHOST).into();
            if connector.connect(name, socket).await.is_ok() {
                break;
            }
        }
    })
    .await;
}

#[tokio::test]
async fn a_certificate_without_its_key_is_refused() {
    let identity = Identity::new();
    let games = || Games::new().with::<syncline_games::Pong>();
    for config in [
        Config {
            tls_key: None,
            ..identity.config()
        },
        Config {
            tls_cert: None,
            ..identity.config()
        },
    ] {
        let refused = Server::bind(&config, games()).err();
        assert!(matches!(refused, Some(Error::Setting { .. })));
    }
    let other = Identity::new();
    let mismatched = Config {
        bind: ([127, 0, 0, 1], 0).into(),
        tls_key: Some(other.key()),
        ..identity.config()
    };
    let refused = Server::bind(&mismatched, games()).err();
    assert!(matches!(refused, Some(Error::Tls { .. })));
}
