"""`Voice`: made, mixed, saved whole or not at all, read with clear errors, matched with checkpoints."""

from __future__ import annotations

import datetime
import errno
import json
import os
import shutil
import threading
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.conftest import tiny_config
from valetts_hf.modeling.modeling_valetts import ValeTTSForSpeech
from valetts_hf.voices import voice_folder
from valetts_hf.voices.adapters import adapter_config, adapter_state, attach_adapter, detach_adapter
from valetts_hf.voices.errors import ConsentError, VoiceError, VoiceFileError, VoiceMismatchError
from valetts_hf.voices.fingerprint import checkpoint_fingerprint, keep_fingerprint, style_fingerprint
from valetts_hf.voices.library import VoiceLibrary
from valetts_hf.voices.voice import Voice, style_for
from valetts_hf.voices.voice_folder import portable_base, resolve_base


pytestmark = pytest.mark.filterwarnings("ignore:Already found a `peft_config`")
STYLE = np.linspace(-1, 1, 16)


def make(name="ana", **changes) -> Voice:
    return Voice(**{"name": name, "style": STYLE, "checkpoint": "a" * 12 + "-" + "b" * 12, **changes})


@pytest.fixture(scope="module")
def model() -> ValeTTSForSpeech:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return ValeTTSForSpeech(tiny_config()).eval()


def an_adapter(model) -> tuple:
    config = adapter_config("tiny", model)
    attach_adapter(model, config, "made")
    state = adapter_state(model, "made")
    detach_adapter(model, "made")
    return config, {key: torch.randn_like(value) * 0.1 for key, value in state.items()}


# ------------------------------------------------------------------------------------------------------------- the object


def test_what_a_voice_is():
    voice = make(style=torch.ones(1, 16), consent="  my own voice ")
    assert voice.style.shape == (16,) and voice.style.dtype == np.float32
    assert voice.consent == "my own voice" and voice.consent_date == datetime.date.today().isoformat()
    assert make().consent_date is None
    assert "style, language=None" in repr(voice)


@pytest.mark.parametrize(
    "name",
    ["", "a/b", "..", ".hidden", "_x", "a" * 65, "end.", 7, None, "a\nb", "a:b", "\u0301a", "con", "Com1", "nul.x"],
)
def test_impossible_names(name):
    with pytest.raises(VoiceError, match="a voice's name may have 1 to 64 letters"):
        make(name)


@pytest.mark.parametrize("name", ["a" * 64, "हिन्दी", "ไทยเสียง", "José 中文", "Ana-2.b", "console"])
def test_names_of_all_scripts(name, tmp_path):
    library = VoiceLibrary(tmp_path)
    library.save(make(name))
    assert library.names() == [name] and library.load(name).name == name


def test_a_name_has_one_spelling(tmp_path):
    library = VoiceLibrary(tmp_path)
    library.save(make("Jose\u0301"))  # as file systems of Apple have it
    assert "Jos\u00e9" in library and library.names() == ["Jos\u00e9"]


@pytest.mark.parametrize(
    ("style", "message"),
    [
        ([], r"shape \(0,\)"),
        ([[1.0, 2.0], [3.0, 4.0]], r"shape \(2, 2\)"),
        ([np.nan] * 16, "finite"),
        ("x", "numbers"),
    ],
)
def test_impossible_styles(style, message):
    with pytest.raises(VoiceError, match=message):
        make(style=style)


def test_mixing():
    first, second = make("a", style=np.zeros(16), consent="ok by a"), make("b", style=np.ones(16), consent="ok by b")
    mixed = Voice.mix([(first, 3), (second, 1)])
    np.testing.assert_allclose(mixed.style, 0.25)
    assert mixed.name == "a_b" and mixed.consent == "a: ok by a | b: ok by b" and "0.75 a" in mixed.source
    assert Voice.mix([(first, 1), (make("c"), 1)], name="m").consent is None  # one has not agreed
    first.consent_date, first.language, first.base_model_name_or_path = "2026-01-02", "de", "o/heaviest"
    second.consent_date, second.language, second.base_model_name_or_path = "2026-01-01", "en-us", "o/other"
    mixed = Voice.mix([(first, 3), (second, 1)])
    assert mixed.consent_date == "2026-01-01" and (mixed.language, mixed.base_model_name_or_path) == (
        "de",
        "o/heaviest",
    )
    other = make("z", checkpoint="c" * 12 + "-" + "b" * 12)
    for parts, message in (
        ([], "pairs"),
        ([first], "pairs"),
        ([(first, -1)], "0 or more, got -1"),
        ([(first, "x")], "got 'x'"),
        ([(first, 0)], "all 0"),
        ([(first, 1), (make("d", adapter=Path("x")), 1)], "'d' has an adapter.*without_adapter"),
        ([(first, 1), (other, 1)], "different style encoders"),
    ):
        with pytest.raises(VoiceError, match=message):
            Voice.mix(parts)


# -------------------------------------------------------------------------------------------------- folders, come what may


def test_saved_and_read_again(tmp_path, model):
    voice = make(
        language="en-us", consent="mine", source="a note", metadata={"clips": 2}, base_model_name_or_path="o/n"
    )
    voice.adapter = config, state = an_adapter(model)
    folder = voice.save_pretrained(tmp_path / "sub" / "ana")
    assert voice.adapter == (config, state)  # a folder that may be gone tomorrow is no place for it
    again = Voice.from_pretrained(folder)
    np.testing.assert_array_equal(again.style, voice.style)
    for name in ("name", "checkpoint", "language", "consent", "consent_date", "source", "metadata"):
        assert getattr(again, name) == getattr(voice, name), name
    assert again.adapter == folder / "adapter"
    again.save_pretrained(tmp_path / "copy")
    assert again.adapter == folder / "adapter"
    assert again.base_model_name_or_path == "o/n"
    assert json.loads((folder / "adapter" / "adapter_config.json").read_text())["base_model_name_or_path"] == "o/n"
    assert not (folder / "adapter_config.json").exists()  # else pipelines would leave the style out
    assert [path.name for path in folder.parent.iterdir()] == ["ana"]  # nothing else is left about
    again.save_pretrained(folder)  # over itself, adapter and all
    assert Voice.from_pretrained(folder).adapter.joinpath("adapter_model.safetensors").is_file()
    again.without_adapter().save_pretrained(folder)
    assert not (folder / "adapter").exists()
    card = (folder / "README.md").read_text()
    assert "mine (stated" in card and 'base_model: "o/n"' in card and "Speech" not in card.split("---")[1]


def test_others_may_read_a_saved_voice(tmp_path, model):
    voice = make()
    voice.adapter = an_adapter(model)
    folder = voice.save_pretrained(tmp_path / "shared")
    assert all(path.stat().st_mode & 0o044 == 0o044 for path in folder.rglob("*") if path.is_file())


def test_the_bundled_base_has_one_name_everywhere(tiny_checkpoint, monkeypatch):
    import valetts_hf

    monkeypatch.setattr(valetts_hf, "BASE_CHECKPOINT", str(tiny_checkpoint))
    assert portable_base(tiny_checkpoint) == "valetts/base" == portable_base("valetts/base")
    assert resolve_base("valetts/base") == str(tiny_checkpoint) == resolve_base(None)
    assert portable_base("owner/name") == "owner/name" == resolve_base("owner/name") and portable_base("") is None
    assert portable_base(tiny_checkpoint.parent) == str(tiny_checkpoint.parent)


@pytest.mark.parametrize("when", ["style", "last file", "swap"])
def test_a_full_disk_leaves_the_old_voice(tmp_path, monkeypatch, when):
    folder = make(source="old").save_pretrained(tmp_path / "ana")

    def full(*args, **kwargs):
        raise OSError(errno.ENOSPC, "No space left on device")

    if when == "style":
        monkeypatch.setattr("safetensors.numpy.save_file", full)
    elif when == "last file":
        write = voice_folder._write_json
        monkeypatch.setattr(
            voice_folder,
            "_write_json",
            lambda path, value: full() if path.name == "voice.json" else write(path, value),
        )
    else:
        rename = voice_folder.os.rename
        monkeypatch.setattr(
            voice_folder.os, "rename", lambda a, b: full() if str(a).endswith(".part") else rename(a, b)
        )
    with pytest.raises(
        VoiceFileError, match="voice 'ana' could not be saved.*No space left.*Nothing there was changed"
    ):
        make(source="new").save_pretrained(folder)
    monkeypatch.undo()
    assert Voice.from_pretrained(folder).source == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["ana"]


def test_an_interrupted_replacement_is_undone(tmp_path):
    folder = make(source="old").save_pretrained(tmp_path / "ana")
    folder.rename(tmp_path / ".ana.1234.old")  # where a process died between two renames
    assert Voice.from_pretrained(folder).source == "old"


def test_of_several_interrupted_replacements_the_last_counts(tmp_path):
    for number, ending in enumerate("ba"):
        old = make(source=str(number)).save_pretrained(tmp_path / f".ana.{ending}.old")
        os.utime(old, (number, number))
    assert Voice.from_pretrained(tmp_path / "ana").source == "1"
    make(source="2").save_pretrained(tmp_path / "ana")  # over what was brought back
    assert Voice.from_pretrained(tmp_path / "ana").source == "2"


def test_a_voice_that_is_replaced_while_it_is_read_comes_from_one_version(tmp_path, monkeypatch):
    folder = make(source="old").save_pretrained(tmp_path / "ana")
    read, calls = voice_folder._read, []

    def interrupted(*args):
        voice = read(*args)
        if not calls:
            make(source="new").save_pretrained(folder)
        calls.append(voice.source)
        return voice

    monkeypatch.setattr(voice_folder, "_read", interrupted)
    assert Voice.from_pretrained(folder).source == "new" and calls == ["old", "new"]


def test_what_a_card_quotes(tmp_path):
    folder = make(consent="a | b\nc", base_model_name_or_path=str(tmp_path)).save_pretrained(tmp_path / "ana")
    card = (folder / "README.md").read_text()
    assert (
        r"| a \| b c (stated" in card and "base_model:" not in card
    )  # a folder of this machine is no model of the Hub


def test_several_writers_and_a_reader(tmp_path):
    folder = make(source="0").save_pretrained(tmp_path / "ana")
    errors = []

    def work(number):
        try:
            for _ in range(4):
                if number:
                    make(source=str(number)).save_pretrained(folder)
                else:
                    assert Voice.from_pretrained(folder).name == "ana"
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors, [str(error) for error in errors]
    assert Voice.from_pretrained(folder).source in "123"
    assert not list(tmp_path.glob(".*.part"))


def test_folders_that_hold_something_else_are_left_alone(tmp_path):
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "cat.jpg").touch()
    with pytest.raises(VoiceError, match="holds other files and no voice"):
        make().save_pretrained(tmp_path / "photos")
    with pytest.raises(VoiceError, match="is a file"):
        make().save_pretrained(tmp_path / "photos" / "cat.jpg")
    (tmp_path / "empty").mkdir()
    assert make().save_pretrained(tmp_path / "empty").name == "empty"


def damage(folder: Path, kind: str) -> None:
    facts = json.loads((folder / "voice.json").read_text())
    if kind == "style":
        (folder / "voice.safetensors").write_bytes(b"no")
    elif kind == "no style":
        (folder / "voice.safetensors").unlink()
    elif kind == "json":
        (folder / "voice.json").write_text("{")
    elif kind == "list":
        (folder / "voice.json").write_text("[]")
    elif kind == "adapter":
        (folder / "voice.json").write_text(json.dumps(facts | {"adapter": True}))
    elif kind == "version":
        (folder / "voice.json").write_text(json.dumps(facts | {"format_version": 9}))
    elif kind == "type":
        (folder / "voice.json").write_text(json.dumps(facts | {"consent": 7}))
    elif kind == "metadata":
        (folder / "voice.json").write_text(json.dumps(facts | {"metadata": [1]}))
    else:
        (folder / "voice.json").write_text(json.dumps(facts | {"checkpoint": None}))


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("style", "is damaged.*enrol it anew"),
        ("no style", "is damaged"),
        ("json", "is damaged"),
        ("list", "no JSON object"),
        ("adapter", "adapter/adapter_config.json is missing"),
        ("version", "format_version is 9, this version of the package reads up to 1"),
        ("checkpoint", "'checkpoint' is missing"),
        ("type", "'consent' is '7' in voice.json, not a str"),
        ("metadata", "'metadata' is .* in voice.json, not a dict"),
    ],
)
def test_damaged_voices(tmp_path, kind, message):
    folder = make().save_pretrained(tmp_path / "ana")
    damage(folder, kind)
    with pytest.raises(VoiceFileError, match=message):
        Voice.from_pretrained(folder)


def test_voices_that_are_not_there(tmp_path, monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(VoiceFileError, match="holds no voice.json, so it is no voice"):
        Voice.from_pretrained(tmp_path)
    with pytest.raises(VoiceFileError, match="there is no voice folder"):
        Voice.from_pretrained("./nowhere")
    with pytest.raises(VoiceFileError, match="neither a folder here nor reachable on the Hub"):
        Voice.from_pretrained("owner/name", cache_dir=tmp_path)
    with pytest.raises(TypeError, match="'speed'"):
        Voice.from_pretrained(tmp_path, speed=1)


def test_what_is_not_shared(tmp_path):
    with pytest.raises(ConsentError, match="no consent statement and is not shared"):
        make().push_to_hub("owner/ana")
    with pytest.raises(VoiceError, match="which others do not have"):
        make(consent="mine", base_model_name_or_path=str(tmp_path)).push_to_hub("owner/ana")


# ------------------------------------------------------------------------------------------------ which checkpoint it fits


def test_fingerprint(model, tiny_checkpoint):
    value = checkpoint_fingerprint(model)
    assert value == checkpoint_fingerprint(model) and len(value) == 25
    for dtype in (torch.float32, torch.bfloat16):
        loaded = ValeTTSForSpeech.from_pretrained(tiny_checkpoint, dtype=dtype)
        assert checkpoint_fingerprint(loaded) == value  # the same seed
    loaded.fuse_weight_norm()
    attach_adapter(loaded, adapter_config("tiny", loaded), "x")
    loaded.model.default_styles.add_(1)
    assert checkpoint_fingerprint(loaded) == value
    half = ValeTTSForSpeech.from_pretrained(tiny_checkpoint, dtype=torch.float16)
    keep_fingerprint(half, value)
    assert checkpoint_fingerprint(half) == value


def test_networks_for_sketches_leave_a_fingerprint_alone():
    torch.manual_seed(0)
    plain = ValeTTSForSpeech(tiny_config())
    config = tiny_config()
    config.sketch.enabled = True
    drawn = ValeTTSForSpeech(config)
    missing = drawn.load_state_dict(plain.state_dict(), strict=False).missing_keys
    assert missing and all("sketch." in name for name in missing)
    assert checkpoint_fingerprint(drawn) == checkpoint_fingerprint(plain)  # so voices go on


def test_what_changes_a_fingerprint(tiny_checkpoint):
    model = ValeTTSForSpeech.from_pretrained(tiny_checkpoint)
    before = checkpoint_fingerprint(model)
    with torch.no_grad():
        model.decoder.head.bias.add_(0.5)
    after = checkpoint_fingerprint(model)
    assert after != before and style_fingerprint(after) == style_fingerprint(before)
    with torch.no_grad():
        model.model.style_encoder.style_tokens.tokens.add_(0.5)
    assert style_fingerprint(checkpoint_fingerprint(model)) != style_fingerprint(before)


def test_voices_and_checkpoints(model):
    here = checkpoint_fingerprint(model)
    fitting = make(checkpoint=here)
    np.testing.assert_array_equal(style_for(fitting, model), fitting.style)
    retrained = make(checkpoint=style_fingerprint(here) + "-" + "0" * 12, base_model_name_or_path="owner/old")
    np.testing.assert_array_equal(style_for(retrained, model), retrained.style)  # converted: the vector stays
    retrained.adapter = Path("somewhere")
    with pytest.raises(VoiceMismatchError, match="was adapted with the checkpoint .*base owner/old.*without_adapter"):
        style_for(retrained, model)
    with pytest.raises(VoiceMismatchError, match="hears voices differently"):
        style_for(make(), model)
    with pytest.raises(VoiceMismatchError, match="style vector of 128 numbers, this model needs 16"):
        style_for(make(style=np.ones(128), checkpoint=here), model)


# ----------------------------------------------------------------------------------------------------------- the library


def test_library(tmp_path, monkeypatch):
    monkeypatch.setenv("VALETTS_HOME", str(tmp_path / "home"))
    library = VoiceLibrary()
    assert library.names() == [] and "ana" not in library and "../x" not in library
    library.save(make("ana", source="x"))
    assert library.names() == ["ana"] and library.load("ana").source == "x" and library.facts("ana")["source"] == "x"
    assert library.folder == tmp_path / "home" / "voices"
    make("ana").save_pretrained(library.folder / ".ana.1234.removed")  # what a dying process left
    assert library.names() == ["ana"]
    shutil.rmtree(library.folder / ".ana.1234.removed")
    with pytest.raises(VoiceError, match="there is a voice 'ana' already"):
        library.save(make("ana"))
    library.save(make("ana", source="y"), overwrite=True)
    assert library.load("ana").source == "y"
    with pytest.raises(VoiceError, match="no voice 'anna'.*Did you mean 'ana'.*Voices: ana"):
        library.load("anna")
    library.remove("ana")
    assert library.names() == [] and not any(library.folder.iterdir())
    with pytest.raises(VoiceError, match="none yet"):
        library.remove("ana")


def test_removing_that_fails(tmp_path, monkeypatch):
    library = VoiceLibrary(tmp_path)
    library.save(make())

    def denied(*args):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("valetts_hf.voices.library.os.rename", denied)
    with pytest.raises(VoiceFileError, match="voice 'ana' cannot be removed: Permission denied"):
        library.remove("ana")
    assert "ana" in library


def test_removing_what_somebody_else_removes_at_the_same_time(tmp_path, monkeypatch):
    library = VoiceLibrary(tmp_path)
    library.save(make())
    rename = os.rename

    def too_late(source, target):
        rename(source, target)
        shutil.rmtree(target)
        rename(source, target)

    monkeypatch.setattr("valetts_hf.voices.library.os.rename", too_late)
    with pytest.raises(VoiceError, match="there is no voice 'ana'"):
        library.remove("ana")
