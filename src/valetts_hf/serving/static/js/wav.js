/** 16-bit mono WAV files, and samples out of whatever the browser can decode. */

export function encodeWav(samples, rate) {
  const view = new DataView(new ArrayBuffer(44 + 2 * samples.length));
  const text = (at, word) => [...word].forEach((char, i) => view.setUint8(at + i, char.charCodeAt(0)));
  text(0, "RIFF");
  view.setUint32(4, 36 + 2 * samples.length, true);
  text(8, "WAVEfmt ");
  view.setUint32(16, 16, true);
  view.setUint16(20, 1, true); // PCM
  view.setUint16(22, 1, true); // one channel
  view.setUint32(24, rate, true);
  view.setUint32(28, 2 * rate, true);
  view.setUint16(32, 2, true);
  view.setUint16(34, 16, true);
  text(36, "data");
  view.setUint32(40, 2 * samples.length, true);
  samples.forEach((sample, i) => {
    view.setInt16(44 + 2 * i, Math.round(32767 * Math.min(1, Math.max(-1, sample))), true);
  });
  return new Blob([view], { type: "audio/wav" });
}

export function fromBase64(text, type) {
  const bytes = Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
  return new Blob([bytes], { type });
}

const MOST_SECONDS = 60;

/** A file that the server could not read (M4A, WebM, ...) as WAV, if this browser can decode it; else the file itself. */
export async function readable(file) {
  const head = String.fromCharCode(...new Uint8Array(await file.slice(0, 4).arrayBuffer()));
  if (["RIFF", "fLaC", "OggS", "FORM"].includes(head) || head.startsWith("ID3")) return file;
  const context = new OfflineAudioContext(1, 1, 24000);
  try {
    const decoded = await context.decodeAudioData(await file.arrayBuffer());
    const count = Math.min(decoded.length, MOST_SECONDS * decoded.sampleRate);
    const mono = new Float32Array(count);
    for (let channel = 0; channel < decoded.numberOfChannels; channel += 1) {
      const samples = decoded.getChannelData(channel);
      for (let i = 0; i < count; i += 1) mono[i] += samples[i] / decoded.numberOfChannels;
    }
    return encodeWav(mono, decoded.sampleRate);
  } catch {
    return file; // the server says what it takes
  }
}
