"""`ValeTTS`: the same speech alone, streamed, in a batch and in threads; nothing lost; arguments checked."""

from __future__ import annotations

import copy
import pickle
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
import torch

from valetts_hf.inference import MissingWordsError, Speech, SpeechTextError, ValeTTS
from valetts_hf.inference.joining import PAUSES, SILENCE
from valetts_hf.inference.script import Script


TEXT = (
    "The ferry leaves the harbour at seven, and nobody on board has slept. Rain had fallen over the hills.\n\n"
    "Three small boats were tied to the pier; when the wind turned, the old captain looked at the sky and said "
    "nothing for a long while."
)


def same(first: Speech, second: Speech, tolerance: float = 1e-4) -> bool:
    return same_words(first, second) and np.abs(first.waveform - second.waveform).max() <= tolerance


def same_words(first: Speech, second: Speech) -> bool:
    return (
        len(first) == len(second)
        and [word.text for word in first.words] == [word.text for word in second.words]
        and np.allclose([(w.start, w.end) for w in first.words], [(w.start, w.end) for w in second.words])
    )


def test_what_it_knows(tts):
    assert tts.sampling_rate == 24000
    assert tts.languages[:3] == ["en-us", "en-gb", "pt-br"]
    assert set(tts.voices) == {"ada", "rui"} and tts.voices["rui"]["language"] == "pt-br"
    assert "2 voices" in repr(tts) and tts.device.type == "cpu"
    assert not tts.model.training


def test_speech_is_complete(tts):
    speech = tts(TEXT, language="en", seed=1)
    assert speech.waveform.dtype == np.float32 and np.abs(speech.waveform).max() <= 1
    assert np.isfinite(speech.waveform).all()
    assert speech.text == TEXT and speech.seed == 1 and speech.sampling_rate == 24000
    spoken = [word.text.strip(".,;").lower() for word in speech.words]
    assert spoken == [word.strip(".,;").lower() for word in TEXT.split()]
    assert {word.language for word in speech.words} == {"en-us"}
    starts = [word.start for word in speech.words]
    assert starts == sorted(starts) and all(word.start < word.end for word in speech.words)
    assert speech.words[-1].end <= speech.duration + 1e-6


def test_same_seed_same_audio(tts):
    first = tts(TEXT, seed=5)
    assert same(first, tts(TEXT, seed=5), 0)
    assert not same(first, tts(TEXT, seed=6))
    new = tts("Good morning.")
    assert same(new, tts("Good morning.", seed=new.seed), 0)
    assert tts("Good morning.").seed != new.seed


def test_torch_seed_governs_new_seeds(tts):
    seeds = []
    for _ in range(2):
        torch.manual_seed(11)
        seeds.append(tts("Yes.").seed)
    assert seeds[0] == seeds[1]


def test_noise_free_speech_does_not_depend_on_the_seed(tts):
    assert same(tts("Good morning.", noise_scale=0, seed=1), tts("Good morning.", noise_scale=0, seed=2), 0)


def test_stream_is_the_same_speech(tts):
    whole = tts(TEXT * 3, seed=2)
    chunks = list(tts.stream(TEXT * 3, seed=2))
    assert len(chunks) > 6 and all(len(chunk) for chunk in chunks)
    assert max(chunk.duration for chunk in chunks) < 4
    assert same(Speech.concatenate(chunks), whole)
    assert sum(len(chunk.words) for chunk in chunks) == len(whole.words)
    for chunk in chunks:
        assert all(-1e-9 <= word.start < chunk.duration + 1e-9 for word in chunk.words)


def test_stream_reads_only_as_far_as_it_speaks(tts, monkeypatch):
    read = []
    analyze = type(tts.processor).analyze
    monkeypatch.setattr(
        type(tts.processor),
        "analyze",
        lambda self, text, language=None: read.append(text) or analyze(self, text, language),
    )
    next(tts.stream(TEXT * 50, language="en", seed=0))
    assert len("".join(read)) < 1000


def test_stream_leaves_gradients_alone(tts):
    weight = torch.ones(1, requires_grad=True)
    for chunk in tts.stream("Good morning. Good night.", seed=0):
        assert not torch.is_inference_mode_enabled() and torch.is_grad_enabled()
        (weight * float(chunk.duration)).backward()
    assert weight.grad is not None


def test_stream_checks_its_arguments_at_once(tts):
    for wrong in (
        {"text": ""},
        {"text": "a", "language": "xx"},
        {"text": "a", "voice": "nobody"},
        {"text": "a", "seed": -1},
    ):
        with pytest.raises(ValueError):
            tts.stream(**wrong)


@pytest.mark.parametrize("batch_size", [1, 3])
def test_batch_is_single_calls(tts, batch_size):
    texts = ["Good morning.", TEXT, "Bom dia, tudo bem?", "Yes."]
    languages = ["en-us", None, "pt", "en-gb"]
    voices = ["ada", "rui", None, np.linspace(-1, 1, 16, dtype=np.float32)]
    engine = ValeTTS(tts.model, tts.processor, batch_size=batch_size)
    done = []
    speeches = engine.batch(texts, languages, voices, seed=[1, 2, 3, 4], progress=lambda *state: done.append(state))
    assert done == [(1, 4), (2, 4), (3, 4), (4, 4)]
    for text, language, voice, seed, speech in zip(texts, languages, voices, [1, 2, 3, 4], speeches):
        assert speech.text == text and speech.seed == seed
        alone = tts(text, language, voice, seed=seed)
        if batch_size == 1:
            assert same(speech, alone)
        else:
            # Padding changes the order of additions: the last bit of the pitch, and with it the phase of high harmonics
            # after some seconds. Nobody hears that; a different sentence would differ by as much as it is loud.
            assert same_words(speech, alone)
            difference = np.sqrt(np.mean((speech.waveform - alone.waveform) ** 2))
            assert difference < 0.01 * np.sqrt(np.mean(alone.waveform**2))


def test_batch_with_one_setting_for_all(tts):
    speeches = tts.batch(["Yes.", "No."], language="en", voice="rui", seed=7, speaking_rate=1.5)
    assert same(speeches[1], tts("No.", "en", "rui", speaking_rate=1.5, seed=7))
    assert tts.batch([]) == []


def test_threads_do_not_disturb_each_other(tts):
    tasks = [(f"Sentence number {n} is spoken. And then another.", n % 3, ["ada", "rui"][n % 2]) for n in range(8)]
    alone = [tts(text, "en", voice, seed=seed) for text, seed, voice in tasks]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda task: tts(task[0], "en", task[2], seed=task[1]), tasks))
        streamed = list(
            pool.map(lambda task: Speech.concatenate(tts.stream(task[0], "en", task[2], seed=task[1])), tasks)
        )
    assert all(same(first, second) for first, second in zip(alone, together))
    assert all(same(first, second) for first, second in zip(alone, streamed))


@pytest.mark.parametrize("text", ["Yes.", "No", "I", "Hm?", "Olá!", "7", "..and?"])
def test_short_texts_come_out_clean(tts, text):
    speech = tts(text, seed=0)
    assert len(speech.words) == len(text.split())
    assert speech.waveform[0] == speech.waveform[-1] == 0
    assert speech.words[0].start < 0.4  # nothing long before the word
    assert speech.duration - speech.words[-1].end <= 0.3 + 1e-6  # and no babble after it


def test_seams_are_silent_and_pauses_fit_the_punctuation(tts):
    speech = tts("One. Two, three.\n\nFour.", language="en", seed=0)
    words = {word.text.strip(".,").lower(): word for word in speech.words}
    for before, after, kind in (("one", "two", "sentence"), ("three", "four", "paragraph")):
        gap = slice(round(words[before].end * 24000), round(words[after].start * 24000))
        quiet = np.abs(speech.waveform[gap]) < SILENCE
        assert quiet.sum() / 24000 >= PAUSES[kind] - 0.1
    silent = speech.waveform == 0
    edges = np.flatnonzero(np.diff(silent.astype(int)))
    steps = [max(abs(speech.waveform[edge]), abs(speech.waveform[edge + 1])) for edge in edges]
    assert max(steps) < 0.01  # sound begins and ends at zero


def test_prosody_arguments_change_the_speech(tts):
    plain = tts("Good morning to you all.", seed=0)
    assert tts("Good morning to you all.", seed=0, speaking_rate=2.0).duration < 0.75 * plain.duration
    for change in ({"pitch_shift": 5.0}, {"energy_shift": 6.0}, {"noise_scale": 1.0}, {"voice": "rui"}):
        assert not same(plain, tts("Good morning to you all.", seed=0, **change), 0)


def test_pauses_follow_the_speaking_rate(tts):
    slow, fast = (tts("One. Two.", language="en", seed=0, speaking_rate=rate) for rate in (1.0, 2.0))
    gaps = [speech.words[1].start - speech.words[0].end for speech in (slow, fast)]
    assert gaps[1] < gaps[0] - 0.15


def test_progress_counts_characters(tts):
    seen = []
    tts(TEXT * 2, language="en", seed=0, progress=lambda done, total: seen.append((done, total)))
    assert seen[-1] == (len(TEXT * 2),) * 2 and seen[0][0] == 0
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)


def test_one_voice_speaks_mixed_languages(tts, monkeypatch):
    styles = []
    generate = tts.model.generate_latents
    monkeypatch.setattr(
        tts.model, "generate_latents", lambda **inputs: styles.append(inputs["style"].clone()) or generate(**inputs)
    )
    speech = tts("Good morning, everybody here.\n\n<lang pt-br>Bom dia, minha gente.</lang>", seed=0)
    assert {word.language for word in speech.words} == {"en-us", "pt-br"}
    assert all(torch.equal(style, styles[0]) for style in styles)
    np.testing.assert_allclose(styles[0][0], tts.voices["ada"]["style"], atol=1e-6)


def lossy(engine: ValeTTS, change) -> ValeTTS:
    """An engine whose model does something wrong."""
    broken = ValeTTS(engine.model, engine.processor)
    generate = broken._generate
    broken._generate = lambda jobs, manner: [change(job, found) for job, found in zip(jobs, generate(jobs, manner))]
    return broken


def test_a_word_without_frames_is_an_error(tts):
    def drop_second_word(job, found):
        word = job.piece.words[1]
        durations = [0 if word.start <= i < word.end else frames for i, frames in enumerate(found.durations)]
        return replace(found, durations=durations)

    with pytest.raises(MissingWordsError, match="1 word.* not spoken: 'boats'.*report it"):
        lossy(tts, drop_second_word)("Three boats came.", language="en", seed=0)


def test_a_waveform_that_ends_early_is_an_error(tts):
    def cut_short(job, found):
        half = found.latents.shape[1] // 3
        return replace(found, latents=found.latents[:, :half], pitch=found.pitch[:, :half])

    with pytest.raises(MissingWordsError, match="came"):
        lossy(tts, cut_short)("Three boats came.", language="en", seed=0)


def test_a_lost_sentence_is_an_error(tts, monkeypatch):
    latents = tts._latents
    broken = ValeTTS(tts.model, tts.processor)
    broken._latents = lambda jobs, manner: (pair for n, pair in enumerate(latents(jobs, manner)) if n != 1)
    with pytest.raises(MissingWordsError):
        broken("One here. Two there. Three more.", language="en", seed=0)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"text": ""}, SpeechTextError, "text is empty"),
        ({"text": "  \n "}, SpeechTextError, "only white space"),
        ({"text": "\x00\x08"}, SpeechTextError, "control characters"),
        ({"text": 5}, TypeError, "must be a string, got int"),
        ({"language": "xx"}, ValueError, "'xx' is not supported. Choose one of: en-us"),
        ({"language": 3}, TypeError, "language must be a string"),
        ({"speaking_rate": 0}, ValueError, "speaking_rate must be between 0.25 and 4, got 0"),
        ({"speaking_rate": float("nan")}, ValueError, "speaking_rate must be between"),
        ({"speaking_rate": "fast"}, TypeError, "speaking_rate must be a number, got 'fast'"),
        ({"pitch_shift": True}, TypeError, "pitch_shift must be a number, got True"),
        ({"pitch_shift": 99}, ValueError, "pitch_shift must be between -24 and 24, got 99"),
        ({"energy_shift": 30}, ValueError, "energy_shift must be between -20 and 20, got 30"),
        ({"noise_scale": 3}, ValueError, "noise_scale must be between 0 and 2, got 3"),
        ({"seed": -1}, ValueError, "seed must be between 0 and"),
        ({"seed": True}, TypeError, "seed must be an integer or None, got True"),
        ({"seed": 1.5}, TypeError, "seed must be an integer or None, got 1.5"),
    ],
)
def test_bad_arguments(tts, arguments, error, message):
    with pytest.raises(error, match=message):
        tts(**{"text": "Good morning.", **arguments})


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (("Yes.",), TypeError, "takes a list of texts"),
        ((["a", "b"], ["en"]), ValueError, "1 languages for 2 texts"),
        ((["a", "b"], None, ["ada", "rui", "ada"]), ValueError, "3 voices for 2 texts"),
        ((["a", ""],), SpeechTextError, "text is empty"),
    ],
)
def test_bad_batches(tts, arguments, error, message):
    with pytest.raises(error, match=message):
        tts.batch(*arguments)
    with pytest.raises(ValueError, match="batch_size must be at least 1"):
        ValeTTS(tts.model, tts.processor, batch_size=0)


def test_arguments_that_no_call_has_are_named(tts):
    for call in (tts.stream, lambda text, **arguments: tts.batch([text], **arguments)):
        with pytest.raises(
            TypeError, match="unknown argument 'volume': how to speak is said by speaking_rate, .*pauses"
        ):
            call("Good morning.", volume=3)


def test_it_is_neither_pickled_nor_copied(tts):
    for send in (pickle.dumps, copy.deepcopy):
        with pytest.raises(TypeError, match=r"each process loads its own with ValeTTS\.from_pretrained"):
            send(tts)


def test_the_largest_seed_speaks_several_sentences(tts):
    assert tts("One. Two.", language="en", seed=2**63 - 1).seed == 2**63 - 1
    jobs = tts._jobs(Script.of("One. Two.", tts.processor, "en-us"), None, None, 2**63 - 1)
    assert [job.seed for job in jobs] == [2**63 - 1, 0]
