"""Reading the layouts that speech corpora come in: tables beside audio files, Common Voice, LJ Speech, `datasets`.

Every reader is a generator of `TableRow`; nothing is held in memory but one row. Tables on disk are read directly:
`datasets` itself wants torchcodec (and so FFmpeg) for audio folders even where nothing is decoded.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from valetts_hf.training.data.columns import SPLIT_NAMES, USUAL_NAMES, split_of


AUDIO_SUFFIXES = (".wav", ".flac", ".mp3", ".ogg", ".opus", ".m4a", ".aiff", ".aif", ".w64")
TABLE_SUFFIXES = (".jsonl", ".csv", ".tsv", ".json", ".txt", ".parquet")
_NEXT_ROW = re.compile(rf"\n[^\n]*(?:{'|'.join(map(re.escape, AUDIO_SUFFIXES))})\b", re.IGNORECASE)
_HUB_ID = re.compile(r"[\w.-]+/[\w.-]+")
_COLUMN_NAMES = {name for names in USUAL_NAMES.values() for name in names}
_AUDIO_FOLDERS = ("wavs", "wav", "clips", "audio")


@dataclass
class TableRow:
    """
    One row as the source has it.

    Attributes:
        number (`int`): counted from 1 in its table.
        values (`dict`): column -> value.
        folder (`Path`, *optional*): what paths are relative to.
        split (`str`): of the file or folder it came from, "" if that says nothing.
        problem (`str`): why it cannot be used, "" if it can.
    """

    number: int
    values: dict[str, Any]
    folder: Path | None = None
    split: str = ""
    problem: str = ""


def read_location(location: Any, split: str | None = None, config: str | None = None) -> Iterator[TableRow]:
    """
    Rows of anything that holds a corpus.

    Args:
        location: a file (.jsonl, .json, .csv, .tsv, .parquet, or .txt / .csv with `|` or `;` between its fields), a folder
            (audio folder, Common Voice, LJ Speech, `save_to_disk`, parquet files, audio beside .txt files), the id of a
            data set on the Hub, a `datasets` object (streaming or not), or an iterable of dictionaries.
        split (`str`, *optional*): the only split to open of a data set on the Hub.
        config (`str`, *optional*): configuration of a data set on the Hub.

    Raises:
        FileNotFoundError: neither there nor the id of a data set.
        ValueError: a folder or file of no known layout.
    """
    if not isinstance(location, (str, Path)):
        return _from_objects(location)
    path = Path(location).expanduser()
    if path.is_dir():
        return _from_folder(path)
    if path.is_file():
        return _from_file(path)
    if _HUB_ID.fullmatch(str(location)) and not str(location).startswith("."):
        return _from_hub(str(location), split, config)
    raise FileNotFoundError(
        f"{str(location)!r} is neither a file nor a folder (nor does it look like owner/name on the Hub); check it"
    )


def find_audio(value: str, folder: Path | None) -> Path:
    """Path of an audio file named in a table: relative to its folder or to wavs/, clips/, audio/; suffix optional."""
    path = Path(value).expanduser()
    if folder is None or path.is_absolute():
        return path
    for base in (folder, *(folder / name for name in _AUDIO_FOLDERS)):
        for suffix in ("", *AUDIO_SUFFIXES):
            candidate = base / f"{value}{suffix}"
            if candidate.is_file():
                return candidate
    return folder / value


# --- folders ---------------------------------------------------------------------------------------------------------


def _from_folder(folder: Path) -> Iterator[TableRow]:
    for matches, reader in _LAYOUTS:
        if matches(folder):
            return reader(folder)
    raise ValueError(
        f"{str(folder)!r} holds no corpus that is known: no metadata.jsonl, .csv or .parquet (audio folder), no .tsv "
        "beside clips/ (Common Voice), no parquet files, no audio files with a .txt file of the same name"
    )


def _metadata(folder: Path) -> Path | None:
    for suffix in (".jsonl", ".csv", ".parquet", ".tsv"):
        if (folder / f"metadata{suffix}").is_file():
            return folder / f"metadata{suffix}"
    return None


def _read_metadata(folder: Path) -> Iterator[TableRow]:
    return _from_file(_metadata(folder))  # type: ignore[arg-type]


def _split_folders(folder: Path) -> list[Path]:
    return sorted(
        path for path in folder.iterdir() if path.is_dir() and path.name.lower() in SPLIT_NAMES and _metadata(path)
    )


def _read_split_folders(folder: Path) -> Iterator[TableRow]:
    for path in _split_folders(folder):
        for row in _read_metadata(path):
            row.split = row.split or SPLIT_NAMES[path.name.lower()]
            yield row


def _read_common_voice(folder: Path) -> Iterator[TableRow]:
    """The split files first; what only validated.tsv has is training data."""
    seen = set()
    for name in ("train", "dev", "test", "validated"):
        path = folder / f"{name}.tsv"
        if not path.is_file():
            continue
        for row in _from_file(path):
            clip = row.values.get("path")
            if clip not in seen:
                seen.add(clip)
                row.split = SPLIT_NAMES.get(name, "train")
                yield row


def _parquet_files(folder: Path) -> list[Path]:
    return sorted([*folder.glob("*.parquet"), *folder.glob("*/*.parquet")])


def _read_parquet_folder(folder: Path) -> Iterator[TableRow]:
    for path in _parquet_files(folder):
        split = split_of(path.name)
        for row in _from_file(path):
            row.split = row.split or split
            yield row


def _is_saved(folder: Path) -> bool:
    return (folder / "dataset_info.json").is_file() or (folder / "dataset_dict.json").is_file()


def _read_saved(folder: Path) -> Iterator[TableRow]:
    from datasets import load_from_disk

    return _from_objects(load_from_disk(str(folder)))


def _pairs(folder: Path) -> Iterator[tuple[Path, Path]]:
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() in AUDIO_SUFFIXES:
            for text in (path.with_suffix(".normalized.txt"), path.with_suffix(".txt"), path.with_suffix(".lab")):
                if text.is_file():
                    yield path, text
                    break


def _read_pairs(folder: Path) -> Iterator[TableRow]:
    """Audio beside text files; a folder below the source is a speaker."""
    for number, (audio, text) in enumerate(_pairs(folder), start=1):
        place = audio.relative_to(folder)
        speaker = place.parts[0] if len(place.parts) > 1 and place.parts[0] not in _AUDIO_FOLDERS else ""
        values = {"audio": str(place), "text": text.read_text(encoding="utf-8", errors="replace"), "speaker": speaker}
        yield TableRow(number, values, folder, problem=_undecodable(values))


_LAYOUTS: list[tuple[Callable[[Path], Any], Callable[[Path], Iterator[TableRow]]]] = [
    (_is_saved, _read_saved),
    (_metadata, _read_metadata),
    (_split_folders, _read_split_folders),
    (lambda folder: (folder / "clips").is_dir() and any(folder.glob("*.tsv")), _read_common_voice),
    (_parquet_files, _read_parquet_folder),
    (lambda folder: next(_pairs(folder), None), _read_pairs),
]


# --- files -----------------------------------------------------------------------------------------------------------


def _from_file(path: Path) -> Iterator[TableRow]:
    suffix = path.suffix.lower()
    if suffix not in TABLE_SUFFIXES:
        raise ValueError(f"{str(path)!r} is no table of a known kind; use one of {', '.join(TABLE_SUFFIXES)}")
    if suffix == ".parquet":
        return _read_parquet(path)
    if suffix in (".jsonl", ".json"):
        return _read_json(path)
    with open(path, encoding="utf-8-sig", errors="replace") as file:
        first = file.readline()
    separator = re.search(r"[|,;\t]", first)  # the first one ends the name of a file; texts behind it hold commas
    if separator and separator[0] == "|" or suffix == ".txt" and "|" in first:
        named = all(name in _COLUMN_NAMES for name in first.strip().split("|"))
        return _read_delimited(path, "|") if named else _read_bars(path)
    if suffix in (".tsv", ".txt"):
        return _read_delimited(path, "\t")
    return _read_delimited(path, separator[0] if separator else ",")  # `;`: where commas are decimal signs


def _read_json(path: Path) -> Iterator[TableRow]:
    """JSON lines; or one JSON list."""
    with open(path, encoding="utf-8-sig", errors="replace") as file:
        listed = file.read(1) == "["
        file.seek(0)
        lines: Iterable[Any] = json.load(file) if listed else (line for line in file if line.strip())
        for number, line in enumerate(lines, start=1):
            values, problem = line, ""
            if not listed:
                try:
                    values = json.loads(line)
                except ValueError as error:
                    values, problem = {}, f"no JSON ({error})"
            if not isinstance(values, dict):
                values, problem = {}, f"no JSON object but {str(line).strip()[:40]!r}"
            yield TableRow(number, values, path.parent, problem=problem or _undecodable(values))


def _read_delimited(path: Path, delimiter: str) -> Iterator[TableRow]:
    """Rows below a header. Quotes delimit in what spreadsheets write: Common Voice leaves those of its sentences as they are."""
    quoting = csv.QUOTE_MINIMAL if delimiter in (",", ";") else csv.QUOTE_NONE
    with open(path, encoding="utf-8-sig", errors="replace", newline="") as file:
        reader = csv.DictReader(file, delimiter=delimiter, quoting=quoting)
        try:
            for number, values in enumerate(reader, start=1):
                extra = values.pop(None, None)  # type: ignore[call-overload]
                problem = (
                    f"{len(extra)} more fields than columns: quote fields that hold {delimiter!r}" if extra else ""
                )
                problem = _swallowed(values) or problem or _undecodable(values)
                yield TableRow(number, values, path.parent, problem=problem)
        except csv.Error as error:
            raise ValueError(
                f"{str(path)!r} cannot be read around line {reader.line_num} ({error}): is a quote there not closed?"
            ) from error


def _swallowed(values: dict[str, Any]) -> str:
    """What is wrong with a row that holds the rows below it, since a quote in it is not closed."""
    for column, value in values.items():
        if isinstance(value, str) and (rows := _NEXT_ROW.findall(value)):
            return f"{column} begins with a quote that is not closed: {len(rows)} rows below it are lost in it"
    return ""


def _read_bars(path: Path) -> Iterator[TableRow]:
    """`id|text`, `id|text|normalised text` (LJ Speech) or `file|speaker|text` (lists of the VITS family)."""
    with open(path, encoding="utf-8-sig", errors="replace") as file:
        lines = [line.rstrip("\r\n").split("|") for line in file]
    speakers = [fields[1] for fields in lines if len(fields) >= 3]
    short = sum(len(field) <= 12 and " " not in field for field in speakers)
    has_speakers = bool(speakers) and short == len(speakers) and len(set(speakers)) <= max(1, len(speakers) // 2)
    for number, fields in enumerate(lines, start=1):
        if len(fields) < 2:
            if any(fields):
                yield TableRow(number, {}, path.parent, problem=f"no | in {fields[0][:40]!r}")
            continue
        if has_speakers and len(fields) >= 3:
            values = {"audio": fields[0], "speaker": fields[1], "text": fields[2]}
        else:
            values = {"audio": fields[0], "text": fields[2] if len(fields) >= 3 and fields[2].strip() else fields[1]}
        yield TableRow(number, values, path.parent, problem=_undecodable(values))


def _undecodable(values: dict[str, Any]) -> str:
    """What is wrong with a row whose text is in another encoding; its letters would be lost without a word."""
    for column, value in values.items():
        if isinstance(value, str) and "\ufffd" in value:
            return f"{column} is not UTF-8, {value.strip()[:40]!r}: save the table as UTF-8"
    return ""


def _read_parquet(path: Path) -> Iterator[TableRow]:
    import pyarrow.parquet

    try:
        file = pyarrow.parquet.ParquetFile(path)
        labels = _labels_of_schema(file.schema_arrow.metadata or {})
        rows = (values for batch in file.iter_batches(batch_size=32) for values in batch.to_pylist())
        for number, values in enumerate(rows, start=1):
            yield TableRow(number, _with_labels(values, labels), path.parent)
    except (OSError, ValueError) as error:
        raise ValueError(f"{str(path)!r} cannot be read as parquet ({error}); fetch it again") from error


def _labels_of_schema(metadata: dict[bytes, bytes]) -> dict[str, list[str]]:
    """Names of the classes of the columns that hold their numbers, as `datasets` notes them beside a table."""
    features = json.loads(metadata.get(b"huggingface", b"{}")).get("info", {}).get("features", {})
    found = {name: kind for name, kind in features.items() if isinstance(kind, dict)}  # lists are columns of lists
    return {name: kind["names"] for name, kind in found.items() if kind.get("_type") == "ClassLabel"}


def _with_labels(values: dict[str, Any], labels: dict[str, list[str]]) -> dict[str, Any]:
    """A row with the names of classes instead of their numbers; -1 is none."""
    for name, names in labels.items():
        if isinstance(values.get(name), int):
            values[name] = names[values[name]] if values[name] >= 0 else None
    return values


# --- `datasets` ------------------------------------------------------------------------------------------------------


def _from_objects(data: Any) -> Iterator[TableRow]:
    """A `Dataset`, an `IterableDataset`, a dictionary of them by split, or any iterable of dictionaries."""
    if hasattr(data, "cast_column") and hasattr(data, "items"):
        for split, part in data.items():
            for row in _from_objects(part):
                row.split = row.split or str(split)
                yield row
        return
    if (getattr(data, "format", None) or {}).get("type", "custom") != "custom":
        data = data.with_format(None)  # plain values, not tensors or tables
    features = getattr(data, "features", None) or {}
    labels = {}
    for name, feature in features.items():
        kind = type(feature).__name__
        if kind == "Audio":
            from datasets import Audio

            data = data.cast_column(name, Audio(decode=False))
        elif kind == "ClassLabel":
            labels[name] = feature.names
    for number, values in enumerate(_undecoded(data), start=1):
        if not isinstance(values, dict):
            raise ValueError(f"item {number} of the source is {type(values).__name__}; rows must be dictionaries")
        yield TableRow(number, _with_labels(values, labels))


def _undecoded(data: Iterable[Any]) -> Iterator[Any]:
    """The items of a data set; says what to do where `datasets` would decode audio by itself."""
    try:
        yield from data
    except ImportError as error:
        if error.name != "torchcodec" and "torchcodec" not in str(error):
            raise
        raise ValueError(
            "a `map` or `filter` of this data set decodes its audio, which wants torchcodec: turn that off before it with "
            '`data.cast_column("audio", Audio(decode=False))`'
        ) from error


def _from_hub(name: str, split: str | None, config: str | None) -> Iterator[TableRow]:
    """Streamed where `datasets` can; a repository of loose audio files is fetched and read as a folder."""
    from datasets import load_dataset
    from datasets.exceptions import DatasetNotFoundError

    try:
        data = load_dataset(name, config, split=split, streaming=True)
    except DatasetNotFoundError as error:
        raise FileNotFoundError(
            f"{name!r} is neither here nor a data set on the Hub that can be opened ({error}); check the name, or log in "
            "with `hf auth login` for a gated one"
        ) from error
    parts = data.values() if hasattr(data, "values") else [data]
    if any(part.info.builder_name == "audiofolder" for part in parts):  # its reader wants torchcodec
        from huggingface_hub import snapshot_download

        return _from_folder(Path(snapshot_download(name, repo_type="dataset")))
    return _from_objects(data)
