"""Gaussian noise drawn row by row, so that a seed gives the same speech alone and in any batch. B batch, N positions."""

import torch


MAX_SEED = 2**63 - 1


@torch.compiler.disable
def row_generators(seed: int | list[int] | torch.Tensor | None, batch_size: int) -> list[torch.Generator]:
    """One CPU generator per row.

    Args:
        seed (`int`, list or tensor [B] of `int`, or `None`): one seed for every row, one for each, or fresh ones drawn
            from torch's global generator.

    Raises:
        ValueError: if the number of seeds is not the number of rows, or a seed is negative.
    """
    if seed is None:
        seeds = torch.randint(0, MAX_SEED, (batch_size,)).tolist()
    elif isinstance(seed, int):
        seeds = [seed] * batch_size
    elif isinstance(seed, (list, tuple, torch.Tensor)):
        seeds = [int(value) for value in seed]
    else:
        raise TypeError(f"seed must be an integer, one integer per row, or None, got {seed!r}")
    if len(seeds) != batch_size:
        raise ValueError(
            f"seed has {len(seeds)} values for a batch of {batch_size}: give one integer, or one for each row"
        )
    if any(not 0 <= value <= MAX_SEED for value in seeds):
        raise ValueError(f"seed must be between 0 and {MAX_SEED}, got {seed}")
    return [torch.Generator().manual_seed(value) for value in seeds]


@torch.compiler.disable
def row_noise(
    generators: list[torch.Generator], lengths: torch.Tensor, num_positions: int, num_channels: int
) -> torch.Tensor:
    """Standard normal noise [B, num_positions, num_channels] on the CPU; row i is drawn for its own length, then padded."""
    noise = torch.zeros(len(generators), num_positions, num_channels)
    for row, (generator, length) in enumerate(zip(generators, lengths.tolist(), strict=True)):
        noise[row, :length] = torch.randn(length, num_channels, generator=generator)
    return noise
