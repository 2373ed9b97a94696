// Two thumbs: the left one flies, the right one aims and fires. Each stick appears where its thumb
// comes down. A left thumb pulled far out boosts while the right one rests.

/** @typedef {{ id: number, x: number, y: number, dx: number, dy: number }} Stick where its thumb came down, and how far it is */

/** How far a stick goes, how far a thumb must move to mean it, and from where on it boosts; CSS pixels. */
const REACH = 52;
const REST = 10;
const BOOST = 74;

/** Two sticks. */
export class Thumbs {
  /** @param {HTMLElement} screen */
  constructor(screen) {
    /** @type {Stick | null} */
    this.left = null;
    /** @type {Stick | null} */
    this.right = null;
    /** Whether there was ever a thumb. */
    this.isUsed = false;
    screen.addEventListener("pointerdown", (event) => this.down(screen, event));
    screen.addEventListener("pointermove", (event) => this.move(event));
    for (const name of /** @type {const} */ (["pointerup", "pointercancel"])) {
      screen.addEventListener(name, ({ pointerId }) => this.up(pointerId));
    }
    // A press of two fingers must not zoom or select.
    screen.addEventListener("touchstart", (event) => event.preventDefault(), { passive: false });
  }

  /** @returns {{ x: number, y: number } | null} where to fly, up to 1 long; null for nowhere */
  get way() {
    return reach(this.left);
  }

  /** @returns {{ x: number, y: number } | null} where to aim and fire; null for not at all */
  get aim() {
    return reach(this.right);
  }

  /** @returns {boolean} */
  get boost() {
    return this.left !== null && this.aim === null && Math.hypot(this.left.dx, this.left.dy) > BOOST;
  }

  /** @param {HTMLElement} screen @param {PointerEvent} event */
  down(screen, { pointerType, pointerId, clientX, clientY }) {
    if (pointerType !== "touch") return;
    this.isUsed = true;
    const side = clientX < innerWidth / 2 ? "left" : "right";
    if (this[side]) return;
    this[side] = { id: pointerId, x: clientX, y: clientY, dx: 0, dy: 0 };
    screen.setPointerCapture(pointerId);
  }

  /** @param {PointerEvent} event */
  move({ pointerId, clientX, clientY }) {
    for (const stick of [this.left, this.right]) {
      if (stick?.id === pointerId) [stick.dx, stick.dy] = [clientX - stick.x, clientY - stick.y];
    }
  }

  /** @param {number} id of a pointer */
  up(id) {
    if (this.left?.id === id) this.left = null;
    if (this.right?.id === id) this.right = null;
  }

  /** Lets go of both. */
  release() {
    this.left = null;
    this.right = null;
  }

  /**
   * @param {CanvasRenderingContext2D} context in CSS pixels
   * @param {string} colour
   */
  paint(context, colour) {
    for (const stick of [this.left, this.right]) {
      if (!stick) continue;
      const far = Math.hypot(stick.dx, stick.dy);
      const part = far > REACH ? REACH / far : 1;
      const boosts = stick === this.left && this.boost;
      context.globalAlpha = boosts ? 0.7 : 0.4;
      context.strokeStyle = colour;
      context.lineWidth = boosts ? 4 : 2;
      context.beginPath();
      context.arc(stick.x, stick.y, REACH, 0, Math.PI * 2);
      context.stroke();
      context.fillStyle = colour;
      context.beginPath();
      context.arc(stick.x + stick.dx * part, stick.y + stick.dy * part, 22, 0, Math.PI * 2);
      context.fill();
    }
    context.globalAlpha = 1;
  }
}

/** @param {Stick | null} stick @returns {{ x: number, y: number } | null} */
function reach(stick) {
  if (!stick) return null;
  const far = Math.hypot(stick.dx, stick.dy);
  return far < REST ? null : { x: stick.dx / Math.max(far, REACH), y: stick.dy / Math.max(far, REACH) };
}
