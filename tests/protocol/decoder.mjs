// Follows every stream of the vectors by what shared/PROTOCOL.md says, and by nothing else: a decoder
// in another language that finds out whether the document is true and whole. It is a test of the
// document, made to be read beside it, and not made for speed.
//
//   node tests/protocol/decoder.mjs [FILE...]     without files those of tests/golden that have streams
//
// - coder.mjs: bytes as decisions and numbers
// - schema.mjs: schemas, and what follows from them
// - motion.mjs: filters, rotations, directions
// - stream.mjs: what is remembered, and chunks
// - join.mjs: joins

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

import { join } from "./join.mjs";
import { readSchema } from "./schema.mjs";

const FILES = ["stream.json", "arena.json"];

const unhex = (text) => Uint8Array.from(Buffer.from(text, "hex"));

/** The live rows of each class, as the vectors have them. */
const rows = (stream) =>
  stream.classes.map(({ slots }) =>
    slots.flatMap((row, slot) => (row ? [{ slot, words: row.words }] : [])),
  );

function check(stream, tick) {
  if (tick.classes) assert.deepEqual(rows(stream), tick.classes);
  assert.equal(stream.hash(), tick.hash);
}

/**
 * Follows a stream from its first join; returns how many chunks it applied. From every join that the
 * vector holds another follower begins, and is led on by the chunks behind.
 */
function follow(schema, ticks) {
  let followers = [];
  for (const [number, tick] of ticks.entries()) {
    try {
      for (const follower of followers) {
        const { events, isHashed } = follower.apply(tick.span ?? 1, unhex(tick.chunk));
        assert.deepEqual(events, tick.events);
        assert.equal(isHashed, tick.verified);
        check(follower, tick);
      }
      if (tick.join !== undefined) {
        const joined = join(schema, unhex(tick.join));
        check(joined, tick);
        followers.push(joined);
      }
    } catch (error) {
      error.message = `tick ${number}: ${error.message}`;
      throw error;
    }
    // The first, and the last few: enough to find a join that leaves something out.
    if (followers.length > 8) followers.splice(1, 1);
  }
  return ticks.length - 1;
}

function replay(file) {
  const { vectors } = JSON.parse(readFileSync(file, "utf8"));
  assert.ok(vectors.length > 0, `${file} has vectors`);
  let failed = 0;
  for (const vector of vectors) {
    try {
      const chunks = follow(readSchema(unhex(vector.schema)), vector.ticks);
      console.log(`${vector.name}: ${chunks} chunks`);
    } catch (error) {
      failed += 1;
      console.error(`${vector.name}: ${error.stack}`);
    }
  }
  return failed;
}

const named = process.argv.slice(2);
const golden = fileURLToPath(new URL("../golden/", import.meta.url));
const files = named.length > 0 ? named : FILES.map((file) => golden + file);
const failed = files.map(replay).reduce((sum, count) => sum + count, 0);
process.exitCode = failed > 0 ? 1 : 0;
