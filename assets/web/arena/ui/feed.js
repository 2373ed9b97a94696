// Who destroyed whom, and what concerns oneself: lines that come and go.

import { announce } from "./announcer.js";
import { accentClass, find, make } from "./elements.js";

/** @typedef {import("../../sdk/index.js").Client} Client */

/** How many lines there are at most, and how long each stands, in ms. */
const LINES_MAX = 5;
const STANDS_MS = 6000;

const feed = find("feed", HTMLElement);

/** @param {Client} client @param {number} player @returns {HTMLElement} its name in its colour */
function nameOf(client, player) {
  const name = client.roster.get(player)?.name || `Pilot ${player + 1}`;
  const own = player === client.player;
  return make("b", { class: accentClass(player) }, own ? "You" : name);
}

/** @param {boolean} concerns whether it concerns the player @param {...(Node | string)} parts */
export function tell(concerns, ...parts) {
  const line = make("li", concerns ? { class: "own" } : {}, ...parts);
  feed.append(line);
  while (feed.children.length > LINES_MAX) feed.firstElementChild?.remove();
  setTimeout(() => line.remove(), STANDS_MS);
}

/** @param {Client} client */
export function attachFeed(client) {
  client.on("event", (event) => {
    const own = client.player;
    if (event.name === "Destroyed") {
      const { victim, by } = event;
      tell(own !== null && (victim === own || by === own), nameOf(client, by), victim === by ? " crashed" : " ✦ ", nameOf(client, victim));
      if (by === own) announce(`You destroyed ${client.roster.get(victim)?.name || "a ship"}`);
      else if (victim === own) announce(`${client.roster.get(by)?.name || "Somebody"} destroyed you`);
    } else if (event.name === "PickedUp") {
      tell(true, event.kind === 0 ? "Hull repaired" : "Rapid fire!");
    }
  });
}
