// Inputs on change and at every tick: what is sent, what the server makes of it, and that the
// prediction is exact in both ways. Twins of the Rust client's tests.

import assert from "node:assert/strict";
import { test } from "node:test";

import { ClockSync } from "../../assets/web/sdk/client/clock_sync.js";
import { InputStamper } from "../../assets/web/sdk/client/input_stamper.js";
import { Prediction } from "../../assets/web/sdk/client/prediction.js";
import { SinceFrame } from "../../assets/web/sdk/client/since_frame.js";
import { dueOf, tickAt } from "../../assets/web/sdk/client/tick.js";
import { APPLIED, MERGED, REPEATED } from "../../assets/web/sdk/shared/kinds.js";

const RATE = 50;

/** Random numbers below a bound, from a seed. */
function randomOf(seed) {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** Controls of one word. */
class OneWord {
  pressed = 0;
  peek = () => Uint32Array.of(this.pressed);
  take = () => this.peek();
}

/** A clock that is the match's own, over a path of so many ms there and back. */
function clockOf(roundTrip) {
  const clock = new ClockSync(0);
  clock.pong(roundTrip, clock.pollPing(0), (roundTrip / 2) * 1000);
  return clock;
}

function stamperOf(holds, roundTrip = 40) {
  const controls = new OneWord();
  const stamper = new InputStamper(RATE, controls, holds);
  stamper.lead.measured(roundTrip, 0);
  return { controls, stamper };
}

test("what is held is what every tick would say", () => {
  for (let seed = 1; seed <= 200; seed++) {
    const random = randomOf(seed);
    const clock = clockOf(40);
    const ways = [stamperOf(false), stamperOf(true)];
    const sent = [[], []];
    let [now, next] = [2000, 2000];
    while (now < 8000) {
      if (next <= now) {
        next = now + random(300);
        const pressed = random(4);
        ways.forEach(({ controls, stamper }) => {
          controls.pressed = pressed;
          stamper.rests(now, clock);
        });
      }
      ways.forEach(({ stamper }, way) => sent[way].push(...stamper.stamp(now, clock, null)));
      // One wakes when something is due, and in between for other reasons.
      const due = Math.min(...ways.map(({ stamper }) => stamper.nextDue(clock)), next, now + 1 + random(30));
      now = Math.max(due, now + 0.05);
    }
    const [all, changes] = sent;
    assert.ok(all.length >= 298 && changes.length * 2 < all.length, `${all.length}, ${changes.length}`);
    for (const { tick, words } of all) {
      const held = changes.findLast((change) => change.tick <= tick);
      assert.deepEqual(held?.words, words, `seed ${seed} at ${tick}`);
    }
  }
});

test("a server that drops time is followed back, and told anew what is held", () => {
  const clock = clockOf(40);
  const { stamper } = stamperOf(true);
  let now = 1000;
  for (; now < 9000; now += 20) stamper.stamp(now, clock, null);
  const ahead = stamper.last;
  for (let round = 0; round < 3; round++) {
    now = Math.max(clock.nextPing, now);
    const nonce = clock.pollPing(now);
    now += 40;
    clock.pong(now, nonce, (now - 20 - 5000) * 1000);
  }
  stamper.clockMoved(now, clock);
  const due = stamper.nextDue(clock);
  assert.ok((due - now) * RATE <= 42 * 1000, `${due - now} ms without controls`);
  const [frame] = stamper.stamp(due, clock, null);
  assert.ok(frame.tick < ahead);
});

/** A server's queue of one player's inputs, as far as section 7 of shared/PROTOCOL.md is needed. */
class Queue {
  waiting = new Map();
  late = [];
  applied = 0;
  held = null;

  push(next, { tick, words }, holds) {
    if (tick >= next) this.waiting.set(tick, { word: words[0], holds });
    else if (!(holds && this.held === words[0] && this.applied === words[0])) this.late.push({ word: words[0], holds });
  }

  take(tick) {
    const own = this.waiting.get(tick);
    const late = this.late.splice(0);
    this.waiting.delete(tick);
    const newest = own ?? late.at(-1);
    if (newest) this.held = newest.holds ? newest.word : null;
    const before = this.applied;
    this.applied = own?.word ?? late.at(-1)?.word ?? this.held ?? before;
    if (late.length > 0) return MERGED;
    if (own) return APPLIED;
    return this.applied === before ? REPEATED : MERGED;
  }
}

/**
 * A game in which a marker goes by what is pressed, over a path with jitter: how often its client's
 * predictions agreed, and what else became of them.
 */
function playOver(holds, seed, jitter) {
  const random = randomOf(seed);
  const way = 20 + random(100);
  const clock = clockOf(2 * way);
  const { controls, stamper } = stamperOf(holds, 2 * way);
  const rules = { state: ({ x }) => ({ x }), step: (state, { word }) => (state.x += word), drawn: ({ x }) => [x] };
  const prediction = new Prediction(rules, ([word]) => ({ word }), [0]);
  const [since, queue, up, down] = [new SinceFrame(), new Queue(), [], []];
  const told = {};
  let [x, tick, now, upAt, downAt] = [0, tickAt(1000, RATE), 1000, 0, 0];
  let [owed, drawn] = [[], 0];
  while (now < 12000) {
    now += 1;
    while (dueOf(tick + 1, RATE) <= now) {
      tick += 1;
      while (up[0]?.at <= now) up.shift().frames.forEach((frame) => queue.push(tick, frame, holds));
      owed.push(queue.take(tick));
      x += queue.applied;
      if (random(3) === 0) continue;
      downAt = Math.max(downAt, now + way + random(jitter + 1));
      down.push({ at: downAt, tick, x, statuses: owed });
      owed = [];
    }
    if (random(150) === 0) {
      controls.pressed = random(4);
      stamper.rests(now, clock);
    }
    while (down[0]?.at <= now) {
      const frame = down.shift();
      since.addOwn(frame.tick, frame.statuses, false, false);
      const sight = { world: { x: frame.x }, own: {}, player: 0 };
      const compared = prediction.frame(frame.tick, sight, since.statuses, stamper.history, []);
      told[compared] = (told[compared] ?? 0) + 1;
      since.begin();
      stamper.history.forgetUntil(frame.tick);
    }
    if (stamper.nextDue(clock) <= now) {
      const frames = stamper.stamp(now, clock, null);
      upAt = Math.max(upAt, now + way + random(jitter + 1));
      if (frames.length > 0) up.push({ at: upAt, frames });
    }
    stamper.rests(now, clock);
    const target = prediction.target(stamper.history, stamper.last, ((now + stamper.lead.lead) * RATE) / 1000, controls.peek());
    // What is drawn goes by what is pressed, whatever the server has heard: a change is of one tick.
    if (jitter === 0 && now > 1500) assert.ok(Math.abs(target[0] - drawn) < 3.2, `${drawn} to ${target[0]} at ${now}`);
    drawn = target?.[0];
  }
  return told;
}

test("the prediction is exact in both ways, and what came late is told as the cause", () => {
  for (let seed = 1; seed <= 30; seed++) {
    for (const holds of [false, true]) {
      const { agreed, unpredicted, late_input: late = 0, ...others } = playOver(holds, seed, 0);
      assert.deepEqual([others, unpredicted], [{}, 1], `seed ${seed}`);
      // Until the first input has come the server repeats what this end can't know.
      assert.ok(agreed > 300 && late < 10, `seed ${seed}: ${agreed} agreed, ${late} late`);
      const bad = playOver(holds, seed, 80);
      assert.equal(bad.error, undefined, `seed ${seed}: ${JSON.stringify(bad)}`);
      assert.ok(bad.agreed > 150, JSON.stringify(bad));
    }
  }
});
