// Stamps the player's controls, one input frame a tick, so that each arrives in time.
//
// Ticks are stamped in order and never twice. A client that was held up goes on at the present: what
// can't arrive in time any more is not sent. Times are in ms.

import { INPUT_FRAMES_PER_BATCH_MAX, INPUT_LEAD_TICKS_MAX, VIEW_MICROS_MAX } from "../shared/limits.js";
import { InputHistory } from "./input_history.js";
import { InputLead } from "./input_lead.js";
import { dueOf, tickAt } from "./tick.js";

/** @typedef {import("../shared/input.js").InputFrame} InputFrame */
/** @typedef {import("./clock_sync.js").ClockSync} ClockSync */

/** By how many ticks our estimate of the server's tick may be off. */
const CLOCK_TICKS_MAX = 8;

/** By how much later than it is due an input is stamped, so that sums of fractions have reached its tick. */
const ROUNDING_MS = 0.01;

/** One player's inputs on one timeline. */
export class InputStamper {
  /**
   * @param {number} tickRate steps per second
   * @param {() => Uint32Array} controls what is pressed, asked for each tick
   */
  constructor(tickRate, controls) {
    this.rate = tickRate;
    this.lead = new InputLead(tickRate);
    this.history = new InputHistory();
    this.controls = controls;
    /** @type {number | null} The last tick that was stamped. */
    this.last = null;
  }

  /** @param {number | null} last another timeline begins, of which this was stamped already */
  restart(last) {
    this.history = new InputHistory();
    this.last = last;
  }

  /**
   * @param {ClockSync} clock
   * @returns {number | null} when the next input is to be stamped; null while the match's time is not known
   */
  nextDue(clock) {
    const due = clock.localTime(Math.max(dueOf((this.last ?? 0) + 1, this.rate) - this.lead.lead, 0));
    return due === null ? null : due + ROUNDING_MS;
  }

  /**
   * The server's clock is known better. What is too far ahead to have been queued was not, and is
   * stamped again.
   *
   * @param {number} now
   * @param {ClockSync} clock
   */
  clockMoved(now, clock) {
    const time = clock.matchTime(now);
    if (time === null || this.last === null) return;
    const newest = tickAt(time + this.lead.lead, this.rate) + INPUT_LEAD_TICKS_MAX + CLOCK_TICKS_MAX;
    if (this.last > newest) {
      this.last = newest;
      this.history.forgetAfter(newest);
    }
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
    const time = clock.matchTime(now);
    /** @type {InputFrame[]} */
    const frames = [];
    if (time === null) return frames;
    const present = tickAt(time + this.lead.lead, this.rate);
    const inTime = Math.min(tickAt(time + (clock.roundTrip ?? 0) / 2, this.rate) + 1, present);
    const oldest = Math.max(inTime, present - INPUT_FRAMES_PER_BATCH_MAX + 1, 1);
    const first = this.last === null ? oldest : Math.max(this.last + 1, oldest);
    for (let tick = first; tick <= present; tick++) {
      const words = this.controls();
      frames.push({ tick, viewLag: this.viewLag(tick, view), words });
      this.history.push({ tick, at: now, words });
      this.last = tick;
    }
    return frames;
  }

  /** @param {number} tick @param {number | null} view @returns {number} eighths of a tick */
  viewLag(tick, view) {
    const most = Math.ceil((VIEW_MICROS_MAX * this.rate * 8) / 1000000);
    return Math.min(Math.max(Math.floor((tick - (view ?? 0)) * 8), 0), most);
  }
}
