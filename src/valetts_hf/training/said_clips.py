"""What a model says in the voices of a corpus: the texts of recordings, in the style of these recordings.

Corrections of a finished model compare it with the recordings.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import numpy as np
import torch

from valetts_hf.modeling.mel import LogMelSpectrogram
from valetts_hf.modeling.modeling_valetts import ValeTTSForSpeech
from valetts_hf.training.checkpoint_building import clips_of
from valetts_hf.training.data.corpus import PackedCorpus
from valetts_hf.training.data.pitch import HOP_LENGTH, SAMPLING_RATE


LONGEST_REFERENCE = 10.0  # seconds


class SaidClip(NamedTuple):
    """A text in the voice of a recording.

    Attributes:
        style (`np.ndarray` of shape `(H,)`): of the recording.
        waveform (`np.ndarray` of shape `(S,)`): the speech.
    """

    style: np.ndarray
    waveform: np.ndarray


def clips_to_say(
    corpus: PackedCorpus, speakers: int | None, clips: int, shortest: float = 0.0
) -> dict[str, list[int]]:
    """The longest transcribed training clips of speakers.

    Args:
        corpus ([`PackedCorpus`]): any.
        speakers (`int`, *optional*): how many at most, spread over the corpus; by default all that have such clips.
        clips (`int`): of each speaker at most.
        shortest (`float`): seconds that all the clips of a speaker must have together.

    Returns:
        `dict[str, list[int]]`: indices of clips by speaker.
    """
    seconds, transcribed = corpus.frame_lengths * HOP_LENGTH / SAMPLING_RATE, corpus.transcribed
    found = {}
    for speaker in corpus.speakers:
        own = clips_of(corpus, speaker)
        own = own[transcribed[own]]
        own = own[np.argsort(-seconds[own], kind="stable")]
        fitting = own[seconds[own] <= LONGEST_REFERENCE]
        chosen = (fitting if len(fitting) else own)[:clips]
        if len(chosen) and seconds[chosen].sum() >= shortest:
            found[speaker] = chosen.tolist()
    if speakers is not None and found:
        names = list(found)
        places = np.linspace(0, len(names) - 1, min(speakers, len(names))).astype(int)
        found = {names[place]: found[names[place]] for place in places}
    return found


@torch.no_grad()
def say_clip(model: ValeTTSForSpeech, corpus: PackedCorpus, clip: int) -> SaidClip:
    """The text of a clip, said in the voice of its recording (of the first ten seconds of it)."""
    config, device = model.config, model.device
    mel = LogMelSpectrogram(config.sampling_rate, config.n_fft, config.hop_length, config.num_mel_bands)
    recording = corpus.waveform(clip)[: round(LONGEST_REFERENCE * config.sampling_rate)]
    style = model.encode_style(mel(torch.from_numpy(recording)[None]).to(device))
    tokens = slice(*corpus.token_offsets[clip : clip + 2])
    input_ids = torch.from_numpy(corpus.input_ids[tokens].astype(np.int64))[None].to(device)
    language_ids = torch.full_like(input_ids, int(corpus.language_ids[clip]))
    said = model(input_ids, language_ids=language_ids, style=style, seed=clip)
    return SaidClip(style[0].float().cpu().numpy(), said.waveform[0].float().cpu().numpy())


@contextmanager
def emphasis_of(model: ValeTTSForSpeech, amount: float) -> Iterator[None]:
    """Speak with another emphasis of the spectral envelope for a while."""
    decoder = model.config.decoder
    before, decoder.emphasis = decoder.emphasis, amount
    try:
        yield
    finally:
        decoder.emphasis = before
