// Who is in the lobby: a line for each seat, which stays the same element while its player is here, so
// that the keyboard keeps its place.

import { accentClass, make, say } from "./elements.js";
import { mark } from "./team_mark.js";

/** @typedef {import("../../sdk/shared/control.js").RosterEntry} RosterEntry */
/** @typedef {{ line: HTMLElement, who: HTMLElement, tags: HTMLElement, kick: HTMLButtonElement, shown: string }} Line */

/** @param {RosterEntry} entry @returns {string} what the player is called */
export const calledBy = ({ name, player }) => name || `Pilot ${player + 1}`;

/** The list. */
export class LobbyRoster {
  element = make("ol", { id: "lobby-roster", "aria-label": "Players" });
  /** @type {Map<number, Line>} By seat. */
  #lines = new Map();
  #kick;

  /** @param {(entry: RosterEntry) => void} kick asks whether this player is to be removed */
  constructor(kick) {
    this.#kick = kick;
  }

  /**
   * @param {Map<number, RosterEntry>} roster
   * @param {number | null} own the seat of who looks
   * @returns {string[]} the names of those who came
   */
  update(roster, own) {
    const isHost = own !== null && roster.get(own)?.host === true;
    for (const [player, { line }] of this.#lines) {
      if (roster.has(player)) continue;
      line.remove();
      this.#lines.delete(player);
    }
    const came = [...roster.values()].filter(({ player }) => !this.#lines.has(player)).map(calledBy);
    const entries = [...roster.values()].sort((a, b) => (a.team ?? 0) - (b.team ?? 0) || a.player - b.player);
    for (const [at, entry] of entries.entries()) {
      const line = this.#lineOf(entry);
      this.#show(line, entry, entry.player === own, isHost);
      // Moving an element takes the focus from it: only what stands elsewhere is moved.
      const there = this.element.children[at] ?? null;
      if (there !== line.line) this.element.insertBefore(line.line, there);
    }
    return came;
  }

  /** @param {RosterEntry} entry @returns {Line} */
  #lineOf({ player }) {
    const known = this.#lines.get(player);
    if (known) return known;
    const [who, tags] = [make("span", { class: "who" }), make("span", { class: "tags" })];
    const kick = make("button", { type: "button", class: "kick" }, "Kick");
    const made = { line: make("li", {}, who, tags, kick), who, tags, kick, shown: "" };
    this.#lines.set(player, made);
    return made;
  }

  /** @param {Line} line @param {RosterEntry} entry @param {boolean} isOwn @param {boolean} isHost whether who looks is the host */
  #show(line, entry, isOwn, isHost) {
    const { name, connected, ready, host, team, player } = entry;
    const key = JSON.stringify([name, connected, ready, host, team, isOwn, isHost]);
    if (key === line.shown) return;
    line.shown = key;
    line.line.className = `${accentClass(player)}${isOwn ? " own" : ""}${connected ? "" : " gone"}`;
    line.who.replaceChildren(mark(team), make("b", { dir: "auto" }, calledBy(entry)), isOwn ? " (you)" : "");
    const tags = [host ? tag("host", "Host") : "", connected ? "" : tag("away", "Away"), ready ? tag("ready", "✓ Ready") : tag("unready", "Not ready")];
    line.tags.replaceChildren(...tags);
    line.kick.hidden = !isHost || isOwn;
    line.kick.setAttribute("aria-label", `Kick ${calledBy(entry)}`);
    line.kick.onclick = () => this.#kick(entry);
    say(line.kick, "Kick");
  }
}

/** @param {string} kind @param {string} text @returns {HTMLElement} */
const tag = (kind, text) => make("span", { class: kind }, text);
