"""Expected numbers are worked out by hand from the formulas."""

import math

import numpy as np
import pytest
import tensorflow.compat.v1 as tf

from gan import losses


def value(tensor):
    with tf.Session() as session:
        return float(session.run(tensor))


@pytest.fixture(autouse=True)
def graph():
    with tf.Graph().as_default():
        yield


def test_cross_entropy_of_known_probabilities():
    logits = tf.constant([[0.0], [math.log(3.0)]])  # p = 1/2 and 3/4
    labels = tf.constant([[1.0], [0.0]])
    loss = losses.CrossEntropyLoss()
    assert value(loss.calculate_loss(logits, labels)) == pytest.approx((math.log(2) + math.log(4)) / 2)


def test_cross_entropy_stays_finite_for_extreme_logits():
    loss = losses.CrossEntropyLoss().calculate_loss(tf.constant([[1000.0], [-1000.0]]), tf.constant([[0.0], [1.0]]))
    assert value(loss) == pytest.approx(1000)


def test_defaults_call_calculate_loss_with_real_as_one():
    loss = losses.CrossEntropyLoss()
    real, fake = tf.constant([[math.log(3.0)]]), tf.constant([[-math.log(3.0)]])
    # The discriminator gives real 3/4 and fake 1/4: -log 3/4 twice. The generator wants 1: -log 1/4.
    assert value(loss.discriminator_loss(real, fake)) == pytest.approx(-2 * math.log(0.75))
    assert value(loss.generator_loss(real, fake)) == pytest.approx(-math.log(0.25))


def both(loss, real, fake):
    real, fake = (tf.constant([[logit] for logit in logits]) for logits in (real, fake))
    return value(loss.discriminator_loss(real, fake)), value(loss.generator_loss(real, fake))


def test_saturating():
    # Real at 3/4, fake at 1/4: the discriminator as with cross entropy, the generator log(1 - 1/4).
    expected = -2 * math.log(0.75), math.log(0.75)
    assert both(losses.SaturatingLoss(), [math.log(3.0)], [-math.log(3.0)]) == pytest.approx(expected)


def test_least_squares():
    # Real: (0.25 + 1) / 4; fake: (4 + 2.25) / 4. The generator: (16 + 0.25) / 4.
    assert both(losses.LeastSquaresLoss(), [0.5, 2.0], [-3.0, 0.5]) == pytest.approx((1.875, 4.0625))


def test_hinge():
    # Real: (0.5 + 0) / 2; fake: (0 + 1.5) / 2. The generator: -(-3 + 0.5) / 2.
    assert both(losses.HingeLoss(), [0.5, 2.0], [-3.0, 0.5]) == pytest.approx((1.0, 1.25))


def test_relativistic_pairs():
    # Differences log 3 and 0: softplus(-log 3) = log 4/3, softplus(0) = log 2; the other way round log 4 and log 2.
    expected = (math.log(4 / 3) + math.log(2)) / 2, (math.log(4) + math.log(2)) / 2
    assert both(losses.RelativisticLoss(), [math.log(3.0), 5.0], [0.0, 5.0]) == pytest.approx(expected)


def test_wasserstein():
    # Real: -(0.5 + 2) / 2; fake: (-3 + 0.5) / 2. The generator: -(-3 + 0.5) / 2.
    assert both(losses.WassersteinLoss(), [0.5, 2.0], [-3.0, 0.5]) == pytest.approx((-2.5, 1.25))


@pytest.mark.parametrize(
    "loss", [kind for kind in vars(losses).values() if isinstance(kind, type) and vars(kind).get("shares_backward")]
)
def test_a_shared_pass_back_finds_no_gradient_of_zero_to_divide_by(loss):
    real, fake = tf.constant([[0.0], [5.0], [-5.0]]), tf.constant([[0.0], [-5.0], [5.0]])
    with tf.Session() as session:
        assert np.all(session.run(tf.gradients(loss().discriminator_loss(real, fake), fake)[0]) != 0)


def linear(images):
    """Its gradient by any image is w = (3, 4): |w|^2 = 25."""
    return tf.matmul(images, tf.constant([[3.0], [4.0]])) + 7.0


def square(images):
    """|x|^2 / 2, whose gradient is the image itself."""
    return tf.reduce_sum(tf.square(images), 1, keepdims=True) / 2


REAL, FAKE = [[1.0, 2.0], [0.0, 1.0]], [[2.0, 0.0], [0.0, 0.0]]  # of mean |x|^2 = 3 and 2


@pytest.mark.parametrize(
    "penalty, of_linear, of_square",
    [
        (losses.R1Penalty, 12.5, 1.5),
        (losses.R2Penalty, 12.5, 1.0),
        (losses.R1R2Penalty, 25.0, 2.5),
        (losses.GradientPenalty, 16.0, None),  # (5 - 1)^2 everywhere
    ],
)
def test_penalties_of_known_gradients(penalty, of_linear, of_square):
    real, fake = tf.constant(REAL), tf.constant(FAKE)
    assert value(penalty().calculate_penalty(linear, real, fake)) == pytest.approx(of_linear, rel=1e-5)
    if of_square is not None:
        assert value(penalty().calculate_penalty(square, real, fake)) == pytest.approx(of_square)


def test_gradient_penalty_looks_between_real_and_generated():
    # All real ones are at 1 and all generated ones at 3, of one pixel; the slope of x^2 / 2 is x, so that the
    # penalty is the mean of (x - 1)^2 over 1 to 3: 4/3. Each seed looks elsewhere.
    real, fake = tf.ones([4000, 1]), 3 * tf.ones([4000, 1])
    penalty = losses.GradientPenalty()
    found = [value(penalty.calculate_penalty(square, real, fake, seed=seed)) for seed in ((1, 2), (1, 2), (1, 3))]
    assert found[0] == found[1] != found[2]
    assert found == pytest.approx([4 / 3] * 3, abs=0.06)  # 4/3 +- 3 x 1.19 / sqrt(4000)


def test_a_penalty_has_a_gradient_by_the_weights():
    w = tf.constant([[3.0], [4.0]])
    penalty = losses.R1Penalty().calculate_penalty(lambda x: tf.matmul(x, w), tf.constant(REAL), tf.constant(FAKE))
    with tf.Session() as session:  # of w.w / 2: w
        np.testing.assert_allclose(session.run(tf.gradients(penalty, w)[0]), [[3.0], [4.0]])
