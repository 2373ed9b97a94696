// The vectors of everything but streams.

import assert from "node:assert/strict";
import { test } from "node:test";

import { BitReader, ByteReader, ByteWriter } from "../../assets/web/sdk/shared/bits.js";
import { SynclineError, closeCodes } from "../../assets/web/sdk/shared/close.js";
import { BincodeReader, BincodeWriter } from "../../assets/web/sdk/shared/codec.js";
import { encodeCommand, encodeCommandSection } from "../../assets/web/sdk/shared/command.js";
import * as control from "../../assets/web/sdk/shared/control.js";
import { readFrame } from "../../assets/web/sdk/shared/frame.js";
import { HASH_BEGIN, mix } from "../../assets/web/sdk/shared/hash.js";
import { encodeInputs } from "../../assets/web/sdk/shared/input.js";
import { CHUNK, GONE, JOIN, PART } from "../../assets/web/sdk/shared/kinds.js";
import { readSections, writeSection } from "../../assets/web/sdk/shared/message.js";
import * as quantize from "../../assets/web/sdk/shared/quantize.js";
import { readSchema } from "../../assets/web/sdk/shared/schema.js";
import { StreamDecoder } from "../../assets/web/sdk/shared/stream/decoder.js";
import { golden, hex, unhex } from "./support/golden.mjs";

/** A test of each vector of a file. */
function each(file, check) {
  const vectors = golden(file);
  assert.ok(vectors.length > 0);
  for (const vector of vectors) test(`${file}/${vector.name}`, () => check(vector));
}

/** A test that writes and reads a vector of numbers. */
function both(vector, Writer, write, Reader, read, value) {
  const writer = new Writer();
  write(writer);
  assert.equal(hex(writer.finish()), vector.bytes);
  const reader = new Reader(unhex(vector.bytes));
  assert.deepEqual(read(reader), value);
  reader.finish();
}

each("numbers", (vector) => {
  const [[kind, value]] = Object.entries(vector.value);
  const bytes = (write, read, is = value) => both(vector, ByteWriter, write, ByteReader, read, is);
  const bincode = (write, read, is) => both(vector, BincodeWriter, write, BincodeReader, read, is);
  if (kind === "varint") bytes((to) => to.varint(value), (from) => from.varint());
  else if (kind === "signed") bytes((to) => to.signed(value), (from) => from.signed());
  else if (kind === "bytes") bytes((to) => to.string(unhex(value)), (from) => hex(from.string()));
  else if (kind === "bits") {
    const write = (to) => value.forEach(([number, width]) => to.bits(number, width));
    const read = (from) => value.map(([, width]) => [from.read(width), width]);
    both(vector, ByteWriter, write, BitReader, read, value);
  } else if (kind === "bincode_unsigned") bincode((to) => to.u64(BigInt(value)), (from) => from.u64(), BigInt(value));
  else if (kind === "bincode_signed") bincode((to) => to.i32(Number(value)), (from) => from.i32(), Number(value));
  else assert.fail(kind);
});

each("quantize", ({ fixed, angle, quaternion, value, word, words, restored, word_max: max }) => {
  if (fixed) {
    assert.equal(quantize.fixedWordMax(fixed.min, fixed.max, fixed.step), max);
    assert.equal(quantize.quantizeFixed(value, fixed.min, fixed.step, max), word);
    assert.equal(fixed.min + word * fixed.step, restored);
  } else if (angle) {
    assert.equal(quantize.quantizeAngle(value, angle), word);
    assert.equal(quantize.restoreAngle(word, angle), restored);
  } else {
    assert.deepEqual(quantize.quantizeQuaternion(value, quaternion), words);
    quantize.restoreQuaternion(words, 0, quaternion).forEach((part, at) => assert.ok(Math.abs(part - restored[at]) < 1e-6));
  }
});

each("hash", ({ words, hash, short }) => {
  if (!words) return; // A client need not compute fingerprints.
  const h = words.reduce(mix, HASH_BEGIN);
  assert.equal(h, hash);
  assert.equal(h >>> 16, short);
});

each("message", ({ bytes, value }) => {
  const sections = readSections(unhex(bytes));
  assert.deepEqual(sections.map(({ kind, body }) => ({ kind, body: hex(body) })), value);
  const writer = new ByteWriter();
  for (const { kind, body } of value) writeSection(writer, kind, unhex(body));
  assert.equal(hex(writer.finish()), bytes);
});

function roomSelector(room) {
  if (room.QuickPlay) return { kind: "quick", ...room.QuickPlay };
  if (room.Id !== undefined) return { kind: "id", id: room.Id };
  if (room.Code) return { kind: "code", code: room.Code };
  const { private: hidden, players_max: playersMax, loud, spectator_delay: spectatorDelay, labels, rules, lobby } = room.Create;
  const [whenReady, countdown] = [lobby !== "Automatic", lobby.WhenReady?.countdown ?? null];
  return { kind: "create", private: hidden, playersMax, loud, spectatorDelay, labels, rules, whenReady, countdown };
}

const chatTo = (to) => (to === "Team" ? "team" : (to.Player ?? null));

function roomRequest(request) {
  if (request === "Start") return { start: true };
  if (request.Team !== undefined) return { team: request.Team };
  if (request.Properties) return { properties: request.Properties };
  if (request.Kick) return { kick: request.Kick.player, reason: request.Kick.reason };
  return { ready: request.Ready };
}

each("client_control", ({ bytes, value }) => {
  const encode = () => {
    if (value === "Rematch") return control.encodeRematch();
    if (value === "Leave") return control.encodeLeave();
    if (value.Ping) return control.encodePing(value.Ping.nonce);
    if (value.Resync) return control.encodeResync(value.Resync.incarnation, value.Resync.stream, value.Resync.tick);
    if (value.Chat) return control.encodeChat(value.Chat.text, chatTo(value.Chat.to));
    if (value.Room) return control.encodeRoomRequest(roomRequest(value.Room));
    const { game, fingerprint, room, resume, name, properties, role, company, password, join_key: joinKey } = value.Hello;
    return control.encodeHello({
      game,
      fingerprint: fingerprint === null ? null : BigInt(fingerprint),
      room: roomSelector(room),
      resume: resume === null ? null : unhex(resume),
      name,
      properties,
      role: role === "Spectator" ? "spectator" : "player",
      company,
      password,
      joinKey: joinKey === null ? null : unhex(joinKey),
    });
  };
  assert.equal(hex(encode()), bytes);
});

const REFUSALS = { Unknown: "unknown", Malformed: "malformed", TooMany: "too_many", NotRunning: "not_running", NotAPlayer: "not_a_player" };

function phaseOf(phase) {
  if (!phase) return null;
  if (phase.Lobby) {
    const { missing, unready, starts_ms: startsMs } = phase.Lobby;
    return { name: "lobby", missing, unready, startsMs };
  }
  if (phase.Running) return { name: "running", ...phase.Running };
  if (phase.Held) return { name: "held", tick: phase.Held.tick, missing: phase.Held.missing, longestMs: phase.Held.longest_ms };
  const { incarnation, tick, outcome, rematch_ms: rematchMs, winners, scores } = phase.Ended;
  const ended = outcome ?? { winners, scores };
  return {
    name: "ended",
    incarnation,
    tick,
    winners: ended.winners,
    scores: ended.scores.map((entry) => (Array.isArray(entry) ? { player: entry[0], score: entry[1] } : entry)),
    rematchMs,
  };
}

const update = ({ phase, whole, roster, left }) => ({ phase: phaseOf(phase), whole, roster, left });

const CHAT_REASONS = {
  TooLong: "too_long", Empty: "empty", Muted: "muted", NotAPlayer: "not_a_player", NoSuchPlayer: "no_such_player", Filtered: "filtered", NoTeam: "no_team",
};

function chatFromOf(from) {
  if (from === "Server") return { kind: "server", player: null, name: "" };
  if (from.Spectator) return { kind: "spectator", player: null, name: from.Spectator.name };
  return { kind: "player", ...from.Player };
}

const chatLineOf = ({ id, age_ms: ageMs, from, to, text }) => ({ id: Number(id), ageMs, from: chatFromOf(from), to: chatTo(to), text });

const ROOM_REFUSALS = {
  NotAPlayer: "not_a_player", NotTheHost: "not_the_host", NotNow: "not_now", TooFewPlayers: "too_few_players",
  NoSuchPlayer: "no_such_player", NoSuchTeam: "no_such_team", Unbalanced: "unbalanced",
  InvalidProperties: "invalid_properties",
};

function serverControlOf({ Welcome, Room, CommandReply, Pong, Chat, ChatRefused, RoomRefused }) {
  if (RoomRefused) return { type: "room_refused", refusal: ROOM_REFUSALS[RoomRefused] };
  if (Chat) return { type: "chat", lines: Chat.map(chatLineOf) };
  if (ChatRefused) {
    const { TooFast } = ChatRefused;
    const refusal = TooFast ? { reason: "too_fast", retryMs: TooFast.retry_ms } : { reason: CHAT_REASONS[ChatRefused], retryMs: 0 };
    return { type: "chat_refused", refusal };
  }
  if (Pong) return { type: "pong", nonce: Pong.nonce, matchMicros: Pong.match_micros };
  if (Room) return { type: "room", update: update(Room) };
  if (CommandReply) {
    const { Applied, Refused } = CommandReply.outcome;
    const text = Refused?.Rule ?? "";
    const outcome = Applied !== undefined ? { tick: Applied } : { refused: Refused.Rule ? "rule" : REFUSALS[Refused], text };
    return { type: "reply", sequence: CommandReply.sequence, outcome };
  }
  return {
    type: "welcome",
    session: BigInt(Welcome.session),
    attach: Welcome.attach,
    resumeToken: unhex(Welcome.resume_token),
    graceMs: Welcome.grace_ms,
    room: Welcome.room,
    code: Welcome.code,
    player: Welcome.player,
    game: Welcome.game,
    tickRate: Welcome.tick_rate,
    snapshotInterval: Welcome.snapshot_interval,
    fingerprint: BigInt(Welcome.fingerprint),
    schema: Welcome.schema === null ? null : unhex(Welcome.schema),
    streams: Welcome.streams,
    state: update(Welcome.state),
  };
}

each("server_control", ({ bytes, value }) => {
  assert.deepEqual(control.readServerControl(unhex(bytes)), serverControlOf(value));
});

const entryOf = ({ stream, chunk, join, part, index = 0, count = 0 }) => {
  const kind = chunk !== undefined ? CHUNK : join !== undefined ? JOIN : part !== undefined ? PART : GONE;
  return { stream, kind, bytes: chunk ?? join ?? part ?? "", index, count };
};

each("frame", ({ bytes, value }) => {
  const frame = readFrame(unhex(bytes));
  assert.deepEqual(
    { ...frame, entries: frame.entries.map((entry) => ({ ...entry, bytes: hex(entry.bytes) })) },
    {
      tick: value.tick,
      span: value.span,
      statuses: value.statuses.map((status) => ["Applied", "Repeated", "Merged", "Dropped"].indexOf(status)),
      repeated: value.repeated,
      marginMs: value.margin_ms,
      entries: value.streams.map(entryOf),
    },
  );
});

each("input", ({ bytes, schema, value }) => {
  const { input } = readSchema(unhex(schema));
  const frames = value.frames.map(({ tick, view_lag: viewLag, words }) => ({ tick, viewLag, words }));
  assert.equal(hex(encodeInputs(input, value.incarnation, value.received, frames, value.held)), bytes);
});

each("command", ({ bytes, schema, command, value }) => {
  assert.equal(hex(encodeCommandSection(value.incarnation, value.sequence, unhex(value.payload))), bytes);
  if (!command) return; // Arbitrary bytes.
  const [[name, fields]] = Object.entries(command);
  const data = readSchema(unhex(schema)).commands.find((each) => each.name === name);
  const values = Object.fromEntries(
    Object.entries(fields).map(([field, value]) => [field, Array.isArray(value) ? Uint8Array.from(value) : value]),
  );
  assert.equal(hex(encodeCommand(data, values)), value.payload);
});

const KINDS = { Bool: "bool", Counter: "counter", Entity: "entity", Bits: "bits", Angle: "angle", Quaternion: "quaternion", Fixed: "fixed" };

each("schema", ({ bytes, layout, value }) => {
  const schema = readSchema(unhex(bytes));
  const refers = (data) =>
    data.fields.flatMap(({ start, words, target }) =>
      target === null ? [] : Array.from({ length: words }, (_, at) => ({ class: target, word: start + at })),
    );
  const layoutOf = (data) => ({ references: refers(data), word_bits: [...data.bits], word_max: [...data.max] });
  assert.deepEqual(
    { classes: schema.classes.map(layoutOf), events: schema.events.map(layoutOf), input: layoutOf(schema.input) },
    layout,
  );
  assert.equal(schema.game, value.game);
  assert.equal(schema.tickRate, value.tick_rate);
  const named = ({ name, fields }) => [name, fields.map((field) => [field.name, field.lanes ?? null])];
  assert.deepEqual(schema.classes.map(named), value.classes.map(named));
  assert.deepEqual(schema.commands.map(named), value.commands.map(named));
  const kinds = schema.classes.flatMap(({ fields }) => fields.map(({ kind }) => kind.name));
  const told = value.classes.flatMap(({ fields }) =>
    fields.map(({ kind }) => KINDS[typeof kind === "string" ? kind : Object.keys(kind)[0]]),
  );
  assert.deepEqual(kinds, told);
});

each("close", ({ code, fault, name, then }) => {
  const end = SynclineError.fromClose(code, name);
  const retryAfter = then.retry ?? 0;
  const next = retryAfter ? "retry" : then;
  assert.deepEqual(
    [end.reason, end.code, end.fault, end.then, end.retryAfter, end.detail],
    [name, code, fault, next, retryAfter, ""],
  );
  assert.equal(SynclineError.fromClose(code, `${name}: why`).detail, "why");
});

test("close/the table has no other codes", () => {
  assert.deepEqual(closeCodes(), golden("close").map(({ code }) => code));
});

const smallest = () => readSchema(unhex(golden("schema").find(({ name }) => name === "smallest").bytes));

/** Those that a client reads; what it only writes can't be refused by it. */
const DECODERS = {
  message: readSections,
  server_control: control.readServerControl,
  frame: readFrame,
  schema: readSchema,
  join: (bytes) => new StreamDecoder(smallest(), bytes),
  chunk: (bytes) => {
    const empty = golden("stream").find(({ name }) => name === "flag").ticks[0].join;
    new StreamDecoder(smallest(), unhex(empty)).apply(1, bytes, []);
  },
};

each("refused", ({ bytes, decoder }) => {
  if (!(decoder in DECODERS)) return;
  assert.throws(() => DECODERS[decoder](unhex(bytes)), { name: "DecodeError" });
});
