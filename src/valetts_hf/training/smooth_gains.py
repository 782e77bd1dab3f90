"""Keeps the gains of the `istft` decoder smooth over frequency while it trains.

The decoder's head has weights of its own for every frequency bin, and the losses do not mind if neighbouring bins take turns in
who carries the sound, harmonics or noise. Left alone, single bins above 3 kHz drift up to 14 dB apart for each source, and
3 dB for their sum, in every frame alike; voices do not have such a pattern. Here the head is held, after every step, to
envelopes that are linear between knots: one at each bin up to 1 kHz, then ever fewer, as the ear resolves less there.
Q = n_fft / 2 + 1 frequency bins, K knots, C channels.
"""

from __future__ import annotations

import numpy as np
import torch

from valetts_hf.modeling.modeling_valetts import ValeTTSForSpeech


FINEST = 1000.0  # Hz; up to here every bin is a knot, above it knots lie `frequency / FINEST` bins apart


def envelope_knots(bins: int, sampling_rate: int) -> np.ndarray:
    """Positions of the knots.

    Args:
        bins (`int`): Q, from 0 Hz to half the sampling rate.
        sampling_rate (`int`): in Hertz.

    Returns:
        `np.ndarray` of shape `(K,)`: ascending, from 0 to Q - 1, at least 1 apart.
    """
    finest = FINEST / (0.5 * sampling_rate) * (bins - 1)
    knots = [0.0]
    while knots[-1] < bins - 1:
        knots.append(knots[-1] + max(1.0, knots[-1] / finest))
    if len(knots) > 2 and bins - 1 - knots[-2] < 0.5 * (knots[-1] - knots[-2]):
        del knots[-2]  # the last stretch may be longer, but not next to nothing
    knots[-1] = bins - 1.0
    return np.array(knots)


def smoothing_matrix(bins: int, sampling_rate: int) -> torch.Tensor:
    """Orthogonal projection onto what is linear between the knots, `torch.Tensor` of shape `(Q, Q)`, float32."""
    knots = envelope_knots(bins, sampling_rate)
    basis = np.stack([np.interp(np.arange(bins), knots, hat) for hat in np.eye(len(knots))], axis=1)  # [Q, K]
    return torch.from_numpy(basis @ np.linalg.pinv(basis)).float()


class SmoothGains:
    """Projects the gains of a decoder's head; what the exported model computes with stays a plain linear layer.

    Args:
        model ([`ValeTTSForSpeech`]): with an `istft` decoder; changed in place by `apply`.

    Raises:
        `ValueError`: another decoder.
    """

    def __init__(self, model: ValeTTSForSpeech):
        config = model.config
        if config.decoder.type != "istft":
            raise ValueError(
                f"smooth_gains is for the 'istft' decoder, this model has {config.decoder.type!r}: leave it out"
            )
        self.head = model.decoder.head
        self.projection = smoothing_matrix(config.n_fft // 2 + 1, config.sampling_rate)
        self.apply()

    @torch.no_grad()
    def apply(self) -> None:
        """Make the gains of both sources smooth; phases stay as they are."""
        for parameter in (self.head.weight, self.head.bias):
            self.projection = self.projection.to(parameter.device)
            gains = parameter[: 2 * len(self.projection)].view(2, len(self.projection), -1)  # [2, Q, C or 1]
            gains.copy_(torch.matmul(self.projection, gains.float()))
