// What makes a schema sound: the last part of section 5 of shared/PROTOCOL.md.

import { demand } from "./error.js";
import { CLASSES_MAX, INPUT_WORDS_MAX, ROW_WORDS_MAX } from "./limits.js";

/** @typedef {import("./schema.js").RowClass} RowClass */
/** @typedef {import("./schema.js").CommandClass} CommandClass */
/** @typedef {import("./schema.js").Field} Field */
/** @typedef {import("./schema.js").Kind} Kind */

/** How many steps from 0 a field that others follow may reach. */
const SOURCE_STEPS_MAX = 2 ** 24;

/**
 * @param {RowClass[]} classes
 * @param {RowClass} input
 * @param {RowClass[]} events
 * @param {CommandClass[]} commands
 * @throws {DecodeError} if the schema is not sound
 */
export function checkSchema(classes, input, events, commands) {
  for (const list of [classes, events, commands]) {
    demand(list.length <= CLASSES_MAX);
    demand(new Set(list.map(({ name }) => name)).size === list.length);
  }
  for (const data of [...classes, ...events]) checkClass(data, classes.length, ROW_WORDS_MAX);
  checkClass(input, 0, INPUT_WORDS_MAX);
  classes.forEach((data, index) => checkBirths(data, classes.slice(0, index)));
  for (const data of [...events, input]) checkBirths(data, []);
}

/**
 * @param {RowClass} data
 * @param {number} classes how many there are to refer to
 * @param {number} wordsMax
 */
function checkClass(data, classes, wordsMax) {
  const { fields } = data;
  demand(new Set(fields.map(({ name }) => name)).size === fields.length);
  demand(data.words <= wordsMax);
  for (const field of fields) {
    const { kind, target } = field;
    demand(isKindSound(kind) && field.lanes > 0);
    demand((kind.name === "entity") === (target !== null));
    demand(target === null || target < classes);
    demand(isLinkSound(fields, field));
  }
}

/**
 * @param {Kind} kind
 * @returns {boolean}
 */
function isKindSound({ name, bits, min, max, step }) {
  if (name === "bits") return bits >= 1 && bits <= 32;
  if (name === "angle" || name === "quaternion") return bits >= 2 && bits <= 16;
  if (name !== "fixed") return true;
  return (
    [min, max, step].every(Number.isFinite) &&
    step > 0 &&
    min < max &&
    (max - min) / step < 2 ** 32 - 1 &&
    Math.floor((max - min) / step + 0.5) > 0 &&
    Math.max(Math.abs(min), Math.abs(max)) / step <= 2 ** 53
  );
}

/**
 * @param {Field[]} fields of the class
 * @param {Field} field one of them
 * @returns {boolean}
 */
function isLinkSound(fields, field) {
  const { link } = field;
  if (!link) return true;
  const source = fields[link.source];
  if (!source || !reaches(source)) return false;
  /** @type {Field | undefined} */
  let next = field;
  for (let step = 0; step < fields.length && next; step++) next = next.link ? fields[next.link.source] : undefined;
  if (next) return false;
  if (link.name === "heading") return field.kind.name === "angle" && field.lanes === 1 && source.lanes === 2;
  const ratio = [link.num, link.den].every((part) => part >= 1 && part <= 65536);
  return ratio && field.kind.name === "fixed" && field.lanes === source.lanes;
}

/**
 * @param {Field} field
 * @returns {boolean} whether it is Fixed and its values lie within 2^24 steps of 0
 */
function reaches({ kind: { name, min, max, step, firstStep } }) {
  const last = firstStep + Math.floor((max - min) / step + 0.5);
  return name === "fixed" && firstStep >= -SOURCE_STEPS_MAX && last <= SOURCE_STEPS_MAX;
}

/**
 * @param {RowClass} data
 * @param {RowClass[]} earlier the classes before it
 */
function checkBirths(data, earlier) {
  const parents = data.fields.filter(({ birth }) => birth?.name === "parent");
  const parent = earlier[parents[0]?.target ?? -1];
  demand(parents.length <= 1);
  for (const { kind, lanes, birth } of data.fields) {
    if (!birth) continue;
    const other = parent?.fields[birth.field];
    let sound = parent !== undefined;
    if (birth.name === "parent") sound &&= kind.name === "entity" && lanes === 1;
    if (birth.name === "copies") sound &&= other && isSameKind(other.kind, kind) && other.lanes === lanes;
    if (birth.name === "along") {
      sound &&= other && other.kind.name === "angle" && other.lanes === 1 && lanes === 2;
      sound &&= reaches(/** @type {Field} */ ({ kind }));
    }
    demand(sound);
  }
}

/**
 * @param {Kind} a
 * @param {Kind} b
 * @returns {boolean}
 */
function isSameKind(a, b) {
  return a.name === b.name && a.bits === b.bits && a.min === b.min && a.max === b.max && a.step === b.step;
}
