// Syncline for JavaScript. README.md tells how it is used; shared/PROTOCOL.md what it speaks.
//
// - client/: one client across its connections, as bot-client/core is in Rust
// - shared/: what both ends agree on, as the shared crate is

export { StreamDecoder } from "./shared/stream/decoder.js";
export { direction, unit } from "./shared/direction.js";
export { readSchema } from "./shared/schema.js";
export { readRow, writeRow } from "./shared/replicated.js";
export { ByteWriter } from "./shared/bits.js";
export { DecodeError } from "./shared/error.js";
export { encodeCommand, encodeCommandSection } from "./shared/command.js";
export { encodeInputs } from "./shared/input.js";
export { readFrame } from "./shared/frame.js";
export { readSections, writeSection } from "./shared/message.js";
export {
  encodeChat,
  encodeHello,
  encodeLeave,
  encodePing,
  encodeRematch,
  encodeResync,
  encodeRoomRequest,
  normalCode,
  readServerControl,
} from "./shared/control.js";
export { SynclineError } from "./shared/close.js";
export { View, World } from "./client/world.js";
export { browser } from "./client/browser.js";
export { Client } from "./client/client.js";
export { CommandRefused } from "./client/command_refused.js";
export { connect } from "./client/connect.js";
