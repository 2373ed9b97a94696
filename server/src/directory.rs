//! Which room a client means: by id, by code, the best open one, or a new one.
//!
//! The rooms themselves live on their threads. A client that was sent to a room holds a reservation
//! of it until it has arrived, so that two who ask at once can't be sent to one free seat, and no
//! room ends with somebody on the way.

mod joins;
mod lock;
mod rooms;
mod rules;
mod tries;

use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use syncline_server_core::RoomConfig;
use syncline_shared::close::{Close, CloseReason};
use syncline_shared::error::DecodeError;
use syncline_shared::id::{RoomId, SessionId};
use syncline_shared::message::control::{CreateOptions, Role, RoomSelector};
use syncline_shared::query::Query;

use crate::clock::Clock;
use crate::company::invitation::Invitations;
use crate::config::Config;
use crate::entropy;
use crate::games::{Hosted, HostedGame};
use crate::journal_store::{Recorder, RecoveredMatch};
use crate::metrics::Metrics;
use crate::runtime::board::{Reservation, RoomBoard, Unreserved};
use crate::runtime::inbox::{RoomHandle, RoomSpec};
use crate::runtime::scheduler::Scheduler;

use self::joins::JoinKey;
use self::rooms::Rooms;
use self::rules::{RoomRules, invalid};
use self::tries::{TooManyTries, Tries};

/// The one room of a server that shows a recorded match.
const SHOWN: RoomId = RoomId(1);

/// All rooms of this process.
pub(crate) struct Directory {
    clock: Clock,
    games: Hosted,
    rules: RoomRules,
    scheduler: Scheduler,
    invitations: Invitations,
    /// Where matches are recorded.
    journals: Recorder,
    /// How often who was wrong.
    tries: Tries,
    metrics: Arc<Metrics>,
    /// Held for a look or an insertion, never across a wait, and never by a thread of rooms.
    rooms: Mutex<Rooms>,
}

/// A room that stays until its holder has arrived.
pub(crate) struct Admission {
    /// The room.
    pub(crate) room: RoomHandle,
    /// Goes into the attach.
    pub(crate) reservation: Reservation,
    /// The stay there.
    pub(crate) session: SessionId,
    /// Whether the room knows the session already.
    pub(crate) known: bool,
}

/// Who looks for a room, and for which.
#[derive(Clone, Copy)]
pub(crate) struct Guest<'a> {
    /// Which room.
    pub(crate) selector: &'a RoomSelector,
    /// Of which game.
    pub(crate) game: &'a Arc<HostedGame>,
    /// To play or to watch.
    pub(crate) role: Role,
    /// Whether bots may play in the room, if it is a new one.
    pub(crate) company: bool,
    /// What opens the room if it has a password, or what shall open it if it is a new one.
    pub(crate) password: Option<&'a str>,
    /// Where it comes from, if that counts.
    pub(crate) address: Option<IpAddr>,
    /// Names the join, if it may be repeated.
    pub(crate) join_key: Option<JoinKey>,
    /// Whether it is a part of the server, and needs no password.
    pub(crate) inside: bool,
}

/// What somebody may be wrong about.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Secret {
    /// A room's code.
    Code,
    /// A room's password.
    Password,
}

impl Secret {
    /// The name in counters.
    fn slug(self) -> &'static str {
        match self {
            Self::Code => "code",
            Self::Password => "password",
        }
    }
}

impl Directory {
    /// No room yet. Who is invited keeps company in rooms whose creators ask for it.
    pub(crate) fn new(
        config: &Config,
        games: Hosted,
        scheduler: Scheduler,
        invitations: Invitations,
        metrics: Arc<Metrics>,
        clock: Clock,
    ) -> Self {
        Self {
            clock,
            games,
            rules: RoomRules::new(config),
            scheduler,
            invitations,
            journals: Recorder::default(),
            tries: Tries::new(config.join_tries),
            metrics,
            rooms: Mutex::default(),
        }
    }

    /// The same, but the matches of its rooms are recorded there.
    pub(crate) fn recorded(self, journals: Recorder) -> Self {
        Self { journals, ..self }
    }

    /// The games that rooms can be of.
    pub(crate) fn games(&self) -> &Hosted {
        &self.games
    }

    /// The threads that rooms live on.
    pub(crate) fn scheduler(&self) -> &Scheduler {
        &self.scheduler
    }

    /// All open rooms, by id.
    pub(crate) fn rooms(&self) -> Vec<Arc<RoomBoard>> {
        self.lock()
            .by_id
            .values()
            .map(|room| room.board.clone())
            .collect()
    }

    /// The room that `selector` names, if it is there and opens to that.
    pub(crate) fn handle(&self, selector: &RoomSelector) -> Option<RoomHandle> {
        let rooms = self.lock();
        let room = rooms.named(selector)?;
        let board = &room.board;
        let hidden =
            (board.private || board.lock.is_some()) && matches!(selector, RoomSelector::Id(_));
        (!hidden).then(|| room.clone())
    }

    /// All open rooms, by id, to tell them something.
    pub(crate) fn handles(&self) -> Vec<RoomHandle> {
        self.lock().by_id.values().cloned().collect()
    }

    /// The game that `selector` leads to, if it says so: that of the room which it names, or the one
    /// which its query asks for.
    pub(crate) fn game_of(&self, selector: &RoomSelector) -> Option<Arc<HostedGame>> {
        if let RoomSelector::QuickPlay { query } = selector {
            let query: Query = query.parse().ok()?;
            return self.games.find(query.wants("game")?).cloned();
        }
        let rooms = self.lock();
        let room = rooms.named(selector);
        room.map(|room| room.board.game.clone())
    }

    /// The room that `guest` means; a new one is given company if that is asked for.
    ///
    /// # Errors
    ///
    /// [`CloseReason::UnknownRoom`], [`CloseReason::WrongPassword`], [`CloseReason::TooManyTries`],
    /// [`CloseReason::ServerFull`] or [`CloseReason::InvalidOptions`].
    pub(crate) fn admit(&self, guest: &Guest<'_>) -> Result<Admission, Close> {
        // A recorded match is shown in one room, to whoever comes.
        let shown = guest.game.shows.as_ref().map(|_| RoomSelector::Id(SHOWN));
        let selector = shown.as_ref().unwrap_or(guest.selector);
        let query = match selector {
            RoomSelector::QuickPlay { query } => {
                query.parse().map_err(|problem| invalid(&problem))?
            }
            RoomSelector::Id(_) | RoomSelector::Code(_) | RoomSelector::Create(_) => {
                Query::default()
            }
        };
        let mut rooms = self.lock();
        if let Some(admission) = self.repeated(&mut rooms, guest) {
            return Ok(admission);
        }
        let admission = self.admit_anew(&mut rooms, selector, &query, guest)?;
        if let Some(key) = guest.join_key {
            let until = self.clock.now().plus_micros(self.rules.unheard_micros);
            let (session, room) = (admission.session, admission.room.board.id);
            if rooms.joins.remember(key, session, room, until) {
                self.metrics.doors.joins_forgotten.inc();
            }
        }
        Ok(admission)
    }

    /// The place that an earlier hello of the same join led to, if its room is still there.
    fn repeated(&self, rooms: &mut Rooms, guest: &Guest<'_>) -> Option<Admission> {
        let key = guest.join_key.as_ref()?;
        let (session, room) = rooms.joins.recall(key, self.clock.now())?;
        let room = rooms.by_id.get(&room)?;
        Some(Admission {
            reservation: room.board.reserve().ok()?,
            room: room.clone(),
            session,
            known: true,
        })
    }

    fn admit_anew(
        &self,
        rooms: &mut Rooms,
        selector: &RoomSelector,
        query: &Query,
        guest: &Guest<'_>,
    ) -> Result<Admission, Close> {
        while let Some(room) = self.find(rooms, selector, query, guest)? {
            check(room, selector, guest.game)?;
            self.check_password(room, guest)?;
            self.check_moving(room)?;
            match reserve(&room.board, selector, guest.role) {
                Ok(reservation) => {
                    return Ok(Admission {
                        room: room.clone(),
                        reservation,
                        session: SessionId(entropy::draw()),
                        known: false,
                    });
                }
                // Just now; there is another room, or a new one.
                Err(Unreserved::Full | Unreserved::Shut) if is_chance(selector) => {}
                Err(Unreserved::Full | Unreserved::Shut) => {
                    return Err(CloseReason::RoomFull.into());
                }
                Err(Unreserved::Over) => rooms.retain_open(),
            }
        }
        let opened = self.open_for(rooms, selector, query, guest)?;
        if guest.company {
            self.invitations.invite(&opened.room.board);
        }
        Ok(opened)
    }

    /// The room that is there for `guest`, if one is.
    fn find<'a>(
        &self,
        rooms: &'a Rooms,
        selector: &RoomSelector,
        query: &Query,
        guest: &Guest<'_>,
    ) -> Result<Option<&'a RoomHandle>, Close> {
        let moves = |room: &RoomHandle| !self.is_stuck(room);
        match selector {
            RoomSelector::QuickPlay { .. } => Ok(rooms.best(guest.game, query, guest.role, moves)),
            RoomSelector::Id(id) => Ok(rooms.by_id.get(id)),
            RoomSelector::Code(code) => {
                self.check_tries(guest.address).map_err(too_many)?;
                rooms.by_code(*code).map(Some).ok_or_else(|| {
                    self.count_wrong(guest.address, Secret::Code);
                    let detail = format!("no room has the code {code}");
                    Close::new(CloseReason::UnknownRoom, detail)
                })
            }
            RoomSelector::Create(_) => Ok(None),
        }
    }

    /// Whether somebody at `address` may try a code or a password.
    ///
    /// # Errors
    ///
    /// [`TooManyTries`] if there were too many wrong ones from there.
    pub(crate) fn check_tries(&self, address: Option<IpAddr>) -> Result<(), TooManyTries> {
        let checked = self.tries.check(address, self.clock.now());
        if checked.is_err() {
            self.metrics.doors.tries_refused.inc();
        }
        checked
    }

    /// Somebody at `address` was wrong.
    pub(crate) fn count_wrong(&self, address: Option<IpAddr>, about: Secret) {
        self.metrics.doors.count_wrong_try(about.slug());
        self.tries.wrong(address, self.clock.now());
    }

    /// Refuses to send someone to a locked room who does not know its password.
    fn check_password(&self, room: &RoomHandle, guest: &Guest<'_>) -> Result<(), Close> {
        let Some(lock) = room.board.lock.as_ref().filter(|_| !guest.inside) else {
            return Ok(());
        };
        let Some(password) = guest.password else {
            let detail = "the room has a password";
            return Err(Close::new(CloseReason::WrongPassword, detail));
        };
        self.check_tries(guest.address).map_err(too_many)?;
        if lock::opens(lock, password) {
            return Ok(());
        }
        self.count_wrong(guest.address, Secret::Password);
        Err(CloseReason::WrongPassword.into())
    }

    /// Refuses to make a room if there are too many already, or may be nothing to run it.
    fn check_space(&self, rooms: &Rooms, address: Option<IpAddr>) -> Result<(), Close> {
        let refused = |reason, detail: String| {
            self.metrics.doors.count_refused_room(reason);
            Err(Close::new(CloseReason::ServerFull, detail))
        };
        let (most, from_one) = (self.rules.rooms_max, self.rules.rooms_per_address);
        if rooms.by_id.len() >= most {
            return refused("full", format!("all {most} rooms are taken"));
        }
        if address.is_some_and(|address| rooms.made_from(address) >= from_one) {
            return refused("address", format!("{from_one} rooms were made from there"));
        }
        if self
            .scheduler
            .is_stuck(self.clock.now(), self.rules.stall_micros)
        {
            return refused("stuck", "no thread of rooms responds".to_owned());
        }
        Ok(())
    }

    /// A new room, since there is none for `guest`.
    fn open_for(
        &self,
        rooms: &mut Rooms,
        selector: &RoomSelector,
        query: &Query,
        guest: &Guest<'_>,
    ) -> Result<Admission, Close> {
        let labels = query.labels().map_err(|problem| invalid(&problem))?;
        let labels = labels
            .iter()
            .map(|(name, value)| (name.to_owned(), value.to_owned()));
        let usual = CreateOptions {
            labels: labels.collect(),
            ..CreateOptions::default()
        };
        let (id, options) = match selector {
            RoomSelector::Id(id) => (Some(*id), &usual),
            RoomSelector::Create(options) => (None, options),
            RoomSelector::QuickPlay { .. } | RoomSelector::Code(_) => (None, &usual),
        };
        let password = match selector {
            RoomSelector::Id(_) | RoomSelector::Create(_) => guest.password,
            RoomSelector::QuickPlay { .. } | RoomSelector::Code(_) => None,
        };
        if id == Some(RoomId(0)) {
            let detail = "rooms are counted from 1";
            return Err(Close::new(CloseReason::UnknownRoom, detail));
        }
        self.check_space(rooms, guest.address)?;
        let (id, code) = (id.unwrap_or_else(|| rooms.next_id()), rooms.free_code());
        let game = if options.rules.is_empty() {
            guest.game.clone()
        } else {
            let chosen = guest.game.with_rules(&options.rules);
            Arc::new(chosen.map_err(|problem| invalid(&problem))?)
        };
        let config = self.rules.room(id, code, &game, options, password)?;
        self.open(rooms, guest, game, config, query)
    }

    /// The room in which a recorded match is shown, if one is.
    pub(crate) fn shown(&self) -> Option<RoomHandle> {
        let rooms = self.lock();
        let room = rooms.by_id.get(&SHOWN);
        room.filter(|room| room.board.game.shows.is_some()).cloned()
    }

    /// The room that a session was in, and is known in.
    ///
    /// # Errors
    ///
    /// [`CloseReason::SessionExpired`] if it is over, [`CloseReason::ServerFull`] if it is stuck.
    pub(crate) fn readmit(&self, session: SessionId, id: RoomId) -> Result<Admission, Close> {
        let room = self.lock().by_id.get(&id).cloned();
        room.iter().try_for_each(|room| self.check_moving(room))?;
        room.and_then(|room| {
            Some(Admission {
                reservation: room.board.reserve().ok()?,
                room,
                session,
                known: true,
            })
        })
        .ok_or_else(|| Close::new(CloseReason::SessionExpired, "the session's room is over"))
    }

    fn open(
        &self,
        rooms: &mut Rooms,
        guest: &Guest<'_>,
        game: Arc<HostedGame>,
        mut config: RoomConfig,
        query: &Query,
    ) -> Result<Admission, Close> {
        let (now, id) = (self.clock.now(), config.id);
        config.record = self.journals.is_on();
        let board = RoomBoard::new(&config, game.clone(), now).made_from(guest.address);
        if !query.matches_new(&board.facts()) {
            let detail = "no room is like that, and a new one would not be either";
            return Err(Close::new(CloseReason::UnknownRoom, detail));
        }
        let board = Arc::new(board);
        let spec = RoomSpec {
            config,
            game,
            journals: self.journals.clone(),
        };
        // Nobody else knows of the room yet, and it has a seat at least.
        let any = RoomSelector::Id(id);
        let reservation = reserve(&board, &any, guest.role).map_err(|_| CloseReason::Internal)?;
        let room = self.scheduler.host(spec, &board, now, None);
        rooms.by_id.insert(id, room.clone());
        Ok(Admission {
            room,
            reservation,
            session: SessionId(entropy::draw()),
            known: false,
        })
    }

    /// Opens the rooms of matches that were recovered, as they were. How many rooms there may be
    /// matters only to those that come after.
    pub(crate) fn take_back_all(&self, recovered: Vec<RecoveredMatch>) {
        for recovered in recovered {
            let room = recovered.restored.header.room.id;
            if let Err(error) = self.take_back(recovered) {
                tracing::error!(%room, %error, "a room can't go on");
            }
        }
    }

    fn take_back(&self, recovered: RecoveredMatch) -> Result<(), DecodeError> {
        let header = recovered.restored.header.clone();
        let Some(game) = self.games.find(&header.start.game) else {
            return Err(DecodeError::Invalid);
        };
        let game = Arc::new(game.restored(&header)?);
        let mut config = RoomConfig {
            record: self.journals.is_on(),
            bandwidth_sampling: self.rules.bandwidth_sampling,
            ..RoomConfig::restored(&header)
        };
        let delay = &mut config.spectator_delay_micros;
        *delay = self.rules.spectator_delay_micros.max(*delay);
        let (now, id) = (self.clock.now(), config.id);
        let board = Arc::new(RoomBoard::new(&config, game.clone(), now));
        let kept_company = recovered.restored.had_transient();
        let spec = RoomSpec {
            config,
            game,
            journals: self.journals.clone(),
        };
        let room = self.scheduler.host(spec, &board, now, Some(recovered));
        self.lock().by_id.insert(id, room);
        if kept_company {
            self.invitations.invite(&board);
        }
        Ok(())
    }

    fn is_stuck(&self, room: &RoomHandle) -> bool {
        room.is_stuck(self.clock.now(), self.rules.stall_micros)
    }

    /// Refuses to send someone to a thread that may never look at what it is told.
    fn check_moving(&self, room: &RoomHandle) -> Result<(), Close> {
        if self.is_stuck(room) {
            let detail = format!("room {} does not respond", room.board.id);
            return Err(Close::new(CloseReason::ServerFull, detail));
        }
        Ok(())
    }

    /// The rooms that are not over.
    fn lock(&self) -> MutexGuard<'_, Rooms> {
        // Nothing here panics halfway through a change.
        let mut rooms = self.rooms.lock().unwrap_or_else(PoisonError::into_inner);
        rooms.retain_open();
        rooms
    }
}

/// Whether whoever says that is sent to any room that suits.
fn is_chance(selector: &RoomSelector) -> bool {
    matches!(selector, RoomSelector::QuickPlay { .. })
}

/// Promises a place in a room. A recorded match seats nobody.
fn reserve(
    board: &Arc<RoomBoard>,
    selector: &RoomSelector,
    role: Role,
) -> Result<Reservation, Unreserved> {
    match role {
        Role::Player if board.game.shows.is_none() && is_chance(selector) => {
            board.reserve_open_seat()
        }
        Role::Player if board.game.shows.is_none() => board.reserve_seat(),
        Role::Player | Role::Spectator => board.reserve(),
    }
}

fn too_many(tries: TooManyTries) -> Close {
    let detail = format!("try again in {} s", tries.seconds);
    Close::new(CloseReason::TooManyTries, detail)
}

/// Refuses to send someone to a room of another game, or by its id to one that only its code opens.
fn check(room: &RoomHandle, selector: &RoomSelector, game: &HostedGame) -> Result<(), Close> {
    let (here, wanted) = (room.board.game.kind.name(), game.kind.name());
    if here != wanted {
        let detail = format!("room {} plays {here}, not {wanted}", room.board.id);
        return Err(Close::new(CloseReason::UnknownRoom, detail));
    }
    if room.board.private && matches!(selector, RoomSelector::Id(_)) {
        let detail = format!("room {} opens only to its code", room.board.id);
        return Err(Close::new(CloseReason::UnknownRoom, detail));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
