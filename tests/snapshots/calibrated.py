"""Trainings with and without a calibration, which may change nothing else."""

import numpy as np
import tensorflow.compat.v1 as tf
from conftest import run_train

from gan.data import tfrecords


def with_and_without(folder, images, flag, added, *flags):
    """Trains three steps on images into folder/with and folder/without; the flag must add these variables alone.

    Returns:
        The values of the variables of folder/with, by name.
    """
    tfrecords.write(str(folder / "train.tfrecords"), images)
    values = []
    for name, more in (("with", [flag]), ("without", [])):
        assert run_train(folder / "train.tfrecords", folder / name, "--max_steps=3", *flags, *more) == 0
        reader = tf.train.load_checkpoint(str(folder / name))
        values.append({n: reader.get_tensor(n) for n in reader.get_variable_to_shape_map()})
    assert set(values[0]) - set(values[1]) == added
    for name, value in values[1].items():
        np.testing.assert_array_equal(value, values[0][name], name)
    return values[0]
