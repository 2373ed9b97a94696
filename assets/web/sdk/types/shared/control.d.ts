/**
 * A room's code as it is written: upper case, without spaces and dashes.
 *
 * @param {string} text as a person types it
 * @returns {string | null} six characters, or null if it is no code
 */
export function normalCode(text: string): string | null;
/**
 * @param {Hello} hello
 * @returns {Uint8Array} the body of its section
 */
export function encodeHello({ game, fingerprint, room, resume, name, properties, role, company, password, joinKey }: Hello): Uint8Array;
/**
 * @param {number} nonce of 32 bits
 * @returns {Uint8Array} the body of a Ping
 */
export function encodePing(nonce: number): Uint8Array;
/** @returns {Uint8Array} the body of a Rematch */
export function encodeRematch(): Uint8Array;
/** @returns {Uint8Array} the body of a Leave */
export function encodeLeave(): Uint8Array;
/**
 * @param {number} incarnation the timeline
 * @param {number} stream which stream
 * @param {number} tick of the frame in question
 * @returns {Uint8Array} the body of a Resync
 */
export function encodeResync(incarnation: number, stream: number, tick: number): Uint8Array;
/**
 * @param {string} text what to say
 * @param {number | "team" | null} to a seat, or the own team; null for everybody
 * @returns {Uint8Array} the body of a Chat
 */
export function encodeChat(text: string, to: number | "team" | null): Uint8Array;
/**
 * @param {RoomRequest} request
 * @returns {Uint8Array} the body of a Room
 */
export function encodeRoomRequest(request: RoomRequest): Uint8Array;
/**
 * @param {Uint8Array} body of a control section from a server
 * @returns {ServerControl} what it says
 * @throws {DecodeError} if it is none
 */
export function readServerControl(body: Uint8Array): ServerControl;
/**
 * which room
 */
export type RoomSelector = {
    kind: "quick";
    query: string;
} | {
    kind: "id";
    id: number;
} | {
    kind: "code";
    code: string;
} | {
    kind: "create";
    private: boolean;
    playersMax: number | null;
    loud: boolean;
    spectatorDelay: number;
    labels: [string, string][];
    rules: [string, string][];
    whenReady: boolean;
    countdown: number | null;
};
/**
 * what a client says first
 */
export type Hello = {
    /**
     * its name
     */
    game: string | null;
    /**
     * of the schema that the client knows
     */
    fingerprint: bigint | null;
    room: RoomSelector;
    /**
     * the token of the session to take up again
     */
    resume: Uint8Array | null;
    /**
     * the player's
     */
    name: string;
    /**
     * names and values of what the player says of itself
     */
    properties: [string, string][];
    role: "player" | "spectator";
    /**
     * whether bots may play in the room, if this makes a new one
     */
    company: boolean;
    /**
     * the room's, also if this makes it
     */
    password: string | null;
    /**
     * 16 random bytes that name the join, so that it may be repeated
     */
    joinKey: Uint8Array | null;
};
/**
 * where a room is in its life
 */
export type Phase = {
    name: "lobby";
    missing: number;
    unready: number | null;
    startsMs: number | null;
} | {
    name: "running";
    incarnation: number;
    tick: number;
} | {
    name: "ended";
    incarnation: number;
    tick: number;
    winners: number[];
    scores: {
        player: number;
        score: number;
    }[];
    rematchMs: number;
} | {
    name: "held";
    tick: number;
    missing: number;
    longestMs: number;
};
/**
 * a seat
 */
export type RosterEntry = {
    player: number;
    name: string;
    connected: boolean;
    ready: boolean;
    host: boolean;
    team: number | null;
    properties: Record<string, string>;
};
export type RoomUpdate = {
    phase: Phase | null;
    whole: boolean;
    roster: RosterEntry[];
    left: number[];
};
export type Welcome = {
    type: "welcome";
    session: bigint;
    attach: number;
    resumeToken: Uint8Array;
    graceMs: number;
    room: number;
    code: string;
    player: number | null;
    game: string;
    tickRate: number;
    snapshotInterval: number;
    fingerprint: bigint;
    schema: Uint8Array | null;
    streams: number[];
    state: RoomUpdate;
};
/**
 * who said something; the server has no name
 */
export type ChatFrom = {
    kind: "server" | "player" | "spectator";
    player: number | null;
    name: string;
};
/**
 * one thing that was said
 */
export type ChatLine = {
    /**
     * grows with each line of a room
     */
    id: number;
    /**
     * how long ago it was said when it was sent
     */
    ageMs: number;
    from: ChatFrom;
    /**
     * the seat of whom it was whispered to, or the own team; null for everybody
     */
    to: number | "team" | null;
    text: string;
};
export type ChatReason = "too_fast" | "too_long" | "empty" | "muted" | "not_a_player" | "no_such_player" | "filtered" | "no_team";
/**
 * why something is heard by nobody, and after how long one may go on
 */
export type ChatRefusal = {
    reason: ChatReason;
    retryMs: number;
};
/**
 * what a member asks of its room
 */
export type RoomRequest = {
    ready: boolean;
} | {
    start: true;
} | {
    kick: number;
    reason: string;
} | {
    team: number;
} | {
    properties: [string, string][];
};
/**
 * why the room does not do it
 */
export type RoomRefusal = "not_a_player" | "not_the_host" | "not_now" | "too_few_players" | "no_such_player" | "no_such_team" | "unbalanced" | "invalid_properties";
export type Refusal = "unknown" | "malformed" | "too_many" | "not_running" | "not_a_player" | "rule";
export type CommandOutcome = {
    tick: number;
} | {
    refused: Refusal;
    text: string;
};
export type ServerControl = Welcome | {
    type: "room";
    update: RoomUpdate;
} | {
    type: "reply";
    sequence: number;
    outcome: CommandOutcome;
} | {
    type: "pong";
    nonce: number;
    matchMicros: number;
} | {
    type: "chat";
    lines: ChatLine[];
} | {
    type: "chat_refused";
    refusal: ChatRefusal;
} | {
    type: "room_refused";
    refusal: RoomRefusal;
};
