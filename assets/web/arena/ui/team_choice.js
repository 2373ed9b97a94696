// The choice of a team between matches: a button for each. How many there are the server tells by HTTP.

import { teamName } from "../teams.js";
import { make } from "./elements.js";
import { mark } from "./team_mark.js";

/** @typedef {import("../../sdk/index.js").Client} Client */

/** Buttons of teams. */
export class TeamChoice {
  element = make("div", { class: "team-choice", role: "group", "aria-label": "Teams", hidden: true });
  #shown = "";
  /** The room that was asked for, and how many teams it has. */
  #asked = "";
  #count = 0;

  /** @param {Client} client @param {() => void} changed there is something new to show */
  update(client, changed) {
    const teams = [...client.roster.values()].map(({ team }) => team).filter((team) => team !== null);
    this.element.hidden = teams.length === 0;
    if (teams.length === 0) return;
    if (client.room && client.room.code !== this.#asked) void this.#ask(client.room.code, changed);
    const own = client.player === null ? null : (client.roster.get(client.player)?.team ?? null);
    // Until it is known there are at least those that somebody is in.
    const count = Math.max(this.#count, ...teams.map((team) => team + 1));
    const sizes = Array.from({ length: count }, (_, at) => teams.filter((team) => team === at).length);
    const key = `${own} ${sizes}`;
    if (key === this.#shown) return;
    this.#shown = key;
    this.#build(client, own, sizes);
  }

  /** @param {string} code of a room @param {() => void} changed */
  async #ask(code, changed) {
    this.#asked = code;
    this.#count = 0;
    try {
      const answer = await fetch(`/api/rooms/${code}`);
      const { teams } = await answer.json();
      if (code !== this.#asked || !Number.isInteger(teams)) return;
      this.#count = Math.min(teams, 16);
      changed();
    } catch {
      // Those that somebody is in can be chosen all the same.
    }
  }

  /** @param {Client} client @param {number | null} own @param {number[]} sizes */
  #build(client, own, sizes) {
    const focused = [...this.element.children].indexOf(/** @type {any} */ (document.activeElement));
    const buttons = sizes.map((size, team) => {
      const click = () => client.lobby.team(team);
      const attributes = { type: "button", "aria-pressed": String(team === own), "aria-label": `${teamName(team)}, ${size} here`, disabled: own === null, click };
      return make("button", attributes, mark(team), teamName(team), make("span", { class: "number" }, String(size)));
    });
    this.element.replaceChildren(...buttons);
    buttons[focused]?.focus();
  }
}
