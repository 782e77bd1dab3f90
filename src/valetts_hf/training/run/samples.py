"""Held-out sentences spoken during a run: sound files to hear and sheets to look at.

Each sentence is spoken in the style of another clip of its speaker, with the model's own durations and pitch; beside it
stands the recording. F frames, T tokens, S samples, M mel bands.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import soundfile
import torch
from torch import Tensor

from valetts_hf.modeling.mel import LogMelSpectrogram
from valetts_hf.modeling.modeling_valetts import ValeTTSForSpeech
from valetts_hf.processing.tokenization_valetts import ValeTTSTokenizer
from valetts_hf.training.alignment import gaussian_log_likelihood, monotonic_alignment_search
from valetts_hf.training.data.corpus import PackedCorpus
from valetts_hf.training.run.plots import SampleSheet, plot_sample


_SECONDS = (1.5, 7.0)


def choose_sentences(corpus: PackedCorpus, count: int) -> list[int]:
    """Clips to speak: held-out ones, one of each speaker in turn, speakers with most held-out speech first.

    Clips of a comfortable length (1.5 s to 7 s) come first. Without held-out clips, training clips are taken.
    """
    splits = np.array(corpus.splits)
    usable = corpus.transcribed & (corpus.frame_lengths >= corpus.token_lengths)
    for wanted in ("test", "validation", "train"):
        clips = np.flatnonzero(usable & (splits == wanted))
        if len(clips):
            break
    else:
        raise ValueError("the corpus has no transcribed clip to speak")
    seconds = corpus.frame_lengths[clips] * 256 / 24000
    awkward = (seconds < _SECONDS[0]) | (seconds > _SECONDS[1])
    of_speaker: dict[int, list[int]] = {}
    for clip in clips[np.argsort(awkward, kind="stable")]:
        of_speaker.setdefault(int(corpus.speaker_ids[clip]), []).append(int(clip))
    queues = sorted(of_speaker.values(), key=len, reverse=True)
    rounds = max(len(queue) for queue in queues)
    return [queue[turn] for turn in range(rounds) for queue in queues if turn < len(queue)][:count]


def reference_of(corpus: PackedCorpus, clip: int) -> int:
    """The longest other training clip of the same speaker up to 10 s, or the clip itself where there is no other."""
    others = np.flatnonzero((corpus.speaker_ids == corpus.speaker_ids[clip]) & (np.array(corpus.splits) == "train"))
    others = others[others != clip]
    if not len(others):
        return clip
    lengths = corpus.frame_lengths[others]
    return int(others[np.where(lengths * 256 <= 240000, lengths, -lengths).argmax()])


@torch.no_grad()
def speak_samples(
    model: ValeTTSForSpeech,
    corpus: PackedCorpus,
    clips: Sequence[int],
    folder: Path,
    recordings: Path | None = None,
    heading: str = "",
) -> dict[str, np.ndarray]:
    """Write `<n>-<speaker>.wav` and `.png` for every clip, and `sentences.txt`.

    Args:
        model: in evaluation mode.
        corpus, clips: what to say.
        folder: made if missing.
        recordings: folder that gets the recordings as `<n>-<speaker>.wav`, unless they are there already.
        heading: goes into the titles of the sheets.

    Returns:
        `dict[str, np.ndarray]`: name to waveform float32 [S].
    """
    folder.mkdir(parents=True, exist_ok=True)
    config, device = model.config, model.device
    mel = LogMelSpectrogram(config.sampling_rate, config.n_fft, config.hop_length, config.num_mel_bands).to(device)
    spoken: dict[str, np.ndarray] = {}
    sentences = []
    for number, clip in enumerate(clips, start=1):
        name = f"{number:02d}-{_plain(corpus.speakers[corpus.speaker_ids[clip]])}"
        waveform, sheet = speak_sample(model, mel, corpus, clip)
        sheet.title = f"{heading}{name}, {corpus.languages[clip]}: {_shortened(corpus.texts[clip])}"
        soundfile.write(folder / f"{name}.wav", waveform, config.sampling_rate)
        plot_sample(sheet, folder / f"{name}.png")
        if recordings is not None and not (recordings / f"{name}.wav").exists():
            recordings.mkdir(parents=True, exist_ok=True)
            soundfile.write(recordings / f"{name}.wav", corpus.waveform(clip), config.sampling_rate)
        sentences.append(f"{name}\t{corpus.languages[clip]}\t{corpus.texts[clip]}\n")
        spoken[name] = waveform
    (folder / "sentences.txt").write_text("".join(sentences), encoding="utf-8")
    return spoken


@torch.no_grad()
def speak_sample(
    model: ValeTTSForSpeech, mel: LogMelSpectrogram, corpus: PackedCorpus, clip: int
) -> tuple[np.ndarray, SampleSheet]:
    """Speak one clip's text; waveform float32 [S] and what there is to draw of it."""
    device = model.device
    tokens = slice(*corpus.token_offsets[clip : clip + 2])
    frames = slice(*corpus.frame_offsets[clip : clip + 2])
    input_ids = torch.from_numpy(corpus.input_ids[tokens].astype(np.int64)).to(device)[None]
    language_ids = torch.full_like(input_ids, int(corpus.language_ids[clip]))
    recorded_mel = mel(_waveform(corpus, clip, device))
    reference_mel = mel(_waveform(corpus, reference_of(corpus, clip), device))
    output = model(input_ids, language_ids=language_ids, reference_mel=reference_mel, seed=0)
    waveform = output.waveform[0].float()
    attraction, found = _alignment(model, input_ids, language_ids, recorded_mel, output.style)
    sheet = SampleSheet(
        title="",
        symbols=[_visible(symbol) for symbol in ValeTTSTokenizer().convert_ids_to_tokens(input_ids[0].tolist())],
        frame_rate=model.config.sampling_rate / model.config.hop_length,
        recorded_mel=recorded_mel[0].cpu().numpy(),
        spoken_mel=mel(waveform[None])[0].cpu().numpy(),
        recorded_pitch=np.array(corpus.log_f0[frames]),
        spoken_pitch=output.pitch[0].float().cpu().numpy(),
        spoken_durations=output.durations[0].cpu().numpy(),
        recorded_durations=corpus.durations[tokens].astype(np.int64),
        found_durations=found,
        attraction=attraction,
    )
    return waveform.cpu().numpy(), sheet


def _alignment(
    model: ValeTTSForSpeech, input_ids: Tensor, language_ids: Tensor, mel: Tensor, style: Tensor
) -> tuple[np.ndarray, np.ndarray]:
    """Which token each frame of the recording is drawn to, [T, F], and durations [T] of the best monotonic path."""
    parts = model.model
    token_mask = torch.ones_like(input_ids, dtype=torch.bool)
    frame_mask = torch.ones(mel.shape[:2], dtype=torch.bool, device=mel.device)
    hidden_states = parts.text_encoder(input_ids, language_ids, style, token_mask)
    mean, log_scale = parts.token_prior(hidden_states)
    posterior_mean, _ = parts.posterior_encoder(mel, style, frame_mask)
    latents = parts.flow(posterior_mean, style, frame_mask)
    likelihood = gaussian_log_likelihood(latents.float(), mean.float(), log_scale.float())
    durations = monotonic_alignment_search(likelihood, token_mask, frame_mask)
    return likelihood[0].softmax(dim=0).cpu().numpy(), durations[0].cpu().numpy()


def _waveform(corpus: PackedCorpus, clip: int, device: torch.device) -> Tensor:
    return torch.from_numpy(corpus.waveform(clip)).to(device)[None]


def _plain(name: str) -> str:
    return "".join(letter if letter.isalnum() or letter in "-_" else "_" for letter in name)


def _shortened(text: str, length: int = 90) -> str:
    return text if len(text) <= length else text[: length - 1] + "…"


def _visible(symbol: str) -> str:
    return "␣" if symbol == " " else symbol
