"""One training step against numpy, and the mistakes that a model can hold."""

import copy
from dataclasses import fields

import numpy as np
import pytest
import tensorflow.compat.v1 as tf

from gan import losses, models
from gan.augment import Augmentation, Augmenter
from gan.console.errors import UserError
from gan.networks import loss_values, registry
from gan.networks.network import Network
from gan.training import gradients, settings, step

SIZE = 4
RATE = 0.5


class TinyGenerator(models.BaseModel):
    """sigmoid(noise W)."""

    def create_model(self, output_size):
        self.w = tf.Variable(tf.fill([100, output_size], 0.01), name="w")

    def run_model(self, model_input):
        return {"output": tf.sigmoid(tf.matmul(model_input, self.w))}


class TinyDiscriminator(models.BaseModel):
    """x v + c; variables are found by themselves."""

    def create_model(self, input_size, **unused_params):
        self.v = tf.get_variable("v", [input_size, 1], initializer=tf.constant_initializer(0.3))
        self.c = tf.get_variable("c", [1], initializer=tf.zeros_initializer())

    def run_model(self, model_input, is_training=True, **unused_params):
        logits = tf.matmul(model_input, self.v) + self.c
        return {"logits": logits, "predictions": tf.sigmoid(logits)}


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def build(generator=None, discriminator=None, loss=None, penalty=None, place=None, devices=("",), **options):
    """A training graph on plain SGD; returns it with its two inputs. `options` are of any of the settings."""
    real, noise = tf.placeholder(tf.float32, [None, SIZE]), tf.placeholder(tf.float32, [None, 100])
    loss = loss or losses.CrossEntropyLoss()
    models_ = generator or TinyGenerator(), discriminator or TinyDiscriminator()
    game = step.Game(*models_, loss, penalty, [copy.deepcopy(models_) for _ in devices[1:]])
    built = step.build_training_graph(game, step.StepInputs(real, noise, place), step_settings(**options), devices)
    return built, real, noise


def step_settings(augmentation=None, **options):
    """StepSettings from options of any of its parts."""
    usual = settings.UpdateRule("GradientDescentOptimizer", RATE)
    rules = {kind: options.pop(f"{kind}_rule", usual) for kind in ("generator", "discriminator")}
    options |= rules
    steps = options.pop("steps", 1)
    kinds = (
        settings.LossSettings,
        settings.HardExampleSettings,
        settings.OptimizerSettings,
        settings.LearningRateSettings,
    )
    parts = [kind(**{f.name: options.pop(f.name) for f in fields(kind) if f.name in options}) for kind in kinds]
    assert not options
    return settings.StepSettings(parts[0], augmentation or Augmentation(), *parts[1:], discriminator_steps=steps)


def first_step(real, noise, then=lambda session: None, **options):
    """Both losses of a first step, and what `then` finds in the session after it."""
    config = tf.ConfigProto(device_count={"CPU": 4})
    with tf.Graph().as_default(), tf.Session(config=config) as session:
        built, real_input, noise_input = build(**options)
        session.run(tf.global_variables_initializer())
        feed = {real_input: real, noise_input: noise}
        losses_ = session.run([built.discriminator_loss, built.generator_loss], feed)
        session.run(built.train_op, feed)
        return losses_, then(session)


def by_hand(w, v, c, real, noise):
    """Losses and new values after one simultaneous SGD step, from the gradients of the formulas."""
    fake = sigmoid(noise @ w)
    p_real, p_fake = sigmoid(real @ v + c), sigmoid(fake @ v + c)
    n = len(real)
    grad_v = (real.T @ (p_real - 1) + fake.T @ p_fake) / n
    grad_c = ((p_real - 1) + p_fake).mean(0)
    grad_w = noise.T @ (((p_fake - 1) @ v.T) * fake * (1 - fake)) / n
    losses_ = -np.log(p_real).mean() - np.log(1 - p_fake).mean(), -np.log(p_fake).mean()
    return losses_, w - RATE * grad_w, v - RATE * grad_v, c - RATE * grad_c


def test_one_step_is_what_the_formulas_say():
    random = np.random.default_rng(0)
    real, noise = random.random((6, SIZE)), random.uniform(-1, 1, (6, 100))
    w, v, c = np.full((100, SIZE), 0.01), np.full((SIZE, 1), 0.3), np.zeros(1)
    (d_loss, g_loss), w, v, c = by_hand(w, v, c, real, noise)
    with tf.Graph().as_default(), tf.Session() as session:
        built, real_input, noise_input = build(averaging_decay=0.9)
        session.run(tf.global_variables_initializer())
        _, d, g = session.run(
            [built.train_op, built.discriminator_loss, built.generator_loss], {real_input: real, noise_input: noise}
        )
        assert (d, g) == (pytest.approx(d_loss, rel=1e-5), pytest.approx(g_loss, rel=1e-5))
        values = {variable.op.name: session.run(variable) for variable in tf.global_variables()}
        served = session.run(built.serving_weights)
    np.testing.assert_allclose(values["generator/w"], w, rtol=1e-5)
    np.testing.assert_allclose(values["discriminator/v"], v, rtol=1e-5)
    np.testing.assert_allclose(values["discriminator/c"], c, rtol=1e-5)
    # The average starts at the initial weights; at step 0 its decay is min(0.9, 1 / 10).
    np.testing.assert_allclose(served["generator/w"], 0.1 * 0.01 + 0.9 * w, rtol=1e-5)
    np.testing.assert_array_equal(served["discriminator/v"], values["discriminator/v"])
    assert (values["global_step"], values["images_seen"]) == (1, 6)


def test_gradients_are_clipped_to_a_norm_per_network():
    random = np.random.default_rng(0)
    real, noise = random.random((6, SIZE)), random.uniform(-1, 1, (6, 100))
    before = np.full((100, SIZE), 0.01)
    with tf.Graph().as_default(), tf.Session() as session:
        built, real_input, noise_input = build(clip_gradient_norm=1e-3)
        session.run(tf.global_variables_initializer())
        session.run(built.train_op, {real_input: real, noise_input: noise})
        moved = session.run(built.serving_weights["generator/w"]) - before
    assert np.linalg.norm(moved) == pytest.approx(RATE * 1e-3, rel=1e-3)


class Regularized(TinyDiscriminator):
    """Penalties of both kinds: one that the batch decides, and one of a variable made in run_model; a moving mean."""

    def run_model(self, model_input, is_training=True, **unused_params):
        results = super().run_model(model_input)
        scale = tf.get_variable("scale", [1], initializer=tf.ones_initializer(), regularizer=tf.nn.l2_loss)
        mean = tf.get_variable("mean", [], initializer=tf.zeros_initializer(), trainable=False)
        tf.add_to_collection(tf.GraphKeys.UPDATE_OPS, tf.assign_add(mean, tf.reduce_mean(model_input)))
        logits = results["logits"] * scale
        penalty = tf.reduce_mean(tf.square(tf.matmul(model_input, self.v)))
        return {"logits": logits, "predictions": tf.sigmoid(logits), "regularization_loss": penalty}


class Pairing(losses.BaseLoss):
    """Looks at the whole batch at once: not the mean of anything over its parts."""

    def discriminator_loss(self, real_logits, fake_logits):
        return tf.nn.softplus(tf.reduce_mean(fake_logits) - tf.reduce_mean(real_logits))

    def generator_loss(self, real_logits, fake_logits):
        return tf.nn.softplus(tf.reduce_mean(real_logits) - tf.reduce_mean(fake_logits))


def saved_values(session):
    """Name -> value of all variables but the copies of other devices."""
    return {v.op.name: session.run(v) for v in tf.global_variables() if not v.op.name.startswith("copy_")}


def check_all_reduce(devices, built):
    """Each device has its own weights and changes them; weights and gradients go from none to another."""
    operations = tf.get_default_graph().get_operations()
    assert [op.device for op in operations if op.type == "CollectiveReduce"] == devices
    for other, own in built.copies:
        assert other.device == devices[int(other.op.name[5])] and own.device == devices[0]
    large = [(given, op) for op in operations for given in op.inputs if _is_weights(given)]
    assert {given.op.device for given, _ in large} >= {*devices}
    crossing = [
        op.name for given, op in large if op.device != given.op.device and "" not in (op.device, given.op.device)
    ]
    assert not crossing


def _is_weights(tensor):
    return tensor.shape.rank == 2 and tensor.shape.as_list() == [100, SIZE]


@pytest.mark.parametrize("count", [8, 10])  # evenly and unevenly shared
def test_four_devices_do_what_one_does(count):
    random = np.random.default_rng(0)
    real, noise = random.random((count, SIZE)), random.uniform(-1, 1, (count, 100))
    outcomes = []
    for devices in ([""], [f"/device:CPU:{i}" for i in range(4)]):
        with tf.Graph().as_default(), tf.Session(config=tf.ConfigProto(device_count={"CPU": 4})) as session:
            built, real_input, noise_input = build(
                discriminator=Regularized(),
                loss=Pairing(),
                devices=devices,
                regularization_penalty=2.0,
                clip_gradient_norm=0.5,
                averaging_decay=0.9,
            )
            session.run(tf.global_variables_initializer())
            fetches = [built.scalars[name] for name in built.scalars if name != "learning_rate"]
            trace = tf.RunMetadata()
            for _ in range(3):
                options = tf.RunOptions(trace_level=tf.RunOptions.FULL_TRACE)
                figures, _ = session.run(
                    [fetches, built.train_op], {real_input: real, noise_input: noise}, options, trace
                )
            used = {stats.device.split("device:")[1] for stats in trace.step_stats.dev_stats}
            assert {device.split("device:")[-1] for device in devices if device} <= used
            outcomes.append((figures, saved_values(session)))
            if len(devices) > 1:
                check_all_reduce(devices, built)
    (one_figures, one), (four_figures, four) = outcomes
    np.testing.assert_allclose(four_figures, one_figures, rtol=1e-5)
    assert set(one) == set(four)
    for name in one:
        np.testing.assert_allclose(four[name], one[name], rtol=1e-5, atol=1e-7, err_msg=name)


class Separate(losses.CrossEntropyLoss):
    """The same, but promises nothing."""


class SeparateRelativistic(losses.RelativisticLoss):
    """The same, but promises nothing."""


class Deep(TinyDiscriminator):
    """Two layers, with a penalty of its weights in the collection."""

    judges_independently = True

    def run_model(self, model_input, is_training=True, **unused_params):
        u = tf.get_variable(
            "u", [SIZE, SIZE], initializer=tf.random_normal_initializer(seed=3), regularizer=tf.nn.l2_loss
        )
        return super().run_model(tf.tanh(tf.matmul(model_input, u)))


@pytest.mark.parametrize(
    "separate, shared",
    [(Separate, losses.CrossEntropyLoss), (SeparateRelativistic, losses.RelativisticLoss)],
)
@pytest.mark.parametrize("devices", [[""], ["/device:CPU:0", "/device:CPU:1"]], ids=["one", "two"])
def test_one_pass_back_gives_both_networks_gradients(separate, shared, devices):
    random = np.random.default_rng(0)
    real, noise = random.random((7, SIZE)), random.uniform(-1, 1, (7, 100))
    outcomes = []
    for loss in (separate(), shared()):
        with tf.Graph().as_default(), tf.Session(config=tf.ConfigProto(device_count={"CPU": 2})) as session:
            built, real_input, noise_input = build(
                discriminator=Deep(), loss=loss, devices=devices, regularization_penalty=0.3
            )
            session.run(tf.global_variables_initializer())
            for _ in range(3):
                session.run(built.train_op, {real_input: real, noise_input: noise})
            passes = sum(op.type == "TanhGrad" for op in tf.get_default_graph().get_operations())
            outcomes.append((passes, saved_values(session)))
    (passes_apart, apart), (passes_together, together) = outcomes
    # Real and generated images are judged apart; the discriminator's own pass goes back through both judgements.
    assert (passes_apart, passes_together) == (3 * len(devices), 2 * len(devices))
    for name in apart:
        np.testing.assert_allclose(together[name], apart[name], rtol=1e-5, atol=1e-7, err_msg=name)


@pytest.mark.parametrize("far", [0.0, 90.0])
def test_one_pass_back_reaches_a_generator_that_has_lost(far):
    """A logit of -90: the discriminator's own slope, exp(-90), is less than a float32 can be."""

    class Sure(Deep):
        judges_independently = True

        def run_model(self, model_input, is_training=True, **unused_params):
            logits = super().run_model(model_input)["logits"] - far
            return {"logits": logits, "predictions": tf.sigmoid(logits)}

    apart = train_steps(1, discriminator=Sure(), loss=Separate())
    together = train_steps(1, discriminator=Sure(), loss=losses.CrossEntropyLoss())
    assert np.abs(apart["generator/w"] - 0.01).max() > 1e-4
    np.testing.assert_allclose(together["generator/w"], apart["generator/w"], rtol=1e-4)


class Unpromised(Deep):
    """The same, but promises nothing."""


@pytest.mark.parametrize("penalty", [None, gradients.Penalty(losses.R1Penalty(), weight=0.1, steps=1)])
def test_judging_apart_and_as_one_batch_are_the_same(penalty, monkeypatch):
    loss = losses.CrossEntropyLoss()
    apart = train_steps(3, discriminator=Deep(), loss=loss, penalty=penalty, regularization_penalty=0.3)
    assert_same(
        apart, train_steps(3, discriminator=Unpromised(), loss=loss, penalty=penalty, regularization_penalty=0.3)
    )
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind: [kind])  # as on a GPU
    assert_same(apart, train_steps(3, discriminator=Deep(), loss=loss, penalty=penalty, regularization_penalty=0.3))


def train_steps(steps, count=7, **options):
    """Trains from the same start on the same data; returns name -> value of all variables."""
    random = np.random.default_rng(0)
    real, noise = random.random((count, SIZE)), random.uniform(-1, 1, (count, 100))
    config = tf.ConfigProto(device_count={"CPU": 4})
    with tf.Graph().as_default(), tf.Session(config=config) as session:
        built, real_input, noise_input = build(**options)
        session.run(tf.global_variables_initializer())
        for _ in range(steps):
            session.run(built.train_op, {real_input: real, noise_input: noise})
        return saved_values(session)


def assert_same(one, other):
    assert set(one) == set(other)
    for name in one:
        np.testing.assert_allclose(one[name], other[name], rtol=1e-5, atol=1e-7, err_msg=name)


def test_a_lazy_penalty_counts_for_the_steps_without_it():
    """If a logit is x v + c, the gradient of R1 by v is weight x v; it comes in step 0 alone, 4 times."""
    lazy = gradients.Penalty(losses.R1Penalty(), weight=0.1, steps=4)
    shrunk = train_steps(1)["discriminator/v"] - RATE * 0.1 * 4 * np.full((SIZE, 1), 0.3)
    np.testing.assert_allclose(train_steps(1, penalty=lazy)["discriminator/v"], shrunk, rtol=1e-5)
    # Without a weight the penalty's own is taken.
    own = gradients.Penalty(losses.R1Penalty(), steps=3)
    shrunk = train_steps(1)["discriminator/v"] - RATE * 1.0 * 3 * np.full((SIZE, 1), 0.3)
    np.testing.assert_allclose(train_steps(1, penalty=own)["discriminator/v"], shrunk, rtol=1e-5)


@pytest.mark.parametrize("step, due", [(0, True), (1, False), (3, False), (4, True), (10, False)])
def test_a_lazy_penalty_is_there_when_it_is_due_and_not_computed_otherwise(step, due):
    class Watched(losses.R1Penalty):
        def calculate_penalty(self, discriminator, real_images, fake_images, **unused_params):
            watched = tf.py_func(lambda images: counted.append(1) or images, [real_images], tf.float32)
            return super().calculate_penalty(discriminator, tf.reshape(watched, [-1, SIZE]), fake_images)

    real, noise = np.full((3, SIZE), 0.5), np.zeros((3, 100))
    moved = {}
    for name, penalty in (("without", None), ("lazy", gradients.Penalty(Watched(), 0.1, 4))):
        counted = []
        with tf.Graph().as_default(), tf.Session() as session:
            place = tf.constant([7, step, 0], tf.int64)
            built, real_input, noise_input = build(discriminator=Deep(), penalty=penalty, place=place)
            session.run(tf.global_variables_initializer())
            session.run(built.train_op, {real_input: real, noise_input: noise})
            moved[name] = session.run(built.serving_weights)
    assert len(counted) == due
    np.testing.assert_array_equal(moved["lazy"]["generator/w"], moved["without"]["generator/w"])
    same = np.array_equal(moved["lazy"]["discriminator/u"], moved["without"]["discriminator/u"])
    assert same is not due


@pytest.mark.parametrize(
    "count, penalty, loss",  # with one pass back, evenly and unevenly shared; and with two
    [
        (8, losses.R1R2Penalty, losses.RelativisticLoss),
        (10, losses.GradientPenalty, losses.RelativisticLoss),
        (10, losses.R1R2Penalty, Pairing),
    ],
)
def test_devices_augment_and_penalise_as_one_does(count, penalty, loss):
    def train(devices, steps=3):
        return train_steps(
            steps,
            count,
            discriminator=Deep(),
            loss=loss(),
            devices=devices,
            augmentation=Augmentation(("rounding", "flip", "brightness", "cutout"), 0.7, -2, 0.3, noise=0.1),
            penalty=gradients.Penalty(penalty(), 0.5, 2),
            top_k_share=0.6,
        )

    one = train([""])
    assert_same(one, train([f"/device:CPU:{i}" for i in range(4)]))
    assert one["augment_probability"] == pytest.approx(0.7)  # always above that target


@pytest.mark.parametrize("hard", [{}, dict(replay_share=0.2, negatives_share=0.2)], ids=["plain", "hard examples"])
def test_one_pass_back_goes_through_the_augmentation_and_leaves_out_the_same_images(hard):
    options = dict(
        discriminator=Deep(),
        augmentation=Augmentation(("brightness", "contrast", "flip", "cutout")),
        penalty=gradients.Penalty(losses.R1R2Penalty(), 0.5, 2),
        top_k_share=0.4,
        **hard,
    )
    for apart, together in ((Separate, losses.CrossEntropyLoss), (SeparateRelativistic, losses.RelativisticLoss)):
        assert_same(train_steps(3, loss=apart(), **options), train_steps(3, loss=together(), **options))


def test_parts_of_a_batch_draw_what_the_whole_draws():
    """As in a cluster, where each process has its share of the images."""
    random = np.random.default_rng(0)
    real, noise = random.random((10, SIZE)), random.uniform(-1, 1, (10, 100))

    def on_real(first, end):
        with tf.Graph().as_default(), tf.Session() as session:
            place = tf.constant([5, 3, first], tf.int64)
            built, real_input, noise_input = build(
                loss=losses.WassersteinLoss(), augmentation=Augmentation(("brightness", "cutout")), place=place
            )
            session.run(tf.global_variables_initializer())
            fed = {real_input: real[first:end], noise_input: noise[first:end]}
            return session.run(built.discriminator_loss, fed)

    assert on_real(0, 10) == pytest.approx(0.3 * on_real(0, 3) + 0.7 * on_real(3, 10), rel=1e-5)


@pytest.mark.parametrize("share, count", [(1.0, 5), (0.6, 3), (0.01, 1)])
def test_the_generator_learns_from_its_best_images(share, count):
    real = tf.constant([[0.0]] * 5)
    fake = tf.constant([[1.0], [-2.0], [3.0], [0.5], [-1.0]])
    best = sorted([1.0, -2.0, 3.0, 0.5, -1.0])[-count:]
    discriminator, generator = loss_values.losses_of(losses.HingeLoss(), real, fake, share)
    with tf.Session() as session:
        gradient = session.run(tf.convert_to_tensor(tf.gradients(generator, fake)[0]))
        # Fake: (2 + 0 + 4 + 1.5 + 0) / 5, real: 1.
        assert session.run([discriminator, generator]) == pytest.approx([2.5, -sum(best) / count])
    expected = [-1 / count if logit in best else 0 for logit in (1.0, -2.0, 3.0, 0.5, -1.0)]
    np.testing.assert_allclose(gradient[:, 0], expected, rtol=1e-6)


def test_a_penalty_that_is_no_scalar_is_named():
    class Vector(losses.BasePenalty):
        def calculate_penalty(self, discriminator, real_images, fake_images, **unused_params):
            return discriminator(real_images)

    with tf.Graph().as_default(), pytest.raises(UserError, match="Vector.calculate_penalty must be a float32 scalar"):
        build(penalty=gradients.Penalty(Vector(), 1.0, 2))


def test_a_variable_that_every_run_would_make_is_named():
    def run_model(self, x):
        logits = tf.matmul(x, self.v) + tf.Variable(0.0, name="bias")
        return {"logits": logits, "predictions": tf.sigmoid(logits)}

    with tf.Graph().as_default(), pytest.raises(UserError, match="run_model makes discriminator/bias_1 again each"):
        build(
            discriminator=mistaken(TinyDiscriminator, run_model=run_model),
            penalty=gradients.Penalty(losses.R1Penalty(), 1.0),
        )


def test_each_device_makes_its_own_variable():
    def run_model(self, x):
        return {"output": tf.sigmoid(tf.matmul(x, self.w) + tf.Variable(0.0, name="bias"))}

    with tf.Graph().as_default():
        built, *_ = build(generator=mistaken(TinyGenerator, run_model=run_model), devices=["/cpu:0", "/cpu:1"])
    names = {other.op.name: own.op.name for other, own in built.copies}
    assert names["copy_1/generator/bias"] == "generator/bias"
    assert names["copy_1/generator/w"] == "generator/w" and len(names) == 4


def test_learning_rate_falls_in_steps_of_images():
    with tf.Graph().as_default(), tf.Session() as session:
        built, *_ = build(decay=0.5, decay_examples=100)
        session.run(tf.global_variables_initializer())
        rates = []
        for seen in (0, 99, 100, 250):
            built.counters.images_seen.load(seen, session)
            rates.append(float(session.run(built.scalars["learning_rate"])))
    assert rates == [0.5, 0.5, 0.25, 0.125]


def rule(rate, name="GradientDescentOptimizer"):
    return settings.UpdateRule(name, rate)


def test_each_network_has_its_own_rule():
    """The generator by SGD at another rate; the discriminator by Adam, whose first step is the rate at most."""
    random = np.random.default_rng(0)
    real, noise = random.random((6, SIZE)), random.uniform(-1, 1, (6, 100))
    before = np.full((100, SIZE), 0.01), np.full((SIZE, 1), 0.3)
    _, moved, *_ = by_hand(*before, np.zeros(1), real, noise)
    options = {"generator_rule": rule(0.1 * RATE), "discriminator_rule": rule(0.02, "AdamOptimizer")}
    _, served = first_step(real, noise, lambda s: s.run(tf.trainable_variables()), **options)
    w, v, _ = served
    np.testing.assert_allclose(w, before[0] + 0.1 * (moved - before[0]), rtol=1e-5)
    np.testing.assert_allclose(np.abs(v - before[1]), 0.02, rtol=1e-3)


def test_the_discriminator_alone_goes_ahead():
    """Two updates of the discriminator by itself, then both networks: as the formulas say, batch by batch."""
    random = np.random.default_rng(0)
    batches = [(random.random((6, SIZE)), random.uniform(-1, 1, (6, 100))) for _ in range(3)]
    w, v, c = np.full((100, SIZE), 0.01), np.full((SIZE, 1), 0.3), np.zeros(1)
    for number, batch in enumerate(batches):
        _, moved, v, c = by_hand(w, v, c, *batch)
        w = moved if number == 2 else w
    with tf.Graph().as_default(), tf.Session() as session:
        built, *given = build(steps=3)
        session.run(tf.global_variables_initializer())
        for number, batch in enumerate(batches):
            session.run(built.train_op if number == 2 else built.discriminator_op, dict(zip(given, batch)))
        served = session.run(built.serving_weights)
        counted = session.run([built.counters.global_step, built.counters.images_seen])
    for name, expected in {"generator/w": w, "discriminator/v": v, "discriminator/c": c}.items():
        np.testing.assert_allclose(served[name], expected, rtol=1e-5, err_msg=name)
    assert counted == [1, 18]


def shared_weight():
    """A variable beside both networks."""
    with tf.variable_scope(tf.VariableScope(tf.AUTO_REUSE, name="shared"), auxiliary_name_scope=False):
        return tf.get_variable("e", [SIZE], initializer=tf.ones_initializer())


class SharingGenerator(TinyGenerator):
    def run_model(self, model_input, is_training=True, **unused_params):
        return {"output": super().run_model(model_input)["output"] * shared_weight()}

    get_variables = None


class SharingDiscriminator(TinyDiscriminator):
    def run_model(self, model_input, is_training=True, **unused_params):
        return super().run_model(model_input * shared_weight())


def test_what_the_discriminator_reads_of_the_generator_is_handed_in_as_it_was_trained(capsys):
    with tf.Graph().as_default(), tf.Session() as session:
        built, *given = build(SharingGenerator(), SharingDiscriminator(), averaging_decay=0.9)
        session.run(tf.global_variables_initializer())
        for _ in range(3):
            session.run(built.train_op, dict(zip(given, (np.ones((6, SIZE)), np.ones((6, 100))))))
        served = session.run(built.serving_weights)
        trained = {v.op.name: session.run(v) for v in tf.trainable_variables()}
    assert "the discriminator reads shared/e" in capsys.readouterr().out
    np.testing.assert_array_equal(served["shared/e"], trained["shared/e"])
    assert np.ptp(trained["shared/e"]) or trained["shared/e"][0] != 1
    assert not np.array_equal(served["generator/w"], trained["generator/w"])


def test_weights_of_the_discriminator_are_clipped():
    real, noise = np.ones((6, SIZE)), np.zeros((6, 100))
    _, (w, v, c) = first_step(
        real,
        noise,
        lambda s: s.run(tf.trainable_variables()),
        clip_discriminator_weights=0.05,
        generator_rule=rule(0.0),
    )
    np.testing.assert_allclose(v, 0.05)
    assert abs(c[0]) <= 0.05 and w[0, 0] == np.float32(0.01)


def test_labels_are_smoothed_for_the_discriminator_alone():
    random = np.random.default_rng(0)
    real, noise = random.random((6, SIZE)), random.uniform(-1, 1, (6, 100))
    p_real = sigmoid(real @ np.full((SIZE, 1), 0.3))
    (plain, plain_g), _, _, _ = by_hand(np.full((100, SIZE), 0.01), np.full((SIZE, 1), 0.3), np.zeros(1), real, noise)
    loss = losses.CrossEntropyLoss()
    loss_values.smooth_labels(loss, 0.1)
    (found, found_g), _ = first_step(real, noise, loss=loss)
    expected = plain + np.log(p_real).mean() - (0.9 * np.log(p_real) + 0.1 * np.log(1 - p_real)).mean()
    assert (found, found_g) == (pytest.approx(expected, rel=1e-5), pytest.approx(plain_g, rel=1e-5))
    with pytest.raises(UserError, match="RelativisticLoss has a discriminator_loss of its own, without labels"):
        loss_values.smooth_labels(losses.RelativisticLoss(), 0.1)


def test_noise_on_all_images_falls_with_its_factor():
    """Standard deviations of what the discriminator sees of black images."""
    with tf.Graph().as_default(), tf.Session() as session:
        seed = tf.placeholder(tf.int64, [2])
        augmenter = Augmenter(Augmentation(noise=0.2), seed, 0)
        black = tf.zeros([40, 2500])
        seen = tf.stack([augmenter.real(black, 0), augmenter.fake(black, 0)])
        session.run(tf.global_variables_initializer())
        for factor in (1.0, 0.5, 0.0):
            augmenter.noise_factor.load(factor, session)
            real, fake = session.run(seen, {seed: [7, 3]})
            assert (real.std(), fake.std()) == (pytest.approx(0.2 * factor, rel=0.02),) * 2
            assert factor == 0 or abs(np.corrcoef(real.ravel(), fake.ravel())[0, 1]) < 0.02
            assert not np.array_equal(session.run(seen, {seed: [7, 4]})[0], real) or factor == 0


def test_regularization_losses_are_weighted_and_added():
    class Penalised(TinyDiscriminator):
        def run_model(self, model_input, is_training=True, **unused_params):
            results = super().run_model(model_input)
            return {**results, "regularization_loss": tf.reduce_sum(self.c)}  # gradient 1 for c alone

    zeros = np.zeros((2, SIZE))
    moved = []
    for penalty in (0.0, 3.0):
        with tf.Graph().as_default(), tf.Session() as session:
            built, real_input, noise_input = build(discriminator=Penalised(), regularization_penalty=penalty)
            session.run(tf.global_variables_initializer())
            session.run(built.train_op, {real_input: zeros, noise_input: np.zeros((2, 100))})
            moved.append(session.run(built.serving_weights["discriminator/c"])[0])
    assert moved[1] - moved[0] == pytest.approx(-RATE * 3.0)


def mistaken(base, **methods):
    return type("Mistaken", (base,), methods)()


@pytest.mark.parametrize(
    "models_, expected",
    [
        (
            {"generator": mistaken(TinyGenerator, get_variables=lambda self: [tf.Variable(1.0)])},
            "the loss depends on none of its variables",
        ),
        (
            {"generator": TinyDiscriminator()},
            r"run_model failed as a generator: ValueError: .* \(test_step.py, line \d+\); .* SampleGenerator",
        ),
        (
            {"generator": mistaken(TinyGenerator, run_model=lambda self, x: {"images": x})},
            "not a generator.*output.*SampleGenerator",
        ),
        (
            {"discriminator": mistaken(TinyDiscriminator, run_model=lambda self, x: {"logits": x})},
            "not a discriminator",
        ),
        (
            {"discriminator": mistaken(TinyDiscriminator, run_model=lambda self, x: {"logits": x, "predictions": x})},
            r"logits as float32 \[N, 1\]",
        ),
        (
            {"generator": mistaken(TinyGenerator, run_model=lambda self, x: {"output": x[:, :3]})},
            r"output as float32 \[N, 4\]",
        ),
        ({"generator": mistaken(TinyGenerator, create_model=lambda self, output_size: None)}, "has no attribute 'w'"),
    ],
)
def test_mistakes_in_models_are_named(models_, expected):
    with tf.Graph().as_default(), pytest.raises(UserError, match=expected):
        build(**models_)


def test_a_penalty_that_a_bilinear_resize_stops_is_told(capsys):
    """TensorFlow has no gradient of that gradient, and says nothing."""

    class Enlarging(TinyDiscriminator):
        def run_model(self, model_input, **unused_params):
            large = tf.image.resize_bilinear(tf.reshape(model_input, [-1, 2, 2, 1]), [4, 4])
            return super().run_model(tf.reshape(large[:, ::2, ::2], tf.shape(model_input)), **unused_params)

    for model, is_told in ((TinyDiscriminator, False), (Enlarging, True)):
        with tf.Graph().as_default():
            build(discriminator=model(), penalty=gradients.Penalty(losses.R1Penalty()))
        assert ("R1Penalty does not reach weights behind a bilinear resize" in capsys.readouterr().out) == is_told


def test_a_penalty_of_another_family_needs_neither_a_weight_nor_a_seed():
    class Plain:
        def calculate_penalty(self, judge, real_images, fake_images):
            return tf.reduce_mean(tf.square(judge(real_images)))

    with tf.Graph().as_default():
        build(penalty=gradients.Penalty(Plain()))


@pytest.mark.parametrize(
    "listing",
    [
        lambda: [v for v in tf.trainable_variables() if "generator" in v.name],
        lambda: tf.trainable_variables("generator"),
    ],
)
def test_each_device_trains_its_own_variables_however_they_are_listed(listing):
    """Those who read TensorFlow's collections find the variables of all devices, or of the first."""

    class Listing(TinyGenerator):
        def get_variables(self):
            return listing()

    with tf.Graph().as_default():
        copies = [Network(Listing(), registry.GENERATOR, SIZE, copy=number) for number in range(2)]
        for each in copies:
            each(tf.zeros([1, 100]), is_training=True)
        first, second = ([v.op.name for v in each.trainable_variables] for each in copies)
        assert first and second == [f"copy_1/{name}" for name in first]


def test_a_loss_with_a_variable_of_its_own_is_asked_for_hard_examples_too():
    class Remembering(losses.CrossEntropyLoss):
        def discriminator_loss(self, real_logits, fake_logits):
            scale = tf.get_variable("scale", [], initializer=tf.ones_initializer(), trainable=False)
            return scale * super().discriminator_loss(real_logits, fake_logits)

    with tf.Graph().as_default():
        build(loss=Remembering(), replay_share=0.25, negatives_share=0.25)
        assert [v.op.name for v in tf.global_variables() if "scale" in v.op.name] == ["scale"]


def test_mistakes_in_losses_are_named():
    class NotAveraged(losses.BaseLoss):
        def calculate_loss(self, predictions, labels):
            return tf.square(predictions - labels)

    class Misspelt(losses.BaseLoss):
        def calculate_loss(self, predictions, labels):
            return tf.reduce_meen(predictions)

    for loss, expected in (
        (NotAveraged(), "discriminator_loss must be a float32 scalar.*reduce_mean"),
        (Misspelt(), r"discriminator_loss failed as a loss: AttributeError: .*; gan/losses.py has CrossEntropyLoss"),
    ):
        with tf.Graph().as_default(), pytest.raises(UserError, match=expected):
            loss_values.losses_of(loss, tf.zeros([3, 1]), tf.zeros([3, 1]))


def test_a_regularization_loss_must_be_a_scalar():
    class Vector(TinyDiscriminator):
        def run_model(self, model_input):
            return {**super().run_model(model_input), "regularization_loss": tf.square(self.v)}

    with tf.Graph().as_default(), pytest.raises(UserError, match="regularization_loss must be a float32 scalar"):
        build(discriminator=Vector())


class Idle(TinyDiscriminator):
    """One variable that nothing uses, and one that get_variables leaves out."""

    def create_model(self, input_size, **unused_params):
        super().create_model(input_size)
        self.idle = tf.get_variable("idle", [1], initializer=tf.ones_initializer())

    def get_variables(self):
        return [self.v, self.idle]


@pytest.mark.parametrize("steps", [1, 2])
def test_variables_that_are_not_trained_are_named_and_stay(steps, capsys):
    real, noise = np.ones((6, SIZE)), np.ones((6, 100))
    with tf.Graph().as_default(), tf.Session() as session:
        stray = tf.Variable(1.0, name="stray")
        built, *given = build(discriminator=Idle(), steps=steps)
        session.run(tf.global_variables_initializer())
        for _ in range(2):
            session.run(built.train_op, dict(zip(given, (real, noise))))
        served, stray = session.run([built.serving_weights, stray])
    told = capsys.readouterr().out
    assert "not trained: discriminator/c: Idle.get_variables leaves them out; list them to train them" in told
    assert "not trained: discriminator/idle: the loss of Idle does not depend on them" in told
    assert "not trained: stray: no network made them" in told
    assert (served["discriminator/c"], served["discriminator/idle"], stray) == (0, 1, 1)
    assert not np.allclose(served["discriminator/v"], 0.3)


class LabelsAlone:
    """A loss of another family, as the first skeleton's losses.py had it."""

    def calculate_loss(self, predictions, labels, **unused_params):
        return tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(labels=labels, logits=predictions))


def test_a_loss_with_calculate_loss_alone_is_enough():
    random = np.random.default_rng(0)
    real, noise = random.random((6, SIZE)), random.uniform(-1, 1, (6, 100))
    assert isinstance(registry.load(registry.LOSS, "test_step.LabelsAlone", "label_loss"), LabelsAlone)
    for smoothing in (0.0, 0.1):
        own, ours = LabelsAlone(), losses.CrossEntropyLoss()
        for loss in (own, ours):
            loss_values.smooth_labels(loss, smoothing)
        assert first_step(real, noise, loss=own)[0] == pytest.approx(first_step(real, noise, loss=ours)[0], rel=1e-6)


class Flat(TinyDiscriminator):
    """Logits and probabilities of shape [N]."""

    def run_model(self, model_input, is_training=True, **unused_params):
        return {key: value[:, 0] for key, value in super().run_model(model_input).items()}


def test_logits_of_one_dimension_are_taken_as_two():
    random = np.random.default_rng(0)
    real, noise = random.random((6, SIZE)), random.uniform(-1, 1, (6, 100))
    found, expected = (first_step(real, noise, discriminator=each())[0] for each in (Flat, TinyDiscriminator))
    assert found == pytest.approx(expected, rel=1e-6)


class Shows(TinyDiscriminator):
    """Its features are the images, squared."""

    def run_model(self, model_input, is_training=True, **unused_params):
        return {**super().run_model(model_input), "features": tf.square(model_input)}


@pytest.mark.parametrize("devices", [("",), ("/cpu:0", "/cpu:1")])
def test_a_loss_that_asks_for_features_gets_them(devices):
    """The generator's gradient goes through the features alone: by hand, with one device and with two."""
    random = np.random.default_rng(0)
    real, noise = random.random((6, SIZE)), random.uniform(-1, 1, (6, 100))
    w = np.full((100, SIZE), 0.01)
    fake = sigmoid(noise @ w)
    apart = (fake**2).mean(0) - (real**2).mean(0)
    by_output = 2 * apart / SIZE * 2 * fake / 6
    expected = w - RATE * noise.T @ (by_output * fake * (1 - fake))
    options = dict(discriminator=Shows(), loss=losses.FeatureMatchingLoss(), devices=devices)
    (_, loss), found = first_step(real, noise, lambda s: s.run(tf.trainable_variables()[:1]), **options)
    assert loss == pytest.approx((apart**2).mean(), rel=1e-5)
    np.testing.assert_allclose(found[0], expected, rtol=1e-5)


def test_features_follow_the_most_convincing_images():
    logits = tf.constant([[0.0], [2.0], [1.0]])
    features = loss_values.Features(tf.constant([[1.0], [2.0], [4.0]]), tf.constant([[0.0], [3.0], [5.0]]))
    with tf.Session() as session:
        value = loss_values.losses_of(losses.FeatureMatchingLoss(), logits, logits, 0.67, features)[1]
        assert session.run(value) == pytest.approx((3.0 - 4.0) ** 2)


def test_features_that_are_not_there_are_named():
    with tf.Graph().as_default(), pytest.raises(UserError, match='let the discriminator.s run_model return "features"'):
        build(loss=losses.FeatureMatchingLoss())


def test_models_may_take_the_size_by_any_name_or_position():
    for signature in ("output_size", "size", "output_size, **rest", "*sizes", "**sizes"):
        source = f"def create_model(self, {signature}): seen.append(locals()); self.w = tf.Variable(tf.zeros([100, 4]))"
        scope = {"tf": tf, "seen": []}
        exec(source, scope)
        with tf.Graph().as_default():
            Network(mistaken(TinyGenerator, create_model=scope["create_model"]), registry.GENERATOR, SIZE)
        assert str(SIZE) in str({k: v for k, v in scope["seen"][0].items() if k != "self"}), signature


@pytest.mark.parametrize("hard", [{}, dict(replay_share=0.2, negatives_share=0.2, top_k_share=0.6)])
def test_features_reach_a_loss_in_every_way_that_images_are_judged(hard):
    """In one batch, apart, and shared by devices, the discriminator's loss sees the same features."""

    class Shows(TinyDiscriminator):
        def run_model(self, model_input, is_training=True, **unused_params):
            return {**super().run_model(model_input), "features": self.v[:, 0] * tf.square(model_input)}

    class Apart(Shows):
        judges_independently = True

    class OfBoth(losses.FeatureMatchingLoss):
        shares_backward = True  # which does not hold of features, and must not be used

        def discriminator_loss(self, real_logits, fake_logits, real_features, fake_features):
            apart = tf.reduce_mean(tf.square(real_features)) - tf.reduce_mean(tf.square(fake_features))
            return super().discriminator_loss(real_logits, fake_logits) + apart

    def train(discriminator, devices=("",)):
        return train_steps(2, loss=OfBoth(), discriminator=discriminator, devices=devices, **hard)

    together = train(Shows())
    assert_same(together, train(Apart()))
    assert_same(together, train(Shows(), [f"/device:CPU:{i}" for i in range(3)]))
    assert np.any(together["discriminator/v"] != train_steps(2, discriminator=Shows(), **hard)["discriminator/v"])


class CountedNorm(TinyDiscriminator):
    """Counts how often its update has run."""

    def create_model(self, input_size, **unused_params):
        super().create_model(input_size)
        self.count = tf.get_variable("count", [], initializer=tf.zeros_initializer(), trainable=False)

    def run_model(self, model_input, is_training=True, **unused_params):
        if is_training:
            tf.add_to_collection(tf.GraphKeys.UPDATE_OPS, tf.assign_add(self.count, 1.0))
        return super().run_model(model_input)


def test_hard_examples_and_penalties_move_no_averages():
    """Those of the discriminator follow the batch, once a step, whatever else it is shown."""
    penalty = gradients.Penalty(losses.GradientPenalty(), weight=0.1, steps=1)
    moved = train_steps(3, discriminator=CountedNorm(), penalty=penalty, negatives_share=0.3)
    assert moved["discriminator/count"] == 3
