/**
 * @param {Page | null} [page] a window; by default the global one, if there is one
 * @returns {Environment | null} what it tells; null without a page
 */
export function browser(page?: Page | null): Environment | null;
export type Stored = {
    holder: string;
    token: string | null;
    code: string;
    kicked?: boolean;
};
export type Environment = import("./options.js").Environment;
export type Kept = import("./options.js").Kept;
/**
 * The parts of a window that are used.
 */
export type Page = {
    document: Pick<Document, "hidden" | "addEventListener" | "removeEventListener">;
    navigator: Pick<Navigator, "onLine"> & {
        locks?: LockManager;
    };
    sessionStorage: Pick<Storage, "getItem" | "setItem" | "removeItem">;
    addEventListener: Window["addEventListener"];
    removeEventListener: Window["removeEventListener"];
    performance: Performance;
};
