/** @typedef {{ name: string, tick: number, stream: number } & Record<string, any>} GameEvent */
/** Statuses and events that wait for the comparison of the next whole frame. */
export class SinceFrame {
    /** Up to which tick own parts have come. */
    told: number;
    /** @type {number[]} */
    gathered: number[];
    /** Whether some statuses are missing. */
    unknown: boolean;
    /** @type {GameEvent[]} */
    events: GameEvent[];
    /**
     * Takes in the own part of a frame.
     *
     * @param {number} tick the frame's
     * @param {number[]} stated the statuses that it states, the last of this tick
     * @param {boolean} repeated whether at the ticks before those the last input was repeated
     * @param {boolean} rejoined whether a stream was joined with it
     * @returns {number[]} the statuses that are new, the last of this tick
     */
    addOwn(tick: number, stated: number[], repeated: boolean, rejoined: boolean): number[];
    /** @returns {number[] | null} the statuses, unless some are missing */
    get statuses(): number[] | null;
    /** A frame was whole: the next one's gathering begins. */
    begin(): void;
}
export type GameEvent = {
    name: string;
    tick: number;
    stream: number;
} & Record<string, any>;
