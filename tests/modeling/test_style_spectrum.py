"""A curve over frequency for every style: flat at the start, interpolated on the mel scale, limited, part of the decoder."""

import pytest
import torch
from huggingface_hub.errors import StrictDataclassClassValidationError

from valetts_hf.modeling.configuration_valetts import ValeTTSDecoderConfig
from valetts_hf.modeling.modeling_valetts import ValeTTSForSpeech
from valetts_hf.modeling.style_spectrum import StyleSpectrum, mel_points


def test_points_lie_on_the_mel_scale():
    weights = mel_points(40, 513, 24000)
    assert weights.shape == (40, 513) and (weights >= 0).all()
    torch.testing.assert_close(weights.sum(dim=0), torch.ones(513))
    assert weights[0, 0] == 1 and weights[-1, -1] == 1
    widths = (weights > 0).sum(dim=1)
    assert widths[30] > 5 * widths[3], "points are dense where hearing is fine"


def test_curves_start_flat_and_have_limits():
    layer = StyleSpectrum(16, 10, 513, 24000, limit=1.4)
    torch.nn.init.zeros_(layer.affine.weight)
    torch.nn.init.zeros_(layer.affine.bias)
    assert layer(torch.randn(3, 16)).shape == (3, 1, 513) and not layer(torch.randn(3, 16)).any()
    with torch.no_grad():
        layer.affine.bias[4] = 50.0
    assert 1.3 < layer(torch.zeros(1, 16)).max() <= 1.4, "points lie between bins"


def test_color_filters_the_speech(model):
    """6 dB in the upper half of the band are 6 dB in the upper half of the speech, in training as well."""
    model.config.decoder.emphasis = 0.0
    latents, style = torch.randn(1, 40, model.config.latent_size), torch.zeros(1, 16)
    pitch = torch.full((1, 40), 5.0)
    plain = torch.fft.rfft(model.decode(latents, pitch, style))
    with torch.no_grad():
        model.decoder.color.affine.bias[32:] += 0.693
    for training in (False, True):
        model.train(training)
        change = torch.fft.rfft(model.decode(latents, pitch, style)).abs().square() / plain.abs().square()
        bins = change.shape[1]
        assert 3.6 < change[0, bins * 3 // 4 :].median() < 4.4
        assert 0.9 < change[0, : bins // 4].median() < 1.1


def test_color_of_emphasis_works_with_emphasis_alone(model):
    latents, pitch, style = torch.randn(1, 12, model.config.latent_size), torch.full((1, 12), 5.0), torch.zeros(1, 16)
    plain = model.decode(latents, pitch, style)
    model.config.decoder.emphasis = 0.5
    emphasized = model.decode(latents, pitch, style)
    with torch.no_grad():
        model.decoder.emphasis_color.affine.bias += 1.0
    torch.testing.assert_close(model.decode(latents, pitch, style), emphasized * torch.tensor(-0.5).exp())
    model.config.decoder.emphasis = 0.0
    torch.testing.assert_close(model.decode(latents, pitch, style), plain)
    assert not any(parameter.requires_grad for parameter in model.decoder.emphasis_color.parameters())


def test_chunks_have_the_same_color(model):
    with torch.no_grad():
        model.decoder.color.affine.weight.normal_(std=0.1)
    latents, pitch, style = torch.randn(1, 60, model.config.latent_size), torch.full((1, 60), 5.0), torch.randn(1, 16)
    whole = model.decode(latents, pitch, style)
    pieces = torch.cat(list(model.decode_in_chunks(latents, pitch, style, chunk_frames=16)), dim=1)
    torch.testing.assert_close(pieces, whole, atol=1e-5, rtol=1e-4)


def test_curves_are_saved_and_can_be_left_out(model, tmp_path):
    with torch.no_grad():
        model.decoder.color.affine.weight.normal_()
    model.save_pretrained(tmp_path / "with")
    loaded = ValeTTSForSpeech.from_pretrained(tmp_path / "with")
    assert torch.equal(loaded.decoder.color.affine.weight, model.decoder.color.affine.weight)
    torch.testing.assert_close(loaded.decoder.color.basis, model.decoder.color.basis)
    config = model.config.to_dict()
    config["decoder"]["color_points"] = 0
    plain = ValeTTSForSpeech(type(model.config)(**config))
    assert plain.decoder.color is None and not any("color" in name for name in plain.state_dict())
    with pytest.raises(StrictDataclassClassValidationError, match="color_points must be 0 or at least 2, got 1"):
        ValeTTSDecoderConfig(color_points=1)
