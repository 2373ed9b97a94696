// The server's clock as seen from here, learned from pings. Section 12 of shared/PROTOCOL.md.
//
// Times are in ms. The match's time is that since its tick 0 was due.

/** How many answers are remembered: the quickest of them is believed. */
const SAMPLES_MAX = 8;

/** How many pings may be without an answer; older ones are given up. */
const UNANSWERED_MAX = 8;

/** How many answers are gathered quickly, so that inputs can start soon after a join. */
const QUICK_SAMPLES = 4;

/** Between pings, at first and later. */
const QUICK_PING_MS = 200;
const PING_MS = 1000;

/** By how much two answers may contradict each other before the older is thought to be of another clock. */
const CONTRADICTION_MS = 5;

/** A correction larger than this is made at once, a smaller one bit by bit. */
const STEP_MS = 30;

/** How much longer than the quickest an answer may take and still be jitter: more is a stall. */
const JITTER_MS_MAX = 50;

/** @typedef {{ roundTrip: number, offset: number }} Sample an answer: the match's time less ours */

/** An estimate of the running match's time. */
export class ClockSync {
  /** @param {number} now when it wants to ping first */
  constructor(now) {
    this.nonce = 0;
    /** When the next ping is due. */
    this.nextPing = now;
    /** @type {{ nonce: number, sent: number }[]} */
    this.unanswered = [];
    /** @type {Sample[]} */
    this.samples = [];
    /** @type {number | null} */
    this.offset = null;
    /** @type {number | null} The quickest round trip of late, kept over a change of the match. */
    this.roundTrip = null;
    /** By how much round trips exceed the quickest, smoothed. */
    this.jitter = 0;
  }

  /**
   * Forgets the match's time, because another match has begun; round trips stay known.
   *
   * @param {number} now
   */
  restart(now) {
    this.unanswered = [];
    this.samples = [];
    this.offset = null;
    this.nextPing = now;
  }

  /**
   * Time may have jumped: asks at once.
   *
   * @param {number} now
   */
  doubt(now) {
    this.nextPing = Math.min(this.nextPing, now);
  }

  /**
   * @param {number} now
   * @returns {number | null} the nonce of a ping to send now, if one is due
   */
  pollPing(now) {
    if (now < this.nextPing) return null;
    this.nonce = (this.nonce + 1) >>> 0;
    if (this.unanswered.length === UNANSWERED_MAX) this.unanswered.shift();
    this.unanswered.push({ nonce: this.nonce, sent: now });
    this.nextPing = now + (this.samples.length < QUICK_SAMPLES ? QUICK_PING_MS : PING_MS);
    return this.nonce;
  }

  /**
   * Takes in an answer; one that was not asked for is ignored.
   *
   * @param {number} now
   * @param {number} nonce
   * @param {number} matchMicros the match's time when it was given, or 0 without a match
   */
  pong(now, nonce, matchMicros) {
    const place = this.unanswered.findIndex((asked) => asked.nonce === nonce);
    if (place < 0) return;
    const { sent } = this.unanswered[place];
    this.unanswered.splice(0, place + 1);
    const roundTrip = Math.max(now - sent, 0);
    this.roundTrip = Math.min(this.roundTrip ?? roundTrip, roundTrip);
    const excess = Math.min(roundTrip - this.roundTrip, JITTER_MS_MAX);
    this.jitter = (this.jitter * 3 + excess) / 4;
    if (matchMicros === 0) return;
    const sample = { roundTrip, offset: matchMicros / 1000 - (sent + roundTrip / 2) };
    this.samples = this.samples.filter((old) => !contradicts(old, sample)).slice(1 - SAMPLES_MAX);
    this.samples.push(sample);
    this.steer(this.samples.length === 1);
  }

  /** @param {boolean} clockChanged whether nothing that was known holds any more */
  steer(clockChanged) {
    const { roundTrip, offset } = this.samples.reduce((best, sample) => (sample.roundTrip < best.roundTrip ? sample : best));
    this.roundTrip = roundTrip;
    const before = this.offset ?? offset;
    this.offset = clockChanged || Math.abs(offset - before) >= STEP_MS ? offset : before + (offset - before) / 4;
  }

  /**
   * @param {number} now
   * @returns {number | null} the match's time; null until an answer came
   */
  matchTime(now) {
    return this.offset === null ? null : Math.max(now + this.offset, 0);
  }

  /**
   * @param {number} matchTime
   * @returns {number | null} what our clock shows then
   */
  localTime(matchTime) {
    return this.offset === null ? null : matchTime - this.offset;
  }
}

/**
 * @param {Sample} a
 * @param {Sample} b
 * @returns {boolean} whether no single clock can have given both answers
 */
function contradicts(a, b) {
  return Math.abs(a.offset - b.offset) > (a.roundTrip + b.roundTrip) / 2 + CONTRADICTION_MS;
}
