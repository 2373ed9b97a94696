// Rows, inputs and events as plain objects, by the names of the schema. Section 6 of
// shared/PROTOCOL.md.

import { quantizeAngle, quantizeFixed, quantizeQuaternion, restoreAngle, restoreQuaternion } from "./quantize.js";

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
export function readField(field, words, row) {
  const at = row + field.start;
  if (field.lanes === 1) return readLane(field, words, at);
  const width = field.words / field.lanes;
  return Array.from({ length: field.lanes }, (_, lane) => readLane(field, words, at + lane * width));
}

/**
 * @param {Field} field
 * @param {ArrayLike<number>} words
 * @param {number} at the lane's first word
 * @returns {Value}
 */
function readLane({ kind }, words, at) {
  const word = words[at];
  switch (kind.name) {
    case "bool":
      return word !== 0;
    case "fixed":
      return kind.min + word * kind.step;
    case "angle":
      return restoreAngle(word, kind.bits);
    case "quaternion":
      return restoreQuaternion(words, at, kind.bits);
    case "entity":
      return word === 0 ? null : word - 1;
    default:
      return word;
  }
}

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
export function readRow(data, words, row, into) {
  for (const field of data.fields) {
    const { name, lanes, kind } = field;
    const known = lanes > 1 ? into[name] : undefined;
    if (known === undefined || kind.name === "quaternion") {
      /** @type {Values} */ (into)[name] = readField(field, words, row);
    } else {
      for (let lane = 0; lane < lanes; lane++) known[lane] = readLane(field, words, row + field.start + lane);
    }
  }
  return into;
}

/**
 * The words of an object. What is left out is neutral: off, 0 or nearest to it, no rotation, none.
 *
 * @param {RowClass} data
 * @param {Values} values fields by name
 * @returns {Uint32Array} the words
 * @throws {TypeError} for names that the class does not have, and values of another kind
 */
export function writeRow(data, values) {
  const words = new Uint32Array(data.words);
  for (const name of Object.keys(values)) {
    if (!data.fields.some((field) => field.name === name)) throw new TypeError(`${data.name} has no ${name}`);
  }
  for (const field of data.fields) {
    const width = field.words / field.lanes;
    const value = values[field.name];
    const isList = field.lanes > 1 && value !== undefined;
    if (isList && value.length !== field.lanes) throw new TypeError(`${data.name}.${field.name} has ${field.lanes} lanes`);
    for (let lane = 0; lane < field.lanes; lane++) {
      writeLane(data, field, isList ? value[lane] : value, words, field.start + lane * width);
    }
  }
  return words;
}

/**
 * @param {RowClass} data
 * @param {Field} field
 * @param {any} value undefined for neutral
 * @param {Uint32Array} words
 * @param {number} at the lane's first word
 */
function writeLane(data, { kind, name }, value, words, at) {
  const wants = kind.name === "quaternion" ? "object" : kind.name === "bool" ? "boolean" : "number";
  const isNone = kind.name === "entity" && value === null;
  if (value !== undefined && !isNone && typeof value !== wants) {
    throw new TypeError(`${data.name}.${name} is a ${wants}, not ${JSON.stringify(value)}`);
  }
  const max = data.max[at];
  if (kind.name === "bool") words[at] = value ? 1 : 0;
  else if (kind.name === "fixed") words[at] = quantizeFixed(value ?? 0, kind.min, kind.step, max);
  else if (kind.name === "angle") words[at] = quantizeAngle(value ?? 0, kind.bits);
  else if (kind.name === "quaternion") words.set(quantizeQuaternion(value ?? [0, 0, 0, 1], kind.bits), at);
  else if (kind.name === "entity") words[at] = value == null ? 0 : Math.min(Math.max(Math.floor(value) + 1, 0), max);
  else words[at] = Math.min(Math.max(Math.floor((value ?? 0) + 0.5) || 0, 0), max);
}
