"""What a training hands in: the serving graph in a session of its own, filled with weights, tried out and written."""

import numpy as np
import tensorflow.compat.v1 as tf

from gan.console.errors import ContractError, UserError, reason
from gan.contest import contract
from gan.data import pixels, tfrecords
from gan.networks.network import CALIBRATION_OFFSET
from gan.networks.registry import load_models
from gan.random_noise_generator import Use, uniform_noise
from gan.snapshots import calibration, saver, serving_graph
from gan.storage import cache

SAMPLES = 64  # images in a sample grid
CALIBRATION_BATCH = 256  # held-out images run at once


class Publisher:
    """Turns a training's weights into snapshots and samples.

    Args:
        config: a train.TrainConfig.
        size: pixels of an image.
        trained: names of the variables that the training has.

    Raises:
        UserError: a variable exists in serving only, or the held-out images are not to be found.
    """

    def __init__(self, config, size, trained):
        self._config, self._size = config, size
        self._held_out = _held_out_images(config, size)
        calibrated = self._held_out is not None
        self._serving = serving_graph.build_serving_graph(*load_models(config), size, calibrated)
        missing = sorted(set(self._serving.variables) - set(trained) - {CALIBRATION_OFFSET})
        if missing:
            raise UserError(
                f"variable {missing[0]} exists only where is_training=False; make all variables in create_model"
            )
        if self._serving.outside_battle_ops:
            print(
                f"warning: snapshots will be refused in a battle for these operations: "
                f"{', '.join(self._serving.outside_battle_ops)} (gan/contest/battle_ops.py lists those allowed)"
            )
        self._session = tf.Session(graph=self._serving.graph)

    def load(self, weights):
        """Takes weights, variable name -> value, and calibrates the discriminator where that is asked for."""
        if self._held_out is not None:
            weights = {**weights, CALIBRATION_OFFSET: np.float32(0)}
        saver.load_weights(self._serving, self._session, weights)
        if self._held_out is not None:
            offset = calibration.offset(self._logits_of_held_out(), self._config.calibration_acceptance)
            self._serving.variables[CALIBRATION_OFFSET].load(offset, self._session)

    def warn_of_refusal(self):
        """Says now, of the weights last loaded, what would otherwise be said on the day of the battle."""
        try:
            contract.check_behaviour(self._generate, self._judge, self._size)
        except (ContractError, tf.errors.OpError, ValueError) as error:
            print(f"warning: a battle would refuse these networks: {reason(error)}", flush=True)

    def write(self, folder, step):
        """Writes a snapshot of the weights last loaded."""
        saver.write_snapshot(self._serving, self._session, folder, step, self._config.keep_snapshots)

    def samples(self):
        """A grid of images by the weights last loaded, always of the same noise."""
        return pixels.grid(pixels.to_bytes(self._generate(uniform_noise(SAMPLES, Use.SAMPLE_NOISE))))

    def close(self):
        """Closes the session."""
        self._session.close()

    def _generate(self, noise):
        return self._session.run(self._serving.generated, {self._serving.noise: noise})

    def _judge(self, images):
        return self._session.run(self._serving.probability, {self._serving.images: images})[:, 0]

    def _logits_of_held_out(self):
        batches = np.split(self._held_out, range(CALIBRATION_BATCH, len(self._held_out), CALIBRATION_BATCH))
        feeds = [{self._serving.images: batch} for batch in batches]
        return np.concatenate([self._session.run(self._serving.logits, feed)[:, 0] for feed in feeds])


def _held_out_images(config, size):
    """Real images to calibrate the discriminator on, float32 [N, size] in [0, 1]; None where there are none."""
    if not config.calibration_data_pattern:
        return None
    files = cache.find_files(config.calibration_data_pattern, "calibration_data_pattern")
    return pixels.to_floats(tfrecords.read_all(files, size, config.num_readers))
