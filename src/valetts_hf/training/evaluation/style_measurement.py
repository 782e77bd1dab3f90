"""What each style token of a checkpoint does to speech, how different the tokens are, and named styles made of them.

Every style is spoken with the same sentences, voices and seeds as the voices' own manner and compared with it, once by the
contours the model predicted and once by the audio. Tokens: GST, arXiv 1803.09017; effective number of styles: the Vendi
score, arXiv 2210.02410. K tokens, U utterances (sentence x voice x seed), D measures.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from valetts_hf.direction.style import Style, StyleTerm
from valetts_hf.direction.style_effect import StyleEffect, resolve_style
from valetts_hf.direction.style_table import FORMAT_VERSION, MEASURES, StyleTable
from valetts_hf.training.data.pitch import extract_energy, extract_log_f0
from valetts_hf.voices.fingerprint import checkpoint_fingerprint


SENTENCES = (
    "The ferry leaves the harbour at seven, and nobody is waiting for us.",
    "Did you really think that I would forget your birthday?",
    "We walked along the river until the lights of the town came on.",
    "Please put the blue cup back on the table before you go.",
)
SEEDS = (0, 1)
# About what a listener notices, in the order of MEASURES: 5 % of tempo (Quené 2007), a semitone, a quarter of range, 1 dB.
NOTICEABLE = np.array([np.log(1.05), 1.0, np.log(1.25), 1.0, np.log(1.25)])
# Factors are compared as logarithms.
_FACTORS = np.array([True, False, True, False, True])
_WORDS = (
    ("faster", "slower"),
    ("higher", "lower"),
    ("livelier", "flatter"),
    ("louder", "softer"),
    ("accented", "even"),
)
# What named styles aim at: factor of rate, semitones, factor of pitch range, dB, factor of energy range.
NAMED_STYLES: dict[str, tuple[str, tuple[float, float, float, float, float]]] = {
    "calm": ("unhurried, with a narrow melody", (0.92, -0.5, 0.75, -1.0, 0.9)),
    "lively": ("a little faster, with a wide melody", (1.06, 0.7, 1.35, 0.7, 1.1)),
    "careful": ("slow, word by word", (0.84, 0.0, 1.0, 0.0, 1.0)),
    "hurried": ("fast", (1.16, 0.0, 1.0, 0.0, 1.0)),
    "flat": ("nearly monotone", (1.0, 0.0, 0.6, 0.0, 1.0)),
    "expressive": ("a wide melody at the usual speed", (1.0, 0.0, 1.55, 0.0, 1.1)),
    "bright": ("higher", (1.0, 1.6, 1.0, 0.3, 1.0)),
    "grave": ("lower and slower", (0.94, -1.6, 1.0, 0.0, 1.0)),
}
MAX_TOKENS_OF_A_NAME = 4
MAX_WEIGHT_OF_A_NAME = 1.5


@dataclass(frozen=True)
class Probe:
    """What is spoken to measure: every sentence with every voice and seed.

    Args:
        language (`str`), voices (sequence of `str`): of the checkpoint; sentences, seeds.
    """

    language: str
    voices: Sequence[str]
    sentences: Sequence[str] = SENTENCES
    seeds: Sequence[int] = SEEDS

    def utterances(self) -> list[tuple[str, str, int]]:
        """Sentence, voice and seed of each; the seeds of one sentence stand side by side."""
        return [(text, voice, seed) for text in self.sentences for voice in self.voices for seed in self.seeds]


def contour_measures(frames: float, log_f0: np.ndarray, log_energy: np.ndarray) -> np.ndarray:
    """ln of the rate, pitch in semitones, ln of its standard deviation, energy in dB, ln of its standard deviation: [D].

    Args:
        frames (`float`): length of the sentence.
        log_f0, log_energy (`np.ndarray` [F]): pitch and energy are taken where `log_f0` is voiced (not 0).

    Raises:
        ValueError: fewer than two voiced frames.
    """
    voiced = log_f0 > 0
    if voiced.sum() < 2:
        raise ValueError(f"{int(voiced.sum())} of {len(log_f0)} frames are voiced: there is no melody to measure")
    semitones = 12.0 / np.log(2.0) * log_f0[voiced]
    decibels = 20.0 / np.log(10.0) * log_energy[voiced]
    return np.array(
        [
            -np.log(frames),
            semitones.mean(),
            np.log(semitones.std() + 1e-3),
            decibels.mean(),
            np.log(decibels.std() + 1e-3),
        ]
    )


@torch.inference_mode()
def measure_effect(tts: Any, style: StyleEffect | None, probe: Probe) -> dict[str, np.ndarray]:
    """Speak all utterances in a style (None: the voices' own) and measure them.

    Args:
        tts ([`ValeTTS`]): speaks. style ([`StyleEffect`], *optional*), probe ([`Probe`]).

    Returns:
        `dict`: "contours" and "audio", each `[U, D]`.
    """
    found: dict[str, list[np.ndarray]] = {"contours": [], "audio": []}
    for text, voice, seed in probe.utterances():
        inputs = tts.processor(text, voice=voice, language=probe.language, return_tensors="pt").to(tts.device)
        if style is not None:
            identity = inputs["style"].to(tts.model.dtype)
            inputs = {**inputs, **style.inputs(identity)}
        output = tts.model(**inputs, seed=seed)
        frames = int(output.durations.sum())
        waveform = output.waveform[0, : int(output.waveform_lengths)].float().cpu().numpy()
        pitch, energy = (value[0, :frames].float().cpu().numpy() for value in (output.pitch, output.energy))
        found["contours"].append(contour_measures(frames, pitch, energy))
        heard = extract_log_f0(waveform, tts.sampling_rate, tts.model.config.hop_length)
        loudness = extract_energy(waveform, tts.model.config.hop_length)
        found["audio"].append(contour_measures(frames, heard, loudness))
    return {name: np.stack(rows) for name, rows in found.items()}


def effect(measured: dict[str, np.ndarray], neutral: dict[str, np.ndarray]) -> dict[str, Any]:
    """A row of the table: the mean difference to the voices' own manner, as in `MEASURES`, and in words."""
    heard = (measured["audio"] - neutral["audio"]).mean(axis=0)
    predicted = (measured["contours"] - neutral["contours"]).mean(axis=0)
    return {**_in_units(predicted), "audio": _in_units(heard), "words": in_words(predicted)}


def _in_units(difference: np.ndarray) -> dict[str, float]:
    values = np.where(_FACTORS, np.exp(np.where(_FACTORS, difference, 0.0)), difference)
    return {name: round(float(value), 3) for name, value in zip(MEASURES, values)}


def in_words(difference: np.ndarray) -> str:
    """What a listener notices of a difference [D], the strongest first: "slower, livelier"."""
    steps = difference / NOTICEABLE
    order = [index for index in np.argsort(-np.abs(steps)) if abs(steps[index]) >= 0.75]
    return ", ".join(_WORDS[index][0 if steps[index] > 0 else 1] for index in order[:3]) or "hardly different"


def diversity(tokens: np.ndarray, neutral: np.ndarray, seeds: int) -> dict[str, float | None]:
    """How different the tokens are.

    Args:
        tokens (`np.ndarray` [K, U, D]): measures of each token, neutral (`np.ndarray` [U, D]): of the voices' own manner.
        seeds (`int`): utterances side by side that differ in their seed alone.

    Returns:
        `dict`: in noticeable steps, Euclidean over the measures: "token_distance" (mean over pairs of tokens and
        utterances), "seed_distance" (mean over pairs of seeds of the voices' own manner), their "ratio" (both None with one
        seed); "from_neutral" (mean distance of a token to the voices' own manner); "effective_styles": the Vendi score of
        the tokens and the neutral manner with a Gaussian kernel of one noticeable step, 1 (all alike) to K + 1.
    """
    count = len(tokens)
    first, second = np.triu_indices(count, 1)
    between = (
        np.linalg.norm((tokens[first] - tokens[second]) / NOTICEABLE, axis=-1).mean() if count > 1 else float("nan")
    )
    groups = neutral.reshape(-1, seeds, neutral.shape[-1])
    one, other = np.triu_indices(seeds, 1)
    seed_distance = float("nan")
    if seeds > 1:
        seed_distance = float(np.linalg.norm((groups[:, one] - groups[:, other]) / NOTICEABLE, axis=-1).mean())
    away = np.linalg.norm((tokens - neutral) / NOTICEABLE, axis=-1).mean()
    points = np.concatenate([np.zeros((1, tokens.shape[-1])), (tokens - neutral).mean(axis=1) / NOTICEABLE])
    return {
        "token_distance": round(float(between), 3),
        "seed_distance": round(seed_distance, 3) if seeds > 1 else None,
        "ratio": round(float(between) / seed_distance, 2) if seed_distance > 0 else None,
        "from_neutral": round(float(away), 3),
        "effective_styles": round(vendi_score(points), 2),
    }


def vendi_score(points: np.ndarray) -> float:
    """Effective number of different points [N, D]: exponential of the entropy of the kernel matrix's eigenvalues."""
    squared = np.square(points[:, None] - points[None]).sum(axis=-1)
    eigenvalues = np.linalg.eigvalsh(np.exp(-0.5 * squared) / len(points))
    eigenvalues = eigenvalues[eigenvalues > 1e-12]
    return float(np.exp(-(eigenvalues * np.log(eigenvalues)).sum()))


def fit_token_weights(
    effects: np.ndarray, target: np.ndarray, most: int = MAX_TOKENS_OF_A_NAME, ridge: float = 0.3
) -> dict[int, float]:
    """Few tokens that together come near an effect: orthogonal matching pursuit with small weights preferred.

    Args:
        effects (`np.ndarray` [K, D]): of each token of weight 1, in noticeable steps.
        target (`np.ndarray` [D]): the wanted effect, in the same.
        most (`int`): tokens to use. ridge (`float`): how much small weights are preferred.

    Returns:
        `dict`: token -> weight of -1.5 to 1.5, rounded to hundredths; empty if no token comes nearer.
    """
    chosen: list[int] = []
    weights = np.zeros(0)
    best = float(np.square(target).sum())

    def solve(tokens: list[int]) -> tuple[np.ndarray, float]:
        matrix = effects[tokens].T
        solution = np.linalg.solve(matrix.T @ matrix + ridge * np.eye(len(tokens)), matrix.T @ target)
        solution = np.clip(solution, -MAX_WEIGHT_OF_A_NAME, MAX_WEIGHT_OF_A_NAME)
        return solution, float(np.square(matrix @ solution - target).sum() + ridge * np.square(solution).sum())

    while len(chosen) < most:
        candidates = [(solve([*chosen, token]), token) for token in range(len(effects)) if token not in chosen]
        if not candidates:
            break
        (solution, cost), token = min(candidates, key=lambda entry: entry[0][1])
        if cost > 0.97 * best:
            break
        chosen, weights, best = [*chosen, token], solution, cost
    rounded = {token: round(float(weight), 2) for token, weight in zip(chosen, weights)}
    return {token: weight for token, weight in sorted(rounded.items()) if weight != 0}


def measure_styles(
    tts: Any, probe: Probe | None = None, progress: Callable[[int, int], Any] | None = None
) -> dict[str, Any]:
    """Measure all tokens of a checkpoint, make named styles of them and measure those: the content of `styles.json`.

    Args:
        tts ([`ValeTTS`]): with the checkpoint.
        probe ([`Probe`], *optional*): what to speak; default: four English sentences with the English voices.
        progress (*optional*): called as `progress(styles_done, number_of_styles)`.

    Raises:
        ValueError: a probe without voices, or one of them says nothing that can be measured.
    """
    probe = default_probe(tts) if probe is None else probe
    if not probe.voices:
        raise ValueError("a probe needs at least one voice of the checkpoint")
    count = tts.model.config.style.num_tokens
    total = count + len(NAMED_STYLES) + 1
    done = 0

    def measured(style: Style) -> dict[str, np.ndarray]:
        nonlocal done
        found = measure_effect(
            tts, resolve_style(style, tts.model, lambda voice: tts.encode_voice(voice)[None], StyleTable()), probe
        )
        done += 1
        if progress is not None:
            progress(done, total)
        return found

    neutral = measured(Style())
    tokens = [measured(Style.token(number)) for number in range(count)]
    by_contours = np.stack([token["contours"] for token in tokens])
    effects = (by_contours - neutral["contours"]).mean(axis=1) / NOTICEABLE
    styles: dict[str, Any] = {}
    for name, (description, wanted) in NAMED_STYLES.items():
        target = np.where(_FACTORS, np.log(np.where(_FACTORS, wanted, 1.0)), wanted) / NOTICEABLE
        weights = fit_token_weights(effects, target)
        # those that are added first: on a command line a style should not begin with a minus
        ordered = sorted(weights.items(), key=lambda item: (item[1] < 0, item[0]))
        spec = str(Style(tuple(StyleTerm("token", token, weight) for token, weight in ordered)))
        styles[name] = {"spec": spec, "description": description, **effect(measured(Style.parse(spec)), neutral)}
    middle = neutral["contours"].mean(axis=0)
    return {
        "format_version": FORMAT_VERSION,
        "checkpoint": checkpoint_fingerprint(tts.model),
        "measured": {
            "language": probe.language,
            "voices": list(probe.voices),
            "sentences": list(probe.sentences),
            "seeds": list(probe.seeds),
        },
        "neutral": {
            "seconds": round(float(np.exp(-middle[0])) / tts.model.config.frame_rate, 3),
            "pitch_hz": round(float(2 ** (middle[1] / 12)), 1),
            "pitch_range": round(float(np.exp(middle[2])), 3),
            "energy_range": round(float(np.exp(middle[4])), 3),
        },
        "diversity": {
            **diversity(by_contours, neutral["contours"], len(probe.seeds)),
            "audio": diversity(np.stack([token["audio"] for token in tokens]), neutral["audio"], len(probe.seeds)),
        },
        "styles": {name: entry for name, entry in styles.items() if entry["spec"] != "neutral"},
        "tokens": [effect(token, neutral) for token in tokens],
    }


def default_probe(tts: Any, language: str = "en-us", voices: int = 2) -> Probe:
    """English sentences with up to `voices` English voices of the checkpoint, else with the language's default voice."""
    own = [name for name, entry in tts.voices.items() if str(entry.get("language", "")).startswith(language[:2])]
    default = tts.processor.default_voice(language)
    chosen = own[:voices] or ([default] if default else list(tts.voices)[:1])
    return Probe(language, tuple(chosen))
