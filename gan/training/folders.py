"""The folders that a run writes to. Each knows what the user called it, which may be gs://, and where it is on disk."""

import contextlib
import os
from collections.abc import Callable

from gan.console.errors import StateError
from gan.snapshots import checkpoint_files, mirror
from gan.training.settings import FolderSettings

Folder = mirror.Folder | mirror.Mirror


class Folders:
    """The folders of one run, open until the stack is closed.

    Args:
        settings: their names.
        stack: closes them, which uploads what is left to upload.
        patience: called at the end; returns the seconds without progress after which uploading is given up.

    Attributes:
        training: for snapshots, the state and the record of the training.
        log: for TensorBoard; may be the same.
        images: for pictures, or None.

    Raises:
        StateError: train_dir is a snapshot, cannot be written, or is in use by another training.
    """

    def __init__(self, settings: FolderSettings, stack: contextlib.ExitStack, patience: Callable[[], float]) -> None:
        check_is_folder(settings.train_dir)
        self.training: Folder = stack.enter_context(mirror.writable_folder(settings.train_dir, patience))
        checkpoint_files.prepare_folder(self.training.path)
        stack.enter_context(checkpoint_files.locked(self.training.path))
        checkpoint_files.remove_leftovers(self.training.path)

        known = {settings.train_dir.rstrip("/"): self.training}  # a folder that is named twice is opened once

        def opened(path: str) -> Folder:
            name = path.rstrip("/")
            if name not in known:
                known[name] = stack.enter_context(mirror.writable_folder(path, patience, fetch=False))
                os.makedirs(known[name].path, exist_ok=True)
            return known[name]

        self.log = opened(settings.log_dir) if settings.log_dir else self.training
        self.images = opened(settings.image_dir) if settings.image_dir else None

    def remove_training(self) -> None:
        """Removes what an earlier training left, and says so."""
        removed = checkpoint_files.remove_training(self.training.path)
        for folder in {self.training, self.log}:
            removed += checkpoint_files.remove_logs(folder.path)
            folder.remove_logs()
        print(f"removed {len(removed)} files of a former training from {self.training.name}", flush=True)


def check_is_folder(train_dir: str) -> None:
    """Raises StateError if a train_dir is the path of a snapshot."""
    if checkpoint_files.folder_of(train_dir) != train_dir:
        raise StateError(f"--train_dir={train_dir} is a snapshot; give its folder")


def separate_log_dir(settings: FolderSettings) -> str | None:
    """The folder for TensorBoard, or None if it is train_dir."""
    is_separate = settings.log_dir and settings.log_dir.rstrip("/") != settings.train_dir.rstrip("/")
    return settings.log_dir if is_separate else None
