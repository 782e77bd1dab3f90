"""Does the speech follow a drawing, and does it sound like a person in detail? On held-out recordings of a packed corpus.

    python benchmarks/sketch_control.py --checkpoint checkpoints/base --corpus corpus --clips 60 --output sketch.json
    python benchmarks/sketch_control.py --checkpoint checkpoints/base --corpus corpus --audio out/ --transcriber my_judges:transcribe

Every clip is spoken with its recorded durations and another recording's style, once as the base would, once from its own
coarse curves (phoneme averages, smoothed) by each way of refining: "diffusion", "predictor" (the deterministic baseline) and
"shift" (no network). Pitch and energy are measured on the waveform, with the same tools as on the recording.

- follows: correlation of the sketch with the output, read in the way the sketch was made ("coarse"), and pitch frame by frame
  ("frames"; what the recording itself has with its own sketch is the ceiling of natural speech). The corpus' tracker of pitch, DIO,
  loses frames of rough voices or takes an octave for them; "harvest" is the same by another tracker.
- detail: Wasserstein distance of the changes of F0 from frame to frame (semitones) to those of the recordings, and the mean
  distance (dB) of the spectrum of what lies above the sketch, 8 to 45 Hz. Smaller is more like a person.
- time: share of the refiner in a synthesis, measured side by side in one run.
- shapes: made-up drawings (rising, falling, a hill) of pitch or of energy over the texts, and how F0 follows frame by frame and both
  by averages of words; with --audio the speech is written for outside judges (folders unsketched/, pitch/ and energy/ with .wav
  and .txt), with --transcriber word error rates are printed.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch


WAYS = ("base", "shift", "predictor", "diffusion")
SHAPES = {"rising": (0.1, 0.9), "falling": (0.9, 0.1), "hill": (0.2, 0.9, 0.2)}


def parse_arguments(arguments: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--checkpoint", help="default: the bundled one")
    parser.add_argument("--corpus", required=True, type=Path)
    parser.add_argument("--language", help="only clips of this language (a transcriber may know one only)")
    parser.add_argument("--clips", type=int, default=40)
    parser.add_argument("--transcriber", help="module:function (waveform, sampling_rate, language) -> text")
    parser.add_argument("--audio", type=Path, help="folder for speech with and without sketch")
    parser.add_argument("--output", type=Path, default=Path("sketch_control.json"))
    return parser.parse_args(arguments)


def coarse_of(values: torch.Tensor, voiced: torch.Tensor, index: torch.Tensor, tokens: int) -> np.ndarray:
    from valetts_hf.modeling.sketch_curves import coarse_curve

    return coarse_curve(values, voiced, index, tokens)[0][0].numpy()


def correlation(first: np.ndarray, second: np.ndarray) -> float:
    if len(first) < 3 or first.std() < 1e-6 or second.std() < 1e-6:
        return float("nan")
    return float(np.corrcoef(first, second)[0, 1])


def voiced_runs(pitch: np.ndarray, least: int = 2) -> list[np.ndarray]:
    """Stretches of log-F0 without a gap."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], (pitch > 0).astype(int), [0]])))
    return [pitch[start:stop] for start, stop in zip(edges[::2], edges[1::2]) if stop - start >= least]


def deltas(pitch: np.ndarray) -> np.ndarray:
    """Changes from frame to frame within voiced stretches, in semitones; octave errors left out."""
    parts = [np.diff(run) * 12 / np.log(2) for run in voiced_runs(pitch)]
    found = np.concatenate(parts) if parts else np.zeros(0)
    return found[np.abs(found) < 4]


def fine_spectrum(pitch: np.ndarray, frame_rate: float, size: int = 16) -> list[np.ndarray]:
    """Log power spectra (dB) of voiced stretches of 16 frames, their line taken out; the bins from 8 to 45 Hz."""
    window = np.hanning(size)
    place = np.arange(size)
    spectra = []
    for run in voiced_runs(pitch, size):
        for start in range(0, len(run) - size + 1, size // 2):
            piece = run[start : start + size] * 12 / np.log(2)
            if np.abs(np.diff(piece)).max() > 4:
                continue
            piece = piece - np.polyval(np.polyfit(place, piece, 1), place)
            power = np.abs(np.fft.rfft(piece * window)) ** 2
            frequencies = np.fft.rfftfreq(size, 1 / frame_rate)
            spectra.append(power[(frequencies >= 8) & (frequencies <= 45)])
    return spectra


def wasserstein(first: np.ndarray, second: np.ndarray) -> float:
    """Distance between two samples of numbers (mean difference of their quantiles)."""
    shares = np.linspace(0.005, 0.995, 199)
    return float(np.abs(np.quantile(first, shares) - np.quantile(second, shares)).mean())


class Clips:
    """Speaks clips of a corpus from their own curves and measures them."""

    def __init__(self, model: Any, corpus: Any, clips: list[int]):
        from valetts_hf.training.evaluation.evaluator import Evaluator

        self.model, self.corpus, self.clips = model, corpus, clips
        self.style_of = Evaluator(corpus, clips).reference_style
        self.deltas: dict[str, list[np.ndarray]] = {}
        self.spectra: dict[str, list[np.ndarray]] = {}
        self.follows: dict[str, dict[str, list[float]]] = {}

    def measure(
        self, way: str, wav: np.ndarray, spoken: torch.Tensor, index: torch.Tensor, tokens: int, sketch: dict[str, Any]
    ) -> None:
        """Measure a waveform whose frames are voiced, by intention, where `spoken` [1, F] is."""
        from valetts_hf.modeling.mel import LogMelSpectrogram, frame_energy
        from valetts_hf.modeling.sketch_curves import token_means
        from valetts_hf.training.data.pitch import extract_log_f0

        config = self.model.config
        mel = LogMelSpectrogram(config.sampling_rate, config.n_fft, config.hop_length, config.num_mel_bands)
        pitch = extract_log_f0(wav, config.sampling_rate)[: index.shape[1]]
        energy = frame_energy(mel(torch.from_numpy(wav)[None]))[0].numpy()[: len(pitch)]
        index = index[:, : len(pitch)]
        spoken = spoken[:, : len(pitch)]
        voiced = torch.from_numpy(pitch > 0)[None] & spoken
        self.deltas.setdefault(way, []).append(deltas(pitch))
        self.spectra.setdefault(way, []).extend(fine_spectrum(pitch, config.frame_rate))
        if not sketch:
            return
        names = ("pitch_coarse", "pitch_coarse_harvest", "energy_coarse", "pitch_frames")
        found = self.follows.setdefault(way, {name: [] for name in names})
        harvest = extract_log_f0(wav, config.sampling_rate, method="harvest")[: len(pitch)]

        def follows(values: np.ndarray, counted: torch.Tensor, curve: str) -> float:
            row = torch.from_numpy(values)[None]
            own = sketch["known"] & token_means(row, counted, index, tokens)[1][0].numpy()
            return correlation(coarse_of(row, counted, index, tokens)[own], sketch[curve][own])

        found["pitch_coarse"].append(follows(pitch, voiced, "pitch"))
        found["pitch_coarse_harvest"].append(follows(harvest, torch.from_numpy(harvest > 0)[None] & spoken, "pitch"))
        found["energy_coarse"].append(follows(energy, spoken, "energy"))
        frames = sketch["pitch_frames"][: len(pitch)]
        both = voiced[0].numpy()
        found["pitch_frames"].append(correlation(pitch[both], frames[both]))

    def run(self) -> dict[str, Any]:
        from valetts_hf.modeling.lengths import expansion_index
        from valetts_hf.modeling.mel import LogMelSpectrogram, frame_energy
        from valetts_hf.modeling.sketch_curves import coarse_curve, curve_over_frames

        config = self.model.config
        mel = LogMelSpectrogram(config.sampling_rate, config.n_fft, config.hop_length, config.num_mel_bands)
        for number, clip in enumerate(self.clips):
            item = self.corpus.clip(clip)
            durations = torch.from_numpy(item["durations"])[None]
            index, tokens = expansion_index(durations), durations.shape[1]
            pitch = torch.from_numpy(item["log_f0"])[None]
            energy = frame_energy(mel(torch.from_numpy(item["waveform"])[None]))[:, : pitch.shape[1]]
            curve, known = coarse_curve(pitch, pitch > 0, index, tokens)
            loudness, _ = coarse_curve(energy, pitch > 0, index, tokens)
            sketch = {
                "known": known[0].numpy(),
                "pitch": curve[0].numpy(),
                "energy": loudness[0].numpy(),
                "pitch_frames": curve_over_frames(curve, durations, index)[0].numpy(),
            }
            self.measure("recording", item["waveform"], pitch > 0, index, tokens, sketch)
            drawn = drawing(curve, loudness, known)
            inputs = {
                "input_ids": torch.from_numpy(item["input_ids"])[None],
                "language_ids": torch.tensor([item["language_id"]]),
                "style": self.style_of(self.model, clip),
                "durations": durations,
                "seed": number,
            }
            for way in WAYS:
                more = {} if way == "base" else {**drawn, "refine": way}
                output = self.model(**inputs, **more)
                self.measure(way, output.waveform[0].numpy(), output.pitch > 0, index, tokens, sketch)
        return self.summary()

    def summary(self) -> dict[str, Any]:
        human = np.concatenate(self.deltas["recording"])
        spectrum = 10 * np.log10(np.mean(self.spectra["recording"], axis=0) + 1e-6)
        results: dict[str, Any] = {}
        for way in ("recording", *WAYS):
            own = np.concatenate(self.deltas[way])
            fine = 10 * np.log10(np.mean(self.spectra[way], axis=0) + 1e-6)
            results[way] = {
                **{f"follows_{name}": float(np.nanmean(values)) for name, values in self.follows[way].items()},
                "delta_f0_std": float(own.std()),
                "delta_f0_distance": wasserstein(own, human),
                "fine_spectrum_distance_db": float(np.abs(fine - spectrum).mean()),
            }
        return results


def drawing(curve: torch.Tensor, loudness: torch.Tensor, known: torch.Tensor) -> dict[str, torch.Tensor]:
    """Arguments of the model for curves in physical units: the pitch as it is, the energy around its mean."""
    from valetts_hf.modeling.sketch_curves import curve_range

    arguments = {}
    mean = (loudness * known).sum(dim=1, keepdim=True) / known.sum(dim=1, keepdim=True).clamp(min=1)
    for name, values in (("pitch", curve), ("energy", loudness - mean)):
        limits = curve_range(values, known)
        span = (limits[:, 1:] - limits[:, :1]).clamp(min=1e-3)
        arguments[f"sketch_{name}"] = ((values - limits[:, :1]) / span).clamp(0, 1)
        arguments[f"sketch_{name}_range"] = limits
    return arguments


def time_share(model: Any, inputs: list[dict[str, Any]], repeats: int = 3) -> dict[str, float]:
    """Processor seconds per second of speech: of the refiner, and of the whole synthesis with it."""
    spent = {"refiner": 0.0, "whole": 0.0, "speech": 0.0}
    started = [0.0]
    before = model.model.sketch.register_forward_pre_hook(lambda *_: started.__setitem__(0, time.process_time()))
    after = model.model.sketch.register_forward_hook(
        lambda *_: spent.__setitem__("refiner", spent["refiner"] + time.process_time() - started[0])
    )
    for _ in range(repeats):
        for one in inputs:
            begun = time.process_time()
            output = model(**one)
            spent["whole"] += time.process_time() - begun
            spent["speech"] += float(output.waveform_lengths[0]) / model.config.sampling_rate
    before.remove()
    after.remove()
    return {
        "refiner_share": spent["refiner"] / spent["whole"],
        "refiner_seconds_per_second": spent["refiner"] / spent["speech"],
        "synthesis_seconds_per_second": spent["whole"] / spent["speech"],
    }


def intended_voicing(speech: Any, frames: int) -> np.ndarray:
    """Which frames of the waveform are meant to be voiced, bool [frames]."""
    voiced = np.zeros(frames, bool)
    places = np.round(speech.frame_times * speech.sampling_rate / 256 - 0.5).astype(int)
    inside = (places >= 0) & (places < frames)
    voiced[places[inside]] = speech.pitch[inside] > 0
    return voiced


def by_words(values: np.ndarray, counted: np.ndarray, line: np.ndarray, speech: Any) -> float:
    """Correlation of the averages of words with those of a line, over the frames that count."""
    rate = speech.sampling_rate / 256
    pairs = []
    for word in speech.words:
        own = np.zeros(len(values), bool)
        own[round(word.start * rate) : round(word.end * rate)] = True
        own &= counted
        if own.any():
            pairs.append((values[own].mean(), line[own].mean()))
    return correlation(*np.array(pairs).reshape(-1, 2).T)


def shapes(tts: Any, texts: list[str], language: str, transcriber: Any, audio: Path | None) -> dict[str, Any]:
    """Texts with and without made-up drawings of pitch or energy: correlations with the lines, and word error rates."""
    from valetts_hf.direction.sketch import Sketch
    from valetts_hf.modeling.mel import LogMelSpectrogram, frame_energy
    from valetts_hf.training.data.pitch import extract_log_f0
    from valetts_hf.training.metrics.transcripts import transcript_error_rates

    config = tts.model.config
    mel = LogMelSpectrogram(config.sampling_rate, config.n_fft, config.hop_length, config.num_mel_bands)
    heard: dict[str, list[str]] = {"unsketched": [], "pitch": [], "energy": []}
    follows: dict[str, list[float]] = {}
    for number, text in enumerate(texts):
        shape = list(SHAPES)[number % len(SHAPES)]
        words = tts.predict_prosody(text, language=language, seed=number).sketch().words
        pitch_line = Sketch.from_values(pitch=SHAPES[shape]).pitch
        energy_line = Sketch.from_values(energy=SHAPES[shape]).energy
        drawings = {
            "unsketched": None,
            "pitch": Sketch(pitch_line, words=words),
            "energy": Sketch(None, energy_line, words=words),
        }
        for kind, drawn in drawings.items():
            speech = tts(text, language=language, seed=number, sketch=drawn)
            if audio is not None:
                (audio / kind).mkdir(parents=True, exist_ok=True)
                speech.save(audio / kind / f"{number:03d}.wav")
                (audio / kind / f"{number:03d}.txt").write_text(text, encoding="utf-8")
            if transcriber is not None:
                heard[kind].append(transcriber(speech.waveform, speech.sampling_rate, language))
            if drawn is None:
                continue
            pitch = extract_log_f0(speech.waveform, speech.sampling_rate)
            begin, end = speech.words[0].start, speech.words[-1].end
            place = ((np.arange(len(pitch)) + 0.5) * 256 / speech.sampling_rate - begin) / (end - begin)
            own = intended_voicing(speech, len(pitch)) & (place > 0) & (place < 1)
            if kind == "pitch":
                own &= pitch > 0
                line = pitch_line.at(np.clip(place, 0, 1))
                follows.setdefault(f"f0_{shape}_frames", []).append(correlation(pitch[own], line[own]))
                follows.setdefault("f0_words", []).append(by_words(pitch, own, line, speech))
            else:
                energy = frame_energy(mel(torch.from_numpy(speech.waveform)[None]))[0].numpy()[: len(pitch)]
                line = energy_line.at(np.clip(place, 0, 1))
                follows.setdefault("energy_words", []).append(by_words(energy, own, line, speech))
    result: dict[str, Any] = {f"correlation_{name}": float(np.nanmean(values)) for name, values in follows.items()}
    for kind, transcripts in heard.items():
        if transcripts:
            result[f"{kind}_wer"] = transcript_error_rates(transcripts, texts, [language] * len(texts))["wer"]
    return result


def main(arguments: list[str] | None = None) -> None:
    options = parse_arguments(arguments)
    from valetts_hf import BASE_CHECKPOINT, ValeTTS
    from valetts_hf.modeling.modeling_valetts import ValeTTSForSpeech
    from valetts_hf.training.data.corpus import PackedCorpus
    from valetts_hf.training.evaluation.evaluator import held_out_clips, load_callable

    checkpoint = options.checkpoint or BASE_CHECKPOINT
    corpus = PackedCorpus.load(options.corpus)
    model = ValeTTSForSpeech.from_pretrained(checkpoint, dtype=torch.float32).eval().fuse_weight_norm()
    if model.model.sketch is None:
        raise SystemExit(f"{checkpoint} has no sketch networks: train them with training_scripts/train_sketch.py")
    clips = held_out_clips(corpus, language=options.language, count=options.clips, min_words=3)
    with torch.inference_mode():
        results: dict[str, Any] = {"clips": len(clips), "recordings": Clips(model, corpus, clips).run()}
        inputs = []
        for clip in clips[:8]:
            item = corpus.clip(clip)
            tokens = len(item["input_ids"])
            inputs.append(
                {
                    "input_ids": torch.from_numpy(item["input_ids"])[None],
                    "language_ids": torch.tensor([item["language_id"]]),
                    "sketch_pitch": torch.linspace(0, 1, tokens)[None],
                    "seed": 0,
                }
            )
        results["time"] = time_share(model, inputs)
    language = options.language or "en-us"
    texts = list(dict.fromkeys(corpus.texts[clip] for clip in clips if corpus.languages[clip] == language))
    transcriber = None if options.transcriber is None else load_callable(options.transcriber)
    if texts:
        results["shapes"] = shapes(ValeTTS.from_pretrained(checkpoint), texts, language, transcriber, options.audio)
    names = list(results["recordings"]["base"])
    print(f"{'':28}" + "".join(f"{way:>12}" for way in results["recordings"]))
    for name in names:
        print(f"{name:28}" + "".join(f"{values[name]:12.3f}" for values in results["recordings"].values()))
    for group in ("time", "shapes"):
        for name, value in results.get(group, {}).items():
            print(f"{name:40}{value:10.4f}")
    unfinished = options.output.with_name(f".{options.output.name}.part")
    unfinished.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
    os.replace(unfinished, options.output)


if __name__ == "__main__":
    main()
