// The lobby of a room whose matches begin when all are ready: who is here, what is waited for, the
// countdown, and what one may ask of the room. Where matches begin by themselves it is not shown.

import { announce } from "./announcer.js";
import { counted, find, make, say } from "./elements.js";
import { KickForm } from "./kick_form.js";
import { LobbyRoster, calledBy } from "./lobby_roster.js";
import { REFUSALS } from "./refusals.js";
import { TeamChoice } from "./team_choice.js";

/** @typedef {import("../../sdk/index.js").Client} Client */
/** @typedef {import("../../sdk/shared/control.js").Phase} Phase */

/** How often the countdown is looked at, and how long a note stands, in ms. */
const EVERY_MS = 200;
const NOTED_MS = 6000;

/** The lobby's panel. */
export class LobbyPanel {
  #panel = find("lobby", HTMLElement);
  #waits = make("p", { id: "lobby-waits", role: "status" });
  #clock = make("p", { id: "lobby-clock", class: "number", role: "timer", "aria-label": "The match begins in", hidden: true });
  #code = make("span", { class: "code" });
  #ready = make("button", { type: "button", id: "lobby-ready", class: "main", click: () => this.toggleReady() });
  #start = make("button", { type: "button", id: "lobby-start", click: () => this.#client?.lobby.start() }, "Start now");
  #note = make("p", { id: "lobby-note", role: "status" });
  #roster = new LobbyRoster((entry) => this.#kick.ask(entry.player, calledBy(entry)));
  #kick = new KickForm((player, reason) => this.#client?.lobby.kick(player, reason), () => this.#ready.focus());
  #teams = new TeamChoice();
  /** @type {Client | null} */
  #client = null;
  /** @type {number | null} When the match begins, by the page's clock. */
  #startsAt = null;
  /** @type {any} */
  #timer = null;
  /** @type {any} */
  #forgetting = null;

  /** @param {() => Promise<string | null>} invite copies a link that leads here, and says whether it did */
  constructor(invite) {
    const copy = make("button", { type: "button", id: "lobby-invite", title: "Copy a link that leads a friend here" }, "Copy link");
    copy.addEventListener("click", () => void invite().then((link) => this.#tell(link ? "The link is copied." : "Pass on the code.")));
    const head = make("header", {}, make("h2", { id: "lobby-title" }, "Lobby"), make("p", {}, "Room ", this.#code), copy);
    const buttons = make("div", { class: "buttons" }, this.#ready, this.#start);
    const keys = make("p", { class: "keyboard muted" }, make("kbd", {}, "R"), " ready ", make("kbd", {}, "Enter"), " chat");
    this.#panel.replaceChildren(head, this.#waits, this.#clock, this.#roster.element, this.#teams.element, this.#kick.element, buttons, make("footer", {}, keys, this.#note));
  }

  /** @param {Client} client whose room is shown from now on */
  attach(client) {
    this.#client = client;
    this.#startsAt = null;
    const update = () => client === this.#client && this.#update(client);
    client.on("phase", (phase) => {
      this.#startsAt = phase.name === "lobby" && phase.startsMs !== null ? performance.now() + phase.startsMs : null;
      update();
    });
    for (const name of /** @type {const} */ (["state", "roster", "joined"])) client.on(name, update);
    client.on("roomRefused", (refusal) => this.#tell(REFUSALS[refusal]));
    update();
  }

  /** @returns {boolean} whether it is shown */
  get isOpen() {
    return !this.#panel.hidden;
  }

  /** The player is ready, or is not any more. */
  toggleReady() {
    const client = this.#client;
    const own = client?.player === null ? null : client?.roster.get(client.player);
    if (this.isOpen && own) client?.lobby.ready(!own.ready);
  }

  /** @param {Client} client */
  #update(client) {
    const { phase, state, roster, player } = client;
    const isShown = state === "playing" && phase.name === "lobby" && phase.unready !== null;
    const wasShown = this.isOpen;
    if (wasShown !== isShown) this.#show(isShown);
    if (!isShown) return;
    const own = player === null ? null : (roster.get(player) ?? null);
    say(this.#code, client.room?.code ?? "");
    const came = this.#roster.update(roster, player);
    // Those who are here already are found in the list.
    if (wasShown && came.length === 1 && own && roster.size > 1) announce(`${came[0]} is here`);
    this.#teams.update(client, () => this.#update(client));
    this.#kick.keepTo(roster);
    this.#ready.hidden = own === null;
    say(this.#ready, own?.ready ? "I'm not ready" : "I'm ready");
    this.#ready.classList.toggle("main", !own?.ready);
    this.#start.hidden = own?.host !== true || this.#startsAt !== null;
    this.#count(phase);
  }

  /** @param {boolean} isShown */
  #show(isShown) {
    if (!isShown) this.#kick.close();
    this.#panel.hidden = !isShown;
    document.body.classList.toggle("in-lobby", isShown);
    this.#tell("");
    if (isShown) announce("The lobby. The match begins when all are ready");
    else this.#stop();
  }

  /** @param {Extract<Phase, { name: "lobby" }>} phase shows what is waited for, or the countdown */
  #count(phase) {
    const startsAt = this.#startsAt;
    this.#clock.hidden = startsAt === null;
    say(this.#waits, startsAt === null ? waitsFor(phase) : "The match begins");
    this.#stop();
    if (startsAt === null) return;
    const tick = () => say(this.#clock, String(Math.max(Math.ceil((startsAt - performance.now()) / 1000), 0)));
    tick();
    this.#timer = setInterval(tick, EVERY_MS);
  }

  #stop() {
    clearInterval(this.#timer);
  }

  /** @param {string} text stands for a while */
  #tell(text) {
    clearTimeout(this.#forgetting);
    say(this.#note, text);
    if (text !== "") this.#forgetting = setTimeout(() => say(this.#note, ""), NOTED_MS);
  }
}

/** @param {Extract<Phase, { name: "lobby" }>} phase @returns {string} */
function waitsFor({ missing, unready }) {
  const parts = [];
  if (missing > 0) parts.push(`${counted(missing, "more player has", "more players have")} to come`);
  if (unready) parts.push(unready === 1 ? "1 is not ready" : `${unready} are not ready`);
  const text = parts.join(", ");
  return text === "" ? "All are ready" : `${text[0].toUpperCase()}${text.slice(1)}`;
}
