// Running the own player ahead of the server, and comparing with it when it answers.
//
// From the last state that the server told, the game's own rules are stepped over the inputs that
// were sent. When the next frame comes, the state predicted for its tick is compared with the
// server's, which is then the new start: the inputs after it are replayed on it.
//
// A difference has a cause, or it is a defect: if the server applied exactly the inputs that were
// assumed, and no event touched the player, both ends ran the same rules over the same numbers.

import { APPLIED, MERGED } from "../shared/kinds.js";
import { clone, isSame } from "./plain.js";

/** @typedef {import("./input_history.js").InputHistory} InputHistory */
/** @typedef {import("./since_frame.js").GameEvent} GameEvent */
/** @typedef {import("./world.js").World} World */
/**
 * The part of a game that its clients run themselves.
 *
 * @typedef {object} PredictionRules
 * @property {(world: World) => any} [scenery] what steps read and never changes in a match; null if it isn't there yet
 * @property {(world: World, own: World, player: number) => any} state the own player's state, plain data; null if there is none
 * @property {(state: any, input: Record<string, any>, scenery: any) => void} step one tick: changes the state as the server would
 * @property {(event: GameEvent, player: number) => string | null | undefined} [touches] the cause, if the
 *   event changed the state in a way that `step` can't know
 * @property {(state: any) => number[]} [drawn] the numbers to draw smoothly
 * @property {number} [snapBeyond] a jump of more than this is not smoothed, in the units of `drawn`
 */
/**
 * How a prediction fared: `"unpredicted"`, `"agreed"`, or the cause of a correction: what `touches`
 * told, `"late_input"`, or `"error"` for a difference without a cause.
 *
 * @typedef {string} Comparison
 */

/** The cause of a correction when an input came late or not at all. */
export const LATE_INPUT = "late_input";

/** The cause of a correction without a cause: a defect. */
export const ERROR = "error";

/** The most ticks that are stepped past the last input, when timers are late. */
const TICKS_AHEAD_MAX = 3;

/** How fast a correction fades, in ms: e-fold. */
const FADE_MS = 40;

/** The own player ahead of the server. */
export class Prediction {
  /**
   * @param {PredictionRules} rules the game's
   * @param {(words: ArrayLike<number>) => Record<string, any>} readInput what words say
   * @param {ArrayLike<number>} neutral the words of nothing pressed
   */
  constructor(rules, readInput, neutral) {
    this.rules = rules;
    this.readInput = readInput;
    this.neutral = neutral;
    /** @type {any} */
    this.scenery = rules.scenery ? null : {};
    /** @type {{ tick: number, state: any } | null} The server's last word. */
    this.base = null;
    /** @type {ArrayLike<number> | null} The input that the server repeats when none comes, as far as known. */
    this.repeated = null;
    /** @type {{ tick: number, state: any, held: ArrayLike<number> } | null} The replay so far. */
    this.replayed = null;
    /** @type {number[]} How far what is drawn is from where it should be. */
    this.offset = [];
    this.offsetAt = 0;
  }

  /**
   * Takes in a frame: the state at `tick` is compared with the predicted one and replaces it.
   *
   * @param {number} tick
   * @param {{ world: World, own: World, player: number }} sight what the player sees
   * @param {number[] | null} statuses of the ticks since the frame before, oldest first; null if some
   *   are not known
   * @param {InputHistory} inputs
   * @param {GameEvent[]} events those since then
   * @returns {Comparison} how it fared
   */
  frame(tick, { world, own, player }, statuses, inputs, events) {
    if (this.rules.scenery && (this.scenery === null || statuses === null)) {
      this.scenery = this.rules.scenery(world) ?? null;
    }
    const actual = clone(this.rules.state(world, own, player) ?? null);
    const before = this.base;
    this.base = actual === null ? null : { tick, state: actual };
    this.replayed = null;
    if (!statuses) {
      this.repeated = null;
      return "unpredicted";
    }
    const first = tick - Math.max(statuses.length - 1, 0);
    const predicted = before && this.scenery !== null && before.tick + 1 === first ? clone(before.state) : null;
    let asAssumed = true;
    statuses.forEach((status, after) => {
      const { words, assumed } = this.assume(status, first + after, inputs);
      asAssumed &&= assumed;
      if (predicted) this.rules.step(predicted, this.readInput(words), this.scenery);
    });
    if (!predicted) return "unpredicted";
    if (isSame(predicted, actual)) return "agreed";
    for (const event of events) {
      const cause = this.rules.touches?.(event, player);
      if (cause) return cause;
    }
    return asAssumed ? ERROR : LATE_INPUT;
  }

  /**
   * What this end took the input of a tick to be, and whether the server applied just that.
   *
   * @param {number} status
   * @param {number} tick
   * @param {InputHistory} inputs
   * @returns {{ words: ArrayLike<number>, assumed: boolean }}
   */
  assume(status, tick, inputs) {
    const { repeated } = this;
    const stamped = inputs.get(tick);
    if (status === APPLIED || status === MERGED) {
      // Merged with others, or forgotten here: nothing can be said.
      const assumed = status === APPLIED && stamped !== null;
      this.repeated = assumed ? stamped : null;
      return { words: inputs.heldAt(tick) ?? repeated ?? this.neutral, assumed };
    }
    if (stamped) return { words: stamped, assumed: repeated !== null && isSame(repeated, stamped) };
    return { words: repeated ?? inputs.heldAt(tick) ?? this.neutral, assumed: repeated !== null };
  }

  /**
   * The state at the last tick of which this end has said what it presses: the server's last word with
   * the inputs since replayed on it.
   *
   * @param {InputHistory} inputs
   * @param {number | null} newest that tick
   * @returns {{ tick: number, state: any, held: ArrayLike<number> } | null} null if nothing is
   *   predicted; not to be changed
   */
  present(inputs, newest) {
    if (!this.base || this.scenery === null) return null;
    const { tick, state } = this.base;
    this.replayed ??= { tick, state: clone(state), held: inputs.heldAt(tick) ?? this.repeated ?? this.neutral };
    const { replayed } = this;
    while (replayed.tick < (newest ?? 0)) {
      replayed.tick += 1;
      replayed.held = inputs.get(replayed.tick) ?? replayed.held;
      this.rules.step(replayed.state, this.readInput(replayed.held), this.scenery);
    }
    return replayed;
  }

  /**
   * The numbers to draw at a moment, without smoothing.
   *
   * @param {InputHistory} inputs
   * @param {number | null} newest the last tick of which this end has said what it presses
   * @param {number} moment in ticks: where the match is, and the lead
   * @param {ArrayLike<number>} controls what is pressed now
   * @returns {number[] | null} null if nothing is predicted
   */
  target(inputs, newest, moment, controls) {
    const present = this.present(inputs, newest);
    const { drawn, step } = this.rules;
    if (!present || !drawn) return null;
    const ahead = Math.min(Math.max(moment - present.tick, 0), TICKS_AHEAD_MAX);
    const input = this.readInput(controls);
    const state = clone(present.state);
    let from = [...drawn(state)];
    for (let tick = 0; tick < ahead; tick++) {
      step(state, input, this.scenery);
      const part = Math.min(ahead - tick, 1);
      const to = drawn(state);
      from = from.map((value, at) => value + (to[at] - value) * part);
    }
    return from;
  }

  /**
   * What is drawn changed without a movement: the difference fades instead of showing at once.
   *
   * @param {number} now in ms
   * @param {number[] | null} before the target before
   * @param {number[] | null} after the target now
   * @returns {number} how far it changed
   */
  smooth(now, before, after) {
    if (!before || !after || before.length !== after.length) {
      this.offset = [];
      return 0;
    }
    const faded = this.fade(now, after.length);
    this.offset = after.map((value, at) => before[at] - value + faded[at]);
    this.offsetAt = now;
    if (Math.hypot(...this.offset) > (this.rules.snapBeyond ?? Infinity)) this.offset = [];
    return Math.hypot(...after.map((value, at) => before[at] - value));
  }

  /**
   * @param {number} now in ms
   * @param {number} length how many numbers
   * @returns {number[]} what is left of corrections
   */
  fade(now, length) {
    if (this.offset.length !== length) return Array(length).fill(0);
    const left = Math.exp(-Math.max(now - this.offsetAt, 0) / FADE_MS);
    return this.offset.map((value) => (Math.abs(value * left) < 1e-6 ? 0 : value * left));
  }
}
