"""Expected numbers are worked out by hand from the formulas."""

import math

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
