/** The messages of one connection. */
export class Traffic {
    /** @param {number} now when it begins */
    constructor(now: number);
    since: number;
    /** When the server has been silent for too long. */
    silentAt: number;
    received: number;
    acknowledged: number;
    /** @type {number | null} When the first message came that is not acknowledged. */
    owedSince: number | null;
    /** @param {number} now a message came */
    receive(now: number): void;
    /** @param {number} now this end slept: what came meanwhile is delivered yet, or the connection is dead */
    wake(now: number): void;
    /** @returns {number | null} when the server must be told what came; null if it knows */
    get acknowledgementDue(): number | null;
    /** @returns {number} how many messages came; the server is told now */
    acknowledge(): number;
}
