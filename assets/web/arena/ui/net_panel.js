// The network, measured and made worse: numbers, lines, sliders. What is simulated is shown even while
// the panel is closed.

import { SIMULATED_MS_MAX } from "../address.js";
import { find, make, say } from "./elements.js";
import { ServerCost } from "./server_cost.js";
import { Sparkline } from "./sparkline.js";

/** @typedef {import("../../sdk/index.js").Client} Client */
/** @typedef {Client["stats"]} Stats */
/** @typedef {{ latency: number, jitter: number }} Conditions */

/** How often numbers change, in ms. */
const EVERY_MS = 250;

/** The causes of corrections, in words. @type {Record<string, string>} */
const CAUSES = { late_input: "late input", hit: "hit", respawn: "respawn", pickup: "pick-up", ship: "other ship", error: "error" };

/** Ways in, in words. */
const WAYS = { websocket: "WebSocket", stream: "HTTP, streamed", poll: "HTTP, long polling" };

const panel = find("net", HTMLElement);
const button = find("open-net", HTMLButtonElement);
const ping = find("ping", HTMLElement);
const badge = find("simulated", HTMLElement);

/** @type {[string, string, string, (stats: Stats, cost: ServerCost["cost"], client: Client) => string][]} Key, words, what it is, value. */
const ROWS = [
  ["way", "Way in", "What the session travels on", (_stats, _cost, { transport }) => (transport ? WAYS[transport] : "–")],
  ["roundTrip", "Round trip", "The quickest of late", ({ roundTrip }) => millis(roundTrip)],
  ["jitter", "Jitter", "By how much others exceed it", ({ jitter }) => millis(jitter)],
  ["lead", "Input lead", "How far inputs are stamped ahead of the match", ({ lead }) => millis(lead)],
  ["margin", "Inputs early by", "As the server told last", ({ margin }) => millis(margin)],
  ["delay", "Interpolation delay", "How far in the past others are drawn", ({ delay }) => millis(delay)],
  ["down", "Received", "Bytes and messages per second", (stats) => rate(stats.bytesPerSecond, stats.messagesPerSecond)],
  ["up", "Sent", "Bytes and messages per second", (stats) => rate(stats.sentBytesPerSecond, stats.sentMessagesPerSecond)],
  ["snapshot", "Per snapshot", "Bytes of each of the world's states", ({ bytesPerSnapshot }) => `${bytesPerSnapshot.toFixed(1)} B`],
  ["decode", "Decoding", "The median of the last frames", ({ decodeMicros }) => `${decodeMicros.toFixed(0)} µs`],
  ["predicted", "Predictions", "Compared with the server", ({ predicted }) => predicted.toLocaleString("en")],
  ["errors", "Prediction errors", "Differences without a cause: 0 in a correct game", ({ predictionErrors }) => String(predictionErrors)],
  ["error", "Last correction", "How far it moved the own ship, in units", ({ predictionError }) => predictionError.toFixed(2)],
  ["corrections", "Corrections", "By cause", ({ corrections }) => causes(corrections)],
  ["inputs", "Inputs late", "Ticks whose input came too late, of those with one", ({ inputs: { applied, merged, dropped } }) => `${merged + dropped} of ${(applied + merged + dropped).toLocaleString("en")}`],
  ["tick", "Server tick", "What a tick of this room costs, and the slowest of a hundred", (_, { tickMicros, worstMicros }) => `${micros(tickMicros)} · ${micros(worstMicros)}`],
];

/** The panel. */
export class NetPanel {
  /**
   * @param {Conditions} simulated at the start
   * @param {(conditions: Conditions) => void} simulate
   */
  constructor(simulated, simulate) {
    this.simulated = simulated;
    this.simulate = simulate;
    this.cost = new ServerCost();
    this.paintedAt = -Infinity;
    /** @type {Map<string, HTMLElement>} */
    this.cells = new Map();
    const style = getComputedStyle(document.documentElement);
    const [bytes, trips] = [0, 1].map(() => make("canvas", { class: "line", "aria-hidden": "true" }));
    this.bytes = new Sparkline(bytes, style.getPropertyValue("--accent").trim());
    this.trips = new Sparkline(trips, style.getPropertyValue("--warm").trim());
    this.build(bytes, trips);
    button.addEventListener("click", () => this.toggle());
    this.apply();
  }

  /** @returns {boolean} */
  get isOpen() {
    return !panel.hidden;
  }

  /** Opens or closes it. */
  toggle() {
    panel.hidden = !panel.hidden;
    button.setAttribute("aria-expanded", String(!panel.hidden));
    this.paintedAt = -Infinity;
  }

  /**
   * @param {Client} client
   * @param {number} now ms
   */
  update(client, now) {
    if (now - this.paintedAt < EVERY_MS) return;
    this.paintedAt = now;
    const { stats } = client;
    say(ping, stats.roundTrip === null || client.state !== "playing" ? "–" : `${Math.round(stats.roundTrip)} ms`);
    this.bytes.add(stats.bytesPerSecond);
    this.trips.add((stats.roundTrip ?? 0) + stats.jitter);
    if (panel.hidden) return;
    if (client.room) this.cost.poll(client.room.id, now);
    for (const [key, , , value] of ROWS) {
      const cell = this.cells.get(key);
      if (cell) say(cell, value(stats, this.cost.cost, client));
    }
    this.cells.get("errors")?.classList.toggle("bad", stats.predictionErrors > 0);
    this.bytes.paint();
    this.trips.paint();
  }

  /** @param {HTMLCanvasElement} bytes @param {HTMLCanvasElement} trips */
  build(bytes, trips) {
    const list = make("dl");
    for (const [key, words, title] of ROWS) {
      const cell = make("dd", { class: "number" }, "–");
      this.cells.set(key, cell);
      list.append(make("div", { title }, make("dt", {}, words), cell));
      if (key === "jitter") list.append(make("div", { class: "wide" }, trips));
      if (key === "down") list.append(make("div", { class: "wide" }, bytes));
    }
    const close = make("button", { type: "button", class: "icon", "aria-label": "Close", click: () => this.toggle() }, "×");
    panel.replaceChildren(make("header", {}, make("h2", {}, "Network"), close), list, this.sliders());
  }

  /** @returns {HTMLElement} */
  sliders() {
    const set = make("fieldset", {}, make("legend", {}, "Simulate a worse network"));
    for (const [name, words] of /** @type {["latency" | "jitter", string][]} */ ([["latency", "Latency"], ["jitter", "Jitter"]])) {
      const output = make("output", { class: "number" });
      const slider = make("input", { type: "range", min: "0", max: String(name === "latency" ? SIMULATED_MS_MAX : 200), step: "10", name, value: String(this.simulated[name]) });
      const show = () => say(output, `+${slider.value} ms`);
      slider.addEventListener("input", () => {
        this.simulated = { ...this.simulated, [name]: Number(slider.value) };
        show();
        this.simulate(this.simulated);
        this.apply();
      });
      show();
      set.append(make("label", {}, make("span", {}, words), slider, output));
    }
    return set;
  }

  /** Shows what is simulated. */
  apply() {
    const { latency, jitter } = this.simulated;
    badge.hidden = latency === 0 && jitter === 0;
    say(badge, `Simulated network: +${latency} ms${jitter > 0 ? `, up to ${jitter} ms of jitter` : ""}`);
  }
}

/** @param {number | null} value @returns {string} */
const millis = (value) => (value === null ? "–" : `${value.toFixed(value < 10 && value > -10 ? 1 : 0)} ms`);

/** @param {number | null} value @returns {string} */
const micros = (value) => (value === null ? "–" : value < 1000 ? `${value.toFixed(0)} µs` : `${(value / 1000).toFixed(1)} ms`);

/** @param {number} bytes @param {number} messages @returns {string} */
const rate = (bytes, messages) => `${bytes < 10000 ? `${bytes.toFixed(0)} B` : `${(bytes / 1000).toFixed(1)} kB`} · ${messages.toFixed(0)}/s`;

/** @param {Record<string, number>} corrections @returns {string} */
function causes(corrections) {
  const all = Object.entries(corrections).map(([cause, count]) => `${CAUSES[cause] ?? cause} ${count}`);
  return all.join(", ") || "none";
}
