"""Shards: each row is of exactly one, whatever their number, and launchers are understood."""

from __future__ import annotations

import pytest

from valetts_hf.mass_synthesis.sharding import Shard


@pytest.mark.parametrize("count", [1, 2, 3, 7])
def test_each_row_is_of_exactly_one_shard(count):
    ids = [f"row {number}" for number in range(700)]
    parts = [[name for name in ids if Shard(index, count).holds(name)] for index in range(count)]
    assert sorted(name for part in parts for name in part) == sorted(ids)
    assert all(0.6 * 700 / count < len(part) < 1.4 * 700 / count for part in parts)


def test_written_shards():
    assert Shard.of(" 3/4 ") == Shard(3, 4) and str(Shard(3, 4)) == "3/4"
    assert Shard.of_folder(Shard(3, 4).folder) == Shard(3, 4)
    assert Shard.of_folder("audio") is None
    for text, message in (
        ("4/4", "of 4 shards the first is 0 and the last 3"),
        ("1", "is no shard"),
        ("0/0", "no shard 0/0"),
    ):
        with pytest.raises(ValueError, match=message):
            Shard.of(text)


def test_launchers_are_understood():
    assert Shard.from_environment({"RANK": "1", "WORLD_SIZE": "4"}) == Shard(1, 4)
    assert Shard.from_environment({"RANK": "1"}) == Shard()
    with pytest.raises(ValueError, match="RANK='x' and WORLD_SIZE='4' are no numbers"):
        Shard.from_environment({"RANK": "x", "WORLD_SIZE": "4"})
