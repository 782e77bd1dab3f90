/**
 * Words on the time axis, and what becomes of a drawing when they move: it stays with its words.
 * A word is {text, start, end}, times in seconds. Pure functions.
 */

import { clamp, emptyCurve, meanOf, withLine } from "./curve.js";

/**
 * Which word of the new text each word of the old one has become (index, or -1): the longest common subsequence, so that
 * changing or adding a word leaves the drawing over the others alone.
 */
export function matchWords(before, after) {
  const same = (a, b) => a.text.toLocaleLowerCase() === b.text.toLocaleLowerCase();
  const rows = Array.from({ length: before.length + 1 }, () => new Uint32Array(after.length + 1));
  for (let i = before.length - 1; i >= 0; i -= 1) {
    for (let k = after.length - 1; k >= 0; k -= 1) {
      rows[i][k] = same(before[i], after[k]) ? rows[i + 1][k + 1] + 1 : Math.max(rows[i + 1][k], rows[i][k + 1]);
    }
  }
  const matches = new Array(before.length).fill(-1);
  let [i, k] = [0, 0];
  while (i < before.length && k < after.length) {
    if (same(before[i], after[k])) {
      matches[i] = k;
      i += 1;
      k += 1;
    } else if (rows[i + 1][k] >= rows[i][k + 1]) i += 1;
    else k += 1;
  }
  return matches;
}

/** Pairs [old time, new time] of words that stayed, rising in both. */
function anchors(before, after) {
  const pairs = [];
  matchWords(before, after).forEach((k, i) => {
    if (k >= 0) pairs.push({ from: before[i].start, to: after[k].start, old: i, now: k }, { from: before[i].end, to: after[k].end, old: i, now: k });
  });
  return pairs;
}

/** The time in `after` of what happens at a time in `before`, for two ways of saying the same text. */
export function mapTime(time, before, after) {
  const pairs = anchors(before, after);
  if (!pairs.length) return time;
  let right = pairs.findIndex((pair) => pair.from >= time);
  if (right < 0) return pairs[pairs.length - 1].to + (time - pairs[pairs.length - 1].from);
  if (right === 0) return Math.max(0, pairs[0].to - (pairs[0].from - time));
  while (right < pairs.length - 1 && pairs[right].from === pairs[right - 1].from) right += 1;
  const [a, b] = [pairs[right - 1], pairs[right]];
  const share = b.from > a.from ? (time - a.from) / (b.from - a.from) : 0;
  return a.to + (b.to - a.to) * clamp(share, 0, 1);
}

/** A drawing moved along with its words; what was over words that are gone, or between words that parted, goes. */
export function followWords(curve, step, before, after, length) {
  const out = emptyCurve(length);
  const pairs = anchors(before, after);
  for (let n = 1; n < pairs.length; n += 1) {
    const [a, b] = [pairs[n - 1], pairs[n]];
    const within = a.old === b.old;
    const neighbours = b.old === a.old + 1 && b.now === a.now + 1;
    if (!(within || neighbours) || b.to <= a.to) continue;
    const last = Math.min(Math.floor(b.to / step), length - 1);
    for (let i = Math.max(0, Math.ceil(a.to / step)); i <= last; i += 1) {
      const from = a.from + ((i * step - a.to) / (b.to - a.to)) * (b.from - a.from);
      const value = curve[Math.round(from / step)];
      if (value !== undefined && !Number.isNaN(value)) out[i] = value;
    }
  }
  return out;
}

/** How the drawing over a word differs from the prediction: mean shift, and how much it rises from its start to its end. */
export function describeWord(curve, predicted, step, word) {
  const [first, end] = span(curve, step, word);
  const drawn = curve.subarray(first, end);
  const mean = meanOf(drawn);
  if (Number.isNaN(mean)) return { shift: 0, rise: 0, drawn: false };
  const third = Math.max(1, Math.floor(drawn.length / 3));
  const rise = (meanOf(drawn.subarray(drawn.length - third)) - meanOf(drawn.subarray(0, third))) * 1.5;
  return { shift: mean - baseOf(predicted, step, word), rise: Number.isNaN(rise) ? 0 : rise, drawn: true };
}

/** The curve with a straight line over a word: `shift` from the mean of the prediction there, rising by `rise`. */
export function shapeWord(curve, predicted, step, word, shift, rise) {
  const base = baseOf(predicted, step, word) + shift;
  return withLine(curve, step, [word.start, base - rise / 2], [word.end, base + rise / 2]);
}

/** The mean of the prediction over a word; over all of it where the word has none of its own. */
function baseOf(predicted, step, word) {
  const [first, end] = span(predicted, step, word);
  const mean = meanOf(predicted.subarray(first, end));
  return Number.isNaN(mean) ? meanOf(predicted) : mean;
}

function span(curve, step, word) {
  const first = clamp(Math.round(word.start / step), 0, curve.length);
  return [first, clamp(Math.round(word.end / step) + 1, first, curve.length)];
}
