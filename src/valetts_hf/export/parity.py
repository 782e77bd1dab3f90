"""How close an export stays to PyTorch: the same sentences with the same seeds, compared sample by sample, and sizes.

Two views, because a duration that is rounded to another frame moves everything behind it: whole sentences as spoken, and
the decoder alone over equal latents. S samples.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from valetts_hf.export.voice_folding import fold_voice
from valetts_hf.inference.engine import ValeTTS
from valetts_hf.training.metrics.spectra import mel_distance
from valetts_hf.training.model_card import write_atomically


SENTENCES = (
    ("en-us", "The ferry leaves the harbour at seven, and nobody on board has slept."),
    ("en-us", "She put the letter back into the drawer, and walked slowly to the window."),
    ("pt-br", "O tempo mudou depressa e a chuva chegou antes da noite."),
)
# From waveforms, texts and the sampling rate to a number: word error rate, predicted MOS, ...
Measure = Callable[[Sequence[np.ndarray], Sequence[str], int], float]


@dataclass(frozen=True)
class SentenceParity:
    """
    One sentence in both.

    Args:
        text (`str`): what was said. seconds (`float`): how long PyTorch's is.
        same_length (`bool`): whether all durations agree.
        signal_to_error (`float`): dB of the signal over the difference; NaN where the lengths differ.
        largest_error (`float`): of a sample, full scale is 1; NaN as above.
        mel_distance (`float`): mean difference of log-mel spectrograms; NaN as above.
        decoder_signal_to_error (`float`): dB, of the decoder over PyTorch's latents.
    """

    text: str
    seconds: float
    same_length: bool
    signal_to_error: float
    largest_error: float
    mel_distance: float
    decoder_signal_to_error: float


@dataclass(frozen=True)
class ParityReport:
    """
    An export beside its checkpoint.

    Args:
        precision, opset, versions, voice: of the export.
        sentences: one entry each.
        measures: name -> (PyTorch, export), of those that were handed in.
        megabytes: of each graph.
    """

    precision: str
    opset: int
    versions: dict[str, str]
    voice: str | None
    sentences: tuple[SentenceParity, ...]
    measures: dict[str, tuple[float, float]]
    megabytes: dict[str, float]

    def markdown(self) -> str:
        """The report as tables."""
        lines = [
            f"ONNX, {self.precision}, opset {self.opset}, {sum(self.megabytes.values()):.1f} MB"
            + (f", with the adapter of {self.voice!r}" if self.voice else ""),
            "",
            "| sentence | seconds | same durations | signal / error | largest error | mel distance | decoder alone |",
            "| --- | --- | --- | --- | --- | --- | --- |",
        ]
        for row in self.sentences:
            lines.append(
                f"| {row.text} | {row.seconds:.2f} | {'yes' if row.same_length else 'no'} | {row.signal_to_error:.1f} dB | "
                f"{row.largest_error:.2g} | {row.mel_distance:.4f} | {row.decoder_signal_to_error:.1f} dB |"
            )
        if self.measures:
            lines += ["", "| measure | PyTorch | ONNX |", "| --- | --- | --- |"]
            lines += [f"| {name} | {first:.4g} | {second:.4g} |" for name, (first, second) in self.measures.items()]
        lines += ["", "| graph | MB |", "| --- | --- |"]
        lines += [f"| {name} | {size:.2f} |" for name, size in self.megabytes.items()]
        return "\n".join([*lines, ""])


def parity_report(
    source: str | os.PathLike,
    folder: str | os.PathLike,
    sentences: Sequence[tuple[str, str]] = SENTENCES,
    voice: Any = None,
    seed: int = 0,
    measures: Mapping[str, Measure] | None = None,
) -> ParityReport:
    """Speak with both, compare, and write `report.json` and `report.md` into the export.

    Args:
        source: the checkpoint. folder: its export.
        sentences: pairs of language and text; languages that the checkpoint lacks are left out.
        voice (*optional*): the voice whose adapter the export contains: folded into the checkpoint for the comparison.
        seed (`int`): of all sentences.
        measures (*optional*): judges of waveforms by name, such as a word error rate or a predicted MOS.

    Raises:
        ValueError: no sentence is left.
        OSError: checkpoint or export cannot be read, or the report not be written.
    """
    torch_tts = ValeTTS.from_pretrained(source, device="cpu", backend="torch")
    if voice is not None:
        fold_voice(torch_tts.model, voice)
    onnx_tts = ValeTTS.from_pretrained(folder, backend="onnx")
    chosen = [(language, text) for language, text in sentences if language in torch_tts.languages]
    if not chosen:
        raise ValueError(f"the checkpoint speaks none of the sentences: it has {', '.join(torch_tts.languages)}")
    manifest = onnx_tts.model.manifest
    style = None if manifest["voice"] is None else manifest["voice"]["style"]
    rows, spoken = [], ([], [])
    for language, text in chosen:
        pair = [tts(text, language, style, seed=seed).waveform for tts in (torch_tts, onnx_tts)]
        rows.append(_compared(text, *pair, torch_tts.sampling_rate, decoder_parity(torch_tts, onnx_tts, seed)))
        for waveforms, waveform in zip(spoken, pair):
            waveforms.append(waveform)
    texts = [text for _, text in chosen]
    judged = {
        name: tuple(float(measure(waveforms, texts, torch_tts.sampling_rate)) for waveforms in spoken)
        for name, measure in (measures or {}).items()
    }
    report = ParityReport(
        precision=manifest["precision"],
        opset=manifest["opset"],
        versions=manifest["versions"],
        voice=None if manifest["voice"] is None else manifest["voice"]["name"],
        sentences=tuple(rows),
        measures=judged,
        megabytes={graph["name"]: graph["bytes"] / 1e6 for graph in manifest["graphs"]},
    )
    write_atomically(Path(folder) / "report.json", json.dumps(asdict(report), indent=2, ensure_ascii=False) + "\n")
    write_atomically(Path(folder) / "report.md", report.markdown())
    return report


@torch.inference_mode()
def decoder_parity(torch_tts: ValeTTS, onnx_tts: ValeTTS, seed: int = 0, frames: int = 200) -> float:
    """dB of PyTorch's waveform over the difference, both decoded from the same made-up sentence of tokens."""
    generator = torch.Generator().manual_seed(seed)
    ids = torch.randint(10, 60, (1, 40), generator=generator)
    found = torch_tts.model.generate_latents(ids, seed=seed)
    inputs = (found.latents[:, :frames], found.pitch[:, :frames], found.style)
    first, second = (tts.model.decode(*inputs).numpy() for tts in (torch_tts, onnx_tts))
    return signal_to_error(first, second)


def signal_to_error(reference: np.ndarray, other: np.ndarray) -> float:
    """dB of a signal over its difference from another one; at most 200 (equal)."""
    error = float(np.square(reference.astype(np.float64) - other).sum())
    power = float(np.square(reference.astype(np.float64)).sum())
    return 200.0 if error <= power * 1e-20 else 10 * float(np.log10(power / error))


def _compared(text: str, first: np.ndarray, second: np.ndarray, rate: int, decoder: float) -> SentenceParity:
    same = len(first) == len(second)
    nan = float("nan")
    return SentenceParity(
        text=text,
        seconds=len(first) / rate,
        same_length=same,
        signal_to_error=signal_to_error(first, second) if same else nan,
        largest_error=float(np.abs(first - second).max()) if same else nan,
        mel_distance=mel_distance(first, second, rate) if same else nan,
        decoder_signal_to_error=decoder,
    )
