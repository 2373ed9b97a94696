/** @typedef {import("./input_history.js").InputHistory} InputHistory */
/** @typedef {import("./since_frame.js").GameEvent} GameEvent */
/** @typedef {import("./world.js").World} World */
/**
 * The part of a game that its clients run themselves.
 *
 * @typedef {object} PredictionRules
 * @property {(world: World) => any} [scenery] what steps read and never changes in a match; null if it isn't there yet
 * @property {(world: World, own: World, player: number) => any} state the own player's state, plain data; null if there is none
 * @property {(state: any, input: Record<string, any>, scenery: any) => void} step one tick: changes the state as the server would
 * @property {(event: GameEvent, player: number) => string | null | undefined} [touches] the cause, if the
 *   event changed the state in a way that `step` can't know
 * @property {(state: any) => number[]} [drawn] the numbers to draw smoothly
 * @property {number} [snapBeyond] a jump of more than this is not smoothed, in the units of `drawn`
 */
/**
 * How a prediction fared: `"unpredicted"`, `"agreed"`, or the cause of a correction: what `touches`
 * told, `"late_input"`, or `"error"` for a difference without a cause.
 *
 * @typedef {string} Comparison
 */
/** The cause of a correction when an input came late or not at all. */
export const LATE_INPUT: "late_input";
/** The cause of a correction without a cause: a defect. */
export const ERROR: "error";
/** The own player ahead of the server. */
export class Prediction {
    /**
     * @param {PredictionRules} rules the game's
     * @param {(words: ArrayLike<number>) => Record<string, any>} readInput what words say
     * @param {ArrayLike<number>} neutral the words of nothing pressed
     */
    constructor(rules: PredictionRules, readInput: (words: ArrayLike<number>) => Record<string, any>, neutral: ArrayLike<number>);
    rules: PredictionRules;
    readInput: (words: ArrayLike<number>) => Record<string, any>;
    neutral: ArrayLike<number>;
    /** @type {any} */
    scenery: any;
    /** @type {{ tick: number, state: any } | null} The server's last word. */
    base: {
        tick: number;
        state: any;
    } | null;
    /** @type {ArrayLike<number> | null} The input that the server repeats when none comes, as far as known. */
    repeated: ArrayLike<number> | null;
    /** @type {{ tick: number, state: any, held: ArrayLike<number> } | null} The replay so far. */
    replayed: {
        tick: number;
        state: any;
        held: ArrayLike<number>;
    } | null;
    /** @type {number[]} How far what is drawn is from where it should be. */
    offset: number[];
    offsetAt: number;
    /**
     * Takes in a frame: the state at `tick` is compared with the predicted one and replaces it.
     *
     * @param {number} tick
     * @param {{ world: World, own: World, player: number }} sight what the player sees
     * @param {number[] | null} statuses of the ticks since the frame before, oldest first; null if some
     *   are not known
     * @param {InputHistory} inputs
     * @param {GameEvent[]} events those since then
     * @returns {Comparison} how it fared
     */
    frame(tick: number, { world, own, player }: {
        world: World;
        own: World;
        player: number;
    }, statuses: number[] | null, inputs: InputHistory, events: GameEvent[]): Comparison;
    /**
     * What this end took the input of a tick to be, and whether the server applied just that.
     *
     * @param {number} status
     * @param {number} tick
     * @param {InputHistory} inputs
     * @returns {{ words: ArrayLike<number>, assumed: boolean }}
     */
    assume(status: number, tick: number, inputs: InputHistory): {
        words: ArrayLike<number>;
        assumed: boolean;
    };
    /**
     * The state at the last tick of which this end has said what it presses: the server's last word with
     * the inputs since replayed on it.
     *
     * @param {InputHistory} inputs
     * @param {number | null} newest that tick
     * @returns {{ tick: number, state: any, held: ArrayLike<number> } | null} null if nothing is
     *   predicted; not to be changed
     */
    present(inputs: InputHistory, newest: number | null): {
        tick: number;
        state: any;
        held: ArrayLike<number>;
    } | null;
    /**
     * The numbers to draw at a moment, without smoothing.
     *
     * @param {InputHistory} inputs
     * @param {number | null} newest the last tick of which this end has said what it presses
     * @param {number} moment in ticks: where the match is, and the lead
     * @param {ArrayLike<number>} controls what is pressed now
     * @returns {number[] | null} null if nothing is predicted
     */
    target(inputs: InputHistory, newest: number | null, moment: number, controls: ArrayLike<number>): number[] | null;
    /**
     * What is drawn changed without a movement: the difference fades instead of showing at once.
     *
     * @param {number} now in ms
     * @param {number[] | null} before the target before
     * @param {number[] | null} after the target now
     * @returns {number} how far it changed
     */
    smooth(now: number, before: number[] | null, after: number[] | null): number;
    /**
     * @param {number} now in ms
     * @param {number} length how many numbers
     * @returns {number[]} what is left of corrections
     */
    fade(now: number, length: number): number[];
}
export type InputHistory = import("./input_history.js").InputHistory;
export type GameEvent = import("./since_frame.js").GameEvent;
export type World = import("./world.js").World;
/**
 * The part of a game that its clients run themselves.
 */
export type PredictionRules = {
    /**
     * what steps read and never changes in a match; null if it isn't there yet
     */
    scenery?: ((world: World) => any) | undefined;
    /**
     * the own player's state, plain data; null if there is none
     */
    state: (world: World, own: World, player: number) => any;
    /**
     * one tick: changes the state as the server would
     */
    step: (state: any, input: Record<string, any>, scenery: any) => void;
    /**
     * the cause, if the
     * event changed the state in a way that `step` can't know
     */
    touches?: ((event: GameEvent, player: number) => string | null | undefined) | undefined;
    /**
     * the numbers to draw smoothly
     */
    drawn?: ((state: any) => number[]) | undefined;
    /**
     * a jump of more than this is not smoothed, in the units of `drawn`
     */
    snapBeyond?: number | undefined;
};
/**
 * How a prediction fared: `"unpredicted"`, `"agreed"`, or the cause of a correction: what `touches`
 * told, `"late_input"`, or `"error"` for a difference without a cause.
 */
export type Comparison = string;
