/** What a stream shows. */
export class World {
    /** @param {boolean} isOwn whether it is the player's own stream */
    constructor(isOwn: boolean);
    isOwn: boolean;
    /** The tick of the last frame; -1 before the first. */
    tick: number;
    /** @type {Schema | null} */
    schema: Schema | null;
    /** @type {Map<string, RowClass>} */
    byName: Map<string, RowClass>;
    /** @type {Rows[]} */
    rows: Rows[];
    /** @type {Entity[][]} Objects by class and slot. */
    pools: Entity[][];
    /** @type {Entity[][]} What `all` answered last, by class. */
    lists: Entity[][];
    /**
     * Shows other rows from now on.
     *
     * @param {Schema} schema
     * @param {Rows[]} rows by class
     * @param {number} tick
     */
    show(schema: Schema, rows: Rows[], tick: number): void;
    /** Shows nothing. */
    clear(): void;
    /**
     * All entities of a class. The array and its objects are used again by the next call for the class.
     *
     * @param {string} name the class
     * @returns {Entity[]} by slot
     * @throws {TypeError} if the schema has no such class
     */
    all(name: string): Entity[];
    /**
     * Copies of all entities of a class, to keep.
     *
     * @param {string} name the class
     * @returns {Entity[]} by slot
     * @throws {TypeError} if the schema has no such class
     */
    toObjects(name: string): Entity[];
    /**
     * @param {string} name the class
     * @returns {Entity | null} the entity in the first taken slot
     * @throws {TypeError} if the schema has no such class
     */
    first(name: string): Entity | null;
    /**
     * The entity that a reference names.
     *
     * @param {string} name the class
     * @param {number | null} reference a field's value; 0 to 65535 are slots of the common world, those
     *   from 65536 of the own one
     * @returns {Entity | null} null if it names none, or none of this world
     * @throws {TypeError} if the schema has no such class
     */
    get(name: string, reference: number | null): Entity | null;
    /**
     * @param {string} name the class
     * @returns {number} how many entities there are
     * @throws {TypeError} if the schema has no such class
     */
    count(name: string): number;
    /**
     * @param {string} name the class
     * @param {number} slot
     * @returns {number[] | null} the raw words of a slot; null if it is free
     * @throws {TypeError} if the schema has no such class
     */
    words(name: string, slot: number): number[] | null;
    /** @param {string} name @returns {{ data: RowClass, rows: Rows }} no rows while there are none */
    find(name: string): {
        data: RowClass;
        rows: Rows;
    };
    /** @param {RowClass} data @param {Rows} rows @param {number} slot @returns {Entity} */
    fill(data: RowClass, rows: Rows, slot: number): Entity;
}
/** The common world between two frames. */
export class View extends World {
    constructor();
    /** @type {import("./since_frame.js").GameEvent[]} Events whose moment was passed since the last view. */
    events: import("./since_frame.js").GameEvent[];
    /** @type {Rows[]} The later frame. */
    to: Rows[];
    fraction: number;
}
export type Field = import("../shared/schema.js").Field;
export type RowClass = import("../shared/schema.js").RowClass;
export type Schema = import("../shared/schema.js").Schema;
/**
 * An entity: its fields by name; `id`, a number that no other entity of its class and world has for
 * as long as the client follows it; and `slot`, its place.
 */
export type Entity = {
    id: number;
    slot: number;
} & Record<string, any>;
/**
 * the rows of a class
 */
export type Rows = {
    /**
     * slots, taken or free
     */
    count: number;
    /**
     * 1 for slots that are
     */
    taken: Uint8Array;
    /**
     * a number for each row
     */
    names: Uint32Array;
    /**
     * by slot
     */
    words: Uint32Array;
};
