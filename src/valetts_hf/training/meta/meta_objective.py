"""What ValeTTS is adapted by: the generator's losses as a function of an adapter and a style offset.

The parameters of the inner loop are those of a PEFT adapter and an offset added to the speaker's style, which is the mean
style of the support clips. The losses are those of pre-training without the discriminators. B clips, H style width.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch
from torch import Tensor, nn
from torch.func import functional_call

from valetts_hf.modeling.modeling_valetts import ValeTTSForSpeech
from valetts_hf.training.data.batches import BatchMaker, TrainingBatch
from valetts_hf.training.meta.episodes import Episode
from valetts_hf.training.meta.inner_loop import Parameters
from valetts_hf.training.meta.outer import Task
from valetts_hf.training.objective import GeneratorObjective, LossWeights
from valetts_hf.voices.adapters import adapter_parameters, attach_adapter


ADAPTER = "meta"
STYLE_OFFSET = "style_offset"
_QUERY = 1 << 20  # sets the windows and the noise of queries apart from those of any inner step


class AdaptationObjective(nn.Module):
    """Weighted losses of a batch under an adapter and a style.

    Args:
        model: carries the adapter `ADAPTER`, see [`with_meta_adapter`].
        weights: of the losses; those of the discriminators are not used.
        segment_frames (`int`): frames of each window that are decoded.
        prior_share (`float`): share of the rows that are decoded from the prior, see `GeneratorObjective`.
    """

    def __init__(
        self, model: ValeTTSForSpeech, weights: LossWeights, segment_frames: int = 40, prior_share: float = 0.0
    ):
        super().__init__()
        self.generator = GeneratorObjective(model, segment_frames, prior_share)
        self.weights = weights
        device = next(model.parameters()).device
        self.style_offset = nn.Parameter(torch.zeros(model.config.style.hidden_size, device=device))

    @property
    def model(self) -> ValeTTSForSpeech:
        """The adapted model."""
        return self.generator.model

    def start(self) -> Parameters:
        """The parameters of the inner loop as they stand: adapter and style offset."""
        names = adapter_parameters(self.model, ADAPTER)
        return {STYLE_OFFSET: self.style_offset} | {f"generator.model.{name}": value for name, value in names.items()}

    def forward(self, batch: TrainingBatch, style: Tensor, seed: int) -> dict[str, Tensor]:
        """Weighted losses by name.

        Args:
            batch: clips of one speaker.
            style (`Tensor` [H]): style of the speaker, to which the offset is added.
            seed (`int`): of posterior noise, duration noise and segments.
        """
        style = (style + self.style_offset).expand(len(batch.input_ids), -1)
        output = self.generator(batch, torch.Generator().manual_seed(seed), style=style)
        return {name: getattr(self.weights, name) * loss for name, loss in output.losses.items()}

    @contextmanager
    def put(self, parameters: Parameters) -> Iterator[ValeTTSForSpeech]:
        """The model holds the given adapter inside a `with` block, e.g. to speak with it."""
        own = {name: value.detach().clone() for name, value in self.start().items()}
        self._write(parameters)
        try:
            yield self.model
        finally:
            self._write(own)

    @torch.no_grad()
    def _write(self, parameters: Parameters) -> None:
        for name, value in self.start().items():
            value.copy_(parameters[name])


def with_meta_adapter(model: ValeTTSForSpeech, config, start_scale: float = 0.01, seed: int = 0) -> ValeTTSForSpeech:
    """Attach a fresh adapter for the inner loop, and make the model differentiable twice and the same at every call.

    A LoRA adapter starts with B = 0, where the gradient of A vanishes: meta-learning would wait for B. So the zeros are
    replaced by small noise, after which the model is not quite the same.

    Args:
        model: is changed: attention written out (the fused kernels have no second derivative on a CPU), no dropout.
        config (`PeftConfig`): see `voices.adapters.adapter_config`.
        start_scale (`float`): standard deviation of that noise; 0 leaves the zeros.
        seed (`int`): of the adapter's initial weights.
    """
    model.set_attn_implementation({"": "eager"})  # of the whole; the sub-configs are no models
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        attach_adapter(model, config, ADAPTER)
        for value in adapter_parameters(model, ADAPTER).values():
            if start_scale and not bool(value.any()):
                value.data = torch.randn(value.shape).mul(start_scale).to(value)
    for name, parameter in model.named_parameters():
        parameter.requires_grad_(name in adapter_parameters(model, ADAPTER))
    model.eval()
    model.decoder.train()  # without dropout this only switches off what the decoder adds for listeners
    return model


class EpisodeBatches:
    """Batches of an episode's clips: short windows, drawn anew for every inner step.

    Args:
        batches: cuts windows out of the corpus whose rows the episodes name.
    """

    def __init__(self, batches: BatchMaker):
        self.batches = batches

    def support(self, episode: Episode, seed: list[int]) -> TrainingBatch:
        """Windows of the support clips; each is its own reference."""
        return self._cut(episode.support, episode.support, seed)

    def query(self, episode: Episode, seed: list[int]) -> TrainingBatch:
        """Windows of the query clips, with references among the support clips."""
        return self._cut(episode.query, np.resize(episode.support, len(episode.query)), seed)

    def _cut(self, clips: np.ndarray, references: np.ndarray, seed: list[int]) -> TrainingBatch:
        random = np.random.default_rng(seed)
        lengths, maker = self.batches.corpus.frame_lengths, self.batches
        starts = random.integers(0, np.maximum(lengths[clips] - maker.window_frames, 0) + 1)
        reference_starts = random.integers(0, np.maximum(lengths[references] - maker.reference_frames, 0) + 1)
        return maker.assemble(clips, starts, references, reference_starts)


def episode_style(model: ValeTTSForSpeech, batches: EpisodeBatches, episode: Episode, seed: list[int]) -> Tensor:
    """Mean style [H] of the support clips; no gradient."""
    batch = batches.support(episode, seed)
    with torch.no_grad():
        return model.encode_style(batch.reference_mel, batch.reference_mask).mean(dim=0)


def episode_task(
    objective: AdaptationObjective, batches: EpisodeBatches, episode: Episode, seed: int, query_windows: int = 1
) -> Task:
    """The support and query loss of an episode.

    Args:
        seed (`int`): windows and noise are a function of it, and of the inner step.
        query_windows (`int`): windows per query clip, in batches of one window each.
    """
    style = episode_style(objective.model, batches, episode, [seed, _QUERY - 1])
    names = objective.start().keys()

    def loss(parameters: Parameters, batch: TrainingBatch, draw: int) -> Tensor:
        values = {name: parameters[name] for name in names}
        losses = functional_call(objective, values, (batch, style, (seed * _QUERY + draw) % (1 << 63)))
        return torch.stack(list(losses.values())).sum()

    def query(parameters: Parameters) -> Tensor:
        draws = range(_QUERY, _QUERY + query_windows)
        return torch.stack([loss(parameters, batches.query(episode, [seed, draw]), draw) for draw in draws]).mean()

    return Task(lambda parameters, step: loss(parameters, batches.support(episode, [seed, step]), step), query)
