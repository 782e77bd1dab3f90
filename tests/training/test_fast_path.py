"""Faster steps are the same steps: compiled judges, one pass for both sides, window indices, full-precision products."""

import pytest
import torch

from tests.training.test_discriminators import TINY, waveform
from valetts_hf.modeling.lengths import expansion_index, position_in_token
from valetts_hf.training.data.batches import TrainingBatch
from valetts_hf.training.discriminators import Discriminator
from valetts_hf.training.fast_path import allow_tf32, check_compile_mode, compile_fixed_shapes, full_precision
from valetts_hf.training.objective import GeneratorObjective


def test_compiled_judges_judge_the_same_and_keep_their_names():
    torch.manual_seed(0)
    plain = Discriminator(TINY)
    compiled = Discriminator(TINY)
    compiled.load_state_dict(plain.state_dict())
    compile_fixed_shapes([compiled], "default", backend="eager")
    assert compiled._compiled_call_impl is not None
    assert list(compiled.state_dict()) == list(plain.state_dict())
    signal = waveform(0, 2, 800)
    for one, two in zip(compiled(signal)[0], plain(signal)[0], strict=True):
        torch.testing.assert_close(one, two)
    compile_fixed_shapes([plain], False)
    assert plain._compiled_call_impl is None
    with pytest.raises(ValueError, match="compile must be false, default or reduce-overhead, got 'fast'"):
        check_compile_mode("fast")


def test_judges_score_both_sides_in_one_pass_as_in_two():
    torch.manual_seed(0)
    discriminator = Discriminator(TINY)
    recorded, generated = waveform(1, 3, 900), waveform(2, 3, 900)
    both, _ = discriminator(torch.cat([recorded, generated]))
    for score, real, fake in zip(both, discriminator(recorded)[0], discriminator(generated)[0], strict=True):
        torch.testing.assert_close(score.chunk(2), (real, fake), atol=1e-5, rtol=1e-4)


def test_window_index_is_a_cut_of_the_whole_clips():
    durations = torch.tensor([[2, 3, 1, 4], [5, 1, 0, 0], [1, 1, 1, 0]])
    starts, frames = torch.tensor([3, 0, 1]), 7
    unused = torch.zeros(3, frames, 1)
    fields = dict.fromkeys(TrainingBatch.__dataclass_fields__, unused) | {"window_start": starts}
    index, position = GeneratorObjective._window_index(TrainingBatch(**fields), durations)
    whole = expansion_index(durations)
    places = (starts[:, None] + torch.arange(frames)).clamp(max=whole.shape[1] - 1)
    assert torch.equal(index, whole.gather(1, places))
    expected = position_in_token(durations, whole).gather(1, places[..., None].expand(-1, -1, 2))
    assert torch.equal(position, expected)


def test_products_of_full_precision_whatever_is_allowed():
    before = torch.get_float32_matmul_precision()
    try:
        allow_tf32(False)
        assert torch.get_float32_matmul_precision() == before
        allow_tf32(True)
        assert torch.get_float32_matmul_precision() == "high"
        with full_precision():
            assert torch.get_float32_matmul_precision() == "highest"
        assert torch.get_float32_matmul_precision() == "high"
    finally:
        torch.set_float32_matmul_precision(before)
    with full_precision():
        assert torch.get_float32_matmul_precision() == before
