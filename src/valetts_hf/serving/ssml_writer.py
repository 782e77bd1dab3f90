"""What was set and drawn on the page as SSML: the numbers around the text, what was drawn as a contour of each word.

A contour is relative to how the word would be said, so that the document keeps its meaning with another voice or seed.
`valetts_hf.processing.ssml.parse_ssml` reads it back. The seed and the scale of pauses have no place in SSML.
"""

from __future__ import annotations

import numpy as np

from valetts_hf.direction.sketch import Curve, Sketch
from valetts_hf.processing.directed_text import ENERGY_SHIFTS, PITCH_SHIFTS
from valetts_hf.processing.ssml import escape_ssml
from valetts_hf.serving.schemas import Controls, Prosody, TimedText


_POSITIONS = (0.0, 0.25, 0.5, 0.75, 1.0)
_COVERED = 0.3  # of a word must be drawn over for the drawing to speak for it


def write_ssml(
    text: str,
    prosody: Prosody,
    controls: Controls,
    sketch: Sketch | None = None,
    voice: str | None = None,
    style: str | None = None,
) -> str:
    """
    Args:
        text (`str`): plain.
        prosody ([`Prosody`]): how it would be said with these controls.
        controls ([`Controls`]): of all of it.
        sketch ([`Sketch`], *optional*): what was drawn over `prosody`, in Hz and dB.
        voice (`str`, *optional*): a name.
        style (`str`, *optional*): named styles and tokens.
    """
    parts, done = [], 0
    for word in prosody.words:
        start = text.find(word.text, done)
        if start < 0:  # written with other white space, or part of a longer one
            continue
        attributes = {} if sketch is None else _drawn_over(word, prosody, sketch)
        parts += [escape_ssml(text[done:start]), _element("prosody", attributes, escape_ssml(word.text))]
        done = start + len(word.text)
    body = _element("prosody", _of_controls(controls), "".join(parts) + escape_ssml(text[done:]))
    if style is not None:
        body = _element("mstts:express-as", {"style": style}, body)
    if voice is not None:
        body = _element("voice", {"name": voice}, body)
    attributes = {"version": "1.1", "xmlns": "http://www.w3.org/2001/10/synthesis"}
    if style is not None:
        attributes["xmlns:mstts"] = "http://www.w3.org/2001/mstts"
    if prosody.language is not None:
        attributes["xml:lang"] = prosody.language
    return _element("speak", attributes, body) + "\n"


def _element(name: str, attributes: dict[str, str], content: str) -> str:
    if not attributes:
        return content
    written = "".join(f' {key}="{escape_ssml(value)}"' for key, value in attributes.items())
    return f"<{name}{written}>{content}</{name}>"


def _of_controls(controls: Controls) -> dict[str, str]:
    found = {}
    if controls.speaking_rate != 1:
        found["rate"] = f"{100 * controls.speaking_rate:.4g}%"
    if controls.pitch_shift:
        found["pitch"] = f"{controls.pitch_shift:+.4g}st"
    if controls.pitch_range != 1:
        found["range"] = f"{100 * controls.pitch_range:.4g}%"
    if controls.energy_shift:
        found["volume"] = f"{controls.energy_shift:+.4g}dB"
    return found


def _drawn_over(word: TimedText, prosody: Prosody, sketch: Sketch) -> dict[str, str]:
    times = np.linspace(word.start, word.end, 21)
    found = {}
    pitch = _difference(sketch.pitch, times, prosody.pitch, prosody)
    if pitch is not None:
        values = np.clip(pitch[:: (len(times) - 1) // (len(_POSITIONS) - 1)], *PITCH_SHIFTS)
        found["contour"] = " ".join(f"({100 * p:g}%,{value:+.2f}st)" for p, value in zip(_POSITIONS, values))
    energy = _difference(sketch.energy, times, prosody.energy, prosody)
    if energy is not None:
        found["volume"] = f"{np.clip(energy.mean(), *ENERGY_SHIFTS):+.2f}dB"
    return found


def _difference(
    curve: Curve | None, times: np.ndarray, predicted: list[float | None], prosody: Prosody
) -> np.ndarray | None:
    """What was drawn against the prediction at some times, in semitones or dB; None where too little was drawn."""
    if curve is None:
        return None
    drawn = curve.at(np.clip(times / prosody.duration, 0.0, 1.0))
    covered = np.isfinite(drawn)
    at = [index * prosody.step for index, value in enumerate(predicted) if value is not None]
    known = np.array([value for value in predicted if value is not None])
    if covered.mean() < _COVERED or not len(known):
        return None
    if curve.unit == "hz":
        drawn, known = 12.0 * np.log2(drawn), 12.0 * np.log2(known)
    return np.interp(times, times[covered], drawn[covered]) - np.interp(times, at, known)
