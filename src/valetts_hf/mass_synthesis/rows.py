"""A row to speak: what its columns say, checked, with what the settings say where it says nothing, and the key of all that.

The key is the same exactly when the audio would be: of text, voice (the content of its file), language, directions, seed and
checkpoint.
"""

from __future__ import annotations

import functools
import hashlib
import json
import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from valetts_hf.inference.manner import Manner, MannerArguments
from valetts_hf.mass_synthesis.row_sources import RowSource, SourceError, SourceRow
from valetts_hf.mass_synthesis.settings import SynthesisSettings
from valetts_hf.processing.languages import resolve_language
from valetts_hf.voices.library import VoiceLibrary
from valetts_hf.voices.places import is_voice_folder


MANNER = tuple(MannerArguments.__annotations__)
# role -> the usual names of its column; a column of such a name is used unless another one is named.
ROLES: dict[str, tuple[str, ...]] = {
    "text": ("text", "normalized_text", "sentence", "transcription", "transcript"),
    "id": ("id",),
    "voice": ("voice",),
    "language": ("language", "lang", "locale"),
    "style": ("style",),
    "sketch": ("sketch",),
    "seed": ("seed",),
    "ssml": ("ssml",),
    **{name: (name,) for name in MANNER},
}
_TRUE, _FALSE = ("true", "yes", "1"), ("false", "no", "0")


class RowError(ValueError):
    """
    A row that cannot be spoken as it is.

    Args:
        role (`str`): key of `ROLES`; "" where no single column is to blame.
        message (`str`): why.
    """

    def __init__(self, role: str, message: str):
        super().__init__(message)
        self.role = role


@dataclass(frozen=True)
class Row:
    """
    A row to speak.

    Args:
        id (`str`): unique in the data set.
        number (`int`): in its source.
        text (`str`): to say.
        key (`str`): of everything that decides how it sounds.
        seed (`int`): of its noise.
        language, voice, style, sketch (`str`, *optional*), ssml (`bool`), manner (`dict`): as in a call of the SDK.
    """

    id: str
    number: int
    text: str
    key: str
    seed: int
    language: str | None = None
    voice: str | None = None
    style: str | None = None
    sketch: str | None = None
    ssml: bool = False
    manner: dict[str, Any] = field(default_factory=dict)

    @property
    def together(self) -> tuple:
        """Rows that agree in this can be spoken in one batch."""
        return self.ssml, *sorted(self.manner.items())


def resolve_columns(given: Mapping[str, str] | None, source: RowSource) -> dict[str, str]:
    """
    Which column is what.

    Args:
        given (mapping, *optional*): role -> column; "" leaves the column of the usual name aside.
        source ([`RowSource`]): has the columns.

    Returns:
        `dict[str, str]`: role -> column that is there; "text" always.

    Raises:
        `SourceError`: a column that is not there or there twice, no text, or a role that does not exist.
    """
    given = given or {}
    there = ", ".join(source.columns) or "none"
    if unknown := sorted(set(given) - set(ROLES)):
        raise SourceError(f"no column can be {unknown[0]!r}: columns are {', '.join(ROLES)}.")
    chosen: dict[str, str] = {}
    for role, usual in ROLES.items():
        name = given.get(role)
        if name and name not in source.columns:
            raise SourceError(f"{source.name!r} has no column {name!r} for the {role}; its columns are: {there}.")
        if name is None:
            name = next((candidate for candidate in usual if candidate in source.columns), "")
        if name:
            chosen[role] = name
    if "text" not in chosen:
        raise SourceError(
            f"{source.name!r} has no column that looks like the text; its columns are: {there}. Name it with --text-column."
        )
    for name in chosen.values():
        if source.columns.count(name) > 1:
            raise SourceError(f"{source.name!r} has the column {name!r} more than once: give each a name of its own.")
    return chosen


def row_id(raw: SourceRow, columns: Mapping[str, str]) -> str:
    """The id of a row: that of its column, else its number."""
    value = raw.values.get(columns["id"]) if "id" in columns else None
    return f"{raw.number:07d}" if _missing(value) else str(value).strip()


def read_row(
    raw: SourceRow,
    columns: Mapping[str, str],
    settings: SynthesisSettings,
    languages: Sequence[str],
    folder: Path | None = None,
) -> Row:
    """
    A row, checked as far as that is possible without speaking it.

    Args:
        raw ([`SourceRow`]): as it was read.
        columns (mapping): of [`resolve_columns`].
        settings ([`SynthesisSettings`]): for what the row does not say.
        languages (sequence of `str`): that the model reads.
        folder (`Path`, *optional*): what paths may be relative to.

    Raises:
        [`RowError`]: with the column to blame.
    """
    if raw.problem:
        raise RowError("", raw.problem)
    said = {role: raw.values.get(column) for role, column in columns.items()}
    said = {role: value for role, value in said.items() if not _missing(value)}
    if "id" in columns and "id" not in said:
        raise RowError("id", f"row {raw.number} has no id: give it one, or number the rows with --id-column ''.")
    text = said.get("text")
    if not isinstance(text, str):
        what = "there is no text" if text is None else f"the text is of the type {type(text).__name__}"
        raise RowError("text", f"{what}: pass some words.")
    names: dict[str, Any] = {}
    for role in ("voice", "style", "sketch"):
        value = said.get(role)
        if value is not None and not isinstance(value, str):
            raise RowError(role, f"a {role} in a row is a name or a path, not of the type {type(value).__name__}.")
        names[role] = getattr(settings, role, None) if value is None else _located(value.strip(), folder)
    own = row_id(raw, columns)
    language = _language(said.get("language"), settings.language, languages)
    ssml = _boolean("ssml", said.get("ssml"), settings.ssml)
    manner = _manner(said, settings.manner)
    seed = _seed(said.get("seed"), settings.seed, own, text)
    # What a file holds counts, not where it lies: folders are mounted elsewhere on other machines.
    content = {role: content_of(value) or value for role, value in names.items()}
    key = _digest([settings.checkpoint, settings.format, text, language, content, seed, ssml, manner])
    return Row(own, raw.number, text, key, seed, language, **names, ssml=ssml, manner=manner)


def content_of(name: str | None) -> str:
    """A hash of the file, the folder of a voice or the voice of the user that is named; "" for any other name."""
    if not name:
        return ""
    try:
        path = Path(name).expanduser()
        if is_voice_folder(name):
            files = sorted(item for item in path.iterdir() if item.is_file())
        elif path.is_file():
            files = [path]
        elif "/" not in name and name in VoiceLibrary():
            files = sorted(item for item in VoiceLibrary().path(name).iterdir() if item.is_file())
        else:
            return ""
        return _digest([_file_hash(str(item), *_stamp(item)) for item in files])
    except (OSError, ValueError, RuntimeError):  # speaking says better what is wrong with it
        return ""


def _stamp(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_mtime_ns, status.st_size


@functools.lru_cache(maxsize=4096)
def _file_hash(path: str, mtime: int, size: int) -> str:
    digest = hashlib.blake2b(digest_size=16)
    with open(path, "rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def _missing(value: Any) -> bool:
    """Nothing in a cell: null, an empty text, or the NaN that tables write for it."""
    return (
        value is None
        or (isinstance(value, str) and not value.strip())
        or (isinstance(value, float) and math.isnan(value))
    )


def _located(name: str, folder: Path | None) -> str:
    """A path relative to the table where there is such a file; any other name as it is."""
    if folder is None or not (os.sep in name or Path(name).suffix) or Path(name).expanduser().is_absolute():
        return name
    beside = folder / name
    try:
        return str(beside) if beside.exists() else name
    except (OSError, ValueError):  # too long for a path, a null character
        return name


def _language(value: Any, default: str | None, languages: Sequence[str]) -> str | None:
    if value is None or (isinstance(value, str) and value.strip().lower() == "auto"):
        return default
    try:
        code = resolve_language(value)
    except (TypeError, ValueError) as error:
        raise RowError("language", str(error)) from error
    if code not in languages:
        raise RowError("language", f"the model does not read {code!r} but {', '.join(languages)}.")
    return code


def _boolean(role: str, value: Any, default: bool) -> bool:
    if value is None or isinstance(value, bool):
        return default if value is None else value
    word = str(value).strip().lower()
    if word not in (*_TRUE, *_FALSE):
        raise RowError(role, f"{role} is true or false, not {value!r}.")
    return word in _TRUE


def _manner(said: Mapping[str, Any], default: Mapping[str, Any]) -> dict[str, Any]:
    manner = dict(default)
    neutral = Manner()
    for name in MANNER:
        if name not in said:
            continue
        value = said[name]
        try:
            if isinstance(value, str) and name != "pauses":
                value = float(value)
            asked = Manner.of(**{name: value})
        except (TypeError, ValueError) as error:
            raise RowError(name, str(error)) from error
        if asked == neutral:
            manner.pop(name, None)
        else:
            manner[name] = value
    return dict(sorted(manner.items()))


def _seed(value: Any, base: int, own: str, text: str) -> int:
    if value is None:
        digest = hashlib.blake2b(f"{base}\0{own}\0{text}".encode("utf-8", "surrogatepass"), digest_size=4).digest()
        return int.from_bytes(digest, "big") >> 1
    try:
        if isinstance(value, bool) or float(value) != int(float(value)):
            raise ValueError
        number = (
            int(value) if not isinstance(value, str) or value.strip().lstrip("+-").isdigit() else int(float(value))
        )
    except (TypeError, ValueError, OverflowError):
        raise RowError("seed", f"a seed is a whole number of 0 or more, not {value!r}.") from None
    if not 0 <= number < 2**63:
        raise RowError("seed", f"a seed lies between 0 and {2**63 - 1}, not {value!r}.")
    return number


def _digest(parts: Any) -> str:
    return hashlib.blake2b(json.dumps(parts).encode(), digest_size=12).hexdigest()
