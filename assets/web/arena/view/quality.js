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

/** How long pictures have to be quick before a level is tried again, once for each; in ms. */
const RECOVERED_MS = 15000;

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
    this.quickSince = Infinity;
    /** The best level that is still worth a try, and whether one was tried again. */
    this.best = 0;
    this.isRetry = false;
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
      this.slowSince = this.quickSince = Infinity;
      return false;
    }
    this.frameMs += (took - this.frameMs) * 0.05;
    const isSlow = this.frameMs > SLOW_MS;
    this.slowSince = isSlow ? Math.min(this.slowSince, now) : Infinity;
    this.quickSince = isSlow ? Infinity : Math.min(this.quickSince, now);
    if (now - this.slowSince > PATIENCE_MS && this.level < LEVELS.length - 1) return this.change(1);
    if (now - this.quickSince > RECOVERED_MS && this.level > this.best) return this.change(-1);
    return false;
  }

  /** @param {1 | -1} by levels @returns {boolean} true */
  change(by) {
    this.level += by;
    if (by > 0 && this.isRetry) this.best = this.level;
    this.isRetry = by < 0;
    this.slowSince = this.quickSince = Infinity;
    return true;
  }
}
