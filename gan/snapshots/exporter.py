"""What a training hands in: the serving graph in a session of its own, filled with weights, tried out and written."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import tensorflow.compat.v1 as tf

from gan.console.errors import ContractError, UserError
from gan.contest import behaviour, contract, half_round
from gan.contest.behaviour import Behaviour
from gan.data import pixels, tfrecords
from gan.networks import flip, nonsense_filter, typicality
from gan.networks.registry import ModelNames, load_models
from gan.random_noise_generator import Use, stratified_noise, uniform_noise
from gan.snapshots import (
    beside_references,
    calibration,
    cut,
    saver,
    serving_graph,
    sessions,
    sharpness,
    spectrum,
    tones,
    typical,
)
from gan.snapshots.running import RunningNetwork
from gan.snapshots.serving_graph import Additions
from gan.storage import cache

SAMPLES = 64  # images in a sample grid
CALIBRATION_BATCH = 256  # held-out images run at once
# Share of them that a nonsense filter accepts; the discriminator refuses most of the others anyhow.
FILTER_ACCEPTANCE = 0.96
GENERATED_AT_ONCE = 255  # images
DRAWN_IMAGES = 1020  # that tell a generator's tones and sharpness, and how often it draws mirror images
FINISHED_IMAGES = 2040  # with all of these, that tell its spectrum
MEASURED_IMAGES = 15_000  # training images, from all parts of the files; more would hardly change what is measured
_CALIBRATED = {
    *(calibration.OFFSET, nonsense_filter.OFFSET, *typicality.NAMES),
    *(tones.CONTRAST, tones.BRIGHTNESS, sharpness.GAIN, sharpness.SHIFT),
    *(spectrum.GAIN, spectrum.SHIFT, flip.WEIGHTS, flip.ODDS, flip.STRENGTH),
}


@dataclass(frozen=True)
class SnapshotSettings:
    """How snapshots are made and kept."""

    keep: int = 5  # older ones are deleted
    calibration_data_pattern: str | None = None  # held-out real images; None does not calibrate
    calibration_acceptance: float = 0.9  # share of these that the discriminator must accept
    calibrate_tones: bool = False  # whether generated images get the tones of the training images
    calibrate_sharpness: bool = False  # whether generated images vary in sharpness as the training images do
    calibrate_spectrum: bool = False  # whether generated images have the frequencies of the training images
    calibrate_flip: bool = False  # whether images are told from mirror images
    test_time_flip: bool = False  # whether the discriminator judges images and their mirror images
    threads: int = 2  # that parse their records

    @property
    def calibrates_generator(self) -> bool:
        """Whether the generated images are to be like the training images in anything."""
        return self.calibrate_tones or self.calibrate_sharpness or self.calibrate_spectrum or self.calibrate_flip


class _Wanted(NamedTuple):
    """What the training images are like, as far as the generated ones are to be like them."""

    as_toned: tones.Tones | None = None
    as_sharp: sharpness.Sharpness | None = None
    frequencies: spectrum.Spectrum | None = None


class SnapshotExporter:
    """Turns a training's weights into snapshots and samples.

    Args:
        models: the networks' names.
        size: pixels of an image.
        settings: how to make snapshots.
        trained: names of the variables that the training has.
        training_files: TFRecord files on disk of the images that generated ones are to be like.
        seed: of the training; see network.Network.

    Raises:
        UserError: a variable exists in serving only, or the held-out images are not to be found.
        DataError: the training images or the held-out ones cannot be read.
    """

    def __init__(
        self,
        models: ModelNames,
        size: int,
        settings: SnapshotSettings,
        trained: Collection[str],
        training_files: Sequence[str],
        seed: int | None = None,
    ) -> None:
        self._settings, self._size, self._behaves = settings, size, Behaviour()
        self._looks, self._said, self._of_chance = 0, set[str](), list[str]()
        held_out = _held_out_images(settings, size)
        self._held_out = None if held_out is None else pixels.to_floats(held_out)
        has_filter = any(name.startswith(f"{nonsense_filter.SCOPE}/") for name in trained)
        additions = Additions(
            offset=held_out is not None,
            filter=has_filter,
            tones=settings.calibrate_tones,
            sharpness=settings.calibrate_sharpness,
            spectrum=settings.calibrate_spectrum,
            flip=settings.calibrate_flip,
            test_time_flip=settings.test_time_flip,
        )
        self._serving = serving_graph.build_serving_graph(*load_models(models), size, additions, seed)
        self._calibrated = _CALIBRATED & set(self._serving.variables)
        self._wanted, self._measured = _measured(training_files, size, settings, held_out, has_filter)
        missing = sorted(set(self._serving.variables) - set(trained) - self._calibrated)
        if missing:
            raise UserError(
                f"variable {missing[0]} exists only with is_training=False; make all variables in create_model"
            )
        if self._serving.outside_battle_ops:
            print(
                f"warning: old TensorFlows may not open the snapshots, which have these operations: "
                f"{', '.join(self._serving.outside_battle_ops)} (gan/contest/battle_ops.py lists those that all open)"
            )
        self._session = tf.Session(graph=self._serving.graph, config=sessions.judge_config())
        drawing = cut.ConnectedNetwork(self._serving.noise, self._serving.generated, None)
        self._generator = RunningNetwork(self._session, drawing, contract.GENERATED, size)

    def load(self, weights: Mapping[str, np.ndarray]) -> None:
        """Takes weights, variable name -> value, and calibrates what is asked for.

        How a battle would ask the networks is found twice: weights that nothing has trained yet may hide it.
        """
        neutral = {
            name: np.zeros(self._serving.variables[name].shape.as_list(), np.float32) for name in self._calibrated
        }
        if flip.ODDS in neutral:
            neutral[flip.ODDS] = np.float32(flip.AS_DRAWN)
        saver.load_weights(self._serving, self._session, {**weights, **neutral, **self._measured})
        if self._looks == 1:
            self.warn_of_refusal()
        if self._settings.calibrates_generator:
            self._calibrate_generator()
        if self._held_out is not None:
            self._calibrate_discriminator()

    def _drawn(self, noise: np.ndarray) -> np.ndarray:
        """Images of some noise, float32 [N, size]; N is a whole number of behaviour.BATCH."""
        return self._generator(noise, behaviour.BATCH if self._behaves.generator_sees_batch else GENERATED_AT_ONCE)

    def _set(self, values: Mapping[str, "float | np.ndarray"]) -> None:
        for name, value in values.items():
            self._serving.variables[name].load(value, self._session)

    def _calibrate_generator(self) -> None:
        """Makes the generated images like the training images in what is asked for, unless they cannot be drawn yet."""
        try:
            images = self._drawn(stratified_noise(DRAWN_IMAGES, Use.CALIBRATION_NOISE))
        except ContractError:
            return  # warn_of_refusal says why
        if not np.isfinite(images).all():
            return  # it says that, too, if it finds one
        values: dict[str, float] = {}
        if self._settings.calibrate_flip:
            logits = flip.logits(*typical.described_both_ways(images), self._measured[flip.WEIGHTS])
            values[flip.ODDS] = flip.odds(logits)
        if self._wanted.as_sharp is not None:
            values[sharpness.GAIN], values[sharpness.SHIFT] = found = sharpness.to_match(images, self._wanted.as_sharp)
            images = sharpness.sharpened(images, *found)
        if self._wanted.as_toned is not None:
            values[tones.CONTRAST], values[tones.BRIGHTNESS] = tones.to_match(images, self._wanted.as_toned)
        self._set(values)
        if self._wanted.frequencies is not None:
            finished = pixels.to_bytes(self._drawn(stratified_noise(FINISHED_IMAGES, Use.CALIBRATION_NOISE)))
            gain, shift = spectrum.to_match(spectrum.of_images(_parts(finished)), self._wanted.frequencies)
            self._set({spectrum.GAIN: gain, spectrum.SHIFT: shift})

    def _calibrate_discriminator(self) -> None:
        """Lets the discriminator accept a share of the held-out images."""
        acceptance = self._settings.calibration_acceptance
        logits = self._run(self._serving.logits)
        if flip.STRENGTH in self._calibrated:
            finite = logits[np.isfinite(logits)]
            strength = flip.SHARE_OF_SPREAD * float(finite.std(dtype=np.float64)) if len(finite) else 0.0
            self._set({flip.STRENGTH: strength})
            logits = self._run(self._serving.logits)
        if self._serving.filter_logits is not None:
            found = self._run(self._serving.filter_logits)
            most = (len(found) - 1) / len(found)  # of few images at most one is left out
            offset = calibration.offset(found, max(acceptance, min(FILTER_ACCEPTANCE, most)))
            self._set({nonsense_filter.OFFSET: offset})
            logits = np.where(found + offset > 0, logits, -np.inf)
        self._set({calibration.OFFSET: calibration.offset(logits, acceptance)})

    def warn_of_refusal(self) -> None:
        """Says now if a battle would refuse the weights last loaded, and why, or how it would ask the networks."""
        values = self._session.run(self._serving.variables)
        self._looks += 1
        try:
            self._behaves = self._behaviour(values)
            said = [f"note: in a battle, {remark}" for remark in [*self._behaves.remarks(), *self._of_chance]]
        except ContractError as error:
            said = [f"warning: a battle would refuse these networks: {error}"]
        for line in said:
            if line not in self._said:
                self._said.add(line)
                print(line, flush=True)

    def write(self, folder: str, step: int, keep: int | None = None) -> None:
        """Writes a snapshot of the weights last loaded to a folder on disk; `keep` stay, or what the settings say."""
        saver.write_snapshot(self._serving, self._session, folder, step, keep or self._settings.keep)

    def generate(self, count: int) -> np.ndarray:
        """Images by the weights last loaded, always of the same noise, as a battle would ask for them.

        Returns:
            float32 [count, size] in [0, 1].

        Raises:
            ContractError: the generator cannot be asked as a battle does.
        """
        batch = behaviour.BATCH
        return self._drawn(uniform_noise(-(-count // batch) * batch, Use.EVALUATION_NOISE))[:count]

    def samples(self) -> np.ndarray:
        """A grid of images by the weights last loaded, always of the same noise: uint8 [height, width]."""
        noise = uniform_noise(SAMPLES, Use.SAMPLE_NOISE)
        try:
            images = self._generator(noise, SAMPLES)
        except ContractError:
            built_in = self._generator.built_in_batch()
            if built_in is None:
                raise
            rows = built_in[0]
            filled = noise[np.resize(np.arange(SAMPLES), -(-SAMPLES // rows) * rows)]
            images = self._generator(filled, rows)[:SAMPLES]
        return pixels.grid(pixels.to_bytes(images))

    def close(self) -> None:
        """Closes the session."""
        self._session.close()

    def _behaviour(self, values: Mapping[str, np.ndarray]) -> Behaviour:
        """Opens both networks as the judge does, and checks them."""
        with tf.Graph().as_default() as graph:
            tensors = [
                cut.connect(cut.freeze(network, values.__getitem__), self._size, scope)
                for network, scope in zip(self._serving.networks, (cut.GENERATOR, cut.DISCRIMINATOR))
            ]
        with tf.Session(graph=graph, config=sessions.judge_config()) as session:
            generator = RunningNetwork(session, tensors[0], contract.GENERATED, self._size)
            discriminator = RunningNetwork(session, tensors[1], contract.PROBABILITY, 1)
            self._of_chance = [
                f"its {name} draws random numbers, as dropout does; is_training=False should switch that off"
                for name, network in ((cut.GENERATOR, generator), (cut.DISCRIMINATOR, discriminator))
                if network.is_random
            ]
            return contract.check_behaviour(
                lambda noise: generator(noise, len(noise)),
                lambda images: discriminator(images, len(images))[:, 0],
                self._size,
                (generator.is_random, discriminator.is_random),
            )

    def _run(self, output: tf.Tensor) -> np.ndarray:
        """What a tensor [N, 1] is of the held-out images, shown as a battle shows them: [N]."""
        assert self._held_out is not None
        with contract.explaining("not_computable", name=contract.PROBABILITY):
            if self._behaves.discriminator_sees_batch:
                shown = self._beside_references(self._held_out)
                return np.array([self._outputs(output, batch)[place] for batch, place in shown])
            parts = np.split(self._held_out, range(CALIBRATION_BATCH, len(self._held_out), CALIBRATION_BATCH))
            return np.concatenate([self._outputs(output, part) for part in parts])

    def _outputs(self, output: tf.Tensor, images: np.ndarray) -> np.ndarray:
        found: np.ndarray = self._session.run(output, {self._serving.images: images})[:, 0]
        return found

    def _beside_references(self, images: np.ndarray) -> Iterator[tuple[np.ndarray, int]]:
        """Each of the held-out images, float32 [N, size], beside some of them and some of the snapshot's own."""
        real = pixels.to_floats(half_round.references(pixels.to_bytes(images), ()))
        own = beside_references.own(lambda noise: self._generator(noise, len(noise)))
        return beside_references.batches(images, np.concatenate([real, own]), 0, 0)


def _held_out_images(settings: SnapshotSettings, size: int) -> np.ndarray | None:
    """Real images to calibrate the discriminator on, uint8 [N, size]; None if there are none."""
    if not settings.calibration_data_pattern:
        return None
    files = cache.find_files(settings.calibration_data_pattern, "calibration_data_pattern")
    return tfrecords.read_all(files, size, settings.threads)


def _measured(
    files: Sequence[str], size: int, settings: SnapshotSettings, held_out: np.ndarray | None, has_filter: bool
) -> tuple[_Wanted, dict[str, np.ndarray]]:
    """What the settings ask to know of training images, and values of variables by name.

    Args:
        files: TFRecord files of the training images, on disk.
        size: pixels of an image.
        settings: how to make snapshots.
        held_out: uint8 [N, size], which calibrate the discriminator; None if nothing does. If training images are among
            them, this is said.
        has_filter: whether a nonsense filter hears how far images are from training images.
    """
    values: dict[str, np.ndarray] = {}
    if not settings.calibrates_generator and held_out is None:
        return _Wanted(), values
    images = tfrecords.read_some(files, size, MEASURED_IMAGES, settings.threads)
    if held_out is not None:
        _warn_of_known(held_out, images)
    parts = _parts(images)
    as_toned = as_sharp = None
    if settings.calibrate_tones:
        found = [tones.of_images(pixels.to_floats(part)) for part in parts]
        as_toned = tones.Tones(*np.average(found, 0, [len(part) for part in parts]).tolist())
    if settings.calibrate_sharpness:
        each = np.concatenate([sharpness.of_images(pixels.to_floats(part)) for part in parts])
        as_sharp = sharpness.Sharpness(float(each.mean()), float(each.std()))
    frequencies = spectrum.of_images(parts) if settings.calibrate_spectrum else None
    if settings.calibrate_flip or has_filter and held_out is not None:
        both = typical.described_both_ways(images)
        if settings.calibrate_flip:
            values[flip.WEIGHTS] = flip.weights(*both)
        if has_filter and held_out is not None:
            values |= typical.measured(np.concatenate(both), typical.described(held_out))
    return _Wanted(as_toned, as_sharp, frequencies), values


def _parts(images: np.ndarray) -> list[np.ndarray]:
    """Images in parts, which are worked on one after the other."""
    return np.array_split(images, -(-len(images) // CALIBRATION_BATCH))


def _warn_of_known(held_out: np.ndarray, images: np.ndarray) -> None:
    """Says how many held-out images are among training images, uint8 [N, size] both."""
    known = len(held_out) - len(half_round.without(held_out, images))
    if known:
        print(
            f"warning: {known} of the {len(held_out)} images of --calibration_data_pattern are training images, which "
            "the discriminator learns by heart, so it will refuse more of others; name files that it does not train on"
        )
