"""Training runs end to end on a tiny model: losses reach every weight, runs resume exactly, recipes are checked."""

import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from accelerate import Accelerator

from tests.conftest import tiny_config
from valetts_hf.modeling.mel import LogMelSpectrogram
from valetts_hf.modeling.modeling_valetts import ValeTTSForSpeech
from valetts_hf.training.data.batches import BatchMaker, speaker_weights
from valetts_hf.training.objective import GeneratorObjective
from valetts_hf.training.pretrainer import build_state, learning_rate_factor, pretrain_step
from valetts_hf.training.recipe import PretrainRecipe, load_recipe


SCRIPTS = Path(__file__).parents[2] / "training_scripts"
MODEL = {
    name: value
    for name, value in tiny_config().to_diff_dict().items()
    if name in ("hidden_size", "latent_size", *tiny_config().sub_configs)
}


def tiny_recipe(**settings) -> PretrainRecipe:
    values = {
        "model": MODEL,
        "batch_size": 3,
        "window_frames": 50,
        "segment_frames": 16,
        "reference_frames": 40,
        "adversarial_start": 1,
        "warmup_steps": 2,
        "max_steps": 4,
        "mixed_precision": "no",
        "log_every": 1,
    }
    return PretrainRecipe(**(values | settings))


def batches_of(corpus, recipe, seed=0):
    mel = LogMelSpectrogram(24000, 1024, 256, 100)
    weights = speaker_weights(corpus, recipe.speaker_exponent)
    sizes = (recipe.batch_size, recipe.window_frames, recipe.reference_frames)
    return BatchMaker(corpus, mel, weights, *sizes, seed=seed)


@pytest.mark.parametrize("prior_share", [0.0, 0.5, 1.0])
def test_every_weight_of_the_generator_learns(buzz_corpus, prior_share):
    recipe = tiny_recipe()
    torch.manual_seed(0)
    model = ValeTTSForSpeech(recipe.model_config)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.02)  # zero-initialised weights block the ones before them
    objective = GeneratorObjective(model, recipe.segment_frames, prior_share)
    output = objective(batches_of(buzz_corpus, recipe).batch(0))
    assert output.generated.shape == output.target.shape == (3, 16 * 256)
    sum(output.losses.values()).backward()
    untouched = [name for name, parameter in model.named_parameters() if parameter.grad is None]
    assert untouched == []
    assert all(torch.isfinite(parameter.grad).all() for parameter in model.parameters())


def test_alignment_search_replaces_durations_of_whole_clips(buzz_corpus):
    recipe = tiny_recipe(window_frames=100)
    torch.manual_seed(0)
    objective = GeneratorObjective(ValeTTSForSpeech(recipe.model_config), recipe.segment_frames).eval()
    batches = batches_of(buzz_corpus, recipe)
    lengths = buzz_corpus.frame_lengths
    short, long = int(lengths.argmin()), int(lengths.argmax())
    assert lengths[short] < 100 < lengths[long]
    clips, zeros = np.array([short, long]), np.array([0, 0])
    batch = batches.assemble(clips, zeros, clips, zeros)
    output = objective(batch, torch.Generator().manual_seed(0), search_noise=0.01)
    found = output.log_durations.exp().round().long() * batch.token_mask
    assert int(found[0].sum()) == lengths[short] and (found[0][batch.token_mask[0]] >= 1).all()
    assert not torch.equal(found[0], batch.durations[0])
    assert torch.equal(found[1], batch.durations[1])


def test_steps_lower_the_loss_and_judges_keep_their_own_gradients(buzz_corpus):
    recipe = tiny_recipe(learning_rate=2e-3, max_steps=40)
    accelerator = Accelerator(cpu=True)
    torch.manual_seed(0)
    state = build_state(recipe, accelerator, ValeTTSForSpeech(recipe.model_config))
    batch = batches_of(buzz_corpus, recipe).batch(0)
    first = pretrain_step(state, batch, recipe, accelerator)
    for _ in range(25):
        last = pretrain_step(state, batch, recipe, accelerator)
    assert last["mel"] < 0.8 * first["mel"]
    assert last["duration"] < first["duration"]
    assert {"adversarial", "feature_matching", "judge_waveform", "duration_adversarial"} <= set(last)
    assert all(not parameter.requires_grad for parameter in state.discriminator.parameters())


def test_learning_rate_warms_up_and_decays():
    recipe = tiny_recipe(warmup_steps=10, max_steps=110, final_learning_rate=0.1)
    assert learning_rate_factor(0, recipe) == pytest.approx(0.1)
    assert learning_rate_factor(10, recipe) == pytest.approx(1.0)
    assert learning_rate_factor(60, recipe) == pytest.approx(0.55)
    assert learning_rate_factor(500, recipe) == pytest.approx(0.1)


def test_the_script_resumes_exactly(buzz_corpus, tmp_path, monkeypatch):
    import yaml

    monkeypatch.syspath_prepend(str(SCRIPTS))
    run_pretrain = __import__("run_pretrain")
    buzz_corpus.save(tmp_path / "corpus")
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text(yaml.safe_dump(tiny_recipe().to_dict() | {"betas": [0.8, 0.99]}))

    def run(output, *extra):
        arguments = ["--cpu", "--corpus", str(tmp_path / "corpus"), "--output", str(output), "--recipe", str(recipe)]
        run_pretrain.main([*arguments, *extra])

    run(tmp_path / "whole")
    run(tmp_path / "parts", "--max_minutes", "0")  # stops before the first step, with a checkpoint
    run(tmp_path / "parts", "--resume", "latest", "--stop_at_step", "2")
    run(tmp_path / "parts", "--resume", "latest")
    whole, parts = (ValeTTSForSpeech.from_pretrained(tmp_path / name / "model") for name in ("whole", "parts"))
    for (name, expected), value in zip(whole.state_dict().items(), parts.state_dict().values(), strict=True):
        torch.testing.assert_close(value, expected, msg=name)
    assert (tmp_path / "whole" / "log.jsonl").read_text().count("\n") == 4
    sys.modules.pop("run_pretrain")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"learning_rat": 1}, r"unknown settings \['learning_rat'\]"),
        ({"losses": {"mels": 1}}, r"unknown losses \['mels'\]"),
        ({"model": {"hidden": 1}}, r"unknown model settings \['hidden'\]"),
        ({"batch_size": 0}, "batch_size must be at least 1, got 0"),
        ({"prior_share": 1.5}, r"prior_share must be in \[0, 1\], got 1.5"),
        ({"discriminator": "huge"}, "discriminator must be one of .*got 'huge'"),
        ({"segment_frames": 999}, "segment_frames 999 exceeds window_frames 160"),
    ],
)
def test_recipes_are_checked(settings, message, tmp_path):
    import json

    path = tmp_path / "recipe.yaml"
    path.write_text(json.dumps(settings))
    with pytest.raises(ValueError, match=message):
        load_recipe(path)


@pytest.mark.parametrize("path", sorted((SCRIPTS / "recipes").glob("base_cpu*.yaml")), ids=lambda path: path.stem)
def test_shipped_recipes_load(path):
    assert load_recipe(path).max_steps > 0
