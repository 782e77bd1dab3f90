/** The drawing as a table, word by word: the same edits for whoever does not draw, or does not see the canvas. */

import { number, t } from "./i18n.js";

const COLUMNS = [
  { key: "table.pitchShift", layer: "pitch", part: "shift", step: 0.5 },
  { key: "table.pitchRise", layer: "pitch", part: "rise", step: 0.5 },
  { key: "table.energyShift", layer: "energy", part: "shift", step: 1 },
];

export class WordTable {
  /** @param {HTMLDetailsElement} details @param {ScoreInput} input knows how to read and shape a word. */
  constructor(details, input) {
    this.details = details;
    this.input = input;
    this.frame = details.querySelector(".table-frame");
    details.addEventListener("toggle", () => this.rebuild());
  }

  #cells = [];

  /** New words, or another language of the page. */
  rebuild() {
    this.#cells = [];
    this.frame.replaceChildren();
    const { words } = this.input.sketch;
    if (!this.details.open || !words.length) return;
    const table = document.createElement("table");
    const head = table.createTHead().insertRow();
    for (const key of ["table.word", "table.time", ...COLUMNS.map((column) => column.key), "table.erase"]) {
      const cell = document.createElement("th");
      cell.scope = "col";
      cell.textContent = t(key);
      head.append(cell);
    }
    const body = table.createTBody();
    words.forEach((word, index) => body.append(this.#row(word, index)));
    this.frame.append(table);
    this.update();
  }

  #row(word, index) {
    const row = document.createElement("tr");
    const name = document.createElement("th");
    name.scope = "row";
    name.textContent = word.text;
    row.append(name);
    row.insertCell().textContent = `${number(word.start, 2)}–${number(word.end, 2)} s`;
    for (const { key, layer, part, step } of COLUMNS) {
      const field = document.createElement("input");
      Object.assign(field, { type: "number", step, min: -24, max: 24 });
      field.setAttribute("aria-label", t("table.label", { what: t(key), word: word.text }));
      field.addEventListener("change", () => {
        const now = this.input.describe(layer, index);
        const value = Math.min(24, Math.max(-24, Number.parseFloat(field.value) || 0));
        this.input.shape(layer, index, part === "shift" ? value : now.shift, part === "rise" ? value : now.rise);
      });
      row.insertCell().append(field);
      this.#cells.push({ field, layer, part, index });
    }
    const erase = document.createElement("button");
    Object.assign(erase, { type: "button", className: "quiet", textContent: t("table.erase") });
    erase.setAttribute("aria-label", t("table.eraseWord", { word: word.text }));
    erase.addEventListener("click", () => {
      this.input.eraseWord("pitch", index);
      this.input.eraseWord("energy", index);
    });
    row.insertCell().append(erase);
    return row;
  }

  /** The numbers of what is drawn now; empty where nothing is. */
  update() {
    for (const { field, layer, part, index } of this.#cells) {
      const facts = this.input.describe(layer, index);
      field.value = facts.drawn ? facts[part].toFixed(1) : "";
    }
  }
}
