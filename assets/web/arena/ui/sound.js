// Sounds, made rather than loaded. Silent until the player switches them on.

/** @typedef {"shot" | "hit" | "mark" | "explosion" | "spawn" | "pickup"} Name */
/** @typedef {{ type: OscillatorType | "noise", from: number, to: number, seconds: number, volume: number }} Recipe frequencies in Hz */

/** @type {Record<Name, Recipe>} */
const RECIPES = {
  shot: { type: "square", from: 880, to: 190, seconds: 0.11, volume: 0.09 },
  hit: { type: "sawtooth", from: 210, to: 70, seconds: 0.13, volume: 0.16 },
  mark: { type: "triangle", from: 1250, to: 1600, seconds: 0.06, volume: 0.2 },
  explosion: { type: "noise", from: 900, to: 60, seconds: 0.75, volume: 0.4 },
  spawn: { type: "sine", from: 260, to: 780, seconds: 0.35, volume: 0.2 },
  pickup: { type: "triangle", from: 520, to: 1040, seconds: 0.18, volume: 0.22 },
};

/** How long after a sound the same one may begin again, in s. */
const APART = 0.03;

/** Plays sounds. */
export class Sound {
  /** @param {boolean} isOn */
  constructor(isOn) {
    this.isOn = isOn;
    /** @type {AudioContext | null} */
    this.context = null;
    /** @type {AudioBuffer | null} */
    this.noise = null;
    /** @type {Map<Name, number>} */
    this.playedAt = new Map();
    // Browsers let a page sound only after it was touched.
    for (const name of ["pointerdown", "keydown"]) addEventListener(name, () => this.wake(), { passive: true });
  }

  /** @param {boolean} isOn */
  set(isOn) {
    this.isOn = isOn;
    this.wake();
    if (!isOn) void this.context?.suspend();
  }

  /** Lets the browser know that the player is there. */
  wake() {
    if (!this.isOn) return;
    this.context ??= new AudioContext();
    if (this.context.state === "suspended") void this.context.resume();
  }

  /**
   * @param {Name} name
   * @param {number} loudness from 0 to 1
   */
  play(name, loudness) {
    const { context } = this;
    if (!this.isOn || !context || context.state !== "running" || loudness <= 0) return;
    const now = context.currentTime;
    if (now - (this.playedAt.get(name) ?? -1) < APART) return;
    this.playedAt.set(name, now);
    const { type, from, to, seconds, volume } = RECIPES[name];
    const gain = context.createGain();
    gain.gain.setValueAtTime(volume * loudness, now);
    gain.gain.exponentialRampToValueAtTime(0.0001, now + seconds);
    gain.connect(context.destination);
    if (type === "noise") this.rush(context, from, to, seconds).connect(gain);
    else {
      const tone = new OscillatorNode(context, { type, frequency: from });
      tone.frequency.exponentialRampToValueAtTime(to, now + seconds);
      tone.connect(gain);
      tone.start(now);
      tone.stop(now + seconds);
    }
  }

  /** @param {AudioContext} context @param {number} from @param {number} to @param {number} seconds @returns {AudioNode} */
  rush(context, from, to, seconds) {
    if (!this.noise) {
      this.noise = context.createBuffer(1, context.sampleRate, context.sampleRate);
      const samples = this.noise.getChannelData(0);
      for (let at = 0; at < samples.length; at++) samples[at] = Math.random() * 2 - 1;
    }
    const source = new AudioBufferSourceNode(context, { buffer: this.noise, loop: true });
    const filter = new BiquadFilterNode(context, { type: "lowpass", frequency: from });
    filter.frequency.exponentialRampToValueAtTime(to, context.currentTime + seconds);
    source.connect(filter);
    source.start();
    source.stop(context.currentTime + seconds);
    return filter;
  }
}
