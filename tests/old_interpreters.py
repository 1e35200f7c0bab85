"""Runs scripts of the tests in TensorFlow 1.2 and 1.15, if they are there."""

import os
import pathlib
import subprocess

import pytest

HERE = pathlib.Path(__file__).resolve().parent
INTERPRETERS = {"1.2": "OLD_TENSORFLOW_1_2", "1.15": "OLD_TENSORFLOW_1_15"}


def interpreter(version):
    """Path to the Python that has this TensorFlow; skips the test where there is none."""
    variable = INTERPRETERS[version]
    path = os.environ.get(variable) or HERE.parent / ".old-tensorflow" / version / "bin" / "python"
    if not os.access(path, os.X_OK):
        pytest.skip(f"no TensorFlow {version}: set {variable}, or run tests/install_old_tensorflow.sh")
    return path


def run_old(version, script, *arguments):
    """Runs a script of this folder in an old TensorFlow; returns what it prints."""
    # The other Python must not see our packages, nor look for a GPU.
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    done = subprocess.run(
        [interpreter(version), HERE / script, *arguments],
        env={**environment, "CUDA_VISIBLE_DEVICES": "", "TF_CPP_MIN_LOG_LEVEL": "2"},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout
