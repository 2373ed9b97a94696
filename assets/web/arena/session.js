// Which client the page has: one at a time, another after the player chose another room, name or role.

import { connect } from "../sdk/index.js";
import { endpoint, showRoom } from "./address.js";
import { prediction } from "./step.js";

/** @typedef {import("../sdk/index.js").Client} Client */
/**
 * @typedef {object} Wish where the player wants to be
 * @property {string | null} room a code; null for any room
 * @property {import("./ui/new_room.js").NewRoom | null} [fresh] what a room of one's own is made with
 * @property {string | null} [password] the room's
 * @property {boolean} spectate
 * @property {string} name
 * @property {string | null} colour of the player's ships, like #4de2ff; null for that of its seat
 * @property {boolean} [replay] whether to watch the recorded match that the server shows
 */

/** The page's client. */
export class Session {
  /**
   * @param {Wish} wish
   * @param {{ latency: number, jitter: number }} simulate a worse network
   */
  constructor(wish, simulate) {
    this.wish = wish;
    this.simulated = simulate;
    /** @type {((client: Client) => void)[]} */
    this.listeners = [];
    this.turns = 0;
    this.client = this.connect();
  }

  /**
   * @param {(client: Client) => void} listener told of the client now, and of each that takes its place
   */
  follow(listener) {
    this.listeners.push(listener);
    listener(this.client);
  }

  /**
   * Goes elsewhere, or comes as another.
   *
   * @param {Partial<Wish>} wish what changes
   */
  change(wish) {
    // A password is that of one room.
    const stays = wish.room === undefined || (wish.room !== null && wish.room === this.client.room?.code);
    const password = stays ? (this.wish.password ?? null) : null;
    this.wish = { ...this.wish, fresh: null, password, ...wish };
    const turn = ++this.turns;
    void this.client.leave().then(() => {
      // Another change came in the meantime.
      if (turn !== this.turns) return;
      this.client = this.connect();
      for (const listener of this.listeners) listener(this.client);
    });
  }

  /** @param {string | null} colour of the player's ships from now on; while a match runs, from the next one on */
  paint(colour) {
    this.wish = { ...this.wish, colour };
    this.tellColour(this.client);
  }

  /** @param {Client} client which may be told only between matches */
  tellColour(client) {
    const entry = client.player === null ? null : client.roster.get(client.player);
    const isBetween = client.phase.name === "lobby" || client.phase.name === "ended";
    if (!entry || !isBetween || client.state !== "playing") return;
    const { colour } = this.wish;
    if ((entry.properties.colour ?? null) !== colour) client.lobby.properties(propertiesOf(colour));
  }

  /** @param {{ latency: number, jitter: number }} conditions of the network from now on, in ms */
  simulate(conditions) {
    this.simulated = conditions;
    this.client.simulate(conditions);
  }

  /** @returns {Client} */
  connect() {
    const { room, fresh, password, spectate, name, colour, replay } = this.wish;
    const client = connect(endpoint(), {
      game: "arena",
      name,
      role: spectate ? "spectator" : "player",
      room: fresh ? created(fresh) : (room ?? "quick"),
      password: password ?? null,
      properties: propertiesOf(colour),
      prediction,
      // Whoever comes first, and wasn't sent by a friend, doesn't want to be alone.
      company: room === null && !fresh && !spectate,
      simulate: this.simulated,
      // Who watches a recorded match has nothing to come back to.
      session: replay ? null : spectate ? "arena spectator" : "arena player",
    });
    if (!replay) client.on("joined", ({ code }) => showRoom(code, spectate));
    client.on("phase", () => this.tellColour(client));
    return client;
  }
}

/** @param {import("./ui/new_room.js").NewRoom} room @returns {import("../sdk/client/options.js").CreateOptions} */
function created({ private: isPrivate, whenReady, teams }) {
  // A server that knows no teams need not be told that there are none.
  return { create: true, private: isPrivate, whenReady, ...(teams > 0 && { rules: { teams } }) };
}

/** @param {string | null} colour @returns {Record<string, string>} what the room is told of the player */
const propertiesOf = (colour) => (colour === null ? {} : { colour });
