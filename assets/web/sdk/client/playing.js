// The time between a Welcome and the end of its connection.
//
// Takes in the server's sections, keeps the followed streams and the clock up to date, and says what
// is due to be sent. Doesn't know how it came to be connected, nor what comes after. Times are in ms.

import { ByteWriter, NO_BYTES } from "../shared/bits.js";
import { encodeChat, encodePing, encodeResync, readServerControl } from "../shared/control.js";
import { DecodeError } from "../shared/error.js";
import { readFrame } from "../shared/frame.js";
import { encodeInputs } from "../shared/input.js";
import { CONTROL, FRAME, INPUT } from "../shared/kinds.js";
import { SILENCE_MICROS_MAX } from "../shared/limits.js";
import { writeSection } from "../shared/message.js";
import { applyChunk } from "../shared/stream/chunk.js";
import { ClockSync } from "./clock_sync.js";
import { InputStamper } from "./input_stamper.js";
import { Interpolation } from "./interpolation.js";
import { Prediction } from "./prediction.js";
import { RoomView } from "./room_view.js";
import { SinceFrame } from "./since_frame.js";
import { Streams } from "./streams.js";
import { Traffic } from "./traffic.js";

/** @typedef {import("../shared/control.js").CommandOutcome} CommandOutcome */
/** @typedef {import("../shared/control.js").RoomUpdate} RoomUpdate */
/** @typedef {import("../shared/control.js").Welcome} Welcome */
/** @typedef {import("../shared/frame.js").FrameSection} FrameSection */
/** @typedef {import("../shared/schema.js").Schema} Schema */
/** @typedef {import("./followed.js").FrameOutcome} FrameOutcome */
/** @typedef {import("../shared/stream/state.js").StreamState} StreamState */
/** @typedef {import("./prediction.js").PredictionRules} PredictionRules */
/**
 * What outlives a connection.
 *
 * @typedef {object} Stay
 * @property {import("./scene.js").Scene} scene
 * @property {import("./chat.js").Chat} chat
 * @property {import("./commands.js").Commands} commands
 * @property {string} name the client's
 * @property {import("./controls.js").Controls} controls
 * @property {import("./statistics.js").Statistics} statistics
 * @property {boolean} holds whether inputs are sent on change
 * @property {PredictionRules | null} rules
 * @property {() => number} now the clock, to measure decoding
 * @property {(name: any, ...values: any[]) => void} emit tells listeners
 */

/** How long after the last look at the own player corrections are smoothed. */
const WATCHED_MS = 1000;

/** By how much time may jump between two calls before this end is taken to have slept. */
const SLEPT_MS = 1500;

/** A client in a room. */
export class Playing {
  /**
   * @param {number} now
   * @param {Welcome} welcome
   * @param {Schema} schema
   * @param {Stay} stay
   * @param {Playing | null} before the connection of the same session that came before
   */
  constructor(now, welcome, schema, stay, before) {
    this.welcome = welcome;
    this.schema = schema;
    this.stay = stay;
    this.rate = welcome.tickRate;
    stay.controls.learn(schema);
    /** @type {RoomView} */
    this.room = new RoomView();
    this.streams = new Streams(schema, this.rate, welcome.streams, before?.streams ?? null);
    this.clock = new ClockSync(now);
    /** @type {InputStamper} */
    this.inputs = new InputStamper(this.rate, stay.controls, stay.holds);
    this.interpolation = new Interpolation(this.rate, welcome.snapshotInterval);
    this.since = new SinceFrame();
    this.traffic = new Traffic(now);
    /** @type {Prediction | null} */
    this.prediction = null;
    /** Whether the server answered a ping. */
    this.ponged = false;
    /** @type {{ state: StreamState, tick: number } | null} A copy of the common stream that runs ahead in a silence. */
    this.ahead = null;
    /** Whether a stream begins anew with the next frame that is whole. */
    this.rejoined = false;
    this.watchedAt = -Infinity;
    this.calledAt = now;
    const { phase } = welcome.state;
    const goesOn = before !== null && phase?.name === "running" && before.room.incarnation === phase.incarnation;
    this.update(now, welcome.state, goesOn);
    if (goesOn) this.inputs.restart(before.inputs.last);
    stay.commands.begin(welcome.attach, this.room.incarnation);
  }

  /** @returns {number | null} the seat, of who plays a running match */
  get player() {
    return this.room.isRunning ? this.welcome.player : null;
  }

  /**
   * A section of a message came.
   *
   * @param {number} now
   * @param {import("../shared/message.js").Section} section
   * @throws {DecodeError} if it makes no sense
   */
  section(now, { kind, body }) {
    if (kind === FRAME) this.frame(now, body);
    else if (kind === CONTROL) this.control(now, body);
    else throw new DecodeError();
  }

  /**
   * All sections of a message were taken in.
   *
   * @param {number} now
   * @returns {Uint8Array[]} messages that ask for the streams that went astray in it, and that say again
   *   what was lost: by the first pong the server has told all that was said before
   */
  messageEnded(now) {
    this.traffic.receive(now);
    const again = this.stay.commands.again();
    const resyncs = this.streams.takeAstray().map(({ stream, tick }) => {
      this.stay.statistics.resyncs += 1;
      return controlMessage(encodeResync(this.room.incarnation, stream, tick));
    });
    if (!this.ponged) return [...again, ...resyncs];
    return [...again, ...resyncs, ...this.stay.chat.own.again().map(({ text, to }) => controlMessage(encodeChat(text, to)))];
  }

  /** @param {number} now @param {Uint8Array} body */
  control(now, body) {
    const control = readServerControl(body);
    switch (control.type) {
      case "room":
        this.update(now, control.update, false);
        break;
      case "reply":
        this.stay.commands.answered(control.sequence, control.outcome);
        break;
      case "pong":
        this.clock.pong(now, control.nonce, control.matchMicros);
        this.ponged = true;
        this.inputs.clockMoved(now, this.clock);
        if (this.clock.roundTrip !== null) this.inputs.lead.measured(this.clock.roundTrip, this.clock.jitter);
        break;
      case "chat":
        for (const line of this.stay.chat.take(control.lines, { player: this.welcome.player, name: this.stay.name })) this.stay.emit("chat", line);
        break;
      case "chat_refused":
        this.stay.chat.own.refused();
        this.stay.emit("chatRefused", control.refusal);
        break;
      case "room_refused":
        this.stay.emit("roomRefused", control.refusal);
        break;
      default:
        throw new DecodeError();
    }
  }

  /** @param {number} now @param {RoomUpdate} update @param {boolean} sameTimeline whether the world goes on */
  update(now, update, sameTimeline) {
    const { emit } = this.stay;
    if (update.phase) {
      const change = this.room.enter(update.phase);
      if (change === "timeline") this.begin(now, sameTimeline);
      if (change !== "none") emit("phase", update.phase);
    }
    if (this.room.updateRoster(update)) emit("roster", this.room.roster);
  }

  /** @param {number} now a timeline begins @param {boolean} same whether it is the one that was shown */
  begin(now, same) {
    const { scene, controls, rules } = this.stay;
    this.streams.restart();
    this.ahead = null;
    this.clock.restart(now);
    this.inputs.restart(null);
    this.interpolation.restart();
    this.since = new SinceFrame();
    this.prediction = rules && new Prediction(rules, (words) => controls.read(words), controls.neutral);
    if (same) return;
    scene.clear();
    this.stay.emit("reset", "match");
  }

  /** @param {number} now @param {Uint8Array} body */
  frame(now, body) {
    const { scene, statistics, emit } = this.stay;
    const frame = readFrame(body);
    const before = this.stay.now();
    const outcome = this.streams.apply(frame);
    statistics.decoded(this.stay.now() - before);
    statistics.snapshots.add(now, outcome.snapshots);
    if (outcome.snapshots > 0) this.interpolation.arrived(now, frame.tick, frame.span);
    this.rejoined ||= outcome.joined;
    if (this.player !== null) this.ownPart(now, frame, outcome.joined);
    const events = outcome.events.map(({ stream, tick, event }) => scene.tell(this.schema, stream, tick, event));
    this.since.events.push(...events);
    if (outcome.snapshots > 0) {
      // What was drawn ahead was right up to here.
      if (this.ahead) scene.snapshots.forgetFrom(frame.tick);
      this.ahead = null;
    }
    if (outcome.whole) {
      if (this.rejoined && scene.world.tick >= 0) emit("reset", "join");
      this.rejoined = false;
      scene.show(this.schema, frame.tick, this.streams.decoder(0), this.streams.decoder(1));
      this.compare(frame.tick);
      emit("frame", frame.tick);
    }
    for (const event of events) emit("event", event);
  }

  /** @param {number} now @param {FrameSection} frame @param {boolean} rejoined */
  ownPart(now, { tick, statuses, repeated, marginMs }, rejoined) {
    if (marginMs !== null) this.inputs.lead.told(now, marginMs, this.clock.roundTrip ?? 0);
    const news = this.since.addOwn(tick, statuses, repeated, rejoined);
    // Before the first input there is nothing that could have been applied.
    if (this.inputs.last !== null) for (const status of news) this.stay.statistics.statuses[status] += 1;
  }

  /** @param {number} tick is whole: the prediction meets the server's word */
  compare(tick) {
    const { statistics, scene, emit } = this.stay;
    const { player } = this;
    if (this.prediction && player !== null) {
      const sight = { world: scene.world, own: scene.own, player };
      const { statuses, events } = this.since;
      const compared = this.prediction.frame(tick, sight, statuses, this.inputs.history, events);
      statistics.compared(compared);
      if (compared !== "agreed" && compared !== "unpredicted") emit("correction", compared, tick);
    }
    this.since.begin();
    this.inputs.history.forgetUntil(tick);
  }

  /** @returns {number} when `advance` has something to do */
  get nextDue() {
    let due = Math.min(this.clock.nextPing, this.traffic.silentAt);
    due = Math.min(due, this.traffic.acknowledgementDue ?? Infinity);
    if (this.player !== null) due = Math.min(due, this.inputs.nextDue(this.clock) ?? Infinity);
    return due;
  }

  /** @param {number} now this end may have slept, or the network changed */
  wake(now) {
    this.traffic.wake(now);
    this.clock.doubt(now);
  }

  /**
   * @param {number} now
   * @returns {Uint8Array | null} the message that is due, if any: a ping, inputs, an acknowledgement
   */
  advance(now) {
    if (now - this.calledAt > SLEPT_MS) this.wake(now);
    this.calledAt = now;
    const message = new ByteWriter();
    const nonce = this.clock.pollPing(now);
    if (nonce !== null) writeSection(message, CONTROL, encodePing(nonce));
    const due = this.player === null ? null : this.inputs.nextDue(this.clock);
    const stamps = due !== null && due <= now;
    const frames = stamps ? this.inputs.stamp(now, this.clock, this.interpolation.looked(now)) : [];
    const owed = this.traffic.acknowledgementDue;
    // What is owed goes along with anything.
    if (frames.length > 0 || (owed !== null && (owed <= now || nonce !== null))) {
      const received = this.traffic.acknowledge();
      const body = encodeInputs(this.schema.input, this.room.incarnation, received, frames, this.inputs.holds);
      writeSection(message, INPUT, body);
    }
    return message.bytes.length > 0 ? message.finish() : null;
  }

  /** The connection is over. */
  ended() {
    this.stay.chat.own.lost();
  }

  /** @param {number} now @returns {import("./world.js").View | null} what to draw of others */
  interpolate(now) {
    const moment = this.interpolation.view(now);
    if (moment === null) return null;
    this.drawAhead(moment);
    return this.stay.scene.interpolate(moment, this.rate);
  }

  /**
   * Nothing is said of what goes as predicted: until something is, a copy of the common stream goes on.
   *
   * @param {number} moment in ticks
   */
  drawAhead(moment) {
    const { world, snapshots } = this.stay.scene;
    const { interval } = this.interpolation;
    const silence = interval + (SILENCE_MICROS_MAX * this.rate) / 1000000;
    if (world.tick < 0 || world.tick >= moment || this.streams.standing(0) !== world.tick) return;
    while ((this.ahead?.tick ?? world.tick) < Math.min(moment, world.tick + silence)) {
      this.ahead ??= { state: /** @type {StreamState} */ (this.streams.decoder(0)?.state.copy()), tick: world.tick };
      this.ahead.tick += interval;
      applyChunk(this.ahead.state, interval, NO_BYTES, []);
      snapshots.push(this.ahead.tick, this.ahead.state.classes);
    }
  }

  /**
   * @param {number} now
   * @returns {{ tick: number, state: any, drawn: number[], error: number } | null} what to draw of oneself
   */
  predict(now) {
    this.watchedAt = now;
    const { prediction, inputs } = this;
    const target = this.target(now) ?? [];
    const present = prediction?.present(inputs.history, inputs.last);
    if (!prediction || !present) return null;
    const faded = prediction.fade(now, target.length);
    const drawn = target.map((value, at) => value + faded[at]);
    return { tick: present.tick, state: present.state, drawn, error: Math.hypot(...faded) };
  }

  /** @param {number} now @returns {number[] | null} the numbers to draw of oneself, without smoothing */
  target(now) {
    const { prediction, clock, inputs } = this;
    const time = clock.matchTime(now);
    if (!prediction || time === null) return null;
    inputs.rests(now, clock);
    const moment = ((time + inputs.lead.lead) * this.rate) / 1000;
    return prediction.target(inputs.history, inputs.last, moment, this.stay.controls.peek());
  }

  /** @param {number} now @param {() => void} set changes what is pressed, from the next tick on */
  press(now, set) {
    this.smoothly(now, () => {
      set();
      this.inputs.rests(now, this.clock);
    });
  }

  /**
   * What `act` changes of what is drawn fades instead of showing at once.
   *
   * @template T
   * @param {number} now
   * @param {() => T} act
   * @returns {T} what it returns
   */
  smoothly(now, act) {
    if (!this.prediction || now - this.watchedAt > WATCHED_MS) return act();
    const { statistics } = this.stay;
    const corrected = statistics.corrected;
    const before = this.target(now);
    const result = act();
    const moved = this.prediction?.smooth(now, before, this.target(now)) ?? 0;
    if (statistics.corrected > corrected) statistics.predictionError = moved;
    return result;
  }
}

/** @param {Uint8Array} body @returns {Uint8Array} a message with one control section */
export function controlMessage(body) {
  const message = new ByteWriter();
  writeSection(message, CONTROL, body);
  return message.finish();
}
