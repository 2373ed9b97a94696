// Commands that wait for their answers, across the connections of a session: what is lost with one is
// asked again on the next under its number, by which the server knows whether it was done.

import { ByteWriter } from "../shared/bits.js";
import { encodeCommandSection } from "../shared/command.js";
import { COMMAND } from "../shared/kinds.js";
import { writeSection } from "../shared/message.js";

/** @typedef {import("../shared/control.js").CommandOutcome} CommandOutcome */
/**
 * @typedef {object} Waiting
 * @property {number} incarnation
 * @property {Uint8Array} message
 * @property {(outcome: CommandOutcome) => void} resolve called with the answer
 * @property {() => void} reject called if there won't be one
 */

/** How many numbers a connection has for its commands. Section 8 of shared/PROTOCOL.md. */
const NUMBERS = 65536;
/** The most commands that are asked again: of more a server does not remember whether it did them. */
const AGAIN_MAX = 32;

/** The commands of one client. */
export class Commands {
  #next = 0;
  /** @type {Map<number, Waiting>} By number. */
  #waiting = new Map();
  /** @type {Uint8Array[]} What is to be sent again. */
  #again = [];

  /**
   * A connection begins.
   *
   * @param {number} attach which one of its session, from 1
   * @param {number} incarnation of the match: what was meant for another is lost, and what a server may have forgotten
   */
  begin(attach, incarnation) {
    let left = this.#waiting.size;
    for (const [sequence, { reject, ...command }] of this.#waiting) {
      const isKnown = left-- <= AGAIN_MAX;
      if (attach > 1 && command.incarnation === incarnation && isKnown) continue;
      this.#waiting.delete(sequence);
      reject();
    }
    this.#again = Array.from(this.#waiting.values(), ({ message }) => message);
    this.#next = ((attach - 1) * NUMBERS) % 2 ** 32;
  }

  /**
   * @param {number} incarnation of the match that it is for
   * @param {Uint8Array} payload the encoded command
   * @param {Waiting["resolve"]} resolve
   * @param {Waiting["reject"]} reject
   * @returns {Uint8Array} the message
   */
  ask(incarnation, payload, resolve, reject) {
    const sequence = this.#next++;
    const writer = new ByteWriter();
    writeSection(writer, COMMAND, encodeCommandSection(incarnation, sequence, payload));
    const message = writer.finish();
    this.#waiting.set(sequence, { incarnation, message, resolve, reject });
    return message;
  }

  /** @param {number} sequence @param {CommandOutcome} outcome */
  answered(sequence, outcome) {
    this.#waiting.get(sequence)?.resolve(outcome);
    this.#waiting.delete(sequence);
  }

  /** @returns {Uint8Array[]} messages to send again on this connection, once */
  again() {
    return this.#again.splice(0);
  }

  /** The session is over: nothing will be answered any more. */
  giveUp() {
    for (const { reject } of this.#waiting.values()) reject();
    this.#waiting.clear();
  }
}
