/** Files that the page hands out and takes back. */

import { fromStrokes, meanOf, toHz, toSemitones, toStrokes } from "./curve.js";
import { LAYERS } from "./sketch.js";

const TOLERANCE = { pitch: 0.05, energy: 0.1 }; // semitones, dB: far below what can be heard
const UNITS = { pitch: "hz", energy: "db" };
const round = (value, digits) => Number(value.toFixed(digits));

export function download(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

/** A short file name out of what is said. */
export function fileName(text, ending) {
  const words = text.normalize("NFKD").replace(/[^\p{Letter}\p{Number} ]/gu, "").trim().toLowerCase().split(/ +/);
  return `${words.slice(0, 5).join("-").slice(0, 40) || "speech"}.${ending}`;
}

/** The drawing as the SDK writes it (`valetts say --sketch FILE`): shares of the duration, pitch in Hz, energy in dB. */
export function sketchContent(sketch, duration) {
  const share = (time) => round(Math.min(Math.max(time / duration, 0), 1), 6);
  const content = { format: "valetts-sketch", version: 1 };
  content.words = sketch.words.map(({ text, start, end }) => ({ text, start: share(start), end: share(end) }));
  for (const layer of LAYERS) {
    const [positions, values] = [[], []];
    for (const stroke of toStrokes(sketch.curves[layer], sketch.step, TOLERANCE[layer])) {
      const [time, value] = stroke[stroke.length - 1];
      const points = stroke.length > 1 ? stroke : [...stroke, [time + 0.4 * sketch.step, value]];
      if (positions.length) {
        positions.push(share(points[0][0] - 0.5 * sketch.step)); // a gap ends just before the next stroke
        values.push(null);
      }
      for (const [at, height] of points) {
        if (share(at) <= positions[positions.length - 1]) continue;
        positions.push(share(at));
        values.push(round(layer === "pitch" ? toHz(height) : height, 3));
      }
    }
    if (values.some((value) => value !== null)) content[layer] = { unit: UNITS[layer], positions, values };
  }
  return content;
}

const READ_UNITS = { pitch: ["relative", "hz", "semitones"], energy: ["relative", "db"] };

/** Whether the content of a file is a drawing that `curvesOf` understands. */
export function isSketch(content) {
  const drawn = LAYERS.filter((layer) => content?.[layer]?.values?.some?.(Number.isFinite));
  return drawn.length > 0 && drawn.every((layer) => READ_UNITS[layer].includes(content[layer].unit ?? "relative"));
}

/**
 * Curves of a saved sketch over `length` values of a prediction that lasts `duration`.
 * @param predicted curves that say what "relative" values and distances from the mean mean.
 */
export function curvesOf(content, duration, step, length, predicted) {
  const out = {};
  for (const layer of LAYERS) {
    const { unit = "relative", values = [], positions = evenly(values.length) } = content[layer] ?? {};
    const known = predicted[layer].filter((value) => !Number.isNaN(value));
    const [low, high, mean] = [Math.min(...known), Math.max(...known), meanOf(known)];
    const height = {
      hz: toSemitones,
      db: (value) => value,
      semitones: (value) => mean + value,
      relative: (value) => low + value * (high - low),
    }[unit];
    const strokes = [[]];
    values.forEach((value, i) => {
      if (value === null) strokes.push([]);
      else strokes[strokes.length - 1].push([positions[i] * duration, height(value)]);
    });
    out[layer] = fromStrokes(strokes, step, length);
  }
  return out;
}

const evenly = (count) => Array.from({ length: count }, (_, i) => (count > 1 ? i / (count - 1) : 0));
