/** A command was refused, or lost with its session or match. */
export class CommandRefused extends Error {
    /**
     * @param {import("../shared/control.js").Refusal | "lost"} reason why
     * @param {string} text what the game says
     */
    constructor(reason: import("../shared/control.js").Refusal | "lost", text: string);
    reason: import("../shared/control.js").Refusal | "lost";
}
