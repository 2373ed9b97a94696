// A clock that stands still until it is moved, and sockets to a server that a test writes.

import { ByteWriter } from "../../../assets/web/sdk/shared/bits.js";
import { BincodeReader, BincodeWriter } from "../../../assets/web/sdk/shared/codec.js";
import { writeSection, readSections } from "../../../assets/web/sdk/shared/message.js";
import { golden, unhex } from "./golden.mjs";

/** Timers and time, as the option `clock` wants them. */
export class VirtualClock {
  constructor() {
    this.time = 1000;
    this.timers = new Map();
    this.next = 1;
    this.seed = 1;
    this.now = () => this.time;
    this.setTimeout = (call, ms) => {
      this.timers.set(this.next, { call, due: this.time + ms });
      return this.next++;
    };
    this.clearTimeout = (timer) => this.timers.delete(timer);
    this.random = () => {
      this.seed = (Math.imul(this.seed, 1103515245) + 12345) >>> 0;
      return this.seed / 2 ** 32;
    };
  }

  /** Lets so many ms pass, timers and all. */
  pass(ms) {
    const end = this.time + ms;
    for (let fired = 0; ; fired++) {
      if (fired > 100 + 10 * ms) throw new Error("timers that lead nowhere");
      const due = [...this.timers].filter(([, timer]) => timer.due <= end).sort((a, b) => a[1].due - b[1].due)[0];
      if (!due) break;
      this.timers.delete(due[0]);
      this.time = Math.max(this.time, due[1].due);
      due[1].call();
    }
    this.time = end;
  }

  /** Lets so many ms pass in which no timer fires: a frozen page. */
  freeze(ms) {
    this.time += ms;
  }
}

/** A server end: what a client sent, and what it is sent. */
export class FakeServer {
  constructor() {
    this.sockets = [];
    const server = this;
    this.WebSocket = class {
      constructor(url, protocol) {
        Object.assign(this, { url, protocol, readyState: 0, sent: [] });
        server.sockets.push(this);
      }

      send(message) {
        this.sent.push(Uint8Array.from(message));
      }

      close(code) {
        this.readyState = 3;
        this.closedWith = code;
      }
    };
  }

  /** The last connection. */
  get socket() {
    return this.sockets.at(-1);
  }

  open() {
    this.socket.readyState = 1;
    this.socket.onopen();
  }

  /** Sends a message of sections: [kind, body] each. */
  send(...sections) {
    const writer = new ByteWriter();
    for (const [kind, body] of sections) writeSection(writer, kind, body);
    this.socket.onmessage({ data: writer.finish().buffer });
  }

  close(code, reason = "") {
    this.socket.readyState = 3;
    this.socket.onclose({ code, reason });
  }

  /** Takes what was sent since the last call: bodies by kind. */
  take() {
    const taken = { control: [], input: [], command: [] };
    for (const message of this.socket.sent.splice(0)) {
      for (const { kind, body } of readSections(message)) {
        if (kind === 1) taken.control.push(controlOf(body));
        else if (kind === 4) taken.input.push(inputOf(body));
        else taken.command.push(body);
      }
    }
    return taken;
  }

  /** Opens, and welcomes to a running match of the arena vectors. */
  welcome(options = {}) {
    this.open();
    this.send([1, welcomeOf(options)]);
    return this.take();
  }

  /** Answers pings: the match's time is that of the clock less `origin`. */
  pong(clock, origin, pings) {
    for (const { name, nonce } of pings) {
      if (name === "ping") this.send([1, pongOf(nonce, BigInt(Math.round((clock.time - origin) * 1000)))]);
    }
  }
}

const pairsOf = (reader) => reader.list(() => [reader.text(), reader.text()]);

function createOptionsOf(reader) {
  reader.bool();
  reader.optional(() => reader.u32());
  reader.bool();
  reader.u8();
  const [labels, rules] = [pairsOf(reader), pairsOf(reader)];
  const whenReady = reader.u32() === 1;
  return { labels, rules, whenReady, countdown: whenReady ? reader.optional(() => reader.u8()) : null };
}

function controlOf(body) {
  const reader = new BincodeReader(body);
  const variant = reader.u32();
  if (variant === 0) {
    reader.u32();
    const game = reader.optional(() => reader.text());
    const fingerprint = reader.optional(() => reader.u64());
    const room = reader.u32();
    const query = room === 0 ? reader.text() : null;
    if (room === 1) reader.u32();
    const code = room === 2 ? reader.text() : null;
    const created = room === 3 ? createOptionsOf(reader) : {};
    const resume = reader.optional(() => reader.blob());
    const text = reader.text();
    const properties = pairsOf(reader);
    const role = reader.u32();
    const company = reader.bool();
    const password = reader.optional(() => reader.text());
    const joinKey = reader.optional(() => reader.take(16).slice());
    return { name: "hello", game, fingerprint, room, query, code, ...created, resume, text, properties, role, company, password, joinKey };
  }
  if (variant === 1) return { name: "ping", nonce: reader.u32() };
  if (variant === 4) return { name: "resync", incarnation: reader.u32(), stream: reader.u8(), tick: reader.u32() };
  if (variant === 5) return { name: "chat", to: reader.u32() === 1 ? reader.u32() : null, text: reader.text() };
  if (variant === 6) {
    const name = ["ready", "start", "kick", "team", "properties"][reader.u32()];
    if (name === "properties") return { name, properties: pairsOf(reader) };
    if (name === "team") return { name, team: reader.u8() };
    if (name === "kick") return { name, player: reader.u32(), reason: reader.text() };
    return name === "ready" ? { name, ready: reader.bool() } : { name };
  }
  return { name: ["", "", "rematch", "leave"][variant] };
}

function inputOf(body) {
  let at = 0;
  const varint = () => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = body[at++];
      value += (byte & 127) * 2 ** shift;
      if (byte < 128) return value;
    }
  };
  const [incarnation, received] = [varint(), varint()];
  const held = (body[at] & 64) > 0;
  const count = body[at++] & 63;
  const first = count ? varint() : null;
  const lags = Array.from({ length: count }, varint);
  return { incarnation, received, count, held, first, lags, words: body.slice(at) };
}

export const ARENA = golden("arena").find(({ name }) => name === "common");

export function welcomeOf({ schema = true, attach = 1, incarnation = 1, token = [1, 2, 3], player = 0, streams = [0], tick = 0 }) {
  const writer = new BincodeWriter();
  writer.u32(0);
  writer.u64(77n);
  writer.u32(attach);
  writer.blob(Uint8Array.from(token));
  writer.u32(15000);
  writer.u32(1);
  writer.text("7K2MXQ");
  writer.optional(player, (seat) => writer.u32(seat));
  writer.text("arena");
  writer.u32(30);
  writer.u8(1);
  writer.u64(99n);
  writer.optional(schema ? unhex(ARENA.schema) : null, (bytes) => writer.blob(bytes));
  writer.u32(streams.length);
  for (const stream of streams) writer.u8(stream);
  writer.raw = (bytes) => writer.bytes.push(...bytes);
  writer.raw(roomOf({ incarnation, tick, whole: true }));
  return writer.finish();
}

/** Lines of chat: [id, from (a seat, "watcher" or null for the server), text] each. */
export function chatOf(...lines) {
  const writer = new BincodeWriter();
  writer.u32(4);
  writer.u32(lines.length);
  for (const [id, from, text] of lines) {
    writer.u64(BigInt(id));
    writer.u32(10);
    writer.u32(from === null ? 0 : from === "watcher" ? 2 : 1);
    if (typeof from === "number") writer.u32(from);
    if (from !== null) writer.text(`name of ${from}`);
    writer.u32(0);
    writer.text(text);
  }
  return writer.finish();
}

/** A room update: a running match, and Ada in seat 0. */
function roomOf({ incarnation, tick, whole }) {
  const writer = new BincodeWriter();
  writer.bool(true);
  writer.u32(1);
  writer.u32(incarnation);
  writer.u32(tick);
  writer.bool(whole);
  writer.u32(1);
  writer.u32(0);
  writer.text("Ada");
  writer.bool(true);
  writer.bool(false);
  writer.bool(true);
  writer.optional(1, (team) => writer.u8(team));
  writer.u32(1);
  writer.text("hat");
  writer.text("fez");
  writer.u32(0);
  return writer.finish();
}

export function updateOf(incarnation, tick = 0) {
  return Uint8Array.of(1, ...roomOf({ incarnation, tick, whole: false }));
}

export function pongOf(nonce, micros) {
  const writer = new BincodeWriter();
  writer.u32(3);
  writer.u32(nonce);
  writer.u64(micros);
  return writer.finish();
}

export function replyOf(sequence, outcome) {
  const writer = new BincodeWriter();
  writer.u32(2);
  writer.u32(sequence);
  if ("tick" in outcome) {
    writer.u32(0);
    writer.u32(outcome.tick);
  } else {
    writer.u32(1);
    writer.u32(5);
    writer.text(outcome.rule);
  }
  return writer.finish();
}

/** A frame of one tick: entries are [stream, kind, bytes]; kind 0 is a chunk, 1 a join, 2 a part, with index and count behind. */
export function frameOf(tick, entries, { span = 1, statuses = [], margin = null } = {}) {
  const writer = new ByteWriter();
  writer.varint(tick);
  writer.varint(span);
  writer.u8((statuses.length ? 1 : 0) + (margin !== null ? 2 : 0));
  if (statuses.length) {
    writer.varint(statuses.length);
    for (const status of statuses) writer.u8(status << 6);
  }
  if (margin !== null) writer.signed(margin);
  for (const [stream, kind, bytes, ...part] of entries) {
    writer.varint(stream * 4 + kind);
    for (const number of part) writer.varint(number);
    writer.string(bytes);
  }
  return writer.finish();
}

/** The arena vector's tick `number` as the frame of `tick`: its join, or its chunk. */
export function arenaFrame(number, tick, kind, options) {
  const { join, chunk } = ARENA.ticks[number];
  return frameOf(tick, [[0, kind === "join" ? 1 : 0, unhex(kind === "join" ? join : chunk)]], options);
}
