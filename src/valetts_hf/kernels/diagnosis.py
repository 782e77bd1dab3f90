"""What `valetts doctor` says about kernels: the source, what is in the way, and on a GPU whether a trial succeeds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch

from valetts_hf.kernels.kernelize import kernelize, library_problem
from valetts_hf.kernels.sources import VARIABLE, KernelSource, kernel_source
from valetts_hf.modeling.anti_aliased_activation import AntiAliasedSnakeBeta


@dataclass(frozen=True)
class Finding:
    """
    Args:
        name (`str`): what was looked at.
        status (`str`): "ok", "info" (nothing is wrong, the CPU path or PyTorch computes), "warning".
        detail (`str`): what was found.
        remedy (`str`, *optional*): what to do about it.
    """

    name: str
    status: Literal["ok", "info", "warning"]
    detail: str
    remedy: str | None = None


def diagnose_kernels() -> list[Finding]:
    """Findings about the source of kernels and about their use on this machine; loads one only where there is a GPU."""
    try:
        source = kernel_source()
    except (ValueError, FileNotFoundError) as error:
        remedy = f"unset {VARIABLE}, or install valetts-hf again"
        return [Finding("kernel source", "warning", str(error), remedy)]
    return [_about_source(source), _about_use(source)]


def _about_source(source: KernelSource) -> Finding:
    trusted = ", its publisher is trusted by you" if source.trusted else ""
    return Finding("kernel source", "info" if source.kind == "off" else "ok", f"{source}{trusted}")


def _about_use(source: KernelSource) -> Finding:
    name = "fused kernels"
    problem = library_problem()
    if not torch.cuda.is_available():
        besides = f" ({problem})" if problem else ""
        return Finding(name, "info", f"not used: no CUDA device; the CPU has a fast path of its own{besides}")
    if source.kind == "off" or problem is not None:
        status: Literal["info", "warning"] = "info" if source.kind == "off" else "warning"
        return Finding(name, status, f"not used: {problem or f'{VARIABLE}=off'}")
    report = kernelize(torch.nn.Sequential(AntiAliasedSnakeBeta(4)).cuda().eval(), source=source)
    if report.used:
        return Finding(name, "ok", f"run on {torch.cuda.get_device_name()} and agree with PyTorch")
    return Finding(name, "warning", f"not used: {report.reason}", "PyTorch computes the same, more slowly")
