import assert from "node:assert/strict";
import test from "node:test";

import { emptyCurve, runsOf, withLine } from "../../../src/valetts_hf/serving/static/js/curve.js";
import { Sketch } from "../../../src/valetts_hf/serving/static/js/sketch.js";
import * as timeline from "../../../src/valetts_hf/serving/static/js/timeline.js";

const STEP = 0.01;
const sentence = (text, seconds) =>
  text.split(" ").map((word, i) => ({ text: word, start: i * seconds + 0.02, end: (i + 1) * seconds }));

test("words that stay are found, whatever comes between", () => {
  const [before, after] = [sentence("the ferry leaves the harbour", 0.3), sentence("The old ferry leaves harbour now", 0.3)];
  assert.deepEqual(timeline.matchWords(before, after), [0, 2, 3, -1, 4]);
});

test("time follows the words", () => {
  const [slow, fast] = [sentence("one two three", 0.4), sentence("one two three", 0.2)];
  const middle = (words, i) => (words[i].start + words[i].end) / 2;
  for (let i = 0; i < 3; i += 1) assert.ok(Math.abs(timeline.mapTime(middle(slow, i), slow, fast) - middle(fast, i)) < 1e-9);
  assert.equal(timeline.mapTime(0.7, [], fast), 0.7);
});

test("a drawing stays over its word when the sentence is said faster, and when a word is put before it", () => {
  const slow = sentence("one two three", 0.4);
  const curve = withLine(emptyCurve(130), STEP, [slow[2].start, 1], [slow[2].end, 5]);
  for (const after of [sentence("one two three", 0.2), sentence("one and two three", 0.4)]) {
    const word = after[after.length - 1];
    const moved = timeline.followWords(curve, STEP, slow, after, Math.ceil(word.end / STEP) + 1);
    const [[first, end]] = runsOf(moved);
    assert.ok(Math.abs(first * STEP - word.start) < 0.03 && Math.abs((end - 1) * STEP - word.end) < 0.03);
    assert.ok(Math.abs(moved[first] - 1) < 0.5 && Math.abs(moved[end - 1] - 5) < 0.5);
  }
});

test("a drawing over a word that is gone goes with it", () => {
  const before = sentence("one two three", 0.4);
  const curve = withLine(emptyCurve(130), STEP, [before[1].start, 1], [before[1].end, 1]);
  const moved = timeline.followWords(curve, STEP, before, sentence("one three", 0.4), 90);
  assert.equal(runsOf(moved).length, 0);
});

test("a word is shaped and described in the same numbers", () => {
  const words = sentence("one two three", 0.4);
  const predicted = new Float32Array(121).fill(90);
  const curve = timeline.shapeWord(emptyCurve(121), predicted, STEP, words[1], 3, 4);
  const facts = timeline.describeWord(curve, predicted, STEP, words[1]);
  assert.ok(facts.drawn && Math.abs(facts.shift - 3) < 0.1 && Math.abs(facts.rise - 4) < 0.3);
  assert.equal(timeline.describeWord(curve, predicted, STEP, words[2]).drawn, false);
});

test("a stroke is one step of undo, however many points it has", () => {
  const sketch = new Sketch();
  sketch.retime(sentence("one two three", 0.4), STEP, 121);
  sketch.begin();
  sketch.line("pitch", [0.1, 80], [0.2, 85]);
  sketch.line("pitch", [0.2, 85], [0.3, 80]);
  sketch.commit();
  sketch.smooth("pitch");
  assert.ok(sketch.canUndo && !sketch.canRedo);
  sketch.undo();
  assert.ok(!sketch.empty);
  sketch.undo();
  assert.ok(sketch.empty && !sketch.canUndo);
  sketch.redo();
  assert.deepEqual(runsOf(sketch.curves.pitch).length, 1);
});

test("a cancelled stroke leaves nothing, and a new edit ends what could be done again", () => {
  const sketch = new Sketch();
  sketch.retime(sentence("one two", 0.4), STEP, 81);
  sketch.begin();
  sketch.line("energy", [0.1, -20], [0.2, -10]);
  sketch.cancel();
  assert.ok(sketch.empty && !sketch.canUndo);
  sketch.line("pitch", [0.1, 80], [0.2, 80]);
  sketch.undo();
  sketch.line("pitch", [0.3, 80], [0.4, 80]);
  assert.ok(!sketch.canRedo);
});

test("values stay within what can be said", () => {
  const sketch = new Sketch();
  sketch.retime(sentence("one two", 0.4), STEP, 81);
  sketch.line("pitch", [0.1, 1], [0.2, 999]);
  const shown = sketch.curves.pitch.filter((value) => !Number.isNaN(value));
  assert.ok(Math.min(...shown) > 60 && Math.max(...shown) < 120);
});
