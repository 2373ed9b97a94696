//! One server: everything put together, from a bound port to the last close frame.

use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use syncline_server_core::config::SPECTATOR_DELAY_MICROS_MAX;
use syncline_shared::limits::ROOM_MEMBERS_MAX;
use syncline_shared::message::control::{Role, RoomSelector};
use tokio::sync::Semaphore;

use crate::clock::Clock;
use crate::company::Company;
use crate::company::invitation::invitations;
use crate::config::Config;
use crate::directory::{Directory, Guest};
use crate::entropy;
use crate::error::Error;
use crate::games::{Games, Hosted};
use crate::http::access::Access;
use crate::http::pages::Pages;
use crate::http::routes::router;
use crate::http::site::{self, READERS_MAX, Site, WAITERS_MAX};
use crate::journal_store::{JournalStore, JournalThreads, RecoveredMatch};
use crate::metrics::Metrics;
use crate::net::connection::Lobby;
use crate::net::guard::{Guard, Limits};
use crate::net::listener::{HttpService, Listener};
use crate::net::origin::AllowedOrigins;
use crate::net::socket;
use crate::net::tls::Tls;
use crate::net::tunnel::Tunnels;
use crate::runtime::scheduler::{Ended, Scheduler};
use crate::runtime::watchdog::Watchdog;
use crate::session::TokenKey;
use crate::showing::Showing;
use crate::shutdown::{self, Shutdown, ShutdownSwitch, shutdown};

/// How long connections may take to end once told to: to write a close frame and see it read.
const CONNECTIONS_END_MAX: Duration = Duration::from_millis(1600);

/// How long rooms' threads may take before that.
const THREADS_END_MAX: Duration = Duration::from_millis(150);

/// How long journals may take after that to be on the disk. All together stay below the two seconds
/// within which the process must be gone.
const JOURNALS_END_MAX: Duration = Duration::from_millis(150);

/// The longest rest between two looks at sockets: it is added to what a round trip takes.
const READ_INTERVAL_MAX: Duration = Duration::from_millis(10);

/// How many bytes the head of a request may be allowed: hyper reads into as many as the least.
const HEAD_BYTES: RangeInclusive<u32> = 8 * 1024..=1024 * 1024;

/// Where the key of sessions is, in the folder of the journals.
const SESSION_KEY: &str = "session.key";

/// The most bots that keep a person company.
const DEMO_BOTS_MAX: u16 = 64;

/// The most threads that may run rooms, or read sockets.
const THREADS_MAX: u16 = 1024;

/// A server that listens and does not answer yet.
pub struct Server {
    listener: Listener,
    company: Option<Company>,
    address: SocketAddr,
    site: Arc<Site>,
    tls: Option<Arc<Tls>>,
    switch: ShutdownSwitch,
    threads: Ended,
    journal_threads: JournalThreads,
}

/// Hosts `games` until `shutdown` resolves.
///
/// # Errors
///
/// As [`Server::bind`].
///
/// # Panics
///
/// Outside a tokio runtime.
pub async fn run(
    config: Config,
    games: Games,
    shutdown: impl Future<Output = ()>,
) -> Result<(), Error> {
    Server::bind(&config, games)?.run(shutdown).await
}

impl Server {
    /// Checks the settings, starts the threads and listens.
    ///
    /// # Errors
    ///
    /// [`Error::NoGames`], [`Error::Setting`], [`Error::GameConfig`] or [`Error::Tls`] for what
    /// can't be, [`Error::Bind`], and [`Error::Thread`] or [`Error::Entropy`] if the system lends none.
    ///
    /// # Panics
    ///
    /// Outside a tokio runtime.
    pub fn bind(config: &Config, games: Games) -> Result<Self, Error> {
        check(config)?;
        Self::bind_hosted(config, games.resolve(config)?, None)
    }

    /// The same, but nothing is played here: whoever comes watches the match of `showing`, in one
    /// room.
    pub(crate) fn bind_showing(
        config: &Config,
        games: Games,
        showing: Showing,
    ) -> Result<Self, Error> {
        check(config)?;
        let hosted = games.resolve(config)?.showing(&showing.recording);
        let server = Self::bind_hosted(config, hosted, Some(showing))?;
        let directory = &server.site.lobby.directory;
        let game = directory.games().default_game();
        // It is there before anybody is, to be moved.
        let opened = directory.admit(&Guest {
            selector: &RoomSelector::any(),
            game,
            role: Role::Spectator,
            company: false,
            password: None,
            address: None,
            join_key: None,
            inside: true,
        });
        opened.map(|_| server).map_err(|close| Error::Setting {
            name: "replay",
            value: close.to_string(),
            rule: "its room must open".to_owned(),
        })
    }

    fn bind_hosted(
        config: &Config,
        hosted: Hosted,
        showing: Option<Showing>,
    ) -> Result<Self, Error> {
        let (clock, metrics) = (Clock::start(), Arc::new(Metrics::new()));
        let origins = origins(config)?;
        let tls = tls(config)?.map(Arc::new);
        let bind_error = not_bound(config.bind);
        let socket = socket::bind(config.bind).map_err(bind_error)?;
        let (scheduler, threads) = Scheduler::start(config.threads, clock, &metrics)?;
        let (journals, journal_threads, recovered) = journals(config, &metrics, &hosted)?;
        let tokens = tokens(config)?;
        let (invitations, invited) = invitations();
        let directory = Directory::new(
            config,
            hosted,
            scheduler,
            invitations,
            metrics.clone(),
            clock,
        );
        let directory = Arc::new(directory.recorded(journals.recorder()));
        directory.take_back_all(recovered);
        // Whoever comes now finds the rooms of before.
        let sockets = socket::listen(socket).map_err(bind_error)?;
        let address = sockets.local_addr().map_err(bind_error)?;
        let (switch, shutdown) = shutdown();
        let lobby = lobby(config, &directory, tokens, &metrics, &shutdown, clock);
        let pages = pages(directory.games());
        let watchdog = Watchdog::new(clock, directory, config.stall_timeout);
        let site = Arc::new(Site {
            lobby,
            pages,
            access: Access::of(config, &origins, entropy::draw()),
            origins,
            watchdog,
            journals,
            showing,
            tunnels: Tunnels::new(config.tunnel_timeout, config.byte_rate),
            stomp_guests: config.stomp_guests,
            answered: Arc::default(),
            waiters: Arc::new(Semaphore::new(WAITERS_MAX)),
            readers: Arc::new(Semaphore::new(READERS_MAX)),
        });
        let service = service(config, &site, tls.clone(), shutdown);
        let guard = guard(config, metrics);
        let company = (config.demo_bots_here() > 0).then(|| {
            let (bots, rate) = (config.demo_bots_here(), config.byte_rate);
            Company::new(bots, invited, site.lobby.clone(), guard.clone(), rate)
        });
        let listener = Listener {
            sockets,
            guard,
            service,
        };
        Ok(Self {
            listener,
            company,
            address,
            site,
            tls,
            switch,
            threads,
            journal_threads,
        })
    }

    /// Where the server listens: with port 0 in the settings the port that it got.
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// What bots have to be told to play the game of a client that names none.
    pub(crate) fn bot_options(&self) -> String {
        site::bot_options(self.site.lobby.directory.games())
    }

    /// The path that people should open.
    pub(crate) fn entry(&self) -> &'static str {
        self.site.pages.entry()
    }

    /// Serves until `shutdown` resolves, then closes every connection as `restarting` and ends
    /// within two seconds.
    ///
    /// # Errors
    ///
    /// None as yet: what goes wrong with one connection or room ends that one alone.
    pub async fn run(self, shutdown: impl Future<Output = ()>) -> Result<(), Error> {
        let Self {
            listener,
            company,
            address,
            site,
            tls,
            switch,
            threads,
            journal_threads,
        } = self;
        tracing::info!(%address, "listening");
        let serving = async {
            tokio::join!(listener.run(), keep(company));
        };
        let mut serving = std::pin::pin!(serving);
        tokio::select! {
            () = &mut serving => {}
            () = site.watchdog.watch() => {}
            () = reload(tls) => {}
            () = shutdown => {}
        }
        tracing::info!("shutting down");
        // Rooms first: so their journals end with everybody there, and the next server waits for them.
        site.lobby.directory.scheduler().stop();
        if !threads.within(THREADS_END_MAX).await {
            tracing::error!(stalls = ?site.watchdog.look(), "some rooms did not end in time");
        }
        switch.throw();
        if tokio::time::timeout(CONNECTIONS_END_MAX, serving)
            .await
            .is_err()
        {
            tracing::warn!("some connections did not end in time");
        }
        if !journal_threads.end(JOURNALS_END_MAX).await {
            tracing::error!("the last of the journals may not be on the disk");
        }
        Ok(())
    }
}

/// What answers requests on the server's sockets.
fn service(
    config: &Config,
    site: &Arc<Site>,
    tls: Option<Arc<Tls>>,
    shutdown: Shutdown,
) -> HttpService {
    HttpService {
        router: router(site.clone()),
        tls,
        head_timeout: config.head_timeout,
        head_bytes: usize::try_from(config.head_bytes).unwrap_or(usize::MAX),
        close_timeout: config.close_timeout,
        byte_rate: config.byte_rate,
        clock: site.lobby.clock,
        metrics: site.lobby.metrics.clone(),
        shutdown,
    }
}

/// What all connections share.
fn lobby(
    config: &Config,
    directory: &Arc<Directory>,
    tokens: TokenKey,
    metrics: &Arc<Metrics>,
    shutdown: &Shutdown,
    clock: Clock,
) -> Arc<Lobby> {
    Arc::new(Lobby {
        directory: directory.clone(),
        tokens,
        metrics: metrics.clone(),
        shutdown: shutdown.clone(),
        hello_timeout: config.hello_timeout,
        idle_timeout: config.idle_timeout,
        close_timeout: config.close_timeout,
        message_rate: config.message_rate,
        clock,
        connections: AtomicU64::new(0),
        chat_filter: config.chat_filter.clone(),
    })
}

/// What browsers are shown.
fn pages(games: &Hosted) -> Pages {
    let default = games.default_game().kind.name();
    Pages::new(
        games.names(),
        default,
        &site::bot_options(games),
        games.page(),
    )
}

/// What is wrong with an address.
fn not_bound(address: SocketAddr) -> impl Fn(std::io::Error) -> Error + Copy {
    move |source| Error::Bind { address, source }
}

/// Where matches are recorded, if they are, and those that were left there unfinished.
fn journals(
    config: &Config,
    metrics: &Arc<Metrics>,
    hosted: &Hosted,
) -> Result<(JournalStore, JournalThreads, Vec<RecoveredMatch>), Error> {
    let Some(journal) = &config.journal else {
        let (store, threads) = JournalStore::off(metrics.clone());
        return Ok((store, threads, Vec::new()));
    };
    let kind = |name: &str| hosted.find(name).map(|game| game.kind.clone());
    JournalStore::open(journal, metrics.clone(), kind)
}

/// What proves that a client held a session.
fn tokens(config: &Config) -> Result<TokenKey, Error> {
    let lifetime = config.session_lifetime;
    if let Some(path) = &config.session_key {
        return TokenKey::kept(path, lifetime);
    }
    let Some(journal) = &config.journal else {
        return TokenKey::draw(lifetime);
    };
    TokenKey::kept(&journal.dir.join(SESSION_KEY), lifetime).or_else(|error| match error {
        Error::ReadFile { .. } | Error::WriteFile { .. } => {
            tracing::error!(%error, "sessions will not outlive this process");
            TokenKey::draw(lifetime)
        }
        error => Err(error),
    })
}

/// Who may be connected.
fn guard(config: &Config, metrics: Arc<Metrics>) -> Guard {
    let limits = Limits {
        connections: config.max_connections,
        per_address: config.max_connections_per_address,
        half_open: config.max_half_open,
    };
    Guard::new(limits, config.trusted_proxies.clone(), metrics)
}

fn origins(config: &Config) -> Result<AllowedOrigins, Error> {
    AllowedOrigins::parse(&config.allow_origins).map_err(|value| Error::Setting {
        name: "allow-origin",
        value,
        rule: "it must be an origin such as https://game.example, or *".to_owned(),
    })
}

/// What is spoken below HTTP, if the settings ask for it.
fn tls(config: &Config) -> Result<Option<Tls>, Error> {
    let alone = |name, path: &Path| Error::Setting {
        name,
        value: path.display().to_string(),
        rule: "TLS needs both tls-cert and tls-key".to_owned(),
    };
    match (&config.tls_cert, &config.tls_key) {
        (None, None) => Ok(None),
        (Some(certificates), Some(key)) => Tls::load(certificates, key).map(Some),
        (Some(certificates), None) => Err(alone("tls-cert", certificates)),
        (None, Some(key)) => Err(alone("tls-key", key)),
    }
}

/// Keeps company in rooms, if anybody is to.
async fn keep(company: Option<Company>) {
    if let Some(company) = company {
        company.run().await;
    }
}

/// Reads the certificate anew whenever the operator says so.
async fn reload(tls: Option<Arc<Tls>>) {
    let Some(tls) = tls else {
        return std::future::pending().await;
    };
    let mut hangups = shutdown::hangups();
    loop {
        hangups.next().await;
        match tls.reload() {
            Ok(()) => tracing::info!("the certificate was read again"),
            Err(error) => tracing::error!(%error, "the old certificate stays"),
        }
    }
}

/// Refuses settings that can't be, whatever the games are.
fn check(config: &Config) -> Result<(), Error> {
    let within = |name, value: u64, most: u64| {
        if (1..=most).contains(&value) {
            return Ok(());
        }
        let (value, rule) = (
            value.to_string(),
            format!("it must be between 1 and {most}"),
        );
        Err(Error::Setting { name, value, rule })
    };
    within(
        "max-players",
        config.max_players.into(),
        ROOM_MEMBERS_MAX.into(),
    )?;
    within("max-rooms", config.max_rooms.into(), u32::MAX.into())?;
    within(
        "max-connections",
        config.max_connections.into(),
        u32::MAX.into(),
    )?;
    within(
        "max-connections-per-address",
        config.max_connections_per_address.into(),
        u32::MAX.into(),
    )?;
    within(
        "max-half-open",
        config.max_half_open.into(),
        u32::MAX.into(),
    )?;
    within(
        "threads",
        config.threads.unwrap_or(1).into(),
        THREADS_MAX.into(),
    )?;
    within(
        "net-threads",
        config.net_threads.unwrap_or(1).into(),
        THREADS_MAX.into(),
    )?;
    if config.demo_bots.is_some_and(|bots| bots > DEMO_BOTS_MAX) {
        return Err(Error::Setting {
            name: "demo-bots",
            value: config.demo_bots_here().to_string(),
            rule: format!("it must be at most {DEMO_BOTS_MAX}"),
        });
    }
    let journal = config.journal.clone().unwrap_or_default();
    within("journal-keep-days", journal.keep_days.into(), 36_500)?;
    within("journal-max-bytes", journal.max_bytes, u64::MAX)?;
    if config.read_interval > READ_INTERVAL_MAX {
        return Err(Error::Setting {
            name: "read-interval",
            value: format!("{:?}", config.read_interval),
            rule: format!("it must be at most {READ_INTERVAL_MAX:?}"),
        });
    }
    if !HEAD_BYTES.contains(&config.head_bytes) {
        return Err(Error::Setting {
            name: "head-bytes",
            value: config.head_bytes.to_string(),
            rule: format!(
                "it must be from {} to {}",
                HEAD_BYTES.start(),
                HEAD_BYTES.end()
            ),
        });
    }
    check_times(config)
}

/// Refuses times that are too short or too long.
fn check_times(config: &Config) -> Result<(), Error> {
    let something = (Duration::from_nanos(1), "more than nothing, such as 5s");
    // Tokens count in seconds.
    let a_second = (Duration::from_secs(1), "at least 1s");
    for (name, value, (least, words)) in [
        ("head-timeout", config.head_timeout, something),
        ("hello-timeout", config.hello_timeout, something),
        ("idle-timeout", config.idle_timeout, something),
        ("close-timeout", config.close_timeout, something),
        ("tunnel-timeout", config.tunnel_timeout, something),
        ("session-lifetime", config.session_lifetime, a_second),
    ] {
        if value < least {
            return Err(Error::Setting {
                name,
                value: format!("{value:?}"),
                rule: format!("it must be {words}"),
            });
        }
    }
    let longest = Duration::from_micros(SPECTATOR_DELAY_MICROS_MAX);
    if config.spectator_delay > longest {
        return Err(Error::Setting {
            name: "spectator-delay",
            value: format!("{:?}", config.spectator_delay),
            rule: format!("it must be at most {longest:?}"),
        });
    }
    Ok(())
}
