"""ValeTTSVocoder: log-mel spectrogram to waveform by BigVGAN-v2 (arXiv 2206.04658), a model of its own.

Loads its own checkpoints and those of BigVGAN as they are published. What goes in is the log-mel of `mel.py`, frames first.
B batch, F frames, M mel bands, S samples = F * hop.
"""

import itertools
import math
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import torch
from transformers import PreTrainedModel
from transformers.utils import ModelOutput, can_return_tuple

from .bigvgan import BigVGANGenerator
from .bigvgan_checkpoint import convert_generator, find_published, published_config, read_generator
from .configuration_vocoder import ValeTTSVocoderConfig
from .kernel_hooks import KernelHooks
from .lengths import length_mask
from .mel import LogMelSpectrogram
from .weight_norm import fuse_weight_norm, refuse_fused


# Range of natural logarithms of magnitudes, clamped at 1e-5, of waveforms in [-1, 1]; with some room.
LOWEST_LOG_MEL = math.log(1e-5) - 1.0
HIGHEST_LOG_MEL = 6.0
LEAST_CLAMPED = 8  # equal lowest values that are no accident, also of a short piece in half precision
_HUB_OPTIONS = ("revision", "token", "cache_dir", "local_files_only", "force_download", "subfolder")
_REMEDY = "it must be the natural logarithm of magnitudes, clamped at 1e-5: `model.log_mel(waveform)` gives one"


@dataclass
class ValeTTSVocoderOutput(ModelOutput):
    """
    Args:
        waveform (`torch.FloatTensor` of shape `(batch, samples)`): in [-1, 1], zero past the end of a row.
        waveform_lengths (`torch.LongTensor` of shape `(batch,)`): samples of each row.
    """

    waveform: torch.FloatTensor | None = None
    waveform_lengths: torch.LongTensor | None = None


class ValeTTSVocoder(KernelHooks, PreTrainedModel):
    """Log-mel [B, F, M] to waveform [B, S].

    Example:

    ```python
    >>> import torch
    >>> from valetts_hf import ValeTTSVocoder, ValeTTSVocoderConfig

    >>> vocoder = ValeTTSVocoder(ValeTTSVocoderConfig.preset("24khz_100band_256x_tiny")).eval()
    >>> log_mel = vocoder.log_mel(torch.randn(1, 24000).clamp(-1, 1) * 0.1)
    >>> vocoder(log_mel).waveform.shape
    torch.Size([1, 23808])
    ```
    """

    config_class = ValeTTSVocoderConfig
    base_model_prefix = "vocoder"
    main_input_name = "log_mel"
    input_modalities = ("audio",)
    output_modalities = ("audio",)
    _no_split_modules = ["AMPBlock"]

    def __init__(self, config: ValeTTSVocoderConfig):
        super().__init__(config)
        self.generator = BigVGANGenerator(config.bigvgan, config.num_mel_bands)
        self.post_init()

    @torch.no_grad()
    def _init_weights(self, module: torch.nn.Module) -> None:
        if isinstance(module, BigVGANGenerator):
            module.initialize()

    @classmethod
    def from_pretrained(cls, pretrained_model_name_or_path: str | os.PathLike, *args, **kwargs) -> Any:
        """Load a checkpoint of ours, or of BigVGAN in the published layout (`bigvgan_checkpoint.py`).

        Args:
            pretrained_model_name_or_path: folder or repository of either kind, or a `bigvgan_generator.pt` beside its
                `config.json`.
            args, kwargs: as [`~transformers.PreTrainedModel.from_pretrained`] takes them.

        Raises:
            OSError: it is not there or cannot be read.
            ValueError: it is not complete, or not of this kind.
        """
        source = str(pretrained_model_name_or_path)
        options = {name: kwargs[name] for name in _HUB_OPTIONS if name in kwargs}
        published = find_published(pretrained_model_name_or_path, **options)
        wants_report = kwargs.pop("output_loading_info", False)
        if published is not None:
            settings, weights = published
            config = kwargs.pop("config", None) or published_config(settings, source)
            with torch.device("meta"):
                expected = {name: value.shape for name, value in cls(config).state_dict().items()}
            state = convert_generator(read_generator(weights), expected, source)
            for name in options:
                kwargs.pop(name)
            model, report = super().from_pretrained(
                None, *args, config=config, state_dict=state, output_loading_info=True, **kwargs
            )
            model.config._name_or_path = source
        else:
            model, report = super().from_pretrained(
                pretrained_model_name_or_path, *args, output_loading_info=True, **kwargs
            )
        for what, names in (("lacks", report["missing_keys"]), ("has unknown", report["unexpected_keys"])):
            if names:
                raise ValueError(
                    f"{source!r} is not a whole vocoder: it {what} {len(names)} tensors, for example {min(names)!r}"
                )
        return (model, report) if wants_report else model

    def save_pretrained(self, save_directory, *args, **kwargs):
        """Save weights and configuration. Raises `ValueError` after `fuse_weight_norm`."""
        refuse_fused(self)
        return super().save_pretrained(save_directory, *args, **kwargs)

    @property
    def receptive_field(self) -> int:
        """Frames on each side that influence the samples of a frame."""
        return self.generator.receptive_field

    def log_mel(self, waveform: torch.Tensor) -> torch.Tensor:
        """The log-mel [B, S // hop, M] that this vocoder reads, of a waveform [B, S] at its sampling rate.

        Raises:
            ValueError: another shape, or so few samples that their mirror image cannot fill the first window.
        """
        least = (self.config.n_fft - self.config.hop_length) // 2 + 1
        if waveform.dim() != 2 or waveform.shape[1] < least:
            raise ValueError(
                f"waveform must be [batch, samples] with at least {least} samples, got {tuple(waveform.shape)}"
            )
        return log_mel_of(self.config).to(waveform.device)(waveform)

    def fuse_weight_norm(self) -> "ValeTTSVocoder":
        """Fold weight normalisation into plain weights, in memory, for faster inference; save before. Returns self."""
        fuse_weight_norm(self)
        return self

    @can_return_tuple
    def forward(
        self,
        log_mel: torch.FloatTensor,
        frame_lengths: torch.LongTensor | None = None,
        check: bool = True,
        **kwargs,
    ) -> ValeTTSVocoderOutput:
        r"""
        Args:
            log_mel (`torch.FloatTensor` of shape `(batch, frames, mel_bands)`): natural log of mel magnitudes.
            frame_lengths (`torch.LongTensor` of shape `(batch,)`, *optional*): frames of each row, if they are padded; a
                row sounds as if it were alone.
            check (`bool`): look at the values that come and go (not in training, nor while compiling). It waits for the
                device once; leave it out inside of CUDA graphs.

        Returns:
            [`ValeTTSVocoderOutput`]

        Raises:
            ValueError: a shape, scale or value of `log_mel` that cannot be meant.
            FloatingPointError: the result is not finite.
        """
        self.check_shape(log_mel)
        check = check and not self.training and not torch.compiler.is_compiling()
        if frame_lengths is None:
            if check:
                check_log_mel(log_mel)
            waveform = self._synthesize(log_mel, check)
            lengths = torch.full((len(log_mel),), waveform.shape[1], device=log_mel.device)
            return ValeTTSVocoderOutput(waveform=waveform, waveform_lengths=lengths)
        if frame_lengths.shape != log_mel.shape[:1] or not bool(
            ((frame_lengths > 0) & (frame_lengths <= log_mel.shape[1])).all()
        ):
            raise ValueError(
                f"frame_lengths must be {len(log_mel)} numbers from 1 to {log_mel.shape[1]}, got {frame_lengths.tolist()}"
            )
        if check:
            check_log_mel(log_mel[length_mask(frame_lengths, log_mel.shape[1])])
        waveform = self._synthesize(log_mel, check, lengths=frame_lengths)
        return ValeTTSVocoderOutput(waveform=waveform, waveform_lengths=frame_lengths * self.config.hop_length)

    def decode_in_chunks(self, log_mel: torch.Tensor, chunk_frames: int = 64) -> Iterator[torch.Tensor]:
        """Yield the waveform of `forward` in pieces [B, <= chunk_frames * hop], with constant memory."""
        self.check_shape(log_mel)
        return self.stream([log_mel], chunk_frames)

    def stream(self, log_mels: Iterable[torch.Tensor], chunk_frames: int = 64) -> Iterator[torch.Tensor]:
        """Decode a log-mel that is still being made.

        Args:
            log_mels (iterable of `torch.Tensor` [B, any number of frames, M]): what there is of it, piece by piece.
            chunk_frames (`int`): frames of a piece of waveform. One comes out as soon as it and `receptive_field` frames
                after it are known; the pieces together equal `forward` of the whole.

        Raises:
            ValueError: as `forward`; there are no frames at all; `chunk_frames` below 1.
        """
        if chunk_frames < 1:
            raise ValueError(f"chunk_frames must be at least 1, got {chunk_frames}")
        context, left, known = self.receptive_field, 0, None
        for piece in itertools.chain(log_mels, [None]):
            if piece is not None:
                self.check_shape(piece)
                check_log_mel(piece)
                known = piece if known is None else torch.cat([known, piece], dim=1)
            ahead = 0 if piece is None else context
            while known is not None and known.shape[1] - left >= (ahead + chunk_frames if ahead else 1):
                stop = min(left + chunk_frames, known.shape[1])
                window = known[:, : stop + context]
                yield self._synthesize(window, True, left=left, right=window.shape[1] - stop)
                first = max(stop - context, 0)
                known, left = known[:, first:], stop - first
        if known is None:
            raise ValueError("there are no frames to decode: the stream of log-mels is empty")

    def check_shape(self, log_mel: torch.Tensor) -> None:
        """Refuse (`ValueError`) what is not [B, F, M] with the model's bands and at least one frame."""
        bands = self.config.num_mel_bands
        if log_mel.dim() == 3 and log_mel.shape[-1] == bands and log_mel.shape[1] > 0 and len(log_mel):
            return
        hint = ""
        if log_mel.dim() == 3 and log_mel.shape[1] == bands:
            hint = ": frames come first here, use `log_mel.transpose(1, 2)`"
        elif log_mel.dim() == 3 and log_mel.shape[-1] != bands:
            hint = f": this vocoder was made for {bands} bands at {self.config.sampling_rate} Hz"
        raise ValueError(f"log_mel must be [batch, frames, {bands}], got {tuple(log_mel.shape)}{hint}")

    def _synthesize(
        self,
        log_mel: torch.Tensor,
        check: bool,
        lengths: torch.Tensor | None = None,
        left: int = 0,
        right: int = 0,
    ) -> torch.Tensor:
        hidden_states = log_mel.to(self.dtype).transpose(1, 2)  # [B, M, F]
        return self.generator.decode(hidden_states, check=check, left=left, right=right, lengths=lengths)


def log_mel_of(config: ValeTTSVocoderConfig) -> LogMelSpectrogram:
    """The spectrogram that a vocoder reads."""
    return LogMelSpectrogram(
        config.sampling_rate,
        config.n_fft,
        config.hop_length,
        config.num_mel_bands,
        config.min_frequency,
        config.max_frequency,
    )


def check_log_mel(values: torch.Tensor) -> None:
    """Refuse (`ValueError`) values that are no natural log-mel, saying what they look like; any shape, not empty.

    Only what cannot be a log-mel of a waveform in [-1, 1] is refused: NaN, infinity, a range that the natural logarithm of
    clamped magnitudes does not have. Waits for the device once.
    """
    lowest, highest, finite, at_lowest = (
        torch.stack(
            [
                values.min().float(),
                values.max().float(),
                torch.isfinite(values).all().float(),
                (values == values.min()).float().sum(),
            ]
        )
        .cpu()
        .tolist()
    )
    found = f"its values lie in [{lowest:.3g}, {highest:.3g}]"
    if not finite:
        raise ValueError("log_mel has values that are not finite (NaN or infinity): look where it comes from")
    if 0 <= lowest < 1:
        raise ValueError(f"log_mel looks like a mel spectrogram without logarithm ({found}): {_REMEDY}")
    if lowest >= 1 or lowest < LOWEST_LOG_MEL or highest > HIGHEST_LOG_MEL:
        raise ValueError(
            f"log_mel looks like a mel spectrogram in decibels or of integer samples ({found}): {_REMEDY}"
        )
    clamped = at_lowest >= LEAST_CLAMPED and at_lowest > 0.001 * values.numel()
    if abs(lowest + 5.0) < 1e-3 and clamped and highest < 2.5:
        raise ValueError(f"log_mel looks like a decimal logarithm, clamped at 1e-5 ({found}): {_REMEDY}")


__all__ = ["ValeTTSVocoder", "ValeTTSVocoderOutput", "check_log_mel", "log_mel_of"]
