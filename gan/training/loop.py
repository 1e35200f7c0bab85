"""The training run around the training graph: resume, loop, log, save, stop."""

import contextlib
import math
import os
import secrets
import time

import numpy as np
import tensorflow.compat.v1 as tf

from gan import readers
from gan.console.errors import DataError, StateError, UserError
from gan.console.progress import Progress
from gan.console.signals import Interrupted, SignalCatcher
from gan.data import pixels
from gan.data.tensorboard import SummaryWriter
from gan.snapshots import checkpoint_files, mirror, saver
from gan.snapshots.exporter import Publisher
from gan.storage import paths
from gan.training import learning_rate, one_process
from gan.training.session import TrainingSession

SCALARS_PER_EXPORT = 10  # TensorBoard gets numbers this many times for every snapshot
SECONDS_AFTER_SIGNAL = 15  # for the last upload, where a machine that is being taken away gives 30 in all
SCHEDULE_GRAINS = 1000  # parts of a run; with each the learning rate is set anew


def train(config, files, make_strategy=one_process.make):
    """Trains until the config's epochs, steps or minutes are reached, or a signal comes.

    Args:
        config: a train.TrainConfig.
        files: TFRecord files to train on.
        make_strategy: function from the config, and from a function that says whether a signal came, to what does each
            step: a one_process.Alone, or a chief of a cluster.

    Returns:
        The exit code: 0, or 128 + the signal's number.

    Raises:
        UserError: the data, the networks, the folder or the course of the losses is not right.
    """
    with SignalCatcher() as signals:
        try:
            chosen = make_strategy(config, lambda: signals.caught)
        except Interrupted as stopped:
            print(stopped, flush=True)
            return signals.exit_code
        try:
            with contextlib.ExitStack() as stack:
                folders = _Folders(config, stack, signals)
                run = stack.enter_context(contextlib.closing(_Run(config, files, folders, chosen)))
                # Only now that the new training is known to be possible.
                if config.start_new_model:
                    folders.remove_training()
                run.loop(signals)
            if not signals.caught:  # and all is uploaded
                chosen.end(failed=False)
        except BaseException:
            if not signals.caught:  # asked to stop, the chief of a cluster may come back
                chosen.end(failed=True)
            raise
        return signals.exit_code


class _Folders:
    """The folders that a run writes to, each a mirror.Folder or a mirror.Mirror.

    Attributes:
        training: for snapshots and the state.
        log: for TensorBoard; may be the same.
        images: for pictures.
    """

    def __init__(self, config, stack, signals):
        def patience():
            return SECONDS_AFTER_SIGNAL if signals.caught else mirror.PATIENCE

        def opened(path):
            folder = stack.enter_context(mirror.writable_folder(path, patience, fetch=False))
            os.makedirs(folder.path, exist_ok=True)
            return folder

        self._train_dir = config.train_dir
        if checkpoint_files.folder_of(config.train_dir) != config.train_dir:
            raise StateError(f"--train_dir={config.train_dir} is a snapshot; give its folder")
        self.training = stack.enter_context(mirror.writable_folder(config.train_dir, patience))
        checkpoint_files.prepare_folder(self.training.path)
        stack.enter_context(checkpoint_files.locked(self.training.path))
        checkpoint_files.remove_leftovers(self.training.path)
        separate = config.log_dir and config.log_dir.rstrip("/") != config.train_dir.rstrip("/")
        self.log = opened(config.log_dir) if separate else self.training
        self.images = opened(config.image_dir) if config.export_generated_images else None

    def remove_training(self):
        """Removes what a former training left, and says so."""
        removed = checkpoint_files.remove_training(self.training.path)
        for folder in {self.training, self.log}:
            removed += checkpoint_files.remove_logs(folder.path)
            folder.remove_logs()
        print(f"removed {len(removed)} files of a former training from {self._train_dir}", flush=True)


class _Run:
    """One run of the command: graphs, sessions and where they stand."""

    def __init__(self, config, files, folders, chosen):
        self._config, self._folders, self._strategy = config, folders, chosen
        state = _find_state(config, folders.training.path)
        self._size = pixels.image_size(config.use_mnist)
        self._seed = _seed(config, state)
        self._reader = readers.open_reader(files, self._size, config.data_memory_mb, config.num_readers)
        self._training = TrainingSession(
            config, self._reader, self._size, chosen.placement, chosen.exchange, graph_seed=self._seed
        )
        self._graph, self._session = self._training.graph, self._training.session
        self._publisher = Publisher(config, self._size, self._graph.serving_weights)
        self._restore(state)
        self._writer = None

    def loop(self, signals):
        """Trains to the end or to a signal, and saves."""
        config = self._config
        last = self._last_step()
        self._writer = SummaryWriter(self._folders.log.path, first_step=self._step + 1)
        self._save()
        if self._step >= last or self._out_of_time():
            print(
                f"{config.train_dir} is trained already, {self._progress_text()}; raise --num_epochs, --max_steps or "
                "--max_minutes to go on, or --start_new_model to begin anew",
                flush=True,
            )
            self._strategy.begin(self._seed)
            self._strategy.stop_workers()
            return
        print(self._announcement(last), flush=True)
        self._strategy.begin(self._seed)
        self._start_clocks()
        # Where time ends the run, the number of its last step is not known.
        with Progress("training", None if config.max_minutes else last, "step", self._step) as progress:
            while self._step < last and not self._out_of_time() and not signals.caught:
                before = self._step
                with self._saving_before_errors():
                    self._follow_schedule(last)
                    self._train_step(last)
                progress.update(self._step - before, self._note)
                if config.export_generated_images and self._is_due(config.export_image_steps, before):
                    with self._saving_before_errors():
                        self._write_picture()
                if self._is_due(config.export_model_steps, before):
                    self._save()
            if not signals.caught:
                self._strategy.stop_workers()
                self._read_counters()
            self._save()
        again = "the same command without --start_new_model" if config.start_new_model else "the same command"
        stopped = f"stopped by a signal, {again} goes on from here: " if signals.caught else ""
        saved = f"saved {self._saved_prefix()}, " if self._saved_step else ""
        print(f"{stopped}{saved}{self._progress_text()}", flush=True)

    @contextlib.contextmanager
    def _saving_before_errors(self):
        """Keeps the steps done so far where data or pictures fail in the middle of a run."""
        try:
            yield
        except (DataError, OSError):
            self._save()
            raise

    def close(self):
        if self._writer:
            self._writer.close()
        self._training.close()
        self._publisher.close()

    def _restore(self, state):
        self._strategy.open(self._training)
        with self._training.reaching_servers():
            if state:
                saver.restore_state(self._training.saver, self._session, state, self._training.variables)
            else:
                self._session.run(self._training.initializer)
                self._graph.seed.load(self._seed, self._session)
            self._seconds, num_images = self._session.run([self._graph.seconds, self._graph.num_images])
            self._graph.num_images.load(self._reader.num_images, self._session)
        self._read_counters()
        if state and num_images != self._reader.num_images:
            print(
                f"warning: trained on {num_images} images so far, now on {self._reader.num_images}; epochs are counted "
                "in these"
            )
        self._publisher.load(self._weights())
        self._publisher.warn_of_refusal()
        snapshot = checkpoint_files.latest_snapshot(self._folders.training.path)
        # A run that was killed between the two has a state without its snapshot.
        self._saved_step = self._step if state and snapshot and snapshot.step == self._step else None
        self._note, self._logged_step = "", self._step
        self._grains_told = None

    def _start_clocks(self):
        self._tick, self._scalars_at = time.monotonic(), (time.monotonic(), self._images_seen)

    def _read_counters(self):
        counters = self._training.run([self._graph.global_step, self._graph.images_seen])
        self._step, self._images_seen = (int(count) for count in counters)

    def _is_due(self, every, before):
        """Whether the steps after step number `before` went over a multiple of `every`; a cluster may do several."""
        return self._step // every > before // every

    def _follow_schedule(self, last):
        """Lets the learning rate follow the share of the run that is done, by steps or time, whichever ends first."""
        config = self._config
        if self._graph.schedule_factor is None:
            return
        by_time = self._seconds / (config.max_minutes * 60) if config.max_minutes else 0.0
        # A whole number of grains, so that a run that goes on does as one that never stopped.
        grains = math.floor(min(1.0, max(self._step / last, by_time)) * SCHEDULE_GRAINS)
        if grains != self._grains_told:
            share = grains / SCHEDULE_GRAINS
            factor = learning_rate.factor(config.learning_rate_schedule, config.learning_rate_hold, share)
            with self._training.reaching_servers():
                self._graph.schedule_factor.load(factor, self._session)
            self._grains_told = grains

    def _train_step(self, last):
        """One step of both networks; raises UserError where the losses are no longer finite."""
        every = max(1, self._config.export_model_steps // SCALARS_PER_EXPORT)
        with_scalars = (self._step + 1) // every > self._logged_step // every or self._step + 1 in (1, last)
        fetches = {"D": self._graph.discriminator_loss, "G": self._graph.generator_loss}
        if with_scalars:
            fetches["scalars"] = self._scalars()
        results, self._step, self._images_seen = self._strategy.step(fetches, self._step, self._images_seen)
        now = time.monotonic()
        self._seconds, self._tick = self._seconds + now - self._tick, now
        if not (math.isfinite(results["D"]) and math.isfinite(results["G"])):
            self._stop_diverged(f"the losses are not finite (discriminator {results['D']}, generator {results['G']})")
        if with_scalars:
            self._log(results["scalars"], now)

    def _scalars(self):
        scalars = {
            "loss/discriminator": self._graph.discriminator_loss,
            "loss/generator": self._graph.generator_loss,
            "accuracy/on_real": self._graph.accuracy_on_real,
            "accuracy/on_fake": self._graph.accuracy_on_fake,
            "learning_rate": self._graph.learning_rate,
        }
        if self._config.augment_target is not None:
            scalars["augment_probability"] = self._graph.augment_probability
        return scalars

    def _log(self, scalars, now):
        self._logged_step = self._step
        then, images_then = self._scalars_at
        self._scalars_at = now, self._images_seen
        scalars["images_per_second"] = (self._images_seen - images_then) / max(now - then, 1e-9)
        scalars["epoch"] = self._epoch()
        self._writer.scalars(self._step, scalars)
        of_minutes = f" of {self._config.max_minutes:g}" if self._config.max_minutes else ""
        self._note = (
            f"{self._seconds / 60:.1f}{of_minutes} minutes, epoch {self._epoch():.1f}, "
            f"{scalars['images_per_second']:.0f} images/s, D loss {scalars['loss/discriminator']:.3f}, "
            f"G loss {scalars['loss/generator']:.3f}, D right on real {scalars['accuracy/on_real']:.0%}, "
            f"on fake {scalars['accuracy/on_fake']:.0%}"
        )

    def _save(self):
        """Writes the state, then the snapshot: a snapshot never stands without a state to go on from."""
        if self._step in (0, self._saved_step):
            return
        weights = self._weights()
        with self._training.reaching_servers():
            self._graph.seconds.load(self._seconds, self._session)
            saver.write_state(self._training.saver, self._session, self._folders.training.path, self._step)
        self._publisher.load(weights)
        self._publisher.write(self._folders.training.path, self._step)
        self._saved_step = self._step
        self._writer.picture(self._step, "samples", self._publisher.samples())
        self._writer.flush()
        self._folders.training.changed()
        self._folders.log.changed()

    def _weights(self):
        """What to serve: variable name -> value; raises UserError where one is not finite."""
        weights = self._training.run(self._graph.serving_weights, step=self._step)
        for name, value in weights.items():
            if not np.isfinite(value).all():
                self._stop_diverged(f"variable {name} is not finite")
        return weights

    def _write_picture(self):
        self._publisher.load(self._weights())
        path = os.path.join(self._folders.images.path, f"generated-{self._step:06d}.png")
        pixels.write_png(path, self._publisher.samples())
        self._folders.images.changed()

    def _stop_diverged(self, what):
        kept = f"{self._saved_prefix()} is the last good snapshot" if self._saved_step else "there was no snapshot yet"
        raise UserError(f"training diverged at step {self._step}: {what}; {kept}; try a lower --base_learning_rate")

    def _saved_prefix(self):
        return paths.join(self._config.train_dir, f"{checkpoint_files.SNAPSHOT}-{self._saved_step}")

    def _last_step(self):
        images_left = self._config.num_epochs * self._reader.num_images - self._images_seen
        last = self._step + max(0, math.ceil(images_left / self._config.batch_size))
        return min(last, self._config.max_steps or last)

    def _out_of_time(self):
        return self._config.max_minutes is not None and self._seconds >= self._config.max_minutes * 60

    def _epoch(self):
        return self._images_seen / self._reader.num_images

    def _progress_text(self):
        return f"step {self._step}, {self._epoch():.1f} epochs, {self._seconds / 60:.1f} minutes of training"

    def _announcement(self, last):
        going_on = f", going on from step {self._step}" if self._step else ""
        end = f"for {self._config.max_minutes:g} minutes, or " if self._config.max_minutes else ""
        return (
            f"{self._config.generator_model} against {self._config.discriminator_model} on {self._reader.num_images} "
            f"images{self._strategy.summary} {end}to step {last}{going_on}; seed {self._seed}; Ctrl-C saves and stops"
        )


def _find_state(config, folder):
    """The state to go on from, or None where training begins anew."""
    if config.start_new_model:
        return None
    state, snapshot = saver.readable_state(folder), checkpoint_files.latest_snapshot(folder)
    if snapshot and not state:
        raise StateError(
            f"{snapshot.path} is a snapshot without the training state to go on from; choose another --train_dir, "
            "or --start_new_model to delete it and begin anew"
        )
    return state


def _seed(config, state):
    """The seed of a former run where there was one; else the flag's, else a new one."""
    if state is None:
        return config.seed if config.seed is not None else secrets.randbelow(2**31)
    saved = int(tf.train.load_checkpoint(state.prefix).get_tensor("seed"))
    if config.seed not in (None, saved):
        raise UserError(f"--seed={config.seed}: {state.prefix} was trained with seed {saved}, which goes on")
    return saved
