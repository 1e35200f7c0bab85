"""Kinds of picture files, told by their first bytes and not by their names. No TensorFlow."""

import functools
import importlib.util
import os
import re
from collections.abc import Callable
from typing import NamedTuple

HEAD_BYTES = 32  # of a file that `kind_of` wants to see

# Endings of names that say that a file ought to be a picture. One that is none is a damaged picture.
ENDINGS = (".jpg", ".jpeg", ".png", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".ppm", ".pgm")
# Endings of others whose content is worth a look, in a bucket, where a look costs a download. "" is no ending.
MORE_ENDINGS = (
    "",
    ".jfif",
    ".jpe",
    ".jif",
    ".pjpeg",
    ".heic",
    ".heif",
    ".hif",
    ".avif",
    ".pbm",
    ".pnm",
    ".dib",
    ".apng",
)

# Negatives of cameras begin like TIFF, but hold small previews beside data that Pillow cannot develop.
_CAMERA_ENDINGS = (".arw", ".cr2", ".cr3", ".dng", ".nef", ".nrw", ".orf", ".pef", ".raf", ".rw2", ".srw")
# Not Pillow's other formats: some of them start programs.
_FORMATS = ("JPEG", "PNG", "BMP", "GIF", "WEBP", "TIFF", "PPM")
_HEADS = [
    (re.compile(rb"\xff\xd8\xff"), "JPEG"),
    (re.compile(rb"\x89PNG\r\n\x1a\n"), "PNG"),
    (re.compile(rb"GIF8[79]a"), "GIF"),
    (re.compile(rb"RIFF.{4}WEBP", re.DOTALL), "WEBP"),
    (re.compile(rb"II[*+]\0|MM\0[*+]"), "TIFF"),
    (re.compile(rb"BM.{12}[\x0c\x28\x34\x38\x40\x6c\x7c]\0\0\0", re.DOTALL), "BMP"),
    (re.compile(rb"P[1-6f]\s+(#|\d+\s)"), "PPM"),
    (re.compile(rb".{4}ftyp(avif|avis)", re.DOTALL), "AVIF"),
    (re.compile(rb".{4}ftyp(hei[cxms]|hev[cx]|mif1|msf1)", re.DOTALL), "HEIF"),
]
_UNREAD_HEADS = [  # pictures and archives that are not read -> what they are
    (re.compile(rb"\0\0\0\x0cjP  |\xff\x4f\xff\x51"), "JPEG 2000"),
    (re.compile(rb"\xff\x0a|\0\0\0\x0cJXL "), "JPEG XL"),
    (re.compile(rb"8BPS"), "Photoshop"),
]
_ARCHIVE_HEADS = re.compile(rb"PK\x03\x04|\x1f\x8b|7z\xbc\xaf|Rar!|BZh|\xfd7zXZ")


class Kind(NamedTuple):
    """What a file is."""

    is_picture: bool  # one that can be read
    why_not: str = ""  # why it is left out, with what can be done; "" for pictures


PICTURE, OTHER = Kind(True), Kind(False, "no pictures")


def kind_of(head: bytes) -> Kind:
    """What a file is by its first HEAD_BYTES bytes, or all that it has."""
    found = next((kind for pattern, kind in _HEADS if pattern.match(head)), None)
    if found in ("AVIF", "HEIF") and found not in formats():
        package = "a newer pillow" if found == "AVIF" else "pillow-heif"
        return Kind(False, f"{found} pictures, which need a package: pip install {package}")
    if found:
        return PICTURE
    if unread := next((kind for pattern, kind in _UNREAD_HEADS if pattern.match(head)), None):
        return Kind(False, f"pictures of {unread}; save them as JPEG or PNG")
    return Kind(False, "archives; unpack them") if _ARCHIVE_HEADS.match(head) else OTHER


def why_not(name: str, read_head: Callable[[], bytes]) -> str:
    """Why a file is left out; "" if it counts as a picture.

    Args:
        name: of the file; if it ends like a picture's, the file counts as one, whatever it holds.
        read_head: returns its first HEAD_BYTES bytes, if they are needed.
    """
    lower = name.lower()
    if lower.endswith(ENDINGS):
        return ""
    if lower.endswith(_CAMERA_ENDINGS):
        return "negatives of cameras; save them as JPEG or PNG"
    return kind_of(read_head()).why_not


def may_be_picture(name: str) -> bool:
    """Whether a file may be a picture, by its name alone."""
    return os.path.splitext(name)[1].lower() in (*ENDINGS, *MORE_ENDINGS)


@functools.cache
def formats() -> tuple[str, ...]:
    """Pillow's names of the formats that are read here: with HEIF if the package pillow-heif is installed."""
    found = list(_FORMATS)
    if importlib.util.find_spec("PIL._avif"):  # features.check would load it, in each process
        found.append("AVIF")
    try:
        importlib.import_module("pillow_heif").register_heif_opener()
        found.append("HEIF")
    except ImportError:
        pass
    return tuple(found)
