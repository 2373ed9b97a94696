/** One client of one server. Made by {@link import("./connect.js").connect}. */
export class Client {
    /** @param {Resolved} options */
    constructor(options: Resolved);
    /** @type {State} */
    state: State;
    /** @type {SynclineError | null} What ended the last connection. */
    ending: SynclineError | null;
    /** @type {number | null} When the next attempt is due, by the clock; null unless it waits for one. */
    retryAt: number | null;
    /** @type {Room | null} */
    room: Room | null;
    /** @type {number | null} The seat; null for who watches. */
    player: number | null;
    /** @type {Phase} Where the room is in its life. */
    phase: Phase;
    /** @type {Map<number, RosterEntry>} Seats. */
    roster: Map<number, RosterEntry>;
    /** What there is to ask of the room around a match. */
    lobby: Lobby;
    /** @type {Schema | null} What rows mean. */
    schema: Schema | null;
    /** @type {Promise<Room>} The client is in a room for the first time; rejects with a {@link SynclineError}. */
    joined: Promise<Room>;
    /**
     * Listens.
     *
     * @template {keyof Events} Name
     * @param {Name} name to what
     * @param {Events[Name]} listener called each time; what it throws is reported and stops nothing
     * @returns {() => void} stops listening
     */
    on<Name extends keyof Events>(name: Name, listener: Events[Name]): () => void;
    /** @returns {World} what everybody sees, as the server told it last */
    get world(): World;
    /** @returns {World} what this player alone sees */
    get own(): World;
    /** @returns {Record<string, any>} what is pressed now */
    get input(): Record<string, any>;
    /**
     * Sets what the player presses from now on.
     *
     * @param {Record<string, any>} values by the names of the schema's input fields; what is left out is neutral
     * @throws {TypeError} for names and values that the input does not have, once the schema is known
     */
    setInput(values: Record<string, any>): void;
    /**
     * The world a little in the past, between two frames.
     *
     * @param {number} [now] in ms, of `performance.now()`
     * @returns {View | null} null before the first frame; the same object each time
     */
    interpolate(now?: number): View | null;
    /**
     * The own player, ahead of the server.
     *
     * @param {number} [now] in ms, of `performance.now()`
     * @returns {{ tick: number, state: any, drawn: number[], error: number } | null} the state after the
     *   last input that was sent, which is not to be changed; the numbers to draw; how far they are from
     *   where they should be. Null while there is nothing to predict
     */
    predict(now?: number): {
        tick: number;
        state: any;
        drawn: number[];
        error: number;
    } | null;
    /**
     * Asks for an act.
     *
     * @param {string} name the command's class
     * @param {Record<string, import("../shared/command.js").CommandValue>} [values] its fields
     * @returns {Promise<{ tick: number }>} at the start of which tick it was applied
     * @throws {TypeError} for names and values that the schema does not have (at once)
     * @throws {CommandRefused} if it was refused or lost with its session or match (by the promise)
     */
    command(name: string, values?: Record<string, import("../shared/command.js").CommandValue>): Promise<{
        tick: number;
    }>;
    /** Votes for another match. Ignored outside a room. */
    voteRematch(): void;
    /**
     * Says something. It comes back as a `"chat"`, or a `"chatRefused"` tells why not; what is lost with a
     * connection is said again on the next. Ignored outside a room.
     *
     * @param {string} text at most 256 characters
     * @param {{ to?: number | "team" | null }} [options] a player's seat, or the own team; without one everybody
     */
    chat(text: string, { to }?: {
        to?: number | "team" | null;
    }): void;
    /** @returns {readonly ChatLine[]} the last 100 lines that were heard, the oldest first */
    get chatLines(): readonly ChatLine[];
    /**
     * Hears a player no more from now on, or again; until it leaves, or this session ends.
     *
     * @param {number} player the seat
     * @param {boolean} [muted]
     */
    mute(player: number, muted?: boolean): void;
    /** @param {number} player the seat @returns {boolean} whether it is not heard */
    isMuted(player: number): boolean;
    /** @returns {import("./ways.js").Way | null} what the connection travels on; null without one */
    get transport(): import("./ways.js").Way | null;
    /** @returns {Stats} what a net panel shows */
    get stats(): Stats;
    /**
     * Makes the network worse from now on.
     *
     * @param {Conditions | null} conditions null for as it is
     * @throws {TypeError} for unknown names and numbers below 0
     */
    simulate(conditions: Conditions | null): void;
    /**
     * Gives the seat up, and ends.
     *
     * @returns {Promise<void>} resolves when it is over
     */
    leave(): Promise<void>;
    /** Tries at once, unless it is connected already. Takes a session back that plays elsewhere. */
    reconnect(): void;
    #private;
}
export type ChatLine = import("../shared/control.js").ChatLine;
export type ChatRefusal = import("../shared/control.js").ChatRefusal;
export type Phase = import("../shared/control.js").Phase;
export type RoomRefusal = import("../shared/control.js").RoomRefusal;
export type RosterEntry = import("../shared/control.js").RosterEntry;
export type Schema = import("../shared/schema.js").Schema;
export type Conditions = import("./conditioner.js").Conditions;
export type Resolved = import("./options.js").Resolved;
export type Room = import("./place.js").Room;
export type GameEvent = import("./since_frame.js").GameEvent;
export type Stats = import("./statistics.js").Stats;
export type View = import("./world.js").View;
export type World = import("./world.js").World;
export type State = "connecting" | "playing" | "waiting" | "offline" | "replaced" | "closed";
/**
 * what listeners are told
 */
export type Events = {
    state: (state: State, ending: SynclineError | null) => void;
    joined: (room: Room) => void;
    phase: (phase: Phase) => void;
    roster: (roster: Map<number, RosterEntry>) => void;
    frame: (tick: number) => void;
    event: (event: GameEvent) => void;
    chat: (line: ChatLine) => void;
    chatRefused: (refusal: ChatRefusal) => void;
    roomRefused: (refusal: RoomRefusal) => void;
    correction: (cause: string, tick: number) => void;
    reset: (reason: "match" | "join") => void;
};
export type Link = "waiting" | "connecting" | "greeting" | "playing" | "leaving" | "closed";
import { SynclineError } from "../shared/close.js";
import { Lobby } from "./lobby.js";
