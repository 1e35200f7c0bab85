"""Both networks of a training step, run on each device's share of a batch."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import tensorflow.compat.v1 as tf

from gan.augment import Augmenter
from gan.networks.loss_values import Features
from gan.networks.network import Network

_DISCRIMINATOR, _GENERATOR = 0, 1
_PER_IMAGE = ("logits", "predictions", "features")  # of what a discriminator returns


class Tower(NamedTuple):
    """A device, and the copies of both networks that it runs on its share of a batch."""

    device: str  # "" leaves the choice to TensorFlow
    generator: Network
    discriminator: Network


class ForwardPass:
    """Runs the generator once, and the discriminator on its images and the real ones, on each device.

    The discriminator judges both in one batch. If it judges independently, they are two batches: then the gradient by
    the real images, which nothing needs, is not computed. On a GPU two batches cost more, so there it is always one.

    Args:
        towers: the devices that share the batch, with their networks.
        real_images: float32 [N, size].
        noise: float32 [N, 100].
        augmenter: changes the images before the discriminator sees them.

    Attributes:
        shares: the share of each device, float32 scalars.
        generated: what the generators of all devices return, before augmentation: a list of float32 [n, size].
        real_logits: float32 [N, 1], the discriminator's of the real images.
        fake_logits: float32 [N, 1], those of the generated images.
        real_predictions: float32 [N, 1], its probabilities of the real images.
        fake_predictions: float32 [N, 1], those of the generated images.
        judged_real: float32 [N, size], the real images as the discriminator sees them.
        judged_fake: float32 [N, size], the generated images as it sees them.
        features: what the discriminator shows of both; None if it shows nothing.
    """

    def __init__(
        self,
        towers: Sequence[Tower],
        real_images: tf.Tensor,
        noise: tf.Tensor,
        augmenter: Augmenter,
    ) -> None:
        self._towers = towers
        self._apart = towers[0].discriminator.judges_independently and not tf.config.list_physical_devices("GPU")
        self._regularization_losses: tuple[list[tf.Tensor], list[tf.Tensor]] = [], []
        self.shares: list[tf.Tensor] = []
        self.generated: list[tf.Tensor] = []
        judged = []  # (real images, generated ones, verdicts on the real, verdicts on the generated) of each device
        total = tf.shape(real_images)[0]
        for tower, (first, end) in zip(towers, self._bounds(total)):
            real, latents, weight = real_images, noise, tf.constant(1.0)
            if len(towers) > 1:
                real, latents = real_images[first:end], noise[first:end]
                weight = tf.cast((end - first) / total, tf.float32)
            with tf.device(tower.device):
                output = tower.generator(latents, is_training=True)
                images = tf.reshape(output["output"], [-1, tower.discriminator.size])
                real, fake = augmenter.real(real, first), augmenter.fake(images, first)
                judged.append((real, fake, *self._judge_both(tower, real, fake, weight)))
            self._note_regularization(_GENERATOR, output, weight)
            self.generated.append(output["output"])
            self.shares.append(weight)
        real_parts, fake_parts, on_real, on_fake = zip(*judged)
        self.judged_real, self.judged_fake = _joined(real_parts), _joined(fake_parts)
        self.real_logits, self.fake_logits = (_joined([v["logits"] for v in of]) for of in (on_real, on_fake))
        self.real_predictions, self.fake_predictions = (
            _joined([v["predictions"] for v in of]) for of in (on_real, on_fake)
        )
        of_real, of_fake = _features(on_real), _features(on_fake)
        self.features = None if of_real is None else Features(of_real, of_fake)

    def judge(self, images: tf.Tensor) -> tf.Tensor:
        """Logits [N, 1] of other images, float32 [N, size], which the devices share."""
        return self.judge_with_features(images)[0]

    def judge_with_features(self, images: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor | None]:
        """(Logits [N, 1], features [N, ...] if there are any) of other images, float32 [N, size]."""
        verdicts = []
        for tower, (first, end) in zip(self._towers, self._bounds(tf.shape(images)[0])):
            with tf.device(tower.device):
                part = images[first:end] if len(self._towers) > 1 else images
                verdicts.append(tower.discriminator(part, is_training=True))
        return _joined([each["logits"] for each in verdicts]), _features(verdicts)

    def regularization_losses(self) -> tuple[tf.Tensor, tf.Tensor]:
        """All that the models want added to their losses: (discriminator's, generator's), float32 scalars.

        What `run_model` returns is averaged over the batch.
        """
        of_variables: tuple[list[tf.Tensor], list[tf.Tensor]] = [], []
        for tower, share in zip(self._towers, self.shares):
            for losses, network in zip(of_variables, (tower.discriminator, tower.generator)):
                losses += [share * each for each in network.regularization_losses]
        of_discriminator, of_generator = (
            tf.add_n([tf.constant(0.0), *own, *returned])
            for own, returned in zip(of_variables, self._regularization_losses)
        )
        return of_discriminator, of_generator

    def _judge_both(
        self, tower: Tower, real: tf.Tensor, fake: tf.Tensor, weight: tf.Tensor
    ) -> list[dict[str, tf.Tensor]]:
        """The discriminator's verdicts on one device: [on the real images, on the generated ones]."""
        if self._apart:
            verdicts = [tower.discriminator(images, is_training=True) for images in (real, fake)]
            for each in verdicts:
                self._note_regularization(_DISCRIMINATOR, each, weight / 2)
            return verdicts
        both, count = tower.discriminator(tf.concat([real, fake], 0), is_training=True), tf.shape(real)[0]
        self._note_regularization(_DISCRIMINATOR, both, weight)
        parts = slice(count), slice(count, None)
        return [{key: both[key][part] for key in _PER_IMAGE if key in both} for part in parts]

    def _note_regularization(self, network: int, results: dict[str, tf.Tensor], weight: tf.Tensor) -> None:
        if "regularization_loss" in results:
            self._regularization_losses[network].append(weight * results["regularization_loss"])

    def _bounds(self, total: tf.Tensor) -> list[tuple[Any, Any]]:
        """Numbers of each device's first image and of the one after its last."""
        bounds = [total * index // len(self._towers) for index in range(len(self._towers) + 1)]
        return list(zip(bounds, bounds[1:]))


def _features(verdicts: Sequence[dict[str, tf.Tensor]]) -> tf.Tensor | None:
    return _joined([each["features"] for each in verdicts]) if "features" in verdicts[0] else None


def _joined(parts: Sequence[tf.Tensor]) -> tf.Tensor:
    return parts[0] if len(parts) == 1 else tf.concat(parts, 0)
