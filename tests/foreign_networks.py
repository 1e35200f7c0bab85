"""Networks of layers that are not ours, as they were written for TensorFlow 1, and of Keras 3's. All are small.

The discriminators have dropout. Their `dropout` is 0, so that a training that was interrupted ends in the same weights:
only Keras 3 keeps the state of its random numbers in a variable.
"""

import tensorflow.compat.v1 as tf

from gan import models


class TfLayersGenerator(models.BaseModel):
    """tf.layers as functions, most without names."""

    def create_model(self, output_size, **unused_params):
        self.size = output_size

    def run_model(self, model_input, is_training=True, **unused_params):
        x = tf.layers.dense(model_input, 5 * 5 * 8, activation=tf.nn.relu)
        x = tf.reshape(x, [-1, 5, 5, 8])
        x = tf.layers.conv2d_transpose(x, 4, 5, strides=5, padding="same", name="grow")
        x = tf.nn.leaky_relu(tf.layers.batch_normalization(x, momentum=0.9, training=is_training))
        x = tf.layers.conv2d_transpose(x, 1, 4, strides=2, padding="same", activation=tf.sigmoid)
        return {"output": tf.layers.flatten(x)}


class TfLayersDiscriminator(models.BaseModel):
    """tf.layers with a scope that is used again, and a list by name."""

    dropout = 0.0

    def create_model(self, input_size, **unused_params):
        self.side = int(input_size**0.5)

    def run_model(self, model_input, is_training=True, **unused_params):
        with tf.variable_scope("d_", reuse=tf.AUTO_REUSE):
            x = tf.reshape(model_input, [-1, self.side, self.side, 1])
            x = tf.nn.leaky_relu(tf.layers.conv2d(x, 4, 5, strides=5, padding="same", name="look"))
            x = tf.layers.batch_normalization(x, momentum=0.9, training=is_training, name="norm")
            x = tf.layers.dropout(tf.layers.flatten(x), self.dropout, training=is_training)
            logits = tf.layers.dense(x, 1, name="judge")
        return {"logits": logits, "predictions": tf.sigmoid(logits)}

    def get_variables(self):
        return [variable for variable in tf.trainable_variables() if "d_" in variable.name]  # conv2d_transpose too


class SlimGenerator(models.BaseModel):
    """slim with an arg_scope."""

    def create_model(self, output_size, **unused_params):
        self.size = output_size

    def run_model(self, model_input, is_training=True, **unused_params):
        import tf_slim as slim

        norm = {"is_training": is_training, "decay": 0.9}
        layers = [slim.fully_connected, slim.conv2d_transpose]
        with slim.arg_scope(layers, normalizer_fn=slim.batch_norm, normalizer_params=norm, activation_fn=tf.nn.relu):
            x = tf.reshape(slim.fully_connected(model_input, 5 * 5 * 8), [-1, 5, 5, 8])
            x = slim.conv2d_transpose(x, 4, 5, stride=5)
            x = slim.conv2d_transpose(x, 1, 4, stride=2, normalizer_fn=None, activation_fn=tf.nn.sigmoid)
        return {"output": slim.flatten(x)}


class SlimDiscriminator(models.BaseModel):
    """slim with weight decay, which goes into a collection."""

    dropout = 0.0

    def create_model(self, input_size, **unused_params):
        self.side = int(input_size**0.5)

    def run_model(self, model_input, is_training=True, **unused_params):
        import tf_slim as slim

        x = tf.reshape(model_input, [-1, self.side, self.side, 1])
        with slim.arg_scope([slim.conv2d, slim.fully_connected], weights_regularizer=slim.l2_regularizer(1e-4)):
            x = slim.conv2d(x, 4, 5, stride=5, scope="look", activation_fn=tf.nn.leaky_relu)
            x = slim.dropout(slim.flatten(x), 1 - self.dropout, is_training=is_training)
            logits = slim.fully_connected(x, 1, activation_fn=None, scope="judge")
        return {"logits": logits, "predictions": tf.sigmoid(logits)}


class KerasGenerator(models.BaseModel):
    """A Sequential that knows its input, so that its layers have variables from the start."""

    def create_model(self, output_size, **unused_params):
        layers = tf.keras.layers
        self.net = tf.keras.Sequential(
            [
                layers.Dense(5 * 5 * 8, input_shape=(100,)),
                layers.Reshape((5, 5, 8)),
                layers.BatchNormalization(momentum=0.9),
                layers.LeakyReLU(),
                layers.Conv2DTranspose(4, 5, strides=5, padding="same", activation="relu"),
                layers.Conv2DTranspose(1, 4, strides=2, padding="same", activation="sigmoid"),
                layers.Flatten(),
            ]
        )

    def run_model(self, model_input, is_training=True, **unused_params):
        return {"output": self.net(model_input, training=is_training)}


class KerasDiscriminator(models.BaseModel):
    """Layers that make their variables when they are first called; batch norm in a Sequential inside."""

    dropout = 0.0

    def create_model(self, input_size, **unused_params):
        layers, side = tf.keras.layers, int(input_size**0.5)
        self.look = [layers.Reshape((side, side, 1)), layers.Conv2D(4, 5, strides=5, padding="same")]
        self.rest = tf.keras.Sequential([layers.BatchNormalization(momentum=0.9), layers.LeakyReLU(), layers.Flatten()])
        self.drop, self.judge = layers.Dropout(self.dropout), layers.Dense(1)

    def run_model(self, model_input, is_training=True, **unused_params):
        x = model_input
        for layer in self.look:
            x = layer(x)
        x = self.drop(self.rest(x, training=is_training), training=is_training)
        logits = self.judge(x)
        return {"logits": logits, "predictions": tf.sigmoid(logits)}

    def get_variables(self):
        layers = [*self.look, self.rest, self.judge]
        return [variable for layer in layers for variable in layer.trainable_variables]


class Keras3Generator(models.BaseModel):
    """A Sequential of Keras 3 that makes its variables when it is first called."""

    def create_model(self, output_size, **unused_params):
        from keras import Sequential, layers

        self.net = Sequential(
            [
                layers.Dense(25 * 25 * 2),
                layers.Reshape((25, 25, 2)),
                layers.BatchNormalization(momentum=0.9),
                layers.LeakyReLU(),
                layers.UpSampling2D(),
                layers.Conv2D(1, 3, padding="same", activation="sigmoid"),
                layers.Flatten(),
            ]
        )

    def run_model(self, model_input, is_training=True, **unused_params):
        return {"output": self.net(model_input, training=is_training)}


class Keras3Discriminator(models.BaseModel):
    """Keras 3, with the list that its layers give."""

    dropout = 0.1

    def create_model(self, input_size, **unused_params):
        from keras import Sequential, layers

        side = int(input_size**0.5)
        self.net = Sequential(
            [
                layers.Reshape((side, side, 1)),
                layers.Conv2D(4, 5, strides=5, padding="same"),
                layers.BatchNormalization(momentum=0.9),
                layers.LeakyReLU(),
                layers.Flatten(),
                layers.Dropout(self.dropout),
                layers.Dense(1),
            ]
        )

    def run_model(self, model_input, is_training=True, **unused_params):
        logits = self.net(model_input, training=is_training)
        return {"logits": logits, "predictions": tf.sigmoid(logits)}

    def get_variables(self):
        return self.net.trainable_variables


class ForgetfulGenerator(models.SampleGenerator):
    """Makes a variable for nothing, and lists one too few."""

    def create_model(self, output_size, **unused_params):
        super().create_model(output_size)
        self.idle = tf.Variable(tf.ones([3]), name="idle")

    def get_variables(self):
        return [self.w1, self.w2, self.b2, self.idle]


NEEDS = {"TfLayers": "tf_keras", "Slim": "tf_slim", "Keras": "tf_keras", "Keras3": "keras"}  # kind -> package
