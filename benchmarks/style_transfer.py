#!/usr/bin/env python
"""Speaker from one clip, manner from another: does the speaker stay, does the manner come?

    python benchmarks/style_transfer.py --recordings corpus/en corpus/de --embedder my_judges:embed \\
        --output style_transfer.json --docs docs/styles.md

RECORDINGS are folders with a metadata.jsonl of lines {"file_name", "text", "language", "speaker_id"}. One clip of each speaker
is drawn; each speaker A is paired with another one B. The same sentences are spoken three times with the same seeds: by A, by
A in the manner of B's clip, and by B. embedder(waveform, sampling_rate) -> vector hears who speaks; WORLD's pitch and the
energy of the audio tell the manner. With --docs, the table between `<!-- style_transfer -->` and `<!-- /style_transfer -->`
becomes the new one.

Of each measure: `moved`, the slope of (A in the manner of B) - A over B - A, 1 where the manner comes over whole, 0 where nothing
does; `correlation` of the two; `with_clips`, the correlation with the difference of the two clips themselves, other texts and all;
`own_with_clips`, the same of B - A, which is as much of the clips as the checkpoint renders at all.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from valetts_hf import BASE_CHECKPOINT
from valetts_hf.direction.style import Style
from valetts_hf.inference import ValeTTS
from valetts_hf.processing.languages import resolve_language
from valetts_hf.training.data.pitch import extract_energy, extract_log_f0
from valetts_hf.training.evaluation.evaluator import load_callable
from valetts_hf.training.evaluation.markdown_blocks import replace_block
from valetts_hf.training.evaluation.style_measurement import SENTENCES, contour_measures
from valetts_hf.training.metrics.speakers import cosine_similarity
from valetts_hf.training.model_card import markdown_table, write_atomically


SECONDS = (4.0, 12.0)
NAMES = ("speaking rate", "mean pitch", "pitch range", "mean energy", "energy range")
RATE = 24_000


@dataclass(frozen=True)
class Clip:
    """A recording of one speaker."""

    speaker: str
    path: Path
    text: str
    language: str


def parse_arguments(arguments: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--recordings", required=True, nargs="+", type=Path)
    parser.add_argument("--checkpoint", default=BASE_CHECKPOINT)
    parser.add_argument("--embedder", help="module:function; without it, who speaks is not judged")
    parser.add_argument("--speakers", type=int, default=24, help="most speakers to draw")
    parser.add_argument("--sentences", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--output", type=Path, required=True, help="JSON")
    parser.add_argument("--docs", type=Path, help="Markdown file whose table to renew")
    return parser.parse_args(arguments)


def draw_clips(folders: list[Path], most: int, seed: int) -> list[Clip]:
    """One clip of each of up to `most` speakers, in an order of chance.

    Raises:
        ValueError: fewer than two speakers with a clip of 4 to 12 s and its text.
    """
    by_speaker: dict[str, list[Clip]] = {}
    for folder in folders:
        for line in (folder / "metadata.jsonl").read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            if row.get("text") and SECONDS[0] <= float(row.get("duration") or SECONDS[0]) <= SECONDS[1]:
                speaker = f"{folder.name}/{row.get('speaker_id', '')}"
                clip = Clip(speaker, folder / row["file_name"], row["text"], str(row["language"]))
                by_speaker.setdefault(speaker, []).append(clip)
    random = np.random.default_rng(seed)
    speakers = sorted(by_speaker)
    if len(speakers) < 2:
        raise ValueError(f"two speakers are needed, got {speakers}: give folders with more recordings")
    chosen = [speakers[index] for index in random.permutation(len(speakers))[:most]]
    return [by_speaker[name][random.integers(len(by_speaker[name]))] for name in chosen]


def measures(waveform: np.ndarray, rate: int, frames: float) -> np.ndarray:
    """[D], see `contour_measures`; the rate is 1 / `frames`."""
    return contour_measures(frames, extract_log_f0(waveform, rate), extract_energy(waveform))


def compare(tts: ValeTTS, clips: list[Clip], sentences: int, seed: int, embedder: Any) -> dict[str, Any]:
    """Everything measured; `pairs` holds the rows."""
    recorded, heard = [], []
    for clip in clips:
        waveform = np.asarray(tts.processor.feature_extractor.load(str(clip.path)), dtype=np.float32)
        symbols = len(tts.processor.tokenizer(clip.text, language=resolve_language(clip.language))["input_ids"])
        recorded.append(measures(waveform, RATE, len(waveform) / RATE / symbols))
        heard.append(None if embedder is None else embedder(waveform, RATE))
    rows: list[dict[str, Any]] = []
    own, moved, other, difference = [], [], [], []
    for first, clip in enumerate(clips):
        second = (first + 1) % len(clips)
        manner = clips[second]
        style = Style.from_clip(str(manner.path))
        for number, text in enumerate(SENTENCES[:sentences]):
            said = {
                name: tts(text, language="en-us", voice=str(voice.path), style=how, seed=seed + number).waveform
                for name, voice, how in (("own", clip, None), ("moved", clip, style), ("other", manner, None))
            }
            found = {name: measures(np.asarray(audio), RATE, len(audio)) for name, audio in said.items()}
            own.append(found["own"])
            moved.append(found["moved"])
            other.append(found["other"])
            difference.append(recorded[second] - recorded[first])
            row: dict[str, Any] = {"speaker": clip.speaker, "manner": manner.speaker, "sentence": number}
            row |= {name: np.round(found[name], 4).tolist() for name in found}
            row["clips"] = np.round(difference[-1], 4).tolist()
            if embedder is not None:
                voices = {name: embedder(np.asarray(audio), RATE) for name, audio in said.items()}
                row |= {
                    "speaker_alone": cosine_similarity(voices["own"], heard[first]),
                    "speaker_in_other_manner": cosine_similarity(voices["moved"], heard[first]),
                    "manner_clip": cosine_similarity(voices["moved"], heard[second]),
                    "other_speaker": cosine_similarity(voices["other"], heard[first]),
                }
            rows.append(row)
    step = np.stack(moved) - np.stack(own)
    way = np.stack(other) - np.stack(own)
    clips_differ = np.stack(difference)
    prosody = {
        name: {
            "moved": round(float((step[:, index] * way[:, index]).sum() / np.square(way[:, index]).sum()), 3),
            "correlation": round(float(np.corrcoef(step[:, index], way[:, index])[0, 1]), 3),
            "with_clips": round(float(np.corrcoef(step[:, index], clips_differ[:, index])[0, 1]), 3),
            "own_with_clips": round(float(np.corrcoef(way[:, index], clips_differ[:, index])[0, 1]), 3),
        }
        for index, name in enumerate(NAMES)
    }
    similarity = {
        name: round(float(np.mean([row[name] for row in rows])), 3)
        for name in ("speaker_alone", "speaker_in_other_manner", "manner_clip", "other_speaker")
        if name in rows[0]
    }
    return {
        "speakers": len(clips),
        "utterances": len(rows),
        "similarity": similarity,
        "prosody": prosody,
        "pairs": rows,
    }


def report(values: dict[str, Any]) -> str:
    """Markdown."""
    rows = [
        {
            "measure": name,
            "share of the way from A to B": f"{entry['moved']:.2f}",
            "correlation with B - A": f"{entry['correlation']:.2f}",
            "with the clips' difference": f"{entry['with_clips']:.2f}",
            "of B - A with it": f"{entry['own_with_clips']:.2f}",
        }
        for name, entry in values["prosody"].items()
    ]
    lines = [
        f"{values['speakers']} speakers, {values['utterances']} utterances of A, of A in the manner of B, and of B."
    ]
    if values["similarity"]:
        shown = values["similarity"]
        lines.append(
            f"Similarity to the clip of A: A {shown['speaker_alone']:.3f}, A in the manner of B "
            f"{shown['speaker_in_other_manner']:.3f}, B {shown['other_speaker']:.3f}. Of A in the manner of B to the clip of B: "
            f"{shown['manner_clip']:.3f}."
        )
    return "\n\n".join([*lines, markdown_table(rows)])


def main(arguments: list[str] | None = None) -> None:
    parsed = parse_arguments(arguments)
    tts = ValeTTS.from_pretrained(parsed.checkpoint)
    embedder = None if parsed.embedder is None else load_callable(parsed.embedder)
    clips = draw_clips(parsed.recordings, parsed.speakers, parsed.seed)
    values = compare(tts, clips, parsed.sentences, parsed.seed, embedder)
    write_atomically(parsed.output, json.dumps(values, ensure_ascii=False, indent=1) + "\n")
    text = report(values)
    if parsed.docs is not None:
        replace_block(parsed.docs, "style_transfer", text)
    print(text)


if __name__ == "__main__":
    main()
