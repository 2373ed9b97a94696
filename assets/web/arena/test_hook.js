// `window.arena`: what tests of the page, and curious people, may look at. Reading it changes nothing.

/** @typedef {import("./session.js").Session} Session */
/** @typedef {import("./view/stage.js").Stage} Stage */

/**
 * - `arena.client`: the SDK's client
 * - `arena.statistics()`: its statistics, as plain data
 * - `arena.drawn()`: `{ frames, at, own: { x, y, alive, screen: { x, y } } | null, ships: [{ player, x, y, colour }], ratio, frameMs }`
 *   of the last picture: how many there were, when it was painted (ms), the own ship and all ships in
 *   units, where the own ship is on the screen, pixels per CSS pixel, and how long pictures take of late
 * - `arena.replay()`: `{ tick, ticks, paused, speed }` of the recorded match that is watched, `tick` as drawn; or null
 *
 * @param {Session} session
 * @param {Stage} stage
 * @param {import("./ui/timeline.js").Timeline | null} timeline
 */
export function exposeToTests(session, stage, timeline) {
  const arena = {
    get client() {
      return session.client;
    },
    statistics: () => ({ ...session.client.stats }),
    drawn: () => stage.drawn(),
    replay: () => timeline?.read() ?? null,
  };
  Object.defineProperty(window, "arena", { value: Object.freeze(arena) });
}
