"""A speech corpus packed into one memory-mapped file (made by `preparation`)."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import numpy as np

from valetts_hf.training.data.pitch import HOP_LENGTH, SAMPLING_RATE
from valetts_hf.training.data.tensor_files import map_tensors, write_tensors


ARRAYS_FILE = "corpus.safetensors"
TABLE_FILE = "corpus.json"
FORMAT_VERSION = 1


@dataclass
class PackedCorpus:
    """
    Clips laid end to end in flat arrays; `N` clips, `S` samples, `F = S // 256` frames and `T` tokens in all.

    Every clip is a whole number of frames long. A clip without transcript has no tokens and no durations.

    Attributes:
        waveforms (`np.ndarray` of shape `(S,)`, int16): 24 kHz mono, full scale 32767.
        sample_offsets (`np.ndarray` of shape `(N + 1,)`, int64): clip `i` is `waveforms[offsets[i]:offsets[i + 1]]`.
        log_f0 (`np.ndarray` of shape `(F,)`, float32): log(Hz), 0 = unvoiced; clip offsets are `frame_offsets`.
        energy (`np.ndarray` of shape `(F,)`, float32): log RMS.
        input_ids (`np.ndarray` of shape `(T,)`, int16): token ids, `<s>` and `</s>` included.
        token_offsets (`np.ndarray` of shape `(N + 1,)`, int64).
        durations (`np.ndarray` of shape `(T,)`, int16): frames per token, >= 1, summing to the clip's frames; all zero
            before `attach_durations`.
        speaker_ids (`np.ndarray` of shape `(N,)`, int32): index into `speakers`.
        language_ids (`np.ndarray` of shape `(N,)`, int32): id of the text front end's language table.
        texts, phonemes, languages, splits, names (`list[str]` of length N): transcript, IPA, language code,
            "train"/"validation"/"test", and "folder/file" of the source.
        speakers (`list[str]`): names of the speakers.
        notes (`dict`): free-form facts about the making.
    """

    waveforms: np.ndarray
    sample_offsets: np.ndarray
    log_f0: np.ndarray
    energy: np.ndarray
    input_ids: np.ndarray
    token_offsets: np.ndarray
    durations: np.ndarray
    speaker_ids: np.ndarray
    language_ids: np.ndarray
    texts: list[str]
    phonemes: list[str]
    languages: list[str]
    splits: list[str]
    names: list[str]
    speakers: list[str]
    notes: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self):
        clips = len(self.texts)
        for name in ("phonemes", "languages", "splits", "names", "speaker_ids", "language_ids"):
            if len(getattr(self, name)) != clips:
                raise ValueError(f"{name} has {len(getattr(self, name))} entries for {clips} clips")
        for name, total in (("sample_offsets", len(self.waveforms)), ("token_offsets", len(self.input_ids))):
            offsets = getattr(self, name)
            if len(offsets) != clips + 1 or offsets[0] != 0 or offsets[-1] != total:
                raise ValueError(f"{name} must have {clips + 1} entries from 0 to {total}; it does not fit the data")
        if (self.sample_offsets % HOP_LENGTH).any():
            raise ValueError(f"sample_offsets must be multiples of {HOP_LENGTH}: cut every clip to whole frames")
        frames = len(self.waveforms) // HOP_LENGTH
        for name, total in (("log_f0", frames), ("energy", frames), ("durations", len(self.input_ids))):
            if len(getattr(self, name)) != total:
                raise ValueError(f"{name} has {len(getattr(self, name))} values; {total} belong to this corpus")

    def __len__(self) -> int:
        return len(self.texts)

    @property
    def frame_offsets(self) -> np.ndarray:
        """`np.ndarray` of shape `(N + 1,)`, int64: where each clip starts in `log_f0` and `energy`."""
        return self.sample_offsets // HOP_LENGTH

    @property
    def frame_lengths(self) -> np.ndarray:
        """`np.ndarray` of shape `(N,)`, int64: frames of each clip."""
        return np.diff(self.frame_offsets)

    @property
    def token_lengths(self) -> np.ndarray:
        """`np.ndarray` of shape `(N,)`, int64: tokens of each clip, 0 without transcript."""
        return np.diff(self.token_offsets)

    @property
    def transcribed(self) -> np.ndarray:
        """`np.ndarray` of shape `(N,)`, bool: clips that have tokens."""
        return self.token_lengths > 0

    @property
    def hours(self) -> float:
        """Length of all clips in hours."""
        return len(self.waveforms) / SAMPLING_RATE / 3600.0

    def waveform(self, index: int) -> np.ndarray:
        """`np.ndarray` of shape `(S_i,)`, float32 in [-1, 1]: samples of clip `index`."""
        start, stop = self.sample_offsets[index : index + 2]
        return self.waveforms[start:stop].astype(np.float32) / 32767.0

    def clip(self, index: int) -> dict[str, Any]:
        """
        Everything about one clip.

        Returns:
            `dict`: `waveform` float32 `[S_i]`, `log_f0` and `energy` float32 `[F_i]`, `input_ids` and `durations`
            int64 `[T_i]`, and `speaker_id`, `language_id`, `text`, `phonemes`, `language`, `split`, `name`, `speaker`.
        """
        frames = slice(*self.frame_offsets[index : index + 2])
        tokens = slice(*self.token_offsets[index : index + 2])
        return {
            "waveform": self.waveform(index),
            "log_f0": np.array(self.log_f0[frames], dtype=np.float32),
            "energy": np.array(self.energy[frames], dtype=np.float32),
            "input_ids": self.input_ids[tokens].astype(np.int64),
            "durations": self.durations[tokens].astype(np.int64),
            "speaker_id": int(self.speaker_ids[index]),
            "language_id": int(self.language_ids[index]),
            "text": self.texts[index],
            "phonemes": self.phonemes[index],
            "language": self.languages[index],
            "split": self.splits[index],
            "name": self.names[index],
            "speaker": self.speakers[self.speaker_ids[index]],
        }

    def select(self, indices: Sequence[int]) -> PackedCorpus:
        """
        A corpus of the given clips in the given order (data is copied; the list of speakers stays the same).

        Args:
            indices (sequence of `int` of length M): clips to keep.
        """
        indices = [int(i) for i in indices]

        def gather(array: np.ndarray, offsets: np.ndarray) -> np.ndarray:
            parts = [array[offsets[i] : offsets[i + 1]] for i in indices]
            return np.concatenate(parts) if parts else array[:0]

        return PackedCorpus(
            waveforms=gather(self.waveforms, self.sample_offsets),
            sample_offsets=offsets_of(np.diff(self.sample_offsets)[indices]),
            log_f0=gather(self.log_f0, self.frame_offsets),
            energy=gather(self.energy, self.frame_offsets),
            input_ids=gather(self.input_ids, self.token_offsets),
            token_offsets=offsets_of(self.token_lengths[indices]),
            durations=gather(self.durations, self.token_offsets),
            speaker_ids=self.speaker_ids[indices],
            language_ids=self.language_ids[indices],
            **{
                name: [getattr(self, name)[i] for i in indices]
                for name in ("texts", "phonemes", "languages", "splits", "names")
            },
            speakers=list(self.speakers),
            notes=dict(self.notes),
        )

    def save(self, folder: str | os.PathLike) -> None:
        """
        Write `corpus.safetensors` and `corpus.json`; a reader sees the old corpus or the new one, never a half.

        Args:
            folder (`str` or path): is created, or replaced if it holds a corpus.

        Raises:
            ValueError: the folder holds other things than a corpus.
        """
        folder = Path(folder)
        check_output(folder)
        folder.parent.mkdir(parents=True, exist_ok=True)
        scratch = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
        try:
            arrays = {f.name: getattr(self, f.name) for f in fields(self) if f.type == "np.ndarray"}
            write_tensors(scratch / ARRAYS_FILE, arrays)
            table = {f.name: getattr(self, f.name) for f in fields(self) if f.name not in arrays}
            table = {"format_version": FORMAT_VERSION, **table}
            (scratch / TABLE_FILE).write_text(json.dumps(table, ensure_ascii=False, indent=0), encoding="utf-8")
            scratch.chmod(0o755)
            if folder.exists():
                old = Path(tempfile.mkdtemp(prefix=f".{folder.name}-old-", dir=folder.parent))
                os.replace(folder, old / "corpus")
                os.replace(scratch, folder)
                shutil.rmtree(old)
            else:
                os.replace(scratch, folder)
        finally:
            shutil.rmtree(scratch, ignore_errors=True)

    @classmethod
    def load(cls, folder: str | os.PathLike) -> PackedCorpus:
        """
        Open a saved corpus; arrays stay on disk (memory-mapped, read-only) until they are used.

        Args:
            folder (`str` or path): what `save` wrote.

        Raises:
            FileNotFoundError: no corpus there.
            ValueError: another format version, or a damaged file.
        """
        folder = Path(folder)
        if not (folder / TABLE_FILE).is_file():
            raise FileNotFoundError(
                f"{str(folder)!r} has no {TABLE_FILE}; make a corpus with `valetts data prepare` first"
            )
        table = json.loads((folder / TABLE_FILE).read_text(encoding="utf-8"))
        version = table.pop("format_version", None)
        if version != FORMAT_VERSION:
            raise ValueError(f"corpus format {version!r} is not {FORMAT_VERSION}; prepare the corpus again")
        return cls(**_arrays(folder / ARRAYS_FILE), **table)


def check_output(folder: str | os.PathLike) -> None:
    """Refuse (`ValueError`) a folder for a corpus that holds other things."""
    if os.path.exists(folder) and not (os.path.isdir(folder) and set(os.listdir(folder)) <= {ARRAYS_FILE, TABLE_FILE}):
        raise ValueError(f"{str(folder)!r} holds other files; name an empty or new folder for the corpus")


def offsets_of(lengths: Iterable[int]) -> np.ndarray:
    """`np.ndarray` of shape `(N + 1,)`, int64: where pieces of the given N lengths begin and end, laid end to end."""
    return np.concatenate([[0], np.cumsum(np.asarray(list(lengths), dtype=np.int64))]).astype(np.int64)


def _arrays(path: Path) -> dict[str, np.ndarray]:
    try:
        return map_tensors(path)
    except (ValueError, FileNotFoundError) as error:
        raise ValueError(f"{error}; prepare the corpus again") from error
