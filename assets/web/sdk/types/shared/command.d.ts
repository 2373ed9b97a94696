/**
 * @param {CommandClass} command its class
 * @param {Record<string, CommandValue>} values each field by its name
 * @returns {Uint8Array} the command, without incarnation and sequence
 * @throws {TypeError} for a field that is missing, unknown, of another kind or out of range, and for
 * a command that is too long
 */
export function encodeCommand(command: CommandClass, values: Record<string, CommandValue>): Uint8Array;
/**
 * @param {number} incarnation the timeline
 * @param {number} sequence the sender's number of the command
 * @param {Uint8Array} payload of {@link encodeCommand}
 * @returns {Uint8Array} the body of a command section
 */
export function encodeCommandSection(incarnation: number, sequence: number, payload: Uint8Array): Uint8Array;
export type CommandClass = import("./schema.js").CommandClass;
export type CommandKind = import("./schema.js").CommandKind;
export type CommandValue = boolean | number | string | Uint8Array;
