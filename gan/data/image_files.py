"""Picture files of folders and archives, decoded on all cores to grey 50x50 pixels. No TensorFlow."""

import collections
import contextlib
import functools
import io
import itertools
import multiprocessing
import os
import signal
import warnings
from collections.abc import Callable, Iterable, Iterator
from concurrent import futures
from concurrent.futures.process import BrokenProcessPool
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageOps, PngImagePlugin, UnidentifiedImageError

from gan.console import printable
from gan.console.errors import DataError, UserError
from gan.console.progress import Progress
from gan.data import grey, picture_kinds, pixels, value_check
from gan.data.file_notes import FileNotes

_ORIENTATION, _UPRIGHT = 0x0112, 1  # EXIF's tag for the side of a picture that is up, and its usual value
_CHUNK = 32  # pictures that a worker decodes at a time
_LONGEST_TEXT = 64 << 20  # bytes of a text in a PNG, such as what a program noted of how it made the picture
_NO_PICTURES = {  # what a file begins with -> what it is in place of a picture
    b"version https://git-lfs": "a pointer of Git LFS; `git lfs pull` fetches the picture",
    b"<!doctype html": "a web page, as a download that failed leaves; get the picture again",
    b"<html": "a web page, as a download that failed leaves; get the picture again",
}
POOL_BYTES = 8 << 20  # fewer bytes of files are decoded before worker processes have started
MOST_MEGAPIXELS = 90  # of a picture, if nothing else is said; 4 bytes a pixel are in memory while it is decoded
_FIRST_TOLD = 10  # names of damaged pictures in a message
_DARK = "no value above 1: black, or scaled to [0, 1] before it was saved"
_SEVERAL = "several pictures in one file; the first is used"
_ANIMATED = ("GIF", "PNG", "TIFF", "WEBP", "AVIF", "HEIF")
_WIDE = ("F", "I", "I;16", "I;16B", "I;16L", "I;16N", "LAB")  # modes that `grey` narrows
_Picture = tuple[str, str | bytes]  # name, and a path or a file's content


class Crop(NamedTuple):
    """Which part of each picture is used."""

    box: tuple[int, int, int, int] | None = None  # left, top, right, bottom in pixels; None: largest centred square
    side: int | None = None  # width and height that each picture must have; None: any


LARGEST_SQUARE = Crop()


class Reading(NamedTuple):
    """How pictures are read."""

    crop: Crop = LARGEST_SQUARE
    workers: int = 1  # processes that decode; a few pictures are decoded in this process
    most_megapixels: int = MOST_MEGAPIXELS  # of a picture
    most_damaged: float | None = None  # share of pictures that may be left out since they are damaged; None: none


PLAIN_READING = Reading()


class Damaged(NamedTuple):
    """A picture that cannot be used."""

    name: str
    why: str


class Loaded(NamedTuple):
    """Pictures in an order, and what there is to say about them."""

    names: list[str]
    images: np.ndarray  # uint8 [N, size]
    damaged: list[Damaged]  # those left out, in the same order
    taken: FileNotes  # those whose numbers are not plain grey values


class _Decoded(NamedTuple):
    names: list[str]
    images: np.ndarray  # uint8 [n, size]
    damaged: list[Damaged]
    notes: list[tuple[str, str]]  # note, name


def load(root: str, pictures: Iterator[_Picture], total: int | None, reading: Reading) -> Loaded:
    """Decodes pictures.

    Args:
        root: where they come from, for messages.
        pictures: name, and path or content of a file.
        total: how many there are; None if that is not known.
        reading: how they are read.

    Returns:
        What was read, the same for any number of workers.

    Raises:
        DataError: pictures cannot be decoded, more of them than allowed, or two have the same name.
    """
    decode_chunk = functools.partial(_decode_chunk, crop=reading.crop, most_pixels=reading.most_megapixels * 10**6)
    names, images, damaged, notes = _decode_all(pictures, total, decode_chunk, reading.workers)
    damaged.sort()
    _check_damaged(damaged, len(names), reading.most_damaged)
    order = sorted(range(len(names)), key=names.__getitem__)
    names = [names[number] for number in order]
    for name, following in itertools.pairwise(names):
        if name == following:
            raise DataError(f"{root} holds {printable.escaped(name)} twice; give one copy of the data set")
    return Loaded(names, np.array([images[number] for number in order], np.uint8), damaged, _taken(notes))


def load_encoded(pictures: Iterator[tuple[str, bytes]], total: int, side: int, reading: Reading) -> Loaded:
    """Decodes pictures that do not lie in files of their own, in their order.

    Args:
        pictures: a name of its own, for messages, and the bytes of a picture file.
        total: how many there are.
        side: width and height of the result.
        reading: how they are read.

    Raises:
        DataError: pictures cannot be decoded, more of them than allowed.
    """
    most_pixels = reading.most_megapixels * 10**6
    decode_chunk = functools.partial(_decode_chunk, crop=reading.crop, side=side, most_pixels=most_pixels)
    names, images, damaged, notes = _decode_all(pictures, total, decode_chunk, reading.workers)
    _check_damaged(damaged, len(images), reading.most_damaged)
    return Loaded(names, np.array(images, np.uint8), damaged, _taken(notes))


def decode(content: str | bytes, crop: Crop = LARGEST_SQUARE, side: int = pixels.FACE_SIDE) -> np.ndarray:
    """Turns one picture into grey pixels: upright, transparent parts on white, cut out, resized to a square.

    Args:
        content: the bytes of a picture file, or its path.
        crop: which part of the picture is used.
        side: width and height of the result.

    Returns:
        uint8 [side * side], row by row.

    Raises:
        DataError: the picture is not of the required size, smaller than the crop, too large, or of unclear numbers.
        Exception: what Pillow raises for files that it cannot decode.
    """
    return _decode(content, crop, side, MOST_MEGAPIXELS * 10**6)[0]


def _decode(content: str | bytes, crop: Crop, side: int, most_pixels: int) -> tuple[np.ndarray, str]:
    """What `decode` returns, and a note on how the picture was taken, or ""."""
    file = io.BytesIO(content) if isinstance(content, bytes) else content
    with Image.open(file, formats=picture_kinds.formats()) as opened:
        width, height = opened.size
        if width * height > most_pixels:
            raise DataError(
                f"{width}x{height} pixels, more than {most_pixels / 10**6:g} million; a larger --most_megapixels "
                "allows it"
            )
        note = _SEVERAL if _is_several(opened) else ""
        opened.load()
        tags = dict(getattr(opened, "tag_v2", {})) if opened.mode in _WIDE else {}
        picture: Image.Image = opened
        # exif_transpose copies an upright picture too, which takes half as long as decoding.
        if picture.getexif().get(_ORIENTATION, _UPRIGHT) != _UPRIGHT:
            picture = ImageOps.exif_transpose(picture)
        picture, range_note = grey.narrowed(picture, tags)
        image = shrink(_to_grey(_cut_out(picture, crop)), side)
        is_dark = image.max() < value_check.LEAST_MAXIMUM
        return image, range_note or note or (_DARK if is_dark else "")


def _is_several(opened: Image.Image) -> bool:
    """Whether a file holds several pictures, such as an animation; what is damaged behind the first does not matter."""
    with contextlib.suppress(Exception):  # Pillow's decoders raise many classes
        return opened.format in _ANIMATED and bool(getattr(opened, "is_animated", False))
    return False


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


def _decode_all(
    pictures: Iterator[_Picture], total: int | None, decode_chunk: Callable[[list[_Picture]], _Decoded], workers: int
) -> tuple[list[str], list[np.ndarray], list[Damaged], list[tuple[str, str]]]:
    """Decodes pictures in processes; returns names, images, uint8 [size] each, what is damaged, and notes."""
    names: list[str] = []
    images: list[np.ndarray] = []
    damaged: list[Damaged] = []
    notes: list[tuple[str, str]] = []
    chunks = iter(lambda: list(itertools.islice(pictures, _CHUNK)), [])
    with Progress("reading pictures", total) as progress:
        for some in _in_processes(decode_chunk, chunks, workers):
            names += some.names
            images.extend(some.images)
            damaged += some.damaged
            notes += some.notes
            progress.update(len(some.names) + len(some.damaged))
    return names, images, damaged, notes


def _taken(notes: Iterable[tuple[str, str]]) -> FileNotes:
    """Notes on pictures whose numbers are not plain grey values."""
    taken = FileNotes("taken")
    for note, name in notes:
        taken.add(note, name)
    return taken


def _check_damaged(damaged: list[Damaged], num_good: int, most: float | None) -> None:
    """Raises DataError, which names the first of them, if more pictures are damaged than allowed."""
    if not damaged or most is not None and len(damaged) <= most * (num_good + len(damaged)):
        return
    more = f" and {len(damaged) - _FIRST_TOLD:,} more" if len(damaged) > _FIRST_TOLD else ""
    first = ", ".join(f"{printable.escaped(name)} ({why})" for name, why in damaged[:_FIRST_TOLD])
    if most is None:
        advice = "repair or remove these files, or go on without them by --skip_damaged"
    else:
        total = num_good + len(damaged)
        advice = f"these are {len(damaged):,} of {total:,} pictures, more than --most_damaged={most:g} allows"
    raise DataError(f"cannot use {first}{more}; {advice}")


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


def _decode_chunk(
    chunk: list[_Picture],
    crop: Crop,
    side: int = pixels.FACE_SIDE,
    most_pixels: int = MOST_MEGAPIXELS * 10**6,
) -> _Decoded:
    """Decodes some pictures."""
    images: list[np.ndarray] = []
    decoded = _Decoded([], np.empty(0, np.uint8), [], [])
    with warnings.catch_warnings(), _limit_of_our_own():
        warnings.simplefilter("ignore")
        for name, content in chunk:
            try:
                image, note = _decode(content, crop, side, most_pixels)
            except Exception as error:  # Pillow's decoders raise many classes
                decoded.damaged.append(Damaged(name, _reason(error, content)))
                continue
            images.append(image)
            decoded.names.append(name)
            if note:
                decoded.notes.append((note, name))
    return decoded._replace(images=np.array(images, np.uint8))  # one array is sent faster than many


@contextlib.contextmanager
def _limit_of_our_own() -> Iterator[None]:
    """Keeps Pillow from judging the size of a picture, of which `_decode` has its own limit, and of texts beside it."""
    former, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None
    former_text, PngImagePlugin.MAX_TEXT_CHUNK = PngImagePlugin.MAX_TEXT_CHUNK, _LONGEST_TEXT
    try:
        yield
    finally:
        Image.MAX_IMAGE_PIXELS, PngImagePlugin.MAX_TEXT_CHUNK = former, former_text


def _reason(error: Exception, content: str | bytes) -> str:
    """What an exception says about a picture, on one line."""
    if isinstance(error, UnidentifiedImageError):
        return _why_unknown(content)
    lines = (getattr(error, "strerror", None) or str(error)).splitlines()
    return lines[0].rstrip(":") if lines else type(error).__name__


def _why_unknown(content: str | bytes) -> str:
    """Why Pillow does not know a picture: it is none, or of a form that Pillow cannot read."""
    if isinstance(content, str):
        with open(content, "rb") as file:
            content = file.read(picture_kinds.HEAD_BYTES)
    beginning = content[:100].lstrip().lower()
    for begins, what in _NO_PICTURES.items():
        if beginning.startswith(begins):
            return what
    kind = picture_kinds.kind_of(content)
    if kind.is_picture:
        return "a form that Pillow cannot read, or damaged; save it as PNG with 8 bits a colour"
    return "not a picture" if kind == picture_kinds.OTHER else kind.why_not


def _to_grey(picture: Image.Image) -> Image.Image:
    """A Pillow image of 8 bits a colour as one of mode L."""
    if "A" in picture.getbands() or "transparency" in picture.info:
        ground = Image.new("RGBA", picture.size, "white")
        picture = Image.alpha_composite(ground, picture.convert("RGBA"))
    return picture.convert("L")
