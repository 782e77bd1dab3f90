"""`valetts voice adapt` and `run_adapt.py`: what they read, what they refuse, and a whole run with a tiny checkpoint."""

import argparse
import json
import runpy
from pathlib import Path

import pytest
import soundfile

from tests.conftest import voice_like
from valetts_hf.commands import voice_adapt
from valetts_hf.commands.common import CommandError
from valetts_hf.voices.voice import Voice


SCRIPTS = Path(__file__).parents[3] / "training_scripts"


def arguments(*given):
    parser = argparse.ArgumentParser()
    parsed = voice_adapt.add_parser(parser.add_subparsers()).parse_args([str(item) for item in given])
    parsed.debug = False
    return parsed


@pytest.fixture
def clips(tmp_path):
    """A folder with two clips, the first with its text beside it."""
    folder = tmp_path / "clips"
    folder.mkdir()
    for name, f0 in (("a.wav", 118.0), ("b.wav", 124.0)):
        soundfile.write(folder / name, voice_like(3.0, 24000, f0), 24000)
    (folder / "a.txt").write_text("Ada went\nhome.\n")
    return folder


def test_a_whole_run(tiny_checkpoint, clips, tmp_path, capsys):
    output = tmp_path / "voices" / "ada"
    settings = tmp_path / "fast.yaml"
    settings.write_text("{preset: tiny, batch_size: 1, window_frames: 40, segment_frames: 16}")
    given = ["ada", clips, "--consent", "made up", "--model", tiny_checkpoint, "--device", "cpu", "--output", output]
    given += ["--settings", settings, "--steps", "1", "--trust-transcripts", "--accept-quality", "--language", "en-us"]
    assert voice_adapt.run(arguments(*given)) == 0
    voice = Voice.from_pretrained(output)
    assert voice.metadata["adaptation"]["clips"] == ["'a.wav'", "'b.wav'"] and voice.consent == "made up"
    assert voice.metadata["adaptation"]["settings"]["max_steps"] == 1
    assert "1 steps in" in capsys.readouterr().err
    with pytest.raises(CommandError, match="already: choose another name, or add --overwrite"):
        voice_adapt.run(arguments(*given))


def test_transcripts_beside_the_clips_or_in_one_file(clips, tmp_path):
    files = [clips / "a.wav", clips / "b.wav"]
    assert voice_adapt._transcripts(None, files) == ["Ada went home.", None]
    assert voice_adapt._transcripts(None, files[1:]) is None
    lines = tmp_path / "lines.txt"
    lines.write_text("\ufeffFirst.\n\n\n", encoding="utf-8")
    assert voice_adapt._transcripts(str(lines), files) == ["First.", None]
    lines.write_text("1\n2\n3\n")
    with pytest.raises(CommandError, match="has 3 lines for 2 clips"):
        voice_adapt._transcripts(str(lines), files)
    with pytest.raises(CommandError, match="cannot be read"):
        voice_adapt._transcripts(str(tmp_path / "none.txt"), files)
    (clips / "b.txt").write_bytes(b"\xff\xfe\xff")
    with pytest.raises(CommandError, match=r"b.txt' cannot be read"):
        voice_adapt._transcripts(None, files)


def test_what_is_missing_is_said_before_the_model_is_loaded(clips, tmp_path, monkeypatch):
    monkeypatch.setattr(voice_adapt, "load_model", lambda *args: pytest.fail("the model was loaded"))
    with pytest.raises(CommandError, match="there is no file '.*none.wav'"):
        voice_adapt.run(arguments("ada", tmp_path / "none.wav", "--consent", "made up"))
    with pytest.raises(CommandError, match="say how the speaker agreed"):
        voice_adapt.run(arguments("ada", clips))
    with pytest.raises(
        CommandError, match="the checkpoint has a voice 'kathleen' itself"
    ):  # it would be spoken instead
        voice_adapt.run(arguments("kathleen", clips, "--consent", "made up"))
    with pytest.raises(CommandError, match="'a.wav' looks like a recording: the name of the voice comes first"):
        voice_adapt.run(arguments("a.wav", clips, "--consent", "made up"))


def test_the_script_reads_lists(tmp_path):
    script = runpy.run_path(str(SCRIPTS / "run_adapt.py"))
    listing = tmp_path / "voices.jsonl"
    job = {"name": "ada", "clips": ["a.wav"], "consent": "made up"}
    listing.write_text(json.dumps(job) + "\n\n")
    options = script["parse_arguments"](["--list", str(listing), "--output", str(tmp_path / "out")])
    assert script["read_jobs"](options) == [job | {"folder": tmp_path / "out" / "ada"}]
    listing.write_text(json.dumps({"name": "ada"}))
    with pytest.raises(SystemExit, match=r"line 1: \['clips', 'consent'\] missing"):
        script["read_jobs"](options)
    for wrong in (["--clips", "a.wav"], [], ["--list", "x", "--clips", "a.wav"]):
        with pytest.raises(SystemExit):
            script["parse_arguments"]([*wrong, "--output", str(tmp_path)])
