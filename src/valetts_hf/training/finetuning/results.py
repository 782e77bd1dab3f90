"""What fine-tuning leaves behind: numbers before and after, a checkpoint or a voice with its card, and the way to the Hub."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from valetts_hf.modeling.modeling_valetts import ValeTTSForSpeech
from valetts_hf.processing.processing_valetts import ValeTTSProcessor
from valetts_hf.training.checkpoint_building import (
    Judges,
    calibrate_durations,
    checkpoint_facts,
    language_list,
    set_default_styles,
    write_checkpoint,
)
from valetts_hf.training.data.corpus import PackedCorpus
from valetts_hf.training.evaluation.evaluator import Evaluator, held_out_clips
from valetts_hf.training.finetuning.finetune_recipe import FinetuneRecipe
from valetts_hf.training.finetuning.growth import Growth
from valetts_hf.training.finetuning.parts import FINE_TUNED, main_language, new_voices, speaker_styles, speakers_of
from valetts_hf.training.frozen_parts import EVERYTHING
from valetts_hf.training.model_card import markdown_table, render
from valetts_hf.training.run.state_files import write_text
from valetts_hf.voices.fingerprint import checkpoint_fingerprint
from valetts_hf.voices.voice import Voice
from valetts_hf.voices.voice_folder import portable_base


# measured value -> (how it is called in the card, digits, whether less is better)
SHOWN = {
    "wer": ("word error rate", 3, True),
    "cer": ("character error rate", 3, True),
    "phoneme_error_rate": ("phoneme error rate", 3, True),
    "speaker_similarity": ("speaker similarity", 3, False),
    "mel_cepstral_distortion": ("mel-cepstral distortion (dB)", 2, True),
    "copy_mel_distance": ("log-mel distance of copies", 3, True),
    "f0_rmse_cents": ("pitch error (cents)", 0, True),
    "f0_correlation": ("pitch correlation", 3, False),
    "duration_mae_ms": ("duration error of a sound (ms)", 1, True),
    "duration_ratio": ("length / recorded length", 3, None),
}


@dataclass
class Provenance:
    """What the card says beyond measurements.

    Args:
        license (`str`): identifier of the licence of the result.
        base (`str`): folder or Hub id of the checkpoint it started from.
        datasets (`list[str]`): Hub ids of the data, as far as it is there.
        data_note (`str`): where the data comes from, in words.
        consent (`str`): how the speakers agreed.
        repository (`str`): Hub id of the result, or its folder.
    """

    license: str
    base: str
    datasets: list[str] = field(default_factory=list)
    data_note: str = ""
    consent: str = ""
    repository: str = ""


class HeldOutEvaluation:
    """Held-out clips spoken by the speakers' own voices: their mean style, as it will be stored.

    Args:
        corpus: the data, without rehearsal.
        recipe: number of clips.
        judges: callables of [`Evaluator`]: `transcriber`, `embedder`, `recognizer`.
    """

    def __init__(self, corpus: PackedCorpus, recipe: FinetuneRecipe, **judges: Any):
        self.corpus, self.recipe = corpus, recipe
        clips = held_out_clips(corpus, count=recipe.evaluate_clips)
        self.styles: dict[str, Tensor] = {}
        self.evaluator = None
        if clips:
            self.evaluator = Evaluator(corpus, clips, style_of=self._style, **judges)

    def __call__(self, model: ValeTTSForSpeech) -> dict[str, float]:
        """Means over the clips; empty if nothing was held out."""
        if self.evaluator is None:
            return {}
        training = model.training
        model.eval()
        self.styles = speaker_styles(model, self.corpus, self.recipe.clips_per_voice)
        model.train(training)
        return {name: value for name, value in self.evaluator(model).items() if np.isfinite(value)}

    def _style(self, model: ValeTTSForSpeech, clip: int) -> Tensor:
        speaker = self.corpus.speakers[self.corpus.speaker_ids[clip]]
        style = self.styles.get(speaker, next(iter(self.styles.values())))
        return style[None].to(model.device, model.dtype)


def comparison(before: Mapping[str, float], after: Mapping[str, float]) -> list[dict[str, str]]:
    """Rows of the card's table: what both have, in words."""
    rows = []
    for name, (label, digits, less) in SHOWN.items():
        if name in before and name in after:
            better = {True: " (less is better)", False: " (more is better)", None: ""}[less]
            rows.append(
                {
                    "measure": label + better,
                    "before": f"{before[name]:.{digits}f}",
                    "after": f"{after[name]:.{digits}f}",
                }
            )
    return rows


def save_json(path: Path, content: Mapping[str, Any]) -> None:
    """Write a JSON file whole."""
    temporary = path.with_name(f".{path.name}.part")
    write_text(temporary, json.dumps(content, indent=1, ensure_ascii=False) + "\n")
    os.replace(temporary, path)


def set_pace(model: ValeTTSForSpeech, corpus: PackedCorpus, recipe: FinetuneRecipe) -> float:
    """Give the training clips their recorded length on average, see `calibrate_durations`; returns the factor.

    Nothing is changed where the duration predictor has kept its weights, nor beside an adapter, which cannot hold it.
    """
    if recipe.method == "peft" or {EVERYTHING, "duration_predictor"} & set(recipe.freeze):
        return 1.0
    training = model.training
    model.eval()
    factor = calibrate_durations(model, corpus, speaker_styles(model, corpus, recipe.clips_per_voice))
    model.train(training)
    return factor


@torch.no_grad()
def write_finetuned(
    output: Path,
    model: ValeTTSForSpeech,
    processor: ValeTTSProcessor,
    corpus: PackedCorpus,
    recipe: FinetuneRecipe,
    names: Mapping[str, str],
    growth: Growth | None,
    judges: Judges | None,
    card: Callable[[Path], str],
    dtype: torch.dtype = torch.float16,
) -> list[str]:
    """Write the fine-tuned checkpoint: the base's voices and the new ones, which become the defaults of their languages.

    Args:
        output: folder; replaced if it is there.
        model: with the averaged weights, after [`set_pace`].
        processor: of the (grown) base.
        corpus: the data, without rehearsal.
        recipe: of the run.
        names: speaker -> name of the voice, where it is another one.
        growth: what was added to the base.
        judges: the discriminators.
        card: called with the folder, gives the text of its card.
        dtype: of the stored weights.

    Returns:
        Names of the new voices.
    """
    model.eval()
    styles = speaker_styles(model, corpus, recipe.clips_per_voice)
    voices, defaults = new_voices(styles, corpus, dict(names))
    set_default_styles(model, voices, defaults)
    tokenizer = processor.tokenizer
    languages = {main_language(corpus, speaker) for speaker in styles}
    if growth is not None and languages == {growth.language}:
        # Nothing detects a language that was added: texts without a language are taken to be in it.
        tokenizer.language = tokenizer.init_kwargs["language"] = growth.language
    own = ValeTTSProcessor(
        processor.feature_extractor,
        tokenizer,
        voices={**processor.voices, **voices},
        default_voices={**processor.default_voices, **defaults},
    )
    write_checkpoint(
        output, model, own, dtype, judges, finish=lambda folder: write_text(folder / "README.md", card(folder))
    )
    return list(voices)


def card_text(
    template: Path,
    folder: Path,
    corpus: PackedCorpus,
    recipe: FinetuneRecipe,
    steps: int,
    evaluation: Mapping[str, Mapping[str, float]],
    provenance: Provenance,
    growth: Growth | None = None,
) -> str:
    """The card of a fine-tuned checkpoint."""
    facts = checkpoint_facts(folder)
    trained = np.array(corpus.splits) == "train"
    minutes = corpus.frame_lengths[trained].sum() / 93.75 / 60
    languages = sorted({corpus.languages[clip] for clip in np.flatnonzero(trained)})
    speakers = speakers_of(corpus)
    rows = comparison(evaluation.get("before", {}), evaluation.get("after", {}))
    clips = int(evaluation.get("after", {}).get("clips", 0))
    on_hub = bool(provenance.base) and not os.path.isdir(provenance.base)
    sample = next((corpus.texts[clip] for clip in np.flatnonzero(corpus.transcribed)), "Hello.")
    voices = [
        {"voice": name, "language": entry.get("language", ""), "description": entry.get("description", "")}
        for name, entry in facts["voices"].items()
    ]
    voices.sort(key=lambda row: not row["description"].startswith(FINE_TUNED))
    data = f"{minutes:.1f} minutes, {int(trained.sum())} clips, {len(speakers)} speaker{'s' * (len(speakers) > 1)}."
    told = provenance.data_note.strip()
    return render(
        template,
        {
            "license": provenance.license,
            "base_model": provenance.base if on_hub else "",
            "base_description": f"`{provenance.base}`" if on_hub else "the ValeTTS base checkpoint",
            "languages": language_list(languages),
            "datasets": provenance.datasets,
            "title": provenance.repository.rpartition("/")[2] or f"ValeTTS, voice {voices[0]['voice']}",
            "repository": provenance.repository or "path/to/this/folder",
            "sample_text": json.dumps(sample, ensure_ascii=False),
            "sample_language": "" if growth is None else f', language="{growth.language}"',
            "data_note": f"{told.rstrip('.')}. {data}" if told else data,
            "growth_note": "" if growth is None else _growth_note(growth),
            "evaluation_note": (
                f"{clips} clips that were held out of this training were spoken with the same voice by the base (before) and "
                "by this model (after), and compared with their recordings."
                if rows
                else "Nothing was measured: no clip had been held out."
            ),
            "evaluation_table": markdown_table(rows) if rows else "",
            "training_note": (
                f"{steps} steps of {recipe.batch_size} windows of {recipe.window_frames / 93.75:.1f} s, learning rate "
                f"{recipe.learning_rate:g}, frozen: {', '.join(recipe.freeze) or 'nothing'}, seed {recipe.seed}."
            ),
            "voices_table": markdown_table(voices),
            "consent_note": provenance.consent or "No statement of the speakers' consent was recorded.",
        },
    )


def _growth_note(growth: Growth) -> str:
    symbols = ", ".join(f"`{new}`" + (f" (from `{old}`)" if old else "") for new, old in growth.symbols.items())
    note = f"The language `{growth.language}` was added to the base, starting from `{growth.nearest}`"
    return f"{note}, with the new symbols {symbols}." if symbols else f"{note}."


def finetuned_voice(
    model: ValeTTSForSpeech,
    base: ValeTTSForSpeech,
    adapter: tuple,
    corpus: PackedCorpus,
    recipe: FinetuneRecipe,
    names: Mapping[str, str],
    base_name: str,
    provenance: Provenance,
) -> Voice:
    """The adapter as a voice: that of the speaker with most speech.

    Args:
        model: with the averaged adapter attached.
        base: without it, as it is published; the voice belongs to it.
        adapter: PEFT configuration and weights.
        corpus: the data.
        recipe: of the run.
        names: speaker -> name of the voice, where it is another one.
        base_name: folder or Hub id of the base.
        provenance: licence, source and consent.
    """
    model.eval()
    speaker, style = next(iter(speaker_styles(model, corpus, recipe.clips_per_voice).items()))
    return Voice(
        name=names.get(speaker, speaker),
        style=style,
        checkpoint=checkpoint_fingerprint(base),
        language=main_language(corpus, speaker),
        base_model_name_or_path=portable_base(base_name),
        consent=provenance.consent or None,
        source=provenance.data_note or None,
        adapter=adapter,
        metadata={"license": provenance.license, "datasets": provenance.datasets},
    )


def push_folder(folder: Path, repository: str, private: bool | None = None) -> str:
    """Upload a checkpoint folder in one commit.

    Returns:
        `str`: the address of the commit.
    """
    from huggingface_hub import HfApi

    api = HfApi()
    repository = api.create_repo(repository, private=private, exist_ok=True).repo_id
    commit = api.upload_folder(repo_id=repository, folder_path=folder, commit_message="Fine-tuned with ValeTTS")
    return str(commit.commit_url)
