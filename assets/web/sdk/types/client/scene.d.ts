/** The worlds of one client. */
export class Scene {
    /** @param {number} kept how many frames are kept to draw from */
    constructor(kept: number);
    world: World;
    own: World;
    view: View;
    snapshots: SnapshotBuffer;
    /** @type {GameEvent[]} */
    events: GameEvent[];
    /** Forgets everything: another timeline begins. */
    clear(): void;
    /**
     * All streams have reached a tick.
     *
     * @param {Schema} schema
     * @param {number} tick
     * @param {StreamDecoder | null} common
     * @param {StreamDecoder | null} own
     */
    show(schema: Schema, tick: number, common: StreamDecoder | null, own: StreamDecoder | null): void;
    /**
     * @param {Schema} schema
     * @param {number} stream who hears it
     * @param {number} tick
     * @param {EventWords} event
     * @returns {GameEvent} the same as an object
     */
    tell(schema: Schema, stream: number, tick: number, event: EventWords): GameEvent;
    /**
     * @param {number} moment in ticks
     * @param {number} tickRate steps per second
     * @returns {View | null} the world then; null before the first frame
     */
    interpolate(moment: number, tickRate: number): View | null;
    /** @returns {View | null} the last view again, while there is no connection; null before the first */
    still(): View | null;
}
export type Schema = import("../shared/schema.js").Schema;
export type StreamDecoder = import("../shared/stream/decoder.js").StreamDecoder;
export type EventWords = import("../shared/stream/state.js").EventWords;
export type GameEvent = import("./since_frame.js").GameEvent;
import { World } from "./world.js";
import { View } from "./world.js";
import { SnapshotBuffer } from "./snapshot_buffer.js";
