"""Imports TensorFlow quickly and without its start-up messages."""

import contextlib
import gc
import importlib.util
import os
import sys
import tempfile
from collections.abc import Iterator

# TensorFlow imports these of Keras 3 and 2 to register their optimizers, which nothing here uses.
_EAGER_KERAS = ("keras.src.optimizers", "tf_keras.src.optimizers")


def import_tensorflow() -> None:
    """Imports TensorFlow without its start-up messages; some of them come before it can be told to be silent."""
    _choose_keras()
    with _silent_stderr():
        with _without_keras(), _without_garbage_collection():
            import tensorflow.compat.v1 as tf

        tf.logging.set_verbosity(tf.logging.ERROR)
        # Looks for GPUs while stderr is held back: TensorFlow prints an error if it finds none.
        tf.config.experimental.list_physical_devices()


def _choose_keras() -> None:
    """Makes tf.keras and tf.layers those of TensorFlow 1, if tf_keras is installed and nobody chose."""
    if importlib.util.find_spec("tf_keras"):
        os.environ.setdefault("TF_USE_LEGACY_KERAS", "1")


@contextlib.contextmanager
def _without_keras() -> Iterator[None]:
    """Keeps TensorFlow from importing Keras, which takes nearly half of the time; `tf.keras` still loads on use."""
    held_back = [name for name in _EAGER_KERAS if name not in sys.modules]
    # None makes an import fail, and TensorFlow then goes on without Keras.
    sys.modules.update(dict.fromkeys(held_back))  # type: ignore[arg-type]
    try:
        yield
    finally:
        for name in held_back:
            sys.modules.pop(name)


@contextlib.contextmanager
def _without_garbage_collection() -> Iterator[None]:
    """For an import of very many objects that all stay: the collector skips them now and later."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if enabled:
            gc.enable()


@contextlib.contextmanager
def _silent_stderr() -> Iterator[None]:
    """Holds back what is written to file descriptor 2, and writes it after all if an exception passes."""
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
