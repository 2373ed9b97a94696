//! One decoder for many followers, held against a decoder for each.

use proptest::prelude::*;

use super::*;
use crate::scripted_server::{World, marker_schema};

/// The chunks of a stream whose world changes at every tick but each third, and its joins. Each
/// tenth chunk has a hash.
struct Recording {
    schema: Arc<Schema>,
    chunks: Vec<Vec<u8>>,
    joins: Vec<Vec<u8>>,
}

/// Index n of both vectors is of tick n.
fn recording(ticks: u32) -> Recording {
    recording_of(ticks, 0)
}

/// The same of another world, `aside` to the side.
fn recording_of(ticks: u32, aside: u32) -> Recording {
    let schema = marker_schema();
    let mut world = World::new(Arc::clone(&schema));
    let mut recording = Recording {
        schema,
        chunks: vec![Vec::new()],
        joins: vec![world.join()],
    };
    for tick in 1..=ticks {
        if tick % 3 != 0 {
            world.place(tick % 5, tick + aside, tick * 2);
        }
        recording.chunks.push(world.chunk(1));
        recording.joins.push(world.join());
    }
    recording
}

struct Follower<'a> {
    recording: &'a Recording,
    place: Place,
    tick: usize,
    mismatches: u32,
    differences: u32,
}

impl<'a> Follower<'a> {
    fn join(shared: &mut SharedStream, recording: &'a Recording, tick: usize) -> Self {
        let at = Tick(u32::try_from(tick).unwrap());
        let (place, compared) = shared
            .join(&recording.schema, at, &recording.joins[tick])
            .unwrap();
        Self {
            recording,
            place,
            tick,
            mismatches: 0,
            differences: u32::from(compared == Compared::Differs),
        }
    }

    /// Leaves, and joins anew at the tick that it was to reach.
    fn join_anew(&mut self, shared: &mut SharedStream) {
        shared.leave(&self.place);
        *self = Self::join(shared, self.recording, self.tick);
    }

    fn step(&mut self, shared: &mut SharedStream) -> Result<(), DecodeError> {
        let chunk = self.recording.chunks[self.tick + 1].clone();
        self.step_with(shared, &chunk)
    }

    fn step_with(&mut self, shared: &mut SharedStream, chunk: &[u8]) -> Result<(), DecodeError> {
        self.tick += 1;
        let tick = Tick(u32::try_from(self.tick).unwrap());
        let outcome = shared.apply(&mut self.place, tick, 1, chunk)?;
        self.mismatches += u32::from(outcome.applied == Applied::Mismatch);
        self.differences += u32::from(outcome.compared == Compared::Differs);
        Ok(())
    }

    fn is_right(&self) -> bool {
        let join = &self.recording.joins[self.tick];
        let alone = StreamDecoder::join(Arc::clone(&self.recording.schema), join).unwrap();
        **self.place.frame() == *alone.frame()
    }
}

proptest! {
    /// Followers that join anywhere and advance in any order all see the server's world, and
    /// once they have all been at one tick they share one decoder.
    #[test]
    fn any_order_gives_everyone_the_world(
        joins in prop::collection::vec(0usize..40, 1..6),
        order in prop::collection::vec(0usize..6, 0..200),
    ) {
        let recording = recording(61);
        let mut shared = SharedStream::default();
        let mut followers: Vec<_> =
            joins.iter().map(|&tick| Follower::join(&mut shared, &recording, tick)).collect();
        for pick in order {
            let index = pick % followers.len();
            if followers[index].tick < 60 {
                followers[index].step(&mut shared).unwrap();
                prop_assert!(followers[index].is_right());
            }
        }
        for follower in &mut followers {
            while follower.tick < 60 {
                follower.step(&mut shared).unwrap();
            }
            prop_assert!(follower.is_right());
            prop_assert_eq!((follower.mismatches, follower.differences), (0, 0));
        }
        for follower in &mut followers {
            follower.step(&mut shared).unwrap();
            prop_assert!(follower.place.is_in_step() && follower.is_right());
        }
        prop_assert!(shared.decoders() as usize <= followers.len());
    }

    /// Whatever bytes some followers get, all others see the server's world and lose nothing but
    /// time; and when those are right again, all share one decoder again.
    #[test]
    fn who_gets_other_bytes_disturbs_nobody(
        order in prop::collection::vec(
            (0usize..4, prop::option::weighted(0.1, (any::<prop::sample::Index>(), 0u8..8))),
            0..300,
        ),
    ) {
        let recording = recording(160);
        let mut shared = SharedStream::default();
        let mut followers: Vec<_> =
            (0..4).map(|_| Follower::join(&mut shared, &recording, 0)).collect();
        let mut corrupted = [false; 4];
        for (index, flip) in order {
            let follower = &mut followers[index];
            if follower.tick >= 100 {
                continue;
            }
            let mut chunk = recording.chunks[follower.tick + 1].clone();
            // Followers 2 and 3 always get what was sent.
            let flip = flip.filter(|_| index < 2 && !chunk.is_empty());
            if let Some((place, bit)) = flip {
                let place = place.index(chunk.len());
                chunk[place] ^= 1 << bit;
                corrupted[index] = true;
            }
            let mismatches = follower.mismatches;
            let done = follower.step_with(&mut shared, &chunk);
            if done.is_err() || follower.mismatches > mismatches {
                prop_assert!(corrupted[index]);
                follower.join_anew(&mut shared);
                corrupted[index] = false;
            }
            prop_assert!(corrupted[index] || follower.is_right());
        }
        // Each in turn is the last to reach a tick, and finds the others there.
        for round in 0..160usize {
            for index in 0..4 {
                let follower = &mut followers[(round + index) % 4];
                if follower.tick <= round {
                    let mismatches = follower.mismatches;
                    let done = follower.step(&mut shared);
                    if done.is_err() || follower.mismatches > mismatches {
                        follower.join_anew(&mut shared);
                    }
                }
            }
        }
        prop_assert!(followers.iter().all(Follower::is_right));
        prop_assert!(followers.iter().all(|follower| follower.place.is_in_step()));
    }
}

#[test]
fn one_decodes_for_all() {
    let recording = recording(30);
    let mut shared = SharedStream::default();
    let mut followers: Vec<_> = (0..10)
        .map(|_| Follower::join(&mut shared, &recording, 4))
        .collect();
    for _ in 4..30 {
        for follower in &mut followers {
            follower.step(&mut shared).unwrap();
        }
    }
    assert_eq!(shared.decoders(), 1);
    assert!(followers.iter().all(Follower::is_right));
}

#[test]
fn nobody_takes_what_differs_from_its_own_bytes() {
    let recording = recording(70);
    let mut shared = SharedStream::default();
    let mut first = Follower::join(&mut shared, &recording, 0);
    let mut others: Vec<_> = (0..3)
        .map(|_| Follower::join(&mut shared, &recording, 0))
        .collect();
    let other = recording_of(1, 1);
    first.step_with(&mut shared, &other.chunks[1]).unwrap();
    assert!(!first.is_right());
    for _ in 0..29 {
        for follower in &mut others {
            follower.step(&mut shared).unwrap();
            assert!(follower.is_right());
        }
    }
    assert_eq!(shared.decoders(), 4);
    // The hash of tick 30 finds it out.
    for _ in 1..30 {
        first.step(&mut shared).unwrap();
    }
    assert_eq!((first.mismatches, first.differences), (1, 0));
    first.join_anew(&mut shared);
    for _ in 30..50 {
        first.step(&mut shared).unwrap();
        for follower in &mut others {
            follower.step(&mut shared).unwrap();
            assert!(follower.is_right());
            assert_eq!((follower.mismatches, follower.differences), (0, 1));
        }
    }
    assert!(first.place.is_in_step() && first.is_right());
    assert!(others.iter().all(|follower| follower.place.is_in_step()));
}

#[test]
fn a_join_that_differs_is_on_its_own() {
    let recording = recording(70);
    let other = recording_of(7, 1);
    let mut shared = SharedStream::default();
    let mut first = Follower::join(&mut shared, &recording, 5);
    let (place, compared) = shared
        .join(&recording.schema, Tick(5), &recording.joins[4])
        .unwrap();
    assert_eq!(compared, Compared::Differs);
    assert!(!place.is_in_step());
    // Ahead of all others: compared as soon as they get there.
    let (place, compared) = shared
        .join(&recording.schema, Tick(7), &other.joins[7])
        .unwrap();
    assert_eq!(compared, Compared::Same);
    let mut ahead = Follower {
        recording: &recording,
        place,
        tick: 7,
        mismatches: 0,
        differences: 0,
    };
    for _ in 5..8 {
        first.step(&mut shared).unwrap();
    }
    ahead.step(&mut shared).unwrap();
    assert_eq!((first.differences, ahead.differences), (0, 1));
    while ahead.mismatches == 0 {
        ahead.step(&mut shared).unwrap();
    }
    assert_eq!(ahead.tick, 30);
    assert!(first.is_right() && first.place.is_in_step());
}

#[test]
fn when_all_others_have_left_a_lonely_follower_takes_over() {
    let recording = recording(30);
    let mut shared = SharedStream::default();
    let old = Follower::join(&mut shared, &recording, 0);
    let mut ahead = Follower::join(&mut shared, &recording, 10);
    ahead.step(&mut shared).unwrap();
    assert!(!ahead.place.is_in_step());
    shared.leave(&old.place);
    ahead.step(&mut shared).unwrap();
    assert!(ahead.place.is_in_step() && ahead.is_right());
}

#[test]
fn garbage_for_the_first_is_no_harm_to_the_second() {
    let recording = recording(50);
    let mut shared = SharedStream::default();
    let mut first = Follower::join(&mut shared, &recording, 0);
    let mut second = Follower::join(&mut shared, &recording, 0);
    for _ in 0..40 {
        first.step(&mut shared).unwrap();
        second.step(&mut shared).unwrap();
    }
    assert!(first.step_with(&mut shared, &[0xff; 40]).is_err());
    second.step(&mut shared).unwrap();
    assert!(second.is_right() && second.place.is_in_step());
    first.join_anew(&mut shared);
    assert!(first.is_right() && first.place.is_in_step());
    assert_eq!(second.differences + second.mismatches, 0);
}

#[test]
fn who_is_too_far_behind_must_join_anew() {
    let ticks = u32::try_from(RECORDS_MAX).unwrap() + 10;
    let recording = recording(ticks);
    let mut shared = SharedStream::default();
    let mut slow = Follower::join(&mut shared, &recording, 0);
    let mut fast = Follower::join(&mut shared, &recording, 0);
    for _ in 0..ticks {
        fast.step(&mut shared).unwrap();
    }
    assert_eq!(slow.step(&mut shared).err(), Some(DecodeError::OutOfOrder));
    assert_eq!(shared.records.len(), RECORDS_MAX);
}
