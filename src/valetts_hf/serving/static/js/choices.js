/** What to say, in which language, voice and style. */

import { t } from "./i18n.js";

export class Choices extends EventTarget {
  #info = null;
  #uploads = []; // {key, name}
  #detected = null;

  constructor() {
    super();
    for (const name of ["text", "language", "voice", "style"]) this[name] = document.getElementById(name);
    this.count = document.getElementById("count");
    this.forget = document.getElementById("forget-voice");
    this.text.addEventListener("input", () => {
      this.#fit();
      this.#changed();
    });
    for (const list of [this.language, this.voice, this.style]) list.addEventListener("change", () => this.#changed());
    addEventListener("resize", () => this.#fit());
  }

  /** Fill the lists with what the server offers. */
  offer(info) {
    this.#info = info;
    this.fill();
    this.#fit();
  }

  get request() {
    return {
      text: this.text.value.trim(),
      language: this.language.value || null,
      voice: this.voice.value || null,
      style: this.style.value || null,
    };
  }

  setText(text) {
    this.text.value = text;
    this.#fit();
  }

  /** The language that was found, shown where none is chosen. */
  setDetected(code) {
    this.#detected = code;
    if (!this.#info) return;
    const known = this.#info.languages.find((language) => language.code === code);
    this.language.options[0].textContent = known ? t("detected", { name: known.native_name }) : t("detect");
  }

  addUpload(voice) {
    this.#uploads.push(voice);
    this.fill();
    this.voice.value = voice.key;
    this.#changed();
  }

  /** The uploaded voice that is chosen, {key, name}; undefined if another one is. */
  get upload() {
    return this.#uploads.find((voice) => voice.key === this.voice.value);
  }

  /** An uploaded voice the server has forgotten. */
  dropUpload(key) {
    this.#uploads = this.#uploads.filter((voice) => voice.key !== key);
    if (this.voice.value === key) this.voice.value = "";
    this.fill();
  }

  /** Rebuild the lists, in the language of the page, keeping what is chosen. */
  fill() {
    if (!this.#info) return;
    const { languages, voices, styles } = this.#info;
    refill(this.language, [option("", t("detect")), ...languages.map((one) => option(one.code, one.native_name))]);
    const own = voices.filter((one) => one.yours);
    const models = voices.filter((one) => !one.yours);
    refill(this.voice, [
      option("", t("voice.default")),
      ...group(t("voice.yours"), [...this.#uploads.map((one) => option(one.key, one.name)), ...own.map(named)]),
      ...group(t("voice.models"), models.map(named)),
    ]);
    refill(this.style, [option("", t("style.none")), ...styles.map((one) => option(one.name, one.description ? `${one.name}: ${one.description}` : one.name))]);
    document.getElementById("style-field").hidden = !styles.length;
    this.setDetected(this.#detected);
    this.forget.hidden = !this.upload;
  }

  #fit() {
    this.text.style.height = "auto";
    this.text.style.height = `${this.text.scrollHeight}px`;
    const limit = this.#info?.limits.max_characters ?? Infinity;
    const count = this.text.value.length;
    this.count.hidden = count < 0.8 * limit;
    this.count.classList.toggle("over", count > limit);
    this.count.textContent = t("characters", { count, limit });
  }

  #changed() {
    this.forget.hidden = !this.upload;
    this.dispatchEvent(new Event("change"));
  }
}

const named = (voice) => option(voice.name, voice.description ? `${voice.name} – ${voice.description}` : voice.name);

const option = (value, text) => Object.assign(document.createElement("option"), { value, textContent: text });

function group(label, options) {
  if (!options.length) return [];
  const element = Object.assign(document.createElement("optgroup"), { label });
  element.append(...options);
  return [element];
}

function refill(list, options) {
  const chosen = list.value;
  list.replaceChildren(...options);
  list.value = chosen;
  if (list.selectedIndex < 0) list.value = "";
}
