// What there is to draw: the worlds as they were told, those of late, and events on their way. It
// outlives connections, so that a page goes on drawing while the next one is made.

import { readRow } from "../shared/replicated.js";
import { SnapshotBuffer } from "./snapshot_buffer.js";
import { View, World } from "./world.js";

/** @typedef {import("../shared/schema.js").Schema} Schema */
/** @typedef {import("../shared/stream/decoder.js").StreamDecoder} StreamDecoder */
/** @typedef {import("../shared/stream/state.js").EventWords} EventWords */
/** @typedef {import("./since_frame.js").GameEvent} GameEvent */

/** The most events that wait to be seen. */
const EVENTS_MAX = 1024;

/** How late an event may be seen, in seconds: after a pause what is past is past. */
const EVENT_SECONDS_MAX = 0.5;

/** The worlds of one client. */
export class Scene {
  /** @param {number} kept how many frames are kept to draw from */
  constructor(kept) {
    this.world = new World(false);
    this.own = new World(true);
    this.view = new View();
    this.snapshots = new SnapshotBuffer(kept);
    /** @type {GameEvent[]} */
    this.events = [];
  }

  /** Forgets everything: another timeline begins. */
  clear() {
    this.world.clear();
    this.own.clear();
    this.view.clear();
    this.snapshots.clear();
    this.events = [];
  }

  /**
   * All streams have reached a tick.
   *
   * @param {Schema} schema
   * @param {number} tick
   * @param {StreamDecoder | null} common
   * @param {StreamDecoder | null} own
   */
  show(schema, tick, common, own) {
    this.world.show(schema, common?.classes ?? [], tick);
    this.own.show(schema, own?.classes ?? [], tick);
    if (common) this.snapshots.push(tick, common.classes);
  }

  /**
   * @param {Schema} schema
   * @param {number} stream who hears it
   * @param {number} tick
   * @param {EventWords} event
   * @returns {GameEvent} the same as an object
   */
  tell(schema, stream, tick, event) {
    const data = schema.events[event.class];
    const told = { ...readRow(data, event.words, 0, {}), name: data.name, tick, stream };
    if (this.events.length === EVENTS_MAX) this.events.shift();
    this.events.push(told);
    return told;
  }

  /**
   * @param {number} moment in ticks
   * @param {number} tickRate steps per second
   * @returns {View | null} the world then; null before the first frame
   */
  interpolate(moment, tickRate) {
    const { view } = this;
    const around = this.snapshots.around(moment);
    if (!around || !this.world.schema) return null;
    view.show(this.world.schema, around.from.rows, moment);
    view.to = around.to.rows;
    view.fraction = around.fraction;
    const past = moment - EVENT_SECONDS_MAX * tickRate;
    view.events = this.events.filter(({ tick }) => tick <= moment && tick > past);
    this.events = this.events.filter(({ tick }) => tick > moment);
    return view;
  }

  /** @returns {View | null} the last view again, while there is no connection; null before the first */
  still() {
    const { view } = this;
    view.events = [];
    return view.schema && view.rows.length > 0 && this.snapshots.frames.length > 0 ? view : null;
  }
}
