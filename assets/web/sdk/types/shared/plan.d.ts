/** What is learned of a velocity's length, and where. */
export class CirclePlan {
    /**
     * @param {number} index its place among the circles of the class
     * @param {number} firstStep of its field
     * @param {Contexts} contexts
     */
    constructor(index: number, firstStep: number, contexts: Contexts);
    index: number;
    firstStep: number;
    stops: number;
    below: number;
    length: Site;
}
/** A field in the order of coding. */
export class GroupPlan {
    /**
     * @param {Field} field
     * @param {number} kind
     */
    constructor(field: Field, kind: number);
    field: import("./schema.js").Field;
    kind: number;
    start: number;
    end: number;
    /** The flag's contexts. */
    flag: number;
    /** Bits of an angle or a rotation. */
    bits: number;
    /** @type {LanePlan[]} Its motion lanes. */
    lanes: LanePlan[];
    /** Its place among the rotations. */
    turn: number;
    largest: number;
    second: number;
    /** @type {CirclePlan | null} */
    circle: CirclePlan | null;
    /** @type {Vector | null} */
    heading: Vector | null;
    /** @type {Site[]} */
    residuals: Site[];
    /** @type {Site[]} */
    births: Site[];
}
/** A class of rows, planned. */
export class ClassPlan {
    /**
     * @param {RowClass} data
     * @param {Contexts} contexts
     */
    constructor(data: RowClass, contexts: Contexts);
    data: import("./schema.js").RowClass;
    index: number;
    words: number;
    max: Float64Array<ArrayBufferLike>;
    bits: Uint8Array<ArrayBufferLike>;
    /** The field that refers to the parent. */
    parent: import("./schema.js").Field | null;
    hasParents: boolean;
    /** The class of the parents; -1 without. */
    parents: number;
    along: import("./schema.js").Field | null;
    /** Whether others are born of it. */
    isParent: boolean;
    rest: number;
    moving: number;
    gone: number;
    more: number;
    fires: number;
    birth: number;
    /** @type {CirclePlan[]} */
    circles: CirclePlan[];
    /** @type {GroupPlan[]} */
    rotations: GroupPlan[];
    /** @type {LanePlan[]} */
    lanes: LanePlan[];
    groups: GroupPlan[];
    /** Which lanes have an Exact, as a mask: those that do not stop by themselves. */
    exactMask: number;
}
/**
 * @typedef {object} LanePlan a motion lane
 * @property {number} at its place among them
 * @property {number} word its place in the row
 * @property {number} max its highest word
 * @property {number} one fractions of a step
 * @property {number} kind FREE, FOLLOWS or EXACT
 * @property {number} num of the link
 * @property {number} den of the link
 * @property {number} source the word that it follows
 * @property {number} firstStep of that
 */
/** An event class, planned. */
export class EventPlan {
    /**
     * @param {RowClass} data
     * @param {Contexts} contexts
     */
    constructor(data: RowClass, contexts: Contexts);
    data: import("./schema.js").RowClass;
    words: number;
    max: Float64Array<ArrayBufferLike>;
    bits: Uint8Array<ArrayBufferLike>;
    differs: number;
}
/** What follows from a schema for streams. */
export class StreamPlan {
    /**
     * @param {RowClass[]} classes
     * @param {RowClass[]} events
     */
    constructor(classes: RowClass[], events: RowClass[]);
    classes: ClassPlan[];
    events: EventPlan[];
    more: number;
    which: number;
    /** What each context begins with. */
    begin: Uint16Array<ArrayBuffer>;
}
export type RowClass = import("./schema.js").RowClass;
export type Field = import("./schema.js").Field;
export type Vector = {
    word: number;
    firstStep: number;
};
/**
 * a motion lane
 */
export type LanePlan = {
    /**
     * its place among them
     */
    at: number;
    /**
     * its place in the row
     */
    word: number;
    /**
     * its highest word
     */
    max: number;
    /**
     * fractions of a step
     */
    one: number;
    /**
     * FREE, FOLLOWS or EXACT
     */
    kind: number;
    /**
     * of the link
     */
    num: number;
    /**
     * of the link
     */
    den: number;
    /**
     * the word that it follows
     */
    source: number;
    /**
     * of that
     */
    firstStep: number;
};
import { Site } from "./stream/model.js";
import { Contexts } from "./stream/model.js";
