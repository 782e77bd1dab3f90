"""Where the kernel comes from: the build inside the package, a folder, a repository of the Hub, or a lock file.

`VALETTS_KERNELS` chooses: unset or `bundled`, `off`, a folder in the layout of a kernel repository, `hub` (the project's
repository), or `organisation/name@revision`. `VALETTS_KERNELS_TRUST=1` allows code of a publisher whom the Hub does not
list as trusted; `VALETTS_KERNELS_LOCK` names a lock file whose commits and digests are then the only ones accepted.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal


VARIABLE = "VALETTS_KERNELS"
TRUST_VARIABLE = "VALETTS_KERNELS_TRUST"
LOCK_VARIABLE = "VALETTS_KERNELS_LOCK"
HUB_REPOSITORY = "valetts/anti-aliased-snake"
HUB_REVISION = "v1"
PROJECT = "anti_aliased_snake"


@dataclass(frozen=True)
class KernelSource:
    """One place to load kernels from.

    Args:
        kind (`str`): "folder", "hub", "locked" or "off".
        location (`str`): path or repository id.
        revision (`str`, *optional*): of "hub": branch, tag or commit.
        lock_file (`str`, *optional*): of "locked".
        trusted (`bool`): whether an untrusted publisher's code may run.
    """

    kind: Literal["folder", "hub", "locked", "off"]
    location: str = ""
    revision: str | None = None
    lock_file: str | None = None
    trusted: bool = False

    def repository(self, layer_name: str) -> Any:
        """The object of the `kernels` library that loads this layer."""
        from kernels import LayerRepository, LocalLayerRepository, LockedLayerRepository

        if self.kind == "folder":
            return LocalLayerRepository(Path(self.location), layer_name=layer_name)
        trust = [self.location] if self.trusted else False
        if self.kind == "locked":
            return LockedLayerRepository(
                self.location, lockfile=Path(self.lock_file or ""), layer_name=layer_name, trust_remote_code=trust
            )
        return LayerRepository(self.location, layer_name=layer_name, revision=self.revision, trust_remote_code=trust)

    def __str__(self) -> str:
        at = f"@{self.revision}" if self.revision else ""
        locked = f" (locked by {self.lock_file})" if self.lock_file else ""
        return f"{self.location or self.kind}{at}{locked}"


def bundled_repository() -> Path:
    """The kernel repository that travels with the package: inside an installed one, beside `src` in a checkout.

    Raises:
        FileNotFoundError: it is in neither place.
    """
    installed = Path(__file__).parent / "builds" / PROJECT
    checkout = Path(__file__).resolve().parents[3] / "kernels" / PROJECT
    for folder in (installed, checkout):
        if (folder / "build").is_dir():
            return folder
    raise FileNotFoundError(f"the kernels of this installation are gone: neither {installed} nor {checkout} is there")


def kernel_source(choice: str | None = None) -> KernelSource:
    """Read a choice as `VALETTS_KERNELS` takes it (None: that of the environment).

    Raises:
        ValueError: it names nothing that can be loaded.
    """
    choice = choice or os.environ.get(VARIABLE) or "bundled"
    trusted = os.environ.get(TRUST_VARIABLE, "0") in ("1", "true", "yes")
    lock_file = os.environ.get(LOCK_VARIABLE)
    if choice == "off":
        return KernelSource("off")
    if choice == "bundled":
        return KernelSource("folder", str(bundled_repository()))
    folder = Path(choice).expanduser()
    if folder.is_dir():
        return KernelSource("folder", str(folder.resolve()))
    name, _, revision = (f"{HUB_REPOSITORY}@{HUB_REVISION}" if choice == "hub" else choice).partition("@")
    if name.count("/") != 1 or name.startswith((".", "/")) or not all(name.split("/")):
        raise ValueError(
            f"{VARIABLE}={choice!r} is neither bundled, off, hub, a folder that exists, nor organisation/name@revision"
        )
    if lock_file:
        return KernelSource("locked", name, lock_file=lock_file, trusted=trusted)
    return KernelSource("hub", name, revision or HUB_REVISION, trusted=trusted)
