"""Shared by all tests: small real files, real runs of the commands, the shared data if it is there."""

import os
import pathlib
import signal
import subprocess
import sys
import traceback

import numpy as np
import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
os.environ["PYTHONPATH"] = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])

from gan import train  # noqa: E402
from gan.console import tensorflow_import  # noqa: E402
from gan.console.errors import OTHER, Fault, StateError  # noqa: E402
from gan.data import tfrecords  # noqa: E402
from gan.sandbox import child_process  # noqa: E402

tensorflow_import.import_tensorflow()

# In a script's background Ctrl-C is ignored, and so it is in all processes that tests start and stop by it.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

NUM_IMAGES = 96
Server = child_process.ForkServer


class SharedServer(Server):
    """One process that forks for all tests: importing TensorFlow again for each command takes seconds."""

    _one = None

    def __new__(cls):
        if cls._one is None or cls._one._process.poll() is not None:
            cls._one = super().__new__(cls)
            Server.__init__(cls._one)
        return cls._one

    def __init__(self):
        pass

    def close(self):
        """Does nothing: the next test uses it too."""


@pytest.fixture(autouse=True, scope="session")
def one_server():
    """Commands that run in this process share one fork server."""
    child_process.ForkServer = SharedServer
    yield
    child_process.ForkServer = Server
    if SharedServer._one:
        Server.close(SharedServer._one)


def let_others_reach(path):
    """Lets other users go through a folder of a test, and through those above it."""
    for folder in [path, *path.parents]:
        if folder.stat().st_uid == os.getuid():
            folder.chmod(folder.stat().st_mode | 0o011)


def refused_without_rights(action):
    """Whether an action raises StateError in a child process, which gives up root's rights if the tests run as root."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            if os.getuid() == 0:
                os.setuid(65534)
            action()
            code = 0
        except StateError:
            code = 7
        except BaseException:
            traceback.print_exc()
        finally:  # whatever happens, the child must not go on with the tests
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7


# Files of tests that train, start processes or open many snapshots; all others are `fast`.
SLOW = {
    *("test_old_folders", "test_api", "test_bucket_looks", "test_site", "test_tour", "test_webhook"),
    *("test_battle", "test_cloud", "test_cluster", "test_command", "test_compare", "test_contest_in_buckets"),
    *("test_memory_watch", "test_particles", "test_snapshot_copies"),
    *("test_dry_run", "test_eval", "test_exporter", "test_generate_and_discriminate", "test_in_bucket"),
    *(
        "test_interruptions",
        "test_legacy_layers",
        "test_metric_registry",
        "test_mock_battles",
        "test_models",
        "test_old_style",
    ),
    *(
        "test_old_tensorflow",
        "test_paper_networks",
        "test_prepare_data",
        "test_readme",
        "test_sandbox",
        "test_scoreboard",
        "test_snapshot",
    ),
    *("test_fingerprints", "test_gcloud", "test_nothing_early", "test_probe", "test_watch"),
    *("test_dispatcher", "test_league_on_workers"),
    *(
        "test_prepare_records",
        "test_result_worth",
        "test_step",
        "test_sweep",
        "test_time_to_quality",
        "test_ties",
        "test_tensorboard",
        "test_tensorflow_import",
        "test_train",
    ),
}


def pytest_collection_modifyitems(items):
    """Marks the tests of `make test-fast`."""
    for item in items:
        if item.path.stem not in SLOW:
            item.add_marker("fast")


def because(text):
    """A Fault that has no code of its own, as stores keep it."""
    return Fault(OTHER, {"text": text})


def shared(*parts):
    """A path under ../shared; skips the test if it is missing."""
    path = ROOT.parent / "shared" / pathlib.Path(*parts)
    if not path.exists():
        pytest.skip(f"../shared/{'/'.join(parts)} is not here")
    return str(path)


def synthetic_images(count, size, seed=0):
    """Bright blobs on dark ground, each different: uint8 [count, size]."""
    side = int(size**0.5)
    random = np.random.default_rng(seed)
    y, x = np.mgrid[0:side, 0:side] / side
    centres, widths = random.uniform(0.3, 0.7, (count, 2)), random.uniform(0.02, 0.1, count)
    blobs = [np.exp(-((x - cx) ** 2 + (y - cy) ** 2) / w) for (cx, cy), w in zip(centres, widths)]
    return (np.stack(blobs).reshape(count, size) * 255).astype(np.uint8)


def run_train(pattern, train_dir, *flags):
    """Trains in this process with quick settings, which `flags` may override; returns the exit code."""
    quick = ["--batch_size=16", "--seed=5", "--max_steps=20", "--export_model_steps=10"]
    return train.main(["train", f"--train_data_pattern={pattern}", f"--train_dir={train_dir}", *quick, *flags])


def start(module, *flags, **options):
    """Starts `python -m gan.MODULE` as a process of its own with its output piped."""
    command = [sys.executable, "-u", "-m", f"gan.{module}", *flags]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **options)


@pytest.fixture(scope="session")
def faces(tmp_path_factory):
    """A TFRecord file of 96 synthetic 50x50 images."""
    path = str(tmp_path_factory.mktemp("faces") / "faces.tfrecords")
    tfrecords.write(path, synthetic_images(NUM_IMAGES, 2500))
    return path


@pytest.fixture(scope="session")
def digits(tmp_path_factory):
    """A TFRecord file of 96 synthetic 28x28 images with labels."""
    path = str(tmp_path_factory.mktemp("digits") / "digits.tfrecords")
    tfrecords.write(path, synthetic_images(NUM_IMAGES, 784), np.arange(NUM_IMAGES) % 10)
    return path


@pytest.fixture(scope="session")
def trained(tmp_path_factory, faces):
    """A train_dir of the sample networks after 20 steps; tests must not change it."""
    train_dir = str(tmp_path_factory.mktemp("trained"))
    assert run_train(faces, train_dir) == 0
    return train_dir


@pytest.fixture
def small_disk(tmp_path):
    """Mounts a file system of its own: small_disk("48m") returns its folder; skips the test without the right to."""
    mounted = []

    def mount(size):
        disk = tmp_path / f"disk{len(mounted)}"
        disk.mkdir()
        command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(disk)]
        if subprocess.run(command, capture_output=True).returncode:
            pytest.skip("no right to mount a small file system")
        mounted.append(disk)
        return disk

    yield mount
    for disk in mounted:
        subprocess.run(["umount", "-l", str(disk)], check=True)


@pytest.fixture
def fails(capsys):
    """Runs a command's main and asserts one sentence on standard error, exit code 1 or 2, no traceback."""

    def run(main, *flags):
        capsys.readouterr()
        code = main(["command", *flags])
        error = capsys.readouterr().err
        assert code in (1, 2), f"exit code {code}"
        assert "Traceback" not in error
        assert len(error.strip().splitlines()) == (1 if code == 1 else 2), error
        return error

    return run
