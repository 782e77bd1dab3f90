"""Copy synthesis as in the BigVGAN paper (arXiv 2206.04658, section 4): recordings are analysed, made again and compared.

    python benchmarks/copy_synthesis.py --corpus data/corpus --vocoder nvidia/bigvgan_v2_24khz_100band_256x
    python benchmarks/copy_synthesis.py --corpus data/corpus --model build/base --model build/base:bigvgan --clips 40

Vocoders get the log-mel of the recording; models of ValeTTS the latents of their posterior encoder, the recorded pitch and the
style of the clip itself, and any decoder that the checkpoint carries. Two rows frame the others: the recording itself, and
Griffin-Lim on the log-mel of the first vocoder (or of our 100 bands), which learned nothing.

Measured through the package's `evaluate` metrics: PESQ (wide band), multi-resolution STFT distance, mel-cepstral distortion,
RMSE of periodicity, F1 of voicing. The published numbers of BigVGAN-v2 come from other recordings and other pitch trackers;
compare within one table.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import soxr
import torch

from valetts_hf.modeling.configuration_vocoder import ValeTTSVocoderConfig
from valetts_hf.modeling.mel import LogMelSpectrogram
from valetts_hf.modeling.modeling_valetts import ValeTTSForSpeech
from valetts_hf.modeling.vocoder import ValeTTSVocoder, log_mel_of
from valetts_hf.training.data.corpus import PackedCorpus
from valetts_hf.training.data.pitch import SAMPLING_RATE
from valetts_hf.training.evaluation.evaluator import held_out_clips
from valetts_hf.training.metrics import metric_path


# metric folder -> (key of its result, heading, options)
COLUMNS = {
    "pesq_score": ("pesq", "PESQ", {}),
    "stft_distance": ("stft_distance", "M-STFT", None),
    "mel_cepstral_distortion": ("mel_cepstral_distortion", "MCD (dB)", {"align": False}),
    "periodicity_error": ("periodicity_rmse", "periodicity", {}),
    "voicing_f1": ("voicing_f1", "V/UV F1", {}),
}
# waveform [S] at the system's rate, log-F0 of the corpus [F] -> waveform of the same length
Copier = Callable[[np.ndarray, np.ndarray], np.ndarray]


def vocoder_copier(vocoder: ValeTTSVocoder) -> Copier:
    def copy(waveform: np.ndarray, pitch: np.ndarray) -> np.ndarray:
        audio = torch.from_numpy(waveform)[None].to(vocoder.device)
        return torch.cat(list(vocoder.decode_in_chunks(vocoder.log_mel(audio), 256)), dim=1)[0].float().cpu().numpy()

    return copy


def model_copier(model: ValeTTSForSpeech) -> Copier:
    config = model.config
    mel = LogMelSpectrogram(config.sampling_rate, config.n_fft, config.hop_length, config.num_mel_bands)

    def copy(waveform: np.ndarray, pitch: np.ndarray) -> np.ndarray:
        log_mel = mel(torch.from_numpy(waveform)[None])
        mask = torch.ones(log_mel.shape[:2], dtype=torch.bool)
        style = model.encode_style(log_mel.to(model.device))
        latents, _ = model.model.posterior_encoder(log_mel.to(model.device), style, mask.to(model.device))
        log_f0 = torch.from_numpy(pitch[: log_mel.shape[1]].astype(np.float32))[None].to(model.device)
        return model.decode(latents, log_f0, style)[0].float().cpu().numpy()

    return copy


def griffin_lim_copier(config: ValeTTSVocoderConfig) -> Copier:
    import librosa

    mel = log_mel_of(config)
    inverse = torch.linalg.pinv(mel.filters)  # [M, Q]
    padding = (config.n_fft - config.hop_length) // 2

    def copy(waveform: np.ndarray, pitch: np.ndarray) -> np.ndarray:
        magnitudes = (mel(torch.from_numpy(waveform)[None])[0].exp() @ inverse).clamp(min=0.0)
        made = librosa.griffinlim(
            magnitudes.numpy().T, n_iter=60, hop_length=config.hop_length, center=False, random_state=0
        )
        return made[padding : padding + len(magnitudes) * config.hop_length]

    return copy


def load_systems(arguments: argparse.Namespace) -> dict[str, tuple[int, Copier]]:
    """Name to sampling rate and copier."""
    systems: dict[str, tuple[int, Copier]] = {"recording": (SAMPLING_RATE, lambda waveform, pitch: waveform.copy())}
    mel_config = ValeTTSVocoderConfig.preset("24khz_100band_256x")
    for index, source in enumerate(arguments.vocoder):
        vocoder = ValeTTSVocoder.from_pretrained(source).eval().to(arguments.device).fuse_weight_norm()
        mel_config = vocoder.config if index == 0 else mel_config
        systems[source] = vocoder.config.sampling_rate, vocoder_copier(vocoder)
    if not arguments.skip_griffin_lim:
        systems["Griffin-Lim"] = mel_config.sampling_rate, griffin_lim_copier(mel_config)
    for name in arguments.model:
        source, _, decoder = name.partition(":")
        model = ValeTTSForSpeech.from_pretrained(source, decoder=decoder or None).eval().to(arguments.device)
        model.fuse_weight_norm()
        systems[name] = model.config.sampling_rate, model_copier(model)
    return systems


def measure(copier: Copier, rate: int, recordings: list[np.ndarray], pitches: list[np.ndarray]) -> dict[str, float]:
    """Means of all metrics over the recordings, and `speed` in seconds of audio per second of computing."""
    import evaluate

    made, wanted, seconds = [], [], 0.0
    for recording, pitch in zip(recordings, pitches, strict=True):
        reference = recording if rate == SAMPLING_RATE else soxr.resample(recording, SAMPLING_RATE, rate)
        started = time.perf_counter()
        with torch.inference_mode():
            copied = copier(reference.astype(np.float32), pitch)
        seconds += time.perf_counter() - started
        length = min(len(copied), len(reference))
        made.append(copied[:length].astype(np.float32))
        wanted.append(reference[:length].astype(np.float32))
    row = {"speed": sum(map(len, wanted)) / rate / max(seconds, 1e-9)}
    with tempfile.TemporaryDirectory() as cache:
        for folder, (key, _, options) in COLUMNS.items():
            metric = evaluate.load(metric_path(folder), cache_dir=cache, keep_in_memory=True)
            settings = {} if options is None else {"sampling_rate": rate, **options}
            try:
                row[key] = metric.compute(predictions=made, references=wanted, **settings)[key]
            except ImportError as error:
                print(f"note: {error}")
                row[key] = float("nan")
    return row


def table(rows: dict[str, dict[str, float]]) -> str:
    """Markdown, one line a system."""
    keys = {key: heading for key, heading, _ in COLUMNS.values()}
    lines = ["| system | " + " | ".join(keys.values()) + " | x real time |", "| --- |" + " --- |" * (len(keys) + 1)]
    for name, row in rows.items():
        cells = ["-" if np.isnan(row[key]) else f"{row[key]:.3f}" for key in keys]
        lines.append(f"| {name} | " + " | ".join(cells) + f" | {row['speed']:.1f} |")
    return "\n".join(lines)


def parse_arguments(arguments: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", required=True, help="folder written by `valetts data prepare`")
    parser.add_argument("--vocoder", action="append", default=[], help="a vocoder, ours or published; may be repeated")
    parser.add_argument(
        "--model", action="append", default=[], help="CHECKPOINT or CHECKPOINT:DECODER; may be repeated"
    )
    parser.add_argument("--clips", type=int, default=24, help="held-out recordings")
    parser.add_argument("--skip_griffin_lim", action="store_true", help="leave out that row")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--output", type=Path, help="JSON file for the numbers")
    return parser.parse_args(arguments)


def main(arguments: list[str] | None = None) -> dict[str, dict[str, float]]:
    parsed = parse_arguments(arguments)
    corpus = PackedCorpus.load(parsed.corpus)
    clips = held_out_clips(corpus, count=parsed.clips)
    recordings = [corpus.waveform(int(clip)) for clip in clips]
    pitches = [corpus.clip(int(clip))["log_f0"] for clip in clips]
    rows = {}
    for name, (rate, copier) in load_systems(parsed).items():
        rows[name] = measure(copier, rate, recordings, pitches)
    print(table(rows))
    if parsed.output:
        seconds = sum(map(len, recordings)) / SAMPLING_RATE
        content = {"clips": len(clips), "seconds": round(seconds, 1), "rows": rows}
        temporary = parsed.output.with_name(f".{parsed.output.name}")
        temporary.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
        os.replace(temporary, parsed.output)
    return rows


if __name__ == "__main__":
    main()
