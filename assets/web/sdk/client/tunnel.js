// A session over plain HTTP, for networks that let no WebSocket through: section 1.1 of
// shared/PROTOCOL.md. To whoever uses it, it is a WebSocket. Times are in ms.

import { BINARY, CLOSE, FrameReader, PING, PONG, writeFrame } from "../shared/frames.js";
import { SUBPROTOCOL } from "../shared/limits.js";

/** The most bytes of one request. */
const BODY_BYTES_MAX = 16384;

/** How soon the first byte of a streamed answer must come; if it doesn't, something on the way collects. */
const FIRST_MS_MAX = 2000;

/** For how long an answer may be held back. */
const WAIT_MS = 20000;

/** How long requests may go on failing: after that the server has given up as well. */
const FAILING_MS_MAX = 10000;

/** The pause before a request is repeated. */
const PAUSE_MS = 250;

/** The code of an end without a word. */
const LOST_CODE = 1006;

/** One connection through requests and answers. */
export class Tunnel {
  #fetch;
  #clock;
  #url;
  #streams;
  #reader = new FrameReader();
  #abort = new AbortController();
  /** How many bytes came. */
  #got = 0;
  /** How many bytes were sent and taken. */
  #taken = 0;
  /** @type {Uint8Array[]} What is to be sent. */
  #frames = [];
  #posting = false;
  #closing = false;

  readyState = 0;
  /** @type {() => void} */
  onopen = () => {};
  /** @type {(event: { data: ArrayBuffer }) => void} */
  onmessage = () => {};
  /** @type {(event: { code: number, reason: string }) => void} */
  onclose = () => {};

  /**
   * @param {string} url of the server's endpoint, as for a WebSocket
   * @param {"auto" | "stream" | "poll"} way whether answers are streamed; `"auto"` finds out
   * @param {any} fetch
   * @param {import("./options.js").Clock} clock
   */
  constructor(url, way, fetch, clock) {
    this.#url = url.replace(/^ws/, "http").replace(/\/$/, "");
    this.#fetch = fetch;
    this.#clock = clock;
    this.#streams = way !== "poll";
    void this.#run(way !== "stream");
  }

  /** @returns {"stream" | "poll"} how answers come */
  get transport() {
    return this.#streams ? "stream" : "poll";
  }

  /** @param {Uint8Array} message */
  send(message) {
    this.#say(BINARY, message);
  }

  /** @param {number} code */
  close(code) {
    if (this.#closing) return;
    this.#say(CLOSE, Uint8Array.of(code >> 8, code & 255));
    this.#end(code, "");
  }

  /** @param {number} opcode @param {Uint8Array} payload */
  #say(opcode, payload) {
    if (this.#closing) return;
    this.#frames.push(writeFrame(opcode, payload));
    void this.#post();
  }

  /**
   * It is over. What was said before is still sent.
   *
   * @param {number} code
   * @param {string} reason
   */
  #end(code, reason) {
    if (this.#closing) return;
    this.#closing = true;
    this.readyState = 3;
    this.#abort.abort();
    this.onclose({ code, reason });
  }

  /** @param {string} path @param {object} [options] @returns {Promise<Response>} */
  #ask(path, options) {
    return this.#fetch(this.#url + path, { cache: "no-store", credentials: "omit", ...options });
  }

  /** @param {number} ms */
  #pause(ms) {
    return new Promise((resolve) => this.#clock.setTimeout(() => resolve(null), ms));
  }

  /** @param {boolean} mayPoll */
  async #run(mayPoll) {
    try {
      const answer = await this.#ask(`/open?protocol=${SUBPROTOCOL}`, { method: "POST", signal: this.#abort.signal });
      if (answer.status !== 201) return this.#end(LOST_CODE, "");
      this.#url += `/${(await answer.json()).tunnel}`;
      if (this.#closing) return;
      if (!this.#streams) this.#opened();
      /** @type {number | null} */
      let failingSince = null;
      while (!this.#closing) {
        const before = this.#got;
        const isOver = await (this.#streams ? this.#stream() : this.#poll()).catch(() => false);
        if (isOver) break;
        if (this.#got > before || isOver === null) {
          failingSince = null;
          continue;
        }
        if (this.#streams && mayPoll) {
          // Nothing came of a streamed answer, or not in time: each has to end before it comes.
          this.#streams = false;
          if (this.readyState === 0) this.#opened();
          continue;
        }
        if (this.readyState === 0) break;
        const now = this.#clock.now();
        failingSince ??= now;
        if (now - failingSince > FAILING_MS_MAX) break;
        await this.#pause(PAUSE_MS);
      }
    } catch {
      // There is nobody, or nothing that is read.
    }
    this.#end(LOST_CODE, "");
  }

  #opened() {
    this.readyState = 1;
    this.onopen();
    void this.#post();
  }

  /** @returns {Promise<boolean | null>} whether the tunnel is over; null if not, and all went well */
  async #poll() {
    const answer = await this.#ask(`/down?from=${this.#got}&wait=${WAIT_MS}`, { signal: this.#abort.signal });
    if (answer.status !== 200) return answer.status < 500;
    this.#take(new Uint8Array(await answer.arrayBuffer()));
    return null;
  }

  /** @returns {Promise<boolean>} whether the tunnel is over */
  async #stream() {
    const stop = new AbortController();
    const abort = () => stop.abort();
    this.#abort.signal.addEventListener("abort", abort);
    const timer = this.#clock.setTimeout(abort, FIRST_MS_MAX);
    try {
      const answer = await this.#ask(`/down?from=${this.#got}`, { signal: stop.signal });
      if (answer.status !== 200) return answer.status < 500;
      const reader = /** @type {ReadableStream<Uint8Array>} */ (answer.body).getReader();
      // The first byte is none of the stream's.
      for (let skipped = 1; ; skipped = 0) {
        const { done, value } = await reader.read();
        if (done) return false;
        this.#clock.clearTimeout(timer);
        if (this.readyState === 0) this.#opened();
        this.#take(value.subarray(skipped));
      }
    } finally {
      this.#clock.clearTimeout(timer);
      this.#abort.signal.removeEventListener("abort", abort);
    }
  }

  /** @param {Uint8Array} bytes that came */
  #take(bytes) {
    if (this.#closing) return;
    this.#got += bytes.length;
    for (const { opcode, payload } of this.#reader.read(bytes)) {
      if (opcode === BINARY) this.onmessage({ data: /** @type {ArrayBuffer} */ (payload.buffer) });
      else if (opcode === PING) this.#say(PONG, payload);
      else if (opcode === CLOSE) {
        this.#say(CLOSE, payload.subarray(0, 2));
        const code = payload.length < 2 ? 1005 : payload[0] * 256 + payload[1];
        this.#end(code, new TextDecoder().decode(payload.subarray(2)));
      }
    }
  }

  /** One request at a time: what is said meanwhile goes with the next. */
  async #post() {
    if (this.#posting || this.readyState === 0) return;
    this.#posting = true;
    /** @type {number | null} */
    let failingSince = null;
    while (this.#frames.length > 0) {
      const body = this.#batch();
      const status = await this.#ask(`/up?at=${this.#taken}&got=${this.#got}`, { method: "POST", body }).then(
        (answer) => answer.status,
        () => 0,
      );
      if (status === 204) {
        this.#taken += body.length;
        this.#frames.shift();
        failingSince = null;
        continue;
      }
      const now = this.#clock.now();
      failingSince ??= now;
      if ((status > 0 && status < 500) || now - failingSince > FAILING_MS_MAX || this.#closing) return this.#end(LOST_CODE, "");
      await this.#pause(PAUSE_MS);
    }
    this.#posting = false;
  }

  /** @returns {Uint8Array} as much of what is to be sent as goes into one request: the first of the frames now */
  #batch() {
    let [count, length] = [0, 0];
    for (const frame of this.#frames) {
      if (count > 0 && length + frame.length > BODY_BYTES_MAX) break;
      length += frame.length;
      count += 1;
    }
    const batch = new Uint8Array(length);
    let at = 0;
    for (const frame of this.#frames.splice(0, count)) {
      batch.set(frame, at);
      at += frame.length;
    }
    this.#frames.unshift(batch);
    return batch;
  }
}
