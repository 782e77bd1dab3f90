"""The low-pass filter of anti-aliased activations: a Kaiser-windowed sinc (BigVGAN, arXiv 2206.04658; StyleGAN3, 2106.12423).

One filter of 12 taps serves both ways, upsampling by two and downsampling by two. S samples, q a sample of the input.
"""

import math

import numpy as np


RATIO = 2
NUM_TAPS = 12
# A sample of the activation's result sees this many input samples on each side.
RECEPTIVE_FIELD = 5


def kaiser_sinc_filter(cutoff: float, half_width: float, num_taps: int) -> np.ndarray:
    """Low-pass filter of an even number of taps, normalised to a sum of one.

    Args:
        cutoff (`float`): in cycles per sample, (0, 0.5].
        half_width (`float`): half the width of the transition band, in cycles per sample.
        num_taps (`int`): even.

    Returns:
        `np.ndarray` of shape [num_taps], float64.
    """
    attenuation = 2.285 * (num_taps // 2 - 1) * math.pi * 4 * half_width + 7.95
    if attenuation > 50:
        beta = 0.1102 * (attenuation - 8.7)
    elif attenuation >= 21:
        beta = 0.5842 * (attenuation - 21) ** 0.4 + 0.07886 * (attenuation - 21)
    else:
        beta = 0.0
    time = np.arange(num_taps) - num_taps / 2 + 0.5
    taps = 2 * cutoff * np.kaiser(num_taps, beta) * np.sinc(2 * cutoff * time)
    return taps / taps.sum()


# Rounded to float32, in which published checkpoints store it.
TAPS: tuple[float, ...] = tuple(
    float(tap) for tap in kaiser_sinc_filter(0.5 / RATIO, 0.6 / RATIO, NUM_TAPS).astype(np.float32)
)
# The taps that meet samples, not stuffed zeros: an even sample of the upsampled signal is the sum over k of
# EVEN_TAPS[k] * x[q - 3 + k] (k < 6), an odd one that of ODD_TAPS[k] * x[q - 2 + k]. Downsampling uses the mirror image.
EVEN_TAPS = TAPS[::-1][0::2]
ODD_TAPS = TAPS[::-1][1::2]
