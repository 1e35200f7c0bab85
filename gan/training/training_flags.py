"""The flags of a training, and what they ask of the training room. No TensorFlow until `settings_of` is called."""

import dataclasses
import functools
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from gan.console import flags
from gan.console.errors import UserError
from gan.console.flags import flag
from gan.data import pixels
from gan.networks import registry
from gan.training import compute_type, learning_rate

if TYPE_CHECKING:
    from gan.training import settings

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

QUALITY_MINUTES = 5.0  # from one measurement to the next, if nothing is said

# Flags under the headings of the help.
_stopping = functools.partial(
    flag, group="When it stops (what comes first counts; all are counted from the first start of the training)"
)
_learning = functools.partial(flag, group="How it learns")
_own = functools.partial(flag, None, group="How one network learns; not set is the common flag")
_penalty = functools.partial(flag, group="Gradient penalty on the discriminator")
_augmentation = functools.partial(flag, group="Augmentation: random changes to the images that the discriminator sees")
_hard = functools.partial(flag, group="Hard examples")
_output = functools.partial(flag, group="What it writes")
_calibration = functools.partial(flag, group="Calibration of each snapshot")
_machine = functools.partial(flag, group="Data and machine")
_cluster = functools.partial(flag, group="Several machines (TF_CONFIG)")


@dataclasses.dataclass(frozen=True)
class TrainingFlags:
    """Flags of the command, by name."""

    GONE = {
        "asynchronous": "a cluster takes one step after the other, by all of its processes",
        **dict.fromkeys(("worker_timeout_secs", "chief_timeout_secs"), "--collective_timeout_secs has it now"),
    }

    train_data_pattern: str = flag(
        None, "TFRecord files to train on, on disk or gs://: one pattern, or several with commas.", required=True
    )
    train_dir: str = flag(
        flags.TRAIN_DIR,
        "Folder for snapshots, training state and TensorBoard, on disk or gs://. If Vertex AI sets AIP_CHECKPOINT_DIR, "
        "that is the default. --job-dir is another name for it.",
        other_names=("job-dir", "job_dir"),
    )
    generator_model: str = flag("SampleGenerator", "Generator to train: a class of gan/models.py, or a dotted name.")
    discriminator_model: str = flag(
        "SampleDiscriminator", "Discriminator to train: a class of gan/models.py, or a dotted name."
    )
    label_loss: str = flag("CrossEntropyLoss", "Loss of both: a class of gan/losses.py, or a dotted name.")
    seed: int | None = flag(
        None, "Seed of all randomness. If it is not set, one is drawn and shown.", at_least=0, at_most=2**31 - 1
    )
    start_new_model: bool = flag(
        False,
        "Begins from scratch: removes the snapshots, the best one too, the state, the records and the TensorBoard "
        "files of an earlier training from train_dir, and nothing else. Leave it out of jobs that a cloud may restart "
        "by itself.",
    )
    dry_run: bool = flag(
        False,
        "Checks everything, tries some steps in memory, says what would happen, writes nothing to the folders, and "
        "ends. A cluster's other processes are not tried.",
    )

    num_epochs: int = _stopping(50, "Passes over the data, a whole number.", at_least=1)
    max_steps: int | None = _stopping(None, "Training steps.", at_least=1)
    max_minutes: float | None = _stopping(None, "Minutes of training.", at_least=0.001)

    batch_size: int = _learning(128, "Real images in a step. As many generated ones come with them.", at_least=1)
    discriminator_steps: int = _learning(
        1,
        "Updates of the discriminator in a step, each with a batch of its own; the last comes together with the one "
        "update of the generator. Wasserstein GANs take 5 (n_critic). Epochs count the images of all.",
        at_least=1,
    )
    optimizer: str = _learning(
        "AdamOptimizer", "Class of tf.train; each network gets an optimizer of its own.", choices=OPTIMIZERS
    )
    base_learning_rate: float = _learning(0.001, "Learning rate at the start.", at_least=0)
    learning_rate_decay: float = _learning(
        0.95,
        "The learning rate is multiplied by this again and again, see --learning_rate_decay_examples.",
        at_least=0,
        at_most=1,
    )
    learning_rate_decay_examples: int = _learning(
        4000000, "Real images from one multiplication by --learning_rate_decay to the next.", at_least=1
    )
    learning_rate_schedule: str = _learning(
        learning_rate.CONSTANT,
        "How the learning rate falls in the last part of the run, besides --learning_rate_decay: not at all, or to 0 "
        "along a line or a cosine. It follows the steps; with --max_minutes it follows the clock if that is further.",
        choices=learning_rate.SHAPES,
    )
    learning_rate_hold: float = _learning(
        0.5, "Share of the run before a --learning_rate_schedule begins to fall.", at_least=0, at_most=0.99
    )
    adam_beta1: float = _learning(0.5, "Decay of AdamOptimizer's average of gradients.", at_least=0, at_most=0.999999)
    adam_beta2: float = _learning(
        0.999, "Decay of AdamOptimizer's average of squared gradients.", at_least=0, at_most=0.999999
    )
    clip_gradient_norm: float = _learning(
        1.0, "Largest norm of all gradients of a network together; 0 does not clip.", at_least=0
    )
    clip_discriminator_weights: float = _learning(
        0.0,
        "Largest absolute value of the discriminator's weights; 0 does not clip. The first Wasserstein GAN takes 0.01, "
        "with WassersteinLoss.",
        at_least=0,
    )
    label_smoothing: float = _learning(
        0.0,
        "The discriminator's label for real images is 1 minus this, which keeps it from being too sure. Papers take "
        "0.1. For losses that have labels.",
        at_least=0,
        at_most=0.5,
    )
    regularization_penalty: float = _learning(
        1.0, "Weight of the regularization losses that models return.", at_least=0
    )
    averaging_decay: float = _learning(
        0.999,
        "Snapshots hold an average of the generator's weights, with this decay in each step; 0 takes them as they are.",
        at_least=0,
        at_most=0.999999,
    )

    generator_optimizer: str | None = _own("Instead of --optimizer.", choices=OPTIMIZERS)
    generator_learning_rate: float | None = _own("Instead of --base_learning_rate.", at_least=0)
    generator_adam_beta1: float | None = _own("Instead of --adam_beta1.", at_least=0, at_most=0.999999)
    generator_adam_beta2: float | None = _own("Instead of --adam_beta2.", at_least=0, at_most=0.999999)
    discriminator_optimizer: str | None = _own("Instead of --optimizer.", choices=OPTIMIZERS)
    discriminator_learning_rate: float | None = _own("Instead of --base_learning_rate.", at_least=0)
    discriminator_adam_beta1: float | None = _own("Instead of --adam_beta1.", at_least=0, at_most=0.999999)
    discriminator_adam_beta2: float | None = _own("Instead of --adam_beta2.", at_least=0, at_most=0.999999)

    penalty: str | None = _penalty(
        None,
        "A class of gan/losses.py, or a dotted name; not set applies none. It keeps a strong discriminator from "
        "leaving the generator without a gradient. R1Penalty makes the discriminator flat around real images, "
        "R2Penalty around generated ones, R1R2Penalty around both (R3GAN, with RelativisticLoss). GradientPenalty "
        "wants a slope of 1 between real and generated images (for WassersteinLoss).",
    )
    penalty_weight: float | None = _penalty(
        None,
        "Weight of the penalty beside the discriminator's loss. For R1 and R2, which take |gradient|^2 / 2, it is the "
        "gamma of the papers, 1 if not set. For GradientPenalty it is the lambda, 10 if not set. Pixels go from 0 to 1 "
        "here; if they go from -1 to 1 in a paper, take a quarter of its gamma.",
        at_least=0,
    )
    penalty_steps: int = _penalty(
        4,
        "Updates of the discriminator from one with the penalty to the next; the penalty then counts that many times. "
        "One with it takes about 1.5 times as long, with R1R2Penalty 2 times. R3GAN applies it in every step (1), "
        "StyleGAN2 in every 16th. The larger this is, the larger is the gradient of that one step, and "
        "--clip_gradient_norm cuts it off.",
        at_least=1,
    )

    augment: str | None = _augmentation(
        None,
        "Names with commas: rounding, flip, brightness, contrast, blur, translation, cutout (DiffAugment); not set "
        "changes nothing. Real and generated images are changed, so that the discriminator cannot learn a small data "
        "set by heart, and the generator still learns the unchanged images. flip mirrors half of the real images only, "
        "and the generator learns to draw both. rounding, to 8 bits as the data is, happens to every image if it is "
        "named. 'rounding,flip' is a good start; add translation,cutout for many epochs. The accuracies and losses "
        "shown are of the changed images.",
    )
    augment_probability: float = _augmentation(
        1.0,
        "Probability of each change to each image. Below about 0.8 the generator does not learn to draw changed "
        "images.",
        at_least=0,
        at_most=1,
    )
    augment_target: float | None = _augmentation(
        None,
        "Adapts the probability, from 0 to at most --augment_probability (ADA). It rises while the mean sign of the "
        "discriminator's logits on real images is above this, a sign that it learns them by heart, and falls while "
        "it is below. The paper takes 0.6.",
        at_least=-1,
        at_most=1,
    )

    instance_noise: float = _augmentation(
        0.0,
        "Standard deviation of the Gaussian noise on all images that the discriminator sees, at the start; it falls to "
        "0 along a line until the end of the run. Keeps real and generated images from being told apart at once.",
        at_least=0,
        at_most=1,
    )

    replay_share: float = _hard(
        0.0,
        "Share of the discriminator's negative images that were generated in earlier steps. A memory of 4,096 of them "
        "is part of the training state. The discriminator then still recognises mistakes that this generator no longer "
        "makes and others' may make. Not in a cluster.",
        at_least=0,
        at_most=0.45,
    )
    negatives_share: float = _hard(
        0.0,
        "Share of the discriminator's negative images that are spoilt real ones: with noise, a grid or blur, or put "
        "together of several faces. A discriminator that knows one generator only accepts what another one spoils.",
        at_least=0,
        at_most=0.45,
    )
    nonsense_filter: bool = _hard(
        False,
        "Trains a small network beside both, which refuses images that no camera took: grey planes, noise, waves, and "
        "faces that are bent, faint, negative or cut up. It becomes part of the discriminator that is handed in. With "
        "--calibration_data_pattern, a snapshot also refuses what is too unlike the training images in any other way. "
        "Without it chance decides about a black image.",
    )
    top_k_share: float = _hard(
        1.0,
        "The generator learns from this share of its images, those that convince the discriminator most. The gradients "
        "of the others seldom lead to better images. 1 takes all; papers end at 0.5 to 0.75. The generator's loss is "
        "of these images alone.",
        at_least=0.01,
        at_most=1,
    )

    export_model_steps: int = _output(
        1000,
        "Steps from one snapshot to the next. TensorBoard gets images with each, and numbers ten times as often.",
        at_least=1,
    )
    keep_snapshots: int = _output(5, "How many snapshots to keep; older ones are deleted.", at_least=1)
    quality_minutes: float | None = _output(
        None,
        "Measures generated images against 2,000 training images so many minutes apart, in at most 3% of the time, for "
        "TensorBoard. Not set: does not measure, or every 5 minutes if --keep_best is given.",
        at_least=0,
    )
    keep_best: str | None = _output(
        None,
        "Keeps the best of the snapshots measured in train_dir/best, beside the newest ones: the metric that decides, "
        "such as frechet (docs/metrics.md has all), or frechet_face_features, which names the features too. Every "
        "command takes that folder as it takes train_dir.",
    )
    log_dir: str | None = _output(
        flags.LOG_DIR,
        "Folder for TensorBoard's files; not set is train_dir. If Vertex AI sets AIP_TENSORBOARD_LOG_DIR, that is the "
        "default.",
    )
    export_generated_images: bool = _output(False, "Writes pictures of generated images to image_dir.")
    export_image_steps: int = _output(500, "Steps from one such picture to the next.", at_least=1)
    image_dir: str = _output("out/", "Folder for those pictures, on disk or gs://.")

    calibration_data_pattern: str | None = _calibration(
        None,
        "TFRecord files of real images that are not trained on, such as data/validation.tfrecords. Each snapshot's "
        "discriminator then gets a threshold between real and generated that accepts --calibration_acceptance of them. "
        "Without it the threshold is where training happened to leave it.",
    )
    calibration_acceptance: float = _calibration(
        0.9, "Share of those images to accept as real.", at_least=0.01, at_most=1
    )
    calibrate_tones: bool = _calibration(
        False,
        "Each snapshot's generator then draws with the brightness and the contrast of the training images, which it "
        "may miss by a few percent.",
    )
    calibrate_sharpness: bool = _calibration(
        False,
        "Each snapshot's generator then draws images as crisp and as blurred as the training images are, which vary "
        "more than what generators draw: it sharpens its sharper images, and blurs its softer ones.",
    )
    calibrate_spectrum: bool = _calibration(
        False,
        "Each snapshot's generator then draws as much of each spatial frequency as the training images have. "
        "Generators draw some of them too faintly and others too strongly.",
    )
    calibrate_flip: bool = _calibration(
        False,
        "Each snapshot's generator then looks to each side as often as the training images do: it mirrors back what "
        "--augment=flip taught it. The discriminator, if it is calibrated, believes less in what looks mirrored.",
    )
    test_time_flip: bool = _calibration(
        False,
        "Each snapshot's discriminator then judges an image and its mirror image and takes the mean of both logits, "
        "which errs less if it learned from mirrored images (--augment=flip). Judging takes twice as long.",
    )

    use_mnist: bool = _machine(False, "The data is MNIST, 28x28, instead of faces, 50x50.")
    num_readers: int = _machine(2, "Threads that parse records.", at_least=1)
    data_memory_mb: int = _machine(
        4096,
        "Data files larger than this, all together, are read again and again through a shuffle buffer.",
        at_least=1,
    )
    compute_type: str = _machine(
        compute_type.FLOAT32,
        "Type of number to compute in while training, in networks that know this argument. bfloat16 is faster on "
        "processors with AMX or AVX512_BF16, and far slower on others; auto takes it where it is faster. Weights and "
        "snapshots stay float32.",
        choices=compute_type.COMPUTE_TYPES,
    )
    num_towers: int | None = _machine(
        None,
        "Devices that share each batch. Not set takes every GPU of this machine, or one processor if it has none. "
        "Without a GPU, 2 and more are virtual processors, to try out how networks do on several GPUs.",
        at_least=1,
    )
    log_device_placement: bool = _machine(False, "Shows on which device each operation runs.")

    collective_timeout_secs: float = _cluster(
        300.0,
        "Seconds that a process waits for another one. Then all end, and the same command goes on from the last state. "
        "One that was killed is noticed at once.",
        at_least=1,
    )
    eval_data_pattern: str | None = _cluster(
        None, "TFRecord files of real images; only the evaluator of a cluster uses them."
    )


def of_recipe(recipe: str, files: Sequence[str], *more: str) -> TrainingFlags:
    """What a flag file says of a training on TFRecord files, and more flags; raises UserError for what is wrong."""
    try:
        words = ["train", f"--flagfile={recipe}", f"--train_data_pattern={','.join(files)}", *more]
        given = flags.parse(TrainingFlags, words)
    except flags.FlagError as error:
        raise UserError(f"--recipe={recipe}: {error}") from None
    check(given)
    return given


def settings_of(config: TrainingFlags, files: Sequence[str]) -> "settings.TrainingSettings":
    """What the flags ask of the training room; needs TensorFlow.

    Args:
        config: the flags.
        files: TFRecord files to train on, on disk.
    """
    from gan.snapshots.exporter import SnapshotSettings
    from gan.training import settings

    size = pixels.image_size(config.use_mnist)
    return settings.TrainingSettings(
        data=settings.DataSettings(tuple(files), size, config.data_memory_mb, config.num_readers),
        game=settings.GameSettings(
            registry.ModelNames(config.generator_model, config.discriminator_model),
            config.label_loss,
            config.label_smoothing,
            settings.PenaltySettings(config.penalty, config.penalty_weight, config.penalty_steps)
            if config.penalty
            else None,
        ),
        step=_step_settings(config),
        batch=settings.BatchSettings(config.batch_size, config.num_towers, config.log_device_placement),
        stop=settings.StopSettings(config.num_epochs, config.max_steps, config.max_minutes),
        folders=settings.FolderSettings(
            config.train_dir,
            config.log_dir,
            config.image_dir if config.export_generated_images else None,
            config.start_new_model,
        ),
        saving=settings.SavingSettings(
            config.export_model_steps,
            config.export_image_steps,
            QUALITY_MINUTES if config.quality_minutes is None else config.quality_minutes,
        ),
        snapshots=SnapshotSettings(
            keep=config.keep_snapshots,
            calibration_data_pattern=config.calibration_data_pattern,
            calibration_acceptance=config.calibration_acceptance,
            calibrate_tones=config.calibrate_tones,
            calibrate_sharpness=config.calibrate_sharpness,
            calibrate_spectrum=config.calibrate_spectrum,
            calibrate_flip=config.calibrate_flip,
            test_time_flip=config.test_time_flip,
            threads=config.num_readers,
        ),
        seed=config.seed,
        flags=dataclasses.asdict(config),
    )


def _step_settings(config: TrainingFlags) -> "settings.StepSettings":
    from gan.augment import ADAPTATION_IMAGES, Augmentation
    from gan.training import settings

    return settings.StepSettings(
        loss=settings.LossSettings(config.regularization_penalty, config.top_k_share),
        augmentation=Augmentation(
            policy=registry.policy(config.augment, "augment"),
            probability=config.augment_probability,
            target=config.augment_target,
            speed=config.batch_size / ADAPTATION_IMAGES,
            noise=config.instance_noise,
        ),
        hard_examples=settings.HardExampleSettings(config.replay_share, config.negatives_share),
        nonsense_filter=config.nonsense_filter,
        optimizer=settings.OptimizerSettings(
            generator=_update_rule(config, "generator"),
            discriminator=_update_rule(config, "discriminator"),
            clip_gradient_norm=config.clip_gradient_norm,
            clip_discriminator_weights=config.clip_discriminator_weights,
            averaging_decay=config.averaging_decay,
        ),
        learning_rate=settings.LearningRateSettings(
            decay=config.learning_rate_decay,
            decay_examples=config.learning_rate_decay_examples,
            schedule=config.learning_rate_schedule,
            hold=config.learning_rate_hold,
        ),
        compute_type=config.compute_type,
        discriminator_steps=config.discriminator_steps,
    )


def _update_rule(config: TrainingFlags, kind: str) -> "settings.UpdateRule":
    """How a network learns: its own flags, else the common ones."""
    from gan.training import settings

    def own(name: str) -> Any:
        return in_force(config, f"{kind}_{name}")

    return settings.UpdateRule(
        name=own("optimizer"),
        learning_rate=own("learning_rate"),
        adam_beta1=own("adam_beta1"),
        adam_beta2=own("adam_beta2"),
    )


def in_force(config: TrainingFlags, name: str) -> Any:
    """What a flag says; for a network's own flag that was not given, what the common one says."""
    value = getattr(config, name)
    kind, _, own = name.partition("_")
    if value is not None or kind not in (registry.GENERATOR, registry.DISCRIMINATOR):
        return value
    return getattr(config, "base_learning_rate" if own == "learning_rate" else own)


def check(config: TrainingFlags) -> None:
    """Raises UserError for what is wrong with the flags, as far as it can be told without TensorFlow."""
    registry.check_name(registry.GENERATOR, config.generator_model, "generator_model")
    registry.check_name(registry.DISCRIMINATOR, config.discriminator_model, "discriminator_model")
    registry.check_name(registry.LOSS, config.label_loss, "label_loss")
    if config.penalty:
        registry.check_name(registry.PENALTY, config.penalty, "penalty")
    transformations = registry.policy(config.augment, "augment")
    if config.augment_target is not None and not {*transformations} - {"rounding"}:
        raise UserError("--augment_target has nothing to adapt; name what to do with --augment=flip,translation,cutout")
    if (config.negatives_share or config.nonsense_filter) and config.batch_size < 2:
        raise UserError(
            "--negatives_share and --nonsense_filter put images of a batch together; raise --batch_size to 2 or more"
        )


# Flags that do nothing unless another one is set.
_SERVES = {
    "penalty_weight": "penalty",
    "penalty_steps": "penalty",
    "augment_probability": "augment",
    "learning_rate_hold": "learning_rate_schedule",
    "calibration_acceptance": "calibration_data_pattern",
    "image_dir": "export_generated_images",
    "export_image_steps": "export_generated_images",
}


def idle(config: TrainingFlags) -> list[str]:
    """Sentences about flags that were given and do nothing as the others are."""
    usual = {field.name: field.default for field in dataclasses.fields(TrainingFlags)}
    given = {name for name in usual if getattr(config, name) != usual[name]}
    found = [
        f"--{name} does nothing without --{other}"
        for name, other in _SERVES.items()
        if name in given and other not in given
    ]
    if "flip" not in registry.policy(config.augment, "augment"):
        for name in ("calibrate_flip", "test_time_flip"):
            if getattr(config, name):
                found.append(f"--{name} is for networks that learn from mirrored images; --augment has no flip")
    return found
