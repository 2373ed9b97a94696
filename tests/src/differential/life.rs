//! What happens in a random world: rows come, move as their class says or otherwise, are seen by all
//! or by one, and go. Recorded as the two streams of one player.

use std::sync::Arc;

use glam::IVec2;
use slotmap::SlotMap;
use syncline_shared::direction::{along, direction};
use syncline_shared::id::{ClassId, EntityId, PlayerId};
use syncline_shared::quantize::fixed_first_step;
use syncline_shared::rng::Rng;
use syncline_shared::schema::{Birth, Field, FieldKind, Layout, LinkKind, Schema};
use syncline_shared::snapshot::{Audience, Frame, SnapshotWriter};
use syncline_shared::stream::StreamEncoder;

use super::schemas::index;

const PLAYER: PlayerId = PlayerId(3);

/// One snapshot tick, as the common and the own stream carry it.
#[derive(Clone, Debug)]
pub struct Moment {
    /// Ticks since the one before.
    pub span: u32,
    /// What changed.
    pub chunks: [Vec<u8>; 2],
    /// The state after it.
    pub joins: [Vec<u8>; 2],
    /// The rows after it.
    pub frames: [Frame; 2],
}

/// How a field goes on when nothing special happens.
#[derive(Clone, Copy, Debug)]
enum Habit {
    /// Stays as it is.
    Rests,
    /// By so many words a tick, in sixteenths.
    Drifts(i64),
    /// As its link says.
    Follows,
}

#[derive(Clone, Debug)]
struct Row {
    words: Vec<u32>,
    /// Where each word really is, in 65536ths.
    places: Vec<i64>,
    habits: Vec<Habit>,
    references: Vec<Option<EntityId>>,
    /// In which of the streams it is.
    seen: [bool; 2],
}

/// A world of one schema, and how lively it is.
struct World {
    schema: Arc<Schema>,
    rows: Vec<SlotMap<EntityId, Row>>,
    rng: Rng,
    /// One in so many rows has something special happen to it at a tick.
    calm: u32,
    rows_max: usize,
}

/// A life of some dozens of ticks; first the state before anything happened.
pub fn record(schema: &Arc<Schema>, rng: &mut Rng) -> Vec<Moment> {
    let mut world = World {
        schema: Arc::clone(schema),
        rows: vec![SlotMap::with_key(); schema.classes().len()],
        calm: [2, 10, 40, 200][index(rng, 4)],
        rows_max: [3, 12, 60][index(rng, 3)],
        rng: Rng::from_seed(rng.next_u64()),
    };
    let mut writer = SnapshotWriter::new(Arc::clone(schema));
    let common = StreamEncoder::new(Arc::clone(schema));
    let own = StreamEncoder::private(Arc::clone(schema));
    let mut encoders = [common, own];
    let mut span = 1 + rng.below(3);
    let mut moments = vec![moment(span, [Vec::new(), Vec::new()], &encoders)];
    // Now and then a long one: what is counted up to 255 gets there.
    let more = if rng.chance(1, 30) { 400 } else { 60 };
    let ticks = 20 + rng.below(more);
    for _ in 0..ticks {
        if rng.chance(1, 25) {
            span = [1, 2, 3, 5, 128, 255][index(rng, 6)];
        }
        world.tick(i64::from(span));
        world.write(&mut writer);
        let [common, own] = &mut encoders;
        let mut chunks = [Vec::new(), Vec::new()];
        common.encode(span, writer.everyone(), None, &mut chunks[0]);
        own.encode(span, writer.player(PLAYER), Some(common), &mut chunks[1]);
        moments.push(moment(span, chunks, &encoders));
    }
    moments
}

fn moment(span: u32, chunks: [Vec<u8>; 2], encoders: &[StreamEncoder; 2]) -> Moment {
    let join = |encoder: &StreamEncoder| {
        let mut bytes = Vec::new();
        encoder.join(&mut bytes);
        bytes
    };
    Moment {
        span,
        chunks,
        joins: encoders.each_ref().map(join),
        frames: encoders.each_ref().map(|encoder| encoder.frame().clone()),
    }
}

/// How many steps from 0 word 0 of a field is; 0 for those that have no steps.
fn first_step(field: &Field) -> i64 {
    match field.kind {
        FieldKind::Fixed { min, step, .. } => fixed_first_step(min, step),
        _ => 0,
    }
}

impl World {
    fn tick(&mut self, span: i64) {
        for class in 0..self.rows.len() {
            if self.rng.chance(1, 3) && self.rows[class].len() < self.rows_max {
                self.spawn(class);
            }
            let ids: Vec<EntityId> = self.rows[class].keys().collect();
            for id in ids {
                self.go_on(class, id, span);
                if self.rng.chance(1, self.calm) {
                    self.surprise(class, id);
                }
            }
        }
    }

    /// A word that a field may have: small ones, large ones, and those near the middle.
    fn any_word(&mut self, max: u32) -> u32 {
        let rng = &mut self.rng;
        let word = match rng.below(4) {
            0 => rng.below(4),
            1 => max.saturating_sub(rng.below(4)),
            2 => (max / 2).saturating_add(rng.below(40)).saturating_sub(20),
            _ => rng.next_u32() >> rng.below(32),
        };
        word.min(max)
    }

    fn any_words(&mut self, layout: &Layout) -> Vec<u32> {
        let max = layout.word_max();
        max.iter().map(|&max| self.any_word(max)).collect()
    }

    fn any_references(&mut self, layout: &Layout) -> Vec<Option<EntityId>> {
        let mut references = Vec::new();
        for (_, class) in layout.references() {
            let rows = &self.rows[usize::from(class.0)];
            let pick = index(&mut self.rng, rows.len() + 1);
            references.push(rows.keys().nth(pick));
        }
        references
    }

    fn spawn(&mut self, class: usize) {
        let schema = Arc::clone(&self.schema);
        let (layout, data) = (&schema.classes()[class], &schema.data().classes[class]);
        let mut words = self.any_words(layout);
        let mut references = self.any_references(layout);
        let seen = [[true, false], [false, true], [true, true], [true, false]];
        let mut seen = seen[index(&mut self.rng, 4)];
        let parent = data
            .fields
            .iter()
            .position(|field| field.birth == Some(Birth::Parent));
        if let Some(place) = parent {
            let word = layout.field_words()[place].start;
            let reference = layout.references().iter().position(|&(at, _)| at == word);
            let (_, target) = layout.references()[reference.expect("a parent is referred to")];
            let parents = &self.rows[usize::from(target.0)];
            let pick = index(&mut self.rng, parents.len().max(1));
            if let Some((id, row)) = parents.iter().nth(pick)
                && !self.rng.chance(1, 8)
            {
                references[reference.unwrap_or(0)] = Some(id);
                seen = row.seen;
                inherit(&schema, class, target, row, &mut words);
            }
        }
        let mut habits = Vec::new();
        for field in &data.fields {
            habits.push(match self.rng.below(4) {
                _ if field.link.is_some() => Habit::Follows,
                0 => Habit::Drifts(i64::from(self.rng.range(-80, 80))),
                1 if field.kind == FieldKind::Counter => Habit::Drifts(16),
                _ => Habit::Rests,
            });
        }
        let places = words.iter().map(|&word| i64::from(word) << 16).collect();
        self.rows[class].insert(Row {
            words,
            places,
            habits,
            references,
            seen,
        });
    }

    /// Everything moves as it is wont to.
    fn go_on(&mut self, class: usize, id: EntityId, span: i64) {
        let (layout, data) = (
            &self.schema.classes()[class],
            &self.schema.data().classes[class],
        );
        let row = &mut self.rows[class][id];
        for (number, field) in data.fields.iter().enumerate() {
            let words = layout.field_words()[number].clone();
            let kind = field.link.map(|link| link.kind);
            for (lane, at) in words.enumerate() {
                let max = i64::from(layout.word_max()[at]);
                match (row.habits[number], kind) {
                    (Habit::Drifts(by), _) => row.places[at] += (by << 12) * span,
                    (
                        Habit::Follows,
                        Some(LinkKind::Follows { num, den } | LinkKind::Exact { num, den }),
                    ) => {
                        let link = field.link.expect("it has a kind");
                        let other = usize::from(link.source);
                        let source = layout.field_words()[other].start + lane;
                        let speed = i64::from(row.words[source]) + first_step(&data.fields[other]);
                        let by = (i128::from(speed * span) << 16) * i128::from(num);
                        let by = i64::try_from(by / i128::from(den)).unwrap_or(0);
                        row.places[at] = row.places[at].saturating_add(by);
                    }
                    (Habit::Follows, Some(LinkKind::Heading)) => {
                        row.places[at] = i64::from(heading(layout, &data.fields, field, row)) << 16;
                    }
                    _ => {}
                }
                row.places[at] = match field.kind {
                    FieldKind::Angle(_) | FieldKind::Counter => {
                        row.places[at].rem_euclid((max + 1) << 16)
                    }
                    _ => row.places[at].clamp(0, max << 16),
                };
                let word = (row.places[at] + (1 << 15)) >> 16;
                row.words[at] = u32::try_from(word.min(max)).unwrap_or(0);
            }
        }
    }

    /// Something that nobody could have expected.
    fn surprise(&mut self, class: usize, id: EntityId) {
        let schema = Arc::clone(&self.schema);
        let (layout, data) = (&schema.classes()[class], &schema.data().classes[class]);
        let what = self.rng.below(11);
        match what {
            0 => {
                self.rows[class].remove(id);
            }
            // The slot changes hands within a tick.
            1 => {
                self.rows[class].remove(id);
                self.spawn(class);
            }
            2 => {
                let references = self.any_references(layout);
                self.rows[class][id].references = references;
            }
            3 => {
                let stream = index(&mut self.rng, 2);
                let seen = &mut self.rows[class][id].seen[stream];
                *seen = !*seen;
            }
            _ if layout.words() == 0 => {}
            4 => {
                let words = self.any_words(layout);
                let row = &mut self.rows[class][id];
                row.places = words.iter().map(|&word| i64::from(word) << 16).collect();
                row.words = words;
            }
            5 => {
                let number = index(&mut self.rng, data.fields.len());
                let by = i64::from(self.rng.range(-200, 200));
                if data.fields[number].link.is_none() {
                    self.rows[class][id].habits[number] = Habit::Drifts(by);
                }
            }
            // It comes to rest, where that is 0.
            6 | 7 => {
                let number = index(&mut self.rng, data.fields.len());
                let zero = (-first_step(&data.fields[number])).max(0);
                let row = &mut self.rows[class][id];
                row.habits[number] = Habit::Rests;
                for at in layout.field_words()[number].clone() {
                    let zero = zero.min(i64::from(layout.word_max()[at]));
                    row.places[at] = zero << 16;
                    row.words[at] = u32::try_from(zero).unwrap_or(0);
                }
            }
            _ => {
                let at = index(&mut self.rng, layout.words());
                let word = self.any_word(layout.word_max()[at]);
                let near = self.rng.chance(1, 2);
                let by = i64::from(self.rng.range(-9, 9));
                let row = &mut self.rows[class][id];
                row.places[at] = if near {
                    row.places[at] + (by << 16)
                } else {
                    i64::from(word) << 16
                };
                row.places[at] = row.places[at].clamp(0, i64::from(layout.word_max()[at]) << 16);
                row.words[at] = u32::try_from(row.places[at] >> 16).unwrap_or(0);
            }
        }
    }

    /// What the game writes at this tick.
    fn write(&mut self, writer: &mut SnapshotWriter) {
        writer.clear();
        let audiences = [Audience::Everyone, Audience::Player(PLAYER)];
        for (class, rows) in (0..).map(ClassId).zip(&self.rows) {
            for (id, row) in rows {
                for (audience, _) in audiences
                    .into_iter()
                    .zip(row.seen)
                    .filter(|&(_, seen)| seen)
                {
                    writer.put_words(class, id, audience, &row.words, &row.references);
                }
            }
        }
        let schema = Arc::clone(&self.schema);
        for (class, layout) in (0u8..).zip(schema.events()) {
            while self.rng.chance(1, 6) {
                let words = self.any_words(layout);
                let references = self.any_references(layout);
                let audience = audiences[index(&mut self.rng, 2)];
                writer.event_words(class, audience, &words, &references);
            }
        }
    }
}

/// The direction of what an angle points along.
fn heading(layout: &Layout, fields: &[Field], field: &Field, row: &Row) -> u32 {
    let (FieldKind::Angle(bits), Some(link)) = (field.kind, field.link) else {
        return 0;
    };
    let source = usize::from(link.source);
    let first = layout.field_words()[source].start;
    let part = |lane: usize| {
        let steps = i64::from(row.words[first + lane]) + first_step(&fields[source]);
        i32::try_from(steps).unwrap_or(0)
    };
    direction(IVec2::new(part(0), part(1)), bits)
}

/// The first words of a row follow from its parent's, mostly.
fn inherit(schema: &Schema, class: usize, target: ClassId, parent: &Row, words: &mut [u32]) {
    let (layout, data) = (&schema.classes()[class], &schema.data().classes[class]);
    let above = &schema.classes()[usize::from(target.0)];
    for (number, field) in data.fields.iter().enumerate() {
        let own = layout.field_words()[number].clone();
        match field.birth {
            Some(Birth::Copies(other)) => {
                let from = above.field_words()[usize::from(other)].clone();
                words[own].copy_from_slice(&parent.words[from]);
            }
            Some(Birth::Along(other)) => {
                let other = usize::from(other);
                let kind = schema.data().classes[usize::from(target.0)].fields[other].kind;
                let FieldKind::Angle(bits) = kind else {
                    continue;
                };
                let aim = parent.words[above.field_words()[other].start];
                let speed = along(aim, bits, 120);
                for (part, at) in [speed.x, speed.y].into_iter().zip(own) {
                    let word = i64::from(part) - first_step(field);
                    let max = i64::from(layout.word_max()[at]);
                    words[at] = u32::try_from(word.clamp(0, max)).unwrap_or(0);
                }
            }
            Some(Birth::Parent) | None => {}
        }
    }
}
