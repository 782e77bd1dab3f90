"""transformers' model and configuration tests on the ValeTTS models, with the smallest of configurations."""

import unittest

import torch

from hf import upstream
from valetts_hf import ValeTTSConfig, ValeTTSForSpeech, ValeTTSModel


modeling = upstream.load("test_modeling_common")
configuration = upstream.load("test_configuration_common")


class ValeTTSModelTester:
    """Configuration and inputs for the mixin. No noise: the mixin compares outputs."""

    batch_size = 2
    seq_length = 7
    hidden_size = 16
    num_hidden_layers = 2
    num_attention_heads = 2
    is_training = False

    def __init__(self, parent):
        self.parent = parent

    def get_config(self):
        stack = {"hidden_size": 16, "intermediate_size": 16, "num_layers": 1}
        return ValeTTSConfig(
            vocab_size=64,
            hidden_size=self.hidden_size,
            latent_size=8,
            noise_scale=0.0,
            duration_noise_scale=0.0,
            text_encoder={
                "num_layers": self.num_hidden_layers,
                "num_heads": self.num_attention_heads,
                "intermediate_size": 16,
                "style_layer": 1,
                "dropout": 0.0,
            },
            style={
                "hidden_size": 16,
                "num_tokens": 4,
                "num_heads": 2,
                "encoder_size": 16,
                "num_layers": 1,
                "dropout": 0.0,
            },
            flow={"num_couplings": 2, "hidden_size": 16, "num_heads": 2, "num_conv_layers": 1, "dropout": 0.0},
            duration={"hidden_size": 16, "num_layers": 1, "noise_size": 2, "dropout": 0.0, "max_frames": 8},
            prosody=stack,
            prior=stack,
            posterior=stack,
            decoder=stack,
        )

    def prepare_config_and_inputs_for_common(self):
        shape = (self.batch_size, self.seq_length)
        generator = torch.Generator().manual_seed(0)
        inputs = {
            "input_ids": torch.randint(4, 64, shape, generator=generator),
            "attention_mask": torch.ones(shape, dtype=torch.long),
            "language_ids": torch.randint(0, 21, shape, generator=generator),
            "style": torch.randn(self.batch_size, 16, generator=generator),
        }
        return self.get_config(), inputs


class ValeTTSModelTest(modeling.ModelTesterMixin, unittest.TestCase):
    all_model_classes = (ValeTTSModel, ValeTTSForSpeech)
    is_encoder_decoder = False
    test_resize_embeddings = True
    test_can_init_all_missing_weights_before_2023 = True  # upstream's word for: also without a dated copyright line
    has_attentions = True

    def setUp(self):
        self.model_tester = ValeTTSModelTester(self)
        self.config_tester = configuration.ConfigTester(
            self, config_class=ValeTTSConfig, has_text_modality=False, common_properties=["hidden_size", "vocab_size"]
        )

    def test_config(self):
        self.config_tester.run_common_tests()
