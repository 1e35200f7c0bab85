"""Writes a snapshot as a SavedModel, to use outside the contest.

    python -m gan.export_model --train_dir=run1 --output_dir=saved_model

It has two signatures: `generate` takes `noise`, float32 [N, 100] in [-1, 1], and returns `images`,
float32 [N, 2500] in [0, 1]; `discriminate` takes `images` and returns `probabilities`, float32 [N, 1]. One with random
operations takes `key` too, int64 [2]: the same key draws the same numbers.
"""

import dataclasses
import os
import sys
from typing import TYPE_CHECKING

if not __package__:  # `python export_model.py` inside gan/: the package is found one folder up
    sys.path[0] = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

from gan.console import command, flags, tensorflow_import
from gan.console.errors import StateError, UserError, reason
from gan.console.flags import flag
from gan.data import pixels
from gan.sandbox import sandbox
from gan.storage import files, outputs

if TYPE_CHECKING:
    from gan.snapshots.snapshot import Snapshot


@dataclasses.dataclass(frozen=True)
class ExportConfig:
    """Flags of the command, by name."""

    train_dir: str = flag(flags.TRAIN_DIR, "Folder with snapshots, or the path of one: run1/model.ckpt-1000.")
    output_dir: str = flag(None, "Folder for the SavedModel; it must not exist yet or be empty.", required=True)
    use_mnist: bool = flag(False, "The snapshot is of MNIST digits, 28x28.")


def main(argv: list[str] | None = None) -> int:
    """Runs the command and returns its exit code."""
    return command.run(export, ExportConfig, argv)


def export(config: ExportConfig) -> None:
    """Writes the SavedModel."""
    if os.path.exists(config.output_dir) and (not os.path.isdir(config.output_dir) or os.listdir(config.output_dir)):
        raise UserError(f"--output_dir={config.output_dir} exists already; give a new or an empty folder")
    files.check_empty(config.output_dir, "output_dir")
    size = pixels.image_size(config.use_mnist)
    with sandbox.Sandbox() as opener:  # what is wrong with a stranger's snapshot shows where it can do no harm
        opened = opener.open(config.train_dir, size)
        opened.verify()
        if opened.note:
            print(f"{opened.path}: {opened.note}")
        tensorflow_import.import_tensorflow()
        _export(config, opened, size)


def _export(config: ExportConfig, opened: sandbox.SandboxedSnapshot, size: int) -> None:
    """Writes what was checked: the copy of it."""
    import tensorflow.compat.v1 as tf

    from gan.snapshots.snapshot import Snapshot

    snapshot = Snapshot(opened.prefix, size)
    try:
        with outputs.output_folder(config.output_dir) as folder:
            _write(folder, snapshot)
    except tf.errors.OpError as error:
        raise StateError(f"{reason(error)}; make room there, or name another --output_dir") from error
    print(f"{config.output_dir}: SavedModel of {opened.path} with the signatures generate and discriminate")


def _write(folder: str, snapshot: "Snapshot") -> None:
    import tensorflow.compat.v1 as tf

    from gan.snapshots import cut, sessions

    generator, discriminator = snapshot.networks
    with tf.Graph().as_default(), tf.Session(config=sessions.judge_config()) as session:
        noise, generated, generator_key = cut.connect(generator, snapshot.size, cut.GENERATOR)
        images, probabilities, discriminator_key = cut.connect(discriminator, snapshot.size, cut.DISCRIMINATOR)
        generator_draws, discriminator_draws = (
            {} if key is None else {"key": key} for key in (generator_key, discriminator_key)
        )
        predict_signature = tf.saved_model.signature_def_utils.predict_signature_def
        builder = tf.saved_model.Builder(folder)
        builder.add_meta_graph_and_variables(
            session,
            [tf.saved_model.tag_constants.SERVING],
            {
                "generate": predict_signature({"noise": noise, **generator_draws}, {"images": generated}),
                "discriminate": predict_signature(
                    {"images": images, **discriminator_draws}, {"probabilities": probabilities}
                ),
            },
        )
        builder.save()


if __name__ == "__main__":
    sys.exit(main())
