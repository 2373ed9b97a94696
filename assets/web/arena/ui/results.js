// The end of a match: who won, all scores, the vote for the next one, and in which team.

import { teamName, totals } from "../teams.js";
import { announce } from "./announcer.js";
import { accentClass, find, make, say, teamClass } from "./elements.js";
import { REFUSALS } from "./refusals.js";
import { table } from "./scoreboard.js";
import { TeamChoice } from "./team_choice.js";
import { teamScores } from "./team_mark.js";

/** @typedef {import("../../sdk/index.js").Client} Client */

const dialog = find("results", HTMLDialogElement);

/** Shows results. */
export class Results {
  constructor() {
    this.endsAt = 0;
    this.countdown = make("p", { class: "muted" });
    this.vote = make("button");
    this.teams = new TeamChoice();
    this.note = make("p", { role: "status", class: "note" });
    /** @type {any} */
    this.timer = null;
    // Whoever still fires must not vote by it: the focus is on the whole, where Enter votes.
    dialog.tabIndex = -1;
    dialog.addEventListener("keydown", ({ code, target }) => code === "Enter" && target === dialog && this.vote.click());
    // It ends with the next match, not before.
    dialog.addEventListener("cancel", (event) => event.preventDefault());
  }

  /** @param {Client} client */
  attach(client) {
    this.hide();
    client.on("phase", (phase) => {
      if (phase.name === "ended") this.show(client, phase);
      else this.hide();
    });
    client.on("roster", () => dialog.open && this.choose(client));
    client.on("roomRefused", (refusal) => dialog.open && say(this.note, REFUSALS[refusal]));
    client.on("state", (state) => {
      if (state !== "playing") this.hide();
    });
  }

  /** Ends it. */
  hide() {
    clearInterval(this.timer);
    if (dialog.open) dialog.close();
  }

  /** @param {Client} client whose teams can be chosen from now on */
  choose(client) {
    say(this.note, "");
    this.teams.update(client, () => this.choose(client));
  }

  /** @param {Client} client @param {Extract<import("../../sdk/client/client.js").Phase, { name: "ended" }>} ended */
  show(client, { winners, scores, rematchMs }) {
    const nameOf = (/** @type {number} */ player) => client.roster.get(player)?.name || `Pilot ${player + 1}`;
    const teamOf = (/** @type {number} */ player) => client.roster.get(player)?.team ?? null;
    const won = client.player !== null && winners.includes(client.player);
    const winner = teamOf(winners[0]);
    const isTeam = winner !== null && winners.every((player) => teamOf(player) === winner);
    const title = won ? "Victory" : winners.length === 0 ? "Nobody won" : isTeam ? `${teamName(winner)} wins` : winners.length > 1 ? "A tie" : `${nameOf(winners[0])} wins`;
    const rows = [...scores]
      .sort((a, b) => b.score - a.score)
      .map(({ player, score }) => ({ player, name: nameOf(player), score, isOwn: player === client.player, here: client.roster.has(player), team: teamOf(player) }));
    const vote = make("button", { class: "main", type: "button" }, "Rematch now");
    vote.addEventListener("click", () => {
      client.voteRematch();
      vote.disabled = true;
      say(vote, "Waiting for the others");
    });
    this.vote = vote;
    const heading = make("h2", { id: "results-title" }, title);
    if (isTeam) heading.className = teamClass(winner);
    else if (winners.length === 1) heading.className = accentClass(winners[0]);
    this.endsAt = performance.now() + rematchMs;
    dialog.replaceChildren(heading, teamScores(totals(rows)) ?? "", make("div", { class: "scroll" }, table(rows)), ...(client.player === null ? [] : [vote, this.teams.element, this.note]), this.countdown);
    this.choose(client);
    this.hide();
    dialog.show();
    dialog.focus();
    announce(`The match is over. ${title}`);
    // After a recorded match there is none.
    if (rematchMs === 0) return;
    const next = [...client.roster.values()].some(({ host }) => host) ? "Back to the lobby" : "The next match begins";
    const tick = () => say(this.countdown, `${next} in ${Math.max(Math.ceil((this.endsAt - performance.now()) / 1000), 0)} s`);
    tick();
    this.timer = setInterval(tick, 250);
  }
}
