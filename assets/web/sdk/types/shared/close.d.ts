/** @returns {number[]} the close codes that the table knows */
export function closeCodes(): number[];
/** Why a connection ended, and what comes next. */
export class SynclineError extends Error {
    /**
     * The end that a close frame tells of; 1005, 1006 and other codes of WebSocket itself are `"lost"`.
     *
     * @param {number} code the close code
     * @param {string} text the close frame's text
     * @returns {SynclineError} the end
     */
    static fromClose(code: number, text: string): SynclineError;
    /**
     * An end that this side found out about.
     *
     * @param {"lost" | "silent" | "unreadable" | "unknown_code"} reason its name
     * @param {string} [detail] more about it
     * @param {number | null} [code] the close code, if there was one
     * @returns {SynclineError} the end
     */
    static of(reason: "lost" | "silent" | "unreadable" | "unknown_code", detail?: string, code?: number | null): SynclineError;
    /**
     * @param {object} end what is known of the end
     * @param {string} end.reason the name of the reason
     * @param {number | null} end.code the close code
     * @param {Fault} end.fault whose fault it is
     * @param {Then} end.then what the client does next by itself
     * @param {number} end.retryAfter seconds, if `then` is `"retry"`
     * @param {string} end.detail what the server added for people
     */
    constructor({ reason, code, fault, then, retryAfter, detail }: {
        reason: string;
        code: number | null;
        fault: Fault;
        then: Then;
        retryAfter: number;
        detail: string;
    });
    reason: string;
    code: number | null;
    fault: Fault;
    then: Then;
    retryAfter: number;
    detail: string;
}
/**
 * whose fault an end is
 */
export type Fault = "peer" | "server" | "neither";
/**
 * what a client does next by itself
 */
export type Then = "never" | "resume" | "rejoin" | "retry";
