// Worlds as games read them: entities by class, as plain objects that are used again.

import { readField, readRow } from "../shared/replicated.js";
import { restoreAngle } from "../shared/quantize.js";
import { clone } from "./plain.js";

/** @typedef {import("../shared/schema.js").Field} Field */
/** @typedef {import("../shared/schema.js").RowClass} RowClass */
/** @typedef {import("../shared/schema.js").Schema} Schema */
/**
 * An entity: its fields by name; `id`, a number that no other entity of its class and world has for
 * as long as the client follows it; and `slot`, its place.
 *
 * @typedef {{ id: number, slot: number } & Record<string, any>} Entity
 */
/**
 * @typedef {object} Rows the rows of a class
 * @property {number} count slots, taken or free
 * @property {Uint8Array} taken 1 for slots that are
 * @property {Uint32Array} names a number for each row
 * @property {Uint32Array} words by slot
 */

/** The first reference to an own stream. */
const OWN = 65536;

const NONE = new Uint32Array(0);

/** @type {Rows} */
const NO_ROWS = { count: 0, taken: new Uint8Array(0), names: NONE, words: NONE };

/** @type {any} Of which there is nothing, before the schema is known. */
const UNKNOWN = {};

/** What a stream shows. */
export class World {
  /** @param {boolean} isOwn whether it is the player's own stream */
  constructor(isOwn) {
    this.isOwn = isOwn;
    /** The tick of the last frame; -1 before the first. */
    this.tick = -1;
    /** @type {Schema | null} */
    this.schema = null;
    /** @type {Map<string, RowClass>} */
    this.byName = new Map();
    /** @type {Rows[]} */
    this.rows = [];
    /** @type {Entity[][]} Objects by class and slot. */
    this.pools = [];
    /** @type {Entity[][]} What `all` answered last, by class. */
    this.lists = [];
  }

  /**
   * Shows other rows from now on.
   *
   * @param {Schema} schema
   * @param {Rows[]} rows by class
   * @param {number} tick
   */
  show(schema, rows, tick) {
    if (schema !== this.schema) {
      this.schema = schema;
      this.byName = new Map(schema.classes.map((data) => [data.name, data]));
      this.pools = schema.classes.map(() => []);
      this.lists = schema.classes.map(() => []);
    }
    this.rows = rows;
    this.tick = tick;
  }

  /** Shows nothing. */
  clear() {
    this.rows = [];
    this.tick = -1;
  }

  /**
   * All entities of a class. The array and its objects are used again by the next call for the class.
   *
   * @param {string} name the class
   * @returns {Entity[]} by slot
   * @throws {TypeError} if the schema has no such class
   */
  all(name) {
    const { data, rows } = this.find(name);
    const list = this.lists[data.index] ?? [];
    list.length = 0;
    for (let slot = 0; slot < rows.count; slot++) {
      if (rows.taken[slot] === 1) list.push(this.fill(data, rows, slot));
    }
    return list;
  }

  /**
   * Copies of all entities of a class, to keep.
   *
   * @param {string} name the class
   * @returns {Entity[]} by slot
   * @throws {TypeError} if the schema has no such class
   */
  toObjects(name) {
    return this.all(name).map(clone);
  }

  /**
   * @param {string} name the class
   * @returns {Entity | null} the entity in the first taken slot
   * @throws {TypeError} if the schema has no such class
   */
  first(name) {
    const { data, rows } = this.find(name);
    const slot = rows.taken.subarray(0, rows.count).indexOf(1);
    return slot < 0 ? null : this.fill(data, rows, slot);
  }

  /**
   * The entity that a reference names.
   *
   * @param {string} name the class
   * @param {number | null} reference a field's value; 0 to 65535 are slots of the common world, those
   *   from 65536 of the own one
   * @returns {Entity | null} null if it names none, or none of this world
   * @throws {TypeError} if the schema has no such class
   */
  get(name, reference) {
    const { data, rows } = this.find(name);
    const slot = (reference ?? -1) - (this.isOwn ? OWN : 0);
    return slot < rows.count && rows.taken[slot] === 1 ? this.fill(data, rows, slot) : null;
  }

  /**
   * @param {string} name the class
   * @returns {number} how many entities there are
   * @throws {TypeError} if the schema has no such class
   */
  count(name) {
    const { rows } = this.find(name);
    return rows.taken.subarray(0, rows.count).reduce((sum, taken) => sum + taken, 0);
  }

  /**
   * @param {string} name the class
   * @param {number} slot
   * @returns {number[] | null} the raw words of a slot; null if it is free
   * @throws {TypeError} if the schema has no such class
   */
  words(name, slot) {
    const { data, rows } = this.find(name);
    if (rows.taken[slot] !== 1) return null;
    return Array.from(rows.words.subarray(slot * data.words, (slot + 1) * data.words));
  }

  /** @param {string} name @returns {{ data: RowClass, rows: Rows }} no rows while there are none */
  find(name) {
    const data = this.byName.get(name);
    if (!data && this.schema) throw new TypeError(`${this.schema.game} has no class ${name}`);
    return { data: data ?? UNKNOWN, rows: (data && this.rows[data.index]) ?? NO_ROWS };
  }

  /** @param {RowClass} data @param {Rows} rows @param {number} slot @returns {Entity} */
  fill(data, rows, slot) {
    const pool = this.pools[data.index];
    const entity = (pool[slot] ??= { id: 0, slot });
    readRow(data, rows.words, slot * data.words, entity);
    entity.id = rows.names[slot];
    entity.slot = slot;
    return entity;
  }
}

/** The common world between two frames. */
export class View extends World {
  constructor() {
    super(false);
    /** @type {import("./since_frame.js").GameEvent[]} Events whose moment was passed since the last view. */
    this.events = [];
    /** @type {Rows[]} The later frame. */
    this.to = [];
    this.fraction = 0;
  }

  /**
   * @override
   * @param {RowClass} data
   * @param {Rows} rows
   * @param {number} slot
   * @returns {Entity}
   */
  fill(data, rows, slot) {
    const entity = super.fill(data, rows, slot);
    const later = this.to[data.index];
    const { fraction } = this;
    if (fraction === 0 || slot >= later.count || later.taken[slot] !== 1) return entity;
    // Another entity took the slot.
    if (later.names[slot] !== rows.names[slot]) return entity;
    for (const field of data.fields) {
      const { name } = field.kind;
      if (name === "fixed" || name === "angle" || name === "quaternion") {
        blendField(field, rows.words, later.words, slot * data.words, fraction, entity);
      }
    }
    return entity;
  }
}

/**
 * @param {Field} field that may lie between two values
 * @param {Uint32Array} from
 * @param {Uint32Array} to
 * @param {number} row where the row begins in both
 * @param {number} fraction from 0 to 1
 * @param {Entity} entity where the value goes
 */
function blendField(field, from, to, row, fraction, entity) {
  const { kind, lanes, name } = field;
  if (kind.name === "quaternion") {
    entity[name] = blendRotations(entity[name], readField(field, to, row), lanes, fraction);
    return;
  }
  for (let lane = 0, at = row + field.start; lane < lanes; lane++, at++) {
    const value = kind.name === "fixed" ? blendFixed(field, from[at], to[at], fraction) : blendAngle(field, from[at], to[at], fraction);
    if (lanes === 1) entity[name] = value;
    else entity[name][lane] = value;
  }
}

/** @param {Field} field @param {number} from @param {number} to @param {number} fraction @returns {number} */
const blendFixed = ({ kind }, from, to, fraction) => kind.min + (from + (to - from) * fraction) * kind.step;

/** @param {Field} field @param {number} from @param {number} to @param {number} fraction @returns {number} */
function blendAngle({ kind: { bits } }, from, to, fraction) {
  const turn = 2 ** bits;
  const way = ((to - from + turn * 1.5) % turn) - turn / 2;
  return restoreAngle((from + way * fraction + turn) % turn, bits);
}

/** @param {any} from @param {any} to @param {number} lanes @param {number} fraction @returns {any} */
function blendRotations(from, to, lanes, fraction) {
  if (lanes > 1) return from.map((/** @type {any} */ each, /** @type {number} */ lane) => blendRotations(each, to[lane], 1, fraction));
  const dot = from[0] * to[0] + from[1] * to[1] + from[2] * to[2] + from[3] * to[3];
  const part = dot < 0 ? -fraction : fraction;
  const mixed = [0, 1, 2, 3].map((at) => from[at] * (1 - fraction) + to[at] * part);
  const length = Math.hypot(...mixed) || 1;
  return mixed.map((value) => value / length);
}
