/** The words of one client, across the connections of its session. */
export class Unheard {
    /** Another session began. */
    clear(): void;
    /**
     * @param {string} text
     * @param {number | "team" | null} to
     * @returns {boolean} whether to send it now; if not it waits for what has to be said again before it
     */
    say(text: string, to: number | "team" | null): boolean;
    /**
     * Lines came; of those that are the client's own each answers one thing that it said. A server's
     * filter may have changed the text.
     *
     * @param {ChatLine[]} lines that were not told before
     * @param {{ player: number | null, name: string }} self
     */
    heard(lines: ChatLine[], self: {
        player: number | null;
        name: string;
    }): void;
    /** The oldest was refused. */
    refused(): void;
    /** The connection is lost, and maybe what was said on it. */
    lost(): void;
    /** @returns {Said[]} what to say again, now that all that was heard is told */
    again(): Said[];
    #private;
}
export type ChatLine = import("../shared/control.js").ChatLine;
export type Said = {
    text: string;
    to: number | "team" | null;
    isLost: boolean;
};
