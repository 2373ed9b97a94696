// What the server told about the own player since the last whole frame.

import { APPLIED, REPEATED } from "../shared/kinds.js";

/** How many ticks' statuses are gathered; past this what came before is given up as unknown. */
const GATHERED_MAX = 512;

/** @typedef {{ name: string, tick: number, stream: number } & Record<string, any>} GameEvent */

/** Statuses and events that wait for the comparison of the next whole frame. */
export class SinceFrame {
  constructor() {
    /** Up to which tick own parts have come. */
    this.told = -Infinity;
    /** @type {number[]} */
    this.gathered = [];
    /** Whether some statuses are missing. */
    this.unknown = false;
    /** @type {GameEvent[]} */
    this.events = [];
  }

  /**
   * Takes in the own part of a frame.
   *
   * @param {number} tick the frame's
   * @param {number[]} stated the statuses that it states, the last of this tick
   * @param {boolean} repeated whether at the ticks before those the last input was repeated
   * @param {boolean} rejoined whether a stream was joined with it
   * @returns {number[]} the statuses that are new, the last of this tick
   */
  addOwn(tick, stated, repeated, rejoined) {
    if (this.gathered.length > GATHERED_MAX) {
      this.gathered = [];
      this.unknown = true;
    }
    const ticks = rejoined ? Infinity : Math.max(tick - this.told, 0);
    this.told = Math.max(this.told, tick);
    // Without a known start, or over a gap, only what is stated counts.
    const isKnown = ticks <= GATHERED_MAX;
    this.unknown ||= !isKnown;
    const news = isKnown ? ticks : stated.length;
    const told = news === 0 ? [] : stated.slice(-news);
    const statuses = [...Array(news - told.length).fill(repeated ? REPEATED : APPLIED), ...told];
    this.gathered.push(...statuses);
    return statuses;
  }

  /** @returns {number[] | null} the statuses, unless some are missing */
  get statuses() {
    return this.unknown ? null : this.gathered;
  }

  /** A frame was whole: the next one's gathering begins. */
  begin() {
    this.gathered = [];
    this.unknown = false;
    this.events = [];
  }
}
