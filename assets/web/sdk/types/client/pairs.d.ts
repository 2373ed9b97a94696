/**
 * @param {Record<string, string | number>} [values] by name
 * @returns {[string, string][]}
 */
export function pairs(values?: Record<string, string | number>): [string, string][];
