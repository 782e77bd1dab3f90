"""Control by number: rate, pitch, range, energy, pauses, contours and manner, of rows and of single tokens; and what is refused."""

import inspect
import math

import pytest
import torch

from valetts_hf.modeling.lengths import expansion_index, length_mask
from valetts_hf.modeling.modeling_valetts import ValeTTSForSpeech, ValeTTSModel
from valetts_hf.modeling.prosody_controls import (
    SEMITONE,
    TokenControls,
    contour_over_frames,
    directed_durations,
    directed_pitch,
    frame_gain,
    over_frames,
    paced_durations,
    pause_gain,
    recentred_pitch,
    sample_gain,
    voiced_mean,
)


NAN = math.nan
DURATIONS = torch.tensor([[4, 8, 20, 8]])
INDEX = expansion_index(DURATIONS)
MASK = torch.ones(1, 40, dtype=torch.bool)


@pytest.fixture
def fixed(tokens) -> dict[str, torch.Tensor]:
    """Tokens of 8 frames each, without noise."""
    return {**tokens, "durations": tokens["attention_mask"] * 8, "noise_scale": 0.0}


def test_steps_between_tokens_are_spread_and_constants_stay():
    values = torch.tensor([[0.0, 4.0, 4.0, 0.0]])
    frames = over_frames(values, INDEX, MASK)
    assert frames.shape == (1, 40) and frames.diff().abs().max() < 1.4
    assert torch.equal(frames[0, 6:30], torch.full((24,), 4.0))
    assert torch.equal(over_frames(torch.full((1, 4), 0.3), INDEX, MASK), torch.full((1, 40), 0.3))


def test_padding_does_not_reach_into_a_row():
    values, padded = torch.tensor([[1.0, 2.0, 3.0, 9.0]]), torch.tensor([[4, 8, 20, 0]])
    index = expansion_index(padded, 40)
    frames = over_frames(values, index, length_mask(torch.tensor([32]), 40))
    torch.testing.assert_close(frames[:, :32], over_frames(values[:, :3], INDEX[:, :32], MASK[:, :32]))


def test_rate_and_pauses_decide_durations():
    log_durations = torch.full((1, 4), math.log(10.0))
    pauses = torch.tensor([[NAN, 0.32, NAN, 0.0]])
    rate = torch.tensor([[1.0, 1.0, 2.0, 1.0]])
    mask = torch.ones(1, 4, dtype=torch.bool)
    assert directed_durations(log_durations, mask, rate, pauses, 93.75).tolist() == [[10, 30, 5, 0]]
    assert directed_durations(log_durations, mask, rate, None, 93.75).tolist() == [[10, 10, 5, 10]]


def test_calls_and_texts_direct_together():
    mask = torch.tensor([[True, True, False]])
    deliveries = torch.tensor([[[1.5, 2.0, 0.5, -3.0], [1.0, 0.0, 1.0, 0.0], [NAN] * 4]])
    controls = TokenControls.combined(mask, 2.0, 1.0, 3.0, 4.0, deliveries)
    assert controls.speaking_rate.tolist() == [[3.0, 2.0, 2.0]]
    assert controls.pitch_shift.tolist() == [[3.0, 1.0, 1.0]]
    assert controls.pitch_range.tolist() == [[1.5, 3.0, 3.0]]
    assert controls.energy_shift.tolist() == [[1.0, 4.0, 4.0]]


def test_fast_speech_shortens_long_sounds_before_short_ones():
    durations = torch.tensor([[1.0, 3.0, 4.0, 8.0, 20.0, 12.0, 99.0]])
    counted = torch.tensor([[True] * 6 + [False]])
    for rate in (1.05, 1.2, 1.5, 2.0, 4.0):
        paced = paced_durations(durations, counted, torch.full((1, 7), rate), 4.0)[0]
        assert float(paced[:6].sum()) == pytest.approx(48 / rate, rel=1e-5)
        assert float(paced[6]) == pytest.approx(99 / rate)  # what does not share the time is not shared with
        shares = paced[:6] / durations[0, :6]
        assert torch.all(shares.diff()[[1, 2, 3]] <= 1e-5)  # the longer, the more of it goes
        assert float(shares[4]) == float(shares.min()) >= rate**-2 - 1e-5 and float(shares.max()) <= 1 + 1e-5
    gentle = paced_durations(durations, counted, torch.full((1, 7), 1.2), 4.0)
    torch.testing.assert_close(gentle[:, :3], durations[:, :3])  # consonants stay while there is enough else
    slow = paced_durations(durations, counted, torch.full((1, 7), 0.7), 4.0)
    torch.testing.assert_close(slow, durations / 0.7)


def test_each_stretch_of_one_rate_lasts_what_it_says():
    durations, rate = torch.tensor([[2.0, 10.0, 2.0, 16.0, 6.0]]), torch.tensor([[1.0, 2.0, 2.0, 2.0, 1.0]])
    paced = paced_durations(durations, torch.ones_like(rate).bool(), rate, 4.0)
    assert float(paced[0, 1:4].sum()) == pytest.approx(14.0)
    torch.testing.assert_close(paced[:, [0, 4]], durations[:, [0, 4]])
    nothing = paced_durations(torch.zeros(1, 2), torch.ones(1, 2).bool(), torch.full((1, 2), 2.0), 4.0)
    assert torch.equal(nothing, torch.zeros(1, 2))


def test_a_contour_follows_the_duration_of_its_tokens():
    contours, places = torch.tensor([[[0.0, 4.0, 2.0]]]), torch.tensor([[[1, 3]]])
    frames = contour_over_frames(contours, places, DURATIONS, 40)[0]
    assert not frames[:4].any() and not frames[32:].any()
    assert frames[4:18].diff().min() > 0 and frames[18:32].diff().max() < 0
    assert frames[4] == pytest.approx(0.0, abs=0.2) and frames.max() == pytest.approx(4.0, abs=0.2)
    assert frames[31] == pytest.approx(2.0, abs=0.1)
    nothing = contour_over_frames(contours, torch.tensor([[[2, 2]]]), DURATIONS, 40)
    assert not nothing.any()


def test_pitch_is_scaled_around_its_mean_then_moved():
    pitch = torch.tensor([[5.0, 0.0, 5.4, 5.2, 9.0]])
    mask = torch.tensor([[True, True, True, True, False]])
    one, zero = torch.ones(1, 5), torch.zeros(1, 5)
    assert torch.equal(directed_pitch(pitch, mask, zero, one), pitch)
    moved = directed_pitch(pitch, mask, zero + 3, one)
    torch.testing.assert_close(moved[0, [0, 2, 3]] - pitch[0, [0, 2, 3]], torch.full((3,), 3 * SEMITONE))
    assert moved[0, 1] == 0 and moved[0, 4] == 9
    flat = directed_pitch(pitch, mask, zero, zero)
    torch.testing.assert_close(flat[0, [0, 2, 3]], torch.full((3,), 5.2))
    wide = directed_pitch(pitch, mask, zero, one * 2)
    torch.testing.assert_close(wide[0, [0, 2, 3]], torch.tensor([4.8, 5.6, 5.2]))
    assert (
        directed_pitch(pitch, mask, zero + 48, one).max() == 9.0
        and directed_pitch(pitch, mask, zero + 48, one)[0, 0] == 7.0
    )


def test_another_manner_keeps_the_height_of_the_voice():
    own, manner = torch.tensor([[5.0, 0.0, 5.2]]), torch.tensor([[5.9, 5.5, 0.0]])
    mask = torch.ones(1, 3, dtype=torch.bool)
    centred = recentred_pitch(manner, mask, like=own)
    torch.testing.assert_close(voiced_mean(centred, centred > 0), torch.tensor([[5.1]]))
    torch.testing.assert_close(centred[0, 0] - centred[0, 1], torch.tensor(0.4))
    unvoiced = torch.zeros(1, 3)
    assert torch.equal(recentred_pitch(manner, mask, like=unvoiced), manner)


def test_gain_is_exact_inside_and_smooth_at_edges():
    shift = torch.tensor([[0.0, 6.0, 6.0, 0.0]])
    gain = frame_gain(shift, None, DURATIONS, INDEX, MASK)
    torch.testing.assert_close(gain[0, 6:30], torch.full((24,), 10 ** (6 / 20)))
    assert gain.diff().abs().max() < 0.4
    samples = sample_gain(gain, 256)
    assert samples.shape == (1, 40 * 256) and samples.diff().abs().max() < 0.002
    assert frame_gain(torch.zeros(1, 4), None, DURATIONS, INDEX, MASK) is None
    assert frame_gain(torch.zeros(1, 4), torch.full((1, 4), NAN), DURATIONS, INDEX, MASK) is None


def test_pauses_are_softer_and_short_ones_are_left_alone():
    pauses = torch.tensor([[NAN, NAN, 0.2, NAN]])
    gain = frame_gain(torch.zeros(1, 4), pauses, DURATIONS, INDEX, MASK)[0]
    assert (gain[:12] == 1).all() and (gain[32:] == 1).all() and (gain[14:30] < 10 ** (-12 / 20)).all()
    assert frame_gain(torch.zeros(1, 4), pauses, torch.tensor([[4, 8, 2, 8]]), INDEX[:, :22], MASK[:, :22]) is None


def test_energy_shift_is_exact_on_the_waveform(model, fixed):
    with torch.inference_mode():
        plain, louder = model(**fixed), model(**fixed, energy_shift=torch.tensor([6.0, -3.0]))
    for row, shift in enumerate((6.0, -3.0)):
        torch.testing.assert_close(louder.waveform[row], plain.waveform[row] * 10 ** (shift / 20))
    assert "gain" not in plain.keys() and louder.gain.shape == louder.pitch.shape


def test_chunks_with_a_gain_equal_the_whole(model, tokens):
    pauses = torch.full(tokens["input_ids"].shape, NAN)
    pauses[0, 4] = 0.3
    with torch.inference_mode():
        latents = model.generate_latents(**tokens, seed=1, energy_shift=4.0, pauses=pauses)
        inputs = (latents.latents, latents.pitch, latents.style, latents.frame_lengths, latents.gain)
        whole = model.decode(*inputs)
        for chunk_frames in (1, 7, 1000):
            chunks = torch.cat(list(model.decode_in_chunks(*inputs, chunk_frames=chunk_frames)), dim=1)
            torch.testing.assert_close(chunks, whole, atol=1e-5, rtol=1e-4)
    start, end = (int(latents.durations[0, :count].sum()) for count in (4, 5))
    assert end - start == round(0.3 * model.config.frame_rate)
    with torch.inference_mode():
        plain = model.decode(*inputs[:4]) * 10 ** (4 / 20)

    def level(first: int, last: int) -> float:
        """dB of some frames of the pause, against the same latents without one."""
        place = slice(first * 256, last * 256)
        return 20 * math.log10(float(whole[0, place].norm() / plain[0, place].norm()))

    levels = [level(start + frame, start + frame + 1) for frame in range(end - start)]
    assert levels[0] > -9 and levels[-1] > -9, "no edge is cut"
    assert all(-30 < one < -11 for one in levels[3:-3]), "neither as loud as speech nor a hole"
    middle = len(levels) // 2
    assert levels[2] > levels[6] > levels[middle] and levels[-3] > levels[-7] > levels[middle]


def test_pauses_fade_out_and_in():
    paused = torch.zeros(3, 200, dtype=torch.bool)
    paused[0, 10:20] = True
    paused[1, 20:180] = True
    paused[2, 190:] = True  # to the end of the row: nothing comes in again
    gain = 20 * pause_gain(paused).log10()
    assert not gain[~paused].any()
    torch.testing.assert_close(gain[0, 10:15], torch.tensor([-3.0, -9.0, -12.5, -13.5, -14.5]))
    torch.testing.assert_close(gain[0, 10:20], gain[0, 10:20].flip(0))
    assert float(gain[1].min()) == -math.inf and float(gain[1, 60]) > -60 > float(gain[1, 75])
    assert bool((gain[2, 191:] < gain[2, 190:-1]).all())
    short = pause_gain(paused[:1, :30])
    torch.testing.assert_close(short, pause_gain(paused)[:1, :30])


def test_controls_of_tokens_change_those_tokens(model, tokens, fixed):
    deliveries = torch.tensor([1.0, 0.0, 1.0, 0.0]).repeat(2, 14, 1)
    deliveries[0, 5:9] = torch.tensor([1.0, 12.0, 1.0, 0.0])
    frames = int(fixed["durations"].sum(dim=1).max())
    prosody = {"pitch": torch.full((2, frames), 5.0), "energy": torch.zeros(2, frames)}
    with torch.inference_mode():
        plain, higher = model(**fixed, **prosody), model(**fixed, **prosody, deliveries=deliveries)
    change = (higher.pitch - plain.pitch)[0] / SEMITONE
    torch.testing.assert_close(change[42:70], torch.full((28,), 12.0), atol=1e-3, rtol=0)
    assert not change[:38].any() and not change[74:].any()
    assert torch.equal(higher.pitch[1], plain.pitch[1])

    deliveries[0, 5:9] = torch.tensor([0.5, 0.0, 1.0, 0.0])
    still = {"noise_scale": 0.0, "duration_noise_scale": 0.0}
    with torch.inference_mode():
        plain = model(**tokens, **still).durations
        slower = model(**tokens, **still, deliveries=deliveries, speaking_rate=1.0).durations
        both = model(**tokens, **still, deliveries=deliveries, speaking_rate=2.0).durations
    assert slower[0, 5:9].sum() == pytest.approx(2 * plain[0, 5:9].sum(), abs=2)
    assert both[0, 5:9].sum() == pytest.approx(plain[0, 5:9].sum(), abs=2)
    assert (slower[0, :5] == plain[0, :5]).all() and torch.equal(slower[1], plain[1])


def test_numbers_of_tokens_rows_and_calls_are_the_same_thing(model, fixed):
    with torch.inference_mode():
        expected = model(**fixed, pitch_shift=2.0, pitch_range=0.5).pitch
        rows = model(**fixed, pitch_shift=torch.full((2,), 2.0), pitch_range=torch.full((2,), 0.5)).pitch
        each = model(**fixed, pitch_shift=torch.full((2, 14), 2.0), pitch_range=torch.full((2, 14), 0.5)).pitch
    assert torch.equal(rows, expected) and torch.equal(each, expected)


def test_padding_of_deliveries_may_hold_anything(model, tokens):
    deliveries = torch.tensor([1.1, 1.0, 1.0, 2.0]).repeat(2, 14, 1)
    garbage = torch.where(tokens["attention_mask"][..., None] > 0, deliveries, 0.0)
    with torch.inference_mode():
        expected = model(**tokens, seed=1, deliveries=deliveries).waveform
        torch.testing.assert_close(model(**tokens, seed=1, deliveries=garbage).waveform, expected)


def test_a_directed_row_sounds_the_same_alone_and_in_a_padded_batch(model, tokens):
    controls = {
        "deliveries": torch.tensor([1.2, -1.0, 1.5, 3.0]).repeat(2, 14, 1),
        "pauses": torch.full((2, 14), NAN),
        "pitch_contours": torch.tensor([[[0.0, 2.0]], [[1.0, -1.0]]]),
        "contour_tokens": torch.tensor([[[2, 5]], [[3, 7]]]),
    }
    controls["pauses"][1, 4] = 0.1
    length = 9
    alone = {name: value[1:, :length] for name, value in {**tokens, **controls}.items() if value.shape[1] == 14}
    alone |= {name: controls[name][1:] for name in ("pitch_contours", "contour_tokens")}
    with torch.inference_mode():
        batch, single = model(**tokens, **controls, seed=3), model(**alone, seed=3)
    samples = int(single.waveform_lengths)
    torch.testing.assert_close(batch.waveform[1, :samples], single.waveform[0], atol=1e-4, rtol=1e-3)


def test_a_manner_moves_durations_and_pitch_but_not_the_voice(model, tokens):
    manner = torch.randn(2, 16, generator=torch.Generator().manual_seed(5)) * 3
    still = {"noise_scale": 0.0, "duration_noise_scale": 0.0}
    with torch.inference_mode():
        plain, other = model(**tokens, **still), model(**tokens, **still, manner_style=manner)
        fixed = {**tokens, "durations": plain.durations, "noise_scale": 0.0}
        like, unlike = model(**fixed), model(**fixed, manner_style=manner)
    assert torch.equal(other.style, plain.style) and not torch.equal(other.durations, plain.durations)
    assert not torch.equal(like.pitch, unlike.pitch)
    for row in range(2):
        voiced = [output.pitch[row][output.pitch[row] > 0] for output in (like, unlike)]
        if min(len(pitch) for pitch in voiced):
            assert voiced[0].mean() == pytest.approx(float(voiced[1].mean()), abs=1e-3)


def test_both_models_take_the_same_arguments(model):
    speech, latents = (inspect.signature(kind.forward) for kind in (ValeTTSForSpeech, ValeTTSModel))
    assert list(speech.parameters) == list(latents.parameters)
    assert "ValeTTSOutput" in str(speech.return_annotation) and "Latent" in str(latents.return_annotation)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"speaking_rate": -1.0}, "speaking_rate must be greater than 0, got -1"),
        ({"speaking_rate": torch.tensor([1.0, NAN])}, "speaking_rate must be greater than 0, got nan"),
        ({"pitch_shift": math.inf}, "pitch_shift must be a finite number, got inf"),
        ({"pitch_range": -0.5}, "pitch_range must be 0 or more, got -0.5"),
        ({"energy_shift": NAN}, "energy_shift must be a finite number, got nan"),
        (
            {"energy_shift": torch.zeros(3)},
            r"energy_shift must be a number, one per row \[2\] or .*\[2, 14\], got \[3\]",
        ),
        ({"deliveries": torch.ones(2, 14)}, r"deliveries must be \[2, 14, 4\].*got \[2, 14\]"),
        ({"deliveries": torch.zeros(2, 14, 4)}, "speaking_rate of deliveries must be greater than 0, got 0"),
        ({"pauses": torch.zeros(2, 3)}, r"pauses must have one value per token, \[2, 14\].*got \[2, 3\]"),
        ({"pauses": torch.full((2, 14), -1.0)}, "pauses must be 0 seconds or more, or NaN.*got -1"),
        ({"pauses": torch.full((2, 14), math.inf)}, "pauses must be 0 seconds or more, or NaN.*got inf"),
        ({"pauses": torch.zeros(2, 14)}, "pauses of 0 seconds leave nothing of a row"),
        ({"pitch_contours": torch.zeros(2, 1, 1)}, "with at least 2 points"),
        ({"pitch_contours": torch.zeros(2, 1, 3)}, r"contour_tokens must say.*\[2, 1, 2\], got None"),
        (
            {"pitch_contours": torch.zeros(2, 1, 3), "contour_tokens": torch.full((2, 1, 2), 99)},
            "contour_tokens must be 0 <= first <= last <= 14",
        ),
        (
            {"pitch_contours": torch.full((2, 1, 3), NAN), "contour_tokens": torch.zeros(2, 1, 2).long()},
            "pitch_contours must be finite",
        ),
        ({"manner_style": torch.zeros(2, 3)}, r"manner_style must be \[2, 16\], got \(2, 3\)"),
        ({"durations": torch.ones(2, 14), "speaking_rate": 2.0}, "leave speaking_rate at 1"),
        ({"durations": torch.ones(2, 14), "pauses": torch.ones(2, 14)}, "leave pauses out"),
    ],
)
def test_bad_controls_are_named(model, tokens, settings, message):
    with pytest.raises(ValueError, match=message):
        model(**tokens, **settings)
