"""Transcripts of support clips: their durations, and whether text and speech belong together.

Monotonic alignment search (VITS, arXiv 2106.06103, section 2.2.1) with the model's own token prior gives durations for
any text. The cost of an alignment is the rank of the token that each frame was given among all tokens of the clip (0 the
likeliest, 1 the least likely), relative to the same for the transcript with its sounds shuffled: 1 is no better than
chance. Being relative, it depends little on the speaker, the recording and the checkpoint.
T tokens, F frames, H style width, K shuffled transcripts.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from valetts_hf.modeling.lengths import expansion_index, length_mask
from valetts_hf.modeling.modeling_valetts import ValeTTSForSpeech
from valetts_hf.training.adaptation_data import Support
from valetts_hf.training.alignment import gaussian_log_likelihood, monotonic_alignment_search


REFUSED_COST = 0.95
DOUBTED_COST = 0.86
SHUFFLES = 12


class TranscriptError(ValueError):
    """A transcript that is not what is said in its clip."""


@dataclass
class Alignment:
    """durations (`Tensor` [T]): frames of each token; cost (`float`): about 0.4 to 0.85 if right, about 1 if wrong."""

    durations: Tensor
    cost: float


@torch.no_grad()
def align_transcript(
    model: ValeTTSForSpeech,
    mel: Tensor,
    input_ids: Tensor,
    language_ids: Tensor,
    style: Tensor,
    shuffles: int = SHUFFLES,
    seed: int = 0,
) -> Alignment:
    """Align one transcript.

    Args:
        model: in evaluation mode.
        mel (`Tensor` [F, M]): the clip.
        input_ids, language_ids (`Tensor` [T]): the transcript.
        style (`Tensor` [H]): the style of the voice.
        shuffles (`int`): number K of shuffled transcripts that stand for chance; 0 leaves the cost at 0.
        seed (`int`): of the shuffles.
    """
    device, network = model.device, model.model
    count = len(input_ids)
    generator = torch.Generator().manual_seed(seed)
    orders = [torch.arange(count)]
    for _ in range(shuffles):  # the marks of beginning and end stay
        orders.append(torch.cat([torch.tensor([0]), 1 + torch.randperm(max(count - 2, 0), generator=generator)]))
        if count > 1:
            orders[-1] = torch.cat([orders[-1], torch.tensor([count - 1])])
    order = torch.stack(orders)
    ids, languages = input_ids.cpu()[order].to(device), language_ids.cpu()[order].to(device)
    rows = len(order)
    style = style.to(device)[None]
    frame_mask = torch.ones(1, len(mel), dtype=torch.bool, device=device)
    mean, _ = network.posterior_encoder(mel.to(device)[None], style, frame_mask)
    latents = network.flow(mean, style, frame_mask).float()
    token_mask = length_mask(torch.full((rows,), count, device=device))
    hidden_states = network.text_encoder(ids, languages, style.expand(rows, -1), token_mask)
    likelihood = gaussian_log_likelihood(latents.expand(rows, -1, -1), *network.token_prior(hidden_states))
    durations = monotonic_alignment_search(likelihood, token_mask, frame_mask.expand(rows, -1))
    chosen = likelihood.gather(1, expansion_index(durations, len(mel))[:, None])
    rank = (likelihood > chosen).float().mean(dim=(1, 2))
    cost = float(rank[0] / rank[1:].mean().clamp(min=1e-4)) if shuffles else 0.0
    return Alignment(durations[0].cpu(), cost)


def align_support(
    model: ValeTTSForSpeech, support: Support, style: Tensor, check_transcripts: bool = True, seed: int = 0
) -> dict[str, float]:
    """Give durations to the transcribed clips of a support; drop transcripts that are doubtful, refuse wrong ones.

    Args:
        model, style: see [`align_transcript`].
        support: is changed in place; what is dropped is noted in it.
        check_transcripts (`bool`): False takes every transcript as it is.

    Returns:
        `dict[str, float]`: alignment cost of each transcribed clip by its name.

    Raises:
        `TranscriptError`: a clip whose alignment is no better than chance.
    """
    costs = {}
    for clip in support.clips:
        if clip.input_ids is None:
            continue
        shuffles = SHUFFLES if check_transcripts else 0
        found = align_transcript(model, clip.mel, clip.input_ids, clip.language_ids, style, shuffles, seed)
        costs[clip.name] = found.cost
        if found.cost > REFUSED_COST:
            raise TranscriptError(
                f"the transcript of {clip.name} does not match what is said: {clip.transcript[:60]!r} aligns no better than "
                f"shuffled sounds (cost {found.cost:.2f}, limit {REFUSED_COST}). Correct the text or its language, leave it "
                "out (adaptation works without), or pass check_transcripts=False if you are sure"
            )
        if found.cost > DOUBTED_COST:
            support.notes.append(
                f"the transcript of {clip.name} is doubtful (alignment cost {found.cost:.2f}, above {DOUBTED_COST}): the clip "
                "is used without it"
            )
            continue
        clip.durations = found.durations
    return costs
