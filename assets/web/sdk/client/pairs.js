// Names and values, as they travel: labels, rules, properties.

/**
 * @param {Record<string, string | number>} [values] by name
 * @returns {[string, string][]}
 */
export function pairs(values = {}) {
  return Object.entries(values).map(([name, value]) => [name, String(value)]);
}
