"""Loss functions and gradient penalties.

A contestant's own go here and are chosen with --label_loss=ItsName and --penalty=ItsName.
"""

from collections.abc import Callable, Sequence
from typing import Any

import tensorflow.compat.v1 as tf

Discriminator = Callable[[tf.Tensor], tf.Tensor]  # float32 images [N, size] -> logits [N, 1]


class BaseLoss:
    """What a discriminator and a generator minimise.

    Override `calculate_loss`. If the loss must see real and generated images together, override the two methods below
    it instead. Either of them may have two more arguments, `real_features` and `fake_features`: float32 [N, ...], what
    the discriminator's run_model returns as "features".

    Attributes:
        shares_backward: True promises this of each generated image: if the generator's loss has a gradient by the
            image's logit, the discriminator's loss has one, too, that is not 0. Training is then faster with a
            discriminator that judges independently. It is not inherited: a class that keeps the promise says so itself.
        label_smoothing: the discriminator's label for real images is 1 minus this; --label_smoothing sets it.
    """

    shares_backward = False
    label_smoothing = 0.0

    def calculate_loss(self, predictions: tf.Tensor, labels: tf.Tensor, **unused_params: Any) -> tf.Tensor:
        """Averages the loss over a batch.

        Args:
            predictions: float32 [N, 1], the discriminator's logits (before the sigmoid).
            labels: float32 [N, 1] in [0, 1]; 1 is real, 0 is generated.

        Returns:
            float32 scalar.
        """
        raise NotImplementedError(f"{type(self).__name__} must define calculate_loss(predictions, labels)")

    def discriminator_loss(self, real_logits: tf.Tensor, fake_logits: tf.Tensor) -> tf.Tensor:
        """Loss of the discriminator: real images labelled 1, or less with label smoothing, generated ones 0.

        Args:
            real_logits: float32 [N, 1], for real images.
            fake_logits: float32 [N, 1], for generated images.

        Returns:
            float32 scalar.
        """
        real_labels = tf.ones_like(real_logits)
        if self.label_smoothing:
            real_labels -= self.label_smoothing
        real_loss = self.calculate_loss(real_logits, real_labels)
        return real_loss + self.calculate_loss(fake_logits, tf.zeros_like(fake_logits))

    def generator_loss(self, real_logits: tf.Tensor, fake_logits: tf.Tensor) -> tf.Tensor:
        """Loss of the generator: it wants its images labelled 1. Arguments as in `discriminator_loss`."""
        del real_logits
        return self.calculate_loss(fake_logits, tf.ones_like(fake_logits))


class CrossEntropyLoss(BaseLoss):
    """Binary cross entropy; for the generator this is the non-saturating loss.

    -y log s(f) - (1 - y) log(1 - s(f)), s the logistic function, computed from the logits f so
    that it stays finite (Goodfellow et al. 2014, arXiv 1406.2661, section 3).
    """

    shares_backward = True

    def calculate_loss(self, predictions: tf.Tensor, labels: tf.Tensor, **unused_params: Any) -> tf.Tensor:
        return tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(labels=labels, logits=predictions))


class SaturatingLoss(CrossEntropyLoss):
    """Cross entropy as the game was first written: the generator minimises log(1 - s(f)).

    Its gradient vanishes while the discriminator is sure (Goodfellow et al. 2014, arXiv 1406.2661, equation 1).
    """

    shares_backward = True

    def generator_loss(self, real_logits: tf.Tensor, fake_logits: tf.Tensor) -> tf.Tensor:
        return -self.calculate_loss(fake_logits, tf.zeros_like(fake_logits))


class LeastSquaresLoss(BaseLoss):
    """(f - t)^2 / 2 with targets t of +1 for real and -1 for generated images: the threshold stays at a logit of 0.

    Mao et al. 2017, arXiv 1611.04076, equation 2 with a = -1, b = c = 1.
    """

    def calculate_loss(self, predictions: tf.Tensor, labels: tf.Tensor, **unused_params: Any) -> tf.Tensor:
        return 0.5 * tf.reduce_mean(tf.square(predictions - (2 * labels - 1)))


class HingeLoss(BaseLoss):
    """Discriminator: max(0, 1 - f) for real and max(0, 1 + f) for generated images; generator: -f.

    Lim and Ye 2017, arXiv 1705.02894; in this form Miyato et al. 2018, arXiv 1802.05957, equations 16 and 17.
    """

    def calculate_loss(self, predictions: tf.Tensor, labels: tf.Tensor, **unused_params: Any) -> tf.Tensor:
        return tf.reduce_mean(tf.nn.relu(1 - (2 * labels - 1) * predictions))

    def generator_loss(self, real_logits: tf.Tensor, fake_logits: tf.Tensor) -> tf.Tensor:
        return -tf.reduce_mean(fake_logits)


class FeatureMatchingLoss(CrossEntropyLoss):
    """The generator's images must give the discriminator's features the mean that real images give them.

    |mean of real features - mean of generated ones|^2, divided by the number of features; the discriminator has cross
    entropy (Salimans et al. 2016, arXiv 1606.03498, section 3.1).
    """

    def generator_loss(
        self,
        real_logits: tf.Tensor,
        fake_logits: tf.Tensor,
        real_features: tf.Tensor | None = None,
        fake_features: tf.Tensor | None = None,
    ) -> tf.Tensor:
        del real_logits, fake_logits
        apart = tf.reduce_mean(real_features, 0) - tf.reduce_mean(fake_features, 0)
        return tf.reduce_mean(tf.square(apart))


class RelativisticLoss(BaseLoss):
    """In each pair of a real and a generated image the real one must get the higher logit; the generator: the lower.

    softplus(-(f_real - f_fake)), for the generator with the two exchanged (Jolicoeur-Martineau 2018,
    arXiv 1807.00734, section 4.1). The discriminator learns "more real than", not "real": the threshold at a logit of 0
    means nothing until it is calibrated.
    """

    shares_backward = True

    def discriminator_loss(self, real_logits: tf.Tensor, fake_logits: tf.Tensor) -> tf.Tensor:
        return tf.reduce_mean(tf.nn.softplus(fake_logits - real_logits))

    def generator_loss(self, real_logits: tf.Tensor, fake_logits: tf.Tensor) -> tf.Tensor:
        return tf.reduce_mean(tf.nn.softplus(real_logits - fake_logits))


class WassersteinLoss(BaseLoss):
    """Logits as high as possible for real and as low as possible for generated images: a critic, without a sigmoid.

    Arjovsky et al. 2017, arXiv 1701.07875, equation 3. It estimates a distance only while its gradient by the images
    is held near 1, for example by --penalty=GradientPenalty. Only differences of logits mean something: the threshold
    between real and generated is not at a logit of 0 (a prediction of 0.5) until it is calibrated.
    """

    shares_backward = True  # the generator's gradient is -1 times the discriminator's

    def calculate_loss(self, predictions: tf.Tensor, labels: tf.Tensor, **unused_params: Any) -> tf.Tensor:
        return tf.reduce_mean((1 - 2 * labels) * predictions)


class BasePenalty:
    """What is added to the discriminator's loss for being too steep.

    Attributes:
        weight: what it is multiplied by if --penalty_weight is not set.
    """

    weight = 1.0

    def calculate_penalty(
        self, discriminator: Discriminator, real_images: tf.Tensor, fake_images: tf.Tensor, **unused_params: Any
    ) -> tf.Tensor:
        """Computes the penalty of a batch.

        Args:
            discriminator: callable, float32 images [N, size] -> logits [N, 1]; may be called several times.
            real_images: float32 [N, size], as the discriminator sees them, after augmentation.
            fake_images: float32 [N, size], also as it sees them; no gradient reaches the generator through them.
            **unused_params: `seed`, int64 [2], another one in each step, for tf.random.stateless_uniform; and arguments
                of later versions.

        Returns:
            float32 scalar.
        """
        raise NotImplementedError(f"{type(self).__name__} must define calculate_penalty")


class R1Penalty(BasePenalty):
    """E |grad D(real)|^2 / 2: the discriminator must be flat around real images.

    Mescheder et al. 2018, arXiv 1801.04406, equation 9; the weight is their gamma. Pixels go from 0 to 1 here. If they
    go from -1 to 1 in a paper, a quarter of its gamma does the same.
    """

    def calculate_penalty(
        self, discriminator: Discriminator, real_images: tf.Tensor, fake_images: tf.Tensor, **unused_params: Any
    ) -> tf.Tensor:
        return _mean_square_of_gradients(discriminator, real_images) / 2


class R2Penalty(BasePenalty):
    """E |grad D(generated)|^2 / 2: R1 of generated images (arXiv 1801.04406, equation 10)."""

    def calculate_penalty(
        self, discriminator: Discriminator, real_images: tf.Tensor, fake_images: tf.Tensor, **unused_params: Any
    ) -> tf.Tensor:
        return _mean_square_of_gradients(discriminator, fake_images) / 2


class R1R2Penalty(BasePenalty):
    """R1 + R2, which together with RelativisticLoss converges locally (Huang et al. 2024, R3GAN, arXiv 2501.05441)."""

    def calculate_penalty(
        self, discriminator: Discriminator, real_images: tf.Tensor, fake_images: tf.Tensor, **unused_params: Any
    ) -> tf.Tensor:
        of_real = _mean_square_of_gradients(discriminator, real_images)
        return (of_real + _mean_square_of_gradients(discriminator, fake_images)) / 2


class GradientPenalty(BasePenalty):
    """E (|grad D| - 1)^2 at random points between a real and a generated image: a slope of 1, for WassersteinLoss.

    Gulrajani et al. 2017, arXiv 1704.00028, equation 3; the weight is their lambda.
    """

    weight = 10.0

    def calculate_penalty(
        self,
        discriminator: Discriminator,
        real_images: tf.Tensor,
        fake_images: tf.Tensor,
        seed: tf.Tensor | Sequence[int] = (0, 0),
        **unused_params: Any,
    ) -> tf.Tensor:
        portions = tf.random.stateless_uniform([tf.shape(real_images)[0], 1], seed)
        squares = _squares_of_gradients(discriminator, real_images + portions * (fake_images - real_images))
        # The root has no slope at 0.
        return tf.reduce_mean(tf.square(tf.sqrt(squares + 1e-12) - 1))


def _squares_of_gradients(discriminator: Discriminator, images: tf.Tensor) -> tf.Tensor:
    """|grad D|^2 at each image: [N]."""
    # Each device then works back through what it did itself.
    (gradients,) = tf.gradients(discriminator(images), images, colocate_gradients_with_ops=True)
    return tf.reduce_sum(tf.square(gradients), 1)


def _mean_square_of_gradients(discriminator: Discriminator, images: tf.Tensor) -> tf.Tensor:
    return tf.reduce_mean(_squares_of_gradients(discriminator, images))
