/** Two takes of one sentence, before and after: switching while it plays goes on at the same word. */

import { mapTime } from "./timeline.js";

export class Player extends EventTarget {
  #audio = new Audio();
  #frame = 0;

  constructor() {
    super();
    this.takes = { before: null, after: null }; // {url, blob, words, ...} each
    this.current = "after";
    this.#audio.addEventListener("ended", () => this.stop());
  }

  get playing() {
    return !this.#audio.paused;
  }

  /** @param {"before" | "after"} name @param {{blob: Blob, words: object[]} | null} take */
  set(name, take) {
    const old = this.takes[name];
    if (old && this.#audio.src === old.url) this.stop();
    if (old) URL.revokeObjectURL(old.url);
    this.takes[name] = take && { ...take, url: URL.createObjectURL(take.blob) };
  }

  /**
   * Play a take from its beginning, or, if the other one is playing, from the same word on.
   * @returns {Promise<boolean>} false where the browser wants to be asked by a press of a button right before.
   */
  async play(name) {
    const take = this.takes[name];
    if (!take) return true;
    const other = this.takes[this.current];
    const from = this.playing && name !== this.current && other ? mapTime(this.#audio.currentTime, other.words, take.words) : 0;
    this.current = name;
    this.#audio.src = take.url;
    this.#audio.currentTime = from;
    this.#tell("change");
    try {
      await this.#audio.play();
    } catch (error) {
      if (error.name === "NotAllowedError") return false;
      if (error.name !== "AbortError") throw error;
    }
    this.#tell("change");
    this.#follow();
    return true;
  }

  stop() {
    this.#audio.pause();
    cancelAnimationFrame(this.#frame);
    this.#tell("change");
    this.#tell("time");
  }

  /** Seconds into the take that plays; null when none does. */
  get time() {
    return this.playing ? this.#audio.currentTime : null;
  }

  #follow() {
    cancelAnimationFrame(this.#frame);
    if (!this.playing) return;
    this.#tell("time");
    this.#frame = requestAnimationFrame(() => this.#follow());
  }

  #tell(kind) {
    this.dispatchEvent(new Event(kind));
  }
}
