"""Cleaning reference audio: one channel, one rate, no silence at the ends, one loudness, a bounded length.

Levels are measured on frames of 20 ms in dB below full scale (dBFS). "Loud" is the level that 0.2 s of the clip reach:
a click does not move it, and a short sentence in a long silence does. S samples, C channels, N level frames.
"""

import numpy as np


LEVEL_SECONDS = 0.02  # length of one level frame
SPEECH_RANGE = 40.0  # dB under the loud level that still count as speech when the ends are trimmed
ACTIVE_RANGE = 30.0  # dB under the loud level that count for the loudness
SILENT_PEAK = 1e-4  # -80 dBFS, about 3 steps of 16-bit audio
MAX_CHANNELS = 32


def as_float(samples: np.ndarray) -> np.ndarray:
    """Samples of any real type as float32, integers scaled so that full scale is 1.

    Raises:
        `TypeError`: the samples are not numbers (complex, text, objects, booleans).
    """
    kind = samples.dtype.kind
    if kind == "f":
        return samples.astype(np.float32)
    if kind == "i":
        return (samples / -float(np.iinfo(samples.dtype).min)).astype(np.float32)
    if kind == "u":  # unsigned audio (8-bit WAV) rests at half of the range
        half = (np.iinfo(samples.dtype).max + 1) / 2.0
        return ((samples - half) / half).astype(np.float32)
    raise TypeError(f"audio samples must be real numbers, got dtype {samples.dtype}: use float32 in [-1, 1] or int16.")


def as_channels(samples: np.ndarray) -> np.ndarray:
    """Samples with their channels last.

    Args:
        samples (`np.ndarray`): of shape `(S,)`, `(S, C)` or `(C, S)`: of two axes the shorter one is the channels.

    Returns:
        `np.ndarray` of shape `(S, C)`.

    Raises:
        `ValueError`: another number of axes, or more than 32 channels (which is rather a spectrogram or a batch).
    """
    if samples.ndim == 1:
        return samples[:, None]
    if samples.ndim != 2:
        raise ValueError(
            f"audio must have shape (samples,) or (channels, samples), got {samples.shape}: "
            "pass several clips as a list."
        )
    channels_last = samples if samples.shape[1] <= samples.shape[0] else samples.T
    if channels_last.shape[1] > MAX_CHANNELS:
        raise ValueError(
            f"audio of shape {samples.shape} would have {channels_last.shape[1]} channels, at most {MAX_CHANNELS} are "
            "taken: pass a waveform (not a spectrogram), and several clips as a list."
        )
    return channels_last


def check_samples(samples: np.ndarray) -> None:
    """Refuse audio without samples or with values that are not numbers.

    Raises:
        `ValueError`: empty, NaN or infinite; the message has the count and the first position.
    """
    if samples.size == 0:
        raise ValueError(f"the audio is empty (shape {samples.shape}): give at least 0.5 s of speech, best 5-6 s.")
    finite = np.isfinite(samples)
    if not finite.all():
        bad = np.argwhere(~finite)
        value, position = samples[tuple(bad[0])], int(bad[0][int(np.argmax(samples.shape))])
        raise ValueError(
            f"the audio has {len(bad)} samples that are NaN or infinite (first: {value} at sample {position}): "
            "repair it, for example with numpy.nan_to_num, or record it again."
        )


def mix_down(samples: np.ndarray) -> np.ndarray:
    """One channel out of many: the mean of the channels within 20 dB of the loudest one.

    Silent channels do not make the voice quieter, and where channels cancel each other (opposite polarity) the loudest
    one is taken alone.

    Args:
        samples (`np.ndarray` of shape `(S, C)`): float.

    Returns:
        `np.ndarray` of shape `(S,)`, float32, without constant offset.
    """
    samples = samples - samples.mean(axis=0, keepdims=True, dtype=np.float64).astype(np.float32)
    if samples.shape[1] == 1:
        return np.ascontiguousarray(samples[:, 0])
    power = np.square(samples, dtype=np.float64).mean(axis=0)
    used = power >= 0.01 * power.max()
    mono = samples[:, used].mean(axis=1)
    # independent channels keep 1 / C of their power on average; far less than that is cancellation
    if np.square(mono, dtype=np.float64).mean() < 0.25 * power[used].mean() / used.sum():
        mono = samples[:, int(power.argmax())]
    return np.ascontiguousarray(mono)


def resample(waveform: np.ndarray, sampling_rate: int, target_rate: int) -> np.ndarray:
    """Change the sampling rate (soxr, high quality).

    Args:
        waveform (`np.ndarray` of shape `(S,)`): float32.
        sampling_rate (`int`): its rate in Hz.
        target_rate (`int`): the wanted rate in Hz.

    Raises:
        `ImportError`: the rates differ and the `soxr` package is not installed.
    """
    if sampling_rate == target_rate:
        return waveform
    try:
        import soxr
    except ImportError as error:
        raise ImportError(
            f"audio at {sampling_rate} Hz must be resampled to {target_rate} Hz, which needs soxr: `pip install soxr`, "
            f"or pass audio at {target_rate} Hz."
        ) from error
    return soxr.resample(waveform, sampling_rate, target_rate, quality="HQ").astype(np.float32)


def frame_levels(waveform: np.ndarray, sampling_rate: int) -> np.ndarray:
    """Level of each 20 ms of a waveform (the last, shorter one included), apart from a constant offset.

    Returns:
        `np.ndarray` of shape `(N,)`, dBFS, at least -120.
    """
    size = max(1, round(LEVEL_SECONDS * sampling_rate))
    starts = np.arange(0, len(waveform), size)
    lengths = np.minimum(size, len(waveform) - starts)
    wide = np.asarray(waveform, dtype=np.float64)
    mean = np.add.reduceat(wide, starts) / lengths
    power = np.add.reduceat(np.square(wide), starts) / lengths
    return 10.0 * np.log10(np.maximum(power - np.square(mean), 0.0) + 1e-12)


def loud_level(levels: np.ndarray) -> float:
    """The level that 0.2 s of the clip reach or exceed (of shorter clips: their median)."""
    count = min(round(0.2 / LEVEL_SECONDS), (len(levels) + 1) // 2)
    return float(np.sort(levels)[-count])


def speech_bounds(waveform: np.ndarray, sampling_rate: int) -> tuple[int, int]:
    """First and last-plus-one sample of the speech, by level; clicks of less than 60 ms at the ends do not count.

    Returns:
        `(start, stop)` in samples; `(0, 0)` when there is none.
    """
    levels = frame_levels(waveform, sampling_rate)
    active = levels > loud_level(levels) - SPEECH_RANGE
    if len(active) >= 3:  # opening: only runs of at least three frames remain
        runs = active[:-2] & active[1:-1] & active[2:]
        active = np.zeros_like(active)
        for shift in range(3):
            active[shift : shift + len(runs)] |= runs
    found = np.flatnonzero(active)
    if len(found) == 0:
        return 0, 0
    size = max(1, round(LEVEL_SECONDS * sampling_rate))
    return int(found[0]) * size, min(len(waveform), (int(found[-1]) + 1) * size)


def most_speech_start(levels: np.ndarray, window: int) -> int:
    """Where the stretch with the most speech begins.

    Args:
        levels (`np.ndarray` of shape `(N,)`): frame levels in dBFS.
        window (`int`): wanted length in frames, at most N.

    Returns:
        `int`: index of the first frame. Of equally full stretches the louder one wins, then the earlier one.
    """
    loud = loud_level(levels)
    # one unit per active frame; the level adds less than one unit over the whole window
    score = (levels > loud - ACTIVE_RANGE).astype(np.float64)
    score += (np.clip(levels - loud, -ACTIVE_RANGE, 0.0) / ACTIVE_RANGE + 1.0) / (2.0 * window)
    total = np.concatenate([[0.0], np.cumsum(score)])
    return int(np.argmax(np.round(total[window:] - total[:-window], 6)))


def set_level(waveform: np.ndarray, sampling_rate: int, target_level: float) -> np.ndarray:
    """Scale a waveform so that its active parts have the wanted RMS level, unless its peaks would clip.

    Args:
        waveform (`np.ndarray` of shape `(S,)`): not silent.
        sampling_rate (`int`): in Hz.
        target_level (`float`): in dBFS.
    """
    levels = frame_levels(waveform, sampling_rate)
    active = levels[levels > loud_level(levels) - ACTIVE_RANGE]
    power = np.mean(10.0 ** (active / 10.0))
    gain = 10.0 ** (target_level / 20.0) / np.sqrt(power)
    gain = min(gain, 0.99 / float(np.abs(waveform).max()))
    return (waveform * np.float32(gain)).astype(np.float32)


def clipped_share(samples: np.ndarray) -> float:
    """Share of samples that sit on flat tops: three or more in a row at the clip's largest magnitude.

    Args:
        samples (`np.ndarray` of shape `(S, C)`): as recorded, before any filtering.
    """
    magnitude = np.abs(samples)
    top = magnitude >= magnitude.max() * (1.0 - 1e-4)
    if len(top) < 3:
        return 0.0
    flat = top[:-2] & top[1:-1] & top[2:]
    return float(flat.mean())
