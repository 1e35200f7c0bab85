"""What TensorBoard shows: scalars and pictures by step, in a folder of event files."""

import contextlib
import errno
import os
import time
from collections.abc import Iterator, Mapping

import numpy as np
import tensorflow.compat.v1 as tf

from gan.data import pixels

FLUSH_SECONDS = 10  # at least so often TensorBoard can see what was added
_REFUSALS = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EIO)  # TensorFlow tells them in words alone


class SummaryWriter:
    """Adds one event file to a folder.

    Args:
        folder: where TensorBoard looks; made if it is missing.
        first_step: TensorBoard drops earlier records of this step and of later steps, such as those of a run that was
            killed. None drops nothing.

    All methods raise OSError if the file cannot be written.
    """

    def __init__(self, folder: str, first_step: int | None = None) -> None:
        self._folder = folder
        # TensorBoard reads files in the order of their names. TensorFlow's own names tell the second alone, and two
        # runs may begin within one second.
        suffix = f".{time.time_ns()}"
        with tf.Graph().as_default(), self._refusals():  # FileWriter refuses to work in eager mode
            self._writer = tf.summary.FileWriter(folder, flush_secs=FLUSH_SECONDS, filename_suffix=suffix)
        if first_step is not None:
            with self._refusals():
                self._writer.add_session_log(tf.SessionLog(status=tf.SessionLog.START), first_step)

    def scalars(self, step: int, values: Mapping[str, float]) -> None:
        """Adds numbers, by tag, for a step."""
        self._add(step, [tf.Summary.Value(tag=tag, simple_value=float(value)) for tag, value in values.items()])

    def picture(self, step: int, tag: str, picture: np.ndarray) -> None:
        """Adds a picture, uint8 [height, width], for a step."""
        height, width = picture.shape
        image = tf.Summary.Image(height=height, width=width, colorspace=1, encoded_image_string=pixels.png(picture))
        self._add(step, [tf.Summary.Value(tag=tag, image=image)])

    def flush(self) -> None:
        """Hands everything to the operating system, so that TensorBoard sees it."""
        with self._refusals():
            self._writer.flush()

    def close(self) -> None:
        """Flushes and closes the file."""
        with self._refusals():
            self._writer.close()

    def _add(self, step: int, values: list[tf.Summary.Value]) -> None:
        with self._refusals():
            self._writer.add_summary(tf.Summary(value=values), step)

    @contextlib.contextmanager
    def _refusals(self) -> Iterator[None]:
        """Raises as OSError what the system refused."""
        try:
            yield
        except (RuntimeError, tf.errors.OpError) as error:
            number = next((one for one in _REFUSALS if os.strerror(one) in str(error)), None)
            if number is None:
                raise
            raise OSError(number, os.strerror(number), self._folder) from error
