// A worse network, for development: messages wait before they are delivered, in order.

/**
 * @typedef {object} Conditions
 * @property {number} [latency] ms more of round trip, half each way
 * @property {number} [jitter] up to so many ms more for each message
 * @property {number} [stallEvery] every so many ms nothing comes or goes
 * @property {number} [stallFor] for so many ms
 */

/** The network as it is. */
const NOTHING = { latency: 0, jitter: 0, stallEvery: 0, stallFor: 0 };

/** Delays what passes through it. */
export class Conditioner {
  /** @param {{ setTimeout: (call: () => void, ms: number) => any, now: () => number, random: () => number }} clock */
  constructor(clock) {
    this.clock = clock;
    /** @type {Required<Conditions> | null} */
    this.conditions = null;
    this.stallsFrom = 0;
    /** When the last message of each way is delivered: none overtakes another. */
    this.last = { up: 0, down: 0 };
    /** @type {Record<"up" | "down", (() => void)[]>} */
    this.queues = { up: [], down: [] };
  }

  /** @param {Conditions | null} conditions from now on */
  set(conditions) {
    const all = { ...NOTHING, ...conditions };
    for (const [name, value] of Object.entries(all)) {
      if (!(name in NOTHING) || !(value >= 0)) throw new TypeError(`simulate has no ${name} of ${value}`);
    }
    this.conditions = all.latency || all.jitter || (all.stallEvery && all.stallFor) ? all : null;
    this.stallsFrom = this.clock.now();
  }

  /**
   * @param {"up" | "down"} way
   * @param {() => void} deliver called now or later
   */
  pass(way, deliver) {
    const now = this.clock.now();
    const due = this.conditions ? this.due(now, this.conditions) : now;
    this.last[way] = Math.max(this.last[way], due);
    const wait = this.last[way] - now;
    const queue = this.queues[way];
    if (wait <= 0 && queue.length === 0) {
      deliver();
      return;
    }
    queue.push(deliver);
    // Timers are whole and may overtake each other; messages may not.
    this.clock.setTimeout(() => queue.shift()?.(), wait);
  }

  /** @param {number} now @param {Required<Conditions>} conditions @returns {number} when a message of now comes */
  due(now, { latency, jitter, stallEvery, stallFor }) {
    const due = now + latency / 2 + this.clock.random() * jitter;
    if (!stallEvery || !stallFor) return due;
    const into = (due - this.stallsFrom) % (stallEvery + stallFor);
    return into > stallEvery ? due + stallEvery + stallFor - into : due;
  }
}
