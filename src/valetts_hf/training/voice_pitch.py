"""A voice keeps its height in every language: a correction of a finished model's prosody predictor.

Recordings show every voice in its own language only, so that the predictor takes part of a voice's height for the
language's: a man of 107 Hz read Arabic at 175 Hz. Here voices read texts of all languages, and what is predicted is moved, as
a whole, to how high their recordings are. The predictor learns these shifts and nothing else: the course of the pitch, the
voicing and the energy stay as they were. G groups of a voice and a language, K texts of each, F frames, H style width.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from valetts_hf.modeling.lengths import expand_tokens, expansion_index, length_mask, position_in_token
from valetts_hf.modeling.mel import LogMelSpectrogram
from valetts_hf.modeling.modeling_valetts import ValeTTSForSpeech
from valetts_hf.modeling.prosody_predictor import ProsodyPrediction, ProsodyPredictor
from valetts_hf.training.data.corpus import PackedCorpus
from valetts_hf.training.losses import masked_l1_loss, masked_mean


REFERENCE_FRAMES = 516  # 5.5 s
FEWEST_VOICED = 50  # frames with a pitch in a reference
TEXT_FRAMES = (60, 330)
REFERENCES = 30  # of each speaker, at most
GROUPS, TEXTS = 8, 4
AT_HOME = 1 / 3  # share of the groups that read the language of their own recording, where all was well before
LEARNING_RATE = 8e-4
KEEP_VOICING, KEEP_ENERGY = 0.2, 0.2  # weights beside the shift
HELD_OUT = 8  # every eighth of the speakers with few references has no part and is measured
SEMITONES = 12 / math.log(2)


@dataclass(frozen=True)
class VoicePitchFit:
    """What was learned. Errors are mean absolute distances of the predicted height from the recorded one, in semitones, over
    voices that had no part (over all, where there are too few to leave some out).

    Args:
        speakers (`int`): how many voices.
        before, after (`float`): in all languages alike.
    """

    speakers: int
    before: float
    after: float


@dataclass(frozen=True)
class _Voices:
    """References: styles [R, H], the median log-F0 of each [R], its speaker's number and its language's code [R]."""

    styles: Tensor
    heights: Tensor
    speakers: np.ndarray
    languages: np.ndarray

    @property
    def counts(self) -> np.ndarray:
        """References [R] of the speaker of each."""
        return np.bincount(self.speakers)[self.speakers]

    @property
    def often(self) -> np.ndarray:
        """Whether the speaker of each [R] has many."""
        return self.counts >= REFERENCES // 2


def keep_voice_pitch(
    model: ValeTTSForSpeech, corpus: PackedCorpus, steps: int = 800, seed: int = 0
) -> VoicePitchFit | None:
    """Train the prosody predictor of a model to keep the height of voices in all languages of a corpus.

    Args:
        model: finished; its prosody predictor is changed in place.
        corpus: with durations; clips without a transcript lend their voices, too.
        steps (`int`): of 32 texts each; about a quarter of a second a step on two CPU cores.
        seed (`int`): of what is drawn.

    Returns:
        [`VoicePitchFit`]; None, and nothing is changed, if no voice has a language to learn, that is, with a single language
        or without references of 0.5 s of voiced speech.
    """
    voices, texts = _references(model, corpus, seed), _texts_by_language(corpus)
    if len(texts) < 2 or len(voices.styles) == 0:
        return None
    rare = np.flatnonzero(~voices.often)
    measured = rare[np.isin(voices.speakers[rare], np.unique(voices.speakers[rare])[HELD_OUT - 1 :: HELD_OUT])]
    learned = np.setdiff1d(np.arange(len(voices.styles)), measured)
    if not len(measured):
        measured = learned
    predictor, taught = model.model.prosody_predictor, copy.deepcopy(model.model.prosody_predictor)
    drawer = _Groups(model, corpus, voices, texts)
    before = drawer.error(taught, measured, seed)
    flags = [parameter.requires_grad for parameter in predictor.parameters()]
    predictor.requires_grad_(True)
    optimizer = torch.optim.AdamW(predictor.parameters(), lr=LEARNING_RATE, betas=(0.9, 0.98), weight_decay=0.0)
    with torch.enable_grad():
        for step in range(steps):
            optimizer.param_groups[0]["lr"] = LEARNING_RATE * 0.5 * (1 + math.cos(math.pi * step / steps))
            loss = drawer.loss(predictor, taught, learned, np.random.default_rng([seed, step]))
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(predictor.parameters(), 1.0)
            optimizer.step()
    for parameter, flag in zip(predictor.parameters(), flags, strict=True):
        parameter.requires_grad_(flag)
        parameter.grad = None
    after = drawer.error(predictor, measured, seed)
    return VoicePitchFit(len(set(voices.speakers.tolist())), before, after)


class _Groups:
    """Draws groups: a voice, a language, and texts of it."""

    def __init__(self, model: ValeTTSForSpeech, corpus: PackedCorpus, voices: _Voices, texts: dict[str, np.ndarray]):
        self.network, self.device = model.model, model.device
        self.corpus, self.voices, self.texts = corpus, voices, texts

    def loss(
        self, predictor: ProsodyPredictor, taught: ProsodyPredictor, learned: np.ndarray, random: np.random.Generator
    ) -> Tensor:
        """How far the predictor is from the one before, moved to the voices' heights."""
        # every speaker alike, but half of the groups are of those who are heard often
        shares, often = 1 / self.voices.counts[learned], self.voices.often[learned]
        weights = shares / np.where(often, shares[often].sum(), shares[~often].sum())
        rows = random.choice(learned, size=GROUPS, p=weights / weights.sum())
        own = self.voices.languages[rows]
        at_home = np.isin(own, list(self.texts)) & (random.random(GROUPS) < AT_HOME)
        languages = np.where(at_home, own, random.choice(sorted(self.texts), size=GROUPS))
        states, styles, mask = self._states(rows, languages, random)
        with torch.no_grad():
            old = taught(states, styles, mask)
            shift = (self.voices.heights[rows].to(self.device) - _heights(old, mask)).repeat_interleave(TEXTS)[:, None]
        new = predictor(states, styles, mask)
        moved = masked_l1_loss(new.log_pitch, old.log_pitch + shift, mask)
        voicing = masked_mean((new.voicing_logit - old.voicing_logit).abs(), mask)
        energy = masked_l1_loss(new.energy, old.energy, mask)
        return moved + KEEP_VOICING * voicing + KEEP_ENERGY * energy

    @torch.no_grad()
    def error(self, predictor: ProsodyPredictor, measured: np.ndarray, seed: int) -> float:
        """Mean absolute distance of heights in semitones, every language equally often."""
        random, errors = np.random.default_rng([seed, 1 << 20]), []
        for language in sorted(self.texts):
            rows = random.choice(measured, size=GROUPS)
            states, styles, mask = self._states(rows, [language] * GROUPS, random)
            height = _heights(predictor(states, styles, mask), mask).cpu()
            errors.append(float((height - self.voices.heights[rows]).abs().mean()) * SEMITONES)
        return float(np.mean(errors))

    @torch.no_grad()
    def _states(
        self, rows: np.ndarray, languages: Sequence[str] | np.ndarray, random: np.random.Generator
    ) -> tuple[Tensor, ...]:
        """Frame states [G * K, F, C], styles [G * K, H] and mask [G * K, F]."""
        clips = np.concatenate([random.choice(self.texts[language], size=TEXTS) for language in languages])
        corpus, pad = self.corpus, nn.utils.rnn.pad_sequence

        def tokens(values: np.ndarray) -> Tensor:
            cut = [values[slice(*corpus.token_offsets[clip : clip + 2])].astype(np.int64) for clip in clips]
            return pad([torch.from_numpy(part) for part in cut], batch_first=True).to(self.device)

        input_ids, durations = tokens(corpus.input_ids), tokens(corpus.durations)
        language_ids = torch.from_numpy(corpus.language_ids[clips].astype(np.int64)).to(self.device)
        styles = self.voices.styles[rows].repeat_interleave(TEXTS, dim=0).to(self.device)
        token_mask = durations > 0
        language_ids = language_ids[:, None].expand_as(input_ids)
        hidden_states = self.network.text_encoder(input_ids, language_ids, styles, token_mask)
        index = expansion_index(durations)
        states = self.network.frame_embedding(expand_tokens(hidden_states, index), position_in_token(durations, index))
        return states, styles, length_mask(durations.sum(dim=1), index.shape[1])


def _heights(prosody: ProsodyPrediction, mask: Tensor) -> Tensor:
    """Median log-F0 of the voiced frames of each group [G]; of all its frames where none is voiced."""

    def median(group: slice) -> Tensor:
        pitch, there = prosody.log_pitch[group], mask[group]
        voiced = there & (prosody.voicing_logit[group] > 0)
        return pitch[voiced if bool(voiced.any()) else there].float().median()

    return torch.stack([median(slice(start, start + TEXTS)) for start in range(0, len(mask), TEXTS)])


@torch.no_grad()
def _references(model: ValeTTSForSpeech, corpus: PackedCorpus, seed: int) -> _Voices:
    """Voices of the train split: the beginning of some clips of every speaker, and of a single clip also the rest."""
    random = np.random.default_rng(seed)
    config = model.config
    mel = LogMelSpectrogram(config.sampling_rate, config.n_fft, config.hop_length, config.num_mel_bands)
    train = np.array(corpus.splits) == "train"
    styles, heights, speakers, languages = [], [], [], []
    for speaker in range(len(corpus.speakers)):
        clips = np.flatnonzero((corpus.speaker_ids == speaker) & train)
        clips = np.sort(random.permutation(clips)[:REFERENCES])
        for clip in clips:
            begin = int(corpus.frame_offsets[clip])
            pieces = range(0, corpus.frame_lengths[clip], REFERENCE_FRAMES)
            for start in pieces if len(clips) == 1 else [0]:
                stop = min(start + REFERENCE_FRAMES, int(corpus.frame_lengths[clip]))
                pitch = corpus.log_f0[begin + start : begin + stop]
                if (pitch > 0).sum() < FEWEST_VOICED:
                    continue
                samples = corpus.waveform(clip)[start * config.hop_length : stop * config.hop_length]
                styles.append(model.encode_style(mel(torch.from_numpy(samples)[None]).to(model.device))[0].cpu())
                heights.append(float(np.median(pitch[pitch > 0])))
                speakers.append(speaker)
                languages.append(corpus.languages[clip])
    stacked = torch.stack(styles) if styles else torch.zeros(0, config.style.hidden_size)
    return _Voices(stacked, torch.tensor(heights), np.array(speakers, dtype=np.int64), np.array(languages))


def _texts_by_language(corpus: PackedCorpus) -> dict[str, np.ndarray]:
    """Transcribed training clips of a few seconds, by language."""
    frames = corpus.frame_lengths
    usable = corpus.transcribed & (np.array(corpus.splits) == "train")
    usable &= (frames >= TEXT_FRAMES[0]) & (frames <= TEXT_FRAMES[1])
    clips = np.flatnonzero(usable)
    languages = np.array([corpus.languages[clip] for clip in clips])
    return {code: clips[languages == code] for code in sorted(set(languages.tolist()))}
