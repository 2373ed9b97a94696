/**
 * How many chunks lie between the one in which something happened and the present one.
 *
 * @param {number} then when it happened
 * @param {number} chunk the present one
 * @returns {number} 0 to 64
 */
export function age(then: number, chunk: number): number;
/**
 * @param {number} a 0 or more, of at most 32 bits
 * @returns {number} how many bits it has
 */
export function sizeClass(a: number): number;
/** @typedef {import("../plan.js").ClassPlan} ClassPlan */
/** The rows of one class in one stream, and what is remembered of them. */
export class ClassMemory {
    /**
     * @param {ClassPlan} plan what follows from the schema
     * @param {number} [room] how many slots there is room for
     */
    constructor(plan: ClassPlan, room?: number);
    plan: import("../plan.js").ClassPlan;
    laneCount: number;
    groupCount: number;
    turnCount: number;
    /** How many slots there are, taken or free. */
    count: number;
    room: number;
    /** Numbers that have been given to rows of this class so far. */
    named: number;
    momentum: Int8Array<ArrayBuffer>;
    squared: Float64Array<ArrayBuffer>;
    score: Int8Array<ArrayBuffer>;
    launch: Float64Array<ArrayBuffer>;
    newest: Uint32Array<ArrayBuffer>;
    taken: Uint8Array<ArrayBuffer>;
    /** A number for each row that no other row of the class has. */
    names: Uint32Array<ArrayBuffer>;
    words: Uint32Array<ArrayBuffer>;
    changed: Int32Array<ArrayBuffer>;
    surprised: Int32Array<ArrayBuffer>;
    born: Int32Array<ArrayBuffer>;
    fired: Int32Array<ArrayBuffer>;
    /** Which motion lanes move, and which rotations turn: masks. */
    moves: Int32Array<ArrayBuffer>;
    turns: Int32Array<ArrayBuffer>;
    groupSurprised: Int32Array<ArrayBuffer>;
    size: Uint8Array<ArrayBuffer>;
    sign: Int8Array<ArrayBuffer>;
    change: Int8Array<ArrayBuffer>;
    place0: Int32Array<ArrayBuffer>;
    place1: Int32Array<ArrayBuffer>;
    speed0: Int32Array<ArrayBuffer>;
    speed1: Int32Array<ArrayBuffer>;
    start0: Int32Array<ArrayBuffer>;
    start1: Int32Array<ArrayBuffer>;
    run: Int16Array<ArrayBuffer>;
    /** The words of each rotation before the last change, four each. */
    before: Uint32Array<ArrayBuffer>;
    /**
     * Makes room for at least so many slots.
     *
     * @param {number} slots how many
     */
    reserve(slots: number): void;
    /** @returns {ClassMemory} a copy that goes its own way */
    copy(): ClassMemory;
    /**
     * A row is in the slot from now on, with nothing remembered of it.
     *
     * @param {number} slot which slot; there is room for it
     * @param {ArrayLike<number>} words its words
     * @param {number} chunk the chunk in which it begins
     */
    take(slot: number, words: ArrayLike<number>, chunk: number): void;
    /**
     * Notes a residual in a word.
     *
     * @param {number} at the place of the word
     * @param {number} r the residual
     */
    note(at: number, r: number): void;
    /** @param {number} at the place of a word that calms down */
    calm(at: number): void;
}
export type ClassPlan = import("../plan.js").ClassPlan;
