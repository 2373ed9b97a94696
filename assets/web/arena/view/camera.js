// Which part of the map is on the screen. Lengths on the map are in units, on the screen in CSS pixels.

/** The square root of the units that are seen at once, and the least CSS pixels of a unit. */
const VIEW_UNITS = 390;
const SCALE_MIN = 1.8;

/** How fast a jump from one target to another, and what is looked ahead, ease; in ms, e-fold. */
const EASE_MS = 140;

/** A target that moves further in a frame has jumped, in units. */
const JUMP_UNITS = 40;

/** The farthest that is eased over; beyond that the picture cuts. */
const EASE_UNITS_MAX = 1200;

/** How far a shake throws at most, in CSS pixels, and how fast it fades, in ms. */
const SHAKE_MAX = 9;
const SHAKE_MS = 110;

/** How much of what is beyond the map is seen at its edge, in parts of the screen. */
const BEYOND = 0.16;

/** The camera. */
export class Camera {
  constructor() {
    /** Its middle. */
    this.x = 500;
    this.y = 500;
    this.width = 1;
    this.height = 1;
    /** CSS pixels per unit. */
    this.scale = 2;
    /** The scale that it goes to, as a factor of the usual. */
    this.zoom = 1;
    this.eased = 1;
    this.behind = { x: 0, y: 0 };
    this.ahead = { x: 0, y: 0 };
    this.target = { x: 500, y: 500 };
    this.shaken = 0;
    /** Whether less should move. */
    this.calm = false;
    this.isNew = true;
  }

  /** @param {number} width of the screen @param {number} height */
  resize(width, height) {
    this.width = width;
    this.height = height;
  }

  /** @returns {number} CSS pixels per unit without zoom */
  get usual() {
    return Math.max(Math.sqrt(this.width * this.height) / VIEW_UNITS, SCALE_MIN);
  }

  /**
   * @param {{ x: number, y: number }} target its place on the map
   * @param {{ x: number, y: number }} lookahead how far beyond it to look, in parts of the screen
   * @param {{ width: number, height: number }} map
   * @param {number} dt ms since the last call
   */
  follow(target, lookahead, map, dt) {
    const jumped = Math.hypot(target.x - this.target.x, target.y - this.target.y);
    if (this.isNew || jumped > EASE_UNITS_MAX || (jumped > JUMP_UNITS && this.calm)) this.behind = { x: 0, y: 0 };
    else if (jumped > JUMP_UNITS) {
      this.behind.x += this.target.x - target.x;
      this.behind.y += this.target.y - target.y;
    }
    this.isNew = false;
    this.target = { x: target.x, y: target.y };
    const left = Math.exp(-dt / EASE_MS);
    this.behind.x *= left;
    this.behind.y *= left;
    this.eased = this.zoom + (this.eased - this.zoom) * Math.exp(-dt / 220);
    this.scale = this.usual * this.eased;
    const [across, along] = [this.width / this.scale, this.height / this.scale];
    const wanted = {
      x: inside(target.x + lookahead.x * across, across, map.width) - target.x,
      y: inside(target.y + lookahead.y * along, along, map.height) - target.y,
    };
    this.ahead.x = wanted.x + (this.ahead.x - wanted.x) * left;
    this.ahead.y = wanted.y + (this.ahead.y - wanted.y) * left;
    this.shaken *= Math.exp(-dt / SHAKE_MS);
    const throwBy = () => ((Math.random() * 2 - 1) * this.shaken) / this.scale;
    const shakes = this.shaken > 0.2;
    this.x = target.x + this.behind.x + this.ahead.x + (shakes ? throwBy() : 0);
    this.y = target.y + this.behind.y + this.ahead.y + (shakes ? throwBy() : 0);
  }

  /** @param {number} strength from 0 to 1 */
  shake(strength) {
    if (!this.calm) this.shaken = Math.min(this.shaken + strength * SHAKE_MAX, SHAKE_MAX);
  }

  /** @param {number} x @returns {number} where that is on the screen */
  screenX(x) {
    return (x - this.x) * this.scale + this.width / 2;
  }

  /** @param {number} y @returns {number} where that is on the screen */
  screenY(y) {
    return (y - this.y) * this.scale + this.height / 2;
  }

  /** @returns {{ left: number, top: number, right: number, bottom: number }} what is seen of the map */
  get sight() {
    const [half, tall] = [this.width / 2 / this.scale, this.height / 2 / this.scale];
    return { left: this.x - half, top: this.y - tall, right: this.x + half, bottom: this.y + tall };
  }

  /** @param {number} x @param {number} y @param {number} reach in units @returns {boolean} whether it is seen */
  sees(x, y, reach) {
    const across = this.width / 2 / this.scale + reach;
    const along = this.height / 2 / this.scale + reach;
    return Math.abs(x - this.x) < across && Math.abs(y - this.y) < along;
  }
}

/**
 * @param {number} middle of what is seen
 * @param {number} seen units
 * @param {number} side of the map
 * @returns {number} the middle, moved so that little is seen beyond the map
 */
function inside(middle, seen, side) {
  const least = seen * (0.5 - BEYOND);
  return least * 2 > side ? side / 2 : Math.min(Math.max(middle, least), side - least);
}
