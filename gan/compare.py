"""Compares snapshots before the battle: every generator against every discriminator, and how good the images are.

    python -m gan.compare --snapshots=run1,run2/model.ckpt-5000,best=gs://YOUR_TEAM/model \\
        --eval_data_pattern='data/validation.tfrecords' --train_data_pattern='data/train.tfrecords'

A contestant is a train_dir, whose newest snapshot plays, or the path of a snapshot; NAME=PATH names it. A .npy
file of uint8 [N, 2500] brings images made elsewhere, without a discriminator. A single contestant is measured without
opponents. The results are printed; output_dir gets

    report.html         everything with pictures and explanations, one file, to read and to pass on
    comparison.jsonl    the numbers; each run adds JSON lines

--workers=2 asks the discriminators by two worker processes; --scheduler=tcp://... by the workers of a Dask scheduler.

A contestant that breaks the contract is left out with its reason, and the exit code is 1.
"""

import dataclasses
import datetime
import functools
import json
import os
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

# The metrics' many small matrices need one thread: with more, beside a training, they take ten times as long.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np

if not __package__:  # `python compare.py` inside gan/: the package is found one folder up
    sys.path[0] = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

from gan.console import command, flags, tensorflow_import
from gan.console.errors import UserError
from gan.console.flags import flag
from gan.console.progress import Progress
from gan.contest import half_round
from gan.data import pixels
from gan.distributed import verdict_jobs, worker_flags, worker_pool
from gan.measure import comparison, cross_play, features, learning_curves, probes, quality, training_record
from gan.random_noise_generator import Use, random_generator
from gan.report import comparison_page
from gan.sandbox import sandbox
from gan.storage import cache, files

if TYPE_CHECKING:
    from gan.measure.contestants import Contestant

REPORT, RECORDS = "report.html", "comparison.jsonl"


@dataclasses.dataclass(frozen=True)
class CompareConfig(worker_flags.WorkerFlags):
    """Flags of the command, by name."""

    snapshots: str = flag(
        None, "Contestants, with commas: folders, snapshots, .npy files of images; NAME=PATH names one.", required=True
    )
    eval_data_pattern: str = flag(None, "TFRecord files of real images that nobody trained on.", required=True)
    train_data_pattern: str | None = flag(
        None, "TFRecord files that were trained on: shows the floor of each metric, and finds copied training images."
    )
    output_dir: str = flag("comparison/", f"Folder for {REPORT} and {RECORDS}, on disk or gs://.")
    num_images: int | None = flag(
        None,
        f"Images of each to measure. The default is as many as the real ones, up to {quality.MOST}.",
        at_least=quality.FEWEST,
    )
    battles: int = flag(1000, "Battles to play of each pair; 0 plays none.", at_least=0)
    seed: int = flag(0, "Seed of latents, battles and intervals.", at_least=0)
    features: str = flag(
        features.DEFAULT,
        f"Spaces to measure images in, with commas, of {', '.join(features.SPACES)}. Copies are looked for in the "
        "first one and in pixels.",
    )
    inception_graph: str | None = flag(None, "Path of classify_image_graph_def.pb, for --features=inception.")
    allow_other_bits: bool = worker_flags.other_bits()
    use_mnist: bool = flag(False, "The data is MNIST, 28x28, in place of 50x50 faces.")


class _Field(NamedTuple):
    """Who takes part."""

    contestants: list["Contestant"]
    left_out: dict[str, str]  # name -> reason
    verdicts: cross_play.Verdicts


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command and returns its exit code."""
    return command.run(compare, CompareConfig, argv)


def compare(config: CompareConfig) -> int:
    """Compares, prints and writes; the exit code is 1 if a contestant was left out."""
    worker_flags.check(config)
    paths = flags.named_paths(config.snapshots)
    real_files = cache.find_files(config.eval_data_pattern, "eval_data_pattern")
    pattern = config.train_data_pattern
    train_files = cache.find_files(pattern, "train_data_pattern") if pattern else []
    with sandbox.Sandbox() as opener:
        return _compare(config, opener, paths, real_files, train_files)


def _compare(
    config: CompareConfig,
    opener: sandbox.Sandbox,
    paths: Mapping[str, str],
    real_files: Sequence[str],
    train_files: Sequence[str],
) -> int:
    tensorflow_import.import_tensorflow()
    from gan.data import tfrecords
    from gan.snapshots import mirror

    size = pixels.image_size(config.use_mnist)
    spaces = _spaces(config, size)
    real = tfrecords.read_all(real_files, size)
    count = _count(config, len(real))
    train = tfrecords.read_all(train_files, size) if train_files else None
    meter = quality.QualityMeter(real, spaces, train, [*spaces][:1], count, config.seed)
    field = _gather(config, opener, paths, real, count)
    with mirror.writable_folder(config.output_dir) as folder:
        os.makedirs(folder.path, exist_ok=True)
        found = _assemble(config, field, real, meter)
        print(comparison.text(found), flush=True)
        _write(folder.path, found)
        folder.changed()
    print(f"{REPORT} and {RECORDS} are in {config.output_dir}")
    return command.EXIT_MISTAKE if field.left_out else 0


def _gather(
    config: CompareConfig, opener: sandbox.Sandbox, paths: Mapping[str, str], real: np.ndarray, count: int
) -> _Field:
    """Opens all and has every discriminator judge; raises UserError if nobody is left."""
    from gan.measure import contestants

    gathered, unopened = contestants.gather(opener, paths, pixels.image_size(config.use_mnist), count, config.seed)
    for one in gathered:
        if one.note:
            print(f"{one.name}: {one.note}", flush=True)
    verdicts, failed = contestants.judge(gathered, real, _said_by_workers(config, opener, gathered, real))
    left_out = {**unopened, **failed}
    for name, reason in left_out.items():
        print(f"compare: {name} is left out: {reason}", file=sys.stderr, flush=True)
    field = _Field([one for one in gathered if one.name not in failed], left_out, verdicts)
    if not field.contestants:
        raise UserError(f"none of {config.snapshots} can be compared; the lines above say why")
    return field


def _said_by_workers(
    config: CompareConfig, opener: sandbox.Sandbox, gathered: Sequence["Contestant"], real: np.ndarray
) -> dict[str, list[np.ndarray]]:
    """What discriminators say that workers ask; nothing if there are no workers."""
    snapshots = {one.name: one.snapshot for one in gathered if one.snapshot}
    if not snapshots or config.workers is None and config.scheduler is None:
        return {}
    shown = [real, *(one.images for one in gathered)]
    images = verdict_jobs.ImagesToJudge(shown, half_round.references(real, ()))
    with worker_pool.WorkerPool(config.workers, config.scheduler) as pool:
        say = functools.partial(print, flush=True)
        return verdict_jobs.ask(pool, opener, snapshots, images, config.allow_other_bits, say)


def _weaknesses(one: "Contestant", real: np.ndarray) -> list[str]:
    about_verdicts = probes.if_possible(probes.about_verdicts, one.snapshot, real) if one.snapshot else []
    return [*probes.about_images(one.images, real), *about_verdicts]


def _spaces(config: CompareConfig, size: int) -> dict[str, features.Features]:
    names = [name.strip() for name in config.features.split(",") if name.strip()]
    return {name: features.load(name, size, config.inception_graph) for name in names or [features.DEFAULT]}


def _count(config: CompareConfig, num_real: int) -> int:
    """How many images each number is measured on."""
    if config.num_images and config.num_images > num_real:
        raise UserError(
            f"--num_images={config.num_images} is more than the {num_real} real images of "
            f"--eval_data_pattern={config.eval_data_pattern}; as many real and generated ones are compared"
        )
    return config.num_images or quality.usual_count(num_real)


def _assemble(
    config: CompareConfig, field: _Field, real: np.ndarray, meter: quality.QualityMeter
) -> comparison.Comparison:
    """Measures everyone and plays everyone."""
    random = random_generator(Use.HALF_ROUND_CHOICE, config.seed, 1)
    guesses = cross_play.in_battle(field.verdicts)
    battle = comparison.round_robin(guesses, random)
    pairs = comparison.pairs(battle) if config.battles else []
    about = {
        "time": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
        "eval_data_pattern": config.eval_data_pattern,
        "train_data_pattern": config.train_data_pattern,
        "num_real": len(real),
        "num_images": meter.count,
        "battles": config.battles,
        "seed": config.seed,
        "acceptance": cross_play.ACCEPTANCE,
    }
    return comparison.Comparison(
        contestants=_measured(field.contestants, meter),
        left_out=field.left_out,
        real=real,
        verdicts=field.verdicts,
        battle=battle,
        equal_acceptance=comparison.round_robin(cross_play.at_acceptance(field.verdicts), random),
        simulated={pair: cross_play.simulate(guesses, *pair, config.battles, random) for pair in pairs},
        floor=meter.floor,
        held_out_distance=meter.held_out_distance(),
        weaknesses={one.name: _weaknesses(one, real) for one in field.contestants},
        about=about,
    )


def _measured(contestants: Sequence["Contestant"], meter: quality.QualityMeter) -> list[comparison.MeasuredContestant]:
    measured = []
    with Progress("measuring", len(contestants), "contestant") as progress:
        for one in contestants:
            measured.append(
                comparison.MeasuredContestant(
                    name=one.name,
                    path=one.path,
                    step=one.step,
                    snapshot=os.path.basename(one.path) if one.snapshot else None,
                    note=one.note,
                    images=one.images,
                    measured=meter.measure(one.images),
                    nearest=meter.nearest_training(one.images),
                    curves=learning_curves.read(one.train_dir) if one.train_dir else learning_curves.NONE,
                    training=training_record.read(one.train_dir) if one.train_dir else None,
                )
            )
            progress.update()
    return measured


def _write(folder: str, found: comparison.Comparison) -> None:
    lines = [json.dumps(line, ensure_ascii=False) for line in comparison.records(found)]
    files.append_lines(os.path.join(folder, RECORDS), lines)
    comparison_page.write(os.path.join(folder, REPORT), found)


if __name__ == "__main__":
    sys.exit(main())
