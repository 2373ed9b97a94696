// The keyboard: which keys are held, and what they mean. Keys are places on the keyboard, so that
// WASD is one hand on every layout.

const WAYS = /** @type {const} */ ({
  KeyW: [0, -1],
  ArrowUp: [0, -1],
  KeyS: [0, 1],
  ArrowDown: [0, 1],
  KeyA: [-1, 0],
  ArrowLeft: [-1, 0],
  KeyD: [1, 0],
  ArrowRight: [1, 0],
});

/** Held keys. */
export class Keys {
  /** @param {() => boolean} isTaken whether something else has the keyboard */
  constructor(isTaken) {
    /** @type {Set<string>} */
    this.held = new Set();
    addEventListener("keydown", (event) => {
      if (isTaken() || isOther(event) || event.ctrlKey || event.metaKey || event.altKey) return;
      this.held.add(event.code);
      // Space and arrows would scroll, or press the button that was used last.
      if (event.code in WAYS || event.code === "Space") event.preventDefault();
    });
    addEventListener("keyup", ({ code, key }) => {
      this.held.delete(code);
      // The keyup of others is lost while it is held.
      if (key === "Meta") this.held.clear();
    });
    addEventListener("blur", () => this.held.clear());
  }

  /** @returns {{ x: number, y: number }} where to, each -1, 0 or 1 */
  get way() {
    let [x, y] = [0, 0];
    for (const [code, [dx, dy]] of Object.entries(WAYS)) {
      if (!this.held.has(code)) continue;
      x += dx;
      y += dy;
    }
    return { x: Math.sign(x), y: Math.sign(y) };
  }

  /** @returns {boolean} */
  get boost() {
    return this.held.has("ShiftLeft") || this.held.has("ShiftRight");
  }

  /** @returns {boolean} */
  get fire() {
    return this.held.has("Space");
  }
}

/** @param {KeyboardEvent} event @returns {boolean} whether it is for the button or slider that has the focus */
function isOther({ code, target }) {
  const isControl = target instanceof HTMLButtonElement || target instanceof HTMLInputElement || target instanceof HTMLAnchorElement;
  return isControl && (code === "Space" || code.startsWith("Arrow"));
}
