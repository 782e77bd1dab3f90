"""Which rows are whose: a row belongs to the shard that its id hashes to, in whatever order the rows come."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass


_FOLDER = re.compile(r"shard-(\d{5,})-of-(\d{5,})")


@dataclass(frozen=True)
class Shard:
    """
    A part of a data set.

    Args:
        index (`int`): from 0.
        count (`int`): of parts.

    Raises:
        `ValueError`: no such part.
    """

    index: int = 0
    count: int = 1

    def __post_init__(self) -> None:
        if self.count < 1 or not 0 <= self.index < self.count:
            raise ValueError(
                f"there is no shard {self.index}/{self.count}: of {max(self.count, 1)} shards the first is 0 and the last "
                f"{max(self.count, 1) - 1}."
            )

    @classmethod
    def of(cls, text: str) -> Shard:
        """The shard written as "0/4".

        Raises:
            `ValueError`: it is not written so, or there is no such shard.
        """
        match = re.fullmatch(r"\s*(\d+)\s*/\s*(\d+)\s*", text)
        if match is None:
            raise ValueError(f"{text!r} is no shard: write 0/4 for the first of four, 3/4 for the last.")
        return cls(int(match[1]), int(match[2]))

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> Shard:
        """The shard of this process among those that `accelerate launch` or `torchrun` started; else all of it.

        Raises:
            `ValueError`: RANK and WORLD_SIZE that do not belong together.
        """
        environment = os.environ if environment is None else environment
        rank, size = environment.get("RANK"), environment.get("WORLD_SIZE")
        if rank is None or size is None:
            return cls()
        if not (rank.isdigit() and size.isdigit()):
            raise ValueError(f"RANK={rank!r} and WORLD_SIZE={size!r} are no numbers: unset them, or say --shard i/n.")
        return cls(int(rank), int(size))

    @classmethod
    def of_folder(cls, name: str) -> Shard | None:
        """The shard that a folder is named after; None for any other folder."""
        match = _FOLDER.fullmatch(name)
        return None if match is None else cls(int(match[1]), int(match[2]))

    @property
    def folder(self) -> str:
        """The name of its folder."""
        return f"shard-{self.index:05d}-of-{self.count:05d}"

    def holds(self, row_id: str) -> bool:
        """Whether a row is of this shard."""
        if self.count == 1:
            return True
        digest = hashlib.blake2b(row_id.encode("utf-8", "surrogatepass"), digest_size=8).digest()
        return int.from_bytes(digest, "big") % self.count == self.index

    def __str__(self) -> str:
        return f"{self.index}/{self.count}"
