/**
 * @param {RowClass[]} classes
 * @param {RowClass} input
 * @param {RowClass[]} events
 * @param {CommandClass[]} commands
 * @throws {DecodeError} if the schema is not sound
 */
export function checkSchema(classes: RowClass[], input: RowClass, events: RowClass[], commands: CommandClass[]): void;
export type RowClass = import("./schema.js").RowClass;
export type CommandClass = import("./schema.js").CommandClass;
export type Field = import("./schema.js").Field;
export type Kind = import("./schema.js").Kind;
