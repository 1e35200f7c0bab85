"""Picture files in folders and archives, decoded on all cores to grey 50x50 pixels. No TensorFlow."""

import collections
import functools
import gzip
import io
import itertools
import lzma
import multiprocessing
import os
import posixpath
import signal
import tarfile
import warnings
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent import futures
from concurrent.futures.process import BrokenProcessPool
from typing import NamedTuple, NoReturn

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from gan.console.errors import DataError, UserError
from gan.console.progress import Progress
from gan.data import pixels

ENDINGS = (".jpg", ".jpeg", ".png", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".ppm", ".pgm")
NameOf = Callable[[str], str | None]  # path below a folder, with forward slashes -> picture's name; None: not wanted

# Not Pillow's other formats: some of them start programs.
_FORMATS = ("JPEG", "PNG", "BMP", "GIF", "WEBP", "TIFF", "PPM")
_ORIENTATION, _UPRIGHT = 0x0112, 1  # EXIF's tag for the side of a picture that is up, and its usual value
_BROKEN_ARCHIVE = (tarfile.TarError, EOFError, zlib.error, lzma.LZMAError, gzip.BadGzipFile)
_CHUNK = 32  # pictures that a worker decodes at a time
POOL_BYTES = 8 << 20  # fewer bytes of files are decoded before worker processes have started
_MAX_PICTURE_BYTES = 64 << 20  # of a picture in an archive
_Picture = tuple[str, str | bytes]  # name, and a path or a file's content
_Decoded = tuple[list[str], np.ndarray, list[str]]  # names, uint8 [n, size], what is wrong with other pictures


class Crop(NamedTuple):
    """Which part of each picture is used."""

    box: tuple[int, int, int, int] | None = None  # left, top, right, bottom in pixels; None: largest centred square
    side: int | None = None  # width and height that each picture must have; None: any


LARGEST_SQUARE = Crop()


def find(folder: str, name_of: NameOf) -> list[str]:
    """Paths of all pictures in a folder and the folders in it, sorted.

    Args:
        folder: on disk.
        name_of: says which files are wanted.

    Raises:
        OSError: a folder cannot be read.
    """

    def fail(error: OSError) -> NoReturn:
        raise error

    found = []
    for parent, _, names in os.walk(folder, onerror=fail):
        paths = (os.path.join(parent, name) for name in names)
        found += [path for path in paths if name_of(below(path, folder))]
    return sorted(found)


def below(path: str, folder: str) -> str:
    """The rest of a path that begins with a folder's path, with forward slashes."""
    return path[len(folder) :].lstrip(os.sep).replace(os.sep, "/")


def load(
    root: str, files: Sequence[str], name_of: NameOf, crop: Crop = LARGEST_SQUARE, workers: int = 1
) -> tuple[list[str], np.ndarray]:
    """Decodes pictures.

    Args:
        root: a folder, or a tar archive, compressed or not.
        files: what `find` returned for the folder; for an archive, a list of the archive alone.
        name_of: names the pictures, and says which files are wanted.
        crop: which part of each picture is used.
        workers: processes that decode; a few pictures are decoded in this process.

    Returns:
        The sorted names of the pictures, and uint8 [N, 2500] in the same order for any number of workers.

    Raises:
        DataError: the archive is damaged, pictures cannot be decoded, or two have the same name.
    """
    total = None if os.path.isfile(root) else len(files)
    pictures = _in_archive(root, name_of) if total is None else _in_folder(root, files, name_of)
    if sum(map(os.path.getsize, files)) < POOL_BYTES:
        workers = 1
    names, images = _decode_all(pictures, total, functools.partial(_decode_chunk, crop=crop), workers)
    order = sorted(range(len(names)), key=names.__getitem__)
    names = [names[number] for number in order]
    for name, following in itertools.pairwise(names):
        if name == following:
            raise DataError(f"{root} holds {name} twice; give one copy of the data set")
    return names, np.array([images[number] for number in order], np.uint8)


def load_encoded(pictures: Iterator[tuple[str, bytes]], total: int, side: int, workers: int = 1) -> np.ndarray:
    """Decodes pictures that do not lie in files of their own, in their order.

    Args:
        pictures: name, for messages, and the bytes of a picture file.
        total: how many there are.
        side: width and height of the result.
        workers: processes that decode.

    Returns:
        uint8 [N, side * side].

    Raises:
        DataError: pictures cannot be decoded.
    """
    decode_chunk = functools.partial(_decode_chunk, crop=LARGEST_SQUARE, side=side)
    return np.array(_decode_all(pictures, total, decode_chunk, workers)[1], np.uint8)


def decode(content: str | bytes, crop: Crop = LARGEST_SQUARE, side: int = pixels.FACE_SIDE) -> np.ndarray:
    """Turns one picture into grey pixels: upright, transparent parts on white, cut out, resized to a square.

    Args:
        content: the bytes of a picture file, or its path.
        crop: which part of the picture is used.
        side: width and height of the result.

    Returns:
        uint8 [side * side], row by row.

    Raises:
        DataError: the picture is not of the required size, or smaller than the crop.
        Exception: what Pillow raises for files that it cannot decode.
    """
    with Image.open(io.BytesIO(content) if isinstance(content, bytes) else content, formats=_FORMATS) as opened:
        opened.load()
        picture: Image.Image = opened
        # exif_transpose copies an upright picture too, which takes half as long as decoding.
        if picture.getexif().get(_ORIENTATION, _UPRIGHT) != _UPRIGHT:
            picture = ImageOps.exif_transpose(picture)
        return shrink(_to_grey(_cut_out(picture, crop)), side)


def of_picture(picture: Image.Image, side: int = pixels.FACE_SIDE) -> np.ndarray:
    """What `decode` makes of a Pillow image that is upright: uint8 [side * side] of its largest centred square."""
    return shrink(_to_grey(_cut_out(picture, LARGEST_SQUARE)), side)


def shrink(grey: Image.Image, side: int = pixels.FACE_SIDE) -> np.ndarray:
    """Resizes a grey Pillow image to uint8 [side * side]."""
    return np.asarray(grey.resize((side, side), Image.Resampling.LANCZOS)).reshape(side * side)


def _cut_out(picture: Image.Image, crop: Crop) -> Image.Image:
    """The part of a Pillow image that is used; errors as in `decode`."""
    (box, side), (width, height) = crop, picture.size
    if side and picture.size != (side, side):
        raise DataError(f"{width}x{height} pixels, not {side}x{side}")
    if box is None:
        edge = min(width, height)
        left, top = (width - edge) // 2, (height - edge) // 2
        box = (left, top, left + edge, top + edge)
    if box[2] > width or box[3] > height:
        raise DataError(f"{width}x{height} pixels, less than the crop {','.join(map(str, box))} takes")
    return picture.crop(box)


def _in_folder(folder: str, files: Sequence[str], name_of: NameOf) -> Iterator[_Picture]:
    """Yields name and path of each picture."""
    for path in files:
        if name := name_of(below(path, folder)):
            yield name, path


def _in_archive(path: str, name_of: NameOf) -> Iterator[_Picture]:
    """Yields name and content of each picture, read from the archive: nothing is unpacked to disk."""
    try:
        with tarfile.open(path) as archive:
            for member in archive:
                name = name_of(posixpath.normpath(member.name))
                content = archive.extractfile(member) if name and member.isfile() else None
                if name and content:
                    if member.size > _MAX_PICTURE_BYTES:
                        raise DataError(f"{path}: {member.name} has {member.size} bytes, too many for a picture")
                    yield name, content.read()
            # To the end of the file: its checksum is there, and a broken header looks like the end of the list.
            for block in iter(lambda: archive.fileobj.read(1 << 20), b""):
                if block.strip(b"\0"):
                    raise tarfile.ReadError("unreadable before its end")
    except _BROKEN_ARCHIVE as error:
        raise DataError(f"{path} is damaged or is no .tar or .tgz archive ({_reason(error)})") from error


def _decode_all(
    pictures: Iterator[_Picture], total: int | None, decode_chunk: Callable[[list[_Picture]], _Decoded], workers: int
) -> tuple[list[str], list[np.ndarray]]:
    """Decodes pictures in processes; returns names and images, uint8 [size] each, or raises DataError."""
    names: list[str] = []
    images: list[np.ndarray] = []
    problems: list[str] = []
    chunks = iter(lambda: list(itertools.islice(pictures, _CHUNK)), [])
    with Progress("reading pictures", total) as progress:
        for some_names, some_images, some_problems in _in_processes(decode_chunk, chunks, workers):
            names += some_names
            images.extend(some_images)
            problems += some_problems
            progress.update(len(some_names) + len(some_problems))
    if problems:
        more = f" and {len(problems) - 3} more" if len(problems) > 3 else ""
        raise DataError(f"cannot use {', '.join(problems[:3])}{more}; repair or remove these files")
    return names, images


def _in_processes(
    function: Callable[[list[_Picture]], _Decoded], chunks: Iterable[list[_Picture]], workers: int
) -> Iterator[_Decoded]:
    """Yields function(chunk) of each chunk in order; few chunks are in memory at a time."""
    if workers == 1:
        yield from map(function, chunks)
        return
    with _start_pool(workers) as pool:
        waiting: collections.deque[futures.Future[_Decoded]] = collections.deque()
        try:
            for chunk in chunks:
                waiting.append(pool.submit(function, chunk))
                if len(waiting) > 3 * workers:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        except BrokenProcessPool as error:
            raise UserError("a worker process died, perhaps for lack of memory; try --num_workers=1") from error
        finally:
            pool.shutdown(cancel_futures=True)


def _start_pool(workers: int) -> futures.ProcessPoolExecutor:
    """Starts processes that ignore Ctrl-C, even while they start: this process ends them."""
    # Not forked: a fork of a process that has run TensorFlow hangs.
    context = multiprocessing.get_context("spawn")
    pool = futures.ProcessPoolExecutor(workers, context, signal.signal, (signal.SIGINT, signal.SIG_IGN))
    former = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        for _ in range(workers):  # a process starts with each call for which no other is free
            pool.submit(os.getpid)
    finally:
        signal.signal(signal.SIGINT, former)
    return pool


def _decode_chunk(chunk: list[_Picture], crop: Crop, side: int = pixels.FACE_SIDE) -> _Decoded:
    """Decodes some pictures."""
    names: list[str] = []
    images: list[np.ndarray] = []
    problems: list[str] = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        for name, content in chunk:
            try:
                images.append(decode(content, crop, side))
                names.append(name)
            except Exception as error:  # Pillow's decoders raise many classes
                problems.append(f"{name} ({_reason(error)})")
    return names, np.array(images, np.uint8), problems  # one array is sent faster than many


def _reason(error: Exception) -> str:
    """What an exception says, on one line."""
    if isinstance(error, UnidentifiedImageError):
        return "not a picture"
    lines = (getattr(error, "strerror", None) or str(error)).splitlines()
    return lines[0].rstrip(":") if lines else type(error).__name__


def _to_grey(picture: Image.Image) -> Image.Image:
    if picture.mode.startswith("I"):  # 16 bits a pixel; convert("L") would clip them
        return Image.fromarray((np.asarray(picture) // 257).clip(0, 255).astype(np.uint8))
    if "A" in picture.getbands() or "transparency" in picture.info:
        ground = Image.new("RGBA", picture.size, "white")
        picture = Image.alpha_composite(ground, picture.convert("RGBA"))
    return picture.convert("L")
