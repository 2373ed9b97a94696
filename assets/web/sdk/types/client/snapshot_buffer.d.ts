/** @typedef {import("./world.js").Rows} Rows */
/** @typedef {{ tick: number, rows: Rows[] }} Snapshot */
/** The last frames of a stream, oldest first. */
export class SnapshotBuffer {
    /** @param {number} kept how many; with 0 nothing is ever kept */
    constructor(kept: number);
    kept: number;
    /** @type {Snapshot[]} */
    frames: Snapshot[];
    /**
     * Copies a frame in; one that is not later than the last starts the buffer anew.
     *
     * @param {number} tick
     * @param {(Rows & { plan: { words: number } })[]} classes
     */
    push(tick: number, classes: (Rows & {
        plan: {
            words: number;
        };
    })[]): void;
    /** @param {number} tick forgets the frames from it on: they were not as predicted */
    forgetFrom(tick: number): void;
    /** Forgets all frames. */
    clear(): void;
    /**
     * What to draw at a moment: before the first frame the first, after the last the last.
     *
     * @param {number} moment in ticks
     * @returns {{ from: Snapshot, to: Snapshot, fraction: number } | null} null without frames
     */
    around(moment: number): {
        from: Snapshot;
        to: Snapshot;
        fraction: number;
    } | null;
}
export type Rows = import("./world.js").Rows;
export type Snapshot = {
    tick: number;
    rows: Rows[];
};
