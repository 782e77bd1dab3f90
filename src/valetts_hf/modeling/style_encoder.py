"""Style encoder: a mel-style encoder over reference speech and Global Style Tokens give the vector that conditions all.

Mel-style encoder: Meta-StyleSpeech, arXiv 2106.03153. Style tokens: arXiv 1803.09017 (tanh tokens, multi-head
attention with the reference embedding as query). B batch, R reference frames, M mel bands, H style width, K tokens.
"""

import torch
from torch import nn

from .configuration_valetts import ValeTTSConfig
from .mel import standardized


class ReferenceEncoder(nn.Module):
    """reference_mel [B, R, M], mask [B, R] -> reference embedding [B, H]: spectral layers, gated convolutions, mean."""

    def __init__(self, config: ValeTTSConfig):
        super().__init__()
        style = config.style
        size = style.encoder_size
        self.spectral = nn.Sequential(
            nn.Linear(config.num_mel_bands, size),
            nn.Mish(),
            nn.Dropout(style.dropout),
            nn.Linear(size, size),
            nn.Mish(),
        )
        self.temporal = nn.ModuleList(
            nn.Conv1d(size, 2 * size, style.kernel_size, padding=style.kernel_size // 2)
            for _ in range(style.num_layers)
        )
        self.dropout = nn.Dropout(style.dropout)
        self.output = nn.Linear(2 * size, style.hidden_size)

    def forward(self, reference_mel: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        mask = mask[..., None].to(reference_mel.dtype)
        hidden_states = self.spectral(standardized(reference_mel)) * mask
        for convolution in self.temporal:
            gated = nn.functional.glu(convolution(hidden_states.transpose(1, 2)), dim=1).transpose(1, 2)
            hidden_states = (hidden_states + self.dropout(gated)) * mask
        count = mask.sum(dim=1).clamp(min=1)
        mean = hidden_states.sum(dim=1) / count
        variance = ((hidden_states - mean[:, None]).square() * mask).sum(dim=1) / count
        return self.output(torch.cat([mean, torch.sqrt(variance + 1e-5)], dim=-1))


class GlobalStyleTokens(nn.Module):
    """K learned tokens; a query [B, H] attends to them with several heads. Returns (mixture [B, H], weights [B, K])."""

    def __init__(self, config: ValeTTSConfig):
        super().__init__()
        style = config.style
        self.num_heads = style.num_heads
        self.head_size = style.hidden_size // style.num_heads
        self.tokens = nn.Parameter(torch.empty(style.num_tokens, self.head_size))
        self.query = nn.Linear(style.hidden_size, style.hidden_size)
        self.key = nn.Linear(self.head_size, style.hidden_size)
        self.value = nn.Linear(self.head_size, style.hidden_size)

    def _heads(self, states: torch.Tensor) -> torch.Tensor:
        return states.view(-1, self.num_heads, self.head_size)

    def attend(self, query: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        keys = self._heads(self.key(torch.tanh(self.tokens)))  # [K, heads, head_size]
        scores = torch.einsum("bhd,khd->bhk", self._heads(self.query(query)), keys)
        weights = torch.softmax(scores / self.head_size**0.5, dim=-1)  # [B, heads, K]
        return self.mix(weights), weights.mean(dim=1)

    def mix(self, weights: torch.Tensor) -> torch.Tensor:
        """Token weights [B, K] (all heads alike) or [B, heads, K] -> token mixture [B, H]."""
        values = self._heads(self.value(torch.tanh(self.tokens)))
        if weights.dim() == 2:
            weights = weights[:, None].expand(-1, self.num_heads, -1)
        return torch.einsum("bhk,khd->bhd", weights, values).flatten(1)


class StyleEncoder(nn.Module):
    """The style of a reference: its embedding plus the style tokens it attends to."""

    def __init__(self, config: ValeTTSConfig):
        super().__init__()
        self.reference_encoder = ReferenceEncoder(config)
        self.style_tokens = GlobalStyleTokens(config)

    def forward(
        self,
        reference_mel: torch.Tensor,
        reference_mask: torch.Tensor | None = None,
        style_token_weights: torch.Tensor | None = None,
    ) -> torch.Tensor:
        """reference_mel [B, R, M], reference_mask [B, R] -> style [B, H].

        `style_token_weights` [B, K] replaces the attention over the tokens: the speaker of the reference, the manner of
        the tokens.
        """
        if reference_mask is None:
            reference_mask = torch.ones(reference_mel.shape[:2], dtype=torch.bool, device=reference_mel.device)
        embedding = self.reference_encoder(reference_mel, reference_mask)
        if style_token_weights is None:
            tokens, _ = self.style_tokens.attend(embedding)
        else:
            tokens = self.style_tokens.mix(style_token_weights.to(embedding.dtype))
        return embedding + tokens
