"""From trained weights to a checkpoint folder: voices, durations, discriminators, and folders that are whole or not there."""

import importlib.util
import json
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml

from valetts_hf.modeling.mel import LogMelSpectrogram
from valetts_hf.modeling.modeling_valetts import ValeTTSForSpeech
from valetts_hf.processing.processing_valetts import ValeTTSProcessor
from valetts_hf.training import checkpoint_building
from valetts_hf.training.checkpoint_building import (
    Judges,
    calibrate_durations,
    checkpoint_facts,
    clips_of,
    copy_rows,
    judges_of_run,
    language_list,
    new_folder,
    speaker_style,
    token_counts,
)
from valetts_hf.training.recipe import PretrainRecipe
from valetts_hf.training.run.run_state import save_run_state


SCRIPTS = Path(__file__).parents[2] / "training_scripts"


@pytest.fixture
def model(tiny_checkpoint):
    return ValeTTSForSpeech.from_pretrained(tiny_checkpoint).eval()


def test_speakers_and_their_style(model, buzz_corpus):
    assert list(clips_of(buzz_corpus, "rui")) == [6, 7, 8, 9, 10]
    assert len(clips_of(buzz_corpus, "rui", "test")) == 0
    style = speaker_style(model, buzz_corpus, "rui", 1)
    longest = 6 + int(np.argmax(buzz_corpus.frame_lengths[6:11]))
    alone = speaker_style(model, buzz_corpus.select([longest]), "rui", 5)
    assert style.shape == (16,) and torch.allclose(style, alone)
    with pytest.raises(ValueError, match="speaker 'max' is not in the corpus, which has \\['ada', 'eva', 'rui'\\]"):
        speaker_style(model, buzz_corpus, "max", 1)
    with pytest.raises(ValueError, match="'eva' has no training clip"):
        speaker_style(model, buzz_corpus.select([0]), "eva", 1)


def test_long_clips_alone_give_the_style_of_their_beginning(model, buzz_corpus, monkeypatch):
    whole = speaker_style(model, buzz_corpus.select([6]), "rui", 5)
    monkeypatch.setattr(checkpoint_building, "_REFERENCE_SECONDS", 0.5)
    beginning = speaker_style(model, buzz_corpus.select([6]), "rui", 5)
    samples = torch.from_numpy(buzz_corpus.waveform(6)[:12_000])[None]
    mel = LogMelSpectrogram(24_000, 1024, 256, 100)(samples)
    assert torch.allclose(beginning, model.encode_style(mel)[0]) and not torch.allclose(beginning, whole)


def test_durations_are_right_on_average_afterwards(model, buzz_corpus):
    styles = {"ada": speaker_style(model, buzz_corpus, "ada", 3)}
    assert calibrate_durations(model, buzz_corpus, styles) != pytest.approx(1.0, abs=0.05)
    assert calibrate_durations(model, buzz_corpus, styles) == pytest.approx(1.0, abs=1e-4)
    with pytest.raises(ValueError, match="none of the speakers \\['eva'\\] has a transcribed training clip"):
        calibrate_durations(model, buzz_corpus.select([0]), {"eva": styles["ada"]})


def test_rows_and_counts(buzz_corpus):
    table = torch.arange(6.0).reshape(3, 2)
    copy_rows(table, {0: 2})
    assert table.tolist() == [[4, 5], [2, 3], [4, 5]]
    counts = token_counts(buzz_corpus, 256)
    assert counts.sum() == len(buzz_corpus.input_ids) and counts[buzz_corpus.input_ids[0]] > 0
    assert language_list(["en-us", "en-gb", "pt-br"]) == ["en", "pt"]


def test_folders_are_replaced_whole_or_not_at_all(tmp_path):
    target = tmp_path / "checkpoint"
    for content in ("one", "two"):
        with new_folder(target) as folder:
            (folder / "file").write_text(content)
    with pytest.raises(RuntimeError), new_folder(target) as folder:
        (folder / "file").write_text("three")
        raise RuntimeError
    assert (target / "file").read_text() == "two" and [path.name for path in tmp_path.iterdir()] == ["checkpoint"]


def state_at(folder: Path, step: int, judges: Judges) -> None:
    recipe = PretrainRecipe(adversarial_start=5, discriminator=judges.preset).to_dict()
    save_run_state(folder / "checkpoints", step, judges.modules(), extra={"recipe": recipe})


def test_discriminators_of_a_run(tmp_path):
    assert judges_of_run(tmp_path, 16) is None
    judges = Judges.fresh("cpu", 16)
    state_at(tmp_path, 5, judges)
    assert judges_of_run(tmp_path, 16) is None, "they had not learned anything by then"
    state_at(tmp_path, 6, judges)
    found = judges_of_run(tmp_path, 16)
    assert torch.equal(next(found.discriminator.parameters()), next(judges.discriminator.parameters()))


def test_the_script_builds_a_checkpoint(model, buzz_corpus, tmp_path):
    spec = importlib.util.spec_from_file_location("build_checkpoint", SCRIPTS / "build_checkpoint.py")
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    model.save_pretrained(tmp_path / "run" / "model")
    state_at(tmp_path / "run", 6, Judges.fresh("cpu", 16))
    buzz_corpus.save(tmp_path / "corpus")
    plan = {
        "clips_per_voice": 2,
        "voices": {"bee": {"speaker": "ada", "language": "en-us", "description": "buzzes"}},
        "default_voices": {"en-us": "bee", "de": "bee"},
        "lend": {"languages": {"sv": "nb"}, "symbols": {"ʉ": "u"}},
        "inference": {"noise_scale": 0.25},
        "decoder": {"emphasis": 0.5},
    }
    (tmp_path / "voices.yaml").write_text(yaml.safe_dump(plan))
    common = ["--run", str(tmp_path / "run"), "--corpus", str(tmp_path / "corpus")]
    common += ["--voices", str(tmp_path / "voices.yaml"), "--output", str(tmp_path / "checkpoint")]
    script.main([*common, "--with_code"])
    folder = tmp_path / "checkpoint"
    assert (folder / "discriminators" / "model.safetensors").is_file() and (folder / "modeling_valetts.py").is_file()
    script.main([*common, "--without_discriminators"])
    assert not (folder / "discriminators").exists() and not list(folder.glob("*.py"))
    assert all("auto_map" not in path.read_text(encoding="utf-8") for path in folder.glob("*.json"))
    built = ValeTTSForSpeech.from_pretrained(folder)
    assert built.config.noise_scale == 0.25 and built.config.decoder.emphasis == 0.5 and built.dtype == torch.float32
    languages = built.config.languages
    table = built.model.text_encoder.embed_languages.weight
    assert torch.equal(table[languages.index("sv")], table[languages.index("nb")])
    styles = built.model.default_styles
    assert styles[0].abs().sum() > 0 and torch.equal(styles[0], styles[languages.index("de")])
    facts = checkpoint_facts(folder)
    assert facts["parameters"] > sum(p.numel() for p in built.parameters()) and facts["bytes"] > 100_000
    assert list(facts["voices"]) == ["bee"] and facts["default_voices"]["de"] == "bee"
    assert list(ValeTTSProcessor.from_pretrained(folder).voices) == ["bee"]
    assert json.loads((folder / "config.json").read_text())["dtype"] == "float32"
    for part, key in (("inference", "loudness"), ("decoder", "sparkle")):
        (tmp_path / "voices.yaml").write_text(yaml.safe_dump({**plan, part: {key: 1}}))
        with pytest.raises(ValueError, match=f"'{key}' under `{part}` is not a setting"):
            script.main(common)
    (tmp_path / "voices.yaml").write_text("batch_size: 4\n")
    with pytest.raises(ValueError, match="is no voices file: it needs `voices` and `default_voices`"):
        script.main(common)
