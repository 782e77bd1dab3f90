"""More layers for a trained network."""

import pytest
import torch

from tests.conftest import tiny_config
from valetts_hf.modeling.modeling_valetts import ValeTTSForSpeech
from valetts_hf.training.deepening import STACKS, deepen
from valetts_hf.training.recipe import PretrainRecipe


def spoken(model: ValeTTSForSpeech) -> torch.Tensor:
    style = torch.linspace(-1, 1, model.config.style.hidden_size)[None]
    torch.manual_seed(0)
    return model.eval()(input_ids=torch.arange(5, 15)[None], style=style).waveform.detach()


def test_a_deeper_model_says_the_same_until_it_learns(tmp_path):
    torch.manual_seed(0)
    model = ValeTTSForSpeech(tiny_config())
    before, parameters = spoken(model), sum(parameter.numel() for parameter in model.parameters())
    depths = dict.fromkeys(STACKS, 3)
    assert deepen(model, depths) == 2 * len(STACKS)
    assert torch.equal(spoken(model), before)
    assert sum(parameter.numel() for parameter in model.parameters()) > parameters
    assert model.decoder.stack.receptive_field == ValeTTSForSpeech(model.config).decoder.stack.receptive_field
    assert deepen(model, depths) == 0

    model.save_pretrained(tmp_path)
    reloaded = ValeTTSForSpeech.from_pretrained(tmp_path)
    assert reloaded.config.posterior.num_layers == 3
    torch.testing.assert_close(spoken(reloaded), before, atol=1e-5, rtol=1e-4)  # other alignment of memory, other sums


def test_new_layers_learn():
    torch.manual_seed(0)
    model = ValeTTSForSpeech(tiny_config())
    deepen(model, {"decoder": 2})
    block = model.decoder.stack.blocks[-1]
    frames = torch.randn(1, 20, model.config.latent_size)
    style = torch.randn(1, model.config.style.hidden_size)
    waveform = model.decoder(frames, torch.full((1, 20), 5.0), style, torch.ones(1, 20, dtype=torch.bool))
    waveform.square().sum().backward()
    assert block.scale.grad.abs().min() > 0


def test_what_cannot_be_deepened_is_refused():
    model = ValeTTSForSpeech(tiny_config())
    with pytest.raises(ValueError, match="flow"):
        deepen(model, {"flow": 3})
    with pytest.raises(ValueError, match="1 layers already, 0 are fewer"):
        deepen(model, {"prior": 0})
    with pytest.raises(ValueError, match="deepen knows no"):
        PretrainRecipe(deepen={"text_encoder": 3})
    with pytest.raises(ValueError, match="deepen.decoder must be a whole number"):
        PretrainRecipe(deepen={"decoder": 2.5})
