"""Training and judging the phoneme recogniser on the recordings of a packed corpus.

The loss is connectionist temporal classification (Graves et al. 2006) plus, with a head of its own, the cross entropy of
the corpus's frame alignment, from which the network learns the sounds in a few minutes.
B batch, F mel frames, G = ceil(F / 2) output frames, M mel bands, P phones, U phones of an utterance, N clips.
"""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from valetts_hf.processing.symbols import SYMBOLS
from valetts_hf.training.data.corpus import PackedCorpus
from valetts_hf.training.evaluation.phoneme_recognizer import PhonemeRecognizer, PhonemeRecognizerConfig
from valetts_hf.training.metrics.phonemes import fold_tokens, phones_of_ids
from valetts_hf.training.setting_checks import check_ranges


@dataclass(frozen=True)
class PhonemeTrainingRecipe:
    """
    Args:
        max_steps (`int`): batches.
        max_minutes (`float`): the schedule ends here at the latest; greater than 0.
        batch_frames (`int`): mel frames of a batch, padding included.
        learning_rate (`float`): highest; linear warm-up over 5 % of the run, cosine to 0.
        alignment_weight (`float`): of the frame cross entropy beside the CTC loss (both per output frame).
        minutes_exponent (`float`): a language is drawn in proportion to its minutes to this power, but no clip more than
            `max_repetition` times as often as in proportion.
        max_repetition (`float`): see there.
        warp (`float`): the frequency axis is stretched by up to this share, up or down (another vocal tract).
        masked_bands, masked_frames (`int`): widest stripes set to the mean (Park et al., SpecAugment, arXiv:1904.08779).
        min_phone_count (`int`): rarer phones are no class; they always count as errors.
        bfloat16 (`bool`): compute in bfloat16 where the operations allow.
        seed (`int`).
    """

    max_steps: int = 4000
    max_minutes: float = math.inf
    batch_frames: int = 4000
    learning_rate: float = 2e-3
    alignment_weight: float = 1.0
    minutes_exponent: float = 0.6
    max_repetition: float = 6.0
    warp: float = 0.1
    masked_bands: int = 10
    masked_frames: int = 10
    min_phone_count: int = 50
    bfloat16: bool = True
    seed: int = 0

    def __post_init__(self) -> None:
        check_ranges(
            self, "recogniser", {"greater than 0": ("max_minutes", "learning_rate"), "at least 1": ("max_steps",)}
        )


@dataclass
class PhonemeExamples:
    """
    Clips in memory, ready for training.

    Args:
        features (`list[Tensor]` of length N): half precision `(F, M)` each.
        labels (`list[Tensor]` of length N): frame labels `(G,)` each, class numbers, 0 = no phone, -100 = unknown.
        targets (`list[Tensor]` of length N): class numbers `(U,)` of the phones.
        language_ids (`np.ndarray` of shape `(N,)`).
    """

    features: list[Tensor]
    labels: list[Tensor]
    targets: list[Tensor]
    language_ids: np.ndarray


def training_clips(corpus: PackedCorpus, split: str = "train") -> np.ndarray:
    """Indices of the transcribed clips of a split."""
    chosen = np.flatnonzero(corpus.transcribed & (np.array(corpus.splits) == split))
    if not len(chosen):
        raise ValueError(f"the corpus has no transcribed clip in its {split} split")
    return chosen


def config_of_corpus(corpus: PackedCorpus, clips: Sequence[int], min_phone_count: int) -> PhonemeRecognizerConfig:
    """A configuration with the phones and languages of the given clips.

    Raises:
        ValueError: no phone is frequent enough.
    """
    counts: Counter[str] = Counter()
    for clip in clips:
        counts.update(phones_of_ids(corpus.input_ids[slice(*corpus.token_offsets[clip : clip + 2])]))
    phones = sorted(phone for phone, count in counts.items() if count >= min_phone_count)
    if not phones:
        raise ValueError(f"no phone occurs {min_phone_count} times in {len(clips)} clips: lower min_phone_count")
    return PhonemeRecognizerConfig(tuple(phones), tuple(sorted({corpus.languages[clip] for clip in clips})))


@torch.inference_mode()
def load_examples(model: PhonemeRecognizer, corpus: PackedCorpus, clips: Sequence[int]) -> PhonemeExamples:
    """Features and targets of clips; durations must be attached for the frame labels (else they are all unknown)."""
    classes = {phone: number + 1 for number, phone in enumerate(model.config.phones)}
    examples = PhonemeExamples([], [], [], np.zeros(len(clips), dtype=np.int64))
    for row, clip in enumerate(clips):
        tokens = slice(*corpus.token_offsets[clip : clip + 2])
        phones = fold_tokens([SYMBOLS[int(i)] for i in corpus.input_ids[tokens]])
        numbers = np.array([0 if phone is None else classes.get(phone, -100) for phone in phones])
        frames = int(corpus.frame_lengths[clip])
        durations = corpus.durations[tokens]
        labels = np.repeat(numbers, durations) if durations.sum() == frames else np.full(frames, -100)
        targets = [classes[phone] for phone in phones_of_ids(corpus.input_ids[tokens]) if phone in classes]
        examples.features.append(model.features(torch.from_numpy(corpus.waveform(clip))[None])[0].half())
        examples.labels.append(torch.from_numpy(labels[::2].copy()))
        examples.targets.append(torch.tensor(targets, dtype=torch.long))
        examples.language_ids[row] = model.config.languages.index(corpus.languages[clip])
    return examples


def sampling_weights(examples: PhonemeExamples, exponent: float, max_repetition: float) -> np.ndarray:
    """Probability of each clip, float64 `(N,)`, so that languages are drawn by `minutes ** exponent`."""
    frames = np.array([len(features) for features in examples.features], dtype=np.float64)
    totals = np.bincount(examples.language_ids, weights=frames)
    factors = np.where(totals > 0, np.maximum(totals, 1.0) ** (exponent - 1.0), 0.0)
    factors = np.minimum(factors, max_repetition * factors[totals > 0].min())
    weights = factors[examples.language_ids]
    return weights / weights.sum()


def batches(examples: PhonemeExamples, recipe: PhonemeTrainingRecipe) -> Iterator[np.ndarray]:
    """Rows of one batch after the other, without end: clips of like length, `batch_frames` frames in all."""
    random = np.random.default_rng(recipe.seed)
    weights = sampling_weights(examples, recipe.minutes_exponent, recipe.max_repetition)
    lengths = np.array([len(features) for features in examples.features])
    pool = 16 * max(1, int(recipe.batch_frames / lengths.mean()))
    while True:
        drawn = random.choice(len(weights), size=pool, p=weights)
        drawn = drawn[np.argsort(lengths[drawn], kind="stable")]
        groups, start = [], 0
        while start < len(drawn):
            stop = start + 1
            while stop < len(drawn) and lengths[drawn[stop]] * (stop + 1 - start) <= recipe.batch_frames:
                stop += 1
            groups.append(drawn[start:stop])
            start = stop
        for number in random.permutation(len(groups)):
            yield groups[number]


def augment(features: Tensor, recipe: PhonemeTrainingRecipe, generator: torch.Generator) -> Tensor:
    """Stretch the frequency axis and mask stripes of `(B, F, M)`; every row by itself."""
    batch, frames, bands = features.shape
    scale = 1.0 + recipe.warp * (2.0 * torch.rand(batch, 1, generator=generator) - 1.0)
    position = (torch.arange(bands)[None] * scale).clamp(max=bands - 1.0)
    lower = position.floor().long()
    share = (position - lower)[:, None]
    left = lower[:, None].expand(-1, frames, -1)
    right = (lower + 1).clamp(max=bands - 1)[:, None].expand(-1, frames, -1)
    warped = features.gather(2, left) * (1.0 - share) + features.gather(2, right) * share
    for axis, (size, widest) in {2: (bands, recipe.masked_bands), 1: (frames, recipe.masked_frames)}.items():
        width = torch.rand(batch, 1, generator=generator) * widest
        start = torch.rand(batch, 1, generator=generator) * (size - width).clamp(min=0.0)
        index = torch.arange(size)[None]
        stripe = (index >= start) & (index < start + width)
        warped = warped.masked_fill(stripe[:, None] if axis == 2 else stripe[..., None], 0.0)
    return warped


def losses(
    model: PhonemeRecognizer, examples: PhonemeExamples, rows: np.ndarray, recipe: PhonemeTrainingRecipe, step: int
) -> tuple[Tensor, Tensor]:
    """CTC loss per phone and frame cross entropy (scalars) of a batch."""
    generator = torch.Generator().manual_seed(recipe.seed * 1_000_003 + step)
    lengths = torch.tensor([len(examples.features[row]) for row in rows])
    padded = torch.nn.utils.rnn.pad_sequence([examples.features[row].float() for row in rows], batch_first=True)
    padded = augment(padded, recipe, generator)
    padded = padded * (torch.arange(padded.shape[1]) < lengths[:, None])[..., None]
    labels = torch.nn.utils.rnn.pad_sequence(
        [examples.labels[row] for row in rows], batch_first=True, padding_value=-100
    )
    targets = [examples.targets[row] for row in rows]
    target_lengths = torch.tensor([len(target) for target in targets])
    with torch.autocast("cpu", torch.bfloat16, enabled=recipe.bfloat16):
        states, lengths = model.hidden_states(padded, lengths, torch.from_numpy(examples.language_ids[rows]))
        logits, frame_logits = model.head(states), model.frame_head(states)
    log_probabilities = logits.float().log_softmax(-1).transpose(0, 1)
    ctc = functional.ctc_loss(
        log_probabilities, torch.cat(targets), lengths, target_lengths, reduction="sum", zero_infinity=True
    )
    frame = functional.cross_entropy(frame_logits.float().flatten(0, 1), labels.flatten(), ignore_index=-100)
    return ctc / target_lengths.sum().clamp(min=1), torch.nan_to_num(frame)


def train_phoneme_recognizer(
    model: PhonemeRecognizer,
    examples: PhonemeExamples,
    recipe: PhonemeTrainingRecipe,
    report: Callable[[int, dict[str, float]], None] | None = None,
    report_every: int = 100,
) -> int:
    """
    Train in place on the CPU.

    Args:
        model: a new one, or one to train further.
        examples: of `load_examples`, human recordings only.
        recipe: settings.
        report (*optional*): called as `report(step, {"ctc": ..., "frame": ..., "minutes": ...})` with running means.
        report_every (`int`): steps between the calls.

    Returns:
        `int`: number of steps done.
    """
    optimizer = torch.optim.AdamW(model.parameters(), lr=recipe.learning_rate, betas=(0.9, 0.98), weight_decay=1e-2)
    torch.manual_seed(recipe.seed)  # dropout
    model.train()
    started, sums, step = time.monotonic(), np.zeros(2), 0
    for step, rows in enumerate(batches(examples, recipe), start=1):
        minutes = (time.monotonic() - started) / 60.0
        progress = min(1.0, max(step / recipe.max_steps, minutes / recipe.max_minutes))
        factor = progress / 0.05 if progress < 0.05 else 0.5 * (1 + math.cos(math.pi * (progress - 0.05) / 0.95))
        for group in optimizer.param_groups:
            group["lr"] = recipe.learning_rate * factor
        ctc, frame = losses(model, examples, rows, recipe, step)
        optimizer.zero_grad()
        (ctc + recipe.alignment_weight * frame).backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        sums += [float(ctc.detach()), float(frame.detach())]
        if report is not None and step % report_every == 0:
            report(step, {"ctc": sums[0] / report_every, "frame": sums[1] / report_every, "minutes": minutes})
            sums[:] = 0.0
        if progress >= 1.0:
            break
    model.eval()
    return step
