"""The memory of past generators' images."""

import numpy as np
import tensorflow.compat.v1 as tf
from test_step import SIZE, first_step

from gan.training.hard_examples import PastImages


def remembered(steps, capacity):
    """What is in the memory after each of `steps` images, which are all of their step's number, as grey levels."""
    with tf.Graph().as_default(), tf.Session() as session:
        step, image = tf.placeholder(tf.int64, []), tf.placeholder(tf.float32, [2])
        past_images = PastImages(2, tf.stack([7, step]), capacity)
        drawn, remember = past_images.draw(64), past_images.remember(image)
        session.run(tf.global_variables_initializer())
        for number in range(steps):
            session.run(remember, {step: number, image: [number / 255] * 2})
            yield (
                session.run(tf.global_variables()[0])[:, 0].tolist(),
                set(np.rint(session.run(drawn, {step: number + 1})[:, 0] * 255).astype(int)),
            )


def test_it_fills_up_and_draws_from_what_is_there():
    states = list(remembered(6, 4))
    assert [memory for memory, _ in states[:4]] == [[0, 0, 0, 0], [0, 1, 0, 0], [0, 1, 2, 0], [0, 1, 2, 3]]
    for memory, drawn in states:
        assert drawn <= set(memory)
    assert states[3][1] == {0, 1, 2, 3}


def test_once_full_it_keeps_a_sample_of_all():
    """Of 200 images 40 places hold each with a chance of 1 in 5: from the older half 20 +- 3.2."""
    *_, (memory, _) = remembered(200, 40)
    assert len(set(memory)) == 40
    assert 8 <= sum(number < 100 for number in memory) <= 32


def test_the_discriminator_judges_past_images_too():
    """A memory with nothing but black: logits of c = 0, so a loss of log 2 for the one of four that is judged."""
    random = np.random.default_rng(0)
    real, noise = random.random((4, SIZE)), random.uniform(-1, 1, (4, 100))
    plain, _ = first_step(real, noise)
    found, memory = first_step(
        real, noise, lambda session: session.run("replay/images/Read/ReadVariableOp:0")[0], replay_share=0.25
    )
    of_real = np.log1p(np.exp(-real[0].sum() * 0.3))
    np.testing.assert_allclose(found[0], 0.75 * plain[0] + 0.25 * (of_real + np.log(2)), rtol=1e-5)
    assert found[1] == plain[1]
    fake = 1 / (1 + np.exp(-noise[0].sum() * 0.01))
    np.testing.assert_array_equal(memory, np.full(SIZE, np.rint(fake * 255)))
