//! Stamps the player's controls, one input frame a tick or one a change, so that each arrives in time.
//!
//! A tick is stamped when its slot opens: the lead before it is due. Who sends only what changes
//! leaves the slots between to what is held.
//!
//! Ticks are stamped in order and never twice. A client that was held up goes on at the present:
//! what can't arrive in time any more is not sent.

use syncline_shared::input::{InputFrame, InputFrames, InputWords};
use syncline_shared::limits::{INPUT_FRAMES_PER_BATCH_MAX, INPUT_LEAD_TICKS_MAX};
use syncline_shared::tick::{Tick, TickRate, Timestamp, ViewTick};

use crate::clock_sync::ClockSync;
use crate::input_history::{InputHistory, Stamped};
use crate::input_lead::InputLead;
use crate::input_pace::{HEARTBEAT_MICROS, InputPace};

/// By how many ticks our estimate of the server's tick may be off.
const CLOCK_TICKS_MAX: u32 = 8;

/// One player's inputs on one timeline.
#[derive(Clone, Debug)]
pub(crate) struct InputStamper {
    rate: TickRate,
    pace: InputPace,
    lead: InputLead,
    history: InputHistory,
    controls: InputWords,
    /// The last tick that was stamped, or left to what is held.
    last: Option<Tick>,
    /// What the server holds, if that was sent, and when it is sent again.
    held: Option<(InputWords, Timestamp)>,
    /// Whether slots pass unused, because what is held says it all.
    resting: bool,
}

impl InputStamper {
    /// Stamps `controls` until others are set.
    pub(crate) fn new(rate: TickRate, pace: InputPace, controls: InputWords) -> Self {
        Self {
            rate,
            pace,
            lead: InputLead::new(rate),
            history: InputHistory::default(),
            controls,
            last: None,
            held: None,
            resting: false,
        }
    }

    /// Whether what is sent holds until something else is sent.
    pub(crate) fn holds(&self) -> bool {
        self.pace == InputPace::OnChange
    }

    /// Another timeline begins, of which `last` was stamped already.
    pub(crate) fn restart(&mut self, last: Option<Tick>) {
        self.history = InputHistory::default();
        self.last = last;
        self.let_go();
    }

    /// The server holds nothing of ours any more.
    fn let_go(&mut self) {
        self.held = None;
        self.resting = false;
    }

    /// What the player presses from now on.
    pub(crate) fn set_controls(&mut self, controls: InputWords) {
        self.controls = controls;
    }

    pub(crate) fn lead_mut(&mut self) -> &mut InputLead {
        &mut self.lead
    }

    pub(crate) fn lead(&self) -> &InputLead {
        &self.lead
    }

    pub(crate) fn history(&self) -> &InputHistory {
        &self.history
    }

    pub(crate) fn history_mut(&mut self) -> &mut InputHistory {
        &mut self.history
    }

    /// The last tick that was stamped, or left to what is held.
    pub(crate) fn last(&self) -> Option<Tick> {
        self.last
    }

    /// When the next input is to be stamped; `None` while the match's time is not known.
    pub(crate) fn next_due(&self, clock: &ClockSync) -> Option<Timestamp> {
        if let Some((words, until)) = &self.held
            && self.resting
            && *words == self.controls
        {
            return Some(*until);
        }
        let last = self.last.unwrap_or(Tick::ZERO);
        // A server that lies about the time can bring us to the last tick there is.
        let next = Some(last.next()).filter(|&next| next > last)?;
        let due = self.rate.due(next).0;
        clock.local_time(Timestamp(due.saturating_sub(self.lead.as_micros())))
    }

    /// The server's clock is known better. If it dropped time, the present lies far behind what was
    /// stamped: what is too far ahead to have been queued was not, and is stamped again.
    pub(crate) fn clock_moved(&mut self, now: Timestamp, clock: &ClockSync) {
        let Some(present) = self.present(now, clock) else {
            return;
        };
        let newest = present.plus(INPUT_LEAD_TICKS_MAX + CLOCK_TICKS_MAX);
        if self.last.is_some_and(|last| last > newest) {
            self.last = Some(newest);
            self.history.forget_after(newest);
            self.let_go();
        }
    }

    /// The tick that an input is for which is stamped now.
    fn present(&self, now: Timestamp, clock: &ClockSync) -> Option<Tick> {
        let time = clock.match_time(now)?;
        Some(self.rate.tick_at(time.plus_micros(self.lead.as_micros())))
    }

    /// Appends the inputs that are due now: usually one or none.
    pub(crate) fn stamp(
        &mut self,
        now: Timestamp,
        clock: &ClockSync,
        view: ViewTick,
        frames: &mut InputFrames,
    ) {
        let (Some(time), Some(present)) = (clock.match_time(now), self.present(now, clock)) else {
            return;
        };
        if self.rests(now, time) {
            return;
        }
        let way = clock.round_trip().unwrap_or(0) / 2;
        let in_time = self.rate.tick_at(time.plus_micros(way)).next().min(present);
        let batch_max = u32::try_from(INPUT_FRAMES_PER_BATCH_MAX).unwrap_or(u32::MAX);
        let oldest = in_time.max(present.minus(batch_max - 1)).max(Tick(1));
        let first = match self.last {
            Some(last) if last >= present => return,
            Some(last) => last.next().max(oldest),
            None => oldest,
        };
        let until = if self.holds() { first } else { present };
        let held = self.held.take().map(|(words, _)| words);
        let heartbeat = held.is_some_and(|held| held == self.controls);
        for tick in (first.0..=until.0).map(Tick) {
            let words = self.controls.clone();
            frames.push(InputFrame {
                tick,
                view: view.min(ViewTick::at(tick)),
                words,
            });
            self.history.push(Stamped {
                tick,
                at: now,
                words: self.controls.clone(),
                heartbeat,
            });
        }
        self.last = Some(present);
        if self.holds() {
            let again = now.plus_micros(HEARTBEAT_MICROS);
            self.held = Some((self.controls.clone(), again));
            self.resting = true;
        }
    }

    /// Whether what is held says all there is to say at `time` of the match.
    fn rests(&mut self, now: Timestamp, time: Timestamp) -> bool {
        let held = self.held.as_ref();
        let says_all = held.is_some_and(|(words, until)| *words == self.controls && now < *until);
        if says_all || self.resting {
            // Slots that opened before now passed unused, and are not used afterwards.
            let lead = self.lead.as_micros().saturating_sub(1);
            self.last = self
                .last
                .max(Some(self.rate.tick_at(time.plus_micros(lead))));
        }
        self.resting = says_all;
        says_all
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use proptest::prelude::*;
    use syncline_shared::replicated;
    use syncline_shared::rng::Rng;

    use super::*;

    const RATE: TickRate = TickRate::hz(50);

    /// A clock that is the match's own, over a path of 40 ms there and back.
    fn clock() -> ClockSync {
        let mut clock = ClockSync::new(Timestamp(1_000_000));
        let nonce = clock.poll_ping(Timestamp(1_000_000)).unwrap();
        clock.pong(Timestamp(1_040_000), nonce, 1_020_000);
        clock
    }

    fn stamper() -> InputStamper {
        stamper_at(InputPace::EveryTick)
    }

    fn stamper_at(pace: InputPace) -> InputStamper {
        let mut stamper = InputStamper::new(RATE, pace, InputWords::default());
        stamper.lead_mut().measured(40_000, 0);
        stamper
    }

    replicated! {
        #[derive(Clone, Debug, Default, PartialEq)]
        struct Pressed {
            what: u32 => bits(8),
        }
    }

    fn pressed(what: u32) -> InputWords {
        InputWords::of(&Pressed { what })
    }

    fn ticks(stamper: &mut InputStamper, now: u64) -> Vec<u32> {
        let mut frames = InputFrames::new();
        stamper.stamp(Timestamp(now), &clock(), ViewTick(u64::MAX), &mut frames);
        assert!(frames.iter().all(|frame| frame.view.lag(frame.tick) == 0));
        frames.iter().map(|frame| frame.tick.0).collect()
    }

    /// A server that stood still for five seconds drops that time. Its client must not be without
    /// controls for as long.
    #[test]
    fn a_server_that_drops_time_is_followed_back() {
        let (mut clock, mut stamper) = (clock(), stamper());
        let mut now = Timestamp(1_100_000);
        let stamp = |stamper: &mut InputStamper, clock: &ClockSync, now| {
            let mut frames = InputFrames::new();
            stamper.stamp(now, clock, ViewTick::default(), &mut frames);
            frames
        };
        while now < Timestamp(9_000_000) {
            now = now.plus_micros(20_000);
            stamp(&mut stamper, &clock, now);
        }
        let ahead = stamper.last().unwrap();
        // The match is five seconds younger than it should be.
        for _ in 0..3 {
            now = clock.next_ping().max(now);
            let nonce = clock.poll_ping(now).unwrap();
            now = now.plus_micros(40_000);
            clock.pong(now, nonce, now.0 - 20_000 - 5_000_000);
        }
        let present = RATE.tick_at(clock.match_time(now).unwrap());
        assert!(present < ahead);
        stamper.clock_moved(now, &clock);
        // A client stamps when it says that it is due.
        let due = stamper.next_due(&clock).unwrap();
        let waited = RATE.ticks_covering(due.since(now));
        assert!(
            waited <= INPUT_LEAD_TICKS_MAX + CLOCK_TICKS_MAX + 1,
            "{waited} ticks without controls"
        );
        assert!(!stamp(&mut stamper, &clock, due).is_empty());
        assert!(stamper.history().newest() == stamper.last());
    }

    #[test]
    fn one_input_a_tick_is_stamped_to_arrive_before_it() {
        let mut stamper = stamper();
        let mut all = ticks(&mut stamper, 2_000_000);
        for _ in 0..10 {
            let due = stamper.next_due(&clock()).unwrap();
            assert_eq!(ticks(&mut stamper, due.0 - 1), []);
            let sent = ticks(&mut stamper, due.0);
            assert_eq!(sent.len(), 1);
            // 20 ms on the way, 12 ms to spare.
            assert_eq!(RATE.due(Tick(sent[0])).0, due.0 + 32_000);
            all.extend(sent);
        }
        assert!(all.windows(2).all(|pair| pair[1] == pair[0] + 1), "{all:?}");
    }

    #[test]
    fn before_the_first_tick_it_waits_for_it() {
        let mut clock = ClockSync::new(Timestamp::ZERO);
        let nonce = clock.poll_ping(Timestamp::ZERO).unwrap();
        // The match began a microsecond ago.
        clock.pong(Timestamp(1000), nonce, 501);
        let mut stamper = InputStamper::new(RATE, InputPace::EveryTick, InputWords::default());
        let due = stamper.next_due(&clock).unwrap();
        assert_eq!(due, Timestamp(20_000 - 12_000 - 1));
        let mut frames = InputFrames::new();
        stamper.stamp(Timestamp(due.0 - 1), &clock, ViewTick(0), &mut frames);
        assert!(frames.is_empty());
        stamper.stamp(due, &clock, ViewTick(0), &mut frames);
        assert_eq!(frames.len(), 1);
    }

    #[test]
    fn what_does_not_change_is_said_again_each_half_second() {
        let mut stamper = stamper_at(InputPace::OnChange);
        let (mut now, mut wakes) = (2_000_000, 0);
        while now < 8_000_000 {
            ticks(&mut stamper, now);
            now = stamper.next_due(&clock()).unwrap().0;
            wakes += 1;
        }
        // One when it is time, and one when the slot opens.
        assert!(wakes <= 26, "{wakes}");
        let beats: Vec<_> = (0..=stamper.last().unwrap().0)
            .filter_map(|tick| stamper.history().get(Tick(tick)))
            .collect();
        assert!((12..=13).contains(&beats.len()), "{beats:?}");
        assert!(beats[1..].iter().all(|stamped| stamped.heartbeat));
        for pair in beats.windows(2) {
            let pause = pair[1].at.since(pair[0].at);
            assert!((500_000..=520_000).contains(&pause), "{pause}");
        }
    }

    #[test]
    fn a_change_takes_the_next_slot_and_wakes_at_once() {
        let mut stamper = stamper_at(InputPace::OnChange);
        let first = ticks(&mut stamper, 2_000_000);
        stamper.set_controls(pressed(7));
        // With a lead of 32 ms the slot of tick 106 opened 12 ms ago.
        assert!(stamper.next_due(&clock()).unwrap() <= Timestamp(2_100_000));
        assert_eq!(ticks(&mut stamper, 2_100_000), []);
        let slot = stamper.next_due(&clock()).unwrap();
        assert_eq!(slot, Timestamp(107 * 20_000 - 32_000));
        assert_eq!(ticks(&mut stamper, slot.0), [107]);
        assert!(first[0] < 107);
        assert_eq!(
            stamper.history().held_at(Tick(106)).unwrap().tick.0,
            first[0]
        );
    }

    /// A server that lost what was sent, or its connection, is told anew what is held.
    #[test]
    fn another_timeline_holds_nothing_yet() {
        let mut stamper = stamper_at(InputPace::OnChange);
        let first = ticks(&mut stamper, 2_000_000);
        stamper.restart(Some(Tick(first[0])));
        let due = stamper.next_due(&clock()).unwrap();
        assert_eq!(ticks(&mut stamper, due.0), [first[0] + 1]);
    }

    #[test]
    fn after_a_stall_it_goes_on_at_the_present() {
        let mut stamper = stamper();
        ticks(&mut stamper, 2_000_000);
        let sent = ticks(&mut stamper, 4_000_000);
        assert_eq!(sent, [201]);
        // A lead that grew has more ticks to fill, all of which arrive in time.
        stamper.lead_mut().told(Timestamp::ZERO, -50, 40_000);
        assert_eq!(ticks(&mut stamper, 4_000_001), [202, 203, 204]);
    }

    #[test]
    fn a_lead_that_shrinks_stamps_nothing_twice() {
        let mut stamper = stamper();
        let before = ticks(&mut stamper, 2_000_000);
        stamper.lead_mut().told(Timestamp::ZERO, 60, 40_000);
        assert_eq!(ticks(&mut stamper, 2_000_000), []);
        let due = stamper.next_due(&clock()).unwrap();
        assert_eq!(ticks(&mut stamper, due.0), [before.last().unwrap() + 1]);
    }

    #[test]
    fn without_the_time_nothing_is_stamped() {
        let clock = ClockSync::new(Timestamp::ZERO);
        let mut stamper = stamper();
        let mut frames = InputFrames::new();
        stamper.stamp(Timestamp(1_000_000), &clock, ViewTick(0), &mut frames);
        assert!(frames.is_empty() && stamper.next_due(&clock).is_none());
    }

    /// What the server does: tells the least margin of half a second if it is small, or large and
    /// of enough inputs.
    #[derive(Default)]
    struct Margins {
        since: Option<u64>,
        least: Option<i64>,
        count: u32,
    }

    impl Margins {
        fn arrived(&mut self, margin: i64) {
            self.least = Some(self.least.map_or(margin, |least| least.min(margin)));
            self.count += 1;
        }

        fn poll(&mut self, time: u64) -> Option<i32> {
            let least = self.least?;
            let window = time - *self.since.get_or_insert(time);
            let proved = least < 33_000 || self.count >= 8 || window >= 4_000_000;
            if window < 500_000 || !proved {
                return None;
            }
            *self = Self::default();
            let told = !(3_000..33_000).contains(&least);
            told.then(|| i32::try_from(least.div_euclid(1000)).unwrap())
        }
    }

    /// A client and a server whose match began `ORIGIN` later, for a minute over a path of these
    /// delays and this jitter each way. Gives the margins of the inputs of the last 50 s.
    fn margins_over(pace: InputPace, up: u64, down: u64, jitter: u32, seed: u64) -> Vec<i64> {
        const ORIGIN: u64 = 3_000_000;
        let mut rng = Rng::from_seed(seed);
        let mut clock = ClockSync::new(Timestamp(ORIGIN));
        let mut stamper = InputStamper::new(RATE, pace, InputWords::default());
        let mut whims = Rng::from_seed(!seed);
        let mut told: VecDeque<(u64, i32)> = VecDeque::new();
        let mut pongs: VecDeque<(u64, u32, u64)> = VecDeque::new();
        let (mut margins, mut server, mut last_arrival) = (Vec::new(), Margins::default(), 0);
        for now in (ORIGIN..ORIGIN + 60_000_000).step_by(1000) {
            let mut way = |least: u64| least + u64::from(rng.below(jitter.max(1)));
            if let Some(nonce) = clock.poll_ping(Timestamp(now)) {
                let there = now + way(up);
                pongs.push_back((there + way(down), nonce, there - ORIGIN));
            }
            while let Some((_, nonce, micros)) = pongs.pop_front_if(|(at, ..)| *at <= now) {
                clock.pong(Timestamp(now), nonce, micros);
                stamper
                    .lead_mut()
                    .measured(clock.round_trip().unwrap(), clock.jitter());
            }
            while let Some((_, margin)) = told.pop_front_if(|(at, _)| *at <= now) {
                stamper
                    .lead_mut()
                    .told(Timestamp(now), margin, clock.round_trip().unwrap());
            }
            if whims.chance(1, 800) {
                stamper.set_controls(pressed(whims.below(256)));
            }
            let mut frames = InputFrames::new();
            stamper.stamp(Timestamp(now), &clock, ViewTick(0), &mut frames);
            for frame in frames {
                last_arrival = last_arrival.max(now + way(up));
                let time = Timestamp(last_arrival - ORIGIN);
                let margin = RATE.due(frame.tick).offset_from(time);
                if now > ORIGIN + 10_000_000 {
                    margins.push(margin);
                }
                server.arrived(margin);
            }
            if let Some(margin_ms) = server.poll(now) {
                told.push_back((now + way(down), margin_ms));
            }
        }
        margins
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]

        /// However unequal the ways are, inputs come in time, and not much earlier than jitter and
        /// a tick or two ask for.
        #[test]
        fn inputs_arrive_in_time_over_any_path(
            up in 100u64..300_000,
            down in 100u64..300_000,
            jitter in 0u32..60_000,
            seed: u64,
        ) {
            let margins = margins_over(InputPace::EveryTick, up, down, jitter, seed);
            prop_assert!(margins.len() > 2450, "{} inputs in 50 s", margins.len());
            let late = margins.iter().filter(|&&margin| margin < 0).count();
            prop_assert!(late * 50 < margins.len(), "{late} of {} late", margins.len());
            let mean = margins.iter().sum::<i64>() / i64::try_from(margins.len()).unwrap();
            let needed = i64::from(jitter) + 2 * 20_000 + 5_000;
            prop_assert!(mean < needed, "{mean} us early, {needed} needed");
        }

        /// A change a second and a heartbeat are enough to find the same lead.
        #[test]
        fn changes_arrive_in_time_over_any_path(
            up in 100u64..300_000,
            down in 100u64..300_000,
            jitter in 0u32..60_000,
            seed: u64,
        ) {
            let margins = margins_over(InputPace::OnChange, up, down, jitter, seed);
            prop_assert!((100..250).contains(&margins.len()), "{} inputs in 50 s", margins.len());
            let late = margins.iter().filter(|&&margin| margin < 0).count();
            prop_assert!(late * 20 < margins.len(), "{late} of {} late", margins.len());
            let mean = margins.iter().sum::<i64>() / i64::try_from(margins.len()).unwrap();
            let needed = i64::from(jitter) + 2 * 20_000 + 5_000;
            prop_assert!(mean < needed, "{mean} us early, {needed} needed");
        }

        /// Whatever is pressed when, the server that holds what came last has at each tick what was
        /// pressed when its slot opened: the same as if every tick were sent.
        #[test]
        fn what_is_held_is_what_every_tick_would_say(
            presses in prop::collection::vec((0u64..300_000, 0u32..4), 1..40),
            wakes in prop::collection::vec(1u64..30_000, 1..40),
        ) {
            let clock = clock();
            let (mut every, mut change) = (stamper(), stamper_at(InputPace::OnChange));
            let (mut all, mut changes) = (InputFrames::new(), InputFrames::new());
            let mut presses = presses.into_iter();
            let mut press = presses.next();
            let (mut now, mut pressed_at, mut idle) = (2_000_000, 2_000_000, 0);
            while press.is_some() || idle < 100 {
                idle += u64::from(press.is_none());
                if let Some((after, what)) = press && pressed_at + after <= now {
                    pressed_at += after;
                    every.set_controls(pressed(what));
                    change.set_controls(pressed(what));
                    press = presses.next();
                }
                for (stamper, frames) in [(&mut every, &mut all), (&mut change, &mut changes)] {
                    stamper.stamp(Timestamp(now), &clock, ViewTick::default(), frames);
                }
                // One wakes when something is due, and in between for other reasons.
                let due = every.next_due(&clock).unwrap().0;
                let due = due.min(change.next_due(&clock).unwrap().0);
                let other = now + wakes[usize::try_from(now).unwrap() % wakes.len()];
                now = due.min(other).max(now + 1);
            }
            prop_assert!(changes.len() * 2 < all.len());
            let mut held = changes.iter().peekable();
            let mut words = None;
            for frame in &all {
                while held.peek().is_some_and(|change| change.tick <= frame.tick) {
                    words = held.next().map(|change| &change.words);
                }
                prop_assert_eq!(words, Some(&frame.words), "at {}", frame.tick);
            }
        }
    }
}
