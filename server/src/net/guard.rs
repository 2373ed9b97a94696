//! Who may be connected: how many in all, how many from one address, how many that have not said
//! what they want.
//!
//! Decides and counts. Accepts nothing, reads nothing and writes nothing.

use std::collections::BTreeMap;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ipnet::IpNet;
use tokio::sync::{Notify, mpsc};

use crate::metrics::Metrics;
use crate::net::forwarded::counted;

/// Connections beyond the limits that are told so at once, each with one answer. Health and metrics
/// are answered on them as well: a full server is not a dead one.
const SPARE: u32 = 32;

/// As many more for the machine's own, which the world can't take.
const SPARE_LOOPBACK: u32 = 8;

/// The most connections beyond those that the settings allow.
pub(crate) const SPARE_MAX: u32 = SPARE + SPARE_LOOPBACK;

/// What may be open at once.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// In all.
    pub(crate) connections: u32,
    /// From one address.
    pub(crate) per_address: u32,
    /// Without a whole request or a hello yet.
    pub(crate) half_open: u32,
}

/// Why a connection has no place of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    /// All places are taken.
    #[error("this server has no place left for another connection")]
    Full,
    /// All places of its address are.
    #[error("there are too many connections from this address")]
    Address,
}

impl Refusal {
    /// The name in counters.
    pub(crate) fn slug(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Address => "address",
        }
    }
}

/// What a connection gets that wants to come in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Entry {
    /// A place of its own.
    Kept,
    /// A spare place, to be told why it has no other.
    Spare(Refusal),
    /// Nothing.
    Barred,
}

/// The books. `W` is what wakes a half-open connection that has to go.
#[derive(Debug)]
struct Ledger<W> {
    limits: Limits,
    kept: u32,
    spare: u32,
    addresses: BTreeMap<IpAddr, u32>,
    /// By age.
    half_open: BTreeMap<u64, W>,
    half_opened: u64,
}

impl<W> Ledger<W> {
    fn new(limits: Limits) -> Self {
        Self {
            limits,
            kept: 0,
            spare: 0,
            addresses: BTreeMap::new(),
            half_open: BTreeMap::new(),
            half_opened: 0,
        }
    }

    /// Takes a place for a connection that counts under `address`, or a spare one to say that there
    /// is none.
    fn enter(&mut self, address: Option<IpAddr>, loopback: bool) -> Entry {
        let Err(refusal) = self.keep(address) else {
            return Entry::Kept;
        };
        let most = if loopback { SPARE_MAX } else { SPARE };
        if self.spare >= most {
            return Entry::Barred;
        }
        self.spare += 1;
        Entry::Spare(refusal)
    }

    /// Takes a place for a connection that counts under `address`, if there is one.
    fn keep(&mut self, address: Option<IpAddr>) -> Result<(), Refusal> {
        if self.kept >= self.limits.connections {
            return Err(Refusal::Full);
        }
        self.count(address)?;
        self.kept += 1;
        Ok(())
    }

    /// Counts a connection under `address`, unless those are as many as may be.
    fn count(&mut self, address: Option<IpAddr>) -> Result<(), Refusal> {
        let Some(address) = address else {
            return Ok(());
        };
        let count = self.addresses.entry(address).or_default();
        if *count >= self.limits.per_address {
            return Err(Refusal::Address);
        }
        *count += 1;
        Ok(())
    }

    /// Gives back what [`Self::enter`] and [`Self::count`] gave.
    fn leave(&mut self, address: Option<IpAddr>, refusal: Option<Refusal>) {
        match refusal {
            None => self.kept -= 1,
            Some(_) => self.spare -= 1,
        }
        let Some(address) = address else { return };
        if let Some(count) = self.addresses.get_mut(&address) {
            *count -= 1;
            if *count == 0 {
                self.addresses.remove(&address);
            }
        }
    }

    /// Notes a connection that has yet to say what it wants: its number, and the oldest one if they
    /// are too many now.
    fn half_open(&mut self, waker: W) -> (u64, Option<W>) {
        self.half_opened += 1;
        self.half_open.insert(self.half_opened, waker);
        let too_many = self.half_open.len() as u64 > u64::from(self.limits.half_open);
        let oldest = too_many.then(|| self.half_open.pop_first()).flatten();
        (self.half_opened, oldest.map(|(_, waker)| waker))
    }
}

/// Lets connections in.
#[derive(Clone)]
pub(crate) struct Guard(Arc<Shared>);

struct Shared {
    ledger: Mutex<Ledger<Arc<Notify>>>,
    trusted: Vec<IpNet>,
    metrics: Arc<Metrics>,
}

impl Guard {
    /// Nobody is connected yet. `trusted` are the proxies that may tell whom they carry.
    pub(crate) fn new(limits: Limits, trusted: Vec<IpNet>, metrics: Arc<Metrics>) -> Self {
        Self(Arc::new(Shared {
            ledger: Mutex::new(Ledger::new(limits)),
            trusted,
            metrics,
        }))
    }

    /// Lets a connection in, if only to be refused; nothing if there is no place even for that.
    /// As long as a clone of the peer is there, it has its place and a clone of `open`.
    pub(crate) fn admit(&self, address: SocketAddr, open: mpsc::Sender<()>) -> Option<Peer> {
        let metrics = &self.0.metrics;
        let ip = address.ip().to_canonical();
        let address_counted = self.0.counted(ip);
        let mut ledger = self.0.ledger();
        let refusal = match ledger.enter(address_counted, ip.is_loopback()) {
            Entry::Kept => None,
            Entry::Spare(refusal) => Some(refusal),
            Entry::Barred => {
                metrics.count_refused_connection("dropped");
                return None;
            }
        };
        metrics.connections.inc();
        if let Some(refusal) = refusal {
            metrics.count_refused_connection(refusal.slug());
        }
        drop(ledger);
        let counted = address_counted.filter(|_| refusal.is_none());
        let place = Place::new(self.0.clone(), address, refusal, counted, open);
        if refusal.is_none() {
            place.wait();
        }
        Some(Peer(Arc::new(place)))
    }
}

impl Shared {
    fn ledger(&self) -> MutexGuard<'_, Ledger<Arc<Notify>>> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What `ip` counts as. A trusted proxy carries many clients; each counts when it is known.
    fn counted(&self, ip: IpAddr) -> Option<IpAddr> {
        let is_proxy = self.trusted.iter().any(|net| net.contains(&ip));
        counted(ip).filter(|_| !is_proxy)
    }

    fn show_half_open(&self, ledger: &Ledger<Arc<Notify>>) {
        let half_open = ledger.half_open.len();
        self.metrics
            .half_open
            .set(half_open.try_into().unwrap_or(i64::MAX));
    }
}

/// The other side of a connection, which is open for as long as a clone of this is there.
#[derive(Clone)]
pub(crate) struct Peer(Arc<Place>);

/// What one connection holds.
struct Place {
    shared: Arc<Shared>,
    address: SocketAddr,
    refusal: Option<Refusal>,
    requested: AtomicBool,
    /// Whether requests on it were a tunnel's.
    carries: AtomicBool,
    evicted: Arc<Notify>,
    books: Mutex<Books>,
    open: mpsc::Sender<()>,
}

/// Under what a connection stands in the ledger. Locked before it, never after.
struct Books {
    counted: Option<IpAddr>,
    half_open: Option<u64>,
}

/// A peer as logs name it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PeerName {
    address: SocketAddr,
    client: IpAddr,
}

impl fmt::Display for PeerName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.client == self.address.ip().to_canonical() {
            write!(f, "{}", self.address)
        } else {
            write!(f, "{} by {}", self.client, self.address)
        }
    }
}

impl Peer {
    /// Who is connected, in the name of `client`.
    pub(crate) fn name(&self, client: IpAddr) -> PeerName {
        PeerName {
            address: self.0.address,
            client,
        }
    }

    /// What the limits of an address count its client as, if at all.
    pub(crate) fn counted(&self, name: PeerName) -> Option<IpAddr> {
        self.0.shared.counted(name.client)
    }

    /// Where it connects from.
    pub(crate) fn ip(&self) -> IpAddr {
        self.0.address.ip().to_canonical()
    }

    /// The proxies that may tell whom they carry.
    pub(crate) fn trusted(&self) -> &[IpNet] {
        &self.0.shared.trusted
    }

    /// Why it has no place of its own, if it has none.
    pub(crate) fn refusal(&self) -> Option<Refusal> {
        self.0.refusal
    }

    /// Notes that it has sent a whole request.
    pub(crate) fn request(&self) {
        self.0.requested.store(true, Ordering::Relaxed);
    }

    /// Whether it ever has.
    pub(crate) fn has_requested(&self) -> bool {
        self.0.requested.load(Ordering::Relaxed)
    }

    /// Counts it under the address of the client that it carries, unless it counts already.
    ///
    /// # Errors
    ///
    /// [`Refusal::Address`] if that has all the connections it may have.
    pub(crate) fn carry(&self, client: IpAddr) -> Result<(), Refusal> {
        let mut books = self.0.books();
        if books.counted.is_some() {
            return Ok(());
        }
        let shared = &self.0.shared;
        let address = shared.counted(client);
        let counted = shared.ledger().count(address);
        match counted {
            Ok(()) => books.counted = address,
            Err(refusal) => shared.metrics.count_refused_connection(refusal.slug()),
        }
        counted
    }

    /// A place for a connection of `client` that goes through requests on this one, and maybe on
    /// others: a tunnel.
    ///
    /// # Errors
    ///
    /// As whoever comes by itself.
    pub(crate) fn tunnel(&self, client: IpAddr) -> Result<Self, Refusal> {
        let (shared, open) = (&self.0.shared, self.0.open.clone());
        let address = shared.counted(client);
        let kept = shared.ledger().keep(address);
        kept.inspect_err(|refusal| shared.metrics.count_refused_connection(refusal.slug()))?;
        shared.metrics.connections.inc();
        let place = Place::new(shared.clone(), self.0.address, None, address, open);
        place.wait();
        Ok(Self(Arc::new(place)))
    }

    /// It carries a tunnel, or a part of one.
    pub(crate) fn carry_tunnel(&self) {
        self.0.carries.store(true, Ordering::Relaxed);
    }

    /// Whether it ever did.
    pub(crate) fn carries_tunnel(&self) -> bool {
        self.0.carries.load(Ordering::Relaxed)
    }

    /// It has said what it wants.
    pub(crate) fn settle(&self) {
        self.0.settle();
    }

    /// It has yet to say hello.
    pub(crate) fn unsettle(&self) {
        self.0.wait();
    }

    /// Resolves if it has to go, because too many are half open and it is the oldest of them.
    pub(crate) async fn evicted(&self) {
        self.0.evicted.notified().await;
    }
}

impl Place {
    fn new(
        shared: Arc<Shared>,
        address: SocketAddr,
        refusal: Option<Refusal>,
        counted: Option<IpAddr>,
        open: mpsc::Sender<()>,
    ) -> Self {
        Self {
            shared,
            address,
            refusal,
            requested: AtomicBool::new(false),
            carries: AtomicBool::new(false),
            evicted: Arc::default(),
            books: Mutex::new(Books {
                counted,
                half_open: None,
            }),
            open,
        }
    }

    fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait(&self) {
        let mut books = self.books();
        if books.half_open.is_some() {
            return;
        }
        let mut ledger = self.shared.ledger();
        let (number, oldest) = ledger.half_open(self.evicted.clone());
        self.shared.show_half_open(&ledger);
        drop(ledger);
        books.half_open = Some(number);
        if let Some(oldest) = oldest {
            self.shared.metrics.count_refused_connection("half_open");
            oldest.notify_one();
        }
    }

    fn settle(&self) {
        if let Some(number) = self.books().half_open.take() {
            let mut ledger = self.shared.ledger();
            // Whoever was evicted is not there any more.
            ledger.half_open.remove(&number);
            self.shared.show_half_open(&ledger);
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.settle();
        let counted = self.books().counted;
        self.shared.ledger().leave(counted, self.refusal);
        self.shared.metrics.connections.dec();
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use proptest::prelude::*;

    use super::*;

    const LIMITS: Limits = Limits {
        connections: 3,
        per_address: 2,
        half_open: 2,
    };

    const ONE: Option<IpAddr> = Some(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)));
    const OTHER: Option<IpAddr> = Some(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 2)));

    #[test]
    fn a_full_server_has_spare_places_for_answers() {
        let mut ledger: Ledger<()> = Ledger::new(LIMITS);
        for _ in 0..3 {
            assert_eq!(ledger.enter(None, false), Entry::Kept);
        }
        for _ in 0..SPARE {
            assert_eq!(ledger.enter(ONE, false), Entry::Spare(Refusal::Full));
        }
        assert_eq!(ledger.enter(ONE, false), Entry::Barred);
        for _ in 0..SPARE_LOOPBACK {
            assert_eq!(ledger.enter(None, true), Entry::Spare(Refusal::Full));
        }
        assert_eq!(ledger.enter(None, true), Entry::Barred);
        ledger.leave(None, Some(Refusal::Full));
        assert_eq!(ledger.enter(None, true), Entry::Spare(Refusal::Full));
        ledger.leave(None, None);
        assert_eq!(ledger.enter(None, true), Entry::Kept);
    }

    #[test]
    fn an_address_has_so_many_places_and_no_more() {
        let mut ledger: Ledger<()> = Ledger::new(LIMITS);
        assert_eq!(ledger.enter(ONE, false), Entry::Kept);
        assert_eq!(ledger.count(ONE), Ok(()));
        assert_eq!(ledger.count(ONE), Err(Refusal::Address));
        assert_eq!(ledger.enter(ONE, false), Entry::Spare(Refusal::Address));
        assert_eq!(ledger.enter(OTHER, false), Entry::Kept);
        ledger.leave(None, Some(Refusal::Address));
        ledger.leave(ONE, None);
        assert_eq!(ledger.count(ONE), Ok(()));
    }

    #[test]
    fn nothing_is_left_of_those_who_left() {
        let mut ledger: Ledger<()> = Ledger::new(LIMITS);
        for address in [ONE, OTHER, None] {
            assert_eq!(ledger.enter(address, false), Entry::Kept);
            ledger.leave(address, None);
        }
        assert!(ledger.addresses.is_empty());
        assert_eq!((ledger.kept, ledger.spare), (0, 0));
    }

    #[test]
    fn the_oldest_half_open_connection_goes_first() {
        let mut ledger = Ledger::new(LIMITS);
        assert_eq!(ledger.half_open('a'), (1, None));
        assert_eq!(ledger.half_open('b'), (2, None));
        assert_eq!(ledger.half_open('c'), (3, Some('a')));
        ledger.half_open.remove(&2);
        assert_eq!(ledger.half_open('d'), (4, None));
        assert_eq!(ledger.half_open('e'), (5, Some('c')));
    }

    proptest! {
        /// Whoever comes and goes in whatever order, no limit is passed and nothing is left over.
        #[test]
        fn limits_hold_and_the_books_balance(
            steps in prop::collection::vec((0u8..4, 0u8..3, any::<bool>(), 0usize..8), 0..200),
        ) {
            let mut ledger = Ledger::new(LIMITS);
            let mut inside: Vec<(Option<IpAddr>, Option<Refusal>)> = Vec::new();
            for (step, from, loopback, which) in steps {
                let address = [None, ONE, OTHER][usize::from(from)];
                match step {
                    0 => match ledger.enter(address, loopback) {
                        Entry::Kept => inside.push((address, None)),
                        Entry::Spare(refusal) => inside.push((None, Some(refusal))),
                        Entry::Barred => {}
                    },
                    1 => {
                        let carrier = inside
                            .iter_mut()
                            .find(|(counted, refusal)| counted.is_none() && refusal.is_none());
                        if let Some((counted, _)) = carrier && ledger.count(address).is_ok() {
                            *counted = address;
                        }
                    }
                    2 if which < inside.len() => {
                        let (counted, refusal) = inside.swap_remove(which);
                        ledger.leave(counted, refusal);
                    }
                    _ => drop(ledger.half_open(())),
                }
                prop_assert!(ledger.kept <= LIMITS.connections && ledger.spare <= SPARE_MAX);
                prop_assert!(ledger.addresses.values().all(|count| (1..=2).contains(count)));
                prop_assert!(ledger.half_open.len() <= 2);
            }
            for (counted, refusal) in inside {
                ledger.leave(counted, refusal);
            }
            prop_assert_eq!((ledger.kept, ledger.spare), (0, 0));
            prop_assert!(ledger.addresses.is_empty());
        }
    }
}
