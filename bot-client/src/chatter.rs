//! When a bot says something, and what.

use syncline_shared::id::PlayerId;
use syncline_shared::message::chat::ChatTo;
use syncline_shared::rng::Rng;
use syncline_shared::tick::Timestamp;

/// The least and the most that a bot is silent, in microseconds: on average slower than a server
/// lets anybody talk, so that nothing is refused.
const SILENCE_MICROS: (u32, u32) = (3_000_000, 13_000_000);

/// One line in so many is a whisper.
const WHISPER_ONE_IN: u32 = 8;

const LINES: [&str; 6] = [
    "hi all",
    "gg",
    "nice shot",
    "over here",
    "who is left?",
    "one more",
];

/// A bot's mouth.
#[derive(Debug)]
pub(crate) struct Chatter {
    rng: Rng,
    next: Timestamp,
}

impl Chatter {
    /// Who says nothing at first. `seed` names what comes later.
    pub(crate) fn new(now: Timestamp, seed: u64) -> Self {
        let mut chatter = Self {
            rng: Rng::from_seed(seed),
            next: now,
        };
        chatter.rest(now);
        chatter
    }

    /// When it says something.
    pub(crate) fn next_due(&self) -> Timestamp {
        self.next
    }

    /// What it says at `now`, if it is time. `player` is its seat; with one it whispers now and then,
    /// to itself: that is a seat which is surely taken.
    pub(crate) fn poll(
        &mut self,
        now: Timestamp,
        player: Option<PlayerId>,
    ) -> Option<(ChatTo, &'static str)> {
        if now < self.next {
            return None;
        }
        self.rest(now);
        let whispers = self.rng.chance(1, WHISPER_ONE_IN);
        let to = player
            .filter(|_| whispers)
            .map_or(ChatTo::Room, ChatTo::Player);
        let count = u32::try_from(LINES.len()).unwrap_or(1);
        let line = usize::try_from(self.rng.below(count)).unwrap_or(0);
        Some((to, LINES[line]))
    }

    fn rest(&mut self, now: Timestamp) {
        let (least, most) = SILENCE_MICROS;
        let pause = least + self.rng.below(most - least);
        self.next = now.plus_micros(u64::from(pause));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_talks_now_and_then() {
        let mut chatter = Chatter::new(Timestamp::ZERO, 5);
        let (mut said, mut whispered) = (0, 0);
        for second in 0..1000 {
            let now = Timestamp(second * 1_000_000);
            if let Some((to, _)) = chatter.poll(now, Some(PlayerId(3))) {
                said += 1;
                whispered += u32::from(to != ChatTo::Room);
                assert_eq!(chatter.poll(now, None), None);
                assert!(chatter.next_due() > now);
            }
        }
        assert!((70..330).contains(&said), "{said}");
        assert!((1..said / 2).contains(&whispered), "{whispered} of {said}");
    }
}
