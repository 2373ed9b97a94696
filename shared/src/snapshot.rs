//! A world at one tick: as a game writes it ([`SnapshotWriter`]), and as a stream's ends hold it
//! ([`Frame`]).
//!
//! A game copies out what clients may see, row by row, each with its audience. The streams turn
//! that into slots. Knows nothing of how a frame is coded.
//!
//! - `frame`: a stream's world at one tick, by slot

mod frame;

use std::sync::Arc;

use crate::id::{ClassId, EntityId, PlayerId};
use crate::replicated::{Replicated, RowReader, RowWriter};
use crate::schema::{Layout, Schema};

pub use frame::{Frame, Rows};

/// Who sees a row or hears of an event. Each audience is a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Audience {
    /// All members of the room.
    Everyone,
    /// One player.
    Player(PlayerId),
}

/// Rows and events of one audience at one tick, by the game's own ids.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Contents {
    rows: Vec<RowHeader>,
    events: Vec<EventHeader>,
    words: Vec<u32>,
    references: Vec<EntityId>,
}

/// Where one entity's row lies.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RowHeader {
    /// Its class.
    pub class: ClassId,
    /// Which entity of the class.
    pub entity: EntityId,
    start: usize,
}

/// Where one event's words lie.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct EventHeader {
    /// Its class, an index into the schema's event classes.
    pub class: u8,
    start: usize,
}

impl Contents {
    /// Contents without rows or events.
    pub const EMPTY: Self = Self {
        rows: Vec::new(),
        events: Vec::new(),
        words: Vec::new(),
        references: Vec::new(),
    };

    /// The rows, in the order in which the game wrote them.
    pub fn rows(&self) -> &[RowHeader] {
        &self.rows
    }

    /// The events, in the order in which they happened.
    pub fn events(&self) -> &[EventHeader] {
        &self.events
    }

    /// The `count` words of a row.
    pub fn row_words(&self, row: RowHeader, count: usize) -> &[u32] {
        &self.words[row.start..row.start + count]
    }

    /// The `count` words of an event.
    pub fn event_words(&self, event: EventHeader, count: usize) -> &[u32] {
        &self.words[event.start..event.start + count]
    }

    /// The entity that a reference word stands for.
    pub fn reference(&self, word: u32) -> Option<EntityId> {
        let place = usize::try_from(word).ok()?.checked_sub(1)?;
        self.references.get(place).copied()
    }

    fn clear(&mut self) {
        self.rows.clear();
        self.events.clear();
        self.words.clear();
        self.references.clear();
    }

    /// Appends bare words for `layout`; those of entity fields are `references`, in order.
    fn append_words(
        &mut self,
        layout: &Layout,
        words: &[u32],
        references: &[Option<EntityId>],
    ) -> usize {
        let start = self.words.len();
        let padded = words.iter().copied().chain(core::iter::repeat(0));
        self.words.extend(padded.take(layout.words()));
        let entities = references.iter().copied().chain(core::iter::repeat(None));
        for (&(index, _), entity) in layout.references().iter().zip(entities) {
            self.words[start + index] = entity.map_or(0, |entity| {
                self.references.push(entity);
                u32::try_from(self.references.len()).unwrap_or(0)
            });
        }
        start
    }

    fn append<T: Replicated>(&mut self, value: &T) -> usize {
        let start = self.words.len();
        value.write(&mut RowWriter::new(&mut self.words, &mut self.references));
        start
    }
}

/// Collects the rows and events of a tick by audience. Reused from tick to tick.
#[derive(Clone, Debug, PartialEq)]
pub struct SnapshotWriter {
    schema: Arc<Schema>,
    everyone: Contents,
    /// By player; those that wrote nothing this time are kept empty, for their buffers.
    players: Vec<(PlayerId, Contents)>,
}

impl SnapshotWriter {
    /// A writer of rows of `schema`.
    pub fn new(schema: Arc<Schema>) -> Self {
        Self {
            schema,
            everyone: Contents::EMPTY,
            players: Vec::new(),
        }
    }

    /// Forgets all rows and events, but keeps the buffers.
    pub fn clear(&mut self) {
        self.everyone.clear();
        for (_, contents) in &mut self.players {
            contents.clear();
        }
    }

    /// Writes the row of `entity` for `audience`. Of two rows of one entity the later counts.
    ///
    /// # Panics
    ///
    /// If the schema has no class for `T`: a defect of the game.
    pub fn put<T: Replicated>(&mut self, entity: EntityId, audience: Audience, row: &T) {
        let class = self
            .schema
            .class_of::<T>()
            .expect("a row's type is a class of the schema");
        let count = self.schema.classes()[usize::from(class.0)].words();
        let contents = self.contents_mut(audience);
        let start = contents.append(row);
        debug_assert_eq!(
            contents.words.len() - start,
            count,
            "a row is its class's words"
        );
        contents.rows.push(RowHeader {
            class,
            entity,
            start,
        });
    }

    /// Writes a row from bare words, for tools that have a schema but not the game's types.
    ///
    /// Words that are missing are 0, those beyond the class are left out, and the stream lowers
    /// those that are too high. The words of entity fields are not read: what these refer to is in
    /// `references`, in the order of the words, and missing ones refer to nothing.
    ///
    /// # Panics
    ///
    /// If the schema has no such class: a defect of the tool.
    pub fn put_words(
        &mut self,
        class: ClassId,
        entity: EntityId,
        audience: Audience,
        words: &[u32],
        references: &[Option<EntityId>],
    ) {
        let schema = Arc::clone(&self.schema);
        let layout = schema
            .classes()
            .get(usize::from(class.0))
            .expect("a row's class is one of the schema");
        let contents = self.contents_mut(audience);
        let start = contents.append_words(layout, words, references);
        contents.rows.push(RowHeader {
            class,
            entity,
            start,
        });
    }

    /// Tells `audience` of an event from bare words, as [`Self::put_words`] writes a row.
    ///
    /// # Panics
    ///
    /// If the schema has no such event class: a defect of the tool.
    pub fn event_words(
        &mut self,
        class: u8,
        audience: Audience,
        words: &[u32],
        references: &[Option<EntityId>],
    ) {
        let schema = Arc::clone(&self.schema);
        let layout = schema
            .events()
            .get(usize::from(class))
            .expect("an event's class is one of the schema");
        let contents = self.contents_mut(audience);
        let start = contents.append_words(layout, words, references);
        contents.events.push(EventHeader { class, start });
    }

    /// Tells `audience` of an event.
    pub fn event<T: Replicated>(&mut self, audience: Audience, event: &T) {
        let class = u8::try_from(event.class()).expect("a schema has at most 64 event classes");
        let contents = self.contents_mut(audience);
        let start = contents.append(event);
        contents.events.push(EventHeader { class, start });
    }

    /// What everybody sees.
    pub fn everyone(&self) -> &Contents {
        &self.everyone
    }

    /// What `player` alone sees.
    pub fn player(&self, player: PlayerId) -> &Contents {
        match self
            .players
            .binary_search_by_key(&player, |&(known, _)| known)
        {
            Ok(place) => &self.players[place].1,
            Err(_) => const { &Contents::EMPTY },
        }
    }

    fn contents_mut(&mut self, audience: Audience) -> &mut Contents {
        match audience {
            Audience::Everyone => &mut self.everyone,
            Audience::Player(player) => {
                let found = self
                    .players
                    .binary_search_by_key(&player, |&(known, _)| known);
                let place = found.unwrap_or_else(|place| {
                    self.players.insert(place, (player, Contents::EMPTY));
                    place
                });
                &mut self.players[place].1
            }
        }
    }
}

/// An event as a client reads it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Its class, an index into the schema's event classes.
    pub class: u8,
    /// Its words.
    pub words: Vec<u32>,
}

impl Event {
    /// The event as the game's type.
    pub fn read<T: Replicated>(&self) -> Option<T> {
        T::read(usize::from(self.class), &mut RowReader::new(&self.words))
    }
}
