"""A small phoneme recogniser: how intelligible speech is in languages for which there is no speech recogniser.

It is trained on human recordings alone (`recognizer_training.py`) and listens to recordings and to synthesised
speech of the same texts; its phoneme error rate on the one beside that on the other is a proxy of intelligibility. The
phonemes are those of the text front end, folded (`metrics/phonemes.py`).

Dilated convolutions (Peddinti et al. 2015, "A time delay neural network architecture for efficient modeling of long
temporal contexts") under a connectionist temporal classification output (Graves et al. 2006).
B batch, S samples, F mel frames (93.75 a second), G = ceil(F / 2) output frames, M mel bands, P phones, U phones of an
utterance.
"""

from __future__ import annotations

import json
import os
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from valetts_hf.modeling.mel import LogMelSpectrogram
from valetts_hf.training.metrics.phonemes import fold_phones


SAMPLING_RATE, N_FFT, HOP_LENGTH, MEL_BANDS = 24_000, 1024, 256, 100
FEATURE_SCALE = 2.0
WEIGHTS_FILE, CONFIG_FILE = "model.safetensors", "config.json"


@dataclass(frozen=True)
class PhonemeRecognizerConfig:
    """
    Args:
        phones (`tuple[str, ...]` of length P): class `k + 1` is `phones[k]`; class 0 is the blank.
        languages (`tuple[str, ...]`): codes the recogniser was trained on.
        hidden_size (`int`): channels.
        dilations (`tuple[int, ...]`): of the convolutions of width 3, one a layer.
        num_bands (`int`): lowest bands of the 100-band log-mel it hears; 80 end at 6.6 kHz, where most recordings still are.
        dropout (`float`): in [0, 1).
    """

    phones: tuple[str, ...]
    languages: tuple[str, ...]
    hidden_size: int = 192
    dilations: tuple[int, ...] = (1, 1, 2, 2, 4, 4, 8, 8)
    num_bands: int = 80
    dropout: float = 0.1

    def __post_init__(self):
        object.__setattr__(self, "phones", tuple(self.phones))
        object.__setattr__(self, "languages", tuple(self.languages))
        object.__setattr__(self, "dilations", tuple(self.dilations))
        if not self.phones or len(set(self.phones)) != len(self.phones):
            raise ValueError(f"phones must be a non-empty list without repetitions, got {self.phones}")
        if not self.languages:
            raise ValueError("languages must name at least one language")
        if not 1 <= self.num_bands <= MEL_BANDS:
            raise ValueError(f"num_bands must be 1 to {MEL_BANDS}, got {self.num_bands}")


class _Layer(nn.Module):
    def __init__(self, size: int, dilation: int, dropout: float):
        super().__init__()
        self.norm = nn.LayerNorm(size)
        self.convolution = nn.Conv1d(size, size, 3, padding=dilation, dilation=dilation)
        self.dropout = nn.Dropout1d(dropout)  # whole channels: one draw instead of one a frame

    def forward(self, states: Tensor, mask: Tensor) -> Tensor:
        branch = functional.relu(self.convolution((self.norm(states) * mask).transpose(1, 2)))
        return states + self.dropout(branch).transpose(1, 2)


class PhonemeRecognizer(nn.Module):
    """Speech to phones; see the head of this file."""

    def __init__(self, config: PhonemeRecognizerConfig):
        super().__init__()
        self.config = config
        size = config.hidden_size
        self.mel = LogMelSpectrogram(SAMPLING_RATE, N_FFT, HOP_LENGTH, MEL_BANDS)
        self.entry = nn.Conv1d(config.num_bands, size, 5, stride=2, padding=2)
        self.language = nn.Embedding(len(config.languages), size)
        nn.init.normal_(self.language.weight, std=0.1)  # a hint beside what is heard
        self.layers = nn.ModuleList(_Layer(size, dilation, config.dropout) for dilation in config.dilations)
        self.norm = nn.LayerNorm(size)
        self.head = nn.Linear(size, len(config.phones) + 1)
        self.frame_head = nn.Linear(size, len(config.phones) + 1)  # aligned frames, for training only

    def features(self, waveform: Tensor) -> Tensor:
        """
        Log-mel with the mean of each band removed, so that microphone and level do not matter.

        Args:
            waveform (`Tensor` of shape `(B, S)`): 24 kHz in [-1, 1].

        Returns:
            `Tensor` of shape `(B, S // 256, M)`, float32.
        """
        mel = self.mel(waveform)[..., : self.config.num_bands]
        return (mel - mel.mean(1, keepdim=True)) / FEATURE_SCALE

    def hidden_states(self, features: Tensor, lengths: Tensor, language_ids: Tensor) -> tuple[Tensor, Tensor]:
        """States `[B, G, hidden_size]` and their lengths `[B]`; arguments as in `forward`."""
        lengths = (lengths + 1) // 2
        states = self.entry(features.transpose(1, 2)).transpose(1, 2)
        mask = (torch.arange(states.shape[1], device=lengths.device) < lengths[:, None]).unsqueeze(-1).to(states.dtype)
        states = functional.relu(states) + self.language(language_ids)[:, None]
        for layer in self.layers:
            states = layer(states, mask)
        return self.norm(states), lengths

    def forward(self, features: Tensor, lengths: Tensor, language_ids: Tensor) -> tuple[Tensor, Tensor]:
        """
        Args:
            features (`Tensor` of shape `(B, F, M)`): what `features` gives; zero past the end of a row.
            lengths (`Tensor` of shape `(B,)`): frames of each row.
            language_ids (`Tensor` of shape `(B,)`): index into `config.languages`.

        Returns:
            `tuple[Tensor, Tensor]`: logits `(B, G, P + 1)` and their lengths `(B,)`.
        """
        states, lengths = self.hidden_states(features, lengths, language_ids)
        return self.head(states), lengths

    @torch.inference_mode()
    def transcribe(self, waveform: np.ndarray | Tensor, language: str) -> list[str]:
        """
        The phones of one recording, best path.

        Args:
            waveform (`np.ndarray` or `Tensor` of shape `(S,)`): 24 kHz in [-1, 1], at least 385 samples.
            language (`str`): one of `config.languages`.

        Raises:
            ValueError: unknown language, or not one channel of enough samples.
        """
        if language not in self.config.languages:
            raise ValueError(
                f"the recogniser has not learned {language!r}, only {', '.join(self.config.languages)}: "
                "train one on recordings of that language"
            )
        waveform = torch.as_tensor(waveform, dtype=torch.float32)
        if waveform.dim() != 1 or len(waveform) <= (N_FFT - HOP_LENGTH) // 2:
            raise ValueError(
                f"transcribe takes one channel (S,) of more than {(N_FFT - HOP_LENGTH) // 2} samples, got shape "
                f"{tuple(waveform.shape)}"
            )
        self.eval()
        features = self.features(waveform[None])
        language_ids = torch.tensor([self.config.languages.index(language)])
        logits, _ = self(features, torch.tensor([features.shape[1]]), language_ids)
        return self.decode(logits[0])

    def decode(self, logits: Tensor) -> list[str]:
        """Best path of logits `[G, P + 1]`: repetitions joined, blanks left out, runs of one phone once."""
        best = torch.unique_consecutive(logits.argmax(-1)).tolist()
        return fold_phones([self.config.phones[k - 1] for k in best if k])

    def save_pretrained(self, folder: str | os.PathLike) -> None:
        """Write `model.safetensors` (float32) and `config.json`; each file appears whole or not at all."""
        from safetensors.torch import save_file

        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder, prefix=".saving-") as scratch:
            weights = {name: value.detach().contiguous().clone() for name, value in self.state_dict().items()}
            save_file(weights, Path(scratch) / WEIGHTS_FILE)
            text = json.dumps(asdict(self.config), ensure_ascii=False, indent=1)
            (Path(scratch) / CONFIG_FILE).write_text(text, encoding="utf-8")
            for name in (WEIGHTS_FILE, CONFIG_FILE):
                os.chmod(Path(scratch) / name, 0o644)  # safetensors writes for its owner alone
                os.replace(Path(scratch) / name, folder / name)

    @classmethod
    def from_pretrained(cls, folder: str | os.PathLike) -> PhonemeRecognizer:
        """
        Read what `save_pretrained` wrote.

        Raises:
            FileNotFoundError: no recogniser there.
        """
        from safetensors.torch import load_file

        folder = Path(folder)
        if not (folder / CONFIG_FILE).is_file():
            raise FileNotFoundError(
                f"{str(folder)!r} has no {CONFIG_FILE}: train a recogniser with train_phoneme_recognizer.py first"
            )
        config = PhonemeRecognizerConfig(**json.loads((folder / CONFIG_FILE).read_text(encoding="utf-8")))
        model = cls(config)
        model.load_state_dict(load_file(folder / WEIGHTS_FILE))
        return model.eval()
