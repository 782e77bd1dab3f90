"""Single parts against references: mel, lengths, excitation, inverse STFT, flow, normalisation."""

import librosa
import numpy as np
import pytest
import torch

from tests.conftest import tiny_config
from valetts_hf.modeling import modeling_valetts
from valetts_hf.modeling.flow import Flow
from valetts_hf.modeling.istft_decoder import EMPHASIS_LEVEL, MAX_LOG_GAIN, emphasize, overlap_add, split_frames
from valetts_hf.modeling.lengths import (
    expand_tokens,
    expansion_index,
    length_mask,
    position_in_token,
    round_durations,
)
from valetts_hf.modeling.mel import LogMelSpectrogram, frame_energy
from valetts_hf.modeling.modeling_valetts import ValeTTSForSpeech
from valetts_hf.modeling.normalization import StyleAdaptiveNorm, StyleAffine
from valetts_hf.modeling.source import NOISE_LENGTH, Excitation, continuous_pitch, pulse_train


def test_mel_equals_the_published_definition():
    waveform = np.random.default_rng(0).standard_normal(24000).astype(np.float32) * 0.1
    padded = np.pad(waveform, 384, mode="reflect")
    magnitude = np.abs(librosa.stft(padded, n_fft=1024, hop_length=256, center=False))
    filters = librosa.filters.mel(sr=24000, n_fft=1024, n_mels=100, fmin=0, fmax=12000)
    expected = np.log(np.maximum(filters @ np.sqrt(magnitude**2 + 1e-9), 1e-5)).T
    mel = LogMelSpectrogram(24000, 1024, 256, 100)(torch.from_numpy(waveform)[None])[0]
    assert mel.shape == (24000 // 256, 100)
    np.testing.assert_allclose(mel.numpy(), expected, atol=1e-4)


def test_silence_is_the_floor_of_the_mel():
    mel = LogMelSpectrogram(24000, 1024, 256, 100)(torch.zeros(1, 4096))
    torch.testing.assert_close(mel.min(), torch.tensor(1e-5).log())


def test_frame_energy_follows_the_amplitude():
    mel = torch.randn(1, 5, 100)
    torch.testing.assert_close(frame_energy(mel + 1.5), frame_energy(mel) + 1.5)


def test_rounded_durations_keep_the_total_and_every_token():
    random = torch.Generator().manual_seed(0)
    durations = torch.rand(4, 50, generator=random) * 6
    mask = length_mask(torch.tensor([50, 20, 1, 33]))
    rounded = round_durations(durations, mask)
    assert (rounded[mask] >= 1).all() and not rounded[~mask].any()
    ample = round_durations(durations + 1, mask)
    total = ((durations + 1) * mask).sum(dim=1)
    assert ((ample.sum(dim=1) - total).abs() <= 1).all()


def test_expansion():
    durations = torch.tensor([[2, 0, 3], [1, 1, 0]])
    index = expansion_index(durations)
    assert index.tolist()[0] == [0, 0, 2, 2, 2]
    assert index.tolist()[1][:2] == [0, 1]
    hidden_states = torch.arange(6.0).view(2, 3, 1)
    assert expand_tokens(hidden_states, index)[0, :, 0].tolist() == [0, 0, 2, 2, 2]
    position = position_in_token(durations, index)
    torch.testing.assert_close(position[0, :, 0], torch.tensor([0.25, 0.75, 1 / 6, 0.5, 5 / 6]))
    torch.testing.assert_close(position[0, 4, 1], torch.tensor(3.0).log())


def test_pulse_train_has_the_pitch_asked_for_and_is_silent_where_unvoiced():
    pitch = torch.full((1, 94), float(np.log(200.0)))
    pitch[:, 60:] = 0
    pulses = pulse_train(pitch, 256, 24000)[0]
    voiced = pulses[: 58 * 256]
    spectrum = torch.fft.rfft(voiced[:12000] * torch.hann_window(12000)).abs()
    peaks = spectrum[: 12000 // 2].topk(1).indices
    assert int(peaks) % 100 in (0, 1, 99)  # 2 Hz a bin: harmonics of 200 Hz are multiples of 100
    assert 0.8 < voiced.square().mean() < 1.2
    assert not pulses[62 * 256 :].any()


def test_pulse_train_is_band_limited_to_its_harmonics():
    pulses = pulse_train(torch.full((1, 200), float(np.log(150.0))), 256, 24000)[0, 1200:25200]
    spectrum = torch.fft.rfft(pulses * torch.hann_window(24000)).abs()  # 1 Hz a bin
    on = spectrum[150:11900:150].mean()
    between = spectrum[75:11900:150].mean()
    assert between < 1e-3 * on


def test_pulse_train_ends_below_half_the_sampling_rate():
    """The twelfth harmonic of 1090 Hz would come back at 10920 Hz."""
    pulses = pulse_train(torch.full((1, 200), float(np.log(1090.0))), 256, 24000)[0, 1200:25200]
    spectrum = torch.fft.rfft(pulses * torch.hann_window(24000)).abs()  # 1 Hz a bin
    assert spectrum[11985:11995].max() > 1000 > 1 > spectrum[10910:10930].max()


def test_continuous_pitch_fills_gaps():
    pitch = torch.tensor([[0.0, 5.0, 0.0, 0.0, 5.5, 0.0], [0.0] * 6])
    frequency, voiced = continuous_pitch(pitch)
    torch.testing.assert_close(frequency[0].log(), torch.tensor([5.0, 5.0, 5.0, 5.0, 5.5, 5.5]))
    torch.testing.assert_close(frequency[1], torch.full((6,), 150.0), atol=0.1, rtol=0)
    assert voiced[0].tolist() == [False, True, False, False, True, False]


def test_excitation_is_always_the_same():
    pitch = torch.zeros(1, 600)
    first, second = Excitation(256, 24000)(pitch)[1], Excitation(256, 24000)(pitch)[1]
    assert torch.equal(first, second)
    assert first.shape == (1, 600 * 256)


def test_the_noise_begins_where_it_is_told_to():
    excitation, pitch = Excitation(256, 24000), torch.zeros(3, 8)
    start = torch.tensor([0, 700, NOISE_LENGTH - 5])
    noise = excitation(pitch, start)[1]
    assert torch.equal(noise[0], excitation(pitch)[1][0])
    assert torch.equal(noise[1], excitation.noise[700 : 700 + 8 * 256])
    assert torch.equal(noise[2], torch.cat([excitation.noise[-5:], excitation.noise[: 8 * 256 - 5]]))


def test_overlap_add_inverts_split_frames():
    waveform, window = torch.randn(2, 20 * 256), torch.hann_window(1024)
    frames = split_frames(waveform, window, 256)
    assert frames.shape == (2, 20, 1024)
    inner = slice(512, -512)
    restored = overlap_add(frames, window, 256, torch.ones(2, 20, dtype=torch.bool))
    torch.testing.assert_close(restored[:, inner], waveform[:, inner], atol=1e-5, rtol=1e-4)


def test_emphasis_raises_contrast_and_keeps_level_and_shape():
    flat, quiet = torch.full((1, 2, 513), -3.0), torch.full((1, 2, 513), -30.0)
    torch.testing.assert_close(emphasize(flat, quiet, 0.5, 45)[0], flat - 0.5 * EMPHASIS_LEVEL)
    ripple = torch.sin(torch.arange(513) * 2 * torch.pi / 45).expand(1, 2, 513)  # its local mean is zero
    inner = slice(45, -45)
    raised = emphasize(ripple, quiet, 0.5, 45)[0] + 0.5 * EMPHASIS_LEVEL
    torch.testing.assert_close(raised[..., inner], 1.5 * ripple[..., inner], atol=1e-5, rtol=0)


def test_emphasis_does_not_tell_the_sources_apart():
    """Sources that take turns from bin to bin make a flat envelope: nothing to emphasise."""
    turns = torch.arange(513) % 2
    harmonic, noise = (torch.where(turns == one, -2.0, -40.0).expand(1, 2, 513) for one in (0, 1))
    for before, after in zip((harmonic, noise), emphasize(harmonic, noise, 0.7, 15)):
        torch.testing.assert_close(after, before - 0.7 * EMPHASIS_LEVEL)


def test_emphasis_is_for_inference_only(model):
    latents, pitch, style = torch.randn(1, 6, model.config.latent_size), torch.full((1, 6), 5.0), torch.zeros(1, 16)
    plain = model.decode(latents, pitch, style)
    model.config.decoder.emphasis = 0.5
    assert not torch.allclose(model.decode(latents, pitch, style), plain)
    torch.testing.assert_close(model.train().decode(latents, pitch, style), plain)


@torch.no_grad()
def test_what_networks_say_is_bounded(model):
    """Whatever they have learned, speech stays finite and as long as the configuration allows."""
    for sign in (-1, 1):
        for part in ("duration_predictor", "prosody_predictor", "token_prior", "frame_prior", "posterior_encoder"):
            getattr(model.model, part).output.bias.fill_(sign * 1e3)
        model.decoder.head.bias.fill_(1e3)
        ids, mask, style = torch.full((1, 4), 9), torch.ones(1, 4, dtype=torch.bool), torch.zeros(1, 16)
        states = model.model.text_encoder(ids, ids * 0, style, mask)
        scales = [
            model.model.token_prior(states)[1],
            model.model.frame_prior(states, torch.zeros(1, 4, 3), torch.zeros(1, 4, 8), style, mask)[1],
            model.model.posterior_encoder(torch.zeros(1, 4, 100), style, mask)[1],
        ]
        assert all(torch.equal(scale, torch.full_like(scale, (3.0, -7.0)[sign < 0])) for scale in scales)
        predicted = model.model.prosody_predictor(states, style, mask)
        torch.testing.assert_close(predicted.log_pitch, torch.full((1, 4), (7.0, 3.5)[sign < 0]))
        durations = model.model(ids, seed=0).durations
        assert torch.equal(durations, torch.full((1, 4), (model.config.duration.max_frames, 1)[sign < 0]))
        gains = model.decoder._spectrum(torch.zeros(1, 4, 8), torch.zeros(1, 4), style, mask)[:2]
        assert all(float(gain.max()) == MAX_LOG_GAIN for gain in gains)


def test_flow_is_inverted_exactly():
    torch.manual_seed(0)
    config = tiny_config()
    config._attn_implementation = "eager"
    flow = Flow(config).eval()
    latents, style = torch.randn(2, 12, config.latent_size), torch.randn(2, config.style.hidden_size)
    mask = length_mask(torch.tensor([12, 7]))
    there = flow(latents, style, mask)
    back = flow(there, style, mask, inverse=True)
    assert not torch.allclose(there[0], latents[0], atol=1e-2)
    torch.testing.assert_close(back[mask], latents[mask], atol=1e-4, rtol=1e-4)


def test_flow_keeps_volume():
    torch.manual_seed(0)
    config = tiny_config()
    config._attn_implementation = "eager"
    flow, size = Flow(config).eval().double(), config.latent_size
    style, mask = torch.randn(1, config.style.hidden_size).double(), torch.ones(1, 3, dtype=torch.bool)
    jacobian = torch.autograd.functional.jacobian(
        lambda flat: flow(flat.view(1, 3, size), style, mask).flatten(), torch.randn(3 * size).double()
    )
    assert torch.linalg.slogdet(jacobian).logabsdet.abs() < 1e-6


@torch.no_grad()
def test_a_new_model_starts_where_training_is_easy():
    torch.manual_seed(0)
    model = ValeTTSForSpeech(tiny_config()).eval()
    latents, style = torch.randn(1, 12, 8), torch.randn(1, 16)
    flown = model.model.flow(latents, style, torch.ones(1, 12, dtype=torch.bool))
    torch.testing.assert_close(flown, latents)  # the identity
    assert not model.get_input_embeddings().weight[0].any() and model.get_input_embeddings().weight[1:].any()
    gate = model.model.flow.couplings[0].convolutions.inputs[0]
    assert float(gate.weight.std()) == pytest.approx(gate.weight[0].numel() ** -0.5, rel=0.2)
    spoken = model(torch.full((1, 50), 9), seed=0)
    assert 3 < float(spoken.durations.float().mean()) < 8  # frames of a token
    assert torch.isfinite(spoken.waveform).all() and float(spoken.waveform.abs().max()) < 1


def test_a_new_model_starts_without_style_in_its_norms(monkeypatch):
    monkeypatch.setattr(modeling_valetts, "StyleAffine", StyleAffine)  # see `style_is_heard`
    model = ValeTTSForSpeech(tiny_config())
    affines = [module.affine for module in model.modules() if isinstance(module, StyleAdaptiveNorm)]
    assert len(affines) > 10
    assert all(not affine.weight.any() and not affine.bias.any() for affine in affines)


def test_style_adaptive_norm_is_layer_norm_with_a_styled_affine():
    norm = StyleAdaptiveNorm(8, 4)
    hidden_states, style = torch.randn(2, 5, 8), torch.randn(2, 4)
    gain, bias = norm.affine(style)[:, None].chunk(2, dim=-1)
    expected = torch.nn.functional.layer_norm(hidden_states, (8,)) * (1 + gain) + bias
    torch.testing.assert_close(norm(hidden_states, style), expected)


def test_chunk_size_must_be_positive(model):
    latents, pitch, style = torch.zeros(1, 4, model.config.latent_size), torch.zeros(1, 4), torch.zeros(1, 16)
    with pytest.raises(ValueError, match="chunk_frames must be at least 1, got 0"):
        list(model.decode_in_chunks(latents, pitch, style, chunk_frames=0))
