/**
 * A message of one frame, as a client sends it: under the mask that changes nothing.
 *
 * @param {number} opcode
 * @param {Uint8Array} payload of less than 65536 bytes
 * @returns {Uint8Array}
 */
export function writeFrame(opcode: number, payload: Uint8Array): Uint8Array;
export const BINARY: 2;
export const CLOSE: 8;
export const PING: 9;
export const PONG: 10;
/** Finds the frames in what a server sends, however it is cut. */
export class FrameReader {
    /**
     * @param {Uint8Array} bytes that came
     * @returns {{ opcode: number, payload: Uint8Array }[]} the frames that are whole now
     * @throws {import("./error.js").DecodeError} for what no server sends
     */
    read(bytes: Uint8Array): {
        opcode: number;
        payload: Uint8Array;
    }[];
    #private;
}
