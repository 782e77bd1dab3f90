"""From what a caller names as a voice to what conditions the model: a style vector and, for some voices, an adapter.

A voice is a [`Voice`], the name of one (the checkpoint's or the user's own), its folder or Hub repository, an audio file
(or its URL) or audio dictionary of someone speaking, a style vector, or any object that has a `style`. Reference audio is
encoded once and remembered by its content, in memory and on disk. H width of the style vector.
"""

from __future__ import annotations

import hashlib
import os
import re
import threading
import weakref
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import numpy as np
import torch

from valetts_hf.inference.errors import VoiceError
from valetts_hf.voices.cache import VoiceCache, cache_key
from valetts_hf.voices.errors import VoiceFileError
from valetts_hf.voices.fingerprint import checkpoint_fingerprint, style_fingerprint
from valetts_hf.voices.library import VoiceLibrary
from valetts_hf.voices.places import is_audio_name, is_voice_folder
from valetts_hf.voices.voice import Voice, style_for
from valetts_hf.voices.voice_folder import load_voice, portable_base


MAX_ADAPTERS = 16  # stay attached to the model although nobody uses them just now; 1 MB each, more for "max"
_REPOSITORY = re.compile(r"[\w][\w.-]*/[\w][\w.-]*")


class AttachedAdapter:
    """An adapter that the model carries; it stays attached at least as long as somebody holds this object."""

    def __init__(self, name: str):
        self.name = name


@dataclass(frozen=True)
class ResolvedVoice:
    """Who speaks: style [1, H] on the model's device, and the adapter to compute with (None: the plain model)."""

    style: torch.Tensor
    adapter: AttachedAdapter | None = None


class VoiceLookup:
    """Finds voices for one model and processor; safe to share between threads.

    Args:
        model (`ValeTTSForSpeech`): encodes references and carries adapters; its config gives H.
        processor (`ValeTTSProcessor`): holds the named voices and reads audio.
        cache_size (`int`): how many encoded references are remembered (the least recently used goes first).
        default_voice ([`Voice`], *optional*): speaks when no voice is asked for, whatever the language.
        cache ([`VoiceCache`], *optional*): on disk; default: the user's.
    """

    def __init__(
        self,
        model: Any,
        processor: Any,
        cache_size: int = 32,
        default_voice: Voice | None = None,
        cache: VoiceCache | None = None,
    ):
        self._model = model
        self._processor = processor
        self._cache_size = cache_size
        self._default_voice = default_voice
        self.cache = VoiceCache() if cache is None else cache
        self.library = VoiceLibrary()
        self._styles: OrderedDict[str, torch.Tensor] = OrderedDict()  # content hash -> style
        self._hashes: OrderedDict[tuple, str] = OrderedDict()  # (path, mtime, size) -> content hash
        self._voices: OrderedDict[tuple, Voice] = OrderedDict()  # (path, mtime, inode of voice.json) -> voice
        self._fitting: weakref.WeakKeyDictionary[Voice, tuple[tuple, torch.Tensor]] = weakref.WeakKeyDictionary()
        self._lock = threading.Lock()
        self._adapters = _Adapters(model)

    @property
    def hidden_size(self) -> int:
        return self._model.config.style.hidden_size

    def default(self, language: str) -> torch.Tensor:
        """The style [1, H] a language is spoken with when no voice is asked for."""
        return self.resolve_default(language).style

    def resolve_default(self, language: str) -> ResolvedVoice:
        """The object's own default voice, else the language's, else the model's own."""
        if self._default_voice is not None:
            return self.resolve(self._default_voice)
        name = self._processor.default_voice(language)
        if name is not None:
            return ResolvedVoice(self._vector(self._processor.voices[name]["style"], f"voice {name!r}"))
        return ResolvedVoice(self._model.model.default_styles[[self._model.config.languages.index(language)]])

    def __call__(self, voice: Any) -> torch.Tensor:
        """The style vector [1, H] of a voice; see [`resolve`]."""
        return self.resolve(voice).style

    def resolve(self, voice: Any) -> ResolvedVoice:
        """What a voice is for the model.

        Args:
            voice: [`Voice`] | name in `processor.voices` or in the user's library | folder or Hub repository of a voice |
                path or URL of an audio file | audio dictionary `{"array", "sampling_rate"}`, or with "bytes" or "path" |
                style vector (array, tensor or list of H numbers, also [1, H]) | object with a `style` attribute.

        Raises:
            `VoiceError`: unknown name, unreadable or unsuitable audio, vector of the wrong size, voice of another checkpoint.
            `VoiceFileError` (an `OSError`): a voice's folder or repository is damaged or out of reach.
            `TypeError`: none of these kinds.
        """
        if isinstance(voice, ResolvedVoice):
            return voice
        if isinstance(voice, Voice):
            return self._by_voice(voice)
        if isinstance(voice, (str, os.PathLike)):
            return self._by_name_or_path(voice)
        return ResolvedVoice(self._by_value(voice))

    def as_voice(self, voice: Any, name: str | None = None) -> Voice:
        """Anything that can be a voice as a [`Voice`] of this checkpoint."""
        found = self.stored(voice)
        if found is not None:
            return found
        style = self(voice)
        entry = self._processor.voices.get(voice, {}) if isinstance(voice, str) else {}
        named = Path(voice).stem if isinstance(voice, (str, os.PathLike)) else "voice"
        return Voice(
            name=name or re.sub(r"[^\w .-]", "", named).strip(" ._-")[:64] or "voice",
            style=style[0],
            checkpoint=checkpoint_fingerprint(self._model),
            language=entry.get("language"),
            base_model_name_or_path=portable_base(getattr(self._model, "name_or_path", None)),
        )

    def _by_voice(self, voice: Voice) -> ResolvedVoice:
        # That it fits is checked once: looking at all weights for each sentence costs more than finding the voice.
        made_of = (voice.style, voice.checkpoint, voice.adapter)
        known, style = self._fitting.get(voice, ((), None))
        if style is None or any(first is not second for first, second in zip(known, made_of)):
            style = self._vector(style_for(voice, self._model), f"voice {voice.name!r}")
            self._fitting[voice] = (made_of, style)
        return ResolvedVoice(style, self._adapters.attach(voice))

    def _by_value(self, voice: Any) -> torch.Tensor:
        if isinstance(voice, dict):
            if "style" in voice:
                return self._vector(voice["style"], "the voice's style")
            if {"array", "bytes", "path"} & set(voice):
                return self._by_audio(voice)
            raise VoiceError(
                f"a voice given as a dictionary needs 'array' and 'sampling_rate' (audio) or 'style', got {sorted(voice)}."
            )
        if not isinstance(voice, (np.ndarray, torch.Tensor)) and hasattr(voice, "style"):
            return self._vector(voice.style, f"the style of {type(voice).__name__}")
        if isinstance(voice, (np.ndarray, torch.Tensor, list, tuple)):
            return self._vector(voice, "the style vector")
        raise TypeError(
            "voice must be a Voice, the name of a voice, a path to an audio file, an audio dictionary or a style vector, "
            f"got {type(voice).__name__}: {voice!r}."
        )

    def _by_name_or_path(self, voice: str | os.PathLike) -> ResolvedVoice:
        voices = self._processor.voices
        if isinstance(voice, str) and voice in voices:
            return ResolvedVoice(self._vector(voices[voice]["style"], f"voice {voice!r}"))
        if isinstance(voice, str) and voice.startswith(("http://", "https://")):
            return ResolvedVoice(self._encode(voice, f"the reference audio {voice!r}"))
        stored = self.stored(voice)
        if stored is not None:
            return self._by_voice(stored)
        try:
            path = Path(voice).expanduser()
            is_file, is_folder = path.is_file(), path.is_dir()
        except (OSError, ValueError, RuntimeError):  # a name too long for a path, a null character, no home folder
            is_file = is_folder = False
        if is_file:
            return ResolvedVoice(self._by_file(path))
        own = self.library.names()
        names = ", ".join([*voices, *own]) or "none in this checkpoint"
        if is_folder:
            raise VoiceError(
                f"voice {str(voice)!r} is a folder that holds no voice.json; give the folder of a voice, an audio file of 5-6 "
                f"seconds of speech, or a voice's name: {names}."
            )
        close = get_close_matches(str(voice), [*voices, *own], n=1)
        hint = f"Did you mean {close[0]!r}? " if close else ""
        raise VoiceError(
            f"unknown voice {str(voice)[:200]!r}: it is neither a file nor a voice of this checkpoint or of yours. {hint}"
            f"Voices: {names}. Or give a path to an audio file of 5-6 seconds of speech."
        )

    def stored(self, voice: Any) -> Voice | None:
        """A [`Voice`], or that of a folder, of the user's library or of a Hub repository; None if it is none of these."""
        if isinstance(voice, Voice):
            return voice
        if not isinstance(voice, (str, os.PathLike)):
            return None
        name = os.fspath(voice)
        if isinstance(voice, str) and voice in self._processor.voices:
            return None
        folder: Path | None = None
        if is_voice_folder(name):
            folder = Path(name).expanduser()
        elif isinstance(voice, str) and "/" not in name and name in self.library:
            folder = self.library.path(name)
        if folder is not None:
            try:
                status = (folder / "voice.json").stat()
            except FileNotFoundError:  # removed since
                return None
            stamp = (str(folder.resolve()), status.st_mtime_ns, status.st_ino)
            found = self._remembered(self._voices, stamp)
            if found is None:
                found = load_voice(folder)
                self._remember(self._voices, stamp, found)
            return found
        if not isinstance(voice, str) or not _REPOSITORY.fullmatch(name) or is_audio_name(name):
            return None
        if os.path.exists(name):
            return None
        found = self._remembered(self._voices, (name,))
        if found is None:
            try:
                found = load_voice(name)
            except VoiceFileError as error:
                raise VoiceError(f"unknown voice {name!r}: {error}") from error
            self._remember(self._voices, (name,), found)
        return found

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
        return self._cached(key, lambda: self._encode(str(path), f"the reference audio {str(path)!r}"))

    def _by_audio(self, audio: dict) -> torch.Tensor:
        """Of samples, or of a file as `datasets` hands it out where it does not decode: "bytes", else "path"."""
        samples = audio.get("array")
        if samples is not None:
            if isinstance(samples, torch.Tensor):
                samples = samples.detach().cpu()
                samples = (samples.float() if samples.dtype == torch.bfloat16 else samples).numpy()
            samples = np.ascontiguousarray(np.asarray(samples))
            digest = hashlib.sha256(samples.tobytes())
            digest.update(repr((samples.shape, str(samples.dtype), audio.get("sampling_rate"))).encode())
        elif audio.get("bytes") is not None:
            digest = hashlib.sha256(audio["bytes"])
        elif audio.get("path") is not None:
            return self._by_file(Path(audio["path"]).expanduser())
        else:
            raise VoiceError(f"the audio dictionary is empty: {sorted(audio)} are all None.")
        return self._cached(digest.hexdigest(), lambda: self._encode(audio, "the reference audio"))

    def _cached(self, content: str, encode: Callable[[], torch.Tensor]) -> torch.Tensor:
        """Out of memory, else off the disk, else computed."""
        style = self._remembered(self._styles, content)
        if style is not None:
            return style
        key = cache_key(
            "reference", content, style_fingerprint(checkpoint_fingerprint(self._model)), **self._settings()
        )
        entry = self.cache.get(key)
        if entry is not None and "style" in entry[0] and entry[0]["style"].shape == (1, self.hidden_size):
            style = entry[0]["style"].to(device=self._model.device, dtype=self._model.dtype)
        else:
            style = encode()
            self.cache.put(key, {"style": style.float()})
        self._remember(self._styles, content, style)
        return style

    def _settings(self) -> dict[str, Any]:
        """Of the feature extractor: they decide about the style, too."""
        extractor = self._processor.feature_extractor
        return {
            name: getattr(extractor, name) for name in ("trim_silence", "target_level", "max_seconds", "crop_seconds")
        }

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


class _Adapters:
    """The adapters that voices brought to a model: attached when first needed, the unused ones detached in time."""

    def __init__(self, model: Any, limit: int = MAX_ADAPTERS):
        self._model = model
        self._limit = limit
        self._lock = threading.Lock()
        self._recent: OrderedDict[str, AttachedAdapter] = OrderedDict()
        self._alive: weakref.WeakValueDictionary[str, AttachedAdapter] = weakref.WeakValueDictionary()
        self._names: weakref.WeakKeyDictionary[Voice, tuple[Any, str]] = weakref.WeakKeyDictionary()
        self._ours: set[str] = set()

    def attach(self, voice: Voice) -> AttachedAdapter | None:
        if voice.adapter is None:
            return None
        if not getattr(self._model, "takes_adapters", True):
            self._model.check_adapter(voice)
            return None
        from valetts_hf.voices.adapters import attached_adapters, detach_adapter, load_voice_adapter

        with self._lock:
            known, name = self._names.get(voice, (None, ""))
            if known is not voice.adapter or name not in attached_adapters(self._model):
                before = set(attached_adapters(self._model))
                name = load_voice_adapter(self._model, voice) or ""
                if name not in before:
                    self._ours.add(name)
                self._names[voice] = (voice.adapter, name)
            handle = self._alive.get(name) or AttachedAdapter(name)
            self._alive[name] = self._recent[name] = handle
            self._recent.move_to_end(name)
            while len(self._recent) > self._limit:
                self._recent.popitem(last=False)
            for other in [other for other in self._ours if other not in self._alive]:
                detach_adapter(self._model, other)
                self._ours.discard(other)
        return handle


def _file_hash(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
