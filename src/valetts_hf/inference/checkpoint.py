"""Loading a checkpoint, complete or not at all: what is wrong with it is said in one error with its remedy.

`from_pretrained` of transformers only warns about missing weights and lets damaged files surface as the error of whatever
library meets them first; a voice that speaks noise is worse than an error.
"""

from __future__ import annotations

import json
import logging
import os
from pathlib import Path
from typing import Any

import torch

from valetts_hf.inference.errors import CheckpointError


_HUB_OPTIONS = {"revision", "token", "cache_dir", "local_files_only", "force_download"}
_REFETCH = "Copy or download the checkpoint again (save one with `save_pretrained` of both model and processor)."


def resolve_device(device: str | torch.device | int | None) -> torch.device:
    """The device to speak on: the one given, else the GPU if there is one, else the CPU.

    Raises:
        `ValueError`: no such device here.
    """
    if device is None:
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        resolved = torch.device(f"cuda:{device}" if isinstance(device, int) else device)
    except (RuntimeError, TypeError) as error:  # no name of a device, no kind of argument for one
        raise ValueError(_unusable(device, str(error).splitlines()[0])) from error
    usable = _devices_here()
    if resolved.type not in usable or (resolved.index or 0) >= usable[resolved.type]:
        here = ", ".join(f"{kind} ({count})" for kind, count in usable.items())
        raise ValueError(_unusable(device, f"torch finds {here}"))
    return resolved


def _devices_here() -> dict[str, int]:
    """How many devices of which type torch can compute on: the CPU, and one kind of accelerator at most."""
    found = {"cpu": 1}
    accelerator = torch.accelerator.current_accelerator() if torch.accelerator.is_available() else None
    if accelerator is not None:
        found[accelerator.type] = torch.accelerator.device_count()
    return found


def _unusable(device: Any, reason: str) -> str:
    return f"device {device!r} cannot be used here ({reason}); use 'cpu', or None to choose by itself."


def resolve_dtype(dtype: str | torch.dtype | None) -> torch.dtype:
    """The floating-point type of the weights; float32 unless another one is given.

    Raises:
        `ValueError`: not float32, bfloat16 or float16.
    """
    allowed = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}
    if dtype is None:
        return torch.float32
    name = str(dtype).removeprefix("torch.")
    if name not in allowed:
        raise ValueError(f"dtype must be one of {', '.join(allowed)} (or None for float32), got {dtype!r}.")
    return allowed[name]


def load_checkpoint(
    source: str | os.PathLike, device: torch.device, dtype: torch.dtype, decoder: str | None = None, **hub_options: Any
) -> tuple[Any, Any]:
    """Model and processor of a checkpoint, the model on its device and in evaluation mode.

    Args:
        source: folder, or id of a repository on the Hub ("owner/name").
        device (`torch.device`), dtype (`torch.dtype`): of the model.
        decoder (`str`, *optional*): "istft" or "bigvgan", instead of the checkpoint's own.
        hub_options: `revision`, `token`, `cache_dir`, `local_files_only`, `force_download`.

    Raises:
        `CheckpointError`: missing, damaged, incomplete, made for another model, or without such a decoder. `ValueError`:
            there is no such kind of decoder. `TypeError`: unknown option.
    """
    from valetts_hf.modeling.configuration_valetts import ValeTTSConfig
    from valetts_hf.modeling.decoders import decoder_folder
    from valetts_hf.modeling.modeling_valetts import ValeTTSForSpeech
    from valetts_hf.processing.processing_valetts import ValeTTSProcessor

    unknown = sorted(set(hub_options) - _HUB_OPTIONS)
    if unknown:
        raise TypeError(f"from_pretrained() got an unexpected keyword argument {unknown[0]!r}.")
    if decoder is not None:
        decoder_folder(decoder)  # refuses unknown kinds before anything is loaded
    name = os.fspath(source)
    _check_folder(name)
    try:
        settings, _ = ValeTTSConfig.get_config_dict(name, **hub_options)
    except (OSError, ValueError) as error:
        raise _unreachable(name, error) from error
    kind = settings.get("model_type")
    if kind != ValeTTSConfig.model_type:
        raise CheckpointError(
            f"{name!r} holds a model of type {kind!r}, not 'valetts': give a ValeTTS checkpoint, or load that one with "
            "transformers' own classes."
        )
    try:
        config = ValeTTSConfig.from_dict(settings)
    except Exception as error:  # validation has several exceptions of its own
        raise CheckpointError(f"config.json of {name!r} is not valid: {_reason(error)} {_REFETCH}") from error
    model = _load_model(ValeTTSForSpeech, name, config, dtype, hub_options)
    if decoder not in (None, model.config.decoder.type):
        _exchange_decoder(model, name, decoder, hub_options)
    try:
        processor = ValeTTSProcessor.from_pretrained(name, **hub_options)
    except Exception as error:
        raise CheckpointError(
            f"the text or audio settings of {name!r} cannot be loaded: {_reason(error)} {_REFETCH}"
        ) from error
    return model.to(device).eval(), processor


def _load_model(model_class: Any, name: str, config: Any, dtype: torch.dtype, hub_options: dict[str, Any]) -> Any:
    """The model with every weight from the checkpoint, none left as it was initialised."""
    logger = logging.getLogger("transformers.modeling_utils")
    logger.addFilter(_no_load_report)  # instead of its table of every weight, one error below
    try:
        model, report = model_class.from_pretrained(
            name, config=config, dtype=dtype, output_loading_info=True, ignore_mismatched_sizes=True, **hub_options
        )
    except Exception as error:  # each library that reads a part of a file has exceptions of its own
        raise CheckpointError(f"the weights of {name!r} cannot be loaded: {_reason(error)} {_REFETCH}") from error
    finally:
        logger.removeFilter(_no_load_report)
    missing = sorted(report["missing_keys"])
    if missing:
        raise CheckpointError(
            f"the weights of {name!r} are incomplete: {len(missing)} are missing, for example {missing[0]!r}. {_REFETCH}"
        )
    other = sorted(report["mismatched_keys"])
    if other:
        key, found, wanted = other[0]
        raise CheckpointError(
            f"the weights of {name!r} do not fit its config.json: {len(other)} differ in shape, for example {key!r} is "
            f"{tuple(found)} and should be {tuple(wanted)}. {_REFETCH}"
        )
    return model


def _exchange_decoder(model: Any, name: str, decoder: str, hub_options: dict[str, Any]) -> None:
    from valetts_hf.modeling.decoders import exchange_decoder, read_decoder

    try:
        exchange_decoder(model, *read_decoder(name, decoder, **hub_options))
    except (OSError, ValueError) as error:
        raise CheckpointError(f"the {decoder!r} decoder cannot be used: {_reason(error)}") from error


def _no_load_report(record: logging.LogRecord) -> bool:
    return "LOAD REPORT" not in record.getMessage()


def _check_folder(name: str) -> None:
    """Say clearly what a path lacks, before the Hub client takes it for a repository id."""
    path = Path(name).expanduser()
    if path.is_file():
        raise CheckpointError(f"{name!r} is a file; give the folder of the checkpoint that holds config.json.")
    if not path.is_dir():
        if name.startswith((".", "/", "~", "\\")) or name.count("/") > 1 or "\\" in name or not name.strip():
            raise CheckpointError(f"there is no checkpoint folder {name!r}: check the path (now in {os.getcwd()!r}).")
        return
    if not (path / "config.json").is_file():
        raise CheckpointError(f"the folder {name!r} holds no config.json, so it is no checkpoint: check the path.")
    try:
        if not isinstance(json.loads((path / "config.json").read_text(encoding="utf-8")), dict):
            raise ValueError("it is no JSON object")
    except (OSError, ValueError) as error:
        raise CheckpointError(f"{name!r}: config.json cannot be read: {_reason(error)} {_REFETCH}") from error
    if not any(path.glob("*.safetensors")):
        raise CheckpointError(
            f"the folder {name!r} holds no weights (no .safetensors file; other formats are not loaded). {_REFETCH}"
        )


def _unreachable(name: str, error: Exception) -> CheckpointError:
    if Path(name).expanduser().is_dir():
        return CheckpointError(f"{name!r}: config.json cannot be read: {_reason(error)} {_REFETCH}")
    return CheckpointError(
        f"the checkpoint {name!r} is neither a folder here nor reachable on the Hub: {_reason(error)} Check the name "
        "and the connection, or leave the name out to use the checkpoint that comes with the package."
    )


def _reason(error: Exception) -> str:
    """What a library said, on one line and not endless."""
    text = " ".join(str(error).split()) or type(error).__name__
    return (text if len(text) <= 300 else text[:297] + "...").rstrip(".") + "."
