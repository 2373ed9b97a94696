// Which way in a client takes: a WebSocket, or plain HTTP where none comes through. Times are in ms.

import { SUBPROTOCOL } from "../shared/limits.js";
import { Tunnel } from "./tunnel.js";

/** @typedef {"websocket" | "stream" | "poll"} Way */

/** How long a WebSocket may take to open before another way is tried. */
const OPEN_MS_MAX = 4000;

/** How long a page keeps to a way that worked before it tries a WebSocket again, with the next connection. */
const KEPT_MS = 120000;

/** The code of an end without a word. */
const LOST_CODE = 1006;

/**
 * What worked where a WebSocket did not, for the page's life.
 *
 * @type {Map<string, { way: Way, since: number }>}
 */
const known = new Map();

/** One connection, by whichever way. To whoever uses it, it is a WebSocket. */
export class Connection {
  #options;
  /** @type {any} What it goes through now. */
  #inner = null;
  #opened = false;
  /** @type {Way | null} By which something came. */
  #proved = null;
  #closed = false;
  /** @type {any} */
  #timer = null;

  /** @type {() => void} */
  onopen = () => {};
  /** @type {(event: { data: unknown }) => void} */
  onmessage = () => {};
  /** @type {(event: { code: number, reason: string }) => void} */
  onclose = () => {};

  /** @param {import("./options.js").Resolved} options */
  constructor(options) {
    this.#options = options;
    const { transport, url, clock } = options;
    const kept = known.get(url);
    if (transport !== "auto") this.#take(transport);
    else if (kept && clock.now() - kept.since < KEPT_MS) this.#take(kept.way);
    else this.#take("websocket");
  }

  /** @returns {Way | null} the way; null while it is looked for */
  get way() {
    return this.#opened ? (this.#inner.transport ?? "websocket") : null;
  }

  get readyState() {
    return this.#inner.readyState;
  }

  /** @param {Uint8Array} message */
  send(message) {
    this.#inner.send(message);
  }

  /** @param {number} code */
  close(code) {
    this.#over(true);
    this.#inner.close(code);
  }

  /** @param {Way} way */
  #take(way) {
    const { WebSocket, fetch, url, transport, clock } = this.#options;
    const isAuto = transport === "auto" && fetch;
    const isSocket = way === "websocket";
    const inner = isSocket ? new WebSocket(url, SUBPROTOCOL) : new Tunnel(url, isAuto && way === "stream" ? "auto" : way, fetch, clock);
    this.#inner = inner;
    inner.binaryType = "arraybuffer";
    const fallBack = () => {
      clock.clearTimeout(this.#timer);
      this.#take("stream");
      // Too late for it: what it does now is nothing to anybody.
      inner.onopen = inner.onmessage = inner.onclose = () => {};
      inner.close();
    };
    if (isAuto && isSocket) this.#timer = clock.setTimeout(fallBack, OPEN_MS_MAX);
    inner.onerror = () => {};
    inner.onopen = () => {
      clock.clearTimeout(this.#timer);
      this.#opened = true;
      this.onopen();
    };
    inner.onmessage = (/** @type {{ data: unknown }} */ event) => {
      if (this.#proved !== this.way && isAuto) this.#learn();
      this.onmessage(event);
    };
    inner.onclose = (/** @type {{ code: number, reason: string }} */ event) => {
      if (isAuto && isSocket && !this.#opened && !this.#closed) return fallBack();
      this.#over(event.code === LOST_CODE);
      this.onclose(event);
    };
  }

  /** It works. */
  #learn() {
    const { url, clock } = this.#options;
    const { way } = this;
    this.#proved = way;
    if (way === "websocket") known.delete(url);
    else if (way && known.get(url)?.way !== way) known.set(url, { way, since: clock.now() });
  }

  /**
   * An end, after which nothing is tried any more.
   *
   * @param {boolean} isLost whether the server said nothing about it
   */
  #over(isLost) {
    const { url, clock, transport } = this.#options;
    clock.clearTimeout(this.#timer);
    // A WebSocket that opened and carried nothing is no way in either.
    const isMute = isLost && this.way === "websocket" && !this.#proved && !this.#closed;
    this.#closed = true;
    if (isMute && transport === "auto") known.set(url, { way: "stream", since: clock.now() });
  }
}
