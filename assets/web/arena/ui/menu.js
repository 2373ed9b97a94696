// The menu: name, colour, room and its password, watching, sound, how to play.

import { normalCode } from "../../sdk/index.js";
import { inventName } from "../settings.js";
import { find, make, say } from "./elements.js";

/** @typedef {import("../settings.js").Settings} Settings */
/** @typedef {import("../session.js").Wish} Wish */
/**
 * @typedef {object} Doing what the menu does
 * @property {(wish: Partial<Wish>) => void} go elsewhere, or as another
 * @property {() => Wish} wish as it is
 * @property {(settings: Partial<Settings>) => void} set
 * @property {() => Promise<unknown>} invite
 * @property {(colour: string | null) => void} paint gives the player's ships this colour; null for that of the seat
 * @property {(name: string) => void} newRoom asks what a room of one's own is to be like
 */

/** The most characters of a name. */
const NAME_MAX = 24;

/** What the field of the colour shows where none was chosen. */
const PLAIN = "#9aa5d4";

const dialog = find("menu", HTMLDialogElement);

/** The menu. */
export class Menu {
  /**
   * @param {Settings} settings
   * @param {Doing} doing
   */
  constructor(settings, doing) {
    this.settings = settings;
    this.doing = doing;
    this.name = make("input", { name: "name", maxlength: String(NAME_MAX), autocomplete: "nickname", spellcheck: "false", required: true });
    this.room = make("input", { name: "room", maxlength: "40", autocomplete: "off", spellcheck: "false", placeholder: "Any room", "aria-describedby": "room-note" });
    this.note = make("small", { id: "room-note" });
    this.password = make("input", { name: "password", maxlength: "64", autocomplete: "off", spellcheck: "false", placeholder: "If it has one" });
    this.passwordField = make("label", { hidden: true }, make("span", {}, "The room's password"), make("span", { class: "field" }, this.password));
    this.colour = make("input", { type: "color", name: "colour" });
    this.plain = make("button", { type: "button", "aria-label": "Any colour", click: () => this.paint(null) }, "Any");
    this.sound = make("input", { type: "checkbox", role: "switch" });
    this.submit = make("button", { class: "main", type: "submit" }, "Back to the game");
    this.build();
    for (const field of [this.name, this.room]) field.addEventListener("input", () => this.label());
    this.colour.addEventListener("change", () => this.paint(this.colour.value));
    this.sound.addEventListener("change", () => doing.set({ sound: this.sound.checked }));
    dialog.addEventListener("click", ({ target }) => target === dialog && dialog.close());
  }

  /** @returns {boolean} */
  get isOpen() {
    return dialog.open;
  }

  /** Opens or closes it. */
  toggle() {
    if (dialog.open) dialog.close();
    else this.open();
  }

  open() {
    const { name, room, spectate } = this.doing.wish();
    this.name.value = name;
    this.room.value = this.code ?? room ?? "";
    this.password.value = "";
    this.sound.checked = this.settings.sound;
    this.showColour();
    this.watches = spectate;
    say(this.watch, spectate ? "Play" : "Watch");
    this.label();
    dialog.showModal();
    // On a phone a field that has the focus brings up the keyboard.
    if (isTouch()) this.submit.focus();
    else if (!this.passwordField.hidden) this.password.focus();
  }

  /** @type {string | null} The room that the player is in. */
  code = null;
  watches = false;

  build() {
    const form = make("form", { method: "dialog", submit: (event) => this.play(event) });
    const dice = make("button", { type: "button", class: "icon", title: "Another name", "aria-label": "Another name" }, "⟳");
    dice.addEventListener("click", () => {
      this.name.value = inventName();
      this.label();
    });
    this.watch = make("button", { type: "button", click: () => this.leaveTo({ spectate: !this.watches, room: this.code }) }, "Watch");
    const fresh = make("button", { type: "button", "aria-haspopup": "dialog", click: () => this.askForRoom() }, "New room");
    const invite = make("button", { type: "button", click: () => void this.doing.invite() }, "Copy link");
    form.append(
      make("h2", { id: "menu-title" }, "Arena"),
      make("label", {}, make("span", {}, "Name"), make("span", { class: "field" }, this.name, dice)),
      make("div", { class: "colour" }, make("label", { class: "switch" }, this.colour, make("span", {}, "Ship's colour, from the next match on")), this.plain),
      make("label", {}, make("span", {}, "Room"), make("span", { class: "field" }, this.room), this.note),
      this.passwordField,
      this.submit,
      make("div", { class: "buttons" }, this.watch, fresh, invite),
      make("label", { class: "switch" }, this.sound, make("span", {}, "Sound")),
      make("details", { open: true }, make("summary", {}, "How to play"), keys()),
      make("p", { class: "muted" }, make("a", { href: "/rooms/" }, "All rooms of this server")),
    );
    dialog.replaceChildren(form);
  }

  /** @type {HTMLButtonElement} */
  watch = make("button");

  /** Says what the button does. */
  label() {
    const typed = this.room.value.trim();
    const code = normalCode(typed);
    const unsound = typed !== "" && !code;
    this.room.setCustomValidity(unsound ? "A room's code has six letters or digits" : "");
    say(this.note, unsound ? "A room's code has six letters or digits." : "");
    const renamed = this.name.value.trim() !== this.doing.wish().name;
    const moved = code !== this.code;
    this.passwordField.hidden = !moved || !code;
    say(this.submit, moved ? (code ? `Enter room ${code}` : "Quick play") : renamed ? "Come back under this name" : "Back to the game");
  }

  /** @param {SubmitEvent} event */
  play(event) {
    event.preventDefault();
    const name = this.name.value.trim();
    const room = normalCode(this.room.value.trim());
    dialog.close();
    if (name === this.doing.wish().name && room === this.code) return;
    this.doing.set({ name });
    // Who only takes another name knows the password still.
    this.doing.go(room === this.code ? { name, room } : { name, room, password: this.password.value || null });
  }

  /** @param {string | null} colour of the player's ships; null for that of the seat */
  paint(colour) {
    this.doing.set({ colour });
    this.doing.paint(colour);
    this.showColour();
  }

  showColour() {
    const { colour } = this.settings;
    this.colour.value = colour ?? PLAIN;
    this.plain.setAttribute("aria-pressed", String(colour === null));
  }

  /** Asks for what a room of one's own is to be like. */
  askForRoom() {
    const name = this.name.value.trim() || this.doing.wish().name;
    dialog.close();
    this.doing.set({ name });
    this.doing.newRoom(name);
  }

  /** @param {Partial<Wish>} wish */
  leaveTo(wish) {
    const name = this.name.value.trim() || this.doing.wish().name;
    dialog.close();
    this.doing.set({ name });
    this.doing.go({ ...wish, name });
  }
}

/** @returns {HTMLElement} */
function keys() {
  /** @type {[string[], string][]} */
  const all = [
    [["W", "A", "S", "D"], "fly (or the arrows)"],
    [["Mouse"], "aim and fire (or Space)"],
    [["Shift"], "boost; no firing meanwhile"],
    [["1", "2", "3"], "the next ship"],
    [["Tab"], "scores"],
    [["Enter"], "chat; Esc closes it"],
    [["R"], "ready, in a lobby"],
    [["N"], "the network, measured"],
    [["Esc"], "this menu"],
  ];
  const rows = all.map(([names, what]) => make("div", {}, make("dt", {}, ...names.map((name) => make("kbd", {}, name))), make("dd", {}, what)));
  const touch = make("div", {}, make("dt", {}, make("kbd", {}, "Touch")), make("dd", {}, "left thumb flies (pull far to boost), right thumb aims and fires"));
  return make("dl", { class: "keys" }, ...(isTouch() ? [touch, ...rows] : [...rows, touch]));
}

/** @returns {boolean} whether thumbs are what this device is for */
const isTouch = () => matchMedia("(pointer: coarse)").matches;
