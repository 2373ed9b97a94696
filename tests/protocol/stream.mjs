// A stream: what is remembered, and chunks. Sections 10.5 to 10.8, 10.10 and 10.12 to 10.15 of
// shared/PROTOCOL.md.

import { Wire, clamp, div, isqrt, rem, sizeClass, third } from "./coder.mjs";
import { Filter, attitude, direction, nextAttitude, order, unit, without } from "./motion.mjs";

/** Both values of a velocity, in steps. */
export const velocity = (row, { word, firstStep }) => [row[word] + firstStep, row[word + 1] + firstStep];

/** A word after its residual. */
export const moved = (predicted, r, max) =>
  max >= 2 ** 31 ? Math.min((predicted + r) >>> 0, max) : clamp(predicted + r, 0, max);

/** What is remembered of one word. */
export class Lane {
  size = 0;
  sign = 0;
  change = 0;

  note(r) {
    this.sign = Math.sign(r);
    if (r === 0) return this.calm();
    const s = 8 * Math.min(sizeClass(Math.abs(r)) + 2, 9);
    this.size = s > this.size ? (this.size + s) >> 1 : this.size - ((this.size - s) >> 2);
  }

  calm() {
    this.size = Math.max(this.size - 3, 0);
  }
}

/** A row, and what is remembered of it. */
export class Row {
  constructor(data, words, chunk) {
    this.words = words;
    this.changed = this.surprised = this.born = this.fired = chunk;
    this.groups = data.groups.map(() => chunk);
    this.lanes = words.map(() => new Lane());
    this.filters = data.motions.map(() => new Filter());
    this.moves = data.motions.map(() => false);
    this.turns = data.rotations.map(() => false);
    this.before = data.rotations.map(() => [0, 0, 0, 0]);
  }
}

/** The state of a stream. */
export class Stream {
  constructor(schema, isPrivate) {
    this.schema = schema;
    this.isPrivate = isPrivate;
    this.chunk = 0;
    this.span = 1;
    this.trail = 0x811c9dc5;
    this.classes = schema.classes.map((data) => ({
      data,
      slots: [],
      momentum: data.motions.map(() => 0),
      circles: data.circles.map(() => ({ squared: 0, score: 0 })),
      launch: [0, 0],
      newest: data.max.map(() => 0),
    }));
    this.events = schema.events.map((event) => event.max.map(() => 0));
    this.contexts = Uint16Array.from(schema.begin);
  }

  age(then) {
    return then === this.chunk ? 64 : Math.min(this.chunk - then - 1, 64);
  }

  /** Applies a chunk that spans so many ticks. Returns its events, and whether it has a hash. */
  apply(span, bytes) {
    this.chunk += 1;
    this.rescale(clamp(span, 1, 255));
    const isHashed = this.chunk % 30 === 0 && bytes.length > 0;
    if (isHashed && bytes.length < 2) throw new Error("a hash is cut off");
    const end = isHashed ? bytes.length - 2 : bytes.length;
    this.wire = new Wire(bytes.subarray(0, end), this.contexts, !this.isPrivate);
    for (const state of this.classes) {
      new Rows(this, state).read();
      new Births(this, state).read();
    }
    const events = this.readEvents();
    this.wire.finish();
    this.trail = mix(this.trail, this.wire.range);
    const check = mix(this.hash(), this.trail) >>> 16;
    if (isHashed && bytes[end] + 256 * bytes[end + 1] !== check) throw new Error("the hash differs");
    return { events, isHashed };
  }

  rescale(span) {
    const before = this.span;
    this.span = span;
    if (span === before) return;
    for (const { data, slots } of this.classes) {
      for (const row of slots.filter(Boolean)) {
        data.motions.forEach((lead, at) => {
          if (row.moves[at]) row.filters[at].rescale(lead, row.words, before, span);
        });
      }
    }
  }

  readEvents() {
    const { wire, schema } = this;
    const events = [];
    while (wire.decide(schema.more + (events.length === 0 ? 1 : 0))) {
      if (events.length === 1024) throw new Error("too many events");
      let i = 1;
      for (let bit = 0; bit < 6; bit++) i = 2 * i + wire.decide(schema.which + (i & 63));
      const event = schema.events[i & 63];
      if (!event) throw new Error("an event of an unknown class");
      const last = this.events[i & 63];
      event.max.forEach((max, at) => {
        if (wire.decide(event.differs + at)) last[at] = Math.min(wire.rawWord(event.bits[at]), max);
      });
      events.push({ class: i & 63, words: [...last] });
    }
    return events;
  }

  hash() {
    let h = 0x811c9dc5;
    for (const { slots } of this.classes) {
      slots.forEach((row, slot) => {
        for (const w of row ? [slot, ...row.words] : []) h = mix(h, w);
      });
    }
    return h;
  }
}

/** One step of the hash. */
function mix(h, word) {
  const mixed = Math.imul(h ^ word, 0x9e3779b1);
  return (mixed ^ (mixed >>> 15)) >>> 0;
}

/** Reads the rows of one class that were there before. */
class Rows {
  constructor(stream, state) {
    Object.assign(this, { stream, state, data: state.data, wire: stream.wire, b: 0 });
  }

  read() {
    const { slots } = this.state;
    slots.forEach((row, slot) => {
      if (row && !this.row(row)) slots[slot] = null;
    });
  }

  /** Whether the row is there still. */
  row(row) {
    const { data, stream, wire } = this;
    const lived = Math.min(stream.chunk - row.born, 31);
    this.old = [...row.words];
    this.predicted = [...row.words];
    this.expected = [];
    const rests = !row.moves.includes(true) && !row.turns.includes(true);
    let context;
    if (rests) {
      const a = stream.age(row.changed);
      context = data.rest + 4 * ((a >= 4) + (a >= 32)) + (this.b & 3);
    } else {
      const doubt = this.predict(row);
      const quiet = stream.age(row.surprised);
      if (data.parent) context = data.moving + 4 * lived + Math.min(sizeClass(doubt), 3);
      else if (doubt === 0) context = data.moving + Math.min(quiet, 63);
      else context = data.moving + 64 + 3 * doubt + Math.min(quiet, 2);
    }
    const surprise = wire.decide(context);
    this.b = (2 * this.b + surprise) & 3;
    if (surprise) return this.surprise(row, lived);
    if (!rests) this.goOn(row);
    return true;
  }

  predict(row) {
    const { data, predicted } = this;
    let sure = 256;
    data.motions.forEach((lead, at) => {
      if (!row.moves[at]) return;
      this.expected[at] = row.filters[at].expect(lead, row.words[lead.word]);
      predicted[lead.word] = this.expected[at].value;
      sure = (sure * (256 - this.expected[at].doubt)) >> 8;
    });
    data.rotations.forEach(({ start, bits }, at) => {
      if (!row.turns[at]) return;
      const next = nextAttitude(row.words.slice(start, start + 4), row.before[at], bits);
      const { largest } = order(next, bits);
      const words = [largest, ...without(next, largest, bits).map(({ word }) => word)];
      words.forEach((word, place) => (predicted[start + place] = word));
    });
    return Math.min((256 - sure) >> 4, 15);
  }

  goOn(row) {
    const { data, predicted } = this;
    data.motions.forEach((lead, at) => {
      if (!row.moves[at]) return;
      row.words[lead.word] = predicted[lead.word];
      row.moves[at] = this.observeLane(row, lead, at);
      row.lanes[lead.word].calm();
    });
    data.rotations.forEach(({ start, end }, at) => {
      if (!row.turns[at]) return;
      this.turn(row, start, at, predicted);
      for (let word = start; word < end; word++) {
        row.words[word] = predicted[word];
        row.lanes[word].calm();
      }
    });
    this.settle(row);
  }

  observeLane(row, lead, at) {
    const { stream, state } = this;
    return row.filters[at].observe(lead, at, this.old[lead.word], row.words, stream.span, state.momentum);
  }

  /** A rotation takes in its new words. */
  turn(row, start, at, words) {
    const old = this.old.slice(start, start + 4);
    row.turns[at] = old.some((word, place) => word !== words[start + place]);
    if (row.turns[at]) row.before[at] = old;
  }

  settle(row) {
    const { data, stream } = this;
    if (row.words.some((word, at) => word !== this.old[at])) row.changed = stream.chunk;
    else if (stream.age(row.changed) + 1 >= 4) row.moves = row.moves.map((moves, at) => moves && data.motions[at].exact);
  }

  surprise(row, lived) {
    const { data, stream, wire } = this;
    if (wire.decide(data.gone + (data.parent ? lived : 0))) return false;
    this.missed = 0;
    this.fresh = row.surprised + 1 === stream.chunk;
    this.relinked = [];
    data.groups.forEach((group, at) => this.group(row, group, at));
    this.settle(row);
    row.surprised = stream.chunk;
    return true;
  }

  group(row, group, place) {
    const { predicted, stream, wire } = this;
    if (group.kind === "motion") this.relink(row, group);
    if (group.kind === "angle" && group.heading) this.turnAlong(row, group);
    let context;
    if (group.kind === "flag") context = predicted[group.start] + 2 * (this.missed & 7) + 16 * ((this.b >> 1) & 1);
    else context = 8 * (this.missed & 7) + Math.min(sizeClass(stream.age(row.groups[place])), 7);
    const differs = wire.decide(group.flag + context);
    for (let word = group.start; word < group.end; word++) row.words[word] = predicted[word];
    if (differs) {
      if (place < 3) this.missed |= 1 << place;
      row.groups[place] = stream.chunk;
      this[group.kind](row, group);
    } else {
      for (let word = group.start; word < group.end; word++) row.lanes[word].note(0);
    }
    if (group.kind === "motion") this.observe(row, group);
    if (group.kind === "rotation") this.turn(row, group.start, group.index, row.words);
    for (let word = group.start; word < group.end; word++) {
      row.lanes[word].change = Math.sign(row.words[word] - this.old[word]);
    }
  }

  relink(row, group) {
    const { data, old, predicted, stream } = this;
    for (let at = group.first; at < group.first + group.end - group.start; at++) {
      const lead = data.motions[at];
      if (!lead.link || row.words[lead.link.word] === old[lead.link.word]) continue;
      this.relinked[at] = true;
      const filter = row.filters[at];
      row.moves[at] = filter.relink(lead, old[lead.word], row.words, stream.span, row.moves[at]);
      predicted[lead.word] = old[lead.word];
      if (row.moves[at]) {
        this.expected[at] = filter.expect(lead, old[lead.word]);
        predicted[lead.word] = this.expected[at].value;
      }
    }
  }

  turnAlong(row, { start, bits, heading }) {
    const [was, is] = [velocity(this.old, heading), velocity(row.words, heading)];
    if ((is[0] === was[0] && is[1] === was[1]) || (is[0] === 0 && is[1] === 0)) return;
    let apart = 0;
    if (was[0] !== 0 || was[1] !== 0) {
      apart = rem(this.old[start] - direction(was, bits), 2 ** bits);
      if (apart <= 2 || apart >= 2 ** bits - 2) apart = 0;
    }
    this.predicted[start] = rem(direction(is, bits) + apart, 2 ** bits);
  }

  observe(row, group) {
    const { data, old, state, stream } = this;
    const changed = row.words.slice(group.start, group.end).some((word, at) => word !== old[group.start + at]);
    for (let at = group.first; at < group.first + group.end - group.start; at++) {
      const lead = data.motions[at];
      const [before, word] = [old[lead.word], row.words[lead.word]];
      const filter = row.filters[at];
      if (row.moves[at]) row.moves[at] = this.observeLane(row, lead, at);
      else if (lead.link) row.moves[at] = word !== before && filter.begin(lead, row.words, stream.span);
      else row.moves[at] = changed && filter.jump(lead, before, word, state.momentum[at]);
    }
  }

  /** The contexts of a residual; `k` is the class of those before it. */
  contexts(row, word, k) {
    const { size, sign, change } = row.lanes[word];
    return { c: k + 8 * Math.min(size >> 3, 7), s: 4 * third(sign) + (this.fresh ? third(change) : 0) };
  }

  /** Reads a word as its residual. */
  word(row, site, { c, s }, word) {
    const [predicted, max] = [row.words[word], this.data.max[word]];
    let known = 0;
    if (max < 2 ** 31 && predicted === 0) known = 1;
    else if (max < 2 ** 31 && predicted === max) known = -1;
    const r = this.wire.read(site, c, s, known);
    row.lanes[word].note(r);
    row.words[word] = moved(predicted, r, max);
    return r;
  }

  // What is read of a group that differs, by its kind.

  flag(row, { start }) {
    row.words[start] = 1 - row.words[start];
    row.lanes[start].note(1);
  }

  words(row, group) {
    const sum = new Sum();
    group.residuals.forEach((site, at) => {
      const word = group.start + at;
      sum.add(this.word(row, site, this.contexts(row, word, sum.k()), word));
    });
  }

  angle(row, { start, bits, residuals }) {
    const { c, s } = this.contexts(row, start, 7);
    const r = this.wire.read(residuals[0], c, s);
    row.lanes[start].note(r);
    row.words[start] = rem(row.words[start] + r, 2 ** bits);
  }

  motion(row, group) {
    const { circle } = group;
    const learned = circle && this.state.circles[circle.index];
    const sum = new Sum();
    for (const [at, site] of group.residuals.entries()) {
      const [word, index] = [group.start + at, group.first + at];
      if (at === 1 && circle && learned.score >= 2) {
        this.secondPart(row, circle, learned.squared, word);
        break;
      }
      const k = sum.k();
      const contexts = this.contexts(row, word, k);
      if (row.moves[index]) {
        const { doubt, fraction } = this.expected[index];
        if (!this.relinked[index]) contexts.c = 64 + 4 * (doubt >> 4) + Math.min(k, 3);
        contexts.s = 16 + fraction + (k < 2 ? 16 : 0);
      }
      sum.add(this.word(row, site, contexts, word));
    }
    if (circle) this.learnLength(row, circle, learned, group.start);
  }

  secondPart(row, circle, squared, word) {
    const { wire } = this;
    const x = row.words[word - 1] + circle.firstStep;
    const oldX = this.old[word - 1] + circle.firstStep;
    const oldY = this.old[word] + circle.firstStep;
    const own = oldX * oldX + oldY * oldY;
    const q = own > 0 && Math.abs(own - squared) > div(squared, 16) ? own : squared;
    const size = leg(q, x);
    let y = 0;
    if (x !== 0 || !wire.decide(circle.stops)) {
      const negative = wire.decide(circle.below + third(oldY));
      const r = wire.read(circle.length, clamp(div(8 * size, Math.max(isqrt(q), 1)), 0, 7), 0);
      y = Math.max(size + r, 0);
      if (negative) y = -y;
    }
    const coded = clamp(y - circle.firstStep, 0, this.data.max[word]);
    row.lanes[word].note(coded - row.words[word]);
    row.words[word] = coded;
  }

  learnLength(row, circle, learned, word) {
    const [x, y] = velocity(row.words, { word, firstStep: circle.firstStep });
    const squared = x * x + y * y;
    if (squared === 0) return;
    const oldY = this.old[word + 1] + circle.firstStep;
    const d = Math.abs(Math.abs(y) - leg(learned.squared, x)) - Math.abs(y - oldY);
    learned.score = clamp(learned.score - Math.sign(d), -8, 8);
    const apart = squared - learned.squared;
    const near = Math.abs(apart) <= div(learned.squared, 32);
    learned.squared = near ? learned.squared + div(apart, 8) : squared;
  }

  rotation(row, group) {
    const { wire, predicted } = this;
    const { start, bits, index } = group;
    const old = this.old.slice(start, start + 4);
    const turns = row.turns[index];
    const e = turns ? nextAttitude(old, row.before[index], bits) : attitude(old, bits);
    const { largest, second, nearness } = order(e, bits);
    const p = predicted[start];
    const [likely, n] = largest === p ? [second, nearness] : [p === 0 ? 1 : 0, 0];
    if (wire.decide(group.largest + n)) {
      row.words[start] = likely;
      if (wire.decide(group.second + n)) row.words[start] = wire.raw(2);
    }
    let fractions = [8, 8, 8];
    if (turns || row.words[start] !== p) {
      const parts = without(e, row.words[start], bits);
      parts.forEach(({ word }, at) => (row.words[start + 1 + at] = word));
      fractions = parts.map(({ fraction }) => fraction);
    }
    const sum = new Sum();
    fractions.forEach((fraction, at) => {
      const word = start + 1 + at;
      const contexts = this.contexts(row, word, sum.k());
      contexts.s += 16 * Math.min(div(fraction + 2, 5), 3);
      sum.add(this.word(row, group.residuals[1 + at], contexts, word));
    });
  }
}

/** What a length leaves for the second part of a vector. */
const leg = (q, x) => div(isqrt(4 * Math.max(q - x * x, 0)) + 1, 2);

/** The residuals of a group so far. */
class Sum {
  total = -1;

  k() {
    return this.total < 0 ? 7 : Math.min(sizeClass(this.total), 6);
  }

  add(r) {
    this.total = Math.min(Math.max(this.total, 0) + Math.abs(r), 2 ** 20);
  }
}

/** Reads the newcomers of one class. */
class Births {
  constructor(stream, state) {
    Object.assign(this, { stream, state, data: state.data, wire: stream.wire, from: 0 });
  }

  read() {
    const { data, stream, wire } = this;
    if (data.parent) {
      stream.classes[data.parent.target].slots.forEach((parent, slot) => {
        if (parent) this.ofParent(parent, slot);
      });
    }
    for (let n = 0; wire.decide(data.more + Math.min(n, 15)); n++) this.birth(null);
  }

  ofParent(parent, slot) {
    const { data, stream, wire } = this;
    const context = data.fires + 2 * Math.min(stream.age(parent.fired), 63);
    let more = 0;
    while (wire.decide(context + more)) {
      this.birth({ words: parent.words, slot });
      more = 1;
    }
    if (more) parent.fired = stream.chunk;
  }

  takeSlot() {
    const { slots } = this.state;
    let slot = this.from;
    while (slots[slot]) slot++;
    if (slot >= 32768) throw new Error("too many entities");
    this.from = slot + 1;
    return slot;
  }

  birth(parent) {
    const { data, state, stream, wire } = this;
    const slot = this.takeSlot();
    const words = [...state.newest];
    if (parent) this.inherit(parent, words);
    for (const group of data.groups) this.head(group, words);
    if (wire.decide(data.birth)) this.residuals(parent, words);
    if (parent && data.along) this.learnLaunch(parent, words);
    state.newest = [...words];
    const row = new Row(data, words, stream.chunk);
    row.moves = data.motions.map((lead, at) => row.filters[at].begin(lead, words, stream.span));
    state.slots[slot] = row;
  }

  inherit(parent, words) {
    const { data, state, stream } = this;
    words[data.parent.start] = 1 + parent.slot + (stream.isPrivate ? 65536 : 0);
    for (const field of data.fields) {
      if (field.birth?.name !== "copies") continue;
      const from = data.parents.fields[field.birth.field].start;
      for (let at = 0; at < field.words; at++) {
        words[field.start + at] = Math.min(parent.words[from + at], data.max[field.start + at]);
      }
    }
    if (!data.along) return;
    const speed = div(state.launch[0] + state.launch[1], 2);
    this.aim(parent).forEach((part, at) => {
      const word = data.along.start + at;
      const step = div(part * speed + 2 ** 13, 2 ** 14);
      words[word] = clamp(step - this.firstStep(), 0, data.max[word]);
    });
  }

  aim(parent) {
    const angle = this.data.parents.fields[this.data.along.birth.field];
    return unit(parent.words[angle.start], angle.kind.bits);
  }

  firstStep() {
    const { min, step } = this.data.along.kind;
    return Math.floor(min / step + 0.5);
  }

  /** An angle points along its velocity. */
  head({ kind, heading, start, bits }, words) {
    if (kind === "angle" && heading) words[start] = direction(velocity(words, heading), bits);
  }

  residuals(parent, words) {
    const { data, wire } = this;
    let size = 0;
    for (const group of data.groups) {
      this.head(group, words);
      group.births.forEach((site, at) => {
        const word = group.start + at;
        if (parent && word === data.parent.start) return;
        const r = wire.read(site, Math.min(sizeClass(size), 7), 0);
        if (group.kind === "angle") words[word] = rem(words[word] + r, 2 ** group.bits);
        else words[word] = moved(words[word], r, data.max[word]);
        size = Math.min((at === 0 ? 0 : size) + Math.abs(r), 2 ** 32 - 1);
      });
    }
  }

  learnLaunch(parent, words) {
    const { data, state } = this;
    const aim = this.aim(parent);
    const at = Math.abs(aim[0]) >= Math.abs(aim[1]) ? 0 : 1;
    const v = 2 ** 14 * (words[data.along.start + at] + this.firstStep());
    const [part, h] = [aim[at], 2 ** 13];
    const least = part > 0 ? -div(-(v - h), part) : -div(v + h - 1, -part);
    const most = part > 0 ? div(v + h - 1, part) : div(h - v, -part);
    const low = Math.max(least, state.launch[0]);
    const high = Math.min(most, state.launch[1]);
    state.launch = low <= high ? [low, high] : [least, most];
  }
}
