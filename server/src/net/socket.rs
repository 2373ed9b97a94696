//! How sockets are set up, and how they end.
//!
//! Everything about a socket that is not HTTP or WebSocket.

use std::io;
use std::net::{Shutdown, SocketAddr};
use std::time::Duration;

use socket2::{Domain, Protocol, SockRef, Socket, Type};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;

use syncline_shared::limits::{CLIENT_MESSAGE_BYTES_MAX, SERVER_MESSAGE_BYTES_MAX};

/// What the kernel keeps of connections that nobody has accepted yet.
const BACKLOG: i32 = 1024;

/// How long sent bytes may stay unacknowledged by the other machine before the socket is dead.
const UNACKNOWLEDGED_MAX: Duration = Duration::from_secs(10);

/// What the kernel buffers of our bytes. A default socket takes over a megabyte of snapshots before
/// anybody feels that the client does not read.
const SEND_BUFFER_BYTES: usize = 64 * 1024;

/// What of these may wait for the network, rather than be on its way: what it holds is old when it
/// comes.
const UNSENT_BYTES_MAX: u32 = 16 * 1024;

/// What is read at once. Inputs are tens of bytes, every read zero-fills the buffer first, and
/// thousands of connections have one each.
const READ_BUFFER_BYTES: usize = 1024;

/// Bytes of frames gathered before they are written without a flush.
const WRITE_BUFFER_BYTES: usize = 16 * 1024;

/// Takes `address`, so that nobody else can; who connects is refused until [`listen`].
///
/// # Errors
///
/// Whatever the system says.
pub(crate) fn bind(address: SocketAddr) -> io::Result<Socket> {
    let socket = Socket::new(
        Domain::for_address(address),
        Type::STREAM,
        Some(Protocol::TCP),
    )?;
    // A restarted server takes its port again although old connections linger on it.
    #[cfg(unix)]
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    Ok(socket)
}

/// Listens on what was taken.
///
/// # Errors
///
/// Whatever the system says.
pub(crate) fn listen(socket: Socket) -> io::Result<TcpListener> {
    socket.listen(BACKLOG)?;
    TcpListener::from_std(socket.into())
}

/// Sets up an accepted socket. What the system does not offer it does without.
pub(crate) fn prepare(socket: &TcpStream) {
    let settings = SockRef::from(socket);
    let outcomes = [
        settings.set_tcp_nodelay(true),
        settings.set_send_buffer_size(SEND_BUFFER_BYTES),
        #[cfg(target_os = "linux")]
        settings.set_tcp_user_timeout(Some(UNACKNOWLEDGED_MAX)),
        #[cfg(target_os = "linux")]
        settings.set_tcp_notsent_lowat(UNSENT_BYTES_MAX),
    ];
    for error in outcomes.into_iter().filter_map(Result::err) {
        tracing::debug!(%error, "a socket option is not available");
    }
}

/// How WebSocket is spoken: with every limit set, since the defaults have none or megabytes.
pub(crate) fn websocket_config() -> WebSocketConfig {
    WebSocketConfig::default()
        .read_buffer_size(READ_BUFFER_BYTES)
        .write_buffer_size(WRITE_BUFFER_BYTES)
        .max_write_buffer_size(WRITE_BUFFER_BYTES + 2 * SERVER_MESSAGE_BYTES_MAX)
        .max_message_size(Some(CLIENT_MESSAGE_BYTES_MAX))
        .max_frame_size(Some(CLIENT_MESSAGE_BYTES_MAX))
}

/// Ends a socket to which everything has been written, so that the other side can read it all: bytes
/// that come after a plain drop would make the kernel throw away what it has not sent. The other side
/// has `longest` for that.
pub(crate) async fn finish(socket: &TcpStream, longest: Duration) {
    let settings = SockRef::from(socket);
    let drained = async {
        settings.shutdown(Shutdown::Write)?;
        let mut rest = [0; 1024];
        loop {
            socket.readable().await?;
            match socket.try_read(&mut rest) {
                Ok(0) => return Ok(()),
                Err(error) if error.kind() != io::ErrorKind::WouldBlock => return Err(error),
                Ok(_) | Err(_) => {}
            }
        }
    };
    // A socket that fails or takes too long is ended all the same, whoever still holds it.
    let _: Result<io::Result<()>, _> = tokio::time::timeout(longest, drained).await;
    let _ = settings.shutdown(Shutdown::Both);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn a_prepared_socket_takes_little_and_ends_in_time() {
        let listener = listen(bind(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap()).unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap());
        let (accepted, _client) = tokio::join!(listener.accept(), client);
        let (socket, _) = accepted.unwrap();
        prepare(&socket);
        let settings = SockRef::from(&socket);
        assert!(settings.tcp_nodelay().unwrap());
        assert_eq!(
            settings.tcp_user_timeout().unwrap(),
            Some(UNACKNOWLEDGED_MAX)
        );
        assert_eq!(settings.tcp_notsent_lowat().unwrap(), UNSENT_BYTES_MAX);
        // The kernel doubles what it is asked for, for its own books.
        assert!(settings.send_buffer_size().unwrap() <= 2 * SEND_BUFFER_BYTES);
    }
}
