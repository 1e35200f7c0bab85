"""What a GPU makes of this package: checks and speeds that a machine without one cannot try, in one table.

    python benchmarks/gpu.py --train_data_pattern='data/train*.tfrecords' \\
        --eval_data_pattern='data/validation*.tfrecords'

1. Each pair of networks trains in float32 and in bfloat16: images/s, and the share of the fastest matrix products of
   that type (see throughput.py, which counts the operations).
2. The same seed twice: whether the weights are equal bit for bit, and how far they are apart if they are not.
3. If there are several GPUs, the contest networks on one and on all of them.
4. The recipe faces_gpu for some minutes: steps, images/s, and the Frechet distances of its newest snapshot.

It takes about ten minutes. A line says what failed and with which last words; the other lines come all the same.
"""

import dataclasses
import json
import os
import re
import sys
import tempfile
from collections.abc import Iterator, Sequence

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path[:1] = [ROOT, os.path.join(ROOT, "benchmarks")]

import numpy as np
import throughput

from gan.console import command, tensorflow_import
from gan.console.errors import UserError
from gan.console.flags import flag
from gan.storage import cache

PAIRS = ("Sample", "DCGAN", "Residual", "Contest")
TYPES = ("float32", "bfloat16")
SIDES = (2048, 4096, 8192, 16384)  # of matrices whose products are the peak: small ones are over before they begin
SEED_STEPS = 200
RECIPE = "gan/recipes/faces_gpu.flags"


@dataclasses.dataclass(frozen=True)
class GpuConfig:
    """Flags of the benchmark, by name."""

    train_data_pattern: str = flag(None, "TFRecord files of 50x50 faces.", required=True)
    eval_data_pattern: str = flag(None, "TFRecord files of faces that were held out.", required=True)
    seconds: float = flag(
        30.0, "Seconds of training for each speed; the first ones, in which kernels are chosen, count too.", at_least=1
    )
    recipe_minutes: float = flag(2.0, "Minutes of the recipe faces_gpu.", at_least=0.05)
    pairs: str = flag(",".join(PAIRS), f"Which networks, with commas between: {', '.join(PAIRS)}.")
    cpu: bool = flag(False, "Goes on without a GPU, to try this script.")


def main(argv: list[str] | None = None) -> int:
    """Runs the benchmark and returns its exit code."""
    return command.run(measure, GpuConfig, argv)


def measure(config: GpuConfig) -> None:
    """Measures everything and prints a line for each figure as it is there."""
    files = {
        name: ",".join(os.path.abspath(path) for path in cache.find_files(getattr(config, name), name))
        for name in ("train_data_pattern", "eval_data_pattern")
    }
    pairs = throughput.chosen("pairs", config.pairs, PAIRS)
    config = dataclasses.replace(config, **files)
    os.environ.setdefault("TF_FORCE_GPU_ALLOW_GROWTH", "true")  # leaves memory to the trainings
    tensorflow_import.import_tensorflow()
    devices = _gpus()
    if not devices and not config.cpu:
        raise UserError(
            "TensorFlow sees no GPU here; `nvidia-smi` tells whether the driver does; --cpu tries the script"
        )
    print("\n".join(devices) or "no GPU", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        for line in _lines(config, pairs, len(devices), folder):
            print(line, flush=True)


def _lines(config: GpuConfig, pairs: Sequence[str], num_gpus: int, folder: str) -> Iterator[str]:
    products = throughput.Products(["float32", "bfloat16"], SIDES if num_gpus else throughput.MATRIX_SIDES)
    for name in pairs:
        for compute_type in TYPES:
            yield _tried(f"{name}, {compute_type}", _speed, config, name, compute_type, products)
    yield _tried("same seed", _same_seed, config, folder)
    if num_gpus > 1:
        for count in (1, num_gpus):
            yield _tried(f"Contest on {count} GPUs", _on_towers, config, count)
    yield _tried(f"faces_gpu, {config.recipe_minutes:g} minutes", _recipe, config, f"{folder}/recipe")


def _tried(title, action, *arguments) -> str:
    try:
        return f"{title:28}{action(*arguments)}"
    except Exception as error:  # of TensorFlow, too: what the other lines say is worth having
        return f"{title:28}failed: {(str(error).strip().splitlines() or [type(error).__name__])[0]}"


def _gpus() -> list[str]:
    import tensorflow.compat.v1 as tf

    found = tf.config.list_physical_devices("GPU")
    return [f"{each.name}: {tf.config.experimental.get_device_details(each)}" for each in found]


def _speed(config, name, compute_type, products) -> str:
    networks = throughput.Networks(
        f"{name}Generator", f"{name}Discriminator", (f"--compute_type={compute_type}", "--num_towers=1")
    )
    peak = products.peaks()[compute_type]
    speed = throughput.train(config, networks)
    of_pair = throughput.step_operations(networks) / throughput.BATCH
    share = f"{speed * of_pair / peak:7.1%} of {compute_type} products"
    return f"{speed:10,.0f} images/s {speed * of_pair / 1e9:12,.1f} GFLOP/s {share}"


def _on_towers(config, count) -> str:
    networks = throughput.Networks("ContestGenerator", "ContestDiscriminator", (f"--num_towers={count}",))
    return f"{throughput.train(config, networks):10,.0f} images/s"


def _same_seed(config, folder) -> str:
    import tensorflow.compat.v1 as tf

    weights = []
    for number in range(2):
        target = f"{folder}/seed{number}"
        _train(config, target, f"--max_steps={SEED_STEPS}", "--seed=3", "--num_epochs=1000000", "--batch_size=64")
        reader = tf.train.load_checkpoint(target)
        weights.append({name: reader.get_tensor(name) for name in sorted(reader.get_variable_to_shape_map())})
    apart = max(float(np.abs(weights[0][name] - weights[1][name]).max()) for name in weights[0])
    return f"equal bit for bit after {SEED_STEPS} steps" if apart == 0 else f"weights differ by {apart:.1e} at most"


def _recipe(config, folder) -> str:
    printed = _train(config, folder, f"--flagfile={RECIPE}", f"--max_minutes={config.recipe_minutes}")
    told = re.findall(r"step (\d+), .*", printed)
    throughput.run(
        [sys.executable, "-m", "gan.eval", f"--train_dir={folder}", "--run_once"]
        + [f"--eval_data_pattern={config.eval_data_pattern}"]
    )
    with open(f"{folder}/eval/eval.jsonl", encoding="utf-8") as file:
        measured = json.loads(file.read().splitlines()[-1])
    distances = {
        name: value
        for name, value in measured.items()
        if "frechet" in name and isinstance(value, float) and not name.endswith(("_low", "_high"))
    }
    speed = f"{told[-1] if told else '?'} steps; {throughput.speed_of(folder):,.0f} images/s"
    return f"{speed}; " + ", ".join(f"{name} {value:.2f}" for name, value in distances.items())


def _train(config, folder, *more) -> str:
    flags = [f"--train_data_pattern={config.train_data_pattern}", f"--train_dir={folder}"]
    return throughput.run([sys.executable, "-m", "gan.train", *more, *flags])


if __name__ == "__main__":
    sys.exit(main())
