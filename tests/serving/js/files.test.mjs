import assert from "node:assert/strict";
import test from "node:test";

import { emptyCurve, runsOf, toHz, toSemitones, withLine } from "../../../src/valetts_hf/serving/static/js/curve.js";
import { curvesOf, fileName, isSketch, sketchContent } from "../../../src/valetts_hf/serving/static/js/files.js";
import { Sketch } from "../../../src/valetts_hf/serving/static/js/sketch.js";

const STEP = 0.01;
const WORDS = [{ text: "one", start: 0.1, end: 0.4 }, { text: "two", start: 0.5, end: 0.9 }];

function drawn() {
  const sketch = new Sketch();
  sketch.retime(WORDS, STEP, 101);
  sketch.line("pitch", [0.1, toSemitones(150)], [0.4, toSemitones(300)]);
  sketch.line("pitch", [0.6, toSemitones(200)], [0.6, toSemitones(200)]);
  return sketch;
}

test("a saved drawing has rising positions, gaps between strokes, and nothing where nothing is drawn", () => {
  const content = sketchContent(drawn(), 1);
  assert.deepEqual([content.format, content.version, content.energy], ["valetts-sketch", 1, undefined]);
  assert.deepEqual(content.words[1], { text: "two", start: 0.5, end: 0.9 });
  const { unit, positions, values } = content.pitch;
  assert.equal(unit, "hz");
  assert.ok(positions.every((at, i) => i === 0 || at > positions[i - 1]));
  assert.ok(Math.abs(values[0] - 150) < 0.1 && values.filter((value) => value === null).length === 1);
});

test("it comes back as it was", () => {
  const sketch = drawn();
  const predicted = { pitch: new Float32Array(101).fill(90), energy: new Float32Array(101) };
  const curves = curvesOf(sketchContent(sketch, 1), 1, STEP, 101, predicted);
  assert.deepEqual(runsOf(curves.pitch).map(([first]) => first), runsOf(sketch.curves.pitch).map(([first]) => first));
  assert.ok(Math.abs(toHz(curves.pitch[25]) - toHz(sketch.curves.pitch[25])) < 1);
});

test("other units are read against the prediction", () => {
  const predicted = { pitch: Float32Array.of(80, NaN, 90), energy: Float32Array.of(-5, 0, 5) };
  const read = (layer, curve) => [...curvesOf({ [layer]: curve }, 1, 0.5, 3, predicted)[layer]];
  assert.deepEqual(read("pitch", { values: [0, 1] }), [80, 85, 90]);
  assert.deepEqual(read("pitch", { unit: "semitones", values: [-2, 2] }), [83, 85, 87]);
  assert.deepEqual(read("energy", { unit: "db", positions: [0.5], values: [3] }), [NaN, 3, NaN]);
  assert.throws(() => read("pitch", { unit: "miles", values: [1] }));
  assert.ok(runsOf(withLine(emptyCurve(3), 1, [0, 0], [2, 2])).length === 1);
});

test("file names are short and plain", () => {
  assert.equal(fileName("The ferry, leaves: the /harbour/ at seven.", "wav"), "the-ferry-leaves-the-harbour.wav");
  assert.equal(fileName("Olá!", "json"), "ola.json");
  assert.equal(fileName("…", "wav"), "speech.wav");
});

test("a file without a drawing is told from a sketch before anything is changed", () => {
  assert.ok(isSketch(sketchContent(drawn(), 1)));
  assert.ok(isSketch({ energy: { unit: "db", values: [null, 3] } }));
  for (const content of [null, [], "words", { words: WORDS }, { pitch: { values: [null] } }, { pitch: { unit: "db", values: [1] } }]) {
    assert.ok(!isSketch(content), JSON.stringify(content));
  }
});
