"""Does the speech obey? Measured pitch, length, energy and pauses against what was asked for, and whether it stays intelligible.

    python benchmarks/prosody_control.py
    python benchmarks/prosody_control.py --texts held_out.txt --transcriber my_judges:transcribe --output control.json

Every sentence (one a line of the file) is spoken without directions and with each of them, with the same seed, and compared
with itself: F0 (WORLD) frame by frame where both are voiced, length and level of the whole, length of a word and of a pause by
the times of words. The transcriber is a function (waveform, sampling_rate, language) -> text. Needs the `train` extra.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch


TEXTS = (
    "The ferry leaves the harbour at seven.",
    "Nobody on board has slept because of the storm.",
    "Three small boats were tied to the pier.",
    "She opened the window and looked at the grey sky.",
)
SHIFTS = (-6.0, -4.0, -2.0, 2.0, 4.0, 6.0)  # semitones
RATES = (0.7, 0.85, 1.2, 1.5)
ENERGIES = (-6.0, -3.0, 3.0, 6.0)  # dB
RANGES = (0.0, 0.5, 1.5)
PAUSES = (0.2, 0.6)  # seconds
GROUPS = ("pitch_shift", "speaking_rate", "energy_shift", "pitch_range", "word")


def log_f0(speech: Any) -> np.ndarray:
    """Natural log of F0, 0 = unvoiced, over frames of 256 samples."""
    from valetts_hf.training.data.pitch import extract_log_f0

    if id(speech) not in _PITCHES:
        _PITCHES[id(speech)] = (speech, extract_log_f0(speech.waveform, speech.sampling_rate))
    return _PITCHES[id(speech)][1]


_PITCHES: dict[int, tuple[Any, np.ndarray]] = {}  # with the speech, so that its number is not given away


def semitones(values: np.ndarray) -> np.ndarray:
    return values * 12 / np.log(2)


def level(waveform: np.ndarray) -> float:
    """RMS in dB."""
    return float(10 * np.log10(np.mean(np.square(waveform, dtype=np.float64)) + 1e-12))


def pitch_shift(neutral: Any, changed: Any, begin: float = 0.0, end: float | None = None) -> float:
    """Semitones between two speeches of the same durations: median over frames that are voiced in both."""
    rate = neutral.sampling_rate / 256
    part = slice(round(begin * rate), None if end is None else round(end * rate))
    first, second = log_f0(neutral)[part], log_f0(changed)[part]
    frames = min(len(first), len(second))
    both = (first[:frames] > 0) & (second[:frames] > 0)
    return (
        float(np.median(semitones(second[:frames][both] - first[:frames][both]))) if both.sum() >= 5 else float("nan")
    )


def movement(speech: Any) -> float:
    """Distance between the quartiles of the pitch in semitones: octave errors of the measurement do not count."""
    pitch = log_f0(speech)
    low, high = np.percentile(semitones(pitch[pitch > 0]), [25, 75])
    return float(high - low)


class Speaker:
    """Speaks sentences with one voice and one seed; remembers what it said."""

    def __init__(self, tts: Any, voice: str | None, language: str, seed: int):
        self.tts, self.arguments = tts, {"voice": voice, "language": language, "seed": seed}
        self.said: dict[str, list[tuple[str, Any]]] = {}

    def __call__(self, name: str, texts: list[str], **manner: float) -> list[Any]:
        speeches = [self.tts(text, **self.arguments, **manner) for text in texts]
        self.said[name] = list(zip(texts, speeches))
        return speeches


def rows_of(speaker: Speaker, texts: list[str], groups: list[str], shifts: list, rates: list) -> list[dict[str, Any]]:
    """One row for each direction: asked, measured over sentences (median), and the largest error."""
    rows: list[dict[str, Any]] = []

    def note(control: str, asked: float, measured: list[float], unit: str) -> None:
        found = np.asarray([value for value in measured if np.isfinite(value)])
        error = np.abs(found / asked - 1) if unit == "x" and asked else np.abs(found - asked)
        rows.append(
            {
                "control": control,
                "asked": asked,
                "unit": unit,
                "measured": round(float(np.median(found)), 3),
                "mean error": round(float(error.mean()), 3),
                "largest error": round(float(error.max()), 3),
            }
        )
        print(
            "{control:24s} {asked:6g} {unit:3s} -> {measured:7g}   {mean error:7g} {largest error:7g}".format(
                **rows[-1]
            )
        )

    print(f"{'control':24s} {'asked':>6s}        measured  mean err  largest")
    neutral = speaker("neutral", texts)
    for asked in shifts if "pitch_shift" in groups else ():
        changed = speaker(f"pitch_shift {asked:g}", texts, pitch_shift=asked)
        note("pitch_shift", asked, [pitch_shift(*pair) for pair in zip(neutral, changed)], "st")
    for asked in rates if "speaking_rate" in groups else ():
        changed = speaker(f"speaking_rate {asked:g}", texts, speaking_rate=asked)
        note("speaking_rate", asked, [a.duration / b.duration for a, b in zip(neutral, changed)], "x")
        per_word = [
            (a.end - a.start) / (b.end - b.start)
            for first, second in zip(neutral, changed)
            for a, b in zip(first.words, second.words)
        ]
        note("  of each word", asked, per_word, "x")
    for asked in ENERGIES if "energy_shift" in groups else ():
        changed = speaker(f"energy_shift {asked:g}", texts, energy_shift=asked)
        note("energy_shift", asked, [level(b.waveform) - level(a.waveform) for a, b in zip(neutral, changed)], "dB")
    for asked in RANGES if "pitch_range" in groups else ():
        changed = speaker(f"pitch_range {asked:g}", texts, pitch_range=asked)
        note("pitch_range", asked, [movement(b) / movement(a) for a, b in zip(neutral, changed)], "x")
    if "word" in groups:
        one_word(speaker, texts, neutral, note)
    return rows


def one_word(speaker: Speaker, texts: list[str], neutral: list[Any], note: Any) -> None:
    """Directions for the longest word of each sentence, and pauses before it."""
    from valetts_hf import direct

    places = [int(np.argmax([len(word.text) for word in speech.words[1:-1]])) + 1 for speech in neutral]
    words = [speech.words[place] for speech, place in zip(neutral, places)]
    names = [word.text.strip(".,;:!?\"'()") for word in words]

    def directed(name: str, **delivery: float) -> list[Any]:
        return speaker(name, [direct(text).on(word, **delivery) for text, word in zip(texts, names)])

    changed = directed("one word", pitch_shift=4.0)
    shifts = [pitch_shift(a, b, word.start, word.end) for a, b, word in zip(neutral, changed, words)]
    note("pitch_shift of a word", 4.0, shifts, "st")
    changed = directed("one word", energy_shift=6.0)
    spans = [slice(round(word.start * 24000), round(word.end * 24000)) for word in words]
    gains = [level(b.waveform[part]) - level(a.waveform[part]) for a, b, part in zip(neutral, changed, spans)]
    note("energy_shift of a word", 6.0, gains, "dB")
    changed = directed("one word", speaking_rate=0.6)
    after = [speech.words[place] for speech, place in zip(changed, places)]
    note("rate of a word", 0.6, [(a.end - a.start) / (b.end - b.start) for a, b in zip(words, after)], "x")
    for seconds in PAUSES:
        changed = speaker("pause", [direct(text).pause(seconds, before=word) for text, word in zip(texts, names)])
        gaps = [b.words[place].start - b.words[place - 1].end for b, place in zip(changed, places)]
        note("pause", seconds, gaps, "s")


def word_errors(speaker: Speaker, transcriber: Any, language: str) -> dict[str, float]:
    """Word error rate of each direction whose intelligibility is promised."""
    from valetts_hf.training.metrics.transcripts import transcript_error_rates

    promised = [
        name for name in speaker.said if name == "neutral" or name.startswith(("pitch_shift", "speaking_rate"))
    ]
    promised = [name for name in promised if name.split() not in (["pitch_shift", "-6"], ["pitch_shift", "6"])]
    rates: dict[str, float] = {}
    for name in promised:
        pairs = speaker.said[name]
        heard = [transcriber(speech.waveform, speech.sampling_rate, language) for _, speech in pairs]
        found = transcript_error_rates(heard, [text for text, _ in pairs], language)
        rates[name] = round(float(found["wer"]), 4)
        print(
            f"WER {name:20s} {100 * rates[name]:6.2f} %   {rates[name] / max(rates['neutral'], 1e-9):6.3f} of neutral",
            flush=True,
        )
    return rates


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", help="checkpoint (default: the bundled one)")
    parser.add_argument("--texts", type=Path, help="file with one sentence a line (default: four of our own)")
    parser.add_argument("--voice", help="who speaks (default: the voice of the language)")
    parser.add_argument("--language", default="en-us")
    parser.add_argument(
        "--only", nargs="+", choices=GROUPS, default=list(GROUPS), help="what to measure (default: all)"
    )
    parser.add_argument("--shifts", nargs="+", type=float, default=SHIFTS, help="semitones")
    parser.add_argument("--rates", nargs="+", type=float, default=RATES, help="speaking rates")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--transcriber", help="module:function for word error rates")
    parser.add_argument("--output", type=Path, help="write JSON")
    parsed = parser.parse_args()

    from valetts_hf import ValeTTS

    torch.set_num_threads(1)
    texts = list(TEXTS) if parsed.texts is None else parsed.texts.read_text(encoding="utf-8").split("\n")
    texts = [text.strip() for text in texts if text.strip()]
    started = time.perf_counter()
    speaker = Speaker(ValeTTS.from_pretrained(parsed.model, device="cpu"), parsed.voice, parsed.language, parsed.seed)
    result: dict[str, Any] = {
        "sentences": len(texts),
        "controls": rows_of(speaker, texts, parsed.only, parsed.shifts, parsed.rates),
    }
    if parsed.transcriber:
        from valetts_hf.training.evaluation.evaluator import load_callable

        result["word error rate"] = word_errors(speaker, load_callable(parsed.transcriber), parsed.language)
    print(f"{time.perf_counter() - started:.0f} s")
    if parsed.output:
        parsed.output.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
