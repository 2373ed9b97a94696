// Node's side of a differential test: questions as JSON lines in, answers as JSON lines out, one for
// each, in order. The other side is the program `differential` of tests/src.
//
//   {"schema": HEX}                      a new schema                  -> {"ok": true}
//   {"join": HEX}                        begins a stream anew          -> state
//   {"chunk": HEX, "span": 1}            goes on with it               -> state
//   {"frame": HEX}                       a frame section               -> what it says
//   {"inputs": {..}}, {"command": {..}}, {"control": {..}}             -> {"bytes": HEX}, as it is sent
//   {"row": [..], "class": n}            words to an object and back   -> {"words": [..]}
//
// State is {"hash": n, "verified": bool, "rows": [[{"slot": n, "words": [..]}, ..], ..],
// "events": [{"class": n, "words": [..]}, ..]}; with {"brief": true} in a line rows are left out. `fresh`
// in a chunk's line joins a second decoder from `fresh`, the join after that chunk, which then follows
// beside the first; if they differ the answer is an error. Errors are {"error": text, "refused": bool}:
// refused is what can't be decoded, and a stream is void then until the next join; all else is a defect.

import { createInterface } from "node:readline";

import * as sdk from "../../assets/web/sdk/index.js";
import { hex, rowsOf, unhex } from "./support/golden.mjs";

let schema = null;
let decoders = [];

const answers = {
  schema(bytes) {
    schema = null;
    decoders = [];
    schema = sdk.readSchema(unhex(bytes));
    return { ok: true };
  },

  join(bytes, { brief }) {
    decoders = [new sdk.StreamDecoder(schema, unhex(bytes))];
    return state(false, [], brief);
  },

  chunk(bytes, { span = 1, brief, fresh }) {
    const told = decoders.map((decoder) => {
      const events = [];
      return { verified: decoder.apply(span, unhex(bytes), events), events };
    });
    if (fresh !== undefined) decoders = [decoders[0], new sdk.StreamDecoder(schema, unhex(fresh))];
    if (decoders.some((decoder) => decoder.hash() !== decoders[0].hash())) throw new Error("a joiner differs");
    return state(told[0].verified, told[0].events, brief);
  },

  frame(bytes) {
    const { entries, ...frame } = sdk.readFrame(unhex(bytes));
    return { ...frame, entries: entries.map((entry) => ({ ...entry, bytes: hex(entry.bytes) })) };
  },

  inputs({ incarnation, received, frames, held }) {
    return { bytes: hex(sdk.encodeInputs(schema.input, incarnation, received, frames, held)) };
  },

  row(words, { class: index }) {
    const data = schema.classes[index];
    return { words: [...sdk.writeRow(data, sdk.readRow(data, words, 0, {}))] };
  },

  command({ name, values, incarnation, sequence }) {
    const data = schema.commands.find((each) => each.name === name);
    const given = values.bytes ? { ...values, bytes: Uint8Array.from(values.bytes) } : values;
    return { bytes: hex(sdk.encodeCommandSection(incarnation, sequence, sdk.encodeCommand(data, given))) };
  },

  control({ ping, rematch, leave, resync, chat, room, hello }) {
    if (room) return { bytes: hex(sdk.encodeRoomRequest(room)) };
    if (chat) return { bytes: hex(sdk.encodeChat(chat.text, chat.to)) };
    if (rematch) return { bytes: hex(sdk.encodeRematch()) };
    if (leave) return { bytes: hex(sdk.encodeLeave()) };
    if (resync) return { bytes: hex(sdk.encodeResync(...resync)) };
    if (ping !== undefined) return { bytes: hex(sdk.encodePing(ping)) };
    const fingerprint = hello.fingerprint === null ? null : BigInt(hello.fingerprint);
    const resume = hello.resume === null ? null : unhex(hello.resume);
    const joinKey = hello.joinKey === null ? null : unhex(hello.joinKey);
    return { bytes: hex(sdk.encodeHello({ ...hello, fingerprint, resume, joinKey })) };
  },
};

function state(verified, events, brief = false) {
  const told = { hash: decoders[0].hash(), verified, events };
  return brief ? told : { ...told, rows: rowsOf(decoders[0]) };
}

for await (const line of createInterface({ input: process.stdin })) {
  if (line.trim() === "") continue;
  const question = JSON.parse(line);
  try {
    const [kind] = Object.keys(question).filter((key) => key in answers);
    console.log(JSON.stringify(answers[kind](question[kind], question)));
  } catch (error) {
    decoders = [];
    console.log(JSON.stringify({ error: error.stack, refused: error instanceof sdk.DecodeError }));
  }
}
