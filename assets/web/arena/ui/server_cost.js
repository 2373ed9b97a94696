// What the room costs its server, asked of it once a second while somebody looks.

/** @typedef {{ tickMicros: number | null, worstMicros: number | null }} Cost a mean tick since the last answer, and the slowest in a hundred of all */

/** How often it is asked, in ms. */
const EVERY_MS = 1000;

/** Asks. */
export class ServerCost {
  constructor() {
    /** @type {Cost} Nulls until it is known; for good if the server doesn't tell. */
    this.cost = { tickMicros: null, worstMicros: null };
    this.askedAt = -Infinity;
    /** @type {{ room: number, count: number, sum: number } | null} */
    this.last = null;
  }

  /**
   * @param {number} room its id
   * @param {number} now ms
   */
  poll(room, now) {
    if (now - this.askedAt < EVERY_MS) return;
    this.askedAt = now;
    void this.ask(room);
  }

  /** @param {number} room */
  async ask(room) {
    try {
      const answer = await fetch(`/api/rooms/${room}/metrics`, { cache: "no-store" });
      const { tick } = answer.ok ? await answer.json() : { tick: null };
      this.learn(room, tick);
    } catch {
      this.cost = { tickMicros: null, worstMicros: null };
    }
  }

  /** @param {number} room @param {{ count?: number, sum_micros?: number, p99_micros?: number } | null} tick what the server told */
  learn(room, tick) {
    const [count, sum] = [tick?.count ?? 0, tick?.sum_micros ?? 0];
    const { last } = this;
    const goesOn = last !== null && last.room === room && count > last.count;
    const mean = goesOn ? (sum - last.sum) / (count - last.count) : count > 0 ? sum / count : null;
    this.cost = { tickMicros: mean, worstMicros: tick?.p99_micros ?? null };
    this.last = { room, count, sum };
  }
}
