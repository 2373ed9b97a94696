//! Accepts sockets and serves HTTP on them, one task each.
//!
//! The accept loop is our own, so that every socket passes one place before anything is read from
//! it: the guard, its options, and TLS. It never waits for a place: who gets none is told so.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::http::{Request, StatusCode};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::clock::Clock;
use crate::metrics::Metrics;
use crate::net::guard::{Guard, Peer};
use crate::net::meter::Meter;
use crate::net::socket;
use crate::net::stream::{Stream, Transport};
use crate::net::tls::Tls;
use crate::shutdown::Shutdown;

/// How long to wait before the next try when the system gives no more sockets.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Accepts and serves.
pub(crate) struct Listener {
    /// Where sockets come from.
    pub(crate) sockets: TcpListener,
    /// Who may be connected.
    pub(crate) guard: Guard,
    /// How each connection is served.
    pub(crate) service: HttpService,
}

/// What serves one connection after the other.
#[derive(Clone)]
pub(crate) struct HttpService {
    /// What answers requests. It finds a [`Peer`] among their extensions.
    pub(crate) router: Router,
    /// What is spoken below HTTP, if not plain TCP.
    pub(crate) tls: Option<Arc<Tls>>,
    /// How long the head of a request may take, and a greeting under TLS with the first.
    pub(crate) head_timeout: Duration,
    /// How many bytes its head may have.
    pub(crate) head_bytes: usize,
    /// How long a connection that we end may take to end its side.
    pub(crate) close_timeout: Duration,
    /// How many bytes a second a connection may send; 0 for any.
    pub(crate) byte_rate: u32,
    /// The time.
    pub(crate) clock: Clock,
    /// Counts what goes wrong.
    pub(crate) metrics: Arc<Metrics>,
    /// When to end.
    pub(crate) shutdown: Shutdown,
}

impl Listener {
    /// Accepts until the shutdown, then waits until the last connection has ended.
    pub(crate) async fn run(self) {
        let Self {
            sockets,
            guard,
            service,
        } = self;
        // Nothing is ever sent: it closes when the last connection is gone.
        let (open, mut closed) = mpsc::channel(1);
        let accepting = async {
            loop {
                match sockets.accept().await {
                    Ok((socket, address)) => {
                        // A socket that gets no place at all is dropped here.
                        if let Some(peer) = guard.admit(address, open.clone()) {
                            tokio::spawn(service.clone().serve(socket, peer));
                        }
                    }
                    Err(error) => {
                        tracing::warn!(%error, "can't accept a connection");
                        tokio::time::sleep(ACCEPT_PAUSE).await;
                    }
                }
            }
        };
        tokio::select! {
            () = accepting => {}
            () = service.shutdown.thrown() => {}
        }
        drop((sockets, open));
        let _ = closed.recv().await;
    }
}

/// Why HTTP ended on a connection, as counted.
type HttpEnd = Result<(), &'static str>;

impl HttpService {
    /// Serves one connection until it ends, becomes a WebSocket or has to go.
    async fn serve(self, socket: TcpStream, peer: Peer) {
        socket::prepare(&socket);
        let deadline = Instant::now() + self.head_timeout;
        let ended = tokio::select! {
            ended = self.speak(socket, &peer) => ended,
            () = overdue(deadline, &peer) => Err("head_timeout"),
            // Counted by who has sent it off.
            () = peer.evicted() => Ok(()),
            () = self.over(&peer) => Ok(()),
        };
        if let Err(reason) = ended {
            self.metrics.count_refused_connection(reason);
            tracing::debug!(peer = %peer.name(peer.ip()), reason, "http ended");
        }
    }

    /// Resolves when the server ends; where a tunnel has last words to say, when there was time for
    /// them.
    async fn over(&self, peer: &Peer) {
        self.shutdown.thrown().await;
        if peer.carries_tunnel() {
            tokio::time::sleep(self.close_timeout).await;
        }
    }

    async fn speak(&self, socket: TcpStream, peer: &Peer) -> HttpEnd {
        let transport = match &self.tls {
            None => Transport::Plain(socket),
            Some(tls) => tls.accept(socket).await.map_err(|error| {
                tracing::debug!(peer = %peer.name(peer.ip()), %error, "no TLS");
                "tls"
            })?,
        };
        let exceeded = &self.metrics.byte_rate_exceeded;
        let meter = Meter::new(self.byte_rate, self.clock, exceeded);
        let stream = Stream::new(transport, meter, self.close_timeout);
        let router = TowerToHyperService::new(self.router.clone());
        let asking = peer.clone();
        let service = service_fn(move |mut request: Request<Incoming>| {
            asking.request();
            request.extensions_mut().insert(asking.clone());
            let (answering, asking) = (router.call(request), asking.clone());
            async move {
                let answer = answering.await?;
                // A WebSocket is still to say hello.
                if answer.status() != StatusCode::SWITCHING_PROTOCOLS {
                    asking.settle();
                }
                Ok::<_, std::convert::Infallible>(answer)
            }
        });
        http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(self.head_timeout)
            .max_buf_size(self.head_bytes)
            // Who has no place of its own gets one answer.
            .keep_alive(peer.refusal().is_none())
            .serve_connection(TokioIo::new(stream), service)
            .with_upgrades()
            .await
            .or_else(|error| why(&error, peer))
    }
}

/// Resolves if a connection has sent no whole request by the deadline.
async fn overdue(deadline: Instant, peer: &Peer) {
    tokio::time::sleep_until(deadline).await;
    if peer.has_requested() {
        std::future::pending::<()>().await;
    }
}

/// What is counted of an error: nothing if the client just went, or asked for nothing more.
fn why(error: &hyper::Error, peer: &Peer) -> HttpEnd {
    if error.is_parse_too_large() {
        Err("head_too_large")
    } else if error.is_parse() {
        Err("bad_request")
    } else if error.is_timeout() && !peer.has_requested() {
        Err("head_timeout")
    } else {
        Ok(())
    }
}
