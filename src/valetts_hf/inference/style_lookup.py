"""From what a caller names as a style to what it does to a voice, for one model; safe to share between threads."""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from torch import Tensor
from transformers.utils.hub import cached_file

from valetts_hf.direction.style import Style
from valetts_hf.direction.style_effect import StyleEffect, fixed, resolve_style
from valetts_hf.direction.style_table import STYLES_FILE, StyleTable


_REMEMBERED = 64


class StyleLookup:
    """Finds out what styles mean for a model.

    Args:
        model (`ValeTTSForSpeech`): what is to speak.
        encode: from what a call takes as a voice to its style vector [1, H].
        table ([`StyleTable`], *optional*): the named styles; default: those beside the model's weights.
    """

    def __init__(self, model: Any, encode: Callable[[Any], Tensor], table: StyleTable | None = None):
        self._model = model
        self._encode = encode
        self._table = table
        self._known: OrderedDict[str, StyleEffect | None] = OrderedDict()
        self._lock = threading.Lock()

    @property
    def table(self) -> StyleTable:
        """The named styles and what the tokens do; read when first asked for."""
        if self._table is None:
            self._table = checkpoint_table(self._model)
        return self._table

    def effect(self, style: Any) -> StyleEffect | None:
        """What a style does to a voice; None where it changes nothing.

        Args:
            style: see [`~valetts_hf.direction.style.Style.of`].

        Raises:
            As `Style.of` and [`~valetts_hf.direction.style_effect.resolve_style`].
        """
        found = Style.of(style)
        if not found.terms:
            return None
        if any(term.kind not in ("token", "style") for term in found.terms):  # a recording may change under its name
            return resolve_style(found, self._model, self._encode, self.table)
        key = str(found)
        with self._lock:
            if key in self._known:
                self._known.move_to_end(key)
                return self._known[key]
        effect = resolve_style(found, self._model, self._encode, self.table)
        with self._lock:
            self._known[key] = effect
            while len(self._known) > _REMEMBERED:
                self._known.popitem(last=False)
        return effect

    def fixed(self, style: Any) -> Style:
        """The style with its voices and recordings as numbers."""
        return fixed(Style.of(style), self._model, self._encode)


def checkpoint_table(model: Any) -> StyleTable:
    """The table of styles beside the weights of a model; an empty one where there is none, or nobody can be asked.

    Raises:
        StyleError: it is damaged. OSError: it cannot be read.
    """
    source = os.path.expanduser(getattr(model, "name_or_path", "") or "")
    if not source:
        return StyleTable()
    if os.path.isdir(source):
        return StyleTable.load(source)
    path = cached_file(
        source,
        STYLES_FILE,
        revision=getattr(model.config, "_commit_hash", None),
        _raise_exceptions_for_gated_repo=False,
        _raise_exceptions_for_missing_entries=False,
        _raise_exceptions_for_connection_errors=False,
    )
    return StyleTable() if path is None else StyleTable.read(path)
