"""Looks for better flags of train: many short trainings, each with other flags, and a table of what was found.

    python -m gan.sweep --flagfile=gan/recipes/faces_10min.flags --train_data_pattern='data/train*.tfrecords' \\
        --search=gan/recipes/faces_search.yaml --trials=30 --max_minutes=8 --sweep_dir=sweep1

Each trial is a `gan.train` process with a folder of its own in sweep_dir. Optuna chooses its flags, and stops it early
if others were better by then. The first trial is what the flag file says, if the search space holds it. Ctrl-C saves
and stops; the same command goes on from there. In sweep_dir are then

    best.flags          the best flags, for `python -m gan.train --flagfile=sweep1/best.flags`
    history.png         what was found, trial by trial; importances.png: which flags mattered; slice.png: their values
    trial-NNN/          the training of each trial, its best snapshot in best/, what it printed in output.txt
    sweep.sqlite        Optuna's study, which Optuna's own tools can read, too

--workers=2 trains two trials at a time on this machine; --scheduler=tcp://... trains one on each worker of a Dask
scheduler. --show shows all of this of a sweep, also while it runs. All flags of train are flags of sweep, too.
"""

import contextlib
import os
import sys
from collections.abc import Iterator, Sequence

if not __package__:  # `python sweep.py` inside gan/: the package is found one folder up
    sys.path[0] = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

from gan.console import command, output
from gan.console.errors import UserError
from gan.data import pixels, tfrecords
from gan.distributed import (
    remote_trials,
    search_space,
    sweep_flags,
    sweep_results,
    sweep_study,
    trial_loop,
    worker_flags,
    worker_pool,
)
from gan.distributed.sweep_flags import SweepFlags
from gan.distributed.sweep_study import SweepPlan, SweepStudy
from gan.measure import metric_registry, quality
from gan.storage import cache, files, paths

_LOCK = ".lock"  # of sweep_dir


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command and returns its exit code."""
    return command.run(sweep, SweepFlags, argv)


def sweep(config: SweepFlags) -> int:
    """Runs trials, or shows them; the exit code is 1 if no trial came to its end."""
    if paths.is_remote(config.sweep_dir):
        raise UserError(f"--sweep_dir={config.sweep_dir} must be on disk, since SQLite writes to it")
    if config.show:
        return _show(config.sweep_dir, SweepStudy(config.sweep_dir))
    worker_flags.check(config)
    plan = sweep_flags.plan_of(config, _is_higher_better(config))
    sweep_flags.check_data(config, plan)
    _check_images(config)
    sweep_study.optuna()
    for sentence in sweep_flags.idle(plan):
        print(f"warning: {sentence}", flush=True)
    lock = os.path.join(config.sweep_dir, _LOCK)
    files.check_writable(config.sweep_dir)
    if files.is_locked(lock):
        raise UserError(f"--sweep_dir={config.sweep_dir} is in use by another sweep; --show shows it")
    with files.locked(lock, f"--sweep_dir={config.sweep_dir}"):
        judging = sweep_study.Judging(config.pruner, config.first_trials, config.seed)
        study = SweepStudy(config.sweep_dir, judging)
        first = sweep_flags.first_values(config, plan)
        if study.begin(plan, first):
            print(f"going on with the sweep in {config.sweep_dir}", flush=True)
        elif outside := plan.outside(first):
            print(
                f"the first trial is drawn at random: --search leaves out {outside}, as it is without a sweep",
                flush=True,
            )
        extent = trial_loop.Extent(_count(config.trials, plan), sweep_flags.minutes_of(config))
        with _trials(config, plan) as trials:
            stopped = trial_loop.TrialLoop(trials, study, plan, extent).run()
        shown = _show(config.sweep_dir, study)
    if stopped:
        output.announce("stopped by a signal, run it again to go on from here")
    return stopped or shown


def _count(trials: int, plan: SweepPlan) -> int:
    """How many trials there are to be: as many as are asked for, and no more than the search space has."""
    different = search_space.combinations(plan.space)
    if different is None or different >= trials:
        return trials
    ends = f"the sweep ends after {different} trials, not {trials}"
    print(f"--search holds {different} combinations, so {ends}", flush=True)
    return different


@contextlib.contextmanager
def _trials(config: SweepFlags, plan: SweepPlan) -> Iterator[trial_loop.Trials]:
    """Where trials run."""
    if config.scheduler is None:
        yield trial_loop.LocalTrials(config.sweep_dir, config.workers or 1)
        return
    data = sweep_flags.data_of(plan)
    with worker_pool.WorkerPool(None, config.scheduler) as pool:
        yield remote_trials.RemoteTrials(pool, config.sweep_dir, data, lambda text: print(text, flush=True))


def _is_higher_better(config: SweepFlags) -> bool:
    """Raises UserError if no best snapshot can be chosen by a metric."""
    size = pixels.image_size(config.use_mnist)
    chosen = metric_registry.choice(sweep_flags.metric_of(config), size, "metric").metric
    return chosen.direction is metric_registry.Direction.HIGHER


def _check_images(config: SweepFlags) -> None:
    """Raises UserError if trials could not read the training images, or not be measured by them."""
    found, size = cache.find_files(config.train_data_pattern, "train_data_pattern"), pixels.image_size(config.use_mnist)
    for path in found:
        tfrecords.check_first_values(path, size)
    total = tfrecords.count_all(found, size)
    if total < quality.FEWEST:
        raise UserError(f"{total} training images are too few to measure trials by; {quality.FEWEST} are needed")


def _show(folder: str, study: SweepStudy) -> int:
    plan = study.plan
    print(sweep_results.table(study.rows(), plan["metric"], plan["maximize"]), flush=True)
    for path in sweep_results.draw(folder, study):
        print(f"drawn: {path}")
    best = sweep_results.write_flags(folder, study)
    if best:
        output.announce(f"the best flags: {best}")
    return 0 if best else command.EXIT_MISTAKE


if __name__ == "__main__":
    sys.exit(main())
