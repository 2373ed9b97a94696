/**
 * @param {Uint8Array} body of a frame section
 * @returns {FrameSection} what it says
 * @throws {DecodeError} if it is none
 */
export function readFrame(body: Uint8Array): FrameSection;
/** What became of an input. */
export const APPLIED: 0;
export const REPEATED: 1;
export const MERGED: 2;
export const DROPPED: 3;
/** What an entry says of its stream. */
export const CHUNK: 0;
export const JOIN: 1;
export const PART: 2;
export const GONE: 3;
export type StreamEntry = {
    /**
     * which stream
     */
    stream: number;
    /**
     * CHUNK, JOIN, PART or GONE
     */
    kind: number;
    /**
     * of the chunk, the join or the part; not copied
     */
    bytes: Uint8Array;
    /**
     * of a part
     */
    index: number;
    /**
     * of the parts
     */
    count: number;
};
export type FrameSection = {
    tick: number;
    /**
     * ticks since the snapshot before
     */
    span: number;
    /**
     * what became of the member's inputs, oldest first
     */
    statuses: number[];
    /**
     * whether at the ticks before those the last input was repeated, rather
     * than one applied
     */
    repeated: boolean;
    /**
     * how early inputs come
     */
    marginMs: number | null;
    entries: StreamEntry[];
};
