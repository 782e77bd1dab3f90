"""Fused anti-aliased SnakeBeta: upsample by two, x + sin^2(alpha x) / beta, downsample by two, in one kernel."""

from . import layers
from .inference import HAS_CUDA_KERNEL, anti_aliased_snake_inference
from .op import anti_aliased_snake


__all__ = ["HAS_CUDA_KERNEL", "anti_aliased_snake", "anti_aliased_snake_inference", "layers"]
