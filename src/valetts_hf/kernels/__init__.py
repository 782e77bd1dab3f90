"""Fused GPU kernels: where they come from (`sources`), how a model gets them (`kernelize`), and why not (`report`)."""

from valetts_hf.kernels.kernelize import install, kernelize
from valetts_hf.kernels.report import KernelReport
from valetts_hf.kernels.sources import KernelSource, bundled_repository, kernel_source


__all__ = ["KernelReport", "KernelSource", "bundled_repository", "install", "kernel_source", "kernelize"]
