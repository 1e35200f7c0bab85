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
from concurrent import futures

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from gan.console.errors import DataError, UserError
from gan.console.progress import Progress

ENDINGS = (".jpg", ".jpeg", ".png", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".ppm", ".pgm")
SIDE = 50  # width and height of what comes out, in pixels

# Pillow's other formats are left out: some of them start programs.
_FORMATS = ("JPEG", "PNG", "BMP", "GIF", "WEBP", "TIFF", "PPM")
_ORIENTATION, _UPRIGHT = 0x0112, 1  # the EXIF tag that says which side of a picture is up, and its usual value
_BROKEN_ARCHIVE = (tarfile.TarError, EOFError, zlib.error, lzma.LZMAError, gzip.BadGzipFile)
_CHUNK = 32  # pictures that a worker decodes at a time
_POOL_BYTES = 8 << 20  # less than this is decoded before worker processes have started
_MAX_PICTURE_BYTES = 64 << 20  # of a picture in an archive


def find(folder, name_of):
    """Paths of all pictures in a folder and the folders in it, sorted.

    Args:
        folder: where to look.
        name_of: function from a path below the folder, with forward slashes, to the picture's name,
            or to None where it is not wanted.
    """

    def fail(error):
        raise error

    found = []
    for parent, _, names in os.walk(folder, onerror=fail):
        paths = (os.path.join(parent, name) for name in names)
        found += [path for path in paths if name_of(below(path, folder))]
    return sorted(found)


def below(path, folder):
    """A path that begins with that of a folder, as seen from there and with forward slashes."""
    return path[len(folder) :].lstrip(os.sep).replace(os.sep, "/")


def load(root, files, name_of, box=None, side=None, workers=1):
    """Decodes pictures.

    Args:
        root: a folder, or a tar archive, compressed or not.
        files: what `find` returned for the folder; for an archive, a list of the archive alone.
        name_of: as for `find`.
        box: (left, top, right, bottom) to cut out, or None for the largest centred square.
        side: width and height that each picture must have, or None.
        workers: processes at work; few pictures are decoded in this one.

    Returns:
        The sorted names of the pictures, and uint8 [N, 2500] in the same order for any number of workers.

    Raises:
        DataError: the archive is damaged, pictures cannot be decoded, or two have the same name.
    """
    if os.path.isfile(root):
        items, total = _from_archive(root, name_of), None
    else:
        items, total = ((name_of(below(path, root)), path) for path in files), len(files)
    if sum(map(os.path.getsize, files)) < _POOL_BYTES:
        workers = 1
    names, images = _decode_all(items, total, functools.partial(_decode_chunk, box=box, side=side), workers)
    order = sorted(range(len(names)), key=names.__getitem__)
    names = [names[number] for number in order]
    for name, following in itertools.pairwise(names):
        if name == following:
            raise DataError(f"{root} holds {name} twice; give one copy of the data set")
    return names, np.array([images[number] for number in order], np.uint8)


def decode(content, box=None, side=None):
    """Turns one picture into grey pixels: upright, on white where it is transparent, cut out, made small.

    Args:
        content: the bytes of a picture file, or its path.
        box: (left, top, right, bottom) to cut out, or None for the largest centred square.
        side: width and height that the picture must have, or None.

    Returns:
        uint8 [2500], row by row.

    Raises:
        DataError: the picture has other measures.
        Exception: what Pillow raises for files that it cannot decode.
    """
    with Image.open(io.BytesIO(content) if isinstance(content, bytes) else content, formats=_FORMATS) as picture:
        picture.load()
        # Of an upright picture too, exif_transpose would make a copy, which takes half as long as decoding.
        if picture.getexif().get(_ORIENTATION, _UPRIGHT) != _UPRIGHT:
            picture = ImageOps.exif_transpose(picture)
        return shrink(_to_grey(_cut_out(picture, box, side)))


def shrink(grey):
    """Resizes a grey Pillow image to uint8 [2500]."""
    return np.asarray(grey.resize((SIDE, SIDE), Image.Resampling.LANCZOS)).reshape(SIDE * SIDE)


def _cut_out(picture, box, side):
    """The part of a Pillow image that counts; arguments and errors as in `decode`."""
    width, height = picture.size
    if side and picture.size != (side, side):
        raise DataError(f"{width}x{height} pixels, not {side}x{side}")
    if box is None:
        edge = min(width, height)
        left, top = (width - edge) // 2, (height - edge) // 2
        box = (left, top, left + edge, top + edge)
    if box[2] > width or box[3] > height:
        raise DataError(f"{width}x{height} pixels, less than the crop {','.join(map(str, box))} takes")
    return picture.crop(box)


def _from_archive(path, name_of):
    """Yields (name, bytes) of each picture, straight from the archive: nothing is unpacked to disk."""
    try:
        with tarfile.open(path) as archive:
            for member in archive:
                name = name_of(posixpath.normpath(member.name))
                if name and member.isfile():
                    if member.size > _MAX_PICTURE_BYTES:
                        raise DataError(f"{path}: {member.name} has {member.size} bytes, too many for a picture")
                    yield name, archive.extractfile(member).read()
            # To the end of the file: its checksum is there, and a broken header looks like the end of the list.
            for block in iter(lambda: archive.fileobj.read(1 << 20), b""):
                if block.strip(b"\0"):
                    raise tarfile.ReadError("unreadable in the middle")
    except _BROKEN_ARCHIVE as error:
        raise DataError(f"{path} is damaged or is no .tar or .tgz archive ({_reason(error)})") from error


def _decode_all(items, total, decode_chunk, workers):
    """Decodes (name, path or bytes) pairs; returns names and images, uint8 [2500] each."""
    names, images, problems = [], [], []
    chunks = iter(lambda: list(itertools.islice(items, _CHUNK)), [])
    with Progress("reading pictures", total) as progress:
        for some_names, some_images, some_problems in _in_processes(decode_chunk, chunks, workers):
            names += some_names
            images.extend(some_images)
            problems += some_problems
            progress.update(len(some_names) + len(some_problems))
    if problems:
        more = f" and {len(problems) - 3} more" if len(problems) > 3 else ""
        raise DataError(f"cannot use {', '.join(problems[:3])}{more}; mend or remove what is named")
    return names, images


def _in_processes(function, chunks, workers):
    """Yields function(chunk) of each chunk in order; few chunks are in memory at a time."""
    if workers == 1:
        yield from map(function, chunks)
        return
    with _start_pool(workers) as pool:
        waiting = collections.deque()
        try:
            for chunk in chunks:
                waiting.append(pool.submit(function, chunk))
                if len(waiting) > 3 * workers:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        except futures.process.BrokenProcessPool as error:
            raise UserError("a worker process died, perhaps for lack of memory; try --num_workers=1") from error
        finally:
            pool.shutdown(cancel_futures=True)


def _start_pool(workers):
    """Starts processes that Ctrl-C does not reach, even while they start: who started them ends them."""
    # Not forked: a process that has run TensorFlow does not survive it.
    context = multiprocessing.get_context("spawn")
    pool = futures.ProcessPoolExecutor(workers, context, signal.signal, (signal.SIGINT, signal.SIG_IGN))
    former = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        for _ in range(workers):  # each starts with the first call for which no other is free
            pool.submit(os.getpid)
    finally:
        signal.signal(signal.SIGINT, former)
    return pool


def _decode_chunk(chunk, box, side):
    """Decodes some (name, path or bytes) pairs; returns names, uint8 [n, 2500], and what is wrong with others."""
    names, images, problems = [], [], []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        for name, content in chunk:
            try:
                images.append(decode(content, box, side))
                names.append(name)
            except Exception as error:  # Pillow's decoders raise classes of many kinds
                problems.append(f"{name} ({_reason(error)})")
    return names, np.array(images, np.uint8), problems  # as one array, which is sent faster than many


def _reason(error):
    """What an exception says, on one line."""
    if isinstance(error, UnidentifiedImageError):
        return "not a picture"
    lines = (getattr(error, "strerror", None) or str(error)).splitlines()
    return lines[0].rstrip(":") if lines else type(error).__name__


def _to_grey(picture):
    if picture.mode.startswith("I"):  # 16 bits a pixel, which Pillow would clip
        return Image.fromarray((np.asarray(picture) // 257).clip(0, 255).astype(np.uint8))
    if "A" in picture.getbands() or "transparency" in picture.info:
        ground = Image.new("RGBA", picture.size, "white")
        picture = Image.alpha_composite(ground, picture.convert("RGBA"))
    return picture.convert("L")
