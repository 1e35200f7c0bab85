"""The training graph of one process in a session, with its data."""

import functools
import random
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import tensorflow.compat.v1 as tf
from tensorflow.core.protobuf.rewriter_config_pb2 import RewriterConfig

from gan import readers
from gan.console.errors import UserError, reason
from gan.networks import keras_layers, loss_values, registry
from gan.random_noise_generator import NOISE_SIZE, Use, uniform_noise
from gan.training import placement, step
from gan.training.gradients import Penalty
from gan.training.learning_rate import LINEAR, Schedule
from gan.training.reduction import Exchange
from gan.training.settings import BatchSettings, GameSettings, LearningRateSettings, StepSettings


@dataclass(frozen=True)
class BatchShare:
    """Images `first` to `first + count` of the batch of one update of the discriminator."""

    seed: int
    step: int  # updates before this one; steps, if each has one
    images_seen: int  # images before this step's
    first: int
    count: int


class Place(NamedTuple):
    """Where a process stands among those that train."""

    placement: placement.Placement
    exchange: Exchange | None = None
    graph_seed: int | None = None  # of the graph's random operations; None draws one
    network_seed: int | None = None  # see network.Network; all processes need the same one


class TrainingSession:
    """Builds the graph and opens a session; the variables are neither made nor restored yet.

    Args:
        game: names of the networks and the loss.
        settings: what a step does with them.
        batch: how many images a whole step has.
        reader: the data, which no graph has used yet.
        place: where this process stands.

    Attributes:
        batch_size: real images, and as many generated ones, of a whole batch.
        discriminator_steps: batches of a step, each for one update of the discriminator.
        graph: the graph's tensors and operations.
        variables: all variables to save.
        saver: a saver of these.
        initializer: operation that gives them their first values.
        local_initializer: operation that does so for what is not saved: local variables and tables of one's own.
        session: the session.
    """

    def __init__(
        self, game: GameSettings, settings: StepSettings, batch: BatchSettings, reader: readers.Reader, place: Place
    ) -> None:
        self.batch_size, self._reader, self._placement = batch.size, reader, place.placement
        self.discriminator_steps = settings.discriminator_steps
        with keras_layers.new_graph() as training_graph, tf.device(place.placement.device):
            tf.set_random_seed(place.graph_seed)
            if place.graph_seed is not None:  # contestants draw weights by these, and so does Keras
                random.seed(place.graph_seed)
                np.random.seed(place.graph_seed)
            self._noise = tf.placeholder(tf.float32, [None, NOISE_SIZE], "noise")
            self._place = tf.placeholder(tf.int64, [3], "place")
            with tf.device(place.placement.own):
                real_images = reader.connect()
            of_reader = {id(variable) for variable in tf.local_variables()}
            inputs = step.StepInputs(real_images, self._noise, self._place)
            self.graph = step.build_training_graph(
                load_game(game, len(place.placement.devices), place.network_seed),
                *(inputs, settings, place.placement.devices, place.exchange),
            )
            copies = {id(copy) for copy, _ in self.graph.copies}
            self.variables = [variable for variable in tf.global_variables() if id(variable) not in copies]
            self._copy = tf.group(*(copy.assign(own) for copy, own in self.graph.copies))
            by_name = {variable.op.name: variable for variable in self.variables}  # parts of a variable have names, too
            self.saver = tf.train.Saver(by_name, max_to_keep=None)
            self.initializer = tf.global_variables_initializer()
            local = [variable for variable in tf.local_variables() if id(variable) not in of_reader]
            self.local_initializer = tf.group(tf.variables_initializer(local), tf.tables_initializer())
        config = place.placement.session_config(log_device_placement=batch.log_placement, graph_options=_options())
        self.session = tf.Session(place.placement.target, training_graph, config)
        place.placement.keep(self.session)
        reader.start(self.session)

    def feed(self, share: BatchShare) -> dict[tf.Tensor, Any]:
        """What to feed for a share of a step's batch."""
        noise = uniform_noise(self.batch_size, Use.TRAINING_NOISE, share.seed, share.step)
        return {
            **self._reader.feed(share.seed, share.images_seen + share.first, share.count),
            self._noise: noise[share.first : share.first + share.count],
            # Not the global step: two processes that each do steps of their own may read the same one.
            self._place: [share.seed, share.step, share.first],
        }

    def run(self, fetches: Any, feed: dict[tf.Tensor, Any] | None = None, step: int = 0) -> Any:
        """Runs something; raises UserError if it fails, which names the step of this number."""
        try:
            return self.session.run(fetches, feed)
        except (tf.errors.ResourceExhaustedError, MemoryError) as error:
            raise UserError(f"step {step} does not fit into memory; lower --batch_size") from error
        except tf.errors.OpError as error:
            raise self._placement.lost(error) or UserError(f"step {step} failed: {reason(error)}") from error
        except ValueError as error:
            raise UserError(f"step {step} failed: {reason(error)}") from error

    def set(self, variable: tf.Variable, value: float) -> None:
        """Sets a variable."""
        variable.load(value, self.session)

    def schedules(self, settings: LearningRateSettings) -> list[Schedule]:
        """What sets the variables of the graph that follow the course of a run."""
        factors = [
            (self.graph.schedule_factor, settings.schedule, settings.hold),
            (self.graph.noise_factor, LINEAR, 0.0),
        ]
        return [
            Schedule(shape, hold, functools.partial(self.set, variable))
            for variable, shape, hold in factors
            if variable is not None
        ]

    def copy_to_devices(self) -> None:
        """Gives the other devices' copies of the networks the values of the saved ones; call if those were set."""
        self.session.run(self._copy)

    def weights(self, step: int) -> dict[str, np.ndarray]:
        """What to serve, variable name -> value; raises NotFinite if a value is not finite."""
        counter = self.graph.counters.global_step  # of which a network may be a function
        weights = self.run({**self.graph.serving_weights, counter.op.name: counter}, step=step)
        for name, value in weights.items():
            if not np.isfinite(value).all():
                raise NotFinite(f"variable {name} is not finite")
        return weights

    def close(self) -> None:
        """Closes the session."""
        self.session.close()


class NotFinite(UserError):
    """A number of the training is no longer finite; the message says which."""


def load_game(settings: GameSettings, devices: int = 1, seed: int | None = None) -> step.Game:
    """Imports the classes, and makes objects of those that are no networks."""
    penalty = None
    generator, discriminator = registry.load_models(settings.models)
    loss = registry.load(registry.LOSS, settings.loss, "label_loss")
    if settings.label_smoothing:
        loss_values.smooth_labels(loss, settings.label_smoothing)
    if settings.penalty:
        found = registry.load(registry.PENALTY, settings.penalty.name, "penalty")
        penalty = Penalty(found, settings.penalty.weight, settings.penalty.steps)
    copies = [(generator, discriminator)] * (devices - 1)
    return step.Game(generator, discriminator, loss, penalty, copies, seed)


def _options() -> tf.GraphOptions:
    """TensorFlow's remapper fails on gradients of biased leaky ReLUs, with an error on the screen."""
    return tf.GraphOptions(rewrite_options=RewriterConfig(remapping=RewriterConfig.OFF))
