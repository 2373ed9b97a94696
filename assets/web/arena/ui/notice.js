// What stands in the way of playing, in words, and what to do next: connecting, lost, offline, played
// elsewhere, full, closed, waiting for others.

import { announce } from "./announcer.js";
import { find, make, say } from "./elements.js";

/** @typedef {import("../../sdk/index.js").Client} Client */
/** @typedef {import("../../sdk/index.js").SynclineError} SynclineError */
/** @typedef {"again" | "here" | "quick" | "fresh" | "watch" | "reload" | "invite" | "password"} Act */
/** @typedef {{ title: string, text: string, acts: Act[], busy?: boolean, quiet?: boolean }} Notice `quiet`: the game is seen behind it */

/** How long a first connection or a short loss goes unmentioned, in ms. */
const PATIENCE_MS = 400;

/** @type {Record<Act, string>} */
const LABELS = {
  again: "Try again",
  here: "Play here",
  quick: "Quick play",
  fresh: "Open a room",
  watch: "Watch instead",
  reload: "Reload the page",
  invite: "Copy an invitation",
  password: "Enter the password",
};

/** What ends say; others are told in the SDK's words. @type {Record<string, Omit<Notice, "busy">>} */
const ENDS = {
  unknown_room: { title: "No such room", text: "It was closed, or the link has a typo.", acts: ["quick", "fresh"] },
  not_allowed: { title: "Not here", text: "The room doesn't let you in.", acts: ["quick", "fresh"] },
  wrong_password: { title: "The room has a password", text: "Whoever invited you knows it.", acts: ["password", "quick"] },
  unsupported_version: { title: "There is a newer version", text: "This page is older than the server.", acts: ["reload"] },
  schema_mismatch: { title: "There is a newer version", text: "This page is older than the server.", acts: ["reload"] },
  invalid_options: { title: "No such room here", text: "This server doesn't make rooms like that.", acts: ["fresh", "quick"] },
  unknown_game: { title: "No arena here", text: "This server doesn't play it.", acts: ["again"] },
};

const element = find("notice", HTMLElement);

/** Shows what is wrong. */
export class Notices {
  /** @param {Record<Exclude<Act, "again" | "here" | "reload">, () => void>} acts what buttons do */
  constructor(acts) {
    this.acts = acts;
    /** @type {string | null} What is shown, or will be; null for what concerned another client. */
    this.shown = "";
    /** @type {any} */
    this.patience = null;
    /** @type {any} */
    this.counting = null;
    /** Whether the server said that it restarts, and the game has not gone on since. */
    this.restarts = false;
  }

  /** @param {Client} client */
  attach(client) {
    const update = () => this.update(client);
    client.on("state", update);
    client.on("phase", update);
    client.on("frame", () => this.shown !== "" && update());
    clearTimeout(this.patience);
    this.shown = null;
    update();
  }

  /** @param {Client} client */
  update(client) {
    this.restarts = client.state !== "playing" && (this.restarts || client.ending?.reason === "restarting");
    const notice = (this.restarts && restarting(client)) || noticeOf(client);
    const key = notice ? `${notice.title} ${notice.text}` : "";
    if (key === this.shown) return;
    this.shown = key;
    clearTimeout(this.patience);
    clearInterval(this.counting);
    if (!notice) this.hide();
    else if (notice.busy && element.hidden) this.patience = setTimeout(() => this.show(client, notice), PATIENCE_MS);
    else this.show(client, notice);
  }

  hide() {
    if (!element.hidden) announce("Connected");
    element.hidden = true;
  }

  /** @param {Client} client @param {Notice} notice */
  show(client, { title, text, acts, busy, quiet }) {
    const said = make("p", {}, text);
    const buttons = acts.map((act, at) => {
      const click = () => this.act(client, act);
      return make("button", { type: "button", class: at === 0 ? "main" : "", click }, LABELS[act]);
    });
    const spinner = busy ? make("span", { class: "spinner", "aria-hidden": "true" }) : null;
    element.replaceChildren(make("h2", { id: "notice-title" }, spinner ?? "", title), said, make("div", { class: "buttons" }, ...buttons));
    element.classList.toggle("quiet", quiet === true);
    element.hidden = false;
    announce(`${title}. ${text}`);
    if (client.state === "waiting") {
      const count = () => {
        const left = Math.ceil(((client.retryAt ?? 0) - performance.now()) / 1000);
        say(said, left > 0 ? `${text} Next try in ${left} s.` : text);
      };
      count();
      this.counting = setInterval(count, 250);
    }
    if (!quiet && !busy) buttons[0]?.focus();
  }

  /** @param {Client} client @param {Act} act */
  act(client, act) {
    if (act === "again" || act === "here") client.reconnect();
    else if (act === "reload") location.reload();
    else this.acts[act]();
  }
}

/** @param {Client} client @returns {Notice | null} null while it plays */
function noticeOf({ state, ending, phase, world, room }) {
  switch (state) {
    case "connecting":
      return room ? { title: "Reconnecting", text: "Your seat is kept.", acts: [], busy: true, quiet: true } : { title: "Connecting", text: "One moment.", acts: [], busy: true };
    case "waiting":
      return waiting(ending, room !== null);
    case "offline":
      return { title: "You are offline", text: "The game goes on by itself when the network is back.", acts: ["again"], busy: true };
    case "replaced":
      return { title: "Playing elsewhere", text: "This seat was taken over by another tab or device.", acts: ["here", "quick"] };
    case "closed":
      // The page leaves only to go elsewhere.
      if (ending?.reason === "left") return { title: "Connecting", text: "One moment.", acts: [], busy: true };
      if (ending?.reason === "kicked") return kicked(ending);
      return ENDS[ending?.reason ?? ""] ?? { title: "It is over", text: sentence(ending), acts: ["quick", "again"] };
    default:
  }
  // Where all have to be ready the lobby's panel tells.
  if (phase.name === "lobby" && phase.unready === null && phase.missing > 0) {
    const missing = phase.missing === 1 ? "one more player" : `${phase.missing} more players`;
    return { title: `Waiting for ${missing}`, text: "Send the link to a friend.", acts: ["invite"], quiet: true };
  }
  if (phase.name === "held") {
    const missing = phase.missing === 1 ? "one more player is" : `${phase.missing} more players are`;
    return { title: "Back again", text: `The match goes on as soon as ${missing} here, or in a few seconds.`, acts: [], busy: true, quiet: true };
  }
  if (phase.name === "running" && world.tick < 0) return { title: "Entering", text: "One moment.", acts: [], busy: true };
  return null;
}

/** @param {Client} client @returns {Notice | null} what is said until a server that restarts is back */
function restarting({ state, ending }) {
  const isAway = state === "connecting" || (state === "waiting" && ["restarting", "lost", "silent"].includes(ending?.reason ?? ""));
  return isAway ? { title: "The server restarts", text: "The game goes on in a moment.", acts: ["again"], busy: true } : null;
}

/** @param {SynclineError | null} ending @param {boolean} played @returns {Notice} */
function waiting(ending, played) {
  if (ending?.reason === "room_full") return { title: "The room is full", text: "A seat may become free.", acts: ["quick", "fresh", "watch"] };
  if (ending?.reason === "server_full") return { title: "The server is full", text: "A place may become free.", acts: ["again"] };
  if (ending?.reason === "already_started") return { title: "It has begun", text: "The next match is open again.", acts: ["quick", "watch"] };
  if (ending?.reason === "lost" || ending?.reason === "silent") {
    const text = played ? "Your seat is kept for a while." : "The server doesn't answer.";
    return { title: played ? "Connection lost" : "No connection", text, acts: ["again"], busy: true, quiet: played };
  }
  if (ending?.then === "rejoin") return { title: "Joining anew", text: "Your seat was given away.", acts: ["again"], busy: true };
  return { title: "Interrupted", text: sentence(ending), acts: ["again", "quick"], busy: true };
}

/** @param {SynclineError} ending @returns {Notice} */
function kicked({ detail }) {
  const text = detail === "" ? "The room's host, or whoever runs this server, ended your stay." : `The reason: ${detail}`;
  return { title: "You were sent away", text, acts: ["quick"] };
}

/** @param {SynclineError | null} ending @returns {string} */
function sentence(ending) {
  const text = ending?.message ?? "The connection ended";
  return `${text[0].toUpperCase()}${text.slice(1)}.`;
}
