"""Checkpoints: exact resume, atomic writes, pruning, and detection of damage."""

import errno
import json
import random

import numpy as np
import pytest
import torch
from safetensors import SafetensorError
from torch import nn

from valetts_hf.training.ema import ExponentialMovingAverage
from valetts_hf.training.run import state_files
from valetts_hf.training.run.run_state import (
    CorruptCheckpointError,
    DiskFullError,
    checkpoints,
    latest,
    latest_intact,
    load_run_state,
    prune,
    read_extra,
    recover,
    save_run_state,
    verify,
)


def make_run(seed):
    torch.manual_seed(seed)
    model = nn.Sequential(nn.Linear(3, 4), nn.Dropout(0.5), nn.Linear(4, 1))
    optimizer = torch.optim.AdamW(model.parameters(), 1e-2)
    return {
        "model": model,
        "optimizer": optimizer,
        "scheduler": torch.optim.lr_scheduler.ExponentialLR(optimizer, 0.9),
        "average": ExponentialMovingAverage(model),
    }


def train(run, steps, generator):
    losses = []
    for _ in range(steps):
        batch = torch.randn(8, 3, generator=generator) * random.random() + float(np.random.rand())
        loss = run["model"](batch).square().mean()  # dropout draws from the global torch state
        run["optimizer"].zero_grad()
        loss.backward()
        run["optimizer"].step()
        run["scheduler"].step()
        run["average"].update(run["model"])
        losses.append(loss.item())
    return losses


def test_a_resumed_run_equals_an_unbroken_one(tmp_path):
    run, generator = make_run(0), torch.Generator().manual_seed(1)
    train(run, 3, generator)
    extra = {"epoch": 2, "best": {"wer": 0.25}, "order": torch.tensor([2, 0, 1]), "pair": (1, "a")}
    path = save_run_state(tmp_path, 3, run, extra, {"data": generator})
    expected = train(run, 4, generator)

    other, other_generator = make_run(99), torch.Generator().manual_seed(98)
    random.seed(5), np.random.seed(5)
    step, loaded = load_run_state(latest(tmp_path), other, {"data": other_generator})
    assert path == latest(tmp_path) and path.name == "step-00000003" and step == 3
    assert loaded["epoch"] == 2 and loaded["best"] == {"wer": 0.25} and loaded["pair"] == (1, "a")
    assert loaded["order"].tolist() == [2, 0, 1]
    assert train(other, 4, other_generator) == expected
    for name, value in run["model"].state_dict().items():
        assert torch.equal(value, other["model"].state_dict()[name])
    assert other["scheduler"].get_last_lr() == run["scheduler"].get_last_lr()
    assert torch.equal(run["average"].average["0.weight"], other["average"].average["0.weight"])


def test_files_are_safetensors_and_json_only(tmp_path):
    path = save_run_state(tmp_path, 0, make_run(0))
    assert {file.suffix for file in path.iterdir()} == {".json", ".safetensors"}
    assert not list(tmp_path.glob(".*"))


def test_tied_and_strided_and_half_tensors_round_trip(tmp_path):
    class Holder:
        def __init__(self, state):
            self.state = state

        def state_dict(self):
            return self.state

        def load_state_dict(self, state):
            self.state = state

    base = torch.arange(6.0).view(2, 3)
    state = {"a": base, "b": base, "t": base.t(), "h": base.bfloat16(), 3: {"empty": torch.zeros(0)}, "none": None}
    path = save_run_state(tmp_path, 1, {"holder": Holder(state)})
    holder = Holder(None)
    load_run_state(path, {"holder": holder}, restore_random_states=False)
    assert list(holder.state) == list(state) and holder.state["none"] is None
    for key in ("a", "b", "t", "h"):
        assert torch.equal(holder.state[key], state[key]) and holder.state[key].dtype == state[key].dtype
    assert holder.state[3]["empty"].shape == (0,)
    with pytest.raises(TypeError, match="cannot save bad/x: a object is neither a tensor nor plain data"):
        save_run_state(tmp_path, 2, {"bad": Holder({"x": object()})})
    assert latest(tmp_path) == path and not list(tmp_path.glob(".*"))


def test_old_checkpoints_are_pruned_by_number(tmp_path):
    run = {"model": nn.Linear(1, 1)}
    for step in (5, 20, 100, 1000):
        save_run_state(tmp_path, step, run, keep=None)
    (tmp_path / "step-notes").mkdir()
    (tmp_path / ".writing-abc").mkdir()  # what a killed run leaves behind
    assert [int(path.name[5:]) for path in checkpoints(tmp_path)] == [5, 20, 100, 1000]
    assert [path.name for path in prune(tmp_path, 2)] == ["step-00000005", "step-00000020"]
    save_run_state(tmp_path, 2000, run, keep=1)
    assert [path.name for path in checkpoints(tmp_path)] == ["step-00002000"]
    assert latest(tmp_path / "absent") is None
    with pytest.raises(ValueError, match="`keep` must be at least 1, got 0"):
        prune(tmp_path, 0)


def test_a_run_that_was_taken_up_earlier_leaves_what_came_after(tmp_path):
    run = {"model": nn.Linear(1, 1)}
    for step in (2, 4, 6, 3):
        save_run_state(tmp_path, step, run, keep=2)
    assert [path.name for path in checkpoints(tmp_path)] == ["step-00000003"]


def test_the_same_step_can_be_saved_again(tmp_path):
    model = nn.Linear(1, 1)
    save_run_state(tmp_path, 7, {"model": model})
    with torch.no_grad():
        model.weight.fill_(42.0)
    path = save_run_state(tmp_path, 7, {"model": model})
    other = nn.Linear(1, 1)
    load_run_state(path, {"model": other})
    assert other.weight.item() == 42.0 and len(list(tmp_path.iterdir())) == 1


def test_an_interrupted_write_leaves_the_last_checkpoint(tmp_path, monkeypatch):
    run = {"model": nn.Linear(1, 1)}
    path = save_run_state(tmp_path, 1, run)

    def full_disk(*_):
        raise OSError("No space left on device")

    monkeypatch.setattr(state_files, "save_file", full_disk)
    with pytest.raises(OSError, match="No space left"):
        save_run_state(tmp_path, 2, run)
    assert latest(tmp_path) == path and len(list(tmp_path.iterdir())) == 1


def test_damage_is_reported_with_the_file_and_the_remedy(tmp_path):
    run = {"model": nn.Linear(4, 4)}
    path = save_run_state(tmp_path, 1, run)
    tensors = path / "model.safetensors"
    content = tensors.read_bytes()
    tensors.write_bytes(content[:-4])
    with pytest.raises(CorruptCheckpointError, match="model.safetensors was truncated or altered.*Delete .*step-0"):
        load_run_state(path, run)
    tensors.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    with pytest.raises(CorruptCheckpointError, match="truncated or altered"):
        load_run_state(path, run)
    tensors.unlink()
    with pytest.raises(CorruptCheckpointError, match="model.safetensors is missing"):
        load_run_state(path, run)
    (path / "manifest.json").write_text("{")
    with pytest.raises(CorruptCheckpointError, match="manifest .* missing or unreadable"):
        load_run_state(path, run)
    (path / "manifest.json").write_text(json.dumps({"step": 1}))
    with pytest.raises(CorruptCheckpointError, match="manifest .* missing or unreadable"):
        load_run_state(path, run)
    with pytest.raises(FileNotFoundError, match="there is no checkpoint"):
        load_run_state(tmp_path / "step-00000009", run)


def test_wrong_names_are_refused(tmp_path):
    run = {"model": nn.Linear(1, 1)}
    path = save_run_state(tmp_path, 1, run)
    with pytest.raises(KeyError, match="holds no 'critic', only"):
        load_run_state(path, {"critic": nn.Linear(1, 1)})
    with pytest.raises(KeyError, match="holds no generator 'data'"):
        load_run_state(path, run, {"data": torch.Generator()})
    for name in ("rng", "manifest", "a/b", ""):
        with pytest.raises(ValueError, match="cannot name a part"):
            save_run_state(tmp_path, 2, {name: nn.Linear(1, 1)})
    with pytest.raises(ValueError, match="`step` must be >= 0, got -1"):
        save_run_state(tmp_path, -1, run)


def test_what_a_killed_run_left_is_cleared_and_half_replaced_checkpoints_come_back(tmp_path):
    run = {"model": nn.Linear(1, 1)}
    save_run_state(tmp_path, 1, run)
    path = save_run_state(tmp_path, 2, run)
    path.rename(tmp_path / ".replaced-step-00000002")  # killed between the two renames of a second save
    for name in (".writing-abc", ".deleting-step-00000000"):
        (tmp_path / name).mkdir()
    (tmp_path / ".hidden-notes").mkdir()
    recover(tmp_path)
    assert sorted(item.name for item in tmp_path.iterdir()) == [".hidden-notes", "step-00000001", "step-00000002"]
    verify(latest(tmp_path))
    path.rename(tmp_path / ".replaced-step-00000002")
    save_run_state(tmp_path, 2, run)
    (tmp_path / ".replaced-step-00000001").mkdir()
    recover(tmp_path)  # the new one is complete: the old one goes
    assert len(checkpoints(tmp_path)) == 2 and not list(tmp_path.glob(".replaced-*"))


def test_the_newest_undamaged_checkpoint_is_found(tmp_path):
    run = {"model": nn.Linear(1, 1)}
    assert latest_intact(tmp_path) is None
    first, second = (save_run_state(tmp_path, step, run) for step in (1, 2))
    assert latest_intact(tmp_path) == second
    (second / "model.json").write_text("{}")
    with pytest.warns(RuntimeWarning, match="passing over a damaged checkpoint: .*model.json was truncated"):
        assert latest_intact(tmp_path) == first


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOSPC, "full"),
        OSError(errno.EDQUOT, "quota"),
        SafetensorError("I/O error: No space left on device"),
    ],
)
def test_older_checkpoints_give_way_when_the_disk_is_full(tmp_path, monkeypatch, error):
    run = {"model": nn.Linear(1, 1)}
    for step in (1, 2, 3):
        save_run_state(tmp_path, step, run, keep=None)
    save_file, room = state_files.save_file, 2  # checkpoints that fit

    def disk(*arguments):
        if len(checkpoints(tmp_path)) >= room:
            raise error
        save_file(*arguments)

    monkeypatch.setattr(state_files, "save_file", disk)
    save_run_state(tmp_path, 4, run, keep=None)
    assert [path.name for path in checkpoints(tmp_path)] == ["step-00000003", "step-00000004"]
    room = 1
    with pytest.raises(
        DiskFullError, match="no space for checkpoint .*step-00000005: .*The last good checkpoint is .*04"
    ):
        save_run_state(tmp_path, 5, run)
    assert [path.name for path in sorted(tmp_path.iterdir())] == ["step-00000004"]
    room = 0
    with pytest.raises(DiskFullError, match="There is no checkpoint yet"):
        save_run_state(tmp_path / "new", 1, run)


def test_extra_data_can_be_read_alone(tmp_path):
    run = {"model": nn.Linear(1, 1)}
    assert read_extra(save_run_state(tmp_path, 1, run, {"recipe": {"seed": 3}})) == {"recipe": {"seed": 3}}
    assert read_extra(save_run_state(tmp_path, 2, run)) == {}
    with pytest.raises(FileNotFoundError, match="there is no checkpoint"):
        read_extra(tmp_path / "step-00000009")
    (tmp_path / "notes").mkdir()
    with pytest.raises(FileNotFoundError, match="there is no checkpoint .*notes: it has no manifest.json"):
        read_extra(tmp_path / "notes")
