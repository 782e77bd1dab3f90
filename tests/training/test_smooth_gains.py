"""Gains of the decoder that stay smooth over frequency."""

import numpy as np
import pytest
import torch

from tests.conftest import tiny_config
from tests.training.tiny_runs import MODEL, everything, tiny_run
from valetts_hf.modeling.configuration_valetts import ValeTTSConfig
from valetts_hf.modeling.modeling_valetts import ValeTTSForSpeech
from valetts_hf.training.smooth_gains import SmoothGains, envelope_knots, smoothing_matrix


def test_knots_are_every_bin_at_first_and_ever_fewer():
    knots = envelope_knots(513, 24000)
    assert knots[0] == 0 and knots[-1] == 512
    steps = np.diff(knots)
    np.testing.assert_allclose(steps[:42], 1.0)
    assert (np.diff(steps[:-1]) >= -1e-9).all() and 8 < steps[-2] < 13
    assert 120 < len(knots) < 180


@pytest.mark.parametrize("bins", [2, 3, 9, 33])
def test_knots_of_small_transforms(bins: int):
    knots = envelope_knots(bins, 24000)
    assert knots[0] == 0 and knots[-1] == bins - 1 and (np.diff(knots) > 0.5).all()


def test_smoothing_is_a_projection_that_keeps_envelopes():
    projection = smoothing_matrix(513, 24000).double()
    torch.testing.assert_close(projection @ projection, projection, atol=1e-5, rtol=0)
    line = torch.linspace(-3, 2, 513, dtype=torch.float64)
    torch.testing.assert_close(projection @ line, line, atol=1e-4, rtol=0)
    low = torch.zeros(513, dtype=torch.float64)
    low[20] = 1.0  # 470 Hz: a harmonic
    torch.testing.assert_close(projection @ low, low, atol=1e-4, rtol=0)
    ripple = torch.tensor([1.0, -1.0], dtype=torch.float64).repeat(257)[:513]
    assert (projection @ ripple)[200:].abs().max() < 0.2


def test_gains_are_projected_and_phases_are_not():
    model = ValeTTSForSpeech(tiny_config())
    head = model.decoder.head
    bins = head.bias.numel() // 3
    torch.nn.init.normal_(head.weight)
    torch.nn.init.normal_(head.bias)
    before = head.weight.detach().clone(), head.bias.detach().clone()
    smooth = SmoothGains(model)
    projection = smoothing_matrix(bins, model.config.sampling_rate)
    for parameter, old in zip((head.weight, head.bias), before, strict=True):
        for source in range(2):
            rows = slice(source * bins, (source + 1) * bins)
            torch.testing.assert_close(parameter.detach()[rows], projection @ old[rows], atol=1e-5, rtol=0)
        assert torch.equal(parameter.detach()[2 * bins :], old[2 * bins :])
        assert not torch.allclose(parameter.detach()[: 2 * bins], old[: 2 * bins], atol=1e-2)
    settled = head.weight.detach().clone()
    smooth.apply()
    torch.testing.assert_close(head.weight.detach(), settled, atol=1e-5, rtol=0)


def test_another_decoder_is_refused():
    model = ValeTTSForSpeech(ValeTTSConfig(**{**MODEL, "decoder": {"type": "bigvgan"}}))
    with pytest.raises(ValueError, match="bigvgan"):
        SmoothGains(model)


def test_a_run_keeps_the_gains_smooth_and_resumes_exactly(buzz_corpus, tmp_path):
    settings = {"smooth_gains": True, "save_every": 2}
    whole = tiny_run(tmp_path, buzz_corpus, "whole", **settings)
    whole.train()
    weight = whole.state.generator(whole.accelerator).decoder.head.weight
    bins = len(weight) // 3
    torch.testing.assert_close(smoothing_matrix(bins, 24000) @ weight[:bins], weight[:bins], atol=1e-5, rtol=0)

    tiny_run(tmp_path, buzz_corpus, "pieces", **settings).train(stop_at_step=2)
    pieces = tiny_run(tmp_path, buzz_corpus, "pieces", **settings)
    pieces.resume()
    pieces.train()
    expected = everything(whole)
    for name, tensor in everything(pieces).items():
        torch.testing.assert_close(tensor, expected[name], atol=0, rtol=0, msg=name)
