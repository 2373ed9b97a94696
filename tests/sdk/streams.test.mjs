// Every stream of the vectors, from each of its joins.

import assert from "node:assert/strict";
import { test } from "node:test";

import { StreamDecoder } from "../../assets/web/sdk/shared/stream/decoder.js";
import { readSchema } from "../../assets/web/sdk/shared/schema.js";
import { golden, rowsOf, unhex } from "./support/golden.mjs";

for (const file of ["stream", "arena"]) {
  for (const vector of golden(file)) {
    test(`${file}/${vector.name}`, () => {
      const schema = readSchema(unhex(vector.schema));
      /** @type {StreamDecoder[]} */
      const followers = [];
      vector.ticks.forEach((tick, number) => {
        const where = `tick ${number}`;
        for (const follower of followers) {
          const events = [];
          const verified = follower.apply(tick.span ?? 1, unhex(tick.chunk), events);
          assert.deepEqual(events, tick.events, where);
          assert.equal(verified, tick.verified, where);
          check(follower, tick, where);
        }
        if (tick.join !== undefined) {
          followers.push(new StreamDecoder(schema, unhex(tick.join)));
          check(followers.at(-1), tick, where);
        }
        // The first, and the last few: enough to find a join that leaves something out.
        if (followers.length > 8) followers.splice(1, 1);
      });
    });
  }
}

function check(follower, tick, where) {
  if (tick.classes) assert.deepEqual(rowsOf(follower), tick.classes, where);
  assert.equal(follower.hash(), tick.hash, where);
}
