"""Sources of a corpus and their rows in one common form, whatever layout they come in."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from valetts_hf.training.data.columns import REQUIRED, SPLIT_NAMES, ColumnMapping, split_of
from valetts_hf.training.data.tables import TABLE_SUFFIXES, TableRow, find_audio, read_location


# Texts looked at to tell the language of a source that does not say it, and the share of them that must agree.
LANGUAGE_SAMPLE = 100
LANGUAGE_AGREEMENT = 0.7


@dataclass
class Source:
    """
    One source of clips.

    Attributes:
        location: file, folder, id on the Hub, `datasets` object or iterable of dictionaries, see `read_location`.
        name (`str`): in names of clips; default the last part of the location.
        columns ([`ColumnMapping`]).
        language (`str`, *optional*): of all clips, in any usual spelling; wins over a column.
        speaker (`str`, *optional*): of all clips; wins over a column.
        split (`str`, *optional*): read only this one.
        config (`str`, *optional*): configuration of a data set on the Hub.
    """

    location: Any
    name: str = ""
    columns: ColumnMapping = field(default_factory=ColumnMapping)
    language: str | None = None
    speaker: str | None = None
    split: str | None = None
    config: str | None = None

    def __post_init__(self):
        if isinstance(self.columns, Mapping):
            self.columns = _from_mapping(ColumnMapping, self.columns, f"columns of {self.location!r}")
        if not self.name:
            named = isinstance(self.location, (str, Path))
            path = Path(str(self.location)) if named else Path("data")
            name = path.stem if path.suffix.lower() in TABLE_SUFFIXES else path.name  # folders may be called "v1.1"
            self.name = (path.parent.name if name == "metadata" else name or path.resolve().name) or "data"


@dataclass
class SourceRow:
    """
    One clip as it is asked to be prepared.

    Attributes:
        name (`str`): "source/file", or "source/row 7" where there is no file name; no two usable rows have
            the same.
        audio: `Path`, bytes of a file, or a dictionary with `array` and `sampling_rate`; None with a problem.
        text (`str`): white space normalised; "" without transcript.
        language (`str`): code of the text front end; "" where it has no reader for it (see `problem`).
        speaker (`str`).
        split (`str`): "train", "validation" or "test"; what the source says where that is none of them.
        source (`str`), number (`int`): name of the source and row in it, from 1.
        problem (`str`): why the row cannot be used, "" if it can.
    """

    name: str
    audio: Any
    text: str
    language: str
    speaker: str
    split: str
    source: str
    number: int
    problem: str = ""


def as_sources(sources: Any, **options: Any) -> list[Source]:
    """
    Sources of anything that names one or several.

    Args:
        sources: a location, a [`Source`], or a list of them. A `.yaml` file is a list of mappings with the fields of
            [`Source`]; paths in it are relative to it.
        options: fields for locations given without their own (`columns`, `language`, `speaker`, `split`, `config`).

    Raises:
        ValueError: an unknown key in a YAML file, or two different sources of one name.
    """
    listed = sources if isinstance(sources, (list, tuple)) and not _are_rows(sources) else [sources]
    found: list[Source] = []
    for item in listed:
        if isinstance(item, Source):
            found.append(item)
        elif isinstance(item, (str, Path)) and str(item).endswith((".yaml", ".yml")):
            found += _read_list(Path(item))
        else:
            found.append(Source(item, **options))
    for name, count in Counter(source.name for source in found).items():
        if count > 1:
            same = [source for source in found if source.name == name]
            for number, source in enumerate(same, start=1):
                parent = Path(str(source.location)).parent.name if isinstance(source.location, (str, Path)) else ""
                source.name = f"{parent}_{name}" if parent else f"{name}_{number}"
    names = [source.name for source in found]
    if len(set(names)) < len(names):
        raise ValueError(f"several sources are called alike ({names}); give each another `name` in a .yaml list")
    return found


def iterate(sources: Iterable[Source], required: Sequence[str] = REQUIRED) -> Iterator[SourceRow]:
    """
    All rows of all sources, one at a time; what is wrong with a row is said in it.

    Args:
        sources (iterable of [`Source`]).
        required (sequence of `str`): columns that each must have, see `ColumnMapping.resolve`.

    Raises:
        ValueError, FileNotFoundError: a source as a whole cannot be read, see `read_location` and
            `ColumnMapping.resolve`; or its language is unknown, or neither given nor told by its texts.
    """
    from valetts_hf.processing.languages import resolve_language

    names: Counter[str] = Counter()
    # All of them before any row is read: not after hours of the sources in front.
    given = [(source, source.language and resolve_language(source.language)) for source in sources]
    for source, language in given:
        rows = read_location(source.location, source.split, source.config)
        first = list(itertools.islice(rows, LANGUAGE_SAMPLE))
        good = [row for row in first if not row.problem]
        if not good:
            reason = f" (row {first[0].number}: {first[0].problem})" if first else ""
            raise ValueError(f"{source.name!r} has no readable row{reason}; check {str(source.location)!r:.200}")
        found = dict.fromkeys(name for row in good for name in row.values)  # JSON rows may leave out what is empty
        columns = source.columns.resolve(list(found), source.name, required)
        if language is None and not columns.language:
            language = _told_language([_cell(row, columns.text) for row in good], source.name)
        for row in itertools.chain(first, rows):
            split = (_cell(row, columns.split) or row.split or source.split or "train").lower()
            if source.split is None or _is_wanted(split, source.split.lower()):
                result = _common_row(row, source, columns, language, split_of(split) or split)
                names[result.name] += not result.problem
                if names[result.name] > 1:  # such as train/0001.wav and test/0001.wav
                    result.name += f" ({names[result.name]})"
                yield result


def _is_wanted(split: str, wanted: str) -> bool:
    """Whether a row's split is the one that is asked for: by its own name, or "train", "validation", "test"."""
    return split == wanted or (wanted in SPLIT_NAMES and split_of(split) == SPLIT_NAMES[wanted])


def _common_row(row: TableRow, source: Source, columns: ColumnMapping, language: str | None, split: str) -> SourceRow:
    from valetts_hf.processing.languages import resolve_language

    problem = row.problem
    audio = row.values.get(columns.audio or "")
    where = f"row {row.number}"
    if isinstance(audio, Mapping):
        where = _place(audio["path"]) if audio.get("path") else where
        if audio.get("bytes") is not None:
            audio = audio["bytes"]
        elif audio.get("array") is not None:
            audio, fault = _samples(audio)
            problem = problem or fault
        else:
            audio = audio.get("path")
    if isinstance(audio, (str, Path)) and str(audio).strip():
        where = _place(audio)
        audio = find_audio(str(audio).strip(), row.folder)
    elif isinstance(audio, str) or audio is None:
        problem = problem or f"no audio in column {columns.audio!r}"
    elif not isinstance(audio, (bytes, bytearray, memoryview, Mapping)):
        problem = problem or (
            f"column {columns.audio!r} holds {type(audio).__name__}, which is neither a path, bytes of a file nor a "
            "dictionary of `array` and `sampling_rate`"
        )
    code = language or ""
    if language is None and not problem:
        tag = _cell(row, columns.language)
        try:
            code = resolve_language(tag)
        except ValueError:
            problem = f"language {tag!r} has no reader" if tag else "no language is given"
    speaker = source.speaker or _cell(row, columns.speaker) or source.name
    if speaker.isdigit():  # numbers name different people in different sources
        speaker = f"{source.name}_{speaker}"
    return SourceRow(
        name=f"{source.name}/{where}",
        audio=None if problem else audio,
        text=_cell(row, columns.text),
        language=code,
        speaker=speaker,
        split=split,
        source=source.name,
        number=row.number,
        problem=problem,
    )


def _cell(row: TableRow, column: str | None) -> str:
    """A value as text, white space normalised; "" where there is none. Tables turn numbers with gaps into 3.0 and NaN."""
    value = row.values.get(column) if column else None
    if isinstance(value, float):
        value = None if math.isnan(value) else int(value) if value.is_integer() else value
    return " ".join(str(value).split()) if value is not None else ""


def _place(path: Any) -> str:
    """How a file is called in names of clips: as the source has it, but without the folders of a machine."""
    return Path(path).name if Path(path).is_absolute() else str(path)


def _samples(audio: Mapping[str, Any]) -> tuple[dict[str, Any], str]:
    """Samples with their rate as a plain number, and what is wrong with that."""
    given = audio.get("sampling_rate")
    try:
        rate = int(given or 0)
    except (TypeError, ValueError):
        rate = 0
    problem = "" if rate > 0 else f"the sampling rate of its samples is not known (sampling_rate: {given!r})"
    return {"array": audio["array"], "sampling_rate": rate}, problem


def _told_language(texts: Sequence[str], name: str) -> str:
    """The language most of the texts are in."""
    from valetts_hf.processing.language_detection import guess_language

    guesses = Counter(filter(None, map(guess_language, texts)))
    best, count = (guesses.most_common(1) or [("", 0)])[0]
    if count < max(1, LANGUAGE_AGREEMENT * sum(guesses.values())):
        raise ValueError(
            f"the language of {name!r} is not given and its texts do not tell (seen as {dict(guesses)}): name it with "
            "--language CODE or --language-column NAME"
        )
    return best


def _are_rows(value: Sequence[Any]) -> bool:
    """Whether a list is itself a source: dictionaries with audio in them."""
    return bool(value) and all(isinstance(item, Mapping) for item in value)


def _read_list(path: Path) -> list[Source]:
    import yaml

    try:
        listed = yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise ValueError(f"{str(path)!r} is no YAML ({' '.join(str(error).split())})") from error
    if not isinstance(listed, list) or not all(isinstance(item, dict) and "location" in item for item in listed):
        raise ValueError(f"{str(path)!r} must be a list of mappings, each with a `location`")
    sources = [_from_mapping(Source, item, str(path)) for item in listed]
    return [replace(source, location=_beside(path, source.location)) for source in sources]


def _beside(path: Path, location: str) -> str:
    """A path is relative to the list that names it; anything else stays as it is."""
    place = path.parent / Path(location).expanduser()
    return str(place) if place.exists() else location


def _from_mapping(kind: type, values: Mapping[str, Any], where: str) -> Any:
    known = [item.name for item in fields(kind)]
    if unknown := sorted(set(values) - set(known)):
        raise ValueError(f"{where}: unknown keys {unknown}; known are {known}")
    return kind(**values)
