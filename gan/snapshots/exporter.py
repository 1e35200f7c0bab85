"""What a training hands in: the serving graph in a session of its own, filled with weights, tried out and written."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np
import tensorflow.compat.v1 as tf

from gan.console.errors import ContractError, UserError, reason
from gan.contest import contract
from gan.data import pixels, tfrecords
from gan.networks.network import CALIBRATION_OFFSET
from gan.networks.registry import ModelNames, load_models
from gan.random_noise_generator import Use, uniform_noise
from gan.snapshots import calibration, saver, serving_graph
from gan.storage import cache

SAMPLES = 64  # images in a sample grid
CALIBRATION_BATCH = 256  # held-out images run at once


@dataclass(frozen=True)
class SnapshotSettings:
    """How snapshots are made and kept."""

    keep: int = 5  # older ones are deleted
    calibration_data_pattern: str | None = None  # held-out real images; None does not calibrate
    calibration_acceptance: float = 0.9  # share of these that the discriminator must accept
    threads: int = 2  # that parse their records


class SnapshotExporter:
    """Turns a training's weights into snapshots and samples.

    Args:
        models: the networks' names.
        size: pixels of an image.
        settings: how to make snapshots.
        trained: names of the variables that the training has.

    Raises:
        UserError: a variable exists in serving only, or the held-out images are not to be found.
    """

    def __init__(self, models: ModelNames, size: int, settings: SnapshotSettings, trained: Collection[str]) -> None:
        self._settings, self._size = settings, size
        self._held_out = _held_out_images(settings, size)
        calibrated = self._held_out is not None
        self._serving = serving_graph.build_serving_graph(*load_models(models), size, calibrated)
        missing = sorted(set(self._serving.variables) - set(trained) - {CALIBRATION_OFFSET})
        if missing:
            raise UserError(
                f"variable {missing[0]} exists only with is_training=False; make all variables in create_model"
            )
        if self._serving.outside_battle_ops:
            print(
                f"warning: snapshots will be refused in a battle for these operations: "
                f"{', '.join(self._serving.outside_battle_ops)} (gan/contest/battle_ops.py lists those allowed)"
            )
        self._session = tf.Session(graph=self._serving.graph)

    def load(self, weights: Mapping[str, np.ndarray]) -> None:
        """Takes weights, variable name -> value, and calibrates the discriminator if that is asked for."""
        if self._held_out is None:
            saver.load_weights(self._serving, self._session, weights)
            return
        saver.load_weights(self._serving, self._session, {**weights, CALIBRATION_OFFSET: np.float32(0)})
        offset = calibration.offset(self._logits(self._held_out), self._settings.calibration_acceptance)
        self._serving.variables[CALIBRATION_OFFSET].load(offset, self._session)

    def warn_of_refusal(self) -> None:
        """Says now if a battle would refuse the weights last loaded, and why."""
        try:
            contract.check_behaviour(self._generate, self._judge, self._size)
        except (ContractError, tf.errors.OpError, ValueError) as error:
            print(f"warning: a battle would refuse these networks: {reason(error)}", flush=True)

    def write(self, folder: str, step: int) -> None:
        """Writes a snapshot of the weights last loaded to a folder on disk."""
        saver.write_snapshot(self._serving, self._session, folder, step, self._settings.keep)

    def samples(self) -> np.ndarray:
        """A grid of images by the weights last loaded, always of the same noise: uint8 [height, width]."""
        return pixels.grid(pixels.to_bytes(self._generate(uniform_noise(SAMPLES, Use.SAMPLE_NOISE))))

    def close(self) -> None:
        """Closes the session."""
        self._session.close()

    def _generate(self, noise: np.ndarray) -> np.ndarray:
        return self._session.run(self._serving.generated, {self._serving.noise: noise})

    def _judge(self, images: np.ndarray) -> np.ndarray:
        return self._session.run(self._serving.probability, {self._serving.images: images})[:, 0]

    def _logits(self, images: np.ndarray) -> np.ndarray:
        batches = np.split(images, range(CALIBRATION_BATCH, len(images), CALIBRATION_BATCH))
        feeds = [{self._serving.images: batch} for batch in batches]
        return np.concatenate([self._session.run(self._serving.logits, feed)[:, 0] for feed in feeds])


def _held_out_images(settings: SnapshotSettings, size: int) -> np.ndarray | None:
    """Real images to calibrate the discriminator on, float32 [N, size] in [0, 1]; None if there are none."""
    if not settings.calibration_data_pattern:
        return None
    files = cache.find_files(settings.calibration_data_pattern, "calibration_data_pattern")
    return pixels.to_floats(tfrecords.read_all(files, size, settings.threads))
