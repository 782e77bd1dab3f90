/** The drawing: a curve for pitch and one for energy over one timeline, with undo and redo. */

import { emptyCurve, isEmpty, limited, scaled, smoothed, withLine, withoutRange } from "./curve.js";
import { followWords } from "./timeline.js";

export const LAYERS = ["pitch", "energy"];
export const VALUE_LIMITS = { pitch: [12 * Math.log2(50), 12 * Math.log2(800)], energy: [-30, 30] };
const MOST_STEPS = 200;

export class Sketch extends EventTarget {
  #past = [];
  #future = [];
  #stroke = null;

  constructor() {
    super();
    this.step = 256 / 24000;
    this.words = [];
    this.curves = { pitch: emptyCurve(0), energy: emptyCurve(0) };
  }

  get length() {
    return this.curves.pitch.length;
  }

  get empty() {
    return LAYERS.every((layer) => isEmpty(this.curves[layer]));
  }

  get canUndo() {
    return this.#past.length > 0;
  }

  get canRedo() {
    return this.#future.length > 0;
  }

  /** A new timeline: the drawing follows its words, and so does what can be undone. */
  retime(words, step, length) {
    const move = (curves) => {
      const out = {};
      for (const layer of LAYERS) out[layer] = followWords(curves[layer], step, this.words, words, length);
      return out;
    };
    this.#stroke = null;
    this.curves = move(this.curves);
    this.#past = this.#past.map(move);
    this.#future = this.#future.map(move);
    this.words = words;
    this.step = step;
    this.#changed();
  }

  /** Everything between `begin` and `commit` is one step of undo. */
  begin() {
    this.#stroke = this.curves;
  }

  commit() {
    if (this.#stroke && this.#stroke !== this.curves) this.#remember(this.#stroke);
    this.#stroke = null;
    this.#changed();
  }

  cancel() {
    if (this.#stroke) this.curves = this.#stroke;
    this.#stroke = null;
    this.#changed();
  }

  line(layer, from, to) {
    this.#set(layer, withLine(this.curves[layer], this.step, from, to));
  }

  erase(layer, from, to) {
    this.#set(layer, withoutRange(this.curves[layer], this.step, from, to));
  }

  replace(layer, curve) {
    this.#set(layer, curve);
  }

  smooth(layer) {
    this.#set(layer, smoothed(this.curves[layer]));
  }

  scale(layer, factor) {
    this.#set(layer, scaled(this.curves[layer], factor));
  }

  /** Both curves at once, one step of undo. */
  replaceAll(curves) {
    this.begin();
    for (const layer of LAYERS) this.#set(layer, curves[layer]);
    this.commit();
  }

  clear(layer) {
    this.#set(layer, emptyCurve(this.length));
  }

  undo() {
    if (!this.canUndo) return;
    this.#future.push(this.curves);
    this.curves = this.#past.pop();
    this.#changed();
  }

  redo() {
    if (!this.canRedo) return;
    this.#past.push(this.curves);
    this.curves = this.#future.pop();
    this.#changed();
  }

  #set(layer, curve) {
    if (!this.#stroke) this.#remember(this.curves);
    this.curves = { ...this.curves, [layer]: limited(curve, VALUE_LIMITS[layer]) };
    this.#changed();
  }

  #remember(curves) {
    this.#past.push(curves);
    if (this.#past.length > MOST_STEPS) this.#past.shift();
    this.#future = [];
  }

  #changed() {
    this.dispatchEvent(new Event("change"));
  }
}
