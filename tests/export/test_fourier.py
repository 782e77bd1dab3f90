"""The Fourier transform as matrix products is the Fourier transform."""

from __future__ import annotations

import pytest
import torch

from valetts_hf.export.fourier import RealFourier


@pytest.mark.parametrize("length", [4, 6, 30, 1024])
def test_equals_rfft_and_irfft(length):
    frames = torch.randn(3, 5, length, generator=torch.Generator().manual_seed(0))
    fourier = RealFourier(length)
    real, imaginary = fourier(frames)
    wanted = torch.fft.rfft(frames.double())
    torch.testing.assert_close(real.double(), wanted.real, atol=1e-5 * length**0.5, rtol=1e-5)
    inner = imaginary.shape[-1]
    torch.testing.assert_close(imaginary.double(), wanted.imag[..., :inner], atol=1e-5 * length**0.5, rtol=1e-5)
    torch.testing.assert_close(fourier.inverse(real, imaginary), frames, atol=1e-5, rtol=1e-5)


def test_imaginary_parts_of_the_ends_do_not_count():
    fourier = RealFourier(8)
    real, imaginary = torch.randn(2, 5), torch.randn(2, 5)
    wanted = torch.fft.irfft(torch.complex(real, imaginary))
    torch.testing.assert_close(fourier.inverse(real, imaginary), wanted)


@pytest.mark.parametrize("length", [2, 7])
def test_refuses_other_lengths(length):
    with pytest.raises(ValueError, match=f"even number of at least 4 samples, got {length}"):
        RealFourier(length)
