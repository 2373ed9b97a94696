// How a command ends that was not applied.

/** A command was refused, or lost with its session or match. */
export class CommandRefused extends Error {
  /**
   * @param {import("../shared/control.js").Refusal | "lost"} reason why
   * @param {string} text what the game says
   */
  constructor(reason, text) {
    super(text || `the command was refused: ${reason}`);
    this.name = "CommandRefused";
    this.reason = reason;
  }
}
