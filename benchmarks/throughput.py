"""Images a second of whole training steps, against the same networks in PyTorch where it is installed.

    python benchmarks/throughput.py --train_data_pattern='data/train*.tfrecords' --networks=dcgan

Runs `python -m gan.train` as a user would, alternating with the peer's script, and prints the median and the range
of the ratios: one pair is timed under the same conditions, whatever else the machine does. Figures of other machines
and other minutes do not compare. Of the peer's layouts the fastest counts.
"""

import dataclasses
import importlib.util
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time

sys.path[0] = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

import numpy as np
import tensorflow.compat.v1 as tf

from gan import command_line, storage
from gan.command_line import flag
from gan.errors import UserError

BATCH = 128
NETWORKS = {
    "sample": ("SampleGenerator", "SampleDiscriminator"),
    "dcgan": ("DCGANGenerator", "DCGANDiscriminator"),
}


@dataclasses.dataclass(frozen=True)
class ThroughputConfig:
    """Flags of the command, by name."""

    train_data_pattern: str = flag(None, "TFRecord files of 50x50 faces.", required=True)
    networks: str = flag("sample", "Which pair of networks.", choices=[*NETWORKS])
    pairs: int = flag(3, "How many times both are timed.", at_least=1)
    seconds: float = flag(15.0, "Seconds of training in each run.", at_least=1)
    peer: str = flag(
        os.path.join(os.path.dirname(sys.path[0]), "shared", "bench", "pytorch_dcgan.py"),
        "Script that times the same networks in PyTorch: takes a .npy file of uint8 [N, 2500], --arch and --seconds.",
    )


def main(argv=None):
    """Runs the command and returns its exit code."""
    return command_line.run(compare, ThroughputConfig, argv)


def compare(config):
    """Times the pairs and prints what came out."""
    files = storage.find_files(config.train_data_pattern, "train_data_pattern")
    has_peer = importlib.util.find_spec("torch") and os.path.exists(config.peer)
    if not has_peer:
        print(f"no ratios: PyTorch (pip install torch) or {config.peer} is missing")
    ours, ratios, starts = [], [], []
    with tempfile.TemporaryDirectory() as folder:
        faces = _faces(files, folder) if has_peer else None
        for number in range(config.pairs):
            speed, start = _train(config)
            ours.append(speed)
            starts.append(start)
            line = f"pair {number + 1}: gan.train {speed:,.0f} images/s, first step after {start:.1f} s"
            if has_peer:
                peer = _peer(config, faces)
                ratios.append(speed / peer)
                line += f"; PyTorch {peer:,.0f} images/s; ratio {ratios[-1]:.2f}"
            print(line, flush=True)
    print(
        f"gan.train: median {statistics.median(ours):,.0f} images/s, first step after {statistics.median(starts):.1f} s"
    )
    if ratios:
        print(f"ratio to PyTorch: median {statistics.median(ratios):.2f}, from {min(ratios):.2f} to {max(ratios):.2f}")


def _faces(files, folder):
    """The images as the peer wants them."""
    from gan import records

    path = os.path.join(folder, "faces.npy")
    np.save(path, records.read_all(files, 2500))
    return path


def _train(config):
    """(images/s by the counters of the last state, seconds from the command to the first step)."""
    from gan import checkpoint

    generator, discriminator = NETWORKS[config.networks]
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-u", "-m", "gan.train", f"--train_data_pattern={config.train_data_pattern}"]
        command += [f"--train_dir={folder}", f"--max_minutes={config.seconds / 60}", "--num_epochs=1000000"]
        command += [f"--batch_size={BATCH}", "--seed=0", "--export_model_steps=1000000"]
        command += [f"--generator_model={generator}", f"--discriminator_model={discriminator}"]
        began, first, output = time.monotonic(), None, []
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        for line in process.stdout:
            output.append(line)
            if "Ctrl-C saves and stops" in line:
                first = time.monotonic()
        if process.wait() or first is None:
            raise UserError(f"training failed: {''.join(output)}")
        state = tf.train.load_checkpoint(checkpoint.latest_state(folder).prefix)
        return state.get_tensor("images_seen") / state.get_tensor("seconds"), first - began


def _peer(config, faces):
    """Images/s of the same networks in PyTorch, in its fastest layout."""
    command = [sys.executable, config.peer, faces, f"--arch={config.networks}", f"--seconds={config.seconds}"]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    speeds = [float(speed) for speed in re.findall(r": (\d+) images/s", done.stdout)]
    if done.returncode or not speeds:
        raise UserError(f"{config.peer} failed: {done.stdout}")
    return max(speeds)


if __name__ == "__main__":
    sys.exit(main())
