// Why a session ends, and what a client does next: section 14 of shared/PROTOCOL.md.

/** @typedef {"peer" | "server" | "neither"} Fault whose fault an end is */
/** @typedef {"never" | "resume" | "rejoin" | "retry"} Then what a client does next by itself */

/**
 * The table: code, name, fault, and what then (a number is `retry` after so many seconds).
 *
 * @type {[number, string, Fault, "never" | "resume" | "rejoin" | number][]}
 */
const REASONS = [
  [1000, "left", "neither", "never"],
  [1002, "protocol_error", "peer", "resume"],
  [1003, "text_message", "peer", "never"],
  [1007, "invalid_text", "peer", "never"],
  [1008, "too_many_messages", "peer", 5],
  [1009, "message_too_large", "peer", "resume"],
  [1013, "server_full", "neither", 10],
  [4001, "unsupported_version", "peer", "never"],
  [4002, "schema_mismatch", "peer", "never"],
  [4003, "unknown_game", "peer", "never"],
  [4004, "unknown_room", "peer", "never"],
  [4005, "room_full", "neither", 5],
  [4006, "already_started", "neither", 30],
  [4007, "not_allowed", "neither", "never"],
  [4008, "busy", "neither", "resume"],
  [4009, "hello_timeout", "peer", "resume"],
  [4010, "out_of_order", "peer", "never"],
  [4011, "malformed", "peer", "resume"],
  [4012, "unknown_section", "peer", "never"],
  [4013, "invalid_token", "peer", "rejoin"],
  [4014, "session_expired", "neither", "rejoin"],
  [4015, "replaced", "neither", "never"],
  [4016, "too_slow", "peer", "resume"],
  [4018, "idle", "peer", "resume"],
  [4019, "desynchronised", "server", "resume"],
  [4020, "room_closed", "neither", "rejoin"],
  [4021, "internal", "server", "rejoin"],
  [4022, "restarting", "neither", "resume"],
  [4023, "kicked", "neither", "never"],
  [4024, "invalid_options", "peer", "never"],
  [4025, "wrong_password", "peer", "never"],
  [4026, "too_many_tries", "peer", 10],
];

/** Why a connection ended, and what comes next. */
export class SynclineError extends Error {
  /**
   * @param {object} end what is known of the end
   * @param {string} end.reason the name of the reason
   * @param {number | null} end.code the close code
   * @param {Fault} end.fault whose fault it is
   * @param {Then} end.then what the client does next by itself
   * @param {number} end.retryAfter seconds, if `then` is `"retry"`
   * @param {string} end.detail what the server added for people
   */
  constructor({ reason, code, fault, then, retryAfter, detail }) {
    super(`the connection ended: ${reason.replaceAll("_", " ")}${detail && ` (${detail})`}`);
    this.name = "SynclineError";
    this.reason = reason;
    this.code = code;
    this.fault = fault;
    this.then = then;
    this.retryAfter = retryAfter;
    this.detail = detail;
  }

  /**
   * The end that a close frame tells of; 1005, 1006 and other codes of WebSocket itself are `"lost"`.
   *
   * @param {number} code the close code
   * @param {string} text the close frame's text
   * @returns {SynclineError} the end
   */
  static fromClose(code, text) {
    const known = REASONS.find((row) => row[0] === code);
    if (!known) return SynclineError.of(code >= 4000 ? "unknown_code" : "lost", text, code);
    const [, reason, fault, next] = known;
    const detail = text.startsWith(reason) ? text.slice(reason.length + 2) : text;
    const retryAfter = typeof next === "number" ? next : 0;
    const then = typeof next === "number" ? "retry" : next;
    return new SynclineError({ reason, code, fault, then, retryAfter, detail });
  }

  /**
   * An end that this side found out about.
   *
   * @param {"lost" | "silent" | "unreadable" | "unknown_code"} reason its name
   * @param {string} [detail] more about it
   * @param {number | null} [code] the close code, if there was one
   * @returns {SynclineError} the end
   */
  static of(reason, detail = "", code = null) {
    return new SynclineError({ reason, code, fault: "neither", then: "resume", retryAfter: 0, detail });
  }
}

/** @returns {number[]} the close codes that the table knows */
export function closeCodes() {
  return REASONS.map(([code]) => code);
}
