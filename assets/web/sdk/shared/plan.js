// What follows from a schema for streams: groups, lanes and where each context lies. Section 10.4 of
// shared/PROTOCOL.md.
//
// Computed once for a schema; a decoder's inner loops read numbers and typed arrays from it.

import { ANGLE, EXACT, FLAG, FOLLOWS, FREE, MOTION, ROTATION, WORDS } from "./kinds.js";
import { Contexts, Site } from "./stream/model.js";

/** @typedef {import("./schema.js").RowClass} RowClass */
/** @typedef {import("./schema.js").Field} Field */

/** Where a velocity of two lanes is: its first word, and how many steps from 0 word 0 is. */
/** @typedef {{ word: number, firstStep: number }} Vector */

/** Kind, residual contexts and signs of a word, by the kind of its group. */
const SIGHT = [
  [0, 0],
  [64, 16],
  [64, 64],
  [128, 48],
  [64, 16],
];

/** What is learned of a velocity's length, and where. */
export class CirclePlan {
  /**
   * @param {number} index its place among the circles of the class
   * @param {number} firstStep of its field
   * @param {Contexts} contexts
   */
  constructor(index, firstStep, contexts) {
    this.index = index;
    this.firstStep = firstStep;
    this.stops = contexts.even(1);
    this.below = contexts.even(3);
    this.length = new Site(contexts, 8, 1, 26);
  }
}

/** A field in the order of coding. */
export class GroupPlan {
  /**
   * @param {Field} field
   * @param {number} kind
   */
  constructor(field, kind) {
    this.field = field;
    this.kind = kind;
    this.start = field.start;
    this.end = field.start + field.words;
    /** The flag's contexts. */
    this.flag = 0;
    /** Bits of an angle or a rotation. */
    this.bits = field.kind.bits;
    /** @type {LanePlan[]} Its motion lanes. */
    this.lanes = [];
    /** Its place among the rotations. */
    this.turn = 0;
    this.largest = 0;
    this.second = 0;
    /** @type {CirclePlan | null} */
    this.circle = null;
    /** @type {Vector | null} */
    this.heading = null;
    /** @type {Site[]} */
    this.residuals = [];
    /** @type {Site[]} */
    this.births = [];
  }
}

/** A class of rows, planned. */
export class ClassPlan {
  /**
   * @param {RowClass} data
   * @param {Contexts} contexts
   */
  constructor(data, contexts) {
    this.data = data;
    this.index = data.index;
    this.words = data.words;
    this.max = data.max;
    this.bits = data.bits;
    /** The field that refers to the parent. */
    this.parent = data.fields.find(({ birth }) => birth?.name === "parent") ?? null;
    this.hasParents = this.parent !== null;
    /** The class of the parents; -1 without. */
    this.parents = this.parent?.target ?? -1;
    this.along = (this.hasParents && data.fields.find(({ birth }) => birth?.name === "along")) || null;
    /** Whether others are born of it. */
    this.isParent = false;
    this.rest = contexts.rare(12);
    this.moving = contexts.uncommon(this.hasParents ? 128 : 112);
    this.gone = contexts.uncommon(this.hasParents ? 32 : 1);
    this.more = contexts.rare(16);
    this.fires = contexts.rare(this.hasParents ? 128 : 0);
    this.birth = contexts.even(1);
    /** @type {CirclePlan[]} */
    this.circles = [];
    /** @type {GroupPlan[]} */
    this.rotations = [];
    /** @type {LanePlan[]} */
    this.lanes = [];
    this.groups = codingOrder(data.fields).map((field) => planGroup(this, field, contexts));
    /** Which lanes have an Exact, as a mask: those that do not stop by themselves. */
    this.exactMask = this.lanes.reduce((mask, { kind }, at) => (kind === EXACT ? mask | (1 << at) : mask), 0);
  }
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
  constructor(data, contexts) {
    this.data = data;
    this.words = data.words;
    this.max = data.max;
    this.bits = data.bits;
    this.differs = contexts.even(data.words);
  }
}

/** What follows from a schema for streams. */
export class StreamPlan {
  /**
   * @param {RowClass[]} classes
   * @param {RowClass[]} events
   */
  constructor(classes, events) {
    const contexts = new Contexts();
    this.classes = classes.map((data) => new ClassPlan(data, contexts));
    for (const { parents } of this.classes) if (parents >= 0) this.classes[parents].isParent = true;
    this.events = events.map((data) => new EventPlan(data, contexts));
    this.more = contexts.rare(2);
    this.which = contexts.even(64);
    /** What each context begins with. */
    this.begin = Uint16Array.from(contexts.words);
  }
}

/**
 * @param {Field[]} fields
 * @returns {Field[]} each behind the one that it follows
 */
function codingOrder(fields) {
  /** @type {Field[]} */
  const order = [];
  while (order.length < fields.length) {
    const next = fields.find((field) => !order.includes(field) && (!field.link || order.includes(fields[field.link.source])));
    if (!next) break;
    order.push(next);
  }
  return order;
}

/**
 * @param {ClassPlan} plan
 * @param {Field} field
 * @param {Contexts} contexts
 * @returns {GroupPlan}
 */
function planGroup(plan, field, contexts) {
  const { data } = plan;
  const kind = groupKind(data, field, plan.lanes.length);
  const group = new GroupPlan(field, kind);
  group.flag = contexts.uncommon(64);
  if (field.link?.name === "heading") {
    const source = data.fields[field.link.source];
    group.heading = { word: source.start, firstStep: source.kind.firstStep };
  }
  if (kind === MOTION) planMotion(plan, group, contexts);
  if (kind === ROTATION) {
    group.turn = plan.rotations.length;
    plan.rotations.push(group);
    group.largest = contexts.uncommon(32);
    group.second = contexts.uncommon(32);
  }
  const bits = [...data.bits.subarray(group.start, group.end)];
  const [residuals, signs] = SIGHT[kind];
  group.residuals = bits.map((width) => new Site(contexts, residuals, signs, width));
  group.births = bits.map((width) => new Site(contexts, 8, 1, width));
  return group;
}

/**
 * @param {RowClass} data
 * @param {Field} field
 * @param {number} before how many motion lanes come before it
 * @returns {number} its kind of group
 */
function groupKind(data, { kind, lanes, start, words }, before) {
  if (kind.name === "bool" && lanes === 1) return FLAG;
  if (kind.name === "angle" && lanes === 1) return ANGLE;
  if (kind.name === "quaternion" && lanes === 1) return ROTATION;
  return kind.name === "fixed" && data.bits[start] <= 26 && before + words <= 32 ? MOTION : WORDS;
}

/**
 * @param {ClassPlan} plan
 * @param {GroupPlan} group
 * @param {Contexts} contexts
 */
function planMotion({ data, circles, lanes }, group, contexts) {
  const { field } = group;
  const { link } = field;
  const isSteered = data.fields.some((other) => other.link && data.fields[other.link.source] === field);
  const source = link && data.fields[link.source];
  for (let lane = 0; lane < field.words; lane++) {
    const word = field.start + lane;
    const plan = {
      at: lanes.length,
      word,
      max: data.max[word],
      one: 2 ** Math.min(10, 30 - data.bits[word]),
      kind: link ? (link.name === "exact" ? EXACT : FOLLOWS) : FREE,
      num: link?.num ?? 0,
      den: link?.den ?? 1,
      source: source ? source.start + lane : 0,
      firstStep: source ? source.kind.firstStep : 0,
    };
    lanes.push(plan);
    group.lanes.push(plan);
  }
  if (field.words === 2 && (isSteered || field.birth?.name === "along")) {
    group.circle = new CirclePlan(circles.length, field.kind.firstStep, contexts);
    circles.push(group.circle);
  }
}
