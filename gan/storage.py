"""Files by path and pattern; the one place that knows where files can be."""

import glob
import os

from gan.errors import DataError


def find_files(pattern, flag):
    """Expands a pattern to the files that match it, sorted.

    Args:
        pattern: such as data/train*.tfrecords; several are separated by commas.
        flag: name of the flag that gave it, for the message.

    Raises:
        DataError: nothing matches, or what matches is a folder.
    """
    files = sorted({path for part in pattern.split(",") for path in glob.glob(part.strip())})
    if not files:
        raise DataError(f"--{flag}={pattern}: no file matches")
    for path in files:
        if os.path.isdir(path):
            raise DataError(
                f"--{flag}={pattern}: {path} is a folder; give a pattern of files, such as {path}/*.tfrecords"
            )
    return files
