//! Which room a client means: by id, by code, the best open one, or a new one.
//!
//! The rooms themselves live on their threads. A client that was sent to a room holds a reservation
//! of it until it has arrived, so that two who ask at once can't be sent to one free seat, and no
//! room ends with somebody on the way.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use syncline_server_core::RoomConfig;
use syncline_server_core::config::SPECTATOR_DELAY_MICROS_MAX;
use syncline_shared::close::{Close, CloseReason};
use syncline_shared::error::DecodeError;
use syncline_shared::id::{RoomCode, RoomId};
use syncline_shared::message::control::{CreateOptions, Role, RoomSelector};

use crate::clock::{Clock, micros};
use crate::company::invitation::Invitations;
use crate::config::Config;
use crate::entropy;
use crate::games::{Hosted, HostedGame};
use crate::journal_store::{Recorder, RecoveredMatch};
use crate::runtime::board::{Reservation, RoomBoard};
use crate::runtime::inbox::{RoomHandle, RoomSpec};
use crate::runtime::scheduler::Scheduler;

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
    /// Held for a look or an insertion, never across a wait, and never by a thread of rooms.
    rooms: Mutex<Rooms>,
}

/// What every room of this process is made with.
struct RoomRules {
    rooms_max: usize,
    players_max: u16,
    bandwidth_sampling: u32,
    silence: bool,
    grace_micros: u64,
    empty_micros: u64,
    rematch_micros: u64,
    spectator_delay_micros: u64,
    /// For how long a thread may be in one room before nobody is sent there any more.
    stall_micros: u64,
}

#[derive(Default)]
struct Rooms {
    by_id: BTreeMap<RoomId, RoomHandle>,
    last_id: u32,
}

/// A room that stays until its holder has arrived.
pub(crate) struct Admission {
    /// The room.
    pub(crate) room: RoomHandle,
    /// Goes into the attach.
    pub(crate) reservation: Reservation,
}

impl Directory {
    /// No room yet. Who is invited keeps company in rooms whose creators ask for it.
    pub(crate) fn new(
        config: &Config,
        games: Hosted,
        scheduler: Scheduler,
        invitations: Invitations,
        clock: Clock,
    ) -> Self {
        let rules = RoomRules {
            rooms_max: usize::try_from(config.max_rooms).unwrap_or(usize::MAX),
            players_max: config.max_players,
            bandwidth_sampling: config.bandwidth_sampling,
            silence: config.silence,
            grace_micros: micros(config.grace_period),
            empty_micros: micros(config.empty_timeout),
            rematch_micros: micros(config.rematch_delay),
            spectator_delay_micros: micros(config.spectator_delay),
            stall_micros: micros(config.stall_timeout),
        };
        Self {
            clock,
            games,
            rules,
            scheduler,
            invitations,
            journals: Recorder::default(),
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
        let hidden = room.board.private && matches!(selector, RoomSelector::Id(_));
        (!hidden).then(|| room.clone())
    }

    /// All open rooms, by id, to tell them something.
    pub(crate) fn handles(&self) -> Vec<RoomHandle> {
        self.lock().by_id.values().cloned().collect()
    }

    /// The game of the room that `selector` names, if it names one that is there.
    pub(crate) fn game_of(&self, selector: &RoomSelector) -> Option<Arc<HostedGame>> {
        let rooms = self.lock();
        let room = rooms.named(selector);
        room.map(|room| room.board.game.clone())
    }

    /// The room of `game` that `selector` means for someone in `role`; a new one is given company
    /// if that is asked for.
    ///
    /// # Errors
    ///
    /// [`CloseReason::UnknownRoom`] or [`CloseReason::ServerFull`].
    pub(crate) fn admit(
        &self,
        selector: &RoomSelector,
        game: &Arc<HostedGame>,
        role: Role,
        company: bool,
    ) -> Result<Admission, Close> {
        let mut rooms = self.lock();
        // A recorded match is shown in one room, to whoever comes.
        let shown = game.shows.as_ref().map(|_| RoomSelector::Id(SHOWN));
        let selector = shown.as_ref().unwrap_or(selector);
        let found = match selector {
            RoomSelector::QuickPlay => rooms.best(game, role, |room| !self.is_stuck(room)),
            RoomSelector::Id(id) => rooms.by_id.get(id),
            RoomSelector::Code(code) => Some(rooms.by_code(*code).ok_or_else(|| {
                Close::new(
                    CloseReason::UnknownRoom,
                    format!("no room has the code {code}"),
                )
            })?),
            RoomSelector::Create(_) => None,
        };
        if let Some(room) = found {
            check(room, selector, game)?;
            self.check_moving(room)?;
            if let Some(reservation) = room.board.reserve() {
                return Ok(Admission {
                    room: room.clone(),
                    reservation,
                });
            }
        }
        // There is none, or it ended just now.
        let options = CreateOptions::default();
        let opened = match selector {
            RoomSelector::Code(code) => Err(Close::new(
                CloseReason::UnknownRoom,
                format!("the room {code} is over"),
            )),
            RoomSelector::Id(id) => self.open(&mut rooms, game, Some(*id), &options),
            RoomSelector::QuickPlay => self.open(&mut rooms, game, None, &options),
            RoomSelector::Create(options) => self.open(&mut rooms, game, None, options),
        }?;
        if company {
            self.invitations.invite(&opened.room.board);
        }
        Ok(opened)
    }

    /// The room in which a recorded match is shown, if one is.
    pub(crate) fn shown(&self) -> Option<RoomHandle> {
        let rooms = self.lock();
        let room = rooms.by_id.get(&SHOWN);
        room.filter(|room| room.board.game.shows.is_some()).cloned()
    }

    /// The room that a session was in.
    ///
    /// # Errors
    ///
    /// [`CloseReason::SessionExpired`] if it is over, [`CloseReason::ServerFull`] if it is stuck.
    pub(crate) fn readmit(&self, id: RoomId) -> Result<Admission, Close> {
        let room = self.lock().by_id.get(&id).cloned();
        room.iter().try_for_each(|room| self.check_moving(room))?;
        room.and_then(|room| {
            Some(Admission {
                reservation: room.board.reserve()?,
                room,
            })
        })
        .ok_or_else(|| Close::new(CloseReason::SessionExpired, "the session's room is over"))
    }

    fn open(
        &self,
        rooms: &mut Rooms,
        game: &Arc<HostedGame>,
        id: Option<RoomId>,
        options: &CreateOptions,
    ) -> Result<Admission, Close> {
        if rooms.by_id.len() >= self.rules.rooms_max {
            let full = format!("all {} rooms are taken", self.rules.rooms_max);
            return Err(Close::new(CloseReason::ServerFull, full));
        }
        let now = self.clock.now();
        if self.scheduler.is_stuck(now, self.rules.stall_micros) {
            let stuck = "no thread of rooms responds";
            return Err(Close::new(CloseReason::ServerFull, stuck));
        }
        if id == Some(RoomId(0)) {
            return Err(Close::new(
                CloseReason::UnknownRoom,
                "rooms are counted from 1",
            ));
        }
        let id = id.unwrap_or_else(|| rooms.next_id());
        let mut config = self.rules.room(id, rooms.free_code(), game, options);
        config.record = self.journals.is_on();
        let spec = RoomSpec {
            config,
            game: game.clone(),
            journals: self.journals.clone(),
        };
        let board = Arc::new(RoomBoard::new(&spec.config, game.clone(), now));
        let reservation = board.reserve().ok_or(CloseReason::Internal)?;
        let room = self.scheduler.host(spec, &board, now, None);
        rooms.by_id.insert(id, room.clone());
        Ok(Admission { room, reservation })
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
        rooms.by_id.retain(|_, room| !room.board.is_retired());
        rooms
    }
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

impl Rooms {
    /// The room that `selector` names, if it names one that is there.
    fn named(&self, selector: &RoomSelector) -> Option<&RoomHandle> {
        match selector {
            RoomSelector::Id(id) => self.by_id.get(id),
            RoomSelector::Code(code) => self.by_code(*code),
            RoomSelector::QuickPlay | RoomSelector::Create(_) => None,
        }
    }

    fn by_code(&self, code: RoomCode) -> Option<&RoomHandle> {
        self.by_id.values().find(|room| room.board.code == code)
    }

    /// The fullest public room that `moves` and has a place for one more in `role`; of equals the
    /// oldest.
    fn best(
        &self,
        game: &HostedGame,
        role: Role,
        moves: impl Fn(&RoomHandle) -> bool,
    ) -> Option<&RoomHandle> {
        let suits = |room: &&RoomHandle| {
            !room.board.private
                && room.board.game.kind.name() == game.kind.name()
                && (role == Role::Spectator || room.board.is_open())
                && moves(room)
        };
        let fullest = |room: &&RoomHandle| (room.board.players_expected(), Reverse(room.board.id));
        self.by_id.values().filter(suits).max_by_key(fullest)
    }

    fn next_id(&mut self) -> RoomId {
        loop {
            self.last_id = self.last_id.checked_add(1).unwrap_or(1);
            if !self.by_id.contains_key(&RoomId(self.last_id)) {
                return RoomId(self.last_id);
            }
        }
    }

    fn free_code(&self) -> RoomCode {
        loop {
            let code = RoomCode::from_entropy(entropy::draw());
            if self.by_code(code).is_none() {
                return code;
            }
        }
    }
}

impl RoomRules {
    fn room(
        &self,
        id: RoomId,
        code: RoomCode,
        game: &HostedGame,
        options: &CreateOptions,
    ) -> RoomConfig {
        let wanted = options.players_max.unwrap_or(u16::MAX).max(game.seats.min);
        let asked = u64::from(options.spectator_delay) * 1_000_000;
        let longest = SPECTATOR_DELAY_MICROS_MAX;
        RoomConfig {
            private: options.private,
            players_max: wanted.min(self.players_max).min(game.seats.max),
            snapshot_interval: game.snapshot_interval,
            bandwidth_sampling: self.bandwidth_sampling,
            silence: self.silence && !options.loud,
            grace_micros: self.grace_micros,
            empty_micros: self.empty_micros,
            rematch_micros: self.rematch_micros,
            spectator_delay_micros: self.spectator_delay_micros.max(asked).min(longest),
            ..RoomConfig::new(id, code, entropy::draw())
        }
    }
}

#[cfg(test)]
mod tests;
