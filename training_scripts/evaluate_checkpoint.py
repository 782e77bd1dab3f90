#!/usr/bin/env python
"""Speak held-out sentences of a corpus with a checkpoint and measure them beside the recordings.

    python training_scripts/evaluate_checkpoint.py --corpus corpus --output judged --speaker kathleen --voice kathleen \\
        --transcriber my_judges:transcribe --embedder my_judges:embed
    python training_scripts/evaluate_checkpoint.py --corpus corpus --output judged --phoneme_recognizer phoneme_recognizer \\
        --voices training_scripts/recipes/base_voices.yaml --count 40

OUTPUT gets metrics.json and metrics.md (the checkpoint beside human recordings) and summary.json (sentences, seconds,
real-time factor); for outside judges model/ and human/ with NN.wav and NN.txt, and model.jsonl and human.jsonl with a line
`{"wav", "text", "language", "prompt"}` each. With a phoneme recogniser and neither --speaker nor --language, the table of
all languages is made instead: intelligibility.json and intelligibility.md.
"""

import argparse
import json
import os
import tempfile
import time
from pathlib import Path

import numpy as np
import soundfile

from valetts_hf import BASE_CHECKPOINT
from valetts_hf.inference import ValeTTS
from valetts_hf.training.checkpoint_building import read_voices_file
from valetts_hf.training.data.corpus import PackedCorpus
from valetts_hf.training.evaluation.evaluator import (
    DEFAULT_MEASURES,
    MEASURES,
    Evaluator,
    SpokenClip,
    held_out_clips,
    load_callable,
)
from valetts_hf.training.evaluation.intelligibility import METHOD, intelligibility_table, markdown_table
from valetts_hf.training.evaluation.phoneme_recognizer import PhonemeRecognizer
from valetts_hf.training.run.one_line_errors import one_line_errors


COLUMNS = ["language", "voice", "clips", "same_speaker", "human_per", "synthesised_per", "ratio", "ratio_range"]
COLUMNS += ["other_text_per"]


def parse_arguments(arguments: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--checkpoint", default=BASE_CHECKPOINT, help="folder or Hub id; default: the bundled one")
    parser.add_argument("--corpus", required=True, type=Path, help="folder written by `valetts data prepare`")
    parser.add_argument("--output", required=True, type=Path)
    parser.add_argument("--speaker", help="speaker of the corpus whose sentences are spoken")
    parser.add_argument("--language", help="language of the sentences")
    parser.add_argument("--voice", help="voice of the checkpoint, or a recording; default: of the language")
    parser.add_argument("--count", type=int, default=24, help="sentences; in the table of languages, of each")
    parser.add_argument("--min_words", type=int, default=5)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--measures", nargs="*", choices=MEASURES, default=list(DEFAULT_MEASURES))
    parser.add_argument("--transcriber", help="module:function (waveform, sampling_rate, language) -> text")
    parser.add_argument("--embedder", help="module:function (waveform, sampling_rate) -> vector")
    parser.add_argument("--phoneme_recognizer", type=Path, help="folder written by train_phoneme_recognizer.py")
    parser.add_argument("--voices", type=Path, help="YAML of build_checkpoint.py: the speakers behind the voices")
    parser.add_argument("--tokens", action="store_true", help="speak the corpus's phonemes, not the text")
    return parser.parse_args(arguments)


class TestSetWriter:
    """Writes what is spoken, and the recordings beside it, as outside judges want it."""

    def __init__(self, corpus: PackedCorpus, output: Path, sampling_rate: int):
        self.corpus, self.output, self.sampling_rate = corpus, output, sampling_rate
        self.seconds, self.rows = 0.0, {"model": [], "human": []}

    def __call__(self, clip: int, spoken: SpokenClip) -> None:
        number, text = len(self.rows["model"]), self.corpus.texts[clip]
        self.seconds += len(spoken.waveform) / self.sampling_rate
        for name, waveform in (("model", spoken.waveform), ("human", self.corpus.waveform(clip))):
            folder = self.output / name
            folder.mkdir(parents=True, exist_ok=True)
            soundfile.write(folder / f"{number:02d}.wav", waveform, self.sampling_rate)
            (folder / f"{number:02d}.txt").write_text(text, encoding="utf-8")
            row = {"wav": f"{name}/{number:02d}.wav", "text": text, "language": self.corpus.languages[clip][:2]}
            self.rows[name].append(row)

    def finish(self) -> None:
        """Write the lists; the prompt of synthesised speech is the recording."""
        for row in self.rows["model"]:
            row["prompt"] = row["wav"].replace("model/", "human/")
        for name, items in self.rows.items():
            lines = "".join(json.dumps(item, ensure_ascii=False) + "\n" for item in items)
            write_atomically(self.output / f"{name}.jsonl", lines)


def write_atomically(path: Path, text: str) -> None:
    """Replace a file in one move."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
    os.chmod(temporary, 0o644)
    os.replace(temporary, path)


def write_json(path: Path, content: object) -> None:
    write_atomically(path, json.dumps(content, ensure_ascii=False, indent=1) + "\n")


def voice_of(tts: ValeTTS, language: str):
    """Name, language and style [1, H] of the voice a language is spoken with by default."""
    name = tts.processor.default_voice(language)
    if name is None:
        return "default style", None, tts.model.model.default_styles[[tts.languages.index(language)]]
    return name, tts.voices[name].get("language"), tts.encode_voice(name)[None]


def speakers_of_voices(recipe: Path | None) -> dict[str, str]:
    """Voice -> speaker of the corpus, as the recipe of the checkpoint's voices says; empty without one."""
    if recipe is None:
        return {}
    voices = read_voices_file(recipe)["voices"]
    return {name: entry["speaker"] for name, entry in voices.items() if "speaker" in entry}


def evaluate_sentences(parsed: argparse.Namespace, corpus: PackedCorpus, tts: ValeTTS, listeners: dict) -> None:
    splits = ("test", "validation")
    clips = held_out_clips(corpus, parsed.speaker, parsed.language, parsed.count, splits, parsed.min_words)
    style = tts.encode_voice(parsed.voice)[None] if parsed.voice else None
    spent = 0.0

    def speak(model, clip, seed):
        nonlocal spent
        started = time.perf_counter()
        if parsed.tokens:
            spoken = evaluator.speak_tokens(model, clip, seed)
        else:
            voice = style[0] if style is not None else None
            speech = tts(corpus.texts[clip], language=corpus.languages[clip], voice=voice, seed=seed)
            spoken = SpokenClip(np.asarray(speech.waveform, dtype=np.float32))
        spent += time.perf_counter() - started
        return spoken

    def style_of(_, clip):
        return style if style is not None else voice_of(tts, corpus.languages[clip])[2]

    evaluator = Evaluator(
        corpus, clips, parsed.measures, style_of=style_of, speak=speak, seed=parsed.seed, **listeners
    )
    writer = TestSetWriter(corpus, parsed.output, tts.sampling_rate)
    model = evaluator.summarize(evaluator.judge(tts.model, writer))
    human = evaluator.summarize(evaluator.judge_recordings())
    writer.finish()
    summary = {"sentences": len(clips), "seconds": round(writer.seconds, 2), "rtf": round(spent / writer.seconds, 4)}
    settings = {"checkpoint": str(parsed.checkpoint), "speaker": parsed.speaker, "language": parsed.language}
    settings |= {"voice": parsed.voice, "seed": parsed.seed, "spoken_from": "tokens" if parsed.tokens else "text"}
    settings |= {"transcriber": parsed.transcriber, "embedder": parsed.embedder}
    write_json(parsed.output / "summary.json", summary)
    write_json(parsed.output / "metrics.json", {"settings": settings, **summary, "model": model, "human": human})
    rows = [
        {"metric": name, "checkpoint": value, "human recordings": human.get(name)} for name, value in model.items()
    ]
    write_atomically(parsed.output / "metrics.md", markdown_table(rows) + "\n")
    print(markdown_table(rows), summary, sep="\n")


def evaluate_languages(parsed: argparse.Namespace, corpus: PackedCorpus, tts: ValeTTS, listeners: dict) -> None:
    validation = parsed.phoneme_recognizer / "validation.json"
    facts = json.loads(validation.read_text(encoding="utf-8")) if validation.is_file() else {}
    facts = {name: facts[name] for name in ("parameters", "steps", "training_minutes_of_speech") if name in facts}
    table = {"method": METHOD, "recognizer": facts, "checkpoint": str(parsed.checkpoint), "seed": parsed.seed}
    rows: list[dict] = []

    def report(row: dict) -> None:  # written row by row: an interrupted run keeps what it has
        rows.append(row)
        print(json.dumps(row, ensure_ascii=False), flush=True)
        write_json(parsed.output / "intelligibility.json", table | {"languages": rows})

    intelligibility_table(
        corpus,
        tts.model,
        listeners["recognizer"],
        lambda language: voice_of(tts, language),
        count=parsed.count,
        seed=parsed.seed,
        report=report,
        speaker_of=speakers_of_voices(parsed.voices).get,
    )
    judged = [row for row in rows if row["judgeable"]]
    others = [row for row in rows if not row["judgeable"]]
    text = f"{METHOD}\n\n{markdown_table(judged, COLUMNS)}\n\nNot judgeable:\n\n"
    text += markdown_table(others, ["language", "voice", "clips", "human_per", "synthesised_per", "why_not"]) + "\n"
    write_atomically(parsed.output / "intelligibility.md", text)
    print(text)


def main(arguments: list[str] | None = None) -> None:
    parsed = parse_arguments(arguments)
    listeners = {
        name: load_callable(value)
        for name, value in (("transcriber", parsed.transcriber), ("embedder", parsed.embedder))
        if value is not None
    }
    if parsed.phoneme_recognizer is not None:
        listeners["recognizer"] = PhonemeRecognizer.from_pretrained(parsed.phoneme_recognizer)
    corpus, tts = PackedCorpus.load(parsed.corpus), ValeTTS.from_pretrained(parsed.checkpoint)
    if "recognizer" in listeners and not (parsed.speaker or parsed.language):
        evaluate_languages(parsed, corpus, tts, listeners)
    else:
        evaluate_sentences(parsed, corpus, tts, listeners)


if __name__ == "__main__":
    with one_line_errors():
        main()
