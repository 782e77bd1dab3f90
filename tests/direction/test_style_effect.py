"""What styles do to vectors: tokens, references, mixtures; and errors for what does not fit the checkpoint."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest
import torch

from tests.conftest import TINY_STYLE_SIZE, tiny_config
from valetts_hf.direction.style import Style, StyleError
from valetts_hf.direction.style_effect import TOKEN_STEP, fixed, resolve_style, token_offsets
from valetts_hf.direction.style_table import StyleTable
from valetts_hf.modeling.modeling_valetts import ValeTTSForSpeech
from valetts_hf.modeling.normalization import StyleAdaptiveNorm
from valetts_hf.voices.fingerprint import checkpoint_fingerprint


VOICES = {"ada": torch.full((1, TINY_STYLE_SIZE), 0.5), "rui": torch.full((1, TINY_STYLE_SIZE), -1.0)}


def encode(voice):
    if voice not in VOICES:
        raise ValueError(f"unknown voice {voice!r}")
    return VOICES[voice]


@pytest.fixture(scope="module")
def model():
    """A tiny model whose normalisations listen to the style (those of a new one do not)."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network = ValeTTSForSpeech(tiny_config()).eval()
        for module in network.modules():
            if isinstance(module, StyleAdaptiveNorm):
                torch.nn.init.normal_(module.affine.weight, std=0.3)
    return network.requires_grad_(False)


@pytest.fixture
def table(model):
    styles = {"calm": {"spec": "token:1*0.5 - token:2*0.25"}, "lively": {"spec": "token:3"}}
    return StyleTable({"checkpoint": checkpoint_fingerprint(model), "styles": styles, "tokens": [{}] * 4})


def effect(spec, model, table):
    return resolve_style(Style.of(spec), model, encode, table)


def test_tokens_move_the_normalisations_by_one_step(model):
    offsets = token_offsets(model)
    assert offsets.shape == (4, TINY_STYLE_SIZE)
    torch.testing.assert_close(offsets.sum(dim=0), torch.zeros(TINY_STYLE_SIZE), atol=1e-5, rtol=0)
    network = model.model
    moved = torch.cat(
        [
            offsets @ module.affine.weight.T
            for part in (network.duration_predictor, network.prosody_predictor)
            for module in part.modules()
            if isinstance(module, StyleAdaptiveNorm)
        ],
        dim=1,
    )
    assert float(moved.square().mean().sqrt()) == pytest.approx(TOKEN_STEP, rel=1e-4)


def test_a_token_never_moves_farther_than_its_own_value():
    model = ValeTTSForSpeech(tiny_config())
    for module in model.modules():
        if isinstance(module, StyleAdaptiveNorm):
            torch.nn.init.constant_(module.affine.weight, 1e-6)  # hardly listens: any step would be too small
    tokens = model.model.style_encoder.style_tokens
    with torch.no_grad():
        values = tokens.mix(torch.eye(4))
    torch.testing.assert_close(token_offsets(model), values - values.mean(dim=0))


def test_what_each_part_does(model, table):
    identity = torch.randn(2, TINY_STYLE_SIZE, generator=torch.Generator().manual_seed(1))
    offsets = token_offsets(model)
    by_tokens = effect("token:1*0.5 - token:2*0.25", model, table)
    torch.testing.assert_close(by_tokens.manner(identity), identity + 0.5 * offsets[1] - 0.25 * offsets[2])
    torch.testing.assert_close(by_tokens.pitch(identity), by_tokens.manner(identity))
    torch.testing.assert_close(effect("calm", model, table).manner(identity), by_tokens.manner(identity))
    torch.testing.assert_close(
        effect("calm*0.5 + lively*0.5", model, table).manner(identity),
        identity + 0.25 * offsets[1] - 0.125 * offsets[2] + 0.5 * offsets[3],
    )
    torch.testing.assert_close(effect("voice:ada", model, table).manner(identity), VOICES["ada"].expand(2, -1))
    torch.testing.assert_close(effect("voice:ada", model, table).pitch(identity), identity)
    half = effect("voice:ada*0.5 + token:1", model, table)
    torch.testing.assert_close(half.manner(identity), 0.5 * identity + 0.5 * VOICES["ada"] + offsets[1])
    torch.testing.assert_close(half.pitch(identity), identity + offsets[1])
    between = effect(Style.mix([("voice:ada", 0.5), ("voice:rui", 0.5)]), model, table)
    torch.testing.assert_close(between.manner(identity), torch.full((2, TINY_STYLE_SIZE), -0.25))
    vector = effect(np.full(TINY_STYLE_SIZE, 2.0), model, table)
    torch.testing.assert_close(vector.manner(identity), torch.full((2, TINY_STYLE_SIZE), 2.0))
    for nothing in (None, "neutral", "token:1 - token:1", "calm - token:1*0.5 + token:2*0.25", "neutral*2"):
        assert effect(nothing, model, table) is None


def test_half_precision_follows_the_model(model, table):
    half = ValeTTSForSpeech(tiny_config()).to(torch.bfloat16)
    made = resolve_style(Style.parse("token:1 + voice:ada*0.5"), half, encode, table)
    assert made.manner(torch.zeros(1, TINY_STYLE_SIZE, dtype=torch.bfloat16)).dtype == torch.bfloat16


@pytest.mark.parametrize(
    ("style", "message"),
    [
        ("token:4", "there is no token 4: this checkpoint has the tokens 0 to 3"),
        ("clam", "unknown style 'clam'. Did you mean 'calm'\\? Named styles: calm, lively, neutral"),
        ("voice:eve", "the voice of the style, voice:eve, cannot be used: unknown voice 'eve'"),
        ("clip:a.wav", "the clip of the style, clip:a.wav, cannot be used: there is no such file"),
        ("clip:/", "the clip of the style, clip:/, cannot be used: it is a folder"),
        ([0.0] * 5, "vector of 5 numbers, this checkpoint needs 16"),
        (Style.from_vector([0.0] * 16, "0123-4567"), "made with the checkpoint 0123-4567, this one is"),
    ],
)
def test_what_does_not_fit_the_checkpoint(model, table, style, message):
    with pytest.raises(StyleError, match=message):
        effect(style, model, table)


def test_names_without_a_table_or_with_another_checkpoints(model):
    with pytest.raises(StyleError, match="has no named styles: training_scripts/measure_styles.py"):
        effect("calm", model, StyleTable())
    foreign = StyleTable({"checkpoint": "0123-4567", "styles": {"calm": {"spec": "token:1"}}, "tokens": []})
    with pytest.raises(StyleError, match="made for the checkpoint 0123-4567, this one is"):
        effect("calm", model, foreign)


def test_fixed_styles_need_no_voices(model, table):
    style = fixed(Style.parse("voice:ada*0.5 + token:1"), model, encode)
    assert [term.kind for term in style.terms] == ["vector", "token"]
    again = Style.from_dict(json.loads(json.dumps(style.to_dict())))

    def nobody(voice):
        raise AssertionError("no voice should be asked for")

    identity = torch.zeros(1, TINY_STYLE_SIZE)
    torch.testing.assert_close(
        resolve_style(again, model, nobody, table).manner(identity),
        effect("voice:ada*0.5 + token:1", model, table).manner(identity),
    )


def test_tables(tmp_path):
    assert StyleTable.load(tmp_path).names == [] and StyleTable().checkpoint == ""
    assert StyleTable().terms("neutral") == ()
    path = tmp_path / "styles.json"
    for content, message in (
        ("{", "no JSON file"),
        ("[]", "holds a list"),
        ('{"format_version": 9}', "reads up to 1"),
        ('{"tokens": {}}', "damaged"),
    ):
        path.write_text(content)
        with pytest.raises(StyleError, match=re.escape(message)):
            StyleTable.load(tmp_path)
    path.write_text(json.dumps({"styles": {"calm": {"spec": "voice:ada"}}, "tokens": [{"rate": 1.1}]}))
    table = StyleTable.load(tmp_path)
    assert table.entries() == {"calm": {"spec": "voice:ada"}, "token:0": {"rate": 1.1}}
    with pytest.raises(StyleError, match="must consist of tokens"):
        table.terms("calm")
