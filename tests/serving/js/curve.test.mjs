import assert from "node:assert/strict";
import test from "node:test";

import * as curves from "../../../src/valetts_hf/serving/static/js/curve.js";

const STEP = 0.01;
const drawn = (curve) => curves.runsOf(curve);

test("a line is straight between its ends and leaves the rest alone", () => {
  const curve = curves.withLine(curves.emptyCurve(101), STEP, [0.2, 10], [0.4, 20]);
  assert.deepEqual(drawn(curve), [[20, 41]]);
  assert.equal(curve[20], 10);
  assert.equal(curve[30], 15);
  assert.equal(curve[40], 20);
});

test("a line drawn backwards, or standing still, overwrites what was there", () => {
  const forth = curves.withLine(curves.emptyCurve(101), STEP, [0.2, 10], [0.4, 20]);
  const back = curves.withLine(forth, STEP, [0.4, 0], [0.2, 0]);
  assert.deepEqual(drawn(back), [[20, 41]]);
  assert.ok(back.slice(20, 41).every((value) => value === 0));
  assert.equal(curves.withLine(forth, STEP, [0.3, 7], [0.3, 9])[30], 9);
  assert.equal(forth[30], 15, "edits do not change what they start from");
});

test("lines beyond the ends stay on the curve", () => {
  const curve = curves.withLine(curves.emptyCurve(11), STEP, [-1, 0], [1, 2]);
  assert.deepEqual(drawn(curve), [[0, 11]]);
  assert.ok(Math.abs(curve[0] - 1) < 1e-6 && Math.abs(curve[10] - 1.1) < 1e-6);
  assert.equal(curves.withLine(curves.emptyCurve(0), STEP, [0, 1], [1, 1]).length, 0);
});

test("erasing leaves a gap", () => {
  const whole = curves.withLine(curves.emptyCurve(101), STEP, [0, 1], [1, 1]);
  assert.deepEqual(drawn(curves.withoutRange(whole, STEP, 0.5, 0.3)), [[0, 30], [51, 101]]);
});

test("smoothing calms a zigzag and keeps the ends of a stretch", () => {
  const zigzag = Float32Array.from({ length: 41 }, (_, i) => (i % 2 ? 1 : -1));
  const calm = curves.smoothed(zigzag);
  assert.equal(calm[0], zigzag[0]);
  assert.equal(calm[40], zigzag[40]);
  assert.ok(Math.max(...calm.slice(5, 36)) < 0.2);
  const line = curves.withLine(curves.emptyCurve(41), STEP, [0.1, 1], [0.3, 3]);
  curves.smoothed(line).forEach((value, i) => assert.ok(Number.isNaN(line[i]) ? Number.isNaN(value) : Math.abs(value - line[i]) < 1e-5));
});

test("scaling keeps the mean, limits hold", () => {
  const line = curves.withLine(curves.emptyCurve(41), STEP, [0.1, 1], [0.3, 3]);
  const lively = curves.scaled(line, 2);
  assert.ok(Math.abs(curves.meanOf(lively) - 2) < 1e-5 && Math.abs(lively[10] - 0) < 1e-5 && Math.abs(lively[30] - 4) < 1e-5);
  assert.deepEqual([...curves.limited(Float32Array.of(-5, NaN, 9), [0, 4])], [0, NaN, 4]);
});

test("strokes say the same with few points", () => {
  let curve = curves.withLine(curves.emptyCurve(101), STEP, [0.1, 1], [0.5, 5]);
  curve = curves.withLine(curve, STEP, [0.5, 5], [0.6, 0]);
  curve = curves.withLine(curve, STEP, [0.9, 2], [0.9, 2]);
  const strokes = curves.toStrokes(curve, STEP, 0.01);
  assert.deepEqual(strokes.map((stroke) => stroke.length), [3, 1]);
  const again = curves.fromStrokes(strokes, STEP, 101);
  curve.forEach((value, i) => assert.ok(Number.isNaN(value) ? Number.isNaN(again[i]) : Math.abs(value - again[i]) < 0.02));
});

test("a contour without its gaps", () => {
  const contour = Float32Array.of(NaN, 2, NaN, NaN, 8, NaN);
  assert.deepEqual([...curves.filled(contour)], [2, 2, 4, 6, 8, 8]);
  assert.ok(curves.isEmpty(curves.filled(curves.emptyCurve(3))));
});

test("an octave is twelve semitones", () => {
  assert.ok(Math.abs(curves.toSemitones(220) - curves.toSemitones(110) - 12) < 1e-9);
  assert.ok(Math.abs(curves.toHz(curves.toSemitones(173)) - 173) < 1e-9);
});
