"""The training graph of one process in a session, with its data."""

import contextlib

import tensorflow.compat.v1 as tf
from tensorflow.core.protobuf.rewriter_config_pb2 import RewriterConfig

from gan.augment import ADAPTATION_IMAGES, Augmentation
from gan.console.errors import UserError, reason
from gan.networks import registry
from gan.random_noise_generator import NOISE_SIZE, Use, uniform_noise
from gan.training import compute_type, learning_rate, placement, step
from gan.training.gradients import Penalty


class TrainingSession:
    """Builds the graph and opens a session; the variables are neither made nor restored yet.

    Args:
        config: a train.TrainConfig.
        reader: a reader of readers.py that no graph has used yet.
        size: pixels of an image.
        placement: a placement.Placement.
        exchange: see step.build_training_graph.
        graph_seed: seed of the graph's random operations; None draws one.

    Attributes:
        batch_size: real images, and generated ones, of a whole step.
        graph: a step.TrainingGraph.
        variables: all variables to save.
        saver: a saver of these.
        initializer: operation that gives them their first values.
        session: the session.
    """

    def __init__(self, config, reader, size, placement, exchange, graph_seed):
        self.batch_size, self._reader, self._watch = config.batch_size, reader, placement.watch
        with tf.Graph().as_default() as training_graph, tf.device(placement.device):
            tf.set_random_seed(graph_seed)
            self._noise = tf.placeholder(tf.float32, [None, NOISE_SIZE], "noise")
            self._place = tf.placeholder(tf.int64, [3], "place")
            with tf.device(placement.own):
                real_images = reader.connect()
            self.graph = step.build_training_graph(
                *registry.load_models(config),
                registry.load(registry.LOSS, config.label_loss, "label_loss"),
                real_images,
                self._noise,
                size=size,
                optimizer=config.optimizer,
                adam_betas=(config.adam_beta1, config.adam_beta2),
                base_learning_rate=config.base_learning_rate,
                learning_rate_decay=config.learning_rate_decay,
                learning_rate_decay_examples=config.learning_rate_decay_examples,
                follows_schedule=config.learning_rate_schedule != learning_rate.CONSTANT,
                clip_gradient_norm=config.clip_gradient_norm,
                regularization_penalty=config.regularization_penalty,
                averaging_decay=config.averaging_decay,
                augmentation=_augmentation(config),
                penalty=_penalty(config),
                top_k_share=config.top_k_share,
                replay_share=config.replay_share,
                negatives_share=config.negatives_share,
                place=self._place,
                compute_type=tf.as_dtype(compute_type.compute_type(config.compute_type)),
                devices=placement.towers,
                exchange=exchange,
            )
            self.variables = tf.global_variables()
            self.saver = tf.train.Saver(self.variables, max_to_keep=None)
            self.initializer = tf.global_variables_initializer()
        self.session = tf.Session(
            placement.target,
            training_graph,
            placement.session_config(log_device_placement=config.log_device_placement, graph_options=_graph_options()),
        )
        placement.keep(self.session)
        with self.reaching_servers():
            reader.start(self.session)

    def feed(self, share):
        """What to feed for a one_process.Order's share of a step's batch."""
        noise = uniform_noise(self.batch_size, Use.TRAINING_NOISE, share.seed, share.step)
        return {
            **self._reader.feed(share.seed, share.images_seen + share.first, share.count),
            self._noise: noise[share.first : share.first + share.count],
            # Not the global step, which two processes may read alike that each do steps of their own.
            self._place: [share.seed, share.step, share.first],
        }

    def run(self, fetches, feed=None, step=0):
        """Runs something; raises UserError where it fails, which names the step of this number."""
        try:
            with self.reaching_servers():
                return self.session.run(fetches, feed)
        except (tf.errors.ResourceExhaustedError, MemoryError) as error:
            raise UserError(f"step {step} does not fit into memory; lower --batch_size") from error
        except (tf.errors.OpError, ValueError) as error:
            raise UserError(f"step {step} failed: {reason(error)}") from error

    def close(self):
        """Closes the session, which may need other processes."""
        with self._watch:
            self.session.close()

    @contextlib.contextmanager
    def reaching_servers(self):
        """Around whatever uses the session: raises UserError where a parameter server of a cluster is gone."""
        try:
            with self._watch:
                yield
        except (tf.errors.UnavailableError, tf.errors.AbortedError) as error:
            raise placement.lost(error) from error


def _augmentation(config):
    return Augmentation(
        policy=registry.policy(config.augment, "augment"),
        probability=config.augment_probability,
        target=config.augment_target,
        speed=config.batch_size / ADAPTATION_IMAGES,
    )


def _penalty(config):
    if not config.penalty:
        return None
    penalty = registry.load(registry.PENALTY, config.penalty, "penalty")
    return Penalty(penalty, config.penalty_weight, config.penalty_steps)


def _graph_options():
    """TensorFlow's remapper stumbles over gradients of biased leaky ReLUs, with an error on the screen."""
    return tf.GraphOptions(rewrite_options=RewriterConfig(remapping=RewriterConfig.OFF))
