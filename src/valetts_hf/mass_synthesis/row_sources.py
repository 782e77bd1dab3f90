"""Where rows come from: text, JSONL, CSV and parquet files, folders and repositories of `datasets`, objects in memory.

Every source can be read twice: once to plan, once to speak. Nothing is held in memory but one row (or one batch of a
parquet file). Text, JSON and CSV need no library.
"""

from __future__ import annotations

import csv
import itertools
import json
import re
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


ENDINGS = (".txt", ".jsonl", ".ndjson", ".json", ".csv", ".tsv", ".parquet")
_SAMPLE = 1000  # rows whose keys say which columns a file of JSON lines has
_HUB_ID = re.compile(r"[\w.-]+/[\w.-]+")
_NEEDS = "needs the library {}: pip install 'valetts-hf[batch]'"


class SourceError(ValueError):
    """A source of rows that is not there, or not what it should be."""


@dataclass(frozen=True)
class SourceRow:
    """
    One row as the source has it.

    Args:
        number (`int`): from 1; in a text or JSONL file, of its line.
        values (`dict`): column -> value.
        problem (`str`): why it cannot be read, "" if it can.
    """

    number: int
    values: dict[str, Any] = field(default_factory=dict)
    problem: str = ""


@dataclass(frozen=True)
class RowSource:
    """
    Rows that can be read again and again.

    Args:
        name (`str`): for messages.
        columns (`list[str]`): what its rows have.
        read: the rows, given the columns that are wanted (others may be left out).
        folder (`Path`, *optional*): what paths in it may be relative to.
    """

    name: str
    columns: list[str]
    read: Callable[[Collection[str]], Iterator[SourceRow]]
    folder: Path | None = None


def open_source(source: Any, split: str | None = None, config: str | None = None) -> RowSource:
    """
    Anything that holds rows.

    Args:
        source: a file (.txt: a line is a row; .jsonl, .json, .csv, .tsv, .parquet), a folder (saved by `datasets`, with
            metadata.jsonl or .csv, or with parquet files), the id of a data set on the Hub, a `datasets` object, or an
            iterable of texts or dictionaries.
        split (`str`, *optional*): of a `datasets` source that has several.
        config (`str`, *optional*): of a data set on the Hub.

    Raises:
        `SourceError`: missing, empty, or of no known kind. `ImportError`: a library is missing; names the extra.
    """
    if not isinstance(source, (str, Path)):
        return _of_object(source, split)
    path = Path(source).expanduser()
    if path.is_file():
        return _of_file(path)
    if path.is_dir():
        return _of_folder(path, split)
    if (
        isinstance(source, str)
        and _HUB_ID.fullmatch(source)
        and not source.startswith(".")
        and path.suffix not in ENDINGS
    ):
        return _of_hub(source, split, config)
    raise SourceError(
        f"there is no file or folder {str(source)!r}: check the path (now in {str(Path.cwd())!r}); a data set on the Hub is "
        "written owner/name."
    )


# --- files -----------------------------------------------------------------------------------------------------------


def _of_file(path: Path) -> RowSource:
    ending = path.suffix.lower()
    if ending not in ENDINGS:
        raise SourceError(f"{str(path)!r} ends with none of {', '.join(ENDINGS)}: say what it is by its ending.")
    try:
        with path.open("rb") as file:
            empty = not file.read(1)
    except OSError as error:
        raise SourceError(f"{str(path)!r} cannot be read: {error.strerror or error}.") from error
    if empty:
        raise SourceError(f"{str(path)!r} is empty: there is nothing to speak.")
    if ending == ".txt":
        return RowSource(str(path), ["text"], lambda wanted: _text_lines(path), path.parent)
    if ending == ".json":
        return _of_items(_json_list(path), str(path), path.parent)
    if ending == ".parquet":
        return _of_parquet([path], str(path), path.parent)
    if ending in (".csv", ".tsv"):
        with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
            found = re.search(r"[,;\t]", file.readline())  # `;`: where commas are decimal signs
            separator = "\t" if ending == ".tsv" else found[0] if found else ","
            file.seek(0)
            columns = next(csv.reader(file, delimiter=separator), [])
        return RowSource(str(path), columns, lambda wanted: _csv_rows(path, separator), path.parent)
    seen = itertools.islice(_json_lines(path), _SAMPLE)
    columns = list(dict.fromkeys(name for row in seen for name in row.values))
    return RowSource(str(path), columns, lambda wanted: _json_lines(path), path.parent)


def _lines(path: Path) -> Iterator[tuple[int, str, str]]:
    """Number, text and problem of each line that is not blank."""
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            try:
                text = line.decode("utf-8-sig" if number == 1 else "utf-8").strip()
            except UnicodeDecodeError as error:
                yield number, "", f"line {number} is not UTF-8 (byte {line[error.start]:#04x}): convert the file."
                continue
            if text:
                yield number, text, ""


def _text_lines(path: Path) -> Iterator[SourceRow]:
    for number, text, problem in _lines(path):
        yield SourceRow(number, {"text": text}, problem)


def _json_lines(path: Path) -> Iterator[SourceRow]:
    for number, text, problem in _lines(path):
        if problem:
            yield SourceRow(number, {}, problem)
            continue
        try:
            value = json.loads(text)
        except (ValueError, RecursionError) as error:  # the latter of brackets in thousands
            yield SourceRow(number, {}, f"line {number} is not JSON: {error}.")
            continue
        if isinstance(value, dict):
            yield SourceRow(number, value)
        else:
            yield SourceRow(number, {}, f"line {number} is no JSON object but a {type(value).__name__}.")


def _json_list(path: Path) -> list[Any]:
    try:
        value = json.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError, RecursionError) as error:
        raise SourceError(f"{str(path)!r} cannot be read as JSON: {error}. JSON lines end with .jsonl.") from error
    if not isinstance(value, list):
        raise SourceError(f"{str(path)!r} holds no list of rows but a {type(value).__name__}.")
    return value


def _csv_rows(path: Path, separator: str) -> Iterator[SourceRow]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.reader(file, delimiter=separator)
        try:
            header = next(reader)
            number = 0
            for cells in reader:
                if not cells:
                    continue
                number += 1
                problem = ""
                if len(cells) != len(header):
                    problem = f"line {reader.line_num} has {len(cells)} cells and the header {len(header)}: put quotes right."
                yield SourceRow(number, dict(zip(header, cells)), problem)
        except UnicodeDecodeError as error:
            raise SourceError(
                f"{str(path)!r} is not UTF-8 behind line {reader.line_num}: convert it, for example with `iconv -f LATIN1 "
                "-t UTF-8`."
            ) from error
        except csv.Error as error:
            raise SourceError(f"{str(path)!r}, line {reader.line_num}: {error}.") from error


def _of_parquet(paths: list[Path], name: str, folder: Path) -> RowSource:
    try:
        from pyarrow import ArrowException
        from pyarrow.parquet import ParquetFile
    except ImportError as error:
        raise ImportError(f"reading {name!r} {_NEEDS.format('pyarrow')}") from error
    try:
        columns = list(dict.fromkeys(column for path in paths for column in ParquetFile(path).schema_arrow.names))
    except (ArrowException, OSError) as error:
        raise SourceError(f"{name!r} cannot be read as parquet: {error}.") from error

    def read(wanted: Collection[str]) -> Iterator[SourceRow]:
        number = 0
        for path in paths:
            file = ParquetFile(path)
            here = [column for column in file.schema_arrow.names if column in wanted]
            for batch in file.iter_batches(1024, columns=here):
                for values in batch.to_pylist():
                    number += 1
                    yield SourceRow(number, values)

    return RowSource(name, columns, read, folder)


# --- `datasets`, and objects in memory -------------------------------------------------------------------------------


def _of_folder(folder: Path, split: str | None) -> RowSource:
    if any((folder / name).is_file() for name in ("dataset_info.json", "dataset_dict.json")):
        datasets = _datasets(str(folder))
        return _of_datasets(datasets.load_from_disk(str(folder)), str(folder), split)
    for name in ("metadata.jsonl", "metadata.csv", "metadata.parquet"):
        if (folder / name).is_file():
            return _of_file(folder / name)
    tables = sorted(folder.rglob("*.parquet"))
    if split is not None:
        tables = [path for path in tables if split in re.split(r"[-_./]", str(path.relative_to(folder)))]
    if tables:
        return _of_parquet(tables, str(folder), folder)
    raise SourceError(
        f"{str(folder)!r} holds no data set that is known: none saved by `datasets`, no metadata.jsonl or .csv, no parquet "
        f"files{'' if split is None else f' of the split {split!r}'}."
    )


def _of_hub(name: str, split: str | None, config: str | None) -> RowSource:
    datasets = _datasets(name)
    try:
        return _of_datasets(datasets.load_dataset(name, config, split=split), name, split)
    except (OSError, ValueError) as error:  # not there, out of reach, no such split or configuration
        reason = " ".join(str(error).split()) or type(error).__name__
        raise SourceError(
            f"{name!r} is neither a file nor a folder here, nor can it be loaded from the Hub: {reason[:300]}"
        ) from error


def _datasets(name: str) -> Any:
    try:
        import datasets
    except ImportError as error:
        raise ImportError(f"reading {name!r} {_NEEDS.format('datasets')}") from error
    return datasets


def _of_datasets(found: Any, name: str, split: str | None) -> RowSource:
    if isinstance(found, dict):  # DatasetDict and IterableDatasetDict
        if split is None and len(found) > 1:
            raise SourceError(f"{name!r} has the splits {', '.join(found)}: say which with --split.")
        chosen = next(iter(found)) if split is None else split
        if chosen not in found:
            raise SourceError(f"{name!r} has no split {split!r} but {', '.join(found)}.")
        found = found[chosen]
    if not found.column_names:  # a stream that does not say what it holds
        return _of_items(found, name)

    def read(wanted: Collection[str]) -> Iterator[SourceRow]:
        # Audio that nobody asked for is not decoded.
        chosen = found.select_columns([column for column in found.column_names if column in wanted])
        for number, values in enumerate(chosen, start=1):
            yield SourceRow(number, values)

    return RowSource(name, list(found.column_names), read)


def _of_object(source: Any, split: str | None) -> RowSource:
    if hasattr(source, "column_names"):  # `datasets` with one split or several
        return _of_datasets(source, "the data set", split)
    if not isinstance(source, Iterable):
        raise TypeError(
            f"rows come from a path, a `datasets` object or an iterable, not from {type(source).__name__}."
        )
    return _of_items(source if isinstance(source, (list, tuple)) else list(source), "the rows")


def _of_items(items: Iterable[Any], name: str, folder: Path | None = None) -> RowSource:
    def read(wanted: Collection[str]) -> Iterator[SourceRow]:
        for number, item in enumerate(items, start=1):
            if isinstance(item, dict):
                yield SourceRow(number, item)
            elif isinstance(item, str):
                yield SourceRow(number, {"text": item})
            else:
                yield SourceRow(number, {}, f"row {number} is neither a text nor a dictionary: {type(item).__name__}.")

    seen = list(itertools.islice(read(()), _SAMPLE))
    if not seen:
        raise SourceError(f"{name} holds no rows: there is nothing to speak.")
    return RowSource(name, list(dict.fromkeys(key for row in seen for key in row.values)), read, folder)
