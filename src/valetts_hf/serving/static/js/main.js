/** The page: puts the parts together. Text and numbers -> prediction -> drawing -> speech. */

import { forgetVoice, getInfo, predict, speak } from "./api.js";
import { Choices } from "./choices.js";
import { Controls } from "./controls.js";
import { sketchContent } from "./files.js";
import { chooseLanguage, language, number, startLanguage, t } from "./i18n.js";
import { all, at, complain, fail, forgive, press, say } from "./messages.js";
import { Player } from "./player.js";
import { Saving } from "./saving.js";
import { ScoreInput } from "./score-input.js";
import { ScoreView, contourOf } from "./score-view.js";
import { LAYERS, Sketch } from "./sketch.js";
import { mapTime } from "./timeline.js";
import { Toolbar } from "./toolbar.js";
import { VoiceDialog } from "./voice-dialog.js";
import { fromBase64 } from "./wav.js";
import { WordTable } from "./word-table.js";

const PREDICT_AFTER = 450; // milliseconds without a change
const ASK_AGAIN_AFTER = 3000; // milliseconds

startLanguage();
const choices = new Choices();
const controls = new Controls();
const sketch = new Sketch();
const player = new Player();
const view = new ScoreView({ scroller: at("scroller"), spacer: at("spacer"), ruler: at("ruler"), plot: at("plot") });
let voiceDialog = null;
let prosody = null; // the last prediction
const spokenRequests = { before: null, after: null }; // what each take was made of
view.onlayout = () => {
  at("swipe").hidden = !view.overflows;
};
const toolbar = new Toolbar({ sketch, view, edited: sketchEdited, chosen: labelCanvas });
const input = new ScoreInput({ view, sketch, tool: () => toolbar.tool, announceWord, changed: sketchEdited });
const table = new WordTable(at("word-table"), input);
const request = () => requestFor("after");
const saving = new Saving({ choices, sketch, player, view, request, predict: () => predictNow(), edited: sketchEdited });

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
  predictTimer = setTimeout(() => predictNow(), PREDICT_AFTER);
}

const plainRequest = () => ({ ...choices.request, seed: controls.seed });

/** Read the sentence as it is now; `quietly` leaves the status line to what it says. Gives whether it was read. */
async function predictNow(quietly = false) {
  clearTimeout(predictTimer);
  predictTimer = 0;
  predicting?.abort();
  const request = { ...plainRequest(), controls: controls.values };
  if (!request.text) {
    showProsody(null);
    say("status.ready");
    return false;
  }
  const mine = new AbortController();
  predicting = mine;
  if (!quietly) say("status.predicting");
  try {
    const answer = await predict(request, mine.signal);
    forgive();
    showProsody(answer);
    if (!quietly) say("status.predicted", { words: answer.words.length, seconds: number(answer.duration, 1) });
    return true;
  } catch (error) {
    failed(error);
    return false;
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
});

function labelCanvas() {
  const label = sketch.words.length
    ? t("canvas", { layer: t(view.scene.layer), words: sketch.words.length })
    : t("canvas.empty");
  at("plot").setAttribute("aria-label", label);
}

/** A voice that the server has forgotten leaves the list, too. */
function failed(error) {
  if (error.code === "voice_forgotten") choices.dropUpload(choices.request.voice);
  fail(error);
}

/** The server forgets an uploaded voice now. The button goes with it, so the list takes the focus. */
async function forget({ key, name }) {
  try {
    await forgetVoice(key);
  } catch (error) {
    if (error.code !== "voice_forgotten") return fail(error);
  }
  choices.dropUpload(key);
  choices.voice.focus();
  predictNow(true);
  at("status").textContent = t("status.voiceForgotten", { name });
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
      failed(error);
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

// A file dropped anywhere is meant for the page, and must not replace it.
document.addEventListener("dragover", (event) => event.preventDefault());
document.addEventListener("drop", (event) => {
  event.preventDefault();
  const [file] = event.dataTransfer?.files ?? [];
  if (!file || event.target.closest("#clip-drop")) return;
  if (file.name.endsWith(".json")) saving.open(file);
  else voiceDialog?.open(file);
});

// The page itself

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
    saving.close();
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
  at("add-voice").addEventListener("click", () => voiceDialog?.open());
  at("forget-voice").addEventListener("click", () => forget(choices.upload));
  await connect();
}

/** Ask the server what it offers, until it answers. */
async function connect() {
  try {
    const info = await getInfo();
    choices.offer(info);
    voiceDialog = new VoiceDialog(info.limits.max_upload_bytes, (voice) => {
      choices.addUpload(voice);
      predictNow(true);
      const notes = voice.notes.length ? ` ${t("clip.notes", { notes: voice.notes.join(" ") })}` : "";
      at("status").textContent = t("status.voiceAdded", { name: voice.name, minutes: voice.kept_minutes }) + notes;
    });
  } catch (error) {
    fail(error);
    setTimeout(connect, ASK_AGAIN_AFTER);
    return;
  }
  await predictNow();
}

start();

export { player, sketch, view };
