// The host's question before it removes a player: who it is, and why, for that player to read.

import { make, say } from "./elements.js";

/** The most characters of a reason. */
const REASON_MAX = 64;

/** Asks why. */
export class KickForm {
  #title = make("p", { id: "kick-title" });
  #reason = make("input", { maxlength: String(REASON_MAX), autocomplete: "off", "aria-label": "Why, for the player to read", placeholder: "Why? (optional)" });
  /** @type {number | null} The seat in question. */
  #player = null;

  /**
   * @param {(player: number, reason: string) => void} kick
   * @param {() => void} closed the focus goes elsewhere
   */
  constructor(kick, closed) {
    this.closed = closed;
    const submit = (/** @type {SubmitEvent} */ event) => {
      event.preventDefault();
      const player = this.#player;
      this.close();
      if (player !== null) kick(player, this.#reason.value.trim());
    };
    const keydown = (/** @type {KeyboardEvent} */ event) => {
      if (event.key !== "Escape") return;
      // It closes the question, and opens no menu.
      event.stopPropagation();
      this.close();
    };
    const cancel = make("button", { type: "button", click: () => this.close() }, "Cancel");
    const buttons = make("div", { class: "buttons" }, make("button", { type: "submit", class: "danger" }, "Kick"), cancel);
    this.element = make("form", { id: "lobby-kick", "aria-labelledby": "kick-title", hidden: true, submit, keydown }, this.#title, this.#reason, buttons);
  }

  /** @param {number} player the seat @param {string} name */
  ask(player, name) {
    this.#player = player;
    say(this.#title, `Kick ${name}?`);
    this.#reason.value = "";
    this.element.hidden = false;
    this.#reason.focus();
  }

  /** @param {Map<number, unknown>} roster who is here: nobody else can be removed */
  keepTo(roster) {
    if (this.#player !== null && !roster.has(this.#player)) this.close();
  }

  /** Asks no more. */
  close() {
    if (this.#player === null) return;
    this.#player = null;
    this.element.hidden = true;
    this.closed();
  }
}
