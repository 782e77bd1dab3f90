"""Adapting a voice for the SDK: the training libraries only when needed, and the same recordings adapted only once."""

from __future__ import annotations

from typing import Any

from valetts_hf.voices.cache import VoiceCache
from valetts_hf.voices.voice import Voice


def adapted(
    model: Any,
    processor: Any,
    cache: VoiceCache,
    clips: Any,
    transcripts: Any,
    name: str,
    consent: str,
    options: dict[str, Any],
) -> Voice:
    """A voice with an adapter, out of the cache or made anew; arguments and errors as for `ValeTTS.adapt`."""
    if not getattr(model, "takes_adapters", True):
        raise ValueError(
            "ONNX graphs cannot be trained: adapt the voice with the checkpoint they were made of, then export it with "
            "`valetts export onnx SRC DST --voice FOLDER`."
        )
    try:
        from valetts_hf.training.adaptation.adapt_voice import adapt_voice
    except ImportError as error:
        raise ImportError(
            f"adapting a voice needs the training libraries ({error}): pip install 'valetts-hf[train]'"
        ) from error
    from valetts_hf.voices.adapted_cache import adapted_key, cached_voice, keep_voice

    key = adapted_key(model, processor, clips, transcripts, options, cache)
    voice = cached_voice(cache, key, name, consent, options.get("source"))
    if voice is not None:
        if options.get("folder") is not None:
            voice.save_pretrained(options["folder"])
        return voice
    voice = adapt_voice(model, processor, clips, transcripts, name=name, consent=consent, **options)
    keep_voice(cache, key, voice)
    return voice
