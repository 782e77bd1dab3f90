"""The folder of a training run, laid out so that a person finds their way."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from valetts_hf.modeling.modeling_valetts import ValeTTSForSpeech
from valetts_hf.training.recipe import PretrainRecipe
from valetts_hf.training.run.run_state import latest, latest_intact


_README = """# A training run of ValeTTS

{facts}

| Here | is |
| --- | --- |
| `recipe.yaml` | every number of the run, defaults included; usable as `--recipe` |
| `log.jsonl` | one line per report: step, losses (means since the last line), learning rate, speed |
| `evaluation.jsonl` | one line per evaluation, if there is an evaluator |
| `plots/` | the same as pictures: `losses.png`, `evaluation.png` |
| `samples/step-*/` | held-out sentences spoken by the averaged model; one sheet each with spectrogram, pitch and alignment |
| `samples/recordings/` | the recordings of these sentences, to compare |
| `checkpoints/step-*/` | all that is needed to go on: weights, discriminators, optimizers, average; the newest are kept |
| `model/` | the averaged model of the newest checkpoint: `ValeTTSForSpeech.from_pretrained("model")` |
| `trackers/` | files of trackers, if asked for: `tensorboard --logdir trackers`, `TRACKIO_DIR=trackers/trackio trackio show` |

The run continues, exactly as if it had never stopped, with the command above and `--resume latest`. A `model/` becomes a
checkpoint with voices by `build_checkpoint.py`.
"""


@dataclass
class RunFolder:
    """Places in a run folder, and what is written there besides checkpoints."""

    path: Path

    def __post_init__(self) -> None:
        self.path = Path(self.path)

    @property
    def checkpoints(self) -> Path:
        return self.path / "checkpoints"

    @property
    def model(self) -> Path:
        return self.path / "model"

    @property
    def recordings(self) -> Path:
        return self.path / "samples" / "recordings"

    def check_free(self) -> None:
        """Refuse to begin a run where there is one, whose later checkpoints would be taken for its own.

        Raises:
            FileExistsError: there are checkpoints.
        """
        if (found := latest(self.checkpoints)) is not None:
            raise FileExistsError(
                f"{self.path} holds a run already, which has come to {found.name}: go on with --resume latest, or name "
                "another --output"
            )

    def checkpoint(self, where: str | Path) -> Path | None:
        """The checkpoint to go on from: "latest", or its path; None if there is none yet.

        Raises:
            FileExistsError: it is of another folder while this one holds a run, or none here is undamaged.
        """
        if str(where) == "latest":
            found = latest_intact(self.checkpoints)
        else:
            found = Path(where)
        if found is None or found.is_dir() and found.resolve().parent != self.checkpoints.resolve():
            self.check_free()
        return found

    def samples(self, step: int) -> Path:
        """Folder of the samples of a step."""
        return self.path / "samples" / f"step-{step:08d}"

    def plot(self, name: str) -> Path:
        """Path of a picture; its folder is made."""
        (self.path / "plots").mkdir(parents=True, exist_ok=True)
        return self.path / "plots" / f"{name}.png"

    def describe(self, recipe: PretrainRecipe, facts: Mapping[str, Any]) -> None:
        """Write `README.md` (with the facts as a list) and `recipe.yaml`."""
        self.path.mkdir(parents=True, exist_ok=True)
        lines = "\n".join(f"- {key}: {value}" for key, value in facts.items())
        _write(self.path / "README.md", _README.format(facts=lines))
        values = {key: list(value) if isinstance(value, tuple) else value for key, value in recipe.to_dict().items()}
        _write(self.path / "recipe.yaml", yaml.safe_dump(values, sort_keys=False, allow_unicode=True, width=119))

    def append(self, log: str, row: Mapping[str, Any]) -> None:
        """Add a line to `log.jsonl` or `evaluation.jsonl`."""
        with open(self.path / f"{log}.jsonl", "a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")

    def rows(self, log: str) -> list[dict[str, Any]]:
        """Lines of a log; one that a killed run left unfinished does not count."""
        path, found = self.path / f"{log}.jsonl", []
        for line in path.read_text(encoding="utf-8").splitlines() if path.is_file() else []:
            try:
                found.append(json.loads(line))
            except ValueError:
                continue
        return found

    def forget_after(self, step: int) -> None:
        """Drop lines of the logs past a step, which a run that goes on from there will write again."""
        for log in ("log", "evaluation"):
            path, rows = self.path / f"{log}.jsonl", self.rows(log)
            if path.is_file():
                _write(path, "".join(json.dumps(row) + "\n" for row in rows if row["step"] <= step))

    def export(self, model: ValeTTSForSpeech) -> None:
        """Replace `model/` by this one; an interrupted export leaves the old one."""
        self.path.mkdir(parents=True, exist_ok=True)
        for stale in self.path.glob(".model-*"):
            shutil.rmtree(stale, ignore_errors=True)
        temporary = Path(tempfile.mkdtemp(prefix=".model-", dir=self.path))
        try:
            model.save_pretrained(temporary)
            temporary.chmod(0o755)
            if self.model.exists():
                old = Path(tempfile.mkdtemp(prefix=".model-", dir=self.path)) / "old"
                self.model.rename(old)
                temporary.rename(self.model)
                shutil.rmtree(old.parent, ignore_errors=True)
            else:
                temporary.rename(self.model)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)


def _write(path: Path, text: str) -> None:
    temporary = path.with_name(f".{path.name}")
    temporary.write_text(text, encoding="utf-8")
    os.replace(temporary, path)
