"""What a training is done with, written beside it before its first step."""

import platform

import numpy as np
import tensorflow.compat.v1 as tf

from gan import __version__
from gan.snapshots import training_options
from gan.snapshots.training_options import TrainingOptions
from gan.training.folders import Folder
from gan.training.settings import TrainingSettings
from gan.training.start import Run


def write(folder: Folder, run: Run, settings: TrainingSettings) -> None:
    """Writes the record of a training that begins or goes on to its folder."""
    step = run.position.step
    before = training_options.read(folder.path) if step else None
    training_options.write(folder.path, training_options.continued(before, options_of(run, settings), step))
    folder.changed()


def options_of(run: Run, settings: TrainingSettings) -> TrainingOptions:
    """What a run is done with, without its sessions."""
    versions = {
        "python": platform.python_version(),
        "tensorflow": tf.version.VERSION,
        "numpy": np.__version__,
        "gan": __version__,
    }
    flags = dict(settings.flags or {})
    return TrainingOptions(flags, versions, run.seed, run.data_sha256, [], run.position.num_images)
