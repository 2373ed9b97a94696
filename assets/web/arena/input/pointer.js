// The mouse: where it is, and whether its button is held.

/** The mouse over the screen. */
export class Pointer {
  /** @param {HTMLElement} screen */
  constructor(screen) {
    /** Whether it has been seen: who plays by keys alone has none. */
    this.isUsed = false;
    this.x = 0;
    this.y = 0;
    this.fire = false;
    addEventListener("pointermove", (event) => this.moved(event));
    screen.addEventListener("pointerdown", (event) => {
      if (event.pointerType === "touch") return;
      this.moved(event);
      if (event.button === 0) this.fire = true;
    });
    const release = (/** @type {PointerEvent} */ event) => {
      if (event.pointerType !== "touch" && event.button === 0) this.fire = false;
    };
    addEventListener("pointerup", release);
    addEventListener("pointercancel", release);
    addEventListener("blur", () => (this.fire = false));
    screen.addEventListener("contextmenu", (event) => event.preventDefault());
  }

  /** @param {PointerEvent} event */
  moved({ pointerType, clientX, clientY }) {
    if (pointerType === "touch") return;
    this.isUsed = true;
    [this.x, this.y] = [clientX, clientY];
  }
}
