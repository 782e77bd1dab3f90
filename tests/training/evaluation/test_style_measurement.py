"""Styles measured: effects in units and words, diversity, named styles out of tokens, and the whole command on a tiny model."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest
import torch

from training_scripts import measure_styles as script
from valetts_hf import ValeTTS
from valetts_hf.direction.style_table import MEASURES, StyleTable
from valetts_hf.training.evaluation import style_measurement
from valetts_hf.training.evaluation.markdown_blocks import replace_block
from valetts_hf.training.evaluation.style_measurement import (
    NOTICEABLE,
    Probe,
    contour_measures,
    default_probe,
    diversity,
    effect,
    fit_token_weights,
    in_words,
    measure_styles,
    vendi_score,
)


def test_measures_of_a_contour():
    log_f0 = np.array([np.log(100.0), 0.0, np.log(200.0), 0.0])
    found = contour_measures(4.0, log_f0, np.log(np.array([0.1, 9.0, 1.0, 9.0])))
    semitones = 12 * np.log2([100.0, 200.0])
    assert found[0] == pytest.approx(-np.log(4.0))
    assert found[1] == pytest.approx(semitones.mean())
    assert (
        found[2] == pytest.approx(np.log(6.001))
        and found[3] == pytest.approx(-10)
        and found[4] == pytest.approx(np.log(10.001))
    )
    with pytest.raises(ValueError, match="0 of 3 frames are voiced"):
        contour_measures(3.0, np.zeros(3), np.zeros(3))


def test_effects_in_units_and_words():
    neutral = {name: np.zeros((2, 5)) for name in ("contours", "audio")}
    change = np.array([np.log(0.8), 1.5, np.log(0.5), 0.2, 0.0])
    row = effect({"contours": neutral["contours"] + change, "audio": neutral["audio"] + change / 2}, neutral)
    assert [row[name] for name in MEASURES] == [0.8, 1.5, 0.5, 0.2, 1.0]
    assert row["audio"]["pitch"] == 0.75 and row["audio"]["pitch_range"] == pytest.approx(0.5**0.5, abs=1e-3)
    assert row["words"] == "slower, flatter, higher"
    assert in_words(np.zeros(5)) == "hardly different"


def test_effective_number_of_styles():
    assert vendi_score(np.zeros((5, 2))) == pytest.approx(1.0)
    far = 100.0 * np.eye(5)
    assert vendi_score(far) == pytest.approx(5.0)
    assert vendi_score(np.concatenate([far, far])) == pytest.approx(5.0)


def test_diversity_against_seeds():
    neutral = np.zeros((4, 5))
    neutral[::2] += 0.5 * NOTICEABLE  # the two seeds of a sentence: half a step in each measure
    tokens = np.stack([neutral, neutral + 2 * NOTICEABLE])
    found = diversity(tokens, neutral, seeds=2)
    assert found["token_distance"] == pytest.approx(2 * 5**0.5, abs=1e-3)
    assert found["seed_distance"] == pytest.approx(0.5 * 5**0.5, abs=1e-3)
    assert found["ratio"] == 4.0 and found["from_neutral"] == pytest.approx(5**0.5, abs=1e-3)
    assert 1.5 < found["effective_styles"] < 2.0  # one token is the neutral manner again
    assert diversity(tokens, neutral, seeds=1)["ratio"] is None


def test_named_styles_out_of_tokens():
    effects = np.array([[2.0, 0.0], [0.0, 2.0], [1.0, 1.0], [0.0, 0.01]])
    assert fit_token_weights(effects, np.array([0.0, -2.0]), ridge=0.01) == {1: pytest.approx(-1.0, abs=0.02)}
    both = fit_token_weights(effects, np.array([1.5, 2.5]), ridge=0.01)
    reached = sum(weight * effects[token] for token, weight in both.items())
    assert reached == pytest.approx([1.5, 2.5], abs=0.1)
    assert max(map(abs, fit_token_weights(effects, np.array([50.0, 0.0])).values())) <= 1.5
    assert len(fit_token_weights(np.eye(8), np.ones(8), most=3)) == 3
    assert fit_token_weights(effects, np.zeros(2)) == {}


@pytest.fixture(scope="module")
def voiced_checkpoint(tiny_checkpoint, tmp_path_factory):
    """The tiny checkpoint, mostly voiced and of a few frames a token."""
    from safetensors.torch import load_file, save_file

    folder = tmp_path_factory.mktemp("voiced") / "tiny"
    shutil.copytree(tiny_checkpoint, folder)
    weights = load_file(folder / "model.safetensors")
    for name, value in weights.items():
        if name.endswith("prosody_predictor.output.bias"):
            weights[name] = torch.tensor([0.0, 5.0, 0.0])
        elif name.endswith("duration_predictor.output.bias"):
            weights[name] = torch.full_like(value, 1.5)
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    return folder


@pytest.fixture
def heard(monkeypatch):
    """A tiny random decoder makes noise; let a melody be heard in it."""

    def melody(waveform, *_):
        return (5.0 + 0.1 * np.sin(np.arange(len(waveform) // 256))).astype(np.float32)

    monkeypatch.setattr(style_measurement, "extract_log_f0", melody)


def test_a_checkpoint_measured(voiced_checkpoint, heard):
    tts = ValeTTS.from_pretrained(voiced_checkpoint)
    steps: list[tuple[int, int]] = []
    values = measure_styles(
        tts, Probe("en-us", ("ada",), ("The boat leaves.",), (0, 1)), lambda *step: steps.append(step)
    )
    assert len(values["tokens"]) == 4 and set(MEASURES) <= set(values["tokens"][0])
    assert steps[-1] == (4 + len(style_measurement.NAMED_STYLES) + 1,) * 2
    assert json.loads(json.dumps(values, allow_nan=False)) == values
    table = StyleTable(values)
    for name in table.names:
        assert all(term.kind == "token" for term in table.terms(name))
    assert values["neutral"]["pitch_hz"] > 0 and values["measured"]["voices"] == ["ada"]
    with pytest.raises(ValueError, match="at least one voice"):
        measure_styles(tts, Probe("en-us", ()))
    assert default_probe(tts).voices == ("ada",) and default_probe(tts, "de").voices == ("ada",)


def test_the_command_writes_the_table_and_the_page(voiced_checkpoint, heard, tmp_path, capsys):
    docs = tmp_path / "styles.md"
    docs.write_text("before\n<!-- styles -->\nold\n<!-- /styles -->\nafter\n")
    arguments = ["--checkpoint", str(voiced_checkpoint), "--sentences", "The boat leaves.", "--seeds", "0", "1"]
    script.main([*arguments, "--docs", str(docs)])
    tts = ValeTTS.from_pretrained(voiced_checkpoint)
    assert len(tts.styles) == len(tts.style_table.names) + 4
    for name in tts.style_table.names:
        assert len(tts("Yes.", language="en-us", style=name, seed=0)) > 0
    page = docs.read_text()
    assert page.startswith("before\n<!-- styles -->\n") and page.endswith("<!-- /styles -->\nafter\n")
    assert "old" not in page and "`token:3`" in page and "Vendi" in page
    assert "written to" in capsys.readouterr().out
    with pytest.raises(SystemExit):
        script.main(["--checkpoint", str(voiced_checkpoint), "--language", "de"])
    assert "--sentences are needed" in capsys.readouterr().err


def test_blocks_of_markdown(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("a <!-- x --> b")
    with pytest.raises(ValueError, match="must have one block <!-- x -->"):
        replace_block(page, "x", "new")
    assert page.read_text() == "a <!-- x --> b"


def test_the_bundled_table_belongs_to_the_bundled_weights():
    """After new weights: python training_scripts/measure_styles.py --docs docs/styles.md."""
    from pathlib import Path

    from valetts_hf import BASE_CHECKPOINT
    from valetts_hf.voices.fingerprint import checkpoint_fingerprint, style_fingerprint

    if not (Path(BASE_CHECKPOINT) / "model.safetensors").is_file():
        pytest.skip("this source tree has no trained checkpoint")
    tts = ValeTTS.from_pretrained()
    assert style_fingerprint(tts.style_table.checkpoint) == style_fingerprint(checkpoint_fingerprint(tts.model))
    assert len(tts.style_table.names) >= 5 and len(tts.styles) >= 5 + tts.model.config.style.num_tokens
