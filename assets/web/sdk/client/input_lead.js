// How far ahead of the match's time inputs are stamped, driven by how early they arrive. Section 12
// of shared/PROTOCOL.md. A late input hurts now, an early one only delays: so the lead grows at once
// and shrinks slowly. Times are in ms.

import { INPUT_LEAD_TICKS_MAX } from "../shared/limits.js";

/** What is added to half a tick for the margin that is aimed at: timers of both ends wake up late. */
const TIMER_MS = 2;

/** How long the server gathers margins before it tells. */
const REPORT_WINDOW_MS = 500;

/** The most the lead exceeds the way to the server, however late inputs come. */
const MARGIN_MS_MAX = 250;

/** How many ticks the lead stays below what the server refuses as too early. */
const MARGIN_TICKS_SPARE = 4;

/** The lead of one client's inputs. */
export class InputLead {
  /** @param {number} tickRate steps per second */
  constructor(tickRate) {
    this.period = 1000 / tickRate;
    /** The margin that is aimed at. */
    this.target = this.period / 2 + TIMER_MS;
    /** How far ahead to stamp. */
    this.lead = this.target;
    /** Whether the server has said anything about it yet. */
    this.steered = false;
    /** @type {number | null} What the server told last. */
    this.margin = null;
    /** @type {{ until: number, margin: number } | null} A change that reports don't show yet. */
    this.recent = null;
  }

  /**
   * The path was measured. Until the server says better, the lead follows from it.
   *
   * @param {number} roundTrip
   * @param {number} jitter
   */
  measured(roundTrip, jitter) {
    const way = roundTrip / 2;
    this.set(this.steered ? Math.max(this.lead, way + TIMER_MS) : this.target + way + jitter, roundTrip);
  }

  /**
   * The server told its least margin of late, negative if late.
   *
   * @param {number} now
   * @param {number} margin
   * @param {number} roundTrip
   */
  told(now, margin, roundTrip) {
    this.steered = true;
    this.margin = margin;
    // So late is what was held up here, not what was stamped too late: no lead would help.
    if (-margin > MARGIN_MS_MAX) return;
    const recent = this.recent && now < this.recent.until ? this.recent : null;
    // What was already reacted to is not reacted to again.
    const missing = (recent?.margin ?? this.target) - margin;
    if (margin < this.target ? missing <= 0 : recent) return;
    this.set(this.lead + (missing > 0 ? missing : missing / 4), roundTrip);
    this.recent = { until: now + roundTrip + REPORT_WINDOW_MS, margin: Math.min(margin, this.target) };
  }

  /**
   * @param {number} lead
   * @param {number} roundTrip
   */
  set(lead, roundTrip) {
    const most = Math.min(MARGIN_MS_MAX, (INPUT_LEAD_TICKS_MAX - MARGIN_TICKS_SPARE) * this.period);
    this.lead = Math.min(Math.max(lead, TIMER_MS), roundTrip + most);
  }
}
