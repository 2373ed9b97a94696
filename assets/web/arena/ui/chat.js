// The chat: what was said, and a line to say something. Enter opens it, Esc closes it; while it has
// the focus the keyboard does not steer. On a phone a button opens it.

import { accentClass, find, make } from "./elements.js";

/** @typedef {import("../../sdk/index.js").Client} Client */
/** @typedef {import("../../sdk/shared/control.js").ChatLine} ChatLine */
/** @typedef {import("../../sdk/shared/control.js").ChatRefusal} ChatRefusal */

/** The most characters of a line, and of lines that are shown. */
const CHARS_MAX = 256;
const LINES_MAX = 60;

/** How long a line is seen while the chat is closed. */
const SEEN_MS = 9000;

/** @type {Record<ChatRefusal["reason"], string>} */
const REFUSALS = {
  too_fast: "Not so fast.",
  too_long: "That is too long.",
  empty: "There is nothing to say.",
  muted: "You are muted here.",
  not_a_player: "Only players whisper.",
  no_such_player: "There is no such player.",
  filtered: "That is not said here.",
  no_team: "There are no teams here.",
};

/** The chat's panel. */
export class ChatPanel {
  #panel = find("chat", HTMLElement);
  #log = find("chat-log", HTMLElement);
  #form = find("chat-form", HTMLFormElement);
  #text = find("chat-text", HTMLInputElement);
  #button = find("open-chat", HTMLButtonElement);
  #note = find("chat-note", HTMLElement);
  #team = find("chat-team", HTMLButtonElement);
  /** @type {Client | null} */
  #client = null;

  constructor() {
    this.#button.addEventListener("click", () => (this.isOpen ? this.close() : this.open()));
    // The line keeps the focus, so that the button closes what is open.
    this.#button.addEventListener("pointerdown", (event) => event.preventDefault());
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#say();
    });
    // The line keeps the focus here as well.
    this.#team.addEventListener("pointerdown", (event) => event.preventDefault());
    this.#team.addEventListener("click", () => this.#toTeam(!this.#isToTeam));
    this.#text.maxLength = CHARS_MAX;
    this.#text.addEventListener("keydown", (event) => {
      // What is typed is for nobody else.
      event.stopPropagation();
      if (event.key === "Escape") this.close();
    });
    this.#text.addEventListener("focus", () => this.#show(true));
    this.#form.addEventListener("focusout", ({ relatedTarget }) => {
      if (!(relatedTarget instanceof Node && this.#form.contains(relatedTarget))) this.#show(false);
    });
  }

  /** @param {Client} client whose chat is shown from now on */
  attach(client) {
    this.#client = client;
    this.#clear();
    this.#teamUp(client);
    client.on("joined", ({ resumed }) => {
      if (!resumed) this.#clear();
    });
    client.on("roster", () => this.#teamUp(client));
    client.on("chat", (line) => this.#add(lineOf(line, client.player), line.ageMs));
    client.on("chatRefused", ({ reason }) => {
      this.#note.textContent = REFUSALS[reason];
    });
  }

  /** @returns {boolean} */
  get isOpen() {
    return this.#panel.classList.contains("open");
  }

  open() {
    this.#show(true);
    this.#text.focus();
  }

  close() {
    this.#show(false);
    this.#text.blur();
  }

  /** Says what is typed; an empty line closes. */
  #say() {
    const text = this.#text.value.trim();
    this.#text.value = "";
    this.#note.textContent = "";
    if (text === "") return this.close();
    this.#client?.chat(text, { to: this.#isToTeam ? "team" : null });
    // A phone's keyboard would cover the game for longer than the line takes.
    if (matchMedia("(pointer: coarse)").matches) this.close();
  }

  /** @returns {boolean} whether the own team alone is to hear it */
  get #isToTeam() {
    return this.#team.getAttribute("aria-pressed") === "true";
  }

  /** @param {boolean} isToTeam */
  #toTeam(isToTeam) {
    const words = isToTeam ? "Say to your team" : "Say to everybody here";
    this.#team.setAttribute("aria-pressed", String(isToTeam));
    this.#text.placeholder = words;
    this.#text.setAttribute("aria-label", words);
  }

  /** @param {Client} client who is in a team, or in none: then everybody hears it */
  #teamUp(client) {
    const isAlone = client.player === null || (client.roster.get(client.player)?.team ?? null) === null;
    this.#team.hidden = isAlone;
    if (isAlone && this.#isToTeam) this.#toTeam(false);
  }

  /** @param {boolean} open */
  #show(open) {
    this.#panel.classList.toggle("open", open);
    this.#button.setAttribute("aria-expanded", String(open));
    if (!open) this.#note.textContent = "";
    this.#log.scrollTop = this.#log.scrollHeight;
  }

  #clear() {
    this.#log.replaceChildren();
    this.#note.textContent = "";
  }

  /** @param {HTMLElement} item @param {number} ageMs */
  #add(item, ageMs) {
    const { scrollTop, scrollHeight, clientHeight } = this.#log;
    const follows = scrollTop + clientHeight >= scrollHeight - 24;
    this.#log.append(item);
    while (this.#log.childElementCount > LINES_MAX) this.#log.firstElementChild?.remove();
    if (follows) this.#log.scrollTop = this.#log.scrollHeight;
    const left = SEEN_MS - ageMs;
    if (left <= 0) item.classList.add("old");
    else setTimeout(() => item.classList.add("old"), left);
  }
}

/**
 * @param {ChatLine} line
 * @param {number | null} own the player's seat
 * @returns {HTMLElement}
 */
function lineOf({ from, to, text }, own) {
  const whisper = to === null ? "" : to === "team" ? " (team)" : to === own ? " whispers" : " (whispered)";
  const name = from.kind === "server" ? "Server" : from.name;
  const accent = from.player === null ? from.kind : accentClass(from.player);
  const said = make("span", {}, text);
  said.dir = "auto";
  return make("p", { class: accent }, make("b", {}, `${name}${whisper}:`), " ", said);
}
