"""What a worker of a cluster does: the same steps as the chief, without writing anything."""

import contextlib
from collections.abc import Callable

from gan import readers
from gan.console.signals import Interrupted, SignalCatcher
from gan.distributed.together import Together
from gan.training import start
from gan.training.position import EndOfRun
from gan.training.session import Place, TrainingSession
from gan.training.settings import BatchSettings, TrainingSettings

Make = Callable[[BatchSettings, Callable[[], bool]], Together]


def work(settings: TrainingSettings, make: Make) -> int:
    """Takes part in a training until it ends.

    Args:
        settings: the same as the chief's.
        make: makes what does each step.

    Returns:
        The exit code: 0, or 128 + the number of a signal to any of the processes.

    Raises:
        UserError: the data or the networks are not right, or another process is gone.
    """
    with SignalCatcher() as signals, contextlib.ExitStack() as stack:
        try:
            together = make(settings.batch, lambda: bool(signals.caught))
        except Interrupted as stopped:
            print(stopped, flush=True)
            return signals.exit_code
        steps = _follow(settings, together, signals, stack)
        print(f"this worker leaves after its part in {steps} steps", flush=True)
        return signals.exit_code


def _follow(settings: TrainingSettings, together: Together, signals: SignalCatcher, stack: contextlib.ExitStack) -> int:
    """Does its share of all steps; returns how many they were."""
    data = settings.data
    reader = readers.open_reader(data.files, data.size, data.memory_mb, data.threads)
    data_sha256 = reader.fingerprint()
    # Random operations of the networks' own must not be the same in all workers: no seed of the graph.
    place = Place(together.placement, together.exchange, network_seed=settings.seed)
    training = TrainingSession(settings.game, settings.step, settings.batch, reader, place)
    stack.callback(training.close)
    training.run(training.local_initializer)
    training.run(training.initializer)
    together.open(training)
    print("this worker is ready", flush=True)
    together.begin(0, data_sha256)
    position = start.current_position(training, reader.num_images)
    end = EndOfRun(settings.stop, position, settings.images_per_step)
    schedules = training.schedules(settings.step.learning_rate)
    first = position.step
    # The seconds are the chief's as it began, so both know alike whether there is nothing left to do.
    while not (end.is_reached(position) or together.is_over(end, position, signals)):
        for schedule in schedules:
            schedule.follow(together.share_done(end, position))
        before = position.step
        _, position.step, position.images_seen = together.step([], position.step, position.images_seen)
        if position.has_passed(settings.saving.snapshot_steps, before):
            together.align(position.step)
    together.finish(position.step)
    return position.step - first
