"""The one spectrogram of ValeTTS: log-mel with the convention of `bigvgan_v2_24khz_100band_256x` (or another vocoder's sizes).

n_fft = window = 1024, hop 256, 100 Slaney mel bands from 0 Hz to Nyquist, magnitude spectrogram, log clamped at 1e-5;
the waveform is reflect-padded so that frame t is centred at sample (t + 1/2) * hop and S samples give S // hop frames.
B batch, S samples, F frames, M mel bands.
"""

import torch
from torch import nn
from transformers.audio_utils import mel_filter_bank


class LogMelSpectrogram(nn.Module):
    """Waveform [B, S] in [-1, 1] to log-mel [B, F, M] (float32, natural log of magnitudes).

    Args:
        sampling_rate (`int`), n_fft (`int`), hop_length (`int`), num_mel_bands (`int`): Hz, samples, samples, M.
        min_frequency (`float`), max_frequency (`float`, *optional*): where the bands begin and end, in Hz; by default 0
            and half the sampling rate.
    """

    def __init__(
        self,
        sampling_rate: int,
        n_fft: int,
        hop_length: int,
        num_mel_bands: int,
        min_frequency: float = 0.0,
        max_frequency: float | None = None,
    ):
        super().__init__()
        self.n_fft = n_fft
        self.hop_length = hop_length
        filters = mel_filter_bank(
            num_frequency_bins=n_fft // 2 + 1,
            num_mel_filters=num_mel_bands,
            min_frequency=min_frequency,
            max_frequency=sampling_rate / 2 if max_frequency is None else max_frequency,
            sampling_rate=sampling_rate,
            norm="slaney",
            mel_scale="slaney",
        )
        self.register_buffer("filters", torch.from_numpy(filters).float(), persistent=False)
        self.register_buffer("window", torch.hann_window(n_fft), persistent=False)

    def forward(self, waveform: torch.Tensor) -> torch.Tensor:
        padding = (self.n_fft - self.hop_length) // 2
        return self.from_padded(nn.functional.pad(waveform.float()[:, None], (padding, padding), mode="reflect")[:, 0])

    def from_padded(self, padded: torch.Tensor) -> torch.Tensor:
        """Log-mel [B, F, M] of a waveform that already has (n_fft - hop) / 2 samples of context on both sides."""
        frames = padded.unfold(-1, self.n_fft, self.hop_length) * self.window
        spectrum = torch.fft.rfft(frames)
        magnitude = torch.sqrt(spectrum.real.square() + spectrum.imag.square() + 1e-9)
        with torch.autocast(padded.device.type, enabled=False):  # a product in half precision is no float32 log-mel
            return torch.log(torch.clamp(magnitude @ self.filters, min=1e-5))


def frame_energy(log_mel: torch.Tensor) -> torch.Tensor:
    """Log energy of each frame of a log-mel [B, F, M] -> [B, F]: half the log of the summed squared magnitudes."""
    return 0.5 * torch.logsumexp(2.0 * log_mel.float(), dim=-1)


def standardized(log_mel: torch.Tensor) -> torch.Tensor:
    """A log-mel, whose values lie in [-11.5, 3], near zero mean and unit variance: what networks read."""
    return (log_mel + 5.0) / 3.0
