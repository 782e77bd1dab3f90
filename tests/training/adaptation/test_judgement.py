"""Discriminators beside a checkpoint judge what a voice learns; without them adaptation says so and goes on."""

import shutil

import pytest
import torch

from tests.conftest import tiny_processor, voice_like
from valetts_hf.modeling.modeling_valetts import ValeTTSForSpeech
from valetts_hf.training.adaptation import adaptation_run, judgement
from valetts_hf.training.adaptation.adaptation_run import adapt
from valetts_hf.training.adaptation.judgement import discriminator_beside, judged
from valetts_hf.training.adaptation.support import prepare_support
from valetts_hf.training.checkpoint_building import Judges


FAST = {"preset": "tiny", "max_steps": 2, "evaluate_every": 2, "batch_size": 2, "segment_frames": 24}


@pytest.fixture
def judged_checkpoint(tiny_checkpoint, tmp_path):
    """A copy of the tiny checkpoint with discriminators beside it."""
    folder = tmp_path / "judged"
    shutil.copytree(tiny_checkpoint, folder)
    hidden_size = ValeTTSForSpeech.from_pretrained(folder).config.hidden_size
    torch.manual_seed(0)
    Judges.fresh("cpu", hidden_size).save(folder / "discriminators")
    return folder


def adapted(checkpoint, monkeypatch, **settings):
    """The adaptation to a buzzing voice, and the losses of its last step."""
    monkeypatch.setattr(adaptation_run, "align_support", lambda *args: {})
    model, processor = ValeTTSForSpeech.from_pretrained(checkpoint).eval(), tiny_processor()
    clips = [{"array": voice_like(3.2, 24000, 118.0), "sampling_rate": 24000}]
    support, told = prepare_support(processor, model.config, clips), []
    result = adapt(model, processor, support, settings=FAST | settings, progress=told.append)
    return result, told[-1].losses


def test_discriminators_of_the_checkpoint_judge(judged_checkpoint, monkeypatch):
    random = torch.get_rng_state()
    result, losses = adapted(judged_checkpoint, monkeypatch)
    assert torch.equal(torch.get_rng_state(), random)
    assert {"adversarial", "feature_matching", "mel"} <= set(losses) and not result.notes
    other, without = adapted(judged_checkpoint, monkeypatch, judged=False)
    assert "adversarial" not in without and not other.notes
    assert not torch.equal(result.style, other.style)


def test_the_judges_learn_nothing_and_the_speech_gets_their_gradient(judged_checkpoint):
    discriminator, missing = discriminator_beside(ValeTTSForSpeech.from_pretrained(judged_checkpoint))
    assert missing is None and not any(parameter.requires_grad for parameter in discriminator.parameters())
    recorded, spoken = torch.randn(2, 6144) * 0.1, (torch.randn(2, 6144) * 0.1).requires_grad_()
    losses = judged(discriminator, spoken, recorded)
    sum(losses.values()).backward()
    assert spoken.grad.abs().sum() > 0
    assert judged(discriminator, recorded, recorded)["feature_matching"] == 0


def test_without_discriminators_adaptation_says_so(tiny_checkpoint, monkeypatch):
    result, losses = adapted(tiny_checkpoint, monkeypatch)
    assert "adversarial" not in losses and result.steps == 2
    assert any("adapted without discriminators" in note and "there are none" in note for note in result.notes)


def test_damaged_discriminators_are_named_and_left_out(judged_checkpoint, monkeypatch):
    (judged_checkpoint / "discriminators" / "model.safetensors").write_bytes(b"damaged")
    result, losses = adapted(judged_checkpoint, monkeypatch)
    assert "adversarial" not in losses
    assert any(str(judged_checkpoint / "discriminators") in note for note in result.notes)


def test_a_model_without_a_checkpoint_has_no_judges(tiny_checkpoint, monkeypatch):
    model = ValeTTSForSpeech(ValeTTSForSpeech.from_pretrained(tiny_checkpoint).config)
    model.config._name_or_path = model.name_or_path = ""
    assert discriminator_beside(model) == (None, "the model was not loaded from a checkpoint")
    monkeypatch.setattr(judgement, "load_judges", lambda *args: (_ for _ in ()).throw(OSError("out of reach")))
    model.name_or_path = "someone/model"
    assert discriminator_beside(model) == (None, "out of reach")
