// What a game may set, and what holds where it doesn't.

import { normalCode } from "../shared/control.js";
import { NAME_CHARS_MAX } from "../shared/limits.js";
import { browser } from "./browser.js";
import { pairs } from "./pairs.js";

/** @typedef {import("./conditioner.js").Conditions} Conditions */
/** @typedef {import("./prediction.js").PredictionRules} PredictionRules */
/**
 * What a page tells: whether it is hidden or offline, and what it keeps of a session.
 *
 * @typedef {object} Environment
 * @property {() => boolean} isHidden
 * @property {() => boolean} isOffline
 * @property {(listeners: Record<"hidden" | "visible" | "online" | "offline", () => void>) => () => void} listen
 *   calls them from now on; the returned function stops that
 * @property {(session: string) => Promise<Kept | null>} claim what was kept under the name, if nobody else holds it
 * @property {(kept: Kept | null) => void} keep keeps it under the name that was claimed
 */
/** @typedef {{ token: Uint8Array, code: string, kicked?: boolean }} Kept a seat and its room, and whether it was taken away */
/**
 * @typedef {object} CreateOptions a new room
 * @property {true} create
 * @property {boolean} [private] kept out of quick play and lists
 * @property {number} [playersMax] fewer seats than usual
 * @property {boolean} [loud] something is said each tick
 * @property {number} [spectatorDelay] seconds
 * @property {Record<string, string | number>} [labels] by which quick play finds it
 * @property {Record<string, string | number>} [rules] of the game, other than usual
 * @property {boolean} [whenReady] its matches begin when all are ready
 * @property {number} [countdown] seconds from then on
 */
/**
 * @typedef {object} Clock times in ms
 * @property {() => number} now
 * @property {(call: () => void, ms: number) => any} setTimeout
 * @property {(timer: any) => void} clearTimeout
 * @property {() => number} random from 0 up to 1
 */
/**
 * @typedef {object} Options
 * @property {string} [game] its name; the server's default without
 * @property {string} [name] the player's, at most 24 characters
 * @property {Record<string, string | number>} [properties] what the player says of itself, for others to see
 * @property {"quick" | string | { query: string } | { id: number } | CreateOptions} [room]
 *   `"quick"`, what a room has to be like, a code, an id, or a new one
 * @property {"player" | "spectator"} [role]
 * @property {boolean} [company] whether the server's own bots may play in the room, if this client is the first in it
 * @property {string | null} [password] the room's, also of a new one
 * @property {"on-change" | "every-tick"} [inputs] when what is pressed is sent
 * @property {PredictionRules} [prediction] the part of the game that runs ahead of the server
 * @property {Conditions | null} [simulate] a worse network
 * @property {string | null} [session] the name under which a page keeps its seat over a refresh
 * @property {number} [snapshots] frames that are kept to draw from
 * @property {"auto" | "websocket" | "stream" | "poll"} [transport] the way in; by default whichever works
 * @property {any} [WebSocket] the constructor; the global one without
 * @property {any} [fetch] the function, for ways in without a WebSocket; the global one without
 * @property {Environment | null} [environment] what the page tells; the browser's without, if there is one
 * @property {Partial<Clock>} [clock]
 */
/**
 * @typedef {object} Resolved
 * @property {string} url
 * @property {string | null} game
 * @property {string} name
 * @property {[string, string][]} properties
 * @property {import("../shared/control.js").RoomSelector} room
 * @property {"player" | "spectator"} role
 * @property {boolean} company
 * @property {string | null} password
 * @property {"on-change" | "every-tick"} inputs
 * @property {PredictionRules | null} prediction
 * @property {Conditions | null} simulate
 * @property {string | null} session
 * @property {number} snapshots
 * @property {"auto" | "websocket" | "stream" | "poll"} transport
 * @property {any} WebSocket
 * @property {any} fetch
 * @property {Environment | null} environment
 * @property {Clock} clock
 */

/** How many frames are kept to draw from: half a second at the highest rate. */
const SNAPSHOTS = 64;

/**
 * @param {string} url
 * @param {Options} options
 * @returns {Resolved} all of them
 * @throws {TypeError} for unknown names and values that make no sense
 */
export function resolveOptions(url, options) {
  const { game, name = "", role = "player", inputs = "on-change", session, snapshots = SNAPSHOTS } = options;
  if (!["player", "spectator"].includes(role)) throw new TypeError(`there is no role ${role}`);
  if (!["on-change", "every-tick"].includes(inputs)) throw new TypeError(`there is no way of inputs ${inputs}`);
  const { transport = "auto" } = options;
  if (!["auto", "websocket", "stream", "poll"].includes(transport)) throw new TypeError(`there is no transport ${transport}`);
  const WebSocket = options.WebSocket ?? /** @type {any} */ (globalThis).WebSocket;
  const isFirst = transport === "auto" || transport === "websocket";
  if (!WebSocket && isFirst) throw new TypeError("there is no WebSocket here: give one as an option");
  const resolved = {
    url,
    game: game ?? null,
    name: [...name].slice(0, NAME_CHARS_MAX).join(""),
    properties: pairs(options.properties),
    room: roomSelector(options.room),
    role,
    company: options.company ?? false,
    password: options.password ?? null,
    inputs,
    prediction: options.prediction ?? null,
    simulate: options.simulate ?? null,
    session: session === undefined ? `${url} ${game ?? ""}` : session,
    snapshots,
    transport,
    WebSocket,
    // Called as a part of the page: a browser's fetch wants to be.
    fetch: options.fetch ?? globalThis.fetch?.bind(globalThis),
    environment: options.environment === undefined ? browser() : options.environment,
    clock: { ...realClock(), ...options.clock },
  };
  for (const option of Object.keys(options)) if (!(option in resolved)) throw new TypeError(`there is no option ${option}`);
  return resolved;
}

/** @returns {Clock} */
function realClock() {
  return {
    now: () => performance.now(),
    setTimeout: (call, ms) => setTimeout(call, ms),
    clearTimeout: (timer) => clearTimeout(timer),
    random: () => Math.random(),
  };
}

/** @param {string} name @param {number} value @param {number} low @param {number} high @returns {number} the value */
function whole(name, value, low, high) {
  if (Number.isInteger(value) && value >= low && value <= high) return value;
  throw new TypeError(`${name} is a whole number from ${low} to ${high}`);
}

/**
 * @param {Options["room"]} room as a game names it
 * @returns {import("../shared/control.js").RoomSelector} which room
 * @throws {TypeError} if it names none
 */
function roomSelector(room = "quick") {
  if (room === "quick") return { kind: "quick", query: "" };
  const code = typeof room === "string" ? normalCode(room) : null;
  if (code) return { kind: "code", code };
  if (typeof room === "object" && "query" in room) return { kind: "quick", query: room.query };
  if (typeof room === "object" && "id" in room) return { kind: "id", id: whole("id", room.id, 1, 2 ** 32 - 1) };
  if (typeof room === "object" && "create" in room) {
    return {
      kind: "create",
      private: room.private ?? false,
      playersMax: room.playersMax === undefined ? null : whole("playersMax", room.playersMax, 1, 65535),
      loud: room.loud ?? false,
      spectatorDelay: whole("spectatorDelay", room.spectatorDelay ?? 0, 0, 255),
      labels: pairs(room.labels),
      rules: pairs(room.rules),
      whenReady: room.whenReady ?? false,
      countdown: room.countdown === undefined ? null : whole("countdown", room.countdown, 0, 255),
    };
  }
  throw new TypeError(`no room: ${JSON.stringify(room)}`);
}
