// A game's schema: what rows, inputs, events and commands look like. Section 5 of shared/PROTOCOL.md.

import { BincodeReader } from "./codec.js";
import { demand } from "./error.js";
import { SCHEMA_BYTES_MAX, TICK_RATE_MAX } from "./limits.js";
import { fixedFirstStep, fixedWordMax } from "./quantize.js";
import { checkSchema } from "./check.js";
import { StreamPlan } from "./plan.js";

/** @typedef {"bool" | "bits" | "fixed" | "angle" | "quaternion" | "counter" | "entity"} KindName */
/**
 * @typedef {object} Kind what a field's numbers are
 * @property {KindName} name which kind
 * @property {number} bits of Bits, Angle and Quaternion, else 0
 * @property {number} min of Fixed
 * @property {number} max of Fixed
 * @property {number} step of Fixed
 * @property {number} firstStep of Fixed: how many steps from 0 word 0 is
 */
/**
 * @typedef {object} Link what a field's next value follows from
 * @property {number} source the place of the field that it follows
 * @property {"follows" | "exact" | "heading"} name how
 * @property {number} num of Follows and Exact
 * @property {number} den of Follows and Exact
 */
/**
 * @typedef {object} Birth what a field's first value follows from
 * @property {"parent" | "copies" | "along"} name how
 * @property {number} field of Copies and Along: the place of the parent's field
 */
/**
 * @typedef {object} Field
 * @property {string} name
 * @property {Kind} kind
 * @property {number} lanes how many numbers of the kind it holds
 * @property {number | null} target of Entity: the class that it refers to
 * @property {Link | null} link
 * @property {Birth | null} birth
 * @property {number} start the place of its first word
 * @property {number} words how many words it has
 */
/**
 * @typedef {object} RowClass a class of rows or events, or the input's
 * @property {string} name
 * @property {number} index its place
 * @property {Field[]} fields
 * @property {number} words how many words a row has
 * @property {Float64Array} max the highest value of each word
 * @property {Uint8Array} bits of each word
 */
/** @typedef {"bool" | "u8" | "u16" | "u32" | "i32" | "f32" | "string" | "bytes"} CommandKind */
/**
 * @typedef {object} CommandClass
 * @property {string} name
 * @property {number} index its place
 * @property {{ name: string, kind: CommandKind }[]} fields
 */
/**
 * @typedef {object} Schema
 * @property {string} game its name
 * @property {number} tickRate steps per second
 * @property {RowClass[]} classes of rows
 * @property {RowClass} input
 * @property {RowClass[]} events
 * @property {CommandClass[]} commands
 * @property {StreamPlan} plan what follows from it for streams
 */

/** @type {KindName[]} */
const KINDS = ["bool", "bits", "fixed", "angle", "quaternion", "counter", "entity"];
/** @type {Link["name"][]} */
const LINKS = ["follows", "exact", "heading"];
/** @type {Birth["name"][]} */
const BIRTHS = ["parent", "copies", "along"];
/** @type {CommandKind[]} */
const COMMAND_KINDS = ["bool", "u8", "u16", "u32", "i32", "f32", "string", "bytes"];

/**
 * Reads a schema and what follows from it.
 *
 * @param {Uint8Array} bytes as a Welcome has them
 * @returns {Schema} the schema
 * @throws {DecodeError} if they are no schema, or an unsound one
 */
export function readSchema(bytes) {
  demand(bytes.length <= SCHEMA_BYTES_MAX);
  const reader = new BincodeReader(bytes);
  const game = reader.text();
  const tickRate = reader.u16();
  demand(tickRate >= 1 && tickRate <= TICK_RATE_MAX);
  const classes = reader.list(() => rowClass(reader));
  const input = rowClass(reader);
  const events = reader.list(() => rowClass(reader));
  const commands = reader.list(() => commandClass(reader));
  reader.finish();
  for (const list of [classes, events, commands]) list.forEach((item, index) => (item.index = index));
  checkSchema(classes, input, events, commands);
  return { game, tickRate, classes, input, events, commands, plan: new StreamPlan(classes, events) };
}

/**
 * @template T
 * @param {BincodeReader} reader
 * @param {T[]} names of the variants
 * @returns {T} which one it is
 */
function variant(reader, names) {
  const name = names[reader.u32()];
  demand(name);
  return name;
}

/**
 * @param {BincodeReader} reader
 * @returns {RowClass}
 */
function rowClass(reader) {
  const name = reader.text();
  const fields = reader.list(() => field(reader));
  /** @type {number[]} */
  const max = [];
  for (const each of fields) {
    each.start = max.length;
    demand(each.lanes <= 128);
    for (let lane = 0; lane < each.lanes; lane++) max.push(...highestWords(each.kind));
    each.words = max.length - each.start;
    demand(max.length <= 1024);
  }
  const bits = Uint8Array.from(max, (highest) => 32 - Math.clz32(highest));
  return { name, index: 0, fields, words: max.length, max: Float64Array.from(max), bits };
}

/**
 * @param {BincodeReader} reader
 * @returns {Field}
 */
function field(reader) {
  return {
    name: reader.text(),
    kind: kind(reader),
    lanes: reader.u8(),
    target: reader.optional(() => reader.u8()),
    link: reader.optional(() => link(reader)),
    birth: reader.optional(() => birth(reader)),
    start: 0,
    words: 0,
  };
}

/**
 * @param {BincodeReader} reader
 * @returns {Kind}
 */
function kind(reader) {
  const name = variant(reader, KINDS);
  const bits = name === "bits" || name === "angle" || name === "quaternion" ? reader.u8() : 0;
  const [min, max, step] = name === "fixed" ? [reader.f64(), reader.f64(), reader.f64()] : [0, 0, 1];
  return { name, bits, min, max, step, firstStep: fixedFirstStep(min, step) };
}

/**
 * @param {BincodeReader} reader
 * @returns {Link}
 */
function link(reader) {
  const source = reader.u8();
  const name = variant(reader, LINKS);
  if (name === "heading") return { source, name, num: 0, den: 0 };
  return { source, name, num: reader.u32(), den: reader.u32() };
}

/**
 * @param {BincodeReader} reader
 * @returns {Birth}
 */
function birth(reader) {
  const name = variant(reader, BIRTHS);
  return { name, field: name === "parent" ? 0 : reader.u8() };
}

/**
 * @param {BincodeReader} reader
 * @returns {CommandClass}
 */
function commandClass(reader) {
  const name = reader.text();
  const fields = reader.list(() => ({ name: reader.text(), kind: variant(reader, COMMAND_KINDS) }));
  return { name, index: 0, fields };
}

/**
 * @param {Kind} kind
 * @returns {number[]} the highest value of each word of a lane
 */
function highestWords({ name, bits, min, max, step }) {
  const highest = 2 ** bits - 1;
  if (name === "bool") return [1];
  if (name === "bits" || name === "angle") return [highest];
  if (name === "fixed") return [fixedWordMax(min, max, step)];
  if (name === "quaternion") return [3, highest, highest, highest];
  return [name === "counter" ? 2 ** 32 - 1 : 131072];
}
