"""Reference audio of a voice to the log-mel that the style encoder hears.

Any audio is mixed to one channel, cut to a bounded length, resampled to 24 kHz, trimmed at the ends and brought to one
loudness, so that the style depends on the voice and not on the recording's format. B batch, R frames, M mel bands.
"""

import warnings
from typing import Any

import numpy as np
from transformers import BatchFeature, SequenceFeatureExtractor
from transformers.utils import PaddingStrategy, TensorType

from .audio_cleanup import SILENT_PEAK, clipped_share, mix_down, resample, set_level, speech_bounds
from .audio_input import read_audio
from .audio_mel import log_mel_spectrogram


MARGIN_SECONDS = 0.1  # silence that stays at both ends: how a voice starts and ends belongs to it
CLIPPED_SHARE = 0.001  # warn above


class CleanWaveform(np.ndarray):
    """A waveform that `load` has cleaned; `load` hands it through, so that cleaning happens once."""


class ValeTTSFeatureExtractor(SequenceFeatureExtractor):
    r"""
    Turns reference audio of any kind into `reference_mel`.

    Args:
        feature_size (`int`, *optional*, defaults to 100):
            Mel bands M.
        sampling_rate (`int`, *optional*, defaults to 24000):
            Rate in Hz at which the spectrogram is taken. Audio at other rates is resampled.
        padding_value (`float`, *optional*, defaults to 0.0):
            Fills frames after the end of the shorter clips of a batch; they are masked.
        n_fft (`int`, *optional*, defaults to 1024):
            Samples of one spectrum and of its window.
        hop_length (`int`, *optional*, defaults to 256):
            Samples between two frames.
        trim_silence (`bool`, *optional*, defaults to `True`):
            Whether silence at the ends is cut down to 0.1 s.
        target_level (`float`, *optional*, defaults to -23.0):
            RMS level of active speech in dBFS that every clip is brought to; `None` keeps the level.
        min_seconds (`float`, *optional*, defaults to 0.5):
            Shortest speech that is taken.
        max_seconds (`float`, *optional*, defaults to 60.0):
            Longer clips are cut, with a warning.
        crop_seconds (`float`, *optional*, defaults to 30.0):
            What is kept of them: the stretch with the most speech.

    Example:

    ```python
    >>> features = ValeTTSFeatureExtractor()("me.wav", return_tensors="pt")
    >>> features["reference_mel"].shape  # 5.5 s
    torch.Size([1, 515, 100])
    ```
    """

    model_input_names = ["reference_mel", "reference_mask"]

    def __init__(
        self,
        feature_size: int = 100,
        sampling_rate: int = 24000,
        padding_value: float = 0.0,
        n_fft: int = 1024,
        hop_length: int = 256,
        trim_silence: bool = True,
        target_level: float | None = -23.0,
        min_seconds: float = 0.5,
        max_seconds: float = 60.0,
        crop_seconds: float = 30.0,
        **kwargs,
    ):
        if not 0 < hop_length <= n_fft:
            raise ValueError(f"hop_length must be 1 to n_fft = {n_fft} samples, got {hop_length}.")
        if not 0 < min_seconds <= crop_seconds <= max_seconds:
            raise ValueError(
                "min_seconds <= crop_seconds <= max_seconds must hold and all be above 0, got "
                f"{min_seconds}, {crop_seconds}, {max_seconds}."
            )
        super().__init__(feature_size=feature_size, sampling_rate=sampling_rate, padding_value=padding_value, **kwargs)
        self.n_fft = n_fft
        self.hop_length = hop_length
        self.trim_silence = trim_silence
        self.target_level = target_level
        self.min_seconds = min_seconds
        self.max_seconds = max_seconds
        self.crop_seconds = crop_seconds

    def load(self, audio: Any, sampling_rate: int | None = None) -> np.ndarray:
        """One clip, decoded and cleaned: what the spectrogram is taken of.

        Args:
            audio: see `__call__`, one clip.
            sampling_rate (`int`, *optional*): see `__call__`.

        Returns:
            `np.ndarray` of shape `(S,)`: float32 at `self.sampling_rate`.

        Raises:
            As `__call__`.
        """
        if isinstance(audio, CleanWaveform):
            return audio
        samples, rate = read_audio(audio, sampling_rate, self.max_seconds, self.crop_seconds)
        clipped = clipped_share(samples)
        waveform = mix_down(samples)
        peak = float(np.abs(waveform).max())
        if peak < SILENT_PEAK:
            raise ValueError(
                f"the reference audio is silent (largest amplitude {peak:.1e} of 1.0): record it again, louder, or check "
                "the channel and the format of the samples."
            )
        if clipped > CLIPPED_SHARE:
            warnings.warn(
                f"{100 * clipped:.1f} % of the reference audio is clipped (flat tops at the largest amplitude): the voice "
                "may sound harsh; record it again with less gain.",
                UserWarning,
                stacklevel=3,
            )
        start, stop = speech_bounds(waveform, rate)
        if stop - start < self.min_seconds * rate:
            raise ValueError(
                f"the reference audio has only {(stop - start) / rate:.2f} s of speech ({len(waveform) / rate:.2f} s in "
                f"all): give at least {self.min_seconds:g} s, best 5-6 s."
            )
        if self.trim_silence:
            margin = round(MARGIN_SECONDS * rate)
            waveform = waveform[max(0, start - margin) : stop + margin]
        waveform = resample(waveform, rate, self.sampling_rate)
        if self.target_level is not None:
            waveform = set_level(waveform, self.sampling_rate, self.target_level)
        return waveform.view(CleanWaveform)

    def __call__(
        self,
        audio: Any,
        sampling_rate: int | None = None,
        padding: bool | str | PaddingStrategy = True,
        max_length: int | None = None,
        truncation: bool = False,
        pad_to_multiple_of: int | None = None,
        return_attention_mask: bool | None = None,
        return_tensors: str | TensorType | None = None,
        device: Any = None,
    ) -> BatchFeature:
        """Features of one or several clips.

        Args:
            audio:
                One clip or a list of clips. A clip is a path, an http(s) URL, the bytes of an audio file, a binary file
                object, an array, tensor or list of numbers of shape (samples,), (samples, channels) or (channels,
                samples) (of two axes the shorter one is the channels; integers are scaled by their type's range), a
                dictionary with "array" and "sampling_rate", or with "bytes" or "path" (an item of an `Audio` column of
                `datasets`). Several channels become the mean of those within 20 dB of the loudest.
            sampling_rate (`int`, *optional*):
                Rate of bare arrays in Hz, needed for them. Files and dictionaries carry their own.
            padding (`bool` or `str`, *optional*, defaults to `True`), max_length (`int`, *optional*), truncation
            (`bool`), pad_to_multiple_of (`int`, *optional*):
                As everywhere in transformers, counted in frames (93.75 per second).
            return_attention_mask (`bool`, *optional*):
                `False` leaves `reference_mask` out.
            return_tensors (`str`, *optional*):
                "pt" or "np".
            device (`str` or `torch.device`, *optional*):
                Where "pt" tensors are put. The features are computed in numpy.

        Returns:
            `BatchFeature` with `reference_mel` (float32, `(B, R, M)`, natural log) and `reference_mask` (int64,
            `(B, R)`, 1 for frames of the clip).

        Raises:
            `FileNotFoundError`, `IsADirectoryError`: no such file. `ConnectionError`: a URL cannot be fetched.
            `ValueError`: not an audio file; no, an impossible or a contradicting sampling rate; impossible shape; empty,
            silent, NaN, less than 0.5 s of speech. `TypeError`: no kind of audio.
        """
        clips = list(audio) if is_clip_list(audio) else [audio]
        if not clips:
            raise ValueError("audio is an empty list: pass at least one clip.")
        mels = [
            log_mel_spectrogram(
                self.load(clip, sampling_rate), self.sampling_rate, self.n_fft, self.hop_length, self.feature_size
            )
            for clip in clips
        ]
        features = self.pad(
            BatchFeature({"reference_mel": mels}),
            padding=padding,
            max_length=max_length,
            truncation=truncation,
            pad_to_multiple_of=pad_to_multiple_of,
            return_attention_mask=True,
        )
        mask = features.pop("attention_mask")
        if return_attention_mask is not False:
            features["reference_mask"] = [np.asarray(row, dtype=np.int64) for row in mask]
        # rows of one length are a proper array even when no tensor type was asked for
        if return_tensors is None and len({len(row) for row in features["reference_mel"]}) == 1:
            return_tensors = "np"
        features = features.convert_to_tensors(return_tensors)
        return features.to(device=device) if device is not None and return_tensors == "pt" else features


def is_clip_list(audio: Any) -> bool:
    """Whether `audio` is a list of clips, not one clip written as a list of numbers."""
    if not isinstance(audio, (list, tuple)):
        return False
    return not (len(audio) > 0 and isinstance(audio[0], (int, float, np.number)))


__all__ = ["ValeTTSFeatureExtractor"]
