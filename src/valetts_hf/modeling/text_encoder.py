"""Text encoder: phoneme and language embeddings, transformer blocks with SALN, style added before the third block.

VITS2, arXiv 2307.16430, section 2.4 (speaker-conditioned text encoder). B batch, T tokens, C channels, H style width.
"""

import torch
from torch import nn
from transformers.masking_utils import create_bidirectional_mask

from .attention import StyleTransformerBlock
from .configuration_valetts import ValeTTSConfig
from .normalization import StyleAdaptiveNorm


class TextEncoder(nn.Module):
    """input_ids [B, T], language_ids [B, T], style [B, H], mask [B, T] (bool) -> hidden_states [B, T, C]."""

    def __init__(self, config: ValeTTSConfig):
        super().__init__()
        self.config = config
        encoder = config.text_encoder
        style_size = config.style.hidden_size
        self.embed_tokens = nn.Embedding(config.vocab_size, config.hidden_size, padding_idx=config.pad_token_id)
        self.embed_languages = nn.Embedding(len(config.languages), config.hidden_size)
        self.style_layer = encoder.style_layer
        self.style_projection = nn.Linear(style_size, config.hidden_size)
        self.layers = nn.ModuleList(
            StyleTransformerBlock(
                config,
                config.hidden_size,
                encoder.num_heads,
                encoder.intermediate_size,
                encoder.kernel_size,
                encoder.dropout,
                style_size,
            )
            for _ in range(encoder.num_layers)
        )
        self.norm = StyleAdaptiveNorm(config.hidden_size, style_size)

    def forward(
        self, input_ids: torch.Tensor, language_ids: torch.Tensor, style: torch.Tensor, mask: torch.Tensor
    ) -> torch.Tensor:
        hidden_states = self.embed_tokens(input_ids) + self.embed_languages(language_ids)
        attention_mask = create_bidirectional_mask(self.config, hidden_states, mask)
        float_mask = mask[..., None].to(hidden_states.dtype)
        for index, layer in enumerate(self.layers):
            if index == self.style_layer:
                hidden_states = hidden_states + self.style_projection(style)[:, None]
            hidden_states = layer(hidden_states, style, float_mask, attention_mask)
        return self.norm(hidden_states, style) * float_mask
