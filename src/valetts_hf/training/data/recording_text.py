"""Which words of a text are spoken where in a recording, and into which pieces the two are cut together.

T tokens, U sounds and pauses (units), F frames of 256 samples at 24 kHz.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from valetts_hf.processing.symbols import END_ID, SPACE, START_ID
from valetts_hf.training.aligner.alignment_units import PHONE, SEPARATOR, UnitSequence, parse_units
from valetts_hf.training.aligner.bootstrap_alignment import MISMATCH_FRAMES, text_matches_speech
from valetts_hf.training.aligner.long_alignment import align_recording
from valetts_hf.training.aligner.pause_matching import match_pauses
from valetts_hf.training.data.pitch import HOP_LENGTH, SAMPLING_RATE
from valetts_hf.training.data.split_points import Pause, choose_cuts, find_pauses


_SENTENCE_ENDS = ".?!…"
# Stretches between pauses for a first guess: shorter ones go with the next, longer ones teach nothing.
FEWEST_FRAMES, MOST_FRAMES = 28, 1400


# Sounds for each second that is not silent; outside of it text and speech are not the same.
FEWEST_SOUNDS, MOST_SOUNDS = 2.5, 40.0


@dataclass
class WrittenText:
    """
    A text with the place of its written words, W in all.

    Attributes:
        plain (`str`): the text in canonical form.
        starts (`list[int]`): first character of each word.
        input_ids (`list[int]`): T tokens of the whole.
        token_starts, token_ends (`list[int]`): tokens of each word.
        units ([`UnitSequence`]), unit_starts (`np.ndarray` of shape `(U,)`): sounds and pauses, the first token of each.
    """

    plain: str
    starts: list[int]
    input_ids: list[int]
    token_starts: list[int]
    token_ends: list[int]
    units: UnitSequence
    unit_starts: np.ndarray

    def unit_of(self, token: int) -> int:
        """Index of the sound or pause that a token belongs to."""
        return int(np.searchsorted(self.unit_starts, token, side="right")) - 1

    def part(self, first: int, last: int) -> str:
        """Words `first` to `last - 1` as written."""
        end = self.starts[last] if last < len(self.starts) else len(self.plain)
        return self.plain[self.starts[first] if first else 0 : end].strip()

    def boundaries(self) -> list[tuple[int, int]]:
        """Words behind which a mark or a space separates them from the next one, and the unit of that: `(words, unit)`."""
        found = []
        for word, (end, start) in enumerate(zip(self.token_ends, self.token_starts[1:]), start=1):
            unit = self.unit_of(end)
            if end < start and self.units.kinds[unit] == SEPARATOR and self.unit_of(start - 1) == unit:
                found.append((word, unit))
        return found


def read_words(text: str, language: str) -> WrittenText:
    """
    Words and tokens of a text of any length.

    Raises:
        ValueError: it cannot be read, or has marks (phonemes, languages) that a part of it would lose.
    """
    from valetts_hf.processing.symbols import ipa_to_ids
    from valetts_hf.processing.text_analysis import analyze_text
    from valetts_hf.processing.text_cleaning import canonicalize
    from valetts_hf.processing.text_markup import parse_marks

    plain, marks = parse_marks(canonicalize(text))
    if marks:
        raise ValueError("its text has marks for phonemes or languages, which cannot be cut: split it by hand")
    segments = analyze_text(text, language=language, max_tokens=None)
    words, offset = [], 0
    for segment in segments:
        words += [
            (word.start, offset + word.token_start, offset + word.token_end) for word in segment.words if word.text
        ]
        offset += len(ipa_to_ids(segment.phonemes)) - 1  # without <s> and </s>, with the space that joins them
    input_ids = ipa_to_ids(" ".join(segment.phonemes for segment in segments))
    units = parse_units(input_ids)
    starts, token_starts, token_ends = map(list, zip(*words))
    return WrittenText(
        plain, starts, input_ids, token_starts, token_ends, units, np.cumsum(units.token_counts) - units.token_counts
    )


def rough_stretches(features: np.ndarray, text: WrittenText, shortest: int) -> list[tuple[slice, list[int]]]:
    """
    Frames and tokens that probably belong together, see `pause_matching`: to estimate a first model on.

    Args:
        features (`np.ndarray` of shape `(F, D)`): column 0 is loudness.
        text ([`WrittenText`]).
        shortest (`int`): frames of the shortest pause.
    """
    pauses = find_pauses(features[:, 0], shortest)
    cuts, speech, heard, begin = [0], [], 0, 0
    for pause in [*pauses, Pause(len(features), len(features))]:
        heard += pause.start - begin
        begin = pause.stop
        if heard >= FEWEST_FRAMES:
            speech.append(heard)
            cuts.append(pause.middle)
            heard = 0
    weights = np.concatenate([[0.0], np.cumsum(np.where(text.units.kinds == SEPARATOR, 0.0, text.units.weights))])
    firsts = [text.unit_of(token) for token in text.token_starts]
    lasts = [text.unit_of(token - 1) + 1 for token in text.token_ends]
    lengths = np.array([weights[last] - weights[first] for first, last in zip(firsts, lasts)])
    marks, ends = np.zeros(len(lengths), dtype=bool), np.zeros(len(lengths), dtype=bool)
    for word, unit in text.boundaries():
        marks[word - 1] = text.units.keys[unit] != SPACE
        ends[word - 1] = any(mark in _SENTENCE_ENDS for mark in text.units.keys[unit])
    bounds = match_pauses(speech, lengths, marks.tolist(), ends.tolist())
    if bounds is None:
        return []
    found = []
    for start, stop, first, last in zip(cuts, cuts[1:], bounds, bounds[1:]):
        ids = [START_ID, *text.input_ids[text.token_starts[first] : text.token_ends[last - 1]], END_ID]
        if len(ids) <= stop - start <= MOST_FRAMES:
            found.append((slice(start, stop), ids))
    return found


@dataclass
class Piece:
    """A stretch of a recording: frames `start <= f < stop`, its text, and why it cannot be used ("" if it can)."""

    start: int
    stop: int
    text: str = ""
    problem: str = ""


def cut_speech(features: np.ndarray, pause: int, shortest: int, longest: int) -> list[Piece]:
    """
    Pieces of a recording without text.

    Args:
        features (`np.ndarray` of shape `(F, D)`): column 0 is loudness.
        pause, shortest, longest (`int`): frames of the shortest pause to cut in, and of a piece.
    """
    cuts = choose_cuts(find_pauses(features[:, 0], pause), len(features), shortest, longest)
    edges = [0, *(cut.middle for cut in cuts), len(features)]
    return [Piece(start, stop) for start, stop in zip(edges, edges[1:])]


def cut_text_and_speech(
    features: np.ndarray,
    text: WrittenText,
    keys: dict[str, int],
    weights: np.ndarray,
    pause: int,
    shortest: int,
    longest: int,
) -> list[Piece]:
    """
    Pieces of a recording with their texts.

    Args:
        features (`np.ndarray` of shape `(F, 39)`): see `recordings.recording_features`.
        text ([`WrittenText`]).
        keys, weights: of the sounds, see `align_recording`.
        pause, shortest, longest (`int`): see `cut_speech`.

    Raises:
        ValueError: text and speech do not belong together.
    """
    silences = find_pauses(features[:, 0], pause)
    heard = (len(features) - sum(silence.stop - silence.start for silence in silences)) * HOP_LENGTH / SAMPLING_RATE
    sounds = int((text.units.kinds == PHONE).sum())
    if not FEWEST_SOUNDS * heard <= sounds <= MOST_SOUNDS * heard:
        raise ValueError(
            f"its text has {sounds} sounds for {heard:.0f} s of speech: another text, or a part is missing?"
        )
    durations = align_recording(features, text.units, keys, weights)
    if durations is None:
        raise ValueError("its text does not run along with its speech: another text, or a large part is missing?")
    stops = np.cumsum(durations)
    places = _spoken_pauses(text, stops, silences, pause)
    cuts = choose_cuts([place for place, _ in places], len(features), shortest, longest)
    units = {place.word: unit for place, unit in places}
    frames = [0, *(cut.middle for cut in cuts), len(features)]
    words = [0, *(cut.word for cut in cuts), len(text.starts)]
    bounds = [-1, *(units[cut.word] for cut in cuts), len(durations)]
    unread = _unread_frames(text.units, stops, silences)
    pieces = []
    for index, (start, stop) in enumerate(zip(frames, frames[1:])):
        inner = slice(bounds[index] + 1, bounds[index + 1])
        matches = text_matches_speech(_part(text.units, inner), durations[inner])
        matches &= bool(unread[bounds[index] if index else 0 : bounds[index + 1] + 1].max() <= MISMATCH_FRAMES)
        problem = "" if matches else "its text is not what is said there, or a part is missing"
        pieces.append(Piece(start, stop, text.part(words[index], words[index + 1]), problem))
    wrong = sum(piece.stop - piece.start for piece in pieces if piece.problem)
    if wrong > 0.5 * len(features):
        raise ValueError(
            f"its text does not fit {wrong / len(features):.0%} of it: another text, or the wrong language?"
        )
    return pieces


def _spoken_pauses(
    text: WrittenText, stops: np.ndarray, silences: Sequence[Pause], shortest: int
) -> list[tuple[Pause, int]]:
    """Pauses between two words that the alignment and the level agree on, and the unit each of them is."""
    found: list[tuple[Pause, int]] = []
    ends = np.array([silence.stop for silence in silences])
    for word, unit in text.boundaries():
        start, stop = int(stops[unit - 1]), int(stops[unit])
        if stop - start < shortest:
            continue
        best: Pause | None = None
        for silence in silences[int(np.searchsorted(ends, start, side="right")) :]:
            if silence.start >= stop:
                break
            first, last = max(start, silence.start), min(stop, silence.stop)
            # Half of the silence may be taken for the end of a dying sound.
            if last - first >= shortest / 2 and (best is None or last - first > best.stop - best.start):
                best = Pause(first, last, text.units.keys[unit] != SPACE, word)
        if best is not None:
            found.append((best, unit))
    return found


def _unread_frames(units: UnitSequence, stops: np.ndarray, silences: Sequence[Pause]) -> np.ndarray:
    """Frames `(U,)` in pauses of the alignment that are not silent: speech that is not in the text."""
    loud = np.ones(int(stops[-1]), dtype=np.int64)
    for silence in silences:
        loud[silence.start : silence.stop] = 0
    total = np.concatenate([[0], np.cumsum(loud)])
    starts = np.concatenate([[0], stops[:-1]])
    return np.where(units.kinds == PHONE, 0, total[stops] - total[starts])


def _part(units: UnitSequence, inner: slice) -> UnitSequence:
    first = int(units.token_counts[: inner.start].sum())
    return UnitSequence(
        keys=units.keys[inner],
        kinds=units.kinds[inner],
        token_counts=units.token_counts[inner],
        weights=units.weights[inner],
        is_stop=units.is_stop[inner],
        symbols=units.symbols[first : first + int(units.token_counts[inner].sum())],
    )
