// What a net panel shows. Times are in ms.

import { RateMeter } from "./rate_meter.js";

/** How many decoding times are remembered. */
const TIMES_MAX = 64;

/**
 * @typedef {object} Stats
 * @property {number | null} roundTrip the quickest of late; null until measured
 * @property {number} jitter by how much others exceed it
 * @property {number} lead by which inputs are stamped ahead of the match
 * @property {number | null} margin by which inputs came early, as the server told last
 * @property {number} delay by which others are drawn behind the newest frame's time
 * @property {number} bytesPerSecond down
 * @property {number} messagesPerSecond down
 * @property {number} sentBytesPerSecond up
 * @property {number} sentMessagesPerSecond up
 * @property {number} snapshotsPerSecond ticks that frames told of, silent ones included
 * @property {number} bytesPerSnapshot down, over the last second
 * @property {number} bytes down, all so far
 * @property {number} messages down, all so far
 * @property {number} sentBytes up, all so far
 * @property {number} sentMessages up, all so far
 * @property {number} predictionError how far the last correction moved what is drawn
 * @property {number} predicted comparisons with the server
 * @property {number} predictionErrors those that differed without a cause
 * @property {Record<string, number>} corrections by cause
 * @property {{ applied: number, repeated: number, merged: number, dropped: number }} inputs
 * @property {number} resyncs streams that had to be asked for anew
 * @property {number} connections how often a room was entered
 * @property {number} decodeMicros median time to decode a frame, of the last 64
 * @property {Required<import("./conditioner.js").Conditions> | null} simulated what `simulate` does now
 */

/** Counts of one client, over all its connections. */
export class Statistics {
  constructor() {
    this.down = new RateMeter();
    this.received = new RateMeter();
    this.up = new RateMeter();
    this.sent = new RateMeter();
    this.snapshots = new RateMeter();
    this.predicted = 0;
    this.predictionErrors = 0;
    this.predictionError = 0;
    /** Corrections of all causes. */
    this.corrected = 0;
    /** @type {Record<string, number>} */
    this.corrections = {};
    /** Inputs by status. */
    this.statuses = [0, 0, 0, 0];
    this.resyncs = 0;
    this.connections = 0;
    /** @type {number[]} */
    this.times = [];
    this.timed = 0;
  }

  /** @param {number} millis a frame was decoded in so long */
  decoded(millis) {
    this.times[this.timed % TIMES_MAX] = millis;
    this.timed += 1;
  }

  /** @param {import("./prediction.js").Comparison} comparison */
  compared(comparison) {
    if (comparison === "unpredicted") return;
    this.predicted += 1;
    if (comparison === "agreed") return;
    this.corrected += 1;
    if (comparison === "error") this.predictionErrors += 1;
    this.corrections[comparison] = (this.corrections[comparison] ?? 0) + 1;
  }

  /**
   * @param {number} now
   * @param {import("./playing.js").Playing | null} playing
   * @param {Stats["simulated"]} simulated
   * @returns {Stats}
   */
  read(now, playing, simulated) {
    const bytesPerSecond = this.down.perSecond(now);
    const snapshotsPerSecond = this.snapshots.perSecond(now);
    const [applied, repeated, merged, dropped] = this.statuses;
    return {
      roundTrip: playing?.clock.roundTrip ?? null,
      jitter: playing?.clock.jitter ?? 0,
      lead: playing?.inputs.lead.lead ?? 0,
      margin: playing?.inputs.lead.margin ?? null,
      delay: playing?.interpolation.delay ?? 0,
      bytesPerSecond,
      messagesPerSecond: this.received.perSecond(now),
      sentBytesPerSecond: this.up.perSecond(now),
      sentMessagesPerSecond: this.sent.perSecond(now),
      snapshotsPerSecond,
      bytesPerSnapshot: snapshotsPerSecond > 0 ? bytesPerSecond / snapshotsPerSecond : 0,
      bytes: this.down.total,
      messages: this.received.total,
      sentBytes: this.up.total,
      sentMessages: this.sent.total,
      predictionError: this.predictionError,
      predicted: this.predicted,
      predictionErrors: this.predictionErrors,
      corrections: { ...this.corrections },
      inputs: { applied, repeated, merged, dropped },
      resyncs: this.resyncs,
      connections: this.connections,
      decodeMicros: median(this.times) * 1000,
      simulated,
    };
  }
}

/** @param {number[]} times @returns {number} */
function median(times) {
  const sorted = [...times].sort((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? 0;
}
