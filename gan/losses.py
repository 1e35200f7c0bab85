"""Loss functions. A contestant's own loss goes here and is chosen with --label_loss=ItsName."""

import tensorflow.compat.v1 as tf


class BaseLoss:
    """What a discriminator and a generator minimise.

    Override `calculate_loss`, or, where real and generated images must be seen together, the two
    methods below it.
    """

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

    def calculate_loss(self, predictions, labels, **unused_params):
        return tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(labels=labels, logits=predictions))
