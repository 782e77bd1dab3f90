"""Takes out of the `istft` decoder what colours every frame alike: bins that are louder or softer than their neighbours.

After a short training, single frequency bins of the head are off by a few dB whoever speaks and whatever is said. Voices do
not have such a pattern: averaged over speakers, their spectrum is smooth. It sounds metallic, and emphasis of the
envelope makes it worse. Q = n_fft / 2 + 1 frequency bins, S samples.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from valetts_hf.modeling.modeling_valetts import ValeTTSForSpeech
from valetts_hf.training.data.corpus import PackedCorpus
from valetts_hf.training.said_clips import clips_to_say, emphasis_of, say_clip


LOWEST = 1000.0  # Hz; below it the harmonics of a few voices do not average out
STEEPEST = np.log(10) / 20 * 12  # logarithm of amplitude (12 dB) over the width of the smoothing
SMOOTHING = 750.0  # Hz; what is wider than this is the colour of voices


def spectral_ripple(waveforms: Sequence[np.ndarray], n_fft: int, hop_length: int, sampling_rate: int) -> np.ndarray:
    """How far each bin of the long-term spectrum is from the bins around it, on average over waveforms.

    Args:
        waveforms (sequence of `np.ndarray` of shape `(S,)`): of many voices, at least `n_fft` samples each.
        n_fft, hop_length, sampling_rate (`int`): frames of the analysis.

    Returns:
        `np.ndarray` of shape `(Q,)`: logarithm of amplitude, 0 below 1 kHz and where all waveforms have an edge.

    Raises:
        `ValueError`: no waveforms, or silent ones.
    """
    if not len(waveforms):
        raise ValueError("there is no speech to measure the ripple of: give at least one waveform.")
    window, width = np.hanning(n_fft), max(round(SMOOTHING * n_fft / sampling_rate) // 2, 1)
    kernel = np.hanning(2 * width + 3)[1:-1]
    ripples = []
    for index, waveform in enumerate(waveforms):
        frames = np.lib.stride_tricks.sliding_window_view(waveform.astype(np.float64), n_fft)[::hop_length]
        power = (np.abs(np.fft.rfft(frames * window)) ** 2).mean(axis=0)
        if not power.min() > 0:
            raise ValueError(f"waveform {index} is silent: nothing of its spectrum can be measured.")
        level = 0.5 * np.log(power)
        smooth = np.convolve(np.pad(level, width, mode="reflect"), kernel / kernel.sum(), "valid")
        around = np.pad(smooth, width, mode="edge")
        # Voices whose recordings end at some frequency have an edge there, which is theirs.
        steep = np.abs(around[2 * width :] - around[: -2 * width]) > STEEPEST
        ripples.append(np.where(steep, np.nan, level - smooth))
    found = np.isfinite(ripples)
    ripple = np.nansum(ripples, axis=0) / np.maximum(found.sum(axis=0), 1)
    ripple[: round(LOWEST * n_fft / sampling_rate)] = 0.0
    return ripple


@torch.no_grad()
def remove_ripple(model: ValeTTSForSpeech, corpus: PackedCorpus, speakers: int = 24, clips: int = 4) -> float:
    """Shift the bias of the decoder's head by the ripple of what the model says in the voices of a corpus.

    Args:
        model ([`ValeTTSForSpeech`]): with an `istft` decoder, changed in place.
        corpus ([`PackedCorpus`]): whose texts are said, in the style of their own recordings.
        speakers (`int`): how many of them at most, spread over the corpus; a dozen or more average out what is theirs.
        clips (`int`): of each speaker.

    Returns:
        `float`: standard deviation of the ripple that was there above 1 kHz, in dB.

    Raises:
        `ValueError`: another decoder, or no transcribed clip to train on.
    """
    if model.config.decoder.type != "istft":
        raise ValueError(
            f"only the 'istft' decoder has a head to correct, this model has {model.config.decoder.type!r}"
        )
    chosen, config = clips_to_say(corpus, speakers, clips).values(), model.config
    with emphasis_of(model, 0.0):
        waveforms = [np.concatenate([say_clip(model, corpus, clip).waveform for clip in own]) for own in chosen]
    ripple = spectral_ripple(waveforms, config.n_fft, config.hop_length, config.sampling_rate)
    # Once: windows overlap over several bins, so a repetition would dig holes to even out what neighbours add.
    model.decoder.head.bias[: 2 * len(ripple)] -= torch.from_numpy(ripple).to(model.decoder.head.bias).repeat(2)
    return float(ripple[ripple != 0].std() * 20 / np.log(10))
