"""A network for tests that keeps an average of what it is shown."""

import tensorflow.compat.v1 as tf

from gan import models


class Counting(models.SampleDiscriminator):
    """The sample discriminator, with the moving average of its images; nothing depends on it."""

    def create_model(self, input_size, **params):
        super().create_model(input_size, **params)
        self.mean = tf.Variable(tf.zeros([input_size]), trainable=False, name="mean_image")

    def run_model(self, model_input, is_training=True, **params):
        if is_training:
            mean = tf.reduce_mean(model_input, 0)
            tf.add_to_collection(tf.GraphKeys.UPDATE_OPS, self.mean.assign(0.9 * self.mean + 0.1 * mean))
        return super().run_model(model_input, is_training=is_training, **params)
