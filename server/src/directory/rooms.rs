//! The open rooms, and how one of them is found.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::net::IpAddr;

use syncline_shared::id::{RoomCode, RoomId};
use syncline_shared::message::control::{Role, RoomSelector};
use syncline_shared::query::Query;

use super::joins::Joins;
use crate::entropy;
use crate::games::HostedGame;
use crate::runtime::inbox::RoomHandle;

/// All rooms that are not over.
#[derive(Default)]
pub(super) struct Rooms {
    pub(super) by_id: BTreeMap<RoomId, RoomHandle>,
    last_id: u32,
    /// What joins led to that may be repeated.
    pub(super) joins: Joins,
}

impl Rooms {
    /// Forgets those that are over.
    pub(super) fn retain_open(&mut self) {
        self.by_id.retain(|_, room| !room.board.is_retired());
    }

    /// The room that `selector` names, if it names one that is there.
    pub(super) fn named(&self, selector: &RoomSelector) -> Option<&RoomHandle> {
        match selector {
            RoomSelector::Id(id) => self.by_id.get(id),
            RoomSelector::Code(code) => self.by_code(*code),
            RoomSelector::QuickPlay { .. } | RoomSelector::Create(_) => None,
        }
    }

    /// The room with that code.
    pub(super) fn by_code(&self, code: RoomCode) -> Option<&RoomHandle> {
        self.by_id.values().find(|room| room.board.code == code)
    }

    /// How many rooms were made from `address`.
    pub(super) fn made_from(&self, address: IpAddr) -> usize {
        let rooms = self.by_id.values();
        rooms
            .filter(|room| room.board.maker == Some(address))
            .count()
    }

    /// The fullest public room without a password that is as asked for, whose matches begin by
    /// themselves, that `moves` and has a place for one more in `role`; of equals the oldest.
    pub(super) fn best(
        &self,
        game: &HostedGame,
        query: &Query,
        role: Role,
        moves: impl Fn(&RoomHandle) -> bool,
    ) -> Option<&RoomHandle> {
        let suits = |room: &&RoomHandle| {
            !room.board.private
                && room.board.lock.is_none()
                && !room.board.when_ready
                && room.board.game.kind.name() == game.kind.name()
                && query.matches(&room.board.facts())
                && (role == Role::Spectator || room.board.is_open())
                && moves(room)
        };
        let fullest = |room: &&RoomHandle| (room.board.players_expected(), Reverse(room.board.id));
        self.by_id.values().filter(suits).max_by_key(fullest)
    }

    /// An id that no room has.
    pub(super) fn next_id(&mut self) -> RoomId {
        loop {
            self.last_id = self.last_id.checked_add(1).unwrap_or(1);
            if !self.by_id.contains_key(&RoomId(self.last_id)) {
                return RoomId(self.last_id);
            }
        }
    }

    /// A code that leads nowhere yet.
    pub(super) fn free_code(&self) -> RoomCode {
        loop {
            let code = RoomCode::from_entropy(entropy::draw());
            if self.by_code(code).is_none() {
                return code;
            }
        }
    }
}
