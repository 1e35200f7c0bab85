"""Which code of this package a machine has: its version, and a digest of its files. No TensorFlow."""

import functools
import hashlib
import os
import pathlib
from typing import NamedTuple

from gan import __version__


class CodeVersion(NamedTuple):
    """Of this package."""

    version: str
    digest: str  # SHA-256 of its Python files, those that contestants change among them


@functools.cache
def here() -> CodeVersion:
    """Of this machine."""
    root, digest = pathlib.Path(os.path.abspath(__file__)).parent.parent, hashlib.sha256()
    for path in sorted(root.rglob("*.py")):
        content = path.read_bytes()
        digest.update(f"{path.relative_to(root).as_posix()} {len(content)} ".encode() + content)
    return CodeVersion(__version__, digest.hexdigest())


def why_refused(worker: CodeVersion) -> str | None:
    """Why a worker with this code cannot work for this machine, as the end of a sentence; None if it can."""
    home = here()
    if worker.version != home.version:
        return f"it has version {worker.version} of gan, and this machine {home.version}; install the same"
    if worker.digest != home.digest:
        return "its files of gan are not those of this machine, such as other networks; copy them there"
    return None
