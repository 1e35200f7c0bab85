"""Discriminators and generators with layers of TensorFlow 1's time and of Keras 3, as contestants bring them."""

import os

import tensorflow.compat.v1 as tf

from gan import models
from gan.networks import keras_layers

SIDE = 50
DROPOUT = float(os.environ.get("TESTED_DROPOUT", "0.3"))  # tf.layers and tf_slim draw it without a seed of the step


def square(x):
    return tf.reshape(x, [-1, SIDE, SIDE, 1])


class LayersGenerator(models.BaseModel):
    """tf.layers, one with a name and others without."""

    def create_model(self, output_size, **unused_params):
        self.size = output_size

    def run_model(self, model_input, is_training=True, **unused_params):
        x = tf.layers.dense(model_input, 25 * 25 * 4, name="project")
        x = tf.layers.batch_normalization(tf.reshape(x, [-1, 25, 25, 4]), training=is_training, momentum=0.9)
        x = tf.layers.conv2d_transpose(tf.nn.relu(x), 1, 5, 2, "same", activation=tf.sigmoid)
        return {"output": tf.reshape(x, [-1, self.size])}


class LayersDiscriminator(models.BaseModel):
    """tf.layers with dropout."""

    def create_model(self, input_size, **unused_params):
        self.size = input_size

    def run_model(self, model_input, is_training=True, **unused_params):
        x = tf.layers.conv2d(square(model_input), 4, 5, 2, "same")
        x = tf.nn.leaky_relu(tf.layers.batch_normalization(x, training=is_training))
        x = tf.layers.dropout(tf.layers.flatten(x), DROPOUT, training=is_training)
        logits = tf.layers.dense(x, 1)
        return {"logits": logits, "predictions": tf.sigmoid(logits)}


class SlimGenerator(models.BaseModel):
    """tf_slim, which was tf.contrib.slim."""

    def create_model(self, output_size, **unused_params):
        self.size = output_size

    def run_model(self, model_input, is_training=True, **unused_params):
        import tf_slim as slim

        norm = {"is_training": is_training, "decay": 0.9}
        layers = [slim.fully_connected, slim.conv2d_transpose]
        with slim.arg_scope(layers, normalizer_fn=slim.batch_norm, normalizer_params=norm):
            x = tf.reshape(slim.fully_connected(model_input, 25 * 25 * 4), [-1, 25, 25, 4])
            x = slim.conv2d_transpose(x, 4, 5, 1)
        x = slim.conv2d_transpose(x, 1, 5, 2, activation_fn=tf.sigmoid)
        return {"output": tf.reshape(x, [-1, self.size])}


class SlimDiscriminator(models.BaseModel):
    """Also."""

    def create_model(self, input_size, **unused_params):
        self.size = input_size

    def run_model(self, model_input, is_training=True, **unused_params):
        import tf_slim as slim

        x = slim.conv2d(
            square(model_input),
            4,
            5,
            2,
            normalizer_fn=slim.batch_norm,
            normalizer_params={"is_training": is_training, "decay": 0.9},
        )
        logits = slim.fully_connected(
            slim.dropout(slim.flatten(x), 1 - DROPOUT, is_training=is_training), 1, activation_fn=None
        )
        return {"logits": logits, "predictions": tf.sigmoid(logits)}


class KerasGenerator(models.BaseModel):
    """Keras layers, made once."""

    def create_model(self, output_size, **unused_params):
        self.size = output_size
        self.project = tf.keras.layers.Dense(25 * 25 * 4)
        self.norm = tf.keras.layers.BatchNormalization(momentum=0.9)
        self.draw = tf.keras.layers.Conv2DTranspose(1, 5, strides=2, padding="same", activation="sigmoid")

    def run_model(self, model_input, is_training=True, **unused_params):
        x = tf.reshape(self.project(model_input), [-1, 25, 25, 4])
        x = self.draw(tf.nn.relu(self.norm(x, training=is_training)))
        return {"output": tf.reshape(x, [-1, self.size])}

    def get_variables(self):
        return [*self.project.trainable_weights, *self.norm.trainable_weights, *self.draw.trainable_weights]


class KerasDiscriminator(models.BaseModel):
    """A Sequential of Keras that knows its input, so that Keras connects it before we do."""

    def create_model(self, input_size, **unused_params):
        layers = tf.keras.layers
        self.net = tf.keras.Sequential(
            [
                tf.keras.Input([SIDE, SIDE, 1]),
                layers.Conv2D(4, 5, strides=2, padding="same"),
                layers.BatchNormalization(momentum=0.9),
                layers.LeakyReLU(),
                layers.Flatten(),
                layers.Dropout(DROPOUT),
                layers.Dense(1),
            ]
        )

    def run_model(self, model_input, is_training=True, **unused_params):
        logits = self.net(square(model_input), training=is_training)
        return {"logits": logits, "predictions": tf.sigmoid(logits)}


class MadeAgain(models.BaseModel):
    """A Keras layer that every run makes again."""

    def create_model(self, input_size, **unused_params):
        pass

    def run_model(self, model_input, **unused_params):
        logits = tf.keras.layers.Dense(1)(model_input)
        return {"logits": logits, "predictions": tf.sigmoid(logits)}


class ContribDiscriminator(models.BaseModel):
    """As it was before TensorFlow 2."""

    def create_model(self, input_size, **unused_params):
        pass

    def run_model(self, model_input, **unused_params):
        logits = tf.contrib.layers.fully_connected(model_input, 1, activation_fn=None)
        return {"logits": logits, "predictions": tf.sigmoid(logits)}


class Block:
    """What some write their layers in."""

    def __init__(self):
        self.norm = tf.keras.layers.BatchNormalization(momentum=0.9)

    def __call__(self, x, is_training):
        return tf.nn.relu(self.norm(x, training=is_training))


class InBlocksGenerator(KerasGenerator):
    """Keras layers in an object of a class of one's own."""

    def create_model(self, output_size, **unused_params):
        super().create_model(output_size)
        self.norm = Block()

    def run_model(self, model_input, is_training=True, **unused_params):
        x = self.norm(tf.reshape(self.project(model_input), [-1, 25, 25, 4]), is_training)
        return {"output": tf.reshape(self.draw(x), [-1, self.size])}

    def get_variables(self):
        layers = self.project, self.norm.norm, self.draw
        return [variable for layer in layers for variable in layer.trainable_weights]


class InClosureGenerator(KerasGenerator):
    """Keras layers that only a function knows, one of them until it has run."""

    def create_model(self, output_size, **unused_params):
        super().create_model(output_size)
        first = tf.keras.layers.BatchNormalization(momentum=0.9)
        del self.norm

        def normalised(x, is_training):
            second = tf.keras.layers.BatchNormalization(momentum=0.9)
            return tf.nn.relu(second(first(x, training=is_training), training=is_training))

        self.normalised = normalised

    def run_model(self, model_input, is_training=True, **unused_params):
        x = self.normalised(tf.reshape(self.project(model_input), [-1, 25, 25, 4]), is_training)
        return {"output": tf.reshape(self.draw(x), [-1, self.size])}

    get_variables = None


class KerasRegularized(models.BaseModel):
    """A layer of Keras whose weights are to stay small."""

    def create_model(self, input_size, **unused_params):
        self.judge = tf.keras.layers.Dense(1, kernel_regularizer=tf.keras.regularizers.L2(100.0))

    def run_model(self, model_input, **unused_params):
        logits = self.judge(model_input)
        return {"logits": logits, "predictions": tf.sigmoid(logits)}


class LayersRegularized(models.BaseModel):
    """The same of tf.layers."""

    def create_model(self, input_size, **unused_params):
        pass

    def run_model(self, model_input, **unused_params):
        small = lambda weights: 100 * tf.reduce_sum(tf.square(weights))  # noqa: E731
        logits = tf.layers.dense(model_input, 1, kernel_regularizer=small, name="judge")
        return {"logits": logits, "predictions": tf.sigmoid(logits)}


class CountsLosses(KerasRegularized):
    """A regularized layer and a Sequential that holds it: its loss counts once. Keras connects this one by itself."""

    def create_model(self, input_size, **unused_params):
        layers = tf.keras.layers
        super().create_model(input_size)
        self.net = tf.keras.Sequential([tf.keras.Input([input_size]), self.judge, layers.Activation("linear")])

    def run_model(self, model_input, **unused_params):
        logits = self.net(model_input)
        (loss,) = keras_layers.regularization_losses(self)
        return {"logits": logits, "predictions": tf.sigmoid(logits), "regularization_loss": 0 * loss}


tf.app.flags.DEFINE_integer("df_dim", 8, "Of the program from which the next network comes.")
FLAGS = tf.app.flags.FLAGS


class KerasFrozenAndClipped(models.BaseModel):
    """A layer of Keras that stays as it begins, and one whose weights are kept small."""

    def create_model(self, input_size, **unused_params):
        self.features = tf.keras.layers.Dense(FLAGS.df_dim, trainable=False, name="features")
        self.judge = tf.keras.layers.Dense(
            1, kernel_constraint=lambda w: tf.clip_by_value(w, -0.01, 0.01), name="judge"
        )

    def run_model(self, model_input, **unused_params):
        logits = self.judge(tf.nn.relu(self.features(model_input)))
        return {"logits": logits, "predictions": tf.sigmoid(logits)}


class KerasNormalised(models.BaseModel):
    """Keras' own spectral normalisation, and dropout that nobody switches off."""

    def create_model(self, input_size, **unused_params):
        self.judge = tf.keras.layers.SpectralNormalization(tf.keras.layers.Dense(1))

    def run_model(self, model_input, **unused_params):
        logits = self.judge(tf.nn.dropout(model_input, rate=0.5), training=True)
        return {"logits": logits, "predictions": tf.sigmoid(logits)}
