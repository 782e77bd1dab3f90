/** Runs on the audio thread: hands over copies of what the microphone hears. */

class Tap extends AudioWorkletProcessor {
  process([channels]) {
    if (channels.length) this.port.postMessage(channels[0].slice());
    return true;
  }
}

registerProcessor("tap", Tap);
