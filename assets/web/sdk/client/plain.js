// Plain data: numbers, booleans, strings, null, and arrays and objects of them.

/**
 * @template T
 * @param {T} value plain data
 * @returns {T} a copy of it
 */
export function clone(value) {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return /** @type {any} */ (value.map(clone));
  /** @type {Record<string, unknown>} */
  const copy = {};
  for (const key of Object.keys(value)) copy[key] = clone(/** @type {Record<string, unknown>} */ (value)[key]);
  return /** @type {T} */ (copy);
}

/**
 * @param {any} a plain data
 * @param {any} b plain data
 * @returns {boolean} whether they say the same; 0 and -0 do
 */
export function isSame(a, b) {
  if (a === b) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return a !== a && b !== b;
  const keys = Object.keys(a);
  if (keys.length !== Object.keys(b).length || Array.isArray(a) !== Array.isArray(b)) return false;
  return keys.every((key) => key in b && isSame(a[key], b[key]));
}
