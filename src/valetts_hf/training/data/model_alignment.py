"""Durations from a trained model: the most likely alignment of a clip's latents with the model's token prior.

For corpora that are too small for `training.aligner` to be estimated on them (VITS, arXiv 2106.06103, section 2.2; here
without noise, and with the clip itself as its reference). T tokens.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from valetts_hf.training.data.pitch import HOP_LENGTH, SAMPLING_RATE


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
        or text and speech do not match (`text_matches_speech`, `adaptation_alignment.REFUSED_COST`).

    Raises:
        ValueError: the model has another sampling rate or hop than the corpus.
    """
    import torch

    from valetts_hf.modeling.mel import LogMelSpectrogram
    from valetts_hf.training.adaptation.transcript_alignment import REFUSED_COST, align_transcript
    from valetts_hf.training.aligner.alignment_units import parse_units
    from valetts_hf.training.aligner.bootstrap_alignment import text_matches_speech

    config = model.config
    if (config.sampling_rate, config.hop_length) != (SAMPLING_RATE, HOP_LENGTH):
        raise ValueError(
            f"the model has {config.sampling_rate} Hz and hop {config.hop_length}, the corpus {SAMPLING_RATE} Hz and "
            f"hop {HOP_LENGTH}: align with another model"
        )
    to_mel = LogMelSpectrogram(config.sampling_rate, config.n_fft, config.hop_length, config.num_mel_bands)
    to_mel = to_mel.to(model.device)
    result: list[np.ndarray | None] = [None] * len(corpus)
    was_training = model.training
    model.eval()
    try:
        with torch.inference_mode():
            for index in map(int, np.flatnonzero(corpus.transcribed)):
                clip = corpus.clip(index)
                if len(clip["input_ids"]) > len(clip["log_f0"]):
                    continue
                mel = to_mel(torch.from_numpy(clip["waveform"])[None].to(model.device))
                style = model.encode_style(mel, torch.ones(mel.shape[:2], dtype=torch.bool, device=mel.device))
                input_ids = torch.from_numpy(clip["input_ids"])
                languages = torch.full_like(input_ids, clip["language_id"])
                found = align_transcript(model, mel[0], input_ids, languages, style[0])
                durations = found.durations.numpy().astype(np.int64)
                units = parse_units(clip["input_ids"])
                starts = np.concatenate([[0], np.cumsum(units.token_counts)[:-1]])
                if found.cost <= REFUSED_COST and text_matches_speech(units, np.add.reduceat(durations, starts)):
                    result[index] = durations
    finally:
        model.train(was_training)
    return result
