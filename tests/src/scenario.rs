//! What happens in a simulated match: who plays, on which paths, and what goes wrong when.
//!
//! The one way to write a scenario, by hand or from a seed. Says nothing about what has to hold:
//! that is the checkers'.

use syncline_client_core::input_pace::InputPace;
use syncline_shared::rng::Rng;
use syncline_shared::tick::Timestamp;

use crate::network::Path;

/// The games that scenarios play.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Played {
    /// `arena`, where bots predict their ships.
    Arena,
    /// `pong`, where matches end and begin again.
    Pong,
    /// A crowd so large that joining it takes many parts.
    Crowd,
    /// The same with a stream that takes parts by itself.
    LargeCrowd,
}

/// A simulated match.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// Seeds the match, the paths and the clients.
    pub seed: u64,
    /// What is played.
    pub game: Played,
    /// Ticks from one snapshot to the next.
    pub snapshot_interval: u32,
    /// Ticks from one checkpoint to the next.
    pub checkpoint_interval: u32,
    /// How long a lost player's seat is kept, in microseconds.
    pub grace_micros: u64,
    /// How long after it happened those who watch are told, in microseconds.
    pub spectator_delay_micros: u64,
    /// Whether players ask for something now and then, by commands.
    pub commands: bool,
    /// The clients, and when each comes.
    pub clients: Vec<Guest>,
    /// What goes wrong, by time.
    pub faults: Vec<Fault>,
    /// How long things happen. After this the faults are over, and everybody has to become current.
    pub duration: Timestamp,
}

/// A client of a scenario.
#[derive(Clone, Copy, Debug)]
pub struct Guest {
    /// When it comes.
    pub comes: Timestamp,
    /// Its path.
    pub path: Path,
    /// Whether it only watches.
    pub watches: bool,
    /// How often it says what it presses.
    pub inputs: InputPace,
}

/// Something that goes wrong.
#[derive(Clone, Copy, Debug)]
pub struct Fault {
    /// When.
    pub at: Timestamp,
    /// For whom: an index into the clients. What strikes the server strikes everybody.
    pub client: usize,
    /// What.
    pub kind: FaultKind,
}

/// What can go wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// The client neither reads nor writes for so many microseconds.
    Stall(u64),
    /// The connection is gone, and what was in flight with it. The client comes back by itself.
    Cut,
    /// As before, but the server does not notice: it hears of it when the client is back.
    HalfOpen,
    /// The path is another one from now on.
    Reroute(Path),
    /// The client leaves on purpose.
    Leave,
    /// The server does nothing for so many microseconds.
    ServerStall(u64),
    /// The server is lost, and after so many microseconds another goes on with its journal.
    Restart(u64),
    /// The server is overloaded for so many microseconds, and each tick takes so many more.
    Overload {
        /// How long.
        micros: u64,
        /// By how many microseconds a tick is longer than its period.
        slowed_by: u64,
    },
}

impl Scenario {
    /// A quiet match of `clients` on a good path, for `seconds`.
    pub fn quiet(seed: u64, game: Played, clients: usize, seconds: u64) -> Self {
        let path = Path {
            latency: 20_000,
            jitter: 2_000,
        };
        Self {
            seed,
            game,
            snapshot_interval: 1,
            checkpoint_interval: 40,
            grace_micros: 15_000_000,
            spectator_delay_micros: 0,
            commands: false,
            clients: (0u64..)
                .take(clients)
                .map(|n| Guest {
                    comes: Timestamp::ZERO,
                    path,
                    watches: false,
                    inputs: any_pace(seed.wrapping_add(n)),
                })
                .collect(),
            faults: Vec::new(),
            duration: Timestamp::from_millis(seconds * 1000),
        }
    }

    /// The same with everybody at this pace.
    #[must_use]
    pub fn at(mut self, pace: InputPace) -> Self {
        for client in &mut self.clients {
            client.inputs = pace;
        }
        self
    }

    /// The same with everybody on `path`.
    #[must_use]
    pub fn on(mut self, path: Path) -> Self {
        for client in &mut self.clients {
            client.path = path;
        }
        self
    }

    /// The same with something going wrong.
    #[must_use]
    pub fn with(mut self, at_millis: u64, client: usize, kind: FaultKind) -> Self {
        self.faults.push(Fault {
            at: Timestamp::from_millis(at_millis),
            client,
            kind,
        });
        self.faults.sort_by_key(|fault| fault.at);
        self
    }

    /// The same in arena, where players ask for something now and then.
    #[must_use]
    pub fn asking(mut self) -> Self {
        self.game = Played::Arena;
        self.commands = true;
        self
    }

    /// The same with nothing going wrong.
    #[must_use]
    pub fn without_faults(mut self) -> Self {
        self.faults.clear();
        self
    }

    /// The same with two more who watch, all of whom are told up to three seconds later; now and then
    /// one of them stalls, is cut off or has another path.
    #[must_use]
    pub fn watched_late(mut self) -> Self {
        let mut rng = Rng::from_seed(self.seed ^ 0x1A7E);
        self.spectator_delay_micros = millis(&mut rng, 100, 3_000).0;
        for _ in 0..2 {
            let client = self.clients.len();
            self.clients.push(Guest {
                comes: millis(&mut rng, 0, 4_000),
                path: any_path(&mut rng),
                watches: true,
                inputs: InputPace::EveryTick,
            });
            let at = Timestamp(millis(&mut rng, 200, 6_000).0.min(self.duration.0));
            let kind = any_fault(&mut rng);
            if !matches!(kind, FaultKind::ServerStall(_) | FaultKind::Leave) {
                self.faults.push(Fault { at, client, kind });
            }
        }
        self.faults.sort_by_key(|fault| fault.at);
        self
    }

    /// A short match in which anything may happen.
    pub fn from_seed(seed: u64) -> Self {
        let mut rng = Rng::from_seed(seed);
        let game = match rng.below(16) {
            0 => Played::Crowd,
            1..5 => Played::Pong,
            _ => Played::Arena,
        };
        let duration = millis(&mut rng, 2_000, 6_000);
        let count = match game {
            Played::Arena => 2 + rng.below(5),
            Played::Pong => 2 + rng.below(2),
            Played::Crowd | Played::LargeCrowd => 1 + rng.below(3),
        };
        let mut clients: Vec<Guest> = (0..count)
            .map(|n| {
                let late = rng.chance(1, 3);
                let comes = if late {
                    rng.below(2_000)
                } else {
                    rng.below(50)
                };
                let comes = Timestamp::from_millis(u64::from(comes));
                Guest {
                    comes,
                    path: any_path(&mut rng),
                    watches: rng.chance(1, 8),
                    inputs: any_pace(seed.wrapping_add(u64::from(n))),
                }
            })
            .collect();
        // Somebody has to play.
        for player in clients.iter_mut().take(2) {
            player.watches = false;
        }
        let faults = rng.below(6);
        let mut faults: Vec<Fault> = (0..faults)
            .map(|_| {
                let at = Timestamp(millis(&mut rng, 200, 5_000).0.min(duration.0));
                let client = usize::try_from(rng.below(count)).unwrap_or(0);
                Fault {
                    at,
                    client,
                    kind: any_fault(&mut rng),
                }
            })
            .collect();
        faults.extend(any_overload(seed, duration));
        faults.extend(any_restarts(seed, duration));
        faults.sort_by_key(|fault| fault.at);
        Self {
            seed,
            game,
            snapshot_interval: if rng.chance(1, 4) {
                1 + rng.below(3)
            } else {
                1
            },
            checkpoint_interval: 1 + rng.below(90),
            grace_micros: if rng.chance(1, 2) {
                millis(&mut rng, 300, 3_000).0
            } else {
                15_000_000
            },
            spectator_delay_micros: 0,
            commands: false,
            clients,
            faults,
            duration,
        }
    }
}

fn millis(rng: &mut Rng, low: i32, high: i32) -> Timestamp {
    Timestamp::from_millis(u64::try_from(rng.range(low, high)).unwrap_or(0))
}

/// From a sequence of its own.
fn any_pace(seed: u64) -> InputPace {
    if Rng::from_seed(seed ^ 0x9ACE).chance(1, 2) {
        InputPace::OnChange
    } else {
        InputPace::EveryTick
    }
}

fn any_path(rng: &mut Rng) -> Path {
    let latency = u64::from(match rng.below(4) {
        0 => rng.below(2_000),
        1 | 2 => rng.below(50_000),
        _ => rng.below(150_000),
    });
    let jitter = if rng.chance(1, 2) {
        latency / 5
    } else {
        latency / 2
    };
    Path { latency, jitter }
}

/// Now and then, drawn apart from all the rest.
fn any_overload(seed: u64, duration: Timestamp) -> Option<Fault> {
    let mut rng = Rng::from_seed(seed ^ 0x0E7A);
    rng.chance(1, 3).then(|| Fault {
        at: Timestamp(millis(&mut rng, 200, 5_000).0.min(duration.0)),
        client: 0,
        kind: FaultKind::Overload {
            micros: millis(&mut rng, 20, 3_000).0,
            slowed_by: if rng.chance(1, 2) {
                0
            } else {
                millis(&mut rng, 1, 60).0
            },
        },
    })
}

/// Likewise.
fn any_restarts(seed: u64, duration: Timestamp) -> Vec<Fault> {
    let mut rng = Rng::from_seed(seed ^ 0x4E57);
    let count = if rng.chance(1, 3) {
        1 + rng.below(2)
    } else {
        0
    };
    let one = |_| Fault {
        at: Timestamp(millis(&mut rng, 200, 5_000).0.min(duration.0)),
        client: 0,
        kind: FaultKind::Restart(millis(&mut rng, 0, 1_000).0),
    };
    (0..count).map(one).collect()
}

fn any_fault(rng: &mut Rng) -> FaultKind {
    match rng.below(9) {
        0 | 1 => FaultKind::Stall(millis(rng, 50, 4_000).0),
        2 | 3 => FaultKind::Cut,
        4 | 5 => FaultKind::HalfOpen,
        6 => FaultKind::Leave,
        7 => FaultKind::ServerStall(millis(rng, 20, 3_000).0),
        _ => FaultKind::Reroute(any_path(rng)),
    }
}
