"""Effects on batches of waveforms, each row with its own parameters: gain, noise, rooms, band limits, codecs.

Pure functions of tensors on any device; random fields come from a generator of that device.
K rows, S samples, L samples of an impulse response, Q frequency bins.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from valetts_hf.processing.audio_cleanup import resample


CEILING = 0.999  # no effect lifts a peak above this
LOWEST_HZ = 40.0  # below, coloured noise is flat
EARLY_SECONDS = 0.0025  # gap between the direct sound and the first reflection of a synthetic room


def row_power(waveform: Tensor, count: Tensor) -> Tensor:
    """Mean square [K] of rows [K, S] of which `count` [K] samples are speech and the others zero."""
    return waveform.square().sum(1) / count.clamp(min=1)


def limit_peak(waveform: Tensor) -> Tensor:
    """Rows [K, S] whose peak is above full scale, scaled down to just below it."""
    peak = waveform.abs().amax(1, keepdim=True)
    return waveform * (CEILING / peak.clamp(min=CEILING))


def apply_gain(waveform: Tensor, gain_db: Tensor) -> Tensor:
    """Rows [K, S] by gains [K] in dB, less where a peak would leave full scale."""
    return limit_peak(waveform * (10.0 ** (gain_db / 20.0))[:, None].to(waveform.dtype))


def band_limit(waveform: Tensor, cutoff_hz: Tensor, sampling_rate: int) -> Tensor:
    """Rows [K, S] without what lies above `cutoff_hz` [K]; half-cosine slope of 10 % of the cutoff around it, no delay."""
    size = waveform.shape[1]
    spectrum = torch.fft.rfft(waveform)
    frequency = torch.linspace(0, 0.5 * sampling_rate * (size // 2 * 2) / size, size // 2 + 1, device=waveform.device)
    position = ((frequency / cutoff_hz[:, None].to(frequency.dtype) - 0.95) / 0.1).clamp(0, 1)
    return torch.fft.irfft(spectrum * (0.5 + 0.5 * torch.cos(torch.pi * position)), n=size)


def coloured_noise(rows: int, size: int, slope: Tensor, sampling_rate: int, generator: torch.Generator) -> Tensor:
    """Noise [K, S] of unit power whose power spectrum falls as 1 / f^slope [K] above 40 Hz."""
    white = torch.randn(rows, size, generator=generator, device=generator.device)
    frequency = torch.linspace(0, 0.5 * sampling_rate, size // 2 + 1, device=white.device).clamp(min=LOWEST_HZ)
    spectrum = torch.fft.rfft(white) * (frequency / LOWEST_HZ) ** (-0.5 * slope[:, None].to(white.dtype))
    noise = torch.fft.irfft(spectrum, n=size)
    return noise * torch.rsqrt(noise.square().mean(1, keepdim=True))


def add_noise(waveform: Tensor, noise: Tensor, snr_db: Tensor, count: Tensor) -> Tensor:
    """Rows [K, S] plus noise of unit power at a signal-to-noise ratio [K] over their `count` [K] samples of speech."""
    level = torch.sqrt(row_power(waveform, count) * 10.0 ** (-snr_db / 10.0))
    return waveform + noise * level[:, None].to(waveform.dtype)


def synthetic_rooms(t60: Tensor, drr_db: Tensor, size: int, sampling_rate: int, generator: torch.Generator) -> Tensor:
    """Impulse responses [K, L]: a direct sound of 1 and a decaying noise tail.

    Statistical model of a diffuse field (Polack 1988): Gaussian noise under an exponential envelope.

    Args:
        t60 (`Tensor` [K]): seconds in which the tail falls by 60 dB.
        drr_db (`Tensor` [K]): energy of the direct sound over that of the tail, in dB.
        size (`int`): L.
    """
    time = torch.arange(size, device=generator.device) / sampling_rate
    tail = torch.randn(len(t60), size, generator=generator, device=generator.device)
    tail = tail * torch.exp(-6.9078 * time / t60[:, None].to(tail.dtype)) * (time >= EARLY_SECONDS)
    energy = tail.square().sum(1, keepdim=True).clamp(min=1e-12)
    rooms = tail * torch.sqrt(10.0 ** (-drr_db[:, None].to(tail.dtype) / 10.0) / energy)
    rooms[:, 0] = 1.0
    return rooms


def convolve(waveform: Tensor, responses: Tensor) -> Tensor:
    """Rows [K, S] through impulse responses [K, L], cut to S samples, each row as loud as before."""
    size = -(-(waveform.shape[1] + responses.shape[1]) // 1024) * 1024  # a size FFTs like
    wet = torch.fft.irfft(torch.fft.rfft(waveform, n=size) * torch.fft.rfft(responses, n=size), n=size)
    wet = wet[:, : waveform.shape[1]]
    before, after = waveform.square().sum(1, keepdim=True), wet.square().sum(1, keepdim=True)
    return wet * torch.sqrt(before / after.clamp(min=1e-12))


def degrade_like_codec(
    waveform: Tensor, cutoff_hz: Tensor, depth_db: Tensor, bits: Tensor, sampling_rate: int
) -> Tensor:
    """Rows [K, S] as a low-rate codec leaves them: band limit, spectral holes, coarse mu-law samples.

    Args:
        cutoff_hz (`Tensor` [K]): nothing above is left.
        depth_db (`Tensor` [K]): bins this far below the loudest of their frame are dropped.
        bits (`Tensor` [K]): mu-law samples keep 2^bits levels.
    """
    window = torch.hann_window(512, device=waveform.device)
    spectrum = torch.stft(waveform, 512, 128, window=window, return_complex=True)  # [K, Q, frames]
    magnitude = spectrum.abs()
    floor = magnitude.amax(1, keepdim=True) * (10.0 ** (-depth_db / 20.0))[:, None, None].to(magnitude.dtype)
    size = waveform.shape[1]
    kept = torch.istft(spectrum * (magnitude >= floor), 512, 128, window=window, length=size)
    # after the holes, whose edges would leak over the limit; the levels come last, as in a telephone
    kept = limit_peak(band_limit(kept, cutoff_hz, sampling_rate))
    compressed = torch.sign(kept) * torch.log1p(255.0 * kept.abs()) / np.log(256.0)
    levels = (2.0 ** (bits[:, None].to(kept.dtype) - 1.0)).round()
    compressed = torch.round(compressed * levels) / levels
    return torch.sign(compressed) * torch.expm1(compressed.abs() * np.log(256.0)) / 255.0


def load_rooms(folder: str | Path, size: int, sampling_rate: int) -> Tensor:
    """Recorded impulse responses [N, L], float32: every wav and flac of a folder, direct sound first and of height 1.

    Raises:
        ValueError: no such folder, no file in it, or a file that cannot be read or is silent (named).
    """
    import soundfile

    paths = sorted(path for path in Path(folder).glob("*") if path.suffix.lower() in (".wav", ".flac"))
    if not paths:
        raise ValueError(f"augmentation.room: folder {str(folder)!r} has no .wav or .flac file of a room")
    rooms = torch.zeros(len(paths), size)
    for row, path in zip(rooms, paths, strict=True):
        try:
            audio, rate = soundfile.read(path, dtype="float32", always_2d=True)
        except (soundfile.LibsndfileError, OSError) as error:
            raise ValueError(f"augmentation.room: {str(path)!r} cannot be read as audio: {error}") from error
        response = torch.from_numpy(resample(np.ascontiguousarray(audio.mean(axis=1)), rate, sampling_rate))
        if not len(response) or not torch.isfinite(response).all() or not response.any():
            raise ValueError(f"augmentation.room: {str(path)!r} is silent or not finite; take it out of the folder")
        direct = int(response.abs().argmax())
        response = response[direct : direct + size] / response[direct]
        row[: len(response)] = response
    return rooms
