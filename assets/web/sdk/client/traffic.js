// What came over one connection, and what of it was acknowledged. Section 11 of shared/PROTOCOL.md.
// Times are in ms.

import { ACK_MESSAGES_MAX, ACK_MICROS_MAX } from "../shared/limits.js";

/** How long nothing may come from the server; it answers pings every second. */
const SILENT_MS_MAX = 10000;

/** How soon something must come after a sleep. */
const AWAKE_MS_MAX = 2500;

/** The messages of one connection. */
export class Traffic {
  /** @param {number} now when it begins */
  constructor(now) {
    this.since = now;
    /** When the server has been silent for too long. */
    this.silentAt = now + SILENT_MS_MAX;
    this.received = 0;
    this.acknowledged = 0;
    /** @type {number | null} When the first message came that is not acknowledged. */
    this.owedSince = null;
  }

  /** @param {number} now a message came */
  receive(now) {
    this.silentAt = now + SILENT_MS_MAX;
    this.received += 1;
    this.owedSince ??= now;
  }

  /** @param {number} now this end slept: what came meanwhile is delivered yet, or the connection is dead */
  wake(now) {
    this.silentAt = now + AWAKE_MS_MAX;
  }

  /** @returns {number | null} when the server must be told what came; null if it knows */
  get acknowledgementDue() {
    if (this.owedSince === null) return null;
    const owed = this.received - this.acknowledged;
    return owed >= ACK_MESSAGES_MAX ? this.owedSince : this.owedSince + ACK_MICROS_MAX / 1000;
  }

  /** @returns {number} how many messages came; the server is told now */
  acknowledge() {
    this.acknowledged = this.received;
    this.owedSince = null;
    return this.received;
  }
}
