/**
 * @typedef {object} StreamEntry
 * @property {number} stream which stream
 * @property {number} kind CHUNK, JOIN, PART or GONE
 * @property {Uint8Array} bytes of the chunk, the join or the part; not copied
 * @property {number} index of a part
 * @property {number} count of the parts
 */
/**
 * @typedef {object} FrameSection
 * @property {number} tick
 * @property {number} span ticks since the snapshot before
 * @property {number[]} statuses what became of the member's inputs, oldest first
 * @property {boolean} repeated whether at the ticks before those the last input was repeated, rather
 *   than one applied
 * @property {number | null} marginMs how early inputs come
 * @property {StreamEntry[]} entries
 */
/**
 * @param {Uint8Array} body of a frame section
 * @returns {FrameSection} what it says
 * @throws {DecodeError} if it is none
 */
export function readFrame(body: Uint8Array): FrameSection;
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
