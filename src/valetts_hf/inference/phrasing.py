"""The pauses of a reader in a piece of text, as directions for its tokens; see `processing.pause_prediction`. T tokens."""

from __future__ import annotations

import math
from dataclasses import replace

from valetts_hf.inference.long_text import Piece
from valetts_hf.processing.pause_prediction import PauseModel, default_pause_model
from valetts_hf.processing.text_directions import PREDICTED, TokenDirections


def phrased(piece: Piece, model: PauseModel | None = None) -> Piece:
    """The piece with the pauses that a reader would make between its words, where the text itself asks for none.

    Args:
        piece ([`Piece`]): with or without directions.
        model ([`PauseModel`], *optional*): default: the one that comes with the package.
    """
    size = len(piece.input_ids)
    directions = piece.directions or TokenDirections.neutral(size)
    asked = {token: seconds for token, seconds in enumerate(directions.pauses) if not math.isnan(seconds)}
    languages, allowed, end = [piece.words[0].language] * size, set(), 0
    for word in piece.words:
        if end and word.start > end:  # not inside of what is spoken as one
            allowed.add(end)
        languages[word.start :] = [word.language] * (size - word.start)
        end = max(end, word.end)
    found = (model or default_pause_model()).predict(piece.input_ids, languages, asked, allowed)
    if not found:
        return piece
    breaks = [PREDICTED] * size
    for pause in found:
        length = pause.end - pause.start
        breaks[pause.start : pause.end] = [pause.seconds / length] * length
    return replace(piece, directions=replace(directions, breaks=tuple(breaks)))
