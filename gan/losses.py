"""Loss functions. A contestant's own loss goes here and is chosen with --label_loss=ItsName."""

import tensorflow.compat.v1 as tf


class BaseLoss:
    """What a discriminator and a generator minimise.

    Override `calculate_loss`, or, where real and generated images must be seen together, the two
    methods below it.

    Attributes:
        shares_backward: True promises that wherever the generator's loss has a gradient by the logit of a generated
            image, the discriminator's has one that is not 0; training is faster then, with a discriminator that judges
            independently. It is not inherited: a class that keeps the promise says so itself.
    """

    shares_backward = False

    def calculate_loss(self, predictions, labels, **unused_params):
        """Averages the loss over a batch.

        Args:
            predictions: float32 [N, 1], the discriminator's logits (before the sigmoid).
            labels: float32 [N, 1] in [0, 1]; 1 is real, 0 is generated.

        Returns:
            float32 scalar.
        """
        raise NotImplementedError(f"{type(self).__name__} must define calculate_loss(predictions, labels)")

    def discriminator_loss(self, real_logits, fake_logits):
        """Loss of the discriminator: real images labelled 1, generated ones 0.

        Args:
            real_logits: float32 [N, 1], for real images.
            fake_logits: float32 [N, 1], for generated images.

        Returns:
            float32 scalar.
        """
        real_loss = self.calculate_loss(real_logits, tf.ones_like(real_logits))
        return real_loss + self.calculate_loss(fake_logits, tf.zeros_like(fake_logits))

    def generator_loss(self, real_logits, fake_logits):
        """Loss of the generator: it wants its images labelled 1. Arguments as in `discriminator_loss`."""
        del real_logits
        return self.calculate_loss(fake_logits, tf.ones_like(fake_logits))


class CrossEntropyLoss(BaseLoss):
    """Binary cross entropy; for the generator this is the non-saturating loss.

    -y log s(f) - (1 - y) log(1 - s(f)), s the logistic function, computed from the logits f so
    that it stays finite (Goodfellow et al. 2014, arXiv 1406.2661, section 3).
    """

    shares_backward = True

    def calculate_loss(self, predictions, labels, **unused_params):
        return tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(labels=labels, logits=predictions))


class SaturatingLoss(CrossEntropyLoss):
    """Cross entropy as the game was first written: the generator minimises log(1 - s(f)).

    Its gradient vanishes while the discriminator is sure (Goodfellow et al. 2014, arXiv 1406.2661, equation 1).
    """

    shares_backward = True

    def generator_loss(self, real_logits, fake_logits):
        return -self.calculate_loss(fake_logits, tf.zeros_like(fake_logits))


class LeastSquaresLoss(BaseLoss):
    """(f - t)^2 / 2 with targets t of +1 for real and -1 for generated, so that the border stays at a logit of 0.

    Mao et al. 2017, arXiv 1611.04076, equation 2 with a = -1, b = c = 1.
    """

    def calculate_loss(self, predictions, labels, **unused_params):
        return 0.5 * tf.reduce_mean(tf.square(predictions - (2 * labels - 1)))


class HingeLoss(BaseLoss):
    """Discriminator: max(0, 1 - f) for real and max(0, 1 + f) for generated images; generator: -f.

    Lim and Ye 2017, arXiv 1705.02894; in this form Miyato et al. 2018, arXiv 1802.05957, equations 16 and 17.
    """

    def calculate_loss(self, predictions, labels, **unused_params):
        return tf.reduce_mean(tf.nn.relu(1 - (2 * labels - 1) * predictions))

    def generator_loss(self, real_logits, fake_logits):
        return -tf.reduce_mean(fake_logits)


class RelativisticLoss(BaseLoss):
    """Of each pair of a real and a generated image, the real one's logit should be higher; the generator: lower.

    softplus(-(f_real - f_fake)), for the generator with the two exchanged (Jolicoeur-Martineau 2018,
    arXiv 1807.00734, section 4.1). It knows "more real than", not "real": the border at a logit of 0 means nothing
    until it is calibrated.
    """

    shares_backward = True

    def discriminator_loss(self, real_logits, fake_logits):
        return tf.reduce_mean(tf.nn.softplus(fake_logits - real_logits))

    def generator_loss(self, real_logits, fake_logits):
        return tf.reduce_mean(tf.nn.softplus(real_logits - fake_logits))
