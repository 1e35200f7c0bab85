"""Both networks of a training step, on each device's share of a batch."""

import tensorflow.compat.v1 as tf


class Towers:
    """Runs the generator once and the discriminator on its images and the real ones, as one batch on each device.

    Args:
        generator: a network.Network.
        discriminator: likewise.
        real_images: float32 [N, size].
        noise: float32 [N, 100].
        augmenter: an augment.Augmenter, between the images and the discriminator.
        devices: names of the devices to share the batch.

    Attributes:
        fake_images: what the generators of all towers return, before augmentation: a list of float32 [n, size].
    """

    def __init__(self, generator, discriminator, real_images, noise, augmenter, devices):
        self._generator, self._discriminator, self._devices = generator, discriminator, devices
        self._generated, self._verdicts, self._images, self._num_real = [], [], [], []
        self._weights = []
        total = tf.shape(real_images)[0]
        for device, (first, end) in zip(devices, self._shares(total)):
            real, latents, weight = real_images, noise, 1.0
            if len(devices) > 1:
                real, latents, weight = real_images[first:end], noise[first:end], (end - first) / total
            with tf.device(device):
                generated = generator(latents, is_training=True)
                fake = tf.reshape(generated["output"], [-1, discriminator.size])
                images = tf.concat([augmenter.real(real, first), augmenter.fake(fake, first)], 0)
                verdicts = discriminator(images, is_training=True)
            self._weights.append(tf.cast(weight, tf.float32))
            self._num_real.append(tf.shape(real)[0])
            self._generated.append(generated)
            self._images.append(images)
            self._verdicts.append(verdicts)
        self.fake_images = [results["output"] for results in self._generated]

    def verdicts(self, key):
        """What the discriminator returns under a key: (of the real images, of the generated ones)."""
        return self._joined([verdicts[key] for verdicts in self._verdicts])

    def judged_images(self):
        """The images that the discriminator sees: (real, generated)."""
        return self._joined(self._images)

    def judge(self, images):
        """Logits [N, 1] of other images, float32 [N, size], which the devices share."""
        logits = []
        for device, (first, end) in zip(self._devices, self._shares(tf.shape(images)[0])):
            with tf.device(device):
                part = images[first:end] if len(self._devices) > 1 else images
                logits.append(self._discriminator(part, is_training=True)["logits"])
        return _concatenated(logits)

    def regularization_losses(self):
        """All that the models want added to their losses: (discriminator's, generator's).

        What they return is averaged over the batch.
        """
        return [
            tf.add_n([tf.constant(0.0), *network.regularization_losses, *self._returned(results)])
            for network, results in ((self._discriminator, self._verdicts), (self._generator, self._generated))
        ]

    def _returned(self, results):
        key = "regularization_loss"
        return [weight * result[key] for weight, result in zip(self._weights, results) if key in result]

    def _shares(self, total):
        """Numbers of each device's first image and of the one after its last."""
        bounds = [total * index // len(self._devices) for index in range(len(self._devices) + 1)]
        return list(zip(bounds, bounds[1:]))

    def _joined(self, values):
        """(of the real images, of the generated ones), each of all towers."""
        of_real = [value[:count] for value, count in zip(values, self._num_real)]
        of_fake = [value[count:] for value, count in zip(values, self._num_real)]
        return _concatenated(of_real), _concatenated(of_fake)


def _concatenated(parts):
    return parts[0] if len(parts) == 1 else tf.concat(parts, 0)
