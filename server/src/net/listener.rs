//! Accepts sockets and serves HTTP on them, one task each.
//!
//! The accept loop is our own, so that every socket passes one place before anything is read from
//! it: its limits and options, and later whatever guards the edge.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use prometheus_client::metrics::gauge::Gauge;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::net::socket;
use crate::shutdown::Shutdown;

/// The most bytes of a request's head. Ours are a few hundred.
const HEAD_BYTES_MAX: usize = 16 * 1024;

/// How long to wait before the next try when the system gives no more sockets.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Accepts and serves.
pub(crate) struct Listener {
    /// Where sockets come from.
    pub(crate) sockets: TcpListener,
    /// What answers requests. It finds a [`Peer`] among their extensions.
    pub(crate) router: Router,
    /// How long the head of a request may take.
    pub(crate) head_timeout: Duration,
    /// How many connections may be open at once.
    pub(crate) connections_max: u32,
    /// How many are.
    pub(crate) connections: Gauge,
    /// When to end.
    pub(crate) shutdown: Shutdown,
}

/// The other side of a connection. As long as a clone of it is there, the connection counts.
#[derive(Clone)]
pub(crate) struct Peer {
    /// Its address.
    pub(crate) address: SocketAddr,
    _open: Arc<OpenConnection>,
}

/// One of the connections that may be open.
struct OpenConnection {
    _permit: OwnedSemaphorePermit,
    count: Gauge,
}

impl Drop for OpenConnection {
    fn drop(&mut self) {
        self.count.dec();
    }
}

impl Listener {
    /// Accepts until the shutdown, then waits until the last connection has ended.
    pub(crate) async fn run(self) {
        let most = self.connections_max;
        let permits = usize::try_from(most).unwrap_or(Semaphore::MAX_PERMITS);
        let permits = Arc::new(Semaphore::new(permits.min(Semaphore::MAX_PERMITS)));
        let accepting = async {
            loop {
                let permit = permits.clone().acquire_owned().await;
                let permit = permit.expect("nothing closes this semaphore");
                match self.sockets.accept().await {
                    Ok((socket, address)) => self.open(socket, address, permit),
                    Err(error) => {
                        tracing::warn!(%error, "can't accept a connection");
                        tokio::time::sleep(ACCEPT_PAUSE).await;
                    }
                }
            }
        };
        tokio::select! {
            () = accepting => {}
            () = self.shutdown.thrown() => {}
        }
        drop(self.sockets);
        // An open connection holds one of these.
        let _ = permits.acquire_many(most).await;
    }

    fn open(&self, socket: TcpStream, address: SocketAddr, permit: OwnedSemaphorePermit) {
        socket::prepare(&socket);
        self.connections.inc();
        let open = OpenConnection {
            _permit: permit,
            count: self.connections.clone(),
        };
        let peer = Peer {
            address,
            _open: Arc::new(open),
        };
        let router = TowerToHyperService::new(self.router.clone());
        let service = service_fn(move |mut request: Request<Incoming>| {
            request.extensions_mut().insert(peer.clone());
            router.call(request)
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(self.head_timeout)
            .max_buf_size(HEAD_BYTES_MAX)
            .serve_connection(TokioIo::new(socket), service)
            .with_upgrades();
        let shutdown = self.shutdown.clone();
        tokio::spawn(async move {
            tokio::select! {
                served = connection => {
                    if let Err(error) = served {
                        tracing::debug!(peer = %address, %error, "http connection failed");
                    }
                }
                () = shutdown.thrown() => {}
            }
        });
    }
}
