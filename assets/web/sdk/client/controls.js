// What the player presses.

import { readRow, writeRow } from "../shared/replicated.js";
import { report } from "./emitter.js";

/** @typedef {import("../shared/schema.js").Schema} Schema */

/** The player's controls as words, and what was pressed for less than a tick. */
export class Controls {
  constructor() {
    /** @type {Schema | null} */
    this.schema = null;
    /** @type {Record<string, any>} */
    this.values = {};
    /** @type {Uint32Array} */
    this.words = new Uint32Array(0);
    /** @type {Uint32Array} */
    this.neutral = new Uint32Array(0);
    /** @type {Set<number>} Flags that were on since the last tick. */
    this.pressed = new Set();
    /** Whether nothing counts as pressed: the page is hidden. */
    this.released = false;
  }

  /** @param {Schema} schema what inputs look like from now on */
  learn(schema) {
    if (schema === this.schema) return;
    this.schema = schema;
    this.neutral = writeRow(schema.input, {});
    this.words = this.neutral;
    this.pressed.clear();
    try {
      this.set(this.values);
    } catch (error) {
      // Set before anybody knew that the input has no such names: the page's own mistake.
      this.values = {};
      report(error);
    }
  }

  /**
   * @param {Record<string, any>} values what is pressed from now on
   * @throws {TypeError} for names and values that the input does not have
   */
  set(values) {
    if (this.schema) {
      this.words = writeRow(this.schema.input, values);
      for (const { kind, start, words } of this.schema.input.fields) {
        if (kind.name !== "bool") continue;
        for (let word = start; word < start + words; word++) if (this.words[word]) this.pressed.add(word);
      }
    }
    this.values = values;
  }

  /** @returns {Uint32Array} what the next tick's input is, as it looks now */
  peek() {
    return this.released ? this.neutral : this.words.map((word, at) => (this.pressed.has(at) ? 1 : word));
  }

  /** @returns {Uint32Array} a tick's input */
  take() {
    const words = this.peek();
    this.pressed.clear();
    return words;
  }

  /**
   * @param {ArrayLike<number>} words
   * @returns {Record<string, any>} what they say
   */
  read(words) {
    return this.schema ? readRow(this.schema.input, words, 0, {}) : {};
  }
}
