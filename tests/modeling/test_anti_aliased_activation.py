"""Anti-aliased SnakeBeta: every way to compute it against a plain float64 rewrite, any length, and its gradients."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from valetts_hf.modeling import anti_aliased_polyphase
from valetts_hf.modeling.anti_aliased_activation import (
    PATHS,
    AntiAliasedSnakeBeta,
    activation_path,
    anti_aliased_snake,
    choose_path,
)
from valetts_hf.modeling.resampling_filter import RECEPTIVE_FIELD, TAPS, kaiser_sinc_filter


# 1..12 are shorter than the filter; the rest sits around powers of two.
LENGTHS = [*range(1, 13), 31, 32, 33, 127, 1000, 4097]


def direct(x: np.ndarray, alpha: np.ndarray, beta: np.ndarray) -> np.ndarray:
    """The equations sample by sample, float64: x [B, C, S], alpha and beta [C] as they act (no logarithms)."""
    batch, channels, samples = x.shape
    taps = kaiser_sinc_filter(0.25, 0.3, 12)
    stuffed = np.zeros((batch, channels, 2 * (samples + 10)))
    stuffed[..., ::2] = np.pad(x, ((0, 0), (0, 0), (5, 5)), mode="edge")
    up = np.stack([2 * np.convolve(row, taps) for row in stuffed.reshape(-1, stuffed.shape[-1])])
    up = up[:, 15 : 15 + 2 * samples].reshape(batch, channels, -1)
    active = up + np.sin(alpha[:, None] * up) ** 2 / (beta[:, None] + 1e-9)
    active = np.pad(active, ((0, 0), (0, 0), (5, 6)), mode="edge")
    windows = np.lib.stride_tricks.sliding_window_view(active, 12, axis=-1)[..., ::2, :]
    return windows @ taps


def made(batch: int, channels: int, samples: int, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(batch, channels, samples, generator=generator, dtype=torch.float64)
    alpha, beta = torch.randn(2, channels, generator=generator, dtype=torch.float64) / 2
    return x, alpha, beta


def test_filter_is_a_low_pass():
    taps = np.array(TAPS)
    assert taps.sum() == pytest.approx(1, abs=1e-6) and np.allclose(taps, taps[::-1])
    response = np.abs(np.fft.rfft(taps, 512))
    assert response[:64].min() > 0.9 and response[-64:].max() < 0.02  # of the doubled rate: pass 1/4, stop from 3/4


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("samples", LENGTHS)
def test_equals_the_equations(path: str, samples: int):
    x, alpha, beta = made(2, 3, samples)
    expected = direct(x.numpy(), alpha.exp().numpy(), beta.exp().numpy())
    with activation_path(path):
        # the taps of published checkpoints are float32
        np.testing.assert_allclose(anti_aliased_snake(x, alpha, beta), expected, atol=2e-7)
        single = anti_aliased_snake(x.float(), alpha.float(), beta.float())
        np.testing.assert_allclose(single, expected, atol=5e-6)


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_rounds_once(path: str, dtype: torch.dtype):
    x, alpha, beta = (tensor.to(dtype) for tensor in made(1, 4, 65))
    expected = anti_aliased_snake(x.double(), alpha.double(), beta.double())
    with activation_path(path):
        result = anti_aliased_snake(x, alpha, beta)
    assert result.dtype == dtype
    torch.testing.assert_close(result.double(), expected, rtol=torch.finfo(dtype).eps, atol=1e-5)


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("samples", [1, 2, 3, 9])
def test_gradients(path: str, samples: int):
    inputs = [tensor.requires_grad_() for tensor in made(2, 2, samples)]
    with activation_path(path):
        assert torch.autograd.gradcheck(anti_aliased_snake, inputs)


def test_second_derivative_in_place():
    with activation_path("in_place"):
        assert torch.autograd.gradgradcheck(anti_aliased_snake, [tensor.requires_grad_() for tensor in made(1, 2, 5)])


@pytest.mark.parametrize("trained", range(3))
def test_second_derivative_in_place_where_only_one_input_has_a_gradient(trained: int):
    inputs = made(1, 2, 5)
    inputs[trained].requires_grad_()
    with activation_path("in_place"):
        assert torch.autograd.gradgradcheck(anti_aliased_snake, inputs)


def test_groups_and_stretches_change_nothing(monkeypatch: pytest.MonkeyPatch):
    """Rows longer than the cache are cut, shorter ones taken together."""
    x, alpha, beta = made(3, 5, 101)
    expected = anti_aliased_snake(x, alpha, beta)
    for cached in (1, 17, 150, 404):
        monkeypatch.setattr(anti_aliased_polyphase, "CACHED_SAMPLES", cached)
        torch.testing.assert_close(anti_aliased_snake(x, alpha, beta), expected, rtol=0, atol=1e-14)


@pytest.mark.parametrize("path", PATHS)
def test_strides_do_not_matter(path: str):
    x, alpha, beta = made(2, 4, 40)
    with activation_path(path):
        expected = anti_aliased_snake(x, alpha, beta)
        turned = x.transpose(1, 2).contiguous().transpose(1, 2)
        torch.testing.assert_close(anti_aliased_snake(turned, alpha, beta), expected, rtol=0, atol=1e-14)
        every_second = torch.stack([x, x], dim=-1).flatten(2)[..., ::2]
        torch.testing.assert_close(anti_aliased_snake(every_second, alpha, beta), expected, rtol=0, atol=1e-14)


def test_receptive_field_is_exact():
    x, alpha, beta = made(1, 1, 64)
    changed = x.clone()
    changed[..., 32] += 1
    moved = (anti_aliased_snake(changed, alpha, beta) != anti_aliased_snake(x, alpha, beta)).nonzero()[:, -1]
    assert (moved.min(), moved.max()) == (32 - RECEPTIVE_FIELD, 32 + RECEPTIVE_FIELD)


def test_layer_variants():
    x = made(1, 3, 20)[0].float()
    logarithmic, plain = AntiAliasedSnakeBeta(3), AntiAliasedSnakeBeta(3, logscale=False)
    torch.testing.assert_close(logarithmic(x), plain(x))  # both start at one
    snake = AntiAliasedSnakeBeta(3, separate_beta=False)
    assert dict(snake.named_parameters()).keys() == {"alpha"}
    with torch.no_grad():
        snake.alpha.fill_(0.7)
        logarithmic.alpha.fill_(0.7)
        logarithmic.beta.fill_(0.7)
    torch.testing.assert_close(snake(x), logarithmic(x))
    assert "3, logscale=True, separate_beta=False" in repr(snake)
    assert not dict(snake.named_buffers()), "nothing that loading from a checkpoint would have to restore"


def test_autocast_does_not_lower_the_arithmetic():
    x, alpha, beta = (tensor.float() for tensor in made(1, 2, 50))
    for path in PATHS:
        with activation_path(path):
            expected = anti_aliased_snake(x, alpha, beta)
            with torch.autocast("cpu", dtype=torch.bfloat16):
                torch.testing.assert_close(anti_aliased_snake(x, alpha, beta), expected, rtol=0, atol=0)


def test_constants_made_in_inference_mode_serve_training():
    x, alpha, beta = made(1, 2, 8)
    with activation_path("reference"):
        with torch.inference_mode():
            anti_aliased_snake(x, alpha, beta)
        anti_aliased_snake(x.requires_grad_(), alpha, beta).sum().backward()
    assert x.grad is not None


def test_compiled_and_exported():
    layer = AntiAliasedSnakeBeta(3)
    x = made(1, 3, 30)[0].float()
    with torch.no_grad():
        expected = layer(x)
        compiled = torch.compile(layer, backend="eager", fullgraph=True)
        torch.testing.assert_close(compiled(x), expected)
        exported = torch.export.export(layer, (x,)).module()
        torch.testing.assert_close(exported(x), expected)


def test_path_is_chosen_in_one_place():
    x = torch.zeros(1, 1, 1)
    assert choose_path(x) == "in_place" and choose_path(x.to("meta")) == "reference"
    with activation_path("polyphase"):
        assert choose_path(x) == "polyphase"
        with activation_path(None):
            assert choose_path(x) == "in_place"
    with pytest.raises(ValueError, match="reference, polyphase, in_place, got 'fast'"), activation_path("fast"):
        pass


@pytest.mark.parametrize("shape", [(3, 8), (1, 2, 8), (1, 3, 0)])
def test_wrong_shapes_are_refused(shape: tuple[int, ...]):
    with pytest.raises(ValueError, match=r"\[batch, 3, samples\] with at least one sample, got \("):
        AntiAliasedSnakeBeta(3)(torch.zeros(shape))
