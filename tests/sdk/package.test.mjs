// What is shipped: its size, its types, its declarations, and what it must not contain.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

const here = fileURLToPath(new URL(".", import.meta.url));
const sdk = fileURLToPath(new URL("../../assets/web/sdk/", import.meta.url));
const tool = (name) => join(here, "node_modules/.bin", name);

/** The most bytes of the whole, minified and compressed. */
const BYTES_MAX = 31400;

const files = (folder, ending) =>
  readdirSync(folder, { recursive: true })
    .filter((name) => name.endsWith(ending))
    .sort();

test("types are sound, and the declarations are current", () => {
  const made = mkdtempSync(join(tmpdir(), "syncline-types-"));
  try {
    execFileSync(tool("tsc"), ["-p", sdk, "--outDir", made], { stdio: ["ignore", "inherit", "inherit"] });
    const committed = join(sdk, "types");
    assert.deepEqual(files(committed, ".d.ts"), files(made, ".d.ts"));
    for (const name of files(made, ".d.ts")) {
      assert.equal(readFileSync(join(committed, name), "utf8"), readFileSync(join(made, name), "utf8"), name);
    }
  } finally {
    rmSync(made, { recursive: true });
  }
});

test(`it weighs at most ${BYTES_MAX} bytes`, (context) => {
  const bundle = execFileSync(tool("esbuild"), ["--bundle", "--minify", "--format=esm", join(sdk, "index.js")]);
  const bytes = gzipSync(bundle, { level: 9 }).length;
  context.diagnostic(`${bytes} bytes compressed, ${bundle.length} before`);
  assert.ok(bytes <= BYTES_MAX, `${bytes} bytes`);
});

test("nothing of it is refused by a strict Content-Security-Policy, or depends on anything", () => {
  for (const name of files(sdk, ".js")) {
    const text = readFileSync(join(sdk, name), "utf8");
    assert.doesNotMatch(text, /\beval\b|new Function|setTimeout\(["'`]|innerHTML|document\.write/, name);
    for (const [, from] of text.matchAll(/^(?:import|export) .*from "(.*)";/gm)) assert.match(from, /^\.\.?\//, name);
  }
  const { dependencies, files: shipped } = JSON.parse(readFileSync(join(sdk, "package.json"), "utf8"));
  assert.equal(dependencies, undefined);
  assert.ok(shipped.includes("types"));
});
