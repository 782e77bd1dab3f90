"""Training runs of a tiny model, for tests and for the processes that tests start."""

import json
from pathlib import Path

import torch

from tests.conftest import tiny_config
from valetts_hf.modeling.modeling_valetts import ValeTTSForSpeech
from valetts_hf.training.data.corpus import PackedCorpus
from valetts_hf.training.recipe import PretrainRecipe
from valetts_hf.training.run.pretrain_run import PretrainRun
from valetts_hf.training.run.sharding import make_accelerator


MODEL = {
    name: value
    for name, value in tiny_config().to_diff_dict().items()
    if name in ("hidden_size", "latent_size", *tiny_config().sub_configs)
}
FSDP2 = {"ACCELERATE_USE_FSDP": "true", "FSDP_VERSION": "2"}


def tiny_recipe(**settings) -> PretrainRecipe:
    """A recipe whose steps take a fraction of a second; the judges come with the second one."""
    values = {
        "model": MODEL,
        "batch_size": 2,
        "window_frames": 32,
        "segment_frames": 8,
        "reference_frames": 30,
        "adversarial_start": 1,
        "warmup_steps": 2,
        "max_steps": 4,
        "mixed_precision": "no",
        "log_every": 1,
    }
    return PretrainRecipe(**(values | settings))


def tiny_run(
    folder: Path, corpus: PackedCorpus, name: str = "run", evaluator=None, pictures=False, **settings
) -> PretrainRun:
    """A run in `folder/name`; equal settings begin with equal weights."""
    recipe = tiny_recipe(**settings)
    accelerator = make_accelerator(recipe.mixed_precision, cpu=True)
    torch.manual_seed(0)
    model = ValeTTSForSpeech(recipe.model_config)
    return PretrainRun(recipe, corpus, model, folder / name, accelerator, evaluator, pictures)


def digests(checkpoint: Path) -> dict[str, str]:
    """SHA-256 of every file of a checkpoint."""
    files = json.loads((checkpoint / "manifest.json").read_text())["files"]
    return {name: content["sha256"] for name, content in files.items()}


def everything(run: PretrainRun) -> dict[str, torch.Tensor]:
    """Copies of all tensors that a checkpoint of the run would hold."""
    found: dict[str, torch.Tensor] = {}

    def collect(value, path: str) -> None:
        if isinstance(value, torch.Tensor):
            found[path] = value.detach().clone()
        elif isinstance(value, dict):
            for key, item in value.items():
                collect(item, f"{path}/{key}")

    for name, part in run.state.objects(run.accelerator).items():
        collect(part.state_dict(), name)
    return found


def distance(first: dict[str, torch.Tensor], second: dict[str, torch.Tensor], part: str) -> float:
    """Euclidean distance between all weights of one part."""
    names = [name for name in first if name.startswith(f"{part}/")]
    return float(sum((first[name] - second[name]).float().square().sum() for name in names) ** 0.5)
