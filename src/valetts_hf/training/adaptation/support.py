"""The support of a few-shot adaptation: up to five clips of one voice, prepared, split and cut into windows.

Of every clip the end is held out: it judges when to stop and is never learned from. B windows, W frames of a window,
F frames of a clip, T tokens, M mel bands, H style width.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor

from valetts_hf.modeling.configuration_valetts import ValeTTSConfig
from valetts_hf.modeling.mel import LogMelSpectrogram, frame_energy
from valetts_hf.training.data.batches import TrainingBatch
from valetts_hf.training.data.pitch import extract_log_f0
from valetts_hf.voices.enrolment import list_clips


MAX_CLIPS = 5
GOOD_SECONDS = 8.0  # more of one clip adds little
_MANY = 200


@dataclass
class SupportClip:
    """One clip.

    Args:
        name (`str`): what messages call it.
        waveform (`Tensor` [F * hop]), mel (`Tensor` [F, M]), pitch (`Tensor` [F]): as everywhere.
        transcript (`str`, *optional*), input_ids, language_ids (`Tensor` [T], *optional*): what is said.
        durations (`Tensor` [T], *optional*): frames of each token; only clips that have them are learned with their text.
        learned_frames (`int`): the frames before this one are learned from, the others are held out.
        source (*optional*): the clip as it was given.
    """

    name: str
    waveform: Tensor
    mel: Tensor
    pitch: Tensor
    transcript: str | None = None
    input_ids: Tensor | None = None
    language_ids: Tensor | None = None
    durations: Tensor | None = None
    learned_frames: int = 0
    source: Any = None

    @property
    def frames(self) -> int:
        """Number of frames F."""
        return len(self.mel)

    def quality(self) -> float:
        """The higher, the more it can teach: seconds of speech and level difference of speech and background, 0 to 2."""
        energy = frame_energy(self.mel) * (20 / np.log(10))  # dB
        loud, quiet = torch.quantile(energy, 0.95), torch.quantile(energy, 0.1)
        seconds = len(self.waveform) / 24000
        return min(seconds, GOOD_SECONDS) / GOOD_SECONDS + float(((loud - quiet) / 50).clamp(0, 1))


@dataclass
class Support:
    """The clips that are used, and what a user should know about those that are not."""

    clips: list[SupportClip]
    notes: list[str] = field(default_factory=list)

    @property
    def transcribed(self) -> list[SupportClip]:
        """Clips whose text is learned."""
        return [clip for clip in self.clips if clip.durations is not None]


def prepare_support(
    processor: Any,
    config: ValeTTSConfig,
    clips: Sequence[Any] | Any,
    transcripts: Sequence[str | None] | str | None = None,
    language: str | None = None,
    held_out_share: float = 0.15,
    min_learned_frames: int = 48,
) -> Support:
    """Read the clips of a voice, keep the best five, and read their transcripts.

    Args:
        processor (`ValeTTSProcessor`): cleans audio and reads text.
        config: of the model.
        clips: a clip, a folder of clips, or a list of them: everything that [`ValeTTSFeatureExtractor`] takes.
        transcripts (*optional*): what is said in each clip; None where unknown.
        language (`str`, *optional*): language of the transcripts; detected when not given.
        held_out_share (`float`): share of each clip, in [0, 0.5], that is held out at its end.
        min_learned_frames (`int`): a clip that would keep fewer frames to learn from is held out by nothing.

    Raises:
        `ValueError`: no clip, another number of transcripts than clips, or audio that cannot be used, naming the clip.
        `ImportError`: the pitch extractor is not installed.
    """
    clips = list_clips(clips)
    if transcripts is None or isinstance(transcripts, str):
        transcripts = [transcripts] * (len(clips) if transcripts is None else 1)
    if len(transcripts) != len(clips):
        raise ValueError(
            f"{len(transcripts)} transcripts for {len(clips)} clips: give one for each, None where unknown"
        )
    if len(clips) > _MANY:
        raise ValueError(f"{len(clips)} clips are too many to choose from: give the {MAX_CLIPS} best, at most {_MANY}")
    mel = LogMelSpectrogram(config.sampling_rate, config.n_fft, config.hop_length, config.num_mel_bands)
    found = [
        _read_clip(processor, mel, clip, transcript, _name_of(clip, index))
        for index, (clip, transcript) in enumerate(zip(clips, transcripts, strict=True))
    ]
    support = Support(found)
    if len(found) > MAX_CLIPS:
        ranked = sorted(range(len(found)), key=lambda i: (found[i].transcript is None, -found[i].quality()))
        chosen = sorted(ranked[:MAX_CLIPS])
        support.clips = [found[index] for index in chosen]
        support.notes.append(
            f"{len(found)} clips were given; the {MAX_CLIPS} with the most speech and the least background are used: "
            + ", ".join(clip.name for clip in support.clips)
        )
        warnings.warn(support.notes[-1], UserWarning, stacklevel=3)
    for clip in support.clips:
        if clip.transcript is not None:
            _read_transcript(processor, clip, language)
        learned = round(clip.frames * (1 - held_out_share))
        clip.learned_frames = learned if learned >= min_learned_frames else clip.frames
    return support


def _read_clip(processor: Any, mel: LogMelSpectrogram, clip: Any, transcript: str | None, name: str) -> SupportClip:
    try:
        samples = np.asarray(processor.feature_extractor.load(clip), dtype=np.float32)
    except (ValueError, TypeError) as error:
        raise ValueError(f"{name} cannot be used: {error}") from error
    samples = np.array(samples[: len(samples) // mel.hop_length * mel.hop_length])
    try:
        pitch = extract_log_f0(samples)
    except ImportError as error:
        raise ImportError("adaptation measures pitch with pyworld: pip install 'valetts-hf[train]'") from error
    waveform = torch.from_numpy(samples)
    if transcript is not None and not transcript.strip():
        transcript = None
    return SupportClip(name, waveform, mel(waveform[None])[0], torch.from_numpy(pitch), transcript, source=clip)


def _read_transcript(processor: Any, clip: SupportClip, language: str | None) -> None:
    extra = {} if language is None else {"language": language}
    tokens = processor.tokenizer(clip.transcript, **extra)
    clip.input_ids, clip.language_ids = (
        torch.as_tensor(tokens[key]).long().reshape(-1) for key in ("input_ids", "language_ids")
    )
    if len(clip.input_ids) > clip.frames:
        seconds = len(clip.waveform) / 24000
        raise ValueError(
            f"the transcript of {clip.name} ({len(clip.input_ids)} sounds: {clip.transcript[:60]!r}) is too long for its "
            f"{seconds:.1f} s: check that text and audio belong together"
        )


def _name_of(clip: Any, index: int) -> str:
    if isinstance(clip, dict) and clip.get("path"):
        clip = clip["path"]
    return repr(os.path.basename(os.fspath(clip))) if isinstance(clip, (str, os.PathLike)) else f"clip {index + 1}"


class SupportWindows:
    """Batches of windows out of a support; the batch of a step is a pure function of the seed and the step.

    Args:
        support: with durations where the text is to be learned.
        batch_size (`int`): rows B.
        window_frames (`int`): frames W.
        seed (`int`), hop_length (`int`).
        device: where the batches are wanted.
    """

    def __init__(
        self,
        support: Support,
        batch_size: int,
        window_frames: int,
        seed: int,
        hop_length: int = 256,
        device: torch.device | str = "cpu",
    ):
        self.support, self.batch_size, self.seed, self.hop = support, batch_size, seed, hop_length
        self.device = device
        longest = max(clip.frames for clip in support.clips)
        self.window_frames = min(window_frames, longest)

    def learned(self, step: int) -> tuple[TrainingBatch, bool]:
        """A batch to learn from, and whether it has text: each step draws by the share of transcribed frames."""
        random = np.random.default_rng([self.seed, step])
        clips = self.support.clips
        frames = np.array([clip.learned_frames for clip in clips], dtype=np.float64)
        with_text = np.array([clip.durations is not None for clip in clips])
        chosen = bool(random.random() * frames.sum() < (frames * with_text).sum())
        weights = frames * (with_text == chosen)
        drawn = random.choice(len(clips), size=self.batch_size, p=weights / weights.sum())
        spare = np.maximum([clips[index].learned_frames - self.window_frames for index in drawn], 0)
        starts = random.integers(0, spare + 1)
        return self._batch([clips[i] for i in drawn], starts, [clips[i].learned_frames for i in drawn], chosen), chosen

    def held_out(self) -> list[tuple[TrainingBatch, bool]]:
        """What is held out, as batches with and without text; empty if nothing is."""
        batches = []
        for with_text in (True, False):
            clips = [
                clip
                for clip in self.support.clips
                if (clip.durations is not None) == with_text and clip.learned_frames < clip.frames
            ]
            if clips:
                starts = np.array([max(clip.frames - self.window_frames, 0) for clip in clips])
                batches.append((self._batch(clips, starts, [clip.frames for clip in clips], with_text), with_text))
        return batches

    def _batch(
        self, clips: Sequence[SupportClip], starts: np.ndarray, ends: Sequence[int], with_text: bool
    ) -> TrainingBatch:
        window, hop = self.window_frames, self.hop

        def cut(values: Tensor, start: int, stop: int, length: int) -> Tensor:
            piece = values[start:stop]
            return torch.cat([piece, piece.new_zeros(length - len(piece), *piece.shape[1:])])

        spans = [(int(start), min(int(start) + window, end)) for start, end in zip(starts, ends, strict=True)]
        rows = list(zip(clips, spans, strict=True))
        padded = torch.nn.utils.rnn.pad_sequence
        if with_text:
            tokens = {
                key: padded([getattr(clip, key) for clip in clips], batch_first=True)
                for key in ("input_ids", "language_ids", "durations")
            }
            lengths = torch.tensor([len(clip.input_ids) for clip in clips])
        else:
            tokens = {
                key: torch.zeros(len(rows), 1, dtype=torch.long) for key in ("input_ids", "language_ids", "durations")
            }
            lengths = torch.zeros(len(rows), dtype=torch.long)
        longest = tokens["input_ids"].shape[1]
        mel = torch.stack([cut(clip.mel, a, b, window) for clip, (a, b) in rows])
        batch = TrainingBatch(
            **tokens,
            token_mask=torch.arange(longest)[None] < lengths[:, None],
            waveform=torch.stack([cut(clip.waveform, a * hop, b * hop, window * hop) for clip, (a, b) in rows]),
            mel=mel,
            pitch=torch.stack([cut(clip.pitch, a, b, window) for clip, (a, b) in rows]),
            frame_mask=torch.arange(window)[None] < torch.tensor([b - a for a, b in spans])[:, None],
            window_start=torch.tensor([a for a, _ in spans]),
            reference_mel=mel[:, :1],
            reference_mask=torch.ones(len(rows), 1, dtype=torch.bool),
            speaker_ids=torch.zeros(len(rows), dtype=torch.long),
        )
        for key, value in vars(batch).items():
            if isinstance(value, Tensor):
                setattr(batch, key, value.to(self.device))
        return batch
