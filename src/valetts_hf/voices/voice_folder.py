"""A voice as a folder or Hub repository: written whole or not at all, read with clear errors, shared with a small card.

    voice.json                 name, language, checkpoint, consent, source, ...
    voice.safetensors          "style" [H]
    adapter/                   PEFT: adapter_config.json, adapter_model.safetensors (if it was adapted)
    config.json, processor_config.json, tokenizer_config.json    one line each: `pipeline(model=<folder>)` finds the base
    README.md                  the card

The adapter has a folder of its own because transformers takes a repository with `adapter_config.json` at its top for an
adapter alone and would speak with the base's voice instead of the style vector.
"""

from __future__ import annotations

import contextlib
import errno
import glob
import json
import os
import shutil
import tempfile
import time
import uuid
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from valetts_hf.voices.errors import ConsentError, VoiceError, VoiceFileError, one_line
from valetts_hf.voices.places import VOICE_FILE
from valetts_hf.voices.voice import Voice


STYLE_FILE, ADAPTER_FOLDER = "voice.safetensors", "adapter"
ADAPTER_FILES = ("adapter_config.json", "adapter_model.safetensors")
CONFIG_FILE = "config.json"
MODEL_TYPE = "valetts_voice"
FORMAT_VERSION = 1
BUNDLED_BASE = "valetts/base"
_SWAP_ATTEMPTS = 50  # of processes that replace one folder at the same time
_FIELDS = (
    "name",
    "checkpoint",
    "language",
    "base_model_name_or_path",
    "content_hash",
    "consent",
    "consent_date",
    "source",
    "metadata",
)
_HUB_OPTIONS = {"revision", "token", "cache_dir", "local_files_only", "force_download"}


def portable_base(source: str | os.PathLike | None) -> str | None:
    """How a voice names its base: the bundled checkpoint by a name that holds on every machine, others as they are."""
    if source is None or not str(source):
        return None
    bundled = import_module("valetts_hf").BASE_CHECKPOINT  # looked up now: a program may point it elsewhere
    name = os.path.expanduser(os.fspath(source))
    if name == BUNDLED_BASE or (os.path.isdir(name) and os.path.realpath(name) == os.path.realpath(bundled)):
        return BUNDLED_BASE
    return os.path.abspath(name) if os.path.isdir(name) else name


def resolve_base(name: str | None) -> str:
    """What to load for the base a voice names: a folder or repository; the bundled checkpoint for "valetts/base" or None."""
    return import_module("valetts_hf").BASE_CHECKPOINT if name in (None, BUNDLED_BASE) else name


def save_voice(voice: Voice, folder: str | os.PathLike) -> Path:
    """Write a voice into a folder, which it replaces if that holds a voice; a failure leaves the folder as it was.

    Args:
        voice ([`Voice`]): any.
        folder: created if needed.

    Raises:
        `VoiceError`: the folder holds something else. `VoiceFileError` (an `OSError`): it cannot be written.
    """
    target = Path(folder).expanduser().absolute()
    from safetensors import SafetensorError

    temporary = target.with_name(f".{target.name}.{uuid.uuid4().hex}.part")
    try:
        refuse_other_things(target)
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary.mkdir()
        _write(voice, temporary)
        for path in temporary.rglob("*.safetensors"):
            path.chmod(0o644)  # the library writes them for their owner alone, but voices are shared
        _finish_swap(target)
        _swap(temporary, target)
    except (OSError, SafetensorError) as error:
        reason = getattr(error, "strerror", None) or one_line(error).rstrip(".")
        raise VoiceFileError(
            f"voice {voice.name!r} could not be saved to {str(target)!r}: {reason}. Nothing there was changed; make room or "
            "choose another folder."
        ) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return target


def load_voice(source: str | os.PathLike, **hub_options: Any) -> Voice:
    """Read a voice.

    Args:
        source: folder, or repository on the Hub ("owner/name"); a repository that was fetched before works offline.
        hub_options: `revision`, `token`, `cache_dir`, `local_files_only`, `force_download`.

    Raises:
        `VoiceFileError` (an `OSError`): missing, damaged, or not a voice. `TypeError`: unknown option.
    """
    unknown = sorted(set(hub_options) - _HUB_OPTIONS)
    if unknown:
        raise TypeError(f"loading a voice got an unexpected keyword argument {unknown[0]!r}.")
    folder = Path(source).expanduser()
    _finish_swap(folder)
    if not folder.is_dir():
        name = os.fspath(source)
        if name.startswith((".", "/", "~", "\\")) or name.count("/") != 1 or not name.strip():
            raise VoiceFileError(f"there is no voice folder {name!r}: check the path (now in {os.getcwd()!r}).")
        folder = _download(name, hub_options)
    return _read_settled(folder, str(source))


def push_voice(
    voice: Voice,
    repo_id: str,
    private: bool | None = None,
    token: str | bool | None = None,
    message: str | None = None,
) -> str:
    """Upload a voice with its card, in one commit.

    Args:
        voice ([`Voice`]): with a consent statement.
        repo_id (`str`): "owner/name"; created if needed.
        private (`bool`, *optional*): of a new repository.
        token (*optional*): of the Hub; default: the one you are logged in with.
        message (`str`, *optional*): of the commit.

    Returns:
        `str`: the address of the commit.

    Raises:
        `ConsentError`: no consent is recorded. `VoiceError`: its base is a folder of this machine. Errors of the Hub pass.
    """
    if voice.consent is None:
        raise ConsentError(
            f"voice {voice.name!r} has no consent statement and is not shared: set voice.consent to how the speaker agreed."
        )
    if os.path.isabs(voice.base_model_name_or_path or ""):
        raise VoiceError(
            f"the base of voice {voice.name!r} is the folder {voice.base_model_name_or_path!r}, which others do not have: "
            "push that checkpoint first, then set voice.base_model_name_or_path to its repository."
        )
    from huggingface_hub import HfApi

    api = HfApi(token=token)
    repo_id = api.create_repo(repo_id, private=private, exist_ok=True).repo_id
    with tempfile.TemporaryDirectory() as temporary:
        _write(voice, Path(temporary), repo_id)
        commit = api.upload_folder(
            repo_id=repo_id, folder_path=temporary, commit_message=message or f"Voice {voice.name}"
        )
    return str(commit.commit_url)


def _write(voice: Voice, folder: Path, repo_id: str | None = None) -> None:
    from safetensors.numpy import save_file

    base = portable_base(voice.base_model_name_or_path)
    facts = {name: getattr(voice, name) for name in _FIELDS} | {"base_model_name_or_path": base}
    facts = {"format_version": FORMAT_VERSION, **facts, "adapter": voice.adapter is not None}
    save_file({"style": np.ascontiguousarray(voice.style)}, folder / STYLE_FILE, metadata={"format": "pt"})
    if voice.adapter is not None:
        _write_adapter(voice, folder / ADAPTER_FOLDER, base)
    _write_json(folder / CONFIG_FILE, {"model_type": MODEL_TYPE, "base_model_name_or_path": base})
    _write_json(folder / "processor_config.json", {"processor_class": "ValeTTSVoiceProcessor"})
    _write_json(folder / "tokenizer_config.json", {"tokenizer_class": "ValeTTSVoiceTokenizer"})
    (folder / "README.md").write_text(_card(voice, base, repo_id), encoding="utf-8")
    _write_json(folder / VOICE_FILE, facts)


def _write_adapter(voice: Voice, folder: Path, base: str | None) -> None:
    folder.mkdir()
    if isinstance(voice.adapter, tuple):
        from valetts_hf.voices.adapters import save_adapter

        save_adapter(folder, *voice.adapter)
    else:
        for file in ADAPTER_FILES:
            shutil.copyfile(voice.adapter / file, folder / file)
    path = folder / ADAPTER_FILES[0]
    settings = json.loads(path.read_text(encoding="utf-8"))
    _write_json(path, settings | {"base_model_name_or_path": base})  # PEFT notes the path of this machine
    for extra in folder.glob("README.md"):  # PEFT's empty card
        extra.unlink()


def _write_json(path: Path, value: dict[str, Any]) -> None:
    path.write_text(json.dumps(value, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


def refuse_other_things(target: Path) -> None:
    """A voice takes the place of a voice, of an empty folder or of nothing.

    Raises:
        `VoiceError`: the folder holds something else, or is a file.
    """
    before = _identity(target)
    try:
        names = os.listdir(target)
    except FileNotFoundError:
        return
    except NotADirectoryError:
        raise VoiceError(f"{str(target)!r} is a file: give the name of a folder for the voice.") from None
    if names and VOICE_FILE not in names and before == _identity(target):  # else another process replaces it just now
        raise VoiceError(f"the folder {str(target)!r} holds other files and no voice: give a new or empty folder.")


def _swap(new: Path, target: Path) -> None:
    """Put a finished folder in the place of another; if that fails the other stays. Several processes may do so at once."""
    old = target.with_name(f".{target.name}.{uuid.uuid4().hex}.old")
    for attempt in range(_SWAP_ATTEMPTS):
        with contextlib.suppress(FileNotFoundError):  # there is none, or another process moves it just now
            os.rename(target, old)
        try:
            os.rename(new, target)
            break
        except OSError as error:
            faster = error.errno in (errno.ENOTEMPTY, errno.EEXIST)  # another process: its voice is the older one now
            if not faster:
                with contextlib.suppress(OSError):  # there is none to bring back
                    os.rename(old, target)
                raise
            shutil.rmtree(old, ignore_errors=True)
            if attempt + 1 == _SWAP_ATTEMPTS:
                raise
    shutil.rmtree(old, ignore_errors=True)


def _finish_swap(target: Path) -> None:
    """Bring back a folder whose replacement was interrupted between two renames; wait for one that is under way."""
    for attempt in range(6):
        if not target.name or target.exists():
            return
        old = sorted(target.parent.glob(f".{glob.escape(target.name)}.*.old"), key=_modified)
        if not old:
            return
        if attempt == 5:
            with contextlib.suppress(OSError):  # another process was faster
                os.rename(old[-1], target)
        time.sleep(0.02)


def _modified(path: Path) -> int:
    """When a folder was modified, in nanoseconds; 0 if another process has just removed it."""
    try:
        return path.stat().st_mtime_ns
    except FileNotFoundError:
        return 0


def _read_settled(folder: Path, name: str) -> Voice:
    """Read a folder that other processes may replace meanwhile: all files come from one version of it."""
    for _ in range(_SWAP_ATTEMPTS):
        _finish_swap(folder)
        before, voice, damage = _identity(folder), None, None
        try:
            voice = _read(folder, name)
        except VoiceFileError as error:
            damage = error
        if before == _identity(folder):
            break
    else:
        damage = VoiceFileError(f"the voice {name!r} is being replaced all the time: try again.")
    if damage is not None:
        raise damage
    return voice


def _identity(folder: Path) -> tuple[int, int, int] | None:
    try:
        facts = folder.stat()
    except FileNotFoundError:
        return None
    return facts.st_dev, facts.st_ino, facts.st_mtime_ns


def _download(name: str, hub_options: dict[str, Any]) -> Path:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HFValidationError

    wanted = [VOICE_FILE, STYLE_FILE, *(f"{ADAPTER_FOLDER}/{file}" for file in ADAPTER_FILES)]
    try:
        return Path(snapshot_download(name, allow_patterns=wanted, **hub_options))
    except (OSError, HFValidationError, ValueError) as error:
        raise VoiceFileError(
            f"the voice {name!r} is neither a folder here nor reachable on the Hub: {one_line(error)} Check the name and "
            "the connection."
        ) from error


def _read(folder: Path, name: str) -> Voice:
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    if not (folder / VOICE_FILE).is_file():
        raise VoiceFileError(f"{name!r} holds no {VOICE_FILE}, so it is no voice: check the name.")
    again = "Copy or download the voice again, or enrol it anew."
    try:
        facts = json.loads((folder / VOICE_FILE).read_text(encoding="utf-8"))
        if not isinstance(facts, dict):
            raise ValueError("it holds no JSON object")
        version = facts.get("format_version")
        if not isinstance(version, int) or not 1 <= version <= FORMAT_VERSION:
            raise ValueError(
                f"format_version is {version!r}, this version of the package reads up to {FORMAT_VERSION}"
            )
        style = load_file(folder / STYLE_FILE)["style"]
        adapter = folder / ADAPTER_FOLDER if facts.get("adapter") else None
        for file in ADAPTER_FILES if adapter else ():
            if not (adapter / file).is_file():
                raise ValueError(f"{ADAPTER_FOLDER}/{file} is missing")
        given = {key: facts[key] for key in _FIELDS if facts.get(key) is not None}
        for key, value in given.items():
            wanted = dict if key == "metadata" else str
            if not isinstance(value, wanted):
                raise ValueError(f"{key!r} is {str(value)[:60]!r} in {VOICE_FILE}, not a {wanted.__name__}")
        missing = sorted({"name", "checkpoint"} - set(given))
        if missing:
            raise ValueError(f"{missing[0]!r} is missing in {VOICE_FILE}")
        return Voice(style=style, adapter=adapter, **given)
    except (OSError, ValueError, KeyError, TypeError, SafetensorError) as error:
        raise VoiceFileError(f"the voice {name!r} is damaged: {one_line(error)} {again}") from error


def _card(voice: Voice, base: str | None, repo_id: str | None) -> str:
    """A short model card: how to use it, whose voice it is, what it was made of."""
    link = repo_id or "path/to/this/folder"
    header = {
        "library_name": "valetts-hf",
        "pipeline_tag": "text-to-speech",
        "tags": ["text-to-speech", "voice", "valetts"],
    }
    if base not in (None, BUNDLED_BASE) and not os.path.isabs(base):
        header["base_model"] = base
    if voice.language:
        header["language"] = [voice.language.split("-")[0]]
    front = "\n".join(f"{key}: {json.dumps(value, ensure_ascii=False)}" for key, value in header.items())
    facts = {
        "Base": base or "not noted",
        "Checkpoint": voice.checkpoint,
        "Kind": "style vector" if voice.adapter is None else "style vector and PEFT adapter",
        "Language of the recordings": voice.language or "not noted",
        "Source": voice.source or "not noted",
        "Consent": f"{voice.consent} (stated {voice.consent_date})" if voice.consent else "none recorded",
    }
    table = "\n".join(f"| {key} | {_cell(value)} |" for key, value in facts.items())
    return f"""---
{front}
---

# {voice.name}

A voice for ValeTTS (`pip install valetts-hf`).

```python
from valetts_hf import ValeTTS, Voice

speech = ValeTTS.from_pretrained({base_argument(base)})("Hello!", voice=Voice.from_pretrained({link!r}))
speech.save("hello.wav")
```

`transformers.pipeline("text-to-speech", model={link!r})` works as well after `import valetts_hf`; it finds its base by itself.

| | |
| --- | --- |
{table}

This is the voice of a person. Use it only as the statement above allows, say that the speech is synthetic, and do not use it
to deceive. The statement was given by whoever made the voice; nobody has verified it.
"""


def base_argument(base: str | None) -> str:
    return "" if base in (None, BUNDLED_BASE) else repr(base)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
