"""transformers' processor tests on `ValeTTSProcessor`."""

import unittest
from unittest.mock import patch

import numpy as np

from hf import upstream
from valetts_hf import ValeTTSFeatureExtractor, ValeTTSProcessor, ValeTTSTokenizer


testers = upstream.load("test_processing_common")


class ProcessorTest(testers.ProcessorTesterMixin, unittest.TestCase):
    processor_class = ValeTTSProcessor
    audio_input_name = "reference_mel"

    @classmethod
    def setUpClass(cls):
        # the mixin compares what was saved with what comes back; publishing code (`auto_map`) is tested elsewhere
        cls.unpublished = [
            patch.object(part, "_auto_class", None)
            for part in (ValeTTSProcessor, ValeTTSFeatureExtractor, ValeTTSTokenizer)
        ]
        for change in cls.unpublished:
            change.start()
        super().setUpClass()

    @classmethod
    def tearDownClass(cls):
        super().tearDownClass()
        for change in cls.unpublished:
            change.stop()

    @classmethod
    def _setup_tokenizer(cls):
        return ValeTTSTokenizer()

    @classmethod
    def _setup_feature_extractor(cls):
        return ValeTTSFeatureExtractor()

    @staticmethod
    def prepare_processor_dict():
        return {"voices": {"ada": {"language": "en-us", "style": [0.25, -0.5]}}, "default_voices": {"en-us": "ada"}}

    def prepare_audio_inputs(self, batch_size=None):
        """The mixin's own clips are 1000 samples of noise without a rate; ours must be speech-long and say their rate."""
        time = np.arange(24000) / 24000
        clip = (np.sin(2 * np.pi * 130 * time) * (0.5 + 0.4 * np.sin(2 * np.pi * 3 * time))).astype(np.float32)
        return [{"array": clip, "sampling_rate": 24000}] * (batch_size or 1)
