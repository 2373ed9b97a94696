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
    /** @type {Snapshot[]} Frames that were forgotten, to be filled again. */
    this.spare = [];
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
    if (this.frames.length >= this.kept) this.forget();
    const frame = this.spare.pop() ?? { tick, rows: [] };
    frame.tick = tick;
    classes.forEach((from, at) => copy(from, from.plan.words, (frame.rows[at] ??= emptyRows())));
    frame.rows.length = classes.length;
    this.frames.push(frame);
  }

  /** Forgets all frames. */
  clear() {
    while (this.frames.length > 0) this.forget();
  }

  /** Forgets the oldest frame. */
  forget() {
    const frame = this.frames.shift();
    if (frame && this.spare.length < 2) this.spare.push(frame);
  }

  /**
   * What to draw at a moment: before the first frame the first, after the last the last.
   *
   * @param {number} moment in ticks
   * @returns {{ from: Snapshot, to: Snapshot, fraction: number } | null} null without frames
   */
  around(moment) {
    const { frames } = this;
    if (frames.length === 0) return null;
    let after = frames.length;
    while (after > 0 && frames[after - 1].tick > moment) after--;
    const from = frames[Math.max(after - 1, 0)];
    if (after === 0 || after === frames.length) return { from, to: from, fraction: 0 };
    const to = frames[after];
    return { from, to, fraction: (moment - from.tick) / (to.tick - from.tick) };
  }
}

/** @returns {Rows} */
function emptyRows() {
  return { count: 0, taken: new Uint8Array(0), names: new Uint32Array(0), words: new Uint32Array(0) };
}

/** @param {Rows} from @param {number} width words of a row @param {Rows} into */
function copy(from, width, into) {
  if (into.taken.length < from.count || into.words.length < from.count * width) {
    const room = Math.ceil(from.count * 1.5);
    into.taken = new Uint8Array(room);
    into.names = new Uint32Array(room);
    into.words = new Uint32Array(room * width);
  }
  into.count = from.count;
  into.taken.set(from.taken.subarray(0, from.count));
  into.names.set(from.names.subarray(0, from.count));
  into.words.set(from.words.subarray(0, from.count * width));
}
