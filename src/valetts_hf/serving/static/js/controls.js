/** The numbers: speed, pitch, range, loudness, pauses as sliders, and the seed. */

import { number, t } from "./i18n.js";

const MOST_SEED = 2 ** 31 - 1;

/** Sliders in the order shown; `name` is the server's. Speed moves by ratios, so that half and double are equally far. */
const SLIDERS = [
  { name: "speaking_rate", label: "rate", unit: "unit.times", low: -1, high: 1, step: 0.05, rest: 0, digits: 2, ratio: true },
  { name: "pitch_shift", label: "pitchShift", unit: "unit.semitones", low: -12, high: 12, step: 0.5, rest: 0, digits: 1, signed: true },
  { name: "pitch_range", label: "range", unit: "unit.times", low: 0, high: 2.5, step: 0.05, rest: 1, digits: 2 },
  { name: "energy_shift", label: "loudness", unit: "unit.decibels", low: -12, high: 12, step: 0.5, rest: 0, digits: 1, signed: true },
  { name: "pause_scale", label: "pauses", unit: "unit.times", low: 0, high: 3, step: 0.1, rest: 1, digits: 1 },
];

export class Controls extends EventTarget {
  #rows = [];

  constructor() {
    super();
    const frame = document.getElementById("sliders");
    for (const slider of SLIDERS) {
      const row = document.createElement("div");
      row.className = "slider";
      const label = document.createElement("label");
      const name = document.createElement("span");
      const output = document.createElement("output");
      const input = document.createElement("input");
      Object.assign(input, { type: "range", min: slider.low, max: slider.high, step: slider.step, value: slider.rest });
      input.id = `slider-${slider.name}`;
      label.htmlFor = input.id;
      output.setAttribute("for", input.id);
      label.append(name, output);
      row.append(label, input);
      frame.append(row);
      input.addEventListener("input", () => this.#moved());
      input.addEventListener("dblclick", () => {
        input.value = slider.rest;
        this.#moved();
      });
      this.#rows.push({ slider, row, name, output, input });
    }
    this.seedField = document.getElementById("seed");
    this.seedField.addEventListener("change", () => {
      this.seedField.value = this.seed;
      this.#changed();
    });
    document.getElementById("new-seed").addEventListener("click", () => {
      this.seedField.value = Math.floor(Math.random() * 10000);
      this.#changed();
    });
    document.getElementById("reset").addEventListener("click", () => this.reset());
    document.addEventListener("languagechange", () => this.#write());
    this.#write();
  }

  get values() {
    return Object.fromEntries(this.#rows.map(({ slider, input }) => [slider.name, valueOf(slider, Number(input.value))]));
  }

  get seed() {
    const seed = Math.round(Number(this.seedField.value));
    return Number.isFinite(seed) ? Math.min(Math.max(seed, 0), MOST_SEED) : 0;
  }

  /** Whether nothing is changed from how the model would say it. */
  get atRest() {
    return this.#rows.every(({ slider, input }) => Number(input.value) === slider.rest);
  }

  reset() {
    for (const { slider, input } of this.#rows) input.value = slider.rest;
    this.#moved();
  }

  #moved() {
    this.#write();
    this.#changed();
  }

  #write() {
    for (const { slider, row, name, output, input } of this.#rows) {
      const value = valueOf(slider, Number(input.value));
      name.textContent = t(slider.label);
      output.textContent = t(slider.unit, { value: number(value, slider.digits, slider.signed) });
      input.setAttribute("aria-valuetext", output.textContent);
      row.classList.toggle("moved", Number(input.value) !== slider.rest);
    }
    document.getElementById("reset").disabled = this.atRest;
  }

  #changed() {
    this.dispatchEvent(new Event("change"));
  }
}

const valueOf = (slider, position) => (slider.ratio ? Math.round(2 ** position * 1000) / 1000 : position);
