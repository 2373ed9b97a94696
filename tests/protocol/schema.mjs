// A schema, and what follows from it for streams: sections 2.3, 5, 6 and 10.4 of shared/PROTOCOL.md.

import { Contexts } from "./coder.mjs";

const KINDS = ["bool", "bits", "fixed", "angle", "quaternion", "counter", "entity"];
const LINKS = ["follows", "exact", "heading"];
const BIRTHS = ["parent", "copies", "along"];

/** Reads bincode. */
class Reader {
  constructor(bytes) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.at = 0;
  }

  u8() {
    return this.view.getUint8(this.at++);
  }

  /** A number of 16 or 32 bits; a length, which is never more. */
  number() {
    const first = this.u8();
    if (first < 251) return first;
    const width = { 251: 2, 252: 4 }[first];
    if (!width) throw new Error("a number that is too large");
    this.at += width;
    return width === 2 ? this.view.getUint16(this.at - 2, true) : this.view.getUint32(this.at - 4, true);
  }

  f64() {
    this.at += 8;
    return this.view.getFloat64(this.at - 8, true);
  }

  string() {
    const length = this.number();
    this.at += length;
    return new TextDecoder().decode(this.bytes.subarray(this.at - length, this.at));
  }

  list(read) {
    return Array.from({ length: this.number() }, () => read());
  }

  optional(read) {
    return this.u8() === 0 ? null : read();
  }

  kind() {
    const kind = { name: KINDS[this.number()] };
    if (["bits", "angle", "quaternion"].includes(kind.name)) kind.bits = this.u8();
    if (kind.name === "fixed") [kind.min, kind.max, kind.step] = [this.f64(), this.f64(), this.f64()];
    return kind;
  }

  link() {
    const source = this.u8();
    const link = { source, name: LINKS[this.number()] };
    if (link.name !== "heading") [link.num, link.den] = [this.number(), this.number()];
    return link;
  }

  birth() {
    const birth = { name: BIRTHS[this.number()] };
    if (birth.name !== "parent") birth.field = this.u8();
    return birth;
  }

  class() {
    const field = () => ({
      name: this.string(),
      kind: this.kind(),
      lanes: this.u8(),
      target: this.optional(() => this.u8()),
      link: this.optional(() => this.link()),
      birth: this.optional(() => this.birth()),
    });
    return { name: this.string(), fields: this.list(field) };
  }
}

function highestWords(kind) {
  switch (kind.name) {
    case "bool":
      return [1];
    case "bits":
    case "angle":
      return [2 ** kind.bits - 1];
    case "fixed":
      return [Math.floor((kind.max - kind.min) / kind.step + 0.5)];
    case "quaternion":
      return [3, ...Array(3).fill(2 ** kind.bits - 1)];
    case "counter":
      return [2 ** 32 - 1];
    default:
      return [131072];
  }
}

/** Gives each field its words: `start`, `words`, and `max` and `bits` of each word of the class. */
function layOut(data) {
  data.max = [];
  for (const field of data.fields) {
    field.start = data.max.length;
    for (let lane = 0; lane < field.lanes; lane++) data.max.push(...highestWords(field.kind));
    field.words = data.max.length - field.start;
  }
  data.bits = data.max.map((max) => 32 - Math.clz32(max));
}

const firstStep = (field) => Math.floor(field.kind.min / field.kind.step + 0.5);

/** Fields in the order of coding. */
function codingOrder(fields) {
  const order = [];
  while (order.length < fields.length) {
    const next = fields.find(
      (field) => !order.includes(field) && (!field.link || order.includes(fields[field.link.source])),
    );
    if (!next) throw new Error("links lead to a circle");
    order.push(next);
  }
  return order;
}

/** Reads a schema: its classes and events, each class with its groups and contexts. */
export function readSchema(bytes) {
  const reader = new Reader(bytes);
  reader.string();
  reader.number();
  const classes = reader.list(() => reader.class());
  reader.class();
  const events = reader.list(() => reader.class());
  [...classes, ...events].forEach(layOut);
  const contexts = new Contexts();
  for (const data of classes) plan(data, classes, contexts);
  for (const event of events) event.differs = contexts.even(event.max.length);
  const more = contexts.rare(2);
  const which = contexts.even(64);
  return { classes, events, more, which, begin: Uint16Array.from(contexts.words) };
}

function plan(data, classes, contexts) {
  const { fields } = data;
  data.parent = fields.find((field) => field.birth?.name === "parent");
  if (data.parent) {
    data.parents = classes[data.parent.target];
    data.parents.isParent = true;
    data.along = fields.find((field) => field.birth?.name === "along");
  }
  data.rest = contexts.rare(12);
  data.moving = contexts.uncommon(data.parent ? 128 : 112);
  data.gone = contexts.uncommon(data.parent ? 32 : 1);
  data.more = contexts.rare(16);
  data.fires = contexts.rare(data.parent ? 128 : 0);
  data.birth = contexts.even(1);
  data.motions = [];
  data.rotations = [];
  data.circles = [];
  data.groups = codingOrder(fields).map((field) => group(data, field, contexts));
}

const SIGHT = { flag: [0, 0], words: [64, 16], angle: [64, 16], motion: [128, 48], rotation: [64, 64] };

function group(data, field, contexts) {
  const made = { field, start: field.start, end: field.start + field.words };
  made.flag = contexts.uncommon(64);
  made.kind = kindOf(data, field);
  if (field.link?.name === "heading") {
    const source = data.fields[field.link.source];
    made.heading = { word: source.start, firstStep: firstStep(source) };
  }
  if (made.kind === "motion") motion(data, field, made, contexts);
  if (made.kind === "angle") made.bits = field.kind.bits;
  if (made.kind === "rotation") {
    made.bits = field.kind.bits;
    made.index = data.rotations.length;
    data.rotations.push(made);
    made.largest = contexts.uncommon(32);
    made.second = contexts.uncommon(32);
  }
  const bits = data.bits.slice(made.start, made.end);
  made.residuals = bits.map((bits) => contexts.number(...SIGHT[made.kind], bits));
  made.births = bits.map((bits) => contexts.number(8, 1, bits));
  return made;
}

function kindOf(data, { kind, lanes, start, words }) {
  if (kind.name === "bool" && lanes === 1) return "flag";
  if (kind.name === "angle" && lanes === 1) return "angle";
  if (kind.name === "quaternion" && lanes === 1) return "rotation";
  const moves = kind.name === "fixed" && data.bits[start] <= 26 && data.motions.length + words <= 32;
  return moves ? "motion" : "words";
}

function motion(data, field, made, contexts) {
  const { link } = field;
  made.first = data.motions.length;
  const steered = data.fields.some((other) => other.link && data.fields[other.link.source] === field);
  for (let lane = 0; lane < field.words; lane++) {
    const word = field.start + lane;
    const f = Math.min(10, 30 - data.bits[word]);
    const lead = { word, max: data.max[word], f, one: 2 ** f, half: 2 ** f / 2, link: null };
    if (link) {
      const source = data.fields[link.source];
      lead.link = { ...link, word: source.start + lane, firstStep: firstStep(source) };
      lead.exact = link.name === "exact";
    }
    data.motions.push(lead);
  }
  if (field.words === 2 && (steered || field.birth?.name === "along")) {
    made.circle = {
      index: data.circles.length,
      firstStep: firstStep(field),
      stops: contexts.even(1),
      below: contexts.even(3),
      length: contexts.number(8, 1, 26),
    };
    data.circles.push(made.circle);
  }
}
