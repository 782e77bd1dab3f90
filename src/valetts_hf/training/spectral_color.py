"""Fits the long-term spectrum of the `istft` decoder's speech to that of recordings, as linear functions of the style.

After a short training the decoder gives an unknown voice a colour that is partly its own and partly that of the voices it
has heard most; and emphasis of the spectral envelope, which speech needs then, changes the colour of every voice. Both
differences are measured by saying the texts of recordings in the style of these recordings, which leaves only the voice to
differ, and are regressed on the style (ridge regression): the same idea as the affine transforms of speaker adaptation,
in closed form. N clips, H style width, P points on the mel scale, S samples.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from valetts_hf.modeling.istft_decoder import MAX_COLOR
from valetts_hf.modeling.modeling_valetts import ValeTTSForSpeech
from valetts_hf.modeling.style_spectrum import StyleSpectrum
from valetts_hf.training.data.corpus import PackedCorpus
from valetts_hf.training.said_clips import clips_to_say, emphasis_of, say_clip


SPEECH_RANGE = 35.0  # dB below the loudest frame that still count as speech
SHORTEST = 3.0  # seconds of a speaker who has a say
PENALTIES = (0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0)
FOLDS = 5
FEWEST_SPEAKERS = 2 * FOLDS
_FLOOR = 1e-6  # of the power of the loudest frame


@dataclass(frozen=True)
class ColorFit:
    """What was fitted. Differences are root mean squares over points and voices, in dB.

    Args:
        speakers (`int`): how many voices.
        before (`float`): difference between the long-term spectra of speech and recordings.
        after (`float`): the same for voices that had no part in the fit (cross-validation).
        emphasis_before (`float`), emphasis_after (`float`): the same for what emphasis adds.
    """

    speakers: int
    before: float
    after: float
    emphasis_before: float
    emphasis_after: float


def long_term_spectrum(waveform: np.ndarray, points: np.ndarray, hop_length: int) -> np.ndarray:
    """Mean log amplitude of speech at points of frequency.

    Args:
        waveform (`np.ndarray` of shape `(S,)`): at least one window long.
        points (`np.ndarray` of shape `(P, Q)`): weights of the Q frequency bins at each point.
        hop_length (`int`): samples between frames.

    Returns:
        `np.ndarray` of shape `(P,)`: natural logarithm.

    Raises:
        `ValueError`: shorter than a window, or silent.
    """
    n_fft = 2 * (points.shape[1] - 1)
    if len(waveform) < n_fft:
        raise ValueError(f"a spectrum needs at least {n_fft} samples, got {len(waveform)}.")
    frames = np.lib.stride_tricks.sliding_window_view(waveform.astype(np.float64), n_fft)[::hop_length]
    power = np.abs(np.fft.rfft(frames * np.hanning(n_fft))) ** 2
    loudness = power.sum(axis=1)
    if not loudness.max() > 0:
        raise ValueError("the waveform is silent: nothing of its spectrum can be measured.")
    speech = power[loudness > loudness.max() * 10 ** (-SPEECH_RANGE / 10)]
    bands = speech @ (points / points.sum(axis=1, keepdims=True)).T
    return 0.5 * np.log(bands + _FLOOR * loudness.max() / power.shape[1]).mean(axis=0)


def speakers_to_fit(corpus: PackedCorpus, clips: int = 4) -> dict[str, list[int]]:
    """The speakers of a corpus that colours can be fitted to, with some of their clips."""
    return clips_to_say(corpus, None, clips, SHORTEST)


@torch.no_grad()
def fit_color(model: ValeTTSForSpeech, corpus: PackedCorpus, clips: int = 4) -> ColorFit:
    """Fit `color` and `emphasis_color` of a model's decoder to a corpus.

    Args:
        model ([`ValeTTSForSpeech`]): with an `istft` decoder that has `color_points`; changed in place. `emphasis` must be
            what the model will speak with.
        corpus ([`PackedCorpus`]): transcribed recordings.
        clips (`int`): of each speaker at most.

    Returns:
        [`ColorFit`].

    Raises:
        `ValueError`: no such layers, or fewer than ten speakers with 3 s of transcribed training clips.
    """
    decoder, emphasis = model.decoder, model.config.decoder.emphasis
    if getattr(decoder, "color", None) is None:
        raise ValueError("this model's decoder takes no colour from the style: set color_points in its configuration.")
    chosen = speakers_to_fit(corpus, clips)
    if len(chosen) < FEWEST_SPEAKERS:
        raise ValueError(
            f"colours are fitted to at least {FEWEST_SPEAKERS} speakers with {SHORTEST:.0f} s of transcribed training clips, "
            f"this corpus has {len(chosen)}."
        )
    for layer in (decoder.color, decoder.emphasis_color):
        layer.affine.weight.zero_()
        layer.affine.bias.zero_()
    basis = decoder.color.basis.double().cpu().numpy()

    hop_length = model.config.hop_length

    def spectra(amount: float) -> tuple[np.ndarray, np.ndarray]:
        """Styles [N, H] and long-term spectra [N, P] of the speakers, as the model says their texts."""
        with emphasis_of(model, amount):
            said = [[say_clip(model, corpus, clip) for clip in own] for own in chosen.values()]
        styles = [np.mean([clip.style for clip in own], axis=0) for own in said]
        return np.array(styles), np.array(
            [_mean_spectrum([clip.waveform for clip in own], basis, hop_length) for own in said]
        )

    recorded = np.array(
        [_mean_spectrum([corpus.waveform(clip) for clip in own], basis, hop_length) for own in chosen.values()]
    )
    styles, plain = spectra(0.0)
    wanted = np.stack([_as_loud(difference, level) for difference, level in zip(recorded - plain, plain)])
    before, after = _fit(decoder.color, styles, wanted)
    emphasis_before = emphasis_after = 0.0
    if emphasis:
        _, emphasized = spectra(emphasis)
        _, plain = spectra(0.0)  # again, now with its new colour
        added = (emphasized - plain) / emphasis
        emphasis_before, emphasis_after = _fit(decoder.emphasis_color, styles, added)
    return ColorFit(len(styles), before, after, emphasis * emphasis_before, emphasis * emphasis_after)


def _mean_spectrum(waveforms: Sequence[np.ndarray], basis: np.ndarray, hop_length: int) -> np.ndarray:
    return np.mean([long_term_spectrum(waveform, basis, hop_length) for waveform in waveforms], axis=0)


def _as_loud(difference: np.ndarray, level: np.ndarray) -> np.ndarray:
    """A colour [P] without what it would add to the loudness of a spectrum [P]: how loud a recording is, is no voice."""
    difference = difference.clip(-MAX_COLOR, MAX_COLOR)
    return difference - 0.5 * np.log(np.exp(2 * (level + difference)).sum() / np.exp(2 * level).sum())


def _fit(layer: StyleSpectrum, styles: np.ndarray, wanted: np.ndarray) -> tuple[float, float]:
    """Ridge regression [N, H] -> [N, P] into a layer, its penalty by cross-validation. Differences before and after, dB."""
    folds = np.arange(len(styles)) % FOLDS

    def error(penalty: float) -> float:
        left = np.concatenate(
            [
                wanted[folds == fold]
                - _predict(styles[folds == fold], *_ridge(styles[folds != fold], wanted[folds != fold], penalty))
                for fold in range(FOLDS)
            ]
        )
        return float(np.sqrt((left**2).mean()))

    errors = [error(penalty) for penalty in PENALTIES]
    weight, bias = _ridge(styles, wanted, PENALTIES[int(np.argmin(errors))])
    with torch.no_grad():
        layer.affine.weight.copy_(torch.from_numpy(weight.T))
        layer.affine.bias.copy_(torch.from_numpy(bias))
    return _in_dB(float(np.sqrt((wanted**2).mean()))), _in_dB(min(errors))


def _ridge(styles: np.ndarray, wanted: np.ndarray, penalty: float) -> tuple[np.ndarray, np.ndarray]:
    """Weight [H, P] and bias [P] that are best in least squares, weights of standardised styles penalised."""
    mean, scale = styles.mean(axis=0), styles.std(axis=0) + 1e-6
    standard = (styles - mean) / scale
    gram = standard.T @ standard + penalty * len(styles) * np.eye(styles.shape[1])
    weight = np.linalg.solve(gram, standard.T @ (wanted - wanted.mean(axis=0))) / scale[:, None]
    return weight, wanted.mean(axis=0) - mean @ weight


def _predict(styles: np.ndarray, weight: np.ndarray, bias: np.ndarray) -> np.ndarray:
    return styles @ weight + bias


def _in_dB(value: float) -> float:
    return value * 20 / float(np.log(10))
