/** @typedef {import("../plan.js").StreamPlan} StreamPlan */
/** @typedef {{ class: number, words: number[] }} EventWords an event of a chunk: its class, its words */
/** The state of a stream. */
export class StreamState {
    /**
     * @param {StreamPlan} plan what follows from the schema
     * @param {boolean} isPrivate whether it is for one player alone
     */
    constructor(plan: StreamPlan, isPrivate: boolean);
    plan: import("../plan.js").StreamPlan;
    isPrivate: boolean;
    /** The number of the last chunk. */
    chunk: number;
    /** The span of the last chunk, in ticks. */
    span: number;
    trail: number;
    classes: ClassMemory[];
    /** The words of the last event of each class. */
    lastEvents: Uint32Array<ArrayBuffer>[];
    contexts: Uint16Array<ArrayBuffer>;
    wire: RangeDecoder;
    /** Which rows of the class were surprises, the last one in the lowest bit. */
    surprises: number;
    /** Which groups of the row were surprises. */
    missed: number;
    /** Whether the row was a surprise in the chunk before as well. */
    fresh: boolean;
    /** Lanes of the row that were relinked in this chunk: a mask. */
    relinked: number;
    old: Uint32Array<ArrayBuffer>;
    predicted: Uint32Array<ArrayBuffer>;
    doubts: Int32Array<ArrayBuffer>;
    fractions: Int32Array<ArrayBuffer>;
    attitude: Float64Array<ArrayBuffer>;
    /** @returns {StreamState} a copy that goes its own way */
    copy(): StreamState;
    /** @returns {number} the hash of all rows, 32 bits */
    hash(): number;
}
export type StreamPlan = import("../plan.js").StreamPlan;
/**
 * an event of a chunk: its class, its words
 */
export type EventWords = {
    class: number;
    words: number[];
};
import { ClassMemory } from "./memory.js";
import { RangeDecoder } from "../range_coder.js";
