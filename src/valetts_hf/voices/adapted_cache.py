"""Adapted voices in the cache: the same recordings, adapted once more in the same way, cost nothing.

An entry holds the style vector, the adapter and what else the voice knows, but neither its name nor whose consent was given:
those are stated anew each time.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import asdict, is_dataclass
from pathlib import Path
from typing import Any

from valetts_hf.version import __version__
from valetts_hf.voices.cache import VoiceCache, cache_key
from valetts_hf.voices.enrolment import check_consent, content_hash, list_clips
from valetts_hf.voices.errors import VoiceError
from valetts_hf.voices.fingerprint import checkpoint_fingerprint
from valetts_hf.voices.voice import Voice


_PREFIX = "adapter."
_KEPT = ("checkpoint", "language", "base_model_name_or_path", "content_hash", "source", "metadata")
# Options of an adaptation that do not change its result.
_WITHOUT_EFFECT = ("progress", "folder", "source")


def adapted_key(
    model: Any, processor: Any, clips: Any, transcripts: Any, options: dict[str, Any], cache: VoiceCache
) -> str | None:
    """The name of an adaptation; None if it cannot be told (clips that cannot be read, a start of its own) or kept.

    Args:
        model, processor, clips, transcripts: as they are adapted.
        options: the other arguments of `adapt_voice`.
        cache ([`VoiceCache`]): where it would be.
    """
    if cache.folder is None or options.get("start") is not None:
        return None
    try:
        with_effect = {name: value for name, value in options.items() if name not in _WITHOUT_EFFECT}
        with_effect["settings"] = _plain_settings(options.get("settings"))
        waveforms = [processor.feature_extractor.load(clip) for clip in list_clips(clips)]
    except (VoiceError, ValueError, TypeError, OSError):
        return None  # the adaptation says it better
    texts = [transcripts] if isinstance(transcripts, (str, type(None))) else list(transcripts)
    return cache_key(
        "adapter",
        content_hash(waveforms),
        checkpoint_fingerprint(model),
        texts=texts,
        version=__version__,  # another one may adapt otherwise
        **with_effect,
    )


def _plain_settings(settings: Any) -> Any:
    """What settings say, wherever they are written: of a file its text, which may change."""
    if isinstance(settings, (str, os.PathLike)):
        return Path(settings).read_text(encoding="utf-8")
    return asdict(settings) if is_dataclass(settings) and not isinstance(settings, type) else settings


def cached_voice(cache: VoiceCache, key: str | None, name: str, consent: str, source: str | None) -> Voice | None:
    """The voice of an earlier adaptation under a new name; None if there was none.

    Raises:
        `ConsentError`: no consent.
    """
    consent = check_consent(consent)
    entry = cache.get(key) if key is not None else None
    if entry is None:
        return None
    from peft import PeftConfig

    tensors, facts = entry
    try:
        config = PeftConfig.from_peft_type(**facts["peft"])
        state = {key.removeprefix(_PREFIX): value for key, value in tensors.items() if key.startswith(_PREFIX)}
        known = {field: facts[field] for field in _KEPT}
        if source is not None:
            known["source"] = source
        return Voice(name=name, style=tensors["style"], consent=consent, adapter=(config, state), **known)
    except (KeyError, TypeError):  # of another version
        return None


def keep_voice(cache: VoiceCache, key: str | None, voice: Voice) -> bool:
    """Remember an adaptation; returns whether it is kept. One that was interrupted is not."""
    if key is None or voice.adapter is None or voice.metadata.get("adaptation", {}).get("interrupted"):
        return False
    import torch

    from valetts_hf.voices.adapters import STORED_DTYPE, read_adapter

    config, state = voice.adapter if isinstance(voice.adapter, tuple) else read_adapter(voice.adapter)
    tensors = {f"{_PREFIX}{name}": value.to(STORED_DTYPE) for name, value in state.items()}
    plain = {name: _plain(value) for name, value in config.to_dict().items()}
    facts = {field: getattr(voice, field) for field in _KEPT}
    return cache.put(key, {"style": torch.from_numpy(voice.style), **tensors}, peft=plain, **facts)


def _plain(value: Any) -> Any:
    """PEFT's enumerations and sets as JSON has them."""
    if isinstance(value, (set, frozenset, Sequence)) and not isinstance(value, str):
        return sorted(value) if isinstance(value, (set, frozenset)) else list(value)
    return getattr(value, "value", value)
