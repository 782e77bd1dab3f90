"""Parts of fine-tuning: which weights learn, warm or fresh discriminators, one step, and what comes out of it.

The loop itself is the pre-training step with other numbers. H width of the style vector.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from accelerate import Accelerator
from torch import Tensor, nn

from valetts_hf.modeling.modeling_valetts import ValeTTSForSpeech
from valetts_hf.training.checkpoint_building import Judges, clips_of, speaker_style, voice_entry
from valetts_hf.training.data.batches import TrainingBatch
from valetts_hf.training.data.corpus import PackedCorpus
from valetts_hf.training.finetuning.finetune_recipe import FinetuneRecipe
from valetts_hf.training.finetuning.growth import Growth
from valetts_hf.training.frozen_parts import freeze_parts
from valetts_hf.training.pretrainer import PretrainState, build_state, pretrain_step
from valetts_hf.training.run.sharding import sharded


FINE_TUNED = "fine-tuned on"  # how descriptions of new voices begin


def train_new_rows_only(model: ValeTTSForSpeech, growth: Growth) -> list[nn.Parameter]:
    """Keep the old rows of embeddings that grew; the new ones learn even if the text encoder is frozen.

    Returns:
        The embeddings' weights; take them out of the weight decay, see [`without_decay`].
    """
    encoder, changed = model.model.text_encoder, []
    for table, rows in ((encoder.embed_languages, growth.language_rows), (encoder.embed_tokens, growth.token_rows)):
        weight = table.weight
        mask = torch.zeros(len(weight), 1)
        mask[rows] = 1.0
        weight.requires_grad_(bool(rows))
        if rows:
            weight.register_hook(lambda gradient, mask=mask: gradient * mask.to(gradient))
        changed.append(weight)
    return changed


def without_decay(optimizer: torch.optim.Optimizer, parameters: Sequence[nn.Parameter]) -> None:
    """Move parameters into a group of their own without weight decay: with no gradient, they do not move at all."""
    identities = {id(parameter) for parameter in parameters}
    moved = []
    for group in optimizer.param_groups:
        moved += [parameter for parameter in group["params"] if id(parameter) in identities]
        group["params"] = [parameter for parameter in group["params"] if id(parameter) not in identities]
    if moved:
        settings = {key: value for key, value in optimizer.param_groups[0].items() if key != "params"}
        optimizer.add_param_group({**settings, "params": moved, "weight_decay": 0.0})


def build_finetuning(
    recipe: FinetuneRecipe,
    accelerator: Accelerator,
    model: ValeTTSForSpeech,
    judges: Judges | None,
    growth: Growth | None = None,
) -> PretrainState:
    """The state of a run around a checkpoint.

    Args:
        recipe: its `discriminator` must be the preset of the judges.
        accelerator: of the run.
        model: the checkpoint; for the method "peft" with its adapter attached.
        judges: trained discriminators to start from; None starts with fresh ones.
        growth: what was added to the checkpoint's tables.

    Raises:
        ValueError: a part to freeze that does not exist, nothing is left to train, or a new language under FSDP, whose
            shards would forget which rows learn.
    """
    if growth is not None and sharded(accelerator):
        raise ValueError(
            "a new language needs its tables in one piece on each process: train with DDP instead of FSDP"
        )
    protected: list[nn.Parameter] = []
    if recipe.method == "full":
        freeze_parts(model, recipe.freeze)
        if growth is not None:
            protected = train_new_rows_only(model, growth)
    if not any(parameter.requires_grad for parameter in model.parameters()):
        raise ValueError(f"recipe: freeze {recipe.freeze} leaves nothing to train")
    state = build_state(recipe, accelerator, model)
    if protected:
        without_decay(state.generator_optimizer, protected)
    if judges is not None:
        for name, module in judges.modules().items():
            accelerator.unwrap_model(getattr(state, name)).load_state_dict(module.state_dict())
    return state


def finetune_step(
    state: PretrainState,
    batch: TrainingBatch | Sequence[TrainingBatch],
    recipe: FinetuneRecipe,
    accelerator: Accelerator,
    warm: bool,
) -> dict[str, Tensor]:
    """One step, see `pretrain_step`.

    Args:
        warm: the discriminators had been trained before; fresh ones learn for `judge_warmup` steps before they judge.
    """
    judging = warm or state.step >= recipe.judge_warmup
    return pretrain_step(state, batch, recipe if judging else recipe.without_judgement(), accelerator)


def speakers_of(corpus: PackedCorpus) -> list[str]:
    """Speakers with transcribed training clips, those with most speech first."""
    usable = corpus.transcribed & (np.array(corpus.splits) == "train")
    lengths = np.where(usable, corpus.frame_lengths, 0)
    totals = np.bincount(corpus.speaker_ids, weights=lengths, minlength=len(corpus.speakers))
    return [corpus.speakers[index] for index in np.argsort(-totals, kind="stable") if totals[index]]


def speaker_styles(model: ValeTTSForSpeech, corpus: PackedCorpus, clips: int) -> dict[str, Tensor]:
    """Style [H] of each speaker with transcribed training clips, those with most speech first."""
    return {speaker: speaker_style(model, corpus, speaker, clips) for speaker in speakers_of(corpus)}


def main_language(corpus: PackedCorpus, speaker: str) -> str:
    """The language a speaker has most clips in."""
    own = [corpus.languages[clip] for clip in clips_of(corpus, speaker)]
    return max(sorted(set(own)), key=own.count)


def new_voices(
    styles: dict[str, Tensor], corpus: PackedCorpus, names: dict[str, str] | None = None
) -> tuple[dict[str, dict[str, Any]], dict[str, str]]:
    """Voices of the speakers, and the default voice of each language of the data: its speaker with most speech.

    Args:
        styles: by speaker, those with most speech first.
        corpus: the data.
        names: speaker -> name of the voice, where it is another one.
    """
    voices: dict[str, dict[str, Any]] = {}
    defaults: dict[str, str] = {}
    for speaker, style in styles.items():
        name, language = (names or {}).get(speaker, speaker), main_language(corpus, speaker)
        minutes = corpus.frame_lengths[clips_of(corpus, speaker)].sum() / 93.75 / 60
        voices[name] = voice_entry(style, language, f"{FINE_TUNED} {minutes:.1f} minutes")
        defaults.setdefault(language, name)
    for code in sorted(set(np.array(corpus.languages)[np.array(corpus.splits) == "train"])):
        defaults.setdefault(str(code), next(iter(voices)))
    return voices, defaults
