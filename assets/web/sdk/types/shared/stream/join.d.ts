/** Reads one join. */
export class JoinReader {
    /**
     * @param {StreamPlan} plan what follows from the schema
     * @param {Uint8Array} bytes the join
     * @param {StreamState | null} before what was known of the stream
     */
    constructor(plan: StreamPlan, bytes: Uint8Array, before: StreamState | null);
    stream: StreamState;
    wire: import("../range_coder.js").RangeDecoder;
    table: Uint16Array<ArrayBuffer>;
    /** The run of the lane before, in this row. */
    run: number;
    words: Uint32Array<ArrayBuffer>;
    /**
     * @returns {StreamState} the state that the join tells
     * @throws {DecodeError} if it can't be decoded
     */
    read(): StreamState;
    /** @param {number} site @param {number} context @returns {number} a number with its sign */
    plain(site: number, context: number): number;
    /** @param {number} site @param {number} context @param {number} low @param {number} high @returns {number} */
    ranged(site: number, context: number, low: number, high: number): number;
    /** @param {number} place @param {number} context @param {number} likely @param {number} max @returns {number} */
    word(place: number, context: number, likely: number, max: number): number;
    /** @param {number} site @param {number} likely @returns {number} chunks back from the last one */
    ago(site: number, likely: number): number;
    /** @param {ClassMemory} m @param {number} left words that the stream may still have @returns {number} its words */
    readClass(m: ClassMemory, left: number): number;
    /** @param {ClassMemory} m */
    readLearned(m: ClassMemory): void;
    /** @param {ClassPlan} plan @param {Uint32Array} before the row before */
    readRow(plan: ClassPlan, before: Uint32Array): void;
    /** @param {ClassPlan} plan @param {GroupPlan} group @param {number} word @param {Uint32Array} before @returns {number} */
    likely(plan: ClassPlan, { kind, heading, circle, first, bits }: GroupPlan, word: number, before: Uint32Array): number;
    /** @param {ClassMemory} m @param {number} slot what is remembered of it */
    readMemory(m: ClassMemory, slot: number): void;
    /** @param {ClassMemory} m @param {number} at the word @param {boolean} fresh */
    readWordMemory(m: ClassMemory, at: number, fresh: boolean): void;
    /**
     * A filter as it would begin becomes what it is.
     *
     * @param {ClassMemory} m
     * @param {number} at the filter
     * @param {number} lane
     * @param {number} word the lane's
     */
    readFilter(m: ClassMemory, at: number, lane: number, word: number): void;
    /** @param {Uint16Array} contexts */
    readOdds(contexts: Uint16Array): void;
}
export type ClassPlan = import("../plan.js").ClassPlan;
export type GroupPlan = import("../plan.js").GroupPlan;
export type StreamPlan = import("../plan.js").StreamPlan;
export type ClassMemory = import("./memory.js").ClassMemory;
import { StreamState } from "./state.js";
