// What is always on the screen: time and goal, leaders, hull, gun, the ship, the room.

import { invitation } from "../address.js";
import { totals } from "../teams.js";
import { announce } from "./announcer.js";
import { accentClass, find, make, say } from "./elements.js";
import { mark, teamScores } from "./team_mark.js";

/** @typedef {import("../../sdk/index.js").Client} Client */
/** @typedef {import("../view/sight.js").Sight} Sight */
/** @typedef {import("../view/sight.js").DrawnShip} DrawnShip */

/** How often texts change at most, in ms. */
const EVERY_MS = 100;

/** How many leaders are shown beside oneself. */
const LEADERS = 5;

const round = find("round", HTMLElement);
const clock = find("clock", HTMLElement);
const goal = find("goal", HTMLElement);
const standing = find("standing", HTMLElement);
const cockpit = find("cockpit", HTMLElement);
const hull = find("hull", HTMLElement);
const gun = find("gun", HTMLElement);
const hint = find("hint", HTMLElement);
const big = find("big", HTMLElement);
const invite = find("invite", HTMLButtonElement);
const roomCode = find("room-code", HTMLElement);
const hullBar = /** @type {HTMLElement} */ (hull.firstElementChild);
const hullText = /** @type {HTMLElement} */ (hull.lastElementChild);
const gunBar = /** @type {HTMLElement} */ (gun.firstElementChild);

/** The heads-up display. */
export class Hud {
  constructor() {
    this.saidAt = -Infinity;
    /** @type {string | null} */
    this.code = null;
    this.isTouch = matchMedia("(pointer: coarse)").matches;
    invite.addEventListener("click", () => void this.copyInvitation());
  }

  /** @param {Client} client */
  attach(client) {
    client.on("joined", ({ code }) => {
      this.code = code;
      invite.hidden = false;
      say(roomCode, code);
      invite.setAttribute("aria-label", `Copy a link to room ${code}`);
    });
  }

  /** @returns {Promise<string | null>} the link that leads a friend here, if it could be copied */
  async copyInvitation() {
    if (!this.code) return null;
    const link = invitation(this.code);
    const isCopied = await copy(link);
    if (isCopied) {
      say(roomCode, "Copied");
      announce("The link is copied");
    } else {
      // It is shown, to be copied by hand.
      say(roomCode, link);
    }
    setTimeout(() => this.code && say(roomCode, this.code), 2500);
    return isCopied ? link : null;
  }

  /**
   * @param {Client} client
   * @param {Sight} sight
   * @param {boolean} knowsControls
   * @param {number} tick of the match
   */
  update(client, sight, knowsControls, tick) {
    const { own, scenery, now } = sight;
    cockpit.hidden = !own;
    if (own) {
      const part = own.ship.alive ? Math.max(own.ship.hp / own.ship.hpMax, 0) : 0;
      hullBar.style.transform = `scaleX(${part})`;
      hull.classList.toggle("low", part < 0.35);
      const full = scenery.kinds[own.ship.kind]?.cooldown ?? 1;
      gunBar.style.transform = `scaleX(${own.ship.alive ? 1 - Math.min(own.cooldown / full, 1) : 0})`;
      gun.classList.toggle("rapid", own.rapid > 0);
    }
    if (now - this.saidAt < EVERY_MS) return;
    this.saidAt = now;
    const rate = client.room?.tickRate ?? 30;
    round.hidden = client.phase.name !== "running";
    if (!round.hidden) {
      say(clock, duration(Math.max(scenery.endsAt - tick, 0) / rate));
      say(goal, `first to ${scenery.scoreLimit}`);
    }
    if (own) {
      say(hullText, own.ship.alive ? String(own.ship.hp) : "");
      hull.setAttribute("aria-valuenow", String(own.ship.alive ? own.ship.hp : 0));
      hull.setAttribute("aria-valuemax", String(own.ship.hpMax));
    }
    const waits = own !== null && !own.ship.alive && client.phase.name === "running" && own.respawnIn > 0;
    say(big, waits ? String(Math.ceil(own.respawnIn / rate)) : "");
    const moves = this.isTouch ? "Left thumb flies, right thumb aims and fires" : "WASD to fly · mouse to aim and fire · Shift to boost · Tab for scores";
    say(hint, waits ? "You were destroyed: back in a moment" : knowsControls || round.hidden ? "" : moves);
    this.lead(sight.ships);
  }

  /** @param {DrawnShip[]} ships */
  lead(ships) {
    const ranked = ranking(ships);
    const shown = ranked.slice(0, LEADERS);
    const own = ranked.find(({ isOwn }) => isOwn);
    if (own && !shown.includes(own)) shown[LEADERS - 1] = own;
    const key = shown.map(({ owner, score, name, alive, team }) => `${owner} ${score} ${name} ${alive} ${team}`).join();
    if (standing.dataset.key === key) return;
    standing.dataset.key = key;
    const rows = shown.map((ship) => {
      const row = make("li", { class: `${accentClass(ship.owner)}${ship.isOwn ? " own" : ""}${ship.alive ? "" : " gone"}` });
      row.append(make("b", { class: "number" }, String(ranked.indexOf(ship) + 1)), mark(ship.team), make("span", {}, ship.name), make("b", { class: "number" }, String(ship.score)));
      return row;
    });
    standing.replaceChildren(make("ol", {}, ...rows), teamScores(totals(ships)) ?? "");
  }
}

/** @param {string} text @returns {Promise<boolean>} whether it is in the clipboard */
async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    // Pages without TLS have no clipboard, but an older way to it.
    const field = make("textarea", { class: "unseen" }, text);
    (document.querySelector("dialog[open]") ?? document.body).append(field);
    field.select();
    const isCopied = document.execCommand("copy");
    field.remove();
    return isCopied;
  }
}

/** @param {DrawnShip[]} ships @returns {DrawnShip[]} the best first */
export function ranking(ships) {
  return [...ships].sort((a, b) => b.score - a.score || a.owner - b.owner);
}

/** @param {number} seconds @returns {string} like 4:05 */
export function duration(seconds) {
  const whole = Math.ceil(seconds);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}
