// What browsers do to pages: hide and freeze them, take the network away, refresh and duplicate them.
// The only module that touches a document.

/** @typedef {import("./options.js").Environment} Environment */
/** @typedef {import("./options.js").Kept} Kept */
/**
 * The parts of a window that are used.
 *
 * @typedef {object} Page
 * @property {Pick<Document, "hidden" | "addEventListener" | "removeEventListener">} document
 * @property {Pick<Navigator, "onLine"> & { locks?: LockManager }} navigator
 * @property {Pick<Storage, "getItem" | "setItem" | "removeItem">} sessionStorage
 * @property {Window["addEventListener"]} addEventListener
 * @property {Window["removeEventListener"]} removeEventListener
 * @property {Performance} performance
 */

/** How long a refreshed page waits for its former self to let go of the seat, in ms. */
const LOCK_MS_MAX = 500;

/**
 * @param {Page | null} [page] a window; by default the global one, if there is one
 * @returns {Environment | null} what it tells; null without a page
 */
export function browser(page = typeof document === "undefined" ? null : /** @type {any} */ (globalThis)) {
  if (!page) return null;
  /** @type {string | null} */
  let key = null;
  return {
    isHidden: () => page.document.hidden,
    isOffline: () => page.navigator.onLine === false,
    listen: (listeners) => listen(page, listeners),
    claim: async (session) => {
      key = `syncline ${session}`;
      return claim(page, key);
    },
    keep: (kept) => {
      const held = key && read(page, key);
      if (!key || !held) return;
      const token = kept && btoa(String.fromCharCode(...kept.token));
      write(page, key, { holder: held.holder, token, code: kept?.code ?? "", kicked: kept?.kicked });
    },
  };
}

/**
 * @param {Page} page
 * @param {Parameters<Environment["listen"]>[0]} listeners
 * @returns {() => void}
 */
function listen(page, { hidden, visible, online, offline }) {
  const shown = () => (page.document.hidden ? hidden() : visible());
  /** @type {[Pick<Document, "addEventListener" | "removeEventListener"> | Page, string, () => void][]} */
  const wanted = [
    [page.document, "visibilitychange", shown],
    [page.document, "resume", visible],
    [page, "pageshow", shown],
    [page, "online", online],
    [page, "offline", offline],
  ];
  for (const [target, name, listener] of wanted) target.addEventListener(/** @type {any} */ (name), listener);
  return () => {
    for (const [target, name, listener] of wanted) target.removeEventListener(/** @type {any} */ (name), listener);
  };
}

/**
 * What was kept, if no other page holds it. A duplicated tab finds the same storage as the original
 * but not its lock, and begins anew.
 *
 * @param {Page} page
 * @param {string} key
 * @returns {Promise<Kept | null>}
 */
async function claim(page, key) {
  const kept = read(page, key);
  if (kept?.token && (await lock(page, `${key} ${kept.holder}`))) return /** @type {Kept} */ (kept);
  const holder = Array.from(crypto.getRandomValues(new Uint8Array(8)), (byte) => byte.toString(16)).join("");
  write(page, key, { holder, token: null, code: "" });
  await lock(page, `${key} ${holder}`);
  return null;
}

/**
 * Holds a lock for as long as the page lives.
 *
 * @param {Page} page
 * @param {string} name
 * @returns {Promise<boolean>} whether it is held
 */
async function lock(page, name) {
  const { locks } = page.navigator;
  // Without locks, as on a page without TLS, a refresh is all that is known to be safe.
  if (!locks) return isReload(page);
  return new Promise((resolve) => {
    const hold = () => {
      resolve(true);
      return new Promise(() => {});
    };
    locks.request(name, { signal: AbortSignal.timeout(LOCK_MS_MAX) }, hold).catch(() => resolve(false));
  });
}

/** @param {Page} page @returns {boolean} whether it was refreshed */
function isReload(page) {
  const [entry] = page.performance.getEntriesByType("navigation");
  return /** @type {PerformanceNavigationTiming | undefined} */ (entry)?.type === "reload";
}

/** @typedef {{ holder: string, token: string | null, code: string, kicked?: boolean }} Stored */

/**
 * @param {Page} page
 * @param {string} key
 * @returns {{ holder: string, token: Uint8Array | null, code: string, kicked?: boolean } | null} what is there, if it is what
 *   a client wrote
 */
function read(page, key) {
  try {
    /** @type {Stored} */
    const { holder, token, code, kicked } = JSON.parse(page.sessionStorage.getItem(key) ?? "");
    return { holder, code, kicked, token: token === null ? null : Uint8Array.from(atob(token), (letter) => letter.charCodeAt(0)) };
  } catch {
    return null;
  }
}

/** @param {Page} page @param {string} key @param {Stored} stored */
function write(page, key, stored) {
  try {
    page.sessionStorage.setItem(key, JSON.stringify(stored));
  } catch {
    // A page that may not store anything plays on, but loses its seat with a refresh.
  }
}
