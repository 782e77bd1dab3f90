"""Durations from a trained model: the most likely alignment of a clip's latents with the model's token prior.

For corpora that are too small for `training.aligner` to be estimated on them (VITS, arXiv 2106.06103, section 2.2; here
without noise, and with the clip itself as its reference). One clip at a time. T tokens, F frames.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np


if TYPE_CHECKING:
    from valetts_hf.modeling.modeling_valetts import ValeTTSForSpeech
    from valetts_hf.training.data.corpus import PackedCorpus


def align_with_model(corpus: PackedCorpus, model: ValeTTSForSpeech) -> list[np.ndarray | None]:
    """
    Frames per token of every transcribed clip.

    Args:
        corpus ([`PackedCorpus`]): with tokens.
        model ([`ValeTTSForSpeech`]): of the same tokens and spectrogram; is used on the device it is on.

    Returns:
        `list` of length N: durations `(T_i,)`, int64, or `None` where there is no transcript, more tokens than frames,
        or text and speech do not match (`text_matches_speech`).

    Raises:
        ValueError: the model has another sampling rate or hop than the corpus.
    """
    import torch

    from valetts_hf.training.aligner.alignment_units import parse_units
    from valetts_hf.training.aligner.bootstrap_alignment import text_matches_speech
    from valetts_hf.training.data.pitch import HOP_LENGTH, SAMPLING_RATE

    config = model.config
    if (config.sampling_rate, config.hop_length) != (SAMPLING_RATE, HOP_LENGTH):
        raise ValueError(
            f"the model has {config.sampling_rate} Hz and hop {config.hop_length}, the corpus {SAMPLING_RATE} Hz and "
            f"hop {HOP_LENGTH}: align with another model"
        )
    result: list[np.ndarray | None] = [None] * len(corpus)
    was_training = model.training
    model.eval()
    try:
        with torch.inference_mode():
            for index in np.flatnonzero(corpus.transcribed):
                clip = corpus.clip(int(index))
                if len(clip["input_ids"]) > len(clip["log_f0"]):
                    continue
                durations = _durations(model, clip)
                units = parse_units(clip["input_ids"])
                starts = np.concatenate([[0], np.cumsum(units.token_counts)[:-1]])
                if text_matches_speech(units, np.add.reduceat(durations, starts)):
                    result[int(index)] = durations
    finally:
        model.train(was_training)
    return result


def _durations(model: ValeTTSForSpeech, clip: dict) -> np.ndarray:
    """`np.ndarray` of shape `(T,)`, int64."""
    import torch

    from valetts_hf.modeling.mel import LogMelSpectrogram
    from valetts_hf.training.alignment import gaussian_log_likelihood, monotonic_alignment_search

    device, network, config = model.device, model.model, model.config
    to_mel = LogMelSpectrogram(config.sampling_rate, config.n_fft, config.hop_length, config.num_mel_bands).to(device)
    mel = to_mel(torch.from_numpy(clip["waveform"])[None].to(device))
    frame_mask = torch.ones(mel.shape[:2], dtype=torch.bool, device=device)
    input_ids = torch.from_numpy(clip["input_ids"])[None].to(device)
    token_mask = torch.ones_like(input_ids, dtype=torch.bool)
    style = network.encode_style(mel, frame_mask)
    language_ids = torch.full_like(input_ids, clip["language_id"])
    hidden_states = network.text_encoder(input_ids, language_ids, style, token_mask)
    mean, log_scale = network.token_prior(hidden_states)
    latents, _ = network.posterior_encoder(mel, style, frame_mask)
    prior_latents = network.flow(latents, style, frame_mask).float()
    likelihood = gaussian_log_likelihood(prior_latents, mean.float(), log_scale.float())
    return monotonic_alignment_search(likelihood, token_mask, frame_mask)[0].cpu().numpy().astype(np.int64)
