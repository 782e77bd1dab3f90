"""The `valetts` command: what it writes where, its exit codes and messages, and how fast it answers."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from valetts_hf import cli
from valetts_hf.commands import say, text_input
from valetts_hf.version import __version__


TEXT = "The ferry leaves."


@pytest.fixture
def valetts(tiny_checkpoint, tmp_path, monkeypatch):
    """Run a command line in an empty folder with the tiny checkpoint; returns the exit code."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: object, stdin: bytes | None = None) -> int:
        if stdin is not None:
            monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        words = [str(argument) for argument in arguments]
        if words[0] in ("say", "voices") and "--model" not in words:
            words += ["--model", str(tiny_checkpoint)]
        try:
            return cli.main(words)
        except SystemExit as leaving:
            return leaving.code

    return run


def run_process(*arguments: str, stdin: bytes = b"") -> subprocess.CompletedProcess:
    """The command in a process of its own, with real pipes."""
    return subprocess.run([sys.executable, "-m", "valetts_hf.cli", *arguments], input=stdin, capture_output=True)


def only_error(capsys) -> str:
    """The one line on stderr; nothing may be on stdout."""
    out, err = capsys.readouterr()
    assert out == ""
    (line,) = err.splitlines()
    assert line.startswith("valetts: error: ")
    return line.removeprefix("valetts: error: ")


# -- answering at once


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["say", "--help"], ["languages"]])
def test_answers_without_loading_torch(arguments):
    code = (
        "import sys\nfrom valetts_hf.cli import main\n"
        "try:\n    main(sys.argv[1:])\nexcept SystemExit:\n    pass\n"
        "loaded = {'torch', 'transformers', 'numpy', 'soundfile'} & set(sys.modules)\n"
        "sys.exit(f'imported {loaded}' if loaded else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout


def test_version(capsys):
    with pytest.raises(SystemExit) as leaving:
        cli.main(["--version"])
    assert leaving.value.code == 0 and capsys.readouterr().out == f"valetts {__version__}\n"


def test_help_names_exit_codes_and_commands(capsys):
    with pytest.raises(SystemExit):
        cli.main(["--help"])
    out = capsys.readouterr().out
    assert all(f"  {code} " in out for code in (0, 1, 2, 130))
    assert all(command in out for command in ("say", "voices", "languages", "doctor"))


@pytest.mark.parametrize("command", [[], ["say"], ["batch"], ["serve"], ["demo"]])
def test_help_fits_the_terminal(command, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    with pytest.raises(SystemExit):
        cli.main([*command, "--help"])
    lines = capsys.readouterr().out.splitlines()
    assert all(len(line) <= 80 or line.startswith("  valetts ") for line in lines)
    assert not command or "examples:" in lines


# -- say: where the speech goes


@pytest.mark.parametrize(
    ("name", "format", "subtype"),
    [("a.wav", "WAV", "PCM_16"), ("a.flac", "FLAC", "PCM_16"), ("a.ogg", "OGG", "VORBIS"), ("a.MP3", "MP3", None)],
)
def test_output_formats(valetts, capsys, name, format, subtype):
    assert valetts("say", TEXT, "--output", name, "--seed", 1) == 0
    info = soundfile.info(name)
    assert (info.format, info.samplerate, info.channels) == (format, 24000, 1) and 0.2 < info.duration < 20
    assert subtype is None or info.subtype == subtype
    out, err = capsys.readouterr()
    assert out == "" and err.startswith(f"wrote {name}: ") and os.listdir() == [name]


def test_format_without_an_ending(valetts):
    assert valetts("say", TEXT, "-o", "audio", "--format", "flac") == 0
    assert soundfile.info("audio").format == "FLAC"


def test_memory_stays_flat_over_a_long_text(valetts, monkeypatch):
    monkeypatch.setenv("LRU_CACHE_CAPACITY", "")
    monkeypatch.delenv("LRU_CACHE_CAPACITY")
    assert valetts("say", TEXT, "-o", "a.wav") == 0
    assert os.environ["LRU_CACHE_CAPACITY"] == "8"


def test_without_output_a_new_file(valetts):
    assert valetts("say", TEXT) == 0
    first = Path("speech.wav").read_bytes()
    assert valetts("say", "Another text, a little longer.") == 0
    assert Path("speech.wav").read_bytes() == first
    assert sorted(os.listdir()) == ["speech-2.wav", "speech.wav"]


def test_same_seed_same_audio(valetts):
    for name, seed in (("a.wav", 5), ("b.wav", 5), ("c.wav", 6)):
        assert valetts("say", TEXT, "--output", name, "--seed", seed, "--quiet") == 0
    assert Path("a.wav").read_bytes() == Path("b.wav").read_bytes() != Path("c.wav").read_bytes()


def test_quiet_says_nothing(valetts, capsys):
    assert valetts("say", TEXT, "--output", "a.wav", "--quiet") == 0
    assert capsys.readouterr() == ("", "")


def test_speaking_rate_shortens(valetts):
    for name, rate in (("slow.wav", 0.7), ("fast.wav", 1.6)):
        assert valetts("say", TEXT, "-o", name, "--seed", 1, "--speaking-rate", rate) == 0
    assert soundfile.info("fast.wav").frames < 0.7 * soundfile.info("slow.wav").frames


@pytest.mark.parametrize(
    "option", [("--pitch-shift", 4), ("--pitch-range", 2), ("--energy-shift", 3), ("--noise-scale", 0)]
)
def test_options_reach_the_model(valetts, option):
    assert valetts("say", TEXT, "-o", "plain.wav", "--seed", 1) == 0
    assert valetts("say", TEXT, "-o", "other.wav", "--seed", 1, *option) == 0
    assert Path("plain.wav").read_bytes() != Path("other.wav").read_bytes()


def test_ssml_is_read_where_it_is_asked_for(valetts):
    document = '<speak>The <prosody rate="50%">ferry</prosody> leaves. <break time="2s"/> Now.</speak>'
    Path("letter.ssml").write_text(document, encoding="utf-8")
    for name, arguments in (("flag", [document, "--ssml"]), ("file", ["letter.ssml"]), ("plain", [document])):
        assert valetts("say", *arguments, "--seed", 1, "-o", f"{name}.wav", "--json", f"{name}.json", "-q") == 0
    assert Path("flag.wav").read_bytes() == Path("file.wav").read_bytes()
    words, plain = (json.loads(Path(f"{name}.json").read_text())["words"] for name in ("flag", "plain"))
    assert [word["text"] for word in words] == ["The", "ferry", "leaves.", "Now."]
    assert words[3]["start"] - words[2]["end"] > 1.9
    assert len(plain) > 4  # without being asked, markup is text like any other


def test_pipes(tiny_checkpoint):
    """Text in, WAV out, with nothing else on stdout and no progress bar where there is no terminal."""
    done = run_process("say", "-", "--output", "-", "--model", str(tiny_checkpoint), stdin="Olá, mundo.".encode())
    assert done.returncode == 0, done.stderr.decode()
    audio, rate = soundfile.read(io.BytesIO(done.stdout))
    assert rate == 24000 and len(audio) > 2400 and np.abs(audio).max() > 0
    assert done.stderr == b""


def test_stdout_in_another_format(valetts, capsysbinary):
    assert valetts("say", TEXT, "--output", "-", "--format", "flac") == 0
    assert soundfile.info(io.BytesIO(capsysbinary.readouterr().out)).format == "FLAC"


def test_reader_that_goes_away():
    process = subprocess.Popen(
        [sys.executable, "-m", "valetts_hf", "languages"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    process.stdout.close()
    assert process.stderr.read() == b"" and process.wait() == 1
    process.stderr.close()


def test_audio_never_goes_to_a_terminal(valetts, monkeypatch, capsys):
    monkeypatch.setattr(say, "isatty", lambda stream: True)
    assert valetts("say", TEXT, "--output", "-") == 2
    assert "terminal" in only_error(capsys)


def test_progress_bar_on_a_terminal_only(valetts, monkeypatch, capsys):
    assert valetts("say", TEXT, "-o", "a.wav") == 0
    assert "speaking" not in capsys.readouterr().err
    monkeypatch.setattr(say, "isatty", lambda stream: stream is sys.stderr)
    assert valetts("say", "One sentence. And another one.", "-o", "a.wav") == 0
    assert "speaking: 100%" in capsys.readouterr().err


# -- say: timestamps


def test_json(valetts):
    text = "The ferry leaves the harbour at seven."
    assert valetts("say", text, "-o", "a.wav", "--json", "a.json", "--seed", 3, "--language", "en-gb") == 0
    report = json.loads(Path("a.json").read_text(encoding="utf-8"))
    assert report["output"] == "a.wav" and report["seed"] == 3 and report["sampling_rate"] == 24000
    assert report["duration"] == pytest.approx(soundfile.info("a.wav").duration, abs=1e-3)
    assert len(report["words"]) == 7
    times = [time for word in report["words"] for time in (word["start"], word["end"])]
    assert times == sorted(times) and times[0] >= 0 and times[-1] <= report["duration"] + 1e-3
    assert {word["language"] for word in report["words"]} == {"en-gb"}
    assert sorted(os.listdir()) == ["a.json", "a.wav"]


def test_json_on_stdout(valetts, capsys):
    assert valetts("say", TEXT, "-o", "a.wav", "--json", "-") == 0
    assert json.loads(capsys.readouterr().out)["words"]


@pytest.mark.parametrize("encoding", ["ascii", "cp1252"])
def test_stdout_without_letters_of_all_languages(valetts, monkeypatch, encoding):
    def lines(*arguments: str) -> str:
        out = io.BytesIO()
        monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(out, encoding=encoding))
        assert valetts(*arguments) == 0
        return out.getvalue().decode(encoding)

    assert "\\u0641" in lines("languages")  # a letter of Persian
    words = json.loads(lines("say", "Olá, mundo 🎉.", "-o", "a.wav", "--json", "-"))
    assert words["text"] == "Olá, mundo 🎉."


# -- say: where the text comes from


def test_text_file(valetts, capsys):
    Path("story.txt").write_text("Once upon a time.", encoding="utf-8-sig")
    assert valetts("say", "story.txt", "-o", "a.wav", "--json", "a.json") == 0
    assert "reading story.txt" in capsys.readouterr().err
    assert len(json.loads(Path("a.json").read_text())["words"]) == 4


def test_text_file_of_windows(valetts):
    Path("story.txt").write_text("Once upon\r\na time.", encoding="utf-16")
    assert valetts("say", "story.txt", "-o", "a.wav", "--json", "a.json") == 0
    assert [word["text"] for word in json.loads(Path("a.json").read_text())["words"]] == "Once upon a time.".split()


def test_words_that_the_locale_could_not_read(valetts):
    words = "Olá mundo.".encode().decode("ascii", "surrogateescape")  # as in a locale without UTF-8
    assert valetts("say", words, "-o", "a.wav", "--json", "a.json") == 0
    report = json.loads(Path("a.json").read_text(encoding="utf-8"))
    assert [word["text"] for word in report["words"]] == ["Olá", "mundo."]


def test_a_file_of_another_kind_is_not_taken_for_a_text(valetts, capsys):
    Path("story.html").write_text("<p>Once upon a time.</p>")
    assert valetts("say", "story.html", "-o", "a.wav") == 2
    assert "'story.html' is a file, but only .txt" in only_error(capsys) and os.listdir() == ["story.html"]


def test_unreadable_characters_are_found_before_anything_is_spoken(valetts, capsys, monkeypatch):
    monkeypatch.setattr(say, "open_file", lambda *_: pytest.fail("began to speak"))
    assert valetts("say", "The ferry leaves the harbour. " * 20 + "漢字.", "-o", "a.wav") == 2
    assert "漢" in only_error(capsys)


def test_several_words_are_one_text(valetts):
    assert valetts("say", "The", "ferry", "leaves", "-o", "a.wav", "--json", "a.json") == 0
    assert len(json.loads(Path("a.json").read_text())["words"]) == 3


def test_standard_input_by_default(valetts):
    assert valetts("say", "-o", "a.wav", stdin=b"Hello there.") == 0
    assert soundfile.info("a.wav").frames > 0


def test_markdown_is_read_as_a_person_would():
    text = (
        "---\ntitle: x\n---\n# A *fine* title\n\nSome **bold** and `code`, [a link](http://x.y) ![a picture](z.png)\n"
        "<!-- unseen -->\n```python\nprint(1)\n```\n\n- first\n* second\n> quoted\n\n---\n2 * 3 * 4 and snake_case_name\n"
    )
    assert text_input.strip_markdown(text).split() == (
        "A fine title. Some bold and code, a link a picture first second quoted 2 * 3 * 4 and snake_case_name".split()
    )


@pytest.mark.parametrize(
    ("arguments", "stdin", "expected"),
    [
        (["missing.txt"], None, "no file 'missing.txt'"),
        (["-", "more"], None, "'-' stands beside other text"),
        (["-"], b"", "standard input is empty"),
        (["-"], b"  \n\t ", "standard input is empty"),
        (["-"], "Olá".encode("latin-1"), "not UTF-8"),
        ([os.fsdecode("Olá".encode("latin-1"))], None, "the command line is not UTF-8 text (byte 0xe1 at position 2)"),
        ([""], None, "empty"),
        (["   "], None, "empty"),
    ],
)
def test_text_that_cannot_be_spoken(valetts, capsys, arguments, stdin, expected):
    assert valetts("say", *arguments, "-o", "a.wav", stdin=stdin) == 2
    assert expected in only_error(capsys) and os.listdir() == []


@pytest.mark.parametrize("text", ["😀🎉", "…", "\x00\x01\x02"])
def test_text_without_words(valetts, capsys, text):
    assert valetts("say", text, "-o", "a.wav") == 2
    assert len(only_error(capsys)) > 20 and os.listdir() == []


def test_no_text_on_a_terminal(valetts, monkeypatch, capsys):
    monkeypatch.setattr(text_input, "isatty", lambda stream: True)
    assert valetts("say") == 2
    assert "no text" in only_error(capsys)


# -- say: voices and languages


def test_voice_by_name_and_by_recording(valetts, voice_wav):
    for name, voice in (("a.wav", "ada"), ("b.wav", "rui"), ("c.wav", voice_wav)):
        assert valetts("say", TEXT, "-o", name, "--voice", voice, "--seed", 1) == 0
    assert len({Path(name).read_bytes() for name in ("a.wav", "b.wav", "c.wav")}) == 3


def test_voice_by_folder(valetts, voice_wav):
    Path("clips").mkdir()
    audio, rate = soundfile.read(voice_wav)
    soundfile.write("clips/1.wav", audio[: 3 * rate], rate)
    soundfile.write("clips/2.flac", np.stack([audio, audio], axis=1), rate)
    Path("clips/notes.txt").write_text("not a clip")
    assert valetts("say", TEXT, "-o", "a.wav", "--voice", "clips") == 0
    Path("clips/3.wav").write_bytes(b"RIFF")
    assert valetts("say", TEXT, "-o", "b.wav", "--voice", "clips") == 2
    assert not Path("b.wav").exists()


@pytest.mark.parametrize("voice", ["nobody", "nowhere.wav", "empty", "noise.wav"])
def test_voices_that_cannot_be_used(valetts, capsys, voice):
    Path("empty").mkdir()
    Path("noise.wav").write_bytes(b"not audio at all")
    assert valetts("say", TEXT, "-o", "a.wav", "--voice", voice) == 2
    assert voice in only_error(capsys) and not Path("a.wav").exists()


def test_unknown_language(valetts, capsys):
    assert valetts("say", TEXT, "-o", "a.wav", "--language", "klingon") == 2
    message = only_error(capsys)
    assert "klingon" in message and "pt-br" in message


# -- say: places that cannot be written


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--output", "a.aiff"], ".aiff"),
        (["--output", "audio"], "no ending"),
        (["--output", "nowhere/a.wav"], "does not exist"),
        (["--output", "folder.wav"], "is a folder"),
        (["--output", "a.wav", "--json", "nowhere/a.json"], "does not exist"),
        (["--output", "-", "--json", "-"], "both want standard output"),
    ],
)
def test_bad_targets_are_refused_before_the_work(valetts, monkeypatch, capsys, arguments, expected):
    monkeypatch.setattr(say, "load_model", lambda *_: pytest.fail("the model was loaded"))
    Path("folder.wav").mkdir()
    assert valetts("say", TEXT, *arguments) == 2
    assert expected in only_error(capsys)


@pytest.mark.parametrize("command", ["say", "demo", "serve"])
def test_every_decoder_can_be_asked_for(command, tiny_checkpoint, valetts, capsys):
    from valetts_hf.modeling.decoders import DECODERS

    for kind in DECODERS:
        assert cli.build_parser().parse_args([command, "--decoder", kind]).decoder == kind
    assert valetts(command, "--decoder", "hifigan") == 2
    assert "invalid choice: 'hifigan'" in capsys.readouterr().err
    words = [command, *([TEXT] if command == "say" else [])]
    assert valetts(*words, "--model", tiny_checkpoint, "--decoder", "bigvgan") == 1
    assert "carries no 'bigvgan' decoder" in capsys.readouterr().err


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write everywhere")
def test_folder_without_permission(valetts, capsys):
    Path("locked").mkdir(mode=0o500)
    assert valetts("say", TEXT, "-o", "locked/a.wav") == 2
    assert "permission" in only_error(capsys)


def test_a_failure_leaves_the_old_file(valetts, monkeypatch, capsys):
    Path("a.wav").write_bytes(b"precious")

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    assert valetts("say", TEXT, "-o", "a.wav", "--quiet") == 1
    assert "No space left" in only_error(capsys)
    assert Path("a.wav").read_bytes() == b"precious" and os.listdir() == ["a.wav"]


# -- say: usage, checkpoints, interruptions


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["sing"],
        ["say", TEXT, "--speaking-rate", "fast"],
        ["say", TEXT, "--pitch-shift", "nan"],
        ["say", TEXT, "--seed", "1.5"],
        ["say", TEXT, "--threads", "0"],
        ["say", TEXT, "--format", "aiff"],
        ["doctor", "extra"],
    ],
)
def test_usage_errors(arguments, capsys):
    with pytest.raises(SystemExit) as leaving:
        cli.main(arguments)
    assert leaving.value.code == 2 and "usage: valetts" in capsys.readouterr().err


@pytest.mark.parametrize(
    "option", [("--speaking-rate", -1), ("--speaking-rate", 0), ("--energy-shift", 30), ("--pause-scale", 9)]
)
def test_values_out_of_range(valetts, capsys, option):
    assert valetts("say", TEXT, "-o", "a.wav", *option) == 2
    assert option[0].removeprefix("--").replace("-", "_") in only_error(capsys)


def test_words_in_place_of_numbers(capsys):
    with pytest.raises(SystemExit):
        cli.main(["say", TEXT, "--speaking-rate", "fast"])
    assert "argument --speaking-rate: 'fast' is not a number" in capsys.readouterr().err


def test_missing_sketch(valetts, capsys):
    assert valetts("say", TEXT, "-o", "a.wav", "--sketch", "nowhere.svg") == 2
    assert "--sketch: there is no file 'nowhere.svg'" in only_error(capsys)


def test_unknown_device(valetts, capsys):
    assert valetts("say", TEXT, "-o", "a.wav", "--device", "toaster") == 2
    assert "toaster" in only_error(capsys)


def test_missing_and_damaged_checkpoints(valetts, tiny_checkpoint, capsys):
    assert valetts("say", TEXT, "--model", "./nowhere") == 1
    assert "nowhere" in only_error(capsys)
    Path("foreign").mkdir()
    Path("foreign/config.json").write_text('{"model_type": "bert"}')
    assert valetts("say", TEXT, "--model", "foreign") == 1
    assert "foreign" in only_error(capsys)
    Path("cut").mkdir()
    for path in tiny_checkpoint.iterdir():
        Path("cut", path.name).write_bytes(
            path.read_bytes()[:-100] if path.suffix == ".safetensors" else path.read_bytes()
        )
    assert valetts("say", TEXT, "--model", "cut") == 1
    assert "cut" in only_error(capsys)


def test_ctrl_c(valetts, monkeypatch, capsys):
    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(say, "load_model", interrupt)
    assert valetts("say", TEXT, "-o", "a.wav") == 130
    assert only_error(capsys) == "interrupted."


@pytest.mark.parametrize(
    ("error", "code", "expected"),
    [
        (ValueError("this value,\nnot that"), 2, "this value, not that"),
        (TypeError("a wrong kind"), 2, "a wrong kind"),
        (RuntimeError("CUDA out of memory"), 1, "CUDA out of memory"),
        (MemoryError(), 1, "MemoryError"),
        (KeyError("x"), 1, "unexpected KeyError"),
    ],
)
def test_errors_are_one_line(valetts, monkeypatch, capsys, error, code, expected):
    def fail(*_):
        raise error

    monkeypatch.setattr(say, "load_model", fail)
    assert valetts("say", TEXT, "-o", "a.wav") == code
    assert expected in only_error(capsys)
    assert valetts("say", TEXT, "-o", "a.wav", "--debug") == code
    assert "Traceback" in capsys.readouterr().err


# -- voices, languages


def test_voices(valetts, capsys):
    assert valetts("voices") == 0
    out = capsys.readouterr().out
    assert [line.split()[0] for line in out.splitlines()] == ["VOICE", "ada", "rui"]
    assert valetts("voices", "--json") == 0
    assert json.loads(capsys.readouterr().out)[1] == {
        "name": "rui",
        "language": "pt-br",
        "default_for": ["pt-br"],
        "description": "made up for tests",
    }


@pytest.mark.parametrize(
    ("content", "expected"),
    [(None, "holds no processor_config.json"), ("{", "cannot be read"), ("[]", "not a configuration")],
)
def test_voices_of_something_else(valetts, capsys, content, expected):
    Path("other").mkdir()
    if content is not None:
        Path("other/processor_config.json").write_text(content)
    assert valetts("voices", "--model", "other") == 1
    assert expected in only_error(capsys)


def test_voices_of_a_name_that_is_none(valetts, capsys):
    assert valetts("voices", "--model", "not/a/name") == 2
    assert "not/a/name" in only_error(capsys)


def test_languages(valetts, capsys):
    assert valetts("languages") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[1].startswith("en-us") and any(
        line.startswith("pt-br") and "Português (Brasil)" in line for line in lines
    )
    assert valetts("languages", "--json") == 0
    rows = json.loads(capsys.readouterr().out)
    assert len(rows) == len(lines) - 1 >= 14
    assert {"code": "hi", "name": "Hindi", "native_name": "हिन्दी", "support": "full"} in rows
