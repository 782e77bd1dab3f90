"""Speaking in styles: SDK, pipeline and command line, with a tiny random checkpoint that has a table of styles."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import pipeline

from tests.conftest import voice_like
from valetts_hf import Style, StyleError, ValeTTS, ValeTTSPipeline, cli
from valetts_hf.direction.style_table import STYLES_FILE
from valetts_hf.voices.fingerprint import checkpoint_fingerprint


TEXT = "The ferry leaves the harbour at seven, doesn't it?"
EFFECT = {"rate": 0.9, "pitch": -0.5, "pitch_range": 0.8, "energy": -1.0, "energy_range": 1.0, "words": "slower"}


@pytest.fixture(scope="module")
def styled_checkpoint(tiny_checkpoint, tmp_path_factory):
    """The tiny checkpoint with predictors that listen to the style, and a table of styles."""
    folder = tmp_path_factory.mktemp("styled") / "tiny"
    shutil.copytree(tiny_checkpoint, folder)
    weights = load_file(folder / "model.safetensors")
    generator = torch.Generator().manual_seed(0)
    for name, value in weights.items():
        in_predictor = "duration_predictor" in name or "prosody_predictor" in name
        if in_predictor and name.endswith(("affine.weight", "output.weight")):
            weights[name] = 0.2 * torch.randn(value.shape, generator=generator)
        elif name.endswith("duration_predictor.output.bias"):
            weights[name] = torch.full_like(value, 2.0)  # about seven frames a token
        elif name.endswith("prosody_predictor.output.bias"):
            weights[name] = torch.tensor([0.0, 3.0, 0.0])  # mostly voiced
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    tts = ValeTTS.from_pretrained(folder)
    table = {
        "format_version": 1,
        "checkpoint": checkpoint_fingerprint(tts.model),
        "styles": {"calm": {"spec": "token:1*1.5 - token:2", "description": "unhurried", **EFFECT}},
        "tokens": [EFFECT] * 4,
    }
    (folder / STYLES_FILE).write_text(json.dumps(table))
    return folder


@pytest.fixture(scope="module")
def tts(styled_checkpoint):
    return ValeTTS.from_pretrained(styled_checkpoint)


def say(tts, style, voice="ada", **options):
    return tts(TEXT, language="en-us", voice=voice, style=style, seed=3, **options).waveform


def same(first, second):
    return len(first) == len(second) and np.abs(first - second).max() < 1e-2 * np.abs(first).max()


def test_a_style_changes_how_and_not_who(tts):
    own = say(tts, None)
    calm = say(tts, "calm")
    assert not same(calm, own)
    assert same(say(tts, "neutral"), own) and same(say(tts, Style()), own)
    assert same(say(tts, "token:1*1.5 - token:2"), calm)
    assert same(say(tts, Style.parse("calm*2") * 0.5), calm)
    inputs = tts.processor(TEXT, voice="ada", language="en-us", return_tensors="pt")
    effect = tts._styles.effect("voice:rui")
    output = tts.model(**inputs, **effect.inputs(inputs["style"]), seed=3)
    torch.testing.assert_close(output.style, inputs["style"])


def test_the_manner_of_a_voice_keeps_the_height_of_the_speaker(tts):
    inputs = tts.processor(TEXT, voice="ada", language="en-us", return_tensors="pt")
    own, other = inputs["style"], tts.encode_voice("rui")[None]

    @torch.no_grad()
    def mean_pitch(**styles):
        pitch = tts.model.generate_latents(**inputs, **styles, durations=durations, seed=3).pitch
        return float(pitch[pitch > 0].mean())

    durations = tts.model.generate_latents(**inputs, seed=3).durations
    height = mean_pitch()
    assert mean_pitch(manner_style=other) == pytest.approx(height, abs=1e-4)
    assert mean_pitch(manner_style=other, pitch_style=own) == pytest.approx(height, abs=1e-4)
    free = mean_pitch(manner_style=other, pitch_style=other)
    assert abs(free - height) > 1e-3
    equal_but_another_tensor = mean_pitch(manner_style=other, pitch_style=other.clone())
    assert equal_but_another_tensor == pytest.approx(free, abs=1e-4)
    with pytest.raises(ValueError, match=r"pitch_style must be \[1, 16\], got \(1, 3\)"):
        tts.model(**inputs, manner_style=other, pitch_style=torch.zeros(1, 3))


def test_alone_streamed_and_in_a_batch(tts):
    styles = ["calm", None, "voice:rui*0.5 + token:3"]
    alone = [say(tts, style) for style in styles]
    for style, expected in zip(styles, alone):
        chunks = tts.stream(TEXT, language="en-us", voice="ada", style=style, seed=3)
        assert same(np.concatenate([chunk.waveform for chunk in chunks]), expected)
    tts = ValeTTS(tts.model, tts.processor, batch_size=3)
    together = tts.batch([TEXT] * 3, language="en-us", voice="ada", style=styles, seed=3)
    for speech, expected in zip(together, alone):
        assert same(speech.waveform, expected)
    one_for_all = tts.batch([TEXT] * 2, language="en-us", voice="ada", style="calm", seed=3)
    assert all(same(speech.waveform, alone[0]) for speech in one_for_all)
    with pytest.raises(ValueError, match="2 styles for 3 texts"):
        tts.batch([TEXT] * 3, style=["calm", "calm"])


def test_a_recording_as_style(tts, voice_wav, tmp_path):
    by_path = say(tts, voice_wav)
    assert same(say(tts, f'clip:"{voice_wav}"'), by_path)
    assert same(say(tts, tts.fix_style(voice_wav).save(tmp_path / "like_that.json")), by_path)
    assert same(say(tts, Style.from_vector(tts.encode_voice(str(voice_wav)))), by_path)
    assert not same(by_path, say(tts, None))


def test_unusable_recordings(tts, tmp_path):
    silent = {"array": np.zeros(48000, dtype=np.float32), "sampling_rate": 24000}
    with pytest.raises(StyleError, match="the clip of the style, .* cannot be used: .* silent"):
        say(tts, silent)
    with pytest.raises(StyleError, match="only 0.2. s of speech"):
        say(tts, {"array": voice_like(0.25, 24000), "sampling_rate": 24000})
    with pytest.raises(
        StyleError, match="the clip of the style, clip:missing.wav, cannot be used: there is no such file"
    ):
        say(tts, "missing.wav")
    (tmp_path / "notes.wav").write_text("not audio")
    with pytest.raises(StyleError, match="notes.wav.* cannot be used"):
        say(tts, tmp_path / "notes.wav")


def test_what_the_checkpoint_knows(tts, tiny_checkpoint):
    assert list(tts.styles) == ["calm", "token:0", "token:1", "token:2", "token:3"]
    assert tts.styles["calm"]["spec"] == "token:1*1.5 - token:2" and tts.styles["token:0"]["rate"] == 0.9
    plain = ValeTTS.from_pretrained(tiny_checkpoint)
    assert plain.styles == {"token:0": {}, "token:1": {}, "token:2": {}, "token:3": {}}
    with pytest.raises(StyleError, match="unknown style 'calm'. Named styles: neutral. This checkpoint has no named"):
        plain("Hello.", style="calm")


def test_pipeline(styled_checkpoint, tts):
    speaker = pipeline("text-to-speech", model=str(styled_checkpoint), pipeline_class=ValeTTSPipeline)

    def lengths(**options):
        return [len(found["audio"]) for found in speaker([TEXT, "Yes."], language="en-us", seed=3, **options)]

    own = lengths()
    calm = lengths(style="calm")
    assert calm != own and lengths(style="neutral") == own
    assert lengths(style="calm", batch_size=2) == calm
    audio = {"array": voice_like(3.0, 24000), "sampling_rate": 24000}
    cloned = lengths(reference_audio=audio)
    assert lengths(reference_audio=audio, style="calm") != cloned
    assert lengths(style=audio, reference_audio=audio) == cloned  # its own manner
    with pytest.raises(StyleError, match="unknown style 'clam'"):
        speaker(TEXT, style="clam")
    always = pipeline("text-to-speech", model=str(styled_checkpoint), pipeline_class=ValeTTSPipeline, style="calm")
    assert len(always(TEXT, language="en-us", seed=3)["audio"]) == calm[0]
    assert len(always(TEXT, language="en-us", seed=3, style="neutral")["audio"]) == own[0]


def test_command_line(styled_checkpoint, tiny_checkpoint, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    arguments = ["say", TEXT, "-v", "ada", "-l", "en-us", "--seed", "3", "--model", str(styled_checkpoint)]
    assert cli.main([*arguments, "-o", "own.wav"]) == 0
    assert cli.main([*arguments, "-o", "calm.wav", "--style", "calm*0.5 + token:3"]) == 0
    assert (tmp_path / "own.wav").read_bytes() != (tmp_path / "calm.wav").read_bytes()
    capsys.readouterr()
    assert cli.main([*arguments, "--style", "token:3*"]) == 2
    assert "character 9: it ends too early" in capsys.readouterr().err
    assert cli.main(["styles", "--model", str(styled_checkpoint)]) == 0
    table = capsys.readouterr().out.splitlines()
    assert table[0].split() == ["STYLE", "RATE", "PITCH", "RANGE", "ENERGY", "WHAT", "IT", "DOES", "MADE", "OF"]
    assert table[1].split()[:6] == ["calm", "x", "0.90", "-0.5", "st", "x"] and "unhurried" in table[1]
    assert len(table) == 6
    assert cli.main(["styles", "--json", "--model", str(styled_checkpoint)]) == 0
    assert json.loads(capsys.readouterr().out)["styles"]["calm"]["rate"] == 0.9
    assert cli.main(["styles", "--model", str(tiny_checkpoint)]) == 0
    assert "nobody has measured" in capsys.readouterr().err
    assert cli.main(["styles", "--model", str(tmp_path)]) == 1
    assert "holds no config.json" in capsys.readouterr().err
    (styled_copy := tmp_path / "damaged").mkdir()
    shutil.copy(styled_checkpoint / "config.json", styled_copy)
    (styled_copy / STYLES_FILE).write_text("{")
    assert cli.main(["styles", "--model", str(styled_copy)]) == 1
    assert "cannot be read" in capsys.readouterr().err
