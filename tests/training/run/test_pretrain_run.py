"""A run as a whole: exact resume, signals, kills, full disks, lack of memory, and the folder that it leaves."""

import errno
import json
import os
import signal
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
import yaml

from tests.training.processes import start
from tests.training.tiny_runs import digests, everything, tiny_recipe, tiny_run
from valetts_hf.modeling.modeling_valetts import ValeTTSForSpeech
from valetts_hf.training.checkpoint_building import Judges
from valetts_hf.training.data.corpus import PackedCorpus
from valetts_hf.training.discriminators import PRESETS
from valetts_hf.training.recipe import load_recipe
from valetts_hf.training.run import pretrain_run, state_files
from valetts_hf.training.run.one_line_errors import one_line_errors
from valetts_hf.training.run.pretrain_run import OutOfMemoryError
from valetts_hf.training.run.run_state import CorruptCheckpointError, DiskFullError, checkpoints, latest, verify


def lines(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_twenty_steps_equal_ten_resumed_and_ten(buzz_corpus, tmp_path):
    settings = {
        "max_steps": 20,
        "adversarial_start": 8,
        "log_every": 4,
        "save_every": 100,
        "alignment_search_start": 5,
    }
    settings |= {"augmentation": {"noise": {"probability": 0.5}, "gain": {"probability": 0.5}}}
    whole = tiny_run(tmp_path, buzz_corpus, "whole", **settings)
    seen = record_batches(whole)
    whole.train()
    first = tiny_run(tmp_path, buzz_corpus, "parts", **settings)
    seen_first = record_batches(first)
    assert first.train(stop_at_step=10) == "step 10 is reached"
    torch.rand(7), np.random.rand(3)  # whatever happened elsewhere in between
    second = tiny_run(tmp_path, buzz_corpus, "parts", **settings)
    second.resume()
    seen_second = record_batches(second)
    second.train()
    assert seen == seen_first + seen_second and len(seen) == 20
    for name, value in everything(whole).items():
        assert torch.equal(value, everything(second)[name]), name
    ours, theirs = (digests(latest(tmp_path / name / "checkpoints")) for name in ("whole", "parts"))
    assert ours == theirs and {"generator_optimizer.safetensors", "ema.safetensors"} <= ours.keys()
    assert [row["step"] for row in lines(tmp_path / "parts" / "log.jsonl")] == [4, 8, 12, 16, 20]
    model, other = (ValeTTSForSpeech.from_pretrained(tmp_path / name / "model") for name in ("whole", "parts"))
    average = whole.state.ema.average["decoder.head.weight"]
    assert torch.equal(model.decoder.head.weight, average) and torch.equal(other.decoder.head.weight, average)


def record_batches(run):
    seen, batch = [], run.batches.batch

    def recorded(number):
        made = batch(number)
        seen.append((number, made.waveform.double().sum().item(), made.input_ids.sum().item()))
        return made

    run.batches.batch = recorded
    return seen


def test_a_run_folder_explains_itself(buzz_corpus, tmp_path):
    calls = []

    def evaluator(model, step):
        calls.append((step, model.training))
        if step == 2:
            raise RuntimeError("the judge is out")
        return {"wer": 0.5 / step, "similarity": 0.1}

    settings = {"max_steps": 3, "adversarial_start": 99, "sample_every": 3, "evaluate_every": 1, "num_samples": 2}
    run = tiny_run(tmp_path, buzz_corpus, evaluator=evaluator, pictures=True, save_every=2, **settings)
    run.train(command="python run_pretrain.py --corpus here")
    folder = tmp_path / "run"
    assert calls == [(1, False), (2, False), (3, False)]  # a judge that fails does not end the run
    assert [row["step"] for row in lines(folder / "evaluation.jsonl")] == [1, 3]
    readme = (folder / "README.md").read_text()
    assert "`python run_pretrain.py --corpus here`" in readme and "12 clips" in readme
    for name in ("recipe.yaml", "log.jsonl", "plots/", "samples/step-*/", "checkpoints/step-*/", "model/"):
        assert f"`{name}`" in readme
    assert load_recipe(folder / "recipe.yaml") == run.recipe
    row = lines(folder / "log.jsonl")[-1]
    assert {"mel", "kl", "learning_rate", "gradient_norm", "steps_per_second"} <= row.keys() and row["step"] == 3
    samples = folder / "samples" / "step-00000003"
    assert sorted(path.name for path in samples.iterdir()) == [
        "01-ada.png",
        "01-ada.wav",
        "02-rui.png",
        "02-rui.wav",
        "sentences.txt",
    ]
    speech, rate = soundfile.read(samples / "01-ada.wav")
    assert rate == 24000 and len(speech) > 2400
    assert sorted(path.name for path in (folder / "samples" / "recordings").iterdir()) == ["01-ada.wav", "02-rui.wav"]
    for picture in ("plots/losses.png", "plots/evaluation.png", "samples/step-00000003/01-ada.png"):
        content = (folder / picture).read_bytes()
        assert content.startswith(b"\x89PNG") and len(content) > 5000
    assert [path.name for path in checkpoints(folder / "checkpoints")] == ["step-00000002", "step-00000003"]
    assert not list(folder.rglob(".*"))


def test_samples_and_evaluation_leave_the_training_as_it_is(buzz_corpus, tmp_path):
    quiet = tiny_run(tmp_path, buzz_corpus, "quiet", max_steps=2, adversarial_start=99)
    quiet.train()
    watched = tiny_run(
        tmp_path,
        buzz_corpus,
        "watched",
        evaluator=lambda model, step: {"noise": float(torch.rand(1))},
        max_steps=2,
        adversarial_start=99,
        sample_every=1,
        evaluate_every=1,
        num_samples=1,
    )
    watched.train()
    for name, value in everything(quiet).items():
        assert torch.equal(value, everything(watched)[name]), name


def test_resume_is_refused_under_another_recipe(buzz_corpus, tmp_path):
    settings = {"adversarial_start": 99, "save_every": 1}
    tiny_run(tmp_path, buzz_corpus, max_steps=1, **settings).train()
    other = tiny_run(
        tmp_path, buzz_corpus, max_steps=2, learning_rate=1e-5, ema_decay=0.5, betas=(0.5, 0.6), **settings
    )
    with pytest.raises(ValueError, match=r"betas: .*; ema_decay: 0.999 -> 0.5; learning_rate: .*; max_steps: 1 -> 2"):
        other.resume()
    other.resume(allow_changes=True)
    assert other.state.ema.decay == 0.5 and other.state.generator_optimizer.param_groups[0]["betas"] == (0.5, 0.6)
    assert other.train() == "step 2 is reached"
    with pytest.raises(FileNotFoundError, match="there is no checkpoint .*nowhere"):
        other.resume(tmp_path / "nowhere")
    bigger = tiny_run(tmp_path, buzz_corpus, max_steps=1, model={"decoder": {"num_layers": 2}}, **settings)
    with pytest.raises(ValueError, match="holds other networks"):
        bigger.resume(allow_changes=True)


def test_resume_is_refused_for_another_model(buzz_corpus, tmp_path):
    """The recipe is the same, but the weights to start from were of another shape."""
    tiny_run(tmp_path, buzz_corpus, max_steps=1, adversarial_start=99).train()
    run = tiny_run(tmp_path, buzz_corpus, max_steps=1, adversarial_start=99)
    run.config.hidden_size = 24
    with pytest.raises(ValueError, match=r"the model is not the checkpoint's, they differ in \['hidden_size'\]"):
        run.resume()


def test_damaged_checkpoints_are_passed_over_and_the_log_forgets(buzz_corpus, tmp_path):
    run = tiny_run(tmp_path, buzz_corpus, max_steps=3, adversarial_start=99, save_every=1)
    run.train()
    newest = latest(tmp_path / "run" / "checkpoints")
    tensors = newest / "generator.safetensors"
    tensors.write_bytes(tensors.read_bytes()[:-1])
    with open(tmp_path / "run" / "log.jsonl", "a") as file:
        file.write('{"step": 4, "me')  # killed while writing
    again = tiny_run(tmp_path, buzz_corpus, max_steps=3, adversarial_start=99, save_every=1)
    with pytest.warns(RuntimeWarning, match="passing over a damaged checkpoint: .*generator.safetensors"):
        assert again.resume().name == "step-00000002"
    assert [row["step"] for row in lines(tmp_path / "run" / "log.jsonl")] == [1, 2]
    again.train()
    assert [row["step"] for row in lines(tmp_path / "run" / "log.jsonl")] == [1, 2, 3]
    verify(newest)


def test_nothing_to_resume_starts_at_zero(buzz_corpus, tmp_path, capsys):
    run = tiny_run(tmp_path, buzz_corpus)
    assert run.resume() is None and run.state.step == 0
    assert "nothing to resume" in capsys.readouterr().out
    assert run.train(max_minutes=0) == "0 minutes are over"
    assert latest(tmp_path / "run" / "checkpoints").name == "step-00000000"
    with pytest.raises(ValueError, match="max_minutes must not be negative, got -1"):
        run.train(max_minutes=-1)


def test_a_run_does_not_begin_where_there_is_one(buzz_corpus, tmp_path):
    def again(name):
        return tiny_run(tmp_path, buzz_corpus, name, max_steps=2, adversarial_start=99, save_every=1)

    again("run").train()
    log = (tmp_path / "run" / "log.jsonl").read_text()
    with pytest.raises(
        FileExistsError, match="holds a run already, which has come to step-00000002: .*--resume latest"
    ):
        again("run").train()
    again("other").train(stop_at_step=1)
    with pytest.raises(FileExistsError, match="run holds a run already"):
        again("run").resume(tmp_path / "other" / "checkpoints" / "step-00000001")
    assert (tmp_path / "run" / "log.jsonl").read_text() == log
    for path in (tmp_path / "run" / "checkpoints").iterdir():
        (path / "ema.json").write_text("{}")
    with pytest.warns(RuntimeWarning, match="damaged"), pytest.raises(FileExistsError, match="holds a run already"):
        again("run").resume()
    branch = again("branch")
    branch.resume(tmp_path / "other" / "checkpoints" / "step-00000001")  # a free folder takes up any run
    assert branch.state.step == 1
    with pytest.raises(ValueError, match="stop_at_step must be at least 1, got -1"):
        branch.train(stop_at_step=-1)


@pytest.mark.parametrize("error", [ValueError, ImportError, OSError, CorruptCheckpointError, FloatingPointError])
def test_what_a_user_can_mend_is_said_in_one_line(error):
    with pytest.raises(SystemExit, match="^error: lower it$"), one_line_errors():
        raise error("lower it")


def train_until_told(folder: Path) -> None:
    """Train for as long as one lets it; a file says that it is under way."""
    run = tiny_run(folder, PackedCorpus.load(folder / "corpus"), adversarial_start=10**6, max_steps=10**6)
    step = run._guarded_step

    def told():
        losses = step()
        (folder / "under-way").touch()
        return losses

    run._guarded_step = told
    (folder / "reason").write_text(run.train())


def die_while_saving(folder: Path) -> None:
    """Save step 1, and be killed (SIGKILL) half-way through the checkpoint of step 2."""
    run = tiny_run(folder, PackedCorpus.load(folder / "corpus"), adversarial_start=99, save_every=1)
    save_file = state_files.save_file

    def fatal(tensors, path):
        if run.state.step == 2 and path.name == "generator_optimizer.safetensors":
            path.write_bytes(b"half")
            os.kill(os.getpid(), signal.SIGKILL)
        save_file(tensors, path)

    state_files.save_file = fatal
    run.train()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_a_run_with_a_checkpoint(buzz_corpus, tmp_path, number):
    buzz_corpus.save(tmp_path / "corpus")
    process = start(train_until_told, tmp_path)
    while not (tmp_path / "under-way").exists():
        assert process.is_alive()
        time.sleep(0.02)
    os.kill(process.pid, number)
    process.join()
    assert process.exitcode == 0 and (tmp_path / "reason").read_text() == number.name
    saved = latest(tmp_path / "run" / "checkpoints")
    assert verify(saved)["step"] >= 1
    assert (tmp_path / "run" / "model" / "model.safetensors").is_file()


def test_a_run_killed_while_saving_goes_on_from_the_last_good_checkpoint(buzz_corpus, tmp_path):
    buzz_corpus.save(tmp_path / "corpus")
    process = start(die_while_saving, tmp_path)
    process.join()
    assert process.exitcode == -signal.SIGKILL
    folder = tmp_path / "run" / "checkpoints"
    assert list(folder.glob(".writing-*")) and latest(folder).name == "step-00000001"
    run = tiny_run(tmp_path, buzz_corpus, adversarial_start=99, save_every=1)
    assert run.resume().name == "step-00000001"
    run.train()
    assert [path.name for path in sorted(folder.iterdir())] == ["step-00000002", "step-00000003", "step-00000004"]


def test_a_full_disk_neither_ends_the_run_nor_harms_what_is_there(buzz_corpus, tmp_path, monkeypatch, caplog):
    run = tiny_run(tmp_path, buzz_corpus, adversarial_start=99, save_every=1)
    save_file, full = state_files.save_file, {2, 3}

    def disk(tensors, path):
        if run.state.step in full:
            raise OSError(errno.ENOSPC, "No space left on device")
        save_file(tensors, path)

    monkeypatch.setattr(state_files, "save_file", disk)
    run.train()
    assert "no space for checkpoint" in caplog.text and "Training goes on; the next try is 1 steps away" in caplog.text
    folder = tmp_path / "run" / "checkpoints"
    assert [path.name for path in sorted(folder.iterdir())] == ["step-00000001", "step-00000004"]

    full.add(5)
    more = tiny_run(tmp_path, buzz_corpus, adversarial_start=99, save_every=100, max_steps=5)
    more.resume(allow_changes=True)
    run.state = more.state
    with pytest.raises(
        DiskFullError, match=r"no space for checkpoint .*step-00000005.*last good checkpoint is .*00004"
    ):
        more.train()
    assert verify(latest(folder))["step"] == 4


@pytest.mark.parametrize("error", [torch.OutOfMemoryError("CUDA out of memory. Tried"), MemoryError()])
def test_a_batch_without_memory_saves_and_names_the_remedy(buzz_corpus, tmp_path, monkeypatch, error):
    run = tiny_run(tmp_path, buzz_corpus, adversarial_start=99, batch_size=6)
    step = pretrain_run.pretrain_step

    def limited(state, *arguments):
        if state.step == 1:
            raise error
        return step(state, *arguments)

    monkeypatch.setattr(pretrain_run, "pretrain_step", limited)
    with pytest.raises(
        OutOfMemoryError, match=r"batch_size 6 and window_frames 32 on cpu .* step 1 was saved"
    ) as found:
        run.train()
    assert "--batch_size 3 --gradient_accumulation 2 --allow_changes" in str(found.value)
    assert verify(latest(tmp_path / "run" / "checkpoints"))["step"] == 1

    monkeypatch.undo()
    smaller = {"batch_size": 3, "gradient_accumulation": 2, "adversarial_start": 99}
    again = tiny_run(tmp_path, buzz_corpus, **smaller)
    again.resume(allow_changes=True)
    assert again.train() == "step 4 is reached"


def test_other_errors_are_not_taken_for_lack_of_memory(buzz_corpus, tmp_path, monkeypatch):
    run = tiny_run(tmp_path, buzz_corpus)
    monkeypatch.setattr(pretrain_run, "pretrain_step", lambda *_: (_ for _ in ()).throw(RuntimeError("shapes differ")))
    with pytest.raises(RuntimeError, match="shapes differ"):
        run.train()


def test_the_script_wires_it_all(buzz_corpus, tmp_path, monkeypatch, capsys):
    monkeypatch.syspath_prepend(str(Path(__file__).parents[3] / "training_scripts"))
    run_pretrain = __import__("run_pretrain")
    buzz_corpus.save(tmp_path / "corpus")
    recipe = tmp_path / "recipe.yaml"
    values = tiny_recipe(adversarial_start=0, max_steps=2).to_dict() | {"betas": [0.8, 0.99]}
    recipe.write_text(yaml.safe_dump(values))

    def run(output, *extra):
        arguments = ["--cpu", "--corpus", str(tmp_path / "corpus"), "--output", str(tmp_path / output)]
        run_pretrain.main([*arguments, "--recipe", str(recipe), *extra])

    run("first", "--stop_at_step", "1")
    with pytest.raises(SystemExit, match="error: cannot resume: .*max_steps: 2 -> 3.*--allow_changes"):
        run("first", "--resume", "latest", "--max_steps", "3")
    run("first", "--resume", "latest", "--max_steps", "3", "--allow_changes")
    said = capsys.readouterr().out
    assert "changed: max_steps: 2 -> 3" in said and "Command: `" in said
    start = ("--init_from", str(tmp_path / "first" / "model"))
    judges = ("--init_discriminators", str(latest(tmp_path / "first" / "checkpoints")))
    run("second", *start, *judges, "--max_minutes", "0")
    first, second = (ValeTTSForSpeech.from_pretrained(tmp_path / name / "model") for name in ("first", "second"))
    with pytest.raises(SystemExit, match="error: no discriminators in .*corpus"):
        run("third", "--init_discriminators", str(tmp_path / "corpus"))
    assert torch.equal(first.decoder.head.weight, second.decoder.head.weight)
    with pytest.raises(SystemExit, match="error: .*no_such_module:judge"):
        run("third", "--evaluator", "no_such_module:judge")
    with pytest.raises(SystemExit, match="error: there is no recipe"):
        run_pretrain.main(["--corpus", "c", "--output", str(tmp_path), "--recipe", str(tmp_path / "none.yaml")])


def test_a_run_starts_from_published_discriminators(buzz_corpus, tmp_path):
    run = tiny_run(tmp_path, buzz_corpus, "run")
    published = Judges.fresh(run.recipe.discriminator, run.config.hidden_size)
    published.save(tmp_path / "published" / "discriminators")
    run.start_judges_from(tmp_path / "published")
    mine = run.state.objects(run.accelerator)
    for name, module in published.modules().items():
        for key, value in module.state_dict().items():
            assert torch.equal(mine[name].state_dict()[key], value.half().float())
    other = next(preset for preset in PRESETS if preset != run.recipe.discriminator)
    Judges.fresh(other, run.config.hidden_size).save(tmp_path / "other" / "discriminators")
    with pytest.raises(
        ValueError, match=f"have the sizes '{other}', the recipe asks for .*set `discriminator: {other}`"
    ):
        run.start_judges_from(tmp_path / "other")
