// Stamps the player's controls, one input frame a tick or one a change, so that each arrives in time.
//
// A tick is stamped when its slot opens: the lead before it is due. Who sends only what changes leaves
// the slots between to what is held. Ticks are stamped in order and never twice. A client that was held
// up goes on at the present: what can't arrive in time any more is not sent. Times are in ms.

import { INPUT_FRAMES_PER_BATCH_MAX, INPUT_LEAD_TICKS_MAX, VIEW_MICROS_MAX } from "../shared/limits.js";
import { InputHistory } from "./input_history.js";
import { InputLead } from "./input_lead.js";
import { dueOf, tickAt } from "./tick.js";

/** @typedef {import("../shared/input.js").InputFrame} InputFrame */
/** @typedef {import("./clock_sync.js").ClockSync} ClockSync */
/** @typedef {import("./controls.js").Controls} Controls */

/** By how many ticks our estimate of the server's tick may be off. */
const CLOCK_TICKS_MAX = 8;

/** By how much later than it is due an input is stamped, so that sums of fractions have reached its tick. */
const ROUNDING_MS = 0.01;

/** After how long what is held is said again: the server has to learn whether inputs come in time. */
const HEARTBEAT_MS = 500;

/** One player's inputs on one timeline. */
export class InputStamper {
  /**
   * @param {number} tickRate steps per second
   * @param {Controls} controls what is pressed
   * @param {boolean} holds whether what is sent holds until something else is sent
   */
  constructor(tickRate, controls, holds) {
    this.rate = tickRate;
    this.controls = controls;
    this.holds = holds;
    this.lead = new InputLead(tickRate);
    this.history = new InputHistory();
    /** @type {number | null} The last tick that was stamped, or left to what is held. */
    this.last = null;
    /** @type {Uint32Array | null} What the server holds, if that was sent. */
    this.held = null;
    /** When it is sent again. */
    this.again = 0;
    /** Whether slots pass unused, because what is held says it all. */
    this.resting = false;
  }

  /** @param {number | null} last another timeline begins, of which this was stamped already */
  restart(last) {
    this.history = new InputHistory();
    this.last = last;
    this.letGo();
  }

  /** The server holds nothing of ours any more. */
  letGo() {
    this.held = null;
    this.resting = false;
  }

  /** @returns {boolean} whether what is held is what is pressed */
  saysAll() {
    const pressed = this.controls.peek();
    return this.held?.every((word, at) => word === pressed[at]) ?? false;
  }

  /**
   * @param {ClockSync} clock
   * @returns {number | null} when the next input is to be stamped; null while the match's time is not known
   */
  nextDue(clock) {
    if (this.resting && this.saysAll()) return this.again;
    return clock.localTime(Math.max(dueOf((this.last ?? 0) + 1, this.rate) - this.lead.lead, 0) + ROUNDING_MS);
  }

  /**
   * The server's clock is known better. What is too far ahead to have been queued was not, and is
   * stamped again.
   *
   * @param {number} now
   * @param {ClockSync} clock
   */
  clockMoved(now, clock) {
    const newest = this.present(now, clock) + INPUT_LEAD_TICKS_MAX + CLOCK_TICKS_MAX;
    if (this.last !== null && this.last > newest) {
      this.last = newest;
      this.history.forgetAfter(newest);
      this.letGo();
    }
  }

  /**
   * @param {number} now
   * @param {ClockSync} clock
   * @returns {number} the last tick whose slot has opened; NaN while the match's time is not known
   */
  present(now, clock) {
    return tickAt((clock.matchTime(now) ?? NaN) + this.lead.lead, this.rate);
  }

  /**
   * Lets slots pass unused for which what is held says it all.
   *
   * @param {number} now
   * @param {ClockSync} clock
   * @returns {boolean} whether there is nothing to say now
   */
  rests(now, clock) {
    const rests = now < this.again && this.saysAll();
    // Slots that opened before now passed, and are not used afterwards.
    const passed = this.present(now - 2 * ROUNDING_MS, clock);
    if ((rests || this.resting) && passed > (this.last ?? 0)) this.last = passed;
    this.resting = rests;
    return rests;
  }

  /**
   * The inputs that are due now: usually one or none.
   *
   * @param {number} now
   * @param {ClockSync} clock
   * @param {number | null} view the moment that is drawn, in ticks
   * @returns {InputFrame[]} oldest first
   */
  stamp(now, clock, view) {
    const present = this.present(now, clock);
    /** @type {InputFrame[]} */
    const frames = [];
    const time = clock.matchTime(now);
    if (time === null || this.rests(now, clock)) return frames;
    const inTime = Math.min(tickAt(time + (clock.roundTrip ?? 0) / 2, this.rate) + 1, present);
    const lagMax = Math.ceil((VIEW_MICROS_MAX * this.rate * 8) / 1000000);
    const first = Math.max((this.last ?? 0) + 1, inTime, present - INPUT_FRAMES_PER_BATCH_MAX + 1);
    for (let tick = first; tick <= present && !(this.holds && tick > first); tick++) {
      const words = this.controls.take();
      frames.push({ tick, viewLag: Math.min(Math.max(Math.floor((tick - (view ?? 0)) * 8), 0), lagMax), words });
      this.history.push({ tick, words });
      if (this.holds) this.held = words;
    }
    if (frames.length > 0) {
      this.last = present;
      this.again = now + HEARTBEAT_MS;
      this.resting = this.holds;
    }
    return frames;
  }
}
