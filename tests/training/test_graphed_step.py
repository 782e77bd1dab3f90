"""Recorded steps: the same run as without recording, and what they cannot do is refused."""

import copy
import logging

import pytest
import torch
from accelerate.state import AcceleratorState

from tests.training.tiny_runs import MODEL, everything, tiny_recipe, tiny_run
from valetts_hf.modeling.modeling_valetts import ValeTTSForSpeech
from valetts_hf.training.finetuning.finetune_recipe import FinetuneRecipe
from valetts_hf.training.run.pretrain_run import PretrainRun
from valetts_hf.training.run.sharding import make_accelerator
from valetts_hf.training.vocoder.vocoder_recipe import VocoderRecipe


@pytest.mark.parametrize(
    "settings",
    [
        {"gradient_accumulation": 2},
        {"alignment_search_start": 0},
        {"compile": "reduce-overhead"},
        {"mixed_precision": "fp16"},
    ],
)
def test_what_cannot_be_recorded_is_refused(settings):
    (name,) = settings
    with pytest.raises(ValueError, match=f"cuda_graphs does not go with {name}"):
        tiny_recipe(cuda_graphs=True, **settings)


def test_without_a_gpu_steps_run_as_always(buzz_corpus, tmp_path, caplog):
    with caplog.at_level(logging.WARNING):
        run = tiny_run(tmp_path, buzz_corpus, cuda_graphs=True, max_steps=2)
        run.train()
    assert "cuda_graphs needs one process on a CUDA device" in caplog.text
    assert run.state.step == 2 and run._graphed is None


@pytest.mark.parametrize("kind", [FinetuneRecipe, VocoderRecipe])
def test_other_trainings_do_not_record(kind):
    with pytest.raises(ValueError, match="cuda_graphs is for run_pretrain.py"):
        kind(cuda_graphs=True)


@pytest.fixture
def gpu_run(buzz_corpus, tmp_path):
    """Makes runs on the GPU; equal settings begin with equal weights."""

    def make(name: str, **settings) -> PretrainRun:
        AcceleratorState._reset_state(True)  # it holds one precision for the whole process
        recipe = tiny_recipe(**settings)
        torch.manual_seed(0)
        model = ValeTTSForSpeech(recipe.model_config)
        accelerator = make_accelerator(recipe.mixed_precision)
        return PretrainRun(recipe, buzz_corpus, model, tmp_path / name, accelerator, pictures=False)

    yield make
    AcceleratorState._reset_state(True)


SETTINGS = {
    "max_steps": 12,
    "adversarial_start": 4,
    "length_buckets": 2,
    "judged_share": 0.5,
    "prior_share": 0.5,
    "smooth_gains": True,
    "model": copy.deepcopy(MODEL) | {"text_encoder": MODEL["text_encoder"] | {"dropout": 0.1}},
}


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("precision", ["no", "bf16"])
def test_a_recorded_run_is_the_run(gpu_run, precision):
    recorded = gpu_run("recorded", cuda_graphs=True, mixed_precision=precision, **SETTINGS)
    plain = gpu_run("plain", cuda_graphs=True, mixed_precision=precision, **SETTINGS)
    plain._record_steps = lambda: None
    recorded.train()
    plain.train()
    assert len(recorded._graphed._recordings) >= 2  # before and after the judges come
    tolerance = 2e-4 if precision == "no" else 2e-2
    rows = [run.folder.rows("log") for run in (recorded, plain)]
    for one, other in zip(*rows, strict=True):
        for name in ("mel", "kl", "duration", "judge_waveform", "adversarial", "learning_rate"):
            if name in other:
                assert one[name] == pytest.approx(other[name], rel=tolerance, abs=tolerance), (one["step"], name)
    one, other = everything(recorded), everything(plain)
    moved = [name for name, value in other.items() if value.is_floating_point() and name.startswith("generator/")]
    for name in moved:
        torch.testing.assert_close(
            one[name], other[name], rtol=0, atol=5e-3, msg=lambda text, name=name: f"{name}: {text}"
        )


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_a_recorded_run_goes_on_where_it_stopped(gpu_run):
    whole = gpu_run("whole", cuda_graphs=True, **SETTINGS)
    whole.train()
    gpu_run("parts", cuda_graphs=True, **SETTINGS).train(stop_at_step=7)
    second = gpu_run("parts", cuda_graphs=True, **SETTINGS)
    second.resume()
    second.train()
    one, other = everything(second), everything(whole)
    for name, value in other.items():
        if name.startswith("generator/") and value.is_floating_point():
            torch.testing.assert_close(one[name], value, rtol=0, atol=5e-3)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_a_gradient_that_is_not_finite_ends_a_recorded_run(gpu_run):
    run = gpu_run("broken", cuda_graphs=True, **SETTINGS)
    run.train(stop_at_step=9)
    with torch.no_grad():
        run.state.generator(run.accelerator).decoder.head.bias.fill_(float("nan"))
    with pytest.raises(FloatingPointError, match="not finite"):
        run.train()
