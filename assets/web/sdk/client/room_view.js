// A room as one of its members sees it: its stage, its timeline, who is there.

import { NAME_CHARS_MAX } from "../shared/limits.js";
import { isSame } from "./plain.js";

/** @typedef {import("../shared/control.js").Phase} Phase */
/** @typedef {import("../shared/control.js").RosterEntry} RosterEntry */
/** @typedef {import("../shared/control.js").RoomUpdate} RoomUpdate */

/** What members are told of a room. */
export class RoomView {
  constructor() {
    /** @type {Phase} */
    this.phase = { name: "lobby", missing: 0, unready: null, startsMs: null };
    /** The timeline of the last match that ran; 0 before the first. */
    this.incarnation = 0;
    /** @type {Map<number, RosterEntry>} */
    this.roster = new Map();
  }

  /** @returns {boolean} whether a match is running */
  get isRunning() {
    return this.phase.name === "running";
  }

  /**
   * The room is at this stage.
   *
   * @param {Phase} phase
   * @returns {"none" | "stage" | "timeline"} what that changes: a timeline voids what was before
   */
  enter(phase) {
    const before = this.phase;
    this.phase = phase;
    if (phase.name !== "running") return isSame(before, phase) ? "none" : "stage";
    if (before.name === "running" && before.incarnation === phase.incarnation) return "none";
    this.incarnation = phase.incarnation;
    return "timeline";
  }

  /**
   * @param {RoomUpdate} update who came or changed and who left
   * @returns {boolean} whether that says anything
   */
  updateRoster({ whole, roster, left }) {
    if (whole) this.roster.clear();
    for (const entry of roster) {
      const name = [...entry.name].slice(0, NAME_CHARS_MAX).join("");
      this.roster.set(entry.player, { ...entry, name });
    }
    for (const player of left) this.roster.delete(player);
    return whole || roster.length > 0 || left.length > 0;
  }
}
