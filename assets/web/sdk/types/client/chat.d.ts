/** The chat of one client, across the connections of its session. */
export class Chat {
    /** @type {ChatLine[]} The last lines, the oldest first. */
    lines: ChatLine[];
    /** @type {Set<number>} Seats of players whom the client does not want to hear. */
    muted: Set<number>;
    /** What the client said itself. */
    own: Unheard;
    /** Another session began: what it is told has ids of its own. */
    clear(): void;
    /**
     * Lines came. After a resume the server tells again what it told before.
     *
     * @param {ChatLine[]} lines
     * @param {{ player: number | null, name: string }} self the client's seat and name
     * @returns {ChatLine[]} those that are new, and from somebody who is heard
     */
    take(lines: ChatLine[], self: {
        player: number | null;
        name: string;
    }): ChatLine[];
    /** @param {Map<number, unknown>} roster those who are here: whoever gets a free seat was never muted */
    keepTo(roster: Map<number, unknown>): void;
    #private;
}
export type ChatLine = import("../shared/control.js").ChatLine;
import { Unheard } from "./unheard.js";
