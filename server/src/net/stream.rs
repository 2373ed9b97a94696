//! One accepted socket, plain or under TLS: what HTTP and WebSocket are spoken on.
//!
//! Counts what is read, so that no layer above can take in more than a client may send, and ends so
//! that the other side can read everything. Knows nothing of what the bytes mean.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::Sleep;
use tokio_rustls::server::TlsStream;

use crate::net::meter::Meter;

/// How much it reads in that time: more than any client that means well has on its way.
const LINGER_BYTES_MAX: usize = 1024 * 1024;

/// What carries the bytes.
pub(crate) enum Transport {
    /// The socket itself.
    Plain(TcpStream),
    /// A TLS session on it.
    Tls(Box<TlsStream<TcpStream>>),
}

/// A socket.
pub(crate) struct Stream {
    transport: Transport,
    /// What may be read.
    meter: Meter,
    /// How long a socket that we have shut down waits for the other side to do so too.
    close_timeout: Duration,
    /// Runs once our side is to be shut down.
    linger: Option<Linger>,
}

/// What is left of a socket's time.
struct Linger {
    sleep: Pin<Box<Sleep>>,
    bytes: usize,
    is_shut_down: bool,
}

/// Calls a method of what carries the bytes.
macro_rules! carried {
    ($stream:expr, $method:ident, $($argument:expr),*) => {
        match &mut $stream.transport {
            Transport::Plain(socket) => Pin::new(socket).$method($($argument),*),
            Transport::Tls(session) => Pin::new(session.as_mut()).$method($($argument),*),
        }
    };
}

impl Stream {
    /// A stream that may deliver what `meter` allows, and waits so long for the other side's end.
    pub(crate) fn new(transport: Transport, meter: Meter, close_timeout: Duration) -> Self {
        Self {
            transport,
            meter,
            close_timeout,
            linger: None,
        }
    }

    /// What carries the bytes, and what may still be read of them.
    pub(super) fn into_parts(self) -> (Transport, Meter) {
        (self.transport, self.meter)
    }

    /// The socket below.
    fn socket(&mut self) -> &mut TcpStream {
        match &mut self.transport {
            Transport::Plain(socket) => socket,
            Transport::Tls(session) => session.get_mut().0,
        }
    }

    /// Shuts down our side. Then reads and forgets until the other side ends: bytes that come after
    /// a plain drop would make the kernel throw away what it has not sent yet.
    fn poll_end(&mut self, cx: &mut Context<'_>, linger: &mut Linger) -> Poll<io::Result<()>> {
        if !linger.is_shut_down {
            ready!(carried!(self, poll_shutdown, cx))?;
            linger.is_shut_down = true;
        }
        let mut rest = [0; 4096];
        while linger.bytes < LINGER_BYTES_MAX {
            let mut rest = ReadBuf::new(&mut rest);
            match ready!(Pin::new(self.socket()).poll_read(cx, &mut rest)) {
                Ok(()) if !rest.filled().is_empty() => linger.bytes += rest.filled().len(),
                Ok(()) | Err(_) => break,
            }
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(carried!(self, poll_read, cx, buffer))?;
        let read = buffer.filled().len() - before;
        self.meter.count(read as u64)?;
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        carried!(self, poll_write, cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        carried!(self, poll_write_vectored, cx, bytes)
    }

    fn is_write_vectored(&self) -> bool {
        match &self.transport {
            Transport::Plain(socket) => socket.is_write_vectored(),
            Transport::Tls(session) => session.is_write_vectored(),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        carried!(self, poll_flush, cx)
    }

    /// Shuts down our side, then waits for the other, but not for long.
    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let longest = self.close_timeout;
        let mut linger = self.linger.take().unwrap_or_else(|| Linger {
            sleep: Box::pin(tokio::time::sleep(longest)),
            bytes: 0,
            is_shut_down: false,
        });
        let mut ended = self.poll_end(cx, &mut linger);
        if ended.is_pending() {
            ended = linger.sleep.as_mut().poll(cx).map(Ok);
        }
        self.linger = Some(linger);
        ended
    }
}

#[cfg(test)]
mod tests {
    use prometheus_client::metrics::counter::Counter;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;
    use crate::clock::Clock;
    use crate::net::meter::Exceeded;

    async fn pair(bytes_per_second: u32) -> (Stream, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap());
        let (accepted, client) = tokio::join!(listener.accept(), client);
        let meter = Meter::new(bytes_per_second, Clock::start(), &Counter::default());
        let transport = Transport::Plain(accepted.unwrap().0);
        let stream = Stream::new(transport, meter, Duration::from_secs(1));
        (stream, client.unwrap())
    }

    #[tokio::test]
    async fn more_than_may_be_sent_is_not_read() {
        let (mut stream, mut client) = pair(1).await;
        client.write_all(&[0; 5]).await.unwrap();
        let mut bytes = [0; 5];
        let error = stream.read_exact(&mut bytes).await.unwrap_err();
        assert!(Exceeded::is_in(&error), "{error}");
    }

    /// Without the wait the last words would be lost to a reset.
    #[tokio::test]
    async fn a_client_that_still_sends_reads_the_last_words() {
        let (mut stream, mut client) = pair(0).await;
        stream.write_all(b"bye").await.unwrap();
        client.write_all(&vec![7; 100_000]).await.unwrap();
        let shutdown = tokio::spawn(async move { stream.shutdown().await });
        let mut words = Vec::new();
        client.read_to_end(&mut words).await.unwrap();
        assert_eq!(words, b"bye");
        drop(client);
        shutdown.await.unwrap().unwrap();
    }

    #[tokio::test]
    async fn a_client_that_sends_without_end_is_not_read_without_end() {
        let (mut stream, mut client) = pair(0).await;
        let flood = tokio::spawn(async move {
            let chunk = vec![7; 64 * 1024];
            while client.write_all(&chunk).await.is_ok() {}
        });
        stream.shutdown().await.unwrap();
        assert!(stream.linger.as_ref().unwrap().bytes < 2 * LINGER_BYTES_MAX);
        drop(stream);
        flood.await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_never_ends_is_not_waited_for() {
        let (mut stream, _client) = pair(0).await;
        stream.shutdown().await.unwrap();
    }
}
