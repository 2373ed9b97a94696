/**
 * @template T
 * @param {T} value plain data
 * @returns {T} a copy of it
 */
export function clone<T>(value: T): T;
/**
 * @param {any} a plain data
 * @param {any} b plain data
 * @returns {boolean} whether they say the same; 0 and -0 do
 */
export function isSame(a: any, b: any): boolean;
