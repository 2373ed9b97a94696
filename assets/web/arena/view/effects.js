// Short-lived light: sparks, rings, flashes, numbers that float up. Moves and paints them; others say
// when. Lengths are in units, times in ms.

import { shine } from "./sprites.js";

/** @typedef {import("./camera.js").Camera} Camera */
/** @typedef {{ x: number, y: number, vx: number, vy: number, drag: number, age: number, life: number, size: number, colour: string }} Spark */
/** @typedef {{ x: number, y: number, age: number, life: number, from: number, to: number, width: number, colour: string }} Ring */
/** @typedef {{ x: number, y: number, age: number, life: number, radius: number, colour: string }} Flash */
/** @typedef {{ x: number, y: number, age: number, life: number, text: string, colour: string, size: number }} Note */
/** @typedef {{ x: number, y: number, vx: number, vy: number, age: number, life: number, turn: number, spin: number, size: number, colour: string }} Shard */

/** The most of each kind; beyond that the oldest go. */
const COUNT_MAX = 700;

/** Light that comes and goes. */
export class Effects {
  constructor() {
    /** @type {Spark[]} */
    this.sparks = [];
    /** @type {Ring[]} */
    this.rings = [];
    /** @type {Flash[]} */
    this.flashes = [];
    /** @type {Note[]} */
    this.notes = [];
    /** @type {Shard[]} */
    this.shards = [];
    /** Whether less should move. */
    this.calm = false;
  }

  /** Ends all. */
  clear() {
    this.sparks = [];
    this.rings = [];
    this.flashes = [];
    this.notes = [];
    this.shards = [];
  }

  /**
   * @param {number} x
   * @param {number} y
   * @param {string} colour
   * @param {{ count: number, speed: number, life: number, size?: number, angle?: number, spread?: number }} how speed in units per s
   */
  burst(x, y, colour, { count, speed, life, size = 1, angle = 0, spread = Math.PI * 2 }) {
    const many = this.calm ? Math.ceil(count / 3) : count;
    for (let left = many; left > 0; left--) {
      const way = angle + (Math.random() - 0.5) * spread;
      const fast = speed * (0.25 + Math.random() * 0.75);
      const lasts = life * (0.5 + Math.random() * 0.5);
      this.sparks.push({ x, y, vx: Math.cos(way) * fast, vy: Math.sin(way) * fast, drag: 3, age: 0, life: lasts, size, colour });
    }
    trim(this.sparks);
  }

  /** @param {number} x @param {number} y @param {string} colour @param {number} to its last radius @param {number} life */
  ring(x, y, colour, to, life) {
    this.rings.push({ x, y, age: 0, life, from: to * 0.2, to, width: 1.4, colour });
    trim(this.rings);
  }

  /** @param {number} x @param {number} y @param {string} colour @param {number} radius @param {number} life */
  flash(x, y, colour, radius, life) {
    this.flashes.push({ x, y, age: 0, life, radius, colour });
    trim(this.flashes);
  }

  /** @param {number} x @param {number} y @param {string} text @param {string} colour @param {number} [size] CSS pixels */
  note(x, y, text, colour, size = 15) {
    this.notes.push({ x: x + (Math.random() - 0.5) * 6, y: y - 6, age: 0, life: 850, text, colour, size });
    trim(this.notes);
  }

  /** @param {number} x @param {number} y @param {string} colour of the ship that bursts */
  explode(x, y, colour) {
    this.flash(x, y, "#ffffff", 26, 140);
    this.flash(x, y, colour, 60, 520);
    this.flash(x, y, "#ff9a4c", 34, 700);
    this.ring(x, y, colour, 34, 520);
    this.ring(x, y, "#ffffff", 20, 300);
    this.burst(x, y, colour, { count: 26, speed: 120, life: 800, size: 1.1 });
    this.burst(x, y, "#ffd9a0", { count: 18, speed: 70, life: 600, size: 1.3 });
    if (this.calm) return;
    for (let left = 7; left > 0; left--) {
      const way = Math.random() * Math.PI * 2;
      const fast = 18 + Math.random() * 40;
      const shard = { x, y, vx: Math.cos(way) * fast, vy: Math.sin(way) * fast, age: 0, life: 700 + Math.random() * 500 };
      this.shards.push({ ...shard, turn: way, spin: (Math.random() - 0.5) * 12, size: 1.2 + Math.random() * 1.8, colour });
    }
    trim(this.shards);
  }

  /** @param {number} dt ms */
  advance(dt) {
    const seconds = dt / 1000;
    for (const spark of this.sparks) {
      const kept = Math.exp(-spark.drag * seconds);
      spark.x += spark.vx * seconds;
      spark.y += spark.vy * seconds;
      spark.vx *= kept;
      spark.vy *= kept;
    }
    for (const shard of this.shards) {
      shard.x += shard.vx * seconds;
      shard.y += shard.vy * seconds;
      shard.turn += shard.spin * seconds;
    }
    for (const note of this.notes) note.y -= 16 * seconds * (1 - note.age / note.life);
    this.sparks = aged(this.sparks, dt);
    this.rings = aged(this.rings, dt);
    this.flashes = aged(this.flashes, dt);
    this.notes = aged(this.notes, dt);
    this.shards = aged(this.shards, dt);
  }

  /**
   * Paints what glows; the context is in units.
   *
   * @param {CanvasRenderingContext2D} context
   * @param {Camera} camera
   */
  paint(context, camera) {
    for (const { x, y, age, life, turn, size, colour } of this.shards) {
      if (!camera.sees(x, y, size)) continue;
      context.globalAlpha = 1 - age / life;
      context.fillStyle = colour;
      const [dx, dy] = [Math.cos(turn) * size, Math.sin(turn) * size];
      context.beginPath();
      context.moveTo(x + dx, y + dy);
      context.lineTo(x - dy * 0.6, y + dx * 0.6);
      context.lineTo(x - dx * 0.7, y - dy * 0.7);
      context.fill();
    }
    context.globalCompositeOperation = "lighter";
    for (const { x, y, age, life, radius, colour } of this.flashes) {
      if (camera.sees(x, y, radius)) shine(context, colour, x, y, radius * (0.7 + (0.3 * age) / life), (1 - age / life) ** 1.5);
    }
    for (const { x, y, age, life, from, to, width, colour } of this.rings) {
      if (!camera.sees(x, y, to)) continue;
      const part = age / life;
      context.globalAlpha = (1 - part) ** 1.5;
      context.strokeStyle = colour;
      context.lineWidth = width * (1 - part) + 0.15;
      context.beginPath();
      context.arc(x, y, from + (to - from) * (1 - (1 - part) ** 3), 0, Math.PI * 2);
      context.stroke();
    }
    context.lineCap = "round";
    for (const { x, y, vx, vy, age, life, size, colour } of this.sparks) {
      if (!camera.sees(x, y, 4)) continue;
      context.globalAlpha = 1 - age / life;
      context.strokeStyle = colour;
      context.lineWidth = size * 0.7;
      context.beginPath();
      context.moveTo(x, y);
      context.lineTo(x - vx * 0.028, y - vy * 0.028);
      context.stroke();
    }
    context.globalAlpha = 1;
    context.globalCompositeOperation = "source-over";
  }

  /**
   * Paints the numbers; the context is in CSS pixels.
   *
   * @param {CanvasRenderingContext2D} context
   * @param {Camera} camera
   */
  paintNotes(context, camera) {
    context.textAlign = "center";
    context.textBaseline = "middle";
    context.lineJoin = "round";
    for (const { x, y, age, life, text, colour, size } of this.notes) {
      if (!camera.sees(x, y, 10)) continue;
      const part = age / life;
      context.globalAlpha = Math.min(1, (1 - part) * 2.5);
      context.font = `800 ${size * (1 + 0.35 * Math.max(0, 1 - part * 6))}px system-ui, sans-serif`;
      const [left, top] = [camera.screenX(x), camera.screenY(y)];
      context.lineWidth = 3;
      context.strokeStyle = "rgba(5, 6, 15, 0.75)";
      context.strokeText(text, left, top);
      context.fillStyle = colour;
      context.fillText(text, left, top);
    }
    context.globalAlpha = 1;
  }
}

/** @template T @param {T[]} things */
function trim(things) {
  if (things.length > COUNT_MAX) things.splice(0, things.length - COUNT_MAX);
}

/**
 * @template {{ age: number, life: number }} T
 * @param {T[]} things
 * @param {number} dt
 * @returns {T[]} those that still live
 */
function aged(things, dt) {
  for (const thing of things) thing.age += dt;
  return things.filter(({ age, life }) => age < life);
}
