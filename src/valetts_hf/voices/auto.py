"""What transformers' Auto classes and `pipeline(model=<voice>)` meet in a voice's folder: signposts to its base.

The three small JSON files of a voice name these classes. None of them is ever instantiated: their `from_pretrained`
returns the real model, processor or tokenizer of the base, made ready to speak with the voice by default.
"""

from __future__ import annotations

from typing import Any

import torch
from huggingface_hub.dataclasses import strict
from transformers import PreTrainedConfig

from valetts_hf.modeling.modeling_valetts import ValeTTSForSpeech
from valetts_hf.processing.processing_valetts import ValeTTSProcessor
from valetts_hf.processing.tokenization_valetts import ValeTTSTokenizer
from valetts_hf.voices.errors import VoiceFileError, one_line
from valetts_hf.voices.voice import Voice, style_for
from valetts_hf.voices.voice_folder import MODEL_TYPE, load_voice, resolve_base


_OF_THE_HUB = ("token", "cache_dir", "local_files_only", "force_download")


@strict
class ValeTTSVoiceConfig(PreTrainedConfig):
    r"""
    The `config.json` of a voice.

    Args:
        base_model_name_or_path (`str`, *optional*): the checkpoint the voice was made for; "valetts/base" (also for None)
            is the one that comes with the package.
    """

    model_type = MODEL_TYPE

    base_model_name_or_path: str | None = None


class ValeTTSVoiceModel:
    """Signpost to [`ValeTTSForSpeech`]: the base with the adapter in force and the style as its default."""

    config_class = ValeTTSVoiceConfig

    @classmethod
    def from_pretrained(cls, source: Any, *args: Any, config: Any = None, **kwargs: Any) -> ValeTTSForSpeech:
        """Arguments of `PreTrainedModel.from_pretrained`; `revision` is the voice's. Errors as [`Voice.from_pretrained`],
        `VoiceMismatchError` if the base is another checkpoint by now."""
        voice = _voice(source, kwargs)
        for name in (
            "adapter_kwargs",
            "_from_auto",
            "_from_pipeline",
            "trust_remote_code",
            "code_revision",
            "revision",
        ):
            kwargs.pop(name, None)
        model = _of_base(ValeTTSForSpeech, voice, kwargs)
        style = torch.from_numpy(style_for(voice, model))
        if voice.adapter is not None:
            from valetts_hf.voices.adapters import load_voice_adapter, set_active

            set_active(model, load_voice_adapter(model, voice))
        model.model.default_styles.copy_(style.expand_as(model.model.default_styles))
        model.default_voice = voice
        return model


class ValeTTSVoiceProcessor(ValeTTSProcessor):
    """Signpost to [`ValeTTSProcessor`]: the base's, with the voice as the default of every language."""

    @classmethod
    def from_pretrained(cls, source: Any, **kwargs: Any) -> ValeTTSProcessor:
        voice = _voice(source, kwargs)
        processor = _of_base(ValeTTSProcessor, voice, _hub_options(kwargs))
        entry = {"language": voice.language, "description": voice.source or "", "style": voice.style.tolist()}
        voices = {**processor.voices, voice.name: entry}
        defaults = dict.fromkeys(processor.default_voices or [voice.language or "en-us"], voice.name)
        return ValeTTSProcessor(processor.feature_extractor, processor.tokenizer, voices, defaults)


class ValeTTSVoiceTokenizer(ValeTTSTokenizer):
    """Signpost to [`ValeTTSTokenizer`] of the base."""

    @classmethod
    def from_pretrained(cls, source: Any, *args: Any, **kwargs: Any) -> ValeTTSTokenizer:
        return _of_base(ValeTTSTokenizer, _voice(source, kwargs), _hub_options(kwargs))


def _voice(source: Any, kwargs: dict[str, Any]) -> Voice:
    options = _hub_options(kwargs)
    return load_voice(source, **options, **({"revision": kwargs["revision"]} if kwargs.get("revision") else {}))


def _hub_options(kwargs: dict[str, Any]) -> dict[str, Any]:
    return {name: kwargs[name] for name in _OF_THE_HUB if kwargs.get(name) is not None}


def _of_base(kind: Any, voice: Voice, options: dict[str, Any]) -> Any:
    base = resolve_base(voice.base_model_name_or_path)
    try:
        return kind.from_pretrained(base, **options)
    except (OSError, ValueError) as error:
        raise VoiceFileError(
            f"the base {base!r} of voice {voice.name!r} cannot be loaded: {one_line(error)} Fetch that checkpoint, or put "
            "the voice's base_model_name_or_path right in voice.json."
        ) from error
