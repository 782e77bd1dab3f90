"""The BigVGAN generator as a vocoder: published equations, chunks, streams, batches, precision, what it refuses."""

import json

import numpy as np
import pytest
import torch
from transformers import AutoConfig, AutoModel

from tests.conftest import voice_like
from tests.modeling.naive_bigvgan import naive_bigvgan
from tests.modeling.published_bigvgan import PUBLISHED, TINY, plausible_mel, random_state, write_published
from valetts_hf import ValeTTSVocoder, ValeTTSVocoderConfig
from valetts_hf.modeling.bigvgan import BigVGANGenerator
from valetts_hf.modeling.configuration_valetts import ValeTTSBigVGANConfig
from valetts_hf.modeling.configuration_vocoder import PRESETS
from valetts_hf.modeling.vocoder import check_log_mel


@pytest.fixture(scope="module")
def vocoder(tmp_path_factory) -> ValeTTSVocoder:
    """Tiny, with weights under which a signal survives."""
    folder = write_published(tmp_path_factory.mktemp("published") / "tiny", TINY)
    return ValeTTSVocoder.from_pretrained(folder).eval()


def relative_error(got: torch.Tensor, wanted: torch.Tensor) -> float:
    return float((got.double() - wanted).norm() / wanted.norm())


def check_parity(folder, config, frames):
    vocoder = ValeTTSVocoder.from_pretrained(write_published(folder, config)).eval()
    mel = plausible_mel(config["num_mels"], frames)
    with torch.inference_mode():
        wanted = naive_bigvgan(random_state(config), config, mel.transpose(1, 2))
        got = vocoder(mel).waveform
        fused = vocoder.fuse_weight_norm()(mel).waveform
        exact = vocoder.double()(mel.double()).waveform
    assert got.shape == wanted.shape == (1, frames * config["hop_size"])
    assert (
        wanted.std() > 0.02 and (wanted.abs() < 1).float().mean() > 0.9
    )  # there is a signal, and it is not clipped away
    assert relative_error(exact, wanted) < 1e-6  # the equations
    assert relative_error(got, wanted) < 2e-6 and relative_error(fused, wanted) < 2e-6  # the rounding of float32


@pytest.mark.parametrize("activation", ["snakebeta", "snake"])
@pytest.mark.parametrize("logscale", [True, False])
@pytest.mark.parametrize("resblock", ["1", "2"])
@pytest.mark.parametrize("version_1_end", [True, False])
def test_equals_the_published_equations(tmp_path, activation, logscale, resblock, version_1_end):
    config = {**TINY, "activation": activation, "snake_logscale": logscale, "resblock": resblock}
    config |= {"use_tanh_at_final": version_1_end, "use_bias_at_final": version_1_end}
    if resblock == "2":
        config["resblock_dilation_sizes"] = [[1, 3]] * 3
    check_parity(tmp_path / "published", config, 12)


@pytest.mark.parametrize("name", PUBLISHED)
def test_equals_the_published_equations_in_all_configurations(tmp_path, name):
    """With 64 instead of 1536 channels, for speed; the next test has all of them."""
    check_parity(tmp_path / "published", {**PUBLISHED[name], "upsample_initial_channel": 64}, 4)


@pytest.mark.slow
@pytest.mark.parametrize("name", PUBLISHED)
def test_equals_the_published_equations_at_full_width(tmp_path, name):
    check_parity(tmp_path / "published", PUBLISHED[name], 3)


def test_presets_are_the_published_configurations():
    for name, published in PUBLISHED.items():
        config = ValeTTSVocoderConfig.preset(name)
        assert config.hop_length == published["hop_size"] and config.n_fft == published["n_fft"]
        assert config.sampling_rate == published["sampling_rate"] and config.num_mel_bands == published["num_mels"]
        for field in ("upsample_rates", "upsample_kernel_sizes", "upsample_initial_channel", "resblock", "activation"):
            assert getattr(config.bigvgan, field) == published[field]
        for field in ("resblock_kernel_sizes", "resblock_dilation_sizes", "use_tanh_at_final", "use_bias_at_final"):
            assert getattr(config.bigvgan, field) == published[field]
    with pytest.raises(ValueError, match="unknown vocoder preset '48khz': choose one of .*44khz_128band_512x"):
        ValeTTSVocoderConfig.preset("48khz")


@pytest.mark.parametrize(
    ("name", "millions"),
    [("24khz_100band_256x", 112.4), ("24khz_100band_256x_base", 14.0), ("24khz_100band_256x_small", 3.6)],
)
def test_presets_have_their_size(name, millions):
    with torch.device("meta"):
        vocoder = ValeTTSVocoder(ValeTTSVocoderConfig.preset(name))
    assert sum(parameter.numel() for parameter in vocoder.parameters()) / 1e6 == pytest.approx(millions, abs=0.1)


@pytest.mark.parametrize("name", PRESETS)
def test_mel_front_end_equals_the_published_definition(name):
    """librosa's Slaney bands on magnitudes of a reflected, not centred short-time transform, as in BigVGAN's data set."""
    librosa = pytest.importorskip("librosa")
    config = ValeTTSVocoderConfig.preset(name)
    audio = torch.from_numpy(voice_like(0.4, config.sampling_rate))[None]
    padding = (config.n_fft - config.hop_length) // 2
    padded = torch.nn.functional.pad(audio[:, None], (padding, padding), mode="reflect")[:, 0]
    bands = librosa.filters.mel(
        sr=config.sampling_rate, n_fft=config.n_fft, n_mels=config.num_mel_bands, fmin=0, fmax=None
    )

    def published(dtype):
        spectrum = torch.stft(
            padded.to(dtype),
            config.n_fft,
            config.hop_length,
            window=torch.hann_window(config.n_fft, dtype=dtype),
            center=False,
            return_complex=True,
        )
        magnitudes = torch.sqrt(torch.view_as_real(spectrum).square().sum(-1) + 1e-9)
        return torch.log(torch.clamp(torch.from_numpy(bands).to(dtype) @ magnitudes, min=1e-5)).transpose(1, 2)

    with torch.device("meta"):
        vocoder = ValeTTSVocoder(config)
    got = vocoder.log_mel(audio)
    torch.testing.assert_close(got, published(torch.float32), atol=1e-5, rtol=0)
    torch.testing.assert_close(got.double(), published(torch.float64), atol=5e-5, rtol=0)  # what float32 costs both


def test_mel_bands_of_version_1_end_early():
    config = ValeTTSVocoderConfig(**(PRESETS["22khz_80band_256x"] | {"max_frequency": 8000}))
    with torch.device("meta"):
        vocoder = ValeTTSVocoder(config)
    time = torch.arange(22050) / 22050
    mel = vocoder.log_mel(0.5 * torch.sin(2 * torch.pi * 9500 * time)[None])
    assert mel[:, 10:-10].max() < -4  # nothing above 8 kHz is heard


@pytest.mark.parametrize("chunk_frames", [1, 7, 64, 1000])
def test_chunks_equal_the_whole(vocoder, chunk_frames):
    mel = plausible_mel(8, 150)
    with torch.inference_mode():
        whole = vocoder(mel).waveform
        pieces = list(vocoder.decode_in_chunks(mel, chunk_frames))
    assert all(piece.shape[1] <= chunk_frames * 16 for piece in pieces)
    torch.testing.assert_close(torch.cat(pieces, dim=1), whole, atol=1e-5, rtol=0)


def test_a_stream_equals_the_whole_and_starts_early(vocoder):
    mel = plausible_mel(8, 90, rows=2)
    arrived = []

    def arriving():
        for start in range(0, 90, 4):
            arrived.append(start)
            yield mel[:, start : start + 4]

    with torch.inference_mode():
        stream = vocoder.stream(arriving(), chunk_frames=8)
        first = next(stream)
        assert len(arrived) == -(-(8 + vocoder.receptive_field) // 4)  # nothing was waited for that cannot matter
        pieces = [first, *stream]
        torch.testing.assert_close(torch.cat(pieces, dim=1), vocoder(mel).waveform, atol=1e-5, rtol=0)
    assert [piece.shape[1] for piece in pieces[:-1]] == [128] * 11


def test_receptive_field_is_wide_enough_and_not_much_wider(vocoder):
    mel = plausible_mel(8, 101).requires_grad_()
    vocoder(mel, check=False).waveform[0, 50 * 16 : 51 * 16].square().sum().backward()
    touched = torch.nonzero(mel.grad[0].abs().sum(dim=1))[:, 0]
    reach = max(50 - int(touched.min()), int(touched.max()) - 50)
    assert vocoder.receptive_field - 6 <= reach <= vocoder.receptive_field


def test_a_row_sounds_the_same_alone_and_in_a_padded_batch(vocoder):
    mel, lengths = plausible_mel(8, 120, rows=4), torch.tensor([120, 90, 33, 1])
    mel[1, 90:] = float("nan")  # what stands in the padding does not matter
    with torch.inference_mode():
        output = vocoder(mel, frame_lengths=lengths)
        assert output.waveform_lengths.tolist() == [1920, 1440, 528, 16]
        for row, length in enumerate(lengths.tolist()):
            alone = vocoder(mel[row : row + 1, :length]).waveform[0]
            torch.testing.assert_close(output.waveform[row, : length * 16], alone, atol=1e-5, rtol=0)
            assert not output.waveform[row, length * 16 :].any()


def test_saves_loads_and_registers(vocoder, tmp_path):
    vocoder.save_pretrained(tmp_path)
    assert type(AutoConfig.from_pretrained(tmp_path)) is ValeTTSVocoderConfig
    again = AutoModel.from_pretrained(tmp_path).eval()
    assert type(again) is ValeTTSVocoder
    mel = plausible_mel(8, 9)
    with torch.inference_mode():
        assert torch.equal(again(mel).waveform, vocoder(mel).waveform)
        (bare,) = again(mel, return_dict=False)[:1]
    assert bare.shape == (1, 144)
    model, report = ValeTTSVocoder.from_pretrained(tmp_path, output_loading_info=True)
    assert not report["missing_keys"] and model.dtype == torch.float32


def test_an_incomplete_checkpoint_of_ours_is_refused(vocoder, tmp_path):
    from safetensors.torch import load_file, save_file

    vocoder.save_pretrained(tmp_path)
    state = load_file(tmp_path / "model.safetensors")
    lost = state.pop("generator.conv_post.parametrizations.weight.original1")
    save_file(state, tmp_path / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(ValueError, match="not a whole vocoder: it lacks 1 tensors.*conv_post"):
        ValeTTSVocoder.from_pretrained(tmp_path)
    state["generator.conv_post.parametrizations.weight.original1"] = lost
    state["generator.conv_more.bias"] = torch.zeros(1)
    save_file(state, tmp_path / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(ValueError, match="has unknown 1 tensors.*conv_more"):
        ValeTTSVocoder.from_pretrained(tmp_path)


def test_a_new_generator_passes_a_signal_of_sane_size():
    torch.manual_seed(0)
    vocoder = ValeTTSVocoder(ValeTTSVocoderConfig.preset("24khz_100band_256x_tiny")).eval()
    with torch.inference_mode():
        waveform = vocoder(plausible_mel(100, 20)).waveform
    assert torch.isfinite(waveform).all() and 1e-4 < waveform.std() < 0.9


def test_gradients_reach_every_parameter():
    torch.manual_seed(0)
    vocoder = ValeTTSVocoder(ValeTTSVocoderConfig.preset("24khz_100band_256x_tiny"))
    vocoder(plausible_mel(100, 6)).waveform.square().sum().backward()
    assert all(parameter.grad is not None and parameter.grad.any() for parameter in vocoder.parameters())


# ------------------------------------------------------------------------------------------------------- what is refused


def test_bad_shapes_are_named(vocoder):
    for shape, message in (
        (
            (1, 20, 100),
            r"must be \[batch, frames, 8\], got \(1, 20, 100\): this vocoder was made for 8 bands at 24000 Hz",
        ),
        ((1, 8, 20), r"frames come first here, use `log_mel.transpose\(1, 2\)`"),
        ((20, 8), r"must be \[batch, frames, 8\], got \(20, 8\)"),
        ((1, 0, 8), r"got \(1, 0, 8\)"),
        ((0, 5, 8), r"got \(0, 5, 8\)"),
    ):
        with pytest.raises(ValueError, match=message):
            vocoder(torch.zeros(shape))
        with pytest.raises(ValueError, match=message):
            vocoder.decode_in_chunks(torch.zeros(shape))
    with pytest.raises(ValueError, match="the stream of log-mels is empty"):
        list(vocoder.stream([]))
    with pytest.raises(ValueError, match="chunk_frames must be at least 1, got 0"):
        list(vocoder.decode_in_chunks(plausible_mel(8, 5), 0))
    for lengths in ([5, 9], [0], [21]):
        with pytest.raises(ValueError, match="frame_lengths must be 1 numbers from 1 to 20"):
            vocoder(plausible_mel(8, 20), frame_lengths=torch.tensor(lengths))


def test_wrong_scales_are_named():
    config = ValeTTSVocoderConfig.preset("24khz_100band_256x_tiny")
    torch.manual_seed(0)
    vocoder = ValeTTSVocoder(config).eval()
    audio = torch.from_numpy(voice_like(1.0, 24000))[None]
    audio[:, :4000] = 0  # digital silence, as many recordings begin
    natural = vocoder.log_mel(audio)
    magnitude = natural.exp()
    with torch.inference_mode():
        vocoder(natural)
        vocoder(vocoder.log_mel(torch.zeros(1, 6000)))  # silence
        vocoder(vocoder.log_mel(torch.ones(1, 24000).uniform_(-1, 1)))  # as loud as noise can be
        vocoder(
            vocoder.log_mel(torch.sign(torch.sin(0.1 * torch.arange(24000.0)))[None])
        )  # a square wave at full scale
        for wrong, name in (
            (magnitude, "without logarithm"),
            (magnitude**2, "without logarithm"),
            ((natural - natural.min()) / 12, "without logarithm"),  # normalised to [0, 1]
            (20 * torch.log10(magnitude), "in decibels"),
            (20 * torch.log10(magnitude) + 100, "in decibels|without logarithm"),
            (natural + float(np.log(32767)), "in decibels or of integer samples"),
            (torch.log10(magnitude), "decimal logarithm"),
        ):
            with pytest.raises(ValueError, match=name):
                vocoder(wrong)
            with pytest.raises(ValueError, match=name):
                next(vocoder.decode_in_chunks(wrong))
        vocoder(magnitude, check=False)  # whoever knows better
        for value in (float("nan"), float("inf")):
            broken = natural.clone()
            broken[0, 3, 5] = value
            with pytest.raises(ValueError, match="not finite"):
                vocoder(broken)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_a_short_piece_may_have_its_lowest_values_at_minus_five(dtype):
    """Where a decimal logarithm is clamped; in half precision a few values of a natural one can meet there."""
    piece = plausible_mel(100, 1, seed=2).clamp(min=-4.9)
    piece[0, 0, :3] = -5.0
    check_log_mel(piece.to(dtype))
    piece[0, 0, :20] = -5.0
    with pytest.raises(ValueError, match="decimal logarithm, clamped at 1e-5"):
        check_log_mel(piece.to(dtype))


def test_waveforms_without_a_log_mel_are_named(vocoder):
    for shape in ((24000,), (1, 1, 24000), (1, 24)):
        with pytest.raises(ValueError, match=r"waveform must be \[batch, samples\] with at least 25 samples, got"):
            vocoder.log_mel(torch.zeros(shape))
    assert vocoder.log_mel(torch.zeros(1, 25)).shape == (1, 1, 8)


def test_the_log_mel_is_exact_under_autocast(vocoder):
    waveform = torch.from_numpy(voice_like(0.2, 24000))[None]
    with torch.autocast("cpu", torch.bfloat16):
        got = vocoder.log_mel(waveform)
    assert torch.equal(got, vocoder.log_mel(waveform))


def test_a_fused_vocoder_is_not_saved(tmp_path):
    vocoder = ValeTTSVocoder(ValeTTSVocoderConfig.preset("24khz_100band_256x_tiny")).fuse_weight_norm()
    with pytest.raises(ValueError, match="folded into plain weights"):
        vocoder.save_pretrained(tmp_path)


def test_overflow_in_half_precision_is_announced_and_mended(tmp_path):
    state = random_state(TINY)
    state["resblocks.0.convs1.0.weight_g"] *= 3e4
    state["resblocks.0.convs2.0.weight_g"] *= 1e-4
    folder = write_published(tmp_path / "loud", TINY, state)
    whole = ValeTTSVocoder.from_pretrained(folder).eval()
    half = ValeTTSVocoder.from_pretrained(folder, dtype=torch.float16).eval()
    assert half.dtype == torch.float16
    mel = plausible_mel(8, 10)
    with torch.inference_mode():
        wanted = whole(mel).waveform
        with pytest.warns(
            RuntimeWarning, match="BigVGAN overflowed in float16 and decodes this piece again in float32"
        ):
            got = half(mel).waveform
    assert torch.isfinite(got).all() and relative_error(got, wanted.double()) < 0.05


def test_half_precision_is_close(vocoder, tmp_path):
    vocoder.save_pretrained(tmp_path)
    mel = plausible_mel(8, 10)
    with torch.inference_mode():
        wanted = vocoder(mel).waveform.double()
        for dtype, bound in ((torch.float16, 0.02), (torch.bfloat16, 0.1)):
            got = ValeTTSVocoder.from_pretrained(tmp_path, dtype=dtype).eval()(mel).waveform
            assert got.dtype == dtype and relative_error(got, wanted) < bound


def test_broken_weights_are_named(vocoder, tmp_path):
    vocoder.save_pretrained(tmp_path)
    broken = ValeTTSVocoder.from_pretrained(tmp_path).eval()
    with torch.no_grad():
        broken.generator.conv_pre.bias[0] = float("nan")
        with pytest.raises(FloatingPointError, match="not finite in float32: its weights are damaged"):
            broken(plausible_mel(8, 5))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"activation": "relu"}, "'activation' expected one of .*'snakebeta', 'snake'.*got relu"),
        ({"resblock": "3"}, "'resblock' expected one of"),
        ({"upsample_rates": []}, "upsample_rates must be a list of factors of at least 1"),
        ({"upsample_kernel_sizes": [8, 4]}, "upsample_kernel_sizes must be one for each of the rates"),
        ({"upsample_kernel_sizes": [7, 8, 4, 4, 4, 4]}, "larger by an even number"),
        ({"upsample_initial_channel": 100}, "upsample_initial_channel must be a multiple of 64"),
        ({"resblock_kernel_sizes": [3, 4, 5]}, "resblock_kernel_sizes must be a list of positive odd numbers"),
        ({"resblock_dilation_sizes": [[1, 3]]}, "resblock_dilation_sizes must be a list of dilations for each"),
    ],
)
def test_bad_generators_are_refused(change, message):
    with pytest.raises(Exception, match=message):
        ValeTTSBigVGANConfig(**change)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"hop_length": 300}, "hop_length must be 256, the product of bigvgan.upsample_rates"),
        ({"n_fft": 1025}, "n_fft must be hop_length = 256 plus an even number, got 1025"),
        ({"num_mel_bands": 0}, "num_mel_bands must be greater than 0"),
        ({"max_frequency": 13000}, "must rise within"),
        ({"max_frequency": 0}, r"must rise within \[0, 12000\], got 0.0 and 0"),
        ({"min_frequency": 9000, "max_frequency": 8000}, "must rise within"),
    ],
)
def test_bad_vocoders_are_refused(change, message):
    with pytest.raises(Exception, match=message):
        ValeTTSVocoderConfig(**change)


def test_pieces_refuse_empty_chunks():
    generator = BigVGANGenerator(ValeTTSBigVGANConfig(upsample_initial_channel=64), 4)
    with pytest.raises(ValueError, match="chunk_frames must be at least 1, got 0"):
        list(generator.pieces(10, 0))


def test_configuration_survives_json(vocoder):
    content = json.loads(vocoder.config.to_json_string())
    assert ValeTTSVocoderConfig.from_dict(content).bigvgan.upsample_rates == [4, 4]
