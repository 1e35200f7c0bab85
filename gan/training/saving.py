"""What a run writes: states, snapshots, and pictures."""

import os

from gan.console.errors import UserError
from gan.data import pixels
from gan.data.tensorboard import SummaryWriter
from gan.snapshots import checkpoint_files, saver
from gan.storage import paths
from gan.training import learning_rate
from gan.training.folders import Folders
from gan.training.position import Position
from gan.training.session import NotFinite
from gan.training.start import Run


class Saving:
    """Writes the state, the snapshot and the pictures of a run.

    Args:
        folders: where to.
        run: the training.
        writer: shows samples in TensorBoard.

    Attributes:
        folder: for snapshots and the state.
        writer: as given.
        saved_step: the step of the newest snapshot that has a state, or None.
    """

    def __init__(self, folders: Folders, run: Run, writer: SummaryWriter) -> None:
        self._folders, self.folder, self.writer = folders, folders.training, writer
        self._training, self._exporter = run.training, run.exporter
        # A run that was killed between the two has a state without its snapshot.
        snapshot, step = checkpoint_files.latest_own_snapshot(folders.training.path), run.position.step
        self.saved_step = step if step and snapshot and snapshot.step == step else None

    def save(self, position: Position) -> None:
        """Writes the state, then the snapshot: a snapshot never stands without a state to go on from."""
        if position.step in (0, self.saved_step):
            return
        self._load_weights(position)
        folder = self._folders.training
        self._training.set(self._training.graph.counters.seconds, position.seconds)
        saver.write_state(self._training.saver, self._training.session, folder.path, position.step)
        self._exporter.write(folder.path, position.step)
        self.saved_step = position.step
        self.writer.picture(position.step, "samples", self._exporter.samples())
        self.writer.flush()
        folder.changed()
        self._folders.log.changed()

    def write_picture(self, position: Position) -> None:
        """Writes a picture of generated images, if there is a folder for it."""
        folder = self._folders.images
        if folder:
            self._load_weights(position)
            path = os.path.join(folder.path, f"generated-{position.step:06d}.png")
            pixels.write_png(path, self._exporter.samples())
            folder.changed()

    def diverged(self, position: Position, what: object) -> UserError:
        """The error for a training whose numbers are no longer finite; `what` says which."""
        kept = f"{self.saved_path()} is the last good snapshot" if self.saved_step else "there was no snapshot yet"
        way_out = learning_rate.way_out(position.step)
        return UserError(f"training diverged at step {position.step}: {what}; {kept}; {way_out}")

    def saved_path(self) -> str:
        """The path of the newest snapshot, as people know it."""
        return paths.join(self._folders.training.name, f"{checkpoint_files.SNAPSHOT}-{self.saved_step}")

    def _load_weights(self, position: Position) -> None:
        try:
            self._exporter.load(self._training.weights(position.step))
        except NotFinite as error:
            raise self.diverged(position, error) from error
