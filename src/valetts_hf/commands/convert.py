"""`valetts convert`: checkpoints of others as folders of safetensors that `from_pretrained` reads."""

from __future__ import annotations

import argparse
import os
import shutil
import uuid
from pathlib import Path
from typing import Any

from valetts_hf.commands.common import EXIT_FAILED, EXIT_OK, CommandError, note, one_line, quiet_libraries


DTYPES = ("float32", "float16", "bfloat16")


def add_parser(subparsers: Any) -> argparse.ArgumentParser:
    parser = subparsers.add_parser(
        "convert",
        help="turn a published vocoder into a checkpoint of ours",
        description="Turn a published checkpoint into a folder of safetensors. Nothing in the source is executed, and every "
        "tensor must have its place. DST appears when all is written, or not at all.",
    )
    parser.add_argument("kind", choices=["bigvgan"], help="what SRC is: a generator of BigVGAN, version 1 or 2")
    parser.add_argument(
        "source",
        metavar="SRC",
        help="folder with config.json and bigvgan_generator.pt, that .pt file, or a repository such as "
        "nvidia/bigvgan_v2_24khz_100band_256x",
    )
    parser.add_argument("target", metavar="DST", help="new folder")
    parser.add_argument("--dtype", choices=DTYPES, default="float32", help="number format of the weights")
    parser.add_argument("--overwrite", action="store_true", help="replace DST if it is a vocoder")
    parser.add_argument("--quiet", "-q", action="store_true", help="say nothing")
    return parser


def run(args: argparse.Namespace) -> int:
    target = Path(args.target).expanduser().absolute()
    _check_target(target, args.overwrite)
    with quiet_libraries(args.debug):
        facts = convert_bigvgan(args.source, target, args.dtype)
    note(
        f"{args.target}: {facts['millions']:.1f} M parameters, {facts['sampling_rate']} Hz, {facts['bands']} mel bands, "
        f"{args.dtype}. Load it with ValeTTSVocoder.from_pretrained({args.target!r}).",
        args.quiet,
    )
    return EXIT_OK


def convert_bigvgan(source: str, target: Path, dtype: str = "float32") -> dict[str, Any]:
    """Write a published BigVGAN checkpoint as one of [`ValeTTSVocoder`].

    Args:
        source (`str`): its folder, file or repository.
        target (`Path`): is replaced.
        dtype (`str`): one of `DTYPES`.

    Returns:
        `dict`: "millions" of parameters, "sampling_rate" in Hz, mel "bands".

    Raises:
        OSError: the source cannot be read or the target not be written.
        ValueError: the source is no whole generator.
    """
    import torch

    from valetts_hf.modeling.decoders import replace_folder
    from valetts_hf.modeling.vocoder import ValeTTSVocoder

    vocoder = ValeTTSVocoder.from_pretrained(os.path.expanduser(source), dtype=getattr(torch, dtype))
    vocoder.config._name_or_path = ""
    temporary = target.with_name(f".{target.name}.{uuid.uuid4().hex}.part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        vocoder.save_pretrained(temporary)
        for path in temporary.iterdir():
            path.chmod(0o644)
        replace_folder(temporary, target)
    except Exception as error:  # safetensors has an exception of its own
        raise CommandError(f"{str(target)!r} cannot be written ({one_line(error)}).", EXIT_FAILED) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    config = vocoder.config
    millions = sum(parameter.numel() for parameter in vocoder.parameters()) / 1e6
    return {"millions": millions, "sampling_rate": config.sampling_rate, "bands": config.num_mel_bands}


def _check_target(target: Path, overwrite: bool) -> None:
    """Nothing but a vocoder that may be replaced is ever removed."""
    if not target.exists() or (target.is_dir() and not any(target.iterdir())):
        return
    if target.is_dir() and (target / "config.json").is_file() and (target / "model.safetensors").is_file():
        if overwrite:
            return
        raise CommandError(f"{str(target)!r} is there already: add --overwrite, or name a new folder.")
    raise CommandError(f"{str(target)!r} holds other things: name a new or empty folder.")
