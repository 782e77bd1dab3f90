"""Two processes on one machine (gloo): replicas and shards learn what one process learns, and resume exactly."""

import json
import os
import signal
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from tests.training.processes import run_group
from tests.training.test_pretraining import batches_of
from tests.training.tiny_runs import FSDP2, digests, distance, everything, tiny_recipe, tiny_run
from valetts_hf.modeling import modeling_valetts
from valetts_hf.modeling.normalization import StyleAffine
from valetts_hf.training.data.corpus import PackedCorpus
from valetts_hf.training.pretrainer import pass_numbers
from valetts_hf.training.run.run_state import latest
from valetts_hf.training.run.sharding import check_replicas, check_supported, make_accelerator


@pytest.fixture(scope="module", autouse=True)
def models_as_in_other_processes():
    """The processes that are started know nothing of `style_is_heard`."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(modeling_valetts, "StyleAffine", StyleAffine)
        yield


def train_as_a_group(rank: int, folder: Path) -> None:
    """Four steps in one piece, and in two pieces, saved by the main process; every process tells what it has."""
    corpus = PackedCorpus.load(folder / "corpus")
    run = tiny_run(folder, corpus, "whole")
    run.train()
    torch.save(everything(run), folder / f"whole-{rank}.pt")
    frozen = not any(parameter.requires_grad for parameter in run.state.discriminator.parameters())
    tiny_run(folder, corpus, "parts").train(stop_at_step=2)
    parts = tiny_run(folder, corpus, "parts")
    parts.resume()
    parts.train()
    torch.save(everything(parts), folder / f"parts-{rank}.pt")
    facts = {"frozen": frozen, "processes": run.accelerator.num_processes, "step": parts.state.step}
    facts["sharded"] = type(next(run.state.objective.parameters())).__name__
    (folder / f"facts-{rank}.json").write_text(json.dumps(facts))


def stop_as_a_group(rank: int, folder: Path) -> None:
    """Only the second process is asked to stop; both end at the same step."""
    run = tiny_run(folder, PackedCorpus.load(folder / "corpus"), "stopped", adversarial_start=99, max_steps=50)
    step = run._guarded_step

    def asked(*arguments):
        if rank == 1 and run.state.step == 2:
            os.kill(os.getpid(), signal.SIGTERM)
        return step(*arguments)

    run._guarded_step = asked
    reason = run.train()
    (folder / f"stopped-{rank}.json").write_text(json.dumps({"step": run.state.step, "reason": reason}))


@pytest.fixture(scope="module")
def folder(buzz_corpus, tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("group")
    buzz_corpus.save(path / "corpus")
    return path


@pytest.fixture(scope="module")
def alone(folder) -> tuple[dict[str, torch.Tensor], dict[str, torch.Tensor]]:
    """What one process begins with, and what it learns when it accumulates the batches of two."""
    run = tiny_run(folder, PackedCorpus.load(folder / "corpus"), "alone", gradient_accumulation=2)
    before = everything(run)
    run.train()
    return before, everything(run)


@pytest.mark.parametrize("kind", ["replicas", "shards"])
def test_two_processes_learn_what_one_learns_and_resume_exactly(kind, folder, alone, buzz_corpus):
    here = folder / kind
    here.mkdir()
    (here / "corpus").symlink_to(folder / "corpus")
    run_group(train_as_a_group, here, environment=FSDP2 if kind == "shards" else {})

    facts = [json.loads((here / f"facts-{rank}.json").read_text()) for rank in range(2)]
    assert facts[0] == facts[1] and facts[0]["processes"] == 2 and facts[0]["frozen"]
    assert facts[0]["sharded"] == ("DTensor" if kind == "shards" else "Parameter")
    first, second, resumed = (torch.load(here / f"{name}.pt") for name in ("whole-0", "whole-1", "parts-0"))
    before, after = alone
    assert first.keys() == second.keys() == resumed.keys() == after.keys()
    for name, value in first.items():
        assert torch.equal(value, second[name]), name
        assert torch.equal(value, resumed[name]), name
    for part in ("generator", "discriminator", "duration_discriminator", "ema"):
        # Adam turns the rounding of gradients near zero into small steps.
        assert distance(first, after, part) < 0.03 * distance(before, after, part), part
    assert digests(latest(here / "whole" / "checkpoints")) == digests(latest(here / "parts" / "checkpoints"))
    rows = [json.loads(line) for line in (here / "whole" / "log.jsonl").read_text().splitlines()]
    assert [row["step"] for row in rows] == [1, 2, 3, 4]
    assert "gradients of" in (here / "whole" / "README.md").read_text()

    # one process can go on with what two have saved: nothing in a checkpoint depends on their number
    other = tiny_run(here, buzz_corpus, "whole")
    other.resume()
    for name, value in everything(other).items():
        assert torch.equal(value, first[name]), name


def test_batches_differ_between_processes(buzz_corpus):
    def numbers(step, passes, rank, processes):
        return pass_numbers(step, passes, SimpleNamespace(num_processes=processes, process_index=rank))

    assert [numbers(3, 2, 0, 2), numbers(3, 2, 1, 2)] == [[12, 14], [13, 15]]
    assert numbers(3, 4, 0, 1) == [12, 13, 14, 15]
    assert numbers(7, 1, 0, 1) == [7]
    batches = batches_of(buzz_corpus, tiny_recipe())
    assert not torch.equal(batches.batch(12).waveform, batches.batch(13).waveform)


def test_all_processes_stop_at_the_same_step(folder):
    run_group(stop_as_a_group, folder)
    first, second = (json.loads((folder / f"stopped-{rank}.json").read_text()) for rank in range(2))
    assert first["step"] == second["step"] == 10  # they ask one another every ten steps
    assert second["reason"] == "SIGTERM" and first["reason"] == "another process was asked to stop"
    assert latest(folder / "stopped" / "checkpoints").name == "step-00000010"


def test_engines_for_one_model_are_refused(monkeypatch):
    with pytest.raises(ValueError, match="does not run under DEEPSPEED.*FSDP2"):
        check_supported(SimpleNamespace(distributed_type=SimpleNamespace(value="DEEPSPEED"), num_processes=2))
    monkeypatch.setenv("ACCELERATE_USE_FSDP", "true")
    monkeypatch.setenv("FSDP_VERSION", "1")
    with pytest.raises(ValueError, match="FSDP version 1 is not supported: pass --fsdp_version 2"):
        make_accelerator(tiny_recipe().mixed_precision, cpu=True)
    monkeypatch.setenv("FSDP_VERSION", "2")
    monkeypatch.setenv("FSDP_OFFLOAD_PARAMS", "true")
    with pytest.raises(ValueError, match="FSDP offloading is not supported: pass --fsdp_offload_params false"):
        make_accelerator(tiny_recipe().mixed_precision, cpu=True)


@pytest.mark.parametrize(("environment", "kind"), [({"ACCELERATE_USE_FSDP": "true"}, "NO"), ({}, "DEEPSPEED")])
def test_meta_training_refuses_all_but_replicas(monkeypatch, environment, kind):
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(ValueError, match="does not run under (FSDP|DEEPSPEED): use one process, or DDP"):
        check_replicas(SimpleNamespace(distributed_type=SimpleNamespace(value=kind)))


@pytest.mark.parametrize("kind", ["NO", "MULTI_CPU", "MULTI_GPU"])
def test_meta_training_runs_in_one_process_and_on_replicas(monkeypatch, kind):
    monkeypatch.delenv("ACCELERATE_USE_FSDP", raising=False)
    check_replicas(SimpleNamespace(distributed_type=SimpleNamespace(value=kind)))
