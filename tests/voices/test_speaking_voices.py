"""Voices in the SDK, in pipelines and on the Hub: found, spoken with, mixed row by row."""

from __future__ import annotations

import gc
import shutil

import numpy as np
import pytest
import torch
from hub.loopback import LoopbackHub, run_python
from transformers import AutoModelForTextToWaveform, pipeline

from valetts_hf import ValeTTS, ValeTTSPipeline, Voice
from valetts_hf.inference import VoiceError, VoiceFileError, VoiceMismatchError
from valetts_hf.inference.voice_lookup import VoiceLookup
from valetts_hf.voices import adapters
from valetts_hf.voices.adapters import adapter_config, adapter_state, attach_adapter, attached_adapters, detach_adapter
from valetts_hf.voices.cache import VoiceCache
from valetts_hf.voices.fingerprint import checkpoint_fingerprint


pytestmark = pytest.mark.filterwarnings("ignore:Already found a `peft_config`")
TEXT = "Good morning."


@pytest.fixture(scope="module")
def tts(tiny_checkpoint):
    return ValeTTS.from_pretrained(tiny_checkpoint, device="cpu", batch_size=4)


def make(tts, name, adapter=False, method="lora", seed=0) -> Voice:
    random = np.random.default_rng(seed)
    voice = Voice(
        name,
        random.standard_normal(16),
        checkpoint_fingerprint(tts.model),
        base_model_name_or_path=tts.model.name_or_path,
        consent="made up for tests",
    )
    if adapter:
        config = adapter_config("tiny", tts.model, method)
        attach_adapter(tts.model, config, "made")
        state = adapter_state(tts.model, "made")
        detach_adapter(tts.model, "made")
        generator = torch.Generator().manual_seed(seed)
        voice.adapter = config, {key: torch.randn(x.shape, generator=generator) * 0.2 for key, x in state.items()}
    return voice


@pytest.fixture(scope="module")
def voices(tts):
    return [make(tts, "plain", seed=1), make(tts, "first", True, seed=2), make(tts, "second", True, seed=3)]


def same(first, second, tolerance=1e-4):
    assert len(first) == len(second)
    np.testing.assert_allclose(first, second, atol=tolerance)


def alike(first, second):
    """Equal but for what the rounding errors of another batch do to the phase of seconds of sound."""
    assert len(first) == len(second)
    assert np.sqrt(np.mean((first - second) ** 2) / np.mean(first**2)) < 0.05


def differ(first, second):
    assert len(first) != len(second) or np.abs(first - second).max() > 1e-3


# -------------------------------------------------------------------------------------------------------------------- SDK


def test_a_voice_that_is_removed_while_it_is_looked_up_is_unknown(tts, tmp_path, monkeypatch):
    monkeypatch.setenv("VALETTS_HOME", str(tmp_path))
    lookup = VoiceLookup(tts.model, tts.processor)
    lookup.library.save(make(tts, "passing"))
    folder = lookup.library.path("passing")
    assert lookup.resolve("passing").style.shape == (1, 16)

    def found_and_then_removed(name):
        shutil.rmtree(folder, ignore_errors=True)
        return str(name) == str(folder)

    monkeypatch.setattr("valetts_hf.inference.voice_lookup.is_voice_folder", found_and_then_removed)
    with pytest.raises(VoiceError, match="unknown voice"):
        lookup.resolve(str(folder))


def test_all_ways_to_name_a_voice(tts, voices, tmp_path, monkeypatch):
    monkeypatch.setenv("VALETTS_HOME", str(tmp_path))
    voice = voices[1]
    adapter = voice.adapter
    folder = tts._lookup.library.save(voice)
    expected = tts(TEXT, voice=voice, seed=1).waveform
    for way in (folder, str(folder), "first", Voice.from_pretrained(folder)):
        same(tts(TEXT, voice=way, seed=1).waveform, expected)
    differ(tts(TEXT, voice=voice.without_adapter(), seed=1).waveform, expected)
    loaded = ValeTTS.from_pretrained(folder, device="cpu")  # its base, with the voice as the default
    same(loaded(TEXT, seed=1).waveform, expected)
    differ(loaded(TEXT, voice="ada", seed=1).waveform, expected)
    voice.adapter = adapter
    with pytest.raises(VoiceError, match="Did you mean 'first'.*Voices: ada, rui, first"):
        tts(TEXT, voice="firs")


def test_rows_with_different_voices_sound_as_alone(tts, voices):
    everyone = [*voices, "ada", voices[1]]
    alone = [tts(TEXT, voice=voice, seed=5).waveform for voice in everyone]
    together = tts.batch([TEXT] * 5, voice=everyone, seed=5)
    for one, row in zip(alone, together):
        alike(one, row.waveform)
    differ(alone[1], alone[2])
    same(alone[0], tts(TEXT, voice=voices[0].style, seed=5).waveform)  # the plain model is as it was


def test_adapters_that_cannot_share_a_batch(tiny_checkpoint):
    tts = ValeTTS.from_pretrained(tiny_checkpoint, device="cpu", batch_size=4)
    everyone = [make(tts, f"v{seed}", True, "ia3", seed) for seed in (1, 2)] + ["ada"]
    alone = [tts(TEXT, voice=voice, seed=5).waveform for voice in everyone]
    for one, row in zip(alone, tts.batch([TEXT] * 3, voice=everyone, seed=5)):
        alike(one, row.waveform)


def test_unused_adapters_are_detached_in_time(tts, voices):
    lookup = VoiceLookup(tts.model, tts.processor)
    lookup._adapters._limit = 1
    before = set(attached_adapters(tts.model))
    extra = [make(tts, f"x{seed}", True, seed=seed) for seed in (11, 12, 13)]
    held = lookup.resolve(extra[0])
    for voice in extra[1:]:
        lookup.resolve(voice)
    gc.collect()
    lookup.resolve(extra[2])
    ours = set(attached_adapters(tts.model)) - before
    assert len(ours) == 2 and held.adapter.name in ours  # the one in use, and the last one
    assert lookup.resolve(extra[0]).adapter is held.adapter


def test_an_adapter_is_read_once(tts, voices, monkeypatch):
    tts(TEXT, voice=voices[2])
    monkeypatch.setattr(adapters, "load_voice_adapter", lambda *arguments: pytest.fail("loaded again"))
    tts(TEXT, voice=voices[2])


def test_mixing(tts, voices):
    mixed = tts.mix([("ada", 0.5), (voices[0], 0.5)], name="between")
    np.testing.assert_allclose(
        mixed.style, 0.5 * np.array(tts.voices["ada"]["style"]) + 0.5 * voices[0].style, atol=1e-5
    )
    assert len(tts(TEXT, voice=mixed, seed=0)) > 0
    np.testing.assert_array_equal(tts.mix({"ada": 0.5, voices[0]: 0.5}).style, mixed.style)
    with pytest.raises(VoiceError, match="has an adapter"):
        tts.mix([(voices[1], 1)])
    for parts in ([], ["ada"], [("ada", 0.5, 1)]):
        with pytest.raises(VoiceError, match=r"mixing takes pairs \(voice, weight\)"):
            tts.mix(parts)


def test_voices_of_other_checkpoints(tts, voices, tmp_path):
    other = Voice("other", np.ones(16), "0" * 12 + "-" + "1" * 12)
    with pytest.raises(VoiceMismatchError, match="voice 'other' was made with the checkpoint"):
        tts(TEXT, voice=other)
    with pytest.raises(VoiceFileError, match="is damaged"):
        folder = voices[0].save_pretrained(tmp_path / "v")
        (folder / "voice.safetensors").write_bytes(b"")
        tts(TEXT, voice=folder)


def test_references_come_out_of_the_cache_on_disk(tts, voice_wav, tmp_path, monkeypatch):
    first = VoiceLookup(tts.model, tts.processor, cache=VoiceCache(tmp_path))(voice_wav)
    monkeypatch.setattr(VoiceLookup, "_encode", lambda *arguments: pytest.fail("encoded again"))
    again = VoiceLookup(tts.model, tts.processor, cache=VoiceCache(tmp_path))(voice_wav)
    assert torch.equal(first, again)


# -------------------------------------------------------------------------------------------------------------- pipelines


def test_the_stock_pipeline_finds_the_base(tts, voices, tmp_path):
    for index in (0, 1):
        voice = make(tts, "ana", adapter=index == 1, seed=4)
        expected = tts(TEXT, voice=voice, seed=1)
        pipe = pipeline("text-to-speech", model=str(voice.save_pretrained(tmp_path / str(index))))
        assert pipe.processor is not None and pipe.tokenizer is not None
        spoken = pipe(TEXT, forward_params={"seed": 1})["audio"]
        bare = AutoModelForTextToWaveform.from_pretrained(tmp_path / str(index))
        inputs = pipe.tokenizer(TEXT, return_tensors="pt")
        with torch.no_grad():
            same(bare(**inputs, seed=1).waveform[0].numpy(), spoken)  # the model alone speaks with the voice, too
        assert set(pipe.processor.voices) == {"ada", "rui", "ana"}
        assert abs(len(spoken) - len(expected)) < 24000  # the SDK trims and joins
        other = pipe(TEXT, preprocess_params={"voice": "ada"}, forward_params={"seed": 1})["audio"]
        differ(other, spoken)


def test_our_pipeline_takes_voices(tts, tiny_checkpoint, voices, tmp_path):
    pipe = pipeline("text-to-speech", model=str(tiny_checkpoint), pipeline_class=ValeTTSPipeline)
    before = pipe(TEXT, seed=1)["audio"]
    plain, first = (pipe(TEXT, voice=voice, seed=1)["audio"] for voice in voices[:2])
    differ(plain, first)
    same(
        pipe(TEXT, voice=voices[1].style, seed=1)["audio"],
        pipe(TEXT, voice=voices[1].without_adapter(), seed=1)["audio"],
    )
    items = [{"text": TEXT, "voice": voice} for voice in (*voices[:2], "ada")] + [TEXT]
    rows = pipe(items, seed=1, batch_size=4)
    for row, alone in zip(rows, (plain, first, None, before)):
        if alone is not None:
            alike(row["audio"], alone)
    folder = make(tts, "kept", True, seed=2).save_pretrained(tmp_path / "kept")
    differ(pipe(TEXT, voice=folder, seed=1)["audio"], before)
    own = pipeline("text-to-speech", model=str(folder), pipeline_class=ValeTTSPipeline)
    same(own(TEXT, seed=1)["audio"], pipe(TEXT, voice=str(folder), seed=1)["audio"])
    same(own(TEXT, voice="kept", seed=1)["audio"], own(TEXT, seed=1)["audio"])
    same(own(TEXT, voice="ada", seed=1)["audio"], pipe(TEXT, voice="ada", seed=1)["audio"])


def test_a_base_that_is_gone(tts, tmp_path, monkeypatch):
    voice = make(tts, "ana")
    voice.base_model_name_or_path = str(tmp_path / "gone")
    folder = voice.save_pretrained(tmp_path / "ana")
    with pytest.raises((ValueError, OSError), match="the base '.*gone' of voice 'ana' cannot be loaded"):
        pipeline("text-to-speech", model=str(folder))


# -------------------------------------------------------------------------------------------------------------------- Hub


@pytest.mark.hub
@pytest.mark.slow
def test_shared_on_the_hub_and_then_offline(tts, tiny_checkpoint, tmp_path):
    folder = make(tts, "ana", True, seed=4).save_pretrained(tmp_path / "ana")
    bundled = f"import valetts_hf\nvaletts_hf.BASE_CHECKPOINT = {str(tiny_checkpoint)!r}\n"
    speak = f"""
from transformers import pipeline
import numpy as np
def speak(out):
    np.save(out, pipeline("text-to-speech", model="owner/ana")({TEXT!r}, forward_params={{"seed": 1}})["audio"])
"""
    push = f"""
from valetts_hf import ValeTTS, Voice
voice = Voice.from_pretrained({str(folder)!r})
voice.base_model_name_or_path = "valetts/base"
voice.push_to_hub("owner/ana")
assert Voice.from_pretrained("owner/ana").adapter.is_dir()
ValeTTS.from_pretrained()({TEXT!r}, voice="owner/ana")
speak("online.npy")
"""
    home = tmp_path / "home"
    with LoopbackHub() as hub:
        run_python(bundled + speak + push, home=home, hub=hub)
        repository = hub.repositories["owner/ana"]
        files = repository.commits[repository.branches["main"]]
    assert {"voice.json", "voice.safetensors", "config.json", "README.md", "adapter/adapter_config.json"} <= set(files)
    assert b"owner/ana" in files["README.md"] and b"made up for tests" in files["README.md"]
    run_python(bundled + speak + 'speak("offline.npy")', home=home, offline=True)
    spoken = pipeline("text-to-speech", model=str(folder))(TEXT, forward_params={"seed": 1})["audio"]
    same(np.load(home / "online.npy"), spoken)
    same(np.load(home / "offline.npy"), spoken)


# ------------------------------------------------------------------------------------------------------ adapting once only


def test_an_adaptation_comes_out_of_the_cache(tts, voice_wav, tmp_path, monkeypatch):
    from valetts_hf.inference import ConsentError

    calls = []

    def adapt(model, processor, clips, transcripts, *, name, consent, **options):
        calls.append(name)
        voice = make(tts, name, True, seed=6)
        voice.metadata = {"adaptation": {"interrupted": name == "cut short", "steps": 3}}
        return voice

    monkeypatch.setattr("valetts_hf.training.adaptation.adapt_voice.adapt_voice", adapt)
    monkeypatch.setattr(tts._lookup, "cache", VoiceCache(tmp_path / "cache"))
    first = tts.adapt(voice_wav, name="one", consent="my own voice", max_steps=3)
    again = tts.adapt(voice_wav, name="two", consent="still mine", max_steps=3, folder=tmp_path / "two", source="x")
    assert calls == ["one"] and again.name == "two" and again.consent == "still mine" and again.source == "x"
    assert again.metadata == first.metadata and Voice.from_pretrained(tmp_path / "two").adapter is not None
    same(
        tts(TEXT, voice=again, seed=1).waveform, tts(TEXT, voice=first, seed=1).waveform, 1e-2
    )  # kept in half precision
    tts.adapt(voice_wav, name="three", consent="my own voice", max_steps=4)
    tts.adapt(voice_wav, "Good morning.", name="four", consent="my own voice", max_steps=3)
    tts.adapt(voice_wav, name="cut short", consent="my own voice", max_steps=5)
    tts.adapt(voice_wav, name="five", consent="my own voice", max_steps=5)  # an interrupted one is not kept
    tts.adapt(voice_wav, name="seed", consent="my own voice", max_steps=3, seed=1)
    for _ in range(2):  # an adaptation with a start of its own is not looked for
        tts.adapt(voice_wav, name="start", consent="my own voice", max_steps=3, start=first)
    assert calls == ["one", "three", "four", "cut short", "five", "seed", "start", "start"]
    settings = tmp_path / "settings.yaml"
    for patience in ("2", "3", "3"):
        settings.write_text(f"patience: {patience}")
        tts.adapt(voice_wav, name=patience, consent="my own voice", settings=settings)
    assert calls[-3:] == ["start", "2", "3"]  # what the file says counts, not its name
    monkeypatch.setattr("valetts_hf.voices.adapted_cache.__version__", "another")
    tts.adapt(voice_wav, name="newer", consent="my own voice", max_steps=3)
    assert calls[-1] == "newer"
    with pytest.raises(ConsentError):
        tts.adapt(voice_wav, name="six", consent="", max_steps=3)
    monkeypatch.setattr(tts._lookup, "cache", VoiceCache())  # switched off
    tts.adapt(voice_wav, name="seven", consent="my own voice", max_steps=3)
    assert calls[-1] == "seven"
