// Control messages: section 4 of shared/PROTOCOL.md.

import { BincodeReader, BincodeWriter } from "./codec.js";
import { DecodeError, demand } from "./error.js";
import { CONTROL_BYTES_MAX, PROTOCOL_VERSION } from "./limits.js";

/**
 * @typedef {{ kind: "quick", query: string }
 *   | { kind: "id", id: number }
 *   | { kind: "code", code: string }
 *   | { kind: "create", private: boolean, playersMax: number | null, loud: boolean, spectatorDelay: number,
 *       labels: [string, string][], rules: [string, string][], whenReady: boolean,
 *       countdown: number | null }} RoomSelector which room
 */
/**
 * @typedef {object} Hello what a client says first
 * @property {string | null} game its name
 * @property {bigint | null} fingerprint of the schema that the client knows
 * @property {RoomSelector} room
 * @property {Uint8Array | null} resume the token of the session to take up again
 * @property {string} name the player's
 * @property {[string, string][]} properties names and values of what the player says of itself
 * @property {"player" | "spectator"} role
 * @property {boolean} company whether bots may play in the room, if this makes a new one
 * @property {string | null} password the room's, also if this makes it
 * @property {Uint8Array | null} joinKey 16 random bytes that name the join, so that it may be repeated
 */
/**
 * @typedef {{ name: "lobby", missing: number, unready: number | null, startsMs: number | null }
 *   | { name: "running", incarnation: number, tick: number }
 *   | { name: "ended", incarnation: number, tick: number, winners: number[],
 *       scores: { player: number, score: number }[], rematchMs: number }
 *   | { name: "held", tick: number, missing: number, longestMs: number }} Phase where a room is in its life
 */
/** @typedef {{ player: number, name: string, connected: boolean, ready: boolean, host: boolean, team: number | null, properties: Record<string, string> }} RosterEntry a seat */
/** @typedef {{ phase: Phase | null, whole: boolean, roster: RosterEntry[], left: number[] }} RoomUpdate */
/**
 * @typedef {object} Welcome
 * @property {"welcome"} type
 * @property {bigint} session
 * @property {number} attach
 * @property {Uint8Array} resumeToken
 * @property {number} graceMs
 * @property {number} room
 * @property {string} code
 * @property {number | null} player
 * @property {string} game
 * @property {number} tickRate
 * @property {number} snapshotInterval
 * @property {bigint} fingerprint
 * @property {Uint8Array | null} schema
 * @property {number[]} streams
 * @property {RoomUpdate} state
 */
/** @typedef {{ kind: "server" | "player" | "spectator", player: number | null, name: string }} ChatFrom who said something; the server has no name */
/**
 * @typedef {object} ChatLine one thing that was said
 * @property {number} id grows with each line of a room
 * @property {number} ageMs how long ago it was said when it was sent
 * @property {ChatFrom} from
 * @property {number | "team" | null} to the seat of whom it was whispered to, or the own team; null for everybody
 * @property {string} text
 */
/** @typedef {"too_fast" | "too_long" | "empty" | "muted" | "not_a_player" | "no_such_player" | "filtered" | "no_team"} ChatReason */
/** @typedef {{ reason: ChatReason, retryMs: number }} ChatRefusal why something is heard by nobody, and after how long one may go on */
/** @typedef {{ ready: boolean } | { start: true } | { kick: number, reason: string } | { team: number } | { properties: [string, string][] }} RoomRequest what a member asks of its room */
/** @typedef {"not_a_player" | "not_the_host" | "not_now" | "too_few_players" | "no_such_player" | "no_such_team" | "unbalanced" | "invalid_properties"} RoomRefusal why the room does not do it */
/** @typedef {"unknown" | "malformed" | "too_many" | "not_running" | "not_a_player" | "rule"} Refusal */
/** @typedef {{ tick: number } | { refused: Refusal, text: string }} CommandOutcome */
/**
 * @typedef {Welcome
 *   | { type: "room", update: RoomUpdate }
 *   | { type: "reply", sequence: number, outcome: CommandOutcome }
 *   | { type: "pong", nonce: number, matchMicros: number }
 *   | { type: "chat", lines: ChatLine[] }
 *   | { type: "chat_refused", refusal: ChatRefusal }
 *   | { type: "room_refused", refusal: RoomRefusal }} ServerControl
 */

/** @type {Refusal[]} */
const REFUSALS = ["unknown", "malformed", "too_many", "not_running", "not_a_player", "rule"];
/** @type {ChatReason[]} */
const CHAT_REASONS = ["too_fast", "too_long", "empty", "muted", "not_a_player", "no_such_player", "filtered", "no_team"];
/** @type {RoomRefusal[]} */
const ROOM_REFUSALS = ["not_a_player", "not_the_host", "not_now", "too_few_players", "no_such_player", "no_such_team", "unbalanced", "invalid_properties"];
const CODE = /^[2-9A-HJKMNP-Z]{6}$/;

/**
 * A room's code as it is written: upper case, without spaces and dashes.
 *
 * @param {string} text as a person types it
 * @returns {string | null} six characters, or null if it is no code
 */
export function normalCode(text) {
  const code = text.replace(/[\s-]/g, "").toUpperCase();
  return CODE.test(code) ? code : null;
}

/**
 * @param {Hello} hello
 * @returns {Uint8Array} the body of its section
 */
export function encodeHello({ game, fingerprint, room, resume, name, properties, role, company, password, joinKey }) {
  const writer = new BincodeWriter();
  writer.u32(0);
  writer.u32(PROTOCOL_VERSION);
  writer.optional(game, (text) => writer.text(text));
  writer.optional(fingerprint, (number) => writer.u64(number));
  switch (room.kind) {
    case "quick":
      writer.u32(0);
      writer.text(room.query);
      break;
    case "id":
      writer.u32(1);
      writer.u32(room.id);
      break;
    case "code":
      writer.u32(2);
      writer.text(room.code);
      break;
    case "create":
      writer.u32(3);
      writer.bool(room.private);
      writer.optional(room.playersMax, (players) => writer.u32(players));
      writer.bool(room.loud);
      writer.u8(room.spectatorDelay);
      writePairs(writer, room.labels);
      writePairs(writer, room.rules);
      writer.u32(room.whenReady ? 1 : 0);
      if (room.whenReady) writer.optional(room.countdown, (seconds) => writer.u8(seconds));
  }
  writer.optional(resume, (token) => writer.blob(token));
  writer.text(name);
  writePairs(writer, properties);
  writer.u32(role === "spectator" ? 1 : 0);
  writer.bool(company);
  writer.optional(password, (text) => writer.text(text));
  writer.optional(joinKey, (key) => writer.raw(key));
  return writer.finish();
}

/** @param {BincodeWriter} writer @param {[string, string][]} pairs names and values */
function writePairs(writer, pairs) {
  writer.u32(pairs.length);
  for (const [name, value] of pairs) {
    writer.text(name);
    writer.text(value);
  }
}

/**
 * @param {number} nonce of 32 bits
 * @returns {Uint8Array} the body of a Ping
 */
export function encodePing(nonce) {
  return encodeNumbers(1, nonce);
}

/** @returns {Uint8Array} the body of a Rematch */
export function encodeRematch() {
  return encodeNumbers(2);
}

/** @returns {Uint8Array} the body of a Leave */
export function encodeLeave() {
  return encodeNumbers(3);
}

/**
 * @param {number} incarnation the timeline
 * @param {number} stream which stream
 * @param {number} tick of the frame in question
 * @returns {Uint8Array} the body of a Resync
 */
export function encodeResync(incarnation, stream, tick) {
  const writer = new BincodeWriter();
  writer.u32(4);
  writer.u32(incarnation);
  writer.u8(stream);
  writer.u32(tick);
  return writer.finish();
}

/**
 * @param {string} text what to say
 * @param {number | "team" | null} to a seat, or the own team; null for everybody
 * @returns {Uint8Array} the body of a Chat
 */
export function encodeChat(text, to) {
  const writer = new BincodeWriter();
  writer.u32(5);
  writer.u32(to === null ? 0 : to === "team" ? 2 : 1);
  if (typeof to === "number") writer.u32(to);
  writer.text(text);
  return writer.finish();
}

/**
 * @param {RoomRequest} request
 * @returns {Uint8Array} the body of a Room
 */
export function encodeRoomRequest(request) {
  const writer = new BincodeWriter();
  writer.u32(6);
  if ("ready" in request) {
    writer.u32(0);
    writer.bool(request.ready);
  } else if ("start" in request) {
    writer.u32(1);
  } else if ("kick" in request) {
    writer.u32(2);
    writer.u32(request.kick);
    writer.text(request.reason);
  } else if ("team" in request) {
    writer.u32(3);
    writer.u8(request.team);
  } else {
    writer.u32(4);
    writePairs(writer, request.properties);
  }
  return writer.finish();
}

/**
 * @param {...number} numbers of 32 bits
 * @returns {Uint8Array}
 */
function encodeNumbers(...numbers) {
  const writer = new BincodeWriter();
  for (const number of numbers) writer.u32(number);
  return writer.finish();
}

/**
 * @param {Uint8Array} body of a control section from a server
 * @returns {ServerControl} what it says
 * @throws {DecodeError} if it is none
 */
export function readServerControl(body) {
  demand(body.length <= CONTROL_BYTES_MAX);
  const reader = new BincodeReader(body);
  const control = serverControl(reader);
  reader.finish();
  return control;
}

/** @param {BincodeReader} reader @returns {ServerControl} */
function serverControl(reader) {
  switch (reader.u32()) {
    case 0:
      return welcome(reader);
    case 1:
      return { type: "room", update: roomUpdate(reader) };
    case 2:
      return { type: "reply", sequence: reader.u32(), outcome: outcome(reader) };
    case 3:
      return { type: "pong", nonce: reader.u32(), matchMicros: Number(reader.u64()) };
    case 4:
      return { type: "chat", lines: reader.list(() => chatLine(reader)) };
    case 5:
      return { type: "chat_refused", refusal: chatRefusal(reader) };
    case 6:
      return { type: "room_refused", refusal: oneOf(ROOM_REFUSALS, reader.u32()) };
    default:
      throw new DecodeError();
  }
}

/** @param {BincodeReader} reader @returns {Welcome} */
function welcome(reader) {
  return {
    type: "welcome",
    session: reader.u64(),
    attach: reader.u32(),
    resumeToken: reader.blob(),
    graceMs: reader.u32(),
    room: reader.u32(),
    code: reader.text(),
    player: reader.optional(() => reader.u16()),
    game: reader.text(),
    tickRate: reader.u16(),
    snapshotInterval: reader.u8(),
    fingerprint: reader.u64(),
    schema: reader.optional(() => reader.blob()),
    streams: reader.list(() => reader.u8()),
    state: roomUpdate(reader),
  };
}

/** @param {BincodeReader} reader @returns {RoomUpdate} */
function roomUpdate(reader) {
  return {
    phase: reader.optional(() => phase(reader)),
    whole: reader.bool(),
    roster: reader.list(() => rosterEntry(reader)),
    left: reader.list(() => reader.u16()),
  };
}

/** @param {BincodeReader} reader @returns {RosterEntry} */
function rosterEntry(reader) {
  return {
    player: reader.u16(),
    name: reader.text(),
    connected: reader.bool(),
    ready: reader.bool(),
    host: reader.bool(),
    team: reader.optional(() => reader.u8()),
    properties: Object.fromEntries(reader.list(() => [reader.text(), reader.text()])),
  };
}

/** @param {BincodeReader} reader @returns {Phase} */
function phase(reader) {
  switch (reader.u32()) {
    case 0:
      return {
        name: "lobby",
        missing: reader.u16(),
        unready: reader.optional(() => reader.u16()),
        startsMs: reader.optional(() => reader.u32()),
      };
    case 1:
      return { name: "running", incarnation: reader.u32(), tick: reader.u32() };
    case 2:
      return {
        name: "ended",
        incarnation: reader.u32(),
        tick: reader.u32(),
        winners: reader.list(() => reader.u16()),
        scores: reader.list(() => ({ player: reader.u16(), score: reader.i32() })),
        rematchMs: reader.u32(),
      };
    case 3:
      return { name: "held", tick: reader.u32(), missing: reader.u16(), longestMs: reader.u32() };
    default:
      throw new DecodeError();
  }
}

/** @param {BincodeReader} reader @returns {ChatLine} */
function chatLine(reader) {
  const [id, ageMs] = [Number(reader.u64()), reader.u32()];
  const from = chatFrom(reader);
  return { id, ageMs, from, to: chatTo(reader), text: reader.text() };
}

/** @param {BincodeReader} reader @returns {ChatLine["to"]} */
function chatTo(reader) {
  const target = reader.u32();
  demand(target < 3);
  return target === 1 ? reader.u16() : target === 2 ? "team" : null;
}

/** @param {BincodeReader} reader @returns {ChatFrom} */
function chatFrom(reader) {
  switch (reader.u32()) {
    case 0:
      return { kind: "server", player: null, name: "" };
    case 1:
      return { kind: "player", player: reader.u16(), name: reader.text() };
    case 2:
      return { kind: "spectator", player: null, name: reader.text() };
    default:
      throw new DecodeError();
  }
}

/** @param {BincodeReader} reader @returns {ChatRefusal} */
function chatRefusal(reader) {
  const reason = oneOf(CHAT_REASONS, reader.u32());
  return { reason, retryMs: reason === "too_fast" ? reader.u32() : 0 };
}

/** @param {BincodeReader} reader @returns {CommandOutcome} */
function outcome(reader) {
  const variant = reader.u32();
  if (variant === 0) return { tick: reader.u32() };
  const refused = REFUSALS[reader.u32()];
  demand(variant === 1 && refused);
  return { refused, text: refused === "rule" ? reader.text() : "" };
}

/**
 * @template T
 * @param {T[]} all
 * @param {number} variant
 * @returns {T} the one with this number
 */
function oneOf(all, variant) {
  const found = all[variant];
  demand(found);
  return found;
}
