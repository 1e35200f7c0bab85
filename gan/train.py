"""Trains a generator and a discriminator on TFRecords of images and writes snapshots to hand in.

    python -m gan.train --train_data_pattern='data/train*.tfrecords' --train_dir=run1

Stop it with Ctrl-C whenever you like: it saves and leaves, and the same command goes on from there.
Watch it with `tensorboard --logdir=run1`.
"""

import contextlib
import dataclasses
import functools
import os
import sys

if not __package__:  # `python train.py` inside gan/: the package is found one folder up
    sys.path[0] = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

from gan.console import command, flags, tensorflow_import
from gan.console.errors import UserError
from gan.console.flags import flag
from gan.data import pixels
from gan.distributed import tf_config
from gan.networks import registry
from gan.sandbox import sandbox
from gan.storage import cache
from gan.training import compute_type, learning_rate

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
        flags.TRAIN_DIR,
        "Folder for snapshots, training state and TensorBoard, on disk or gs://. Vertex AI's AIP_CHECKPOINT_DIR is the "
        "default where it is set.",
    )
    log_dir: str = flag(
        flags.LOG_DIR,
        "Folder for TensorBoard's files; train_dir where not set. Vertex AI's AIP_TENSORBOARD_LOG_DIR is the default "
        "where it is set.",
    )
    generator_model: str = flag("SampleGenerator", "Class of gan/models.py, or a dotted name, to train as generator.")
    discriminator_model: str = flag("SampleDiscriminator", "Likewise for the discriminator.")
    label_loss: str = flag("CrossEntropyLoss", "Class of gan/losses.py, or a dotted name.")
    start_new_model: bool = flag(
        False,
        "Begins anew: removes the snapshots, the state and the TensorBoard files of a former training from "
        "train_dir, and nothing else. Leave it out of jobs that a cloud may restart by itself.",
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
    learning_rate_schedule: str = flag(
        learning_rate.CONSTANT,
        "How the learning rate falls, besides --learning_rate_decay, in the last part of the run: not at all, or to 0 "
        "along a line or a cosine. It follows the clock where --max_minutes ends the run, else the steps.",
        choices=learning_rate.SHAPES,
    )
    learning_rate_hold: float = flag(
        0.5, "With a --learning_rate_schedule: share of the run before it begins to fall.", at_least=0, at_most=0.99
    )
    adam_beta1: float = flag(0.5, "Decay of AdamOptimizer's average of gradients.", at_least=0, at_most=0.999999)
    adam_beta2: float = flag(
        0.999, "Decay of AdamOptimizer's average of squared gradients.", at_least=0, at_most=0.999999
    )
    clip_gradient_norm: float = flag(1.0, "Largest norm of all gradients of a network; 0 does not clip.", at_least=0)
    regularization_penalty: float = flag(1.0, "Weight of the regularization losses that models return.", at_least=0)
    penalty: str = flag(
        None,
        "Gradient penalty on the discriminator, a class of gan/losses.py, or a dotted name: R1Penalty (flat where the "
        "real images are), R2Penalty (where the generated ones are), R1R2Penalty (both, as R3GAN, with "
        "RelativisticLoss), GradientPenalty (a slope of 1 in between, for WassersteinLoss). It keeps a strong "
        "discriminator from leaving the generator without a way to go; none where not set.",
    )
    penalty_weight: float = flag(
        None,
        "Weight of the penalty beside the discriminator's loss: the gamma of R1 and R2, which take |gradient|^2 / 2, 1 "
        "where not set; the lambda of GradientPenalty, 10 where not set. Pixels go from 0 to 1, and where a paper's go "
        "from -1 to 1, a quarter of its gamma does the same.",
        at_least=0,
    )
    penalty_steps: int = flag(
        4,
        "Steps from one with the penalty to the next; it then counts that many times. A step with it takes about half "
        "as long again, with R1R2Penalty twice as long. 1 applies it always, as R3GAN does, and 16 is StyleGAN2's. The "
        "more, the larger the gradient of that one step, and --clip_gradient_norm cuts it off.",
        at_least=1,
    )
    augment: str = flag(
        None,
        "Random changes, with commas between, to all images that the discriminator sees in training, real and "
        "generated: flip, brightness, contrast, blur, translation, cutout (DiffAugment). With little data it cannot "
        "learn the images by heart then, and the generator still learns the plain ones. flip, which the generator is "
        "to learn, mirrors half of the real ones alone. 'rounding,flip' is a good start; translation,cutout may be "
        "added for many epochs. rounding, to 8 bits as the data is, happens to every image where it is named. The "
        "accuracies and losses shown are of the changed images.",
    )
    augment_probability: float = flag(
        1.0,
        "Each change happens to each image with this probability. Below about 0.8 the generator cannot come to "
        "think that changed images are what is wanted.",
        at_least=0,
        at_most=1,
    )
    augment_target: float = flag(
        None,
        "Adapts the probability, from 0 to at most --augment_probability (ADA): it rises while the mean sign of the "
        "discriminator's logits on real images is above this, as when it learns them by heart, and falls while it is "
        "below. 0.6 is the paper's.",
        at_least=-1,
        at_most=1,
    )
    replay_share: float = flag(
        0.0,
        "Share of the images to refuse, in the discriminator's loss, that are generated ones of earlier steps, from a "
        "memory of 4,096 that is part of the training state. It then still sees through what the generator has "
        "unlearned, and others' generators may do. Not in a cluster.",
        at_least=0,
        at_most=0.45,
    )
    negatives_share: float = flag(
        0.0,
        "Share of the images to refuse that are real ones spoilt: with grain, a grid or blur, or put together of "
        "several faces. A discriminator that saw one generator only takes for real what another one spoils.",
        at_least=0,
        at_most=0.45,
    )
    top_k_share: float = flag(
        1.0,
        "The generator learns only from this share of its images, those that convince the discriminator most; the "
        "others seldom show a way to better ones. 1 is all; papers end at 0.5 to 0.75. Its loss is of these alone.",
        at_least=0.01,
        at_most=1,
    )
    compute_type: str = flag(
        compute_type.FLOAT32,
        "Type of number that networks which know about it compute in while they train. bfloat16 is faster on "
        "processors with AMX or AVX512_BF16, and far slower on others; auto takes it where it is faster. Weights stay "
        "float32, and so do snapshots.",
        choices=compute_type.COMPUTE_TYPES,
    )
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
    num_towers: int = flag(
        None,
        "Devices that share each batch: by default one for each GPU here, or one where there is none. Without a GPU, "
        "2 and more are virtual processors, to try out how networks do on several GPUs.",
        at_least=1,
    )
    asynchronous: bool = flag(
        False,
        "In a cluster (TF_CONFIG), each process does steps of its own, batch_size images each, without waiting for the "
        "others. Otherwise all share every step, and batch_size is of all together.",
    )
    worker_timeout_secs: float = flag(
        60.0,
        "In a cluster: how long a step, and the start, waits for a worker. Then it goes on without; the worker may "
        "come back.",
        at_least=1,
    )
    chief_timeout_secs: float = flag(
        600.0,
        "In a cluster: how long a process waits for the chief, which may be restarted, or for a parameter server, "
        "before it ends.",
        at_least=1,
    )
    calibration_data_pattern: str = flag(
        None,
        "TFRecord files of real images that are not trained on, such as data/validation.tfrecords. Each snapshot's "
        "discriminator is then given a border between real and generated that accepts --calibration_acceptance of "
        "them. Where the border lies without it is chance.",
    )
    calibration_acceptance: float = flag(
        0.9, "Share of those images that is to be taken for real.", at_least=0.01, at_most=1
    )
    eval_data_pattern: str = flag(None, "TFRecord files of real images, which only the evaluator of a cluster uses.")
    log_device_placement: bool = flag(False, "Shows on which device each operation runs.")


def main(argv=None):
    """Runs the command and returns its exit code."""
    return command.run(train, TrainConfig, argv)


def train(config):
    """Checks what can be checked at once, imports TensorFlow, and does this process's part."""
    registry.check_name(registry.GENERATOR, config.generator_model, "generator_model")
    registry.check_name(registry.DISCRIMINATOR, config.discriminator_model, "discriminator_model")
    registry.check_name(registry.LOSS, config.label_loss, "label_loss")
    if config.penalty:
        registry.check_name(registry.PENALTY, config.penalty, "penalty")
    if not registry.policy(config.augment, "augment") and config.augment_target is not None:
        raise UserError("--augment_target has nothing to adapt; name what to do with --augment=flip,translation,cutout")
    place = tf_config.from_environment()
    if place and not place.is_one_machine and config.replay_share:
        raise UserError("--replay_share works in one process only; TF_CONFIG names a cluster")
    if config.negatives_share and config.batch_size < 2:
        raise UserError("--negatives_share puts images together of several in a batch; raise --batch_size to 2 or more")
    if place:
        # Without it a process waits without end for a parameter server that was killed.
        os.environ.setdefault("GRPC_FAIL_FAST", "true")
        # Several processes may be on one machine, and the first would take all of its GPUs' memory.
        os.environ.setdefault("TF_FORCE_GPU_ALLOW_GROWTH", "true")
    return _PARTS[place.job if place else tf_config.CHIEF](config, place)


def _be_chief(config, place):
    files = _import_and_find(config, config.train_data_pattern, "train_data_pattern")
    from gan.training import loop, one_process

    make = one_process.make
    if place and not place.is_one_machine:
        from gan.distributed import chief

        make = functools.partial(chief.make, cluster=place)
    with tf_config.listening(place.chief) if place and place.is_one_machine else contextlib.nullcontext():
        return loop.train(config, files, make)


def _be_worker(config, place):
    files = _import_and_find(config, config.train_data_pattern, "train_data_pattern")
    from gan.distributed import worker

    return worker.work(config, files, place)


def _be_parameter_server(config, place):
    os.environ["CUDA_VISIBLE_DEVICES"] = ""  # it keeps variables and adds them up, in the machine's own memory
    _import_tensorflow(config)
    from gan.distributed import parameter_server

    return parameter_server.serve(config, place)


def _be_evaluator(config, place):
    if not config.eval_data_pattern:
        raise UserError("--eval_data_pattern is needed: TF_CONFIG says that this is the evaluator")
    files = _import_and_find(config, config.eval_data_pattern, "eval_data_pattern")
    from gan.data import tfrecords
    from gan.measure import evaluation
    from gan.snapshots import mirror

    print(f"evaluating the snapshots in {config.train_dir} until the job ends", flush=True)
    where = evaluation.results_folder(config.train_dir, config.log_dir)
    with sandbox.Sandbox() as cells, mirror.writable_folder(where) as folder:
        size = pixels.image_size(config.use_mnist)
        images = tfrecords.read_all(files, size, config.num_readers)
        options = evaluation.EvaluationOptions(config.label_loss)
        judge = evaluation.Evaluator(cells, images, folder, options)
        judge.watch(config.train_dir, over=tf_config.JobEnd(place, config.chief_timeout_secs).reached)
    return 0


_PARTS = {
    tf_config.CHIEF: _be_chief,
    tf_config.WORKER: _be_worker,
    tf_config.SERVER: _be_parameter_server,
    tf_config.EVALUATOR: _be_evaluator,
}


def _import_and_find(config, pattern, flag_name):
    files = cache.find_files(pattern, flag_name)
    _import_tensorflow(config)
    return files


def _import_tensorflow(config):
    if config.log_device_placement:
        os.environ["TF_CPP_MIN_LOG_LEVEL"] = "0"
    tensorflow_import.import_tensorflow()


if __name__ == "__main__":
    exit_code = main()
    if os.environ.get("TF_CONFIG"):
        # A TensorFlow server cannot be stopped, and taking it apart while its threads wait may abort.
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(exit_code)
    sys.exit(exit_code)
