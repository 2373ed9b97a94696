// The own shots, from the moment at which the trigger is pulled.
//
// A shot leaves a gun that is ahead of the server and meets ships that are drawn behind it. So it
// starts in the gun's time and flies a little slower, until it is in the time of the others: from
// there on it is where the server has it. What the server doesn't confirm fades.

import { isSolid } from "./scenery.js";

/** @typedef {import("./sight.js").DrawnShot} DrawnShot */
/** @typedef {import("./sight.js").Sight} Sight */
/**
 * @typedef {object} OwnShot
 * @property {number} firedAt a tick
 * @property {number} x where it was then
 * @property {number} y
 * @property {number} vx units per tick
 * @property {number} vy
 * @property {number} ageMax ticks until a wall or its end
 * @property {boolean} hitsWall
 * @property {number | null} id of the server's shot, once it is seen
 * @property {boolean} isOver
 */

/** How many times the gap between both times it takes to get from one to the other. */
const WARP = 2.5;

/** How far from the server's shot its forerunner may be, in units. */
const MATCH_UNITS = 6;

/** After how many ticks of the view a shot that is not confirmed is none. */
const UNCONFIRMED_TICKS = 5;

/** Shots ahead of the server. */
export class OwnShots {
  constructor() {
    /** @type {OwnShot[]} */
    this.shots = [];
    this.lastFired = -1;
    this.lastTick = -1;
    this.tickAt = 0;
  }

  /** Forgets all. */
  clear() {
    this.shots = [];
    this.lastFired = -1;
    this.lastTick = -1;
  }

  /**
   * @param {Sight} sight
   * @param {number} tickMs
   * @returns {{ fired: boolean, drawn: DrawnShot[], ended: OwnShot[], known: Set<number> }} whether the
   *   gun fired; shots to draw; those that met a wall; ids of the server's shots that are among them, also
   *   of those that ended just now where their forerunners did before
   */
  update(sight, tickMs) {
    const predicted = sight.own?.predicted ?? null;
    const fired = predicted ? this.fire(sight, predicted) : false;
    if (predicted && predicted.tick !== this.lastTick) {
      this.lastTick = predicted.tick;
      this.tickAt = sight.now;
    }
    const ahead = this.lastTick + Math.min((sight.now - this.tickAt) / tickMs, 1);
    const over = this.match(sight);
    /** @type {DrawnShot[]} */
    const drawn = [];
    /** @type {OwnShot[]} */
    const ended = [];
    for (const shot of this.shots) {
      if (shot.isOver) continue;
      const age = drawnAge(ahead - shot.firedAt, ahead - sight.tick);
      if (age >= shot.ageMax) {
        shot.isOver = true;
        if (shot.hitsWall) ended.push(shot);
      } else {
        const { x, y, vx, vy } = shot;
        drawn.push({ id: -shot.firedAt, owner: sight.seat ?? 0, x: x + vx * age, y: y + vy * age, vx, vy });
      }
    }
    const known = new Set([...over, ...this.shots.flatMap(({ id }) => (id === null ? [] : [id]))]);
    return { fired, drawn, ended, known };
  }

  /**
   * A gun that is busier than before has fired.
   *
   * @param {Sight} sight
   * @param {{ tick: number, state: any }} predicted
   * @returns {boolean} whether it did
   */
  fire({ scenery, own }, { tick, state }) {
    const kind = scenery.kinds[state.kind];
    if (!kind || !own) return false;
    const full = state.rapid > 0 ? Math.ceil(kind.cooldown / 2) : kind.cooldown;
    const firedAt = tick - (full - state.cooldown);
    const isNew = state.cooldown > 0 && tick - firedAt <= 2 && firedAt > this.lastFired + 2;
    if (!isNew) return false;
    this.lastFired = firedAt;
    const back = tick - firedAt;
    const angle = (state.aim / 256) * 2 * Math.PI;
    const [vx, vy] = [Math.cos(angle) * scenery.shotSpeed, Math.sin(angle) * scenery.shotSpeed];
    const [x, y] = [(state.position[0] - state.velocity[0] * back) / 16, (state.position[1] - state.velocity[1] * back) / 16];
    /** @type {OwnShot} */
    const shot = { firedAt, x, y, vx, vy, ageMax: scenery.shotTicks, hitsWall: false, id: null, isOver: false };
    for (let age = 0; age < scenery.shotTicks; age += 0.25) {
      if (!isSolid(scenery, x + vx * age, y + vy * age)) continue;
      shot.ageMax = age;
      shot.hitsWall = true;
      break;
    }
    this.shots.push(shot);
    return true;
  }

  /**
   * Finds the server's shots among them, and ends those that the server ended.
   *
   * @param {Sight} sight
   * @returns {number[]} ids of those that were over before
   */
  match({ shots, seat, tick, scenery }) {
    /** @type {number[]} */
    const over = [];
    const seen = new Map(shots.filter(({ owner }) => owner === seat).map((shot) => [shot.id, shot]));
    const known = new Set(this.shots.map(({ id }) => id));
    for (const shot of this.shots) {
      if (shot.id !== null && !seen.has(shot.id)) {
        if (shot.isOver) over.push(shot.id);
        shot.isOver = true;
        shot.id = null;
        shot.firedAt = -Infinity;
      } else if (shot.id === null) {
        const age = tick - shot.firedAt;
        for (const [id, other] of seen) {
          if (known.has(id) || Math.hypot(shot.x + shot.vx * age - other.x, shot.y + shot.vy * age - other.y) > MATCH_UNITS) continue;
          shot.id = id;
          known.add(id);
          break;
        }
      }
    }
    this.shots = this.shots.filter(({ id, firedAt }) => tick - firedAt < (id === null ? UNCONFIRMED_TICKS : scenery.shotTicks + UNCONFIRMED_TICKS));
    return over;
  }
}

/**
 * @param {number} age ticks since it was fired, in the gun's time
 * @param {number} gap ticks between the gun's time and that of the others
 * @returns {number} how many ticks of its way to draw
 */
export function drawnAge(age, gap) {
  const between = Math.max(gap, 0);
  return Math.max(age - between * Math.min(age / (WARP * between || 1), 1), 0);
}
