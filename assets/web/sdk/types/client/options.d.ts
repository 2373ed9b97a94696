/**
 * @param {string} url
 * @param {Options} options
 * @returns {Resolved} all of them
 * @throws {TypeError} for unknown names and values that make no sense
 */
export function resolveOptions(url: string, options: Options): Resolved;
export type Conditions = import("./conditioner.js").Conditions;
export type PredictionRules = import("./prediction.js").PredictionRules;
/**
 * What a page tells: whether it is hidden or offline, and what it keeps of a session.
 */
export type Environment = {
    isHidden: () => boolean;
    isOffline: () => boolean;
    /**
     *   calls them from now on; the returned function stops that
     */
    listen: (listeners: Record<"hidden" | "visible" | "online" | "offline", () => void>) => () => void;
    /**
     * what was kept under the name, if nobody else holds it
     */
    claim: (session: string) => Promise<Kept | null>;
    /**
     * keeps it under the name that was claimed
     */
    keep: (kept: Kept | null) => void;
};
/**
 * a seat and its room, and whether it was taken away
 */
export type Kept = {
    token: Uint8Array;
    code: string;
    kicked?: boolean;
};
/**
 * a new room
 */
export type CreateOptions = {
    create: true;
    /**
     * kept out of quick play and lists
     */
    private?: boolean | undefined;
    /**
     * fewer seats than usual
     */
    playersMax?: number | undefined;
    /**
     * something is said each tick
     */
    loud?: boolean | undefined;
    /**
     * seconds
     */
    spectatorDelay?: number | undefined;
    /**
     * by which quick play finds it
     */
    labels?: Record<string, string | number> | undefined;
    /**
     * of the game, other than usual
     */
    rules?: Record<string, string | number> | undefined;
    /**
     * its matches begin when all are ready
     */
    whenReady?: boolean | undefined;
    /**
     * seconds from then on
     */
    countdown?: number | undefined;
};
/**
 * times in ms
 */
export type Clock = {
    now: () => number;
    setTimeout: (call: () => void, ms: number) => any;
    clearTimeout: (timer: any) => void;
    /**
     * from 0 up to 1
     */
    random: () => number;
};
export type Options = {
    /**
     * its name; the server's default without
     */
    game?: string | undefined;
    /**
     * the player's, at most 24 characters
     */
    name?: string | undefined;
    /**
     * what the player says of itself, for others to see
     */
    properties?: Record<string, string | number> | undefined;
    /**
     * `"quick"`, what a room has to be like, a code, an id, or a new one
     */
    room?: string | {
        query: string;
    } | {
        id: number;
    } | CreateOptions | undefined;
    role?: "player" | "spectator" | undefined;
    /**
     * whether the server's own bots may play in the room, if this client is the first in it
     */
    company?: boolean | undefined;
    /**
     * the room's, also of a new one
     */
    password?: string | null | undefined;
    /**
     * when what is pressed is sent
     */
    inputs?: "on-change" | "every-tick" | undefined;
    /**
     * the part of the game that runs ahead of the server
     */
    prediction?: import("./prediction.js").PredictionRules | undefined;
    /**
     * a worse network
     */
    simulate?: import("./conditioner.js").Conditions | null | undefined;
    /**
     * the name under which a page keeps its seat over a refresh
     */
    session?: string | null | undefined;
    /**
     * frames that are kept to draw from
     */
    snapshots?: number | undefined;
    /**
     * the way in; by default whichever works
     */
    transport?: "auto" | "stream" | "websocket" | "poll" | undefined;
    /**
     * the constructor; the global one without
     */
    WebSocket?: any;
    /**
     * the function, for ways in without a WebSocket; the global one without
     */
    fetch?: any;
    /**
     * what the page tells; the browser's without, if there is one
     */
    environment?: Environment | null | undefined;
    clock?: Partial<Clock> | undefined;
};
export type Resolved = {
    url: string;
    game: string | null;
    name: string;
    properties: [string, string][];
    room: import("../shared/control.js").RoomSelector;
    role: "player" | "spectator";
    company: boolean;
    password: string | null;
    inputs: "on-change" | "every-tick";
    prediction: PredictionRules | null;
    simulate: Conditions | null;
    session: string | null;
    snapshots: number;
    transport: "auto" | "websocket" | "stream" | "poll";
    WebSocket: any;
    fetch: any;
    environment: Environment | null;
    clock: Clock;
};
