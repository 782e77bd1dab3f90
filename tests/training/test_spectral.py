"""Spectral losses against torch.stft and their behaviour under scaling, shifting and autocast."""

import math

import pytest
import torch
from transformers.audio_utils import mel_filter_bank

from valetts_hf.training.spectral import (
    MagnitudePair,
    MultiScaleMelLoss,
    magnitude_spectrogram,
    multi_resolution_stft_loss,
)


def noise(seed, *shape):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed)) * 0.1


def stft_magnitude(waveform, length, hop):
    window = torch.hann_window(length)
    return torch.stft(waveform, length, hop, window=window, center=True, pad_mode="reflect", return_complex=True).abs()


def test_magnitudes_equal_torch_stft():
    waveform = noise(0, 2, 3000)
    for length, hop in ((32, 8), (256, 64), (1024, 256)):
        got = magnitude_spectrogram(waveform, torch.hann_window(length), hop)
        torch.testing.assert_close(got.transpose(1, 2), stft_magnitude(waveform, length, hop), atol=1e-5, rtol=1e-4)


def test_mel_loss_equals_a_plain_rewrite():
    predicted, target = noise(1, 2, 4096), noise(2, 2, 4096)
    windows, mels = (64, 512), (10, 80)
    expected = 0.0
    for length, bands in zip(windows, mels):
        bank = torch.from_numpy(
            mel_filter_bank(length // 2 + 1, bands, 0.0, 12000.0, 24000, norm="slaney", mel_scale="slaney")
        ).float()
        logs = [
            torch.log10((bank.T @ stft_magnitude(wave, length, length // 4)).clamp(min=1e-5))
            for wave in (predicted, target)
        ]
        expected += (logs[0] - logs[1]).abs().mean()
    loss = MultiScaleMelLoss(windows=windows, mels=mels)(predicted[:, None], target[:, None])
    torch.testing.assert_close(loss, expected, atol=1e-4, rtol=1e-4)


def test_mel_loss_is_zero_for_equal_and_known_for_scaled_signals():
    loss = MultiScaleMelLoss()
    waveform = noise(3, 1, 6000)
    assert loss(waveform, waveform).item() == 0.0
    # Ten times louder is exactly 1 in log10 at every scale (published setting: a few bands without any bin stay 0).
    expected = sum((getattr(loss, f"bank_{n}").sum(0) > 0).float().mean().item() for n in loss.windows)
    assert loss(waveform * 10, waveform).item() == pytest.approx(expected, rel=2e-3)
    assert loss.state_dict() == {}


def test_mel_loss_gradients_are_finite_and_reach_only_the_prediction():
    loss = MultiScaleMelLoss()
    predicted = torch.zeros(2, 1, 4096, requires_grad=True)  # digital silence: the hardest point for log and sqrt
    target = noise(4, 2, 1, 4096).requires_grad_()
    loss(predicted, target).backward()
    assert torch.isfinite(predicted.grad).all() and target.grad is None
    tone = (0.1 * torch.sin(torch.arange(4096) * 0.3))[None].requires_grad_()
    loss(tone, noise(5, 1, 4096)).backward()
    assert torch.isfinite(tone.grad).all() and tone.grad.abs().sum() > 0


def test_losses_stay_float32_under_autocast():
    loss = MultiScaleMelLoss()
    predicted, target = noise(6, 1, 4096), noise(7, 1, 4096)
    plain = loss(predicted, target)
    with torch.autocast("cpu", torch.bfloat16):
        mixed = loss(predicted, target)
        convergence, distance = multi_resolution_stft_loss(predicted, target)
    assert mixed.dtype == convergence.dtype == distance.dtype == torch.float32
    torch.testing.assert_close(mixed, plain)
    assert loss.bfloat16()(predicted, target).dtype == torch.float32


def test_multi_resolution_loss_of_scaled_signals():
    waveform = noise(8, 2, 1, 4096)
    convergence, distance = multi_resolution_stft_loss(waveform * 2, waveform)
    assert convergence.item() == pytest.approx(1.0, rel=1e-4)
    assert distance.item() == pytest.approx(math.log(2.0), rel=1e-3)
    convergence, distance = multi_resolution_stft_loss(waveform, waveform)
    assert convergence.item() == 0.0 and distance.item() == 0.0


def test_losses_share_the_magnitudes_they_have_in_common(monkeypatch):
    import valetts_hf.training.spectral as spectral

    predicted, target = noise(9, 2, 4096).requires_grad_(), noise(10, 2, 4096)
    mel_loss = MultiScaleMelLoss()
    expected = [mel_loss(predicted, target), *multi_resolution_stft_loss(predicted, target)]
    calls = []
    original = spectral.magnitude_spectrogram
    monkeypatch.setattr(spectral, "magnitude_spectrogram", lambda *a: calls.append(a) or original(*a))
    pair = MagnitudePair(predicted, target)
    got = [mel_loss(pair), *multi_resolution_stft_loss(pair)]
    assert got == expected and len(calls) == 2 * 7  # the three resolutions of the second are among the seven
    gradients = [torch.autograd.grad(sum(losses), predicted)[0] for losses in (got, expected)]
    torch.testing.assert_close(*gradients)


def test_bad_arguments_are_refused():
    with pytest.raises(ValueError, match="must pair up"):
        MultiScaleMelLoss(windows=(64, 128), mels=(10,))
    with pytest.raises(ValueError, match="multiples of 4"):
        MultiScaleMelLoss(windows=(30,), mels=(10,))
    with pytest.raises(ValueError, match="`eps` must be > 0"):
        MultiScaleMelLoss(eps=0.0)
    loss = MultiScaleMelLoss()
    with pytest.raises(ValueError, match="too short for a window of 2048"):
        loss(torch.zeros(1, 1024), torch.zeros(1, 1024))
    with pytest.raises(ValueError, match="must have one shape"):
        loss(torch.zeros(1, 4096), torch.zeros(1, 4095))
    with pytest.raises(ValueError, match=r"\[B, 1, S\] or \[B, S\]"):
        loss(torch.zeros(1, 2, 4096), torch.zeros(1, 2, 4096))
