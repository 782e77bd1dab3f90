"""Whatever `ValeTTS.from_pretrained` is given as a model and a processor: a checkpoint, exported graphs, or the base of a voice."""

from __future__ import annotations

import os
from importlib import import_module
from typing import Any

import torch

from valetts_hf.inference.checkpoint import load_checkpoint, resolve_device, resolve_dtype
from valetts_hf.inference.onnx_folder import chosen_backend, load_export, local_export
from valetts_hf.voices.fingerprint import checkpoint_fingerprint, keep_fingerprint
from valetts_hf.voices.places import is_voice_folder
from valetts_hf.voices.voice import Voice
from valetts_hf.voices.voice_folder import load_voice, resolve_base


def open_model(
    model: str | os.PathLike | None,
    device: str | torch.device | int | None,
    dtype: str | torch.dtype | None,
    decoder: str | None,
    num_threads: int | None,
    backend: str | None,
    provider: str | None,
    **hub_options: Any,
) -> tuple[Any, Any, Voice | None]:
    """Arguments and errors as for `ValeTTS.from_pretrained`.

    Returns:
        `tuple`: the model, ready to speak; the processor; the voice that speaks by default, if it is no language's.
    """
    if num_threads is not None:
        if not isinstance(num_threads, int) or num_threads < 1:
            raise ValueError(f"num_threads must be 1 or more, or None to leave it, got {num_threads!r}.")
        torch.set_num_threads(num_threads)
    if model is None:
        model = import_module("valetts_hf").BASE_CHECKPOINT  # looked up now: a program may point it elsewhere
    source = os.path.expanduser(os.fspath(model))
    voice = None
    if is_voice_folder(source):
        voice = load_voice(source)
        source = resolve_base(voice.base_model_name_or_path)
    if chosen_backend(source, backend, device, dtype, provider, decoder) == "onnx":
        network, processor, folded = load_export(local_export(source, **hub_options), provider, num_threads)
        return network, processor, voice or folded
    target, number = resolve_device(device), resolve_dtype(dtype)
    # Half precision would round a checkpoint that is stored in float32, and with it the fingerprint.
    exact = torch.float32 if number == torch.float16 else number
    network, processor = load_checkpoint(source, target, exact, decoder, **hub_options)
    if exact != number:
        keep_fingerprint(network, checkpoint_fingerprint(network))
        network.to(number)
    return network.fuse_weight_norm(), processor, voice
