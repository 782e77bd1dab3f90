"""Decode in pieces of one shape, so that a piece can be a CUDA graph or a compiled function; equal to decoding at once.

A generator launches about a thousand small kernels for a piece, which at batch 1 takes longer than what they compute.
Every window has the same number of frames; what differs is which of them are context: none before the first window, none
after the last one. So there are three functions to capture, whatever the length.
B batch, C channels of a frame, F frames, S samples.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Literal

import torch

from valetts_hf.modeling.bigvgan import BigVGANGenerator


Runner = Literal["eager", "graph", "compile"]
Function = Callable[[torch.Tensor], torch.Tensor]


class FixedChunkDecoder:
    """Frames [B, C, F] to pieces of a waveform [B, S], by windows of `chunk_frames` and their context.

    Args:
        generator ([`BigVGANGenerator`]): in `eval()`, its weight normalisation best fused; must not change afterwards.
        chunk_frames (`int`): frames of a piece, at least 1.
        runner (`str`, *optional*): "graph" (CUDA graphs), "compile" (`torch.compile` for this shape) or "eager"; by default
            graphs on CUDA and eager elsewhere.

    Raises:
        ValueError: another runner, graphs without CUDA, or fewer than one frame.
    """

    def __init__(self, generator: BigVGANGenerator, chunk_frames: int, runner: Runner | None = None):
        device = next(generator.parameters()).device
        if chunk_frames < 1:
            raise ValueError(f"chunk_frames must be at least 1, got {chunk_frames}")
        if runner is None:
            runner = "graph" if device.type == "cuda" else "eager"
        if runner not in ("eager", "graph", "compile"):
            raise ValueError(f"runner must be eager, graph or compile, got {runner!r}")
        if runner == "graph" and device.type != "cuda":
            raise ValueError(f"runner 'graph' needs the generator on a CUDA device, it is on {device}")
        self.generator = generator
        self.chunk_frames = chunk_frames
        self.runner = runner
        self.context = generator.receptive_field
        self.window = chunk_frames + 2 * self.context
        self._functions: dict[tuple[int, int, torch.Size, torch.dtype], Function] = {}

    @torch.inference_mode()
    def decode(self, frames: torch.Tensor) -> Iterator[torch.Tensor]:
        """Yield the waveform in pieces; joined, they are what the generator gives for all frames, bounded to [-1, 1].

        The first and the last piece are longer, since they need context on one side only. Fewer frames than a window are
        decoded in one piece of their own shape.

        Args:
            frames (`torch.Tensor` of shape `(batch, channels, frames)`): what the generator reads.
        """
        total = frames.shape[-1]
        if total <= self.window:
            yield self.generator.bounded(self.generator(frames))
            return
        done = 0
        while done < total:
            start = min(max(done - self.context, 0), total - self.window)
            left = self.context if start else 0
            right = self.context if start + self.window < total else 0
            piece = self._run(frames[..., start : start + self.window], left, right)
            first = start + left  # frame that the piece begins with; the last window may reach back behind `done`
            yield piece[:, (done - first) * self.generator.hop_length :]
            done = start + self.window - right

    def _run(self, window: torch.Tensor, left: int, right: int) -> torch.Tensor:
        key = (left, right, window.shape, window.dtype)
        if key not in self._functions:
            self._functions[key] = self._prepare(window, left, right)
        return self._functions[key](window)

    def _prepare(self, window: torch.Tensor, left: int, right: int) -> Function:
        def decode(frames: torch.Tensor) -> torch.Tensor:
            return self.generator.bounded(self.generator(frames, left=left, right=right))

        if self.runner == "compile":
            return torch.compile(decode, dynamic=False)
        return _captured(decode, window) if self.runner == "graph" else decode


def _captured(decode: Function, example: torch.Tensor) -> Function:
    """`decode` as a CUDA graph for the shape of `example`."""
    static = example.clone(memory_format=torch.contiguous_format)
    stream = torch.cuda.Stream(example.device)
    stream.wait_stream(torch.cuda.current_stream(example.device))
    with torch.cuda.stream(stream):  # lets libraries choose their algorithms and Triton compile before the capture
        for _ in range(3):
            decode(static)
    torch.cuda.current_stream(example.device).wait_stream(stream)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        result = decode(static)

    def replay(frames: torch.Tensor) -> torch.Tensor:
        static.copy_(frames)
        graph.replay()
        return result.clone()

    return replay
