//! What tests with real sockets share: a server in this process, a client that says exactly what it
//! is told, and a game that misbehaves on command.
//!
//! Nothing here sleeps: everything waits for what it wants to see, and gives up with words.

pub(crate) mod client;
pub(crate) mod host;
pub(crate) mod lab;
pub(crate) mod tunnel;

use std::time::Duration;

/// How long to wait for something that comes at once on an idle machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// A frame as a client sends it, under the mask that changes nothing. `first` has the opcode, and
/// whether it is a message's last.
pub(crate) fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![first];
    match u8::try_from(payload.len()) {
        Ok(length) if length < 126 => frame.push(0x80 + length),
        Ok(_) | Err(_) => {
            let length = u16::try_from(payload.len()).expect("no test needs larger ones");
            frame.push(0x80 + 126);
            frame.extend_from_slice(&length.to_be_bytes());
        }
    }
    frame.extend_from_slice(&[0; 4]);
    frame.extend_from_slice(payload);
    frame
}

/// What `future` resolves to.
///
/// # Panics
///
/// If it takes so long that it never will.
pub(crate) async fn soon<T>(what: &str, future: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, future)
        .await
        .unwrap_or_else(|_| panic!("waited in vain: {what}"))
}
