"""Both networks of a training step, on each device's share of a batch."""

import tensorflow.compat.v1 as tf


class Towers:
    """Runs the generator once and the discriminator on its images and the real ones, on each device.

    They are one batch, or two where the discriminator judges independently: no gradient by real images is computed
    then, which nothing needs. On GPUs it costs more to run two.

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
        self._apart = discriminator.judges_independently and not tf.config.list_physical_devices("GPU")
        self._images, self._logits, self._predictions = [], [], []  # (of real images, of generated ones) of each tower
        self._regularization_losses = [], []  # of the discriminator, of the generator
        self.fake_images = []
        total = tf.shape(real_images)[0]
        for device, (first, end) in zip(devices, self._shares(total)):
            real, latents, weight = real_images, noise, tf.constant(1.0)
            if len(devices) > 1:
                real, latents = real_images[first:end], noise[first:end]
                weight = tf.cast((end - first) / total, tf.float32)
            with tf.device(device):
                generated = generator(latents, is_training=True)
                fake = tf.reshape(generated["output"], [-1, discriminator.size])
                self._judge_both(augmenter.real(real, first), augmenter.fake(fake, first), weight)
            self._note_regularization(1, generated, weight)
            self.fake_images.append(generated["output"])

    def _judge_both(self, real, fake, weight):
        self._images.append((real, fake))
        if self._apart:
            verdicts = [self._discriminator(images, is_training=True) for images in (real, fake)]
            of_real, of_fake = verdicts
        else:
            verdicts, count = [self._discriminator(tf.concat([real, fake], 0), is_training=True)], tf.shape(real)[0]
            of_real, of_fake = (
                {key: verdicts[0][key][part] for key in ("logits", "predictions")}
                for part in (slice(count), slice(count, None))
            )
        self._logits.append((of_real["logits"], of_fake["logits"]))
        self._predictions.append((of_real["predictions"], of_fake["predictions"]))
        for each in verdicts:
            self._note_regularization(0, each, weight / len(verdicts))

    def _note_regularization(self, network, results, weight):
        if "regularization_loss" in results:
            self._regularization_losses[network].append(weight * results["regularization_loss"])

    def logits(self):
        """The discriminator's logits: (of the real images, of the generated ones)."""
        return _of_all(self._logits)

    def predictions(self):
        """Its probabilities, likewise."""
        return _of_all(self._predictions)

    def judged_images(self):
        """The images that it sees, likewise."""
        return _of_all(self._images)

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
            tf.add_n([tf.constant(0.0), *network.regularization_losses, *returned])
            for network, returned in zip((self._discriminator, self._generator), self._regularization_losses)
        ]

    def _shares(self, total):
        """Numbers of each device's first image and of the one after its last."""
        bounds = [total * index // len(self._devices) for index in range(len(self._devices) + 1)]
        return list(zip(bounds, bounds[1:]))


def _of_all(towers):
    """(of the real images, of the generated ones) of all towers, from those of each."""
    return tuple(_concatenated(parts) for parts in zip(*towers))


def _concatenated(parts):
    return parts[0] if len(parts) == 1 else tf.concat(parts, 0)
