/** Delays what passes through it. */
export class Conditioner {
    /** @param {{ setTimeout: (call: () => void, ms: number) => any, now: () => number, random: () => number }} clock */
    constructor(clock: {
        setTimeout: (call: () => void, ms: number) => any;
        now: () => number;
        random: () => number;
    });
    clock: {
        setTimeout: (call: () => void, ms: number) => any;
        now: () => number;
        random: () => number;
    };
    /** @type {Required<Conditions> | null} */
    conditions: Required<Conditions> | null;
    stallsFrom: number;
    /** When the last message of each way is delivered: none overtakes another. */
    last: {
        up: number;
        down: number;
    };
    /** @type {Record<"up" | "down", (() => void)[]>} */
    queues: Record<"up" | "down", (() => void)[]>;
    /** @param {Conditions | null} conditions from now on */
    set(conditions: Conditions | null): void;
    /**
     * @param {"up" | "down"} way
     * @param {() => void} deliver called now or later
     */
    pass(way: "up" | "down", deliver: () => void): void;
    /** @param {number} now @param {Required<Conditions>} conditions @returns {number} when a message of now comes */
    due(now: number, { latency, jitter, stallEvery, stallFor }: Required<Conditions>): number;
}
export type Conditions = {
    /**
     * ms more of round trip, half each way
     */
    latency?: number | undefined;
    /**
     * up to so many ms more for each message
     */
    jitter?: number | undefined;
    /**
     * every so many ms nothing comes or goes
     */
    stallEvery?: number | undefined;
    /**
     * for so many ms
     */
    stallFor?: number | undefined;
};
