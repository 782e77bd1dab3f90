"""What can be measured of a recording without knowing what is said in it.

Levels are in dB below full scale, on frames of 20 ms (`processing.audio_cleanup`). S samples, C channels.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from valetts_hf.processing.audio_cleanup import SPEECH_RANGE, clipped_share, frame_levels, loud_level


DIGITAL_SILENCE = -100.0  # dBFS; frames below hold no noise of a room
NOISE_PERCENTILE = 10.0
# The spectrum ends where it stays this far under its strongest part: deeper than the noise of a room, higher than what
# resampling and lossy coding leave above their cut.
BANDWIDTH_RANGE = 65.0
BANDWIDTH_BANDS = 128
_FFT = 2048


def measure(samples: np.ndarray, waveform: np.ndarray, sampling_rate: int) -> dict[str, Any]:
    """
    Measures of one clip as it was recorded.

    Args:
        samples (`np.ndarray` of shape `(S, C)`, float32): all channels.
        waveform (`np.ndarray` of shape `(S,)`, float32): the same mixed to one channel, without offset.
        sampling_rate (`int`): in Hz.

    Returns:
        `dict` of
        - `seconds`, `sampling_rate`, `channels`, `peak` (largest magnitude);
        - `clipped`: share of samples on flat tops at the largest magnitude, 0 if that is below -6 dBFS;
        - `level`: RMS of the active frames (within 40 dB of the loud ones);
        - `snr`: level of the active frames over that of the quietest tenth of the frames that are not digital silence,
          in dB; a lower bound for clips without a pause;
        - `silence`: share of frames that are not active; `edge_silence` and `longest_pause` in seconds;
        - `bandwidth`: where the spectrum ends, in Hz.
    """
    levels = frame_levels(waveform, sampling_rate)
    active = levels > loud_level(levels) - SPEECH_RANGE
    power = 10.0 ** (levels / 10.0)
    level = 10.0 * np.log10(power[active].mean()) if active.any() else -120.0
    room = levels[levels > DIGITAL_SILENCE]
    quiet = power[levels <= np.percentile(room, NOISE_PERCENTILE)] if len(room) else power
    noise = 10.0 * np.log10(max(quiet[quiet > 10.0 ** (DIGITAL_SILENCE / 10.0)].mean() if len(room) else 0.0, 1e-12))
    speaking = np.flatnonzero(active)
    before, after = (speaking[0], len(active) - 1 - speaking[-1]) if len(speaking) else (len(active), 0)
    pauses = np.diff(speaking) - 1 if len(speaking) > 1 else np.zeros(1)
    peak = float(np.abs(samples).max(initial=0.0))
    return {
        "seconds": round(len(waveform) / sampling_rate, 3),
        "sampling_rate": int(sampling_rate),
        "channels": int(samples.shape[1]),
        "peak": round(peak, 4),
        "clipped": round(clipped_share(samples), 5) if peak > 0.5 else 0.0,
        "level": round(float(level), 1),
        "snr": round(float(level - noise), 1),
        "silence": round(1.0 - float(active.mean()) if len(active) else 1.0, 3),
        "edge_silence": round(0.02 * float(before + after), 2),
        "longest_pause": round(0.02 * float(pauses.max()), 2),
        "bandwidth": int(bandwidth(waveform, sampling_rate)),
    }


def bandwidth(waveform: np.ndarray, sampling_rate: int) -> float:
    """
    Frequency at which the long-term spectrum of the louder half of a clip ends.

    Args:
        waveform (`np.ndarray` of shape `(S,)`, float).
        sampling_rate (`int`): in Hz.

    Returns:
        `float`: Hz, at most `sampling_rate / 2`; 0 for silence.
    """
    if len(waveform) < _FFT:
        waveform = np.pad(waveform, (0, _FFT - len(waveform)))
    windows = np.lib.stride_tricks.sliding_window_view(waveform, _FFT)[:: _FFT // 2]
    windows = windows[:: max(1, len(windows) // 400)]  # half a minute is enough to know
    energy = np.square(windows, dtype=np.float32).sum(axis=1)
    windows = windows[energy >= np.median(energy)]
    # A Hann window's side lobes fall fast enough not to fake a spectrum up to the Nyquist frequency.
    spectrum = np.square(np.abs(np.fft.rfft(windows * np.hanning(_FFT).astype(np.float32), axis=1))).mean(axis=0)
    bands = spectrum[1:].reshape(BANDWIDTH_BANDS, -1).mean(axis=1)
    if bands.max() <= 1e-12:
        return 0.0
    above = np.flatnonzero(bands > bands.max() * 10.0 ** (-BANDWIDTH_RANGE / 10.0))
    return float(above[-1] + 1) / BANDWIDTH_BANDS * sampling_rate / 2.0
