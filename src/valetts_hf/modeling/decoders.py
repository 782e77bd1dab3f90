"""Which decoders there are, and those that a checkpoint carries beside its own.

A checkpoint's `config.json` and `model.safetensors` hold one decoder. Others that were trained on the same latents lie in
folders `decoder_<type>/` beside them, each with the `config.json` of the decoder and its weights;
`ValeTTSForSpeech.from_pretrained(..., decoder="bigvgan")` puts one in the place of the checkpoint's own.
"""

import json
import os
import shutil
import uuid
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import nn
from transformers.utils.hub import cached_file

from .bigvgan_decoder import BigVGANDecoder
from .configuration_valetts import ValeTTSConfig, ValeTTSDecoderConfig
from .istft_decoder import ISTFTDecoder
from .weight_norm import refuse_fused


DECODERS = {"istft": ISTFTDecoder, "bigvgan": BigVGANDecoder}
WEIGHTS_FILE = "model.safetensors"
CONFIG_FILE = "config.json"
HUB_OPTIONS = ("revision", "token", "cache_dir", "local_files_only", "force_download", "subfolder")


def decoder_folder(kind: str) -> str:
    """Name of the folder that holds an additional decoder.

    Raises:
        ValueError: there is no such kind of decoder.
    """
    if kind not in DECODERS:
        raise ValueError(f"decoder must be one of {', '.join(sorted(DECODERS))}, got {kind!r}")
    return f"decoder_{kind}"


def make_decoder(config: ValeTTSConfig) -> nn.Module:
    """The decoder that a configuration names, with new weights."""
    return DECODERS[config.decoder.type](config)


def read_decoder(
    source: str | os.PathLike, kind: str, **hub_options: Any
) -> tuple[ValeTTSDecoderConfig, dict[str, torch.Tensor]]:
    """An additional decoder of a checkpoint.

    Args:
        source: folder or repository of the checkpoint.
        kind (`str`): a key of `DECODERS`.
        hub_options: `revision`, `token`, `cache_dir`, `local_files_only`, `force_download`, `subfolder`.

    Returns:
        `tuple`: its configuration and its weights by name.

    Raises:
        ValueError: there is no such kind.
        OSError: the checkpoint carries none, or a damaged one.
    """
    folder = decoder_folder(kind)
    found = []
    for name in (CONFIG_FILE, WEIGHTS_FILE):
        path = cached_file(str(source), f"{folder}/{name}", _raise_exceptions_for_missing_entries=False, **hub_options)
        if path is None:
            raise OSError(
                f"the checkpoint {str(source)!r} carries no {kind!r} decoder ({folder}/{name} is missing): leave `decoder` "
                "out, or train one with run_vocoder.py and store it with save_decoder"
            )
        found.append(path)
    try:
        settings = json.loads(Path(found[0]).read_text(encoding="utf-8"))
        config = ValeTTSDecoderConfig(**{key: value for key, value in settings.items() if key != "model_type"})
        weights = load_file(found[1])
    except Exception as error:  # JSON, validation and safetensors have exceptions of their own
        raise OSError(
            f"the {kind!r} decoder of {str(source)!r} cannot be read ({' '.join(str(error).split())}): fetch it again"
        ) from error
    if config.type != kind:
        raise OSError(f"{folder} of {str(source)!r} holds a decoder of type {config.type!r}")
    return config, weights


def exchange_decoder(model: nn.Module, config: ValeTTSDecoderConfig, weights: dict[str, torch.Tensor]) -> None:
    """Give a [`ValeTTSForSpeech`] another decoder, in place; its configuration follows, and kernels if it uses them.

    Raises:
        ValueError: the decoder makes other frames than the model, or the weights are not those of the configuration.
    """
    before = model.config.decoder
    model.config.decoder = config
    try:
        model.config.validate_architecture()
        with torch.device("cpu"):
            decoder = make_decoder(model.config)
        decoder.load_state_dict(weights)
    except (RuntimeError, ValueError) as error:
        model.config.decoder = before
        reason = " ".join(str(error).split())
        if isinstance(error, ValueError):
            raise ValueError(f"the {config.type!r} decoder does not fit the model: {reason}") from error
        raise ValueError(f"the weights do not fit the {config.type!r} decoder: {reason}") from error
    model.decoder = decoder.to(model.device, model.dtype).train(model.training)
    if model.use_kernels:
        model.set_use_kernels(True)


def save_decoder(model: nn.Module, folder: str | os.PathLike, dtype: torch.dtype | None = None) -> Path:
    """Store the decoder of a [`ValeTTSForSpeech`] beside a checkpoint, in one move.

    Args:
        model: whose decoder was trained on the latents of that checkpoint.
        folder: of the checkpoint.
        dtype (`torch.dtype`, *optional*): of the stored weights.

    Returns:
        `Path`: the folder `decoder_<type>` in it, replaced if it was there.

    Raises:
        ValueError: its weight normalisation is folded.
        OSError: it cannot be written.
    """
    refuse_fused(model.decoder)
    target = Path(folder) / decoder_folder(model.config.decoder.type)
    temporary = target.with_name(f".{target.name}.{uuid.uuid4().hex}.part")
    weights = {
        name: value.detach().to("cpu", dtype or value.dtype).contiguous()
        for name, value in model.decoder.state_dict().items()
    }
    try:
        temporary.mkdir(parents=True)
        save_file(weights, temporary / WEIGHTS_FILE, metadata={"format": "pt"})
        (temporary / WEIGHTS_FILE).chmod(0o644)
        settings = model.config.decoder.to_diff_dict() | {"type": model.config.decoder.type}
        settings = {key: value for key, value in settings.items() if key != "transformers_version"}
        (temporary / CONFIG_FILE).write_text(json.dumps(settings, indent=2) + "\n", encoding="utf-8")
        replace_folder(temporary, target)
    except SafetensorError as error:
        raise OSError(f"the decoder could not be written to {str(target)!r}: {error}") from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return target


def replace_folder(new: Path, target: Path) -> None:
    """Move a finished folder to its place; what was there before goes."""
    if not target.exists():
        os.rename(new, target)
        return
    old = new.with_suffix(".old")
    os.rename(target, old)
    os.rename(new, target)
    shutil.rmtree(old, ignore_errors=True)


__all__ = [
    "DECODERS",
    "decoder_folder",
    "exchange_decoder",
    "make_decoder",
    "read_decoder",
    "replace_folder",
    "save_decoder",
]
