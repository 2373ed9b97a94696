// Walls: blocks that rise a little from the floor, so that their far sides lean outwards.

import { fade, mix } from "./palette.js";

/** @typedef {import("./camera.js").Camera} Camera */
/** @typedef {import("./palette.js").Palette} Palette */
/** @typedef {import("./scenery.js").Wall} Wall */

/** How much larger than the floor the tops are: their height. */
const RISE = 0.035;

/** Units beyond the screen within which a wall may still be seen. */
const MARGIN = 20;

/** How far the light of a wall's edge reaches over the floor, in units: each adds a little. */
const GLOW = [10, 7.5, 5.5, 4, 2.7, 1.6, 0.8];

/**
 * The context is in units.
 *
 * @param {CanvasRenderingContext2D} context
 * @param {Camera} camera
 * @param {Wall[]} walls
 * @param {Palette} palette
 */
export function paintWalls(context, camera, walls, palette) {
  const { left, top, right, bottom } = camera.sight;
  const seen = walls.filter(({ x, y, width, height }) => {
    return x < right + MARGIN && y < bottom + MARGIN && x + width > left - MARGIN && y + height > top - MARGIN;
  });
  const leanX = (/** @type {number} */ x) => x + (x - camera.x) * RISE;
  const leanY = (/** @type {number} */ y) => y + (y - camera.y) * RISE;

  for (const reach of GLOW) {
    context.fillStyle = fade(palette.edge, 0.035);
    context.beginPath();
    for (const { x, y, width, height } of seen) context.roundRect(x - reach, y - reach, width + reach * 2, height + reach * 2, reach);
    context.fill();
  }

  context.lineJoin = "round";
  for (const wall of seen) {
    const [x0, y0, x1, y1] = [wall.x, wall.y, wall.x + wall.width, wall.y + wall.height];
    /** @type {[boolean, number, number, number, number, number][]} Whether it is seen, its line on the floor, its light. */
    const sides = [
      [camera.x < x0, x0, y0, x0, y1, 0.16],
      [camera.x > x1, x1, y0, x1, y1, 0.06],
      [camera.y < y0, x0, y0, x1, y0, 0.3],
      [camera.y > y1, x0, y1, x1, y1, 0.1],
    ];
    for (const [isSeen, fromX, fromY, toX, toY, light] of sides) {
      if (!isSeen) continue;
      context.fillStyle = mix(palette.wallSide, palette.edge, light);
      context.beginPath();
      context.moveTo(fromX, fromY);
      context.lineTo(toX, toY);
      context.lineTo(leanX(toX), leanY(toY));
      context.lineTo(leanX(fromX), leanY(fromY));
      context.fill();
    }
  }

  for (const { x, y, width, height } of seen) {
    const [x0, y0, x1, y1] = [leanX(x), leanY(y), leanX(x + width), leanY(y + height)];
    context.fillStyle = palette.wall;
    context.fillRect(x0, y0, x1 - x0, y1 - y0);
    context.strokeStyle = fade(palette.edge, 0.16);
    context.lineWidth = 3;
    context.strokeRect(x0 + 1.5, y0 + 1.5, x1 - x0 - 3, y1 - y0 - 3);
    context.strokeStyle = fade(palette.edge, 0.9);
    context.lineWidth = 0.6;
    context.strokeRect(x0 + 0.3, y0 + 0.3, x1 - x0 - 0.6, y1 - y0 - 0.6);
  }
}
