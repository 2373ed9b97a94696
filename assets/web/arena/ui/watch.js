// Watching: which ship the camera follows, and the bar that tells.

import { find, say } from "./elements.js";
import { ranking } from "./hud.js";

/** @typedef {import("../view/sight.js").Sight} Sight */
/** @typedef {import("../view/sight.js").DrawnShip} DrawnShip */

const bar = find("watch", HTMLElement);
const watched = find("watched", HTMLElement);

/** Follows a ship: the leader, until another is chosen. */
export class Watch {
  /** @param {() => void} play what the bar's button does */
  constructor(play) {
    /** @type {number | null} A seat; null for whoever leads. */
    this.followed = null;
    /** @type {DrawnShip[]} */
    this.ships = [];
    /** @type {DrawnShip | null} */
    this.target = null;
    find("watch-before", HTMLButtonElement).addEventListener("click", () => this.step(-1));
    find("watch-next", HTMLButtonElement).addEventListener("click", () => this.step(1));
    find("watch-play", HTMLButtonElement).addEventListener("click", play);
  }

  /**
   * @param {Sight} sight
   * @param {boolean} spectates
   * @returns {{ x: number, y: number } | null} what to follow; null if there is nobody
   */
  update({ ships, scenery, own }, spectates) {
    bar.hidden = !spectates;
    if (own) return own.ship;
    this.ships = ranking(ships);
    // Who leads may change from one shot to the next: the camera stays with whom it followed.
    const followed = this.ships.find(({ owner }) => owner === this.followed);
    const target = followed ?? this.ships.find(({ alive }) => alive) ?? this.ships[0] ?? null;
    this.followed = target?.owner ?? null;
    this.target = target;
    say(watched, target ? `Watching ${target.name}` : "Nobody plays here yet");
    return target ?? { x: scenery.width / 2, y: scenery.height / 2 };
  }

  /** @param {1 | -1} by places in the ranking */
  step(by) {
    const { ships } = this;
    if (ships.length === 0) return;
    const at = ships.findIndex(({ owner }) => owner === this.followed);
    this.followed = ships[(at + by + ships.length) % ships.length].owner;
  }
}
