"""The bigvgan decoder on the latents of ValeTTS, and checkpoints that carry more than one decoder."""

import json
from pathlib import Path

import pytest
import torch
from transformers import AutoConfig, AutoModelForTextToWaveform

from tests.conftest import tiny_config
from valetts_hf.modeling import kernel_hooks
from valetts_hf.modeling.bigvgan_decoder import BigVGANDecoder
from valetts_hf.modeling.configuration_valetts import ValeTTSConfig, ValeTTSDecoderConfig
from valetts_hf.modeling.decoders import exchange_decoder, make_decoder, read_decoder, save_decoder
from valetts_hf.modeling.modeling_valetts import ValeTTSForSpeech
from valetts_hf.registration import register


TINY_BIGVGAN = {
    "type": "bigvgan",
    "bigvgan": {
        "upsample_rates": [16, 16],
        "upsample_kernel_sizes": [32, 32],
        "upsample_initial_channel": 16,
        "resblock_kernel_sizes": [3],
        "resblock_dilation_sizes": [[1, 3]],
    },
}


@pytest.fixture
def bigvgan_model(model) -> ValeTTSForSpeech:
    """The tiny model with a bigvgan decoder."""
    config = ValeTTSDecoderConfig(**TINY_BIGVGAN)
    other = ValeTTSConfig.from_dict({**tiny_config().to_dict(), "decoder": config.to_dict()})
    torch.manual_seed(0)
    new = ValeTTSForSpeech(other).eval()
    new.model.load_state_dict(model.model.state_dict())
    return new


@pytest.fixture
def checkpoint(model, bigvgan_model, tmp_path) -> Path:
    """A checkpoint with its own istft decoder and a bigvgan decoder beside it."""
    model.save_pretrained(tmp_path / "both")
    save_decoder(bigvgan_model, tmp_path / "both")
    return tmp_path / "both"


def decoder_inputs(model, frames=90, rows=3):
    random = torch.Generator().manual_seed(1)
    latents = torch.randn(rows, frames, model.config.latent_size, generator=random)
    pitch = torch.full((rows, frames), 5.0) * (torch.rand(rows, frames, generator=random) > 0.3)
    style = torch.randn(rows, model.config.style.hidden_size, generator=random)
    return latents, pitch, style


def test_speaks_with_the_interface_of_the_other_decoder(bigvgan_model, tokens):
    with torch.inference_mode():
        batch = bigvgan_model(**tokens, seed=3)
        length = int(tokens["attention_mask"][1].sum())
        alone = bigvgan_model(**{name: value[1:2, :length] for name, value in tokens.items()}, seed=3)
    samples = int(alone.waveform_lengths)
    assert batch.waveform.shape == (2, int(batch.frame_lengths.max()) * 256)
    assert batch.waveform.std() > 1e-3 and batch.waveform.abs().max() <= 1
    torch.testing.assert_close(batch.waveform[1, :samples], alone.waveform[0], atol=1e-4, rtol=1e-3)
    assert not batch.waveform[1, samples:].any()


@pytest.mark.parametrize("chunk_frames", [1, 13, 1000])
def test_chunks_equal_the_whole_in_padded_batches(bigvgan_model, chunk_frames):
    latents, pitch, style = decoder_inputs(bigvgan_model)
    lengths = torch.tensor([90, 47, 5])
    with torch.inference_mode():
        whole = bigvgan_model.decode(latents, pitch, style, lengths)
        pieces = list(bigvgan_model.decode_in_chunks(latents, pitch, style, lengths, chunk_frames=chunk_frames))
        torch.testing.assert_close(torch.cat(pieces, dim=1), whole, atol=1e-5, rtol=0)
        even = list(bigvgan_model.decode_in_chunks(latents, pitch, style, chunk_frames=chunk_frames))
        torch.testing.assert_close(
            torch.cat(even, dim=1), bigvgan_model.decode(latents, pitch, style), atol=1e-5, rtol=0
        )
    with pytest.raises(ValueError, match="chunk_frames must be at least 1, got 0"):
        list(bigvgan_model.decode_in_chunks(latents, pitch, style, chunk_frames=0))


def test_pitch_and_style_are_heard(bigvgan_model):
    latents, pitch, style = decoder_inputs(bigvgan_model)
    with torch.inference_mode():
        base = bigvgan_model.decode(latents, pitch, style)
        assert not torch.allclose(base, bigvgan_model.decode(latents, pitch + 0.5 * (pitch > 0), style))
        assert not torch.allclose(base, bigvgan_model.decode(latents, pitch, style.flip(0)))


def test_a_checkpoint_chooses_among_its_decoders(checkpoint, model, bigvgan_model):
    inputs = decoder_inputs(model)
    with torch.inference_mode():
        for kind, wanted in ((None, model), ("istft", model), ("bigvgan", bigvgan_model)):
            loaded = ValeTTSForSpeech.from_pretrained(checkpoint, decoder=kind).eval()
            assert loaded.config.decoder.type == (kind or "istft")
            torch.testing.assert_close(loaded.decode(*inputs), wanted.decode(*inputs))
            torch.testing.assert_close(loaded.model.default_styles, model.model.default_styles)
        loaded, report = ValeTTSForSpeech.from_pretrained(checkpoint, decoder="bigvgan", output_loading_info=True)
    assert isinstance(loaded, ValeTTSForSpeech) and not report["missing_keys"]


def test_an_exchanged_decoder_is_in_the_mode_of_the_model(model, bigvgan_model):
    for training in (True, False):
        exchange_decoder(model.train(training), bigvgan_model.config.decoder, bigvgan_model.decoder.state_dict())
        assert {module.training for module in model.modules()} == {training}


def test_padding_may_hold_anything_in_training(bigvgan_model):
    latents, pitch, style = decoder_inputs(bigvgan_model, frames=20, rows=1)
    lengths, noisy = torch.tensor([14]), latents.clone()
    noisy[:, 14:] = 100.0
    bigvgan_model.train()
    expected = bigvgan_model.decode(latents, pitch, style, lengths)
    torch.testing.assert_close(bigvgan_model.decode(noisy, pitch, style, lengths), expected)


def test_auto_classes_choose_too(checkpoint):
    register()
    for kind in ("istft", "bigvgan"):
        assert AutoModelForTextToWaveform.from_pretrained(checkpoint, decoder=kind).config.decoder.type == kind
    with pytest.raises(ValueError, match="decoder must be one of bigvgan, istft, got 'griffin_lim'"):
        AutoModelForTextToWaveform.from_pretrained(checkpoint, decoder="griffin_lim")
    wider = AutoConfig.from_pretrained(checkpoint, decoder={"hidden_size": 24}).decoder
    assert (wider.type, wider.hidden_size, wider.num_layers) == ("istft", 24, 1)


def test_the_other_decoder_is_found_in_a_subfolder(checkpoint):
    loaded = ValeTTSForSpeech.from_pretrained(checkpoint.parent, subfolder="both", decoder="bigvgan")
    assert loaded.config.decoder.type == "bigvgan"


def test_the_other_decoder_gets_kernels_if_the_model_uses_them(checkpoint, monkeypatch):
    asked = []
    monkeypatch.setattr(kernel_hooks, "_kernelizer", lambda model, mode: asked.append(type(model.decoder)))
    ValeTTSForSpeech.from_pretrained(checkpoint, decoder="bigvgan")
    assert not asked
    ValeTTSForSpeech.from_pretrained(checkpoint, decoder="bigvgan", use_kernels=True)
    assert asked[-1] is BigVGANDecoder


def test_half_precision_holds_for_the_other_decoder_too(checkpoint):
    loaded = ValeTTSForSpeech.from_pretrained(checkpoint, decoder="bigvgan", dtype=torch.bfloat16)
    assert {parameter.dtype for parameter in loaded.parameters()} == {torch.bfloat16}


def test_a_model_with_the_other_decoder_is_a_checkpoint_of_its_own(checkpoint, bigvgan_model, tmp_path):
    ValeTTSForSpeech.from_pretrained(checkpoint, decoder="bigvgan").save_pretrained(tmp_path / "one")
    loaded = ValeTTSForSpeech.from_pretrained(tmp_path / "one").eval()
    inputs = decoder_inputs(loaded)
    with torch.inference_mode():
        torch.testing.assert_close(loaded.decode(*inputs), bigvgan_model.decode(*inputs))


def test_saving_again_replaces_the_folder(checkpoint, bigvgan_model):
    with torch.no_grad():
        bigvgan_model.decoder.style.bias.add_(1.0)
    assert bigvgan_model.save_decoder(checkpoint, torch.float16) == checkpoint / "decoder_bigvgan"
    _, weights = read_decoder(checkpoint, "bigvgan")
    assert weights["style.bias"].dtype == torch.float16
    torch.testing.assert_close(weights["style.bias"].float(), bigvgan_model.decoder.style.bias, atol=1e-2, rtol=0)
    assert sorted(path.name for path in checkpoint.iterdir() if path.is_dir()) == ["decoder_bigvgan"]


def test_what_is_missing_is_said(checkpoint, model, tmp_path):
    model.save_pretrained(tmp_path / "one")
    with pytest.raises(
        OSError, match="carries no 'bigvgan' decoder .decoder_bigvgan/config.json is missing.*run_vocoder"
    ):
        ValeTTSForSpeech.from_pretrained(tmp_path / "one", decoder="bigvgan")
    with pytest.raises(ValueError, match="decoder must be one of bigvgan, istft, got 'hifigan'"):
        ValeTTSForSpeech.from_pretrained(tmp_path / "one", decoder="hifigan")
    weights = checkpoint / "decoder_bigvgan" / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:1000])
    with pytest.raises(OSError, match="the 'bigvgan' decoder of .* cannot be read"):
        ValeTTSForSpeech.from_pretrained(checkpoint, decoder="bigvgan")
    weights.unlink()
    with pytest.raises(OSError, match="decoder_bigvgan/model.safetensors is missing"):
        ValeTTSForSpeech.from_pretrained(checkpoint, decoder="bigvgan")


def test_a_folder_with_another_decoder_is_refused(checkpoint):
    path = checkpoint / "decoder_bigvgan" / "config.json"
    path.write_text(json.dumps({"type": "istft"}))
    with pytest.raises(OSError, match="holds a decoder of type 'istft'"):
        read_decoder(checkpoint, "bigvgan")


def test_weights_that_do_not_fit_leave_the_model_as_it_was(model, bigvgan_model):
    before = model.decoder
    weights = bigvgan_model.decoder.state_dict()
    del weights["style.bias"]
    with pytest.raises(ValueError, match="the weights do not fit the 'bigvgan' decoder.*style.bias"):
        exchange_decoder(model, bigvgan_model.config.decoder, weights)
    assert model.decoder is before and model.config.decoder.type == "istft"


def test_a_decoder_of_other_frames_is_refused(model):
    generator = {**TINY_BIGVGAN["bigvgan"], "upsample_rates": [16, 8], "upsample_kernel_sizes": [32, 16]}
    config = ValeTTSDecoderConfig(type="bigvgan", bigvgan=generator)
    shorter = {**tiny_config().to_dict(), "hop_length": 128, "n_fft": 512, "decoder": config.to_dict()}
    weights = make_decoder(ValeTTSConfig.from_dict(shorter)).state_dict()
    with pytest.raises(
        ValueError, match="'bigvgan' decoder does not fit the model: .*hop_length must be 128.*got 256"
    ):
        exchange_decoder(model, config, weights)
    assert model.config.decoder.type == "istft"


def test_fused_decoders_are_not_stored(bigvgan_model, tmp_path):
    bigvgan_model.fuse_weight_norm()
    with pytest.raises(ValueError, match="folded into plain weights"):
        save_decoder(bigvgan_model, tmp_path)
    assert not list(tmp_path.iterdir())


def test_the_hop_length_must_be_that_of_the_model():
    with pytest.raises(Exception, match="hop_length must be 64, the product of decoder.bigvgan.upsample_rates"):
        ValeTTSConfig(decoder={"type": "bigvgan", "bigvgan": {**TINY_BIGVGAN["bigvgan"], "upsample_rates": [8, 8]}})


def test_the_default_bigvgan_is_small():
    with torch.device("meta"):
        decoder = make_decoder(ValeTTSConfig(decoder={"type": "bigvgan"}))
    assert 3e6 < sum(parameter.numel() for parameter in decoder.parameters()) < 4e6


def test_overflow_in_half_precision_is_mended(bigvgan_model):
    latents, pitch, style = decoder_inputs(bigvgan_model)
    with torch.inference_mode():
        generator = bigvgan_model.decoder.generator
        block = generator.blocks[0]
        block.convs1[0].parametrizations.weight.original0 *= 3e4
        block.convs2[0].parametrizations.weight.original0 *= 3e-5
        wanted = bigvgan_model.decode(latents, pitch, style)
        bigvgan_model.half()
        with pytest.warns(RuntimeWarning, match="overflowed in float16"):
            got = bigvgan_model.decode(latents, pitch, style)
    assert got.dtype == torch.float32 and torch.isfinite(got).all()
    assert (got - wanted).norm() < 0.2 * wanted.norm()
