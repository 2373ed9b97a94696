// The page: makes its parts, and runs them once for each picture.
//
// - address.js, settings.js, session.js: where to play, as whom, the connection
// - input/: what the player wants; view/: the picture; ui/: everything around it
// - step.js: the part of the game that runs ahead of the server

import { readAddress } from "./address.js";
import { Controls } from "./input/controls.js";
import { Session } from "./session.js";
import { keepSettings, readSettings } from "./settings.js";
import { exposeToTests } from "./test_hook.js";
import { announce } from "./ui/announcer.js";
import { ChatPanel } from "./ui/chat.js";
import { find } from "./ui/elements.js";
import { attachFeed, tell } from "./ui/feed.js";
import { Hangar } from "./ui/hangar.js";
import { Hud } from "./ui/hud.js";
import { LobbyPanel } from "./ui/lobby.js";
import { Menu } from "./ui/menu.js";
import { NetPanel } from "./ui/net_panel.js";
import { NewRoomDialog } from "./ui/new_room.js";
import { Notices } from "./ui/notice.js";
import { Results } from "./ui/results.js";
import { Scoreboard } from "./ui/scoreboard.js";
import { showSeats } from "./ui/seat_colours.js";
import { Sound } from "./ui/sound.js";
import { Timeline } from "./ui/timeline.js";
import { Watch } from "./ui/watch.js";
import { Stage } from "./view/stage.js";

/** @typedef {import("../sdk/index.js").Client} Client */

const address = readAddress();
const settings = readSettings();
keepSettings(settings);

const canvas = find("screen", HTMLCanvasElement);
const sound = new Sound(settings.sound);
const stage = new Stage(canvas, find("minimap", HTMLCanvasElement), sound);
const session = new Session({ room: address.room, spectate: address.spectate, replay: address.replay, name: settings.name, colour: settings.colour }, address.simulate);
const hud = new Hud();
const scoreboard = new Scoreboard();
const results = new Results();
const chat = new ChatPanel();
const net = new NetPanel(address.simulate, (conditions) => session.simulate(conditions));
const hangar = new Hangar((ship) => set({ ship }));
const invite = () => hud.copyInvitation();
const lobby = new LobbyPanel(invite);
const newRoom = new NewRoomDialog((fresh, password, name) => session.change({ room: null, fresh, password, spectate: false, name }));
const menu = new Menu(settings, { go: (wish) => session.change(wish), wish: () => session.wish, set, invite, newRoom: (name) => newRoom.open(name), paint: (colour) => session.paint(colour) });
const timeline = address.replay ? new Timeline(() => session.client) : null;
const watch = new Watch(() => session.change({ spectate: false, room: session.client.room?.code ?? null }));
const notices = new Notices({
  quick: () => session.change({ room: null, spectate: false }),
  fresh: () => newRoom.open(session.wish.name),
  password: () => menu.open(),
  watch: () => session.change({ spectate: true }),
  invite: () => void invite(),
});
const controls = new Controls(canvas, () => isAsking() || isTyping());

session.follow((client) => {
  menu.code = null;
  stage.attach(client);
  showSeats(stage.colour(client.roster));
  client.on("roster", (roster) => showSeats(stage.colour(roster)));
  hud.attach(client);
  results.attach(client);
  notices.attach(client);
  lobby.attach(client);
  hangar.attach(client, () => settings.ship);
  attachFeed(client);
  chat.attach(client);
  timeline?.attach(client);
  client.on("joined", ({ code, resumed }) => {
    menu.code = code;
    if (!resumed) announce(`Room ${code}. ${client.player === null ? "You are watching" : "You are playing"}`);
  });
  client.on("event", (event) => {
    if (event.name === "PickedUp") sound.play("pickup", 1);
  });
});

/** @param {Partial<import("./settings.js").Settings>} changed */
function set(changed) {
  Object.assign(settings, changed);
  keepSettings(settings);
  sound.set(settings.sound);
}

/** @returns {boolean} whether a dialog has the page */
function isAsking() {
  return menu.isOpen || newRoom.isOpen;
}

/** @returns {boolean} whether the keyboard is somewhere else */
function isTyping() {
  const { activeElement } = document;
  return activeElement instanceof HTMLInputElement && activeElement.type !== "range" && activeElement.type !== "checkbox";
}

find("open-menu", HTMLButtonElement).addEventListener("click", () => menu.toggle());

// Which ship is followed; along a recorded match left and right are time.
const [stepBack, stepOn] = timeline ? ["ArrowUp", "ArrowDown"] : ["ArrowLeft", "ArrowRight"];

addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (isAsking() || isTyping()) return;
  const digit = /^(?:Digit|Numpad)([1-8])$/.exec(event.code)?.[1];
  if (event.code === "Escape") menu.toggle();
  else if (isOpening(event)) chat.open();
  else if (event.code === "KeyN" && !event.repeat) net.toggle();
  else if (event.code === "KeyM" && !event.repeat) {
    set({ sound: !settings.sound });
    tell(true, settings.sound ? "Sound is on" : "Sound is off");
  } else if (event.code === "KeyR" && !event.repeat && lobby.isOpen) lobby.toggleReady();
  else if (digit) hangar.pick(Number(digit) - 1);
  else if (session.wish.spectate && event.code === stepBack) watch.step(-1);
  else if (session.wish.spectate && event.code === stepOn) watch.step(1);
  else if (event.code === "Tab" && !event.shiftKey && isPlayingByKeys()) {
    scoreboard.isHeld = true;
    event.preventDefault();
  } else return;
  if (event.code === "Escape" || event.code.endsWith("Enter")) event.preventDefault();
});
addEventListener("keyup", ({ code }) => {
  if (code === "Tab") scoreboard.isHeld = false;
});

/** @param {KeyboardEvent} event @returns {boolean} whether it opens the chat, and presses nothing else */
function isOpening({ code, repeat }) {
  return (code === "Enter" || code === "NumpadEnter") && !repeat && document.activeElement === document.body;
}

/** @returns {boolean} whether Tab is for scores: nobody moves the focus around; Shift and Tab begin that */
function isPlayingByKeys() {
  return document.activeElement === document.body && !net.isOpen && session.client.state === "playing" && session.client.phase.name === "running";
}

// What was pressed with the mouse must not keep the keyboard: Space fires.
addEventListener("pointerup", () => {
  const { activeElement } = document;
  const isControl = activeElement instanceof HTMLButtonElement || activeElement instanceof HTMLInputElement;
  if (isControl && !isTyping() && !isAsking() && !chat.isOpen) activeElement.blur();
});

let lastAt = performance.now();
let moved = 0;

/** @param {number} now */
function frame(now) {
  requestAnimationFrame(frame);
  const { client } = session;
  const dt = Math.min(now - lastAt, 100);
  lastAt = now;
  const { x, y } = stage.ownOnScreen;
  const input = controls.read(x, y);
  client.setInput(input);
  const sight = stage.look(client, now, dt, input.aim);
  if (sight) {
    const target = watch.update(sight, client.player === null && client.state === "playing");
    stage.show(client, sight, target ?? { x: 0, y: 0 }, controls);
    if (input.direction !== 0 && !settings.played) moved += dt;
    if (moved > 4000 && !settings.played) set({ played: true });
    hud.isTouch ||= controls.thumbs.isUsed;
    timeline?.update(now, sight.tick);
    hud.update(client, sight, settings.played, timeline?.tick ?? client.world.tick);
    hangar.update(sight.scenery, sight.own);
    scoreboard.update(client, sight.ships, now);
  } else {
    timeline?.update(now, null);
    stage.showEmpty();
  }
  net.update(client, now);
}
requestAnimationFrame(frame);

exposeToTests(session, stage, timeline);
