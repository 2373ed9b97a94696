// Small pictures that are drawn often, painted once: glows and labels.

import { fade } from "./palette.js";

/** How many labels and glows are kept; beyond that all are painted anew. */
const LABELS_MAX = 400;
const GLOWS_MAX = 400;

/** Side of a glow's picture, in its pixels. */
const GLOW_SIDE = 64;

/** @type {Map<string, HTMLCanvasElement>} */
const glows = new Map();

/** @type {Map<string, HTMLCanvasElement>} */
const labels = new Map();

/**
 * @param {number} width in pixels
 * @param {number} height in pixels
 * @param {(context: CanvasRenderingContext2D) => void} paint
 * @returns {HTMLCanvasElement}
 */
export function picture(width, height, paint) {
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(Math.ceil(width), 1);
  canvas.height = Math.max(Math.ceil(height), 1);
  const context = canvas.getContext("2d");
  if (context) paint(context);
  return canvas;
}

/** @param {string} colour @returns {HTMLCanvasElement} a round light, GLOW_SIDE wide */
export function glow(colour) {
  let made = glows.get(colour);
  if (!made) {
    if (glows.size >= GLOWS_MAX) glows.clear();
    made = picture(GLOW_SIDE, GLOW_SIDE, (context) => {
      const half = GLOW_SIDE / 2;
      const light = context.createRadialGradient(half, half, 0, half, half, half);
      light.addColorStop(0, fade(colour, 0.9));
      light.addColorStop(0.25, fade(colour, 0.42));
      light.addColorStop(0.6, fade(colour, 0.1));
      light.addColorStop(1, fade(colour, 0));
      context.fillStyle = light;
      context.fillRect(0, 0, GLOW_SIDE, GLOW_SIDE);
    });
    glows.set(colour, made);
  }
  return made;
}

/**
 * Adds light around a place.
 *
 * @param {CanvasRenderingContext2D} context whose composition is "lighter"
 * @param {string} colour
 * @param {number} x
 * @param {number} y
 * @param {number} radius
 * @param {number} alpha from 0 to 1
 */
export function shine(context, colour, x, y, radius, alpha) {
  if (alpha <= 0.01) return;
  context.globalAlpha = Math.min(alpha, 1);
  context.drawImage(glow(colour), x - radius, y - radius, radius * 2, radius * 2);
  context.globalAlpha = 1;
}

/**
 * @param {string} text
 * @param {string} colour
 * @param {number} ratio pixels per CSS pixel
 * @returns {HTMLCanvasElement} the text with a dark rim
 */
export function label(text, colour, ratio) {
  const key = `${ratio} ${colour} ${text}`;
  let made = labels.get(key);
  if (!made) {
    if (labels.size >= LABELS_MAX) labels.clear();
    const font = `600 ${11 * ratio}px system-ui, sans-serif`;
    let width = 0;
    picture(1, 1, (context) => {
      context.font = font;
      width = context.measureText(text).width + 8 * ratio;
    });
    made = picture(width, 17 * ratio, (context) => {
      context.font = font;
      context.textAlign = "center";
      context.textBaseline = "middle";
      context.lineJoin = "round";
      context.lineWidth = 3 * ratio;
      context.strokeStyle = "rgba(5, 6, 15, 0.8)";
      context.strokeText(text, width / 2, 8.5 * ratio);
      context.fillStyle = colour;
      context.fillText(text, width / 2, 8.5 * ratio);
    });
    labels.set(key, made);
  }
  return made;
}
