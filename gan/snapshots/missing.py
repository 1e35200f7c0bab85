"""Why a folder has no snapshot that can be opened: nothing was handed in, a part is missing, or a save failed."""

import os

from gan.console import printable
from gan.console.errors import ContractError
from gan.contest.faults import breach
from gan.snapshots import checkpoint_files, snapshot_names
from gan.storage import files, paths

# Of the faults that `why` returns.
CODES = ("no_snapshot", "no_such_address", "no_folder", "snapshot_incomplete", "none_saved")
_PARTS = {"index": ".index", "meta": ".meta", "data": ".data-*"}


def why(where: str) -> ContractError:
    """Looks why there is no complete snapshot.

    Args:
        where: a folder or the path of a snapshot, in which checkpoint_files.latest_snapshot finds none.

    Returns:
        The error to raise, without `where`. Its code is one of CODES.
    """
    if "://" in where and not paths.is_remote(where):
        return breach("no_such_address")
    folder = checkpoint_files.folder_of(where)
    if not paths.is_remote(folder) and not files.is_folder(folder):
        return breach("no_folder")
    parts: dict[str, set[str]] = {}
    for name in files.names(folder):
        if part := snapshot_names.part_of(name):
            parts.setdefault(snapshot_names.without_ending(name), set()).add(part)
    if where != folder:  # one snapshot is asked for
        asked = os.path.basename(snapshot_names.without_ending(where))
        parts = {name: found for name, found in parts.items() if name == asked}
    if parts:
        fullest = max(sorted(parts), key=lambda name: len(parts[name]))
        lacking = [ending for part, ending in _PARTS.items() if part not in parts[fullest]]
        lacking = lacking or ["some of its .data-*"]
        return breach("snapshot_incomplete", snapshot=printable.cleaned(fullest), parts=lacking)
    if files.is_folder(paths.join(folder, checkpoint_files.STATE_FOLDER)):
        return breach("none_saved")
    return breach("no_snapshot")
