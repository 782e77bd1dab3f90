"""Where an adaptation starts: the adapter of a voice, of a folder, or a meta-trained start with all that belongs to it.

Meta-training (MAML, arXiv 1703.03400; learned rates as in MAML++, arXiv 1810.09502) finds an adapter, an offset to the style
of a speaker and learning rates for gradient descent; they were learned together and are used together. H style width.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from torch import Tensor

from valetts_hf.modeling.modeling_valetts import ValeTTSForSpeech
from valetts_hf.training.meta.learning_rates import InnerLearningRates
from valetts_hf.voices.adapters import read_adapter
from valetts_hf.voices.voice import Voice, style_for


if TYPE_CHECKING:
    from peft import PeftConfig


_OF_ADAPTER = re.compile(r"(\.(?:lora|hada|ia3)_\w+)\.[^.]+(?=\.|$)")


@dataclass(frozen=True)
class Start:
    """What the first step finds.

    Args:
        config (`PeftConfig`), weights (mapping): of the adapter.
        style_offset (`Tensor` [H], *optional*): is added to the mean style of the clips.
        rates ([`InnerLearningRates`], *optional*): of gradient descent, by names as in meta-training; with them adaptation takes
            such steps instead of AdamW's.
    """

    config: PeftConfig
    weights: Mapping[str, Tensor]
    style_offset: Tensor | None = None
    rates: InnerLearningRates | None = None

    def rates_at(self, step: int, names: Sequence[str]) -> list[float]:
        """Learned rates of a step; 0 for what meta-training did not move in the inner loop.

        Args:
            step (`int`): from 0; those beyond the last that was learned are like it.
            names (sequence of `str`): "style", or names of an adapter's parameters in the model.
        """
        from valetts_hf.training.meta.meta_objective import STYLE_OFFSET

        found = {} if self.rates is None else self.rates(step)
        rates = {_unnamed(name.removeprefix("generator.model.")): float(rate.detach()) for name, rate in found.items()}
        rates["style"] = rates.pop(STYLE_OFFSET, 0.0)
        return [rates.get(_unnamed(name), 0.0) for name in names]


def _unnamed(name: str) -> str:
    """The name of a parameter without that of its adapter."""
    return _OF_ADAPTER.sub(r"\1", name)


def read_start(start: Voice | str | os.PathLike | None, model: ValeTTSForSpeech) -> Start | None:
    """The start that `adapt_voice` was given.

    Args:
        start: a voice of this checkpoint, the folder of an adapter, or the result of meta-training.
        model (`ValeTTSForSpeech`): to be adapted.

    Returns:
        [`Start`], or None where there is no adapter to start from.

    Raises:
        `AdapterError`: no adapter there. `VoiceMismatchError`: a voice of another checkpoint. `ValueError`: a damaged result of
            meta-training, or one for another size of styles.
    """
    if start is None:
        return None
    if isinstance(start, Voice):
        if start.adapter is None:
            return None
        style_for(start, model)  # refuses a voice of another checkpoint
        return Start(*(start.adapter if isinstance(start.adapter, tuple) else read_adapter(start.adapter)))
    from valetts_hf.training.meta.meta_training import META_FILE, read_meta_facts

    folder = Path(start).expanduser()
    adapter = read_adapter(folder)
    if not (folder / META_FILE).is_file():
        return Start(*adapter)
    offset, rates = read_meta_facts(folder)
    size = model.config.style.hidden_size
    if offset.shape != (size,):
        raise ValueError(
            f"the meta-trained start {str(folder)!r} has a style offset of {tuple(offset.shape)}, this model needs ({size},): "
            "meta-train again with this model."
        )
    return Start(*adapter, style_offset=offset, rates=rates)
