"""The configuration validates itself and survives a round trip."""

import pytest

from valetts_hf.modeling.configuration_valetts import (
    LANGUAGE_CODES,
    ValeTTSConfig,
    ValeTTSDecoderConfig,
    ValeTTSFlowConfig,
    ValeTTSStyleConfig,
    ValeTTSTextEncoderConfig,
)
from valetts_hf.processing.languages import LANGUAGES


def test_nested_configs_round_trip(tmp_path):
    config = ValeTTSConfig(hidden_size=64, decoder={"hidden_size": 48}, languages=["en-us", "pt-br"])
    config.save_pretrained(tmp_path)
    loaded = ValeTTSConfig.from_pretrained(tmp_path)
    assert loaded.to_dict() == config.to_dict()
    assert isinstance(loaded.decoder, ValeTTSDecoderConfig)
    assert loaded.decoder.hidden_size == 48


def test_language_ids_agree_with_the_text_front_end():
    assert [LANGUAGE_CODES.index(code) for code in LANGUAGES] == [entry.id for entry in LANGUAGES.values()]


def test_whole_numbers_are_numbers():
    config = ValeTTSConfig(prosody={"pitch_mean": 5, "pitch_std": 1}, sketch={"sigma_max": 3})
    assert (config.prosody.pitch_mean, config.prosody.pitch_std, config.sketch.sigma_max) == (5, 1, 3)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"latent_size": 7}, "latent_size must be even.*got 7"),
        ({"hop_length": 200}, "n_fft must be 4 x hop_length = 800, got 1024"),
        ({"languages": []}, "languages must be a list of at least one"),
        ({"languages": ["de", "de"]}, "free of repeated codes"),
        ({"noise_scale": -0.1}, "noise_scale must be 0 or more, got -0.1"),
        ({"hidden_size": 63}, "hidden_size must be a multiple of 4"),
        ({"vocab_size": 0}, "vocab_size must be greater than 0, got 0"),
        ({"pad_token_id": 256}, "pad_token_id must be None, or 0 to 255, got 256"),
        ({"decoder": ValeTTSFlowConfig()}, "decoder must be a ValeTTSDecoderConfig, got ValeTTSFlowConfig"),
        ({"decoder": {"type": "griffin_lim"}}, "istft"),
        ({"hidden_size": "wide"}, "hidden_size"),
    ],
)
def test_wrong_values_are_named(settings, message):
    with pytest.raises(Exception, match=message):
        ValeTTSConfig(**settings)


@pytest.mark.parametrize(
    ("config_class", "settings", "message"),
    [
        (ValeTTSTextEncoderConfig, {"style_layer": 6}, r"style_layer must be in \[0, 5\], got 6"),
        (ValeTTSTextEncoderConfig, {"kernel_size": 4}, "kernel_size must be a positive odd number, got 4"),
        (ValeTTSTextEncoderConfig, {"dropout": 1.0}, r"dropout must be in \[0, 1\), got 1.0"),
        (ValeTTSStyleConfig, {"num_heads": 3}, "num_heads must be a divisor of 128, got 3"),
        (ValeTTSConfig, {"duration_noise_scale": -0.1}, "duration_noise_scale must be 0 or more, got -0.1"),
        (ValeTTSDecoderConfig, {"color_points": 1}, "color_points must be 0 or at least 2, got 1"),
        (ValeTTSDecoderConfig, {"emphasis": 3.0}, r"emphasis must be in \[0, 2\], got 3.0"),
        (ValeTTSFlowConfig, {"num_heads": 3}, "num_heads must be such that"),
    ],
)
def test_wrong_values_of_parts_are_named(config_class, settings, message):
    with pytest.raises(Exception, match=message):
        config_class(**settings)
