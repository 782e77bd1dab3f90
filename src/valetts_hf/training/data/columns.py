"""Which column of a data set is what: names given by the user, or the usual ones found by themselves."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, fields


# In order of preference. `normalized_text` (LJSpeech, LibriTTS) is what was really said; `raw_text` is what was printed.
USUAL_NAMES = {
    "audio": ("audio", "file_name", "audio_path", "audio_filepath", "path", "file", "filename", "wav", "audio_file"),
    "text": ("normalized_text", "text_normalized", "text", "sentence", "transcription", "transcript", "raw_text"),
    "speaker": ("speaker_id", "speaker", "client_id", "speaker_name", "reader", "reader_id", "voice"),
    "language": ("language", "locale", "lang"),
    "split": ("split", "subset"),
}
REQUIRED = ("audio", "text")
SPLIT_NAMES = {
    "train": "train",
    "training": "train",
    "validation": "validation",
    "valid": "validation",
    "val": "validation",
    "dev": "validation",
    "eval": "validation",
    "test": "test",
}


def split_of(name: str) -> str:
    """The split a name stands for ("dev", "train.clean.100", "test-00000-of-00001.parquet"), "" if it says nothing."""
    parts = [name.lower(), *re.split(r"[-_.]", name.lower())]
    return next((SPLIT_NAMES[part] for part in parts if part in SPLIT_NAMES), "")


@dataclass(frozen=True)
class ColumnMapping:
    """
    Names of the columns of a source; `None` is found by itself among `USUAL_NAMES`.

    Attributes:
        audio (`str`, *optional*): path relative to the source, bytes, or an `Audio` column of `datasets`.
        text (`str`, *optional*): what is said; "" for a source without transcripts.
        speaker, language, split (`str`, *optional*): "" to ignore a column of the usual name.
    """

    audio: str | None = None
    text: str | None = None
    speaker: str | None = None
    language: str | None = None
    split: str | None = None

    def resolve(self, found: Sequence[str], source: str, required: Sequence[str] = REQUIRED) -> ColumnMapping:
        """
        The mapping with every name decided: a column that exists, or "".

        Args:
            found (sequence of `str`): columns of the source.
            source (`str`): its name, for messages.
            required (sequence of `str`): roles that need a column.

        Raises:
            ValueError: a given name does not exist, or a required role has no column; lists the columns there are.
        """
        chosen = {}
        for role in (item.name for item in fields(self)):
            given = getattr(self, role)
            if given is None:
                matches = [name for name in USUAL_NAMES[role] if name in found]
                chosen[role] = matches[0] if matches else ""
            elif given and given not in found:
                raise ValueError(
                    f"{source!r} has no column {given!r} for the {role}; its columns are {_listed(found)}: correct "
                    f"{_option(role)}"
                )
            else:
                chosen[role] = given
            if role in required and not chosen[role] and not (role == "text" and given == ""):
                hint = ", or --text-column '' if there are no transcripts" if role == "text" else ""
                raise ValueError(
                    f"{source!r} has no column that looks like {role}; its columns are {_listed(found)}: name it with "
                    f"{_option(role)}{hint}"
                )
        return ColumnMapping(**chosen)


def mapping_from(items: Sequence[str]) -> ColumnMapping:
    """
    The mapping that arguments of the form ROLE=NAME ask for.

    Raises:
        ValueError: an argument of another form, or a role that does not exist.
    """
    if wrong := [item for item in items if "=" not in item]:
        raise ValueError(f"--columns takes ROLE=NAME, such as text=sentence, got {wrong}")
    given = dict(item.split("=", 1) for item in items)
    if unknown := sorted(set(given) - set(USUAL_NAMES)):
        raise ValueError(f"--columns knows audio, text, speaker, language and split, got {unknown}")
    return ColumnMapping(**given)


def _option(role: str) -> str:
    return f"--{role}-column NAME (run_finetune.py: --columns {role}=NAME; in Python: ColumnMapping({role}=...))"


def _listed(names: Sequence[str]) -> str:
    return ", ".join(repr(name) for name in names) or "none at all"
