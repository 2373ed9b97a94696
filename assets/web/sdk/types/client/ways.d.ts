/** One connection, by whichever way. To whoever uses it, it is a WebSocket. */
export class Connection {
    /** @param {import("./options.js").Resolved} options */
    constructor(options: import("./options.js").Resolved);
    /** @type {() => void} */
    onopen: () => void;
    /** @type {(event: { data: unknown }) => void} */
    onmessage: (event: {
        data: unknown;
    }) => void;
    /** @type {(event: { code: number, reason: string }) => void} */
    onclose: (event: {
        code: number;
        reason: string;
    }) => void;
    /** @returns {Way | null} the way; null while it is looked for */
    get way(): Way | null;
    get readyState(): any;
    /** @param {Uint8Array} message */
    send(message: Uint8Array): void;
    /** @param {number} code */
    close(code: number): void;
    #private;
}
export type Way = "websocket" | "stream" | "poll";
