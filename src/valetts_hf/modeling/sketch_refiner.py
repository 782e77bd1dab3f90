"""Diffusion over the pitch and energy contours of a sentence: what makes a rough curve natural in detail.

After DrawSpeech (arXiv 2501.04256), but in one dimension, over contours instead of spectrograms. Parametrised and trained
as in EDM (arXiv 2206.00364, table 1 and section 5) around the deterministic prediction, sampled by the second-order
multistep solver of DPM-Solver++ (arXiv 2211.01095, algorithm 2), with classifier-free guidance (arXiv 2207.12598) on the
noisier steps only (arXiv 2404.07724). B batch, F frames, P patches of frames, W width, H width of the style.
"""

import math

import torch
from torch import nn

from .configuration_valetts import ValeTTSConfig
from .normalization import StyleAdaptiveNorm
from .precision import computing_dtype
from .sketch_predictor import NUM_CURVES, conv_blocks, to_patches


_NUM_FREQUENCIES = 16


class SketchRefiner(nn.Module):
    """Denoiser of residual contours: what is left of a contour after the predictor's, in units of typical corrections.

    It works on patches [B, P, patch_frames * 2]; padded patches are zero.
    """

    def __init__(self, config: ValeTTSConfig):
        super().__init__()
        sketch = config.sketch
        self.sketch = sketch
        patch_size = sketch.patch_frames * NUM_CURVES
        self.input = nn.Linear(patch_size, sketch.hidden_size)
        self.context = nn.Linear(sketch.hidden_size, sketch.hidden_size)
        self.noise_level = nn.Linear(2 * _NUM_FREQUENCIES, config.style.hidden_size)
        self.blocks = conv_blocks(sketch, sketch.num_refiner_layers, config.style.hidden_size)
        self.norm = StyleAdaptiveNorm(sketch.hidden_size, config.style.hidden_size)
        self.output = nn.Linear(sketch.hidden_size, patch_size)

    def forward(
        self,
        noisy: torch.Tensor,
        sigma: torch.Tensor,
        context: torch.Tensor,
        style: torch.Tensor,
        mask: torch.Tensor,
    ) -> torch.Tensor:
        """Denoise.

        Args:
            noisy (`torch.Tensor` [B, P, patch_frames * 2]): residual patches with noise of standard deviation `sigma`.
            sigma (`torch.Tensor` [B]).
            context (`torch.Tensor` [B, P, W]): of the predictor, through `self.context`.
            style (`torch.Tensor` [B, H]), mask (`torch.Tensor` [B, P, 1]): 0 on padded patches.

        Returns:
            `torch.Tensor` [B, P, patch_frames * 2]: estimate of the residual without noise.
        """
        data = self.sketch.sigma_data
        sigma = sigma.float()[:, None, None]
        total = torch.sqrt(sigma**2 + data**2)
        dtype = computing_dtype(self.input)
        states = self.input((noisy / total).to(dtype)) + context
        level = style.to(dtype) + self._level_embedding(sigma[:, 0], dtype)
        mask = mask.to(dtype)
        for block in self.blocks:
            states = block(states, level, mask)
        output = self.output(self.norm(states, level)).float()
        return noisy * (data / total) ** 2 + output * (sigma * data / total)

    def _level_embedding(self, sigma: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
        """Embedding [B, H] of noise levels [B, 1]."""
        frequencies = torch.arange(_NUM_FREQUENCIES, device=sigma.device, dtype=torch.float32)
        angles = sigma.log() / 4 * torch.exp2(frequencies / 3)
        return self.noise_level(torch.cat([angles.sin(), angles.cos()], dim=-1).to(dtype))

    def noise_levels(self, num_steps: int) -> list[float]:
        """Standard deviations of the noise at each step, descending (EDM, equation 5, with rho = 5)."""
        first, last = self.sketch.sigma_max ** (1 / 5), self.sketch.sigma_min ** (1 / 5)
        return [(first + (last - first) * step / max(num_steps - 1, 1)) ** 5 for step in range(num_steps)]

    def sample(
        self,
        noise: torch.Tensor,
        means: torch.Tensor,
        context: torch.Tensor,
        style: torch.Tensor,
        mask: torch.Tensor,
        guidance_scale: float,
        num_steps: int,
    ) -> torch.Tensor:
        """Draw contours.

        Args:
            noise (`torch.Tensor` [B, P, patch_frames * 2]): standard normal, zero on padding.
            means (`torch.Tensor` [2B, F, 2]), context (`torch.Tensor` [2B, P, W]): of the predictor for the conditions
                and, behind them, for those without sketch; [B, ...] alone where there is no guidance.
            style (`torch.Tensor` [B, H]), mask (`torch.Tensor` [B, F], bool).
            guidance_scale (`float`): 1 is no guidance.
            num_steps (`int`): evaluations of the network (of both conditions at once).

        Returns:
            `torch.Tensor` [B, F, 2]: contours in units of typical corrections, around `means` scaled likewise.
        """
        batch, patch = len(noise), self.sketch.patch_frames
        frames = mask.shape[1]
        patch_mask = to_patches(mask[..., None].float(), patch).amax(dim=2, keepdim=True)
        keep = to_patches(mask[..., None].float().expand(-1, -1, NUM_CURVES), patch)
        context = self.context(context)
        guided = len(means) == 2 * batch
        # with guidance everything is relative to the conditional mean; the other mean is a shift from it
        shift = to_patches(means[batch:] - means[:batch], patch) * keep if guided else None
        levels = self.noise_levels(num_steps)
        state, previous = noise * levels[0], None
        for step, sigma in enumerate(levels):
            # guidance pays where the coarse shape is decided; later both estimates agree
            if guided and sigma > self.sketch.sigma_data:
                doubled = torch.cat([state, state - shift])
                both = self(
                    doubled,
                    noise.new_full((2 * batch,), sigma),
                    context,
                    torch.cat([style, style]),
                    torch.cat([patch_mask, patch_mask]),
                )
                with_sketch, without = both[:batch], both[batch:] + shift
                estimate = without + guidance_scale * (with_sketch - without)
            else:
                estimate = self(state, noise.new_full((batch,), sigma), context[:batch], style, patch_mask)
            estimate = estimate * keep
            if step == num_steps - 1:
                state = estimate
                break
            following = levels[step + 1]
            direction = estimate
            if previous is not None:  # linear extrapolation in the logarithm of the noise level
                last, last_sigma = previous
                ratio = math.log(sigma / following) / (2 * math.log(last_sigma / sigma))
                direction = estimate + ratio * (estimate - last)
            state = state * (following / sigma) + direction * (1 - following / sigma)
            previous = estimate, sigma
        residual = state.reshape(batch, -1, NUM_CURVES)[:, :frames]
        return means[:batch] + residual
