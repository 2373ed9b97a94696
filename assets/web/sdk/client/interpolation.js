// Where in the past to draw others, so that there is a frame on either side of the moment drawn.
//
// Frames arrive unevenly. The delay covers the unevenness seen of late and one snapshot interval: it
// grows at once when a frame comes late and shrinks slowly when the path is calm. Times are in ms.

import { dueOf } from "./tick.js";

/** The most others are drawn in the past beyond the interval: past this a stutter is the lesser evil. */
const SPREAD_MS_MAX = 500;

/** Every frame, the covered unevenness shrinks by one part in this many. */
const CALM = 256;

/** How fast the drawn moment may catch up or fall behind: one part in this many of the time passed. */
const SLEW = 16;

/** How long without a frame until the next one starts anew. */
const GAP_MS_MAX = 1000;

/** By how much the drawn moment may lag behind before it jumps to the present. */
const BEHIND_MS_MAX = 250;

/** The adaptive delay of one client. */
export class Interpolation {
  /**
   * @param {number} tickRate steps per second
   * @param {number} interval ticks from one frame to the next
   */
  constructor(tickRate, interval) {
    this.rate = tickRate;
    this.interval = Math.max(interval, 1);
    /** @type {{ quickest: number, spread: number, heard: number } | null} What frames told about the path. */
    this.path = null;
    /** @type {{ at: number, moment: number } | null} What was drawn last, so that it never goes back. */
    this.drawn = null;
  }

  /** Forgets the path, because another match has begun. */
  restart() {
    this.path = null;
    this.drawn = null;
  }

  /**
   * A frame arrived.
   *
   * @param {number} now
   * @param {number} tick the frame's
   * @param {number} span ticks since the snapshot before: an overloaded server sends fewer
   */
  arrived(now, tick, span) {
    this.interval = Math.max(span, 1);
    const offset = now - dueOf(tick, this.rate);
    const { path } = this;
    if (!path || now - path.heard > GAP_MS_MAX) {
      this.path = { quickest: offset, spread: 0, heard: now };
      return;
    }
    // The base creeps up, so that a path that became longer for good is learned.
    const late = Math.max(offset - path.quickest, 0);
    path.spread = Math.min(Math.max(path.spread - path.spread / CALM, late), SPREAD_MS_MAX);
    // What is later than can be covered is no stutter: the server's time goes more slowly.
    path.quickest = Math.min(Math.max(path.quickest + late / CALM, offset - SPREAD_MS_MAX), offset);
    path.heard = now;
  }

  /** @returns {number} how far behind the quickest frame others are drawn */
  get delay() {
    return dueOf(this.interval, this.rate) + (this.path?.spread ?? 0);
  }

  /**
   * The moment to draw. It never goes back, and changes its pace by a few percent at most, unless it
   * is far behind.
   *
   * @param {number} now
   * @returns {number | null} in ticks, with a fraction; null before the first frame
   */
  view(now) {
    if (!this.path) return null;
    const wanted = Math.max(now - this.path.quickest - this.delay, 0);
    let moment = wanted;
    if (this.drawn) {
      const passed = Math.max(now - this.drawn.at, 0);
      const pace = this.drawn.moment + passed;
      const apart = wanted - pace;
      if (apart < BEHIND_MS_MAX && apart > -GAP_MS_MAX) {
        // Where frames come ever later, their time goes more slowly, and so must the view.
        const slowest = this.path.spread === SPREAD_MS_MAX ? pace - (3 * passed) / 4 : pace - passed / SLEW;
        moment = Math.min(Math.max(wanted, slowest), pace + passed / SLEW);
      } else {
        moment = Math.max(this.drawn.moment, wanted);
      }
    }
    this.drawn = { at: now, moment };
    return (moment * this.rate) / 1000;
  }

  /**
   * The moment that the player looks at, without drawing it.
   *
   * @param {number} now
   * @returns {number | null} in ticks, with a fraction; null before the first frame
   */
  looked(now) {
    if (!this.path) return null;
    const { drawn } = this;
    const isDrawn = drawn !== null && now - drawn.at < GAP_MS_MAX;
    const moment = isDrawn ? drawn.moment + Math.max(now - drawn.at, 0) : now - this.path.quickest - this.delay;
    return (Math.max(moment, 0) * this.rate) / 1000;
  }
}
