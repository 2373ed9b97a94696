// The picture as a whole: screen size and sharpness, what is seen, what happened, what is painted.

import { Camera } from "./camera.js";
import { coloursOf } from "./colours.js";
import { Effects } from "./effects.js";
import { Happenings } from "./happenings.js";
import { Minimap } from "./minimap.js";
import { OwnShots } from "./own_shots.js";
import { Painter } from "./painter.js";
import { accentOf, readPalette } from "./palette.js";
import { Quality } from "./quality.js";
import { SceneryReader } from "./scenery.js";
import { look } from "./sight.js";

/** @typedef {import("../../sdk/index.js").Client} Client */
/** @typedef {import("../input/controls.js").Controls} Controls */
/** @typedef {import("../ui/sound.js").Sound} Sound */
/** @typedef {import("./sight.js").Sight} Sight */

/** The picture. */
export class Stage {
  /**
   * @param {HTMLCanvasElement} canvas
   * @param {HTMLCanvasElement} minimap
   * @param {Sound} sound
   */
  constructor(canvas, minimap, sound) {
    this.canvas = canvas;
    this.palette = readPalette();
    this.camera = new Camera();
    this.effects = new Effects();
    this.happenings = new Happenings(this.palette, this.effects, this.camera, sound);
    this.painter = new Painter(canvas, this.palette, this.camera, this.effects, this.happenings);
    this.minimap = new Minimap(minimap, this.palette);
    this.scenery = new SceneryReader();
    this.ownShots = new OwnShots();
    this.quality = new Quality();
    /** @type {Sight | null} */
    this.sight = null;
    this.frames = 0;
    this.followCalm();
    new ResizeObserver(() => this.resize()).observe(canvas);
    this.resize();
  }

  /** @param {Client} client */
  attach(client) {
    this.clear();
    this.scenery.attach(client);
    client.on("reset", () => this.clear());
    client.on("event", (event) => {
      if (event.name === "Hit" && event.victim === client.player && this.sight) this.happenings.struck(event, this.sight);
    });
  }

  /**
   * @param {Client["roster"]} roster whose colours hold from now on
   * @returns {Map<number, string>} those of seats that are not by number
   */
  colour(roster) {
    return (this.palette.seats = coloursOf(roster.values(), this.palette.teams));
  }

  clear() {
    this.happenings.clear();
    this.painter.clear();
    this.ownShots.clear();
    this.sight = null;
  }

  /** Fits the picture to the window. */
  resize() {
    const { clientWidth, clientHeight } = this.canvas;
    this.painter.resize(clientWidth, clientHeight, Math.min(devicePixelRatio || 1, this.quality.ratioMax));
    this.painter.backdrop.rich = this.quality.isRich;
  }

  /** @returns {{ x: number, y: number }} where the own ship is on the screen */
  get ownOnScreen() {
    const { camera, sight } = this;
    const ship = sight?.own?.ship;
    return ship ? { x: camera.screenX(ship.x), y: camera.screenY(ship.y) } : { x: camera.width / 2, y: camera.height / 2 };
  }

  /**
   * @param {Client} client
   * @param {number} now ms
   * @param {number} dt ms since the last picture
   * @param {number} aim radians
   * @returns {Sight | null} null while there is nothing to see
   */
  look(client, now, dt, aim) {
    const scenery = this.scenery.read(client);
    this.sight = scenery && look(client, scenery, now, dt, aim);
    return this.sight;
  }

  /** Paints what there is without a world. */
  showEmpty() {
    this.frames += 1;
    this.painter.paintEmpty();
  }

  /**
   * @param {Client} client
   * @param {Sight} sight
   * @param {{ x: number, y: number }} target of the camera
   * @param {Controls} controls
   */
  show(client, sight, target, controls) {
    const { camera, effects, happenings, painter, palette } = this;
    const { own, dt, seat, now } = sight;
    const flight = this.ownShots.update(sight, 1000 / (client.room?.tickRate ?? 30));
    happenings.update(sight, flight.known);
    if (flight.fired && own) happenings.muzzle(own.ship);
    for (const { x, y, vx, vy, ageMax } of flight.ended) {
      happenings.sparks(x + vx * ageMax, y + vy * ageMax, Math.atan2(-vy, -vx), accentOf(palette, seat ?? 0));
    }
    const boosts = own?.ship.alive === true && Math.hypot(own.ship.vx, own.ship.vy) > 2.2;
    camera.zoom = boosts && !effects.calm ? 0.94 : 1;
    const ahead = own?.ship.alive ? controls.lookahead(camera.width, camera.height) : { x: 0, y: 0 };
    camera.follow(target, ahead, sight.scenery, dt);
    effects.advance(dt);
    const shots = sight.shots.filter(({ id }) => !flight.known.has(id)).concat(flight.drawn);
    painter.paint(sight, shots);
    controls.thumbs.paint(painter.context, palette.ink);
    this.minimap.paint(sight, camera);
    this.frames += 1;
    if (this.quality.measure(now)) this.resize();
  }

  /** Follows the wish for less movement. */
  followCalm() {
    const query = matchMedia("(prefers-reduced-motion: reduce)");
    const apply = () => {
      this.effects.calm = query.matches;
      this.camera.calm = query.matches;
    };
    query.addEventListener("change", apply);
    apply();
  }

  /** @returns {object} what test_hook.js describes */
  drawn() {
    const { sight, frames, painter, quality, palette } = this;
    const own = sight?.own?.ship;
    return {
      frames,
      at: sight?.now ?? 0,
      own: own ? { x: own.x, y: own.y, alive: own.alive, screen: this.ownOnScreen } : null,
      ships: (sight?.ships ?? []).map(({ owner, x, y }) => ({ player: owner, x, y, colour: accentOf(palette, owner) })),
      ratio: painter.ratio,
      frameMs: quality.frameMs,
    };
  }
}
