/** @typedef {import("../shared/frame.js").FrameSection} FrameSection */
/** @typedef {import("../shared/schema.js").Schema} Schema */
/** @typedef {import("../shared/stream/state.js").EventWords} EventWords */
/** @typedef {{ stream: number, tick: number, error: Error }} Astray a stream whose bytes don't fit */
/**
 * @typedef {object} FrameOutcome what a frame did
 * @property {boolean} whole whether all streams are at its tick now and were not before
 * @property {number} snapshots ticks that the common stream was brought forward by, or 1 for a join
 * @property {boolean} joined whether a stream was joined, so that what happened before is unknown
 * @property {{ stream: number, tick: number, event: EventWords }[]} events what happened
 */
/** One stream of a member. */
export class Followed {
    /** @param {number} stream which one */
    constructor(stream: number);
    stream: number;
    /** @type {StreamDecoder | null} The state, or while the stream is astray what is shown of it. */
    decoder: StreamDecoder | null;
    /** The tick that a live stream was brought to; -1 while its join has not come. */
    tick: number;
    /** @type {{ tick: number, received: (Uint8Array | null)[], bytes: number } | null} Parts of a join. */
    parts: {
        tick: number;
        received: (Uint8Array | null)[];
        bytes: number;
    } | null;
    /** @type {{ tick: number, error: Error, asked: boolean } | null} Why it has no state. */
    lost: {
        tick: number;
        error: Error;
        asked: boolean;
    } | null;
    /** @returns {boolean} whether it is followed */
    get isLive(): boolean;
    /** @returns {Astray | null} that the stream went astray, once */
    takeAstray(): Astray | null;
    /** It begins anew: its join follows. */
    restart(): void;
    /**
     * Brings the stream to the frame's tick: through the silent snapshot ticks before it, and then by
     * `chunk`. Lets it pass while astray.
     *
     * @param {FrameSection} frame
     * @param {Uint8Array} chunk
     * @param {number} silenceMax the longest silence, in ticks
     * @param {FrameOutcome} outcome
     * @throws {DecodeError} if the chunk fits nowhere
     */
    advance(frame: FrameSection, chunk: Uint8Array, silenceMax: number, outcome: FrameOutcome): void;
    /**
     * Follows the stream from its state after `tick`, whatever was known of it before.
     *
     * @param {Schema} schema
     * @param {number} tick
     * @param {Uint8Array} bytes the join
     * @param {FrameOutcome} outcome
     */
    join(schema: Schema, tick: number, bytes: Uint8Array, outcome: FrameOutcome): void;
    /** @param {number} tick of the frame @param {unknown} error what did not fit */
    lose(tick: number, error: unknown): void;
    /**
     * Takes in a part of a join.
     *
     * @param {number} tick of the frame
     * @param {import("../shared/frame.js").StreamEntry} entry
     * @returns {Uint8Array | null} the whole of it, if this was the last that lacked
     * @throws {DecodeError} if it fits nowhere
     */
    part(tick: number, { index, count, bytes }: import("../shared/frame.js").StreamEntry): Uint8Array | null;
}
export type FrameSection = import("../shared/frame.js").FrameSection;
export type Schema = import("../shared/schema.js").Schema;
export type EventWords = import("../shared/stream/state.js").EventWords;
/**
 * a stream whose bytes don't fit
 */
export type Astray = {
    stream: number;
    tick: number;
    error: Error;
};
/**
 * what a frame did
 */
export type FrameOutcome = {
    /**
     * whether all streams are at its tick now and were not before
     */
    whole: boolean;
    /**
     * ticks that the common stream was brought forward by, or 1 for a join
     */
    snapshots: number;
    /**
     * whether a stream was joined, so that what happened before is unknown
     */
    joined: boolean;
    /**
     * what happened
     */
    events: {
        stream: number;
        tick: number;
        event: EventWords;
    }[];
};
import { StreamDecoder } from "../shared/stream/decoder.js";
