/**
 * Reads a schema and what follows from it.
 *
 * @param {Uint8Array} bytes as a Welcome has them
 * @returns {Schema} the schema
 * @throws {DecodeError} if they are no schema, or an unsound one
 */
export function readSchema(bytes: Uint8Array): Schema;
export type KindName = "bool" | "bits" | "fixed" | "angle" | "quaternion" | "counter" | "entity";
/**
 * what a field's numbers are
 */
export type Kind = {
    /**
     * which kind
     */
    name: KindName;
    /**
     * of Bits, Angle and Quaternion, else 0
     */
    bits: number;
    /**
     * of Fixed
     */
    min: number;
    /**
     * of Fixed
     */
    max: number;
    /**
     * of Fixed
     */
    step: number;
    /**
     * of Fixed: how many steps from 0 word 0 is
     */
    firstStep: number;
};
/**
 * what a field's next value follows from
 */
export type Link = {
    /**
     * the place of the field that it follows
     */
    source: number;
    /**
     * how
     */
    name: "follows" | "exact" | "heading";
    /**
     * of Follows and Exact
     */
    num: number;
    /**
     * of Follows and Exact
     */
    den: number;
};
/**
 * what a field's first value follows from
 */
export type Birth = {
    /**
     * how
     */
    name: "parent" | "copies" | "along";
    /**
     * of Copies and Along: the place of the parent's field
     */
    field: number;
};
export type Field = {
    name: string;
    kind: Kind;
    /**
     * how many numbers of the kind it holds
     */
    lanes: number;
    /**
     * of Entity: the class that it refers to
     */
    target: number | null;
    link: Link | null;
    birth: Birth | null;
    /**
     * the place of its first word
     */
    start: number;
    /**
     * how many words it has
     */
    words: number;
};
/**
 * a class of rows or events, or the input's
 */
export type RowClass = {
    name: string;
    /**
     * its place
     */
    index: number;
    fields: Field[];
    /**
     * how many words a row has
     */
    words: number;
    /**
     * the highest value of each word
     */
    max: Float64Array;
    /**
     * of each word
     */
    bits: Uint8Array;
};
export type CommandKind = "bool" | "u8" | "u16" | "u32" | "i32" | "f32" | "string" | "bytes";
export type CommandClass = {
    name: string;
    /**
     * its place
     */
    index: number;
    fields: {
        name: string;
        kind: CommandKind;
    }[];
};
export type Schema = {
    /**
     * its name
     */
    game: string;
    /**
     * steps per second
     */
    tickRate: number;
    /**
     * of rows
     */
    classes: RowClass[];
    input: RowClass;
    events: RowClass[];
    commands: CommandClass[];
    /**
     * what follows from it for streams
     */
    plan: StreamPlan;
};
import { StreamPlan } from "./plan.js";
