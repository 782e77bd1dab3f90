"""A plan of the SDK as the page takes it: sounds to read, pitch with gaps, energy around its mean."""

from __future__ import annotations

import unicodedata

import numpy as np

from valetts_hf.direction.prosody_plan import PlanPhoneme, ProsodyPlan
from valetts_hf.serving.schemas import Prosody, TimedText


_SILENCE = -119.0  # dB: what a plan gives to pauses between sentences is below
_STRESS = "ˈˌ"
_FOLLOWERS = "ːˑˀʰʲʷˠˤ˞ʼ"


def prosody_answer(plan: ProsodyPlan) -> Prosody:
    """
    Args:
        plan ([`ProsodyPlan`]): how a text will be, or was, said.
    """
    pitch, energy = np.asarray(plan.pitch), np.asarray(plan.energy)
    voiced = pitch > 0
    # As sketches count it: from the mean of what is voiced.
    mean = energy[voiced].mean() if voiced.any() else energy.mean()
    return Prosody(
        duration=round(plan.duration, 4),
        words=[timed(word.text, word.start, word.end) for word in plan.words],
        phonemes=sounds(plan.phonemes),
        step=plan.frame_seconds,
        pitch=[round(float(value), 2) if value > 0 else None for value in pitch],
        energy=[round(float(value - mean), 2) if value > _SILENCE else None for value in energy],
        language=plan.words[0].language if plan.words else None,
        seed=plan.seed or 0,
    )


def sounds(phonemes: tuple[PlanPhoneme, ...]) -> list[TimedText]:
    """Symbols put together as they are read: stress with the sound it stands before, length with the one it stands behind."""
    found: list[TimedText] = []
    stress, since = "", 0.0
    for one in phonemes:
        if one.word is None:
            continue
        if one.symbol in _STRESS:
            stress, since = one.symbol, one.start
        elif found and not stress and (one.symbol in _FOLLOWERS or unicodedata.combining(one.symbol[0])):
            found[-1] = timed(found[-1].text + one.symbol, found[-1].start, one.end)
        else:
            found.append(timed(stress + one.symbol, since if stress else one.start, one.end))
            stress = ""
    return found


def timed(text: str, start: float, end: float) -> TimedText:
    """Rounded to tenths of a millisecond."""
    return TimedText(text=text, start=round(start, 4), end=round(end, 4))
