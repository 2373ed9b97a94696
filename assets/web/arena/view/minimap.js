// The whole map, small: walls, ships, what is on the screen.

import { accentOf, fade } from "./palette.js";
import { picture } from "./sprites.js";

/** @typedef {import("./camera.js").Camera} Camera */
/** @typedef {import("./palette.js").Palette} Palette */
/** @typedef {import("./scenery.js").Scenery} Scenery */
/** @typedef {import("./sight.js").Sight} Sight */

/** How often it is painted, in ms. */
const EVERY_MS = 50;

/** Paints the small map. */
export class Minimap {
  /** @param {HTMLCanvasElement} canvas @param {Palette} palette */
  constructor(canvas, palette) {
    this.canvas = canvas;
    this.palette = palette;
    this.paintedAt = -Infinity;
    /** @type {{ of: Scenery, side: number, picture: HTMLCanvasElement } | null} */
    this.ground = null;
  }

  /**
   * @param {Sight} sight
   * @param {Camera} camera
   */
  paint(sight, camera) {
    const { canvas, palette } = this;
    const { scenery, ships, now } = sight;
    const context = canvas.getContext("2d");
    if (!context || now - this.paintedAt < EVERY_MS) return;
    this.paintedAt = now;
    const { left, top, right, bottom } = camera.sight;
    // A map that is seen as a whole needs no second picture.
    canvas.hidden = right - left > scenery.width && bottom - top > scenery.height;
    const side = Math.round(canvas.clientWidth * Math.min(devicePixelRatio, 2));
    if (side === 0) return;
    if (canvas.width !== side) canvas.width = canvas.height = side;
    const scale = side / Math.max(scenery.width, scenery.height);
    if (this.ground?.of !== scenery || this.ground.side !== side) {
      this.ground = { of: scenery, side, picture: ground(scenery, side, scale, palette) };
    }
    context.clearRect(0, 0, side, side);
    context.drawImage(this.ground.picture, 0, 0);
    context.strokeStyle = fade(palette.ink, 0.35);
    context.lineWidth = 1;
    context.strokeRect(left * scale, top * scale, (right - left) * scale, (bottom - top) * scale);
    for (const { x, y, repairs, there } of sight.pickups) {
      if (!there) continue;
      context.fillStyle = fade(repairs ? palette.repair : palette.rapid, 0.55);
      context.fillRect(x * scale - 1, y * scale - 1, 2, 2);
    }
    for (const { x, y, owner, alive, isOwn } of ships) {
      if (!alive) continue;
      context.fillStyle = isOwn ? "#ffffff" : accentOf(palette, owner);
      context.beginPath();
      context.arc(x * scale, y * scale, (isOwn ? 3.2 : 2.2) * Math.min(devicePixelRatio, 2) * 0.8, 0, Math.PI * 2);
      context.fill();
      if (!isOwn) continue;
      context.strokeStyle = accentOf(palette, owner);
      context.lineWidth = 2;
      context.stroke();
    }
  }
}

/** @param {Scenery} scenery @param {number} side @param {number} scale @param {Palette} palette @returns {HTMLCanvasElement} */
function ground({ walls }, side, scale, palette) {
  return picture(side, side, (context) => {
    context.fillStyle = fade(palette.edge, 0.5);
    for (const { x, y, width, height } of walls) context.fillRect(x * scale, y * scale, Math.max(width * scale, 1), Math.max(height * scale, 1));
  });
}
