//! A session's bytes over plain HTTP, for networks that let no WebSocket through.
//!
//! A tunnel carries the very bytes that a WebSocket carries after its handshake, in requests and
//! answers instead of on a socket. What it is to the connection is a socket: [`way_in`] is read and
//! [`way_out`] written. Both count bytes from the tunnel's beginning, so that a request that is
//! repeated changes nothing, and an answer that was lost can be asked for again. Knows neither HTTP
//! nor what the bytes mean.

mod place;
mod way_in;
mod way_out;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use data_encoding::BASE64URL_NOPAD;
use tokio::time::sleep;

use crate::entropy;

pub(crate) use place::OutOfPlace;
pub(crate) use way_in::NotTaken;
use way_in::WayIn;
pub(crate) use way_out::Reader;
use way_out::WayOut;

/// One client's way in over HTTP.
#[derive(Debug, Default)]
pub(crate) struct Tunnel {
    /// From the client.
    pub(crate) inward: WayIn,
    /// To the client.
    pub(crate) outward: Arc<WayOut>,
}

impl Tunnel {
    /// It is over, without a word: nothing more goes through.
    pub(crate) fn break_off(&self) {
        self.inward.end();
        self.outward.break_off();
    }

    /// Breaks it off once nobody has read for `longest`, give or take a quarter.
    pub(crate) async fn watch(&self, longest: Duration) {
        const QUARTERS: u32 = 4;
        let mut alone = 0;
        while alone < QUARTERS {
            sleep(longest / QUARTERS).await;
            alone = if self.outward.was_read() {
                0
            } else {
                alone + 1
            };
        }
        self.break_off();
        // The connection ends by that; until then there is nothing more to see.
        std::future::pending::<()>().await;
    }
}

/// All that are open, by names that nobody can guess.
#[derive(Clone, Debug)]
pub(crate) struct Tunnels {
    open: Arc<Mutex<HashMap<String, Arc<Tunnel>>>>,
    unread_max: Duration,
    byte_rate: u32,
}

/// A tunnel's place among the others, for as long as this is there.
#[derive(Debug)]
pub(crate) struct Opened {
    tunnels: Tunnels,
    /// What it is called.
    pub(crate) name: String,
    /// The tunnel.
    pub(crate) tunnel: Arc<Tunnel>,
}

impl Tunnels {
    /// None as yet. `unread_max` is how long nobody may read from one, `byte_rate` how many bytes a
    /// second may come through it; 0 for any.
    pub(crate) fn new(unread_max: Duration, byte_rate: u32) -> Self {
        Self {
            open: Arc::default(),
            unread_max,
            byte_rate,
        }
    }

    /// How long nobody may read from one.
    pub(crate) fn unread_max(&self) -> Duration {
        self.unread_max
    }

    /// How many bytes a second may come through one.
    pub(crate) fn byte_rate(&self) -> u32 {
        self.byte_rate
    }

    /// A new one.
    pub(crate) fn open(&self) -> Opened {
        let secret = [entropy::draw().to_le_bytes(), entropy::draw().to_le_bytes()];
        let name = BASE64URL_NOPAD.encode(secret.as_flattened());
        let tunnel = Arc::new(Tunnel::default());
        self.lock().insert(name.clone(), tunnel.clone());
        Opened {
            tunnels: self.clone(),
            name,
            tunnel,
        }
    }

    /// The one of this name.
    pub(crate) fn find(&self, name: &str) -> Option<Arc<Tunnel>> {
        self.lock().get(name).cloned()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Arc<Tunnel>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Opened {
    fn drop(&mut self) {
        self.tunnels.lock().remove(&self.name);
        self.tunnel.break_off();
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use super::*;

    #[test]
    fn a_tunnel_is_found_by_its_name_for_as_long_as_it_is_open() {
        let tunnels = Tunnels::new(Duration::ZERO, 0);
        let (one, other) = (tunnels.open(), tunnels.open());
        assert_ne!(one.name, other.name);
        assert_eq!(one.name.len(), 22);
        assert!(Arc::ptr_eq(&tunnels.find(&one.name).unwrap(), &one.tunnel));
        assert!(tunnels.find("").is_none());
        let name = one.name.clone();
        drop(one);
        assert!(tunnels.find(&name).is_none());
        assert!(tunnels.find(&other.name).is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn a_tunnel_that_nobody_reads_breaks_off() {
        let tunnel = Arc::new(Tunnel::default());
        let longest = Duration::from_secs(8);
        let watched = tunnel.clone();
        let watch = tokio::spawn(async move { watched.watch(longest).await });
        // Somebody who holds on is never too late, however little there is to read.
        let reader = tunnel.outward.attach(0).unwrap();
        sleep(10 * longest).await;
        assert!(!tunnel.inward.is_ended());
        drop(reader);
        sleep(longest / 2).await;
        assert!(!tunnel.inward.is_ended());
        sleep(longest).await;
        assert!(tunnel.inward.is_ended());
        assert_eq!(
            poll_fn(|context| tunnel.inward.poll_read(context, &mut [0])).await,
            0
        );
        watch.abort();
    }
}
