"""What each process of `test_distributed.py` does; a module of its own, so that processes can be started from it."""

import json
import os
from pathlib import Path

import torch


def worker(rank: int, processes: int, port: int, scenario: str, folder: str, environment: dict[str, str]) -> None:
    """Join a group of `processes` on this machine and run a scenario; its result goes to `folder/rank<n>.json|pt`."""
    os.environ.update(
        RANK=str(rank),
        LOCAL_RANK=str(rank),
        WORLD_SIZE=str(processes),
        MASTER_ADDR="127.0.0.1",
        MASTER_PORT=str(port),
        ACCELERATE_USE_CPU="true",
        **environment,
    )
    torch.set_num_threads(1)
    try:
        SCENARIOS[scenario](rank, Path(folder))
    finally:
        if torch.distributed.is_initialized():
            torch.distributed.destroy_process_group()


def make_run(folder: Path, **settings):
    from tests.training.test_pretraining import batches_of, tiny_recipe
    from valetts_hf.modeling.modeling_valetts import ValeTTSForSpeech
    from valetts_hf.training.data.corpus import PackedCorpus
    from valetts_hf.training.pretrainer import build_state
    from valetts_hf.training.sharding import make_accelerator

    recipe = tiny_recipe(**settings)
    accelerator = make_accelerator(recipe.mixed_precision, cpu=True)
    torch.manual_seed(0)
    state = build_state(recipe, accelerator, ValeTTSForSpeech(recipe.model_config))
    batches = batches_of(PackedCorpus.load(folder / "corpus"), recipe, seed=accelerator.process_index)
    return recipe, accelerator, state, batches


def whole_weights(state, accelerator) -> dict[str, torch.Tensor]:
    """Copies of everything a checkpoint holds, flat."""
    result = {}
    for name, part in state.objects(accelerator).items():
        flatten(part.state_dict(), name, result)
    return result


def flatten(value, path, result):
    if isinstance(value, torch.Tensor):
        result[path] = value.detach().clone()
    elif isinstance(value, dict):
        for key, item in value.items():
            flatten(item, f"{path}/{key}", result)


def train(rank: int, folder: Path) -> None:
    """Three steps, the last two with judges; what every process ends with, and which clips it saw."""
    from valetts_hf.training.pretrainer import pretrain_step

    recipe, accelerator, state, batches = make_run(folder)
    seen, losses = [], []
    for step in range(3):
        batch = batches.batch(step)
        seen.append(batch.input_ids.sum(dim=1).tolist())
        losses.append({k: float(v) for k, v in pretrain_step(state, batch, recipe, accelerator).items()})
    torch.save(whole_weights(state, accelerator), folder / f"rank{rank}.pt")
    leaks = sum(p.grad is not None and p.requires_grad for p in state.discriminator.parameters())
    (folder / f"rank{rank}.json").write_text(
        json.dumps({"seen": seen, "losses": losses, "leaks": leaks, "kind": str(accelerator.distributed_type)})
    )


SCENARIOS = {"train": train}
