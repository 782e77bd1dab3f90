"""transformers' own test mixins, taken from the source distribution of the installed version.

The wheel does not carry them. pip downloads the source distribution once into a cache folder; its size and SHA-256 are
checked against those written here; the shared test files are unpacked as the package `upstream_tests`, with the small
files beside them that the distribution lacks.
"""

from __future__ import annotations

import hashlib
import importlib
import importlib.metadata
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from types import ModuleType

import pytest


# version of transformers: (bytes, SHA-256) of its source distribution
KNOWN = {
    "5.22.2": (10383941, "55f57e5cbd7c0b500b7a706daa0ecd76567b56ca139e6e02ef0bba0437e3a763"),
}
FILES = (
    "test_modeling_common",
    "test_configuration_common",
    "test_processing_common",
    "test_feature_extraction_common",
    "test_sequence_feature_extraction_common",
    "test_tokenization_common",
    "test_tokenizers_backend_mixin",
    "test_sentencepiece_backend_mixin",
)
# What the shared files import or read, but the distribution does not have.
SHIMS = {
    "__init__.py": "",
    "exporters/__init__.py": "",
    "exporters/test_export.py": "class ExportTesterMixin:\n    pass\n",
    "generation/__init__.py": "",
    "generation/test_utils.py": "class GenerationTesterMixin:\n    pass\n",
    "utils/__init__.py": "",
    "utils/test_configuration_utils.py": (
        "config_common_kwargs = {\n"
        "    'return_dict': False,\n"
        "    'output_hidden_states': True,\n"
        "    'output_attentions': True,\n"
        "    'problem_type': 'regression',\n"
        "    'architectures': ['ValeTTSForSpeech'],\n"
        "    'id2label': {0: 'one'},\n"
        "    'label2id': {'one': 0},\n"
        "    'chunk_size_feed_forward': 5,\n"
        "}\n"
    ),
    "fixtures/sample_text.txt": "The ferry leaves the harbour at seven.\n\nIt returns before night, if the sea is calm.\n",
    "../fetch_hub_objects_for_ci.py": "def url_to_local_path(url):\n    return url\n",
}


def load(name: str) -> ModuleType:
    """A shared test file as a module; skips the calling test file with the reason when it cannot be had."""
    for needed in ("parameterized", "PIL"):
        if importlib.util.find_spec(needed) is None:
            pytest.skip(f"transformers' testers need {needed}: pip install '.[dev]'", allow_module_level=True)
    try:
        folder = _unpacked(importlib.metadata.version("transformers"))
    except RuntimeError as error:
        pytest.skip(str(error), allow_module_level=True)
    if str(folder) not in sys.path:
        sys.path.append(str(folder))
    return importlib.import_module(f"upstream_tests.{name}")


def _unpacked(version: str) -> Path:
    """Folder that holds the package `upstream_tests` of a version."""
    if version not in KNOWN:
        raise RuntimeError(f"no checksum is known here for the sources of transformers {version}, only {list(KNOWN)}")
    caches = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    size, sha256 = KNOWN[version]
    # the shims are part of the name: changed shims are written anew
    stamp = hashlib.sha256(repr((sha256, FILES, SHIMS)).encode()).hexdigest()[:12]
    folder = caches / "valetts-hf-tests" / f"transformers-{version}-{stamp}"
    if folder.is_dir():
        return folder
    with tempfile.TemporaryDirectory() as scratch:
        archive = _download(version, Path(scratch))
        data = archive.read_bytes()
        if len(data) != size or hashlib.sha256(data).hexdigest() != sha256:
            raise RuntimeError(f"the downloaded sources of transformers {version} are not those that are known here")
        target = Path(scratch) / "unpacked"
        package = target / "upstream_tests"
        for path, text in SHIMS.items():
            (package / path).parent.mkdir(parents=True, exist_ok=True)
            (package / path).write_text(text)
        with tarfile.open(archive) as tar:
            for name in FILES:
                member = tar.extractfile(f"transformers-{version}/tests/{name}.py")
                (package / f"{name}.py").write_bytes(member.read())
        folder.parent.mkdir(parents=True, exist_ok=True)
        partial = folder.with_name(f"{folder.name}.{os.getpid()}")
        shutil.move(target, partial)
        try:
            partial.rename(folder)
        except OSError:  # another test process was faster
            shutil.rmtree(partial)
    return folder


def _download(version: str, folder: Path) -> Path:
    """The source distribution as pip gets it, from wherever pip is set up to look."""
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", "transformers"]
    try:
        done = subprocess.run(
            [*command, "--dest", str(folder), f"transformers=={version}"], capture_output=True, text=True, timeout=180
        )
    except subprocess.TimeoutExpired as error:
        raise RuntimeError(f"pip did not get the sources of transformers {version} in three minutes") from error
    archive = folder / f"transformers-{version}.tar.gz"
    if done.returncode or not archive.is_file():
        reason = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise RuntimeError(f"pip cannot get the sources of transformers {version}: {reason}")
    return archive
