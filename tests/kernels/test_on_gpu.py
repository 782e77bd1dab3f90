"""The bundled kernel in a vocoder, on a GPU: same sound, same gradients, compiled as well."""

from __future__ import annotations

import pytest
import torch

from valetts_hf.kernels import kernelize
from valetts_hf.modeling.anti_aliased_activation import AntiAliasedSnakeBeta
from valetts_hf.modeling.configuration_vocoder import ValeTTSVocoderConfig
from valetts_hf.modeling.vocoder import ValeTTSVocoder


pytest.importorskip("kernels")
pytestmark = [pytest.mark.gpu, pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")]


@pytest.fixture
def vocoder() -> ValeTTSVocoder:
    torch.manual_seed(0)
    return ValeTTSVocoder(ValeTTSVocoderConfig.preset("24khz_100band_256x_tiny")).eval()


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
def test_the_sound_is_the_same(vocoder: ValeTTSVocoder, dtype: torch.dtype):
    vocoder = vocoder.to("cuda", dtype)
    log_mel = vocoder.log_mel(torch.randn(2, 24000, device="cuda").clamp(-1, 1) * 0.1).to(dtype)
    with torch.no_grad():
        expected = vocoder(log_mel).waveform.float()
        report = vocoder.use_kernels()
        assert report.used, report
        result = vocoder(log_mel).waveform.float()
    torch.testing.assert_close(result, expected, rtol=0, atol=1e-4 if dtype == torch.float32 else 5e-2)


def test_the_gradients_are_the_same(vocoder: ValeTTSVocoder):
    vocoder = vocoder.cuda().train()
    log_mel = torch.randn(1, 20, 100, device="cuda") - 6

    def gradients() -> list[torch.Tensor]:
        return torch.autograd.grad(vocoder(log_mel).waveform.square().mean(), list(vocoder.parameters()))

    expected = gradients()
    assert vocoder.use_kernels().used
    for ours, theirs in zip(gradients(), expected):
        torch.testing.assert_close(ours, theirs, rtol=1e-3, atol=1e-6)


def test_compiled():
    from kernels import Mode

    layer = torch.nn.Sequential(AntiAliasedSnakeBeta(8)).cuda().eval()
    x = torch.randn(2, 8, 1000, device="cuda")
    with torch.no_grad():
        expected = layer(x)
        assert kernelize(layer, Mode.INFERENCE | Mode.TORCH_COMPILE).used
        torch.testing.assert_close(torch.compile(layer, fullgraph=True)(x), expected, rtol=0, atol=1e-5)
