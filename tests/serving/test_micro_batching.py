"""Batches across requests: they form behind a busy device, by manner and length, and change nothing that is heard."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np
import pytest
import torch

from valetts_hf.inference import ValeTTS
from valetts_hf.inference.manner import Manner
from valetts_hf.serving.micro_batching import BatchedTTS, MicroBatcher


@dataclass
class Piece:
    input_ids: list[int]


@dataclass
class Sentence:
    name: str
    length: int
    piece: Piece = field(init=False)

    def __post_init__(self):
        self.piece = Piece([0] * self.length)


class Device:
    """Computes when it is let."""

    def __init__(self):
        self.batches: list[list[str]] = []
        self.gate = threading.Event()
        self.busy = threading.Event()

    def __call__(self, jobs, manner):
        self.batches.append(sorted(job.name for job in jobs))
        self.busy.set()
        assert self.gate.wait(30)
        if any(job.name == "poison" for job in jobs):
            raise RuntimeError("a row that breaks its batch.")
        return [f"{job.name} spoken" for job in jobs]


def rush(sentences, rows=8):
    """One sentence keeps the device busy while the others arrive."""
    device, sizes = Device(), []
    batcher = MicroBatcher(device, rows, sizes.append)
    with ThreadPoolExecutor(len(sentences) + 1) as pool:
        first = pool.submit(batcher, [Sentence("first", 10)], Manner())
        assert device.busy.wait(30)
        rest = [pool.submit(batcher, [Sentence(name, length)], manner) for name, length, manner in sentences]
        while len(batcher._waiting) < len(sentences):
            pass
        device.gate.set()
        assert first.result() == ["first spoken"]
        return device.batches, [future for future in rest], sizes


def test_what_arrives_meanwhile_is_the_next_batch():
    batches, futures, sizes = rush([(name, 10, Manner()) for name in "abcd"])
    assert batches == [["first"], list("abcd")] and sizes == [1, 4]
    assert [future.result() for future in futures] == [[f"{name} spoken"] for name in "abcd"]


def test_no_more_rows_than_allowed():
    batches, _, _ = rush([(name, 10, Manner()) for name in "abcde"], rows=2)
    assert max(len(batch) for batch in batches) == 2 and sum(len(batch) for batch in batches) == 6


def test_lengths_and_manners_stay_apart():
    slow = Manner.of(speaking_rate=0.5)
    batches, _, _ = rush([("a", 10, Manner()), ("b", 12, Manner()), ("long", 100, Manner()), ("slow", 10, slow)])
    assert sorted(batches[1:]) == [["a", "b"], ["long"], ["slow"]]


def test_one_that_fails_fails_alone():
    _, (good, bad), _ = rush([("good", 10, Manner()), ("poison", 10, Manner())])
    assert good.result() == ["good spoken"]
    with pytest.raises(RuntimeError, match="breaks"):
        bad.result()


def test_neighbours_do_not_change_how_anything_sounds(steady_checkpoint):
    tts = ValeTTS.from_pretrained(steady_checkpoint, device="cpu")
    with torch.no_grad():
        tts.model.model.prosody_predictor.output.bias[1] += 10.0  # voiced: a whisper has no phase to get wrong
    texts = [f"This is client number {number}." for number in range(6)]
    sizes = []
    together = BatchedTTS(tts, 8, sizes.append)
    with ThreadPoolExecutor(6) as pool:
        found = list(pool.map(lambda text: together(text, seed=3).waveform, texts))
    assert sum(sizes) == 6
    alone = [tts(text, seed=3).waveform for text in texts]
    for waveform, expected in zip(found, alone):
        np.testing.assert_allclose(waveform, expected, atol=1e-4)
    assert len({waveform.tobytes() for waveform in alone}) == 6
