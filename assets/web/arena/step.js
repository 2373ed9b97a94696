// How an arena ship flies and fires: the part of arena that clients run ahead of the server.
//
// The twin of shared/games/src/arena/flight.rs, in the same whole numbers: positions in steps of a
// sixteenth of a unit, times in ticks. So it is right to the bit, except where others interfere; those
// causes are events.

/** Steps in a unit. */
const STEPS = 16;

/**
 * @typedef {object} Flight the state of a living ship that its player's inputs decide
 * @property {[number, number]} position its middle, in steps
 * @property {[number, number]} velocity what the last tick added to it
 * @property {number} aim where its gun points, 256 to a turn
 * @property {number} kind the number of its kind
 * @property {number} cooldown ticks until the gun is ready
 * @property {number} rapid ticks for which the gun is twice as quick
 */
/** @typedef {{ low: [number, number], high: [number, number] }} Block a rectangle in steps */
/** @typedef {{ speed: number, boost: number, cooldown: number }} ShipKind */
/** @typedef {{ size: [number, number], radius: number, kinds: Map<number, ShipKind>, blocks: Block[] }} Scenery */
/** @typedef {import("../sdk/index.js").World} World */

/** @param {number} value @returns {number} in steps */
const steps = (value) => Math.round(value * STEPS);

/** @param {number} radians @returns {number} 256 to a turn */
const aimOf = (radians) => Math.round((radians / (2 * Math.PI)) * 256) & 255;

/** The prediction of arena, for the option of that name. */
export const prediction = {
  /**
   * @param {World} world
   * @returns {Scenery | null} rules, kinds of ships and walls
   */
  scenery(world) {
    const rules = world.first("Rules");
    if (!rules) return null;
    const radius = rules.ship_radius;
    return {
      size: [rules.width * STEPS, rules.height * STEPS],
      radius,
      kinds: new Map(world.all("ShipKind").map(({ number, speed, boost, cooldown }) => [number, { speed, boost, cooldown }])),
      blocks: world.all("Wall").map(({ x, y, width, height }) => ({
        low: [x * STEPS - radius, y * STEPS - radius],
        high: [(x + width) * STEPS + radius, (y + height) * STEPS + radius],
      })),
    };
  },

  /**
   * @param {World} world
   * @param {World} own
   * @param {number} player
   * @returns {Flight | null} the own ship's, while it flies
   */
  state(world, own, player) {
    const cockpit = own.first("Cockpit");
    const ship = cockpit && world.get("Ship", cockpit.ship);
    if (!cockpit || !ship?.alive || ship.owner !== player) return null;
    return {
      position: [steps(ship.position[0]), steps(ship.position[1])],
      velocity: [steps(ship.velocity[0]), steps(ship.velocity[1])],
      aim: aimOf(ship.aim),
      kind: ship.kind,
      cooldown: cockpit.cooldown,
      rapid: cockpit.rapid,
    };
  },

  step,

  /**
   * @param {Record<string, any>} event
   * @param {number} player
   * @returns {string | null} the cause, if it changed the player's flight
   */
  touches(event, player) {
    if (event.name === "Destroyed" && event.victim === player) return "hit";
    if (event.player !== player) return null;
    if (event.name === "Respawned") return "respawn";
    if (event.name === "PickedUp" && event.kind === 1) return "pickup";
    return event.name === "ShipChanged" ? "ship" : null;
  },

  /** @param {Flight} flight @returns {number[]} its middle, in units */
  drawn: ({ position }) => [position[0] / STEPS, position[1] / STEPS],

  /** In units: a respawn is no movement. */
  snapBeyond: 60,
};

/**
 * One tick.
 *
 * @param {Flight} flight changes
 * @param {Record<string, any>} input direction, boost, fire, aim
 * @param {Scenery} scenery
 * @returns {boolean} whether the gun fired
 */
export function step(flight, input, scenery) {
  flight.aim = aimOf(input.aim);
  flight.cooldown = Math.max(flight.cooldown - 1, 0);
  flight.rapid = Math.max(flight.rapid - 1, 0);
  const kind = scenery.kinds.get(flight.kind);
  flight.velocity = [0, 0];
  if (!kind) return false;
  const velocity = velocityOf(input.direction, input.boost ? kind.boost : kind.speed);
  for (const axis of /** @type {const} */ ([0, 1])) glide(flight, axis, velocity[axis], scenery);
  const fires = input.fire && !input.boost && flight.cooldown === 0;
  if (fires) flight.cooldown = flight.rapid > 0 ? Math.ceil(kind.cooldown / 2) : kind.cooldown;
  return fires;
}

/**
 * Moves along one axis, unless something is in the way.
 *
 * @param {Flight} flight
 * @param {0 | 1} axis
 * @param {number} by
 * @param {Scenery} scenery
 */
function glide(flight, axis, by, scenery) {
  if (by === 0) return;
  /** @type {[number, number]} */
  const place = [...flight.position];
  place[axis] += by;
  if (stopsShip(place, scenery)) return;
  flight.position = place;
  flight.velocity[axis] = by;
}

/**
 * @param {[number, number]} place
 * @param {Scenery} scenery
 * @returns {boolean} whether a wall or the map's edge is in the way of a ship there
 */
function stopsShip([x, y], { size, radius, blocks }) {
  if (x < radius || y < radius || x > size[0] - radius || y > size[1] - radius) return true;
  return blocks.some(({ low, high }) => x > low[0] && y > low[1] && x < high[0] && y < high[1]);
}

/**
 * @param {number} direction 0 stops, 1 to 8 are turns of 45 degrees
 * @param {number} speed in steps per tick
 * @returns {[number, number]} what it adds to a position per tick
 */
function velocityOf(direction, speed) {
  const part = (speed * 181 + 128) >> 8;
  /** @type {[number, number][]} */
  const all = [
    [0, 0],
    [speed, 0],
    [part, part],
    [0, speed],
    [-part, part],
    [-speed, 0],
    [-part, -part],
    [0, -speed],
    [part, -part],
  ];
  return all[Math.min(direction, 8)];
}
