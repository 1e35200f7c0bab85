"""Paths on disk and paths in Google Cloud Storage, which begin with gs://."""

import os

from gan.console.errors import StateError, UserError

SCHEME = "gs://"


def is_remote(path: str) -> bool:
    """Whether a path is in a bucket."""
    return path.startswith(SCHEME)


def join(folder: str, *names: str) -> str:
    """Like os.path.join, for both kinds of path."""
    return "/".join([folder.rstrip("/"), *names]) if is_remote(folder) else os.path.join(folder, *names)


def check_on_disk(path: str, flag: str) -> None:
    """Raises UserError, which names the flag, if a path is in a bucket."""
    if is_remote(path):
        raise UserError(f"--{flag}={path} is in a bucket, but this folder must be on disk; give a folder on disk")


def split(path: str) -> tuple[str, str]:
    """gs://bucket/some/name -> (bucket, some/name); raises StateError if it names no bucket."""
    bucket, _, name = path[len(SCHEME) :].partition("/")
    if not (bucket[:1].isalnum() and bucket[-1:].isalnum()):
        raise StateError(f"{path} names no bucket; write gs://bucket/folder")
    return bucket, name


def prefix_of(folder: str) -> str:
    """What the names of all objects in a folder of a bucket begin with."""
    name = split(folder)[1].rstrip("/")
    return name + "/" if name else ""
