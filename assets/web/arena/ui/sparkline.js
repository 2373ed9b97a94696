// The last minute of a number, as a small line.

/** How many values are kept. */
const VALUES_MAX = 120;

/** A line of values. */
export class Sparkline {
  /**
   * @param {HTMLCanvasElement} canvas
   * @param {string} colour like #4de2ff
   */
  constructor(canvas, colour) {
    this.canvas = canvas;
    this.colour = colour;
    /** @type {number[]} */
    this.values = [];
  }

  /** @param {number} value the newest */
  add(value) {
    this.values.push(value);
    if (this.values.length > VALUES_MAX) this.values.shift();
  }

  /** Paints it. */
  paint() {
    const { canvas, values, colour } = this;
    const context = canvas.getContext("2d");
    const ratio = Math.min(devicePixelRatio, 2);
    const [width, height] = [Math.round(canvas.clientWidth * ratio), Math.round(canvas.clientHeight * ratio)];
    if (!context || width === 0) return;
    if (canvas.width !== width || canvas.height !== height) [canvas.width, canvas.height] = [width, height];
    context.clearRect(0, 0, width, height);
    if (values.length < 2) return;
    const top = Math.max(...values, 1) * 1.1;
    const step = width / (VALUES_MAX - 1);
    const place = (/** @type {number} */ at) => /** @type {[number, number]} */ ([width - (values.length - 1 - at) * step, height - 2 - (values[at] / top) * (height - 4)]);
    context.beginPath();
    context.moveTo(...place(0));
    for (let at = 1; at < values.length; at++) context.lineTo(...place(at));
    context.strokeStyle = colour;
    context.lineWidth = 1.5 * ratio;
    context.lineJoin = "round";
    context.stroke();
    context.lineTo(width, height);
    context.lineTo(place(0)[0], height);
    context.globalAlpha = 0.16;
    context.fillStyle = colour;
    context.fill();
    context.globalAlpha = 1;
  }
}
