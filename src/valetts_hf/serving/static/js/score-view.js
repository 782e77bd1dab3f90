/**
 * Paints the melody: words and sounds on the ruler, curves on the plot. The canvases are as wide as what is seen and stay
 * in place while the time axis scrolls under them, so that a minute of speech needs no giant canvas.
 */

import { clamp, runsOf, toSemitones } from "./curve.js";

const LEAST_PIXELS_PER_SECOND = 150;
const LEFT = 42; // pixels before the first moment, for the scale
const RIGHT = 10;
const RULER = 46;
const GRID_HZ = [60, 80, 100, 125, 150, 200, 250, 300, 400, 500, 600, 800];
const GRID_DB = [-30, -25, -20, -15, -10, -5, 0, 5, 10, 15, 20, 25];
const AXIS_FONT = "11px system-ui, sans-serif";
const SOUND_FONT = '12px "Noto Sans", "DejaVu Sans", "Segoe UI", system-ui, sans-serif';

export class ScoreView {
  constructor({ scroller, spacer, ruler, plot }) {
    Object.assign(this, { scroller, spacer, ruler, plot });
    this.zoom = 1;
    this.overflows = false; // whether there is more than is seen
    this.scene = { words: [], phonemes: [], duration: 0, step: 1, layer: "pitch", predicted: {}, drawn: {}, spoken: null };
    this.playhead = null;
    this.cursor = -1; // the word that the keyboard is on
    new ResizeObserver(() => this.layout()).observe(scroller);
    scroller.addEventListener("scroll", () => this.refresh(), { passive: true });
    document.addEventListener("colourschange", () => this.refresh());
  }

  #queued = false;
  #held = null;

  /** Keep the heights as they are until `release`, so that nothing moves under a stroke. */
  hold() {
    this.#held = { layer: this.scene.layer, range: this.range() };
  }

  release() {
    this.#held = null;
    this.refresh();
  }

  /** What to show from now on; what is left out stays. */
  show(changes) {
    Object.assign(this.scene, changes);
    this.layout();
  }

  setZoom(zoom) {
    const middle = this.timeAt(this.width / 2);
    this.zoom = clamp(zoom, 1, 6);
    this.layout();
    this.scroller.scrollLeft = LEFT + middle * this.scale - this.width / 2;
  }

  layout() {
    this.width = Math.max(this.scroller.clientWidth, 50);
    this.height = this.width < 560 ? 220 : 280;
    const duration = Math.max(this.scene.duration, 0.5);
    const fitting = (this.width - LEFT - RIGHT) / duration;
    this.scale = Math.max(fitting, LEAST_PIXELS_PER_SECOND) * this.zoom; // pixels per second
    const whole = Math.floor(Math.max(this.width, duration * this.scale + LEFT + RIGHT));
    this.spacer.style.width = `${whole}px`;
    this.overflows = whole > this.width + 1;
    for (const [canvas, height] of [[this.ruler, RULER], [this.plot, this.height]]) {
      const ratio = window.devicePixelRatio || 1;
      canvas.style.width = `${this.width}px`;
      canvas.style.height = `${height}px`;
      canvas.width = Math.round(this.width * ratio);
      canvas.height = Math.round(height * ratio);
    }
    this.onlayout?.();
    this.refresh();
  }

  refresh() {
    if (this.#queued) return;
    this.#queued = true;
    requestAnimationFrame(() => {
      this.#queued = false;
      this.#paint();
    });
  }

  timeAt(x) {
    return (x + this.scroller.scrollLeft - LEFT) / this.scale;
  }

  xAt(time) {
    return LEFT + time * this.scale - this.scroller.scrollLeft;
  }

  /** Lowest and highest value of the layer that is drawn on: where the prediction and the drawing are, and room around. */
  range(layer = this.scene.layer) {
    if (this.#held?.layer === layer) return this.#held.range;
    const values = [];
    for (const curve of [this.scene.predicted[layer], this.scene.spoken?.[layer]]) {
      for (const value of curve ?? []) if (!Number.isNaN(value)) values.push(value);
    }
    values.sort((a, b) => a - b);
    const [low, high] = values.length
      ? [values[Math.floor(0.02 * (values.length - 1))], values[Math.ceil(0.98 * (values.length - 1))]]
      : { pitch: [toSemitones(100), toSemitones(220)], energy: [-12, 6] }[layer];
    const room = { pitch: 7, energy: 9 }[layer];
    const limits = { pitch: [toSemitones(50), toSemitones(800)], energy: [-30, 30] }[layer];
    let [bottom, top] = [Math.max(low - room, limits[0]), Math.min(high + room, limits[1])];
    for (const value of this.scene.drawn[layer] ?? []) {
      if (value < bottom) bottom = value;
      if (value > top) top = value;
    }
    return [bottom, top];
  }

  valueAt(y) {
    const [low, high] = this.range();
    return high - (clamp(y, 0, this.height) / this.height) * (high - low);
  }

  #yAt(value, [low, high]) {
    return ((high - value) / (high - low)) * this.height;
  }

  scrollTo(time) {
    const x = this.xAt(time);
    if (x < 20 || x > this.width - 20) this.scroller.scrollLeft += x - this.width / 3;
  }

  #paint() {
    const style = getComputedStyle(document.documentElement);
    const colours = new Proxy({}, { get: (_, name) => style.getPropertyValue(`--${name}`).trim() });
    this.#paintRuler(this.#begin(this.ruler), colours, style);
    this.#paintPlot(this.#begin(this.plot), colours);
  }

  #begin(canvas) {
    const context = canvas.getContext("2d");
    const ratio = window.devicePixelRatio || 1;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, canvas.width, canvas.height);
    return context;
  }

  #paintRuler(context, colours, style) {
    const serif = style.getPropertyValue("--serif");
    context.textAlign = "center";
    context.textBaseline = "middle";
    this.scene.words.forEach((word, index) => {
      const [left, right] = [this.xAt(word.start), this.xAt(word.end)];
      if (right < 0 || left > this.width) return;
      const room = Math.max(right - left, 4) + 2;
      context.fillStyle = index === this.cursor ? colours.accent : colours.ink;
      let size = 16;
      do {
        context.font = `${size}px ${serif}`;
        size -= 1;
      } while (context.measureText(word.text).width > room && size >= 10);
      context.fillText(shortened(context, word.text, room), (left + right) / 2, 17);
      context.fillStyle = colours.muted;
      context.font = SOUND_FONT;
      this.#paintSounds(context, word, left, right);
    });
  }

  /** Each sound where it is said, or all of a word's together where they would collide. */
  #paintSounds(context, word, left, right) {
    const sounds = this.scene.phonemes.filter(({ start, end }) => (start + end) / 2 >= word.start && (start + end) / 2 <= word.end);
    const fit = sounds.every((sound) => context.measureText(sound.text).width + 1 <= (sound.end - sound.start) * this.scale);
    if (fit) {
      for (const sound of sounds) context.fillText(sound.text, this.xAt((sound.start + sound.end) / 2), 36);
    } else {
      const whole = sounds.map((sound) => sound.text).join("");
      context.fillText(shortened(context, whole, right - left + 2), (left + right) / 2, 36);
    }
  }

  #paintPlot(context, colours) {
    const { words, layer, predicted, drawn, spoken } = this.scene;
    words.forEach((word, index) => {
      const [left, right] = [this.xAt(word.start), this.xAt(word.end)];
      context.fillStyle = index === this.cursor ? colours["accent-soft"] : colours.band;
      context.fillRect(left, 0, Math.max(right - left - 1, 1), this.height);
    });
    this.#paintGrid(context, colours);
    const other = layer === "pitch" ? "energy" : "pitch";
    this.#stroke(context, drawn[other], this.range(other), colours[other], 2, 0.28);
    this.#stroke(context, predicted[layer], this.range(), colours.predicted, 2);
    if (spoken) this.#stroke(context, spoken[layer], this.range(), colours.spoken, 2);
    this.#stroke(context, drawn[layer], this.range(), colours[layer], 4.5);
    if (this.playhead !== null) {
      context.fillStyle = colours.ink;
      context.fillRect(Math.round(this.xAt(this.playhead)), 0, 1.5, this.height);
    }
  }

  #paintGrid(context, colours) {
    const range = this.range();
    const marks = this.scene.layer === "pitch"
      ? GRID_HZ.map((hz) => [toSemitones(hz), `${hz} Hz`])
      : GRID_DB.map((db) => [db, `${db > 0 ? "+" : ""}${db} dB`]);
    context.textAlign = "left";
    context.textBaseline = "bottom";
    context.font = AXIS_FONT;
    let last = Infinity;
    for (const [value, label] of marks) {
      const y = Math.round(this.#yAt(value, range)) + 0.5;
      if (y < 14 || y > this.height - 2 || last - y < 26) continue;
      last = y;
      context.strokeStyle = colours.line;
      context.lineWidth = 1;
      context.beginPath();
      context.moveTo(0, y);
      context.lineTo(this.width, y);
      context.stroke();
      context.fillStyle = colours.muted;
      context.fillText(label, 5, y - 1);
    }
  }

  #stroke(context, curve, range, colour, width, alpha = 1) {
    if (!curve?.length) return;
    const { step } = this.scene;
    context.save();
    context.globalAlpha = alpha;
    context.strokeStyle = colour;
    context.fillStyle = colour;
    context.lineWidth = width;
    context.lineCap = "round";
    context.lineJoin = "round";
    for (const [first, end] of runsOf(curve)) {
      if (this.xAt(end * step) < 0 || this.xAt(first * step) > this.width) continue;
      context.beginPath();
      for (let i = first; i < end; i += 1) context.lineTo(this.xAt(i * step), this.#yAt(curve[i], range));
      if (end - first === 1) context.lineTo(this.xAt(first * step) + 0.1, this.#yAt(curve[first], range));
      context.stroke();
    }
    context.restore();
  }
}

function shortened(context, text, room) {
  if (context.measureText(text).width <= room) return text;
  let kept = text;
  while (kept.length > 1 && context.measureText(`${kept}…`).width > room) kept = kept.slice(0, -1);
  return `${kept}…`;
}

/** Hz or dB of an answer as a curve in the units of the drawing. */
export function contourOf(layer, values) {
  return Float32Array.from(values, (value) => (value === null ? NaN : layer === "pitch" ? toSemitones(value) : value));
}
