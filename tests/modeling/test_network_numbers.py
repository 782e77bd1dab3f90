"""What the networks make of fixed weights, in numbers: other arithmetic would spoil every checkpoint there is.

A change that is meant to do so prints the new numbers: `python -m tests.modeling.test_network_numbers`.
B batch, T tokens, F frames.
"""

from __future__ import annotations

import zlib

import numpy as np
import pytest
import torch

from valetts_hf.modeling.configuration_valetts import ValeTTSConfig
from valetts_hf.modeling.lengths import length_mask
from valetts_hf.modeling.modeling_valetts import ValeTTSForSpeech


def fixed_numbers(name: str, *shape: int) -> torch.Tensor:
    """Normal numbers of a name, the same with every version of PyTorch."""
    return torch.from_numpy(np.random.RandomState(zlib.crc32(name.encode())).standard_normal(shape)).float()


def fixed_model() -> ValeTTSForSpeech:
    """Two or more of everything that can be repeated, so that order and sums count."""
    stack = {"hidden_size": 12, "intermediate_size": 16, "num_layers": 2, "kernel_size": 5}
    style = {"hidden_size": 8, "num_tokens": 4, "num_heads": 2, "encoder_size": 8, "num_layers": 2}
    config = ValeTTSConfig(
        vocab_size=32,
        hidden_size=16,
        latent_size=8,
        languages=["en-us", "pt-br"],
        text_encoder={"num_layers": 3, "num_heads": 2, "intermediate_size": 16, "style_layer": 1},
        style=style,
        flow={"num_couplings": 2, "hidden_size": 8, "num_heads": 2, "num_conv_layers": 2},
        duration={"hidden_size": 8, "num_layers": 2, "noise_size": 2, "max_frames": 40},
        prosody=stack,
        prior=stack,
        posterior=stack,
        decoder={**stack, "emphasis": 0.3},
        sketch={**stack, "enabled": True, "num_refiner_layers": 2, "patch_frames": 4, "guidance_scale": 1.5},
    )
    model = ValeTTSForSpeech(config).eval()
    with torch.no_grad():
        for name, value in [*model.named_parameters(), ("default_styles", model.model.default_styles)]:
            size = 0.5 if value.dim() < 2 else value[0].numel() ** -0.5
            value.copy_(size * fixed_numbers(name, *value.shape))
        model.model.duration_predictor.output.bias.fill_(1.5)
    return model


IDS = torch.tensor([[2, 9, 17, 4, 30, 21, 3], [5, 11, 8, 3, 0, 0, 0]])
TOKENS = {"input_ids": IDS, "attention_mask": (IDS > 0).long(), "language_ids": torch.tensor([0, 1])}
DURATIONS = torch.tensor([[3, 1, 4, 0, 6, 2, 5], [2, 5, 3, 4, 0, 0, 0]])
FIXED = {**TOKENS, "durations": DURATIONS, "noise_scale": 0.0}
SKETCH = torch.tensor([[0.1, 0.9, float("nan"), 0.4, 0.3, 0.8, 0.2], [0.7] * 7])


def text(model: ValeTTSForSpeech) -> torch.Tensor:
    mask = TOKENS["attention_mask"].bool()
    languages = TOKENS["language_ids"][:, None].expand(-1, 7)
    return model.model.text_encoder(IDS, languages, fixed_numbers("style", 2, 8), mask)


def posterior(model: ValeTTSForSpeech) -> torch.Tensor:
    mask = length_mask(torch.tensor([9, 6]))
    found = model.model.posterior_encoder(fixed_numbers("mel", 2, 9, 100) * 3 - 5, fixed_numbers("style", 2, 8), mask)
    return torch.cat(found, dim=-1)


def decoded(model: ValeTTSForSpeech) -> torch.Tensor:
    pitch = torch.tensor([[5.0] * 5 + [0.0] * 4, [5.3] * 9])
    return model.decode(fixed_numbers("z", 2, 9, 8), pitch, fixed_numbers("style", 2, 8), torch.tensor([9, 6]))


def drawn(model: ValeTTSForSpeech) -> torch.Tensor:
    found = model.model(**FIXED, sketch_pitch=SKETCH, sketch_energy=SKETCH.flip(1), seed=3)
    return torch.stack([found.pitch, found.energy, found.gain])


PARTS = {
    "text": text,
    "style": lambda model: model.encode_style(fixed_numbers("mel", 2, 9, 100) * 3 - 5),
    "durations": lambda model: model.model(**TOKENS, noise_scale=0.0, seed=7).durations,
    "prosody": lambda model: torch.stack([model.model(**FIXED)[name] for name in ("pitch", "energy")]),
    "manner": lambda model: model.model(**FIXED, manner_style=fixed_numbers("manner", 2, 8)).pitch,
    "latents": lambda model: model.model(**{**FIXED, "noise_scale": 0.5}, seed=7).latents,
    "posterior": posterior,
    "decoded": decoded,
    "drawn": drawn,
}


def summary(values: torch.Tensor) -> list[float]:
    """Mean, mean size, and a mean whose weights differ from place to place."""
    values = values.detach().double().flatten()
    weighted = (values * torch.cos(torch.arange(len(values)))).mean()
    return [float(values.mean()), float(values.abs().mean()), float(weighted)]


NUMBERS = {
    "text": [-0.13665, 1.0464, 0.02037],
    "style": [-0.12747, 0.86155, -0.091365],
    "durations": [5.1429, 5.1429, -0.073051],
    "prosody": [1.9211, 2.4722, -0.021236],
    "manner": [2.3717, 2.3717, 0.079637],
    "latents": [-1.4215, 1.8982, 0.025673],
    "posterior": [0.79844, 1.3992, -0.015833],
    "decoded": [0.07044, 13.277, -0.043884],
    "drawn": [1.7164, 2.141, -0.022683],
}


@pytest.fixture(scope="module")
def model() -> ValeTTSForSpeech:
    return fixed_model()


@pytest.mark.parametrize("part", PARTS)
def test_the_networks_compute_what_checkpoints_were_trained_with(model, part):
    with torch.inference_mode():
        assert summary(PARTS[part](model)) == pytest.approx(NUMBERS[part], rel=1e-3, abs=1e-5)


if __name__ == "__main__":
    with torch.inference_mode():
        for part, compute in PARTS.items():
            print(f'    "{part}": [{", ".join(f"{number:.5g}" for number in summary(compute(fixed_model())))}],')
