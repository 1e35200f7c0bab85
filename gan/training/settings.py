"""What a training is asked to do: one small dataclass for each kind of setting.

The command makes them of its flags in one place, and each file takes only those that it needs. What a default leaves
out is switched off.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gan.augment import Augmentation
from gan.networks.registry import ModelNames
from gan.snapshots.exporter import SnapshotSettings
from gan.training import compute_type, learning_rate


@dataclass(frozen=True)
class DataSettings:
    """What to train on, and how to read it."""

    files: tuple[str, ...]  # TFRecord files on disk
    size: int  # pixels of an image
    memory_mb: int = 4096  # files larger than this, all together, are streamed
    threads: int = 2  # that parse records


@dataclass(frozen=True)
class PenaltySettings:
    """A gradient penalty on the discriminator, and when it is applied."""

    name: str  # class of gan/losses.py, or a dotted name
    weight: float | None = None  # beside the discriminator's loss; None is the penalty's own
    steps: int = 1  # from one step with the penalty to the next; it then counts that many times


@dataclass(frozen=True)
class GameSettings:
    """Names of the classes that play: those of this package, or dotted ones of a contestant's."""

    models: ModelNames
    loss: str
    label_smoothing: float = 0.0  # real images have the label 1 minus this
    penalty: PenaltySettings | None = None


@dataclass(frozen=True)
class LossSettings:
    """What is added to the losses, and which images the generator's is of."""

    regularization_penalty: float = 0.0  # weight of the regularization losses that models return
    top_k_share: float = 1.0  # the generator learns from this share of its images, the most convincing ones


@dataclass(frozen=True)
class HardExampleSettings:
    """Which images the discriminator must refuse beside those that the generator makes now, as shares of all."""

    replay_share: float = 0.0  # generated in earlier steps
    negatives_share: float = 0.0  # spoilt real ones

    @property
    def shares(self) -> tuple[float, float]:
        """All of them, in the order above."""
        return self.replay_share, self.negatives_share


@dataclass(frozen=True)
class UpdateRule:
    """How gradients change one network."""

    name: str = "AdamOptimizer"  # class of tf.train
    learning_rate: float = 0.001  # at the start
    adam_beta1: float = 0.9  # decay of AdamOptimizer's average of gradients
    adam_beta2: float = 0.999  # decay of its average of squared gradients


@dataclass(frozen=True)
class OptimizerSettings:
    """How gradients change the networks; each network gets an optimizer of its own."""

    generator: UpdateRule = UpdateRule()
    discriminator: UpdateRule = UpdateRule()
    clip_gradient_norm: float = 0.0  # largest norm of all gradients of a network together; 0 does not clip
    clip_discriminator_weights: float = 0.0  # largest absolute value of a weight; 0 does not clip
    averaging_decay: float = 0.0  # of the generator's averaged weights, per step; 0 serves the weights as they are


@dataclass(frozen=True)
class LearningRateSettings:
    """How the learning rates fall: by images seen, and by the share of the run that is done."""

    decay: float = 1.0  # factor applied after each `decay_examples` real images
    decay_examples: int = 1
    schedule: str = learning_rate.CONSTANT  # one of learning_rate.SHAPES
    hold: float = 0.5  # share of the run before the schedule lets it fall


@dataclass(frozen=True)
class StepSettings:
    """What one training step does with the networks, whatever they are."""

    loss: LossSettings = LossSettings()
    augmentation: Augmentation = Augmentation()
    hard_examples: HardExampleSettings = HardExampleSettings()
    optimizer: OptimizerSettings = OptimizerSettings()
    learning_rate: LearningRateSettings = LearningRateSettings()
    compute_type: str = compute_type.FLOAT32  # one of compute_type.COMPUTE_TYPES
    discriminator_steps: int = 1  # updates of the discriminator in a step, each with a batch of its own
    nonsense_filter: bool = False  # whether a filter is trained beside both networks


@dataclass(frozen=True)
class BatchSettings:
    """How many images a step has, and what shares them."""

    size: int = 128  # real images, and as many generated ones
    devices: int | None = None  # that share a batch; None is one for each GPU, or one if there is no GPU
    log_placement: bool = False  # shows on which device each operation runs


@dataclass(frozen=True)
class StopSettings:
    """When a run ends; what comes first counts, and all are counted from the first start of the training."""

    num_epochs: int
    max_steps: int | None = None
    max_minutes: float | None = None


@dataclass(frozen=True)
class FolderSettings:
    """Where a run writes, on disk or gs://."""

    train_dir: str
    log_dir: str | None = None  # for TensorBoard; None is train_dir
    image_dir: str | None = None  # for pictures; None writes none
    start_new_model: bool = False  # removes what an earlier training left in the first two


@dataclass(frozen=True)
class SavingSettings:
    """How often a run writes."""

    snapshot_steps: int = 1000  # from one snapshot and state to the next
    picture_steps: int = 500  # from one picture to the next
    quality_minutes: float = 5.0  # from one measurement of quality to the next, if quality is measured


@dataclass(frozen=True)
class TrainingSettings:
    """Everything that the training room is told."""

    data: DataSettings
    game: GameSettings
    stop: StopSettings
    folders: FolderSettings
    step: StepSettings = StepSettings()
    batch: BatchSettings = BatchSettings()
    saving: SavingSettings = SavingSettings()
    snapshots: SnapshotSettings = SnapshotSettings()
    seed: int | None = None  # None draws one
    flags: Mapping[str, Any] | None = None  # every flag of the command, for the record of the training alone

    @property
    def images_per_step(self) -> int:
        """Real images that a step uses."""
        return self.batch.size * self.step.discriminator_steps
