/** Sums over ten tenths of a second. */
export class RateMeter {
    tenths: Float64Array<ArrayBuffer>;
    tenth: number;
    total: number;
    /** @param {number} now in ms @param {number} amount */
    add(now: number, amount: number): void;
    /** @param {number} now in ms @returns {number} how much there was in the second before */
    perSecond(now: number): number;
    /** @param {number} now in ms */
    forget(now: number): void;
}
