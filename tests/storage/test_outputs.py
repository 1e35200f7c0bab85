"""Results are written to disk and uploaded at the end."""

import errno
import os
import pathlib

import pytest

from gan.console.errors import UserError
from gan.storage import files, outputs

pytest_plugins = ["cloud"]


def test_results_are_uploaded_with_what_names_them_last(emulator, bucket):
    with outputs.output_folder(f"gs://{bucket}/out") as folder:
        os.makedirs(os.path.join(folder, "images"))
        for name in ("images/00.png", "truth.csv"):
            with open(os.path.join(folder, name), "w") as file:
                file.write(name)
    assert emulator.names(bucket) == ["out/images/00.png", "out/truth.csv"]
    assert not os.path.exists(folder)
    with pytest.raises(UserError, match="holds files already"):
        files.check_empty(f"gs://{bucket}/out", "output_dir")


def test_one_file_is_written_where_it_shall_be(emulator, bucket, tmp_path):
    for path in (str(tmp_path / "a.png"), f"gs://{bucket}/a.png", f"gs://{bucket}/deep/er/a.png"):
        with outputs.output_file(path) as local:
            pathlib.Path(local).write_bytes(b"picture")
        assert files.read(path) == b"picture"
    for path in (f"gs://{bucket}", f"gs://{bucket}/", f"gs://{bucket}/deep/"):
        with pytest.raises(UserError, match="names no file"), outputs.output_file(path):
            pass
    assert emulator.names(bucket) == ["a.png", "deep/er/a.png"]


def test_what_no_bucket_takes_is_kept(bucket):
    with pytest.raises(UserError, match="there is no such bucket; .*everything is kept in (.*)") as caught:
        with outputs.output_file("gs://bucket-of-nobody/deep/a.png") as local:
            pathlib.Path(local).write_bytes(b"picture")
    kept = str(caught.value).rpartition(" ")[2]
    assert pathlib.Path(kept, "a.png").read_bytes() == b"picture"


def test_an_error_without_a_path_gets_the_folder(tmp_path):
    """As of a file that cannot be closed since the disk is full."""
    with pytest.raises(OSError, match=f"No space left on device: '{tmp_path}'"), outputs.output_folder(str(tmp_path)):
        raise OSError(errno.ENOSPC, "No space left on device")
    with pytest.raises(OSError, match="'/elsewhere'"), outputs.output_folder(str(tmp_path)):
        raise OSError(errno.ENOSPC, "No space left on device", "/elsewhere")
