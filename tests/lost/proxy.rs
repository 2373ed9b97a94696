//! A way to a server that tells of no end: close frames are swallowed, and what the server has closed
//! stays open. Some networks have such boxes.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread;

/// The opcode of a close frame.
const CLOSE: u8 = 8;

/// Opens the way to `server`; where it begins. It stays for as long as this program runs.
pub(crate) fn open(server: SocketAddr) -> io::Result<SocketAddr> {
    let listener = TcpListener::bind(("127.0.0.1", 0))?;
    let address = listener.local_addr()?;
    thread::spawn(move || {
        for client in listener.incoming().flatten() {
            // Nobody there: the client is refused as it would be without this.
            if let Ok(server) = TcpStream::connect(server) {
                carry(client, server);
            }
        }
    });
    Ok(address)
}

/// Carries everything from one to the other but the end.
fn carry(client: TcpStream, server: TcpStream) {
    let (Ok(from_client), Ok(to_server)) = (client.try_clone(), server.try_clone()) else {
        return;
    };
    thread::spawn(move || copy(from_client, to_server));
    thread::spawn(move || {
        let mut filter = Filter::default();
        // An error is an end like any other.
        let _ = filter.run(server, &client);
        // The client's socket stays open until it is tired of the silence.
        let _ = io::copy(&mut &client, &mut io::sink());
    });
}

fn copy(mut from: TcpStream, mut to: TcpStream) {
    let _ = io::copy(&mut from, &mut to);
    let _ = to.shutdown(std::net::Shutdown::Both);
}

/// What a server sends, less its close frames.
#[derive(Default)]
struct Filter {
    rest: Vec<u8>,
    /// Whether the answer to the upgrade has passed.
    is_upgraded: bool,
}

impl Filter {
    fn run(&mut self, mut from: TcpStream, mut to: &TcpStream) -> io::Result<()> {
        let mut bytes = [0; 4096];
        loop {
            let count = from.read(&mut bytes)?;
            if count == 0 {
                return Ok(());
            }
            self.rest.extend_from_slice(&bytes[..count]);
            let passes = self.take();
            to.write_all(&passes)?;
        }
    }

    /// What may pass of what has come.
    fn take(&mut self) -> Vec<u8> {
        let mut passes = Vec::new();
        if !self.is_upgraded {
            let end = self.rest.windows(4).position(|four| four == b"\r\n\r\n");
            let Some(end) = end else {
                return passes;
            };
            passes.extend(self.rest.drain(..end + 4));
            self.is_upgraded = true;
        }
        while let Some(length) = frame_length(&self.rest).filter(|it| *it <= self.rest.len()) {
            let frame = self.rest.drain(..length);
            if frame.as_slice()[0] & 0x0f == CLOSE {
                continue;
            }
            passes.extend(frame);
        }
        passes
    }
}

/// How long the unmasked frame at the beginning of `bytes` is, if that is known.
fn frame_length(bytes: &[u8]) -> Option<usize> {
    match *bytes {
        [_, 126, high, low, ..] => Some(4 + usize::from(u16::from_be_bytes([high, low]))),
        [_, 127, ..] => {
            let length = u64::from_be_bytes(bytes.get(2..10)?.try_into().ok()?);
            usize::try_from(length).ok()?.checked_add(10)
        }
        [_, 126, ..] => None,
        [_, short, ..] => Some(2 + usize::from(short & 0x7f)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn close_frames_are_swallowed_however_they_come() {
        let long = [&[0x82, 126, 0, 200][..], &[7; 200]].concat();
        let sent = [
            &b"HTTP/1.1 101 Switching\r\n\r\n"[..],
            &[0x82, 2, 1, 2],
            &[0x88, 2, 3, 232],
            &long,
        ]
        .concat();
        let wanted = [
            &b"HTTP/1.1 101 Switching\r\n\r\n"[..],
            &[0x82, 2, 1, 2],
            &long,
        ]
        .concat();
        for piece in [1, 3, 1000] {
            let mut filter = Filter::default();
            let mut passed = Vec::new();
            for bytes in sent.chunks(piece) {
                filter.rest.extend_from_slice(bytes);
                passed.extend(filter.take());
            }
            assert_eq!(passed, wanted);
        }
    }
}
