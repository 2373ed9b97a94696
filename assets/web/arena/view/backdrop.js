// What is behind everything: far stars and mist that move less than the map, the floor and its grid.

import { fade, mix } from "./palette.js";
import { picture } from "./sprites.js";

/** @typedef {import("./camera.js").Camera} Camera */
/** @typedef {import("./palette.js").Palette} Palette */
/** @typedef {import("./scenery.js").Scenery} Scenery */

/** Side of a tile of stars, in CSS pixels. */
const TILE = 512;

/** Units from one line of the grid to the next. */
const GRID_UNITS = 50;

/** By how much of the map's movement each layer of stars moves, and how it looks. */
const LAYERS = [
  { part: 0.08, count: 90, size: 0.8, alpha: 0.5 },
  { part: 0.16, count: 46, size: 1.2, alpha: 0.7 },
  { part: 0.3, count: 16, size: 1.7, alpha: 0.9 },
];

/** Paints the background. */
export class Backdrop {
  /** @param {Palette} palette */
  constructor(palette) {
    this.palette = palette;
    this.layers = LAYERS.map((layer, at) => ({ ...layer, tile: stars(layer, at + 1, palette) }));
    this.mist = mist(palette);
    /** Whether stars and mist are painted. */
    this.rich = true;
  }

  /**
   * The context is in CSS pixels.
   *
   * @param {CanvasRenderingContext2D} context
   * @param {Camera} camera
   */
  paintSky(context, camera) {
    const { width, height, x, y, scale } = camera;
    context.fillStyle = this.palette.void;
    context.fillRect(0, 0, width, height);
    if (!this.rich) return;
    const side = Math.max(width, height) * 1.35;
    context.drawImage(this.mist, (width - side) / 2 - (x - 500) * 0.12, (height - side) / 2 - (y - 500) * 0.12, side, side);
    for (const { tile, part } of this.layers) {
      const left = modulo(-x * scale * part, TILE) - TILE;
      const top = modulo(-y * scale * part, TILE) - TILE;
      for (let at = left; at < width; at += TILE) {
        for (let down = top; down < height; down += TILE) context.drawImage(tile, at, down, TILE, TILE);
      }
    }
  }

  /**
   * The context is in units.
   *
   * @param {CanvasRenderingContext2D} context
   * @param {Camera} camera
   * @param {Scenery} scenery
   */
  paintFloor(context, camera, { width, height }) {
    const { left, top, right, bottom } = camera.sight;
    const pixel = 1 / camera.scale;
    context.fillStyle = fade(this.palette.floor, this.rich ? 0.56 : 1);
    context.fillRect(0, 0, width, height);
    context.lineWidth = pixel;
    const line = (/** @type {string} */ colour, /** @type {number} */ every, /** @type {number} */ except) => {
      context.strokeStyle = colour;
      context.beginPath();
      for (let x = Math.ceil(Math.max(left, 0) / every) * every; x <= Math.min(right, width); x += every) {
        if (x % except === 0) continue;
        context.moveTo(x, Math.max(top, 0));
        context.lineTo(x, Math.min(bottom, height));
      }
      for (let y = Math.ceil(Math.max(top, 0) / every) * every; y <= Math.min(bottom, height); y += every) {
        if (y % except === 0) continue;
        context.moveTo(Math.max(left, 0), y);
        context.lineTo(Math.min(right, width), y);
      }
      context.stroke();
    };
    line(fade(this.palette.grid, 0.28), GRID_UNITS / 2, GRID_UNITS);
    line(fade(this.palette.grid, 0.75), GRID_UNITS, Infinity);
    this.paintEdge(context, width, height);
  }

  /** @param {CanvasRenderingContext2D} context @param {number} width @param {number} height */
  paintEdge(context, width, height) {
    const { edge } = this.palette;
    for (const [reach, alpha] of [[9, 0.07], [5, 0.12], [2.2, 0.3]]) {
      context.strokeStyle = fade(edge, alpha);
      context.lineWidth = reach;
      context.strokeRect(-reach / 2, -reach / 2, width + reach, height + reach);
    }
    context.strokeStyle = mix(edge, "#ffffff", 0.35);
    context.lineWidth = 0.7;
    context.strokeRect(-0.35, -0.35, width + 0.7, height + 0.7);
  }
}

/** @param {number} value @param {number} by @returns {number} from 0 up to `by` */
const modulo = (value, by) => ((value % by) + by) % by;

/**
 * @param {{ count: number, size: number, alpha: number }} layer
 * @param {number} seed
 * @param {Palette} palette
 * @returns {HTMLCanvasElement}
 */
function stars({ count, size, alpha }, seed, palette) {
  let state = seed * 7919;
  const random = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  return picture(TILE * 2, TILE * 2, (context) => {
    context.scale(2, 2);
    for (let left = count; left > 0; left--) {
      const [x, y] = [2 + random() * (TILE - 4), 2 + random() * (TILE - 4)];
      const colour = random() < 0.2 ? palette.accents[Math.floor(random() * palette.accents.length)] : "#dfe6ff";
      const radius = size * (0.4 + random() * 0.6);
      context.fillStyle = fade(mix(colour, "#ffffff", 0.5), alpha * (0.3 + random() * 0.7));
      context.beginPath();
      context.arc(x, y, radius, 0, Math.PI * 2);
      context.fill();
    }
  });
}

/** @param {Palette} palette @returns {HTMLCanvasElement} clouds of faint light */
function mist({ accents }) {
  const side = 512;
  return picture(side, side, (context) => {
    /** @type {[number, number, number, string, number][]} */
    const clouds = [
      [0.26, 0.3, 0.42, accents[8], 0.26],
      [0.74, 0.24, 0.36, accents[4], 0.26],
      [0.66, 0.74, 0.44, accents[1], 0.15],
      [0.2, 0.78, 0.38, accents[6], 0.13],
      [0.5, 0.5, 0.3, accents[8], 0.16],
    ];
    for (const [x, y, reach, colour, alpha] of clouds) {
      const light = context.createRadialGradient(x * side, y * side, 0, x * side, y * side, reach * side);
      light.addColorStop(0, fade(colour, alpha));
      light.addColorStop(0.5, fade(colour, alpha * 0.4));
      light.addColorStop(1, fade(colour, 0));
      context.fillStyle = light;
      context.fillRect(0, 0, side, side);
    }
  });
}
