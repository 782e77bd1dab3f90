"""`Voice`: who speaks, as an object that can be kept, mixed and shared.

A style vector [H] and, if it was adapted, a PEFT adapter; with them whom it belongs to (consent, source) and which
checkpoint it was made for. Folders are read and written in `voice_folder`. H width of the style vector.
"""

from __future__ import annotations

import datetime
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from torch import nn

from valetts_hf.voices.errors import VoiceError, VoiceMismatchError
from valetts_hf.voices.fingerprint import checkpoint_fingerprint, style_fingerprint
from valetts_hf.voices.places import MAX_NAME, check_name


__all__ = ["Voice", "check_name", "checkpoint_fingerprint", "style_for"]


@dataclass(eq=False)  # compared by identity: a vector has no truth value
class Voice:
    """A voice of one checkpoint.

    Args:
        name (`str`): 1 to 64 letters, digits, spaces, `.`, `_` and `-`, beginning with a letter or digit.
        style (`np.ndarray` of shape `(H,)`): what conditions the model; stored as float32.
        checkpoint (`str`): [`checkpoint_fingerprint`] of the model it was made for.
        language (`str`, *optional*): code of the language the recordings were in.
        base_model_name_or_path (`str`, *optional*): where that model is found; "valetts/base" is the bundled one.
        content_hash (`str`): of the recordings, so that the same ones are recognised.
        consent (`str`, *optional*): the statement that the speaker agreed, as it was given.
        consent_date (`str`, *optional*): ISO date of the statement; today if there is one without a date.
        source (`str`, *optional*): note on where the recordings came from.
        adapter (*optional*): folder with `adapter_config.json` and `adapter_model.safetensors`, or a pair (PEFT
            configuration, tensors by name).
        metadata (`dict`): anything else that JSON can hold.

    Raises:
        `VoiceError`: a name or a style vector that cannot be one.
    """

    name: str
    style: Any
    checkpoint: str
    language: str | None = None
    base_model_name_or_path: str | None = None
    content_hash: str = ""
    consent: str | None = None
    consent_date: str | None = None
    source: str | None = None
    adapter: Any = None
    metadata: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.name = check_name(self.name)
        self.style = _checked_style(self.style, self.name)
        self.consent = (self.consent or "").strip() or None
        if self.consent is None:
            self.consent_date = None
        elif self.consent_date is None:
            self.consent_date = datetime.date.today().isoformat()
        if self.adapter is not None and not isinstance(self.adapter, tuple):
            self.adapter = Path(self.adapter)

    def __repr__(self) -> str:
        kind = "style" if self.adapter is None else "style + adapter"
        return f"Voice({self.name!r}, {kind}, language={self.language!r}, checkpoint={self.checkpoint!r})"

    @classmethod
    def mix(cls, parts: Iterable[tuple[Voice, float]] | Mapping[Voice, float], name: str | None = None) -> Voice:
        """A voice between voices: the weighted mean of their style vectors.

        Args:
            parts: pairs (voice, weight), or a mapping of them; weights are 0 or more and are divided by their sum.
            name (`str`, *optional*): default "a + b" out of the names, joined with "_".

        Raises:
            `VoiceError`: nothing to mix, impossible weights, voices with adapters or of different style encoders.
        """
        voices, weights = zip(*parts_of_mix(parts))
        weights = np.asarray([_weight(weight) for weight in weights])
        if not weights.sum() > 0:
            raise VoiceError(f"the weights of a mix are all 0 ({weights.tolist()}): give at least one a share.")
        for voice in voices:
            if voice.adapter is not None:
                raise VoiceError(
                    f"voice {voice.name!r} has an adapter, and only style vectors can be mixed: pass "
                    "voice.without_adapter(), which sounds as the voice did before it was adapted."
                )
        if (
            len({style_fingerprint(voice.checkpoint) for voice in voices} | {voice.style.shape for voice in voices})
            > 2
        ):
            raise VoiceMismatchError(
                "these voices were made with different style encoders "
                f"({', '.join(f'{voice.name!r}: {voice.checkpoint}' for voice in voices)}): enrol them with one checkpoint."
            )
        weights = weights / weights.sum()
        heaviest = voices[int(weights.argmax())]
        agreed = [voice.consent for voice in voices]
        return cls(
            name=name or "_".join(voice.name for voice in voices)[:MAX_NAME],
            style=sum(weight * voice.style for weight, voice in zip(weights, voices)),
            checkpoint=heaviest.checkpoint,
            language=heaviest.language,
            base_model_name_or_path=heaviest.base_model_name_or_path,
            consent=" | ".join(f"{voice.name}: {voice.consent}" for voice in voices) if all(agreed) else None,
            consent_date=min((voice.consent_date for voice in voices), default=None) if all(agreed) else None,
            source="mix of " + ", ".join(f"{weight:.2f} {voice.name}" for weight, voice in zip(weights, voices)),
        )

    def without_adapter(self) -> Voice:
        """The same voice with its style vector alone."""
        return replace(self, adapter=None)

    def save_pretrained(self, folder: str | os.PathLike) -> Path:
        """Write the voice; see [`voice_folder.save_voice`]. Returns the folder."""
        from valetts_hf.voices.voice_folder import save_voice

        return save_voice(self, folder)

    @classmethod
    def from_pretrained(cls, source: str | os.PathLike, **hub_options: Any) -> Voice:
        """Read a voice from a folder or a Hub repository; see [`voice_folder.load_voice`]."""
        from valetts_hf.voices.voice_folder import load_voice

        return load_voice(source, **hub_options)

    def push_to_hub(self, repo_id: str, **hub_options: Any) -> str:
        """Share the voice on the Hub; see [`voice_folder.push_voice`]. Returns the address."""
        from valetts_hf.voices.voice_folder import push_voice

        return push_voice(self, repo_id, **hub_options)


def parts_of_mix(parts: Iterable[tuple[Any, float]] | Mapping[Any, float]) -> list[tuple[Any, float]]:
    """Pairs (voice, weight) of what a mix is made of.

    Raises:
        `VoiceError`: nothing to mix, or something that is no pair.
    """
    pairs = list(parts.items() if isinstance(parts, Mapping) else parts)
    if not pairs or not all(isinstance(pair, (tuple, list)) and len(pair) == 2 for pair in pairs):
        raise VoiceError("mixing takes pairs (voice, weight), such as [(first, 0.6), (second, 0.4)].")
    return pairs


def style_for(voice: Voice, model: nn.Module) -> np.ndarray:
    """The style vector of a voice, if the voice can be spoken with a model.

    A voice with an adapter needs exactly its checkpoint. One that is a style vector alone needs the style encoder it was
    made with; it is converted to any checkpoint with the same one, which takes no computing: the vector stays.

    Args:
        voice ([`Voice`]): any.
        model (`ValeTTSForSpeech`): what is to speak.

    Returns:
        `np.ndarray` of shape `(H,)`.

    Raises:
        `VoiceMismatchError`: it cannot; what to do instead.
    """
    width = model.config.style.hidden_size
    if voice.style.shape != (width,):
        raise VoiceMismatchError(
            f"voice {voice.name!r} has a style vector of {len(voice.style)} numbers, this model needs {width}: it was made "
            f"for another kind of checkpoint ({_origin(voice)}). Load that one, or enrol the voice again with this one."
        )
    here = checkpoint_fingerprint(model)
    if voice.checkpoint == here:
        return voice.style
    if voice.adapter is not None:
        raise VoiceMismatchError(
            f"voice {voice.name!r} was adapted with the checkpoint {voice.checkpoint} ({_origin(voice)}), this model is "
            f"{here}: load that checkpoint, adapt the voice again with this one, or use voice.without_adapter() if the "
            "first half of the two numbers is the same."
        )
    if style_fingerprint(voice.checkpoint) != style_fingerprint(here):
        raise VoiceMismatchError(
            f"voice {voice.name!r} was made with the checkpoint {voice.checkpoint} ({_origin(voice)}), this model is {here} "
            "and hears voices differently: load that checkpoint, or enrol the voice again with this one."
        )
    return voice.style


def _checked_style(style: Any, name: str) -> np.ndarray:
    if callable(getattr(style, "detach", None)):
        style = style.detach().cpu().float().numpy()
    try:
        style = np.array(style, dtype=np.float32)
    except (TypeError, ValueError) as error:
        raise VoiceError(f"the style of voice {name!r} is not a vector of numbers: {error}") from error
    if style.ndim == 2 and len(style) == 1:
        style = style[0]
    if style.ndim != 1 or style.size == 0 or not np.isfinite(style).all():
        raise VoiceError(
            f"the style of voice {name!r} must be finite numbers of shape (H,), got shape {style.shape}: encode the voice "
            "again."
        )
    return style


def _weight(value: Any) -> float:
    try:
        weight = float(value)
    except (TypeError, ValueError) as error:
        raise VoiceError(f"a weight of a mix must be a number of 0 or more, got {value!r}.") from error
    if not (np.isfinite(weight) and weight >= 0):
        raise VoiceError(f"a weight of a mix must be a number of 0 or more, got {value!r}.")
    return weight


def _origin(voice: Voice | Mapping) -> str:
    return f"base {getattr(voice, 'base_model_name_or_path', None) or 'not noted'}"
