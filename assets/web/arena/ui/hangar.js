// The choice of a ship: a button for each kind, the keys 1 to 8.

import { announce } from "./announcer.js";
import { find, make } from "./elements.js";
import { shapeOf } from "../view/ships.js";

/** @typedef {import("../../sdk/index.js").Client} Client */
/** @typedef {import("../view/scenery.js").Scenery} Scenery */
/** @typedef {import("../view/scenery.js").Kind} Kind */
/** @typedef {import("../view/sight.js").Own} Own */

const hangar = find("hangar", HTMLElement);

/** Side of a silhouette, in CSS pixels. */
const SIDE = 30;

/** Chooses ships. */
export class Hangar {
  /** @param {(kind: number) => void} chosen told of each choice, to be remembered */
  constructor(chosen) {
    this.chosen = chosen;
    /** @type {Client | null} */
    this.client = null;
    /** @type {Scenery | null} */
    this.shown = null;
    this.marked = "";
    /** @type {number | null} What to choose as soon as there is a ship. */
    this.wanted = null;
  }

  /**
   * @param {Client} client
   * @param {() => number} remembered the kind that was chosen last
   */
  attach(client, remembered) {
    this.client = client;
    let incarnation = -1;
    client.on("phase", (phase) => {
      if (phase.name !== "running" || phase.incarnation === incarnation) return;
      // Each match gives everybody the first kind.
      incarnation = phase.incarnation;
      this.wanted = remembered() || null;
    });
  }

  /** @param {Scenery} scenery @param {Own | null} own */
  update(scenery, own) {
    if (!own) return;
    if (this.shown !== scenery) this.show(scenery);
    if (this.wanted !== null && scenery.kinds[this.wanted] && this.client?.phase.name === "running") {
      this.choose(this.wanted);
      this.wanted = null;
    }
    const marked = `${own.ship.kind} ${own.nextKind}`;
    if (marked === this.marked) return;
    this.marked = marked;
    for (const [at, button] of [...hangar.children].entries()) {
      const kind = scenery.kinds[at].number;
      button.setAttribute("aria-pressed", String(kind === own.nextKind));
      button.classList.toggle("flown", kind === own.ship.kind);
    }
  }

  /** @param {Scenery} scenery */
  show(scenery) {
    this.shown = scenery;
    this.marked = "";
    hangar.replaceChildren(...scenery.kinds.map((kind, at) => this.button(scenery, kind, at)));
  }

  /** @param {Scenery} scenery @param {Kind} kind @param {number} at @returns {HTMLElement} */
  button(scenery, kind, at) {
    const canvas = make("canvas", { width: String(SIDE * 2), height: String(SIDE * 2), "aria-hidden": "true" });
    const context = canvas.getContext("2d");
    if (context) {
      context.translate(SIDE, SIDE);
      context.scale(SIDE / 8, SIDE / 8);
      context.rotate(-Math.PI / 2);
      context.fillStyle = "#97a2d0";
      context.fill(shapeOf(kind.number).hull);
      context.fillStyle = "#e8ecff";
      context.fill(shapeOf(kind.number).light);
    }
    const best = (/** @type {"hp" | "boost" | "damage"} */ of) => Math.max(...scenery.kinds.map((each) => each[of]));
    const title = `${kind.name} (${at + 1}): hull ${kind.hp}, damage ${kind.damage}, speed ${kind.speed}`;
    const bars = make("span", { class: "bars", "aria-hidden": "true" });
    for (const of of /** @type {const} */ (["hp", "boost", "damage"])) {
      const bar = make("i");
      bar.style.width = `${Math.round((kind[of] / best(of)) * 100)}%`;
      bars.append(bar);
    }
    const click = () => this.choose(kind.number);
    return make("button", { type: "button", title, "aria-label": title, click }, canvas, make("span", { class: "label" }, kind.name), bars);
  }

  /** @param {number} at the place of a kind, if there is one */
  pick(at) {
    const kind = this.shown?.kinds[at];
    if (kind && this.client?.player !== null) this.choose(kind.number);
  }

  /** @param {number} kind asks for it: at once for a new ship, else for the next one */
  choose(kind) {
    const { client } = this;
    if (!client || client.state !== "playing" || client.phase.name !== "running") return;
    this.chosen(kind);
    client.command("ChooseShip", { ship: kind }).then(
      () => announce(`${this.shown?.kinds[kind]?.name ?? "The ship"} is chosen`),
      // Refused between matches, lost with the connection: the buttons show what holds.
      () => {},
    );
  }
}
