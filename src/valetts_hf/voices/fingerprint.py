"""Which checkpoint a voice belongs to: two short hashes of weights, one of the style encoder, one of all that speaks.

`"<style>-<speech>"`, 12 hexadecimal digits each.

- `style` covers the style encoder and the spectrogram it hears. Two checkpoints that agree in it make the same style
  vector of the same recording, so a voice that is only a style vector is valid for both.
- `speech` covers everything that a stored style conditions and an adapter may change: text encoder, predictors, prior,
  flow and decoder. An adapter is a difference to exactly these weights and means nothing beside others.

The posterior encoder (training only) and the default styles (voices, not network) are left out. So are convolution
kernels outside the style encoder: whether weight normalisation is folded into them or not, a checkpoint is the same, and
no training step changes them alone. Values are rounded to bfloat16 first, so that a checkpoint stored in half precision
has one fingerprint whatever type it is loaded in. Adapters that are attached do not count.
"""

from __future__ import annotations

import hashlib
import re
import weakref
from typing import Any

import torch
from torch import Tensor, nn


DIGITS = 12
_ADAPTER = re.compile(r"\.(lora|hada|ia3)_\w+\.")
_LEFT_OUT = ("posterior_encoder.", "default_styles", "sketch.")
_MEMO: weakref.WeakKeyDictionary[nn.Module, tuple[Any, str]] = weakref.WeakKeyDictionary()


def checkpoint_fingerprint(model: nn.Module) -> str:
    """The fingerprint of a model; remembered until one of its weights changes.

    Args:
        model (`ValeTTSForSpeech`): on any device and in any type, weight norm folded in or not, with or without adapters.
    """
    remembered = _MEMO.get(model)
    stamp = _stamp(model)
    if remembered is not None and remembered[0] in (None, stamp):
        return remembered[1]
    tensors = dict(_covered(model))
    config = model.config
    heard = (config.sampling_rate, config.n_fft, config.hop_length, config.num_mel_bands, config.style.num_heads)
    style = _digest({name: value for name, value in tensors.items() if name.startswith("style_encoder.")}, heard)
    speech = _digest({name: value for name, value in tensors.items() if not name.startswith("style_encoder.")})
    value = f"{style}-{speech}"
    _MEMO[model] = (stamp, value)
    return value


def keep_fingerprint(model: nn.Module, value: str) -> None:
    """Take a fingerprint for granted, whatever becomes of the weights' type: for a model about to be rounded."""
    _MEMO[model] = (None, value)


def style_fingerprint(fingerprint: str) -> str:
    """The part of a fingerprint on which style vectors depend."""
    return fingerprint.partition("-")[0]


def _covered(model: nn.Module):
    for name, value in model.named_parameters():
        if _ADAPTER.search(f".{name}") or any(part in name for part in _LEFT_OUT):
            continue
        name = name.removeprefix("model.").replace(".base_layer.", ".")
        if "parametrizations.weight" in name or (value.dim() == 3 and not name.startswith("style_encoder.")):
            continue
        yield name, value


def _digest(tensors: dict[str, Tensor], settings: tuple = ()) -> str:
    digest = hashlib.sha256(repr(settings).encode())
    for name in sorted(tensors):
        value = tensors[name].detach().to(device="cpu", dtype=torch.bfloat16).contiguous()
        digest.update(f"{name}{tuple(value.shape)}".encode())
        digest.update(value.view(torch.int16).numpy().tobytes())
    return digest.hexdigest()[:DIGITS]


def _stamp(model: nn.Module) -> tuple[int, int, int]:
    """Changes with every change of the weights in place or as a whole."""
    versions = pointers = count = 0
    for parameter in model.parameters():
        versions += 0 if parameter.is_inference() else parameter._version
        pointers ^= parameter.data_ptr()
        count += 1
    return versions, pointers, count
