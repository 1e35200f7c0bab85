"""Imports TensorFlow quickly and without its start-up messages."""

import contextlib
import gc
import os
import sys
import tempfile

# What TensorFlow imports of Keras 3 and 2 at once, to register their optimizers, which nothing here uses.
_EAGER_KERAS = ("keras.src.optimizers", "tf_keras.src.optimizers")


def import_tensorflow():
    """Imports TensorFlow without its start-up chatter, some of which comes before it can be silenced."""
    with _silent_stderr():
        with _without_keras(), _without_garbage_collection():
            import tensorflow.compat.v1 as tf

        tf.logging.set_verbosity(tf.logging.ERROR)
        # Looks for GPUs now, since not finding one is told as an error.
        tf.config.experimental.list_physical_devices()


@contextlib.contextmanager
def _without_keras():
    """Lets TensorFlow be imported without Keras, which takes nearly half of the time; `tf.keras` still loads on use."""
    held_back = [name for name in _EAGER_KERAS if name not in sys.modules]
    sys.modules.update(dict.fromkeys(held_back))  # None makes an import fail, and TensorFlow then does without
    try:
        yield
    finally:
        for name in held_back:
            sys.modules.pop(name)


@contextlib.contextmanager
def _without_garbage_collection():
    """For an import of very many objects, which all stay: they are not looked through now, nor ever after."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if enabled:
            gc.enable()


@contextlib.contextmanager
def _silent_stderr():
    """Holds back what is written to file descriptor 2; shows it after all where an exception passes."""
    sys.stderr.flush()
    saved = os.dup(2)
    with tempfile.TemporaryFile() as held:
        os.dup2(held.fileno(), 2)
        try:
            yield
        except BaseException:
            os.dup2(saved, 2)
            held.seek(0)
            os.write(2, held.read())
            raise
        finally:
            os.dup2(saved, 2)
            os.close(saved)
