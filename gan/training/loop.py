"""The training run around the training graph: go on from where it stands, step, log, save, stop."""

import contextlib
import math
import time
from collections.abc import Callable, Iterator

from gan.console import output
from gan.console.errors import DataError
from gan.console.progress import Progress
from gan.console.signals import Interrupted, SignalCatcher
from gan.data.tensorboard import SummaryWriter
from gan.snapshots import mirror
from gan.training import learning_rate, one_process, record, start
from gan.training.folders import Folders
from gan.training.one_process import OneProcess
from gan.training.position import EndOfRun
from gan.training.quality_watch import QualityEvaluator, QualityWatch
from gan.training.saving import Saving
from gan.training.settings import BatchSettings, TrainingSettings
from gan.training.start import Run
from gan.training.training_log import TrainingLog

SCALARS_PER_EXPORT = 10  # TensorBoard gets numbers this many times for every snapshot
_RISE_TOLD = 0.05  # of the learning rate, from which on it is said
SECONDS_AFTER_SIGNAL = 15  # for the last upload; a machine that is taken away gives 30 in all

# From the batch, and a function that says whether a signal came, to what does each step.
MakeStrategy = Callable[[BatchSettings, Callable[[], bool]], OneProcess]


def train(
    settings: TrainingSettings,
    make_strategy: MakeStrategy = one_process.make,
    evaluator: QualityEvaluator | None = None,
) -> int:
    """Trains until the epochs, steps or minutes are reached, or a signal comes.

    Args:
        settings: everything about the training.
        make_strategy: makes what does each step: a one_process.OneProcess, or a chief of a cluster.
        evaluator: measures the quality from time to time; None does not.

    Returns:
        The exit code: 0, or 128 + the signal's number.

    Raises:
        UserError: the data, the networks, the folder or the course of the losses is not right.
    """
    with SignalCatcher() as signals:
        try:
            strategy = make_strategy(settings.batch, lambda: bool(signals.caught))
        except Interrupted as stopped:
            print(stopped, flush=True)
            return signals.exit_code
        _train(settings, strategy, evaluator, signals)
        return signals.exit_code


def _train(
    settings: TrainingSettings, strategy: OneProcess, evaluator: QualityEvaluator | None, signals: SignalCatcher
) -> None:
    """Opens the folders, prepares the run, and steps."""

    def patience() -> float:
        return SECONDS_AFTER_SIGNAL if signals.caught else mirror.PATIENCE

    with contextlib.ExitStack() as stack:
        folders = Folders(settings.folders, stack, patience)
        state = start.find_state(folders.training.path, settings.folders.start_new_model)
        run = start.prepare(settings, state, strategy, stack)
        # Only now it is known that the new training can begin.
        if settings.folders.start_new_model:
            folders.remove_training()
        writer = SummaryWriter(folders.log.path, first_step=run.position.step + 1)
        stack.callback(writer.close)
        minutes = settings.saving.quality_minutes
        watch = QualityWatch(evaluator, minutes, run, folders, writer) if evaluator else None
        _Loop(settings, run, strategy, Saving(folders, run, writer), watch).run(signals)


class _Loop:
    """The steps of one run."""

    def __init__(
        self,
        settings: TrainingSettings,
        run: Run,
        strategy: OneProcess,
        saving: Saving,
        quality: QualityWatch | None,
    ) -> None:
        self._settings, self._strategy, self._run = settings, strategy, run
        self._folder, self._training, self._position = saving.folder, run.training, run.position
        self._saving, self._quality = saving, quality
        self._end = EndOfRun(settings.stop, run.position, settings.images_per_step)
        every = max(1, settings.saving.snapshot_steps // SCALARS_PER_EXPORT)
        self._log = TrainingLog(run.training.graph.scalars, saving.writer, every, settings.stop.max_minutes)
        self._schedules = run.training.schedules(settings.step.learning_rate)

    def run(self, signals: SignalCatcher) -> None:
        """Trains to the end or to a signal, and saves."""
        position = self._position
        self._saving.save(position)
        if self._end.is_reached(position):
            print(
                f"{self._folder.name} is trained already, {position}; raise --num_epochs, --max_steps or --max_minutes "
                "to go on, or give --start_new_model to begin from scratch",
                flush=True,
            )
            self._strategy.begin(self._run.seed, self._run.data_sha256)
            self._strategy.finish(position.step)
            if self._quality:
                self._quality.finish(position)
            self._tell_best()
            return
        record.write(self._folder, self._run, self._settings)
        print(self._announcement(), flush=True)
        self._tell_rise()
        self._strategy.begin(self._run.seed, self._run.data_sha256)
        self._loop(signals)
        again = "the same command without --start_new_model" if self._settings.folders.start_new_model else "it again"
        stopped = f"stopped by a signal, run {again} to go on from here: " if signals.caught else ""
        saved = f"saved {self._saving.saved_path()}, " if self._saving.saved_step else ""
        output.announce(f"{stopped}{saved}{position}")
        self._tell_best()

    def _tell_rise(self) -> None:
        """Says so if a run whose learning rate had fallen goes on to a later end, where it is higher again."""
        variable, rates = self._training.graph.schedule_factor, self._settings.step.learning_rate
        if variable is None or not self._position.step:
            return
        before = float(self._training.run(variable))
        after = learning_rate.factor(rates.schedule, rates.hold, self._end.share_done(self._position))
        if after > before + _RISE_TOLD:
            print(
                f"note: the learning rate had fallen to {before:.0%} of --base_learning_rate and is {after:.0%} again, "
                "since the run now ends later; to go on at a low rate, give "
                f"--learning_rate_schedule={learning_rate.CONSTANT} and a smaller --base_learning_rate",
                flush=True,
            )

    def _tell_best(self) -> None:
        if self._quality and (best := self._quality.best()):
            output.announce(best)

    def _loop(self, signals: SignalCatcher) -> None:
        position, saving = self._position, self._settings.saving
        self._tick = time.monotonic()
        self._log.start(position)
        # If time ends the run, the number of its last step is not known.
        total = None if self._settings.stop.max_minutes else self._end.step
        with Progress("training", total, "step", position.step) as progress:
            while not self._strategy.is_over(self._end, position, signals):
                before = position.step
                with self._saving_before_errors():
                    for schedule in self._schedules:
                        schedule.follow(self._strategy.share_done(self._end, position))
                    self._train_step()
                progress.update(position.step - before, self._log.note)
                if position.has_passed(saving.picture_steps, before):
                    with self._saving_before_errors():
                        self._saving.write_picture(position)
                if position.has_passed(saving.snapshot_steps, before):
                    self._strategy.align(position.step)
                    self._saving.save(position)
                if self._quality:
                    with self._saving_before_errors():
                        self._quality.follow(position)
            self._strategy.finish(position.step)
            self._saving.save(position)
            if self._quality and not signals.caught:
                self._quality.finish(position)

    def _train_step(self) -> None:
        """One step of both networks; raises UserError if the losses are no longer finite."""
        position, graph = self._position, self._training.graph
        scalars = self._log.wanted(position.step + 1, self._end.step)
        losses = {"discriminator": graph.discriminator_loss, "generator": graph.generator_loss}
        found, position.step, position.images_seen = self._strategy.step(
            [losses, dict(scalars)], position.step, position.images_seen
        )
        now = time.monotonic()
        position.seconds, self._tick = position.seconds + now - self._tick, now
        values = found[0]
        if not all(map(math.isfinite, values.values())):
            told = ", ".join(f"{name} {value}" for name, value in values.items())
            raise self._saving.diverged(position, f"the losses are not finite ({told})")
        self._log.write(position, found[1])

    @contextlib.contextmanager
    def _saving_before_errors(self) -> Iterator[None]:
        """Keeps the steps done so far if data, pictures or measuring fail during a run."""
        try:
            yield
        except (DataError, OSError):
            self._saving.save(self._position)
            raise

    def _announcement(self) -> str:
        models, position = self._settings.game.models, self._position
        going_on = f", going on from step {position.step}" if position.step else ""
        minutes = self._settings.stop.max_minutes
        end = f"for {minutes:g} minutes, or " if minutes else ""
        return (
            f"{models.generator} against {models.discriminator} on {position.num_images} images"
            f"{self._strategy.summary} {end}to step {self._end.step}{going_on}; seed {self._run.seed}; "
            "Ctrl-C saves and stops"
        )
