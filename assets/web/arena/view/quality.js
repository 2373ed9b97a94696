// How sharp and rich the picture may be, so that it keeps up with the display.

/** Levels: the most pixels per CSS pixel, and whether stars and mist are painted. */
const LEVELS = [
  { ratioMax: 2, isRich: true },
  { ratioMax: 1.5, isRich: true },
  { ratioMax: 1, isRich: true },
  { ratioMax: 1, isRich: false },
];

/** Pictures that take longer than this are too slow, in ms. */
const SLOW_MS = 24;

/** How long pictures have to be slow before a level is given up, and after a pause; in ms. */
const PATIENCE_MS = 2500;

/** A pause: the page was hidden, or the browser busy; in ms. */
const PAUSE_MS = 250;

/** Watches how long pictures take. */
export class Quality {
  constructor() {
    this.level = 0;
    /** How long a picture takes of late, in ms. */
    this.frameMs = 16;
    this.lastAt = 0;
    this.slowSince = Infinity;
  }

  /** @returns {number} the most pixels per CSS pixel */
  get ratioMax() {
    return LEVELS[this.level].ratioMax;
  }

  /** @returns {boolean} whether stars and mist are painted */
  get isRich() {
    return LEVELS[this.level].isRich;
  }

  /** @param {number} now ms, of a picture @returns {boolean} whether the level changed */
  measure(now) {
    const took = now - this.lastAt;
    this.lastAt = now;
    if (took > PAUSE_MS) {
      this.slowSince = Infinity;
      return false;
    }
    this.frameMs += (took - this.frameMs) * 0.05;
    if (this.frameMs < SLOW_MS) this.slowSince = Infinity;
    else this.slowSince = Math.min(this.slowSince, now);
    if (now - this.slowSince < PATIENCE_MS || this.level === LEVELS.length - 1) return false;
    this.level += 1;
    this.slowSince = Infinity;
    return true;
  }
}
