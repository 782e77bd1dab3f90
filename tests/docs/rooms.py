"""What a reader of each page is told to have before the blocks begin, and which pages take longer.

A file of None is a recording of somebody's voice; otherwise a function makes it.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import soundfile

from tests.conftest import voice_like


Fixture = Callable[[str], Any]
Maker = Callable[[Path, Fixture], None] | None


def story(path: Path, fixture: Fixture) -> None:
    path.write_text("The ferry was late. Nobody minded.", encoding="utf-8")


def recordings(path: Path, fixture: Fixture) -> None:
    """An audio folder of three short clips with their texts."""
    path.mkdir()
    lines = ["file_name,text"]
    for number, text in enumerate(["the ferry leaves at eight", "we are all here", "come back soon"]):
        soundfile.write(path / f"{number}.wav", voice_like(1.5 + 0.2 * number, 16_000, 110 + 5 * number), 16_000)
        lines.append(f"{number}.wav,{text}")
    (path / "metadata.csv").write_text("\n".join(lines), encoding="utf-8")


def trained(path: Path, fixture: Fixture) -> None:
    shutil.copytree(fixture("tiny_checkpoint"), path)


def corpus(path: Path, fixture: Fixture) -> None:
    """A packed corpus with held-out clips."""
    packed = fixture("buzz_corpus")
    splits = ["test" if number % 4 == 0 else "train" for number in range(len(packed))]
    replace(packed, splits=splits, texts=[f"buzz goes bee {number}" for number in range(len(packed))]).save(path)


def shorten_adaptation(patch: pytest.MonkeyPatch) -> None:
    """Three steps instead of a hundred: it is the way that is tested, not the voice."""
    from valetts_hf.training.adaptation import adapt_voice

    load = adapt_voice.load_settings
    patch.setattr(adapt_voice, "load_settings", lambda *given, **named: replace(load(*given, **named), max_steps=3))


# page -> name -> how it comes to be there
FILES: dict[str, dict[str, Maker]] = {
    "README.md": {"my_voice.wav": None, "story.txt": story},
    "docs/sdk.md": {"my_voice.wav": None},
    "docs/quick_start.md": {"my_voice.wav": None},
    "docs/voices.md": {"ana.wav": None},
    "docs/adaptation.md": {"clips/clip1.wav": None, "clip1.wav": None, "clip2.wav": None},
    "docs/styles.md": {"ana.wav": None, "rui_excited.wav": None},
    "docs/data.md": {"my_recordings": recordings, "readers": recordings},
    "docs/evaluation.md": {"corpus": corpus},
    "docs/finetuning.md": {"my_recordings": recordings, "runs/me/checkpoint": trained},
    "docs/pt/inicio_rapido.md": {"minha_voz.wav": None},
    "docs/pt/vozes.md": {"ana.wav": None},
}

# spoken by the tiny random checkpoint: what they do takes long, and what is said does not matter
TINY = {"docs/adaptation.md", "docs/evaluation.md", "docs/export.md", "docs/finetuning.md"}

# ten seconds and more on one core
SLOW = {"docs/adaptation.md", "docs/data.md", "docs/evaluation.md", "docs/export.md"}
