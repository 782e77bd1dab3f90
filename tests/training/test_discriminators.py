"""Waveform discriminators: shapes, gradients, learning, presets and refused settings."""

import dataclasses

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from valetts_hf.training.discriminators import (
    Discriminator,
    DiscriminatorConfig,
    PeriodDiscriminator,
    SpectrogramDiscriminator,
    discriminator_preset,
)
from valetts_hf.training.losses import discriminator_loss, feature_matching_loss, generator_loss


TINY = DiscriminatorConfig(
    periods=(2, 3),
    period_channels=(4, 8, 8),
    resolutions=((64, 16), (256, 64)),
    spectrogram_channels=(4, 8),
)


def waveform(seed, *shape):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed)) * 0.1


def test_one_score_and_one_list_of_maps_per_member():
    discriminator = Discriminator(TINY)
    scores, maps = discriminator(waveform(0, 3, 1, 1001))  # 1001 divides by neither period
    assert len(scores) == len(maps) == 4
    assert [len(layers) for layers in maps] == [3, 3, 2, 2]
    assert all(score.dim() == 2 and score.shape[0] == 3 for score in scores)
    flat_scores, _ = discriminator(waveform(0, 3, 1, 1001)[:, 0])
    assert all(torch.equal(one, two) for one, two in zip(scores, flat_scores))
    with pytest.raises(ValueError, match=r"\[B, 1, S\] or \[B, S\]"):
        discriminator(torch.zeros(3, 2, 1001))


def test_rows_of_a_batch_are_judged_alone():
    discriminator = Discriminator(TINY).eval()
    batch = waveform(1, 3, 900)
    together, _ = discriminator(batch)
    alone, _ = discriminator(batch[1:2])
    for one, two in zip(together, alone):
        torch.testing.assert_close(one[1:2], two, atol=1e-5, rtol=1e-4)


def test_period_member_sees_each_phase_alone():
    torch.manual_seed(2)
    member = PeriodDiscriminator(3, TINY)
    signal = waveform(3, 1, 900)
    changed = signal.clone()
    changed[0, 300] += 1.0  # phase 300 % 3 = 0
    difference = (member(changed)[1][0] - member(signal)[1][0]).abs().amax((0, 1, 2))
    assert difference[0] > 0 and difference[1] == 0 and difference[2] == 0


def test_spectrogram_compresses_magnitude_and_keeps_phase():
    config = dataclasses.replace(TINY, compression=0.5)
    member = SpectrogramDiscriminator(256, 64, config)
    signal = waveform(4, 1, 2048)
    reference = torch.stft(
        signal, 256, 64, window=member.window, center=True, pad_mode="reflect", return_complex=True
    ).transpose(1, 2)
    got = torch.complex(*member.spectrogram(signal).unbind(1))
    power = reference.abs().square() + 1e-5
    torch.testing.assert_close(got, reference * power**-0.25, atol=1e-4, rtol=1e-3)
    assert member.spectrogram(signal.bfloat16()).dtype == torch.float32


def test_gradients_reach_weights_and_waveform_even_from_silence():
    discriminator = Discriminator(TINY)
    silence = torch.zeros(2, 800, requires_grad=True)
    scores, maps = discriminator(silence)
    real_scores, real_maps = discriminator(waveform(5, 2, 800))
    (generator_loss(scores) + feature_matching_loss(real_maps, maps)).backward()
    assert torch.isfinite(silence.grad).all() and silence.grad.abs().sum() > 0
    assert all(torch.isfinite(parameter.grad).all() for parameter in discriminator.parameters())


def test_learns_to_tell_tones_from_noise():
    torch.manual_seed(6)
    discriminator = Discriminator(TINY)
    optimizer = torch.optim.AdamW(discriminator.parameters(), 1e-2, betas=(0.8, 0.99))
    time = torch.arange(1024) / 24000
    losses = []
    for _ in range(40):
        real = 0.1 * torch.sin(2 * torch.pi * (100 + 300 * torch.rand(4, 1)) * time)
        scores, _ = discriminator(torch.cat([real, 0.07 * torch.randn(4, 1024)]))
        loss = discriminator_loss(*zip(*(score.chunk(2) for score in scores), strict=True))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    # Four members that cannot tell reach 0.5 each.
    assert sum(losses[-5:]) / 5 < 1.4


def test_bfloat16_and_autocast_run():
    signal = waveform(7, 1, 800)
    with torch.autocast("cpu", torch.bfloat16):
        scores, _ = Discriminator(TINY)(signal)
    assert all(torch.isfinite(score).all() for score in scores)
    scores, _ = Discriminator(TINY).bfloat16()(signal)
    assert {score.dtype for score in scores} == {torch.bfloat16}


@torch.no_grad()
def discriminator_cost(config: DiscriminatorConfig) -> dict[str, float]:
    """Parameters, and 10^9 floating point operations (two per multiplication) for one second of audio."""
    discriminator = Discriminator(config)
    with FlopCounterMode(display=False) as counter:
        discriminator(torch.zeros(1, 24000))
    parameters = sum(parameter.numel() for parameter in discriminator.parameters())
    return {"parameters": parameters, "gflop_per_second": counter.get_total_flops() / 1e9}


def test_presets_keep_their_promised_cost():
    cpu = discriminator_cost(discriminator_preset("cpu"))
    assert 0.2 <= cpu["gflop_per_second"] <= 0.55 and cpu["parameters"] < 500_000
    gpu = discriminator_cost(discriminator_preset("gpu"))
    assert 8 <= gpu["gflop_per_second"] <= 14 and 8e6 < gpu["parameters"] < 15e6
    medium = discriminator_cost(discriminator_preset("medium"))
    assert 3 <= medium["gflop_per_second"] <= 5 and medium["parameters"] < 4e6
    published = discriminator_cost(discriminator_preset("bigvgan_v2"))
    assert 40e6 < published["parameters"] < 50e6
    small = discriminator_cost(discriminator_preset("bigvgan_v2_small"))
    assert small["parameters"] < 1.2e6 and small["gflop_per_second"] < published["gflop_per_second"] / 10
    with pytest.raises(
        ValueError, match=r"preset 'tpu': choose one of \['bigvgan_v2', 'bigvgan_v2_small', 'cpu', 'gpu', 'medium'\]"
    ):
        discriminator_preset("tpu")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"periods": (), "resolutions": ()}, "at least one period, one resolution or one constant-Q transform"),
        ({"periods": (0,)}, r"`periods` must be positive, got \(0,\)"),
        ({"period_channels": ()}, "at least one layer"),
        ({"period_kernel_size": 4}, "kernel sizes must be odd and positive, got 4"),
        ({"period_stride": 0}, "strides must be >= 1"),
        ({"resolutions": ((64, 65),)}, r"0 < hop <= window, got \(64, 65\)"),
        ({"constant_q_channels": 0}, "`constant_q_channels` and `sampling_rate` must be positive"),
        ({"compression": 0.0}, r"`compression` must be in \(0, 1\], got 0.0"),
    ],
)
def test_bad_settings_are_refused(change, message):
    with pytest.raises(ValueError, match=message):
        DiscriminatorConfig(**change)
