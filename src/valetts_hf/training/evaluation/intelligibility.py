"""A table of intelligibility proxies: for each language, what a phoneme recogniser makes of recordings and of speech.

The recogniser is judged first: where it fails on held-out human recordings it can say nothing of anybody. U phones.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from torch import Tensor

from valetts_hf.modeling.modeling_valetts import ValeTTSForSpeech
from valetts_hf.training.data.corpus import PackedCorpus
from valetts_hf.training.evaluation.evaluator import ClipResult, Evaluator, held_out_clips
from valetts_hf.training.evaluation.phoneme_recognizer import PhonemeRecognizer
from valetts_hf.training.metrics.phonemes import phoneme_error_rate


MAX_HUMAN_ERROR_RATE = 0.6
MIN_CLIPS = 8
MIN_TRAINING_MINUTES = 5.0
METHOD = (
    "A small phoneme recogniser (CTC) trained on human recordings of the train split only hears held-out recordings and "
    "speech of the checkpoint's default voice for the same phonemes. The phoneme error rate is over folded phonemes "
    "(no stress or length, near sounds as one) against what the text front end makes of the transcript, so it holds the "
    "recogniser's own errors and those of the front end. Ratio: synthesised over human; the range holds 95 % of "
    "resampled sets of clips. Other text: the recordings against the transcripts of other clips, what a recogniser that "
    "hears nothing gets."
)


def error_ratio_range(
    human: Sequence[Sequence[str]],
    synthesised: Sequence[Sequence[str]],
    references: Sequence[Sequence[str]],
    draws: int = 1000,
    seed: int = 0,
) -> tuple[float, float]:
    """
    Bootstrap range (2.5 to 97.5 %) of the ratio of two phoneme error rates over the same clips (Bisani and Ney 2004).

    Args:
        human, synthesised, references (sequences of N phone sequences).
        draws (`int`): sets of N clips drawn with replacement.
        seed (`int`).

    Returns:
        `tuple[float, float]`: NaN where the recogniser made no error on the recordings.
    """
    lengths = np.array([len(reference) for reference in references])
    errors = [
        np.array(
            [phoneme_error_rate([one], [other]) * len(other) for one, other in zip(heard, references, strict=True)]
        )
        for heard in (human, synthesised)
    ]
    rows = np.random.default_rng(seed).integers(0, len(lengths), (draws, len(lengths)))
    below, above = errors[0][rows].sum(1), errors[1][rows].sum(1)
    ratios = above[below > 0] / below[below > 0]
    if not len(ratios):
        return float("nan"), float("nan")
    low, high = np.percentile(ratios, [2.5, 97.5])
    return float(low), float(high)


def language_row(
    language: str, evaluator: Evaluator, human: Sequence[ClipResult], synthesised: Sequence[ClipResult]
) -> dict[str, Any]:
    """Numbers of one language; error rates in percent."""
    references = [evaluator.reference_phones(result.clip) for result in human]
    heard = [[result.phones or [] for result in results] for results in (human, synthesised)]
    human_rate, rate = (phoneme_error_rate(phones, references) for phones in heard)
    low, high = error_ratio_range(*heard, references)
    shifted = [*references[1:], references[0]]
    return {
        "language": language,
        "clips": len(references),
        "phones": sum(map(len, references)),
        "human_per": round(100 * human_rate, 1),
        "synthesised_per": round(100 * rate, 1),
        "ratio": round(rate / human_rate, 2) if human_rate else None,
        "ratio_range": [round(low, 2), round(high, 2)] if human_rate else None,
        "other_text_per": round(100 * phoneme_error_rate(heard[0], shifted), 1) if len(references) > 1 else None,
    }


def verdict(row: dict[str, Any], training_minutes: float) -> str | None:
    """Why a language cannot be judged, or None if it can."""
    if row["clips"] < MIN_CLIPS:
        return f"too few held-out recordings ({row['clips']}, fewer than {MIN_CLIPS})"
    if training_minutes < MIN_TRAINING_MINUTES:
        return (
            f"too little human speech to learn from ({training_minutes:.1f} min, less than {MIN_TRAINING_MINUTES:g})"
        )
    if row["human_per"] > 100 * MAX_HUMAN_ERROR_RATE:
        return f"the recogniser fails on human speech (above {100 * MAX_HUMAN_ERROR_RATE:g} % errors)"
    return None


def intelligibility_table(
    corpus: PackedCorpus,
    model: ValeTTSForSpeech,
    recognizer: PhonemeRecognizer,
    voice_of: Callable[[str], tuple[str, str | None, Tensor]],
    languages: Sequence[str] | None = None,
    count: int = 40,
    seed: int = 0,
    report: Callable[[dict[str, Any]], None] | None = None,
    speaker_of: Callable[[str], str | None] | None = None,
) -> list[dict[str, Any]]:
    """
    Args:
        corpus: recordings of `recognizer`'s languages.
        model: speaks the phonemes of the held-out clips.
        recognizer: trained on other clips of the corpus.
        voice_of: callable `language -> (name, language of the voice or None, style (1, H))`, the voice to judge.
        languages (*optional*): rows wanted; default all of the model.
        count (`int`): clips of each language, at most; the test split first, then the validation split.
        seed (`int`): of the choice of clips and of the speech.
        report (*optional*): called with each finished row.
        speaker_of (*optional*): callable `name of a voice -> its speaker in the corpus or None`. Where that speaker has
            enough held-out clips of the language, only those are used: speech beside recordings of the same person.

    Returns:
        `list[dict]`: a row a language; "judgeable" and, where it is false, "why_not"; "same_speaker" says whether the
        recordings are all of the voice's own speaker.
    """
    seconds = corpus.frame_lengths * 256 / 24_000
    codes, splits = np.array(corpus.languages), np.array(corpus.splits)
    table = []
    for language in languages or model.config.languages:
        voice, home, style = voice_of(language)
        trained = corpus.transcribed & (codes == language) & (splits == "train")
        minutes = float(seconds[trained].sum() / 60.0)
        own = speaker_of(voice) if speaker_of is not None else None
        clips = _clips(corpus, own, language, count, seed) if own is not None else []
        same_speaker = len(clips) >= MIN_CLIPS
        if not same_speaker:
            clips = _clips(corpus, None, language, count, seed)
        row: dict[str, Any] = {"language": language, "clips": len(clips)}
        why = None
        if not len(clips) or language not in recognizer.config.languages:
            why = "no human recordings with a transcript" if not len(clips) else "the recogniser has not learned it"
        else:
            evaluator = Evaluator(
                corpus, clips, (), recognizer=recognizer, style_of=lambda _, __, style=style: style, seed=seed
            )
            row = language_row(language, evaluator, evaluator.judge_recordings(), evaluator.judge(model))
            why = verdict(row, minutes)
        row |= {
            "voice": voice,
            "voice_language": home,
            "same_speaker": same_speaker,
            "human_speakers": int(len(np.unique(corpus.speaker_ids[trained]))),
            "training_minutes": round(minutes, 1),
            "judgeable": why is None,
        }
        if why is not None:
            row["why_not"] = why
        table.append(row)
        if report is not None:
            report(row)
    return table


def _clips(corpus: PackedCorpus, speaker: str | None, language: str, count: int, seed: int) -> list[int]:
    return held_out_clips(corpus, speaker, language, count, splits=("test", "validation"), seed=seed)


def markdown_table(rows: Sequence[dict[str, Any]], columns: Sequence[str] | None = None) -> str:
    """Rows as a Markdown table; missing values are dashes, ranges `a-b`, other fractions three significant digits."""
    columns = list(columns or dict.fromkeys(key for row in rows for key in row))

    def cell(value: Any) -> str:
        if value is None or isinstance(value, float) and np.isnan(value):
            return "-"
        if isinstance(value, bool):
            return "yes" if value else "no"
        if isinstance(value, (list, tuple)):
            return "-".join(cell(item) for item in value)
        if isinstance(value, float):
            return f"{value:.0f}" if abs(value) >= 1000 else f"{value:.3g}"
        return str(value).replace("|", "/")

    lines = ["| " + " | ".join(columns) + " |", "| " + " | ".join("---" for _ in columns) + " |"]
    lines += ["| " + " | ".join(cell(row.get(column)) for column in columns) + " |" for row in rows]
    return "\n".join(lines)
