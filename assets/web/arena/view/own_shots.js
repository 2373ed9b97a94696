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
 * @property {number} number among the own ones, from 1
 * @property {number} firedAt a tick
 * @property {number} x where it was then
 * @property {number} y
 * @property {number} vx units per tick
 * @property {number} vy
 * @property {number} ageMax ticks until a wall or its end
 * @property {boolean} hitsWall
 * @property {number | null} id of the server's shot, once it is seen
 * @property {number} off by how many ticks the server fired it later
 * @property {boolean} isOver
 */

/** How many times the gap between both times it takes to get from one to the other. */
const WARP = 2.5;

/** How far beside the server's shot its forerunner may be, in units, and how far ahead or behind, in ticks. */
const BESIDE_UNITS = 6;
const AHEAD_TICKS = 5;

/** The gun's time may be off by so many ticks before it is set right at once. */
const OFF_TICKS_MAX = 6;

/** How much of a difference in time is made good with each picture. */
const PUT_RIGHT = 0.1;

/** After how many ticks of the view a shot that is not confirmed is none. */
const UNCONFIRMED_TICKS = 5;

/** Shots ahead of the server. */
export class OwnShots {
  constructor() {
    /** @type {OwnShot[]} */
    this.shots = [];
    this.fired = 0;
    this.lastFired = -1;
    this.lastTick = -1;
    this.tickAt = 0;
    /** The gun's time, in ticks, without jumps. */
    this.ahead = -1;
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
    const ahead = this.keepTime(sight, predicted?.tick ?? this.lastTick, tickMs);
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
        drawn.push({ id: -shot.number, owner: sight.seat ?? 0, x: x + vx * age, y: y + vy * age, vx, vy });
      }
    }
    const known = new Set([...over, ...this.shots.flatMap(({ id }) => (id === null ? [] : [id]))]);
    return { fired, drawn, ended, known };
  }

  /**
   * Inputs are sent now and then; a shot flies evenly.
   *
   * @param {Sight} sight
   * @param {number} tick of the last input
   * @param {number} tickMs
   * @returns {number} the gun's time, in ticks
   */
  keepTime({ now, dt }, tick, tickMs) {
    if (tick !== this.lastTick) {
      this.lastTick = tick;
      this.tickAt = now;
    }
    this.ahead += dt / tickMs;
    const off = this.lastTick + Math.min((now - this.tickAt) / tickMs, 2) - this.ahead;
    this.ahead += Math.abs(off) > OFF_TICKS_MAX ? off : off * PUT_RIGHT;
    return this.ahead;
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
    const isNew = state.cooldown > 0 && tick - firedAt <= AHEAD_TICKS && firedAt > this.lastFired + 2;
    if (!isNew) return false;
    this.lastFired = firedAt;
    const back = tick - firedAt;
    const angle = (state.aim / 256) * 2 * Math.PI;
    const [vx, vy] = [Math.cos(angle) * scenery.shotSpeed, Math.sin(angle) * scenery.shotSpeed];
    const [x, y] = [(state.position[0] - state.velocity[0] * back) / 16, (state.position[1] - state.velocity[1] * back) / 16];
    /** @type {OwnShot} */
    const shot = { number: ++this.fired, firedAt, x, y, vx, vy, ageMax: scenery.shotTicks, hitsWall: false, id: null, off: 0, isOver: false };
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
        for (const [id, other] of seen) {
          const off = known.has(id) ? null : offOf(shot, other, tick);
          if (off === null) continue;
          shot.id = id;
          shot.off = off;
          known.add(id);
          break;
        }
      }
      shot.firedAt += shot.off * PUT_RIGHT;
      shot.off -= shot.off * PUT_RIGHT;
    }
    this.shots = this.shots.filter(({ id, firedAt }) => tick - firedAt < (id === null ? UNCONFIRMED_TICKS : scenery.shotTicks + UNCONFIRMED_TICKS));
    return over;
  }
}

/**
 * @param {OwnShot} shot
 * @param {DrawnShot} other of the server
 * @param {number} tick of the view
 * @returns {number | null} by how many ticks the server fired it later; null if it is another shot
 */
function offOf({ x, y, vx, vy, firedAt }, other, tick) {
  const speed = Math.hypot(vx, vy) || 1;
  const [dx, dy] = [other.x - x, other.y - y];
  const beside = Math.abs(dx * vy - dy * vx) / speed;
  const off = tick - firedAt - (dx * vx + dy * vy) / (speed * speed);
  return beside > BESIDE_UNITS || Math.abs(off) > AHEAD_TICKS ? null : off;
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
