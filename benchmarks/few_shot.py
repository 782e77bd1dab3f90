"""Few-shot adaptation measured: similarity, word errors and predicted MOS against clips x steps, time and memory.

    python benchmarks/few_shot.py --corpus corpus/ --embedder judges:ge2e --embedder judges:ecapa \
        --recognizer judges:recognise --mos judges:mos --speakers reader_a reader_b --output few_shot/

    python benchmarks/few_shot.py --corpus corpus/ --cross_lingual --embedder judges:ge2e --output cross_lingual/
    python benchmarks/few_shot.py --corpus corpus/ --alignment 100 --output alignment/

Judges are your own functions, given as "module:function" (a folder with the module goes into PYTHONPATH):
embedder(waveform, sampling_rate) -> vector; recognizer(waveform, sampling_rate, text, language) -> words heard, or None for
a language it does not know; mos(waveform, sampling_rate) -> number. Without a judge its column stays empty. Similarity is the
mean cosine between every utterance of the clone and every recording of the speaker that was not used for it; the rows "real"
(the speaker against itself; across languages, speakers who were recorded in several) and "base" (the unadapted default voice
of the language) frame it. The rows "kept" are what `adapt_voice` would give: the step that its judgement of held-out speech
chooses; the numbered steps are taken whatever it says.
"""

from __future__ import annotations

import argparse
import itertools
import json
import resource
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers import AutoProcessor

import valetts_hf
from valetts_hf.modeling.modeling_valetts import ValeTTSForSpeech
from valetts_hf.training.adaptation.adaptation_objective import SENTENCES
from valetts_hf.training.adaptation.adaptation_run import ADAPTER, adapt, private_copy
from valetts_hf.training.adaptation.settings import load_settings
from valetts_hf.training.adaptation.support import prepare_support
from valetts_hf.training.adaptation.transcript_alignment import align_transcript
from valetts_hf.training.data.corpus import PackedCorpus
from valetts_hf.training.metrics.speakers import cosine_similarity
from valetts_hf.voices.adapters import attach_adapter, load_adapter_state


TEXTS = {
    "en": (
        "The birch canoe slid on the smooth planks.",
        "Glue the sheet to the dark blue background.",
        "It is easy to tell the depth of a well.",
        "These days a chicken leg is a rare dish.",
        "Rice is often served in round bowls.",
        "The box was thrown beside the parked truck.",
        "The juice of lemons makes fine punch.",
        "Four hours of steady work faced us.",
        "Large size in stockings is hard to sell.",
        "The boy was there when the sun rose.",
        "A rod is used to catch pink salmon.",
        "The source of the huge river is the clear spring.",
        "Kick the ball straight and follow through.",
        "Help the woman get back to her feet.",
        "A pot of tea helps to pass the evening.",
        "Smoky fires lack flame and heat.",
        "The soft cushion broke the man's fall.",
        "The salt breeze came across from the sea.",
        "The girl at the booth sold fifty bonds.",
        "The small pup gnawed a hole in the sock.",
    )
}
SECONDS = (3.0, 9.0)  # of a clip that may support
CUT_SECONDS = 5.5  # of the pieces of a single long recording
QUERIES = 8
RATE = 24_000


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", required=True, help="folder written by `valetts data prepare`")
    parser.add_argument(
        "--checkpoint", default=valetts_hf.BASE_CHECKPOINT, help="model to adapt; default: the bundled one"
    )
    parser.add_argument("--output", type=Path, required=True, help="folder for the JSON and Markdown tables")
    parser.add_argument(
        "--speakers", nargs="+", help="names in the corpus; default: the five with the least training speech"
    )
    parser.add_argument("--clips", type=int, nargs="+", default=[1, 3, 5])
    parser.add_argument("--steps", type=int, nargs="+", default=[0, 25, 50, 100])
    parser.add_argument("--embedder", action="append", default=[], help="module:function; may be given twice")
    parser.add_argument("--recognizer", help="module:function")
    parser.add_argument("--mos", help="module:function")
    parser.add_argument("--sentences", type=int, default=20, help="sentences that are spoken and judged, at most")
    parser.add_argument("--texts", type=Path, help="file with a sentence per line, instead of the built-in ones")
    parser.add_argument("--no_transcripts", action="store_true", help="adapt on audio alone")
    parser.add_argument("--settings", help="YAML file of AdaptationSettings")
    parser.add_argument("--set", nargs="*", default=[], metavar="NAME=VALUE", help="single settings")
    parser.add_argument("--cross_lingual", action="store_true", help="every voice speaks every language instead")
    parser.add_argument("--languages", nargs="+", help="languages of the cross-lingual table; default: all with data")
    parser.add_argument(
        "--alignment", type=int, metavar="N", help="alignment costs of N right and wrong transcripts instead"
    )
    parser.add_argument("--threads", type=int, help="processor threads")
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args()


def function(name: str | None) -> Callable[..., Any] | None:
    """The function that "module:function" names."""
    if name is None:
        return None
    module, _, attribute = name.partition(":")
    if not attribute:
        raise SystemExit(f"{name!r} must have the form module:function")
    return getattr(import_module(module), attribute)


@dataclass(eq=False)
class Recording:
    """waveform (`np.ndarray` [S]), transcript (None where unknown), language code."""

    waveform: np.ndarray
    text: str | None
    language: str

    @property
    def seconds(self) -> float:
        return len(self.waveform) / RATE

    @property
    def audio(self) -> dict[str, Any]:
        return {"array": self.waveform, "sampling_rate": RATE}


class Bench:
    """Model, corpus and judges."""

    def __init__(self, options: argparse.Namespace):
        self.options = options
        self.corpus = PackedCorpus.load(options.corpus)
        self.model = ValeTTSForSpeech.from_pretrained(options.checkpoint, dtype=torch.float32).eval()
        self.processor = AutoProcessor.from_pretrained(options.checkpoint)
        self.embedders = {name: function(name) for name in options.embedder}
        self.recognizer, self.mos = function(options.recognizer), function(options.mos)
        given = dict(item.split("=", 1) for item in options.set)
        given = {key: json.loads(value) if value[:1] in "{[0123456789.-" else value for key, value in given.items()}
        self.settings = load_settings(options.settings, **given)
        self.seconds = self.corpus.frame_lengths * 256 / RATE

    def recordings(self, speaker: str) -> list[Recording]:
        """Recordings of a speaker, unseen ones (test and validation split) first; a single long one is cut into pieces."""
        corpus = self.corpus
        found = [
            Recording(corpus.waveform(i), corpus.texts[i] or None, corpus.languages[i] or "en-us")
            for i in self.clips_of(speaker)
        ]
        if len(found) == 1 and found[0].seconds > 2 * SECONDS[0]:
            whole = found[0].waveform
            length = min(round(CUT_SECONDS * RATE), len(whole) // 2)
            found = [
                Recording(whole[at : at + length], None, found[0].language)
                for at in range(0, len(whole) - length + 1, length)
            ]
        return found

    def clips_of(self, speaker: str, language: str | None = None) -> np.ndarray:
        """Clips of a speaker in the corpus, test and validation split before train."""
        index = np.flatnonzero(self.corpus.speaker_ids == self.corpus.speakers.index(speaker))
        if language is not None:
            index = np.array([i for i in index if self.corpus.languages[i] == language], dtype=int)
        seen = np.array([self.corpus.splits[i] == "train" for i in index])
        return index[np.argsort(seen, kind="stable")]

    def seen_minutes(self, speaker: str) -> float:
        """Minutes of the speaker in the transcribed train split, which a model trained on this corpus has heard."""
        clips = [i for i in self.clips_of(speaker) if self.corpus.splits[i] == "train" and self.corpus.transcribed[i]]
        return float(self.seconds[clips].sum() / 60)

    def embeddings(self, waveforms: list[np.ndarray]) -> dict[str, list[np.ndarray]]:
        return {name: [embed(wave, RATE) for wave in waveforms] for name, embed in self.embedders.items()}

    @torch.inference_mode()
    def speak(
        self, model: ValeTTSForSpeech, texts: tuple[str, ...], language: str, style: Any = None
    ) -> list[np.ndarray]:
        """One waveform per text, by a style vector or the default voice of the language."""
        spoken = []
        for number, text in enumerate(texts):
            inputs = dict(self.processor(text, language=language, return_tensors="pt"))
            if style is not None:
                inputs["style"] = torch.as_tensor(style).reshape(1, -1)
            spoken.append(model(**inputs, seed=number).waveform[0].numpy())
        return spoken

    def judge(
        self, waveforms: list[np.ndarray], queries: dict, texts: tuple[str, ...], language: str
    ) -> dict[str, float]:
        row: dict[str, float] = {}
        for name, spoken in self.embeddings(waveforms).items():
            row[f"similarity {name}"] = float(
                np.mean([[cosine_similarity(a, b) for b in queries[name]] for a in spoken])
            )
        if self.recognizer is not None:
            errors = [
                word_errors(text, heard)
                for text, wave in zip(texts, waveforms, strict=True)
                if text and (heard := self.recognizer(wave, RATE, text, language)) is not None
            ]
            if errors:
                row["wer"] = sum(wrong for wrong, _ in errors) / sum(count for _, count in errors)
        if self.mos is not None:
            row["mos"] = float(np.mean([self.mos(wave, RATE) for wave in waveforms]))
        return row


def sentences_of(options: argparse.Namespace, language: str) -> tuple[str, ...]:
    """What is to be spoken: the lines of `--texts`, else the built-in sentences of the language, if there are any."""
    if options.texts is not None:
        return tuple(line.strip() for line in options.texts.read_text(encoding="utf-8").splitlines() if line.strip())
    return TEXTS.get(language.split("-")[0], ())


def word_errors(text: str, heard: str) -> tuple[int, int]:
    """Edit distance in words, and the number of words spoken."""
    import re

    reference, words = (re.findall(r"[\w']+", value.lower()) for value in (text, heard))
    row = list(range(len(words) + 1))
    for i, one in enumerate(reference, 1):
        diagonal, row[0] = row[0], i
        for j, other in enumerate(words, 1):
            diagonal, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, diagonal + (one != other))
    return row[-1], len(reference)


def few_shot(bench: Bench) -> list[dict[str, Any]]:
    options = bench.options
    rows = []
    speakers = options.speakers or least_heard(bench, 5)
    for speaker in speakers:
        clips = bench.recordings(speaker)
        codes = [clip.language for clip in clips]
        language = max(set(codes), key=codes.count)
        usable = [clip for clip in clips if SECONDS[0] <= clip.seconds <= SECONDS[1] and clip.language == language]
        support = usable[: min(max(options.clips), max(len(clips) - 1, 1))]
        rest = [clip for clip in clips if clip not in support and clip.seconds >= 2.0][:QUERIES]
        if not rest or len(support) < min(options.clips):
            print(f"{speaker}: too few clips, left out", flush=True)
            continue
        queries = bench.embeddings([clip.waveform for clip in rest])
        texts = sentences_of(options, language) or tuple(clip.text for clip in rest if clip.text)
        texts = texts[: options.sentences]
        common = {"speaker": speaker, "language": language, "seen_minutes": round(bench.seen_minutes(speaker), 2)}
        said = tuple(clip.text or "" for clip in support)
        rows.append(
            {**common, "kind": "real", **bench.judge([clip.waveform for clip in support], queries, said, language)}
        )
        base = bench.speak(bench.model, texts, language)
        rows.append({**common, "kind": "base", **bench.judge(base, queries, texts, language)})
        report(rows[-2:])
        for count in [count for count in options.clips if count <= len(support)]:
            rows += adapted_rows(bench, support[:count], queries, texts, language, common)
            save(rows, options, "few_shot", few_shot_table(rows))
    return rows


def adapted_rows(bench: Bench, clips: list[Recording], queries, texts, language, common) -> list[dict[str, Any]]:
    """Rows of one speaker and number of clips: one per number of steps."""
    options = bench.options
    voices: dict[int, tuple] = {}
    transcripts = None if options.no_transcripts else [clip.text for clip in clips]
    clock: dict[int, tuple[float, float]] = {}
    began, cpu = time.monotonic(), time.process_time()

    def keep(step: int, style: torch.Tensor, state: dict[str, torch.Tensor]) -> None:
        voices[step] = (style, state)
        clock[step] = (time.monotonic() - began, time.process_time() - cpu)

    settings = load_settings(bench.settings, max_steps=max(options.steps), seed=options.seed)
    patience, settings = settings.patience, replace(settings, patience=10_000)
    judged = range(0, settings.max_steps + 1, settings.evaluate_every)
    audio = [clip.audio for clip in clips]
    support = prepare_support(
        bench.processor, bench.model.config, audio, transcripts, language, settings.held_out_share
    )
    result = adapt(
        bench.model,
        bench.processor,
        support,
        language=language,
        settings=settings,
        check_transcripts=False,
        snapshots=sorted({*options.steps, *judged, settings.max_steps}),
        on_snapshot=keep,
    )
    kept = kept_step(result.held_out_losses, patience)
    speaker_model = private_copy(bench.model)
    speaker_model.eval()
    if result.adapter is not None:
        attach_adapter(speaker_model, result.adapter[0], ADAPTER)
    rows = []
    for label, step in [*((step, step) for step in options.steps), ("kept", kept)]:
        style, state = voices[step]
        if result.adapter is not None:
            load_adapter_state(speaker_model, ADAPTER, state)
        row = bench.judge(bench.speak(speaker_model, texts, language, style), queries, texts, language)
        wall, work = clock[step]
        facts = {"clips": len(clips), "seconds": round(sum(clip.seconds for clip in clips), 1), "steps": label}
        facts |= {"kept_step": kept, "held_out_losses": result.held_out_losses}
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        rows.append({**common, "kind": "adapted", **facts, **row, "wall_s": wall, "cpu_s": work, "peak_mib": memory})
        report(rows[-1:])
    return rows


def kept_step(held_out_losses: dict[int, float], patience: int) -> int:
    """The step that is kept when adaptation gives up after `patience` judgements without progress."""
    best, since = 0, 0
    for step, loss in sorted(held_out_losses.items()):
        if loss < held_out_losses[best]:
            best, since = step, 0
        else:
            since += step > 0
        if since >= patience:
            break
    return best


def least_heard(bench: Bench, count: int) -> list[str]:
    """The speakers with the least transcribed training speech that still have enough clips."""
    usable = bench.corpus.transcribed & (bench.seconds >= SECONDS[0])
    totals = np.bincount(bench.corpus.speaker_ids[usable], minlength=len(bench.corpus.speakers))
    names = [name for name, total in zip(bench.corpus.speakers, totals, strict=True) if total >= 8]
    return sorted(names, key=bench.seen_minutes)[:count]


def cross_lingual(bench: Bench) -> list[dict[str, Any]]:
    """A voice enrolled (or adapted, with steps > 0) in its language speaks the others."""
    options, corpus = bench.options, bench.corpus
    totals = {}
    for speaker in range(len(corpus.speakers)):
        clips = np.flatnonzero((corpus.speaker_ids == speaker) & corpus.transcribed)
        for language in {corpus.languages[i] for i in clips}:
            seconds = bench.seconds[[i for i in clips if corpus.languages[i] == language]].sum()
            totals[corpus.speakers[speaker], language] = float(seconds)
    named = options.speakers
    pairs = [pair for pair in totals if (pair[0] in named if named else totals[pair] >= 60)]
    largest: dict[str, tuple[str, str]] = {}
    for pair in sorted(pairs, key=totals.get):
        largest[pair[1]] = pair
    languages = options.languages or [code for code in sorted(largest) if code.split("-")[0] in SENTENCES]
    rows = []
    for source, (speaker, _) in sorted(largest.items()):
        clips = [i for i in bench.clips_of(speaker, source) if 2.0 <= bench.seconds[i] <= SECONDS[1]]
        support, rest = clips[: max(options.clips)], clips[max(options.clips) :][:QUERIES]
        if not rest:
            continue
        queries = bench.embeddings([corpus.waveform(i) for i in rest])
        steps = max(options.steps)
        audio = [{"array": corpus.waveform(i), "sampling_rate": RATE} for i in support]
        said = None if options.no_transcripts else [corpus.texts[i] for i in support]
        result = adapt(
            bench.model,
            bench.processor,
            prepare_support(bench.processor, bench.model.config, audio, said, source, bench.settings.held_out_share),
            language=source,
            settings=load_settings(bench.settings, max_steps=steps, seed=options.seed),
            check_transcripts=False,
        )
        model = private_copy(bench.model)
        model.eval()
        if result.adapter is not None:
            attach_adapter(model, result.adapter[0], ADAPTER)
            load_adapter_state(model, ADAPTER, result.adapter[1])
        for target in languages:
            texts = (SENTENCES[target.split("-")[0]],)
            row = bench.judge(bench.speak(model, texts, target, result.style), queries, texts, target)
            rows.append(
                {"speaker": speaker, "from": source, "to": target, "clips": len(support), "steps": steps, **row}
            )
            report(rows[-1:])
        save(rows, options, "cross_lingual", cross_lingual_table(rows))
    rows += people_across_languages(bench)
    if rows:
        save(rows, options, "cross_lingual", cross_lingual_table(rows))
    return rows


def people_across_languages(bench: Bench) -> list[dict[str, Any]]:
    """What clones are to be held against: recordings of one and the same person in two languages, and within each."""
    rows, corpus = [], bench.corpus
    for speaker in corpus.speakers:
        codes = sorted({corpus.languages[i] for i in bench.clips_of(speaker)} - {""})
        if len(codes) < 2:
            continue
        heard = {}
        for code in codes:
            clips = [i for i in bench.clips_of(speaker, code) if SECONDS[0] <= bench.seconds[i] <= SECONDS[1]]
            heard[code] = bench.embeddings([corpus.waveform(i) for i in clips[:QUERIES]])
        for source, target in itertools.product(heard, repeat=2):
            row = {"speaker": speaker, "from": source, "to": target, "kind": "real"}
            for name in bench.embedders:
                pairs = itertools.product(enumerate(heard[source][name]), enumerate(heard[target][name]))
                found = [cosine_similarity(a, b) for (i, a), (j, b) in pairs if source != target or i != j]
                if found:
                    row[f"similarity {name}"] = float(np.mean(found))
            rows.append(row)
    report(rows)
    return rows


def alignment(bench: Bench) -> list[dict[str, Any]]:
    """Alignment costs of right transcripts, of those of other clips, and of those in another language."""
    corpus, random = bench.corpus, np.random.default_rng(bench.options.seed)
    model = private_copy(bench.model)
    usable = np.flatnonzero(corpus.transcribed & (bench.seconds > 2) & (bench.seconds < 8))
    by_speaker = [usable[corpus.speaker_ids[usable] == speaker] for speaker in np.unique(corpus.speaker_ids[usable])]
    rows = []
    from valetts_hf.modeling.mel import LogMelSpectrogram

    config = model.config
    mel_of = LogMelSpectrogram(config.sampling_rate, config.n_fft, config.hop_length, config.num_mel_bands)
    for number in range(bench.options.alignment):
        clip = int(random.choice(by_speaker[number % len(by_speaker)]))
        mel = mel_of(torch.from_numpy(corpus.waveform(clip).copy())[None])[0]
        with torch.no_grad():
            style = model.encode_style(mel[None])[0]
        count = corpus.token_lengths[clip]
        like = usable[np.abs(corpus.token_lengths[usable] - count) <= max(3, 0.15 * count)]
        same = corpus.language_ids[like] == corpus.language_ids[clip]
        pools = {"right": np.array([clip]), "wrong": like[same & (like != clip)], "other language": like[~same]}
        for kind, pool in pools.items():
            if len(pool) == 0:
                continue
            other = int(random.choice(pool))
            ids = torch.from_numpy(corpus.input_ids[slice(*corpus.token_offsets[other : other + 2])].astype(np.int64))
            languages = torch.full_like(ids, int(corpus.language_ids[other]))
            if len(ids) <= len(mel):
                cost = align_transcript(model, mel, ids, languages, style).cost
                rows.append({"clip": corpus.names[clip], "kind": kind, "cost": cost})
    save(rows, bench.options, "alignment", alignment_table(rows))
    return rows


# --- tables ---------------------------------------------------------------------------------------------------------------


def few_shot_table(rows: list[dict[str, Any]]) -> str:
    """Means over the speakers, and what each speaker gave."""
    keys = [key for key in rows[-1] if key.startswith("similarity ")] + ["wer", "mos", "wall_s", "cpu_s", "peak_mib"]
    lines = ["| voice | clips | steps | " + " | ".join(keys) + " |", "|" + " --- |" * (len(keys) + 3)]
    groups: dict[tuple, list[dict]] = {}
    for row in rows:
        groups.setdefault((row["kind"], row.get("clips", ""), row.get("steps", "")), []).append(row)
    for (kind, clips, steps), found in groups.items():
        cells = [np.mean(values) if (values := [row[key] for row in found if key in row]) else None for key in keys]
        lines.append(f"| {kind} ({len(found)}) | {clips} | {steps} | " + " | ".join(map(_number, cells)) + " |")
    lines += ["", "| speaker | language | minutes heard in training | clips | steps | " + " | ".join(keys[:-3]) + " |"]
    lines.append("|" + " --- |" * (len(keys) + 2))
    for row in rows:
        facts = [
            row["speaker"],
            row["language"],
            row["seen_minutes"],
            row.get("clips", row["kind"]),
            row.get("steps", ""),
        ]
        lines.append("| " + " | ".join([*map(str, facts), *(_number(row.get(key)) for key in keys[:-3])]) + " |")
    return "\n".join(lines) + "\n"


def cross_lingual_table(rows: list[dict[str, Any]]) -> str:
    """One table per judge: rows are the languages of the recordings, columns those that are spoken; then those of people."""
    clones = [row for row in rows if row.get("kind") != "real"]
    people = [row for row in rows if row.get("kind") == "real"]
    return _language_tables(clones, "") + _language_tables(people, ", of the recordings themselves")


def _language_tables(rows: list[dict[str, Any]], title: str) -> str:
    keys = dict.fromkeys(key for row in rows for key in row if key.startswith("similarity ") or key in ("wer", "mos"))
    targets = list(dict.fromkeys(row["to"] for row in rows))
    voices: dict[tuple[str, str], dict[str, dict[str, Any]]] = {}
    for row in rows:
        voices.setdefault((row["speaker"], row["from"]), {})[row["to"]] = row
    lines = []
    for key in keys:
        lines += [f"{key}{title}:", "", "| voice | recorded in | " + " | ".join(targets) + " |"]
        lines.append("|" + " --- |" * (len(targets) + 2))
        for (speaker, source), spoken in voices.items():
            cells = [_number(spoken.get(target, {}).get(key)) for target in targets]
            lines.append(f"| {speaker} | {source} | " + " | ".join(cells) + " |")
        lines.append("")
    return "\n".join(lines) + "\n" if lines else ""


def alignment_table(rows: list[dict[str, Any]]) -> str:
    shares = (5, 25, 50, 75, 90, 95)
    lines = [
        "| transcript | clips | " + " | ".join(f"{share} %" for share in shares) + " |",
        "|" + " --- |" * (len(shares) + 2),
    ]
    for kind in ("right", "wrong", "other language"):
        costs = [row["cost"] for row in rows if row["kind"] == kind]
        lines.append(
            f"| {kind} | {len(costs)} | " + " | ".join(_number(np.percentile(costs, share)) for share in shares) + " |"
        )
    return "\n".join(lines) + "\n"


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}" if abs(value) < 10 else f"{value:.0f}"


def report(rows: list[dict[str, Any]]) -> None:
    for row in rows:
        shown = {key: round(value, 3) if isinstance(value, float) else value for key, value in row.items()}
        shown.pop("held_out_losses", None)
        print(shown, flush=True)


def save(rows: list[dict[str, Any]], options: argparse.Namespace, name: str, table: str) -> None:
    options.output.mkdir(parents=True, exist_ok=True)
    settings = {key: str(value) if isinstance(value, Path) else value for key, value in vars(options).items()}
    for file, content in (
        (f"{name}.json", json.dumps({"options": settings, "rows": rows}, indent=1)),
        (f"{name}.md", table),
    ):
        temporary = options.output / f".{file}.part"
        temporary.write_text(content, encoding="utf-8")
        temporary.replace(options.output / file)


def main() -> None:
    options = parse_arguments()
    if options.threads:
        torch.set_num_threads(options.threads)
    bench = Bench(options)
    if options.alignment:
        rows, table = alignment(bench), alignment_table
    elif options.cross_lingual:
        rows, table = cross_lingual(bench), cross_lingual_table
    else:
        rows, table = few_shot(bench), few_shot_table
    if rows:
        print(table(rows))


if __name__ == "__main__":
    main()
