// Why a session ends, and what a client does next: section 14 of shared/PROTOCOL.md.

/** @typedef {"peer" | "server" | "neither"} Fault whose fault an end is */
/** @typedef {"never" | "resume" | "rejoin" | "retry"} Then what a client does next by itself */

/**
 * The table: code, name, fault, what then (a number is `retry` after so many seconds), and a sentence
 * for a person, where the name does not say enough.
 *
 * @type {[number, string, Fault, "never" | "resume" | "rejoin" | number, string?][]}
 */
const REASONS = [
  [1000, "left", "neither", "never", "You left the room."],
  [1003, "text_message", "peer", "never"],
  [1009, "message_too_large", "peer", "resume"],
  [4001, "unsupported_version", "peer", "never", "The server speaks another version: reload."],
  [4002, "schema_mismatch", "peer", "never", "The server runs another version of the game: reload."],
  [4003, "unknown_game", "peer", "never", "The server does not host this game."],
  [4004, "unknown_room", "peer", "never", "There is no such room."],
  [4005, "room_full", "neither", 5, "The room is full."],
  [4006, "already_started", "neither", 30, "The match has begun already."],
  [4007, "not_allowed", "neither", "never", "You are not allowed in."],
  [4008, "server_full", "neither", 10, "The server is full."],
  [4009, "hello_timeout", "peer", "resume"],
  [4010, "out_of_order", "peer", "never"],
  [4011, "malformed", "peer", "resume"],
  [4012, "unknown_section", "peer", "never"],
  [4013, "invalid_token", "peer", "rejoin"],
  [4014, "session_expired", "neither", "rejoin", "Your seat was given away."],
  [4015, "replaced", "neither", "never", "You are playing elsewhere."],
  [4016, "too_slow", "peer", "resume", "The connection is too slow."],
  [4017, "too_many_messages", "peer", 5],
  [4018, "idle", "peer", "resume", "Nothing was heard for too long."],
  [4019, "desynchronised", "server", "resume"],
  [4020, "room_closed", "neither", "rejoin", "The room was closed."],
  [4021, "internal", "server", "rejoin"],
  [4022, "restarting", "neither", "resume", "The server restarts."],
  [4023, "kicked", "neither", "never", "You were removed from the room."],
];

/** Ends that no close frame tells of. */
const OWN_REASONS = {
  lost: "The connection was lost.",
  silent: "The server fell silent.",
  unreadable: "The server's bytes make no sense.",
  unknown_code: "The server closed the connection.",
};

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
   * @param {string} end.sentence what the reason says
   */
  constructor({ reason, code, fault, then, retryAfter, detail, sentence }) {
    super(detail === "" ? sentence : `${sentence} (${detail})`);
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
    const [, reason, fault, next, sentence = `The connection was closed: ${reason.replaceAll("_", " ")}.`] = known;
    const detail = text.startsWith(reason) ? text.slice(reason.length + 2) : text;
    const retryAfter = typeof next === "number" ? next : 0;
    const then = typeof next === "number" ? "retry" : next;
    return new SynclineError({ reason, code, fault, then, retryAfter, detail, sentence });
  }

  /**
   * An end that this side found out about.
   *
   * @param {keyof typeof OWN_REASONS} reason its name
   * @param {string} [detail] more about it
   * @param {number | null} [code] the close code, if there was one
   * @returns {SynclineError} the end
   */
  static of(reason, detail = "", code = null) {
    const sentence = OWN_REASONS[reason];
    return new SynclineError({ reason, code, fault: "neither", then: "resume", retryAfter: 0, detail, sentence });
  }
}

/** @returns {number[]} the close codes that the table knows */
export function closeCodes() {
  return REASONS.map(([code]) => code);
}
