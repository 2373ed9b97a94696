/** @typedef {import("../shared/control.js").RoomRequest} RoomRequest */
/** The room, as one may ask it for something. All of it is ignored outside a room. */
export class Lobby {
    /** @param {(request: RoomRequest) => void} ask asks it */
    constructor(ask: (request: RoomRequest) => void);
    /**
     * The player is ready for the match to begin, in a room that was made with `whenReady`; or is not any
     * more, which stops the countdown.
     *
     * @param {boolean} [ready]
     */
    ready(ready?: boolean): void;
    /** The host lets the countdown begin, though not all are ready. */
    start(): void;
    /**
     * The player would be in this team; not while a match runs.
     *
     * @param {number} team
     */
    team(team: number): void;
    /**
     * The player says this of itself from now on, in place of what it said before; not while a match runs.
     *
     * @param {Record<string, string | number>} properties names and values, such as `{ colour: "#ff8800" }`
     */
    properties(properties: Record<string, string | number>): void;
    /**
     * The host removes another player, whose session is kept out for a while.
     *
     * @param {number} player the seat
     * @param {string} [reason] for that player to read; at most 64 characters
     */
    kick(player: number, reason?: string): void;
    #private;
}
export type RoomRequest = import("../shared/control.js").RoomRequest;
