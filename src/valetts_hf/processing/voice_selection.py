"""What a caller may name as a voice: a stored voice, a style vector or reference audio, for one text or for each.

B texts, H width of the style vector.
"""

import os
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

import numpy as np

from .audio_input import is_url


MAX_STYLE_SIZE = 4096  # wider "style vectors" are audio samples by mistake


def checked_voices(voices: Any) -> dict[str, dict]:
    """The voices of a checkpoint, with their styles as plain lists (what JSON gives back).

    Raises:
        `ValueError`: a voice without a style vector, styles of several lengths.
    """
    checked: dict[str, dict] = {}
    for name, entry in dict(voices or {}).items():
        if not isinstance(entry, Mapping) or "style" not in entry:
            raise ValueError(f"voices[{name!r}] must be a dictionary with a 'style' vector, got {str(entry)[:60]!r}.")
        style = np.asarray(entry["style"], dtype=np.float32)
        if style.ndim != 1 or style.size == 0 or not np.isfinite(style).all():
            raise ValueError(
                f"voices[{name!r}]['style'] must be finite numbers of shape (H,), got shape {style.shape}."
            )
        checked[name] = {**entry, "style": style.tolist()}
    sizes = {len(entry["style"]) for entry in checked.values()}
    if len(sizes) > 1:
        raise ValueError(f"the style vectors of voices must have one length, got {sorted(sizes)}.")
    return checked


def resolve_voice(voice: Any, voices: dict[str, dict], rows: int | None) -> tuple[np.ndarray | None, list | None]:
    """What a caller names as a voice, or as the voices of several texts, as style vectors or as reference audio.

    Args:
        voice: see `ValeTTSProcessor.__call__`.
        voices (`dict`): the checkpoint's, as `checked_voices` gives them.
        rows (`int`, *optional*): number of texts B.

    Returns:
        Style vectors `(1 or B, H)` and `None`, or `None` and a list of 1 or B sources of audio.

    Raises:
        `ValueError`: an unknown name, a vector of the wrong size, both kinds in one call, another number of voices than
        texts. `TypeError`: nothing of which a voice can be made.
    """
    one = not isinstance(voice, (list, tuple)) or _is_vector(voice)
    entries = [voice] if one else list(voice)
    if not entries:
        raise ValueError("voice is an empty list: pass one voice, or one per text.")
    if not one:
        check_count("voices", entries, rows)
    styles: list[np.ndarray] = []
    sources: list[Any] = []
    for entry in entries:
        style = entry.get("style") if isinstance(entry, Mapping) else getattr(entry, "style", None)
        if style is not None:  # a stored voice
            styles.append(_style_rows(style, voices))
        elif isinstance(entry, Mapping):  # audio of `datasets`
            sources.append(entry)
        elif not isinstance(entry, (str, os.PathLike)):
            styles.append(_style_rows(entry, voices))
        elif os.fspath(entry) in voices:
            styles.append(np.asarray(voices[os.fspath(entry)]["style"], dtype=np.float32)[None])
        elif _looks_like_audio(os.fspath(entry)):
            sources.append(entry)
        else:
            close = get_close_matches(str(entry), voices, n=1)
            hint = f" Did you mean {close[0]!r}?" if close else ""
            raise ValueError(
                f"there is no voice {str(entry)!r}.{hint} Voices of this checkpoint: {listed(voices)}; or pass "
                "the path of an audio file."
            )
    if styles and sources:
        raise ValueError("stored voices and reference audio cannot be mixed in one call: call once for each kind.")
    if sources:
        return None, sources
    style = np.concatenate(styles)
    if rows is not None and len(style) not in (1, rows):
        raise ValueError(f"{len(style)} style vectors for {rows} texts: pass one, or one per text.")
    return style, None


def _style_rows(vector: Any, voices: dict[str, dict]) -> np.ndarray:
    """A style vector or several, `(H,)` or `(B, H)`, as float32 `(1 or B, H)`."""
    if callable(getattr(vector, "detach", None)):  # torch
        vector = vector.detach().cpu().float().numpy()
    if not isinstance(vector, (np.ndarray, list, tuple)):
        raise TypeError(
            f"a voice is a name, the path of an audio file or a style vector, got {type(vector).__name__}: "
            f"{str(vector)[:60]!r}."
        )
    style = np.asarray(vector)
    if style.dtype.kind not in "fiu" or style.ndim not in (1, 2) or style.size == 0:
        raise TypeError(f"a style vector has shape (H,) and is float, got shape {style.shape} of {style.dtype}.")
    if style.shape[-1] > MAX_STYLE_SIZE:
        raise ValueError(
            f"a style vector of {style.shape[-1]} numbers looks like audio samples: pass them as audio= with "
            "sampling_rate=."
        )
    known = next((len(stored["style"]) for stored in voices.values()), style.shape[-1])
    if style.shape[-1] != known:
        raise ValueError(f"a style vector of this checkpoint has {known} numbers, got {style.shape[-1]}.")
    if not np.isfinite(style).all():
        raise ValueError("the style vector has NaN or infinite numbers: compute it again from clean audio.")
    return style.astype(np.float32).reshape(-1, style.shape[-1])


def check_count(what: str, values: Any, rows: int | None) -> None:
    """A list must have one entry per text.

    Raises:
        `ValueError`: it has another number of them.
    """
    if isinstance(values, (list, tuple)) and rows is not None and len(values) != rows:
        raise ValueError(
            f"{len(values)} {what} for {rows} text{'s' * (rows > 1)}: pass one, or a list with one per text."
        )


def _is_vector(values: list | tuple) -> bool:
    return len(values) > 0 and all(isinstance(value, (int, float, np.number)) for value in values)


def _looks_like_audio(name: str) -> bool:
    """Whether a voice that is no known name is an address, a path, or rather a mistyped path than a mistyped name."""
    if is_url(name) or os.path.exists(os.path.expanduser(name)):
        return True
    return os.sep in name or "/" in name or bool(os.path.splitext(name)[1])


def listed(names: Mapping) -> str:
    """Names for a message, the first twenty of them."""
    shown = ", ".join(list(names)[:20])
    return shown + (", ..." if len(names) > 20 else "") if shown else "none"
