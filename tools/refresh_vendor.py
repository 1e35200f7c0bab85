"""Fetches the libraries that the page is built with, at their pinned versions, into gan/screen/page/vendor.

    python tools/refresh_vendor.py            # after a version below was changed
    python tools/refresh_vendor.py --check    # whether the files are those of the versions below

Needs npm, which fetches the packages. The digests are those that `npm view PACKAGE dist.integrity` tells.
"""

import base64
import hashlib
import pathlib
import subprocess
import sys
import tarfile
import tempfile
from typing import NamedTuple

VENDOR = pathlib.Path(__file__).resolve().parents[1] / "gan" / "screen" / "page" / "vendor"


class Package(NamedTuple):
    """A package on npm.

    Attributes:
        name: as npm knows it.
        version: of the package.
        integrity: sha512 of the archive, in base64.
        files: path in the package -> name in the folder vendor.
    """

    name: str
    version: str
    integrity: str
    files: dict[str, str]


PACKAGES = (
    Package(
        "preact",
        "11.2.0",
        "/HfHI/7N84e6GrWBJ3J280z3mLaRJiDcSvj/A+y/4AbLnND/1UlGHe1sR6oYuTGwId0nP7dqDU9OnLxMPZ7xBg==",
        {"dist/preact.mjs": "preact.mjs", "hooks/dist/hooks.mjs": "hooks.mjs", "LICENSE": "LICENSE.preact"},
    ),
    Package(
        "htm",
        "3.1.1",
        "983Vyg8NwUE7JkZ6NmOqpCZ+sh1bKv2iYTlUkzlWmA5JD2acKoxd4KVxbMmxX/85mtfdnDmTFoNKcg5DGAvxNQ==",
        {"dist/htm.mjs": "htm.mjs", "LICENSE": "LICENSE.htm"},
    ),
)


def fetched(package: Package, folder: pathlib.Path) -> dict[str, bytes]:
    """Fetches a package; returns its files by their names in the folder vendor.

    Raises:
        ValueError: the package is not the one whose digest is written above.
        subprocess.CalledProcessError: npm cannot fetch it.
    """
    wanted = f"{package.name}@{package.version}"
    subprocess.run(["npm", "pack", "--silent", wanted], cwd=folder, check=True, stdout=subprocess.DEVNULL)
    archive = folder / f"{package.name}-{package.version}.tgz"
    digest = base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()
    if digest != package.integrity:
        raise ValueError(f"{wanted} has the digest {digest}, not {package.integrity}")
    with tarfile.open(archive) as tar:
        return {name: _content(tar, f"package/{path}") for path, name in package.files.items()}


def _content(tar: tarfile.TarFile, path: str) -> bytes:
    member = tar.extractfile(path)
    if member is None:
        raise ValueError(f"{path} is not a file")
    return member.read()


def versions() -> str:
    """The text of the file VERSIONS."""
    return "".join(f"{package.name} {package.version} sha512-{package.integrity}\n" for package in PACKAGES)


def main(arguments: list[str]) -> int:
    """Fetches or checks all packages; returns the exit status."""
    with tempfile.TemporaryDirectory() as folder:
        files = {"VERSIONS": versions().encode()}
        for package in PACKAGES:
            files |= fetched(package, pathlib.Path(folder))
    if "--check" in arguments:
        differing = [name for name, content in files.items() if (VENDOR / name).read_bytes() != content]
        print(f"differing: {', '.join(differing)}" if differing else "all files are those of the versions")
        return 1 if differing else 0
    VENDOR.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (VENDOR / name).write_bytes(content)
    print(versions(), end="")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
