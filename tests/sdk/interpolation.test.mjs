// Where others are drawn when the server goes more slowly: a twin of the Rust client's test.

import assert from "node:assert/strict";
import { test } from "node:test";

import { Interpolation } from "../../assets/web/sdk/client/interpolation.js";

test("slowed time and fewer frames are followed and forgotten", () => {
  const interpolation = new Interpolation(30, 1);
  let now = 0;
  let tick = 0;
  const lag = (until, period, span) => {
    let most = 0;
    for (; tick < until; tick++) {
      now += period;
      if (tick % span !== 0) continue;
      const drawn = interpolation.view(now) ?? 0;
      interpolation.arrived(now, tick, span);
      // After the first seconds, in which the change is learned.
      if (tick % 900 > 150) {
        assert.ok(drawn <= tick, `nothing to draw at ${tick}`);
        most = Math.max(most, tick - drawn);
      }
    }
    return most;
  };
  assert.ok(lag(900, 33.334, 1) <= 2);
  assert.ok(lag(1800, 55, 2) <= 20);
  assert.ok(lag(3600, 33.334, 1) <= 20);
  assert.ok(interpolation.delay < 100);
});
