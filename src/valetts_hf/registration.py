"""Makes transformers' Auto classes know ValeTTS, without making `import valetts_hf` wait for torch and transformers.

`import valetts_hf` calls `register_with_transformers()`. If the Auto classes are there already, the registration happens
at once; else it waits until they have been imported, by whomever. Using a public name of the package registers too.
"""

import importlib.abc
import sys
import threading
from collections.abc import Callable
from types import ModuleType


AUTO_MODULE = "transformers.models.auto.configuration_auto"  # every Auto class imports it

_lock = threading.RLock()
_registered = False


def register() -> None:
    """Register configuration, models, tokenizer, feature extractor and processor with their Auto classes.

    Also marks the classes so that `save_pretrained` and `push_to_hub` write their code files and `auto_map`, with which
    `trust_remote_code=True` loads them where the package is not installed. Calling it again does nothing.
    """
    global _registered
    with _lock:
        if _registered:
            return
        from transformers import (
            AutoConfig,
            AutoFeatureExtractor,
            AutoModel,
            AutoModelForTextToWaveform,
            AutoProcessor,
            AutoTokenizer,
        )

        from valetts_hf.kernels import install as install_kernels
        from valetts_hf.modeling.configuration_valetts import ValeTTSConfig
        from valetts_hf.modeling.configuration_vocoder import ValeTTSVocoderConfig
        from valetts_hf.modeling.modeling_valetts import ValeTTSForSpeech, ValeTTSModel
        from valetts_hf.modeling.vocoder import ValeTTSVocoder
        from valetts_hf.processing.feature_extraction_valetts import ValeTTSFeatureExtractor
        from valetts_hf.processing.processing_valetts import ValeTTSProcessor
        from valetts_hf.processing.tokenization_valetts import ValeTTSTokenizer
        from valetts_hf.voices.auto import (
            ValeTTSVoiceConfig,
            ValeTTSVoiceModel,
            ValeTTSVoiceProcessor,
            ValeTTSVoiceTokenizer,
        )

        AutoConfig.register(ValeTTSConfig.model_type, ValeTTSConfig, exist_ok=True)
        AutoModel.register(ValeTTSConfig, ValeTTSModel, exist_ok=True)
        AutoModelForTextToWaveform.register(ValeTTSConfig, ValeTTSForSpeech, exist_ok=True)
        AutoTokenizer.register(ValeTTSConfig, tokenizer_class=ValeTTSTokenizer, exist_ok=True)
        AutoFeatureExtractor.register(ValeTTSConfig, ValeTTSFeatureExtractor, exist_ok=True)
        AutoProcessor.register(ValeTTSConfig, ValeTTSProcessor, exist_ok=True)

        AutoConfig.register(ValeTTSVocoderConfig.model_type, ValeTTSVocoderConfig, exist_ok=True)
        AutoModel.register(ValeTTSVocoderConfig, ValeTTSVocoder, exist_ok=True)

        # The folder of a voice leads to its base.
        AutoConfig.register(ValeTTSVoiceConfig.model_type, ValeTTSVoiceConfig, exist_ok=True)
        AutoModelForTextToWaveform.register(ValeTTSVoiceConfig, ValeTTSVoiceModel, exist_ok=True)
        AutoTokenizer.register(ValeTTSVoiceConfig, tokenizer_class=ValeTTSVoiceTokenizer, exist_ok=True)
        AutoProcessor.register(ValeTTSVoiceConfig, ValeTTSVoiceProcessor, exist_ok=True)

        ValeTTSConfig.register_for_auto_class("AutoConfig")
        ValeTTSVocoderConfig.register_for_auto_class("AutoConfig")
        ValeTTSVocoder.register_for_auto_class("AutoModel")
        ValeTTSModel.register_for_auto_class("AutoModel")
        ValeTTSForSpeech.register_for_auto_class("AutoModelForTextToWaveform")
        ValeTTSTokenizer.register_for_auto_class("AutoTokenizer")
        ValeTTSFeatureExtractor.register_for_auto_class("AutoFeatureExtractor")
        ValeTTSProcessor.register_for_auto_class("AutoProcessor")
        install_kernels()
        _registered = True


def register_with_transformers() -> None:
    """`register()` now if transformers' Auto classes are imported, else as soon as they are."""
    if AUTO_MODULE in sys.modules:
        register()
    elif not any(isinstance(finder, _AfterImport) for finder in sys.meta_path):
        sys.meta_path.insert(0, _AfterImport())


class _AfterImport(importlib.abc.MetaPathFinder):
    """Registers when the outermost import of a module of transformers, or of ours, that brought the Auto classes ends.

    Not inside of it: then modules that the registration needs may be half imported. It finds no modules itself; it lets
    the other finders do so and counts how deep the imports are nested, in each thread.
    """

    _watched = ("transformers", "valetts_hf")

    def __init__(self) -> None:
        self._state = threading.local()

    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] not in self._watched:
            return None
        others = (finder for finder in sys.meta_path if finder is not self and hasattr(finder, "find_spec"))
        spec = next((spec for finder in others if (spec := finder.find_spec(name, path, target)) is not None), None)
        if spec is not None and spec.loader is not None and hasattr(spec.loader, "exec_module"):
            # on the loader of this one module; its type stays what other tools expect
            setattr(spec.loader, "exec_module", self._counted(spec.loader.exec_module))  # noqa: B010
        return spec

    def _counted(self, exec_module: Callable[[ModuleType], None]) -> Callable[[ModuleType], None]:
        def run(module: ModuleType) -> None:
            self._state.depth = getattr(self._state, "depth", 0) + 1
            try:
                exec_module(module)
            finally:
                self._state.depth -= 1
            if self._state.depth == 0 and AUTO_MODULE in sys.modules and self in sys.meta_path:
                sys.meta_path.remove(self)
                register()

        return run
