"""Transcripts of support clips: their durations, and whether text and speech belong together.

Monotonic alignment search (VITS, arXiv 2106.06103, section 2.2.1) with the model's own token prior tells how well any text
fits. The cost of an alignment is the rank of the token that each frame was given among all tokens of the clip (0 the
likeliest, 1 the least likely), relative to the same for the transcript with its sounds shuffled: 1 is no better than
chance. Being relative, it depends little on the speaker, the recording and the checkpoint.

That search alone gives ragged durations (many tokens of one frame beside long ones), which are not to be learned from. The
durations come from the best segmentation under both the prior, tempered since its channels are not independent, and the
durations that the model expects (a segmental Viterbi search, as in hidden semi-Markov models).
T tokens, F frames, D longest duration, H style width, K shuffled transcripts.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from valetts_hf.modeling.lengths import expansion_index, length_mask
from valetts_hf.modeling.modeling_valetts import ValeTTSForSpeech
from valetts_hf.training.adaptation.support import Support
from valetts_hf.training.alignment import gaussian_log_likelihood, monotonic_alignment_search


REFUSED_COST = 0.95
DOUBTED_COST = 0.86
SHUFFLES = 12
PRIOR_WEIGHT = 0.06  # of the log-likelihoods beside the expected durations
DURATION_SPREAD = 0.4  # standard deviation of a log duration around the expected one


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
    noise = hidden_states.new_zeros(1, count, model.config.duration.noise_size)
    expected = network.duration_predictor(hidden_states[:1], style, token_mask[:1], noise)[0]
    found = expected_duration_search(likelihood[0], expected, model.config.duration.max_frames)
    durations = monotonic_alignment_search(likelihood, token_mask, frame_mask.expand(rows, -1))
    chosen = likelihood.gather(1, expansion_index(durations, len(mel))[:, None])
    rank = (likelihood > chosen).float().mean(dim=(1, 2))
    cost = float(rank[0] / rank[1:].mean().clamp(min=1e-4)) if shuffles else 0.0
    return Alignment(found.cpu(), cost)


def expected_duration_search(
    log_likelihood: Tensor,
    expected: Tensor,
    max_frames: int,
    weight: float = PRIOR_WEIGHT,
    spread: float = DURATION_SPREAD,
) -> Tensor:
    """Durations of the best segmentation under the prior and the expected durations.

    Args:
        log_likelihood (`Tensor` [T, F]): of frame f under token t.
        expected (`Tensor` [T]): log durations that the model predicts; they are scaled to the length of the clip.
        max_frames (`int`): longest duration D of a token; more where the clip needs it.
        weight (`float`), spread (`float`): see `PRIOR_WEIGHT` and `DURATION_SPREAD`.

    Returns:
        `Tensor` [T]: int64, each at least 1, summing to F.

    Raises:
        `ValueError`: more tokens than frames.
    """
    tokens, frames = log_likelihood.shape
    if tokens > frames:
        raise ValueError(f"{tokens} tokens cannot share {frames} frames: every token needs at least one")
    likelihood, expected = weight * log_likelihood.float().cpu(), expected.float().cpu()
    longest = min(frames, max(max_frames, -(-2 * frames // tokens)))
    lengths = torch.arange(1, longest + 1)
    expected = expected + math.log(frames) - torch.logsumexp(expected, dim=0)
    penalty = -0.5 * ((lengths.float().log() - expected[:, None]) / spread).square()  # [T, D]
    total = torch.nn.functional.pad(likelihood.cumsum(dim=1), (1, 0))  # [T, F + 1]
    starts = torch.arange(frames + 1) - lengths[:, None]  # [D, F + 1]: where a token of that length began
    possible, starts = starts >= 0, starts.clamp(min=0)
    score = torch.full((frames + 1,), -torch.inf)
    score[0] = 0.0
    chosen = torch.empty(tokens, frames + 1, dtype=torch.long)
    for token in range(tokens):
        options = (score - total[token])[starts].masked_fill(~possible, -torch.inf) + penalty[token, :, None]
        best, chosen[token] = options.max(dim=0)
        score = best + total[token]
    durations, end = torch.empty(tokens, dtype=torch.long), frames
    for token in range(tokens - 1, -1, -1):
        durations[token] = lengths[chosen[token, end]]
        end -= int(durations[token])
    return durations


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
                "out (adaptation works without), or if you are sure switch the check off (check_transcripts=False, "
                "--trust-transcripts)"
            )
        if found.cost > DOUBTED_COST:
            support.notes.append(
                f"the transcript of {clip.name} is doubtful (alignment cost {found.cost:.2f}, above {DOUBTED_COST}): the clip "
                "is used without it"
            )
            continue
        clip.durations = found.durations
    return costs
