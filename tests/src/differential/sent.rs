//! What a client says, written by the peer and read here; and frames, the other way round.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use syncline_shared::codec;
use syncline_shared::command::CommandMessage;
use syncline_shared::id::{PlayerId, RoomCode, RoomId, StreamSlot, TeamId};
use syncline_shared::input::{InputBatch, InputFrame, InputFrames, InputStatus, InputWords};
use syncline_shared::message::PROTOCOL_VERSION;
use syncline_shared::message::chat::ChatTo;
use syncline_shared::message::control::{ClientControl, CreateOptions, Hello, Role, RoomSelector};
use syncline_shared::message::frame::{FrameSection, OwnPart, StreamEntry};
use syncline_shared::message::lobby::{Lobby, RoomRequest};
use syncline_shared::quantize::{quantize_angle, quantize_fixed, restore_angle, restore_fixed};
use syncline_shared::rng::Rng;
use syncline_shared::schema::{FieldKind, Schema};
use syncline_shared::tick::{Tick, ViewTick};

use super::peer::{Peer, accepted, answered, bytes, damage, hex, same};
use super::schemas::index;

/// What a game with the commands of [`super::schemas`] takes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum AnyCommand {
    Nothing,
    Numbers {
        flag: bool,
        small: u8,
        middle: u16,
        large: u32,
        signed: i32,
        real: f32,
    },
    Words {
        text: String,
        bytes: Vec<u8>,
    },
}

/// Inputs, rows and commands of a schema.
pub(super) fn check(schema: &Schema, rng: &mut Rng, peer: &mut dyn Peer) -> Result<(), String> {
    for _ in 0..3 {
        inputs(schema, rng, peer)?;
        row(schema, rng, peer)?;
        command(rng, peer)?;
    }
    Ok(())
}

/// What needs no schema.
pub(super) fn check_messages(rng: &mut Rng, peer: &mut dyn Peer) -> Result<(), String> {
    for _ in 0..3 {
        control(rng, peer)?;
        frame(rng, peer)?;
    }
    Ok(())
}

/// A number of any size.
fn any_u32(rng: &mut Rng) -> u32 {
    rng.next_u32() >> rng.below(32)
}

fn any_u16(rng: &mut Rng) -> u16 {
    u16::try_from(any_u32(rng) >> 16).unwrap_or(0)
}

fn any_u8(rng: &mut Rng) -> u8 {
    u8::try_from(rng.below(256)).unwrap_or(0)
}

fn any_bytes(rng: &mut Rng, below: u32) -> Vec<u8> {
    (0..rng.below(below)).map(|_| any_u8(rng)).collect()
}

fn any_text(rng: &mut Rng) -> String {
    let letters = ['a', 'Z', '0', ' ', '_', 'é', 'ß', '漢', '🚀', '\n', '"'];
    (0..rng.below(12))
        .map(|_| letters[index(rng, letters.len())])
        .collect()
}

fn any_words(rng: &mut Rng, max: &[u32]) -> Vec<u32> {
    max.iter().map(|&max| any_u32(rng).min(max)).collect()
}

fn inputs(schema: &Schema, rng: &mut Rng, peer: &mut dyn Peer) -> Result<(), String> {
    let layout = schema.input();
    let first = any_u32(rng) >> 1;
    let count = if rng.chance(1, 3) {
        rng.below(33)
    } else {
        rng.below(3)
    };
    let (mut frames, mut told) = (InputFrames::new(), Vec::new());
    for tick in (first..).take(usize::try_from(count).unwrap_or(0)) {
        let words = any_words(rng, layout.word_max());
        let lag = rng.below(1 + 8 * tick.min(2000));
        told.push(json!({ "tick": tick, "viewLag": lag, "words": words }));
        frames.push(InputFrame {
            tick: Tick(tick),
            view: ViewTick::before(Tick(tick), u64::from(lag)),
            words: InputWords::clamped(&words, layout),
        });
    }
    let batch = InputBatch {
        incarnation: any_u32(rng),
        received: any_u32(rng),
        held: rng.chance(1, 2) && !frames.is_empty(),
        frames,
    };
    let (incarnation, received) = (batch.incarnation, batch.received);
    let told = json!({ "incarnation": incarnation, "received": received, "frames": told, "held": batch.held });
    let question = json!({ "inputs": told });
    let written = bytes(&answered(peer, &question)?)?;
    match InputBatch::decode(layout, &written) {
        Ok(read) if read == batch => Ok(()),
        read => Err(format!(
            "{question} was written as {}: {read:?}",
            hex(&written)
        )),
    }
}

/// A row read into an object and written again has the words that it has here.
fn row(schema: &Schema, rng: &mut Rng, peer: &mut dyn Peer) -> Result<(), String> {
    let place = index(rng, schema.classes().len());
    let (layout, data) = (&schema.classes()[place], &schema.data().classes[place]);
    let words = any_words(rng, layout.word_max());
    let question = json!({ "row": words, "class": place });
    let answer = answered(peer, &question)?;
    for (field, places) in data.fields.iter().zip(layout.field_words()) {
        for at in places.clone() {
            let max = layout.word_max()[at];
            let ours = match field.kind {
                FieldKind::Fixed { min, step, .. } => {
                    quantize_fixed(restore_fixed(words[at], min, step), min, step, max)
                }
                FieldKind::Angle(bits) => quantize_angle(restore_angle(words[at], bits), bits),
                // Rounded by square roots, which differ in their last bits.
                FieldKind::Quaternion(_) => continue,
                _ => words[at],
            };
            let what = format!("word {at} of {question}");
            same(&what, &ours.into(), &answer["words"][at])?;
        }
    }
    Ok(())
}

fn command(rng: &mut Rng, peer: &mut dyn Peer) -> Result<(), String> {
    let (name, command) = match rng.below(3) {
        0 => ("Nothing", AnyCommand::Nothing),
        1 => {
            let numbers = AnyCommand::Numbers {
                flag: rng.chance(1, 2),
                small: any_u8(rng),
                middle: u16::try_from(any_u32(rng) >> 16).unwrap_or(0),
                large: any_u32(rng),
                signed: any_u32(rng).cast_signed(),
                real: rng.unit() * 1000.0 - 500.0,
            };
            ("Numbers", numbers)
        }
        _ => {
            let text = any_text(rng);
            let bytes = any_bytes(rng, 150);
            ("Words", AnyCommand::Words { text, bytes })
        }
    };
    let values = match serde_json::to_value(&command) {
        Ok(Value::Object(variants)) => variants.get(name).cloned().unwrap_or_default(),
        _ => json!({}),
    };
    let (incarnation, sequence) = (any_u32(rng), any_u32(rng));
    let told =
        json!({ "name": name, "values": values, "incarnation": incarnation, "sequence": sequence });
    let question = json!({ "command": told });
    let written = bytes(&answered(peer, &question)?)?;
    let read = CommandMessage::decode(&written).map_err(|error| format!("{question}: {error}"))?;
    let payload = codec::decode::<AnyCommand>(&read.payload);
    if payload == Ok(command) && (read.incarnation, read.sequence) == (incarnation, sequence) {
        return Ok(());
    }
    Err(format!("{question} was written as {read:?}: {payload:?}"))
}

fn control(rng: &mut Rng, peer: &mut dyn Peer) -> Result<(), String> {
    let (told, ours) = match rng.below(8) {
        0 => {
            let nonce = any_u32(rng);
            (json!({ "ping": nonce }), ClientControl::Ping { nonce })
        }
        1 => (json!({ "rematch": true }), ClientControl::Rematch),
        2 => (json!({ "leave": true }), ClientControl::Leave),
        3 => {
            let (incarnation, stream, tick) = (any_u32(rng), any_u8(rng), any_u32(rng));
            let resync = ClientControl::Resync {
                incarnation,
                stream: StreamSlot(stream),
                tick: Tick(tick),
            };
            (json!({ "resync": [incarnation, stream, tick] }), resync)
        }
        4 => {
            let player = rng
                .chance(1, 2)
                .then(|| u16::try_from(any_u32(rng) >> 16).unwrap_or(0));
            let text = any_text(rng);
            let told = json!({ "chat": { "to": player, "text": text } });
            let to = player.map_or(ChatTo::Room, |player| ChatTo::Player(PlayerId(player)));
            if rng.chance(1, 3) {
                let told = json!({ "chat": { "to": "team", "text": text } });
                let to = ChatTo::Team;
                (told, ClientControl::Chat { to, text })
            } else {
                (told, ClientControl::Chat { to, text })
            }
        }
        5 => room_request(rng),
        _ => hello(rng),
    };
    let question = json!({ "control": told });
    let written = bytes(&answered(peer, &question)?)?;
    match ClientControl::decode(&written) {
        Ok(read) if read == ours => Ok(()),
        read => Err(format!(
            "{question} was written as {}: {read:?}",
            hex(&written)
        )),
    }
}

fn any_pairs(rng: &mut Rng) -> Vec<(String, String)> {
    (0..rng.below(4))
        .map(|_| (any_text(rng), any_text(rng)))
        .collect()
}

fn any_lobby(rng: &mut Rng) -> Lobby {
    if rng.chance(1, 2) {
        return Lobby::Automatic;
    }
    let countdown = rng.chance(1, 2).then(|| any_u8(rng));
    Lobby::WhenReady { countdown }
}

fn room_request(rng: &mut Rng) -> (Value, ClientControl) {
    let (told, request) = match rng.below(5) {
        0 => {
            let ready = rng.chance(1, 2);
            (json!({ "ready": ready }), RoomRequest::Ready(ready))
        }
        1 => (json!({ "start": true }), RoomRequest::Start),
        2 => {
            let team = any_u8(rng);
            (json!({ "team": team }), RoomRequest::Team(TeamId(team)))
        }
        3 => {
            let pairs = any_pairs(rng);
            (
                json!({ "properties": pairs }),
                RoomRequest::Properties(pairs),
            )
        }
        _ => {
            let (player, reason) = (any_u16(rng), any_text(rng));
            let told = json!({ "kick": player, "reason": reason });
            let player = PlayerId(player);
            (told, RoomRequest::Kick { player, reason })
        }
    };
    (json!({ "room": told }), ClientControl::Room(request))
}

fn selector(rng: &mut Rng) -> (Value, RoomSelector) {
    let options = CreateOptions {
        private: rng.chance(1, 2),
        players_max: rng
            .chance(1, 2)
            .then(|| u16::try_from(any_u32(rng) >> 16).unwrap_or(0)),
        loud: rng.chance(1, 2),
        spectator_delay: u8::try_from(rng.below(256)).unwrap_or(0),
        labels: any_pairs(rng),
        rules: any_pairs(rng),
        lobby: any_lobby(rng),
    };
    match rng.below(4) {
        0 => {
            let query = any_text(rng);
            let told = json!({ "kind": "quick", "query": query });
            (told, RoomSelector::QuickPlay { query })
        }
        1 => {
            let id = any_u32(rng);
            (
                json!({ "kind": "id", "id": id }),
                RoomSelector::Id(RoomId(id)),
            )
        }
        2 => {
            let code = RoomCode::from_entropy(rng.next_u64());
            (
                json!({ "kind": "code", "code": code.to_string() }),
                RoomSelector::Code(code),
            )
        }
        _ => {
            let (private, players, loud) = (options.private, options.players_max, options.loud);
            let delay = options.spectator_delay;
            let (when_ready, countdown) = match options.lobby {
                Lobby::Automatic => (false, None),
                Lobby::WhenReady { countdown } => (true, countdown),
            };
            let told = json!({
                "kind": "create", "private": private, "playersMax": players, "loud": loud,
                "spectatorDelay": delay, "labels": options.labels, "rules": options.rules,
                "whenReady": when_ready, "countdown": countdown,
            });
            (told, RoomSelector::Create(options))
        }
    }
}

fn hello(rng: &mut Rng) -> (Value, ClientControl) {
    let (room, selector) = selector(rng);
    let spectates = rng.chance(1, 2);
    let hello = Hello {
        protocol: PROTOCOL_VERSION,
        game: rng.chance(1, 2).then(|| any_text(rng)),
        fingerprint: rng.chance(1, 2).then(|| rng.next_u64() >> rng.below(64)),
        room: selector,
        resume: rng.chance(1, 2).then(|| any_bytes(rng, 128)),
        name: any_text(rng),
        properties: any_pairs(rng),
        role: if spectates {
            Role::Spectator
        } else {
            Role::Player
        },
        company: rng.chance(1, 2),
        password: rng.chance(1, 2).then(|| any_text(rng)),
        join_key: rng
            .chance(1, 2)
            .then(|| core::array::from_fn(|_| u8::try_from(rng.below(256)).unwrap_or(0))),
    };
    let told = json!({
        "game": hello.game,
        "fingerprint": hello.fingerprint.map(|number| number.to_string()),
        "room": room,
        "resume": hello.resume.as_deref().map(hex),
        "name": hello.name,
        "properties": hello.properties,
        "role": if spectates { "spectator" } else { "player" },
        "company": hello.company,
        "password": hello.password,
        "joinKey": hello.join_key.as_ref().map(|key| hex(key)),
    });
    (
        json!({ "hello": told }),
        ClientControl::Hello(Box::new(hello)),
    )
}

/// A frame written here, as the peer reads it; and the same with damage, which both refuse or not.
fn frame(rng: &mut Rng, peer: &mut dyn Peer) -> Result<(), String> {
    let blobs: Vec<Vec<u8>> = (0..rng.below(5)).map(|_| any_bytes(rng, 300)).collect();
    let mut written = Vec::new();
    any_frame(rng, &blobs).encode(&mut written);
    let damaged = rng.chance(1, 2);
    if damaged {
        damage(&mut written, rng);
    }
    let question = json!({ "frame": hex(&written) });
    let theirs = peer.ask(&question)?;
    match (FrameSection::decode(&written), accepted(&theirs)?) {
        (Ok(frame), true) => same(&question.to_string(), &told(&frame), &theirs),
        (Err(_), false) if damaged => Ok(()),
        (ours, _) => Err(format!("{question}: {:?}, but {theirs}", ours.err())),
    }
}

fn any_frame<'a>(rng: &mut Rng, blobs: &'a [Vec<u8>]) -> FrameSection<'a> {
    let (mut streams, mut slot) = (Vec::new(), 0u32);
    for bytes in blobs {
        slot += rng.below(60) + u32::from(!streams.is_empty());
        let count = 1 + rng.below(1024);
        let entry = match rng.below(4) {
            0 => StreamEntry::Chunk(bytes),
            1 => StreamEntry::Join(bytes),
            2 => StreamEntry::JoinPart {
                index: rng.below(count),
                count,
                bytes,
            },
            _ => StreamEntry::Gone,
        };
        streams.push((StreamSlot(u8::try_from(slot).unwrap_or(u8::MAX)), entry));
    }
    let statuses = if rng.chance(1, 3) { 0 } else { rng.below(129) };
    FrameSection {
        tick: Tick(any_u32(rng)),
        span: 1 + rng.below(128),
        own: OwnPart {
            statuses: (0..statuses)
                .map(|_| InputStatus::from_code(any_u8(rng) & 3))
                .collect(),
            repeated: rng.chance(1, 2),
            margin_ms: rng.chance(1, 2).then(|| any_u32(rng).cast_signed()),
        },
        streams,
    }
}

/// What a peer must make of a frame.
fn told(frame: &FrameSection<'_>) -> Value {
    let entry = |&(stream, entry): &(StreamSlot, StreamEntry<'_>)| {
        let (kind, bytes, index, count) = match entry {
            StreamEntry::Chunk(bytes) => (0, bytes, 0, 0),
            StreamEntry::Join(bytes) => (1, bytes, 0, 0),
            StreamEntry::JoinPart {
                index,
                count,
                bytes,
            } => (2, bytes, index, count),
            StreamEntry::Gone => (3, &[][..], 0, 0),
        };
        json!({ "stream": stream.0, "kind": kind, "bytes": hex(bytes), "index": index, "count": count })
    };
    let statuses = frame.own.statuses.iter();
    json!({
        "tick": frame.tick.0,
        "span": frame.span,
        "statuses": statuses.map(|status| status.code()).collect::<Vec<u8>>(),
        "repeated": frame.own.repeated,
        "marginMs": frame.own.margin_ms,
        "entries": frame.streams.iter().map(entry).collect::<Vec<Value>>(),
    })
}
