/** @typedef {import("../shared/control.js").Phase} Phase */
/** @typedef {import("../shared/control.js").RosterEntry} RosterEntry */
/** @typedef {import("../shared/control.js").RoomUpdate} RoomUpdate */
/** What members are told of a room. */
export class RoomView {
    /** @type {Phase} */
    phase: Phase;
    /** The timeline of the last match that ran; 0 before the first. */
    incarnation: number;
    /** @type {Map<number, RosterEntry>} */
    roster: Map<number, RosterEntry>;
    /** @returns {boolean} whether a match is running */
    get isRunning(): boolean;
    /**
     * The room is at this stage.
     *
     * @param {Phase} phase
     * @returns {"none" | "stage" | "timeline"} what that changes: a timeline voids what was before
     */
    enter(phase: Phase): "none" | "stage" | "timeline";
    /**
     * @param {RoomUpdate} update who came or changed and who left
     * @returns {boolean} whether that says anything
     */
    updateRoster({ whole, roster, left }: RoomUpdate): boolean;
}
export type Phase = import("../shared/control.js").Phase;
export type RosterEntry = import("../shared/control.js").RosterEntry;
export type RoomUpdate = import("../shared/control.js").RoomUpdate;
