/** The microphone as a WAV file: AudioWorklet to samples, because the server's decoder does not read what MediaRecorder writes. */

import { encodeWav } from "./wav.js";

export class Recorder {
  #stream = null;
  #context = null;
  #attempt = null; // the start that counts: another one, or `cancel`, may come while the browser asks the person
  #pieces = [];
  #samples = 0;

  get recording() {
    return this.#context !== null;
  }

  get seconds() {
    return this.#context ? this.#samples / this.#context.sampleRate : 0;
  }

  /**
   * Asks for the microphone and begins; an `AbortError` if it was cancelled meanwhile.
   * @param {(level: number, seconds: number) => void} onLevel peak of the last piece, 0 to 1.
   */
  async start(onLevel) {
    if (!navigator.mediaDevices?.getUserMedia) throw new DOMException("no microphone here", "NotSupportedError");
    const attempt = {};
    this.#attempt = attempt;
    const stream = await navigator.mediaDevices.getUserMedia({
      audio: { channelCount: 1, echoCancellation: false, noiseSuppression: false, autoGainControl: false },
    });
    if (attempt !== this.#attempt) {
      stream.getTracks().forEach((track) => track.stop());
      throw cancelled();
    }
    this.#stream = stream;
    try {
      this.#context = new AudioContext();
      await this.#context.audioWorklet.addModule(new URL("./recorder-worklet.js", import.meta.url));
    } catch (error) {
      if (attempt !== this.#attempt) throw cancelled();
      await this.#release();
      throw error;
    }
    if (attempt !== this.#attempt) throw cancelled();
    this.#pieces = [];
    this.#samples = 0;
    const tap = new AudioWorkletNode(this.#context, "tap", { numberOfOutputs: 0 });
    tap.port.onmessage = ({ data }) => {
      if (!this.#context) return;
      this.#pieces.push(data);
      this.#samples += data.length;
      onLevel(data.reduce((peak, sample) => Math.max(peak, Math.abs(sample)), 0), this.seconds);
    };
    this.#context.createMediaStreamSource(this.#stream).connect(tap);
    await this.#context.resume();
  }

  /** Ends and returns the recording. */
  async stop() {
    const rate = this.#context.sampleRate;
    await this.#release();
    const samples = new Float32Array(this.#samples);
    let at = 0;
    for (const piece of this.#pieces) {
      samples.set(piece, at);
      at += piece.length;
    }
    this.#pieces = [];
    return encodeWav(samples, rate);
  }

  /** Ends and throws the recording away. */
  async cancel() {
    this.#attempt = null;
    this.#pieces = [];
    await this.#release();
  }

  async #release() {
    this.#stream?.getTracks().forEach((track) => track.stop());
    const context = this.#context;
    this.#stream = null;
    this.#context = null;
    await context?.close();
  }
}

const cancelled = () => new DOMException("the recording was cancelled", "AbortError");
