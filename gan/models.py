"""The networks. A contestant's own go here and are chosen with --generator_model=ItsName.

A model is made once and may be run several times; each run uses the same variables. Preprocessing
belongs here, never in the readers: the judge feeds and fetches plain [N, 2500] images.
"""

import tensorflow.compat.v1 as tf


class BaseModel:
    """What every generator and discriminator offers.

    A generator's `create_model` takes `output_size`, a discriminator's `input_size`; by that they
    are told apart.
    """

    def create_model(self, size, **unused_params):
        """Makes the variables.

        Args:
            size: number of pixels of an image (2500, for MNIST 784); called `output_size` in a
                generator and `input_size` in a discriminator.
        """
        raise NotImplementedError(f"{type(self).__name__} must define create_model")

    def run_model(self, model_input, is_training=True, **unused_params):
        """Connects the network to its input.

        Args:
            model_input: float32 [N, 100] noise in [-1, 1] for a generator, float32 [N, size] images
                in [0, 1] for a discriminator.
            is_training: False in the snapshot that is handed in.

        Returns:
            Generator: {"output": float32 [N, size] in [0, 1]}.
            Discriminator: {"logits": float32 [N, 1], "predictions": float32 [N, 1] in [0, 1]}.
            Either may add "regularization_loss", a scalar.
        """
        raise NotImplementedError(f"{type(self).__name__} must define run_model")

    def get_variables(self):
        """Lists the trainable variables, or returns None: then they are found by themselves."""
        return None


class SampleGenerator(BaseModel):
    """100 - 128 - size, fully connected."""

    def create_model(self, output_size, **unused_params):
        self.w1 = tf.Variable(he_normal([100, 128]), name="w1")
        self.b1 = tf.Variable(tf.zeros([128]), name="b1")
        self.w2 = tf.Variable(he_normal([128, output_size]), name="w2")
        self.b2 = tf.Variable(tf.zeros([output_size]), name="b2")

    def run_model(self, model_input, is_training=True, **unused_params):
        hidden = tf.nn.relu(tf.matmul(model_input, self.w1) + self.b1)
        return {"output": tf.nn.sigmoid(tf.matmul(hidden, self.w2) + self.b2)}

    def get_variables(self):
        return [self.w1, self.b1, self.w2, self.b2]


class SampleDiscriminator(BaseModel):
    """size - 128 - 1, fully connected."""

    def create_model(self, input_size, **unused_params):
        self.w1 = tf.Variable(he_normal([input_size, 128]), name="w1")
        self.b1 = tf.Variable(tf.zeros([128]), name="b1")
        self.w2 = tf.Variable(he_normal([128, 1]), name="w2")
        self.b2 = tf.Variable(tf.zeros([1]), name="b2")

    def run_model(self, model_input, is_training=True, **unused_params):
        hidden = tf.nn.relu(tf.matmul(model_input, self.w1) + self.b1)
        logits = tf.matmul(hidden, self.w2) + self.b2
        return {"logits": logits, "predictions": tf.nn.sigmoid(logits)}

    def get_variables(self):
        return [self.w1, self.b1, self.w2, self.b2]


def he_normal(shape):
    """Start values for an [inputs, outputs] weight matrix before a ReLU: normal, of variance 2 / inputs.

    Source: He et al. 2015, arXiv 1502.01852, equation 10.
    """
    return tf.random_normal(shape, stddev=(2.0 / shape[0]) ** 0.5)
