"""Episodes: a speaker (or a speaker in one language) is a task; some of its clips support, others query.

Clips are row numbers of whatever holds the data: a `PackedCorpus`, a `datasets.Dataset`, a list. The episodes of a step are
a pure function of the seed and the step, so a resumed run sees the same ones.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from valetts_hf.training.data.corpus import PackedCorpus


@dataclass(frozen=True)
class EpisodeTask:
    """Clips (row numbers, sorted) of one speaker, or of one speaker in one language."""

    name: str
    clips: np.ndarray


@dataclass(frozen=True)
class Episode:
    """One draw from a task: clips (row numbers) to adapt on and others to be judged by."""

    task: EpisodeTask
    support: np.ndarray
    query: np.ndarray


@dataclass
class EpisodeTasks:
    """What `speaker_tasks` found: the tasks, and a sentence about each speaker with few or too few clips."""

    tasks: list[EpisodeTask]
    notes: list[str] = field(default_factory=list)


def speaker_tasks(
    speakers: Sequence[str],
    languages: Sequence[str] | None = None,
    usable: Sequence[bool] | None = None,
    exclude: Sequence[str] = (),
    clips_wanted: int = 10,
    minimum_clips: int = 4,
) -> EpisodeTasks:
    """Tasks from columns, e.g. `dataset["speaker"]`.

    Args:
        speakers (sequence of `str` [N]): speaker of every clip.
        languages (sequence of `str` [N], *optional*): with them, a task is a speaker in one language.
        usable (sequence of `bool` [N], *optional*): clips that may be drawn.
        exclude (sequence of `str`): speakers to leave out, e.g. those held out for evaluation.
        clips_wanted (`int`): support plus query clips of an episode. A speaker with fewer gives smaller episodes.
        minimum_clips (`int`): a speaker with fewer than this many is left out; at least 2.

    Raises:
        ValueError: on an excluded speaker that does not exist, and if no task is left.
    """
    if minimum_clips < 2:
        raise ValueError(f"minimum_clips must be at least 2 (one to adapt on, one to judge by), got {minimum_clips}")
    columns = [speakers] if languages is None else [speakers, languages]
    for name, column in (("languages", languages), ("usable", usable)):
        if column is not None and len(column) != len(speakers):
            raise ValueError(f"{name} has {len(column)} entries for {len(speakers)} clips")
    if unknown := set(exclude) - set(speakers):
        raise ValueError(f"cannot leave out {sorted(unknown)}: there are no such speakers")
    clips: dict[tuple[str, ...], list[int]] = {}
    for index, key in enumerate(zip(*columns, strict=True)):
        if key[0] not in exclude and (usable is None or usable[index]):
            clips.setdefault(key, []).append(index)
    found = EpisodeTasks([])
    for key, indices in sorted(clips.items()):
        name = "/".join(key)
        if len(indices) < minimum_clips:
            found.notes.append(f"{name} is left out: {len(indices)} usable clips, at least {minimum_clips} are needed")
            continue
        if len(indices) < clips_wanted:
            found.notes.append(f"{name} gives episodes of {len(indices)} clips instead of {clips_wanted}")
        found.tasks.append(EpisodeTask(name, np.array(indices)))
    if not found.tasks:
        raise ValueError(f"no speaker has {minimum_clips} usable clips: lower minimum_clips or add recordings")
    return found


def corpus_tasks(
    corpus: PackedCorpus,
    splits: Sequence[str] = ("train",),
    by_language: bool = False,
    exclude: Sequence[str] = (),
    clips_wanted: int = 10,
    minimum_clips: int = 4,
    max_frames: int | None = None,
) -> EpisodeTasks:
    """Tasks of the transcribed clips of a packed corpus, of at most `max_frames`; arguments as in `speaker_tasks`."""
    usable = corpus.transcribed & np.isin(corpus.splits, list(splits))
    if max_frames is not None:
        usable &= corpus.frame_lengths <= max_frames
    return speaker_tasks(
        [corpus.speakers[index] for index in corpus.speaker_ids],
        corpus.languages if by_language else None,
        usable,
        exclude,
        clips_wanted,
        minimum_clips,
    )


class EpisodeSampler:
    """Draws the episodes of a meta-batch.

    Args:
        tasks: what to draw from, each as likely as the others.
        support, query (`int`): clips of an episode. A task with fewer than both together keeps their proportion, at least
            one clip each.
        tasks_per_batch (`int`): episodes of a meta-batch; different tasks as long as there are enough.
        seed (`int`): episodes are a function of it and the step.
    """

    def __init__(
        self, tasks: Sequence[EpisodeTask], support: int = 5, query: int = 5, tasks_per_batch: int = 4, seed: int = 0
    ):
        for name, value in (("support", support), ("query", query), ("tasks_per_batch", tasks_per_batch)):
            if value < 1:
                raise ValueError(f"{name} must be at least 1, got {value}")
        if not tasks:
            raise ValueError("there are no tasks to draw episodes from")
        if short := [task.name for task in tasks if len(task.clips) < 2]:
            raise ValueError(f"tasks {short} have fewer than 2 clips: one to adapt on and one to judge by are needed")
        self.tasks, self.support, self.query = list(tasks), support, query
        self.tasks_per_batch, self.seed = tasks_per_batch, seed

    def episodes(self, step: int) -> list[Episode]:
        """Episodes of a meta-step."""
        random = np.random.default_rng([self.seed, step])
        order: list[int] = []
        while len(order) < self.tasks_per_batch:
            order += random.permutation(len(self.tasks)).tolist()
        return [self.episode(self.tasks[index], random) for index in order[: self.tasks_per_batch]]

    def episode(self, task: EpisodeTask, random: np.random.Generator) -> Episode:
        """One draw from a task."""
        support, query = self.sizes(len(task.clips))
        clips = random.permutation(task.clips)[: support + query]
        return Episode(task, clips[:support], clips[support:])

    def sizes(self, num_clips: int) -> tuple[int, int]:
        """Support and query clips of an episode from a task with so many clips."""
        wanted = self.support + self.query
        if num_clips >= wanted:
            return self.support, self.query
        query = min(max(round(num_clips * self.query / wanted), 1), num_clips - 1)
        return num_clips - query, query
