"""Episodes: who is a task, who is left out and why, and that draws depend on seed and step only."""

import numpy as np
import pytest
from datasets import Dataset

from valetts_hf.training.meta.episodes import EpisodeSampler, EpisodeTask, corpus_tasks, speaker_tasks


def test_tasks_of_a_corpus_and_notes_about_speakers_with_few_clips(buzz_corpus):
    found = corpus_tasks(buzz_corpus, clips_wanted=6, minimum_clips=2)
    assert {task.name: task.clips.tolist() for task in found.tasks} == {
        "ada": [0, 1, 2, 3, 4, 5],
        "rui": [6, 7, 8, 9, 10],
    }
    assert found.notes == [
        "eva is left out: 1 usable clips, at least 2 are needed",
        "rui gives episodes of 5 clips instead of 6",
    ]
    assert [task.name for task in corpus_tasks(buzz_corpus, exclude=["ada"]).tasks] == ["rui"]


def test_tasks_of_a_dataset_with_a_speaker_column():
    dataset = Dataset.from_dict({"speaker": ["a", "b", "a", "a", "b", "a"], "language": list("xxyxxy")})
    tasks = speaker_tasks(dataset["speaker"], dataset["language"], minimum_clips=2).tasks
    assert {task.name: task.clips.tolist() for task in tasks} == {"a/x": [0, 3], "a/y": [2, 5], "b/x": [1, 4]}
    usable = [True, True, True, False, False, True]
    tasks = speaker_tasks(dataset["speaker"], usable=usable, minimum_clips=2).tasks
    assert {task.name: task.clips.tolist() for task in tasks} == {"a": [0, 2, 5]}


def test_episodes_depend_on_seed_and_step_only():
    tasks = [EpisodeTask(str(index), np.arange(12) + 12 * index) for index in range(5)]
    first, again, other = (EpisodeSampler(tasks, tasks_per_batch=4, seed=seed) for seed in (3, 3, 4))

    def flat(episodes):
        return [[episode.task.name, *episode.support, *episode.query] for episode in episodes]

    assert flat(first.episodes(7)) == flat(again.episodes(7))
    assert flat(first.episodes(7)) != flat(first.episodes(8))
    assert flat(first.episodes(7)) != flat(other.episodes(7))
    for episode in first.episodes(7):
        assert len(episode.support) == len(episode.query) == 5
        assert len({*episode.support, *episode.query}) == 10
        assert {*episode.support, *episode.query} <= set(episode.task.clips)
    assert len({episode.task.name for episode in first.episodes(7)}) == 4
    assert len(EpisodeSampler(tasks[:2], tasks_per_batch=5).episodes(0)) == 5


@pytest.mark.parametrize(
    ("clips", "sizes"), [(10, (5, 5)), (99, (5, 5)), (9, (5, 4)), (6, (3, 3)), (3, (1, 2)), (2, (1, 1))]
)
def test_smaller_tasks_give_smaller_episodes(clips, sizes):
    sampler = EpisodeSampler([EpisodeTask("a", np.arange(clips))])
    assert sampler.sizes(clips) == sizes
    (episode, *_) = sampler.episodes(0)
    assert (len(episode.support), len(episode.query)) == sizes


TASK = [EpisodeTask("a", np.arange(4))]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: speaker_tasks("ab", minimum_clips=1), "minimum_clips must be at least 2 .*got 1"),
        (lambda: speaker_tasks("ab", languages="x"), "languages has 1 entries for 2 clips"),
        (lambda: speaker_tasks("ab", exclude="c"), r"cannot leave out \['c'\]"),
        (lambda: speaker_tasks("ab"), "no speaker has 4 usable clips"),
        (lambda: EpisodeSampler(TASK, support=0), "support must be at least 1, got 0"),
        (lambda: EpisodeSampler([]), "there are no tasks"),
        (lambda: EpisodeSampler([EpisodeTask("lone", np.arange(1))]), r"tasks \['lone'\] have fewer than 2 clips"),
    ],
)
def test_wrong_settings_are_named(make, message):
    with pytest.raises(ValueError, match=message):
        make()
