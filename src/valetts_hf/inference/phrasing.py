"""The pauses of a reader in a piece of text, as directions for its tokens; see `processing.pause_prediction`."""

from __future__ import annotations

from dataclasses import replace

from valetts_hf.inference.long_text import Piece
from valetts_hf.processing.pause_prediction import PauseModel, with_reader_pauses
from valetts_hf.processing.text_directions import TokenDirections


def phrased(piece: Piece, model: PauseModel | None = None) -> Piece:
    """The piece with the pauses that a reader would make between its words, where the text itself asks for none.

    Args:
        piece ([`Piece`]): with or without directions.
        model ([`PauseModel`], *optional*): default: the one that comes with the package.
    """
    size = len(piece.input_ids)
    directions = piece.directions or TokenDirections.neutral(size)
    languages = [piece.words[0].language] * size
    for word in piece.words:
        languages[word.start :] = [word.language] * (size - word.start)
    found = with_reader_pauses(directions, piece.input_ids, piece.places, languages, model)
    return piece if found is directions else replace(piece, directions=found)
