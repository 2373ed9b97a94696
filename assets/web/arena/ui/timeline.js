// A recorded match under the arena: where it stands, and what moves it.
//
// The server shows one recorded match to all who watch, and says at /api/replay where it stands. What
// viewers are sent has ticks of its own; how those follow from the record's is in each answer.

import { announce } from "./announcer.js";
import { find, make, say } from "./elements.js";
import { duration } from "./hud.js";

/** @typedef {import("../../sdk/index.js").Client} Client */
/** @typedef {{ tick: number, what: string, player: number | null, text: string }} Mark */
/**
 * @typedef {object} Shown what the server says
 * @property {string} file
 * @property {string} state how the journal ends
 * @property {string[]} caveats
 * @property {number} rate ticks a second
 * @property {number} ticks the last
 * @property {number} tick
 * @property {number} speed
 * @property {boolean} paused
 * @property {{ incarnation: number, tick: number }} shown
 * @property {number | null} differs
 * @property {Mark[]} marks
 */
/** @typedef {{ paused?: boolean, speed?: number, tick?: number }} Wish */
/** @typedef {{ incarnation: number, shown: number, tick: number, pace: number }} Anchor a tick of what is shown, that of the record, and how many of these there are to one of those from there on */

/** Where the server tells and listens. */
const WHERE = "/api/replay";

/** How often it is asked, in ms: somebody else may move it. */
const EVERY_MS = 1000;

/** And after a change, in ms. */
const SOON_MS = 250;

/** How far the arrow keys go, in seconds. */
const STEP_SECONDS = 5;

/** How many changes of the pace are remembered: pictures are a little in the past. */
const ANCHORS_MAX = 8;

/** Back from a mark that was just passed leads to the one before. */
const SKIPPED_TICKS = 30;

/** How many marks there is a place for. */
const MARKS_MAX = 200;

/** What happened, in words. @type {Record<string, (text: string) => string>} */
const HAPPENED = {
  joined: (name) => `${name} joined`,
  away: (name) => `${name} lost the connection`,
  back: (name) => `${name} came back`,
  left: (name) => `${name} left`,
  held: (text) => text,
  finished: () => "The match ended",
  deserted: () => "Too few players were left",
  closed: () => "The room closed",
  panicked: (why) => `The game broke: ${why}`,
  lost: (why) => `Recorded no further: ${why}`,
};

const bar = find("timeline", HTMLElement);
const play = find("timeline-play", HTMLButtonElement);
const slider = find("timeline-slider", HTMLInputElement);
const track = find("timeline-track", HTMLElement);
const marks = find("timeline-marks", HTMLElement);
const time = find("timeline-time", HTMLElement);
const tickText = find("timeline-tick", HTMLElement);
const speed = find("timeline-speed", HTMLSelectElement);
const told = find("timeline-told", HTMLElement);

/** Shows and moves a recorded match. */
export class Timeline {
  /** @param {() => Client} client the page's, whichever it is now */
  constructor(client) {
    this.client = client;
    /** @type {Shown | null} The last answer. */
    this.shown = null;
    /** @type {Anchor[]} The oldest first, all of one incarnation. */
    this.anchors = [];
    /** The tick of the record that is drawn, with its fraction. */
    this.tick = 0;
    this.askedAt = -Infinity;
    /** Whether an answer is awaited, whether to a jump, and what is wanted then. */
    this.isBusy = false;
    this.isJumping = false;
    /** @type {Wish | null} */
    this.wish = null;
    this.isDragged = false;
    this.marksKey = "";
    /** @type {Mark[]} What is marked. */
    this.news = [];
    bar.hidden = false;
    document.body.classList.add("replay");
    play.addEventListener("click", () => this.toggle());
    speed.addEventListener("change", () => this.want({ speed: Number(speed.value) }));
    slider.addEventListener("input", () => {
      this.isDragged = true;
      this.tick = Number(slider.value);
      this.want({ tick: this.tick });
    });
    slider.addEventListener("change", () => (this.isDragged = false));
    addEventListener("keydown", (event) => this.key(event));
  }

  /** @param {Client} client */
  attach(client) {
    // Another incarnation: somebody jumped.
    client.on("phase", () => this.ask(null));
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    const { code, target } = event;
    if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog#menu[open]")) return;
    const isText = target instanceof HTMLInputElement && target.type !== "range";
    if (isText || target instanceof HTMLSelectElement) return;
    if (code === "Space" && !(target instanceof HTMLButtonElement)) this.toggle();
    else if (code === "ArrowLeft") this.jump(-STEP_SECONDS);
    else if (code === "ArrowRight") this.jump(STEP_SECONDS);
    else if (code === "Comma") this.jumpToMark(-1);
    else if (code === "Period") this.jumpToMark(1);
    else return;
    event.preventDefault();
  }

  /** Stops and goes on; from the end it begins anew. */
  toggle() {
    if (!this.shown) return;
    const paused = !this.isPaused;
    announce(paused ? "Paused" : "Playing");
    const isOver = this.shown.tick >= this.shown.ticks;
    this.want(!paused && isOver ? { paused, tick: 0 } : { paused });
  }

  /** @param {number} seconds from where it is */
  jump(seconds) {
    if (!this.shown) return;
    const { rate, ticks } = this.shown;
    // From where the last jump leads, if that is still on its way.
    const from = this.wish?.tick ?? this.tick;
    const tick = Math.round(Math.min(Math.max(from + seconds * rate, 0), ticks));
    this.tick = tick;
    announce(this.timeOf(tick));
    this.want({ tick });
  }

  /** @param {1 | -1} by the next thing that happened, or the one before */
  jumpToMark(by) {
    const at = Math.round(this.wish?.tick ?? this.tick);
    const mark = by > 0 ? this.news.find(({ tick }) => tick > at) : this.news.findLast(({ tick }) => tick < at - SKIPPED_TICKS);
    if (!mark) return;
    this.tick = mark.tick;
    announce(this.wordsOf(mark));
    this.want({ tick: mark.tick });
  }

  /** @param {Mark} mark @returns {string} */
  wordsOf({ tick, what, text }) {
    return `${this.timeOf(tick)} ${HAPPENED[what]?.(text) ?? what}`;
  }

  /** @returns {boolean} whether it stands still, or is about to */
  get isPaused() {
    return this.wish?.paused ?? this.shown?.paused ?? true;
  }

  /** @param {Wish} wish what is wanted as soon as the answer to what was is there */
  want(wish) {
    this.wish = { ...this.wish, ...wish };
    if (!this.isBusy) void this.ask(this.wish);
  }

  /** @param {Wish | null} wish what to change; null to look */
  async ask(wish) {
    if (this.isBusy) return;
    this.isBusy = true;
    this.isJumping = wish?.tick !== undefined;
    // What was changed shows with the next snapshot: it is looked at again soon.
    this.askedAt = performance.now() - (wish ? EVERY_MS - SOON_MS : 0);
    if (wish) this.wish = null;
    try {
      const request = wish ? { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(wish) } : {};
      const answer = await fetch(WHERE, { cache: "no-store", ...request });
      if (answer.ok) this.learn(await answer.json());
      else say(told, (await answer.text()).trim());
    } catch {
      // The page's notice says that the server is gone.
    }
    this.isBusy = false;
    this.isJumping = false;
    if (this.wish) void this.ask(this.wish);
  }

  /** @param {Shown} shown */
  learn(shown) {
    this.shown = shown;
    const { incarnation, tick } = shown.shown;
    const anchor = { incarnation, shown: tick, tick: shown.tick, pace: shown.paused ? 0 : shown.speed };
    const last = this.anchors.at(-1);
    if (last && last.incarnation !== incarnation) this.anchors = [];
    this.anchors.push(anchor);
    if (this.anchors.length > ANCHORS_MAX) this.anchors.shift();
    slider.max = String(shown.ticks);
    slider.disabled = false;
    if (document.activeElement !== speed) this.showSpeed(String(shown.speed));
    const notes = [...shown.caveats];
    if (shown.differs !== null) notes.push(`From ${this.timeOf(shown.differs)} on it is not the match that was recorded.`);
    say(told, notes.join(" "));
    this.mark(shown);
  }

  /** @param {string} value may be one that somebody chose elsewhere */
  showSpeed(value) {
    if (![...speed.options].some((option) => option.value === value)) speed.append(make("option", { value }, `${value}×`));
    speed.value = value;
  }

  /** @param {Shown} shown */
  mark({ marks: all, ticks }) {
    const key = `${all.length} ${ticks}`;
    if (key === this.marksKey) return;
    this.marksKey = key;
    // Who was there before it began is no news.
    const news = all.filter(({ tick }) => tick > 0).slice(0, MARKS_MAX);
    this.news = news;
    const items = news.map((mark) => {
      const words = this.wordsOf(mark);
      // The keyboard has keys that lead there: a stop at each would be many.
      const button = make("button", { type: "button", class: mark.what, title: words, "aria-label": words, tabindex: "-1" });
      button.style.left = `${(mark.tick / Math.max(ticks, 1)) * 100}%`;
      button.addEventListener("click", () => this.want({ tick: mark.tick }));
      return button;
    });
    marks.replaceChildren(...items);
  }

  /** @param {number} tick @returns {string} */
  timeOf(tick) {
    return duration(Math.floor(tick / (this.shown?.rate ?? 30)));
  }

  /**
   * @param {number} shown a tick of what is shown
   * @returns {number} that of the record
   */
  recorded(shown) {
    const anchor = this.anchors.findLast((one) => one.shown <= shown) ?? this.anchors[0];
    if (!anchor) return 0;
    const tick = anchor.tick + (shown - anchor.shown) * anchor.pace;
    return Math.min(Math.max(tick, 0), this.shown?.ticks ?? tick);
  }

  /**
   * @param {number} now
   * @param {number | null} drawn the tick of what is shown that is drawn; null while nothing is
   */
  update(now, drawn) {
    if (now - this.askedAt > EVERY_MS) void this.ask(null);
    const { shown } = this;
    if (!shown) return;
    const { phase } = this.client();
    const isOver = phase.name === "ended";
    const knows = isOver || (phase.name === "running" && this.anchors.at(-1)?.incarnation === phase.incarnation);
    const isMoving = this.isDragged || this.isJumping || this.wish?.tick !== undefined;
    if (isOver) this.tick = shown.ticks;
    else if (drawn !== null && knows && !isMoving) this.tick = this.recorded(drawn);
    const { tick } = this;
    if (!this.isDragged) slider.value = String(Math.round(tick));
    const text = `${this.timeOf(tick)} / ${this.timeOf(shown.ticks)}`;
    if (time.textContent !== text) {
      say(time, text);
      slider.setAttribute("aria-valuetext", `${this.timeOf(tick)} of ${this.timeOf(shown.ticks)}`);
    }
    say(tickText, `tick ${Math.round(tick)}`);
    track.style.setProperty("--done", `${(tick / Math.max(shown.ticks, 1)) * 100}%`);
    const { isPaused } = this;
    if (play.classList.contains("plays") === isPaused) {
      play.setAttribute("aria-label", isPaused ? "Play" : "Pause");
      play.classList.toggle("plays", !isPaused);
    }
  }

  /** @returns {object} what test_hook.js describes */
  read() {
    const { shown, tick } = this;
    return { tick, ticks: shown?.ticks ?? 0, paused: shown?.paused ?? true, speed: shown?.speed ?? 1 };
  }
}
