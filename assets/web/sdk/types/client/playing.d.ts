/** @param {Uint8Array} body @returns {Uint8Array} a message with one control section */
export function controlMessage(body: Uint8Array): Uint8Array;
/** A client in a room. */
export class Playing {
    /**
     * @param {number} now
     * @param {Welcome} welcome
     * @param {Schema} schema
     * @param {Stay} stay
     * @param {Playing | null} before the connection of the same session that came before
     */
    constructor(now: number, welcome: Welcome, schema: Schema, stay: Stay, before: Playing | null);
    welcome: import("../shared/control.js").Welcome;
    schema: import("../shared/schema.js").Schema;
    stay: Stay;
    rate: number;
    /** @type {RoomView} */
    room: RoomView;
    streams: Streams;
    clock: ClockSync;
    /** @type {InputStamper} */
    inputs: InputStamper;
    interpolation: Interpolation;
    since: SinceFrame;
    traffic: Traffic;
    /** @type {Prediction | null} */
    prediction: Prediction | null;
    /** Whether the server answered a ping. */
    ponged: boolean;
    /** @type {{ state: StreamState, tick: number } | null} A copy of the common stream that runs ahead in a silence. */
    ahead: {
        state: StreamState;
        tick: number;
    } | null;
    /** Whether a stream begins anew with the next frame that is whole. */
    rejoined: boolean;
    watchedAt: number;
    calledAt: number;
    /** @returns {number | null} the seat, of who plays a running match */
    get player(): number | null;
    /**
     * A section of a message came.
     *
     * @param {number} now
     * @param {import("../shared/message.js").Section} section
     * @throws {DecodeError} if it makes no sense
     */
    section(now: number, { kind, body }: import("../shared/message.js").Section): void;
    /**
     * All sections of a message were taken in.
     *
     * @param {number} now
     * @returns {Uint8Array[]} messages that ask for the streams that went astray in it, and that say again
     *   what was lost: by the first pong the server has told all that was said before
     */
    messageEnded(now: number): Uint8Array[];
    /** @param {number} now @param {Uint8Array} body */
    control(now: number, body: Uint8Array): void;
    /** @param {number} now @param {RoomUpdate} update @param {boolean} sameTimeline whether the world goes on */
    update(now: number, update: RoomUpdate, sameTimeline: boolean): void;
    /** @param {number} now a timeline begins @param {boolean} same whether it is the one that was shown */
    begin(now: number, same: boolean): void;
    /** @param {number} now @param {Uint8Array} body */
    frame(now: number, body: Uint8Array): void;
    /** @param {number} now @param {FrameSection} frame @param {boolean} rejoined */
    ownPart(now: number, { tick, statuses, repeated, marginMs }: FrameSection, rejoined: boolean): void;
    /** @param {number} tick is whole: the prediction meets the server's word */
    compare(tick: number): void;
    /** @returns {number} when `advance` has something to do */
    get nextDue(): number;
    /** @param {number} now this end may have slept, or the network changed */
    wake(now: number): void;
    /**
     * @param {number} now
     * @returns {Uint8Array | null} the message that is due, if any: a ping, inputs, an acknowledgement
     */
    advance(now: number): Uint8Array | null;
    /** The connection is over. */
    ended(): void;
    /** @param {number} now @returns {import("./world.js").View | null} what to draw of others */
    interpolate(now: number): import("./world.js").View | null;
    /**
     * Nothing is said of what goes as predicted: until something is, a copy of the common stream goes on.
     *
     * @param {number} moment in ticks
     */
    drawAhead(moment: number): void;
    /**
     * @param {number} now
     * @returns {{ tick: number, state: any, drawn: number[], error: number } | null} what to draw of oneself
     */
    predict(now: number): {
        tick: number;
        state: any;
        drawn: number[];
        error: number;
    } | null;
    /** @param {number} now @returns {number[] | null} the numbers to draw of oneself, without smoothing */
    target(now: number): number[] | null;
    /** @param {number} now @param {() => void} set changes what is pressed, from the next tick on */
    press(now: number, set: () => void): void;
    /**
     * What `act` changes of what is drawn fades instead of showing at once.
     *
     * @template T
     * @param {number} now
     * @param {() => T} act
     * @returns {T} what it returns
     */
    smoothly<T>(now: number, act: () => T): T;
}
export type CommandOutcome = import("../shared/control.js").CommandOutcome;
export type RoomUpdate = import("../shared/control.js").RoomUpdate;
export type Welcome = import("../shared/control.js").Welcome;
export type FrameSection = import("../shared/frame.js").FrameSection;
export type Schema = import("../shared/schema.js").Schema;
export type FrameOutcome = import("./followed.js").FrameOutcome;
export type StreamState = import("../shared/stream/state.js").StreamState;
export type PredictionRules = import("./prediction.js").PredictionRules;
/**
 * What outlives a connection.
 */
export type Stay = {
    scene: import("./scene.js").Scene;
    chat: import("./chat.js").Chat;
    commands: import("./commands.js").Commands;
    /**
     * the client's
     */
    name: string;
    controls: import("./controls.js").Controls;
    statistics: import("./statistics.js").Statistics;
    /**
     * whether inputs are sent on change
     */
    holds: boolean;
    rules: PredictionRules | null;
    /**
     * the clock, to measure decoding
     */
    now: () => number;
    /**
     * tells listeners
     */
    emit: (name: any, ...values: any[]) => void;
};
import { RoomView } from "./room_view.js";
import { Streams } from "./streams.js";
import { ClockSync } from "./clock_sync.js";
import { InputStamper } from "./input_stamper.js";
import { Interpolation } from "./interpolation.js";
import { SinceFrame } from "./since_frame.js";
import { Traffic } from "./traffic.js";
import { Prediction } from "./prediction.js";
