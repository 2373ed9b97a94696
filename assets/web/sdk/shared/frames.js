// WebSocket's frames, as a tunnel carries them: section 1.1 of shared/PROTOCOL.md.

import { demand } from "./error.js";
import { SERVER_MESSAGE_BYTES_MAX } from "./limits.js";

export const BINARY = 2;
export const CLOSE = 8;
export const PING = 9;
export const PONG = 10;

/**
 * A message of one frame, as a client sends it: under the mask that changes nothing.
 *
 * @param {number} opcode
 * @param {Uint8Array} payload of less than 65536 bytes
 * @returns {Uint8Array}
 */
export function writeFrame(opcode, payload) {
  const { length } = payload;
  const head = length < 126 ? [128 | opcode, 128 | length] : [128 | opcode, 254, length >> 8, length & 255];
  const frame = new Uint8Array(head.length + 4 + length);
  frame.set(head);
  frame.set(payload, head.length + 4);
  return frame;
}

/** Finds the frames in what a server sends, however it is cut. */
export class FrameReader {
  #rest = new Uint8Array(0);

  /**
   * @param {Uint8Array} bytes that came
   * @returns {{ opcode: number, payload: Uint8Array }[]} the frames that are whole now
   * @throws {import("./error.js").DecodeError} for what no server sends
   */
  read(bytes) {
    const all = new Uint8Array(this.#rest.length + bytes.length);
    all.set(this.#rest);
    all.set(bytes, this.#rest.length);
    const view = new DataView(all.buffer);
    const frames = [];
    let at = 0;
    for (;;) {
      if (all.length < at + 2) break;
      const short = all[at + 1];
      // A message is one frame, and masks are for clients.
      demand(all[at] >= 128 && short < 128);
      const start = at + (short < 126 ? 2 : short === 126 ? 4 : 10);
      if (all.length < start) break;
      const length = short < 126 ? short : short === 126 ? view.getUint16(at + 2) : Number(view.getBigUint64(at + 2));
      demand(length <= SERVER_MESSAGE_BYTES_MAX);
      if (all.length < start + length) break;
      frames.push({ opcode: all[at] & 15, payload: all.slice(start, start + length) });
      at = start + length;
    }
    this.#rest = all.slice(at);
    return frames;
  }
}
