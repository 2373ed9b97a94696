// Joins: section 10.16 of shared/PROTOCOL.md.

import { Contexts, Wire, clamp, div, sizeClass } from "./coder.mjs";
import { Filter, direction } from "./motion.mjs";
import { Row, Stream, velocity } from "./stream.mjs";

const SITES = [
  ...["slots", "taken", "memory", "changed", "surprised", "born", "fired", "groupSurprised"],
  ...["size", "sign", "change", "moves", "fresh", "run", "placeLow", "placeHigh"],
  ...["speedLow", "speedHigh", "startLow", "startHigh", "before", "known", "count", "odds"],
];

/** The stream that a join is the state of. */
export function join(schema, bytes) {
  return new Join(schema, bytes).read();
}

class Join {
  constructor(schema, bytes) {
    this.schema = schema;
    const contexts = new Contexts();
    const sites = Array.from({ length: 48 }, () => contexts.number(8, 8, 32));
    this.sites = Object.fromEntries(SITES.map((name, at) => [name, sites[at]]));
    this.ofWords = sites.slice(24);
    this.begin = Uint16Array.from(contexts.words);
    this.wire = new Wire(bytes, Uint16Array.from(this.begin));
  }

  plain(site, context) {
    const at = Math.min(context, 7);
    return this.wire.read(site, at, at);
  }

  ranged(name, context, low, high) {
    return low + clamp(this.plain(this.sites[name], context), 0, high - low);
  }

  word(place, context, likely, max) {
    return Math.min((likely + this.plain(this.ofWords[Math.min(place, 23)], context)) >>> 0, max);
  }

  ago(name, likely) {
    return clamp(likely + this.plain(this.sites[name], likely === 0 ? 1 : 0), 0, 64);
  }

  read() {
    const { schema, wire } = this;
    const stream = new Stream(schema, wire.raw(1) === 1);
    this.stream = stream;
    stream.span = this.ranged("slots", 0, 1, 255);
    stream.chunk = this.ranged("slots", 2, 0, 29);
    stream.trail = wire.rawWord(32);
    for (const state of stream.classes) {
      wire.table.set(this.begin);
      this.class(state);
    }
    wire.table.set(this.begin);
    schema.events.forEach((event, at) => {
      stream.events[at] = event.max.map((max) => this.word(0, 0, 0, max));
    });
    if (!stream.isPrivate) this.odds(stream.contexts);
    wire.finish();
    return stream;
  }

  class(state) {
    const { data } = state;
    const count = this.ranged("slots", 1, 0, 32769);
    if (count > 32768) throw new Error("too many entities");
    this.learned(state);
    let likely = state.newest;
    let taken = 1;
    for (let slot = 0; slot < count; slot++) {
      taken = 1 - this.ranged("taken", taken, 0, 1);
      state.slots[slot] = null;
      if (!taken) continue;
      likely = this.row(data, likely);
      state.slots[slot] = this.memory(data, likely);
    }
  }

  learned(state) {
    const { data } = state;
    state.momentum = data.motions.map(() => this.ranged("memory", 0, -8, 8));
    for (const circle of state.circles) {
      circle.score = this.ranged("memory", 0, -8, 8);
      const low = this.ranged("memory", 1, 0, 2 ** 24 - 1);
      circle.squared = 2 ** 24 * this.ranged("memory", 1, 0, 2 ** 26) + low;
    }
    if (data.along) {
      const low = this.ranged("memory", 2, -(2 ** 26), 2 ** 26);
      state.launch = [low, low + this.ranged("memory", 3, 0, 2 ** 26)];
    }
    state.newest = data.max.map((max, place) => this.word(place, 7, 0, max));
  }

  row(data, before) {
    const words = data.max.map(() => 0);
    for (const group of data.groups) {
      let x = 0;
      for (let word = group.start; word < group.end; word++) {
        const max = data.max[word];
        const likely = Math.min(this.likely(data, group, word, words, before), max);
        words[word] = this.word(word, x, likely, max);
        x = Math.min(sizeClass(Math.abs(words[word] - likely)), 5);
      }
    }
    return words;
  }

  likely(data, group, word, words, before) {
    if (group.kind === "angle" && group.heading) return direction(velocity(words, group.heading), group.bits);
    if (group.circle) return Math.max(-group.circle.firstStep, 0);
    if (group.kind === "motion" && data.motions[group.first].link) return div(data.max[word] + 1, 2);
    return before[word];
  }

  memory(data, words) {
    const { chunk, span } = this.stream;
    const row = new Row(data, [...words], chunk);
    const surprised = this.ago("surprised", 0);
    row.surprised = chunk - surprised;
    row.changed = chunk - this.ago("changed", surprised);
    row.born = chunk - (data.parent ? this.ago("born", 0) : 64);
    row.fired = chunk - (data.isParent ? this.ago("fired", 64) : 64);
    let likely = 64;
    row.groups = data.groups.map(() => {
      likely = this.ago("groupSurprised", likely);
      return chunk - likely;
    });
    for (const group of data.groups.filter(({ kind }) => kind !== "flag")) {
      for (let word = group.start; word < group.end; word++) this.lane(row.lanes[word], surprised === 0);
    }
    this.run = 0;
    data.motions.forEach((lead, at) => {
      const filter = new Filter();
      const likely = filter.begin(lead, words, span);
      row.moves[at] = likely !== (this.ranged("moves", likely ? 1 : 0, 0, 1) === 1);
      if (row.moves[at]) this.filter(lead, filter, words[lead.word]);
      row.filters[at] = filter;
    });
    data.rotations.forEach(({ start }, at) => {
      row.turns[at] = this.ranged("moves", 2, 0, 1) === 1;
      if (!row.turns[at]) return;
      row.before[at] = words.slice(start, start + 4).map((word, place) => {
        const apart = this.plain(this.sites.before, place > 0 ? 1 : 0);
        return Math.min((word - apart) >>> 0, data.max[start + place]);
      });
    });
    return row;
  }

  lane(lane, fresh) {
    const signed = (third) => (third === 2 ? -1 : third);
    lane.size = this.ranged("size", 0, 0, 255);
    const x = lane.size > 0 ? 1 : 0;
    lane.sign = signed(this.ranged("sign", x, 0, 2));
    lane.change = fresh ? signed(this.ranged("change", x, 0, 2)) : 0;
  }

  /** `filter` as it would begin becomes what it is. */
  filter(lead, filter, word) {
    const plain = (name, context) => this.plain(this.sites[name], context);
    if (lead.exact) {
      filter.place[0] = lead.link.den > 1 ? this.ranged("placeLow", 0, 0, lead.link.den - 1) : 0;
      if (this.ranged("fresh", 1, 0, 1) === 1) {
        const whole = (filter.speed[0] + plain("speedLow", 0)) | 0;
        filter.speed = [clamp(whole, -(2 ** 30), 2 ** 30), this.ranged("speedHigh", 0, 0, lead.link.den - 1)];
      }
      return;
    }
    if (this.ranged("fresh", 0, 0, 1) === 0) return;
    const [a, b] = filter.speed;
    filter.run = this.run = clamp(this.run + plain("run", 0), lead.link ? 0 : -1, 255);
    const length = Math.max(this.run, 0);
    const x = sizeClass(length);
    const low = word * lead.one - lead.half + plain("placeLow", x);
    const high = word * lead.one + lead.half - plain("placeHigh", x);
    const slow = a + plain("speedLow", x);
    const fast = lead.link ? b - plain("speedHigh", x) : slow + plain("speedHigh", x);
    const s = div(low + high, 2) - length * div(slow + fast, 2);
    const first = s - plain("startLow", x);
    const last = s + plain("startHigh", x);
    const fit = (a) => clamp(a, -(2 ** 30) - 1024, 2 ** 30 + 1024);
    filter.place = [fit(low), fit(high)];
    filter.speed = [fit(slow), fit(fast)];
    filter.start = [fit(first), fit(last)];
  }

  odds(contexts) {
    let n = 0;
    contexts.forEach((begin, at) => {
      if (this.ranged("known", sizeClass(n), 0, 1) === 0) {
        n++;
        return;
      }
      n = 0;
      const count = 7 - this.ranged("count", 0, 0, 7);
      const p = clamp((begin >> 3) + this.plain(this.sites.odds, count), 31, 8160);
      contexts[at] = 8 * p + count;
    });
  }
}
