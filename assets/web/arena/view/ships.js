// Ships: hulls, flames, trails, what is left of a hull, names.

import { letterOf } from "../teams.js";
import { HIT_MS } from "./happenings.js";
import { accentOf, fade, mix } from "./palette.js";
import { label, shine } from "./sprites.js";

/** @typedef {import("./camera.js").Camera} Camera */
/** @typedef {import("./palette.js").Palette} Palette */
/** @typedef {import("./sight.js").DrawnShip} DrawnShip */
/** @typedef {import("./happenings.js").Seen} Seen */
/** @typedef {{ hull: Path2D, light: Path2D, canopy: Path2D, engines: number[][] }} Shape of a ship that points along x, in units */

/** How long a new ship may still be exchanged for another, and glimmers, in ms. */
const NEW_MS = 1200;

/** Hulls by kind; kinds that come with another tuning look like the first. @type {Shape[]} */
const SHAPES = [
  {
    hull: new Path2D("M7.4 0 L1 2.2 L-2 6 L-5.4 5.6 L-3.9 1.7 L-4.7 0 L-3.9 -1.7 L-5.4 -5.6 L-2 -6 L1 -2.2 Z"),
    light: new Path2D("M7.4 0 L1 -2.2 L-2 -6 L-5.4 -5.6 L-3.9 -1.7 L-4.7 0 Z"),
    canopy: new Path2D("M3.9 0 L0.6 1.05 L-1.5 0 L0.6 -1.05 Z"),
    engines: [[-4.2, 1.6], [-4.2, -1.6]],
  },
  {
    hull: new Path2D("M7.8 0 L0.5 1.7 L-3.2 5 L-4.2 4.4 L-2.6 1.5 L-4.8 0 L-2.6 -1.5 L-4.2 -4.4 L-3.2 -5 L0.5 -1.7 Z"),
    light: new Path2D("M7.8 0 L0.5 -1.7 L-3.2 -5 L-4.2 -4.4 L-2.6 -1.5 L-4.8 0 Z"),
    canopy: new Path2D("M4.2 0 L1 0.85 L-0.6 0 L1 -0.85 Z"),
    engines: [[-4.2, 0]],
  },
  {
    hull: new Path2D("M5.6 1.5 L6.8 2.7 L6.8 4.3 L2.4 5.9 L-4.4 6 L-6 3.8 L-5.2 0 L-6 -3.8 L-4.4 -6 L2.4 -5.9 L6.8 -4.3 L6.8 -2.7 L5.6 -1.5 Z"),
    light: new Path2D("M5.6 0 L5.6 -1.5 L6.8 -2.7 L6.8 -4.3 L2.4 -5.9 L-4.4 -6 L-6 -3.8 L-5.2 0 Z"),
    canopy: new Path2D("M3.2 0 L1.6 1.9 L-1.6 1.5 L-2.2 0 L-1.6 -1.5 L1.6 -1.9 Z"),
    engines: [[-5.6, 3.2], [-5.6, 0], [-5.6, -3.2]],
  },
];

/** @param {number} kind @returns {Shape} */
export const shapeOf = (kind) => SHAPES[kind] ?? SHAPES[0];

/**
 * The context is in units.
 *
 * @param {CanvasRenderingContext2D} context
 * @param {DrawnShip} ship that flies
 * @param {Palette} palette
 * @param {Seen | undefined} seen
 * @param {number} now ms
 * @param {number} turn where its nose points, radians
 */
export function paintShip(context, ship, palette, seen, now, turn) {
  const { x, y, vx, vy, owner, kind, isOwn } = ship;
  const colour = accentOf(palette, owner);
  const shape = shapeOf(kind);
  const speed = Math.hypot(vx, vy);
  context.globalCompositeOperation = "lighter";
  shine(context, colour, x, y, isOwn ? 24 : 18, isOwn ? 0.5 : 0.32);
  context.globalCompositeOperation = "source-over";
  context.save();
  context.translate(x, y);
  context.rotate(turn);
  if (speed > 0.2) paintFlames(context, shape, colour, speed, now + owner * 77);
  const hit = seen && now - seen.hitAt < HIT_MS;
  context.fillStyle = hit ? "#ffffff" : mix(colour, "#0a0d1e", 0.62);
  context.fill(shape.hull);
  if (!hit) {
    context.fillStyle = mix(colour, "#0a0d1e", 0.34);
    context.fill(shape.light);
  }
  context.lineJoin = "round";
  context.lineWidth = isOwn ? 0.95 : 0.75;
  context.strokeStyle = hit ? "#ffffff" : isOwn ? mix(colour, "#ffffff", 0.45) : colour;
  context.stroke(shape.hull);
  context.fillStyle = hit ? "#ffffff" : mix(colour, "#ffffff", 0.72);
  context.fill(shape.canopy);
  context.restore();
  const age = seen ? now - seen.bornAt : Infinity;
  if (age < NEW_MS) paintShield(context, x, y, colour, age);
}

/** @param {CanvasRenderingContext2D} context @param {Shape} shape @param {string} colour @param {number} speed @param {number} phase */
function paintFlames(context, { engines }, colour, speed, phase) {
  const long = (2.2 + speed * 1.3) * (0.85 + 0.15 * Math.sin(phase / 23));
  for (const [x, y] of engines) {
    context.fillStyle = fade(colour, 0.5);
    context.beginPath();
    context.moveTo(x + 0.6, y - 1);
    context.lineTo(x - long, y);
    context.lineTo(x + 0.6, y + 1);
    context.fill();
    context.fillStyle = "rgba(255, 255, 255, 0.85)";
    context.beginPath();
    context.moveTo(x + 0.6, y - 0.5);
    context.lineTo(x - long * 0.5, y);
    context.lineTo(x + 0.6, y + 0.5);
    context.fill();
  }
}

/** @param {CanvasRenderingContext2D} context @param {number} x @param {number} y @param {string} colour @param {number} age */
function paintShield(context, x, y, colour, age) {
  context.strokeStyle = fade(mix(colour, "#ffffff", 0.5), 0.8 * (1 - age / NEW_MS));
  context.lineWidth = 0.6;
  context.beginPath();
  context.arc(x, y, 8.5, 0, Math.PI * 2);
  context.stroke();
}

/**
 * What is left of a hull, as an arc around the ship.
 *
 * @param {CanvasRenderingContext2D} context in units
 * @param {DrawnShip} ship
 * @param {Palette} palette
 */
export function paintHealth(context, { x, y, hp, hpMax, isOwn, owner }, palette) {
  const part = Math.max(Math.min(hp / hpMax, 1), 0);
  if (!isOwn && part >= 1) return;
  const whole = Math.PI * 0.6;
  const from = (Math.PI - whole) / 2;
  const radius = 10.5;
  context.lineCap = "round";
  context.lineWidth = 1.1;
  context.strokeStyle = "rgba(5, 6, 15, 0.7)";
  context.beginPath();
  context.arc(x, y, radius, from, from + whole);
  context.stroke();
  context.strokeStyle = part < 0.35 ? palette.danger : isOwn ? palette.repair : accentOf(palette, owner);
  context.beginPath();
  context.arc(x, y, radius, from + whole * (1 - part), from + whole);
  context.stroke();
}

/**
 * The context is in CSS pixels.
 *
 * @param {CanvasRenderingContext2D} context
 * @param {DrawnShip} ship
 * @param {Camera} camera
 * @param {Palette} palette
 * @param {number} ratio pixels per CSS pixel
 */
export function paintName(context, { name, team, x, y, owner }, camera, palette, ratio) {
  const picture = label(team === null ? name : `${letterOf(team)} · ${name}`, mix(accentOf(palette, owner), "#ffffff", 0.35), ratio);
  const [width, height] = [picture.width / ratio, picture.height / ratio];
  context.drawImage(picture, camera.screenX(x) - width / 2, camera.screenY(y) - 12.5 * camera.scale - height / 2, width, height);
}

/** The way that ships took, as ribbons of light. */
export class Trails {
  constructor() {
    /** @type {Map<number, { x: number, y: number, at: number }[]>} By seat, oldest first. */
    this.ways = new Map();
  }

  /** Forgets all. */
  clear() {
    this.ways.clear();
  }

  /**
   * @param {DrawnShip[]} ships
   * @param {number} now ms
   */
  update(ships, now) {
    for (const { owner, alive, x, y } of ships) {
      const way = this.ways.get(owner) ?? [];
      this.ways.set(owner, way);
      const last = way.at(-1);
      if (!alive || (last && Math.hypot(x - last.x, y - last.y) > 40)) way.length = 0;
      while (way.length > 0 && now - way[0].at > TRAIL_MS) way.shift();
      if (alive && (!last || now - last.at > TRAIL_EVERY_MS)) way.push({ x, y, at: now });
    }
    if (this.ways.size > ships.length + 16) this.ways.clear();
  }

  /**
   * The context is in units and adds light.
   *
   * @param {CanvasRenderingContext2D} context
   * @param {DrawnShip} ship
   * @param {Palette} palette
   * @param {number} now
   */
  paint(context, { owner, x, y }, palette, now) {
    const way = this.ways.get(owner);
    if (!way || way.length < 2) return;
    context.strokeStyle = accentOf(palette, owner);
    context.lineCap = "butt";
    for (let at = 0; at < way.length; at++) {
      const to = way[at + 1] ?? { x, y };
      const part = 1 - (now - way[at].at) / TRAIL_MS;
      if (part <= 0 || Math.abs(to.x - way[at].x) + Math.abs(to.y - way[at].y) < 0.05) continue;
      context.globalAlpha = part * part * 0.5;
      context.lineWidth = 0.8 + part * 3.2;
      context.beginPath();
      context.moveTo(way[at].x, way[at].y);
      context.lineTo(to.x, to.y);
      context.stroke();
    }
    context.globalAlpha = 1;
  }
}

/** How long a trail lasts, and how often it gets a point, in ms. */
const TRAIL_MS = 520;
const TRAIL_EVERY_MS = 48;
