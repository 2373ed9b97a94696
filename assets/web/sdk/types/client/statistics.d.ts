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
    down: RateMeter;
    received: RateMeter;
    up: RateMeter;
    sent: RateMeter;
    snapshots: RateMeter;
    predicted: number;
    predictionErrors: number;
    predictionError: number;
    /** Corrections of all causes. */
    corrected: number;
    /** @type {Record<string, number>} */
    corrections: Record<string, number>;
    /** Inputs by status. */
    statuses: number[];
    resyncs: number;
    connections: number;
    /** @type {number[]} */
    times: number[];
    timed: number;
    /** @param {number} millis a frame was decoded in so long */
    decoded(millis: number): void;
    /** @param {import("./prediction.js").Comparison} comparison */
    compared(comparison: import("./prediction.js").Comparison): void;
    /**
     * @param {number} now
     * @param {import("./playing.js").Playing | null} playing
     * @param {Stats["simulated"]} simulated
     * @returns {Stats}
     */
    read(now: number, playing: import("./playing.js").Playing | null, simulated: Stats["simulated"]): Stats;
}
export type Stats = {
    /**
     * the quickest of late; null until measured
     */
    roundTrip: number | null;
    /**
     * by how much others exceed it
     */
    jitter: number;
    /**
     * by which inputs are stamped ahead of the match
     */
    lead: number;
    /**
     * by which inputs came early, as the server told last
     */
    margin: number | null;
    /**
     * by which others are drawn behind the newest frame's time
     */
    delay: number;
    /**
     * down
     */
    bytesPerSecond: number;
    /**
     * down
     */
    messagesPerSecond: number;
    /**
     * up
     */
    sentBytesPerSecond: number;
    /**
     * up
     */
    sentMessagesPerSecond: number;
    /**
     * ticks that frames told of, silent ones included
     */
    snapshotsPerSecond: number;
    /**
     * down, over the last second
     */
    bytesPerSnapshot: number;
    /**
     * down, all so far
     */
    bytes: number;
    /**
     * down, all so far
     */
    messages: number;
    /**
     * up, all so far
     */
    sentBytes: number;
    /**
     * up, all so far
     */
    sentMessages: number;
    /**
     * how far the last correction moved what is drawn
     */
    predictionError: number;
    /**
     * comparisons with the server
     */
    predicted: number;
    /**
     * those that differed without a cause
     */
    predictionErrors: number;
    /**
     * by cause
     */
    corrections: Record<string, number>;
    inputs: {
        applied: number;
        repeated: number;
        merged: number;
        dropped: number;
    };
    /**
     * streams that had to be asked for anew
     */
    resyncs: number;
    /**
     * how often a room was entered
     */
    connections: number;
    /**
     * median time to decode a frame, of the last 64
     */
    decodeMicros: number;
    /**
     * what `simulate` does now
     */
    simulated: Required<import("./conditioner.js").Conditions> | null;
};
import { RateMeter } from "./rate_meter.js";
