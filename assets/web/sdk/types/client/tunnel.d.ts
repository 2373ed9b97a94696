/** One connection through requests and answers. */
export class Tunnel {
    /**
     * @param {string} url of the server's endpoint, as for a WebSocket
     * @param {"auto" | "stream" | "poll"} way whether answers are streamed; `"auto"` finds out
     * @param {any} fetch
     * @param {import("./options.js").Clock} clock
     */
    constructor(url: string, way: "auto" | "stream" | "poll", fetch: any, clock: import("./options.js").Clock);
    readyState: number;
    /** @type {() => void} */
    onopen: () => void;
    /** @type {(event: { data: ArrayBuffer }) => void} */
    onmessage: (event: {
        data: ArrayBuffer;
    }) => void;
    /** @type {(event: { code: number, reason: string }) => void} */
    onclose: (event: {
        code: number;
        reason: string;
    }) => void;
    /** @returns {"stream" | "poll"} how answers come */
    get transport(): "stream" | "poll";
    /** @param {Uint8Array} message */
    send(message: Uint8Array): void;
    /** @param {number} code */
    close(code: number): void;
    #private;
}
