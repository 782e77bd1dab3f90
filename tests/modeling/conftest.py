"""A tiny model with random but lively weights."""

import pytest
import torch

from tests.conftest import tiny_config
from valetts_hf.modeling.modeling_valetts import ValeTTSForSpeech


@pytest.fixture
def model() -> ValeTTSForSpeech:
    torch.manual_seed(0)
    model = ValeTTSForSpeech(tiny_config()).eval()
    with torch.no_grad():  # zero-initialised parts would hide mistakes
        for parameter in model.parameters():
            if not parameter.any():
                parameter.normal_(std=0.05)
    return model


@pytest.fixture
def tokens() -> dict[str, torch.Tensor]:
    """Two rows of 14 and 9 tokens."""
    input_ids = torch.randint(5, 200, (2, 14), generator=torch.Generator().manual_seed(1))
    attention_mask = torch.ones_like(input_ids)
    attention_mask[1, 9:] = 0
    return {"input_ids": input_ids * attention_mask, "attention_mask": attention_mask}
