"""ValeTTS: text to speech for the Hugging Face ecosystem that speaks out of the box.

>>> from transformers import pipeline
>>> import valetts_hf
>>> tts = pipeline("text-to-speech", model=valetts_hf.BASE_CHECKPOINT)
>>> speech = tts("Bom dia!")  # {"audio": ..., "sampling_rate": 24000}

Importing this package registers ValeTTS with transformers' Auto classes. The names below are loaded when first used.
"""

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from valetts_hf.registration import register, register_with_transformers
from valetts_hf.version import __version__


if TYPE_CHECKING:
    from valetts_hf.direction.sketch import Sketch
    from valetts_hf.direction.style import Style, StyleError
    from valetts_hf.inference import Speech, ValeTTS
    from valetts_hf.inference.pipeline import ValeTTSPipeline
    from valetts_hf.mass_synthesis import synthesize_dataset
    from valetts_hf.modeling.configuration_valetts import ValeTTSConfig
    from valetts_hf.modeling.configuration_vocoder import ValeTTSVocoderConfig
    from valetts_hf.modeling.modeling_valetts import ValeTTSForSpeech, ValeTTSModel
    from valetts_hf.modeling.outputs import ValeTTSLatentOutput, ValeTTSOutput
    from valetts_hf.modeling.vocoder import ValeTTSVocoder
    from valetts_hf.processing.directed_text import DirectedText, direct
    from valetts_hf.processing.feature_extraction_valetts import ValeTTSFeatureExtractor
    from valetts_hf.processing.processing_valetts import ValeTTSProcessor
    from valetts_hf.processing.tokenization_valetts import ValeTTSTokenizer
    from valetts_hf.voices.voice import Voice

# The checkpoint that travels inside the package: a folder for `from_pretrained` and `pipeline(model=...)`.
BASE_CHECKPOINT: str = str(Path(__file__).parent / "checkpoints" / "base")

_HOMES = {
    "ValeTTSConfig": "modeling.configuration_valetts",
    "ValeTTSModel": "modeling.modeling_valetts",
    "ValeTTSForSpeech": "modeling.modeling_valetts",
    "ValeTTSVocoder": "modeling.vocoder",
    "ValeTTSVocoderConfig": "modeling.configuration_vocoder",
    "ValeTTSOutput": "modeling.outputs",
    "ValeTTSLatentOutput": "modeling.outputs",
    "ValeTTSTokenizer": "processing.tokenization_valetts",
    "ValeTTSFeatureExtractor": "processing.feature_extraction_valetts",
    "ValeTTSProcessor": "processing.processing_valetts",
    "ValeTTSPipeline": "inference.pipeline",
    "ValeTTS": "inference",
    "Speech": "inference",
    "synthesize_dataset": "mass_synthesis",
    "Voice": "voices.voice",
    "Sketch": "direction.sketch",
    "Style": "direction.style",
    "StyleError": "direction.style",
    "DirectedText": "processing.directed_text",
    "direct": "processing.directed_text",
}

__all__ = ["BASE_CHECKPOINT", "__version__", "register", *_HOMES]


def __getattr__(name: str):
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    register()
    value = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(set(globals()) | set(__all__))


register_with_transformers()
