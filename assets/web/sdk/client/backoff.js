// How long to wait before the next attempt, so that a thousand clients don't come back at once.

/** The longest wait after the first loss, in ms; it doubles with each failure. */
const FIRST_MS = 250;

/** The longest wait however often it failed, in ms. */
const WAIT_MS_MAX = 8000;

/** Waits that grow with failures and are jittered. */
export class Backoff {
  /** @param {() => number} random from 0 up to 1 */
  constructor(random) {
    this.random = random;
    this.failures = 0;
    this.rejoins = false;
  }

  /** A connection has proved itself. */
  succeeded() {
    this.failures = 0;
  }

  /**
   * A server that answers that a session is over is there again: the first such answer in a row
   * counts as no failure.
   *
   * @param {import("../shared/close.js").Then} then what comes next
   * @param {number} retryAfter seconds, if that is `"retry"`
   * @returns {number | null} how long to wait, in ms; null if trying again is pointless
   */
  wait(then, retryAfter) {
    const rejoins = then === "rejoin";
    if (rejoins && !this.rejoins) this.failures = 0;
    this.rejoins = rejoins;
    const longest = Math.min(FIRST_MS * 2 ** Math.min(this.failures, 8), WAIT_MS_MAX);
    this.failures += 1;
    if (then === "never") return null;
    if (then === "retry") return retryAfter * 1000 * (1 + this.random() / 2);
    return (longest / 2) * (1 + this.random());
  }
}
