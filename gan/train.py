"""Trains a generator and a discriminator on TFRecords of images and writes snapshots to hand in.

    python -m gan.train --train_data_pattern='data/train*.tfrecords' --train_dir=run1

Stop it with Ctrl-C whenever you like: it saves and leaves, and the same command goes on from there.
Watch it with `tensorboard --logdir=run1`.
"""

import dataclasses
import os
import sys

if not __package__:  # `python train.py` inside gan/: the package is found one folder up
    sys.path[0] = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

from gan import command_line, registry, storage
from gan.command_line import flag

OPTIMIZERS = [
    "AdamOptimizer",
    "AdadeltaOptimizer",
    "AdagradOptimizer",
    "FtrlOptimizer",
    "GradientDescentOptimizer",
    "MomentumOptimizer",
    "ProximalAdagradOptimizer",
    "ProximalGradientDescentOptimizer",
    "RMSPropOptimizer",
]


@dataclasses.dataclass(frozen=True)
class TrainConfig:
    """Flags of the command, by name."""

    train_data_pattern: str = flag(
        None, "TFRecord files to train on, on disk or gs://: a pattern, or several with commas.", required=True
    )
    train_dir: str = flag(
        os.environ.get("AIP_CHECKPOINT_DIR") or "/tmp/kmlc_gan_train/",
        "Folder for snapshots, training state and TensorBoard, on disk or gs://. Vertex AI's AIP_CHECKPOINT_DIR is the "
        "default where it is set.",
    )
    generator_model: str = flag("SampleGenerator", "Class of gan/models.py, or a dotted name, to train as generator.")
    discriminator_model: str = flag("SampleDiscriminator", "Likewise for the discriminator.")
    label_loss: str = flag("CrossEntropyLoss", "Class of gan/losses.py, or a dotted name.")
    start_new_model: bool = flag(
        False,
        "Begins anew: removes the snapshots, the state and the TensorBoard files of a former training from "
        "train_dir, and nothing else.",
    )
    num_epochs: int = flag(50, "Stops after this many passes over the data, counted from the very start.", at_least=1)
    max_steps: int = flag(None, "Stops after this many steps, counted from the very start.", at_least=1)
    max_minutes: float = flag(
        None, "Stops after this many minutes of training, counted from the very start.", at_least=0.001
    )
    batch_size: int = flag(128, "Real images, and generated ones, in a step.", at_least=1)
    optimizer: str = flag("AdamOptimizer", "Class of tf.train; each network gets one of its own.", choices=OPTIMIZERS)
    base_learning_rate: float = flag(0.001, "Learning rate at the start.", at_least=0)
    learning_rate_decay: float = flag(0.95, "Factor by which the learning rate falls.", at_least=0, at_most=1)
    learning_rate_decay_examples: int = flag(4000000, "Real images after which it falls, each time.", at_least=1)
    adam_beta1: float = flag(0.5, "Decay of AdamOptimizer's average of gradients.", at_least=0, at_most=0.999999)
    clip_gradient_norm: float = flag(1.0, "Largest norm of all gradients of a network; 0 does not clip.", at_least=0)
    regularization_penalty: float = flag(1.0, "Weight of the regularization losses that models return.", at_least=0)
    averaging_decay: float = flag(
        0.999,
        "Snapshots hold an average of the generator's weights with this decay a step; 0 takes them as they are.",
        at_least=0,
        at_most=0.999999,
    )
    seed: int = flag(None, "Seed of all randomness; drawn and shown where not set.", at_least=0, at_most=2**31 - 1)
    export_model_steps: int = flag(
        1000,
        "Steps from one snapshot to the next. TensorBoard gets images with each, and numbers ten times as often.",
        at_least=1,
    )
    keep_snapshots: int = flag(5, "How many snapshots to keep; older ones are deleted.", at_least=1)
    export_generated_images: bool = flag(False, "Writes pictures of generated images to image_dir.")
    export_image_steps: int = flag(500, "Steps from one such picture to the next.", at_least=1)
    image_dir: str = flag("out/", "Folder for those pictures.")
    use_mnist: bool = flag(False, "The data is MNIST, 28x28, in place of 50x50 faces.")
    num_readers: int = flag(2, "Threads that parse records.", at_least=1)
    data_memory_mb: int = flag(
        4096, "Data files larger than this in all are read through a shuffle buffer.", at_least=1
    )
    log_device_placement: bool = flag(False, "Shows on which device each operation runs.")


def main(argv=None):
    """Runs the command and returns its exit code."""
    return command_line.run(train, TrainConfig, argv)


def train(config):
    """Checks what can be checked at once, imports TensorFlow, and trains."""
    registry.check_name(registry.GENERATOR, config.generator_model, "generator_model")
    registry.check_name(registry.DISCRIMINATOR, config.discriminator_model, "discriminator_model")
    registry.check_name(registry.LOSS, config.label_loss, "label_loss")
    files = storage.find_files(config.train_data_pattern, "train_data_pattern")
    if config.log_device_placement:
        os.environ["TF_CPP_MIN_LOG_LEVEL"] = "0"
    command_line.import_tensorflow()
    from gan import training

    return training.train(config, files)


if __name__ == "__main__":
    sys.exit(main())
