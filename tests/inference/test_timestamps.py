"""Times of words, sounds and frames: linked, exact over chunks and sums, and written as JSON, subtitles and TextGrid."""

from __future__ import annotations

import json
import os
import re

import numpy as np
import pytest
import torch

from valetts_hf.inference.batching import PieceLatents
from valetts_hf.inference.errors import AudioFileError
from valetts_hf.inference.long_text import Piece, PieceWord
from valetts_hf.inference.piece_times import PieceTimes
from valetts_hf.inference.speech import Phoneme, Speech, Word
from valetts_hf.inference.timestamps import Timeline, save_timestamps, to_json, to_srt, to_textgrid, to_vtt


RATE = 24000
TEXT = "The ferry leaves the harbour at seven. Nobody minded."


@pytest.fixture(scope="module")
def speech(tts) -> Speech:
    return tts(TEXT, "en-us", seed=1)


def made(words: list[Word], phonemes: list[Phoneme] | None = None, seconds: float = 2.0) -> Speech:
    return Speech(np.zeros(round(seconds * RATE), np.float32), RATE, "made up", words, 1, phonemes or [])


# --- what is in a speech -------------------------------------------------------------------------------------------


def test_phonemes_belong_to_their_words(speech):
    assert [word.text for word in speech.words] == TEXT.split()
    for index, word in enumerate(speech.words):
        sounds = [phone for phone in speech.phonemes if phone.word == index]
        assert sounds[0].start == pytest.approx(word.start) and sounds[-1].end == pytest.approx(word.end)
        assert all(first.end == pytest.approx(second.start) for first, second in zip(sounds, sounds[1:]))
    assert [phone.word for phone in speech.phonemes] == sorted(phone.word for phone in speech.phonemes)
    assert "".join(phone.text for phone in speech.phonemes if phone.word == 1) == "fˈɛɹi"


def test_frames_lie_in_the_speech(speech):
    step = np.diff(speech.frame_times)
    assert len(speech.frame_times) == len(speech.pitch) == len(speech.energy) > 50
    assert (
        step.min() == pytest.approx(256 / RATE)
        and 0 <= speech.frame_times[0]
        and speech.frame_times[-1] < speech.duration
    )
    assert (speech.pitch >= 0).all() and np.isfinite(speech.energy).all()
    first, second = speech.words[-3].end, speech.words[-2].start
    assert step.max() > 256 / RATE and first < speech.frame_times[step.argmax()] + step.max() < second + 0.2, (
        "the silence between the sentences has no frames"
    )


def test_what_was_cut_from_an_edge_has_no_frames():
    word = PieceWord("Hi", 1, 2, "en-us")
    piece = Piece([1, 2, 3], [0, 0, 0], [word], "sentence")
    curve = torch.full((1, 10), 5.0)
    latents = PieceLatents(torch.zeros(1, 10, 4), curve, torch.zeros(1, 16), [4, 4, 2], curve)
    times = PieceTimes(piece, latents, ["<s>", "a", "</s>"], RATE, 256)
    gap, cut = 2400, 512  # the first two frames are gone
    chunk = times.chunk(np.zeros(gap + 8 * 256, np.float32), 0, gap, cut, seed=1)
    assert chunk.frame_times == pytest.approx((gap + (np.arange(8) + 0.5) * 256) / RATE)
    assert (chunk.words[0].start, chunk.words[0].end) == pytest.approx(((gap + 512) / RATE, (gap + 1536) / RATE))


def test_energy_is_that_of_the_speech_as_it_was_asked_for(tts, speech):
    louder = tts(TEXT, "en-us", seed=1, energy_shift=6.0)
    np.testing.assert_allclose(louder.energy - speech.energy, 6.0, atol=1e-3)


def test_a_stream_has_the_same_times(tts, speech):
    chunks = list(tts.stream(TEXT, "en-us", seed=1))
    assert len(chunks) > 2
    assert all(((0 <= chunk.frame_times) & (chunk.frame_times < chunk.duration)).all() for chunk in chunks)
    timeline = Timeline()
    for chunk in chunks:
        timeline.add(chunk)
    for whole in (Speech.concatenate(chunks), timeline):
        assert [(word.text, round(word.start, 6), round(word.end, 6)) for word in whole.words] == [
            (word.text, round(word.start, 6), round(word.end, 6)) for word in speech.words
        ]
        assert [(phone.text, phone.word) for phone in whole.phonemes] == [
            (phone.text, phone.word) for phone in speech.phonemes
        ]
        assert [phone.end for phone in whole.phonemes] == pytest.approx([phone.end for phone in speech.phonemes])
        for name in ("frame_times", "pitch", "energy"):
            assert getattr(whole, name) == pytest.approx(getattr(speech, name), abs=1e-4)
        assert whole.duration == pytest.approx(speech.duration)


def test_sums_move_everything(speech):
    both = speech + speech
    count = len(speech.words)
    assert both.phonemes[len(speech.phonemes)].word == count
    assert both.phonemes[-1].end == pytest.approx(speech.phonemes[-1].end + speech.duration)
    assert both.frame_times[len(speech.frame_times)] == pytest.approx(speech.frame_times[0] + speech.duration)
    apart = Speech.concatenate([speech, speech], pause=0.5)
    assert apart.words[count].start == pytest.approx(speech.words[0].start + speech.duration + 0.5)


def test_the_rest_of_a_word_finds_its_word_when_chunks_are_put_together():
    first = made([Word("long", 0.0, 2.0)], [Phoneme("l", 0.0, 2.0, 0)])
    second = made([], [Phoneme("g", 0.0, 0.5, None)])
    assert [phone.word for phone in (first + second).phonemes] == [0, 0]
    assert [phone.word for phone in (second + second).phonemes] == [None, None]


def test_faster_speech_has_earlier_times(tts, speech):
    fast = tts(TEXT, "en-us", seed=1, speaking_rate=2)
    assert fast.words[-1].start < 0.7 * speech.words[-1].start
    assert fast.phonemes[-1].end <= fast.duration


# --- formats -------------------------------------------------------------------------------------------------------


def test_json(speech):
    table = json.loads(to_json(speech))
    assert [word["text"] for word in table["words"]] == TEXT.split()
    assert {phone["word"] for phone in table["phonemes"]} == set(range(len(table["words"])))
    assert len(table["frames"]["times"]) == len(table["frames"]["pitch"]) == len(table["frames"]["energy"])
    assert (table["seed"], table["sampling_rate"]) == (1, RATE)
    assert "frames" not in json.loads(to_json(speech, contours=False))


def test_srt():
    words = [Word("One", 0.1, 0.5), Word("-->", 0.5, 0.7), Word("two.", 1.5, 1.9994)]
    assert to_srt(made(words)) == (
        "1\n00:00:00,100 --> 00:00:00,700\nOne →\n\n2\n00:00:01,500 --> 00:00:01,999\ntwo.\n"
    )
    assert to_srt(made([])) == ""


def test_vtt():
    text = to_vtt(made([Word("<b>R&D</b>", 0.0, 0.5)]))
    assert text == "WEBVTT\n\n00:00:00.000 --> 00:00:00.500\n&lt;b&gt;R&amp;D&lt;/b&gt;\n"


def tiers(text: str) -> dict[str, list[tuple[float, float, str]]]:
    """A TextGrid in long form, read as Praat does."""
    found = {}
    for block in re.split(r"item \[\d+\]:\n", text)[1:]:
        name = re.search(r'name = "(.*)"', block)[1]
        rows = re.findall(r'intervals \[\d+\]:\s+xmin = (\S+)\s+xmax = (\S+)\s+text = "((?:[^"]|"")*)"', block)
        assert len(rows) == int(re.search(r"intervals: size = (\d+)", block)[1])
        found[name] = [(float(start), float(end), label.replace('""', '"')) for start, end, label in rows]
    return found


def test_textgrid_covers_everything(speech):
    text = to_textgrid(speech)
    assert text.startswith('File type = "ooTextFile"\nObject class = "TextGrid"\n\nxmin = 0\n')
    found = tiers(text)
    assert list(found) == ["words", "phones"]
    for rows in found.values():
        assert rows[0][0] == 0 and rows[-1][1] == pytest.approx(speech.duration, abs=1e-6)
        assert all(start < end for start, end, _ in rows)
        assert all(first[1] == second[0] for first, second in zip(rows, rows[1:]))
    assert [label for _, _, label in found["words"] if label] == TEXT.split()
    assert [label for _, _, label in found["phones"] if label] == [phone.text for phone in speech.phonemes]


def test_textgrid_of_odd_words():
    words = [Word('say "a\nb"', 0.0, 0.5), Word("I", 0.5, 1.0), Word("am", 0.5, 1.0), Word("late", 1.9, 2.5)]
    rows = tiers(to_textgrid(made(words)))["words"]
    assert [label for _, _, label in rows] == ['say "a b"', "I am", "", "late"]
    assert rows[-1][1] == 2.0
    assert tiers(to_textgrid(made([])))["phones"] == [(0.0, 2.0, "")]


@pytest.mark.parametrize("name", ["a.json", "a.srt", "a.vtt", "a.TextGrid"])
def test_files(speech, tmp_path, name):
    speech.save_timestamps(tmp_path / name)
    text = (tmp_path / name).read_text(encoding="utf-8")
    assert text == {"json": to_json, "srt": to_srt, "vtt": to_vtt, "TextGrid": to_textgrid}[name[2:]](speech)
    assert os.listdir(tmp_path) == [name]


def test_errors_of_files(speech, tmp_path):
    with pytest.raises(ValueError, match=r"'\.txt'.*use one of \.json, \.srt, \.vtt, \.TextGrid"):
        speech.save_timestamps(tmp_path / "a.txt")
    with pytest.raises(ValueError, match="without an ending"):
        save_timestamps(speech, tmp_path / "a")
    with pytest.raises(AudioFileError, match="does not exist; create it first"):
        speech.save_timestamps(tmp_path / "missing" / "a.srt")
    (tmp_path / "b.srt").mkdir()
    with pytest.raises(AudioFileError, match="cannot write timestamps to .* is a folder"):
        speech.save_timestamps(tmp_path / "b.srt")


def test_an_empty_timeline_has_no_frames():
    assert len(Timeline().frame_times) == 0 and tiers(to_textgrid(Timeline()))["words"][0][2] == ""
