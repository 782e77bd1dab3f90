"""Windows of one shape give what decoding at once gives."""

from __future__ import annotations

import pytest
import torch

from valetts_hf.kernels.fixed_chunks import FixedChunkDecoder
from valetts_hf.modeling.bigvgan import BigVGANGenerator
from valetts_hf.modeling.configuration_vocoder import ValeTTSVocoderConfig
from valetts_hf.modeling.weight_norm import fuse_weight_norm


@pytest.fixture(scope="module")
def generator() -> BigVGANGenerator:
    torch.manual_seed(0)
    config = ValeTTSVocoderConfig.preset("24khz_100band_256x_tiny")
    generator = BigVGANGenerator(config.bigvgan, 4).eval()
    generator.initialize()
    fuse_weight_norm(generator)
    return generator


def test_pieces_equal_the_whole(generator):
    decoder = FixedChunkDecoder(generator, 5)
    assert decoder.runner == "eager"
    for total in (1, decoder.window, decoder.window + 1, decoder.window + 23):
        frames = torch.randn(2, 4, total)
        with torch.no_grad():
            expected = generator.bounded(generator(frames))
        pieces = list(decoder.decode(frames))
        assert len(pieces) >= (total > decoder.window) + 1
        torch.testing.assert_close(torch.cat(pieces, dim=1), expected, rtol=0, atol=1e-5)
    assert len({key[:2] for key in decoder._functions}) <= 3  # first, middle, last


def test_a_compiled_function_per_place(generator, monkeypatch: pytest.MonkeyPatch):
    seen = []

    def compiled(function, dynamic):
        seen.append(dynamic)
        return function

    monkeypatch.setattr(torch, "compile", compiled)
    decoder = FixedChunkDecoder(generator, 8, runner="compile")
    frames = torch.randn(1, 4, decoder.window + 40)
    for _ in range(2):
        pieces = list(decoder.decode(frames))
    assert sum(piece.shape[1] for piece in pieces) == frames.shape[-1] * 256
    assert seen == [False] * 3


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_graphs_equal_the_whole(generator, monkeypatch):
    # cuDNN picks other algorithms for other lengths; with TF32 products, its default, they differ by more than rounding
    monkeypatch.setattr(torch.backends.cudnn, "allow_tf32", False)
    generator = generator.cuda()
    decoder = FixedChunkDecoder(generator, 16)
    assert decoder.runner == "graph"
    frames = torch.randn(1, 4, 200, device="cuda")
    with torch.no_grad():
        expected = generator.bounded(generator(frames))
    for _ in range(2):
        torch.testing.assert_close(torch.cat(list(decoder.decode(frames)), dim=1), expected, rtol=0, atol=1e-4)


def test_what_it_refuses(generator):
    with pytest.raises(ValueError, match="chunk_frames must be at least 1, got 0"):
        FixedChunkDecoder(generator, 0)
    with pytest.raises(ValueError, match="runner must be eager, graph or compile, got 'fast'"):
        FixedChunkDecoder(generator, 4, runner="fast")
    if next(generator.parameters()).device.type == "cpu":
        with pytest.raises(ValueError, match="needs the generator on a CUDA device"):
            FixedChunkDecoder(generator, 4, runner="graph")
