"""The cache on disk: hits, limits, damage, many at once."""

from __future__ import annotations

import os
import threading

import pytest
import torch

from valetts_hf.voices.cache import VoiceCache, cache_folder, cache_key


def test_what_is_put_is_got(tmp_path):
    cache = VoiceCache(tmp_path)
    key = cache_key("style", "content", "checkpoint", level=-23.0)
    assert cache.get(key) is None
    assert cache.put(key, {"style": torch.arange(3.0)}, note="x")
    tensors, facts = VoiceCache(tmp_path).get(key)
    assert torch.equal(tensors["style"], torch.arange(3.0)) and facts == {"note": "x"}
    others = {
        cache_key("style", "content", "other", level=-23.0),
        cache_key("style", "other", "checkpoint", level=-23.0),
        cache_key("style", "content", "checkpoint", level=-20.0),
        cache_key("adapter", "content", "checkpoint", level=-23.0),
    }
    assert len(others | {key}) == 5
    assert cache.size()[0] == 1 and cache.clear() == 1 and cache.get(key) is None


def test_the_least_recently_used_go(tmp_path):
    cache = VoiceCache(tmp_path, limit=5000)
    for number in range(4):
        cache.put(f"k{number}", {"x": torch.zeros(250)})  # some 1,100 bytes each
        os.utime(tmp_path / "voices" / f"k{number}.safetensors", (number, number))
    assert cache.get("k0") is not None  # now the youngest
    cache.put("k4", {"x": torch.zeros(250)})
    left = [number for number in range(5) if cache.get(f"k{number}") is not None]
    assert left == [0, 3, 4] and cache.size()[1] <= 4000


def test_damage_is_a_miss(tmp_path):
    cache = VoiceCache(tmp_path)
    cache.put("k", {"x": torch.zeros(3)})
    path = tmp_path / "voices" / "k.safetensors"
    path.write_bytes(b"damaged")
    assert cache.get("k") is None and not path.exists()


def test_an_entry_of_somebody_else_is_used_and_stays(tmp_path, monkeypatch):
    def refuse(path):
        raise PermissionError(1, "Operation not permitted")

    cache = VoiceCache(tmp_path)
    cache.put("k", {"x": torch.zeros(3)})
    monkeypatch.setattr("valetts_hf.voices.cache.os.utime", refuse)
    assert cache.get("k") is not None and cache.size()[0] == 1


def test_an_entry_appears_whole_or_not_at_all(tmp_path, monkeypatch):
    def full(source, target):
        assert not os.path.exists(target)
        raise OSError(28, "No space left on device")

    cache = VoiceCache(tmp_path)
    monkeypatch.setattr("valetts_hf.voices.cache.os.replace", full)
    assert not cache.put("k", {"x": torch.zeros(3)})
    assert not list((tmp_path / "voices").iterdir())


def test_a_cache_that_cannot_be_written_is_no_error(tmp_path):
    (tmp_path / "file").touch()
    cache = VoiceCache(tmp_path / "file")
    assert not cache.put("k", {"x": torch.zeros(3)}) and cache.get("k") is None and cache.size() == (0, 0)


def test_where_it_is(tmp_path, monkeypatch):
    monkeypatch.setenv("VALETTS_CACHE", str(tmp_path))
    assert cache_folder() == tmp_path
    for word in ("off", "0", ""):
        monkeypatch.setenv("VALETTS_CACHE", word)
        assert cache_folder() is None
        assert not VoiceCache().put("k", {"x": torch.zeros(1)}) and VoiceCache().get("k") is None
    monkeypatch.delenv("VALETTS_CACHE")
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "x"))
    assert cache_folder() == tmp_path / "x" / "valetts"
    with pytest.raises(ValueError, match="limit of the cache must be 1 byte or more, got 0"):
        VoiceCache(limit=0)


def test_many_at_once(tmp_path):
    """Each thread with an object of its own, as processes have; they share the folder and its lock alone."""
    wrong = []

    def work(number):
        cache = VoiceCache(tmp_path, limit=6000)
        for step in range(15):
            key = f"k{(number + step) % 8}"
            found = cache.get(key)
            if found is not None and not torch.equal(found[0]["x"], torch.full((250,), float(key[1:]))):
                wrong.append(key)
            if not cache.put(key, {"x": torch.full((250,), float(key[1:]))}):
                wrong.append("put")

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
    assert not list(tmp_path.rglob("*.part"))
    last = VoiceCache(tmp_path, limit=6000)
    last.put("k9", {"x": torch.full((250,), 9.0)})
    assert last.size()[1] <= 6000
