"""docs/vocoder.md: its Python runs, its commands are understood, its table is true."""

import importlib.util
import re
import shlex
from pathlib import Path

import pytest
import torch

from valetts_hf import ValeTTSVocoder, ValeTTSVocoderConfig
from valetts_hf.cli import build_parser
from valetts_hf.modeling.configuration_vocoder import PRESETS


ROOT = Path(__file__).parents[1]
GUIDE = (ROOT / "docs" / "vocoder.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", GUIDE, re.S)


def test_python_runs(base_checkpoint, monkeypatch, capsys):
    import valetts_hf

    monkeypatch.setattr(valetts_hf, "BASE_CHECKPOINT", str(base_checkpoint))
    names: dict = {}
    for block in blocks("python"):
        exec(block, names)
    assert "torch.Size([1, 23808])" in capsys.readouterr().out


def parser_of(path: str):
    spec = importlib.util.spec_from_file_location(Path(path).stem, ROOT / path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.parse_arguments


def test_commands_are_understood():
    seen = set()
    for line in (line for block in blocks("console") for line in block.splitlines() if line):
        words = shlex.split(line)
        if words[0] == "valetts":
            build_parser().parse_args(words[1:])
            seen.add("valetts")
        else:
            script = next(word for word in words if word.endswith(".py"))
            parsed = parser_of(script)(words[words.index(script) + 1 :])
            recipe = getattr(parsed, "recipe", None)
            assert recipe is None or (ROOT / recipe).is_file()
            seen.add(script)
    assert seen == {"valetts", "training_scripts/run_vocoder.py", "benchmarks/copy_synthesis.py"}


@pytest.mark.parametrize("name", PRESETS)
def test_presets_are_listed_with_their_size(name):
    (line,) = (line for line in GUIDE.splitlines() if f"`{name}`" in line and line.startswith("|"))
    with torch.device("meta"):
        vocoder = ValeTTSVocoder(ValeTTSVocoderConfig.preset(name))
    millions = sum(parameter.numel() for parameter in vocoder.parameters()) / 1e6
    assert float(re.search(r"([\d.]+) M", line)[1]) == pytest.approx(millions, rel=0.05)


def test_the_stated_context_is_true():
    with torch.device("meta"):
        vocoder = ValeTTSVocoder(ValeTTSVocoderConfig.preset("24khz_100band_256x"))
    assert f"({vocoder.receptive_field} frames on each side" in GUIDE
