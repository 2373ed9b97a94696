//! A short match of arena as its clients get it: the vectors in `tests/golden/arena.json`.
//!
//! `SYNCLINE_BLESS=1 cargo test -p syncline-games --test games golden` writes them anew.

use std::fmt::Write as _;
use std::sync::Arc;

use serde_json::{Value, json};
use syncline_games::Arena;
use syncline_games::arena::ArenaConfig;
use syncline_shared::game::Game;
use syncline_shared::id::PlayerId;
use syncline_shared::schema::Schema;
use syncline_shared::snapshot::Frame;
use syncline_shared::stream::{Applied, StreamDecoder, StreamEncoder};

use crate::determinism::arena_journal;
use crate::driver::Driver;

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/golden/arena.json");

const ABOUT: &str = "A match of arena, as the vectors of `stream` tell it: the common stream, and the \
                     own one of the player in seat 0. `join` and `classes` are told now and then.";

const PLAYERS: u16 = 5;
const TICKS: u32 = 240;

/// Each so many ticks rows and a join are told.
const TOLD_TICKS: u32 = 12;

/// One stream on its way from one end to the other.
struct Told {
    encoder: StreamEncoder,
    decoder: Option<StreamDecoder>,
    ticks: Vec<Value>,
}

impl Told {
    fn new(encoder: StreamEncoder) -> Self {
        Self {
            encoder,
            decoder: None,
            ticks: Vec::new(),
        }
    }

    /// Tells of a tick whose chunk is already encoded.
    fn tell(&mut self, schema: &Arc<Schema>, tick: u32, chunk: &[u8]) {
        let frame = self.encoder.frame();
        let mut value = json!({ "chunk": hex(chunk), "hash": frame.hash().value() });
        let mut join = Vec::new();
        self.encoder.join(&mut join);
        if tick % TOLD_TICKS == 1 {
            value["join"] = json!(hex(&join));
            value["classes"] = classes(frame);
        }
        let mut events = Vec::new();
        let applied = self.decoder.as_mut().map(|decoder| {
            decoder
                .apply(1, chunk, &mut events)
                .expect("a chunk decodes")
        });
        let decoder = self.decoder.get_or_insert_with(|| {
            StreamDecoder::join(Arc::clone(schema), &join).expect("a join decodes")
        });
        assert_eq!(decoder.frame(), frame);
        let event = |event: &syncline_shared::snapshot::Event| json!({ "class": event.class, "words": event.words });
        value["events"] = events.iter().map(event).collect();
        value["verified"] = json!(applied == Some(Applied::Verified));
        self.ticks.push(value);
    }
}

fn classes(frame: &Frame) -> Value {
    let classes = frame.classes().iter().map(|rows| {
        let row = |(slot, words): (syncline_shared::id::Slot, &[u32])| json!({ "slot": slot.0, "words": words });
        rows.iter().map(row).collect::<Vec<_>>()
    });
    json!(classes.collect::<Vec<_>>())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").expect("a string takes all");
        text
    })
}

fn told() -> String {
    let schema = Arc::new(Arena::schema());
    let mut driver = Driver::<Arena>::new(ArenaConfig::default(), 1, 0);
    let mut common = Told::new(StreamEncoder::new(Arc::clone(&schema)));
    let mut own = Told::new(StreamEncoder::private(Arc::clone(&schema)));
    for record in arena_journal(1, PLAYERS, TICKS) {
        driver.apply(&record);
        let tick = driver.tick().0;
        let world = driver.snapshot();
        let mut chunk = Vec::new();
        common.encoder.encode(1, world.everyone(), None, &mut chunk);
        common.tell(&schema, tick, &chunk);
        chunk.clear();
        let mine = world.player(PlayerId(0));
        own.encoder
            .encode(1, mine, Some(&common.encoder), &mut chunk);
        own.tell(&schema, tick, &chunk);
    }
    let lines = [("common", common), ("own", own)].map(|(name, told)| {
        let schema = hex(schema.encoded());
        format!(
            "    {}",
            json!({ "name": name, "schema": schema, "ticks": told.ticks })
        )
    });
    let about = json!(ABOUT);
    format!(
        "{{\n  \"about\": {about},\n  \"vectors\": [\n{}\n  ]\n}}\n",
        lines.join(",\n")
    )
}

#[test]
fn golden_match_is_told_alike() {
    let told = told();
    if std::env::var_os("SYNCLINE_BLESS").is_some() {
        std::fs::write(FILE, &told).unwrap();
    }
    let kept = std::fs::read_to_string(FILE).unwrap();
    let parsed = |text: &str| serde_json::from_str::<Value>(text).unwrap();
    assert!(parsed(&kept) == parsed(&told), "{FILE} is another match");
}
