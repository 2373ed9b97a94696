/** All streams of one connection and one timeline. */
export class Streams {
    /**
     * @param {Schema} schema
     * @param {number} tickRate steps per second
     * @param {number[]} slots the streams of the Welcome
     * @param {Streams | null} before those of an earlier connection: rows keep their numbers apart
     */
    constructor(schema: Schema, tickRate: number, slots: number[], before: Streams | null);
    schema: import("../shared/schema.js").Schema;
    slots: number[];
    silence: number;
    /** @type {Map<number, Followed>} */
    followed: Map<number, Followed>;
    /** Another timeline begins: none of the streams has begun. */
    restart(): void;
    /**
     * @param {number} stream which one
     * @returns {StreamDecoder | null} its world as it was told last; null before the first join
     */
    decoder(stream: number): StreamDecoder | null;
    /** @param {number} stream @returns {number} the tick that it stands at; -1 while it has no state */
    standing(stream: number): number;
    /** @returns {Astray[]} the streams that went astray since this was last asked: the server has to be told */
    takeAstray(): Astray[];
    /**
     * Applies a frame section. A stream whose bytes don't fit goes astray, which is no error.
     *
     * @param {FrameSection} frame
     * @returns {FrameOutcome} what it did
     * @throws {DecodeError} for what only a server that lost the thread sends
     */
    apply(frame: FrameSection): FrameOutcome;
    /** @param {number} tick @returns {boolean} whether all streams are at it, or beyond */
    standAt(tick: number): boolean;
    /** @param {FrameSection} frame @param {StreamEntry} entry @param {number} silenceMax @param {FrameOutcome} outcome */
    applyEntry(frame: FrameSection, entry: StreamEntry, silenceMax: number, outcome: FrameOutcome): void;
    /** @param {number} stream @returns {Followed} the stream, which may be one that the Welcome did not name */
    follow(stream: number): Followed;
}
export type FrameSection = import("../shared/frame.js").FrameSection;
export type StreamEntry = import("../shared/frame.js").StreamEntry;
export type Schema = import("../shared/schema.js").Schema;
export type StreamDecoder = import("../shared/stream/decoder.js").StreamDecoder;
export type Astray = import("./followed.js").Astray;
export type FrameOutcome = import("./followed.js").FrameOutcome;
import { Followed } from "./followed.js";
