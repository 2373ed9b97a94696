// The page without a browser: its types, what a strict policy would refuse, and its plain parts.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const here = fileURLToPath(new URL(".", import.meta.url));
const web = fileURLToPath(new URL("../../assets/web/", import.meta.url));
const arena = join(web, "arena");

/** The most lines of a file. */
const LINES_MAX = 400;

const files = (ending) => readdirSync(arena, { recursive: true }).filter((name) => name.endsWith(ending));
const text = (name) => readFileSync(join(arena, name), "utf8");

test("types are sound", () => {
  execFileSync(join(here, "node_modules/.bin/tsc"), ["-p", join(here, "../browser")], { stdio: ["ignore", "inherit", "inherit"] });
});

test("files open with what they are for, and are short", () => {
  for (const name of files(".js")) {
    assert.match(text(name), /^\/\/ [A-Z`]/, name);
    assert.ok(text(name).split("\n").length <= LINES_MAX, name);
  }
});

test("nothing of it is refused by a strict Content-Security-Policy, or comes from elsewhere", () => {
  for (const name of files(".js")) {
    assert.doesNotMatch(text(name), /\beval\b|new Function|setTimeout\(["'`]|innerHTML|document\.write|setAttribute\("style"/, name);
    assert.doesNotMatch(text(name), /https?:\/\//, name);
    for (const [, from] of text(name).matchAll(/^(?:import|export) .*from "(.*)";/gm)) {
      assert.match(from, /^\.\.?\//, name);
      assert.ok(existsSync(join(arena, name, "..", from)), `${name}: ${from}`);
    }
  }
  for (const name of files(".css")) assert.doesNotMatch(text(name), /url\(|@import/, name);
  const page = text("index.html");
  assert.doesNotMatch(page, /\sstyle=|<style|\son[a-z]+=|<script(?![^>]*\ssrc=)/);
  for (const [, path] of page.matchAll(/(?:href|src)="([^"]*)"/g)) {
    assert.match(path, /^\/(arena|sdk)\//);
    assert.ok(existsSync(join(web, path)), path);
  }
});

test("every colour that the canvas asks for is in the style sheet", async () => {
  const sheet = text("styles/theme.css");
  const { ACCENTS, fade, mix } = await import("../../assets/web/arena/view/palette.js");
  const names = [...text("view/palette.js").matchAll(/colour\("([\w-]+)"\)/g)].map(([, name]) => name);
  for (let at = 0; at < ACCENTS; at++) {
    names.push(`accent-${at}`);
    assert.match(sheet, new RegExp(`\\.accent-${at} \\{ --own: var\\(--accent-${at}\\)`));
  }
  assert.ok(names.length > ACCENTS);
  for (const name of names) assert.match(sheet, new RegExp(`--${name}: #[0-9a-f]{6};`), name);
  assert.equal(fade("#4de2ff", 0.5), "rgba(77, 226, 255, 0.5)");
  assert.equal(mix("#000000", "#ff8040", 0.5), "#804020");
});

test("teams have colours that are seen, and letters", async () => {
  const sheet = text("styles/theme.css");
  const { contrast } = await import("../../assets/web/arena/view/colours.js");
  const { TEAM_COLOURS, letterOf, totals } = await import("../../assets/web/arena/teams.js");
  const ground = /--floor: (#[0-9a-f]{6});/.exec(sheet)[1];
  assert.match(text("view/colours.js"), new RegExp(`GROUND = "${ground}"`));
  for (let team = 0; team < TEAM_COLOURS; team++) {
    const colour = new RegExp(`--team-${team}: (#[0-9a-f]{6});`).exec(sheet)[1];
    assert.match(sheet, new RegExp(`\\.team-${team} \\{ --own: var\\(--team-${team}\\)`));
    assert.ok(contrast(colour, ground) > 6, colour);
  }
  assert.deepEqual([0, 3, 25, 26].map(letterOf), ["A", "D", "Z", "27"]);
  const all = [[1, 4], [0, 2], [1, -1], [2, 3], [null, 9]].map(([team, score]) => ({ team, score }));
  assert.deepEqual(totals(all), [{ team: 1, score: 3 }, { team: 2, score: 3 }, { team: 0, score: 2 }]);
});

test("a seat has its team's colour, else the one that its player chose, as light as it has to be", async () => {
  const { coloursOf, contrast, isColour, readable } = await import("../../assets/web/arena/view/colours.js");
  const seat = (player, team, colour) => ({ player, team, ...(colour && { properties: { colour } }) });
  const seats = [seat(0, null), seat(1, null, "#FFEE00"), seat(2, 1, "#ffee00"), seat(3, null, "red"), seat(4, null, "#fff"), seat(5, null, "#ffee00;")];
  assert.deepEqual([...coloursOf(seats, ["#58b4ff", "#ff9d2e"])], [[1, "#ffee00"], [2, "#ff9d2e"]]);
  assert.ok(isColour("#0a0B0c") && !isColour("0a0b0c"));
  for (let value = 0; value < 0x1000000; value += 0x10305) {
    const colour = `#${value.toString(16).padStart(6, "0")}`;
    assert.ok(contrast(readable(colour), "#0c1024") >= 4.5, colour);
  }
  assert.equal(readable("#ffc84a"), "#ffc84a", "what can be seen stays as it is");
  assert.ok(Math.abs(contrast("#000000", "#ffffff") - 21) < 1e-9);
});

test("the address names a room, a role and a network", async () => {
  const { readAddress } = await import("../../assets/web/arena/address.js");
  assert.deepEqual(readAddress(""), { room: null, spectate: false, replay: false, simulate: { latency: 0, jitter: 0 } });
  assert.deepEqual(readAddress("?room=7k2mxq&spectate&latency=150&jitter=9999"), {
    room: "7K2MXQ",
    spectate: true,
    replay: false,
    simulate: { latency: 150, jitter: 500 },
  });
  const replay = readAddress("?replay=finals.journal");
  assert.deepEqual([replay.replay, replay.spectate, replay.room], [true, true, null]);
  assert.deepEqual(readAddress("?room=no&latency=-1&jitter=x"), { room: null, spectate: false, replay: false, simulate: { latency: 0, jitter: 0 } });
});

test("directions are those of the game", async () => {
  const { directionOf } = await import("../../assets/web/arena/input/controls.js");
  assert.equal(directionOf(0, 0), 0);
  const around = [[1, 0], [1, 1], [0, 1], [-1, 1], [-1, 0], [-1, -1], [0, -1], [1, -1]];
  assert.deepEqual(around.map(([x, y]) => directionOf(x, y)), [1, 2, 3, 4, 5, 6, 7, 8]);
  assert.equal(directionOf(1, 0.3), 1);
  assert.equal(directionOf(1, -0.3), 1);
});

test("own shots begin in the gun's time and end in that of the others, without ever going back", async () => {
  const { drawnAge } = await import("../../assets/web/arena/view/own_shots.js");
  for (const gap of [0, 2.5, 8, 20]) {
    let last = 0;
    for (let age = 0; age < 80; age += 0.25) {
      const drawn = drawnAge(age, gap);
      assert.ok(drawn >= last && drawn <= age, `${drawn} at ${age} of ${gap}`);
      last = drawn;
    }
    assert.equal(last, 79.75 - gap);
  }
});

test("a shot fired on prediction becomes the server's", async () => {
  const { OwnShots } = await import("../../assets/web/arena/view/own_shots.js");
  const scenery = { width: 400, height: 400, radius: 5, shotSpeed: 8, shotTicks: 36, kinds: [{ number: 0, cooldown: 10 }], walls: [{ x: 200, y: 90, width: 10, height: 20 }] };
  const shots = new OwnShots();
  const state = { kind: 0, rapid: 0, cooldown: 10, aim: 0, position: [100 * 16, 100 * 16], velocity: [0, 0] };
  // Fired in tick 50, while others are drawn as of tick 45.
  const sight = (tick, own, flying = []) => ({ now: tick * 33, dt: 8.25, tick: tick - 5, seat: 3, scenery, own: own && { predicted: { tick, state: own } }, shots: flying });
  const first = shots.update(sight(50, state), 33);
  assert.equal(first.fired, true);
  assert.deepEqual(first.drawn.map(({ x, y }) => [x, y]), [[100, 100]]);
  assert.equal(shots.update(sight(51, { ...state, cooldown: 9 }), 33).fired, false, "once");
  // The server's shot comes into view, where its forerunner says.
  const seen = { id: 7, owner: 3, x: 100 + 8 * 1, y: 100, vx: 8, vy: 0 };
  const matched = shots.update(sight(56, { ...state, cooldown: 4 }, [seen]), 33);
  assert.deepEqual([...matched.known], [7]);
  assert.equal(matched.drawn.length, 1);
  // It flies until the wall, where sparks fly once; the server's is hidden until it has ended as well.
  let sparks = 0;
  for (let tick = 57; tick < 70; tick += 0.25) {
    const age = tick - 5 - 50;
    const own = { ...state, cooldown: 0 };
    const flying = age < 13 ? [{ ...seen, x: 100 + 8 * Math.min(age, 12) }] : [];
    const { ended, known } = shots.update({ ...sight(tick, own, flying), own: { predicted: { tick: Math.floor(tick), state: own } } }, 33);
    sparks += ended.length;
    assert.equal(known.has(7), age <= 13, "hidden, and once more when it ends");
  }
  assert.equal(sparks, 1);
  assert.deepEqual(shots.shots, []);
});

test("a shot that the server doesn't know fades", async () => {
  const { OwnShots } = await import("../../assets/web/arena/view/own_shots.js");
  const scenery = { width: 400, height: 400, radius: 5, shotSpeed: 8, shotTicks: 36, kinds: [{ number: 0, cooldown: 10 }], walls: [] };
  const shots = new OwnShots();
  const state = { kind: 0, rapid: 0, cooldown: 10, aim: 64, position: [1600, 1600], velocity: [0, 0] };
  shots.update({ now: 0, dt: 16, tick: 95, seat: 0, scenery, own: { predicted: { tick: 100, state } }, shots: [] }, 33);
  assert.equal(shots.shots.length, 1);
  shots.update({ now: 400, dt: 400, tick: 107, seat: 0, scenery, own: null, shots: [] }, 33);
  assert.equal(shots.shots.length, 0);
});

test("the camera shows little of what is beyond the map, and eases over jumps", async () => {
  const { Camera } = await import("../../assets/web/arena/view/camera.js");
  const camera = new Camera();
  camera.resize(1280, 800);
  const map = { width: 1000, height: 1000 };
  for (let at = 0; at < 200; at++) camera.follow({ x: 5, y: 995 }, { x: 0, y: 0 }, map, 16);
  assert.ok(camera.sight.left > -80 && camera.sight.bottom < 1080, JSON.stringify(camera.sight));
  assert.ok(camera.screenX(5) > 0 && camera.screenY(995) < 800, "the target is on the screen");
  const { x } = camera;
  camera.follow({ x: 500, y: 500 }, { x: 0, y: 0 }, map, 16);
  assert.ok(Math.abs(camera.x - x) < 200, "not at once");
  for (let at = 0; at < 200; at++) camera.follow({ x: 500, y: 500 }, { x: 0, y: 0 }, map, 16);
  assert.ok(Math.hypot(camera.x - 500, camera.y - 500) < 1);
});

test("pictures become simpler while they are slow, are tried again, and given up for good", async () => {
  const { Quality } = await import("../../assets/web/arena/view/quality.js");
  const quality = new Quality();
  let now = 0;
  const run = (ms, picture) => {
    for (const end = now + ms; now < end; now += picture) quality.measure(now);
    return quality.level;
  };
  assert.equal(run(20000, 16), 0);
  assert.equal(run(4500, 40), 1);
  assert.equal(run(30000, 16), 0, "a slow moment is forgiven");
  assert.equal(run(4500, 40), 1);
  assert.equal(run(60000, 16), 1, "but not again");
  assert.equal(run(60000, 50), 3);
});

test("what the server's ticks cost is a mean since the last answer", async () => {
  const { ServerCost } = await import("../../assets/web/arena/ui/server_cost.js");
  const cost = new ServerCost();
  cost.learn(1, { count: 100, sum_micros: 20000, p99_micros: 512 });
  assert.deepEqual(cost.cost, { tickMicros: 200, worstMicros: 512 });
  cost.learn(1, { count: 130, sum_micros: 23000, p99_micros: 512 });
  assert.equal(cost.cost.tickMicros, 100);
  cost.learn(1, null);
  assert.deepEqual(cost.cost, { tickMicros: null, worstMicros: null });
});

test("the 20 lines at the top of the repository are those that are tested", () => {
  const [own, top] = ["assets/web/sdk/README.md", "README.md"].map((name) => readFileSync(join(here, "..", "..", name), "utf8"));
  const [code] = /```js\n[^]*?```/.exec(own);
  assert.ok(top.includes(code));
});

test("modules are fetched at once: few are left to be found one after the other", () => {
  const reached = new Set();
  const visit = (path) => {
    if (reached.has(path)) return;
    reached.add(path);
    const code = readFileSync(join(web, path), "utf8");
    for (const [, from] of code.matchAll(/^(?:import|export) [^;]*?from "(.*?)";/gm)) visit(join(path, "..", from));
  };
  visit("/arena/main.js");
  const preloaded = [...text("index.html").matchAll(/rel="modulepreload" href="([^"]*)"/g)].map(([, path]) => path);
  assert.deepEqual(preloaded.filter((path) => !reached.has(path)), [], "no longer needed");
  const left = [...reached].filter((path) => path !== "/arena/main.js" && !preloaded.includes(path));
  assert.ok(left.length * 10 <= reached.size, `to be added: ${left.join(" ")}`);
});
