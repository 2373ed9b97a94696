// One picture: everything in its order.

import { Backdrop } from "./backdrop.js";
import { accentOf, fade } from "./palette.js";
import { Trails, paintHealth, paintName, paintShip } from "./ships.js";
import { shine } from "./sprites.js";
import { paintPointers } from "./pointers.js";
import { paintWalls } from "./walls.js";

/** @typedef {import("./camera.js").Camera} Camera */
/** @typedef {import("./effects.js").Effects} Effects */
/** @typedef {import("./happenings.js").Happenings} Happenings */
/** @typedef {import("./palette.js").Palette} Palette */
/** @typedef {import("./sight.js").DrawnPickup} DrawnPickup */
/** @typedef {import("./sight.js").DrawnShip} DrawnShip */
/** @typedef {import("./sight.js").DrawnShot} DrawnShot */
/** @typedef {import("./sight.js").Sight} Sight */

/** How long the screen's rim is red after a hit, in ms. */
const HURT_MS = 550;

/** How fast others turn, as rows have only 256 directions and change them at once; ms, e-fold. */
const TURN_MS = 45;

/** Paints pictures. */
export class Painter {
  /**
   * @param {HTMLCanvasElement} canvas
   * @param {Palette} palette
   * @param {Camera} camera
   * @param {Effects} effects
   * @param {Happenings} happenings
   */
  constructor(canvas, palette, camera, effects, happenings) {
    this.canvas = canvas;
    const context = canvas.getContext("2d", { alpha: false });
    if (!context) throw new Error("this browser can't paint");
    this.context = context;
    this.palette = palette;
    this.camera = camera;
    this.effects = effects;
    this.happenings = happenings;
    this.backdrop = new Backdrop(palette);
    this.trails = new Trails();
    /** Pixels per CSS pixel. */
    this.ratio = 1;
    /** @type {Map<number, number>} Where noses point, by seat. */
    this.turns = new Map();
  }

  /** @param {number} width in CSS pixels @param {number} height @param {number} ratio pixels per CSS pixel */
  resize(width, height, ratio) {
    this.ratio = ratio;
    this.canvas.width = Math.round(width * ratio);
    this.canvas.height = Math.round(height * ratio);
    this.camera.resize(width, height);
  }

  /** What comes next is another world. */
  clear() {
    this.trails.clear();
    this.turns.clear();
  }

  /** The picture without a world. */
  paintEmpty() {
    this.onScreen();
    this.backdrop.paintSky(this.context, this.camera);
  }

  /**
   * @param {Sight} sight
   * @param {DrawnShot[]} shots all that are to be drawn
   */
  paint(sight, shots) {
    const { context, camera, palette, effects } = this;
    const { scenery, now, dt } = sight;
    const ships = sight.ships.filter(({ x, y }) => camera.sees(x, y, 24));
    this.trails.update(sight.ships, now);
    this.turn(sight.ships, dt);
    this.onScreen();
    this.backdrop.paintSky(context, camera);
    this.onMap();
    this.backdrop.paintFloor(context, camera, scenery);
    context.globalCompositeOperation = "lighter";
    for (const ship of ships) if (ship.alive) this.trails.paint(context, ship, palette, now);
    for (const { x, y, owner } of shots) if (camera.sees(x, y, 26)) shine(context, accentOf(palette, owner), x, y, 26, 0.22);
    context.globalCompositeOperation = "source-over";
    for (const ship of ships) if (!ship.alive) this.paintWreck(ship);
    paintWalls(context, camera, scenery.walls, palette);
    for (const pickup of sight.pickups) if (camera.sees(pickup.x, pickup.y, 16)) this.paintPickup(pickup, now);
    for (const shot of shots) if (camera.sees(shot.x, shot.y, 16)) this.paintShot(shot);
    if (sight.own?.ship.alive) this.paintAim(sight.own, now);
    ships.sort((a, b) => Number(a.isOwn) - Number(b.isOwn));
    for (const ship of ships) {
      if (!ship.alive) continue;
      const turn = ship.isOwn ? ship.aim : (this.turns.get(ship.owner) ?? ship.aim);
      paintShip(context, ship, palette, this.happenings.seen.get(ship.owner), now, turn);
      paintHealth(context, ship, palette);
    }
    effects.paint(context, camera);
    this.onScreen();
    for (const ship of ships) if (ship.alive && !ship.isOwn) paintName(context, ship, camera, palette, this.ratio);
    paintPointers(context, camera, sight.ships, palette);
    effects.paintNotes(context, camera);
    this.paintHurt(now);
  }

  /** From here on lengths are in CSS pixels. */
  onScreen() {
    this.context.setTransform(this.ratio, 0, 0, this.ratio, 0, 0);
  }

  /** From here on lengths are in units. */
  onMap() {
    const { camera, ratio } = this;
    const scale = camera.scale * ratio;
    this.context.setTransform(scale, 0, 0, scale, camera.screenX(0) * ratio, camera.screenY(0) * ratio);
  }

  /** @param {DrawnShip[]} ships @param {number} dt ms: others' noses turn instead of jumping */
  turn(ships, dt) {
    const left = Math.exp(-dt / TURN_MS);
    if (this.turns.size > ships.length + 16) this.turns.clear();
    for (const { owner, aim } of ships) {
      const from = this.turns.get(owner) ?? aim;
      const way = ((from - aim + Math.PI * 3) % (Math.PI * 2)) - Math.PI;
      this.turns.set(owner, aim + way * left);
    }
  }

  /** @param {DrawnShot} shot */
  paintShot({ x, y, vx, vy, owner }) {
    const { context } = this;
    const colour = accentOf(this.palette, owner);
    const speed = Math.hypot(vx, vy) || 1;
    const [dx, dy] = [vx / speed, vy / speed];
    context.globalCompositeOperation = "lighter";
    shine(context, colour, x, y, 8, 0.85);
    context.lineCap = "round";
    for (const [long, wide, paint] of /** @type {[number, number, string][]} */ ([[7, 1.9, fade(colour, 0.55)], [4.5, 1.3, colour], [2.6, 0.9, "#ffffff"]])) {
      context.strokeStyle = paint;
      context.lineWidth = wide;
      context.beginPath();
      context.moveTo(x - dx * long, y - dy * long);
      context.lineTo(x + dx, y + dy);
      context.stroke();
    }
    context.globalCompositeOperation = "source-over";
  }

  /** @param {import("./sight.js").Own} own @param {number} now: where its gun points, and whether it is quick */
  paintAim({ ship, rapid }, now) {
    const { context, palette } = this;
    const [dx, dy] = [Math.cos(ship.aim), Math.sin(ship.aim)];
    const colour = rapid > 0 ? palette.rapid : accentOf(palette, ship.owner);
    const line = context.createLinearGradient(ship.x + dx * 9, ship.y + dy * 9, ship.x + dx * 46, ship.y + dy * 46);
    line.addColorStop(0, fade(colour, 0.38));
    line.addColorStop(1, fade(colour, 0));
    context.strokeStyle = line;
    context.lineWidth = 0.7;
    context.beginPath();
    context.moveTo(ship.x + dx * 9, ship.y + dy * 9);
    context.lineTo(ship.x + dx * 46, ship.y + dy * 46);
    context.stroke();
    if (rapid <= 0) return;
    context.globalCompositeOperation = "lighter";
    shine(context, palette.rapid, ship.x, ship.y, 21, 0.45 + (this.effects.calm ? 0 : 0.15 * Math.sin(now / 70)));
    context.globalCompositeOperation = "source-over";
  }

  /** @param {DrawnPickup} pickup @param {number} now */
  paintPickup({ x, y, repairs, there, id }, now) {
    const { context, effects } = this;
    const colour = repairs ? this.palette.repair : this.palette.rapid;
    context.lineWidth = 0.6;
    context.strokeStyle = fade(colour, there ? 0.55 : 0.18);
    context.beginPath();
    context.arc(x, y, 6.5, 0, Math.PI * 2);
    context.stroke();
    if (!there) return;
    const pulse = effects.calm ? 0.5 : 0.5 + 0.5 * Math.sin(now / 420 + id);
    context.globalCompositeOperation = "lighter";
    shine(context, colour, x, y, 13 + pulse * 3, 0.5 + pulse * 0.2);
    context.globalCompositeOperation = "source-over";
    context.fillStyle = colour;
    context.beginPath();
    if (repairs) {
      context.rect(x - 1, y - 3.2, 2, 6.4);
      context.rect(x - 3.2, y - 1, 6.4, 2);
    } else {
      context.moveTo(x + 1.4, y - 4);
      context.lineTo(x - 2.8, y + 0.7);
      context.lineTo(x - 0.3, y + 0.7);
      context.lineTo(x - 1.4, y + 4);
      context.lineTo(x + 2.8, y - 0.7);
      context.lineTo(x + 0.3, y - 0.7);
    }
    context.fill();
  }

  /** @param {DrawnShip} ship is none any more */
  paintWreck({ x, y, aim, hp, hpMax }) {
    // Before its first ship a player's wreck is nowhere.
    if (hp === 0 && hpMax > 0 && x === 0 && y === 0) return;
    const { context } = this;
    context.save();
    context.translate(x, y);
    context.rotate(aim + 0.7);
    context.strokeStyle = "rgba(151, 162, 208, 0.35)";
    context.lineWidth = 0.7;
    context.beginPath();
    context.moveTo(-4, -2);
    context.lineTo(-1, 1.5);
    context.lineTo(-3, 3.5);
    context.moveTo(1, -3);
    context.lineTo(4, -0.5);
    context.lineTo(1.6, 2.6);
    context.stroke();
    context.restore();
  }

  /** @param {number} now: the rim of the screen on the side from which the own ship was hit */
  paintHurt(now) {
    const { at, part, angle } = this.happenings.hurt;
    const left = 1 - (now - at) / HURT_MS;
    if (left <= 0) return;
    const { context, camera, palette, effects } = this;
    const { width, height } = camera;
    const strength = left * left * (effects.calm ? 0.3 : 0.35 + part);
    const [x, y] = [width / 2 - Math.cos(angle) * width * 0.28, height / 2 - Math.sin(angle) * height * 0.28];
    const reach = Math.hypot(width, height) * 0.62;
    const light = context.createRadialGradient(x, y, reach * 0.45, x, y, reach);
    light.addColorStop(0, fade(palette.danger, 0));
    light.addColorStop(1, fade(palette.danger, Math.min(strength, 0.5)));
    context.fillStyle = light;
    context.fillRect(0, 0, width, height);
  }
}
