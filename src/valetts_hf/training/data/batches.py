"""Batches cut out of a corpus that lives on the training device; the batch of a step is a pure function of the step.

Clips are drawn by weight, with a window of frames each and a reference window from another clip of the speaker. Since
batch `n` depends only on the seed and `n`, a resumed run sees the same data without replaying anything.
B batch, T tokens, W window frames, R reference frames, M mel bands.
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from valetts_hf.modeling.mel import LogMelSpectrogram
from valetts_hf.training.data.corpus import PackedCorpus


@dataclass
class TrainingBatch:
    """One batch.

    Args:
        input_ids, language_ids, durations (`Tensor` [B, T]): tokens of the whole clip, 0 = padding.
        token_mask (`Tensor` [B, T]): true at tokens.
        waveform (`Tensor` [B, W * hop]): the window's samples, zero past the clip.
        mel (`Tensor` [B, W, M]): its log-mel.
        pitch (`Tensor` [B, W]): its log-F0, 0 = unvoiced.
        frame_mask (`Tensor` [B, W]): true at frames of the clip.
        window_start (`Tensor` [B]): first frame of the window in the clip.
        reference_mel (`Tensor` [B, R, M]), reference_mask (`Tensor` [B, R]): speech of the same speaker, from another clip
            where there is one.
        speaker_ids (`Tensor` [B]).
    """

    input_ids: Tensor
    language_ids: Tensor
    durations: Tensor
    token_mask: Tensor
    waveform: Tensor
    mel: Tensor
    pitch: Tensor
    frame_mask: Tensor
    window_start: Tensor
    reference_mel: Tensor
    reference_mask: Tensor
    speaker_ids: Tensor


def speaker_weights(corpus: PackedCorpus, exponent: float, boosts: dict[str, float] | None = None) -> np.ndarray:
    """Sampling weight of every clip, float64 [N], summing to 1; 0 for clips without transcript or not in "train".

    Args:
        corpus: the clips.
        exponent: a speaker's share is its seconds to this power: 1 is proportional, 0 gives all speakers the same.
        boosts: factors on the shares of single speakers by name.
    """
    usable = corpus.transcribed & (np.array(corpus.splits) == "train")
    seconds = np.where(usable, corpus.frame_lengths, 0).astype(np.float64)
    totals = np.bincount(corpus.speaker_ids, weights=seconds, minlength=len(corpus.speakers))
    shares = np.where(totals > 0, np.maximum(totals, 1e-9) ** exponent, 0.0)
    for name, factor in (boosts or {}).items():
        if name not in corpus.speakers:
            raise ValueError(f"cannot weigh speaker {name!r}: the corpus has {sorted(corpus.speakers)}")
        shares[corpus.speakers.index(name)] *= factor
    weights = seconds * (shares / np.maximum(totals, 1e-9))[corpus.speaker_ids]
    if weights.sum() == 0:
        raise ValueError("the corpus has no transcribed clip in its train split")
    return weights / weights.sum()


class BatchMaker:
    """Makes `TrainingBatch`es from a packed corpus on a device.

    Args:
        corpus: with durations attached.
        mel: the log-mel module of the model.
        weights (`np.ndarray` [N]): sampling weight of every clip.
        batch_size, window_frames, reference_frames (`int`): sizes B, W, R.
        seed (`int`): batches are a function of it and the step.
        device: where the waveforms are kept (int16, 2 bytes a sample) and the batches are made.
    """

    def __init__(
        self,
        corpus: PackedCorpus,
        mel: LogMelSpectrogram,
        weights: np.ndarray,
        batch_size: int,
        window_frames: int,
        reference_frames: int,
        seed: int = 0,
        device: torch.device | str = "cpu",
    ):
        self.corpus, self.mel, self.weights = corpus, mel.to(device), weights
        self.batch_size, self.window_frames, self.reference_frames = batch_size, window_frames, reference_frames
        self.seed, self.device = seed, torch.device(device)
        self.hop = mel.hop_length
        self.waveforms = torch.from_numpy(np.array(corpus.waveforms)).to(device)
        self.log_f0 = torch.from_numpy(np.array(corpus.log_f0)).to(device)
        usable = np.flatnonzero(np.array(corpus.splits) == "train")
        by_speaker = corpus.speaker_ids[usable]
        self.clips_of = [usable[by_speaker == speaker] for speaker in range(len(corpus.speakers))]

    def batch(self, step: int) -> TrainingBatch:
        """The batch of a training step."""
        random = np.random.default_rng([self.seed, step])
        clips = random.choice(len(self.weights), size=self.batch_size, p=self.weights)
        references = np.array([self._reference(random, clip) for clip in clips])
        spare = np.maximum(self.corpus.frame_lengths[clips] - self.window_frames, 0)
        starts = random.integers(0, spare + 1)
        reference_spare = np.maximum(self.corpus.frame_lengths[references] - self.reference_frames, 0)
        reference_starts = random.integers(0, reference_spare + 1)
        return self.assemble(clips, starts, references, reference_starts)

    def _reference(self, random: np.random.Generator, clip: int) -> int:
        others = self.clips_of[self.corpus.speaker_ids[clip]]
        choice = int(random.choice(others))
        if choice == clip and len(others) > 1:
            choice = int(others[(np.searchsorted(others, clip) + 1) % len(others)])
        return choice

    def assemble(
        self, clips: np.ndarray, starts: np.ndarray, references: np.ndarray, reference_starts: np.ndarray
    ) -> TrainingBatch:
        """Batch of given clips and window starts (frames)."""
        waveform, frame_mask, mel = self._window(clips, starts, self.window_frames)
        _, reference_mask, reference_mel = self._window(references, reference_starts, self.reference_frames)
        frames = self._positions(self.corpus.frame_offsets[clips] + starts, self.window_frames)
        pitch = self.log_f0[frames.clamp(max=len(self.log_f0) - 1)].float() * frame_mask
        tokens = [self._tokens(clip) for clip in clips]
        input_ids = torch.nn.utils.rnn.pad_sequence([ids for ids, _ in tokens], batch_first=True)
        durations = torch.nn.utils.rnn.pad_sequence([frames for _, frames in tokens], batch_first=True)
        lengths = torch.tensor([len(ids) for ids, _ in tokens])
        token_mask = torch.arange(input_ids.shape[1])[None] < lengths[:, None]
        languages = torch.from_numpy(self.corpus.language_ids[clips].astype(np.int64))[:, None] * token_mask
        return TrainingBatch(
            input_ids=input_ids.to(self.device),
            language_ids=languages.to(self.device),
            durations=durations.to(self.device),
            token_mask=token_mask.to(self.device),
            waveform=waveform,
            mel=mel,
            pitch=pitch,
            frame_mask=frame_mask,
            window_start=torch.from_numpy(starts).to(self.device),
            reference_mel=reference_mel,
            reference_mask=reference_mask,
            speaker_ids=torch.from_numpy(self.corpus.speaker_ids[clips].astype(np.int64)).to(self.device),
        )

    def _tokens(self, clip: int) -> tuple[Tensor, Tensor]:
        """Token ids and durations of a clip, both [T_i]."""
        tokens = slice(*self.corpus.token_offsets[clip : clip + 2])
        return tuple(
            torch.from_numpy(values[tokens].astype(np.int64))
            for values in (self.corpus.input_ids, self.corpus.durations)
        )

    def _positions(self, starts: np.ndarray, length: int) -> Tensor:
        return torch.from_numpy(starts).to(self.device)[:, None] + torch.arange(length, device=self.device)

    def _window(self, clips: np.ndarray, starts: np.ndarray, num_frames: int) -> tuple[Tensor, Tensor, Tensor]:
        """Waveform [B, num_frames * hop], frame mask and log-mel of windows; outside a clip is silence."""
        margin = (self.mel.n_fft - self.hop) // 2
        begin = self.corpus.sample_offsets[clips]
        end = self.corpus.sample_offsets[np.asarray(clips) + 1]
        positions = self._positions(begin + starts * self.hop - margin, num_frames * self.hop + 2 * margin)
        inside = (positions >= torch.from_numpy(begin).to(self.device)[:, None]) & (
            positions < torch.from_numpy(end).to(self.device)[:, None]
        )
        samples = self.waveforms[positions.clamp(0, len(self.waveforms) - 1)].float() / 32767.0 * inside
        remaining = torch.from_numpy(self.corpus.frame_lengths[clips] - starts).to(self.device)
        frame_mask = torch.arange(num_frames, device=self.device)[None] < remaining[:, None]
        mel = self.mel.from_padded(samples)
        return samples[:, margin : margin + num_frames * self.hop], frame_mask, mel * frame_mask[..., None]
