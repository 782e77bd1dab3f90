"""The constant-Q transform against its definition and librosa's, and the discriminator that reads it."""

import numpy as np
import pytest
import torch

from valetts_hf.training.constant_q import LOWEST_NOTE, ConstantQ
from valetts_hf.training.constant_q_discriminator import ConstantQDiscriminator
from valetts_hf.training.discriminators import Discriminator, DiscriminatorConfig


def transformed(waveform: np.ndarray, *settings, **options) -> np.ndarray:
    """Complex bins [K, W]."""
    parts = ConstantQ(*settings, **options)(torch.from_numpy(waveform)[None])[0]
    return torch.complex(*parts).numpy().T


def by_definition(waveform: np.ndarray, rate: int, hop: int, bins: int, k: int) -> np.ndarray:
    """Bin k of all frames: correlation with a windowed complex tone, in float64."""
    frequency = LOWEST_NOTE * 2 ** (k / bins)
    length = (2 ** (2 / bins) + 1) / (2 ** (2 / bins) - 1) * rate / frequency
    time = np.arange(-int(length / 2) - 1, int(length / 2) + 2)
    window = np.where(np.abs(time) <= length / 2, 0.5 + 0.5 * np.cos(2 * np.pi * time / length), 0.0)
    kernel = window / window.sum() * np.exp(-2j * np.pi * frequency * time / rate) * np.sqrt(length)
    padded = np.pad(waveform, len(time) // 2)
    return np.array([padded[start : start + len(time)] @ kernel for start in range(0, len(waveform) + 1, hop)])


@pytest.mark.parametrize(("hop", "octaves", "bins"), [(512, 7, 24), (256, 8, 36), (128, 3, 5)])
def test_equals_its_definition(hop, octaves, bins):
    waveform = np.random.default_rng(0).standard_normal(9001)
    got = transformed(waveform, 24000, hop, octaves, bins)
    assert got.shape == (octaves * bins, 9001 // hop + 1)
    for k in range(0, octaves * bins, 7):
        wanted = by_definition(waveform, 24000, hop, bins, k)
        assert np.linalg.norm(got[k] - wanted) < 2e-4 * np.linalg.norm(wanted), k


@pytest.mark.parametrize("bins", [24, 36, 48])
@pytest.mark.filterwarnings("ignore:n_fft=")
def test_equals_librosa(bins):
    librosa = pytest.importorskip("librosa")
    noise = np.random.default_rng(0).standard_normal(12000)
    waveform = np.pad(noise * np.hanning(12000), 9000).astype(np.float32)
    got = transformed(waveform, 24000, 256, 8, bins)
    wanted = librosa.cqt(
        waveform,
        sr=24000,
        hop_length=256,
        fmin=LOWEST_NOTE,
        n_bins=8 * bins,
        bins_per_octave=bins,
        tuning=0.0,
        sparsity=0.0,
        pad_mode="constant",
    )
    # librosa rounds the lengths of its windows and loses what rings beyond the ends of decimated signals
    assert np.linalg.norm(got - wanted) < 0.02 * np.linalg.norm(wanted)
    assert np.linalg.norm(np.abs(got) - np.abs(wanted)) < 0.015 * np.linalg.norm(wanted)


def test_oversampling_reaches_the_end_of_the_band():
    time = np.arange(12000) / 24000
    frequency = LOWEST_NOTE * 2 ** (8 + 10 / 24)  # 11.2 kHz
    got = np.abs(transformed(np.sin(2 * np.pi * frequency * time), 24000, 512, 9, 24, oversample=True))
    assert got.shape == (216, 24000 // 512 + 1)
    assert (got[:, 5:-5].argmax(axis=0) == 8 * 24 + 10).all()
    low = 200.0  # what lies within the band is the same as without
    tone = np.sin(2 * np.pi * low * time)
    plain = transformed(tone, 24000, 256, 6, 24)
    raised = transformed(tone, 24000, 512, 6, 24, oversample=True)
    middle = slice(10, 30)
    strongest = np.abs(plain[:, 20]).argmax()
    np.testing.assert_allclose(
        raised[strongest, middle] / np.sqrt(2), plain[strongest, middle], rtol=0.01
    )  # the scale counts samples of a window


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ((24000, 100, 7, 24), "`hop_length` must be a multiple of 64 .7 octaves., got 100"),
        ((24000, 512, 9, 24), "the highest bin, 16267 Hz, does not fit a sampling rate of 24000 Hz"),
        ((24000, 512, 0, 24), "`octaves` and `bins` must be at least 1, got 0 and 24"),
    ],
)
def test_bad_settings_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        ConstantQ(*settings)


def test_discriminator_judges_rows_alone_and_hands_gradients_back():
    torch.manual_seed(0)
    member = ConstantQDiscriminator(24000, 256, 9, 12, channels=4)
    waveform = (0.1 * torch.randn(3, 4096)).requires_grad_()
    scores, maps = member(waveform)
    assert scores.shape[0] == 3 and len(maps) == 5 and maps[0].shape == (3, 4, 33, 108)
    alone, _ = member(waveform[1:2])
    torch.testing.assert_close(alone, scores[1:2], atol=1e-5, rtol=1e-4)
    scores.square().sum().backward()
    assert torch.isfinite(waveform.grad).all() and waveform.grad.abs().sum() > 0
    assert all(parameter.grad is not None for parameter in member.parameters())


def test_is_a_member_among_the_others():
    config = DiscriminatorConfig(
        periods=(2,), period_channels=(4, 4), resolutions=(), constant_q=((256, 9, 12),), constant_q_channels=4
    )
    scores, maps = Discriminator(config)(0.1 * torch.randn(2, 1, 3000))
    assert len(scores) == 2 and [len(layers) for layers in maps] == [2, 5]
    with torch.autocast("cpu", torch.bfloat16):
        scores, _ = Discriminator(config)(0.1 * torch.randn(2, 3000))
    assert all(torch.isfinite(score).all() for score in scores)
