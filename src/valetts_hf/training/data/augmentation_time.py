"""Speed, pitch and formants of batches of speech, each row by its own factors.

`read_at` plays a signal at fractional positions (FFT oversampling, then linear interpolation). `change_voice` is
pitch-synchronous overlap-add (TD-PSOLA, Moulines and Charpentier 1990), driven by the pitch contour that the corpus has
anyway: periods are repeated or left out to move the pitch, and each is stretched to move the formants, so that nothing
else about the timing changes. It gathers for every output sample the four periods around it: no loop over periods or rows.
K rows, S samples, N positions, F frames.
"""

from __future__ import annotations

import torch
from torch import Tensor

from valetts_hf.modeling.source import continuous_pitch


OVERSAMPLING = 4
CONTEXT_FRAMES = 6  # frames on each side of a window that are computed and cut off again
_SMOOTHING = 401  # samples of the averaging that isolates the fundamental (two passes: nothing beyond 60 Hz beside it)
_HIGHEST_F0 = 1200.0  # Hz; bounds the number of periods in a window, shifted ones included


def oversample(waveform: Tensor, cutoff: Tensor) -> Tensor:
    """Rows [K, S] at `OVERSAMPLING` times their rate, [K, OVERSAMPLING * S]; above `cutoff` [K] x Nyquist nothing is left."""
    size = waveform.shape[1]
    spectrum = torch.fft.rfft(waveform)
    bins = torch.linspace(0, 1, spectrum.shape[1], device=waveform.device)
    keep = ((cutoff[:, None].to(bins.dtype) - bins) * 50.0 + 1.0).clamp(0, 1)
    return torch.fft.irfft(spectrum * keep, n=OVERSAMPLING * size) * OVERSAMPLING


def _interpolate(oversampled: Tensor, positions: Tensor) -> Tensor:
    """Values [K, N] of an oversampled signal at positions [K, N] counted in samples of the original."""
    positions = (positions * OVERSAMPLING).clamp(0, oversampled.shape[1] - 2)
    left = positions.floor()
    share = (positions - left).to(oversampled.dtype)
    left = left.long()
    return torch.lerp(oversampled.gather(1, left), oversampled.gather(1, left + 1), share)


def read_at(waveform: Tensor, positions: Tensor, speed: Tensor) -> Tensor:
    """Values [K, N] of rows [K, S] at fractional positions [K, N] that advance by `speed` [K] a step, without aliasing."""
    return _interpolate(oversample(waveform, 1.0 / speed.clamp(min=1.0)), positions)


def locked_phase(waveform: Tensor, frequency: Tensor, sampling_rate: int) -> Tensor:
    """Cycles [K, S] (float64, never falling) that are whole where the fundamental of the waveform peaks.

    The running sum of `frequency` [K, S] (Hz) is corrected by the phase of the waveform against it, so that errors of
    the pitch contour do not add up, and every period is marked at the same place.
    """
    phase = torch.cumsum(frequency.double() / sampling_rate, dim=1)
    angle = (2 * torch.pi * (phase - phase.floor())).to(waveform.dtype)
    both = torch.stack([waveform * torch.cos(angle), -waveform * torch.sin(angle)], dim=1).double()
    for _ in range(2):  # moving sums
        both = torch.nn.functional.pad(both, (_SMOOTHING // 2 + 1, _SMOOTHING // 2)).cumsum(2)
        both = both[:, :, _SMOOTHING:] - both[:, :, :-_SMOOTHING]
    offset = torch.atan2(both[:, 1], both[:, 0]) / (2 * torch.pi)
    change = offset.diff(dim=1)
    change = change - change.round()
    offset = torch.cat([offset[:, :1], offset[:, :1] + change.cumsum(1)], dim=1)
    phase = torch.cummax(phase + offset, dim=1).values
    return phase - phase[:, :1].floor()


def change_voice(waveform: Tensor, log_f0: Tensor, pitch: Tensor, formant: Tensor, sampling_rate: int) -> Tensor:
    """Rows with pitch and formants moved; durations, level and unvoiced timing stay.

    Args:
        waveform (`Tensor` [K, S]): S a multiple of F.
        log_f0 (`Tensor` [K, F]): contour, 0 = unvoiced; frame t is centred at sample (t + 1/2) * S / F.
        pitch (`Tensor` [K]): factor on F0, in [0.7, 1.42].
        formant (`Tensor` [K]): factor on the frequencies of the spectral envelope, in [0.75, 1.33].

    Returns:
        `Tensor` [K, S]. Factors of 1 give the waveform back up to the interpolation.
    """
    rows, size = waveform.shape
    frequency, voiced = continuous_pitch(log_f0.float())
    both = torch.stack([frequency, voiced.float()], dim=1)
    both = torch.nn.functional.interpolate(both, scale_factor=size // log_f0.shape[1], mode="linear")
    frequency, voiced = both[:, 0].contiguous(), both[:, 1] > 0.5
    phase = locked_phase(waveform, frequency, sampling_rate)
    advance = torch.cat([phase[:, :1], phase.diff(dim=1)], dim=1)
    shifted = torch.cumsum(advance * torch.where(voiced, pitch[:, None].double(), 1.0), dim=1)

    # mark i of a row: the sample where the shifted phase passes i; its period is taken from the nearest recorded one
    numbers = torch.arange(int(size * _HIGHEST_F0 / sampling_rate) + 4, device=waveform.device, dtype=torch.float64)
    marks = torch.searchsorted(shifted, numbers.expand(rows, -1).contiguous()).clamp(max=size - 1)
    recorded = torch.searchsorted(phase, phase.gather(1, marks).round()).clamp(max=size - 1)
    recorded = torch.where(voiced.gather(1, marks), recorded, marks)
    period = sampling_rate / frequency.gather(1, marks)

    oversampled = oversample(waveform, 1.0 / formant.clamp(min=1.0))
    sample = torch.arange(size, device=waveform.device)[None]
    here = shifted.floor().long()
    total, weights = torch.zeros_like(waveform), torch.zeros_like(waveform)
    for neighbour in (-1, 0, 1, 2):
        mark = (here + neighbour).clamp(0, len(numbers) - 1)
        distance = (sample - marks.gather(1, mark)).to(waveform.dtype)
        reach = (distance / period.gather(1, mark)).clamp(-1, 1)
        weight = 0.5 + 0.5 * torch.cos(torch.pi * reach)
        grain = _interpolate(oversampled, recorded.gather(1, mark) + distance.double() * formant[:, None])
        total, weights = total + weight * grain, weights + weight
    return torch.where(weights > 1e-2, total / weights.clamp(min=1e-2), waveform)
