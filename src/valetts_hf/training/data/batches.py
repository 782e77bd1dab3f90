"""Batches cut out of a corpus that lives on the training device; the batch of a step is a pure function of the step.

Clips are drawn by weight, with a window of frames each and a reference window from another clip of the speaker. Since
batch `n` depends only on the seed and `n`, a resumed run sees the same data without replaying anything.
The draw is a few numbers per row and happens on the host; one copy takes them to the device, where whole batches are cut
out of the resident corpus. Nothing is read back, so a GPU never waits for its next batch.
B batch, T tokens, W window frames, R reference frames, M mel bands, K rows.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np
import torch
from torch import Tensor

from valetts_hf.modeling.lengths import round_durations
from valetts_hf.modeling.mel import LogMelSpectrogram
from valetts_hf.training.data.augmentation import AugmentationPlan, Augmenter
from valetts_hf.training.data.augmentation_config import MAX_SPEED
from valetts_hf.training.data.augmentation_effects import limit_peak
from valetts_hf.training.data.augmentation_time import CONTEXT_FRAMES, change_voice, read_at
from valetts_hf.training.data.corpus import PackedCorpus
from valetts_hf.training.data.pitch import SAMPLING_RATE


TOKEN_STEP = 16  # with length buckets, T is a multiple of this, so that few shapes occur
_LOAD_SAMPLES = 1 << 24


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
        whole_rows (`Tensor` [K], optional): indices of the rows whose window holds the whole clip, where the maker of the
            batch knows them; an alignment search then need not ask the device.
        text_rows (`int`, optional): how many rows have a transcript; the others come last and have no tokens.
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
    whole_rows: Tensor | None = None
    text_rows: int | None = None

    @property
    def with_text(self) -> TrainingBatch:
        """The rows that have a transcript: they come first."""
        if self.text_rows is None or self.text_rows == len(self.mel):
            return self
        tensors = {
            item.name: getattr(self, item.name)[: self.text_rows]
            for item in fields(self)
            if item.name not in ("whole_rows", "text_rows")
        }
        return replace(self, **tensors, text_rows=None)


def speaker_weights(
    corpus: PackedCorpus, exponent: float, boosts: dict[str, float] | None = None, transcribed: bool = True
) -> np.ndarray:
    """Sampling weight of every clip, float64 [N], summing to 1; 0 for clips that are not wanted or not in "train".

    Args:
        corpus: the clips.
        exponent: a speaker's share is its seconds to this power: 1 is proportional, 0 gives all speakers the same.
        boosts: factors on the shares of single speakers by name.
        transcribed: whether clips with a transcript are wanted, or those without.
    """
    usable = (corpus.transcribed == transcribed) & (np.array(corpus.splits) == "train")
    seconds = np.where(usable, corpus.frame_lengths, 0).astype(np.float64)
    totals = np.bincount(corpus.speaker_ids, weights=seconds, minlength=len(corpus.speakers))
    shares = np.where(totals > 0, np.maximum(totals, 1e-9) ** exponent, 0.0)
    for name, factor in (boosts or {}).items():
        if name not in corpus.speakers:
            raise ValueError(f"cannot weigh speaker {name!r}: the corpus has {sorted(corpus.speakers)}")
        shares[corpus.speakers.index(name)] *= factor
    weights = seconds * (shares / np.maximum(totals, 1e-9))[corpus.speaker_ids]
    if weights.sum() == 0:
        kind = "with a transcript" if transcribed else "without a transcript"
        raise ValueError(f"the corpus has no clip {kind} in its train split")
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
        length_buckets (`int`): 1 draws every row from all clips. With n > 1 a batch first draws one of n groups of clips
            of similar token count, equally likely by weight, and all its rows come from there: less padding and few
            shapes. Every clip keeps its weight.
        pad_to_bucket (`bool`): T is the same for all batches of a bucket, so that there are only `length_buckets` shapes.
        augmenter: changes windows and references, see `augmentation.py`; None leaves the recordings as they are.
        speech_only_rows (`int`): rows at the end of each batch that come from clips without transcript, by
            `speech_only_weights` (`np.ndarray` [N]).
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
        length_buckets: int = 1,
        pad_to_bucket: bool = False,
        augmenter: Augmenter | None = None,
        speech_only_rows: int = 0,
        speech_only_weights: np.ndarray | None = None,
    ):
        if length_buckets < 1:
            raise ValueError(f"length_buckets must be at least 1, got {length_buckets}")
        if not 0 <= speech_only_rows < batch_size:
            raise ValueError(f"speech_only_rows must leave a row of {batch_size} with text, got {speech_only_rows}")
        if speech_only_rows and speech_only_weights is None:
            raise ValueError("speech_only_rows need speech_only_weights, see speaker_weights(transcribed=False)")
        self.speech_only_rows, self.speech_only_weights = speech_only_rows, speech_only_weights
        self.corpus, self.mel, self.weights = corpus, mel.to(device), weights
        self.batch_size, self.window_frames, self.reference_frames = batch_size, window_frames, reference_frames
        self.seed, self.device = seed, torch.device(device)
        self.length_buckets, self.augmenter = length_buckets, augmenter
        self.hop = mel.hop_length
        # zeros on both sides: no window that starts inside the corpus can leave the buffer
        self.lead = int(MAX_SPEED * (CONTEXT_FRAMES + 1) * self.hop)
        room = int(MAX_SPEED * (max(window_frames, reference_frames) + 2 * CONTEXT_FRAMES + 2) * self.hop)
        self.samples = torch.zeros(self.lead + len(corpus.waveforms) + room, dtype=torch.int16, device=self.device)
        for start in range(0, len(corpus.waveforms), _LOAD_SAMPLES):  # in pieces: no second copy of the corpus
            piece = np.array(corpus.waveforms[start : start + _LOAD_SAMPLES])
            self.samples[self.lead + start :][: len(piece)] = torch.from_numpy(piece).to(self.device)
        self.log_f0, self.input_ids, self.durations = (
            torch.from_numpy(np.array(values)).to(self.device)
            for values in (corpus.log_f0, corpus.input_ids, corpus.durations)
        )
        self._order = np.arange(len(weights))
        if length_buckets > 1:
            self._order = np.argsort(corpus.token_lengths, kind="stable")
        self._cumulated = np.cumsum(weights[self._order])
        self._cumulated /= self._cumulated[-1]
        self._bucket_tokens = self._longest_of_buckets() if pad_to_bucket else None
        usable = np.flatnonzero(np.array(corpus.splits) == "train")
        # train clips of speaker s: _by_speaker[_speaker_offsets[s] : _speaker_offsets[s + 1]], ascending
        self._by_speaker = usable[np.argsort(corpus.speaker_ids[usable], kind="stable")]
        counts = np.bincount(corpus.speaker_ids[usable], minlength=len(corpus.speakers))
        self._speaker_offsets = np.concatenate([[0], np.cumsum(counts)])

    def batch(self, step: int) -> TrainingBatch:
        """The batch of a training step."""
        random = np.random.default_rng([self.seed, step])
        clips, bucket = self._clips(random, self.batch_size - self.speech_only_rows)
        if self.speech_only_rows:
            p = self.speech_only_weights
            clips = np.concatenate([clips, random.choice(len(p), size=self.speech_only_rows, p=p)])
        references = self._references(random, clips)
        plan = self.augmenter.plan(self.seed, step, self.batch_size) if self.augmenter else None
        lengths = self._frame_lengths(clips, plan)
        starts = random.integers(0, np.maximum(lengths - self.window_frames, 0) + 1)
        # Where a clip is its own reference, the reference lies in the longer part beside the window: a style that has
        # heard the window itself would not learn to hear a person in other speech.
        own, after = references == clips, starts + self.window_frames
        behind = own & (lengths - after > starts)
        first = np.where(behind, np.minimum(after, np.maximum(lengths - 1, 0)), 0)
        end = np.where(own & ~behind & (starts > 0), starts, self._frame_lengths(references, plan))
        reference_starts = first + random.integers(0, np.maximum(end - first - self.reference_frames, 0) + 1)
        tokens = self._bucket_tokens[bucket] if self._bucket_tokens is not None else None
        return self.assemble(clips, starts, references, reference_starts, plan, tokens)

    def _clips(self, random: np.random.Generator, count: int) -> tuple[np.ndarray, int]:
        """Clips with text by weight, int64 [count], and the length bucket that all of them come from."""
        bucket = int(random.integers(self.length_buckets)) if self.length_buckets > 1 else 0
        where = (bucket + random.random(count)) / self.length_buckets
        found = np.searchsorted(self._cumulated, where, side="right").clip(max=len(self._order) - 1)
        return self._order[found], bucket

    def _longest_of_buckets(self) -> list[int]:
        """Tokens of the longest clip that each bucket can give."""
        ends = np.arange(1, self.length_buckets + 1) / self.length_buckets
        last = np.searchsorted(self._cumulated, ends, side="left").clip(max=len(self._order) - 1)
        longest = np.maximum.accumulate(self.corpus.token_lengths[self._order])
        return [int(longest[index]) for index in last]

    def _references(self, random: np.random.Generator, clips: np.ndarray) -> np.ndarray:
        """For every clip another one of its speaker, or itself where there is no other, int64 [B]."""
        first = self._speaker_offsets[self.corpus.speaker_ids[clips]]
        count = self._speaker_offsets[self.corpus.speaker_ids[clips] + 1] - first
        choice = random.integers(0, count)
        itself = self._by_speaker[first + choice] == clips
        return self._by_speaker[first + np.where(itself, (choice + 1) % count, choice)]

    def _frame_lengths(self, clips: np.ndarray, plan: AugmentationPlan | None) -> np.ndarray:
        """Frames of the clips at the speed they are played, int64 [B]."""
        lengths = self.corpus.frame_lengths[clips]
        if plan is None or not plan.changes_speed:
            return lengths
        return np.maximum(np.round(lengths / plan.speed), 1).astype(np.int64)

    def assemble(
        self,
        clips: np.ndarray,
        starts: np.ndarray,
        references: np.ndarray,
        reference_starts: np.ndarray,
        plan: AugmentationPlan | None = None,
        tokens: int | None = None,
    ) -> TrainingBatch:
        """Batch of given clips and window starts (frames at the speed they are played), changed as the plan says.

        `tokens`: T at least; without it, as many as the longest clip has.
        """
        corpus, clips, references = self.corpus, np.asarray(clips), np.asarray(references)
        token_lengths = corpus.token_lengths[clips]
        text_rows = int((token_lengths > 0).sum())
        if not (token_lengths[:text_rows] > 0).all():
            raise ValueError(f"clips without transcript must come last in a batch, got token counts {token_lengths}")
        lengths, reference_lengths = self._frame_lengths(clips, plan), self._frame_lengths(references, plan)
        whole = np.flatnonzero(
            (np.asarray(starts) == 0)
            & (lengths <= self.window_frames)
            & (token_lengths <= lengths)
            & (token_lengths > 0)
        )
        columns = (
            starts,
            corpus.sample_offsets[clips],
            corpus.sample_offsets[clips + 1],
            lengths,
            reference_starts,
            corpus.sample_offsets[references],
            corpus.sample_offsets[references + 1],
            reference_lengths,
            corpus.token_offsets[clips],
            token_lengths,
            corpus.language_ids[clips],
            corpus.speaker_ids[clips],
            whole,
        )
        columns = self._upload(columns)
        first_token, token_lengths, language_ids, speaker_ids, whole = columns[8:]
        waveform, frame_mask, mel, pitch = self._window(columns[:4], self.window_frames, plan, reference=False)
        _, reference_mask, reference_mel, _ = self._window(columns[4:8], self.reference_frames, plan, reference=True)

        longest = max(int(corpus.token_lengths[clips].max()), tokens or 0)
        if self.length_buckets > 1 or tokens:
            longest = -(-longest // TOKEN_STEP) * TOKEN_STEP
        position = torch.arange(longest, device=self.device)
        token_mask = position < token_lengths[:, None]
        position = (first_token[:, None] + position).clamp(max=len(self.input_ids) - 1)
        durations = self.durations[position].long() * token_mask
        if plan is not None and plan.changes_speed:
            durations = round_durations(durations / torch.from_numpy(plan.speed).to(self.device)[:, None], token_mask)
        return TrainingBatch(
            input_ids=self.input_ids[position].long() * token_mask,
            language_ids=language_ids[:, None] * token_mask,
            durations=durations,
            token_mask=token_mask,
            waveform=waveform,
            mel=mel,
            pitch=pitch,
            frame_mask=frame_mask,
            window_start=columns[0],
            reference_mel=reference_mel,
            reference_mask=reference_mask,
            speaker_ids=speaker_ids,
            whole_rows=whole,
            text_rows=text_rows,
        )

    def _upload(self, columns: tuple[np.ndarray, ...]) -> tuple[Tensor, ...]:
        """Integer arrays as int64 tensors on the device, by a single copy that nobody waits for."""
        joined = torch.from_numpy(np.concatenate([np.asarray(column, dtype=np.int64) for column in columns]))
        if self.device.type == "cuda":
            joined = joined.pin_memory()
        return joined.to(self.device, non_blocking=True).split([len(column) for column in columns])

    def _cut(self, first: Tensor, begin: Tensor, end: Tensor, length: int) -> Tensor:
        """Samples [K, length] from corpus position `first` on; what lies outside [begin, end) is silence."""
        rows = self.samples.unfold(0, length, 1)[first + self.lead]
        position = first[:, None] + torch.arange(length, device=self.device)
        return rows.float() / 32767.0 * ((position >= begin[:, None]) & (position < end[:, None]))

    def _pitch(self, starts: Tensor, begin: Tensor, end: Tensor, frames: Tensor, speed: Tensor | None) -> Tensor:
        """log-F0 [K, N] of `frames` [N] after the window's start, at the speed [K] it is played."""
        frames = starts[:, None] + frames
        if speed is not None:
            frames = ((frames + 0.5) * speed[:, None]).floor().long()
        first, last = begin[:, None] // self.hop, end[:, None] // self.hop - 1
        pitch = self.log_f0[torch.minimum((first + frames).clamp(min=first), last)].float()
        if speed is not None:
            pitch = torch.where(pitch > 0, pitch + speed.log()[:, None].float(), 0.0)
        return pitch

    def _window(self, place: tuple[Tensor, ...], num_frames: int, plan: AugmentationPlan | None, reference: bool):
        """Waveform [B, num_frames * hop], frame mask, log-mel and log-F0 of windows; outside a clip is silence.

        `place`: first frame of the window, first sample and end of the clip in the corpus, frames of the clip; [B] each.
        """
        starts, begin, end, lengths = place
        margin = (self.mel.n_fft - self.hop) // 2
        frames = torch.arange(num_frames, device=self.device)
        frame_mask = frames < (lengths - starts)[:, None]
        samples = self._cut(begin + starts * self.hop - margin, begin, end, num_frames * self.hop + 2 * margin)
        pitch = self._pitch(starts, begin, end, frames, None)
        if plan is not None:
            if len(plan.retimed_rows):
                samples, pitch = self._retime(samples, pitch, place, num_frames, plan)
            speech = frame_mask.sum(dim=1) * self.hop
            degrade = self.augmenter.degrade_reference if reference else self.augmenter.degrade_target
            samples = degrade(samples, speech, plan)
        waveform = samples[:, margin : margin + num_frames * self.hop]
        if plan is not None:
            waveform = waveform * frame_mask.repeat_interleave(self.hop, dim=1)
        mel = self.mel.from_padded(samples)
        return waveform, frame_mask, mel * frame_mask[..., None], pitch * frame_mask

    def _retime(
        self, samples: Tensor, pitch: Tensor, place: tuple[Tensor, ...], num_frames: int, plan: AugmentationPlan
    ) -> tuple[Tensor, Tensor]:
        """Samples and log-F0 of a window with the rows replaced whose speed, pitch or formants change."""
        rows = torch.from_numpy(plan.retimed_rows).to(self.device)
        starts, begin, end, _ = (part[rows] for part in place)
        factors = np.stack([plan.speed, plan.pitch, plan.formant])[:, plan.retimed_rows]
        speed, pitch_factor, formant = torch.from_numpy(factors).to(self.device)
        played = (num_frames + 2 * CONTEXT_FRAMES) * self.hop
        first = (starts - CONTEXT_FRAMES) * self.hop
        source_first = (first * speed).floor().long() - 8
        needed = int(played * factors[0].max()) + 32
        source = self._cut(begin + source_first, begin, end, -(-needed // self.hop) * self.hop)  # a size FFTs like
        positions = (first[:, None] + torch.arange(played, device=self.device)) * speed[:, None]
        changed = read_at(source, positions - source_first[:, None], speed)
        frames = torch.arange(-CONTEXT_FRAMES, num_frames + CONTEXT_FRAMES, device=self.device)
        contour = self._pitch(starts, begin, end, frames, speed)
        if (factors[1:] != 1).any():
            changed = change_voice(changed, contour, pitch_factor, formant, SAMPLING_RATE)
        contour = torch.where(contour > 0, contour + pitch_factor.log()[:, None].float(), 0.0)
        edge = (played - samples.shape[1]) // 2
        changed = limit_peak(changed[:, edge : edge + samples.shape[1]])
        contour = contour[:, CONTEXT_FRAMES : CONTEXT_FRAMES + num_frames]
        return samples.index_copy(0, rows, changed), pitch.index_copy(0, rows, contour)
