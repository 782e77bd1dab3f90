/** Making a voice of a recording: the microphone, a dropped file or a chosen one; nothing without consent. */

import { addVoice } from "./api.js";
import { explain, number, t } from "./i18n.js";
import { Recorder } from "./recorder.js";
import { readable } from "./wav.js";

const ENOUGH_SECONDS = 6;
const MOST_SECONDS = 30;
const MEGABYTE = 1 << 20;

export class VoiceDialog {
  /** @param {number} maxBytes of an upload. @param {(answer: object) => void} onVoice told of each voice that was made. */
  constructor(maxBytes, onVoice) {
    this.maxBytes = maxBytes;
    this.onVoice = onVoice;
    this.at = (name) => document.getElementById(name ? `clip-${name}` : "clip");
    this.at("record").addEventListener("click", () => this.#toggleRecording());
    this.at("choose").addEventListener("click", () => this.at("file").click());
    this.at("file").addEventListener("change", ({ target }) => this.#take(target.files[0]));
    this.at("cancel").addEventListener("click", () => this.at().close());
    this.at().addEventListener("close", () => this.#recorder.cancel());
    this.at().querySelector("form").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#make();
    });
    const drop = this.at("drop");
    for (const kind of ["dragenter", "dragover"]) {
      drop.addEventListener(kind, (event) => {
        event.preventDefault();
        drop.classList.add("over");
      });
    }
    for (const kind of ["dragleave", "drop"]) drop.addEventListener(kind, () => drop.classList.remove("over"));
    drop.addEventListener("drop", (event) => {
      event.preventDefault();
      this.#take(event.dataTransfer.files[0]);
    });
  }

  #recorder = new Recorder();
  #recording = null; // a Blob

  /** @param {File} [file] that was dropped on the page. */
  open(file) {
    this.#forget();
    this.at("name").value = t("clip.nameDefault");
    this.at("consent").checked = false;
    this.#error(null);
    if (!this.at().open) this.at().showModal();
    this.#take(file);
  }

  #forget() {
    this.#recorder.cancel();
    this.#recording = null;
    this.at("file").value = "";
    this.at("state").textContent = "";
    const audio = this.at("audio");
    if (audio.src) URL.revokeObjectURL(audio.src);
    audio.removeAttribute("src");
    audio.hidden = true;
    this.#showRecording(false);
  }

  #error(error) {
    const place = this.at("error");
    place.hidden = error === null;
    place.textContent = error === null ? "" : typeof error === "string" ? error : explain(error);
    if (error !== null) place.scrollIntoView({ block: "nearest" });
  }

  async #toggleRecording() {
    this.#error(null);
    if (this.#recorder.recording) {
      await this.#finishRecording();
      return;
    }
    this.#forget();
    try {
      await this.#recorder.start((level, seconds) => this.#heard(level, seconds));
    } catch (error) {
      if (error.name === "AbortError") return;
      const key = `error.mic.${error.name}`;
      this.#error(t(key) === key ? t("error.mic") : t(key));
      return;
    }
    this.#showRecording(true);
  }

  #heard(level, seconds) {
    this.at("level").firstElementChild.style.transform = `scaleX(${Math.min(1, Math.sqrt(level)).toFixed(3)})`;
    const text = t(seconds < ENOUGH_SECONDS ? "clip.recording" : "clip.enough", { seconds: Math.floor(seconds) });
    if (this.at("state").textContent !== text) this.at("state").textContent = text;
    if (seconds > MOST_SECONDS && this.#recorder.recording) this.#finishRecording();
  }

  async #finishRecording() {
    const blob = await this.#recorder.stop();
    this.#showRecording(false);
    this.#keep(blob, t("clip.nameDefault"));
    this.at("record").querySelector("span").textContent = t("clip.again");
  }

  #showRecording(on) {
    this.at("record").querySelector("span").textContent = t(on ? "clip.stop" : "clip.record");
    this.at("record").setAttribute("aria-pressed", String(on));
    this.at("level").hidden = !on;
    this.at("reading").hidden = !on;
    this.at("or").hidden = on;
  }

  #take(file) {
    if (!file) return;
    this.#error(null);
    this.#forget();
    if (file.size > this.maxBytes) {
      this.#error(t("error.tooBig", { size: megabytes(file.size), limit: megabytes(this.maxBytes) }));
      return;
    }
    this.#keep(file, file.name);
  }

  #keep(blob, name) {
    this.#recording = blob;
    this.at("state").textContent = t("clip.have", { name, size: megabytes(blob.size) });
    const audio = this.at("audio");
    audio.src = URL.createObjectURL(blob);
    audio.hidden = false;
  }

  async #make() {
    this.#error(null);
    if (!this.#recording) return this.#error(t("error.noRecording"));
    if (!this.at("consent").checked) return this.#error(t("error.consent"));
    const button = this.at("make");
    button.disabled = true;
    button.textContent = t("clip.making");
    try {
      const name = this.at("name").value.trim() || t("clip.nameDefault");
      // What is kept with the voice is what was agreed to, in English whatever the page speaks.
      const answer = await addVoice(await readable(this.#recording), name, "Confirmed on the demo page: my own voice, or its owner agreed.");
      this.at().close();
      this.onVoice(answer);
    } catch (error) {
      this.#error(error);
    } finally {
      button.disabled = false;
      button.textContent = t("clip.make");
    }
  }
}

const megabytes = (bytes) => number(bytes / MEGABYTE, 1);
