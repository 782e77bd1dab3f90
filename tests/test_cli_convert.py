"""`valetts convert bigvgan`, and what the converter says of files that are not whole."""

import json
import pickle

import pytest
import torch

from tests.modeling.published_bigvgan import PUBLISHED, TINY, plausible_mel, random_state, write_published
from valetts_hf import ValeTTSVocoder, cli
from valetts_hf.modeling.bigvgan_checkpoint import published_config


@pytest.fixture
def published(tmp_path):
    return write_published(tmp_path / "published", TINY)


def convert(*arguments) -> int:
    return cli.main(["convert", "bigvgan", *map(str, arguments)])


def refused(capsys, *arguments) -> str:
    assert convert(*arguments) != 0
    line = capsys.readouterr().err.splitlines()[-1]
    assert line.startswith("valetts: error: ")
    return line


def speak(source) -> torch.Tensor:
    with torch.inference_mode():
        return ValeTTSVocoder.from_pretrained(source).eval()(plausible_mel(8, 6)).waveform


def test_writes_safetensors_that_sound_the_same(published, tmp_path, capsys):
    target = tmp_path / "converted"
    assert convert(published, target) == 0
    said = capsys.readouterr()
    assert said.out == "" and "24000 Hz, 8 mel bands, float32" in said.err
    assert (target / "model.safetensors").is_file() and json.loads((target / "config.json").read_text())
    assert not list(tmp_path.glob(".*"))  # nothing temporary is left
    wanted = speak(published)
    assert torch.equal(speak(target), wanted)
    assert torch.equal(speak(published / "bigvgan_generator.pt"), wanted)
    capsys.readouterr()
    assert convert(published / "bigvgan_generator.pt", tmp_path / "half", "--dtype", "float16", "--quiet") == 0
    assert capsys.readouterr().err == ""
    torch.testing.assert_close(speak(tmp_path / "half").float(), wanted, atol=0.02, rtol=0)


def test_replaces_only_vocoders_and_only_when_told(published, tmp_path, capsys):
    target = tmp_path / "converted"
    assert convert(published, target) == 0
    assert "is there already: add --overwrite" in refused(capsys, published, target)
    assert convert(published, target, "--overwrite") == 0
    other = tmp_path / "thesis"
    other.mkdir()
    (other / "thesis.tex").write_text("years of work")
    assert "holds other things" in refused(capsys, published, other, "--overwrite")
    assert (other / "thesis.tex").read_text() == "years of work"


def test_a_failure_leaves_nothing(published, tmp_path, capsys, monkeypatch):
    def full(self, folder, **options):
        folder.mkdir()
        (folder / "config.json").write_text("{}")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(ValeTTSVocoder, "save_pretrained", full)
    assert "cannot be written ([Errno 28] No space left on device)" in refused(capsys, published, tmp_path / "new")
    assert [path.name for path in tmp_path.iterdir()] == ["published"]


def test_weight_norm_that_was_folded_or_has_new_names_is_understood(published, tmp_path):
    folded, renamed = {}, {}
    for name, value in random_state(TINY).items():
        if name.endswith("weight_v"):
            norm = value.flatten(1).norm(dim=1).view(-1, 1, 1)
            folded[name.removesuffix("_v")] = random_state(TINY)[name.replace("weight_v", "weight_g")] * value / norm
        elif not name.endswith("weight_g"):
            folded[name] = value
        name = name.replace("weight_g", "parametrizations.weight.original0")
        renamed[name.replace("weight_v", "parametrizations.weight.original1")] = value
    wanted = speak(published)
    for name, state in (("folded", folded), ("renamed", renamed)):
        torch.testing.assert_close(speak(write_published(tmp_path / name, TINY, state)), wanted, atol=1e-5, rtol=0)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda state: state.pop("resblocks.4.convs2.1.weight_g"), "lacks resblocks.4.convs2.1.weight_g"),
        (lambda state: state.pop("activation_post.act.beta"), "lacks activation_post.act.beta"),
        (lambda state: state.update({"ups.2.0.bias": torch.zeros(2)}), "has unknown ups.2.0.bias"),
        (
            lambda state: state.update(
                {"resblocks.0.convs1.0.weight_gain": state.pop("resblocks.0.convs1.0.weight_g")}
            ),
            "lacks resblocks.0.convs1.0.weight_g and has unknown resblocks.0.convs1.0.weight_gain; "
            "resblocks.0.convs1.0.weight_gain looks like a renamed resblocks.0.convs1.0.weight_g",
        ),
        (lambda state: state.update({"conv_post.bias": torch.zeros(1)}), "has unknown conv_post.bias"),
        (
            lambda state: state.update({"conv_pre.weight_v": torch.zeros(16, 80, 7)}),
            "conv_pre.weight_v is (16, 80, 7) and should be (16, 8, 7)",
        ),
        (
            lambda state: state.update({"resblocks.1.activations.0.upsample.filter": torch.ones(1, 1, 12) / 12}),
            "the resampling filter resblocks.1.activations.0.upsample.filter is not the Kaiser-windowed sinc",
        ),
    ],
)
def test_tensors_that_do_not_fit_are_named(tmp_path, capsys, change, message):
    state = random_state(TINY)
    change(state)
    source = write_published(tmp_path / "published", TINY, state)
    assert message in refused(capsys, source, tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_blocks_of_type_2_are_named_as_published(tmp_path, capsys):
    config = {**TINY, "resblock": "2", "resblock_dilation_sizes": [[1, 3]] * 3}
    state = random_state(config)
    del state["resblocks.0.convs.1.bias"]
    source = write_published(tmp_path / "published", config, state)
    assert "lacks resblocks.0.convs.1.bias" in refused(capsys, source, tmp_path / "new")


def test_files_that_are_something_else(published, tmp_path, capsys):
    weights = published / "bigvgan_generator.pt"
    torch.save({"mpd": {}, "mrd": {}}, weights)
    assert "holds no 'generator' with its tensors but ['mpd', 'mrd']" in refused(capsys, published, tmp_path / "new")
    weights.write_bytes(b"PK not really a zip file")
    assert "is no file of tensors" in refused(capsys, published, tmp_path / "new")
    weights.unlink()
    assert "bigvgan_generator.pt" in refused(capsys, published, tmp_path / "new")
    (published / "config.json").write_text("{")
    assert "cannot be read as JSON" in refused(capsys, published, tmp_path / "new")
    (published / "config.json").write_text("[]")
    assert "it holds a list" in refused(capsys, published, tmp_path / "new")
    lonely = tmp_path / "lonely.pt"
    torch.save({"generator": random_state(TINY)}, lonely)
    assert "there is no config.json beside" in refused(capsys, lonely, tmp_path / "new")


class Malicious:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (open, (str(self.path), "w"))


@pytest.mark.filterwarnings("ignore:Detected pickle protocol")
def test_nothing_in_a_file_is_executed(published, tmp_path, capsys):
    victim = tmp_path / "touched"
    with open(published / "bigvgan_generator.pt", "wb") as file:
        pickle.dump({"generator": Malicious(victim)}, file)
    assert "is no file of tensors" in refused(capsys, published, tmp_path / "new")
    torch.save({"generator": Malicious(victim)}, published / "bigvgan_generator.pt")
    assert "load only what you trust" in refused(capsys, published, tmp_path / "new")
    assert not victim.exists()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"activation": "relu"}, "activation must be 'snakebeta' or 'snake', got 'relu'"),
        ({"win_size": 800}, "a window of 800 samples in an FFT of 1024 is not supported"),
        ({"hop_size": 300}, "hop_length must be 256"),
        ({"upsample_initial_channel": 10}, "upsample_initial_channel must be a multiple of 64"),
    ],
)
def test_settings_that_cannot_be_are_named(change, message):
    with pytest.raises(ValueError, match=message):
        published_config({**PUBLISHED["24khz_100band_256x"], **change})


def test_settings_that_are_missing_are_named():
    settings = dict(PUBLISHED["24khz_100band_256x"])
    del settings["num_mels"], settings["snake_logscale"]
    with pytest.raises(ValueError, match="it lacks num_mels, snake_logscale"):
        published_config(settings)
    del (version_1 := dict(PUBLISHED["24khz_100band_256x"]))["use_tanh_at_final"], version_1["use_bias_at_final"]
    assert (
        published_config(version_1).bigvgan.use_tanh_at_final and published_config(version_1).bigvgan.use_bias_at_final
    )
