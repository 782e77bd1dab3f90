"""What is to do: the rows of a shard without those that are done, or known to fail, in this folder."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from valetts_hf.mass_synthesis.output_folder import OutputFolder, ShardFolder
from valetts_hf.mass_synthesis.row_sources import RowSource, SourceError
from valetts_hf.mass_synthesis.rows import Row, RowError, read_row, row_id
from valetts_hf.mass_synthesis.settings import SynthesisSettings
from valetts_hf.mass_synthesis.sharding import Shard
from valetts_hf.mass_synthesis.speaking import file_stem


@dataclass(frozen=True)
class RowReader:
    """
    The rows of one shard, as often as they are asked for.

    Args:
        source ([`RowSource`]): has them.
        columns (mapping): role -> column.
        settings ([`SynthesisSettings`]): for what a row does not say.
        languages (sequence of `str`): that the model reads.
        shard ([`Shard`]): whose rows.
    """

    source: RowSource
    columns: Mapping[str, str]
    settings: SynthesisSettings
    languages: Sequence[str]
    shard: Shard

    def read(self, numbers: set[int] | None = None) -> Iterator[tuple[int, str, Row | RowError]]:
        """Number and id of each row, and the row or what is wrong with it; only those of some numbers if they are given."""
        for raw in self.source.read(set(self.columns.values())):
            if numbers is not None and raw.number not in numbers:
                continue
            own = row_id(raw, self.columns)
            try:
                yield raw.number, own, read_row(raw, self.columns, self.settings, self.languages, self.source.folder)
            except RowError as error:
                yield raw.number, own, error

    def rows(self, numbers: set[int]) -> Iterator[Row]:
        """The rows of some numbers."""
        return (row for _, _, row in self.read(numbers) if isinstance(row, Row))

    def failure(self, number: int, own: str, role: str, error: str, kind: str, key: str | None) -> dict[str, Any]:
        """The record of a row that cannot be spoken."""
        column = self.columns.get(role) or role or None
        return {"id": own, "row": number, "column": column, "error": error, "type": kind, "key": key}


@dataclass
class Plan:
    """
    Args:
        rows (`int`): of the shard.
        done (`int`): of them, before.
        pending (`set[int]`): numbers of rows to speak.
        failures (`list[dict]`): records of rows that cannot be, or could not before.
    """

    rows: int = 0
    done: int = 0
    pending: set[int] = field(default_factory=set)
    failures: list[dict[str, Any]] = field(default_factory=list)


def make_plan(reader: RowReader, output: OutputFolder, folder: ShardFolder, retry_failed: bool) -> Plan:
    """
    What is to do, with the folder put in order for it: records of rows that have changed since are gone.

    Args:
        reader ([`RowReader`]): of the shard.
        output ([`OutputFolder`]): while it is `planning`.
        folder ([`ShardFolder`]): of the shard, held.
        retry_failed (`bool`): rows that could not be spoken are pending again.

    Raises:
        [`SourceError`]: two rows of one id, or no rows at all.
    """
    plan = Plan()
    keys: dict[str, str | None] = {}
    numbers: dict[str, int] = {}
    for number, own, row in unique(reader):
        if not reader.shard.holds(own):
            continue
        plan.rows += 1
        numbers[own] = number
        keys[own] = row.key if isinstance(row, Row) else None
        if isinstance(row, RowError):
            plan.failures.append(reader.failure(number, own, row.role, str(row), "RowError", None))
    # Rows that are no longer in the source stay; so do, in folders of another division, those of other shards.
    folders = [ShardFolder(path) for path, other in output.shards() if other.count != reader.shard.count]
    for place in (folder, *folders):
        place.keep(lambda record: record.get("key") == keys.get(record.get("id", ""), record.get("key")))
        for record in place.done():
            if numbers.pop(record["id"], None) is not None:
                plan.done += 1
    for failure in folder.failures():
        own = failure.get("id", "")
        if not retry_failed and own in numbers and keys[own] is not None and failure.get("key") == keys[own]:
            plan.failures.append({**failure, "row": numbers.pop(own)})
    plan.pending = {number for own, number in numbers.items() if keys[own] is not None}
    folder.replace_failures(plan.failures)
    return plan


def unique(reader: RowReader) -> Iterator[tuple[int, str, Row | RowError]]:
    """
    All rows, of every shard.

    Raises:
        [`SourceError`]: two of them have one id, or ids that differ in nothing but case (one file on some systems); or there
            are none.
    """
    seen: dict[bytes, int] = {}  # digests: ids may be long, and there may be millions
    for number, own, row in reader.read():
        digest = hashlib.blake2b(file_stem(own).casefold().encode(), digest_size=12).digest()
        if digest in seen:
            raise SourceError(
                f"the rows {seen[digest]} and {number} of {reader.source.name!r} have the same id {own!r} (upper and lower case "
                "are one): name another --id-column, or number the rows with --id-column ''."
            )
        seen[digest] = number
        yield number, own, row
    if not seen:
        raise SourceError(f"{reader.source.name!r} holds no rows: there is nothing to speak.")
