"""Trackers: what each of them gets of a run, and where it keeps it."""

import importlib.util

import pytest
from accelerate.tracking import GeneralTracker

from tests.training.processes import start
from tests.training.tiny_runs import tiny_run
from valetts_hf.training.run.sharding import make_accelerator
from valetts_hf.training.run.trackers import check_trackers


class Notebook(GeneralTracker):
    """A tracker that remembers."""

    name, requires_logging_directory, main_process_only = "notebook", False, True

    def __init__(self):
        super().__init__()
        self.config, self.rows, self.pictures, self.ended = None, [], [], 0

    tracker = None

    def store_init_configuration(self, values):
        self.config = values

    def log(self, values, step=None, **_):
        self.rows.append((step, values))

    def log_images(self, values, step=None, **_):
        self.pictures.append((step, {name: image.shape for name, image in values.items()}))

    def finish(self):
        self.ended += 1


def test_trackers_get_numbers_and_sheets(buzz_corpus, tmp_path):
    run = tiny_run(tmp_path, buzz_corpus, max_steps=2, adversarial_start=99, sample_every=2, num_samples=1)
    notebook = Notebook()
    run.accelerator.log_with = [notebook]
    run.train()
    assert notebook.config["max_steps"] == 2 and isinstance(notebook.config["model"], str)
    assert [step for step, _ in notebook.rows] == [1, 2] and "mel" in notebook.rows[0][1]
    ((step, sheets),) = notebook.pictures
    assert step == 2 and sheets["sheet/01-ada"][-1] == 3
    assert notebook.ended == 1


def test_tensorboard_files_hold_numbers_pictures_and_sound(buzz_corpus, tmp_path):
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    run = tiny_run(tmp_path, buzz_corpus, max_steps=2, adversarial_start=99, sample_every=2, num_samples=1)
    run.accelerator = make_accelerator("no", cpu=True, log_with=["tensorboard"], project_dir=tmp_path / "trackers")
    run.train()
    events = EventAccumulator(str(tmp_path / "trackers" / "valetts")).Reload()
    assert [event.step for event in events.Scalars("mel")] == [1, 2]
    assert events.Tags()["images"] == ["sheet/01-ada"] and events.Tags()["audio"] == ["speech/01-ada"]


def test_unusable_trackers_are_named(monkeypatch):
    assert check_trackers([]) == []
    with pytest.raises(ValueError, match="unknown tracker 'tensorbord'; known are .*'tensorboard'"):
        check_trackers(["tensorbord"])
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(
        ImportError, match=r"the tracker 'trackio' needs a package: pip install 'valetts-hf\[trackio\]'"
    ):
        check_trackers(["trackio"])
    with pytest.raises(ImportError, match="the tracker 'wandb' needs a package: pip install wandb"):
        check_trackers(["wandb"])


def train_offline(corpus, folder, tracker):
    """Train two steps with a tracker, twice as a run that goes on, and refuse every connection; in a process of its own."""
    import socket

    connect = socket.socket.connect

    def connect_locally(self, address):
        if self.family != socket.AF_UNIX:  # wandb talks to a process of its own through one
            raise AssertionError(f"{tracker} connects to {address}")
        return connect(self, address)

    socket.socket.connect = connect_locally
    for steps in (2, 3):
        run = tiny_run(folder, corpus, "ada", max_steps=3, adversarial_start=99, sample_every=2, num_samples=1)
        run.accelerator = make_accelerator("no", cpu=True, log_with=[tracker], project_dir=folder / "ada" / "trackers")
        if steps == 3:
            run.resume()
        run.train(stop_at_step=steps)
    if tracker == "trackio":
        check_trackio(folder / "ada" / "trackers" / "trackio")


def check_trackio(folder):
    from trackio.sqlite_storage import SQLiteStorage

    assert SQLiteStorage.get_runs("valetts") == ["ada"]
    assert SQLiteStorage.get_run_config("valetts", "ada")["max_steps"] == 3
    rows = SQLiteStorage.get_logs("valetts", "ada")
    assert [row["step"] for row in rows if "mel" in row] == [1, 2, 3]
    (shown,) = [row for row in rows if "sheet/01-ada" in row]
    for name in ("sheet/01-ada", "speech/01-ada"):
        assert (folder / "media" / shown[name]["file_path"]).stat().st_size > 1000


@pytest.mark.parametrize("tracker", ["trackio", "wandb"])
def test_trackers_work_offline_and_keep_their_files_in_the_run_folder(buzz_corpus, tmp_path, monkeypatch, tracker):
    if importlib.util.find_spec(tracker) is None:
        pytest.skip(f"{tracker} is not installed; it is not in the extra dev, since it pulls in much")
    monkeypatch.delenv("TRACKIO_DIR", raising=False)
    monkeypatch.setenv("WANDB_MODE", "offline")
    process = start(train_offline, buzz_corpus, tmp_path, tracker)
    process.join()
    assert process.exitcode == 0
    kept = tmp_path / "ada" / "trackers" / tracker
    assert any(path.is_file() for path in kept.rglob("*"))
