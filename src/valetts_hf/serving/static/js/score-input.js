/** Drawing with mouse, pen or finger (Pointer Events), and with the keyboard word by word. */

import { describeWord, shapeWord } from "./timeline.js";
import { filled, isEmpty } from "./curve.js";

const ERASER_BUTTON = 32; // of a pen
const ERASER_PIXELS = 14;
const STEPS = { pitch: 0.5, energy: 1 }; // semitones, dB

export class ScoreInput {
  /**
   * @param {object} parts view ({@link ScoreView}), sketch ({@link Sketch}), tool() -> "draw" | "erase",
   *   announceWord(index) and changed(): told after each edit.
   */
  constructor(parts) {
    Object.assign(this, parts);
    const { plot } = this.view;
    plot.addEventListener("pointerdown", (event) => this.#down(event));
    plot.addEventListener("pointermove", (event) => this.#move(event));
    plot.addEventListener("pointerup", (event) => this.#up(event));
    plot.addEventListener("pointercancel", (event) => this.#cancel(event));
    plot.addEventListener("contextmenu", (event) => event.preventDefault());
    plot.addEventListener("keydown", (event) => this.#key(event));
    plot.addEventListener("blur", () => this.#setCursor(-1));
  }

  #pointer = null;
  #last = null;
  #erasing = false;

  get #layer() {
    return this.view.scene.layer;
  }

  #down(event) {
    if (this.#pointer !== null || !this.sketch.length || event.button > 2 && event.button !== 5) return;
    this.#pointer = event.pointerId;
    this.view.plot.setPointerCapture(event.pointerId);
    this.#erasing = this.tool() === "erase" || event.button === 2 || (event.buttons & ERASER_BUTTON) !== 0;
    this.#last = null;
    this.view.hold();
    this.sketch.begin();
    this.#follow(event);
    this.view.plot.focus({ preventScroll: true });
    this.#setCursor(-1);
    event.preventDefault();
  }

  #move(event) {
    if (event.pointerId !== this.#pointer) return;
    const events = event.getCoalescedEvents?.() ?? [];
    for (const one of events.length ? events : [event]) this.#follow(one);
  }

  #up(event) {
    if (event.pointerId !== this.#pointer) return;
    this.#follow(event);
    this.#pointer = null;
    this.view.release();
    this.sketch.commit();
    this.changed();
  }

  #cancel(event) {
    if (event.pointerId === this.#pointer) this.#abandon();
  }

  #abandon() {
    this.#pointer = null;
    this.view.release();
    this.sketch.cancel();
  }

  #follow(event) {
    const box = this.view.plot.getBoundingClientRect();
    const x = event.clientX - box.left;
    const time = this.view.timeAt(x);
    if (this.#erasing) {
      const reach = ERASER_PIXELS / this.view.scale;
      this.sketch.erase(this.#layer, Math.min(time, this.#last ?? time) - reach, Math.max(time, this.#last ?? time) + reach);
      this.#last = time;
      return;
    }
    const point = [time, this.view.valueAt(event.clientY - box.top)];
    this.sketch.line(this.#layer, this.#last ?? point, point);
    this.#last = point;
  }

  #setCursor(index) {
    this.view.cursor = index;
    this.view.refresh();
  }

  #key(event) {
    const { words } = this.view.scene;
    if (!words.length) return;
    if (event.key === "Escape" && this.#pointer !== null) {
      this.#abandon();
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const here = Math.max(this.view.cursor, 0);
    const step = STEPS[this.#layer];
    const moves = { ArrowLeft: here - 1, ArrowRight: this.view.cursor < 0 ? 0 : here + 1, Home: 0, End: words.length - 1 };
    const edits = {
      ArrowUp: () => this.#edit(here, event.shiftKey ? 0 : step, event.shiftKey ? 2 * step : 0),
      ArrowDown: () => this.#edit(here, event.shiftKey ? 0 : -step, event.shiftKey ? -2 * step : 0),
      Delete: () => this.#eraseWord(here),
      Backspace: () => this.#eraseWord(here),
    };
    if (!(event.key in moves) && !(event.key in edits)) return;
    event.preventDefault();
    const index = Math.min(Math.max(moves[event.key] ?? here, 0), words.length - 1);
    this.#setCursor(index);
    this.view.scrollTo(words[index].start);
    edits[event.key]?.();
    this.announceWord(index);
  }

  #edit(index, shift, rise) {
    const now = this.describe(this.#layer, index);
    this.shape(this.#layer, index, now.shift + shift, now.rise + rise);
  }

  #eraseWord(index) {
    this.eraseWord(this.#layer, index);
  }

  /** What is drawn over a word, against the prediction. */
  describe(layer, index) {
    return describeWord(this.sketch.curves[layer], this.#predicted(layer), this.sketch.step, this.sketch.words[index]);
  }

  shape(layer, index, shift, rise) {
    const { sketch } = this;
    sketch.replace(layer, shapeWord(sketch.curves[layer], this.#predicted(layer), sketch.step, sketch.words[index], shift, rise));
    this.changed();
  }

  eraseWord(layer, index) {
    const word = this.sketch.words[index];
    this.sketch.erase(layer, word.start, word.end);
    this.changed();
  }

  #predicted(layer) {
    const contour = this.view.scene.predicted[layer];
    return isEmpty(contour) ? contour : filled(contour);
  }
}
