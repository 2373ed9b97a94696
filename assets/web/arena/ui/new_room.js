// A room of one's own: who finds it, when its matches begin, teams, a password.

import { find, make } from "./elements.js";

/**
 * @typedef {object} NewRoom what a room is made with
 * @property {boolean} private whether only those come in who have its code
 * @property {boolean} whenReady whether its matches begin when all are ready
 * @property {number} teams how many; 0 for everybody against everybody
 */

/** The most bytes of a password. */
const PASSWORD_MAX = 64;

const dialog = find("new-room", HTMLDialogElement);

/** The dialog. */
export class NewRoomDialog {
  #listed = make("input", { type: "checkbox", role: "switch", name: "listed" });
  #whenReady = make("input", { type: "checkbox", role: "switch", name: "when-ready", checked: true });
  #teams = make("select", { name: "teams" }, ...["Everybody for themselves", "Two teams", "Three teams", "Four teams"].map(teamOption));
  #password = make("input", { name: "password", maxlength: String(PASSWORD_MAX), autocomplete: "off", spellcheck: "false", placeholder: "None" });
  #name = "";

  /** @param {(room: NewRoom, password: string | null, name: string) => void} open goes there, under this name */
  constructor(open) {
    const submit = (/** @type {SubmitEvent} */ event) => {
      event.preventDefault();
      dialog.close();
      open({ private: !this.#listed.checked, whenReady: this.#whenReady.checked, teams: Number(this.#teams.value) }, this.#password.value || null, this.#name);
    };
    this.#password.addEventListener("input", () => {
      const isLong = new TextEncoder().encode(this.#password.value).length > PASSWORD_MAX;
      this.#password.setCustomValidity(isLong ? "That is too long" : "");
    });
    const cancel = make("button", { type: "button", click: () => dialog.close() }, "Cancel");
    const form = make("form", { method: "dialog", submit });
    form.append(
      make("h2", { id: "new-room-title" }, "New room"),
      make("label", { class: "switch" }, this.#whenReady, make("span", {}, "Begin when all are ready")),
      make("label", { class: "switch" }, this.#listed, make("span", {}, "Listed, for everybody to find")),
      make("label", {}, make("span", {}, "Teams"), make("span", { class: "field" }, this.#teams)),
      make("label", {}, make("span", {}, "Password"), make("span", { class: "field" }, this.#password)),
      make("button", { class: "main", type: "submit" }, "Open the room"),
      make("div", { class: "buttons" }, cancel),
    );
    dialog.replaceChildren(form);
    dialog.addEventListener("click", ({ target }) => target === dialog && dialog.close());
  }

  /** @returns {boolean} */
  get isOpen() {
    return dialog.open;
  }

  /** @param {string} name of the player who is to go there */
  open(name) {
    this.#name = name;
    this.#password.value = "";
    dialog.showModal();
  }
}

/** @param {string} text @param {number} at @returns {HTMLElement} a choice; one team is none */
function teamOption(text, at) {
  return make("option", { value: String(at === 0 ? 0 : at + 1) }, text);
}
