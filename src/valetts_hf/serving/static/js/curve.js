/**
 * A drawn curve: one value every `step` seconds, NaN where nothing is drawn. Pure functions; none changes its input, so
 * that a history of edits is a list of arrays. Pitch is in semitones (12 log2 Hz), energy in dB: straight lines and
 * scaling mean in both what a person hears.
 */

export const SEMITONES = 12;

export const toSemitones = (hz) => SEMITONES * Math.log2(hz);
export const toHz = (semitones) => 2 ** (semitones / SEMITONES);

export const emptyCurve = (length) => new Float32Array(length).fill(NaN);

export const isEmpty = (curve) => curve.every(Number.isNaN);

/** Index of the value nearest to a time, within the curve. */
export const indexAt = (curve, step, time) => clamp(Math.round(time / step), 0, curve.length - 1);

export const clamp = (value, low, high) => Math.min(Math.max(value, low), high);

/** The curve with a straight line from one point to another; a line that goes backwards overwrites all the same. */
export function withLine(curve, step, [fromTime, fromValue], [toTime, toValue]) {
  const out = curve.slice();
  if (!out.length) return out;
  const [t0, v0, t1, v1] = fromTime <= toTime
    ? [fromTime, fromValue, toTime, toValue]
    : [toTime, toValue, fromTime, fromValue];
  const first = indexAt(out, step, t0);
  const last = indexAt(out, step, t1);
  if (first === last) {
    out[first] = toValue;
    return out;
  }
  for (let i = first; i <= last; i += 1) {
    out[i] = v0 + (v1 - v0) * clamp((i * step - t0) / (t1 - t0), 0, 1);
  }
  return out;
}

export function withoutRange(curve, step, fromTime, toTime) {
  const out = curve.slice();
  if (out.length) {
    const [start, end] = [Math.min(fromTime, toTime), Math.max(fromTime, toTime)];
    out.fill(NaN, indexAt(out, step, start), indexAt(out, step, end) + 1);
  }
  return out;
}

/** Stretches without a gap, as [first, behind the last] indices. */
export function runsOf(curve) {
  const runs = [];
  let first = -1;
  for (let i = 0; i <= curve.length; i += 1) {
    const drawn = i < curve.length && !Number.isNaN(curve[i]);
    if (drawn && first < 0) first = i;
    if (!drawn && first >= 0) {
      runs.push([first, i]);
      first = -1;
    }
  }
  return runs;
}

/** Moving average of `2 radius + 1` values, shorter towards the ends of a stretch, which stay where they are. */
export function smoothed(curve, radius = 4) {
  const out = curve.slice();
  for (const [first, end] of runsOf(curve)) {
    for (let i = first; i < end; i += 1) {
      const reach = Math.min(radius, i - first, end - 1 - i);
      let sum = 0;
      for (let k = i - reach; k <= i + reach; k += 1) sum += curve[k];
      out[i] = sum / (2 * reach + 1);
    }
  }
  return out;
}

export function meanOf(curve) {
  let sum = 0;
  let count = 0;
  for (const value of curve) {
    if (!Number.isNaN(value)) {
      sum += value;
      count += 1;
    }
  }
  return count ? sum / count : NaN;
}

/** Distances from the mean of what is drawn, times a factor: below 1 flatter, above 1 livelier. */
export function scaled(curve, factor) {
  const mean = meanOf(curve);
  return curve.map((value) => mean + (value - mean) * factor);
}

export const limited = (curve, [low, high]) =>
  curve.map((value) => (Number.isNaN(value) ? value : clamp(value, low, high)));

/** Strokes of [time, value] points that stay within `tolerance` of the curve (Ramer, Douglas and Peucker). */
export function toStrokes(curve, step, tolerance) {
  return runsOf(curve).map(([first, end]) => {
    const kept = [first];
    const split = (a, b) => {
      let worst = tolerance;
      let at = -1;
      for (let i = a + 1; i < b; i += 1) {
        const line = curve[a] + ((curve[b] - curve[a]) * (i - a)) / (b - a);
        if (Math.abs(curve[i] - line) > worst) {
          worst = Math.abs(curve[i] - line);
          at = i;
        }
      }
      if (at >= 0) {
        split(a, at);
        kept.push(at);
        split(at, b);
      }
    };
    split(first, end - 1);
    if (end - 1 > first) kept.push(end - 1);
    return kept.map((i) => [i * step, curve[i]]);
  });
}

export function fromStrokes(strokes, step, length) {
  let curve = emptyCurve(length);
  for (const points of strokes) {
    for (let i = 0; i < points.length; i += 1) {
      curve = withLine(curve, step, points[Math.max(i - 1, 0)], points[i]);
    }
  }
  return curve;
}

/** Without the unvoiced gaps of a contour: straight lines between its voiced parts, its ends held. */
export function filled(contour) {
  const out = contour.slice();
  const runs = runsOf(contour);
  if (!runs.length) return out;
  out.fill(contour[runs[0][0]], 0, runs[0][0]);
  out.fill(contour[runs[runs.length - 1][1] - 1], runs[runs.length - 1][1]);
  for (let k = 1; k < runs.length; k += 1) {
    const [a, b] = [runs[k - 1][1] - 1, runs[k][0]];
    for (let i = a + 1; i < b; i += 1) out[i] = contour[a] + ((contour[b] - contour[a]) * (i - a)) / (b - a);
  }
  return out;
}
