"""Speed of whole training steps: images a second, and the share of the machine's fastest matrix products.

    python benchmarks/throughput.py --train_data_pattern='data/train*.tfrecords' --networks=sample,dcgan

Runs `python -m gan.train` as a user would. In turn with it run products of large square matrices, the fastest work that
TensorFlow does on the machine, and the same networks in PyTorch, if it is installed and the peer's script has them.
These networks train without clipped gradients and averaged weights, as the peer does. The operations of a step are
counted in the training graph itself: two for each multiplication in its convolutions and matrix products, also of
padding, and none for anything else.

Do not compare figures of other machines or other minutes. Each ratio is of one round, in which both were timed under
the same conditions; medians and ranges are over the rounds. Of PyTorch's layouts, the fastest counts.
"""

import dataclasses
import importlib.util
import math
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from typing import Any

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path[0] = ROOT

import numpy as np

from gan.console import columns, command, flags, tensorflow_import
from gan.console.errors import UserError
from gan.console.flags import flag
from gan.data import pixels, tfrecords
from gan.random_noise_generator import NOISE_SIZE
from gan.storage import cache
from gan.training import training_flags

BATCH = 128
MATRIX_SIDES = (512, 1024, 2048)
SECONDS_OF_PRODUCTS = 0.7  # for each side and type
SLOW_PRODUCT = 2.0  # seconds after which no larger matrix is tried
AS_PEER = ("--clip_gradient_norm=0", "--averaging_decay=0")  # the peer does neither


@dataclasses.dataclass(frozen=True)
class Networks:
    """One line of the table."""

    generator: str
    discriminator: str
    flags: tuple[str, ...] = ()  # more flags of gan.train
    peer: str | None = None  # name of the same networks in the peer's script


NETWORKS = {
    "sample": Networks("SampleGenerator", "SampleDiscriminator", peer="sample"),
    "dcgan": Networks("DCGANGenerator", "DCGANDiscriminator", peer="dcgan"),
    "dcgan_bfloat16": Networks("DCGANGenerator", "DCGANDiscriminator", ("--compute_type=bfloat16",), peer="dcgan"),
    "residual": Networks("ResidualGenerator", "ResidualDiscriminator"),
    "contest": Networks("ContestGenerator", "ContestDiscriminator"),
    "contest_bfloat16": Networks("ContestGenerator", "ContestDiscriminator", ("--compute_type=bfloat16",)),
}


@dataclasses.dataclass(frozen=True)
class ThroughputConfig:
    """Flags of the command, by name."""

    train_data_pattern: str = flag(None, "TFRecord files of 50x50 faces.", required=True)
    networks: str = flag(",".join(NETWORKS), f"Which networks, with commas between: {', '.join(NETWORKS)}.")
    pairs: int = flag(3, "How many times everything is timed.", at_least=1)
    seconds: float = flag(15.0, "Seconds of training in each run.", at_least=1)
    peer: str = flag(
        os.path.join(os.path.dirname(ROOT), "shared", "bench", "pytorch_dcgan.py"),
        "Script that times the same networks in PyTorch: takes a .npy file of uint8 [N, 2500], --arch and --seconds.",
    )


@dataclasses.dataclass(frozen=True)
class Round:
    """What was timed in one round."""

    speed: float  # images/s of gan.train
    peaks: dict[str, float]  # type -> operations/s of matrix products, before the training or after it
    peer: float | None  # images/s of PyTorch


def main(argv: list[str] | None = None) -> int:
    """Runs the command and returns its exit code."""
    return command.run(compare, ThroughputConfig, argv)


def compare(config: ThroughputConfig) -> None:
    """Times everything and prints the table."""
    names = chosen("networks", config.networks, NETWORKS)
    files = [os.path.abspath(path) for path in cache.find_files(config.train_data_pattern, "train_data_pattern")]
    config = dataclasses.replace(config, train_data_pattern=",".join(files), peer=os.path.abspath(config.peer))
    has_peer = importlib.util.find_spec("torch") and os.path.exists(config.peer)
    if not has_peer:
        print(f"no ratios to PyTorch: torch (pip install torch) or {config.peer} is missing")
    os.environ.setdefault("TF_FORCE_GPU_ALLOW_GROWTH", "true")  # leaves a GPU's memory to the training
    tensorflow_import.import_tensorflow()
    operations = {name: step_operations(NETWORKS[name]) for name in names}
    rounds, products = {name: [] for name in names}, Products(compute_types(names))
    with tempfile.TemporaryDirectory() as folder:
        faces = _faces(files, folder) if has_peer else None
        for number in range(config.pairs):
            for name in names:
                rounds[name].append(_time(config, NETWORKS[name], products, faces))
                print(f"{number + 1}/{config.pairs} {name}: {_described(rounds[name][-1])}", flush=True)
    _print_table(operations, rounds)


def chosen(flag: str, text: str, known: Iterable[str]) -> list[str]:
    """The names that a flag lists, each once; raises UserError if one is not known."""
    names = list(dict.fromkeys(name.strip() for name in text.split(",")))
    unknown = [name for name in names if name not in known]
    if unknown:
        raise UserError(f"--{flag}={text}: there is no {unknown[0]}; there are {', '.join(known)}")
    return names


def compute_types(names: list[str]) -> list[str]:
    """What networks compute in: float32, and bfloat16 if one of them does; not every processor's library has that."""
    has_bfloat16 = any("--compute_type=bfloat16" in NETWORKS[name].flags for name in names)
    return ["float32", *["bfloat16"] * has_bfloat16]


def step_operations(networks: Networks) -> int:
    """Floating-point operations of one training step with a batch of BATCH images."""
    import tensorflow.compat.v1 as tf

    from gan import readers
    from gan.training import placement, session

    config = flags.parse(training_flags.TrainingFlags, ["train", *_flags(networks, train_data_pattern="-")])
    settings = training_flags.settings_of(config, files=[])
    reader = readers.MemoryReader(np.zeros([1, pixels.FACE_SIZE], np.uint8))
    place = session.Place(placement.Placement(settings.batch.devices), graph_seed=0)
    training = session.TrainingSession(settings.game, settings.step, settings.batch, reader, place)
    training.session.close()
    train_op = training.graph.train_op
    step = tf.graph_util.extract_sub_graph(train_op.graph.as_graph_def(), [train_op.name])
    with tf.Graph().as_default() as fixed:
        # The sizes of everything else follow from those of the two inputs.
        fed = {"noise:0": tf.zeros([BATCH, NOISE_SIZE]), "image_numbers:0": tf.zeros([BATCH], tf.int32)}
        tf.import_graph_def(step, fed, name="")
        return graph_operations(fixed)


def graph_operations(graph: Any) -> int:
    """Floating-point operations of all convolutions and matrix products of a tf.Graph with known shapes."""
    return sum(_COUNTERS[op.type](op) for op in graph.get_operations() if op.type in _COUNTERS)


def _of_product(op):
    left, transposed = op.inputs[0].shape.as_list(), "transpose_a" if op.type == "MatMul" else "adj_x"
    return 2 * math.prod(op.outputs[0].shape.as_list()) * left[-2 if op.get_attr(transposed) else -1]


def _of_convolution(small, kernel):
    """A convolution multiplies a kernel [height, width, channels in] for each number of its small image."""
    return 2 * math.prod(small.shape.as_list()) * math.prod(kernel.shape.as_list()[:3])


_COUNTERS = {
    "MatMul": _of_product,
    "BatchMatMulV2": _of_product,
    "Conv2D": lambda op: _of_convolution(op.outputs[0], op.inputs[1]),
    "Conv2DBackpropInput": lambda op: _of_convolution(op.inputs[2], op.inputs[1]),
    "Conv2DBackpropFilter": lambda op: _of_convolution(op.inputs[2], op.outputs[0]),
}


class Products:
    """Products of square matrices: the most operations a second that the machine can do.

    Args:
        dtypes: types of the numbers, float32 first.
    """

    def __init__(self, dtypes: list[str], sides: Sequence[int] = MATRIX_SIDES) -> None:
        import tensorflow.compat.v1 as tf

        self._products: dict[str, list[Any]] = {dtype: [] for dtype in dtypes}
        with tf.Graph().as_default() as graph:
            for dtype, products in self._products.items():
                for side in sides:
                    factors = [tf.Variable(tf.cast(tf.random_normal([side, side]), dtype)) for _ in range(2)]
                    products.append((2 * side**3, tf.matmul(*factors).op))
            initializer = tf.global_variables_initializer()
        self._session = tf.Session(graph=graph)
        self._session.run(initializer)

    def peaks(self) -> dict[str, float]:
        """Operations/s by type, of the fastest size."""
        return {dtype: max(self._speeds(products)) for dtype, products in self._products.items()}

    def _speeds(self, products):
        for operations, product in products:
            self._session.run(product)  # warms up
            began, times = time.monotonic(), 0
            while time.monotonic() - began < SECONDS_OF_PRODUCTS:
                self._session.run(product)
                times += 1
            seconds = (time.monotonic() - began) / times
            yield operations / seconds
            if seconds > SLOW_PRODUCT:
                return


def _faces(files, folder):
    """Writes the images in the peer's format; returns the path."""
    path = os.path.join(folder, "faces.npy")
    np.save(path, tfrecords.read_all(files, pixels.FACE_SIZE))
    return path


def _time(config, networks, products, faces):
    before, speed, after = products.peaks(), train(config, networks), products.peaks()
    peaks = {dtype: max(before[dtype], after[dtype]) for dtype in before}
    return Round(speed, peaks, _peer(config, networks.peer, faces) if faces and networks.peer else None)


def _flags(networks, **others):
    flags = dict(batch_size=BATCH, seed=0, num_epochs=10**6, export_model_steps=10**6, **others)
    flags.update(generator_model=networks.generator, discriminator_model=networks.discriminator)
    beside_peer = AS_PEER if networks.peer else ()
    return [*(f"--{name}={value}" for name, value in flags.items()), *networks.flags, *beside_peer]


def train(config: Any, networks: Networks) -> float:
    """Trains for `config.seconds`; returns images/s."""
    with tempfile.TemporaryDirectory() as folder:
        flags = dict(train_data_pattern=config.train_data_pattern, train_dir=folder, max_minutes=config.seconds / 60)
        run([sys.executable, "-m", "gan.train", *_flags(networks, **flags)])
        return speed_of(folder)


def speed_of(folder: str) -> float:
    """Images/s of a training, by the counters of its last state."""
    import tensorflow.compat.v1 as tf

    from gan.snapshots import checkpoint_files

    state = tf.train.load_checkpoint(checkpoint_files.latest_state(folder).prefix)
    return state.get_tensor("images_seen") / state.get_tensor("seconds")


def _peer(config, arch, faces):
    """Images/s of the same networks in PyTorch, in its fastest layout."""
    printed = run([sys.executable, config.peer, faces, f"--arch={arch}", f"--seconds={config.seconds}"])
    return max(float(speed) for speed in re.findall(r": (\d+) images/s", printed))


def run(command: list[str]) -> str:
    """Runs a command; returns what it prints, or raises UserError with it."""
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode:
        raise UserError(f"{' '.join(command)} failed: {done.stdout}")
    return done.stdout


def _described(timed):
    peaks = ", ".join(f"{dtype} {peak / 1e9:,.0f}" for dtype, peak in timed.peaks.items())
    peer = f"; PyTorch {timed.peer:,.0f} images/s" if timed.peer else ""
    return f"gan.train {timed.speed:,.0f} images/s{peer}; matrix products {peaks} GFLOP/s"


def _print_table(operations, rounds):
    titles = ["networks", "GFLOP a pair", "images/s", "GFLOP/s"]
    for dtype in next(iter(rounds.values()))[0].peaks:
        titles += [f"{dtype} products", "share of it"]
    lines = [[*titles, "over PyTorch"]]
    for name, timed in rounds.items():
        of_pair = operations[name] / BATCH
        line = [name, f"{of_pair / 1e9:.4f}", _spread(",.0f", [each.speed for each in timed])]
        line.append(_spread(",.1f", [each.speed * of_pair / 1e9 for each in timed]))
        for dtype in timed[0].peaks:
            line.append(_spread(",.0f", [each.peaks[dtype] / 1e9 for each in timed]))
            line.append(_spread(".0%", [each.speed * of_pair / each.peaks[dtype] for each in timed]))
        line.append(_spread(".2f", [each.speed / each.peer for each in timed]) if timed[0].peer else "-")
        lines.append(line)
    print(
        f"\nA pair is a real and a generated image, in steps of {BATCH} pairs. Medians, and ranges of {len(timed)}:\n"
    )
    print("\n".join(columns.aligned(lines)))


def _spread(form, values):
    return f"{statistics.median(values):{form}} ({min(values):{form}}-{max(values):{form}})"


if __name__ == "__main__":
    sys.exit(main())
