/** The page: puts the parts together. Text and numbers -> prediction -> drawing -> speech. */

import { getInfo, predict, speak, ssml } from "./api.js";
import { Choices } from "./choices.js";
import { Controls } from "./controls.js";
import { filled } from "./curve.js";
import { curvesOf, download, fileName, sketchContent } from "./files.js";
import { chooseLanguage, explain, language, number, startLanguage, t } from "./i18n.js";
import { Player } from "./player.js";
import { ScoreInput } from "./score-input.js";
import { ScoreView, contourOf } from "./score-view.js";
import { LAYERS, Sketch } from "./sketch.js";
import { mapTime } from "./timeline.js";
import { VoiceDialog } from "./voice-dialog.js";
import { fromBase64 } from "./wav.js";
import { WordTable } from "./word-table.js";

const PREDICT_AFTER = 450; // milliseconds without a change
const at = (id) => document.getElementById(id);
const all = (selector) => [...document.querySelectorAll(selector)];

startLanguage();
const choices = new Choices();
const controls = new Controls();
const sketch = new Sketch();
const player = new Player();
const view = new ScoreView({ scroller: at("scroller"), spacer: at("spacer"), ruler: at("ruler"), plot: at("plot") });
let tool = "draw";
let voiceDialog = null;
let prosody = null; // the last prediction
let spokenRequests = { before: null, after: null }; // what each take was made of
view.onlayout = () => {
  at("swipe").hidden = !view.overflows;
};
const input = new ScoreInput({ view, sketch, tool: () => tool, announceWord, changed: sketchEdited });
const table = new WordTable(at("word-table"), input);

// Words to the person

function say(key, values) {
  at("status").textContent = t(key, values);
}

function fail(error) {
  if (error.name === "AbortError") return;
  if (error.code === "voice_forgotten") choices.dropUpload(choices.request.voice);
  at("error-text").textContent = error.code ? explain(error) : t("error.internal");
  at("error").hidden = false;
  at("status").textContent = "";
  at("error").scrollIntoView({ block: "nearest" });
  if (!error.code) console.error(error);
}

function complain(key, values) {
  fail({ code: "page", message: t(key, values), details: [] });
}

const forgive = () => {
  at("error").hidden = true;
};

function announceWord(index) {
  const word = sketch.words[index];
  const { layer } = view.scene;
  const facts = input.describe(layer, index);
  const signed = (value) => number(value, 1, true);
  const about = !facts.drawn
    ? t("status.wordPlain")
    : layer === "pitch"
      ? t("status.wordPitch", { shift: signed(facts.shift), rise: signed(facts.rise) })
      : t("status.wordEnergy", { shift: signed(facts.shift) });
  at("status").textContent = t("status.word", { word: word.text, number: index + 1, count: sketch.words.length }) + about;
}

// Prediction

let predictTimer = 0;
let predicting = null; // AbortController

function predictSoon() {
  clearTimeout(predictTimer);
  predictTimer = setTimeout(predictNow, PREDICT_AFTER);
}

const plainRequest = () => ({ ...choices.request, seed: controls.seed });

async function predictNow() {
  clearTimeout(predictTimer);
  predictTimer = 0;
  predicting?.abort();
  const request = { ...plainRequest(), controls: controls.values };
  if (!request.text) {
    showProsody(null);
    say("status.ready");
    return;
  }
  const mine = new AbortController();
  predicting = mine;
  say("status.predicting");
  try {
    const answer = await predict(request, mine.signal);
    forgive();
    showProsody(answer);
    say("status.predicted", { words: answer.words.length, seconds: number(answer.duration, 1) });
  } catch (error) {
    fail(error);
  } finally {
    if (predicting === mine) predicting = null;
  }
}

function showProsody(answer) {
  prosody = answer;
  const length = answer ? answer.pitch.length : 0;
  sketch.retime(answer?.words ?? [], answer?.step ?? sketch.step, length);
  view.show({
    words: answer?.words ?? [],
    phonemes: answer?.phonemes ?? [],
    duration: answer?.duration ?? 0,
    step: answer?.step ?? sketch.step,
    predicted: answer ? contours(answer) : {},
    spoken: null,
  });
  choices.setDetected(answer?.language ?? null);
  table.rebuild();
  labelCanvas();
  showTakes();
}

const contours = (answer) => Object.fromEntries(LAYERS.map((layer) => [layer, contourOf(layer, answer[layer])]));

// Drawing

function sketchEdited() {
  forgive();
  table.update();
  showTakes();
}

sketch.addEventListener("change", () => {
  view.scene.drawn = sketch.curves;
  view.refresh();
  at("undo").disabled = !sketch.canUndo;
  at("redo").disabled = !sketch.canRedo;
});

function editWith(id, key, edit) {
  at(id).addEventListener("click", () => {
    const before = sketch.curves;
    edit(view.scene.layer);
    say(sketch.curves === before ? "status.nothing" : key);
    sketchEdited();
  });
}

const ifDrawn = (edit) => (layer) => {
  if (!sketch.curves[layer].every(Number.isNaN)) edit(layer);
};

editWith("undo", "status.undone", () => sketch.undo());
editWith("redo", "status.redone", () => sketch.redo());
editWith("smooth", "status.smoothed", ifDrawn((layer) => sketch.smooth(layer)));
editWith("flatter", "status.scaled", ifDrawn((layer) => sketch.scale(layer, 0.85)));
editWith("livelier", "status.scaled", ifDrawn((layer) => sketch.scale(layer, 1 / 0.85)));
editWith("clear", "status.cleared", ifDrawn((layer) => sketch.clear(layer)));
at("trace").addEventListener("click", () => {
  if (!prosody) return complain("error.noPrediction");
  const { layer } = view.scene;
  sketch.replace(layer, filled(view.scene.predicted[layer]));
  say("status.traced");
  sketchEdited();
});
at("zoom-in").addEventListener("click", () => view.setZoom(view.zoom * 1.5));
at("zoom-out").addEventListener("click", () => view.setZoom(view.zoom / 1.5));

function press(selector, chosen) {
  for (const button of all(selector)) button.setAttribute("aria-pressed", String(chosen(button)));
}

for (const button of all("[data-layer]:is(button)")) {
  button.addEventListener("click", () => {
    view.show({ layer: button.dataset.layer });
    press("button[data-layer]", (one) => one === button);
    document.querySelector(".score").dataset.layer = button.dataset.layer;
    labelCanvas();
  });
}
for (const button of all("button[data-tool]")) {
  button.addEventListener("click", () => {
    tool = button.dataset.tool;
    press("button[data-tool]", (one) => one === button);
    document.querySelector(".score").dataset.tool = tool;
  });
}

function labelCanvas() {
  const label = sketch.words.length
    ? t("canvas", { layer: t(view.scene.layer), words: sketch.words.length })
    : t("canvas.empty");
  at("plot").setAttribute("aria-label", label);
}

// Speech

const directed = () => !controls.atRest || !sketch.empty;

function requestFor(take) {
  const plain = plainRequest();
  if (take === "before" || !directed()) return plain;
  return { ...plain, controls: controls.values, sketch: sketch.empty ? null : sketchContent(sketch, prosody.duration) };
}

let speaking = null; // AbortController

async function speakTake(take) {
  if (!choices.request.text) return complain("error.empty");
  forgive();
  if (predictTimer || predicting || !prosody) await predictNow(); // the drawing must know where its words are
  if (!prosody) return undefined;
  const request = requestFor(take);
  const key = JSON.stringify(request);
  if (spokenRequests[take] !== key) {
    player.stop();
    speaking?.abort();
    speaking = new AbortController();
    const mine = speaking;
    busy(true);
    say("status.speaking");
    try {
      const answer = await speak(request, mine.signal);
      const made = { blob: fromBase64(answer.audio, "audio/wav"), words: answer.words, answer };
      player.set(take, made);
      spokenRequests[take] = key;
      say("status.spoken", { seconds: number(answer.duration, 1), seed: answer.seed });
    } catch (error) {
      fail(error);
      return undefined;
    } finally {
      if (speaking === mine) {
        speaking = null;
        busy(false);
      }
    }
  }
  if (!(await player.play(take))) say("status.press");
  return showTakes();
}

function busy(on) {
  at("speak").setAttribute("aria-busy", String(on));
  document.querySelector("main").setAttribute("aria-busy", String(on));
}

at("speak").addEventListener("click", () => (player.playing ? player.stop() : speakTake("after")));
for (const button of all("button[data-take]")) {
  button.addEventListener("click", () => {
    if (player.playing && player.current === button.dataset.take) player.stop();
    else speakTake(button.dataset.take);
  });
}

function showTakes() {
  press("button[data-take]", (button) => player.takes[button.dataset.take] !== null && button.dataset.take === player.current);
  at("speak").querySelector("use").setAttribute("href", player.playing ? "#i-stop" : "#i-play");
  at("speak").querySelector("span").textContent = t(player.playing ? "stop" : "speak");
  const take = player.takes[player.current];
  const fresh = take && prosody && spokenRequests[player.current] === JSON.stringify(requestFor(player.current));
  // A take is shown over the prediction only while their time axes are one.
  const same = fresh && Math.abs(take.answer.prosody.duration - prosody.duration) < 0.02;
  view.show({ spoken: same ? contours(take.answer.prosody) : null });
  if (spokenRequests.after && player.current === "after" && !fresh && !player.playing && !speaking && !predicting) say("status.changed");
}

player.addEventListener("change", showTakes);
player.addEventListener("time", () => {
  const take = player.takes[player.current];
  view.playhead = player.time === null || !take ? null : mapTime(player.time, take.words, sketch.words);
  if (view.playhead !== null) view.scrollTo(view.playhead);
  view.refresh();
});

// Files

at("save-wav").addEventListener("click", () => {
  const take = player.takes[player.current];
  if (!take) return complain("error.noTake");
  saved(take.blob, "wav");
});
at("save-sketch").addEventListener("click", () => {
  if (sketch.empty) return complain("error.noSketch");
  const content = sketchContent(sketch, prosody.duration);
  saved(new Blob([JSON.stringify(content, null, 1)], { type: "application/json" }), "json");
});
at("save-ssml").addEventListener("click", async () => {
  if (!choices.request.text) return complain("error.empty");
  try {
    saved(new Blob([(await ssml(requestFor("after"))).ssml], { type: "application/ssml+xml" }), "ssml");
  } catch (error) {
    fail(error);
  }
});
at("open-sketch").addEventListener("click", () => at("sketch-file").click());
at("sketch-file").addEventListener("change", async ({ target }) => {
  const [file] = target.files;
  target.value = "";
  at("save").open = false;
  if (file) await openSketch(file);
});

async function openSketch(file) {
  try {
    const content = JSON.parse(await file.text());
    const words = content.words ?? [];
    const text = words.map((word) => word.text).join(" ");
    if (text && text !== sketch.words.map((word) => word.text).join(" ")) choices.setText(text);
    await predictNow();
    // Over its own words at first, on a time axis as long as this one; from there it follows them.
    const own = words.map((word) => ({ ...word, start: word.start * prosody.duration, end: word.end * prosody.duration }));
    const opened = new Sketch();
    opened.retime(own, sketch.step, sketch.length);
    opened.replaceAll(curvesOf(content, prosody.duration, sketch.step, sketch.length, view.scene.predicted));
    if (own.length) opened.retime(sketch.words, sketch.step, sketch.length);
    if (opened.empty) throw new Error("nothing is drawn in it");
    sketch.replaceAll(opened.curves);
    say("status.opened");
    sketchEdited();
  } catch {
    complain("error.sketchFile");
  }
}

function saved(blob, ending) {
  const name = fileName(choices.request.text, ending);
  download(blob, name);
  at("save").open = false;
  say("status.saved", { name });
}

// A file dropped anywhere is meant for the page, and must not replace it.
document.addEventListener("dragover", (event) => event.preventDefault());
document.addEventListener("drop", (event) => {
  event.preventDefault();
  const [file] = event.dataTransfer?.files ?? [];
  if (!file || event.target.closest("#clip-drop")) return;
  if (file.name.endsWith(".json")) openSketch(file);
  else voiceDialog?.open(file);
});

document.addEventListener("click", (event) => {
  if (!at("save").contains(event.target)) at("save").open = false;
});

// The page itself

at("error-close").addEventListener("click", forgive);
at("theme").addEventListener("click", () => {
  window.valettsColours.next();
  labelTheme();
});

function labelTheme() {
  at("theme").setAttribute("aria-label", t(`theme.${window.valettsColours.chosen}`));
  at("theme").title = t(`theme.${window.valettsColours.chosen}`);
}

for (const button of all("[data-interface]")) {
  button.addEventListener("click", () => chooseLanguage(button.dataset.interface));
}
document.addEventListener("languagechange", relabel);

function relabel() {
  press("[data-interface]", (button) => button.dataset.interface === language());
  choices.fill();
  labelCanvas();
  labelTheme();
  table.rebuild();
  showTakes();
}

document.addEventListener("keydown", (event) => {
  if (document.querySelector("dialog[open]")) return;
  const command = event.ctrlKey || event.metaKey;
  const typing = event.target.matches("textarea, input:not([type=range])");
  if (command && event.key === "Enter") {
    event.preventDefault();
    speakTake("after");
  } else if (command && !typing && event.key.toLowerCase() === "z") {
    event.preventDefault();
    at(event.shiftKey ? "redo" : "undo").click();
  } else if (event.key === "Escape") {
    at("save").open = false;
  }
});

for (const part of [choices, controls]) {
  part.addEventListener("change", () => {
    showTakes();
    predictSoon();
  });
}

async function start() {
  relabel();
  choices.setText(t("sample"));
  try {
    const info = await getInfo();
    choices.offer(info);
    voiceDialog = new VoiceDialog(info.limits.max_upload_bytes, (voice) => {
      choices.addUpload(voice);
      const notes = voice.notes.length ? ` ${t("clip.notes", { notes: voice.notes.join(" ") })}` : "";
      at("status").textContent = t("status.voiceAdded", { name: voice.name, minutes: voice.kept_minutes }) + notes;
    });
    at("add-voice").addEventListener("click", () => voiceDialog.open());
    await predictNow();
  } catch (error) {
    fail(error);
  }
}

start();

export { player, sketch, view };
