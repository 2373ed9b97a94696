/** @typedef {import("./schema.js").Field} Field */
/** @typedef {import("./schema.js").RowClass} RowClass */
/**
 * A field's value, of one lane: flags are boolean, rotations [x, y, z, w], references numbers or
 * null, all others numbers.
 *
 * @typedef {boolean | number | number[] | null} Value
 */
/** @typedef {Record<string, any>} Values fields by name; several lanes are an array of values */
/**
 * Reads one field.
 *
 * @param {Field} field
 * @param {ArrayLike<number>} words where the row is
 * @param {number} row where it begins
 * @returns {Value | Value[]} its value, or of several lanes an array of them
 */
export function readField(field: Field, words: ArrayLike<number>, row: number): Value | Value[];
/**
 * Reads a row into an object.
 *
 * @template {Values} T
 * @param {RowClass} data
 * @param {ArrayLike<number>} words where the row is
 * @param {number} row where it begins
 * @param {T} into fields go here; arrays that are there are filled anew
 * @returns {T} the same object
 */
export function readRow<T extends Values>(data: RowClass, words: ArrayLike<number>, row: number, into: T): T;
/**
 * The words of an object. What is left out is neutral: off, 0 or nearest to it, no rotation, none.
 *
 * @param {RowClass} data
 * @param {Values} values fields by name
 * @returns {Uint32Array} the words
 * @throws {TypeError} for names that the class does not have, and values of another kind
 */
export function writeRow(data: RowClass, values: Values): Uint32Array;
export type Field = import("./schema.js").Field;
export type RowClass = import("./schema.js").RowClass;
/**
 * A field's value, of one lane: flags are boolean, rotations [x, y, z, w], references numbers or
 * null, all others numbers.
 */
export type Value = boolean | number | number[] | null;
/**
 * fields by name; several lanes are an array of values
 */
export type Values = Record<string, any>;
