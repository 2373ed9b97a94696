//! WebSocket framing as far as a load client and the bare server need it.
//!
//! Complete, unfragmented frames alone, which is all that either server sends. Knows no socket and
//! nothing of what is in a message.

use std::net::SocketAddr;

use syncline_shared::message::SUBPROTOCOL;

/// What ends the head of a request or an answer.
const HEAD_END: &[u8] = b"\r\n\r\n";

/// What a frame is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Opcode {
    /// A binary message.
    Binary,
    /// The end of the connection.
    Close,
    /// A ping, to be answered.
    Ping,
    /// Anything else.
    Other,
}

/// One frame among bytes that were received.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Frame<'a> {
    /// What it is.
    pub(crate) opcode: Opcode,
    /// What it holds.
    pub(crate) payload: &'a [u8],
}

/// A client's request for a WebSocket.
pub(crate) fn request(server: SocketAddr) -> Vec<u8> {
    format!(
        "GET /play HTTP/1.1\r\nHost: {server}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\
         Sec-WebSocket-Protocol: {SUBPROTOCOL}\r\n\r\n"
    )
    .into_bytes()
}

/// An answer that accepts such a request, as far as our own client looks at it.
pub(crate) fn acceptance() -> Vec<u8> {
    format!(
        "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Accept: ICX+Yqv66kxgM0FcWaLWlFLwTAI=\r\n\
         Sec-WebSocket-Protocol: {SUBPROTOCOL}\r\n\r\n"
    )
    .into_bytes()
}

/// The length of the head that `bytes` begin with, once it is whole.
pub(crate) fn head_length(bytes: &[u8]) -> Option<usize> {
    let end = bytes
        .windows(HEAD_END.len())
        .position(|at| at == HEAD_END)?;
    Some(end + HEAD_END.len())
}

/// Whether the head of an answer accepts.
pub(crate) fn is_accepted(head: &[u8]) -> bool {
    head.starts_with(b"HTTP/1.1 101 ")
}

/// Appends a frame as a client sends it, masked with `key`.
///
/// # Panics
///
/// If the payload is 64 KiB or longer: no client sends such.
pub(crate) fn write_masked(opcode: Opcode, payload: &[u8], key: u32, out: &mut Vec<u8>) {
    write_head(opcode, payload.len(), 0x80, out);
    let key = key.to_le_bytes();
    out.extend_from_slice(&key);
    let masked = payload.iter().zip(key.iter().cycle());
    out.extend(masked.map(|(byte, key)| byte ^ key));
}

/// Appends a frame as a server sends it.
///
/// # Panics
///
/// If the payload is 64 KiB or longer.
pub(crate) fn write_plain(opcode: Opcode, payload: &[u8], out: &mut Vec<u8>) {
    write_head(opcode, payload.len(), 0, out);
    out.extend_from_slice(payload);
}

fn write_head(opcode: Opcode, length: usize, mask: u8, out: &mut Vec<u8>) {
    let code = match opcode {
        Opcode::Binary => 2,
        Opcode::Close => 8,
        Opcode::Ping => 9,
        Opcode::Other => 10,
    };
    out.push(0x80 | code);
    if let Some(short) = u8::try_from(length).ok().filter(|&short| short < 126) {
        out.push(mask | short);
    } else {
        let length = u16::try_from(length).expect("a message of less than 64 KiB");
        out.push(mask | 0x7e);
        out.extend_from_slice(&length.to_be_bytes());
    }
}

/// The first frame of `bytes` from a server and how many bytes it takes, once it is whole.
pub(crate) fn next_frame(bytes: &[u8]) -> Option<(Frame<'_>, usize)> {
    let (&[first, second], rest) = bytes.split_first_chunk()?;
    let (length, rest) = match second & 0x7f {
        0x7e => {
            let (length, rest) = rest.split_first_chunk()?;
            (usize::from(u16::from_be_bytes(*length)), rest)
        }
        0x7f => {
            let (length, rest) = rest.split_first_chunk()?;
            (usize::try_from(u64::from_be_bytes(*length)).ok()?, rest)
        }
        short => (usize::from(short), rest),
    };
    let payload = rest.get(..length)?;
    let opcode = match first & 0x0f {
        2 => Opcode::Binary,
        8 => Opcode::Close,
        9 => Opcode::Ping,
        _ => Opcode::Other,
    };
    let used = bytes.len() - rest.len() + length;
    Some((Frame { opcode, payload }, used))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_of_every_length_are_read_as_they_were_written() {
        for length in [0, 1, 125, 126, 127, 65_535] {
            let payload = vec![7; length];
            let mut bytes = Vec::new();
            write_plain(Opcode::Binary, &payload, &mut bytes);
            let whole = bytes.len();
            bytes.extend_from_slice(&[0x82, 0]);
            let (frame, used) = next_frame(&bytes).unwrap();
            assert_eq!((frame.opcode, used), (Opcode::Binary, whole));
            assert_eq!(frame.payload, payload);
            for cut in 0..whole {
                assert_eq!(next_frame(&bytes[..cut]), None, "{cut} of {whole} bytes");
            }
        }
    }

    #[test]
    fn a_mask_can_be_taken_off() {
        let mut bytes = Vec::new();
        write_masked(Opcode::Binary, b"hello", 0x0403_0201, &mut bytes);
        assert_eq!(bytes[..6], [0x82, 0x85, 1, 2, 3, 4]);
        let key = [1, 2, 3, 4].iter().cycle();
        let payload: Vec<u8> = bytes[6..].iter().zip(key).map(|(a, b)| a ^ b).collect();
        assert_eq!(payload, b"hello");
    }

    #[test]
    fn a_head_ends_with_an_empty_line() {
        let head = acceptance();
        assert!(is_accepted(&head));
        assert_eq!(head_length(&head), Some(head.len()));
        assert_eq!(head_length(&head[..head.len() - 1]), None);
    }
}
