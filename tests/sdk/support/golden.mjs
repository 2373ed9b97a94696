// The vectors of tests/golden and shared/tests/golden.

import { readFileSync } from "node:fs";

/** The vectors of a file, by its name without ending. */
export const golden = (name) =>
  JSON.parse(readFileSync(new URL(`../../golden/${name}.json`, import.meta.url), "utf8")).vectors;

export const unhex = (text) => Uint8Array.from(Buffer.from(text, "hex"));

export const hex = (bytes) => Buffer.from(bytes).toString("hex");

/** The live rows of each class of a decoder, as the vectors have them. */
export const rowsOf = (decoder) =>
  decoder.classes.map(({ count, taken, words, plan }) => {
    const rows = [];
    for (let slot = 0; slot < count; slot++) {
      if (taken[slot]) rows.push({ slot, words: [...words.subarray(slot * plan.words, (slot + 1) * plan.words)] });
    }
    return rows;
  });
