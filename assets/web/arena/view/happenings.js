// Finds out what happened from one picture to the next (shots fired and spent, hits, ships lost and
// new) and turns it into light, sound and shakes. Few events are told of others: most is seen.

import { isSolid } from "./scenery.js";
import { accentOf } from "./palette.js";

/** @typedef {import("./camera.js").Camera} Camera */
/** @typedef {import("./effects.js").Effects} Effects */
/** @typedef {import("./palette.js").Palette} Palette */
/** @typedef {import("./sight.js").DrawnShip} DrawnShip */
/** @typedef {import("./sight.js").DrawnShot} DrawnShot */
/** @typedef {import("./sight.js").Sight} Sight */
/** @typedef {import("../ui/sound.js").Sound} Sound */
/** @typedef {{ hp: number, alive: boolean, x: number, y: number, hitAt: number, bornAt: number }} Seen a ship in the last picture */

/** How long a ship that was hit is white, in ms. */
export const HIT_MS = 130;

/** Finds out what happened. */
export class Happenings {
  /**
   * @param {Palette} palette
   * @param {Effects} effects
   * @param {Camera} camera
   * @param {Sound} sound
   */
  constructor(palette, effects, camera, sound) {
    this.palette = palette;
    this.effects = effects;
    this.camera = camera;
    this.sound = sound;
    /** @type {Map<number, Seen>} By seat. */
    this.seen = new Map();
    /** @type {Map<number, DrawnShot>} By id. */
    this.shots = new Map();
    /** @type {Map<number, boolean>} By id, whether it was there. */
    this.pickups = new Map();
    /** When the own ship was hit, by how much, and from where. */
    this.hurt = { at: -Infinity, part: 0, angle: 0 };
    this.isNew = true;
  }

  /** What comes next is another world. */
  clear() {
    this.seen.clear();
    this.shots.clear();
    this.pickups.clear();
    this.effects.clear();
    this.isNew = true;
  }

  /**
   * @param {Sight} sight
   * @param {Set<number>} foretold ids of shots that are drawn ahead of the server
   */
  update(sight, foretold) {
    this.ships(sight);
    this.flights(sight, foretold);
    for (const pickup of sight.pickups) {
      const { id, x, y, there, repairs } = pickup;
      if (this.pickups.get(id) === !there) this.effects.ring(x, y, repairs ? this.palette.repair : this.palette.rapid, there ? 9 : 16, 420);
      this.pickups.set(id, there);
    }
    for (const event of sight.events) this.told(event, sight);
    this.isNew = false;
  }

  /** @param {Sight} sight */
  ships({ ships, now }) {
    const { palette, effects, camera, sound } = this;
    for (const ship of ships) {
      const { owner, hp, alive, x, y, isOwn } = ship;
      const before = this.seen.get(owner);
      const colour = accentOf(palette, owner);
      const seen = before ?? { hp, alive, x, y, hitAt: -Infinity, bornAt: this.isNew ? -Infinity : now };
      if (alive && !this.isNew && (!before || !before.alive)) {
        seen.bornAt = now;
        effects.ring(x, y, colour, 22, 600);
        effects.flash(x, y, colour, 30, 500);
        if (isOwn) sound.play("spawn", 1);
      } else if (before?.alive && !alive) {
        effects.explode(before.x, before.y, colour);
        const near = camera.sees(x, y, 40);
        if (isOwn || near) camera.shake(isOwn ? 1 : 0.35);
        sound.play("explosion", isOwn ? 1 : near ? 0.6 : 0);
      } else if (before?.alive && hp < before.hp) {
        seen.hitAt = now;
        effects.burst(x, y, colour, { count: 9, speed: 90, life: 380, size: 0.9 });
        effects.flash(x, y, "#ffffff", 12, 110);
        if (camera.sees(x, y, 0)) sound.play("hit", isOwn ? 1 : 0.4);
      }
      this.seen.set(owner, Object.assign(seen, { hp, alive, x, y }));
    }
    if (this.seen.size > ships.length) {
      const owners = new Set(ships.map(({ owner }) => owner));
      for (const owner of this.seen.keys()) if (!owners.has(owner)) this.seen.delete(owner);
    }
  }

  /** @param {Sight} sight @param {Set<number>} foretold */
  flights({ shots, ships, scenery }, foretold) {
    /** @type {Map<number, DrawnShot>} */
    const flying = new Map();
    /** @type {Map<number, DrawnShip> | null} */
    let byOwner = null;
    for (const shot of shots) {
      flying.set(shot.id, shot);
      if (this.shots.has(shot.id) || this.isNew || foretold.has(shot.id)) continue;
      byOwner ??= new Map(ships.map((ship) => [ship.owner, ship]));
      const from = byOwner.get(shot.owner);
      if (from?.alive) this.muzzle(from);
    }
    for (const [id, shot] of this.shots) if (!flying.has(id) && !foretold.has(id)) this.spent(shot, scenery);
    this.shots = flying;
  }

  /** @param {DrawnShip} ship fires */
  muzzle(ship) {
    const { x, y, aim, owner, isOwn } = ship;
    if (!this.camera.sees(x, y, 10)) return;
    const colour = accentOf(this.palette, owner);
    const [tipX, tipY] = [x + Math.cos(aim) * 7, y + Math.sin(aim) * 7];
    this.effects.flash(tipX, tipY, colour, 9, 90);
    this.effects.burst(tipX, tipY, colour, { count: 3, speed: 60, life: 160, size: 0.7, angle: aim, spread: 0.7 });
    this.sound.play("shot", isOwn ? 0.8 : 0.25);
    if (isOwn) this.camera.shake(0.06);
  }

  /** @param {DrawnShot} shot is no more @param {Sight["scenery"]} scenery */
  spent({ x, y, vx, vy, owner }, scenery) {
    if (!this.camera.sees(x, y, 10)) return;
    const colour = accentOf(this.palette, owner);
    const next = [0.5, 1, 1.5].find((part) => isSolid(scenery, x + vx * part, y + vy * part));
    if (next === undefined) return;
    this.sparks(x + vx * (next - 0.25), y + vy * (next - 0.25), Math.atan2(-vy, -vx), colour);
  }

  /** @param {number} x @param {number} y @param {number} angle where to @param {string} colour a shot met a wall */
  sparks(x, y, angle, colour) {
    this.effects.burst(x, y, colour, { count: 6, speed: 70, life: 300, size: 0.8, angle, spread: 2.2 });
    this.effects.flash(x, y, colour, 8, 140);
  }

  /** @param {Record<string, any>} event as the view reaches it @param {Sight} sight */
  told(event, { ships, seat }) {
    const victim = event.by === seat && ships.find(({ owner }) => owner === event.victim);
    if (!victim) return;
    if (event.name === "Destroyed") this.effects.note(victim.x, victim.y - 8, "+1", this.palette.rapid, 24);
    if (event.name !== "Hit") return;
    this.effects.note(victim.x, victim.y, String(event.damage), "#ffffff");
    this.sound.play("mark", 0.5);
  }

  /**
   * The own ship was hit: told at once, not when the view gets there.
   *
   * @param {Record<string, any>} event
   * @param {Sight} sight
   */
  struck({ damage, by }, { ships, own, now }) {
    if (!own) return;
    const { x, y, hpMax } = own.ship;
    const from = ships.find(({ owner }) => owner === by);
    this.hurt = { at: now, part: Math.min(damage / hpMax, 1), angle: from ? Math.atan2(from.y - y, from.x - x) : 0 };
    this.effects.note(x, y, `−${damage}`, this.palette.danger);
    this.camera.shake(0.25 + (damage / hpMax) * 1.2);
  }
}
