/** @param {unknown} error the page's own, which shows in its console */
export function report(error: unknown): void;
/**
 * Calls listeners. One that throws stops neither the others nor the client.
 *
 * @template {Record<string, (...values: any[]) => void>} Events
 */
export class Emitter<Events extends Record<string, (...values: any[]) => void>> {
    /** @type {Map<keyof Events, Set<(...values: any[]) => void>>} */
    listeners: Map<keyof Events, Set<(...values: any[]) => void>>;
    /**
     * @template {keyof Events} Name
     * @param {Name} name what to listen to
     * @param {Events[Name]} listener called each time
     * @returns {() => void} stops it
     */
    on<Name extends keyof Events>(name: Name, listener: Events[Name]): () => void;
    /**
     * @template {keyof Events} Name
     * @param {Name} name what happened
     * @param {Parameters<Events[Name]>} values with what
     */
    emit<Name extends keyof Events>(name: Name, ...values: Parameters<Events[Name]>): void;
}
