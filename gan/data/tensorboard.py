"""What TensorBoard shows: scalars and pictures by step, in a folder of event files."""

import time

import tensorflow.compat.v1 as tf

from gan.data import pixels

FLUSH_SECONDS = 10  # from what happens to what TensorBoard can see


class SummaryWriter:
    """Adds one event file to a folder.

    Args:
        folder: where TensorBoard looks; made where it is missing.
        first_step: the step that training goes on with; TensorBoard forgets what a killed run
            logged from there on. None where there was none.
    """

    def __init__(self, folder, first_step=None):
        # The name tells seconds alone. Two runs may begin within one, and TensorBoard reads in the names' order.
        suffix = f".{time.time_ns()}"
        with tf.Graph().as_default():  # it refuses to be made where TensorFlow would run eagerly
            self._writer = tf.summary.FileWriter(folder, flush_secs=FLUSH_SECONDS, filename_suffix=suffix)
        if first_step is not None:
            self._writer.add_session_log(tf.SessionLog(status=tf.SessionLog.START), first_step)

    def scalars(self, step, values):
        """Adds tag -> number."""
        self._add(step, [tf.Summary.Value(tag=tag, simple_value=float(value)) for tag, value in values.items()])

    def picture(self, step, tag, picture):
        """Adds uint8 [height, width]."""
        height, width = picture.shape
        image = tf.Summary.Image(height=height, width=width, colorspace=1, encoded_image_string=pixels.png(picture))
        self._add(step, [tf.Summary.Value(tag=tag, image=image)])

    def flush(self):
        """Hands everything to the operating system, so that TensorBoard sees it."""
        self._writer.flush()

    def close(self):
        """Flushes and closes the file."""
        self._writer.close()

    def _add(self, step, values):
        self._writer.add_summary(tf.Summary(value=values), step)
