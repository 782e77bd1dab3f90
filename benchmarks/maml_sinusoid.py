"""Sinusoid regression of the MAML paper (arXiv 1703.03400, section 5.1): a convergence test of the meta-training code.

    python benchmarks/maml_sinusoid.py --output sinusoid/

A task is a sine wave with an amplitude in [0.1, 5] and a phase in [0, pi]; a network with two hidden layers of 40 sees 10
points of it, x in [-5, 5], and is judged on other points. Meta-trained starts are compared with the same network trained
jointly on all tasks (the paper's "pretrained" baseline), after 0 to 10 gradient steps on tasks not seen in training. Prints
a table; writes sinusoid.json and sinusoid.png. Fewer outer steps than in the paper (70000 with 25 tasks each).
"""

from __future__ import annotations

import argparse
import json
import math
import time
from pathlib import Path

import torch
from accelerate import Accelerator
from torch import nn
from torch.func import functional_call

from valetts_hf.training.meta.inner_loop import adapt
from valetts_hf.training.meta.learning_rates import InnerLearningRates
from valetts_hf.training.meta.outer import InnerLoop, Task, meta_step


# method of the outer loop, inner steps, learning rate of the outer loop
RUNS = {
    "joint": ("maml", 0, 1e-3),
    "maml": ("maml", 1, 1e-3),
    "fomaml": ("fomaml", 1, 1e-3),
    "reptile": ("reptile", 5, 1e-3),
}


def make_network(seed: int) -> nn.Module:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return nn.Sequential(nn.Linear(1, 40), nn.ReLU(), nn.Linear(40, 40), nn.ReLU(), nn.Linear(40, 1))


def sinusoid_task(network: nn.Module, random: torch.Generator, shots: int = 10, queries: int = 10) -> Task:
    """Mean squared errors on points of one wave."""
    amplitude = 0.1 + 4.9 * torch.rand((), generator=random)
    phase = math.pi * torch.rand((), generator=random)
    points = 10 * torch.rand(shots + queries, 1, generator=random) - 5
    values = amplitude * torch.sin(points - phase)

    def error(parameters, part):
        return (functional_call(network, parameters, (points[part],)) - values[part]).square().mean()

    return Task(lambda parameters, step: error(parameters, slice(shots)), lambda p: error(p, slice(shots, None)))


def train(name: str, steps: int, tasks: int, inner_rate: float, seed: int, shots: int, speedup: float = 1.0):
    """Meta-train one start; returns the network and its inner learning rates (fixed, as in the paper)."""
    method, inner_steps, outer_rate = RUNS[name]
    network = make_network(seed)
    start = dict(network.named_parameters())
    rates = InnerLearningRates(list(start), inner_rate, learned=False)
    optimizer = torch.optim.Adam(network.parameters(), lr=outer_rate * speedup)
    accelerator = Accelerator(cpu=True)
    random = torch.Generator().manual_seed(seed)
    loop = InnerLoop(method, inner_steps)
    for _ in range(steps):
        batch = (sinusoid_task(network, random, shots) for _ in range(tasks))
        meta_step(batch, start, rates, loop, optimizer, accelerator, tasks)
    return network, rates


def evaluate(network: nn.Module, rates: InnerLearningRates, steps: int, tasks: int, shots: int) -> list[float]:
    """Mean query error after 0 ... `steps` gradient steps on unseen tasks."""
    random = torch.Generator().manual_seed(1 << 20)
    start = {name: value.detach() for name, value in network.named_parameters()}
    errors = torch.zeros(steps + 1)
    for _ in range(tasks):
        task = sinusoid_task(network, random, shots, queries=100)
        with torch.no_grad():
            errors[0] += task.query(start)
            for step, (parameters, _) in enumerate(adapt(task.support, start, rates, steps), 1):
                errors[step] += task.query(parameters)
    return (errors / tasks).tolist()


def plot(results: dict[str, list[float]], path: Path, shots: int) -> None:
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(6, 4))
    for name, errors in results.items():
        axes.plot(errors, marker="o", label=name, linestyle="--" if name == "joint" else "-")
    axes.set(xlabel="gradient steps", ylabel="mean squared error on unseen tasks", title=f"Sinusoids, {shots} points")
    axes.set_ylim(bottom=0)
    axes.legend()
    figure.tight_layout()
    figure.savefig(path, dpi=120)
    pyplot.close(figure)


def main(arguments: list[str] | None = None) -> dict[str, list[float]]:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, required=True, help="folder for the table and the plot")
    parser.add_argument("--runs", nargs="+", choices=list(RUNS), default=list(RUNS))
    parser.add_argument("--steps", type=int, default=5000, help="outer steps of each run")
    parser.add_argument("--tasks", type=int, default=10, help="tasks per outer step")
    parser.add_argument("--shots", type=int, default=10, help="points to adapt on")
    parser.add_argument("--inner_rate", type=float, default=0.01, help="inner learning rate, as in the paper")
    parser.add_argument("--speedup", type=float, default=1.0, help="factor on the outer learning rates")
    parser.add_argument("--evaluation_tasks", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    options.output.mkdir(parents=True, exist_ok=True)
    results, seconds = {}, {}
    print("| start | " + " | ".join(f"{step} steps" for step in (0, 1, 2, 5, 10)) + " | training, CPU s |")
    print("| --- |" + " --- |" * 6)
    for name in options.runs:
        began = time.process_time()
        network, rates = train(
            name, options.steps, options.tasks, options.inner_rate, options.seed, options.shots, options.speedup
        )
        seconds[name] = time.process_time() - began
        results[name] = evaluate(network, rates, 10, options.evaluation_tasks, options.shots)
        shown = " | ".join(f"{results[name][step]:.3f}" for step in (0, 1, 2, 5, 10))
        print(f"| {name} | {shown} | {seconds[name]:.0f} |", flush=True)
        settings = {key: str(value) if isinstance(value, Path) else value for key, value in vars(options).items()}
        content = {"settings": settings, "errors_by_step": results, "cpu_seconds": seconds}
        (options.output / "sinusoid.json").write_text(json.dumps(content, indent=1), encoding="utf-8")
        plot(results, options.output / "sinusoid.png", options.shots)
    return results


if __name__ == "__main__":
    main()
