"""Speaking a data set: every row exactly once, however often the work is cut off and by how many it is shared."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from transformers.processing_utils import Unpack

from valetts_hf.inference import ValeTTS
from valetts_hf.inference.checkpoint import resolve_device
from valetts_hf.inference.manner import Manner, MannerArguments
from valetts_hf.mass_synthesis.executors import speak_here, speak_in_processes
from valetts_hf.mass_synthesis.output_folder import OutputFolder, ShardFolder
from valetts_hf.mass_synthesis.planning import Plan, RowReader, make_plan
from valetts_hf.mass_synthesis.row_sources import open_source
from valetts_hf.mass_synthesis.rows import resolve_columns
from valetts_hf.mass_synthesis.settings import SynthesisSettings
from valetts_hf.mass_synthesis.sharding import Shard
from valetts_hf.mass_synthesis.speaking import Job, Outcome, RowSpeaker, batches_of_rows
from valetts_hf.voices.fingerprint import checkpoint_fingerprint


_GPU_SENTENCES = 8  # computed together where nobody says how many, as `ValeTTS` does
_ROWS_PER_SENTENCE = 4  # rows handed over at a time, so that batches of similar length can be made of them


@dataclass
class SynthesisReport:
    """
    How far the rows of a shard are.

    Args:
        output (`str`): folder of the shard.
        rows (`int`): of the shard.
        done_before (`int`): when this run began.
        spoken (`int`): by this run.
        failed (`int`): rows that cannot be spoken, now or in an earlier run; `failed.jsonl` says why.
        audio_seconds (`float`): of speech, made by this run.
        seconds (`float`): that this run has spoken for.
    """

    output: str
    rows: int
    done_before: int = 0
    spoken: int = 0
    failed: int = 0
    audio_seconds: float = 0.0
    seconds: float = 0.0

    @property
    def done(self) -> int:
        """Rows that nothing is left to do for."""
        return self.done_before + self.spoken + self.failed

    @property
    def times_real_time(self) -> float:
        """Seconds of speech made in a second, by all processes together."""
        return self.audio_seconds / self.seconds if self.seconds > 0 else 0.0

    @property
    def rows_per_second(self) -> float:
        return self.spoken / self.seconds if self.seconds > 0 else 0.0


def synthesize_dataset(
    source: Any,
    output: str | os.PathLike,
    *,
    model: ValeTTS | str | os.PathLike | None = None,
    device: str | None = None,
    columns: Mapping[str, str] | None = None,
    split: str | None = None,
    config: str | None = None,
    format: str = "wav",
    voice: str | None = None,
    language: str | None = None,
    style: str | None = None,
    seed: int = 0,
    ssml: bool = False,
    shard: Shard | str | None = None,
    processes: int = 1,
    threads: int | None = None,
    batch_size: int | None = None,
    retry_failed: bool = False,
    ray: str | None = None,
    progress: Callable[[SynthesisReport], Any] | None = None,
    **manner: Unpack[MannerArguments],
) -> SynthesisReport:
    """
    Speak every row of a data set into a folder that `datasets` reads as an audio folder.

    A second call does only what is missing: rows that are new or have changed. Rows that cannot be spoken are noted in
    `failed.jsonl`, and the work goes on.

    Args:
        source: file (.txt: a line is a row; .jsonl, .json, .csv, .tsv, .parquet), folder, id of a data set on the Hub, `datasets`
            object, or iterable of texts or dictionaries.
        output: folder; new, empty, or of an earlier call with the same settings.
        model: checkpoint, as for `ValeTTS.from_pretrained`; or a loaded [`ValeTTS`], for one process.
        device (`str`, *optional*): of each process; default: a GPU if there is one.
        columns (mapping, *optional*): which column is the "text", "id", "voice", "language", "style", "sketch", "seed", "ssml" or
            one of the directions; columns of these names are found by themselves, "" leaves one aside.
        split, config (`str`, *optional*): of a `datasets` source.
        format (`str`): "wav", "flac", "ogg", "opus" or "mp3".
        voice, language, style, seed, ssml, manner: of rows that do not say theirs, as in a call of [`ValeTTS`]; voice and style by
            name or path. Every row draws its own seed from `seed`, its id and its text.
        shard ([`Shard`] or `str`, *optional*): the part to do, such as "0/4". Default: that of this process under
            `accelerate launch` or `torchrun`, else everything.
        processes (`int`): on this machine; with `ray`, actors on the cluster. More than one need a main module that can be imported.
        threads (`int`, *optional*): of each process; default: several processes share the cores, one is left as it is.
        batch_size (`int`, *optional*): sentences computed together; default 1 on a CPU, 8 on a GPU.
        retry_failed (`bool`): try again what failed before.
        ray (`str`, *optional*): work on a Ray cluster: its address, "auto", or "local" for one of this machine.
        progress (*optional*): called with the [`SynthesisReport`] after each step.

    Returns:
        [`SynthesisReport`]: `failed` says how many rows there is no speech for.

    Raises:
        `SourceError`, `SettingsChangedError`, `VoiceError`, `StyleError` (all `ValueError`s): source, columns, settings, voice or style
        that cannot be used; two rows with one id. `OutputFolderError`, `AudioFileError` (`OSError`s): the folder cannot be
        used or written to, or another run is at work there. `ImportError`: a library is missing; names the extra.
    """
    if processes < 1:
        raise ValueError(f"processes must be 1 or more, got {processes!r}.")
    several = processes > 1 or ray is not None
    if several and isinstance(model, ValeTTS):
        raise ValueError("several processes load the model themselves: give its folder or name instead of a ValeTTS.")
    part = Shard.from_environment() if shard is None else Shard.of(shard) if isinstance(shard, str) else shard
    Manner.of(**manner)
    rows = open_source(source, split, config)
    chosen = resolve_columns(columns, rows)
    folder = OutputFolder(output)
    device = device or _own_device()
    if isinstance(model, ValeTTS):
        tts = model
    elif several:  # only to know what it can say
        tts = ValeTTS.from_pretrained(model, "cpu")
    else:
        tts = ValeTTS.from_pretrained(model, device, num_threads=threads, batch_size=batch_size)
    if voice is not None:
        tts.encode_voice(voice)
    if style is not None:
        tts.fix_style(style)
    settings = SynthesisSettings(
        checkpoint_fingerprint(tts.model), format, voice, language, style, seed, ssml, dict(manner)
    )
    reader = RowReader(rows, chosen, settings, tts.languages, part)
    with ExitStack() as stack:
        with folder.planning():
            folder.settle(settings)
            place = stack.enter_context(folder.held(part))
            plan = make_plan(reader, folder, place, retry_failed)
        if several:
            on_cpu = ray is None and resolve_device(device).type == "cpu"
            sentences = batch_size or (1 if on_cpu else _GPU_SENTENCES)
        else:
            sentences = tts.batch_size
        groups = batches_of_rows(reader.rows(plan.pending), 1 if sentences == 1 else sentences * _ROWS_PER_SENTENCE)
        if several:
            del tts  # the processes have their own
            name = None if model is None else _absolute(os.fspath(model))  # type: ignore[arg-type]
            job = Job(str(place.path.absolute()), settings.format, name, device, batch_size, threads)
            outcomes = _of_several(job, groups, processes, ray)
        else:
            outcomes = speak_here(RowSpeaker(tts, place.path, settings.format), groups)
        return _carry_out(outcomes, plan, reader, place, progress)


def _of_several(job: Job, groups: Any, processes: int, ray: str | None) -> Iterator[list[Outcome]]:
    if ray is None:
        from valetts_hf.serving.cores import usable_cores

        threads = job.threads or max(1, usable_cores() // processes)
        return speak_in_processes(replace(job, threads=threads), groups, processes)
    from valetts_hf.mass_synthesis.ray_executor import speak_on_ray

    return speak_on_ray(job, groups, processes, ray)


def _carry_out(
    outcomes: Iterator[list[Outcome]],
    plan: Plan,
    reader: RowReader,
    place: ShardFolder,
    progress: Callable[[SynthesisReport], Any] | None,
) -> SynthesisReport:
    report = SynthesisReport(str(place.path), plan.rows, plan.done, failed=len(plan.failures))
    began = time.monotonic()
    if progress is not None:
        progress(report)
    for some in outcomes:
        records = [outcome.record for outcome in some if outcome.record is not None]
        place.add_done(records)
        failures = [
            reader.failure(one.row.number, one.row.id, one.role, one.error, one.kind, one.row.key)
            for one in some
            if one.record is None
        ]
        place.add_failures(failures)
        report.spoken += len(records)
        report.failed += len(failures)
        report.audio_seconds += sum(record["duration"] for record in records)
        report.seconds = time.monotonic() - began
        if progress is not None:
            progress(report)
    return report


def _absolute(name: str) -> str:
    """A folder as processes that start elsewhere see it; the name of a repository as it is."""
    path = Path(name).expanduser()
    return str(path.absolute()) if path.is_dir() else name


def _own_device() -> str | None:
    """The GPU of this process among those that a launcher started on this machine; None leaves it to the SDK."""
    rank = os.environ.get("LOCAL_RANK", "")
    return f"cuda:{rank}" if rank.isdigit() and int(rank) < torch.cuda.device_count() else None
