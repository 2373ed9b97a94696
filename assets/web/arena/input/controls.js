// What the player wants, of all devices together, in the game's words.

import { Keys } from "./keys.js";
import { Pointer } from "./pointer.js";
import { Thumbs } from "./touch.js";

/** @typedef {{ direction: number, boost: boolean, fire: boolean, aim: number }} Input of the game */

/** All devices. */
export class Controls {
  /**
   * @param {HTMLElement} screen
   * @param {() => boolean} isTaken whether a menu has the keyboard
   */
  constructor(screen, isTaken) {
    this.isTaken = isTaken;
    this.keys = new Keys(isTaken);
    this.pointer = new Pointer(screen);
    this.thumbs = new Thumbs(screen);
    /** Where the gun points, radians. */
    this.aim = 0;
  }

  /**
   * @param {number} x where the own ship is on the screen
   * @param {number} y
   * @returns {Input}
   */
  read(x, y) {
    if (this.isTaken()) return { direction: 0, boost: false, fire: false, aim: this.aim };
    const { keys, pointer, thumbs } = this;
    const way = thumbs.way ?? keys.way;
    const direction = directionOf(way.x, way.y);
    if (thumbs.aim) this.aim = Math.atan2(thumbs.aim.y, thumbs.aim.x);
    else if (pointer.isUsed && !thumbs.isUsed) this.aim = Math.atan2(pointer.y - y, pointer.x - x);
    else if (direction !== 0) this.aim = ((direction - 1) * Math.PI) / 4;
    const boost = keys.boost || thumbs.boost;
    const fire = keys.fire || pointer.fire || thumbs.aim !== null;
    return { direction, boost, fire, aim: (this.aim + Math.PI * 2) % (Math.PI * 2) };
  }

  /**
   * How far beyond the own ship to look, in parts of the screen.
   *
   * @param {number} width of the screen
   * @param {number} height
   * @returns {{ x: number, y: number }}
   */
  lookahead(width, height) {
    const { pointer, thumbs } = this;
    if (thumbs.isUsed) return { x: (thumbs.aim?.x ?? 0) * 0.1, y: (thumbs.aim?.y ?? 0) * 0.1 };
    if (!pointer.isUsed) return { x: 0, y: 0 };
    return { x: (pointer.x / width - 0.5) * 0.2, y: (pointer.y / height - 0.5) * 0.2 };
  }
}

/** @param {number} x @param {number} y @returns {number} 0 for nowhere, 1 to 8 by turns of 45 degrees from x on */
export function directionOf(x, y) {
  if (x === 0 && y === 0) return 0;
  return 1 + ((Math.round(Math.atan2(y, x) / (Math.PI / 4)) + 8) % 8);
}
