"""What the sketch networks learn from: recorded contours beside what the frozen base predicts for the same words.

The base is run once over the corpus, with the recorded durations and the style of another recording of the speaker (at
inference a voice is never that of the very sentence); what it gives is kept in one memory-mapped file.
N clips, T tokens, F frames, C channels of the hidden states, H width of the style.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from valetts_hf.modeling.lengths import expand_tokens, expansion_index, length_mask, position_in_token
from valetts_hf.modeling.mel import LogMelSpectrogram, frame_energy
from valetts_hf.modeling.modeling_valetts import ValeTTSForSpeech
from valetts_hf.modeling.sketch_curves import fill_gaps
from valetts_hf.training.data.corpus import PackedCorpus, offsets_of
from valetts_hf.training.data.feature_cache import digest
from valetts_hf.training.data.tensor_files import map_tensors, read_header, write_tensors
from valetts_hf.training.sketch.settings import SketchSettings
from valetts_hf.voices.fingerprint import checkpoint_fingerprint


_VERSION = "2"
_REFERENCE_FRAMES = (280, 940)  # 3 to 10 s


@dataclass
class ContourBatch:
    """Padded clips.

    Args:
        frame_states (`Tensor` [B, F, C]), style (`Tensor` [B, H]): of the base.
        base (`Tensor` [B, F, 2]), base_voiced (`Tensor` [B, F], bool): log-F0, log energy and voicing it predicts.
        target (`Tensor` [B, F, 2]): recorded, log-F0 continued where unvoiced. voiced (`Tensor` [B, F], bool): recorded.
        durations (`Tensor` [B, T]), index (`Tensor` [B, F]), mask (`Tensor` [B, F], bool), token_mask (`Tensor` [B, T], bool).
    """

    frame_states: Tensor
    style: Tensor
    base: Tensor
    base_voiced: Tensor
    target: Tensor
    voiced: Tensor
    durations: Tensor
    index: Tensor
    mask: Tensor
    token_mask: Tensor


class ContourSet:
    """Clips of a corpus as the sketch networks see them.

    Args:
        model (`ValeTTSForSpeech`): the frozen base, in evaluation mode.
        corpus ([`PackedCorpus`]): with durations.
        clips (sequence of `int`): transcribed clips.
        arrays (`dict`): what `compute` gave for these clips.
    """

    def __init__(self, model: ValeTTSForSpeech, corpus: PackedCorpus, clips: Sequence[int], arrays: dict):
        self.model, self.corpus, self.clips, self.arrays = model.model, corpus, np.asarray(clips), arrays
        self.base = checkpoint_fingerprint(model)
        self.token_offsets = offsets_of(corpus.token_lengths[self.clips])
        self.frame_offsets = offsets_of(corpus.frame_lengths[self.clips])

    def __len__(self) -> int:
        return len(self.clips)

    @classmethod
    def open(
        cls,
        path: str | os.PathLike,
        model: ValeTTSForSpeech,
        corpus: PackedCorpus,
        clips: Sequence[int],
        seed: int = 0,
        progress: Callable[[int, int], None] | None = None,
    ) -> ContourSet:
        """Contours from the file at `path` if it was made of the same base, corpus and clips; else they are computed into it.

        Raises:
            ValueError: no clips.
        """
        clips = [int(clip) for clip in clips]
        if not clips:
            raise ValueError("there are no transcribed clips to learn contours from: check the corpus and min_seconds")
        key = {
            "version": _VERSION,
            "base": checkpoint_fingerprint(model),
            "corpus": str(corpus.notes.get("fingerprint", len(corpus.waveforms))),
            "clips": digest(seed, clips),
        }
        path = Path(path)
        if not path.is_file() or read_header(path)[0].get("__metadata__") != key:
            path.parent.mkdir(parents=True, exist_ok=True)
            unfinished = path.with_name(f".{path.name}.{os.getpid()}")
            try:
                write_tensors(unfinished, compute(model, corpus, clips, seed, progress), key)
                os.replace(unfinished, path)
            finally:
                unfinished.unlink(missing_ok=True)
        return cls(model, corpus, clips, map_tensors(path))

    def batch(self, numbers: Sequence[int]) -> ContourBatch:
        """Some clips (positions in `clips`), padded to the longest."""
        rows = [self._row(int(number)) for number in numbers]
        padded = {
            name: torch.nn.utils.rnn.pad_sequence([torch.from_numpy(row[name]) for row in rows], batch_first=True)
            for name in rows[0]
        }
        durations = padded["durations"]
        index = expansion_index(durations)
        mask = length_mask(durations.sum(dim=1), index.shape[1])
        with torch.no_grad():
            expanded = expand_tokens(padded["hidden"].float(), index)
            frame_states = self.model.frame_embedding(expanded, position_in_token(durations, index))
        voiced = (padded["log_f0"] > 0) & mask
        pitch = fill_gaps(padded["log_f0"], voiced)[0]
        lengths = torch.tensor([len(row["durations"]) for row in rows])
        return ContourBatch(
            frame_states=frame_states,
            style=torch.from_numpy(self.arrays["styles"][np.asarray(numbers)]).float(),
            base=padded["base"][..., :2].float(),
            base_voiced=(padded["base"][..., 2] > 0) & mask,
            target=torch.stack([pitch, padded["energy"]], dim=-1),
            voiced=voiced,
            durations=durations,
            index=index,
            mask=mask,
            token_mask=length_mask(lengths, durations.shape[1]),
        )

    def _row(self, number: int) -> dict[str, np.ndarray]:
        clip = self.clips[number]
        own_tokens = slice(*self.token_offsets[number : number + 2])
        own_frames = slice(*self.frame_offsets[number : number + 2])
        tokens = slice(*self.corpus.token_offsets[clip : clip + 2])
        frames = slice(*self.corpus.frame_offsets[clip : clip + 2])
        return {
            "hidden": np.array(self.arrays["hidden"][own_tokens]),
            "base": np.array(self.arrays["base"][own_frames]),
            "durations": self.corpus.durations[tokens].astype(np.int64),
            "log_f0": np.array(self.corpus.log_f0[frames]),
            "energy": np.array(self.arrays["energy"][own_frames]),
        }


def usable_clips(corpus: PackedCorpus, split: str, settings: SketchSettings) -> list[int]:
    """Transcribed clips of a split with durations and some voiced frames, of the lengths and the number in the settings."""
    seconds = corpus.frame_lengths * (256 / 24_000)
    wanted = corpus.transcribed & (np.array(corpus.splits) == split)
    wanted &= (seconds >= settings.min_seconds) & (seconds <= settings.max_seconds)
    kept: list[int] = []
    for clip in np.random.default_rng(settings.seed).permutation(np.flatnonzero(wanted)):
        tokens = slice(*corpus.token_offsets[clip : clip + 2])
        frames = slice(*corpus.frame_offsets[clip : clip + 2])
        timed = corpus.durations[tokens].sum() == corpus.frame_lengths[clip]
        if timed and (corpus.log_f0[frames] > 0).sum() >= 10:
            kept.append(int(clip))
        if len(kept) == settings.max_clips:
            break
    return sorted(kept)


@torch.inference_mode()
def compute(
    model: ValeTTSForSpeech,
    corpus: PackedCorpus,
    clips: Sequence[int],
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> dict[str, np.ndarray]:
    """Run the base over clips.

    Returns:
        `dict`: `hidden` float16 [sum T, C], `base` float32 [sum F, 3] (log-F0, log energy, voicing logit), `energy` float32
        [sum F] (recorded, as the base knows it: of the spectrogram) and `styles` float32 [N, H].
    """
    config, network = model.config, model.model
    mel = LogMelSpectrogram(config.sampling_rate, config.n_fft, config.hop_length, config.num_mel_bands)
    styles = _styles(model, mel, corpus, clips, seed)
    hidden, base, energy = [], [], []
    for number, clip in enumerate(clips):
        tokens = slice(*corpus.token_offsets[clip : clip + 2])
        input_ids = torch.from_numpy(corpus.input_ids[tokens].astype(np.int64))[None]
        languages = torch.full_like(input_ids, int(corpus.language_ids[clip]))
        durations = torch.from_numpy(corpus.durations[tokens].astype(np.int64))[None]
        style = torch.from_numpy(styles[number])[None]
        states = network.text_encoder(input_ids, languages, style, torch.ones_like(input_ids, dtype=torch.bool))
        index = expansion_index(durations)
        frames = network.frame_embedding(expand_tokens(states, index), position_in_token(durations, index))
        found = network.prosody_predictor(frames, style, torch.ones_like(index, dtype=torch.bool))
        hidden.append(states[0].half().numpy())
        energy.append(frame_energy(mel(torch.from_numpy(corpus.waveform(clip))[None]))[0].numpy())
        base.append(torch.stack([found.log_pitch, found.energy, found.voicing_logit], dim=-1)[0].numpy())
        if progress is not None:
            progress(number + 1, len(clips))
    arrays = {"hidden": hidden, "base": base, "energy": energy}
    return {name: np.concatenate(parts) for name, parts in arrays.items()} | {"styles": styles}


def _styles(
    model: ValeTTSForSpeech, mel: LogMelSpectrogram, corpus: PackedCorpus, clips: Sequence[int], seed: int
) -> np.ndarray:
    """Style [N, H] of another training recording of each clip's speaker, of 3 to 10 s if there is one."""
    random = np.random.default_rng(seed)
    lengths, train = corpus.frame_lengths, np.array(corpus.splits) == "train"
    fitting = train & (lengths >= _REFERENCE_FRAMES[0]) & (lengths <= _REFERENCE_FRAMES[1])
    references: dict[int, np.ndarray] = {}
    for speaker in np.unique(corpus.speaker_ids[list(clips)]):
        own = corpus.speaker_ids == speaker
        chosen = np.flatnonzero(own & fitting)
        references[int(speaker)] = chosen if len(chosen) > 1 else np.flatnonzero(own)
    known: dict[int, np.ndarray] = {}
    styles = []
    for clip in clips:
        candidates = references[int(corpus.speaker_ids[clip])]
        # a few references a speaker are enough variety, and each is encoded once
        pool = candidates[np.linspace(0, len(candidates) - 1, min(40, len(candidates))).astype(int)]
        others = pool[pool != clip]
        reference = int(random.choice(others if len(others) else pool))
        if reference not in known:
            waveform = torch.from_numpy(corpus.waveform(reference))[None]
            known[reference] = model.encode_style(mel(waveform))[0].float().numpy()
        styles.append(known[reference])
    return np.stack(styles)
