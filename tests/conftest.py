"""What the tests share: a tiny random checkpoint, a made-up recording, and the checkpoint that examples speak with.

B batch, S samples, H width of the style vector.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import numpy as np
import pytest


# Before torch is imported: two test machines' worth of threads on two cores only fight.
os.environ.setdefault("OMP_NUM_THREADS", str(min(2, os.cpu_count() or 1)))
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
# Never the voices and caches of whoever runs the tests.
os.environ["VALETTS_CACHE"] = "off"
os.environ["VALETTS_HOME"] = str(Path(__file__).with_name("no-such-folder"))

try:
    from hypothesis import settings
except ImportError:  # only the property tests need it
    pass
else:
    # Time per example is no property of the code on a shared machine. The same examples in every run, so that a change is
    # never blamed for an old mistake; look for new ones with `--hypothesis-profile=explore`.
    settings.register_profile("valetts", deadline=None, derandomize=True)
    settings.register_profile("explore", deadline=None, max_examples=1000)
    settings.load_profile("valetts")


TINY_STYLE_SIZE = 16


def tiny_config():
    """A ValeTTSConfig of a few hundred thousand parameters with every part of the real one."""
    from valetts_hf.modeling.configuration_valetts import ValeTTSConfig

    return ValeTTSConfig(
        hidden_size=16,
        latent_size=8,
        text_encoder={"num_layers": 3, "num_heads": 2, "intermediate_size": 32, "style_layer": 1, "dropout": 0.0},
        style={"hidden_size": TINY_STYLE_SIZE, "num_tokens": 4, "num_heads": 2, "encoder_size": 16, "dropout": 0.0},
        flow={"num_couplings": 2, "hidden_size": 16, "num_conv_layers": 1, "dropout": 0.0},
        duration={"hidden_size": 16, "num_layers": 2, "noise_size": 2, "dropout": 0.0, "max_frames": 30},
        prosody={"hidden_size": 16, "intermediate_size": 16, "num_layers": 1},
        prior={"hidden_size": 16, "intermediate_size": 16, "num_layers": 1},
        posterior={"hidden_size": 16, "intermediate_size": 16, "num_layers": 1},
        decoder={"hidden_size": 16, "intermediate_size": 16, "num_layers": 1},
    )


def tiny_processor():
    """Tokenizer and feature extractor as they are, with two made-up voices ("ada" speaks English, "rui" Portuguese)."""
    from valetts_hf.processing.feature_extraction_valetts import ValeTTSFeatureExtractor
    from valetts_hf.processing.processing_valetts import ValeTTSProcessor
    from valetts_hf.processing.tokenization_valetts import ValeTTSTokenizer

    random = np.random.default_rng(0)
    voices = {
        name: {
            "language": language,
            "description": "made up for tests",
            "style": random.standard_normal(TINY_STYLE_SIZE).round(4).tolist(),
        }
        for name, language in (("ada", "en-us"), ("rui", "pt-br"))
    }
    return ValeTTSProcessor(
        ValeTTSFeatureExtractor(),
        ValeTTSTokenizer(),
        voices=voices,
        default_voices={"en-us": "ada", "pt-br": "rui"},
    )


@pytest.fixture(scope="session", autouse=True)
def style_is_heard():
    """New models of the tests hear the style in their norms, which start at zero otherwise: that would hide mistakes."""
    from valetts_hf.modeling import modeling_valetts

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(modeling_valetts, "StyleAffine", type("NoLayer", (), {}))  # so they start as any linear layer
        yield


@pytest.fixture(scope="session")
def tiny_checkpoint(tmp_path_factory) -> Path:
    """Folder of a tiny random checkpoint, complete: config, weights, processor. Speaks noise, quickly."""
    import torch

    from valetts_hf.modeling.modeling_valetts import ValeTTSForSpeech

    folder = tmp_path_factory.mktemp("checkpoint") / "tiny"
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = ValeTTSForSpeech(tiny_config())
    model.save_pretrained(folder)
    tiny_processor().save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def steady_checkpoint(tiny_checkpoint, tmp_path_factory) -> Path:
    """The tiny checkpoint with a steady pitch, for tests of equality.

    The source rounds the pitch to 1/64 Hz, so a random pitch that rounding errors push over a step has another phase from there
    on: nothing that one hears, but no equality to test.
    """
    import torch

    from valetts_hf.modeling.modeling_valetts import ValeTTSForSpeech

    folder = tmp_path_factory.mktemp("steady") / "tiny"
    shutil.copytree(tiny_checkpoint, folder)
    model = ValeTTSForSpeech.from_pretrained(folder)
    with torch.no_grad():
        model.model.prosody_predictor.output.weight[0].zero_()
    model.save_pretrained(folder)
    return folder


@pytest.fixture
def base_checkpoint(tiny_checkpoint, monkeypatch) -> Path:
    """The checkpoint that `from_pretrained()` and the examples of the documentation use: the bundled one.

    In a source tree that has none (before the first training) the tiny one takes its place; `test_doctor.py` says so.
    """
    import valetts_hf

    bundled = Path(valetts_hf.BASE_CHECKPOINT)
    if (bundled / "model.safetensors").is_file():
        return bundled
    monkeypatch.setattr(valetts_hf, "BASE_CHECKPOINT", str(tiny_checkpoint))
    return tiny_checkpoint


def voice_like(seconds: float, rate: int, f0: float = 120.0) -> np.ndarray:
    """Something a front end takes for a voice: harmonics under two formants, a gliding pitch, syllables. float32 [S]."""
    time = np.arange(round(seconds * rate)) / rate
    pitch = f0 * (1 + 0.15 * np.sin(2 * np.pi * 0.7 * time))
    phase = 2 * np.pi * np.cumsum(pitch) / rate
    audio = np.zeros_like(time)
    for harmonic in range(1, int(min(4000, 0.45 * rate) / (f0 * 1.15))):
        frequency = harmonic * f0
        formants = np.exp(-(((frequency - 600) / 250) ** 2)) + 0.5 * np.exp(-(((frequency - 1700) / 400) ** 2))
        audio += (formants + 0.02) * np.sin(harmonic * phase)
    syllables = np.clip(np.sin(2 * np.pi * 2.2 * time), 0, None) ** 0.5
    noise = np.random.default_rng(0).standard_normal(len(time))
    audio = audio / np.abs(audio).max() * syllables + 0.003 * noise
    return (0.5 * audio / np.abs(audio).max()).astype(np.float32)


@pytest.fixture(scope="session")
def voice_wav(tmp_path_factory) -> Path:
    """A recording of six seconds, 22.05 kHz mono, that passes for speech."""
    import soundfile

    path = tmp_path_factory.mktemp("recordings") / "my_voice.wav"
    soundfile.write(path, voice_like(6.0, 22050), 22050)
    return path


@pytest.fixture
def languages_put_back():
    """For tests that register languages: the table is the process's."""
    from valetts_hf.processing.languages import LANGUAGES

    before = dict(LANGUAGES)
    yield
    LANGUAGES.clear()
    LANGUAGES.update(before)
