// Listeners by name.

/**
 * Calls listeners. One that throws stops neither the others nor the client.
 *
 * @template {Record<string, (...values: any[]) => void>} Events
 */
export class Emitter {
  constructor() {
    /** @type {Map<keyof Events, Set<(...values: any[]) => void>>} */
    this.listeners = new Map();
  }

  /**
   * @template {keyof Events} Name
   * @param {Name} name what to listen to
   * @param {Events[Name]} listener called each time
   * @returns {() => void} stops it
   */
  on(name, listener) {
    const known = this.listeners.get(name) ?? new Set();
    this.listeners.set(name, known.add(listener));
    return () => known.delete(listener);
  }

  /**
   * @template {keyof Events} Name
   * @param {Name} name what happened
   * @param {Parameters<Events[Name]>} values with what
   */
  emit(name, ...values) {
    for (const listener of this.listeners.get(name) ?? []) {
      try {
        listener(...values);
      } catch (error) {
        report(error);
      }
    }
  }
}

/** @param {unknown} error the page's own, which shows in its console */
export function report(error) {
  if (typeof reportError === "function") reportError(error);
  else console.error(error);
}
