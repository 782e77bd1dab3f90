"""transformers' feature extraction tests on `ValeTTSFeatureExtractor`."""

import unittest

import numpy as np

from hf import upstream
from valetts_hf import ValeTTSFeatureExtractor


testers = upstream.load("test_sequence_feature_extraction_common")


class FeatureExtractorSettings:
    """Sizes and inputs for the mixin: rows of features, as `pad` takes them."""

    batch_size = 7
    min_seq_length = 40
    max_seq_length = 200
    seq_length_diff = (max_seq_length - min_seq_length) // (batch_size - 1)
    feature_size = 100

    def prepare_feat_extract_dict(self):
        return {"feature_size": self.feature_size, "sampling_rate": 24000, "padding_value": 0.0, "min_seconds": 0.4}

    def prepare_inputs_for_common(self, equal_length=False, numpify=False):
        random = np.random.default_rng(0)
        lengths = [self.min_seq_length + row * self.seq_length_diff for row in range(self.batch_size)]
        rows = [
            random.random((self.max_seq_length if equal_length else length, self.feature_size)) for length in lengths
        ]
        return rows if numpify else [row.tolist() for row in rows]


class FeatureExtractionTest(testers.SequenceFeatureExtractionTestMixin, unittest.TestCase):
    feature_extraction_class = ValeTTSFeatureExtractor
    feat_extract_tester = FeatureExtractorSettings()
