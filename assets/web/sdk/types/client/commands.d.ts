/** The commands of one client. */
export class Commands {
    /**
     * A connection begins.
     *
     * @param {number} attach which one of its session, from 1
     * @param {number} incarnation of the match: what was meant for another is lost, and what a server may have forgotten
     */
    begin(attach: number, incarnation: number): void;
    /**
     * @param {number} incarnation of the match that it is for
     * @param {Uint8Array} payload the encoded command
     * @param {Waiting["resolve"]} resolve
     * @param {Waiting["reject"]} reject
     * @returns {Uint8Array} the message
     */
    ask(incarnation: number, payload: Uint8Array, resolve: Waiting["resolve"], reject: Waiting["reject"]): Uint8Array;
    /** @param {number} sequence @param {CommandOutcome} outcome */
    answered(sequence: number, outcome: CommandOutcome): void;
    /** @returns {Uint8Array[]} messages to send again on this connection, once */
    again(): Uint8Array[];
    /** The session is over: nothing will be answered any more. */
    giveUp(): void;
    #private;
}
export type CommandOutcome = import("../shared/control.js").CommandOutcome;
export type Waiting = {
    incarnation: number;
    message: Uint8Array;
    /**
     * called with the answer
     */
    resolve: (outcome: CommandOutcome) => void;
    /**
     * called if there won't be one
     */
    reject: () => void;
};
