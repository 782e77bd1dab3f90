"""What each process of the two-process test does; a module of its own, so that processes can be started from it."""

from pathlib import Path

import torch
from accelerate import Accelerator

from valetts_hf.training.meta.learning_rates import InnerLearningRates
from valetts_hf.training.meta.outer import InnerLoop, Task, meta_step


def line_task(slope: float) -> Task:
    points = torch.linspace(-1, 1, 8)

    def error(parameters, shift):
        return (parameters["slope"] * (points + shift) + parameters["bias"] - slope * (points + shift)).square().mean()

    return Task(lambda parameters, step: error(parameters, 0.1), lambda parameters: error(parameters, -0.1))


def train_line(accelerator: Accelerator) -> dict[str, torch.Tensor]:
    """Three outer steps over four tasks, shared among the processes; what was learned and the last losses."""
    start = {"slope": torch.nn.Parameter(torch.tensor([0.3])), "bias": torch.nn.Parameter(torch.tensor([0.1]))}
    rates = InnerLearningRates(list(start), 0.2)
    optimizer = torch.optim.Adam([*start.values(), *rates.parameters()], 0.05)
    for step in range(3):
        slopes = [step + 0.5 * index for index in range(4)][accelerator.process_index :: accelerator.num_processes]
        tasks = [line_task(slope) for slope in slopes]
        losses = meta_step(
            tasks, start, rates, InnerLoop("maml", 2), optimizer, accelerator, num_tasks=4, clip_norm=1.0
        )
    result = {**start, "rates": rates.log_rates, **losses}
    return {name: value.detach().clone() for name, value in result.items()}


def learn_a_line(rank: int, folder: Path) -> None:
    """In a group of processes: write what was learned to `folder/rank<n>.pt`."""
    accelerator = Accelerator(cpu=True)
    if accelerator.num_processes == 1:
        raise RuntimeError("this process is alone")
    torch.save(train_line(accelerator), folder / f"rank{rank}.pt")
