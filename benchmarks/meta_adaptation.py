"""What meta-training buys: query loss and similarity of held-out speakers against adaptation steps, from several starts.

    python benchmarks/meta_adaptation.py --corpus corpus/ --speakers ljspeech lv_stephanie --output adaptation/ \\
        --starts plain meta=runs/meta/start --embedder my_embedder:embed

For every speaker, support clips come from the train split and query clips from the test and validation splits. From each
start an adapter and a style offset are adapted on short windows of the support clips: "plain" is a fresh adapter (which
changes nothing) with one learning rate of gradient descent for all tensors, "adamw" the same with AdamW, and NAME=FOLDER a
meta-trained start with its own learning rates. The embedder, "module:function", gets a waveform (float32 [S]) and its sampling
rate and returns a vector; similarity is its cosine between the speech made of the query texts and their recordings. Cases that
OUTPUT/adaptation.json holds already are not computed again. Prints a table, writes adaptation.png.
"""

from __future__ import annotations

import argparse
import importlib
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import torch

from valetts_hf.modeling.mel import LogMelSpectrogram
from valetts_hf.modeling.modeling_valetts import ValeTTSForSpeech
from valetts_hf.training.data.corpus import PackedCorpus
from valetts_hf.training.data.pitch import HOP_LENGTH, SAMPLING_RATE
from valetts_hf.training.meta.episodes import Episode, EpisodeTask
from valetts_hf.training.meta.inner_loop import Parameters, adapt
from valetts_hf.training.meta.meta_objective import STYLE_OFFSET, episode_style, episode_task
from valetts_hf.training.meta.meta_training import MetaState, build_meta_state, load_meta_start, make_batches
from valetts_hf.training.meta.outer import Task
from valetts_hf.training.meta.recipe import MetaRecipe, load_meta_recipe


STEPS = (0, 1, 5, 10, 25, 50, 100)
SEED = 20


def choose_clips(corpus: PackedCorpus, speaker: str, splits: list[str], count: int, max_seconds: float) -> np.ndarray:
    """Clips of a speaker in some splits: drawn from those that are short enough, else the shortest."""
    rows = np.flatnonzero(
        (corpus.speaker_ids == corpus.speakers.index(speaker)) & np.isin(corpus.splits, splits) & corpus.transcribed
    )
    seconds = corpus.frame_lengths[rows] * HOP_LENGTH / SAMPLING_RATE
    if (seconds <= max_seconds).sum() >= count:
        return np.random.default_rng(SEED).permutation(rows[seconds <= max_seconds])[:count]
    return rows[np.argsort(seconds)][:count]


def episode_of(corpus: PackedCorpus, speaker: str, options: argparse.Namespace) -> tuple[PackedCorpus, Episode]:
    """A corpus of the chosen clips only, and the episode made of them."""
    support = choose_clips(corpus, speaker, ["train"], options.support, options.max_clip_seconds)
    query = choose_clips(corpus, speaker, ["test", "validation"], options.query, options.max_clip_seconds)
    if not len(support) or not len(query):
        raise SystemExit(
            f"{speaker!r} has {len(support)} support and {len(query)} query clips: choose another speaker"
        )
    rows = np.arange(len(support) + len(query))
    task = EpisodeTask(speaker, rows)
    chosen = corpus.select(np.concatenate([support, query]))
    return chosen, Episode(task, rows[: len(support)], rows[len(support) :])


def make_start(start: str, model: ValeTTSForSpeech, recipe: MetaRecipe) -> MetaState:
    _, _, folder = start.partition("=")
    return load_meta_start(folder, model)[0] if folder else build_meta_state(recipe, model)


def trajectory(start: str, state: MetaState, task: Task, options: argparse.Namespace) -> Iterator[Parameters]:
    """Parameters after each adaptation step."""
    parameters = {name: value.detach().clone() for name, value in state.objective.start().items()}
    if start != "adamw":
        yield from (
            updated for updated, _ in adapt(task.support, parameters, state.learning_rates, max(options.steps))
        )
        return
    leaves = [value.requires_grad_() for value in parameters.values()]
    optimizer = torch.optim.AdamW(leaves, lr=options.adamw_rate, weight_decay=0.0)
    for step in range(max(options.steps)):
        gradients = torch.autograd.grad(task.support(parameters, step), leaves, allow_unused=True)
        for leaf, gradient in zip(leaves, gradients, strict=True):
            leaf.grad = gradient
        optimizer.step()
        yield {name: value.detach() for name, value in parameters.items()}


def speak(
    state: MetaState, parameters: Parameters, corpus: PackedCorpus, clips: np.ndarray, style
) -> list[np.ndarray]:
    """The texts of some clips in the adapted voice, as for listeners; waveforms [S]."""
    spoken = []
    with state.objective.put(parameters) as model, torch.no_grad():
        model.decoder.eval()
        for clip in clips:
            fields = corpus.clip(int(clip))
            ids = torch.from_numpy(fields["input_ids"])[None]
            languages = torch.full_like(ids, fields["language_id"])
            output = model(ids, language_ids=languages, style=(style + parameters[STYLE_OFFSET])[None], seed=0)
            spoken.append(output.waveform[0].numpy())
        model.decoder.train()
    return spoken


def similarity(embed: Callable, spoken: list[np.ndarray], corpus: PackedCorpus, clips: np.ndarray) -> float:
    def unit(waveform):
        vector = np.asarray(embed(waveform, SAMPLING_RATE), dtype=np.float64)
        return vector / np.linalg.norm(vector)

    return float(np.mean([unit(a) @ unit(corpus.waveform(int(b))) for a, b in zip(spoken, clips, strict=True)]))


def run_case(start: str, speaker: str, corpus: PackedCorpus, options: argparse.Namespace, embed) -> dict:
    from valetts_hf import BASE_CHECKPOINT

    recipe = load_meta_recipe(
        options.recipe, method="fomaml", start_scale=0.0, inner_learning_rates=options.plain_rate, per_step_rates=False
    )
    model = ValeTTSForSpeech.from_pretrained(options.model or BASE_CHECKPOINT, dtype=torch.float32)
    config = model.config
    state = make_start(start, model, recipe)
    clips, episode = episode_of(corpus, speaker, options)
    mel = LogMelSpectrogram(config.sampling_rate, config.n_fft, config.hop_length, config.num_mel_bands)
    batches = make_batches(clips, recipe, mel)
    task = episode_task(state.objective, batches, episode, SEED, query_windows=options.query_windows)
    style = episode_style(model, batches, episode, [SEED])
    heard = episode.query[: options.spoken_clips]
    result: dict = {"query_loss": {}, "similarity": {}}
    began = time.process_time()

    def measure(step: int, parameters: Parameters) -> None:
        with torch.no_grad():
            loss = float(task.query(parameters))
        result["query_loss"][str(step)] = loss
        if not np.isfinite(loss):  # this learning rate is too high for this speaker: it cannot speak either
            result["similarity"][str(step)] = float("nan")
        elif embed is not None and step in options.similarity_steps:
            spoken = speak(state, parameters, clips, heard, style)
            result["similarity"][str(step)] = similarity(embed, spoken, clips, heard)

    measure(0, {name: value.detach() for name, value in state.objective.start().items()})
    for step, parameters in enumerate(trajectory(start, state, task, options), 1):
        if step in options.steps:
            measure(step, parameters)
    return result | {"cpu_seconds": time.process_time() - began}


def means(cases: dict[str, dict], names: list[str], key: str) -> dict[str, dict[int, float]]:
    """Start -> step -> mean over the speakers that every start has."""
    speakers = set.intersection(
        *({case.partition("|")[2] for case in cases if case.startswith(f"{n}|")} for n in names)
    )
    table: dict[str, dict[int, float]] = {}
    for name in names:
        rows = [cases[f"{name}|{speaker}"][key] for speaker in sorted(speakers)]
        steps = sorted({int(step) for step in rows[0]}) if rows else []
        table[name] = {step: float(np.mean([row[str(step)] for row in rows])) for step in steps}
    return table


def show(table: dict[str, dict[int, float]], title: str) -> None:
    steps = sorted({step for row in table.values() for step in row})
    if not steps:
        return
    print(f"\n| {title} | " + " | ".join(map(str, steps)) + " |\n| --- |" + " --- |" * len(steps))
    for name, row in table.items():
        print(f"| {name} | " + " | ".join(f"{row[step]:.3f}" if step in row else "" for step in steps) + " |")


def plot(tables: dict[str, dict[str, dict[int, float]]], path: Path) -> None:
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    shown = {title: table for title, table in tables.items() if any(table.values())}
    figure, panels = pyplot.subplots(1, len(shown), figsize=(5 * len(shown), 4), squeeze=False)
    for axes, (title, table) in zip(panels[0], shown.items(), strict=True):
        for name, row in table.items():
            axes.plot(list(row), list(row.values()), marker="o", label=name)
        axes.set(xlabel="adaptation steps", ylabel=title, xscale="symlog")
        axes.set_xticks(sorted({step for row in table.values() for step in row}), labels=None)
        axes.get_xaxis().set_major_formatter(matplotlib.ticker.ScalarFormatter())
        axes.legend()
    figure.tight_layout()
    figure.savefig(path, dpi=120)
    pyplot.close(figure)


def parse_arguments(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", required=True, help="folder written by `valetts data prepare`")
    parser.add_argument("--speakers", nargs="+", required=True, help="speakers that meta-training has not seen")
    parser.add_argument(
        "--starts", nargs="+", default=["plain"], help="plain, adamw, NAME=FOLDER of a meta-trained start"
    )
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--model", help="folder or Hub id; default: the bundled model")
    parser.add_argument("--recipe", help="recipe of meta-training, for window sizes, losses and preset")
    parser.add_argument("--steps", nargs="+", type=int, default=list(STEPS))
    parser.add_argument("--similarity_steps", nargs="+", type=int, default=list(STEPS))
    parser.add_argument("--embedder", help="module:function of a speaker embedder")
    parser.add_argument("--plain_rate", type=float, default=0.03, help="learning rate of the plain start")
    parser.add_argument("--adamw_rate", type=float, default=1e-3)
    parser.add_argument("--support", type=int, default=5)
    parser.add_argument("--query", type=int, default=5)
    parser.add_argument("--query_windows", type=int, default=4, help="windows per query clip")
    parser.add_argument("--spoken_clips", type=int, default=2, help="query texts to speak for the similarity")
    parser.add_argument("--max_clip_seconds", type=float, default=8.0)
    return parser.parse_args(arguments)


def main(arguments: list[str] | None = None) -> None:
    options = parse_arguments(arguments)
    embed = None
    if options.embedder:
        module, _, function = options.embedder.partition(":")
        embed = getattr(importlib.import_module(module), function)
    corpus = PackedCorpus.load(options.corpus)
    options.output.mkdir(parents=True, exist_ok=True)
    path = options.output / "adaptation.json"
    content = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {"cases": {}}
    cases = content["cases"]
    names = [start.partition("=")[0] for start in options.starts]
    for speaker in options.speakers:
        for name, start in zip(names, options.starts, strict=True):
            if f"{name}|{speaker}" not in cases:
                cases[f"{name}|{speaker}"] = run_case(start, speaker, corpus, options, embed)
                content["settings"] = {key: str(value) for key, value in vars(options).items()}
                path.write_text(json.dumps(content, indent=1), encoding="utf-8")
                print(f"{name} {speaker}: {cases[f'{name}|{speaker}']}", flush=True)
    tables = {title: means(cases, names, key) for title, key in (("query loss", "query_loss"), ("similarity",) * 2)}
    for title, table in tables.items():
        show(table, title)
    plot(tables, options.output / "adaptation.png")


if __name__ == "__main__":
    main()
