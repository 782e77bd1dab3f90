/** The menu that saves the sound, the drawing and the markup, and opens drawings again. */

import { ssml } from "./api.js";
import { curvesOf, download, fileName, isSketch, sketchContent } from "./files.js";
import { at, complain, fail, say } from "./messages.js";
import { Sketch } from "./sketch.js";

export class Saving {
  /**
   * @param {object} parts choices, sketch, player, view, request() -> what "speak" would ask for now, predict() -> reads the
   *   sentence again and gives whether that worked, edited(): told when a drawing has been opened.
   */
  constructor(parts) {
    Object.assign(this, parts);
    at("save-wav").addEventListener("click", () => this.#sound());
    at("save-sketch").addEventListener("click", () => this.#drawing());
    at("save-ssml").addEventListener("click", () => this.#markup());
    at("open-sketch").addEventListener("click", () => at("sketch-file").click());
    at("sketch-file").addEventListener("change", ({ target }) => {
      const [file] = target.files;
      target.value = "";
      if (file) this.open(file);
    });
    document.addEventListener("click", (event) => {
      if (!at("save").contains(event.target)) this.close();
    });
  }

  close() {
    at("save").open = false;
  }

  /** A drawing out of a file, over its own words where it has some. */
  async open(file) {
    this.close();
    const { choices, sketch, view } = this;
    try {
      const content = JSON.parse(await file.text());
      if (!isSketch(content)) throw new Error("nothing is drawn in it");
      const words = content.words ?? [];
      const text = words.map((word) => word.text).join(" ");
      if (text && text !== sketch.words.map((word) => word.text).join(" ")) choices.setText(text);
      if (!(await this.predict())) return; // the page has said why
      // On a time axis as long as this one; from there it follows its words.
      const { duration, predicted } = view.scene;
      const own = words.map((word) => ({ ...word, start: word.start * duration, end: word.end * duration }));
      const opened = new Sketch();
      opened.retime(own, sketch.step, sketch.length);
      opened.replaceAll(curvesOf(content, duration, sketch.step, sketch.length, predicted));
      if (own.length) opened.retime(sketch.words, sketch.step, sketch.length);
      if (opened.empty) throw new Error("nothing is drawn in it");
      sketch.replaceAll(opened.curves);
      this.edited();
      say("status.opened");
    } catch {
      complain("error.sketchFile");
    }
  }

  #sound() {
    const take = this.player.takes[this.player.current];
    if (take) this.#save(take.blob, "wav");
    else complain("error.noTake");
  }

  #drawing() {
    if (this.sketch.empty) return complain("error.noSketch");
    const content = sketchContent(this.sketch, this.view.scene.duration);
    return this.#save(new Blob([JSON.stringify(content, null, 1)], { type: "application/json" }), "json");
  }

  async #markup() {
    const request = this.request();
    if (!request.text) return complain("error.empty");
    try {
      return this.#save(new Blob([(await ssml(request)).ssml], { type: "application/ssml+xml" }), "ssml");
    } catch (error) {
      return fail(error);
    }
  }

  #save(blob, ending) {
    const name = fileName(this.choices.request.text, ending);
    download(blob, name);
    this.close();
    say("status.saved", { name });
  }
}
