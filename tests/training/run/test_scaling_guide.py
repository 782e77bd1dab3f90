"""The numbers of docs/scaling.md are those of the code."""

import re
from pathlib import Path

import pytest
import torch

from valetts_hf.modeling.modeling_valetts import ValeTTSForSpeech
from valetts_hf.training.discriminators import Discriminator, discriminator_preset
from valetts_hf.training.duration_discriminator import DurationDiscriminator
from valetts_hf.training.recipe import load_recipe
from valetts_hf.training.run.sharding import gradient_bytes


ROOT = Path(__file__).parents[3]


def networks(name):
    recipe = load_recipe(ROOT / "training_scripts" / "recipes" / f"{name}.yaml")
    with torch.device("meta"):
        model = ValeTTSForSpeech(recipe.model_config)
        return (
            model,
            Discriminator(discriminator_preset(recipe.discriminator)),
            DurationDiscriminator(model.config.hidden_size),
        )


@pytest.mark.parametrize("name", ["base_gpu", "base_cpu"])
def test_parameters_and_gradients_of_the_recipes(name):
    parts = networks(name)
    counts = [sum(parameter.numel() for parameter in part.parameters()) / 1e6 for part in parts]
    row = "".join(f" {count:.2f} M |" for count in counts) + f" {gradient_bytes(*parts) / 1e6:.1f} MB |"
    assert f"| `{name}` |{row}" in (ROOT / "docs" / "scaling.md").read_text()


def test_frozen_parts_exchange_nothing():
    layers = torch.nn.Linear(3, 2), torch.nn.Linear(2, 1)
    layers[0].weight.requires_grad_(False)
    assert gradient_bytes(*layers) == 4 * (2 + 3)


def test_bytes_and_times_of_the_estimate():
    size = gradient_bytes(*networks("base_gpu"))
    rows = re.findall(
        r"^\| (\d+) \| (\d+) \| ([\d.]+) ms \| ([\d.]+) ms \| (\d+) ms \|$",
        (ROOT / "docs" / "scaling.md").read_text(),
        re.MULTILINE,
    )
    assert [row[0] for row in rows] == ["2", "8", "64", "256"]
    for processes, megabytes, *milliseconds in rows:
        sent = 2 * (int(processes) - 1) / int(processes) * size
        assert float(megabytes) == pytest.approx(sent / 1e6, abs=0.6)
        for shown, bandwidth in zip(milliseconds, (400e9, 25e9, 1.25e9), strict=True):
            assert float(shown) == pytest.approx(1e3 * sent / bandwidth, rel=0.02)
