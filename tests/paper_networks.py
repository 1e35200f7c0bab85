"""Ten pairs of networks as contestants bring them from papers, written with TensorFlow 1's plain functions.

Each pair is what a public repository of its paper would have, small enough for a test: nothing of gan.layers is used.
PAPERS says which flags each needs beside its class.
"""

import numpy as np
import tensorflow.compat.v1 as tf

from gan import losses, models

SIDE = 50


def weight(name, shape, stddev=0.05):
    return tf.get_variable(name, shape, initializer=tf.random_normal_initializer(stddev=stddev))


def bias(name, width):
    return tf.get_variable(name, [width], initializer=tf.zeros_initializer())


def dense(x, width, name):
    with tf.variable_scope(name, reuse=tf.AUTO_REUSE):
        return tf.matmul(x, weight("w", [x.shape.as_list()[1], width])) + bias("b", width)


def conv(x, width, name, size=5, stride=2):
    with tf.variable_scope(name, reuse=tf.AUTO_REUSE):
        kernel = weight("w", [size, size, x.shape.as_list()[3], width])
        return tf.nn.bias_add(tf.nn.conv2d(x, kernel, [1, stride, stride, 1], "SAME"), bias("b", width))


def deconv(x, side, width, name, size=5, stride=2):
    with tf.variable_scope(name, reuse=tf.AUTO_REUSE):
        kernel = weight("w", [size, size, width, x.shape.as_list()[3]])
        shape = tf.stack([tf.shape(x)[0], side, side, width])
        return tf.nn.bias_add(tf.nn.conv2d_transpose(x, kernel, shape, [1, stride, stride, 1]), bias("b", width))


def batch_norm(x, is_training, name):
    """Moments of the batch, moving averages by hand, updates in the usual collection."""
    axes = list(range(len(x.shape) - 1))
    width = x.shape.as_list()[-1]
    with tf.variable_scope(name, reuse=tf.AUTO_REUSE):
        beta, gamma = bias("beta", width), tf.get_variable("gamma", [width], initializer=tf.ones_initializer())
        means = tf.get_variable("means", [width], initializer=tf.zeros_initializer(), trainable=False)
        variances = tf.get_variable("variances", [width], initializer=tf.ones_initializer(), trainable=False)
    if not is_training:
        return tf.nn.batch_normalization(x, means, variances, beta, gamma, 1e-5)
    mean, variance = tf.nn.moments(x, axes)
    for moving, now in ((means, mean), (variances, variance)):
        tf.add_to_collection(tf.GraphKeys.UPDATE_OPS, tf.assign_sub(moving, 0.1 * (moving - now)))
    return tf.nn.batch_normalization(x, mean, variance, beta, gamma, 1e-5)


def lrelu(x):
    return tf.maximum(0.2 * x, x)


def square(x):
    return tf.reshape(x, [-1, SIDE, SIDE, 1])


def flat(x):
    return tf.reshape(x, [-1, int(np.prod(x.shape.as_list()[1:]))])


class Generator(models.BaseModel):
    """A dense layer and a transposed convolution; `norm` is between them."""

    def create_model(self, output_size, **unused_params):
        self.size = output_size

    def norm(self, x, is_training, name):
        return batch_norm(x, is_training, name)

    def run_model(self, model_input, is_training=True, **unused_params):
        x = tf.reshape(dense(model_input, 25 * 25 * 8, "project"), [-1, 25, 25, 8])
        x = tf.nn.relu(self.norm(x, is_training, "norm"))
        return {"output": flat(tf.sigmoid(deconv(x, SIDE, 1, "draw")))}


class Discriminator(models.BaseModel):
    """Two convolutions and a dense layer; `norm` follows the second."""

    def create_model(self, input_size, **unused_params):
        self.size = input_size

    def norm(self, x, is_training, name):
        return x

    def seen(self, model_input, is_training):
        x = lrelu(conv(square(model_input), 8, "look"))
        return flat(lrelu(self.norm(conv(x, 8, "look_again"), is_training, "norm")))

    def run_model(self, model_input, is_training=True, **unused_params):
        logits = dense(self.seen(model_input, is_training), 1, "judge")
        return {"logits": logits, "predictions": tf.sigmoid(logits)}


class DCGANDiscriminator(Discriminator):
    """Radford et al. 2015: batch normalisation in both networks."""

    def norm(self, x, is_training, name):
        return batch_norm(x, is_training, name)


class CriticDiscriminator(Discriminator):
    """Gulrajani et al. 2017: a critic with layer normalisation, for a gradient penalty."""

    def norm(self, x, is_training, name):
        mean, variance = tf.nn.moments(x, [1, 2, 3], keepdims=True)
        return (x - mean) * tf.rsqrt(variance + 1e-5)


def spectral_norm(kernel, is_training):
    """Miyato et al. 2018: divides by the largest singular value, from one power iteration a step."""
    matrix = tf.reshape(kernel, [-1, kernel.shape.as_list()[-1]])
    u = tf.get_variable(
        "u", [1, matrix.shape.as_list()[1]], initializer=tf.random_normal_initializer(), trainable=False
    )
    v = tf.nn.l2_normalize(tf.matmul(u, matrix, transpose_b=True))
    new_u = tf.nn.l2_normalize(tf.matmul(v, matrix))
    v, new_u = tf.stop_gradient(v), tf.stop_gradient(new_u)
    sigma = tf.squeeze(tf.matmul(tf.matmul(v, matrix), new_u, transpose_b=True))
    if is_training:
        tf.add_to_collection(tf.GraphKeys.UPDATE_OPS, u.assign(new_u))
    return kernel / sigma


def normed_conv(x, width, name, is_training, size=5, stride=2):
    with tf.variable_scope(name, reuse=tf.AUTO_REUSE):
        kernel = spectral_norm(weight("w", [size, size, x.shape.as_list()[3], width]), is_training)
        return tf.nn.bias_add(tf.nn.conv2d(x, kernel, [1, stride, stride, 1], "SAME"), bias("b", width))


class SpectralDiscriminator(Discriminator):
    """SNGAN."""

    def seen(self, model_input, is_training):
        x = lrelu(normed_conv(square(model_input), 8, "look", is_training))
        return flat(lrelu(normed_conv(x, 8, "look_again", is_training)))


def attention(x, is_training, name):
    """Zhang et al. 2018: every place looks at every other; its weight `gamma` begins at 0."""
    width, height, across = x.shape.as_list()[3], *x.shape.as_list()[1:3]
    with tf.variable_scope(name, reuse=tf.AUTO_REUSE):
        f, g, h = (
            tf.reshape(normed_conv(x, size, part, is_training, 1, 1), [-1, height * across, size])
            for part, size in (("f", 2), ("g", 2), ("h", width))
        )
        weights = tf.nn.softmax(tf.matmul(g, f, transpose_b=True))
        gamma = tf.get_variable("gamma", [], initializer=tf.zeros_initializer())
        return x + gamma * tf.reshape(tf.matmul(weights, h), [-1, height, across, width])


class AttentionGenerator(Generator):
    """SAGAN's generator."""

    def norm(self, x, is_training, name):
        x = batch_norm(x, is_training, name)
        small = tf.nn.avg_pool(x, [1, 5, 5, 1], [1, 5, 5, 1], "SAME")
        seen = attention(small, is_training, "attention")
        return x + tf.image.resize_nearest_neighbor(seen, [25, 25])


class AttentionDiscriminator(Discriminator):
    """SAGAN's discriminator."""

    def seen(self, model_input, is_training):
        x = lrelu(normed_conv(square(model_input), 8, "look", is_training))
        x = attention(tf.nn.max_pool(x, [1, 2, 2, 1], [1, 2, 2, 1], "SAME"), is_training, "attention")
        return flat(lrelu(normed_conv(x, 8, "look_again", is_training)))


class EnergyDiscriminator(models.BaseModel):
    """Zhao et al. 2016 (EBGAN): an autoencoder; how badly it repeats an image is the image's energy. Logits are [N]."""

    MARGIN = 0.05

    def create_model(self, input_size, **unused_params):
        self.size = input_size

    def run_model(self, model_input, is_training=True, **unused_params):
        code = tf.nn.relu(dense(model_input, 16, "encode"))
        repeated = tf.sigmoid(dense(code, self.size, "decode"))
        energy = tf.reduce_mean(tf.square(repeated - model_input), 1)
        logits = 100 * (self.MARGIN / 2 - energy)
        return {"logits": logits, "predictions": tf.sigmoid(logits)}


class EnergyLoss(losses.BaseLoss):
    """The discriminator lowers the energy of real images and lifts that of others up to a margin."""

    def discriminator_loss(self, real_logits, fake_logits):
        return tf.reduce_mean(tf.nn.relu(2.5 - real_logits)) + tf.reduce_mean(tf.nn.relu(2.5 + fake_logits))

    def generator_loss(self, real_logits, fake_logits):
        return -tf.reduce_mean(fake_logits)


class InfoGenerator(Generator):
    """Chen et al. 2016: a second network reads the code, ten of the latents, back from the image."""

    def run_model(self, model_input, is_training=True, **unused_params):
        output = super().run_model(model_input, is_training)["output"]
        code = tf.one_hot(tf.argmax(model_input[:, :10], 1), 10)
        read = dense(lrelu(dense(output, 16, "read_hidden")), 10, "read")
        lost = tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits_v2(labels=code, logits=read))
        return {"output": output, "regularization_loss": lost}


class InfoDiscriminator(Discriminator):
    """With a head for classes that nothing here trains, as the paper's shared network has one."""

    def run_model(self, model_input, is_training=True, **unused_params):
        results = super().run_model(model_input, is_training)
        return {**results, "classes": dense(self.seen(model_input, is_training), 10, "classes")}


class MinibatchDiscriminator(Discriminator):
    """Salimans et al. 2016, 3.2: each image is told how near the others of its batch are."""

    def run_model(self, model_input, is_training=True, **unused_params):
        seen = self.seen(model_input, is_training)
        with tf.variable_scope("minibatch", reuse=tf.AUTO_REUSE):
            rows = tf.reshape(tf.matmul(seen, weight("t", [seen.shape.as_list()[1], 5 * 3])), [-1, 5, 3])
        apart = tf.reduce_sum(tf.abs(rows[:, :, :, None] - tf.transpose(rows, [1, 2, 0])[None]), 2)
        near = tf.reduce_sum(tf.exp(-apart), 2)
        logits = dense(tf.concat([seen, near], 1), 1, "judge")
        return {"logits": logits, "predictions": tf.sigmoid(logits)}


class StyleGenerator(models.BaseModel):
    """Karras et al. 2018: a mapping network, a learned constant, styles, and noise that stays on."""

    def create_model(self, output_size, **unused_params):
        self.size = output_size

    def run_model(self, model_input, is_training=True, **unused_params):
        styles = model_input * tf.rsqrt(tf.reduce_mean(tf.square(model_input), 1, keepdims=True) + 1e-8)
        for number in range(2):
            styles = lrelu(dense(styles, 32, f"mapping_{number}"))
        constant = tf.get_variable("constant", [1, 13, 13, 8], initializer=tf.ones_initializer())
        x = tf.tile(constant, [tf.shape(model_input)[0], 1, 1, 1])
        for side in (25, 50):
            x = tf.image.resize_bilinear(x, [side, side])
            x = conv(x, 8, f"conv_{side}", 3, 1)
            with tf.variable_scope(f"noise_{side}", reuse=tf.AUTO_REUSE):
                strength = tf.get_variable("strength", [8], initializer=tf.constant_initializer(0.01))
            x = lrelu(x + strength * tf.random_normal([tf.shape(x)[0], side, side, 1]))
            mean, variance = tf.nn.moments(x, [1, 2], keepdims=True)
            style = tf.reshape(dense(styles, 16, f"style_{side}"), [-1, 2, 1, 1, 8])
            x = (x - mean) * tf.rsqrt(variance + 1e-8) * (style[:, 0] + 1) + style[:, 1]
        return {"output": flat(tf.sigmoid(conv(x, 1, "to_grey", 1, 1)))}


class ChannelsFirstGenerator(models.BaseModel):
    """LSGAN with channels first, as code for GPUs has them."""

    def create_model(self, output_size, **unused_params):
        self.kernel = weight("kernel", [5, 5, 1, 8])
        self.bias = bias("bias", 1)

    def run_model(self, model_input, **unused_params):
        x = tf.nn.relu(tf.reshape(dense(model_input, 8 * 25 * 25, "project"), [-1, 8, 25, 25]))
        shape = tf.stack([tf.shape(x)[0], 1, SIDE, SIDE])
        x = tf.nn.conv2d_transpose(x, self.kernel, shape, [1, 1, 2, 2], data_format="NCHW")
        return {"output": flat(tf.sigmoid(tf.nn.bias_add(x, self.bias, data_format="NCHW")))}


class ChannelsFirstDiscriminator(models.BaseModel):
    """Also."""

    def create_model(self, input_size, **unused_params):
        self.kernel = weight("kernel", [5, 5, 1, 8])
        self.bias = bias("bias", 8)

    def run_model(self, model_input, **unused_params):
        x = tf.reshape(model_input, [-1, 1, SIDE, SIDE])
        x = tf.nn.conv2d(x, self.kernel, [1, 1, 2, 2], "SAME", data_format="NCHW")
        logits = dense(flat(lrelu(tf.nn.bias_add(x, self.bias, data_format="NCHW"))), 1, "judge")
        return {"logits": logits, "predictions": tf.sigmoid(logits)}


class FeatureDiscriminator(Discriminator):
    """Salimans et al. 2016, 3.1: a discriminator that shows its features."""

    def run_model(self, model_input, is_training=True, **unused_params):
        return {**super().run_model(model_input, is_training), "features": self.seen(model_input, is_training)}


class FeatureLoss(losses.CrossEntropyLoss):
    """The generator's features must have the mean of the real ones."""

    shares_backward = False

    def generator_loss(self, real_logits, fake_logits, real_features, fake_features):
        apart = tf.reduce_mean(real_features, 0) - tf.reduce_mean(fake_features, 0)
        return tf.reduce_mean(tf.square(apart))


# Paper -> (generator, discriminator, flags that it asks for).
PAPERS = {
    "DCGAN": ("Generator", "DCGANDiscriminator", ["--adam_beta1=0.5"]),
    "WGAN-GP": (
        "Generator",
        "CriticDiscriminator",
        ["--label_loss=WassersteinLoss", "--penalty=GradientPenalty", "--penalty_steps=1", "--discriminator_steps=5"],
    ),
    "SNGAN": ("Generator", "SpectralDiscriminator", ["--label_loss=HingeLoss"]),
    "SAGAN": (
        "AttentionGenerator",
        "AttentionDiscriminator",
        ["--label_loss=HingeLoss", "--discriminator_learning_rate=0.0004", "--generator_learning_rate=0.0001"],
    ),
    "EBGAN": ("Generator", "EnergyDiscriminator", ["--label_loss=paper_networks.EnergyLoss"]),
    "InfoGAN": ("InfoGenerator", "InfoDiscriminator", []),
    "minibatch discrimination": ("Generator", "MinibatchDiscriminator", []),
    "StyleGAN": ("StyleGenerator", "Discriminator", ["--penalty=R1Penalty"]),
    "LSGAN, channels first": (
        "ChannelsFirstGenerator",
        "ChannelsFirstDiscriminator",
        ["--label_loss=LeastSquaresLoss"],
    ),
    "Improved GAN": (
        "Generator",
        "FeatureDiscriminator",
        ["--label_loss=paper_networks.FeatureLoss", "--label_smoothing=0.1"],
    ),
}
