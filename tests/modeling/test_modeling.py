"""The model as a whole: exact batches, seeds, controls, styles, precision, saving."""

import copy

import pytest
import torch

from valetts_hf.modeling.modeling_valetts import ValeTTSForSpeech


def row(tokens, index):
    length = int(tokens["attention_mask"][index].sum())
    return {name: value[index : index + 1, :length] for name, value in tokens.items()}


@pytest.mark.parametrize("noise", [0.0, 0.7])
def test_a_row_sounds_the_same_alone_and_in_a_padded_batch(model, tokens, noise):
    settings = {"noise_scale": noise, "duration_noise_scale": noise, "seed": 11}
    with torch.inference_mode():
        batch = model(**tokens, **settings)
        alone = model(**row(tokens, 1), **settings)
    length = int(alone.waveform_lengths)
    assert int(batch.waveform_lengths[1]) == length == alone.waveform.shape[1]
    torch.testing.assert_close(batch.waveform[1, :length], alone.waveform[0], atol=1e-4, rtol=1e-3)
    assert not batch.waveform[1, length:].any()
    frames = int(alone.frame_lengths)
    assert not any(batch[name][1, frames:].any() for name in ("latents", "pitch", "energy"))


def test_padding_may_come_first(model, tokens):
    languages = torch.where(tokens["attention_mask"] > 0, 2, 0)
    settings = {"noise_scale": 0.7, "duration_noise_scale": 2.0, "seed": 11}
    padding = int((tokens["attention_mask"][1] == 0).sum())
    turned = {name: torch.stack([rows[0], rows[1].roll(padding)]) for name, rows in tokens.items()}
    with torch.inference_mode():
        model.model.default_styles.normal_()
        expected = model(**tokens, language_ids=languages, **settings)
        output = model(**turned, language_ids=turned["attention_mask"] * 2, **settings)
    assert torch.equal(output.durations[1], expected.durations[1].roll(padding))
    assert torch.equal(output.style, expected.style)
    torch.testing.assert_close(output.latents, expected.latents, atol=1e-4, rtol=1e-3)


def test_fields_have_the_documented_shapes(model, tokens):
    output = model(**tokens, seed=0)
    config = model.config
    frames = int(output.frame_lengths.max())
    assert list(output.keys())[0] == "waveform"
    assert output.waveform.shape == (2, frames * config.hop_length)
    assert output.durations.shape == (2, 14)
    assert torch.equal(output.durations.sum(dim=1), output.frame_lengths)
    assert output.pitch.shape == output.energy.shape == (2, frames)
    assert output.style.shape == (2, config.style.hidden_size)
    assert output.latents.shape == (2, frames, config.latent_size)


def test_seeds(model, tokens):
    with torch.inference_mode():
        first = model(**tokens, seed=5).waveform
        again = model(**tokens, seed=5).waveform
        other = model(**tokens, seed=[6, 7]).waveform
    assert torch.equal(first, again)
    assert first.shape != other.shape or not torch.allclose(first, other)
    with pytest.raises(ValueError, match="seed has 3 values for a batch of 2"):
        model(**tokens, seed=[1, 2, 3])
    for outside in (-1, 2**63):
        with pytest.raises(ValueError, match=f"seed must be between 0 and {2**63 - 1}, got {outside}"):
            model(**tokens, seed=outside)
    with pytest.raises(TypeError, match="seed must be an integer.*got 1.5"):
        model(**tokens, seed=1.5)


def test_chunks_equal_the_whole(model, tokens):
    with torch.inference_mode():
        latents = model.generate_latents(**tokens, seed=1)
        inputs = (latents.latents, latents.pitch, latents.style, latents.frame_lengths)
        whole = model.decode(*inputs)
        for chunk_frames in (1, 7, 1000):
            chunks = torch.cat(list(model.decode_in_chunks(*inputs, chunk_frames=chunk_frames)), dim=1)
            torch.testing.assert_close(chunks, whole, atol=1e-5, rtol=1e-4)


def test_controls_reach_the_output(model, tokens):
    durations = torch.full_like(tokens["input_ids"], 6) * tokens["attention_mask"]
    fixed = {**tokens, "durations": durations, "noise_scale": 0.0}
    frames = int(durations.sum(dim=1).max())
    pitch, energy = torch.full((2, frames), 5.0), torch.zeros(2, frames)
    with torch.inference_mode():
        base = model(**fixed, pitch=pitch, energy=energy)
        higher = model(**fixed, pitch=pitch, energy=energy, pitch_shift=12.0)
        louder = model(**fixed, pitch=pitch, energy=energy, energy_shift=6.0)
        slow = model(**tokens, speaking_rate=0.5, duration_noise_scale=0.0)
        fast = model(**tokens, speaking_rate=2.0, duration_noise_scale=0.0)
    octave = (higher.pitch - base.pitch)[base.pitch > 0]
    torch.testing.assert_close(octave, torch.full_like(octave, 0.6931472))
    torch.testing.assert_close(louder.waveform, base.waveform * 10 ** (6 / 20))
    assert (slow.frame_lengths > fast.frame_lengths).all()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"speaking_rate": 0.0}, "speaking_rate must be greater than 0, got 0"),
        ({"pitch_shift": float("nan")}, "pitch_shift must be a finite number"),
        ({"pitch": torch.zeros(2, 3)}, "pitch must have one value per frame"),
        ({"attention_mask": torch.ones(2, 13)}, r"attention_mask must be \[2, 14\], got \[2, 13\]"),
        ({"language_ids": torch.zeros(2, 13).long()}, r"language_ids must be \[2, 14\], got \[2, 13\]"),
        ({"language_ids": torch.zeros(3).long()}, r"language_ids must be \[2, 14\], got \[3, 14\]"),
        ({"durations": torch.ones(2, 13)}, r"durations must be \[2, 14\], got \[2, 13\]"),
        ({"style_token_weights": torch.ones(2, 5)}, r"style_token_weights must be \[2, 4\], got \[2, 5\]"),
        ({"reference_mel": torch.zeros(3, 30, 100)}, "reference_mel must have 1 row or 2, as input_ids, got 3"),
        (
            {"reference_mel": torch.zeros(2, 30, 100), "reference_mask": torch.ones(2, 29)},
            r"reference_mask must be \[2, 30\], got \[2, 29\]",
        ),
        ({"style": torch.zeros(2, 3)}, r"style must be \[2, 16\], got \(2, 3\)"),
        ({"reference_mel": torch.zeros(2, 30, 80)}, r"reference_mel must be \[batch, frames, 100\]"),
        ({"durations": torch.zeros(2, 14)}, "durations must be 0 or more"),
        ({"noise_scale": -0.5}, "noise_scale must be a finite number, 0 or more, got -0.5"),
        ({"duration_noise_scale": float("nan")}, "duration_noise_scale must be a finite number, 0 or more, got nan"),
        ({"style": torch.full((2, 16), float("nan"))}, "style must be finite numbers, got nan or inf"),
        ({"reference_mel": torch.full((2, 30, 100), float("nan"))}, "style of reference_mel must be finite"),
    ],
)
def test_bad_inputs_are_named(model, tokens, settings, message):
    with pytest.raises(ValueError, match=message):
        model(**{**tokens, **settings})


@pytest.mark.parametrize(("name", "size"), [("input_ids", "vocab_size"), ("language_ids", "languages")])
def test_ids_outside_of_the_tables_are_refused(model, tokens, name, size):
    size = getattr(model.config, size)
    beyond = size if isinstance(size, int) else len(size)
    for wrong in (beyond, -1):
        ids = torch.full_like(tokens["input_ids"], wrong)
        with pytest.raises(ValueError, match=f"{name} must be 0 to {beyond - 1}, got {wrong}: use the processor"):
            model(**tokens | {name: ids})


@pytest.mark.parametrize("hertz", [220.0, float("nan"), float("-inf")])
def test_pitch_that_is_no_logarithm_is_refused(model, tokens, hertz):
    durations = tokens["attention_mask"] * 4
    with pytest.raises(ValueError, match="pitch must be log-F0.*take torch.log of Hz where voiced"):
        model(**tokens, durations=durations, pitch=torch.full((2, 56), hertz))
    with pytest.raises(ValueError, match="energy must be finite numbers"):
        model(**tokens, durations=durations, energy=torch.full((2, 56), float("nan")))


def test_one_reference_serves_all_rows(model, tokens):
    reference = torch.randn(1, 50, 100) - 5
    with torch.inference_mode():
        style = model.generate_latents(**tokens, reference_mel=reference, seed=0).style
    torch.testing.assert_close(style, model.encode_style(reference).expand(2, -1))


def test_empty_chunks_are_refused_with_a_gain_too(model, tokens):
    with torch.inference_mode():
        found = model.generate_latents(**tokens, seed=1, energy_shift=3.0)
    inputs = (found.latents, found.pitch, found.style, found.frame_lengths, found.gain)
    with pytest.raises(ValueError, match="chunk_frames must be at least 1, got 0"):
        model.decode_in_chunks(*inputs, chunk_frames=0)


def test_empty_input_is_refused(model):
    with pytest.raises(ValueError, match="at least one token"):
        model(torch.zeros(1, 0, dtype=torch.long))


def test_styles_from_reference_stored_vector_and_tokens(model, tokens):
    fixed = {**tokens, "durations": tokens["attention_mask"] * 4, "noise_scale": 0.0}
    reference = torch.randn(2, 50, 100) - 5
    weights = torch.eye(4)[:2]
    with torch.inference_mode():
        from_reference = model(**fixed, reference_mel=reference)
        stored = model(**fixed, style=from_reference.style)
        directed = model(**fixed, reference_mel=reference, style_token_weights=weights)
        on_top = model(**fixed, style_token_weights=weights)
    torch.testing.assert_close(stored.waveform, from_reference.waveform)
    assert not torch.allclose(directed.style, from_reference.style)
    mixture = model.model.style_encoder.style_tokens.mix(weights)
    torch.testing.assert_close(on_top.style, model.model.default_styles[[0, 0]] + mixture)


def test_padding_of_the_reference_does_not_count(model):
    reference = torch.randn(1, 40, 100) - 5
    padded = torch.nn.functional.pad(reference, (0, 0, 0, 25))
    mask = (torch.arange(65) < 40)[None]
    torch.testing.assert_close(model.encode_style(padded, mask), model.encode_style(reference), atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision_speaks(model, tokens, dtype, tmp_path):
    model.save_pretrained(tmp_path)
    half = ValeTTSForSpeech.from_pretrained(tmp_path, dtype=dtype).eval()
    fixed = {**tokens, "durations": tokens["attention_mask"] * 4, "noise_scale": 0.0}
    with torch.inference_mode():
        output, expected = half(**fixed), model(**fixed)
    assert output.waveform.dtype == torch.float32
    assert torch.isfinite(output.waveform).all()
    torch.testing.assert_close(output.latents.float(), expected.latents, atol=0.15, rtol=0.15)


def test_saving_is_bit_exact(model, tmp_path):
    model.save_pretrained(tmp_path)
    loaded, info = ValeTTSForSpeech.from_pretrained(tmp_path, output_loading_info=True)
    assert not any(info.values())
    for name, value in model.state_dict().items():
        assert torch.equal(value, loaded.state_dict()[name]), name
    assert [path.name for path in tmp_path.glob("*.bin")] == []


def test_attention_implementations_agree(model, tokens):
    fixed = {**tokens, "durations": tokens["attention_mask"] * 4, "noise_scale": 0.0}
    with torch.inference_mode():
        model.set_attn_implementation("sdpa")
        sdpa = model(**fixed).latents
        model.set_attn_implementation("eager")
        eager = model(**fixed, output_attentions=True, output_hidden_states=True)
    torch.testing.assert_close(sdpa, eager.latents, atol=1e-5, rtol=1e-4)
    assert len(eager.attentions) == model.config.text_encoder.num_layers
    assert len(eager.hidden_states) == model.config.text_encoder.num_layers + 1


def test_gradient_checkpointing_changes_nothing(model, tokens):
    fixed = {**tokens, "durations": tokens["attention_mask"] * 4, "noise_scale": 0.0}

    def gradient():
        model.zero_grad()
        model(**fixed).waveform.square().mean().backward()
        return model.model.text_encoder.layers[0].up.weight.grad.clone()

    model.train()
    expected = gradient()
    model.gradient_checkpointing_enable()
    torch.testing.assert_close(gradient(), expected)


def test_compiled_model_speaks_the_same(model, tokens):
    fixed = {**tokens, "durations": tokens["attention_mask"] * 4, "noise_scale": 0.0}
    with torch.inference_mode():
        expected = model(**fixed).waveform
        compiled = torch.compile(model, backend="eager")(**fixed).waveform
    torch.testing.assert_close(compiled, expected, atol=1e-5, rtol=1e-4)


def test_missing_weight_normed_weights_are_initialised(model, tmp_path):
    from safetensors.torch import load_file, save_file

    model.save_pretrained(tmp_path)
    weights = load_file(tmp_path / "model.safetensors")
    kept = {name: value for name, value in weights.items() if "parametrizations" not in name}
    assert len(kept) < len(weights)
    save_file(kept, tmp_path / "model.safetensors", metadata={"format": "pt"})
    loaded = ValeTTSForSpeech.from_pretrained(tmp_path)
    gate = loaded.model.flow.couplings[0].convolutions.inputs[0]
    direction, length = gate.parametrizations.weight.original1, gate.parametrizations.weight.original0
    assert 0.01 < direction.std() < 1
    torch.testing.assert_close(length.flatten(), direction.flatten(1).norm(dim=1))


def test_fused_models_are_not_saved(model, tmp_path):
    model.fuse_weight_norm()
    for part in (model, model.model):
        with pytest.raises(ValueError, match="weight normalisation of this model is folded.*save it before"):
            part.save_pretrained(tmp_path)
    assert not list(tmp_path.iterdir())


def test_fused_weight_norm_speaks_the_same(model, tokens):
    fixed = {**tokens, "durations": tokens["attention_mask"] * 4, "noise_scale": 0.0}
    with torch.inference_mode():
        expected = model(**fixed).waveform
        fused = model.fuse_weight_norm()(**fixed).waveform
    assert not any("parametrizations" in name for name in model.state_dict())
    torch.testing.assert_close(fused, expected, atol=1e-5, rtol=1e-4)


def test_fusing_a_copy_leaves_the_model_as_it_is(model, tokens, tmp_path):
    fixed = {**tokens, "durations": tokens["attention_mask"] * 4, "noise_scale": 0.0}
    with torch.inference_mode():
        expected = model(**fixed).waveform
        copies = [copy.deepcopy(model).fuse_weight_norm() for _ in range(2)]
        for each in (model, *copies):
            torch.testing.assert_close(each(**fixed).waveform, expected, atol=1e-5, rtol=1e-4)
    model.save_pretrained(tmp_path)


class IntegerLinear(torch.nn.Module):
    """A linear layer as quantisers store it: whole numbers and their scale."""

    def __init__(self, layer: torch.nn.Linear):
        super().__init__()
        self.scale = layer.weight.detach().abs().max().clamp(min=1e-9) / 127
        self.weight = torch.nn.Parameter((layer.weight / self.scale).round().to(torch.int8), requires_grad=False)
        self.bias = layer.bias

    def forward(self, states: torch.Tensor) -> torch.Tensor:
        return torch.nn.functional.linear(states, self.weight * self.scale, self.bias)


def test_weights_may_be_stored_as_integers(model, tokens):
    fixed = {**tokens, "durations": tokens["attention_mask"] * 4, "noise_scale": 0.0, "style": torch.ones(2, 16)}
    expected = model(**fixed).latents
    for name, layer in [found for found in model.named_modules() if isinstance(found[1], torch.nn.Linear)]:
        model.set_submodule(name, IntegerLinear(layer))
    found = model(**fixed)
    torch.testing.assert_close(found.latents, expected, atol=0.05, rtol=0.05)
    assert torch.isfinite(found.waveform).all()
