"""Pitch (log-F0) and energy contours, one value per spectrogram frame.

Frame `t` of every contour is centred at sample `(t + 0.5) * hop_length`, exactly like frame `t` of the log-mel
spectrogram (hop 256, no centre padding, 384 reflected samples on both sides), and `S` samples give `S // hop_length`
values.
"""

from __future__ import annotations

import numpy as np

from valetts_hf.voices.voicing import analyze_voicing


SAMPLING_RATE = 24_000
HOP_LENGTH = 256
WINDOW_LENGTH = 1024
# Adult and child readers; above 550 Hz DIO mostly reports first formants.
MIN_F0 = 60.0
MAX_F0 = 550.0
ENERGY_FLOOR = 1e-5
# Speech has a pitch in half to four fifths of its loud frames. With less than this DIO has failed, as it does where noise
# covers a weak fundamental: of 239 readers, seven had one in 1 to 6 %, and voices learnt from them whispered.
FEWEST_VOICED = 0.35
LOUD = 3.0  # logarithm of amplitude (26 dB) below the loudest tenth of the frames
# Where DIO hears a harmonic for the fundamental, its median is off by more than a reader's own medians differ between the
# trackers: of 221 readers it was more than 3 semitones off the median of four trackers for 18, Harvest for 6, the
# autocorrelation for none.
OTHER_LEVEL = 2.0 / 12.0 * np.log(2.0)


def extract_log_f0(
    waveform: np.ndarray,
    sampling_rate: int = SAMPLING_RATE,
    hop_length: int = HOP_LENGTH,
    min_f0: float = MIN_F0,
    max_f0: float = MAX_F0,
    method: str = "auto",
    outlier_octaves: float = 1.15,
) -> np.ndarray:
    """
    Natural logarithm of the fundamental frequency per frame, 0 where the frame is unvoiced.

    WORLD's DIO refined by StoneMask (Morise et al. 2009, 2010): about 0.01 seconds of computing per second of speech. Harvest
    (Morise 2017) is ten times slower and also calls the edges of voiced stretches voiced, but hears a weak fundamental
    under noise.

    Args:
        waveform (`np.ndarray` of shape `(S,)`): floating point samples in [-1, 1].
        sampling_rate (`int`): in Hz.
        hop_length (`int`): samples between frames.
        min_f0, max_f0 (`float`): search range in Hz.
        method (`str`): "dio", "harvest", or "auto": Harvest where DIO finds a pitch in hardly any loud frame, or where
            its median is further from that of the autocorrelation than Harvest's (for comparisons name one, so that both
            sides are measured alike).
        outlier_octaves (`float`): voiced frames further than this from the utterance's median (in octaves) are octave
            or formant errors; they become unvoiced.

    Returns:
        `np.ndarray` of shape `(S // hop_length,)`, float32: log(Hz), 0 = unvoiced.

    Raises:
        ValueError: waveform not one-dimensional, not floating point or not finite; unknown method; empty range.
    """
    import pyworld

    waveform = np.asarray(waveform)
    if waveform.ndim != 1:
        raise ValueError(f"waveform has shape {waveform.shape}; pass one channel of shape (S,)")
    if not np.issubdtype(waveform.dtype, np.floating):
        raise ValueError(f"waveform has dtype {waveform.dtype}; pass floating point samples in [-1, 1]")
    if not 0 < min_f0 < max_f0:
        raise ValueError(f"min_f0={min_f0} and max_f0={max_f0} are no range; 0 < min_f0 < max_f0 is needed")
    if not np.isfinite(waveform).all():
        raise ValueError("waveform has samples that are not finite; remove NaN and infinity first")
    frames = len(waveform) // hop_length
    if frames == 0:
        return np.zeros(0, dtype=np.float32)

    if method not in ("auto", "dio", "harvest"):
        raise ValueError(f"method={method!r} is unknown; use 'auto', 'dio' or 'harvest'")

    # WORLD centres value i at i * hop. With half a hop in front, value t + 1 sits at (t + 0.5) * hop of the original.
    half = hop_length // 2
    padded = np.pad(waveform.astype(np.float64), (half, 2 * hop_length))
    period = 1000.0 * hop_length / sampling_rate

    def log_of(f0: np.ndarray) -> np.ndarray:
        f0 = f0[1 : frames + 1]
        log_f0 = np.zeros(frames, dtype=np.float32)
        voiced = (f0 >= min_f0) & (f0 <= max_f0)
        if voiced.any():
            log_f0[voiced] = np.log(f0[voiced])
            distance = np.abs(log_f0 - np.median(log_f0[voiced]))
            log_f0[distance > outlier_octaves * np.log(2.0)] = 0.0
        return log_f0

    def by_dio() -> np.ndarray:
        coarse, times = pyworld.dio(padded, sampling_rate, min_f0, max_f0, frame_period=period)
        return log_of(pyworld.stonemask(padded, coarse, times, sampling_rate))

    def by_harvest() -> np.ndarray:
        return log_of(pyworld.harvest(padded, sampling_rate, min_f0, max_f0, frame_period=period)[0])

    if method == "dio":
        return by_dio()
    if method == "harvest":
        return by_harvest()
    log_f0 = by_dio()
    if _voiced_share(log_f0, waveform, hop_length) < FEWEST_VOICED:
        return by_harvest()
    level = analyze_voicing(waveform, sampling_rate).median_pitch
    if _level_error(log_f0, level) > OTHER_LEVEL:
        log_f0 = min(log_f0, by_harvest(), key=lambda track: _level_error(track, level))
    return log_f0


def _level_error(log_f0: np.ndarray, level: float) -> float:
    """Distance of the median to a level, in log-F0; 0 where either is missing."""
    voiced = log_f0[log_f0 > 0]
    return abs(float(np.median(voiced)) - level) if len(voiced) and np.isfinite(level) else 0.0


def _voiced_share(log_f0: np.ndarray, waveform: np.ndarray, hop_length: int) -> float:
    """Share of the loud frames that have a pitch; 1 for silence."""
    energy = extract_energy(waveform, hop_length)
    loud = (energy > np.percentile(energy, 90) - LOUD) & (energy > np.log(ENERGY_FLOOR))
    return float((log_f0[loud] > 0).mean()) if loud.any() else 1.0


def extract_energy(
    waveform: np.ndarray, hop_length: int = HOP_LENGTH, window_length: int = WINDOW_LENGTH
) -> np.ndarray:
    """
    Natural logarithm of the RMS of the samples around each frame, clamped from below at log(1e-5).

    Args:
        waveform (`np.ndarray` of shape `(S,)`): floating point samples in [-1, 1].
        hop_length, window_length (`int`): in samples; the window is a squared Hann window, as the spectrogram sees it.

    Returns:
        `np.ndarray` of shape `(S // hop_length,)`, float32.

    Raises:
        ValueError: waveform not one-dimensional.
    """
    waveform = np.asarray(waveform, dtype=np.float32)
    if waveform.ndim != 1:
        raise ValueError(f"waveform has shape {waveform.shape}; pass one channel of shape (S,)")
    frames = len(waveform) // hop_length
    if frames == 0:
        return np.zeros(0, dtype=np.float32)
    edge = (window_length - hop_length) // 2
    padded = np.pad(waveform, (edge, edge), mode="reflect" if len(waveform) > edge else "constant")
    windows = np.lib.stride_tricks.sliding_window_view(padded, window_length)[::hop_length][:frames]
    weights = np.hanning(window_length + 1)[:-1].astype(np.float32) ** 2
    power = np.square(windows) @ (weights / weights.sum())
    return np.log(np.maximum(np.sqrt(power), ENERGY_FLOOR)).astype(np.float32)
