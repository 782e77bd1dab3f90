"""The SDK over graphs says what the SDK over PyTorch says; the graphs are PyTorch modules here."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from valetts_hf import ValeTTS, direct
from valetts_hf.inference import VoiceError
from valetts_hf.voices.voice_folder import load_voice


TEXT = "The ferry leaves at seven."
SSML = '<speak>One <break time="400ms"/> <prosody pitch="+3st" contour="(0%,+0st) (100%,+6st)">two three</prosody></speak>'


def same(first, second, tolerance=2e-6):
    assert first.shape == second.shape
    np.testing.assert_allclose(first, second, atol=tolerance)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"speaking_rate": 1.3, "pitch_shift": 3, "pitch_range": 1.4, "energy_shift": 4, "pause_scale": 2},
        {"noise_scale": 0},
        {"style": "token:1*0.5"},
        {"voice": "rui"},
        {"voice": list(np.linspace(-1, 1, 16))},
        {"sketch": {"pitch": [0.2, 0.9, 0.4]}},
    ],
    ids=["plain", "controls", "no noise", "token", "voice", "vector", "sketch"],
)
def test_speaks_as_pytorch(torch_tts, graph_tts, options):
    first, second = (tts(TEXT, "en", seed=3, **options) for tts in (torch_tts, graph_tts))
    same(first.waveform, second.waveform)
    assert first.words == second.words


def test_ssml_and_directions(torch_tts, graph_tts):
    same(*(tts(SSML, "en", seed=1, ssml=True).waveform for tts in (torch_tts, graph_tts)))
    text = direct(TEXT).on("ferry", pitch_shift=4, energy_shift=3)
    same(*(tts(text, "en", seed=1).waveform for tts in (torch_tts, graph_tts)))


def test_recordings_as_voices_and_styles(torch_tts, graph_tts, voice_wav):
    same(*(tts.encode_voice(voice_wav).numpy() for tts in (torch_tts, graph_tts)))
    style = f"clip:{voice_wav}*0.7 + token:2"
    same(*(tts("Hello.", "en", style=style, seed=1).waveform for tts in (torch_tts, graph_tts)))


def test_streams_what_a_call_returns(graph_tts):
    chunks = list(graph_tts.stream(TEXT, "en", seed=5))
    assert len(chunks) > 1
    same(np.concatenate([chunk.waveform for chunk in chunks]), graph_tts(TEXT, "en", seed=5).waveform)


def test_batches_are_exact(torch_tts, graph_tts):
    batched = ValeTTS(graph_tts.model, graph_tts.processor, batch_size=3)
    texts = ["Good morning, how are you?", "No.", "Bom dia."]
    for speech, text in zip(batched.batch(texts, seed=2), texts):
        same(speech.waveform, torch_tts(text, seed=2).waveform)


def test_chunks_of_uneven_batches_equal_pytorch(torch_tts, graph_tts):
    found = torch_tts.model.generate_latents(
        torch.randint(10, 40, (2, 12), generator=torch.Generator().manual_seed(0)),
        attention_mask=torch.arange(12)[None] < torch.tensor([[12], [5]]),
        energy_shift=torch.tensor([3.0, -2.0]),
        seed=1,
    )
    inputs = (found.latents, found.pitch, found.style, found.frame_lengths, found.gain)
    with torch.inference_mode():
        wanted = torch_tts.model.decode(*inputs)
        same(graph_tts.model.decode(*inputs).numpy(), wanted.numpy())
        pieces = list(graph_tts.model.decode_in_chunks(*inputs, chunk_frames=7))
    same(torch.cat(pieces, dim=1).numpy(), wanted.numpy())


def test_takes_what_the_network_takes(torch_tts, graph_tts):
    """Given durations, pitch and energy, token weights, references: what the SDK does not use itself."""
    ids = torch.randint(10, 40, (1, 6), generator=torch.Generator().manual_seed(0))
    durations = torch.tensor([[2, 3, 4, 1, 0, 5]])
    weights = torch.tensor([[0.4, 0.1, 0.2, 0.3]])
    mel = torch.randn(1, 40, 100, generator=torch.Generator().manual_seed(1)) - 5
    for options in (
        {"durations": durations, "pitch": torch.full((1, 15), 5.0), "energy": torch.zeros(1, 15)},
        {"style_token_weights": weights},
        {"reference_mel": mel},
        {"reference_mel": mel, "style_token_weights": weights},
        {"manner_style": torch.ones(1, 16), "pitch_style": torch.zeros(1, 16)},
        {"pitch_contours": torch.tensor([[[0.0, 5.0]]]), "contour_tokens": torch.tensor([[[1, 4]]])},
    ):
        with torch.inference_mode():
            first, second = (tts.model.generate_latents(ids, seed=1, **options) for tts in (torch_tts, graph_tts))
        for name in ("durations", "pitch", "energy", "style", "latents"):
            same(first[name].numpy(), second[name].numpy(), 1e-5)


def test_plans_prosody(torch_tts, graph_tts):
    first, second = (tts.predict_prosody(TEXT, "en", seed=1) for tts in (torch_tts, graph_tts))
    np.testing.assert_allclose(first.pitch, second.pitch, rtol=1e-5)


def test_refuses_what_the_network_refuses(graph_tts):
    model, ids = graph_tts.model, torch.ones(1, 3, dtype=torch.long)
    with pytest.raises(ValueError, match=r"style must be \[1, 16\], got \(1, 3\)"):
        model.generate_latents(ids, style=torch.zeros(1, 3))
    with pytest.raises(ValueError, match="pauses of 0 seconds leave nothing"):
        model.generate_latents(ids, pauses=torch.zeros(1, 3))
    with pytest.raises(ValueError, match="pass `durations` too"):
        model.generate_latents(ids, pitch=torch.zeros(1, 1), seed=0)
    with pytest.raises(ValueError, match="pass either those or the sketch"):
        model.generate_latents(ids, pitch=torch.zeros(1, 1), sketch_pitch=torch.zeros(1, 3))
    with pytest.raises(ValueError, match=r"reference_mel must be \[batch, frames, 100\]"):
        model.encode_style(torch.zeros(1, 5, 3))
    with pytest.raises(ValueError, match="chunk_frames must be at least 1, got 0"):
        next(model.decode_in_chunks(torch.zeros(1, 4, 8), torch.zeros(1, 4), torch.zeros(1, 16), chunk_frames=0))
    with pytest.raises(ValueError, match="refine='diffusion' needs networks"):
        model.generate_latents(ids, refine="diffusion")


def test_adapters_cannot_be_switched(graph_tts, adapted_voice):
    with pytest.raises(VoiceError, match="export the voice with `valetts export onnx SRC DST --voice FOLDER`"):
        graph_tts(TEXT, "en", voice=str(adapted_voice))
    graph_tts("Hello.", "en", voice=load_voice(adapted_voice).without_adapter())
    with pytest.raises(ValueError, match="ONNX graphs cannot be trained"):
        graph_tts.adapt(["clip.wav"], name="x", consent="y")
