"""The networks. A contestant's own go here and are chosen with --generator_model=ItsName.

A model is made once and may be run several times; each run uses the same variables. Preprocessing belongs here, never
in the readers: the judge feeds and fetches plain [N, 2500] images.
"""

# The size has another name in each kind of network, and not every network takes every argument.
# mypy: disable-error-code="override"

from typing import Any

import tensorflow.compat.v1 as tf

from gan import layers

Outputs = dict[str, tf.Tensor]  # what run_model returns
BLOCK_SHARE = 0.3  # of a residual block's convolutions, so that depth does not raise the scale of values


class BaseModel:
    """What every generator and discriminator offers.

    A generator's `create_model` takes `output_size`, a discriminator's `input_size`; this tells them apart.

    Attributes:
        judges_independently: True in a discriminator promises two things: an image's logit depends on that image
            alone, in training too (no batch normalisation), and no regularization_loss is returned. Training is faster
            then. It is not inherited: a class that keeps the promise says so itself.
    """

    judges_independently = False

    def create_model(self, size: int, **unused_params: Any) -> None:
        """Makes the variables.

        Args:
            size: number of pixels of an image (2500, for MNIST 784); called `output_size` in a generator and
                `input_size` in a discriminator.
            **unused_params: for arguments of later versions.
        """
        raise NotImplementedError(f"{type(self).__name__} must define create_model")

    def run_model(
        self,
        model_input: tf.Tensor,
        is_training: bool = True,
        compute_type: tf.DType = tf.float32,
        **unused_params: Any,
    ) -> Outputs:
        """Connects the network to its input.

        Args:
            model_input: float32 [N, 100] noise in [-1, 1] for a generator, float32 [N, size] images in [0, 1] for a
                discriminator.
            is_training: False in the snapshot that is handed in.
            compute_type: the type to compute in wherever that takes time: tf.float32, or tf.bfloat16 if --compute_type
                says so and the model is trained. The results are float32 in any case. A network need not take this
                argument.
            **unused_params: for arguments of later versions.

        Returns:
            Generator: {"output": float32 [N, size] in [0, 1]}.
            Discriminator: {"logits": float32 [N, 1], "predictions": float32 [N, 1] in [0, 1]}.
            Either may add "regularization_loss", a scalar. A discriminator may add "features", float32 [N, ...], for a
            loss that asks for them.
        """
        raise NotImplementedError(f"{type(self).__name__} must define run_model")

    def get_variables(self) -> list[tf.Variable] | None:
        """Lists the trainable variables, or returns None: then the program finds them."""
        return None


class SampleGenerator(BaseModel):
    """100 - 128 - size, fully connected."""

    def create_model(self, output_size: int, **unused_params: Any) -> None:
        self.w1 = tf.Variable(he_normal([100, 128]), name="w1")
        self.b1 = tf.Variable(tf.zeros([128]), name="b1")
        self.w2 = tf.Variable(he_normal([128, output_size]), name="w2")
        self.b2 = tf.Variable(tf.zeros([output_size]), name="b2")

    def run_model(self, model_input: tf.Tensor, is_training: bool = True, **unused_params: Any) -> Outputs:
        hidden = tf.nn.relu(tf.matmul(model_input, self.w1) + self.b1)
        return {"output": tf.nn.sigmoid(tf.matmul(hidden, self.w2) + self.b2)}

    def get_variables(self) -> list[tf.Variable]:
        return [self.w1, self.b1, self.w2, self.b2]


class SampleDiscriminator(BaseModel):
    """size - 128 - 1, fully connected."""

    judges_independently = True

    def create_model(self, input_size: int, **unused_params: Any) -> None:
        self.w1 = tf.Variable(he_normal([input_size, 128]), name="w1")
        self.b1 = tf.Variable(tf.zeros([128]), name="b1")
        self.w2 = tf.Variable(he_normal([128, 1]), name="w2")
        self.b2 = tf.Variable(tf.zeros([1]), name="b2")

    def run_model(self, model_input: tf.Tensor, is_training: bool = True, **unused_params: Any) -> Outputs:
        hidden = tf.nn.relu(tf.matmul(model_input, self.w1) + self.b1)
        logits = tf.matmul(hidden, self.w2) + self.b2
        return {"logits": logits, "predictions": tf.nn.sigmoid(logits), "features": hidden}

    def get_variables(self) -> list[tf.Variable]:
        return [self.w1, self.b1, self.w2, self.b2]


class DCGANGenerator(BaseModel):
    """100 - dense - three transposed convolutions, 5x5 at stride 2 (Radford et al. 2016, arXiv 1511.06434).

    Attributes:
        channels: of the images between its layers, from the smallest to the largest.
        norm: whether each layer but the last is followed by batch normalisation.
    """

    channels: tuple[int, ...] = (128, 64, 32)
    norm = False

    def create_model(self, output_size: int, **unused_params: Any) -> None:
        self._sides = halved_sides(output_size, len(self.channels))

    def run_model(
        self,
        model_input: tf.Tensor,
        is_training: bool = True,
        compute_type: tf.DType = tf.float32,
        **unused_params: Any,
    ) -> Outputs:
        first, *others = self._sides[::-1]
        x = _project(model_input, first, self.channels[0], compute_type)
        for index, (side, channels) in enumerate(zip(others, [*self.channels[1:], 1])):
            if self.norm:
                x = layers.batch_norm(x, is_training, f"norm_{index}")
            x = layers.conv2d_transpose(tf.nn.relu(x), channels, 5, 2, f"grow_{index}", (side, side))
        return _output(x, others[-1])


class DCGANDiscriminator(BaseModel):
    """Three convolutions, 5x5 at stride 2 - dense (Radford et al. 2016, arXiv 1511.06434).

    Attributes:
        channels: of the images between its layers, from the largest to the smallest.
        norm: whether each convolution but the first is followed by batch normalisation.
    """

    channels: tuple[int, ...] = (32, 64, 128)
    norm = False
    judges_independently = not norm

    def create_model(self, input_size: int, **unused_params: Any) -> None:
        self._sides = halved_sides(input_size, len(self.channels))

    def run_model(
        self,
        model_input: tf.Tensor,
        is_training: bool = True,
        compute_type: tf.DType = tf.float32,
        **unused_params: Any,
    ) -> Outputs:
        x = _images(model_input, self._sides[0], compute_type)
        for index, channels in enumerate(self.channels):
            x = layers.conv2d(x, channels, 5, 2, f"shrink_{index}")
            if self.norm and index:
                x = layers.batch_norm(x, is_training, f"norm_{index}")
            x = tf.nn.leaky_relu(x, 0.2)
        return _verdict(x, self._sides[-1] ** 2 * self.channels[-1])


class ResidualGenerator(BaseModel):
    """100 - dense - three residual blocks that double the sides - convolution (Miyato et al. 2018, arXiv 1802.05957).

    Attributes:
        channels: of the images between its blocks, from the smallest to the largest.
    """

    channels: tuple[int, ...] = (128, 96, 64, 32)

    def create_model(self, output_size: int, **unused_params: Any) -> None:
        self._sides = halved_sides(output_size, len(self.channels) - 1)

    def run_model(
        self,
        model_input: tf.Tensor,
        is_training: bool = True,
        compute_type: tf.DType = tf.float32,
        **unused_params: Any,
    ) -> Outputs:
        first, *others = self._sides[::-1]
        x = _project(model_input, first, self.channels[0], compute_type)
        for index, (side, channels) in enumerate(zip(others, self.channels[1:])):
            x = self._block(x, side, channels, is_training, f"block_{index}")
        x = layers.conv2d(tf.nn.relu(layers.batch_norm(x, is_training, "norm")), 1, 3, 1, "draw")
        return _output(x, others[-1])

    def _block(self, x: tf.Tensor, side: int, channels: int, is_training: bool, name: str) -> tf.Tensor:
        with tf.variable_scope(name, reuse=tf.AUTO_REUSE):
            branch = layers.upsample(tf.nn.relu(layers.batch_norm(x, is_training, "norm_0")), (side, side))
            branch = layers.conv2d(branch, channels, 3, 1, "conv_0")
            branch = layers.conv2d(
                tf.nn.relu(layers.batch_norm(branch, is_training, "norm_1")), channels, 3, 1, "conv_1"
            )
            return branch + layers.upsample(layers.conv2d(x, channels, 1, 1, "shortcut"), (side, side))


class ResidualDiscriminator(BaseModel):
    """Three residual blocks that halve the sides - dense, spectrally normalised (Miyato et al. 2018, arXiv 1802.05957).

    Attributes:
        channels: of the images between its blocks, from the largest to the smallest.
    """

    judges_independently = True
    channels: tuple[int, ...] = (32, 64, 128)

    def create_model(self, input_size: int, **unused_params: Any) -> None:
        self._sides = halved_sides(input_size, len(self.channels))

    def run_model(
        self,
        model_input: tf.Tensor,
        is_training: bool = True,
        compute_type: tf.DType = tf.float32,
        **unused_params: Any,
    ) -> Outputs:
        x = _images(model_input, self._sides[0], compute_type)
        for index, channels in enumerate(self.channels):
            with tf.variable_scope(f"block_{index}", reuse=tf.AUTO_REUSE):
                x = self._block(x, channels, is_training, first=index == 0)
        size = self._sides[-1] ** 2 * self.channels[-1]
        return _verdict(tf.nn.leaky_relu(x, 0.2), size, layers.spectral_norm(is_training))

    def _block(self, x: tf.Tensor, channels: int, is_training: bool, first: bool) -> tf.Tensor:
        norm = layers.spectral_norm(is_training)
        branch = x if first else tf.nn.leaky_relu(x, 0.2)
        branch = tf.nn.leaky_relu(layers.conv2d(branch, channels, 3, 1, "conv_0", norm), 0.2)
        branch = layers.downsample(layers.conv2d(branch, channels, 3, 1, "conv_1", norm))
        return branch + layers.conv2d(layers.downsample(x), channels, 1, 1, "shortcut", norm)


class ContestGenerator(BaseModel):
    """100 - dense - two transposed convolutions - convolution - pixel shuffle: what the recipes train.

    Kernels of 4 at stride 2 treat all pixels alike, so that no grid betrays a generated image (Odena et al. 2016).
    The last doubling is a convolution to 4 channels, whose pixels are then laid out in squares of 2x2 (Shi et al. 2016,
    arXiv 1609.05158): no convolution is computed at full size, where convolutions are expensive.

    Attributes:
        channels: of the images between its layers, from the smallest to the largest.
    """

    channels: tuple[int, ...] = (96, 64, 32)

    def create_model(self, output_size: int, **unused_params: Any) -> None:
        self._sides = halved_sides(output_size, len(self.channels))

    def run_model(
        self,
        model_input: tf.Tensor,
        is_training: bool = True,
        compute_type: tf.DType = tf.float32,
        **unused_params: Any,
    ) -> Outputs:
        first, *others, last = self._sides[::-1]
        x = _project(model_input, first, self.channels[0], compute_type)
        x = tf.nn.relu(layers.batch_norm(x, is_training, "norm"))
        for index, (side, channels) in enumerate(zip(others, self.channels[1:])):
            x = layers.conv2d_transpose(x, channels, 4, 2, f"grow_{index}", (side, side))
            x = tf.nn.relu(layers.batch_norm(x, is_training, f"norm_{index}"))
        x = layers.conv2d(x, self.channels[-1], 3, 1, "refine")
        x = tf.nn.relu(layers.batch_norm(x, is_training, "refine_norm"))
        x = tf.cast(layers.conv2d(x, 4, 3, 1, "draw"), tf.float32)
        return _output(tf.depth_to_space(x, 2)[:, :last, :last], last)


class ContestDiscriminator(BaseModel):
    """Three convolutions at stride 2, a residual block after each but the first - dense: what the recipes train.

    It has no normalisation: a gradient penalty limits it instead, and one pass back serves both networks. A block adds
    a part of two convolutions at stride 1 (He et al. 2015, arXiv 1512.03385): depth where images are small is cheap.

    Attributes:
        channels: of the images between its layers, from the largest to the smallest.
    """

    judges_independently = True
    channels: tuple[int, ...] = (32, 64, 128)

    def create_model(self, input_size: int, **unused_params: Any) -> None:
        self._sides = halved_sides(input_size, len(self.channels))

    def run_model(
        self,
        model_input: tf.Tensor,
        is_training: bool = True,
        compute_type: tf.DType = tf.float32,
        **unused_params: Any,
    ) -> Outputs:
        x = _images(2 * model_input - 1, self._sides[0], compute_type)
        for index, channels in enumerate(self.channels):
            x = tf.nn.leaky_relu(layers.conv2d(x, channels, 4, 2, f"shrink_{index}"), 0.2)
            if index:
                y = tf.nn.leaky_relu(layers.conv2d(x, channels, 3, 1, f"refine_{index}"), 0.2)
                x += BLOCK_SHARE * layers.conv2d(y, channels, 1, 1, f"refine_out_{index}")
        return _verdict(x, self._sides[-1] ** 2 * self.channels[-1])


def halved_sides(size: int, times: int) -> list[int]:
    """Sides of a square image of `size` pixels, which layers of stride 2 halve, rounding up: 50, 25, 13, 7."""
    sides = [round(size**0.5)]
    for _ in range(times):
        sides.append(-(-sides[-1] // 2))
    return sides


def _project(noise: tf.Tensor, side: int, channels: int, compute_type: tf.DType) -> tf.Tensor:
    """The first, smallest images of a generator: [N, side, side, channels]."""
    x = layers.dense(noise, side * side * channels, "project")
    return tf.cast(tf.reshape(x, [-1, side, side, channels]), compute_type)


def _output(x: tf.Tensor, side: int) -> Outputs:
    """What a generator returns, from [N, side, side, 1]."""
    return {"output": tf.sigmoid(tf.reshape(tf.cast(x, tf.float32), [-1, side * side]))}


def _images(model_input: tf.Tensor, side: int, compute_type: tf.DType) -> tf.Tensor:
    """What a discriminator is given, as [N, side, side, 1]."""
    return tf.cast(tf.reshape(model_input, [-1, side, side, 1]), compute_type)


def _verdict(x: tf.Tensor, size: int, weight_norm: layers.WeightNorm | None = None) -> Outputs:
    """What a discriminator returns, from its last images of `size` numbers each; `weight_norm` as in layers.conv2d."""
    features = tf.reshape(tf.cast(x, tf.float32), [-1, size])
    logits = layers.dense(features, 1, "judge", weight_norm)
    return {"logits": logits, "predictions": tf.sigmoid(logits), "features": features}


def he_normal(shape: list[int]) -> tf.Tensor:
    """Start values for an [inputs, outputs] weight matrix before a ReLU: normal, of variance 2 / inputs.

    Source: He et al. 2015, arXiv 1502.01852, equation 10.
    """
    return tf.random_normal(shape, stddev=(2.0 / shape[0]) ** 0.5)
