// Node's side of a differential test: streams as JSON lines in, what was decoded as JSON lines out.
//
//   {"schema": HEX}                      a new schema           -> {"ok": true}
//   {"join": HEX}                        begins anew            -> state
//   {"chunk": HEX, "span": 1}            a chunk                -> state
//
// State is {"hash": n, "verified": bool, "rows": [[{"slot": n, "words": [..]}, ..], ..],
// "events": [{"class": n, "words": [..]}, ..]}; with {"brief": true} in a line rows are left out. What
// can't be decoded gives {"error": text}, and the stream is void until the next join. Each line is
// answered by one, in order. `fresh` in a chunk's line joins a second decoder from `fresh`, the join
// after that chunk, which then follows beside the first; if they differ the answer is an error.

import { createInterface } from "node:readline";

import { StreamDecoder, readSchema } from "../../assets/web/sdk/index.js";
import { rowsOf, unhex } from "./support/golden.mjs";

let schema = null;
let decoders = [];

function answer({ schema: bytes, join, chunk, span = 1, brief = false, fresh }) {
  if (bytes !== undefined) {
    schema = readSchema(unhex(bytes));
    decoders = [];
    return { ok: true };
  }
  let verified = false;
  let events = [];
  if (join !== undefined) {
    decoders = [new StreamDecoder(schema, unhex(join))];
  } else {
    if (decoders.length === 0) throw new Error("no stream");
    const told = decoders.map((decoder) => {
      const heard = [];
      return { verified: decoder.apply(span, unhex(chunk), heard), events: heard };
    });
    [{ verified, events }] = told;
    if (fresh !== undefined) decoders = [decoders[0], new StreamDecoder(schema, unhex(fresh))];
  }
  const hash = decoders[0].hash();
  if (decoders.some((decoder) => decoder.hash() !== hash)) throw new Error("a joiner differs");
  return { hash, verified, events, ...(brief ? {} : { rows: rowsOf(decoders[0]) }) };
}

for await (const line of createInterface({ input: process.stdin })) {
  if (line.trim() === "") continue;
  try {
    console.log(JSON.stringify(answer(JSON.parse(line))));
  } catch (error) {
    decoders = [];
    console.log(JSON.stringify({ error: error.message }));
  }
}
