"""Training of a tiny vocoder and of a tiny decoder: steps, exact resumption, what is frozen, the script, refusals."""

import importlib.util
import shutil
from pathlib import Path

import pytest
import torch
import yaml

from tests.training.tiny_runs import everything
from valetts_hf import ValeTTSVocoder
from valetts_hf.modeling.modeling_valetts import ValeTTSForSpeech
from valetts_hf.training.discriminators import PRESETS, DiscriminatorConfig
from valetts_hf.training.recipe import load_recipe
from valetts_hf.training.run.sharding import make_accelerator
from valetts_hf.training.vocoder.vocoder_objective import SILENT_LOG_MEL, VocoderObjective
from valetts_hf.training.vocoder.vocoder_recipe import VocoderRecipe, load_vocoder_recipe
from valetts_hf.training.vocoder.vocoder_run import VocoderRun, model_to_train


SCRIPTS = Path(__file__).resolve().parents[3] / "training_scripts"
TINY_GENERATOR = {
    "upsample_rates": [16, 16],
    "upsample_kernel_sizes": [32, 32],
    "upsample_initial_channel": 16,
    "resblock_kernel_sizes": [3],
    "resblock_dilation_sizes": [[1]],
}
TINY_JUDGES = DiscriminatorConfig(
    periods=(2,), period_channels=(4, 4), resolutions=(), constant_q=((256, 9, 6),), constant_q_channels=4
)


@pytest.fixture(autouse=True)
def tiny_judges(monkeypatch):
    monkeypatch.setitem(PRESETS, "tiny", TINY_JUDGES)


def recipe(**settings) -> VocoderRecipe:
    values = {
        "preset": "24khz_100band_256x_tiny",
        "bigvgan": TINY_GENERATOR,
        "discriminator": "tiny",
        "batch_size": 2,
        "window_frames": 16,
        "segment_frames": 8,
        "context_frames": 2,
        "reference_frames": 30,
        "prior_share": 0.5,
        "adversarial_start": 1,
        "learning_rate": 1e-3,
        "max_steps": 4,
        "log_every": 1,
        "mixed_precision": "no",
    }
    return VocoderRecipe(**(values | settings))


def make_run(folder, corpus, checkpoint=None, **settings) -> VocoderRun:
    settings = recipe(**settings)
    accelerator = make_accelerator("no", cpu=True)
    torch.manual_seed(0)
    return VocoderRun(settings, corpus, model_to_train(settings, checkpoint), folder, accelerator, pictures=False)


@pytest.fixture(params=["mel", "latents"])
def task(request, tiny_checkpoint) -> dict:
    """Settings of a run, for each task."""
    return {"task": request.param, "checkpoint": tiny_checkpoint if request.param == "latents" else None}


def test_two_steps_change_generator_and_judges(buzz_corpus, tmp_path, task):
    run = make_run(tmp_path / "run", buzz_corpus, **task)
    before = everything(run)
    reason = run.train(stop_at_step=2)
    after = everything(run)
    assert reason == "step 2 is reached" and run.state.step == 2
    for part in ("generator", "discriminator"):
        changed = [
            name for name in before if name.startswith(f"{part}/") and not torch.equal(before[name], after[name])
        ]
        assert changed, part
    rows = run.folder.rows("log")
    assert [row["step"] for row in rows] == [1, 2]
    assert set(rows[1]) >= {"mel", "adversarial", "feature_matching", "judge_waveform", "gradient_norm"}
    assert "adversarial" not in rows[0]  # they begin with the second step
    assert all(torch.isfinite(value).all() for value in after.values() if value.is_floating_point())


def test_a_resumed_run_is_the_run_that_never_stopped(buzz_corpus, tmp_path, task):
    whole = make_run(tmp_path / "whole", buzz_corpus, **task)
    whole.train()
    make_run(tmp_path / "pieces", buzz_corpus, **task).train(stop_at_step=2)
    pieces = make_run(tmp_path / "pieces", buzz_corpus, **task)
    assert pieces.resume() is not None
    pieces.train()
    first, second = everything(whole), everything(pieces)
    assert first.keys() == second.keys()
    for name, value in first.items():
        assert torch.equal(value, second[name]), name
    assert [row["step"] for row in pieces.folder.rows("log")] == [1, 2, 3, 4]


def test_accumulated_batches_are_one_step(buzz_corpus, tmp_path, task):
    run = make_run(tmp_path / "run", buzz_corpus, gradient_accumulation=2, **task)
    run.train(stop_at_step=2)
    assert run.state.step == 2 and run.folder.rows("log")[1]["judge_waveform"] > 0


def test_a_vocoder_learns_to_lower_the_mel_loss(buzz_corpus, tmp_path):
    run = make_run(tmp_path / "run", buzz_corpus, adversarial_start=1000, max_steps=40, learning_rate=5e-3)
    run.train()
    losses = [row["mel"] for row in run.folder.rows("log")]
    assert sum(losses[-5:]) < 0.85 * sum(losses[:5])


def test_the_export_of_a_vocoder_loads(buzz_corpus, tmp_path):
    run = make_run(tmp_path / "run", buzz_corpus)
    run.train(stop_at_step=1)
    vocoder = ValeTTSVocoder.from_pretrained(tmp_path / "run" / "model").eval()
    averages = run.state.ema.state_dict()["average"]
    for name, value in vocoder.state_dict().items():
        torch.testing.assert_close(value, averages[name])
    with pytest.raises(ValueError, match="this run trains a vocoder of its own"):
        run.store_decoder(tmp_path)
    again = make_run(tmp_path / "more", buzz_corpus, checkpoint=tmp_path / "run" / "model")
    for name, value in again.state.generator(again.accelerator).state_dict().items():
        torch.testing.assert_close(value, averages[name])


def test_only_the_decoder_learns_and_one_prior_drives_both(buzz_corpus, tmp_path, tiny_checkpoint):
    run = make_run(tmp_path / "run", buzz_corpus, checkpoint=tiny_checkpoint, task="latents")
    run.train(stop_at_step=2)
    base = ValeTTSForSpeech.from_pretrained(tiny_checkpoint).eval()
    exported = ValeTTSForSpeech.from_pretrained(tmp_path / "run" / "model").eval()
    assert exported.config.decoder.type == "bigvgan"
    for name, value in base.model.state_dict().items():
        assert torch.equal(value, exported.model.state_dict()[name]), name
    learned = {name for name, parameter in run.state.objective.named_parameters() if parameter.requires_grad}
    assert learned and all(name.startswith("model.decoder.") for name in learned)
    assert not run.state.objective.model.model.training  # no dropout in what is frozen

    shutil.copytree(tiny_checkpoint, tmp_path / "base")
    run.store_decoder(tmp_path / "base", torch.float32)
    both = ValeTTSForSpeech.from_pretrained(tmp_path / "base", decoder="bigvgan").eval()
    tokens = torch.arange(5, 15)[None]
    with torch.inference_mode():
        first, second, third = (model(tokens, seed=0) for model in (base, both, exported))
    torch.testing.assert_close(first.latents, second.latents)
    torch.testing.assert_close(second.waveform, third.waveform)
    assert not torch.allclose(first.waveform, second.waveform)


def test_training_of_a_carried_decoder_goes_on(buzz_corpus, tmp_path, tiny_checkpoint):
    make_run(tmp_path / "run", buzz_corpus, checkpoint=tiny_checkpoint, task="latents").train(stop_at_step=1)
    model = model_to_train(recipe(task="latents"), tmp_path / "run" / "model")
    trained = ValeTTSForSpeech.from_pretrained(tmp_path / "run" / "model")
    for name, value in model.decoder.state_dict().items():
        assert torch.equal(value, trained.decoder.state_dict()[name])


def test_silence_follows_the_end_of_a_clip(buzz_corpus, tmp_path):
    run = make_run(tmp_path / "run", buzz_corpus, window_frames=110, segment_frames=8)
    batch = run.batches.batch(0)
    assert not batch.frame_mask.all()
    seen = {}

    class Listening(torch.nn.Module):
        config = run.config

        def forward(self, log_mel, check):
            seen["mel"] = log_mel
            return type("Output", (), {"waveform": torch.zeros_like(batch.waveform)})

    VocoderObjective(Listening())(batch)
    beyond = seen["mel"][~batch.frame_mask]
    assert torch.equal(beyond, torch.full_like(beyond, SILENT_LOG_MEL))


def load_script():
    spec = importlib.util.spec_from_file_location("run_vocoder", SCRIPTS / "run_vocoder.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_script_trains_stores_and_resumes(buzz_corpus, tmp_path, tiny_checkpoint, capsys):
    buzz_corpus.save(tmp_path / "corpus")
    shutil.copytree(tiny_checkpoint, tmp_path / "base")
    settings = recipe(task="latents").to_dict()
    settings["betas"] = list(settings["betas"])
    (tmp_path / "recipe.yaml").write_text(yaml.safe_dump(settings))
    arguments = ["--corpus", tmp_path / "corpus", "--output", tmp_path / "run", "--recipe", tmp_path / "recipe.yaml"]
    arguments += ["--checkpoint", tmp_path / "base", "--cpu", "--store"]
    script = load_script()
    script.main([*map(str, arguments), "--stop_at_step", "1"])
    script.main([*map(str, arguments), "--max_steps", "2", "--resume", "latest", "--allow_changes"])
    assert "ended at step 2" in capsys.readouterr().out
    assert ValeTTSForSpeech.from_pretrained(tmp_path / "base", decoder="bigvgan").config.decoder.type == "bigvgan"
    with pytest.raises(SystemExit, match="--store needs the task 'latents' and a --checkpoint that is a folder"):
        script.main([*map(str, arguments[:6]), "--store", "--cpu"])
    with pytest.raises(SystemExit, match="the task 'latents' needs a checkpoint"):
        script.main([str(argument) for argument in arguments[:6]] + ["--cpu"])


@pytest.mark.parametrize("name", ["vocoder.yaml", "decoder.yaml", "decoder_cpu.yaml"])
def test_recipes_load(name):
    loaded = load_vocoder_recipe(SCRIPTS / "recipes" / name)
    model = loaded.vocoder_config if loaded.task == "mel" else loaded.decoder_config
    assert model.bigvgan.hop_length == 256
    with pytest.raises(ValueError):
        load_recipe(SCRIPTS / "recipes" / name)  # of another kind


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"task": "speech"}, "task must be one of mel, latents, got 'speech'"),
        ({"model": {"hidden_size": 8}}, "remove `model`"),
        ({"preset": "44khz_128band_512x", "bigvgan": {}}, "corpora have 24000 Hz .* needs 44100 Hz and 512"),
        ({"preset": "8khz"}, "unknown vocoder preset '8khz'"),
        ({"bigvgan": {"activation": "relu"}}, "activation"),
        ({"bigvgan": {"resblocks": "1"}}, r"unknown vocoder.bigvgan settings .*did you mean 'resblock'"),
        ({"task": "latents", "bigvgan": {"resblock": 3}}, "recipe: decoder: .*resblock"),
        ({"context_frames": -1}, "context_frames must be at least 0"),
        ({"judge_clip_norm": 0}, "judge_clip_norm must be greater than 0"),
        ({"sample_every": 10}, "a vocoder speaks no sentences"),
        ({"judged_share": 0.5}, "judged_share does nothing for a vocoder, leave it out: 0.5"),
        ({"freeze": ["decoder"]}, "freeze does nothing for a vocoder"),
        ({"smooth_gains": True}, "smooth_gains does nothing for a vocoder"),
        ({"alignment_search_start": 0}, "alignment_search_start does nothing for a vocoder"),
        ({"losses": {"mel": 1.0, "stft": 2.0}}, r"mel, adversarial, feature_matching only, remove \['stft'\]"),
        ({"discriminator": "loud"}, "discriminator must be one of"),
    ],
)
def test_bad_recipes_are_refused(change, message):
    with pytest.raises(ValueError, match=message):
        recipe(**change)


def test_unknown_settings_are_named(tmp_path):
    (tmp_path / "recipe.yaml").write_text("windows: 3\n")
    with pytest.raises(ValueError, match=r"unknown settings \['windows'\]"):
        load_vocoder_recipe(tmp_path / "recipe.yaml")
