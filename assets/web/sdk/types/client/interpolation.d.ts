/** The adaptive delay of one client. */
export class Interpolation {
    /**
     * @param {number} tickRate steps per second
     * @param {number} interval ticks from one frame to the next
     */
    constructor(tickRate: number, interval: number);
    rate: number;
    interval: number;
    /** @type {{ quickest: number, spread: number, heard: number } | null} What frames told about the path. */
    path: {
        quickest: number;
        spread: number;
        heard: number;
    } | null;
    /** @type {{ at: number, moment: number } | null} What was drawn last, so that it never goes back. */
    drawn: {
        at: number;
        moment: number;
    } | null;
    /** Forgets the path, because another match has begun. */
    restart(): void;
    /**
     * A frame arrived.
     *
     * @param {number} now
     * @param {number} tick the frame's
     * @param {number} span ticks since the snapshot before: an overloaded server sends fewer
     */
    arrived(now: number, tick: number, span: number): void;
    /** @returns {number} how far behind the quickest frame others are drawn */
    get delay(): number;
    /**
     * The moment to draw. It never goes back, and changes its pace by a few percent at most, unless it
     * is far behind.
     *
     * @param {number} now
     * @returns {number | null} in ticks, with a fraction; null before the first frame
     */
    view(now: number): number | null;
    /**
     * The moment that the player looks at, without drawing it.
     *
     * @param {number} now
     * @returns {number | null} in ticks, with a fraction; null before the first frame
     */
    looked(now: number): number | null;
}
