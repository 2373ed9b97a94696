// Records arena_200.json anew, after a change of the wire. Two hundred have to play in room 1:
//
//   syncline --no-journal & cargo bots --bots 200 --duration 60s &
//   node tests/sdk/traces/record.mjs ws://127.0.0.1:7777/play

import { writeFileSync } from "node:fs";
import { WebSocket } from "ws";

import { connect } from "../../../assets/web/sdk/index.js";

/** How many messages: eight seconds. */
const MESSAGES = 240;

const about =
  "Messages of a server to one who watches a match of arena with 200 players, from its Welcome on, as hexadecimal text.";

/** @type {string[]} */
const messages = [];

class Recorder extends WebSocket {
  /** @param {ConstructorParameters<typeof WebSocket>} options */
  constructor(...options) {
    super(...options);
    this.on("message", (data) => {
      messages.push(Buffer.from(/** @type {Buffer} */ (data)).toString("hex"));
      if (messages.length < MESSAGES) return;
      writeFileSync(new URL("arena_200.json", import.meta.url), `${JSON.stringify({ about, messages }, null, 1).replace(/^ +/gm, "")}\n`);
      process.exit();
    });
  }
}

connect(process.argv[2], { WebSocket: Recorder, room: { id: 1 }, role: "spectator", transport: "websocket" });
