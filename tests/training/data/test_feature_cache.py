"""The cache of features: what is kept, what damage costs, what an interruption or a full disk leaves behind."""

import errno

import numpy as np
import pytest

from valetts_hf.training.data import feature_cache
from valetts_hf.training.data.feature_cache import FeatureCache, digest


def filled(folder, count: int = 3, **options) -> FeatureCache:
    cache = FeatureCache(folder, **options)
    for number in range(count):
        cache.put(
            f"key{number}", {"number": number}, {"a": np.full(50, number, np.int16), "b": np.zeros(0, np.float32)}
        )
    return cache


def shards(folder):
    return sorted(folder.glob("shard-*.safetensors"))


def test_records_come_back_as_they_were(tmp_path):
    filled(tmp_path).flush()
    cache = FeatureCache(tmp_path)
    assert len(cache) == 3 and "key1" in cache and "other" not in cache
    assert cache.meta("key1") == {"number": 1}
    arrays = cache.arrays("key1")
    assert arrays["a"].tolist() == [1] * 50 and arrays["a"].dtype == np.int16
    assert arrays["b"].shape == (0,) and cache.verify(["key0", "key1", "key2"]) == []


def test_pending_records_are_found_and_shards_are_cut_by_number(tmp_path):
    cache = filled(tmp_path, 5, max_records=2)
    assert len(shards(tmp_path)) == 2 and len(cache) == 5
    assert cache.meta("key4") == {"number": 4} and cache.arrays("key4")["a"][0] == 4
    cache.flush()
    cache.flush()
    assert len(shards(tmp_path)) == 3


def test_shards_are_cut_by_bytes_and_by_time(tmp_path):
    filled(tmp_path / "bytes", 3, max_bytes=100)
    assert len(shards(tmp_path / "bytes")) == 3
    filled(tmp_path / "time", 3, max_seconds=-1.0)
    assert len(shards(tmp_path / "time")) == 3


def test_changed_bytes_cost_one_record(tmp_path):
    filled(tmp_path).flush()
    (path,) = shards(tmp_path)
    content = bytearray(path.read_bytes())
    place = content.index(np.full(50, 2, np.int16).tobytes())
    content[place + 7] ^= 1
    path.write_bytes(content)
    cache = FeatureCache(tmp_path)
    assert cache.verify(["key0", "key1", "key2", "never"]) == ["key2", "never"]
    assert "key2" not in cache and "key0" in cache
    assert "damaged" in cache.damaged[0] and len(cache.damaged) == 1


@pytest.mark.parametrize("harm", ["cut", "header", "empty"])
def test_a_damaged_shard_is_left_out_and_reported(tmp_path, harm):
    filled(tmp_path, 4, max_records=2)
    path = shards(tmp_path)[0]
    content = path.read_bytes()
    path.write_bytes({"cut": content[:-3], "header": content[:9] + b"X" + content[10:], "empty": b""}[harm])
    cache = FeatureCache(tmp_path)
    assert len(cache) == 2 and len(cache.damaged) == 1 and path.name in cache.damaged[0]
    assert FeatureCache(tmp_path).damaged == []  # it is gone


def test_a_shard_that_cannot_be_opened_now_is_not_deleted(tmp_path, monkeypatch):
    filled(tmp_path).flush()

    def refuse(path):
        raise OSError(errno.EMFILE, "Too many open files")

    with monkeypatch.context() as patch:
        patch.setattr(feature_cache, "read_header", refuse)
        cache = FeatureCache(tmp_path)
        assert len(cache) == 0 and "Too many open files; its records are computed again" in cache.damaged[0]
    assert len(FeatureCache(tmp_path)) == 3


def test_a_shard_that_vanishes_while_it_is_open_is_computed_again(tmp_path):
    filled(tmp_path).flush()
    cache = FeatureCache(tmp_path)
    shards(tmp_path)[0].unlink()
    assert cache.verify(["key1"]) == ["key1"]


def test_a_full_disk_keeps_what_was_written_and_says_so(tmp_path, monkeypatch):
    filled(tmp_path).flush()
    cache = FeatureCache(tmp_path)

    def full(path, arrays, metadata):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(feature_cache, "write_tensors", full)
    cache.put("new", {}, {"a": np.zeros(3, np.int16)})
    with pytest.raises(OSError, match="No space left.*free some space.*3 results are kept") as caught:
        cache.flush()
    assert caught.value.errno == errno.ENOSPC
    assert sorted(path.name for path in tmp_path.iterdir()) == [path.name for path in shards(tmp_path)]
    monkeypatch.undo()
    cache.flush()  # with space again, what was pending is still there
    assert "new" in FeatureCache(tmp_path)


def test_unknown_types_are_refused(tmp_path):
    cache = FeatureCache(tmp_path)
    cache.put("x", {}, {"a": np.zeros(3, np.complex64)})
    with pytest.raises(ValueError, match="complex64"):
        cache.flush()


def test_digest_depends_on_content_and_borders():
    assert digest("ab", "c") != digest("a", "bc")
    assert digest(np.zeros(2, np.int16)) != digest(np.zeros(3, np.int16))
    assert digest({"a": 1, "b": 2}) == digest({"b": 2, "a": 1})
    assert digest(np.zeros(0)) == digest(np.zeros(0))
