"""Evaluation inside training: held-out sentences are spoken, and measured beside their recordings.

`Evaluator` is a callable `(model, step) -> dict[str, float]` that a trainer calls now and then. It changes neither the
model's mode nor any random state, so a run is the same with and without it.
B batch, T tokens, F frames, S samples, H width of the style vector, N clips.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor

from valetts_hf.modeling.mel import LogMelSpectrogram
from valetts_hf.modeling.modeling_valetts import ValeTTSForSpeech
from valetts_hf.training.data.corpus import PackedCorpus
from valetts_hf.training.evaluation.phoneme_recognizer import PhonemeRecognizer
from valetts_hf.training.metrics.cepstra import mel_cepstral_distortion
from valetts_hf.training.metrics.contours import f0_error
from valetts_hf.training.metrics.durations import duration_error
from valetts_hf.training.metrics.perceptual import pesq_score, stoi_score
from valetts_hf.training.metrics.phonemes import phoneme_error_rate, phones_of_ids
from valetts_hf.training.metrics.speakers import Embedder, speaker_similarity
from valetts_hf.training.metrics.spectra import mel_distance, stft_distance
from valetts_hf.training.metrics.transcripts import Transcriber, transcript_error_rates


# metric -> what it needs besides the corpus
MEASURES: dict[str, str | None] = {
    "mel_cepstral_distortion": None,
    "f0": None,
    "duration": None,
    "copy_spectra": None,
    "copy_pesq": None,
    "copy_stoi": None,
    "transcript": "transcriber",
    "speaker_similarity": "embedder",
    "phonemes": "recognizer",
}
DEFAULT_MEASURES = ("mel_cepstral_distortion", "f0", "duration", "copy_spectra")


@dataclass
class SpokenClip:
    """
    Speech of one sentence.

    Args:
        waveform (`np.ndarray` of shape `(S,)`): float32 in [-1, 1].
        durations (`np.ndarray` of shape `(T,)`, *optional*): frames of each of the corpus's tokens, if it spoke those.
    """

    waveform: np.ndarray
    durations: np.ndarray | None = None


@dataclass
class ClipResult:
    """
    What was measured on one clip.

    Args:
        clip (`int`): index in the corpus.
        values (`dict[str, float]`): distances and similarities of this clip.
        transcript (`str`, *optional*): what the transcriber heard.
        phones (`list[str]`, *optional*): what the phoneme recogniser heard.
    """

    clip: int
    values: dict[str, float] = field(default_factory=dict)
    transcript: str | None = None
    phones: list[str] | None = None


def held_out_clips(
    corpus: PackedCorpus,
    speaker: str | None = None,
    language: str | None = None,
    count: int | None = None,
    splits: Sequence[str] = ("test",),
    min_words: int = 1,
    seed: int = 0,
) -> list[int]:
    """
    Transcribed clips that were not trained on, in an order drawn with the seed; of clips with one text the first.

    Args:
        corpus: the clips.
        speaker, language (`str`, *optional*): only these.
        count (`int`, *optional*): at most so many.
        splits (sequence of `str`): clips of the first split come first.
        min_words (`int`): shortest text.
        seed (`int`): of the order.

    Raises:
        ValueError: the corpus has no such speaker, or `count` is not at least 1.
    """
    if count is not None and count < 1:
        raise ValueError(f"the count of held-out clips must be at least 1, got {count}")
    if speaker is not None and speaker not in corpus.speakers:
        raise ValueError(f"speaker {speaker!r} is not in the corpus, which has {sorted(corpus.speakers)}")
    chosen: dict[str, int] = {}
    for split in splits:
        wanted = corpus.transcribed & (np.array(corpus.splits) == split)
        if speaker is not None:
            wanted &= corpus.speaker_ids == corpus.speakers.index(speaker)
        if language is not None:
            wanted &= np.array(corpus.languages) == language
        clips = np.flatnonzero(wanted)
        for clip in np.random.default_rng(seed).permutation(clips):
            if len(corpus.texts[clip].split()) >= min_words:
                chosen.setdefault(corpus.texts[clip], int(clip))
    return list(chosen.values())[:count]


def load_callable(name: str) -> Callable[..., Any]:
    """
    A function by its name, such as "my_judges:transcribe".

    Raises:
        ValueError: not of the form module:function, no such module, or nothing callable of that name in it.
    """
    module, separator, attribute = name.partition(":")
    if not separator or not module or not attribute:
        raise ValueError(f"{name!r} is no function: write it as module:function, as in my_judges:transcribe")
    try:
        found = importlib.import_module(module)
        for part in attribute.split("."):
            found = getattr(found, part)
    except (ImportError, AttributeError) as error:
        raise ValueError(f"cannot load {name!r}: {error}; is its folder on PYTHONPATH?") from error
    if not callable(found):
        raise ValueError(f"{name!r} is a {type(found).__name__}, not something to call")
    return found


class Evaluator:
    """Speaks held-out clips with a model and measures them.

    Args:
        corpus: recordings, with tokens and durations.
        clips (sequence of `int`): which to speak, at least one; see `held_out_clips`.
        measures (sequence of `str`): keys of `MEASURES`; those that need a callable are added by giving it.
        transcriber (*optional*): callable `(waveform, sampling_rate, language) -> text`; gives "wer" and "cer".
        embedder (*optional*): callable `(waveform, sampling_rate) -> (D,)`; gives "speaker_similarity" with the recording.
        recognizer (*optional*): gives "phoneme_error_rate".
        style_of (*optional*): callable `(model, clip) -> Tensor (1, H)`. Default: the style of another recording of the
            clip's speaker, of the train split if there is one.
        speak (*optional*): callable `(model, clip, seed) -> SpokenClip`, for speech by another way than the model alone,
            such as the whole path from text.
        seed (`int`): clip number `i` is spoken with the seed `seed + i`, whatever the step.
    """

    def __init__(
        self,
        corpus: PackedCorpus,
        clips: Sequence[int],
        measures: Sequence[str] = DEFAULT_MEASURES,
        transcriber: Transcriber | None = None,
        embedder: Embedder | None = None,
        recognizer: PhonemeRecognizer | None = None,
        style_of: Callable[[ValeTTSForSpeech, int], Tensor] | None = None,
        speak: Callable[[ValeTTSForSpeech, int, int], SpokenClip] | None = None,
        seed: int = 0,
    ):
        unknown = [name for name in measures if name not in MEASURES]
        if unknown:
            raise ValueError(f"there are no measures {unknown}; there are {', '.join(MEASURES)}")
        if not len(clips):
            raise ValueError(
                "the evaluation has no clips to speak: choose a speaker or language with held-out clips, or prepare the corpus "
                "with --test-share 0.02"
            )
        given = {"transcriber": transcriber, "embedder": embedder, "recognizer": recognizer}
        for name in measures:
            if MEASURES[name] is not None and given[MEASURES[name]] is None:
                raise ValueError(f"the measure {name!r} needs a {MEASURES[name]}: pass {MEASURES[name]}=")
        silent = [int(clip) for clip in clips if not corpus.transcribed[clip]]
        if silent:
            raise ValueError(f"clips {silent[:5]} have no transcript to speak: leave them out")
        self.corpus, self.clips, self.seed = corpus, [int(clip) for clip in clips], seed
        self.measures = {*measures, *(name for name, needs in MEASURES.items() if needs and given[needs] is not None)}
        self.transcriber, self.embedder, self.recognizer = transcriber, embedder, recognizer
        self.style_of = style_of or self.reference_style
        self.speak = speak or self.speak_tokens
        self._mel: LogMelSpectrogram | None = None
        self._sampling_rate = 24_000

    def __call__(self, model: ValeTTSForSpeech, step: int | None = None) -> dict[str, float]:
        """
        Measure a model.

        Args:
            model: not wrapped; on any device, in any mode.
            step (`int`, *optional*): training step, for the caller's records only.

        Returns:
            `dict[str, float]`: means over the clips (error rates over all their words or phones), and "clips".
        """
        return self.summarize(self.judge(model))

    def judge(
        self, model: ValeTTSForSpeech, listener: Callable[[int, SpokenClip], None] | None = None
    ) -> list[ClipResult]:
        """
        Results of each clip.

        Args:
            model: as in a call.
            listener (*optional*): called as `listener(clip, spoken)` with all that was spoken.
        """
        training = model.training
        devices = [model.device] if model.device.type == "cuda" else []
        results = []
        try:
            model.eval()
            with torch.random.fork_rng(devices=devices), torch.inference_mode():
                for number, clip in enumerate(self.clips):
                    spoken = self.speak(model, clip, self.seed + number)
                    if listener is not None:
                        listener(clip, spoken)
                    copied = self.copy(model, clip) if any(name.startswith("copy") for name in self.measures) else None
                    results.append(self._measure(clip, spoken, copied))
        finally:
            model.train(training)
        return results

    def judge_recordings(self) -> list[ClipResult]:
        """What the listeners say of the recordings themselves; similarity is with another recording of the speaker."""
        results = []
        for clip in self.clips:
            recording = self.corpus.waveform(clip)
            result = self._listened(clip, recording, self.corpus.waveform(self.reference_clip(clip)))
            results.append(result)
        return results

    def summarize(self, results: Sequence[ClipResult]) -> dict[str, float]:
        """Means of results; values that a clip does not have (NaN) are left out."""
        if not results:
            raise ValueError("there are no results to summarize")
        summary: dict[str, float] = {"clips": float(len(results))}
        for name in dict.fromkeys(name for result in results for name in result.values):
            values = np.array([result.values.get(name, np.nan) for result in results], dtype=np.float64)
            summary[name] = float(np.nanmean(values)) if not np.isnan(values).all() else float("nan")
        clips = [result.clip for result in results]
        transcripts = [result.transcript for result in results if result.transcript is not None]
        if len(transcripts) == len(results):
            summary |= transcript_error_rates(
                transcripts,
                [self.corpus.texts[clip] for clip in clips],
                [self.corpus.languages[clip] for clip in clips],
            )
        phones = [result.phones for result in results if result.phones is not None]
        if len(phones) == len(results):
            summary["phoneme_error_rate"] = phoneme_error_rate(phones, [self.reference_phones(clip) for clip in clips])
        return summary

    def reference_phones(self, clip: int) -> list[str]:
        """Folded phones `[U]` of the clip's transcript."""
        return phones_of_ids(self.corpus.input_ids[slice(*self.corpus.token_offsets[clip : clip + 2])])

    def reference_clip(self, clip: int) -> int:
        """Another recording of the clip's speaker: of the train split if there is one, of 3 s or more if there is one."""
        same = np.flatnonzero(self.corpus.speaker_ids == self.corpus.speaker_ids[clip])
        same = same[same != clip]
        if not len(same):
            return clip
        trained = same[[self.corpus.splits[other] == "train" for other in same]]
        candidates = trained if len(trained) else same
        long = candidates[self.corpus.frame_lengths[candidates] >= 3 * 93.75]
        candidates = long if len(long) else candidates
        return int(np.random.default_rng([self.seed, clip]).choice(candidates))

    def reference_style(self, model: ValeTTSForSpeech, clip: int) -> Tensor:
        """Style `(1, H)` of the reference recording."""
        return model.encode_style(self._log_mel(model, self.reference_clip(clip)))

    def speak_tokens(self, model: ValeTTSForSpeech, clip: int, seed: int) -> SpokenClip:
        """Speech of the clip's tokens by the model alone."""
        tokens = self.corpus.clip(clip)["input_ids"]
        output = model(
            torch.from_numpy(tokens)[None].to(model.device),
            language_ids=torch.tensor([int(self.corpus.language_ids[clip])], device=model.device),
            style=self.style_of(model, clip),
            seed=seed,
        )
        waveform = output.waveform[0, : int(output.waveform_lengths[0])].float().cpu().numpy()
        return SpokenClip(waveform, output.durations[0].cpu().numpy())

    def copy(self, model: ValeTTSForSpeech, clip: int) -> np.ndarray:
        """Copy synthesis: the recording through posterior encoder and decoder, with its own style and pitch; `(S,)`."""
        mel = self._log_mel(model, clip)
        frames = mel.shape[1]
        style = model.encode_style(mel)
        mask = torch.ones(1, frames, dtype=torch.bool, device=model.device)
        latents, _ = model.model.posterior_encoder(mel, style, mask)
        pitch = torch.from_numpy(self.corpus.clip(clip)["log_f0"])[None].to(model.device)
        waveform = model.decode(latents, pitch, style, torch.tensor([frames], device=model.device))
        return waveform[0].float().cpu().numpy()

    def _log_mel(self, model: ValeTTSForSpeech, clip: int) -> Tensor:
        if self._mel is None:
            config = model.config
            self._mel = LogMelSpectrogram(config.sampling_rate, config.n_fft, config.hop_length, config.num_mel_bands)
        waveform = torch.from_numpy(self.corpus.waveform(clip))[None]
        return self._mel(waveform).to(model.device, model.dtype)

    def _measure(self, clip: int, spoken: SpokenClip, copied: np.ndarray | None) -> ClipResult:
        recording, rate = self.corpus.waveform(clip), self._sampling_rate
        result = self._listened(clip, spoken.waveform, recording)
        values = result.values
        if "mel_cepstral_distortion" in self.measures:
            values["mel_cepstral_distortion"] = mel_cepstral_distortion(spoken.waveform, recording, rate)
        if "f0" in self.measures:
            values |= f0_error(spoken.waveform, recording, rate)
        if "duration" in self.measures and spoken.durations is not None:
            values |= duration_error(spoken.durations, self.corpus.clip(clip)["durations"])
        if copied is not None:
            length = min(len(copied), len(recording))
            pair = copied[:length], recording[:length]
            if "copy_spectra" in self.measures:
                values["copy_mel_distance"] = mel_distance(*pair, rate)
                values |= {f"copy_{name}": value for name, value in stft_distance(*pair).items()}
            if "copy_pesq" in self.measures:
                values["copy_pesq"] = pesq_score(*pair, rate)
            if "copy_stoi" in self.measures:
                values["copy_stoi"] = stoi_score(*pair, rate)
        return result

    def _listened(self, clip: int, waveform: np.ndarray, other: np.ndarray) -> ClipResult:
        result, rate, language = ClipResult(clip), self._sampling_rate, self.corpus.languages[clip]
        if self.transcriber is not None:
            result.transcript = self.transcriber(waveform, rate, language)
        if self.embedder is not None:
            result.values["speaker_similarity"] = speaker_similarity([waveform], [other], self.embedder, rate)[0]
        if self.recognizer is not None:
            result.phones = self.recognizer.transcribe(waveform, language)
        return result
