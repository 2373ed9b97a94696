//! How many demo bots are in one room.
//!
//! A person alone plays with all of them. Each further player takes the place of one, so that a room
//! stays as full as it was; who only watches takes none. One seat is always left for whoever comes
//! next. When nobody else is there all of them leave, and the room closes as any empty one does; if
//! someone comes back before, so do they. A person who lost the connection counts until the seat is
//! given up.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::{AbortHandle, JoinSet};
use tokio::time::Instant;

use crate::company::bot::{Bot, Place};
use crate::net::inside::Inside;
use crate::runtime::board::RoomBoard;

/// How often the room is looked at.
const LOOK: Duration = Duration::from_millis(150);

/// In how many looks in a row nobody has to be there for the bots to leave.
const EMPTY_LOOKS: u32 = 2;

/// How long to wait after a bot could not come in, or had to go.
const RETRY: Duration = Duration::from_secs(5);

/// What the bots of a room are called; beyond these a number follows.
const NAMES: [&str; 16] = [
    "Ada", "Grace", "Alan", "Edsger", "Barbara", "Donald", "Radia", "Niklaus", "Frances", "Tony",
    "Karen", "Dennis", "Hedy", "Claude", "Jean", "Vint",
];

/// Keeps up to `bots` in a room until it is over.
pub(super) async fn attend(board: Arc<RoomBoard>, bots: u16, inside: Arc<Inside>) {
    let mut host = Host {
        board,
        bots,
        inside,
        guests: Vec::new(),
        tasks: JoinSet::new(),
        empty_looks: 0,
        invites_from: Instant::now(),
    };
    let mut looks = tokio::time::interval(LOOK);
    while !host.board.is_retired() {
        looks.tick().await;
        host.look();
    }
}

/// Whoever keeps company in one room.
struct Host {
    board: Arc<RoomBoard>,
    /// How many a person alone plays with.
    bots: u16,
    inside: Arc<Inside>,
    guests: Vec<Guest>,
    /// The guests' tasks, which end with the host.
    tasks: JoinSet<()>,
    empty_looks: u32,
    /// When to ask bots in again.
    invites_from: Instant,
}

/// A bot that was sent to the room.
struct Guest {
    /// Its place in the list of names.
    number: usize,
    place: Arc<Place>,
    task: AbortHandle,
}

impl Host {
    /// Looks who is there, and sees that as many bots are there as should be.
    fn look(&mut self) {
        while self.tasks.try_join_next().is_some() {}
        self.see_off();
        if !self.guests.iter().all(|guest| guest.place.is_taken()) {
            // One on the way in or out would be taken for a person, or a person for it.
            return;
        }
        let people = self.people();
        let wanted = wanted(self.bots, people, self.board.players_max());
        self.empty_looks = if people.is_nobody() {
            self.empty_looks + 1
        } else {
            0
        };
        if (1..EMPTY_LOOKS).contains(&self.empty_looks) {
            return;
        }
        for guest in self.guests.iter().skip(wanted) {
            guest.place.ask_to_leave();
        }
        if self.invites_from <= Instant::now() {
            while self.guests.len() < wanted {
                self.invite();
            }
        }
    }

    /// Forgets the bots that are gone. What threw one out does so again if it is sent at once.
    fn see_off(&mut self) {
        let is_gone = |guest: &mut Guest| guest.task.is_finished();
        for guest in self.guests.extract_if(.., is_gone) {
            if !guest.place.was_asked_to_leave() {
                self.invites_from = Instant::now() + RETRY;
            }
        }
    }

    /// Who is there besides the bots, all of which have seats.
    fn people(&self) -> People {
        let glance = self.board.glance();
        People {
            playing: usize::from(glance.players).saturating_sub(self.guests.len()),
            watching: glance.spectators.into(),
        }
    }

    fn invite(&mut self) {
        let is_free = |number: &usize| self.guests.iter().all(|guest| guest.number != *number);
        // One of so many is free.
        let number = (0..=self.guests.len()).find(is_free).unwrap_or_default();
        let place = Arc::new(Place::default());
        let bot = Bot::new(name(number), &self.board, self.inside.clone());
        let task = self.tasks.spawn(bot.play(place.clone()));
        self.guests.push(Guest {
            number,
            place,
            task,
        });
    }
}

/// What the bot of this number is called.
fn name(number: usize) -> String {
    let name = NAMES[number % NAMES.len()];
    match number / NAMES.len() {
        0 => format!("bot {name}"),
        round => format!("bot {name} {}", round + 1),
    }
}

/// The people in a room.
#[derive(Clone, Copy, Debug)]
struct People {
    playing: usize,
    watching: usize,
}

impl People {
    fn is_nobody(self) -> bool {
        self.playing + self.watching == 0
    }
}

/// How many bots play with `people`, of up to `most`, in a room of `seats`.
fn wanted(most: u16, people: People, seats: u16) -> usize {
    if people.is_nobody() {
        return 0;
    }
    let instead = people.playing.saturating_sub(1);
    let free = usize::from(seats).saturating_sub(people.playing + 1);
    usize::from(most).saturating_sub(instead).min(free)
}

#[cfg(test)]
mod tests {
    use syncline_shared::limits::NAME_CHARS_MAX;

    use super::*;

    fn with(playing: usize, watching: usize, seats: u16) -> usize {
        wanted(6, People { playing, watching }, seats)
    }

    #[test]
    fn each_further_player_takes_the_place_of_one_bot() {
        let bots: Vec<usize> = (1..10).map(|playing| with(playing, 0, 1024)).collect();
        assert_eq!(bots, [6, 5, 4, 3, 2, 1, 0, 0, 0]);
    }

    #[test]
    fn nobody_has_no_company_and_who_watches_has_all_of_it() {
        assert_eq!(with(0, 0, 1024), 0);
        assert_eq!(with(0, 3, 1024), 6);
        assert_eq!(with(2, 3, 1024), 5);
    }

    #[test]
    fn a_seat_is_left_for_whoever_comes_next() {
        for seats in 1..20 {
            for playing in 1..=usize::from(seats) {
                let bots = with(playing, 0, seats);
                let all = playing + bots;
                assert!(
                    bots == 0 || all < seats.into(),
                    "{playing} and {bots} of {seats}"
                );
            }
        }
        assert_eq!(with(1, 0, 4), 2);
    }

    #[test]
    fn names_differ_and_are_shown_whole() {
        let names: Vec<String> = (0..64).map(name).collect();
        for (at, one) in names.iter().enumerate() {
            assert!(one.starts_with("bot ") && one.chars().count() <= NAME_CHARS_MAX);
            assert!(!names[..at].contains(one), "{one} twice");
        }
    }
}
