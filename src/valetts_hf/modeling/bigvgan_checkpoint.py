"""Reads BigVGAN checkpoints in the published layout: `config.json` beside `bigvgan_generator.pt`.

The second file is `{"generator": state}` with the tensor names of the original code (`ups.0.0.weight_g`,
`resblocks.3.activations.1.act.alpha`, ...). It is loaded with `weights_only=True`, so nothing in it is executed, and every
tensor has to have its place: a vocoder that lacks a layer makes noise, not an error.
"""

import difflib
import json
import os
import pickle
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from transformers.utils.hub import cached_file

from .configuration_valetts import ValeTTSBigVGANConfig
from .configuration_vocoder import ValeTTSVocoderConfig
from .resampling_filter import TAPS


GENERATOR_FILE = "bigvgan_generator.pt"
CONFIG_FILE = "config.json"
# our name of a field -> the published one, where they differ
_FIELDS = {
    "sampling_rate": "sampling_rate",
    "n_fft": "n_fft",
    "hop_length": "hop_size",
    "num_mel_bands": "num_mels",
    "min_frequency": "fmin",
    "max_frequency": "fmax",
}
_GENERATOR_FIELDS = (
    "upsample_rates",
    "upsample_kernel_sizes",
    "upsample_initial_channel",
    "resblock",
    "resblock_kernel_sizes",
    "resblock_dilation_sizes",
    "activation",
    "snake_logscale",
)
_LATER_FIELDS = ("use_tanh_at_final", "use_bias_at_final")  # not in configurations of version 1, where both held
_WEIGHT_NORM = {"weight_g": "parametrizations.weight.original0", "weight_v": "parametrizations.weight.original1"}
_FILTER = re.compile(r"(.+)\.(upsample|downsample\.lowpass)\.filter")


def find_published(source: str | os.PathLike, **hub_options: Any) -> tuple[dict[str, Any], str] | None:
    """Settings and weights file of a checkpoint in the published layout.

    Args:
        source: its folder, its `.pt` file or its repository on the Hub.
        hub_options: `revision`, `token`, `cache_dir`, `local_files_only`, `force_download`, `subfolder`.

    Returns:
        `tuple[dict, str]`: the content of `config.json` and the path of the weights; None if `config.json` is there but is
        that of another kind of model.

    Raises:
        OSError: a file is missing, cannot be read or cannot be fetched.
    """
    path = Path(source).expanduser()
    if path.is_file():
        settings = _read_json(path.with_name(CONFIG_FILE))
        if settings is None:
            raise OSError(f"there is no {CONFIG_FILE} beside {str(path)!r}: it says how the generator is built")
        return settings, str(path)
    name = str(path) if path.is_dir() else str(source)
    settings = _read_json(_fetched(name, CONFIG_FILE, hub_options))
    if settings is None or "model_type" in settings or "upsample_initial_channel" not in settings:
        return None
    return settings, str(_fetched(name, GENERATOR_FILE, hub_options))


def published_config(settings: Mapping[str, Any], source: str = CONFIG_FILE) -> ValeTTSVocoderConfig:
    """Configuration from the settings of a published `config.json`; those of its training are left out.

    Raises:
        ValueError: a setting is missing, unknown or of no use here.
    """
    wanted = [*_FIELDS.values(), *_GENERATOR_FIELDS]
    if missing := [name for name in wanted if name not in settings]:
        raise ValueError(f"{source!r} is no configuration of BigVGAN: it lacks {', '.join(missing)}")
    if settings["activation"] not in ("snake", "snakebeta"):
        raise ValueError(f"{source!r}: activation must be 'snakebeta' or 'snake', got {settings['activation']!r}")
    window = settings.get("win_size", settings["n_fft"])
    if window != settings["n_fft"]:
        raise ValueError(f"{source!r}: a window of {window} samples in an FFT of {settings['n_fft']} is not supported")
    generator = {name: settings[name] for name in _GENERATOR_FIELDS}
    generator |= {name: settings.get(name, True) for name in _LATER_FIELDS}
    generator["resblock"] = str(generator["resblock"])
    try:
        return ValeTTSVocoderConfig(
            **{ours: settings[theirs] for ours, theirs in _FIELDS.items()}, bigvgan=ValeTTSBigVGANConfig(**generator)
        )
    except Exception as error:  # validation has exceptions of its own
        raise ValueError(f"{source!r}: {' '.join(str(error).split())}") from error


def read_generator(path: str | os.PathLike) -> dict[str, torch.Tensor]:
    """The tensors of a `bigvgan_generator.pt`, by their published names; nothing in the file is executed.

    Raises:
        OSError: the file is missing or damaged, or holds other things than tensors.
        ValueError: it holds no generator.
    """
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise
    except (pickle.UnpicklingError, RuntimeError, EOFError, ValueError, KeyError, OSError) as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise OSError(
            f"{str(path)!r} is no file of tensors ({reason}): fetch it again, and load only what you trust"
        ) from error
    state = content.get("generator") if isinstance(content, Mapping) else None
    if not isinstance(state, Mapping) or not all(isinstance(value, torch.Tensor) for value in state.values()):
        found = sorted(map(str, content)) if isinstance(content, Mapping) else type(content).__name__
        raise ValueError(f"{str(path)!r} holds no 'generator' with its tensors but {found}: give {GENERATOR_FILE}")
    return dict(state)


def convert_generator(
    published: Mapping[str, torch.Tensor], expected: Mapping[str, torch.Size], source: str = GENERATOR_FILE
) -> dict[str, torch.Tensor]:
    """Published tensors under the names of [`ValeTTSVocoder`].

    Args:
        published (mapping): name to tensor, weight normalisation in either form or folded into plain weights.
        expected (mapping): name to shape of all tensors of our model.
        source (`str`): for messages.

    Raises:
        ValueError: tensors are missing, left over or of another shape, naming them; or the resampling filters are others.
    """
    converted: dict[str, torch.Tensor] = {}
    origins: dict[str, str] = {}
    for name, tensor in published.items():
        if _FILTER.fullmatch(name):
            _check_filter(name, tensor, source)
            continue
        target = _our_name(name)
        if f"{target.removesuffix('weight')}parametrizations.weight.original1" in expected:
            prefix = target.removesuffix("weight")
            norm = tensor.flatten(1).norm(dim=1).view(-1, *[1] * (tensor.dim() - 1))
            converted[f"{prefix}parametrizations.weight.original0"] = norm
            target = f"{prefix}parametrizations.weight.original1"
        converted[target], origins[target] = tensor, name
    _check_names(set(expected), set(converted), origins, source)
    for name, tensor in converted.items():
        if tensor.shape != expected[name]:
            theirs = origins.get(name, name)
            raise ValueError(
                f"{source!r} does not fit its {CONFIG_FILE}: {theirs} is {tuple(tensor.shape)} and should be "
                f"{tuple(expected[name])}"
            )
    return converted


def published_name(name: str) -> str:
    """The published name of a tensor of [`ValeTTSVocoder`]."""
    name = name.removeprefix("generator.")
    for theirs, ours in _WEIGHT_NORM.items():
        name = name.replace(ours, theirs)
    name = re.sub(r"^upsamplers\.(\d+)\.", r"ups.\1.0.", name)
    name = re.sub(r"^blocks\.(\d+)\.", r"resblocks.\1.", name)
    return re.sub(r"\.(alpha|beta)$", r".act.\1", name)


def _our_name(name: str) -> str:
    for theirs, ours in _WEIGHT_NORM.items():
        name = re.sub(rf"\b{theirs}$", ours, name)
    name = re.sub(r"^ups\.(\d+)\.0\.", r"upsamplers.\1.", name)
    name = re.sub(r"^resblocks\.(\d+)\.convs\.", r"resblocks.\1.convs1.", name)  # residual blocks of type "2"
    name = re.sub(r"^resblocks\.(\d+)\.", r"blocks.\1.", name)
    return "generator." + re.sub(r"\.act\.(alpha|beta)$", r".\1", name)


def _check_filter(name: str, tensor: torch.Tensor, source: str) -> None:
    taps = torch.tensor(TAPS, dtype=torch.float64)
    if tensor.numel() != len(TAPS) or not torch.allclose(tensor.flatten().double(), taps, atol=1e-5):
        raise ValueError(
            f"{source!r}: the resampling filter {name} is not the Kaiser-windowed sinc of {len(TAPS)} taps that this "
            "model computes, so it would sound otherwise"
        )


def _check_names(expected: set[str], found: set[str], origins: Mapping[str, str], source: str) -> None:
    missing = sorted(published_name(name) for name in expected - found)
    if any(".convs." in name for name in origins.values()):
        missing = [name.replace(".convs1.", ".convs.") for name in missing]
    extra = sorted(origins.get(name, published_name(name)) for name in found - expected)
    if not missing and not extra:
        return
    parts = []
    for what, names in (("lacks", missing), ("has unknown", extra)):
        if names:
            more = f" and {len(names) - 3} more" if len(names) > 3 else ""
            parts.append(f"{what} {', '.join(names[:3])}{more}")
    message = f"{source!r} is not the generator of its {CONFIG_FILE}: it {' and '.join(parts)}"
    close = difflib.get_close_matches(missing[0], extra, 1, cutoff=0.5) if missing and extra else []
    raise ValueError(message + (f"; {close[0]} looks like a renamed {missing[0]}" if close else ""))


def _fetched(name: str, file: str, hub_options: dict[str, Any]) -> Path:
    path = cached_file(name, file, **hub_options)
    if path is None:  # so transformers says that a repository is there, but has no such file
        raise OSError(f"{name!r} holds no {file}: it is no vocoder")
    return Path(path)


def _read_json(path: Path) -> dict[str, Any] | None:
    if not path.is_file():
        return None
    try:
        settings = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise OSError(f"{str(path)!r} cannot be read as JSON ({error}): fetch it again") from error
    if not isinstance(settings, dict):
        raise OSError(f"{str(path)!r} is no configuration: it holds a {type(settings).__name__}")
    return settings
