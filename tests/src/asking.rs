//! Players who ask for something now and then: for another ship, of those that there are and of others.

use syncline_client_core::client::Client;
use syncline_client_core::playing::Playing;
use syncline_games::arena::ArenaCommand;
use syncline_shared::codec;
use syncline_shared::predict::Predict;
use syncline_shared::rng::Rng;
use syncline_shared::tick::Timestamp;

/// How many a client asks for, each for another ship than all others in the match: so that what was
/// done tells what was asked.
const ASKED_MAX: u8 = 24;

/// The longest time from one to the next, in milliseconds.
const PAUSE_MS_MAX: u32 = 700;

/// What one client asks for, and when.
#[derive(Debug)]
pub(crate) struct Asker {
    rng: Rng,
    next: Timestamp,
    /// The first ship that it asks for.
    first: u8,
    asked: u8,
}

impl Asker {
    /// Of the client of this number.
    pub(crate) fn new(seed: u64, number: u64) -> Self {
        let number = u8::try_from(number).unwrap_or(u8::MAX);
        Self {
            rng: Rng::from_seed(seed ^ (u64::from(number) << 32) ^ 0xA5C),
            next: Timestamp::ZERO,
            first: number.saturating_mul(ASKED_MAX),
            asked: 0,
        }
    }

    /// Lets `client` ask at `now`, if it is time to; the number and the payload of the command.
    pub(crate) fn ask<P: Predict>(
        &mut self,
        now: Timestamp,
        client: &mut Client<P>,
    ) -> Option<(u32, Vec<u8>)> {
        let waits = now <= self.next || self.asked == ASKED_MAX;
        if waits || !client.playing().is_some_and(Playing::is_running) {
            return None;
        }
        let pause = u64::from(self.rng.below(PAUSE_MS_MAX));
        self.next = now.plus_micros(pause * 1000);
        let ship = self.first.saturating_add(self.asked);
        let payload = codec::encode(&ArenaCommand::ChooseShip { ship });
        let sequence = client.send_command(payload.clone())?;
        self.asked += 1;
        Some((sequence, payload))
    }
}
