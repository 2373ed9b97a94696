// One client of one server, across its connections: it connects, greets, plays, and comes back by
// itself when a connection is lost and the server's reason allows it. Times are in ms.

import { encodeCommand } from "../shared/command.js";
import { encodeChat, encodeHello, encodeLeave, encodeRematch, encodeRoomRequest, readServerControl } from "../shared/control.js";
import { SynclineError } from "../shared/close.js";
import { DecodeError, demand } from "../shared/error.js";
import { CONTROL } from "../shared/kinds.js";
import { JOIN_KEY_BYTES, TOKEN_BYTES_MAX } from "../shared/limits.js";
import { readSections } from "../shared/message.js";
import { readSchema } from "../shared/schema.js";
import { Backoff } from "./backoff.js";
import { Chat } from "./chat.js";
import { CommandRefused } from "./command_refused.js";
import { Commands } from "./commands.js";
import { Conditioner } from "./conditioner.js";
import { Controls } from "./controls.js";
import { Emitter } from "./emitter.js";
import { Lobby } from "./lobby.js";
import { roomOf } from "./place.js";
import { Playing, controlMessage } from "./playing.js";
import { Scene } from "./scene.js";
import { Statistics } from "./statistics.js";
import { Connection } from "./ways.js";

/** @typedef {import("../shared/control.js").ChatLine} ChatLine */
/** @typedef {import("../shared/control.js").ChatRefusal} ChatRefusal */
/** @typedef {import("../shared/control.js").Phase} Phase */
/** @typedef {import("../shared/control.js").RoomRefusal} RoomRefusal */
/** @typedef {import("../shared/control.js").RosterEntry} RosterEntry */
/** @typedef {import("../shared/schema.js").Schema} Schema */
/** @typedef {import("./conditioner.js").Conditions} Conditions */
/** @typedef {import("./options.js").Resolved} Resolved */
/** @typedef {import("./place.js").Room} Room */
/** @typedef {import("./since_frame.js").GameEvent} GameEvent */
/** @typedef {import("./statistics.js").Stats} Stats */
/** @typedef {import("./world.js").View} View */
/** @typedef {import("./world.js").World} World */
/** @typedef {"connecting" | "playing" | "waiting" | "offline" | "replaced" | "closed"} State */
/**
 * @typedef {object} Events what listeners are told
 * @property {(state: State, ending: SynclineError | null) => void} state
 * @property {(room: Room) => void} joined
 * @property {(phase: Phase) => void} phase
 * @property {(roster: Map<number, RosterEntry>) => void} roster
 * @property {(tick: number) => void} frame
 * @property {(event: GameEvent) => void} event
 * @property {(line: ChatLine) => void} chat
 * @property {(refusal: ChatRefusal) => void} chatRefused
 * @property {(refusal: RoomRefusal) => void} roomRefused
 * @property {(cause: string, tick: number) => void} correction
 * @property {(reason: "match" | "join") => void} reset
 */
/** @typedef {"waiting" | "connecting" | "greeting" | "playing" | "leaving" | "closed"} Link */

/** How long a connection may take to open, and the server to answer a hello. */
const ANSWER_MS_MAX = 10000;

/** How long the server may take to close after it was told that the client leaves. */
const LEAVING_MS_MAX = 1000;

/** How long a connection must have lasted to count as a success. */
const PROVED_MS = 5000;

/** How this end closes a connection whose bytes make no sense. */
const UNREADABLE_CODE = 4011;

/** One client of one server. Made by {@link import("./connect.js").connect}. */
export class Client {
  #options;
  #clock;
  #scene;
  #backoff;
  #conditioner;
  /** @type {Emitter<Events & Record<string, (...values: any[]) => void>>} */
  #emitter = new Emitter();
  #controls = new Controls();
  #chat = new Chat();
  #commands = new Commands();
  #statistics = new Statistics();
  /** @type {Link} */
  #link = "waiting";
  /** When the link gives up or goes on. */
  #until = 0;
  /** @type {Connection | null} */
  #socket = null;
  /** @type {any} */
  #timer = null;
  /** @type {Playing | null} */
  #playing = null;
  /** @type {Playing | null} What came before, of the same session. */
  #before = null;
  /** @type {Uint8Array | null} */
  #token = null;
  /** @type {bigint | null} */
  #fingerprint = null;
  /** @type {Uint8Array | null} Names the join until it is answered. */
  #joinKey = null;
  #stopListening = () => {};
  /** @type {(room: Room) => void} */
  #resolve = () => {};
  /** @type {(error: SynclineError) => void} */
  #reject = () => {};

  /** @type {State} */
  state = "connecting";
  /** @type {SynclineError | null} What ended the last connection. */
  ending = null;
  /** @type {number | null} When the next attempt is due, by the clock; null unless it waits for one. */
  retryAt = null;
  /** @type {Room | null} */
  room = null;
  /** @type {number | null} The seat; null for who watches. */
  player = null;
  /** @type {Phase} Where the room is in its life. */
  phase = { name: "lobby", missing: 0, unready: null, startsMs: null };
  /** @type {Map<number, RosterEntry>} Seats. */
  roster = new Map();
  /** What there is to ask of the room around a match. */
  lobby = new Lobby((request) => {
    if (this.#playing) this.#send(controlMessage(encodeRoomRequest(request)));
  });
  /** @type {Schema | null} What rows mean. */
  schema = null;
  /** @type {Promise<Room>} The client is in a room for the first time; rejects with a {@link SynclineError}. */
  joined = new Promise((resolve, reject) => {
    this.#resolve = resolve;
    this.#reject = reject;
  });

  /** @param {Resolved} options */
  constructor(options) {
    const { clock, environment, session } = options;
    this.#options = options;
    this.#clock = clock;
    this.#scene = new Scene(options.snapshots);
    this.#backoff = new Backoff(clock.random);
    this.#conditioner = new Conditioner(clock);
    this.#conditioner.set(options.simulate);
    this.joined.catch(() => {});
    this.#listen();
    if (environment && session !== null) this.#claim(environment, session);
    else this.#wait("waiting", 0);
  }

  /**
   * Listens.
   *
   * @template {keyof Events} Name
   * @param {Name} name to what
   * @param {Events[Name]} listener called each time; what it throws is reported and stops nothing
   * @returns {() => void} stops listening
   */
  on(name, listener) {
    return this.#emitter.on(name, /** @type {any} */ (listener));
  }

  /** @returns {World} what everybody sees, as the server told it last */
  get world() {
    return this.#scene.world;
  }

  /** @returns {World} what this player alone sees */
  get own() {
    return this.#scene.own;
  }

  /** @returns {Record<string, any>} what is pressed now */
  get input() {
    return this.#controls.values;
  }

  /**
   * Sets what the player presses from now on.
   *
   * @param {Record<string, any>} values by the names of the schema's input fields; what is left out is neutral
   * @throws {TypeError} for names and values that the input does not have, once the schema is known
   */
  setInput(values) {
    const set = () => this.#controls.set(values);
    if (!this.#playing) return set();
    this.#playing.press(this.#clock.now(), set);
    this.#schedule();
  }

  /**
   * The world a little in the past, between two frames.
   *
   * @param {number} [now] in ms, of `performance.now()`
   * @returns {View | null} null before the first frame; the same object each time
   */
  interpolate(now = this.#clock.now()) {
    return this.#playing?.interpolate(now) ?? this.#scene.still();
  }

  /**
   * The own player, ahead of the server.
   *
   * @param {number} [now] in ms, of `performance.now()`
   * @returns {{ tick: number, state: any, drawn: number[], error: number } | null} the state after the
   *   last input that was sent, which is not to be changed; the numbers to draw; how far they are from
   *   where they should be. Null while there is nothing to predict
   */
  predict(now = this.#clock.now()) {
    return this.#playing?.predict(now) ?? null;
  }

  /**
   * Asks for an act.
   *
   * @param {string} name the command's class
   * @param {Record<string, import("../shared/command.js").CommandValue>} [values] its fields
   * @returns {Promise<{ tick: number }>} at the start of which tick it was applied
   * @throws {TypeError} for names and values that the schema does not have (at once)
   * @throws {CommandRefused} if it was refused or lost with its session or match (by the promise)
   */
  command(name, values = {}) {
    const playing = this.#playing;
    if (!playing) return Promise.reject(new CommandRefused("lost", "not in a room"));
    const data = playing.schema.commands.find((each) => each.name === name);
    if (!data) throw new TypeError(`${playing.schema.game} has no command ${name}`);
    const payload = encodeCommand(data, values);
    return new Promise((resolve, reject) => {
      const lost = () => reject(new CommandRefused("lost", ""));
      const message = this.#commands.ask(
        playing.room.incarnation,
        payload,
        (outcome) => ("tick" in outcome ? resolve(outcome) : reject(new CommandRefused(outcome.refused, outcome.text))),
        lost,
      );
      this.#send(message);
    });
  }

  /** Votes for another match. Ignored outside a room. */
  voteRematch() {
    if (this.#playing) this.#send(controlMessage(encodeRematch()));
  }

  /**
   * Says something. It comes back as a `"chat"`, or a `"chatRefused"` tells why not; what is lost with a
   * connection is said again on the next. Ignored outside a room.
   *
   * @param {string} text at most 256 characters
   * @param {{ to?: number | "team" | null }} [options] a player's seat, or the own team; without one everybody
   */
  chat(text, { to = null } = {}) {
    if (this.#playing && this.#chat.own.say(text, to)) this.#send(controlMessage(encodeChat(text, to)));
  }

  /** @returns {readonly ChatLine[]} the last 100 lines that were heard, the oldest first */
  get chatLines() {
    return this.#chat.lines;
  }

  /**
   * Hears a player no more from now on, or again; until it leaves, or this session ends.
   *
   * @param {number} player the seat
   * @param {boolean} [muted]
   */
  mute(player, muted = true) {
    if (muted) this.#chat.muted.add(player);
    else this.#chat.muted.delete(player);
  }

  /** @param {number} player the seat @returns {boolean} whether it is not heard */
  isMuted(player) {
    return this.#chat.muted.has(player);
  }

  /** @returns {import("./ways.js").Way | null} what the connection travels on; null without one */
  get transport() {
    return this.#socket?.way ?? null;
  }

  /** @returns {Stats} what a net panel shows */
  get stats() {
    return this.#statistics.read(this.#clock.now(), this.#playing, this.#conditioner.conditions);
  }

  /**
   * Makes the network worse from now on.
   *
   * @param {Conditions | null} conditions null for as it is
   * @throws {TypeError} for unknown names and numbers below 0
   */
  simulate(conditions) {
    this.#conditioner.set(conditions);
  }

  /**
   * Gives the seat up, and ends.
   *
   * @returns {Promise<void>} resolves when it is over
   */
  leave() {
    /** @type {Promise<void>} */
    const over = new Promise((resolve) => {
      if (this.#link === "closed") return resolve();
      const stop = this.on("state", (state) => {
        if (state !== "closed") return;
        stop();
        resolve();
      });
    });
    if (this.#link === "playing") {
      this.#send(controlMessage(encodeLeave()));
      this.#wait("leaving", LEAVING_MS_MAX);
    } else if (this.#link !== "leaving" && this.#link !== "closed") {
      this.#finish(SynclineError.fromClose(1000, ""));
    }
    return over;
  }

  /** Tries at once, unless it is connected already. Takes a session back that plays elsewhere. */
  reconnect() {
    if (this.#link !== "waiting" && this.#link !== "closed") return;
    if (this.#link === "closed") this.#listen();
    this.#attempt();
  }

  /**
   * What was kept of a session is looked for before the first attempt.
   *
   * @param {import("./options.js").Environment} environment
   * @param {string} session
   */
  async #claim(environment, session) {
    const { room } = this.#options;
    this.#wait("connecting", Infinity);
    const kept = await environment.claim(session);
    if (this.#link === "closed") return;
    // An invitation to another room is not overruled by a seat in this one, nor is anything by a seat
    // that was taken away.
    const here = room.kind === "code" && room.code === kept?.code;
    if (kept && (here || (room.kind !== "code" && !kept.kicked))) this.#token = kept.token;
    this.#attempt();
  }

  #listen() {
    const { environment } = this.#options;
    if (!environment) return;
    this.#controls.released = environment.isHidden();
    this.#stopListening = environment.listen({
      hidden: () => {
        this.#controls.released = true;
        this.#advance();
      },
      visible: () => {
        this.#controls.released = false;
        this.#wake();
      },
      online: () => this.#wake(),
      offline: () => this.#wake(),
    });
  }

  /** Connects at once. */
  #attempt() {
    this.#wait("waiting", 0);
    this.#advance();
  }

  /** @param {Link} link what is waited for @param {number} ms for how long at most */
  #wait(link, ms) {
    this.#link = link;
    this.#until = this.#clock.now() + ms;
    this.#schedule();
  }

  /** This end may have slept, or the network changed. */
  #wake() {
    const now = this.#clock.now();
    if (this.#playing) this.#playing.wake(now);
    else if (this.#link === "waiting" && !this.#options.environment?.isOffline()) this.#until = now;
    this.#advance();
  }

  /** Does what is due. */
  #advance() {
    const now = this.#clock.now();
    const playing = this.#playing;
    if (this.#link === "playing" && playing) {
      const message = playing.advance(now);
      if (playing.traffic.silentAt <= now) this.#ended(SynclineError.of("silent"));
      else if (message) this.#send(message);
    } else if (this.#until <= now) {
      if (this.#link === "waiting") this.#connect();
      else if (this.#link === "leaving") this.#finish(SynclineError.fromClose(1000, ""));
      else if (this.#link !== "closed") this.#ended(SynclineError.of("silent", "no answer"));
    }
    this.#schedule();
  }

  /** Calls `advance` again when something is due. */
  #schedule() {
    const clock = this.#clock;
    clock.clearTimeout(this.#timer);
    const due = this.#link === "playing" && this.#playing ? this.#playing.nextDue : this.#until;
    if (this.#link === "closed" || due === Infinity) return;
    this.#timer = clock.setTimeout(() => this.#advance(), Math.max(due - clock.now(), 0));
  }

  #connect() {
    this.retryAt = null;
    this.#tell("connecting");
    const socket = new Connection(this.#options);
    this.#socket = socket;
    /** @param {() => void} happen unless another connection was made meanwhile */
    const current = (happen) => () => this.#socket === socket && happen();
    const delayed = (/** @type {() => void} */ happen) => this.#conditioner.pass("down", current(happen));
    socket.onopen = current(() => this.#greet());
    socket.onmessage = ({ data }) => delayed(() => this.#receive(data));
    socket.onclose = ({ code, reason }) => delayed(() => this.#ended(SynclineError.fromClose(code, reason)));
    this.#wait("connecting", ANSWER_MS_MAX);
  }

  #greet() {
    if (!this.#token) this.#joinKey ??= crypto.getRandomValues(new Uint8Array(JOIN_KEY_BYTES));
    const hello = { ...this.#options, fingerprint: this.#fingerprint, resume: this.#token, joinKey: this.#joinKey };
    this.#send(controlMessage(encodeHello(hello)));
    this.#wait("greeting", ANSWER_MS_MAX);
  }

  /** @param {Uint8Array} message */
  #send(message) {
    const now = this.#clock.now();
    this.#statistics.sent.add(now, 1);
    this.#statistics.up.add(now, message.length);
    const socket = this.#socket;
    this.#conditioner.pass("up", () => {
      if (socket && socket.readyState === 1) socket.send(message);
    });
  }

  /** @param {unknown} data a message of the server */
  #receive(data) {
    if (this.#link !== "greeting" && this.#link !== "playing") return;
    const now = this.#clock.now();
    try {
      demand(data instanceof ArrayBuffer);
      const message = new Uint8Array(data);
      this.#statistics.received.add(now, 1);
      this.#statistics.down.add(now, message.length);
      if (this.#playing) this.#playing.smoothly(now, () => this.#read(now, message));
      else this.#read(now, message);
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      this.#ended(SynclineError.of("unreadable", error.message), UNREADABLE_CODE);
    }
    this.#advance();
  }

  /** @param {number} now @param {Uint8Array} message */
  #read(now, message) {
    for (const section of readSections(message)) {
      if (this.#playing) this.#playing.section(now, section);
      else if (this.#link === "greeting") this.#welcome(now, section);
    }
    for (const resync of this.#playing?.messageEnded(now) ?? []) this.#send(resync);
  }

  /** @param {number} now @param {import("../shared/message.js").Section} section */
  #welcome(now, { kind, body }) {
    const welcome = kind === CONTROL ? readServerControl(body) : null;
    demand(welcome?.type === "welcome" && welcome.resumeToken.length <= TOKEN_BYTES_MAX);
    const isKnown = welcome.fingerprint === this.#fingerprint && this.schema;
    demand(welcome.schema || isKnown);
    this.schema = isKnown || readSchema(/** @type {Uint8Array} */ (welcome.schema));
    this.#fingerprint = welcome.fingerprint;
    this.#token = welcome.resumeToken;
    this.#joinKey = null;
    this.#options.environment?.keep({ token: this.#token, code: welcome.code });
    this.player = welcome.player;
    this.room = roomOf(welcome);
    if (welcome.attach === 1) this.#chat.clear();
    this.#statistics.connections += 1;
    this.#link = "playing";
    const before = welcome.attach > 1 ? this.#before : null;
    this.#before = null;
    this.#enter(now, welcome, this.room, this.schema, before);
  }

  /** @param {number} now @param {import("../shared/control.js").Welcome} welcome @param {Room} room @param {Schema} schema @param {Playing | null} before */
  #enter(now, welcome, room, schema, before) {
    /** @type {(() => void)[] | null} What is told after that the client is in the room. */
    let told = [];
    /** @type {import("./playing.js").Stay} */
    const stay = {
      scene: this.#scene,
      chat: this.#chat,
      commands: this.#commands,
      name: this.#options.name,
      controls: this.#controls,
      statistics: this.#statistics,
      rules: this.#options.prediction,
      holds: this.#options.inputs === "on-change",
      now: () => this.#clock.now(),
      emit: (name, ...values) => {
        const happen = () => this.#happened(name, values);
        if (told) told.push(happen);
        else happen();
      },
    };
    this.#playing = new Playing(now, welcome, schema, stay, before);
    if (!before && welcome.state.phase?.name !== "running") this.#scene.clear();
    this.#tell("playing");
    this.#emitter.emit("joined", room);
    this.#resolve(room);
    const first = told;
    told = null;
    for (const happen of first) happen();
  }

  /** @param {keyof Events} name @param {any[]} values */
  #happened(name, values) {
    if (name === "phase") this.phase = values[0];
    if (name === "roster") this.#chat.keepTo((this.roster = values[0]));
    this.#emitter.emit(name, .../** @type {any} */ (values));
  }

  /** @param {number} [code] closes the socket, of which nothing is taken in any more */
  #drop(code = 1000) {
    const socket = this.#socket;
    this.#socket = null;
    socket?.close(code);
  }

  /**
   * A connection is over, or the attempt at one.
   *
   * @param {SynclineError} ending
   * @param {number} [code] closes the socket with it
   */
  #ended(ending, code) {
    if (this.#link === "leaving") return this.#finish(ending);
    const now = this.#clock.now();
    const playing = this.#playing;
    this.#drop(code);
    this.ending = ending;
    if (playing) {
      if (now - playing.traffic.since >= PROVED_MS) this.#backoff.succeeded();
      playing.ended();
      this.#before = playing;
      this.#playing = null;
    }
    let { then } = ending;
    // Else nobody knows whether there is a seat.
    if (then !== "resume") this.#joinKey = null;
    if (ending.reason === "schema_mismatch" && this.#fingerprint !== null) {
      // The server runs another version now: learn it anew.
      this.#fingerprint = null;
      then = "resume";
    }
    if (then === "rejoin") this.#forget();
    const wait = this.#backoff.wait(then, ending.retryAfter);
    if (wait === null) return this.#finish(ending);
    this.#wait("waiting", wait);
    this.retryAt = this.#until;
    this.#tell(this.#options.environment?.isOffline() ? "offline" : "waiting");
  }

  /** The session was kicked. It is kept, so that this room says so again to whoever comes back to it. */
  #keepOut() {
    const [token, code] = [this.#token, this.room?.code];
    if (token && code) this.#options.environment?.keep({ token, code, kicked: true });
  }

  /** The session is gone. */
  #forget() {
    this.#token = null;
    this.#before = null;
    this.#commands.giveUp();
    this.#options.environment?.keep(null);
  }

  /** @param {SynclineError} ending it is over */
  #finish(ending) {
    this.ending = ending;
    this.#drop();
    this.#playing = null;
    this.#commands.giveUp();
    this.#link = "closed";
    this.retryAt = null;
    this.#clock.clearTimeout(this.#timer);
    this.#stopListening();
    if (ending.reason === "kicked") this.#keepOut();
    else if (ending.reason !== "replaced") this.#forget();
    this.#reject(ending);
    this.#tell(ending.reason === "replaced" ? "replaced" : "closed");
  }

  /** @param {State} state */
  #tell(state) {
    if (state === this.state && state !== "waiting") return;
    this.state = state;
    this.#emitter.emit("state", state, this.ending);
  }
}
