"""What a contestant can be told about networks and losses: each mistake made once, each message judged.

A message names the thing (a flag, or a class and its method), shows what was given, and says the way out.
`test_every_message_is_provoked` finds the places that raise one, and fails for one that no case here reaches.
"""

import ast
import os
import traceback

import pytest
import tensorflow.compat.v1 as tf
from conftest import ROOT

from gan import losses, models
from gan.augment import Augmentation
from gan.console.errors import UserError
from gan.networks import loss_values, registry
from gan.training import gradients, settings, step

SIZE = 4
PLACES = [*sorted((ROOT / "gan" / "networks").glob("*.py")), ROOT / "gan" / "training" / "gradients.py"]


class Drawing(models.BaseModel):
    """A generator without mistakes."""

    def create_model(self, output_size):
        self.w = tf.get_variable("w", [100, output_size])

    def run_model(self, model_input):
        return {"output": tf.sigmoid(tf.matmul(model_input, self.w))}


class Judging(models.BaseModel):
    """A discriminator without mistakes."""

    def create_model(self, input_size):
        self.v = tf.get_variable("v", [input_size, 1])

    def run_model(self, model_input):
        logits = tf.matmul(model_input, self.v)
        return {"logits": logits, "predictions": tf.sigmoid(logits)}


def both(logits, **others):
    return {"logits": logits, "predictions": tf.sigmoid(logits), **others}


def build(generator=Drawing, discriminator=Judging, loss=losses.CrossEntropyLoss, penalty=None):
    real, noise = tf.placeholder(tf.float32, [None, SIZE]), tf.placeholder(tf.float32, [None, 100])
    penalty = penalty and gradients.Penalty(penalty())
    game = step.Game(generator(), discriminator(), loss(), penalty)
    step.build_training_graph(game, step.StepInputs(real, noise), settings.StepSettings(augmentation=Augmentation()))


def network(base, **methods):
    """Builds a training graph in which one network has these methods in place of its own."""
    kind = "generator" if base is Drawing else "discriminator"
    return lambda: build(**{kind: type("Mistaken", (base,), methods)})


def returning(base, make, **others):
    return network(base, run_model=lambda self, x: make(self, x), **others)


def shared(self):
    with tf.variable_scope("", reuse=tf.AUTO_REUSE):
        return [*vars(self).values(), tf.get_variable("shared", [])]


def made_again(self, x):
    return both(tf.matmul(x, tf.Variable(tf.zeros([SIZE, 1]), name="again")))


class NoScalar(losses.BaseLoss):
    def calculate_loss(self, predictions, labels):
        return tf.square(predictions - labels)


class LabelsFirst(losses.BaseLoss):
    def calculate_loss(self, labels, predictions, **unused_params):
        return tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(labels=labels, logits=predictions))


class Misspelt(losses.BaseLoss):
    def calculate_loss(self, predictions, labels):
        return tf.reduce_meen(predictions)


class SteepPenalty(losses.BasePenalty):
    def calculate_penalty(self, discriminator, real_images, fake_images, **unused_params):
        return discriminator(real_images)


def load(kind, name, flag="generator_model"):
    return lambda: registry.load(kind, name, flag)


def shares_listed():
    sharing = {"get_variables": shared}
    build(type("Drawer", (Drawing,), sharing), type("Judge", (Judging,), sharing))


# What is done -> (how, the thing, what was given, the way out).
CASES = {
    "no such class": (load(registry.GENERATOR, "Nobody"), "--generator_model=Nobody", "no such", "SampleGenerator"),
    "no such module": (
        load(registry.LOSS, "nowhere.Loss", "label_loss"),
        "--label_loss=nowhere.Loss",
        "No module named 'nowhere'",
        f"a dotted name is looked for in {os.getcwd()} and among installed packages",
    ),
    "no class": (
        load(registry.GENERATOR, "gan.models.he_normal"),
        "--generator_model=gan.models.he_normal",
        "it is no class, but <function he_normal",
        "derive a class from gan.models.BaseModel that has create_model and run_model",
    ),
    "no loss": (
        load(registry.LOSS, "gan.models.SampleGenerator", "label_loss"),
        "--label_loss=gan.models.SampleGenerator",
        "it lacks calculate_loss",
        "derive a class from gan.losses.BaseLoss that has calculate_loss",
    ),
    "labels before predictions": (
        load(registry.LOSS, f"{__name__}.LabelsFirst", "label_loss"),
        f"--label_loss={__name__}.LabelsFirst",
        "calculate_loss takes labels before predictions",
        "write calculate_loss(self, predictions, labels)",
    ),
    "no transformation": (lambda: registry.policy("flip,zoom", "augment"), "--augment=flip,zoom", "zoom", "cutout"),
    "an error inside": (
        lambda: build(loss=Misspelt),
        "Misspelt.discriminator_loss failed as a loss",
        "reduce_meen' (test_messages.py, line ",
        "gan/losses.py has CrossEntropyLoss",
    ),
    "tf.contrib": (
        returning(Judging, lambda self, x: tf.contrib.layers.flatten(x)),
        "Mistaken.run_model failed as a discriminator",
        "contrib",
        "take gan.layers, or `pip install 'gan-contest[legacy]'` and import tf_slim",
    ),
    "not a dict": (
        returning(Drawing, lambda self, x: x),
        "Mistaken is not a generator: its run_model",
        "must return a dict with output",
        "gan/models.py has SampleGenerator",
    ),
    "no tensor": (
        returning(Judging, lambda self, x: {"logits": 0.5, "predictions": 0.5}),
        "Mistaken.run_model must return logits as a tensor",
        "it is 0.5",
        "compute it from the model_input with TensorFlow's operations",
    ),
    "another shape": (
        returning(Judging, lambda self, x: both(x)),
        "Mistaken.run_model must return logits as float32 [N, 1]",
        "it is float32 (?, 4)",
        "of two classes take the difference of their logits, of patches tf.reduce_mean",
    ),
    "features of another type": (
        returning(Judging, lambda self, x: both(tf.matmul(x, self.v), features=[x])),
        "Mistaken.run_model must return features as float32 [N, ...]",
        "it is [<tf.Tensor",
        "tf.cast and tf.concat help",
    ),
    "a regularization loss for each image": (
        returning(Judging, lambda self, x: both(tf.matmul(x, self.v), regularization_loss=x)),
        "Mistaken.run_model's regularization_loss must be a float32 scalar",
        "(?, 4)",
        "is tf.reduce_mean missing?",
    ),
    "a loss for each image": (
        lambda: build(loss=NoScalar),
        "NoScalar.discriminator_loss must be a float32 scalar",
        "(?, 1)",
        "is tf.reduce_mean missing?",
    ),
    "a penalty for each image": (
        lambda: build(penalty=SteepPenalty),
        "SteepPenalty.calculate_penalty must be a float32 scalar",
        "(?, 1)",
        "is tf.reduce_mean missing?",
    ),
    "features that are missing": (
        lambda: build(loss=losses.FeatureMatchingLoss),
        "FeatureMatchingLoss.generator_loss",
        "asks for real_features and fake_features, and there are none",
        'let the discriminator\'s run_model return "features", float32 [N, ...], or choose another --label_loss',
    ),
    "labels that are missing": (
        lambda: loss_values.smooth_labels(losses.RelativisticLoss(), 0.1),
        "--label_smoothing=0.1: RelativisticLoss",
        "has a discriminator_loss of its own, without labels",
        "leave the flag out, or give a loss that defines calculate_loss alone",
    ),
    "no variables": (
        network(Drawing, create_model=lambda self, size: None, run_model=lambda self, x: {"output": x[:, :SIZE]}),
        "Mistaken",
        "has no trainable variables",
        "make them in create_model with tf.Variable",
    ),
    "a variable in each run": (
        lambda: build(
            discriminator=type("Mistaken", (Judging,), dict(run_model=made_again, judges_independently=True))
        ),
        "Mistaken.run_model makes",
        "discriminator/again",
        "in create_model, or use tf.get_variable or gan.layers",
    ),
    "a list of names": (
        network(Drawing, get_variables=lambda self: ["w"]),
        "Mistaken.get_variables lists",
        "'w', which is no variable",
        "list tf.Variables, or leave get_variables out",
    ),
    "a variable of both": (
        shares_listed,
        "variable shared is trained by",
        "discriminator and generator",
        "leave it out of the other's get_variables",
    ),
    "a loss of no variable": (
        returning(Judging, lambda self, x: both(tf.stop_gradient(tf.matmul(x, self.v)))),
        "Mistaken: the loss",
        "depends on none of its variables (discriminator/v)",
        "without tf.stop_gradient or numpy",
    ),
    "a verdict of no image": (
        returning(
            Judging, lambda self, x: both(0 * tf.stop_gradient(x[:, :1]) + self.v[0, 0]), judges_independently=True
        ),
        "Mistaken: its logits",
        "do not depend on the images",
        "compute them from model_input",
    ),
    "no gradient of a gradient": (
        lambda: build(
            discriminator=type("Mistaken", (Judging,), {"run_model": lambda self, x: both(_enlarged(x, self.v))}),
            penalty=losses.R1Penalty,
        ),
        "the gradients cannot be computed",
        "ResizeNearestNeighbor",
        "leave --penalty out",
    ),
}


def _enlarged(x, v):
    large = tf.image.resize_nearest_neighbor(tf.reshape(x, [-1, 2, 2, 1]), [4, 4])
    return tf.square(tf.matmul(tf.reshape(large[:, ::2, ::2], [-1, SIZE]), v))


def told(case):
    """(the message, the traceback) of a case."""
    with tf.Graph().as_default(), pytest.raises(UserError) as caught:
        CASES[case][0]()
    return str(caught.value), caught.value.__traceback__


@pytest.mark.parametrize("case", CASES)
def test_a_message_names_the_thing_the_value_and_the_way_out(case):
    message, _ = told(case)
    for part in CASES[case][1:]:
        assert part in message
    assert "\n" not in message


def test_every_message_is_provoked():
    wanted = {
        (path.name, node.lineno, node.end_lineno)
        for path in PLACES
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call) and node.exc.func.id == "UserError"
    }
    assert len(wanted) > 12
    for case in CASES:
        frame = traceback.extract_tb(told(case)[1])[-1]
        name = frame.filename.rpartition("/")[2]
        wanted = {
            (file, first, last) for file, first, last in wanted if file != name or not first <= frame.lineno <= last
        }
    assert not wanted
