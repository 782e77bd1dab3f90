"""Meta-training on a tiny ValeTTS: gradients reach the start, runs resume exactly, processes share the tasks."""

import dataclasses
import os
import signal
import sys
from pathlib import Path

import pytest
import torch
import yaml
from accelerate import Accelerator
from accelerate.state import AcceleratorState

from tests.conftest import tiny_config
from tests.training.meta.distributed_meta_worker import learn_a_line, train_line
from tests.training.processes import run_group
from valetts_hf.modeling.mel import LogMelSpectrogram
from valetts_hf.modeling.modeling_valetts import ValeTTSForSpeech
from valetts_hf.training.meta.inner_loop import adapt
from valetts_hf.training.meta.meta_objective import episode_task
from valetts_hf.training.meta.meta_training import (
    build_meta_state,
    load_meta_start,
    make_episodes,
    meta_train_step,
    save_meta_start,
)
from valetts_hf.training.meta.outer import InnerLoop, Task, meta_step, task_loss
from valetts_hf.training.meta.recipe import MetaRecipe, load_meta_recipe
from valetts_hf.voices.adapters import AdapterError, adapter_parameters


SCRIPTS = Path(__file__).parents[3] / "training_scripts"


def tiny_recipe(**settings) -> MetaRecipe:
    values = {
        "inner_steps": 2,
        "preset": "tiny",
        "inner_learning_rates": 1e-3,
        "support": 2,
        "query": 2,
        "tasks_per_batch": 2,
        "minimum_clips": 2,
        "window_frames": 24,
        "segment_frames": 12,
        "reference_frames": 24,
        "warmup_steps": 1,
        "max_steps": 3,
        "log_every": 1,
    }
    return MetaRecipe(**(values | settings))


@pytest.fixture(scope="module")
def tiny_folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("meta") / "model"
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = ValeTTSForSpeech(tiny_config())
        with torch.no_grad():
            for parameter in model.parameters():
                parameter.add_(torch.randn_like(parameter) * 0.02)  # zeros would block the layers before them
    model.save_pretrained(folder)
    return folder


def make_run(folder, corpus, **settings):
    recipe = tiny_recipe(**settings)
    state = build_meta_state(recipe, ValeTTSForSpeech.from_pretrained(folder, dtype=torch.float32))
    sampler, batches, _ = make_episodes(corpus, recipe, LogMelSpectrogram(24000, 1024, 256, 100))
    return recipe, state, sampler, batches


def start_gradients(state, task, loop):
    start = state.objective.start()
    loss = task_loss(task, start, state.learning_rates, loop).loss
    found = torch.autograd.grad(loss, list(start.values()), allow_unused=True)
    return loss.detach(), dict(zip(start, found, strict=True))


@pytest.fixture
def in_float64(monkeypatch):
    """Lets the parts that insist on float32 compute in float64."""
    shorten, softmax = torch.Tensor.float, torch.nn.functional.softmax

    def widen(state, batches):
        monkeypatch.setattr(  # attention asks for float32, whose rounding would drown a slope measured in small steps
            torch.nn.functional, "softmax", lambda scores, dim, dtype=None: softmax(scores, dim, dtype=torch.float64)
        )
        monkeypatch.setattr(
            torch.Tensor, "float", lambda self: self.double() if self.is_floating_point() else shorten(self)
        )
        state.objective.double()
        assemble = batches.batches.assemble

        def assemble_wide(*arguments):
            batch = assemble(*arguments)
            wide = {name: value.double() for name, value in vars(batch).items() if _is_real(value)}
            return dataclasses.replace(batch, **wide)

        monkeypatch.setattr(batches.batches, "assemble", assemble_wide)

    return widen


def _is_real(value):
    return isinstance(value, torch.Tensor) and value.is_floating_point()


def test_second_order_gradients_through_the_whole_model(tiny_folder, buzz_corpus, in_float64):
    """Kept and recomputed steps give the slope that the outer loss really has (finite differences along it)."""
    _, state, sampler, batches = make_run(tiny_folder, buzz_corpus, inner_learning_rates=0.01)
    in_float64(state, batches)
    task = episode_task(state.objective, batches, sampler.episodes(0)[0], seed=5)
    _, kept = start_gradients(state, task, InnerLoop("maml", 2))
    _, recomputed = start_gradients(state, task, InnerLoop("maml", 2, checkpoint=True))
    for name, gradient in kept.items():
        torch.testing.assert_close(recomputed[name], gradient, msg=name)
    _, first = start_gradients(state, task, InnerLoop("fomaml", 2))
    norm = torch.stack([gradient.square().sum() for gradient in kept.values()]).sum().sqrt()
    own = {name: value.detach().clone() for name, value in state.objective.start().items()}

    def outer_loss(distance):
        moved = {name: (own[name] + distance * kept[name] / norm).requires_grad_() for name in own}
        return float(task_loss(task, moved, state.learning_rates, InnerLoop("fomaml", 2)).loss.detach())

    measured = (outer_loss(1e-6) - outer_loss(-1e-6)) / 2e-6
    assert measured == pytest.approx(
        float(norm), rel=0.02
    )  # absolute differences in the losses bend it here and there
    along = sum(float((first[name] * kept[name]).sum()) for name in kept) / float(norm)
    assert along < 0.5 * measured  # what first order leaves out is not small here


def test_adapters_learn_from_the_first_step_on_only_from_a_start_beside_zero(tiny_folder, buzz_corpus):
    sizes = {}
    for scale in (0.0, 0.01):
        _, state, sampler, batches = make_run(tiny_folder, buzz_corpus, start_scale=scale, inner_learning_rates=1e-7)
        task = episode_task(state.objective, batches, sampler.episodes(0)[0], seed=5)
        _, gradients = start_gradients(state, task, InnerLoop("fomaml", 1))
        sizes[scale] = [float(value.abs().max()) for name, value in gradients.items() if "lora_A" in name]
    assert max(sizes[0.0]) < 0.01 * max(sizes[0.01])


@pytest.mark.parametrize("method", ["maml", "fomaml", "anil", "reptile"])
def test_every_method_trains_its_start_and_nothing_else(tiny_folder, buzz_corpus, method):
    recipe, state, sampler, batches = make_run(tiny_folder, buzz_corpus, method=method, multi_step_share=0.5)
    trained = {f"generator.model.{name}" for name in adapter_parameters(state.objective.model, "meta")}
    before = {name: value.detach().clone() for name, value in state.objective.named_parameters()}
    rates = state.learning_rates.log_rates.detach().clone()
    losses = meta_train_step(state, sampler.episodes(0), batches, recipe, Accelerator(cpu=True))
    assert set(losses) == {"query", "support_first", "support_last", "gradient_norm"}
    assert all(bool(torch.isfinite(value)) for value in losses.values())
    changed = {name for name, value in state.objective.named_parameters() if not torch.equal(value, before[name])}
    assert "style_offset" in changed and changed <= trained | {"style_offset"}
    if method != "anil":
        assert changed == trained | {"style_offset"}
    assert len(state.learning_rates.names) < len(trained) if method == "anil" else len(trained) + 1
    assert torch.equal(rates, state.learning_rates.log_rates) == (method == "reptile")
    assert state.step == 1


def test_inner_steps_are_float32_while_the_query_follows_autocast():
    AcceleratorState._reset_state(True)
    try:
        accelerator = Accelerator(cpu=True, mixed_precision="bf16")
        seen = {"support": [], "query": []}
        weight = torch.nn.Parameter(torch.ones(2, 2))

        def loss(parameters, step=None):
            output = torch.ones(1, 2) @ parameters["weight"]
            seen["query" if step is None else "support"].append(output.dtype)
            return output.float().square().sum()

        for checkpoint in (False, True):
            loop = InnerLoop("maml", 2, checkpoint)
            optimizer = torch.optim.SGD([weight], 0.1)
            meta_step(
                [Task(loss, loss)], {"weight": weight}, lambda step: {"weight": 0.01 * torch.ones(())}, loop, optimizer,
                accelerator, num_tasks=1,
            )  # fmt: skip
        assert set(seen["support"]) == {torch.float32} and set(seen["query"]) == {torch.bfloat16}
    finally:
        AcceleratorState._reset_state(True)


def test_a_gradient_that_is_not_finite_is_reported():
    weight = torch.nn.Parameter(torch.ones(()))
    task = Task(lambda p, step: p["weight"], lambda p: p["weight"] * float("inf"))
    with pytest.raises(FloatingPointError, match="lower the inner learning rates"):
        meta_step(
            [task], {"weight": weight}, lambda step: {"weight": torch.ones(())}, InnerLoop("maml", 1),
            torch.optim.SGD([weight], 0.1), Accelerator(cpu=True), num_tasks=1,
        )  # fmt: skip


def test_two_processes_learn_what_one_does(tmp_path):
    run_group(learn_a_line, tmp_path)
    results = [torch.load(tmp_path / f"rank{rank}.pt", weights_only=True) for rank in range(2)]
    alone = train_line(Accelerator(cpu=True))
    for name, value in alone.items():
        torch.testing.assert_close(results[0][name], value, rtol=1e-4, atol=1e-6, msg=name)
        assert torch.equal(results[0][name], results[1][name])


def test_a_start_survives_the_disk(tiny_folder, buzz_corpus, tmp_path):
    recipe, state, sampler, batches = make_run(tiny_folder, buzz_corpus, per_step_rates=True)
    meta_train_step(state, sampler.episodes(0), batches, recipe, Accelerator(cpu=True))
    save_meta_start(tmp_path / "start", state, recipe)
    model = ValeTTSForSpeech.from_pretrained(tiny_folder, dtype=torch.float32)
    loaded, loaded_recipe = load_meta_start(tmp_path / "start", model)
    assert loaded_recipe == recipe and loaded.step == 1
    for name, value in state.objective.start().items():
        torch.testing.assert_close(loaded.objective.start()[name], value, rtol=1e-3, atol=1e-6)  # kept in float16
    assert loaded.learning_rates.table() == state.learning_rates.table()
    with pytest.raises(FileNotFoundError, match="holds no meta-trained start: meta.safetensors is missing"):
        load_meta_start(tmp_path, model)
    config = tiny_config()
    config.decoder.hidden_size = 8
    with pytest.raises(AdapterError, match="does not fit"):
        load_meta_start(tmp_path / "start", ValeTTSForSpeech(config))


def test_an_adapted_start_can_speak_and_leaves_no_trace(tiny_folder, buzz_corpus):
    _, state, sampler, batches = make_run(tiny_folder, buzz_corpus, inner_learning_rates=0.1)
    objective = state.objective
    task = episode_task(objective, batches, sampler.episodes(0)[0], seed=1)
    *_, (end, _) = adapt(task.support, objective.start(), state.learning_rates, 2)
    ids = torch.arange(5, 15)[None]

    def speak(model):
        with torch.no_grad():
            return model(ids, durations=torch.full((1, 10), 3), style=torch.zeros(1, 16), seed=0).waveform

    before = speak(objective.model)
    with objective.put(end) as model:
        assert not torch.allclose(speak(model), before)
    assert torch.equal(speak(objective.model), before)


def test_the_script_resumes_exactly_also_after_sigterm(tiny_folder, buzz_corpus, tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(SCRIPTS))
    run_meta_train = __import__("run_meta_train")
    buzz_corpus.save(tmp_path / "corpus")
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text(yaml.safe_dump(tiny_recipe(method="fomaml").to_dict()))

    def run(output, *extra):
        arguments = ["--cpu", "--corpus", str(tmp_path / "corpus"), "--model", str(tiny_folder)]
        run_meta_train.main([*arguments, "--output", str(tmp_path / output), "--recipe", str(recipe), *extra])

    try:
        run("whole")
        with pytest.raises(SystemExit, match="error: .*whole holds a run already"):
            run("whole")
        with monkeypatch.context() as patch:
            patch.setattr(run_meta_train, "log", lambda *args: os.kill(os.getpid(), signal.SIGTERM))
            run("parts")  # is told to stop after its first step
        assert [path.name for path in (tmp_path / "parts/checkpoints").iterdir()] == ["step-00000001"]
        run("parts", "--resume", "latest", "--stop_at_step", "2")
        run("parts", "--resume", "latest", "--max_minutes", "0")  # no time: nothing changes
        run("parts", "--resume", "latest")
        for name in ("adapter_model.safetensors", "meta.safetensors"):
            assert (tmp_path / "whole/start" / name).read_bytes() == (tmp_path / "parts/start" / name).read_bytes()
        log = [yaml.safe_load(line) for line in (tmp_path / "whole/log.jsonl").read_text().splitlines()]
        assert [row["step"] for row in log] == [1, 2, 3] and {"query", "inner_rate_median"} <= set(log[0])
        recipe.write_text(yaml.safe_dump(tiny_recipe(method="fomaml", seed=1).to_dict()))
        with pytest.raises(SystemExit, match="cannot resume: .*seed: 0 -> 1"):
            run("parts", "--resume", "latest")
        recipe.write_text(yaml.safe_dump(tiny_recipe(method="fomaml").to_dict()))
        with monkeypatch.context() as patch:
            patch.setattr(run_meta_train, "checkpoint_fingerprint", lambda model: "another")
            with pytest.raises(SystemExit, match="cannot resume: .* this one is another. Name its --model"):
                run("parts", "--resume", "latest")
        (tmp_path / "parts/checkpoints/step-00000003/start.safetensors").write_bytes(b"cut")
        with pytest.warns(RuntimeWarning, match="passing over a damaged checkpoint"):
            run("parts", "--resume", "latest")  # from step 2
        assert (tmp_path / "parts/start/meta.safetensors").read_bytes() == (
            tmp_path / "whole/start/meta.safetensors"
        ).read_bytes()
    finally:
        sys.modules.pop("run_meta_train")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"metod": "maml"}, r"unknown settings \['metod'\]"),
        ({"losses": {"mels": 1}}, r"unknown losses \['mels'\]"),
        ({"method": "mamal"}, "method must be one of .*got 'mamal'"),
        ({"support": 0}, "support must be at least 1, got 0"),
        ({"learning_rate": 0}, "learning_rate must be greater than 0, got 0"),
        ({"learning_rate": "fast"}, "recipe: learning_rate must be a number, got 'fast'"),
        ({"warmup_steps": -1}, "warmup_steps must be at least 0, got -1"),
        ({"multi_step_share": 2}, r"multi_step_share must be in \[0, 1\], got 2"),
        ({"segment_frames": 999}, "segment_frames 999 exceeds window_frames 96"),
        ({"clips_per_speaker": 3}, "clips_per_speaker 3 keeps fewer clips than the minimum_clips 4"),
        ({"mixed_precision": "fp16"}, "mixed_precision must be one of no, bf16, got 'fp16'"),
        ({"method": "anil", "head": []}, "method anil needs patterns"),
        ({"preset": "huge"}, "preset must be one of tiny, default, max, got 'huge'"),
        ({"per_step_rates": "no"}, "per_step_rates must be true or false, got 'no'"),
        ({"inner_learning_rates": "fast"}, r"inner_learning_rates.\* must be a number, got 'fast'"),
        ({"inner_learning_rates": {}}, "inner_learning_rates has no pattern"),
        ({"inner_learning_rates": {"style*": 0.5, "*": 0.01}}, r"in \(0, max_inner.* = 0.1\], got {'style\*': 0.5}"),
    ],
)
def test_recipes_are_checked(settings, message, tmp_path):
    path = tmp_path / "recipe.yaml"
    path.write_text(yaml.safe_dump(settings))
    with pytest.raises(ValueError, match=message):
        load_meta_recipe(path)


def test_numbers_that_yaml_reads_as_text(tmp_path):
    path = tmp_path / "recipe.yaml"
    path.write_text(
        "final_learning_rate: 1e-1\nmulti_step_share: 5e-1\nstart_scale: 1e-2\ninner_learning_rates: 1e-2\n"
    )
    recipe = load_meta_recipe(path)
    assert (recipe.final_learning_rate, recipe.multi_step_share, recipe.start_scale) == (0.1, 0.5, 0.01)
    assert recipe.inner_learning_rates == 0.01


@pytest.mark.parametrize("path", sorted((SCRIPTS / "recipes").glob("meta*.yaml")), ids=lambda path: path.stem)
def test_shipped_recipes_load(path):
    assert load_meta_recipe(path).max_steps > 0
