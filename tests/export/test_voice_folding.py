"""A folded adapter speaks as the attached one does."""

from __future__ import annotations

import numpy as np
import pytest

from valetts_hf import ValeTTS, Voice
from valetts_hf.export.voice_folding import fold_voice
from valetts_hf.modeling.modeling_valetts import ValeTTSForSpeech
from valetts_hf.voices.adapters import adapter_name, attached_adapters
from valetts_hf.voices.fingerprint import checkpoint_fingerprint
from valetts_hf.voices.voice_folder import load_voice


TEXT = "Good morning."


def test_folded_equals_attached(tiny_checkpoint, torch_tts, adapted_voice):
    attached = torch_tts(TEXT, "en", str(adapted_voice), seed=1).waveform
    tts = ValeTTS.from_pretrained(tiny_checkpoint, device="cpu")
    facts = fold_voice(tts.model, adapted_voice)
    assert not attached_adapters(tts.model)
    folded = tts(TEXT, "en", facts["style"], seed=1).waveform
    plain = torch_tts(TEXT, "en", facts["style"], seed=1).waveform
    assert len(folded) == len(attached)
    np.testing.assert_allclose(folded, attached, atol=1e-4)
    assert len(plain) != len(folded) or np.abs(plain - folded).max() > 0.01  # and it is the adapter that is heard
    assert facts["adapter"] == adapter_name(load_voice(adapted_voice)) and facts["name"] == "vera"


def test_a_voice_without_adapter_changes_nothing(tiny_checkpoint, torch_tts):
    tts = ValeTTS.from_pretrained(tiny_checkpoint, device="cpu")
    facts = fold_voice(tts.model, Voice("plain", np.ones(16), checkpoint_fingerprint(tts.model)))
    assert facts["adapter"] is None
    assert np.array_equal(tts(TEXT, "en", "ada", seed=1).waveform, torch_tts(TEXT, "en", "ada", seed=1).waveform)


def test_weight_norm_must_be_folded_in_first(tiny_checkpoint, adapted_voice):
    network = ValeTTSForSpeech.from_pretrained(tiny_checkpoint).eval()
    with pytest.raises(ValueError, match=r"call fuse_weight_norm\(\) first"):
        fold_voice(network, adapted_voice)
