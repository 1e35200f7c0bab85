"""TensorFlow is imported without Keras, and without changing what the user has set."""

import importlib.util
import os
import subprocess
import sys

import pytest


def in_new_python(code, **environment):
    """Runs code in a process of its own; returns what it prints."""
    environment = {**os.environ, **environment}
    return subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    ).stdout


def test_tensorflow_comes_without_keras_until_somebody_uses_it():
    code = """
import gc, sys
from gan import train
from gan.console import tensorflow_import
tensorflow_import.import_tensorflow()
assert gc.isenabled() and "keras" not in sys.modules and "keras.src.optimizers" not in sys.modules
import tensorflow as tf
from tensorflow.keras import layers
import tensorflow.compat.v1 as tf1
print(layers.Dense is tf.keras.layers.Dense is tf1.keras.layers.Dense, tf.keras.optimizers.Adam.__name__)
"""
    assert in_new_python(code) == "True Adam\n"


@pytest.mark.skipif(not importlib.util.find_spec("tf_keras"), reason="tf_keras is not installed")
@pytest.mark.parametrize("given, package", [({}, "tf_keras"), ({"TF_USE_LEGACY_KERAS": "0"}, "keras")])
def test_tf_keras_is_taken_if_it_is_there_unless_the_user_chose(given, package, monkeypatch):
    monkeypatch.delenv("TF_USE_LEGACY_KERAS")  # set in this process by importing TensorFlow
    code = "from gan.console import tensorflow_import; tensorflow_import.import_tensorflow(); "
    code += "import tensorflow.compat.v1 as tf; print(tf.keras.layers.Dense.__module__.partition('.')[0])"
    assert in_new_python(code, **given) == f"{package}\n"


@pytest.mark.parametrize("given, used", [({}, "1"), ({"TF_ENABLE_ONEDNN_OPTS": "0"}, "0")])
def test_onednn_is_on_unless_the_user_says_no(given, used, monkeypatch):
    monkeypatch.delenv("TF_ENABLE_ONEDNN_OPTS", raising=False)  # set in this process by importing gan
    code = "from gan.console import tensorflow_import; import os, sys; assert 'tensorflow' not in sys.modules; "
    code += "tensorflow_import.import_tensorflow(); print(os.environ['TF_ENABLE_ONEDNN_OPTS'])"
    assert in_new_python(code, **given) == f"{used}\n"
