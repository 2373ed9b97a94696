// What never changes in a match, read from the world's rows once: the map, the rules, the ships.

/** @typedef {import("../../sdk/index.js").Client} Client */
/** @typedef {{ x: number, y: number, width: number, height: number }} Wall in units */
/** @typedef {{ number: number, name: string, hp: number, speed: number, boost: number, cooldown: number, damage: number }} Kind */
/**
 * @typedef {object} Scenery
 * @property {number} width in units
 * @property {number} height
 * @property {number} radius of a ship
 * @property {number} shotSpeed units per tick
 * @property {number} shotTicks
 * @property {number} endsAt a tick
 * @property {number} scoreLimit
 * @property {Kind[]} kinds by number
 * @property {Wall[]} walls
 */

/** Steps in a unit: rows of rules speak of steps. */
const STEPS = 16;

/** The names of the ships that come with the game. Rows have none. */
const NAMES = ["Fighter", "Scout", "Hauler"];

/** Reads the scenery again after what is known of the world became void. */
export class SceneryReader {
  constructor() {
    /** @type {Scenery | null} */
    this.scenery = null;
  }

  /** @param {Client} client */
  attach(client) {
    this.scenery = null;
    client.on("reset", () => (this.scenery = null));
    client.on("joined", () => (this.scenery = null));
  }

  /** @param {Client} client @returns {Scenery | null} null before it came */
  read(client) {
    this.scenery ??= read(client);
    return this.scenery;
  }
}

/** @param {Client} client @returns {Scenery | null} */
function read({ world }) {
  const rules = world.first("Rules");
  if (!rules) return null;
  const kinds = world.toObjects("ShipKind").map(({ number, hp, speed, boost, cooldown, damage }) => {
    return { number, name: NAMES[number] ?? `Ship ${number + 1}`, hp, speed, boost, cooldown, damage };
  });
  return {
    width: rules.width,
    height: rules.height,
    radius: rules.ship_radius / STEPS,
    shotSpeed: rules.shot_speed / STEPS,
    shotTicks: rules.shot_ticks,
    endsAt: rules.ends_at,
    scoreLimit: rules.score_limit,
    kinds: kinds.sort((a, b) => a.number - b.number),
    walls: world.toObjects("Wall").map(({ x, y, width, height }) => ({ x, y, width, height })),
  };
}

/** @param {Scenery} scenery @param {number} x @param {number} y @param {number} [margin] @returns {boolean} whether something solid is there */
export function isSolid({ width, height, walls }, x, y, margin = 0) {
  if (x < margin || y < margin || x > width - margin || y > height - margin) return true;
  return walls.some((wall) => x > wall.x - margin && y > wall.y - margin && x < wall.x + wall.width + margin && y < wall.y + wall.height + margin);
}
