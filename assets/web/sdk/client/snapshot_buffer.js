// The frames of late, for drawing others between two of them.

/** @typedef {import("./world.js").Rows} Rows */
/** @typedef {{ tick: number, rows: Rows[] }} Snapshot */

/** The last frames of a stream, oldest first. */
export class SnapshotBuffer {
  /** @param {number} kept how many; with 0 nothing is ever kept */
  constructor(kept) {
    this.kept = kept;
    /** @type {Snapshot[]} */
    this.frames = [];
  }

  /**
   * Copies a frame in; one that is not later than the last starts the buffer anew.
   *
   * @param {number} tick
   * @param {(Rows & { plan: { words: number } })[]} classes
   */
  push(tick, classes) {
    if (this.kept <= 0) return;
    const newest = this.frames.at(-1);
    if (newest && tick <= newest.tick) this.clear();
    if (this.frames.length >= this.kept) this.frames.shift();
    const rows = classes.map(({ count, taken, names, words, plan }) => ({
      count,
      taken: taken.slice(0, count),
      names: names.slice(0, count),
      words: words.slice(0, count * plan.words),
    }));
    this.frames.push({ tick, rows });
  }

  /** @param {number} tick forgets the frames from it on: they were not as predicted */
  forgetFrom(tick) {
    while ((this.frames.at(-1)?.tick ?? -1) >= tick) this.frames.pop();
  }

  /** Forgets all frames. */
  clear() {
    this.frames = [];
  }

  /**
   * What to draw at a moment: before the first frame the first, after the last the last.
   *
   * @param {number} moment in ticks
   * @returns {{ from: Snapshot, to: Snapshot, fraction: number } | null} null without frames
   */
  around(moment) {
    const { frames } = this;
    const from = frames.findLast(({ tick }) => tick <= moment) ?? frames[0];
    if (!from) return null;
    const to = frames.find(({ tick }) => tick > moment) ?? from;
    const span = to.tick - from.tick;
    return { from, to, fraction: span > 0 ? (moment - from.tick) / span : 0 };
  }
}
