"""From what a caller names as a voice to the style vector that conditions the model.

A voice is a name the checkpoint brings, an audio file (or its URL) or audio dictionary of someone speaking, a style
vector, or any object that has a `style`. Reference audio of files is encoded once and remembered by its content. H width of the style vector.
"""

from __future__ import annotations

import hashlib
import os
import threading
from collections import OrderedDict
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import numpy as np
import torch

from valetts_hf.inference.errors import VoiceError


class VoiceLookup:
    """Finds style vectors for one model and processor; safe to share between threads.

    Args:
        model (`ValeTTSForSpeech`): encodes references; its config gives H.
        processor (`ValeTTSProcessor`): holds the named voices and reads audio.
        cache_size (`int`): how many encoded references are remembered (the least recently used goes first).
    """

    def __init__(self, model: Any, processor: Any, cache_size: int = 32):
        self._model = model
        self._processor = processor
        self._cache_size = cache_size
        self._styles: OrderedDict[str, torch.Tensor] = OrderedDict()  # content hash -> style
        self._hashes: OrderedDict[tuple, str] = OrderedDict()  # (path, mtime, size) -> content hash
        self._lock = threading.Lock()

    @property
    def hidden_size(self) -> int:
        return self._model.config.style.hidden_size

    def default(self, language: str) -> torch.Tensor:
        """The style [1, H] a language is spoken with when no voice is asked for: its default voice, else the model's own."""
        name = self._processor.default_voice(language)
        if name is not None:
            return self._vector(self._processor.voices[name]["style"], f"voice {name!r}")
        return self._model.model.default_styles[[self._model.config.languages.index(language)]]

    def __call__(self, voice: Any) -> torch.Tensor:
        """The style vector [1, H] of a voice, on the model's device.

        Args:
            voice: name in `processor.voices` | path or URL of an audio file | audio dictionary `{"array", "sampling_rate"}` |
                style vector (array, tensor or list of H numbers, also [1, H]) | object with a `style` attribute.

        Raises:
            `VoiceError`: unknown name, unreadable or unsuitable audio, vector of the wrong size.
            `TypeError`: none of these kinds.
        """
        if isinstance(voice, (str, os.PathLike)):
            return self._by_name_or_path(voice)
        if isinstance(voice, dict):
            if "style" in voice:
                return self._vector(voice["style"], "the voice's style")
            if "array" in voice:
                return self._by_audio(voice)
            raise VoiceError(
                f"a voice given as a dictionary needs 'array' and 'sampling_rate' (audio) or 'style', got {sorted(voice)}."
            )
        if not isinstance(voice, (np.ndarray, torch.Tensor)) and hasattr(voice, "style"):
            return self._vector(voice.style, f"the style of {type(voice).__name__}")
        if isinstance(voice, (np.ndarray, torch.Tensor, list, tuple)):
            return self._vector(voice, "the style vector")
        raise TypeError(
            "voice must be the name of a voice, a path to an audio file, an audio dictionary or a style vector, got "
            f"{type(voice).__name__}: {voice!r}."
        )

    def _by_name_or_path(self, voice: str | os.PathLike) -> torch.Tensor:
        voices = self._processor.voices
        if isinstance(voice, str) and voice in voices:
            return self._vector(voices[voice]["style"], f"voice {voice!r}")
        names = ", ".join(voices) or "none in this checkpoint"
        if isinstance(voice, str) and voice.startswith(("http://", "https://")):
            return self._encode(voice, f"the reference audio {voice!r}")
        try:
            path = Path(voice).expanduser()
            is_file, is_folder = path.is_file(), path.is_dir()
        except (OSError, ValueError, RuntimeError):  # a name too long for a path, a null character, no home folder
            is_file = is_folder = False
        if is_folder:
            raise VoiceError(
                f"voice {str(voice)!r} is a folder; give an audio file of 5-6 seconds of speech, or a voice's name: {names}."
            )
        if not is_file:
            close = get_close_matches(str(voice), voices, n=1)
            hint = f"Did you mean {close[0]!r}? " if close else ""
            raise VoiceError(
                f"unknown voice {str(voice)[:200]!r}: it is neither a file nor one of the voices of this checkpoint. {hint}"
                f"Voices: {names}. Or give a path to an audio file of 5-6 seconds of speech."
            )
        return self._by_file(path)

    def _by_file(self, path: Path) -> torch.Tensor:
        try:
            status = path.stat()
            stamp = (str(path.resolve()), status.st_mtime_ns, status.st_size)
            key = self._remembered(self._hashes, stamp)
            if key is None:
                key = _file_hash(path)
                self._remember(self._hashes, stamp, key)
        except OSError as error:
            raise VoiceError(
                f"cannot read the reference audio {str(path)!r}: {error.strerror or error}; check its permissions."
            ) from error
        style = self._remembered(self._styles, key)
        if style is None:
            style = self._encode(str(path), f"the reference audio {str(path)!r}")
            self._remember(self._styles, key, style)
        return style

    def _by_audio(self, audio: dict) -> torch.Tensor:
        samples = np.ascontiguousarray(np.asarray(audio["array"]))
        digest = hashlib.sha256(samples.tobytes())
        digest.update(repr((samples.shape, str(samples.dtype), audio.get("sampling_rate"))).encode())
        style = self._remembered(self._styles, digest.hexdigest())
        if style is None:
            style = self._encode(audio, "the reference audio")
            self._remember(self._styles, digest.hexdigest(), style)
        return style

    def _encode(self, audio: Any, what: str) -> torch.Tensor:
        try:
            features = self._processor.feature_extractor(audio, return_tensors="pt")
        except (ValueError, TypeError, OSError, RuntimeError) as error:
            raise VoiceError(f"cannot use {what} as a voice: {error}") from error
        mel = features["reference_mel"].to(device=self._model.device, dtype=self._model.dtype)
        mask = features["reference_mask"].to(device=self._model.device)
        with torch.inference_mode():
            return self._model.encode_style(mel, mask).clone()

    def _vector(self, values: Any, what: str) -> torch.Tensor:
        try:
            style = torch.as_tensor(np.asarray(values) if isinstance(values, (list, tuple)) else values)
            style = style.to(device=self._model.device, dtype=self._model.dtype)
        except (TypeError, ValueError, RuntimeError) as error:
            raise VoiceError(f"{what} must hold {self.hidden_size} numbers: {error}") from error
        if style.shape not in ((self.hidden_size,), (1, self.hidden_size)):
            raise VoiceError(
                f"{what} must have the shape ({self.hidden_size},) of this model's style vectors, got "
                f"{tuple(style.shape)}. For audio give a path or {{'array': ..., 'sampling_rate': ...}}."
            )
        if not torch.isfinite(style).all():
            raise VoiceError(f"{what} holds values that are not finite; encode the voice again.")
        return style.reshape(1, -1)

    def _remembered(self, store: OrderedDict, key: Any) -> Any:
        with self._lock:
            if key in store:
                store.move_to_end(key)
                return store[key]
        return None

    def _remember(self, store: OrderedDict, key: Any, value: Any) -> None:
        with self._lock:
            store[key] = value
            while len(store) > self._cache_size:
                store.popitem(last=False)


def _file_hash(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
