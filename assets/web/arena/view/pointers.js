// Arrows at the rim of the screen, to ships that are near but not seen.

import { accentOf } from "./palette.js";

/** @typedef {import("./camera.js").Camera} Camera */
/** @typedef {import("./palette.js").Palette} Palette */
/** @typedef {import("./sight.js").DrawnShip} DrawnShip */

/** How near a ship has to be, in units, and how many are pointed to. */
const NEAR_UNITS = 420;
const COUNT = 4;

/** How far from the rim, in CSS pixels. */
const INSET = 26;

/**
 * The context is in CSS pixels.
 *
 * @param {CanvasRenderingContext2D} context
 * @param {Camera} camera
 * @param {DrawnShip[]} ships
 * @param {Palette} palette
 */
export function paintPointers(context, camera, ships, palette) {
  const { width, height } = camera;
  const unseen = ships
    .filter(({ x, y, alive, isOwn }) => alive && !isOwn && !camera.sees(x, y, 4))
    .map((ship) => ({ ship, far: Math.hypot(ship.x - camera.x, ship.y - camera.y) }))
    .filter(({ far }) => far < NEAR_UNITS)
    .sort((a, b) => a.far - b.far)
    .slice(0, COUNT);
  for (const { ship, far } of unseen) {
    const [dx, dy] = [ship.x - camera.x, ship.y - camera.y];
    const part = Math.min((width / 2 - INSET) / Math.abs(dx), (height / 2 - INSET) / Math.abs(dy));
    context.save();
    context.translate(width / 2 + dx * part, height / 2 + dy * part);
    context.rotate(Math.atan2(dy, dx));
    context.globalAlpha = 0.25 + 0.6 * (1 - far / NEAR_UNITS);
    context.fillStyle = accentOf(palette, ship.owner);
    context.beginPath();
    context.moveTo(11, 0);
    context.lineTo(-6, 7);
    context.lineTo(-2, 0);
    context.lineTo(-6, -7);
    context.fill();
    context.restore();
  }
}
