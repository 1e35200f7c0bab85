"""Images a second of whole training steps of the sample networks, against PyTorch where it is installed.

    python benchmarks/throughput.py --train_data_pattern='data/train*.tfrecords'

Runs `python -m gan.train` as a user would, alternating with the same networks in PyTorch, and prints the
median and the range of the ratios: one pair is timed under the same conditions, whatever else the machine does.
Figures of other machines and other minutes do not compare.
"""

import dataclasses
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time

sys.path[0] = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

from gan import command_line, storage
from gan.command_line import flag
from gan.errors import UserError

BATCH = 128
PEER_STEPS = 600


@dataclasses.dataclass(frozen=True)
class ThroughputConfig:
    """Flags of the command, by name."""

    train_data_pattern: str = flag(None, "TFRecord files of 50x50 faces.", required=True)
    pairs: int = flag(3, "How many times both are timed.", at_least=1)
    steps: int = flag(1500, "Training steps of each run.", at_least=200)


def main(argv=None):
    """Runs the command and returns its exit code."""
    return command_line.run(compare, ThroughputConfig, argv)


def compare(config):
    """Times the pairs and prints what came out."""
    storage.find_files(config.train_data_pattern, "train_data_pattern")
    try:
        import torch
    except ImportError:
        print("PyTorch is not installed: no ratios (pip install torch)")
        torch = None
    ours, ratios, starts = [], [], []
    for number in range(config.pairs):
        speed, start = _train(config)
        ours.append(speed)
        starts.append(start)
        line = f"pair {number + 1}: gan.train {speed:,.0f} images/s, first step after {start:.1f} s"
        if torch:
            peer = _peer()
            ratios.append(speed / peer)
            line += f"; PyTorch {peer:,.0f} images/s; ratio {ratios[-1]:.2f}"
        print(line, flush=True)
    print(
        f"gan.train: median {statistics.median(ours):,.0f} images/s, first step after {statistics.median(starts):.1f} s"
    )
    if ratios:
        print(f"ratio to PyTorch: median {statistics.median(ratios):.2f}, from {min(ratios):.2f} to {max(ratios):.2f}")


def _train(config):
    """(images/s from the first step to the last snapshot, seconds from the command to the first step)."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-u", "-m", "gan.train", f"--train_data_pattern={config.train_data_pattern}"]
        command += [f"--train_dir={folder}", f"--max_steps={config.steps}", f"--batch_size={BATCH}", "--seed=0"]
        began = time.monotonic()
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        first, output = None, []
        for line in process.stdout:
            output.append(line)
            if "Ctrl-C saves and stops" in line:
                first = time.monotonic()
            if re.match(r"saved ", line):
                last = time.monotonic()
        if process.wait() or first is None:
            raise UserError(f"training failed: {''.join(output)}")
    return config.steps * BATCH / (last - first), first - began


def _peer():
    """Images/s of the sample networks in PyTorch: alternating updates, Adam, uint8 images in memory."""
    import torch
    from torch import nn
    from torch.nn.functional import softplus

    def network(*sizes):
        return nn.Sequential(nn.Linear(sizes[0], sizes[1]), nn.ReLU(), nn.Linear(sizes[1], sizes[2]))

    generator, discriminator = nn.Sequential(network(100, 128, 2500), nn.Sigmoid()), network(2500, 128, 1)
    of_generator = torch.optim.Adam(generator.parameters(), 1e-3, (0.5, 0.999))
    of_discriminator = torch.optim.Adam(discriminator.parameters(), 1e-3, (0.5, 0.999))
    data = torch.randint(0, 256, (11901, 2500), dtype=torch.uint8)

    def step():
        real = data[torch.randint(0, len(data), (BATCH,))].float() / 255
        fake = generator(torch.rand(BATCH, 100) * 2 - 1)
        of_discriminator.zero_grad()
        (softplus(-discriminator(real)).mean() + softplus(discriminator(fake.detach())).mean()).backward()
        of_discriminator.step()
        of_generator.zero_grad()
        softplus(-discriminator(fake)).mean().backward()
        of_generator.step()

    for _ in range(20):
        step()
    began = time.monotonic()
    for _ in range(PEER_STEPS):
        step()
    return PEER_STEPS * BATCH / (time.monotonic() - began)


if __name__ == "__main__":
    sys.exit(main())
