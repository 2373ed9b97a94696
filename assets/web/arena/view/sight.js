// What there is to draw at a moment, gathered from the client: others as they were a little ago,
// oneself as it is now.

/** @typedef {import("../../sdk/index.js").Client} Client */
/** @typedef {import("./scenery.js").Scenery} Scenery */
/**
 * @typedef {object} DrawnShip
 * @property {number} id
 * @property {number} owner
 * @property {number} kind
 * @property {number} x
 * @property {number} y
 * @property {number} vx units per tick
 * @property {number} vy
 * @property {number} aim radians
 * @property {number} hp
 * @property {number} hpMax
 * @property {number} score
 * @property {boolean} alive
 * @property {boolean} isOwn
 * @property {string} name
 * @property {number | null} team
 */
/** @typedef {{ id: number, owner: number, x: number, y: number, vx: number, vy: number }} DrawnShot */
/** @typedef {{ id: number, x: number, y: number, repairs: boolean, there: boolean }} DrawnPickup */
/**
 * @typedef {object} Own
 * @property {DrawnShip} ship
 * @property {number} cooldown ticks
 * @property {number} rapid ticks
 * @property {number} respawnIn ticks
 * @property {number} nextKind
 * @property {{ tick: number, state: any, drawn: number[], error: number } | null} predicted
 */
/**
 * @typedef {object} Sight
 * @property {number} now ms
 * @property {number} dt ms since the last one
 * @property {number} tick of the view, with its fraction
 * @property {Scenery} scenery
 * @property {DrawnShip[]} ships
 * @property {DrawnShot[]} shots
 * @property {DrawnPickup[]} pickups
 * @property {Record<string, any>[]} events whose moment the view has passed
 * @property {number | null} seat of who looks
 * @property {Own | null} own
 */

/** Steps in a unit. */
const STEPS = 16;

/**
 * @param {Client} client
 * @param {Scenery} scenery
 * @param {number} now ms
 * @param {number} dt ms since the last one
 * @param {number | null} aim where the own gun points on this very frame, radians
 * @returns {Sight | null} null before the first frame
 */
export function look(client, scenery, now, dt, aim) {
  const view = client.interpolate(now);
  if (!view) return null;
  const seat = client.player;
  const ships = view.all("Ship").map((row) => drawnShip(client, scenery, row));
  const own = seat === null ? null : ownPart(client, scenery, ships, now, aim);
  return {
    now,
    dt,
    tick: view.tick,
    scenery,
    ships,
    shots: view.all("Projectile").map(({ id, owner, position, velocity }) => {
      return { id, owner, x: position[0], y: position[1], vx: velocity[0], vy: velocity[1] };
    }),
    pickups: view.all("Pickup").map(({ id, position, kind, there }) => {
      return { id, x: position[0], y: position[1], repairs: kind === 0, there };
    }),
    events: view.events,
    seat,
    own,
  };
}

/** @param {Client} client @param {Scenery} scenery @param {Record<string, any>} row @returns {DrawnShip} */
function drawnShip(client, scenery, row) {
  const { id, owner, kind, position, velocity, aim, hp, score, alive } = row;
  const seat = client.roster.get(owner);
  return {
    id,
    owner,
    kind,
    x: position[0],
    y: position[1],
    vx: velocity[0],
    vy: velocity[1],
    aim,
    hp,
    hpMax: scenery.kinds[kind]?.hp ?? 100,
    score,
    alive,
    isOwn: owner === client.player,
    name: seat?.name || `Pilot ${owner + 1}`,
    team: seat?.team ?? null,
  };
}

/**
 * The own ship, ahead of the others: in its own place in `ships`.
 *
 * @param {Client} client
 * @param {Scenery} scenery
 * @param {DrawnShip[]} ships
 * @param {number} now
 * @param {number | null} aim
 * @returns {Own | null}
 */
function ownPart(client, scenery, ships, now, aim) {
  const cockpit = client.own.first("Cockpit");
  const row = cockpit && client.world.get("Ship", cockpit.ship);
  if (!cockpit || !row || row.owner !== client.player) return null;
  const ship = drawnShip(client, scenery, row);
  const predicted = client.predict(now);
  if (predicted) {
    const { drawn, state } = predicted;
    // Until the match's time is known there is nothing to draw between two ticks.
    [ship.x, ship.y] = drawn.length === 2 ? drawn : [state.position[0] / STEPS, state.position[1] / STEPS];
    [ship.vx, ship.vy] = [state.velocity[0] / STEPS, state.velocity[1] / STEPS];
    ship.aim = aim ?? ship.aim;
  }
  const at = ships.findIndex(({ owner }) => owner === client.player);
  if (at < 0) ships.push(ship);
  else ships[at] = ship;
  return {
    ship,
    cooldown: predicted?.state.cooldown ?? cockpit.cooldown,
    rapid: predicted?.state.rapid ?? cockpit.rapid,
    respawnIn: cockpit.respawn_in,
    nextKind: cockpit.next_kind,
    predicted,
  };
}
