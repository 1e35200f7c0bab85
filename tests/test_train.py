"""Training from the command to the files, its resumption, and every mistake around it."""

import os
import pathlib
import shutil
import subprocess
import sys

import numpy as np
import pytest
import tensorflow.compat.v1 as tf
from conftest import NUM_IMAGES, refused_without_rights, run_train, start, synthetic_images
from PIL import Image

from gan import train
from gan.data import tfrecords
from gan.snapshots import checkpoint_files
from gan.snapshots.snapshot import Snapshot
from gan.training import training_flags

DIVERGING = """
import tensorflow.compat.v1 as tf
from gan import losses

class Explodes(losses.CrossEntropyLoss):
    '''Finite for 14 steps, NaN from then on.'''

    def generator_loss(self, real_logits, fake_logits):
        step = tf.cast(tf.train.get_global_step(), tf.float32)
        return super().generator_loss(real_logits, fake_logits) + tf.log(tf.maximum(14.0 - step, -1.0))
"""
OF_NOTHING = """
import tensorflow.compat.v1 as tf
from gan import losses

class Root(losses.CrossEntropyLoss):
    def discriminator_loss(self, real_logits, fake_logits):
        return tf.sqrt(tf.reduce_mean(fake_logits - real_logits) - 100)
"""
OTHER_SIZE = """
import tensorflow.compat.v1 as tf
from gan import models

class Wide(models.SampleGenerator):
    def create_model(self, output_size):
        super().create_model(output_size)
        self.w1 = tf.Variable(self.w1.initial_value, name="wide")

    def run_model(self, model_input):
        unused = tf.reduce_sum(tf.get_collection("trainable_variables")[0])
        return {"output": super().run_model(model_input)["output"] + 0.0 * unused}

    def get_variables(self):
        return None
"""

BEYOND = """
import tensorflow.compat.v1 as tf
from gan import layers, models

class Beyond(models.SampleGenerator):
    def run_model(self, model_input):
        return {"output": 2 * super().run_model(model_input)["output"] + 1}

class Batchwise(models.SampleGenerator):
    def run_model(self, model_input):
        return {"output": tf.sigmoid(layers.batch_norm(super().run_model(model_input)["output"], True, "norm"))}

    def get_variables(self):
        return None

class Sixteen(models.SampleGenerator):
    def run_model(self, model_input):
        return {"output": tf.reshape(super().run_model(model_input)["output"], [16, 2500])}
"""


def weights(train_dir):
    reader = tf.train.load_checkpoint(checkpoint_files.latest_snapshot(str(train_dir)).prefix)
    return {name: reader.get_tensor(name) for name in reader.get_variable_to_shape_map()}


def files(train_dir):
    """Relative path -> content of everything below a folder, but for the lock and the logs."""
    return {
        str(path.relative_to(train_dir)): path.read_bytes()
        for path in pathlib.Path(train_dir).rglob("*")
        if path.is_file() and path.name != ".lock" and "tfevents" not in path.name
    }


@pytest.fixture
def copy(trained, tmp_path):
    """A train_dir of 20 steps to play with."""
    return shutil.copytree(trained, tmp_path / "copy")


def test_snapshots_hold_the_contract_and_learned_weights(trained):
    names = {p.name for p in pathlib.Path(trained).iterdir()}
    assert {f"model.ckpt-{s}.{part}" for s in (10, 20) for part in ("index", "meta", "data-00000-of-00001")} <= names
    assert pathlib.Path(trained, "model.ckpt-20.meta").stat().st_size < 50_000
    Snapshot(trained, 2500).verify()
    tenth = tf.train.load_checkpoint(os.path.join(trained, "model.ckpt-10"))
    later = weights(trained)
    assert set(later) == {f"{net}/{v}" for net in ("generator", "discriminator") for v in ("w1", "b1", "w2", "b2")}
    assert all(not np.array_equal(later[name], tenth.get_tensor(name)) for name in later)


def test_it_learns(faces, tmp_path):
    """After 300 steps generated images are closer to the mean of the data than noise is."""
    assert run_train(faces, tmp_path, "--max_steps=300", "--num_epochs=100") == 0
    mean = tfrecords.read_all([faces], 2500).mean(0) / 255
    generated = Snapshot(str(tmp_path), 2500).generate(np.zeros((1, 100), np.float32) + 0.3)
    assert np.abs(generated - mean).mean() < 0.15 < np.abs(0.5 - mean).mean()


def test_an_interrupted_run_ends_in_the_same_weights(faces, trained, tmp_path, capsys):
    for last in (7, 13, 20):
        assert run_train(faces, tmp_path, f"--max_steps={last}") == 0
    straight, interrupted = weights(trained), weights(tmp_path)
    for name in straight:
        np.testing.assert_allclose(interrupted[name], straight[name], rtol=1e-5, atol=1e-7)
    assert "going on from step 13" in capsys.readouterr().out


def test_it_says_if_a_later_end_raises_the_learning_rate_again(faces, tmp_path, capsys):
    falling = "--learning_rate_schedule=cosine", "--learning_rate_hold=0.5"
    for last, told in ((10, ""), (20, "had fallen to 10% of --base_learning_rate and is 100% again"), (20, "")):
        assert run_train(faces, tmp_path, f"--max_steps={last}", *falling) == 0
        out = capsys.readouterr().out
        assert told in out and ("note: the learning rate" in out) == bool(told)


def test_an_interrupted_run_augments_and_penalises_as_one_that_was_not(faces, tmp_path):
    """What is drawn, whether the penalty is due and the adaptive probability all go on from the state."""
    flags = ["--augment=flip,translation,cutout,rounding", "--augment_target=-0.9", "--augment_probability=0.9"]
    flags += ["--penalty=R1Penalty", "--penalty_steps=3", "--batch_size=64", "--num_epochs=100", "--top_k_share=0.8"]
    flags += ["--replay_share=0.25"]
    assert run_train(faces, tmp_path / "straight", *flags, "--max_steps=8") == 0
    for last in (4, 8):
        assert run_train(faces, tmp_path / "interrupted", *flags, f"--max_steps={last}") == 0
    straight, interrupted = (
        tf.train.load_checkpoint(checkpoint_files.latest_state(str(tmp_path / name)).prefix)
        for name in ("straight", "interrupted")
    )
    names = set(straight.get_variable_to_shape_map()) - {"seconds"}
    for name in names:
        np.testing.assert_allclose(
            interrupted.get_tensor(name), straight.get_tensor(name), rtol=1e-5, atol=1e-7, err_msg=name
        )
    # It rises by 64 / 50,000 a step as long as not nearly all real images are taken for generated ones.
    assert straight.get_tensor("augment_probability") == pytest.approx(8 * 64 / 50_000)


def check_that_it_goes_on_to_the_same_weights(faces, tmp_path, last, flags):
    """Takes the last step from a copy of tmp_path/straight, goes on in the copy, and returns the weights."""
    shutil.copytree(tmp_path / "straight", tmp_path / "interrupted")
    for path in [*(tmp_path / "interrupted").rglob(f"*.ckpt-{last}*"), tmp_path / "interrupted" / "checkpoint"]:
        path.unlink()
    assert run_train(faces, tmp_path / "interrupted", *flags) == 0
    straight, interrupted = weights(tmp_path / "straight"), weights(tmp_path / "interrupted")
    for name in straight:
        np.testing.assert_allclose(interrupted[name], straight[name], rtol=1e-5, atol=1e-7)
    return straight


def test_more_steps_of_the_discriminator_go_on_exactly_and_count_in_epochs(faces, tmp_path):
    flags = ["--discriminator_steps=3", "--batch_size=16", "--num_epochs=4", "--instance_noise=0.1"]
    flags += ["--clip_discriminator_weights=0.05", "--label_smoothing=0.1", "--generator_learning_rate=0.002"]
    flags += ["--discriminator_optimizer=RMSPropOptimizer", "--penalty=R1Penalty", "--augment=flip"]
    flags += ["--replay_share=0.1", "--export_model_steps=5"]
    assert run_train(faces, tmp_path / "straight", *flags) == 0
    assert checkpoint_files.latest_snapshot(str(tmp_path / "straight")).step == 8  # 4 * 96 images, 48 in a step
    straight = check_that_it_goes_on_to_the_same_weights(faces, tmp_path, 8, flags)
    assert max(np.abs(value).max() for name, value in straight.items() if "discriminator" in name) <= 0.05 + 1e-7


def test_an_interrupted_run_follows_its_schedule_as_one_that_was_not(faces, tmp_path, monkeypatch):
    """It is stopped between two settings of the learning rate, at 14 of 20 steps: 2.8 of 4 grains."""
    monkeypatch.setattr("gan.training.learning_rate.GRAINS", 4)
    flags = ["--learning_rate_schedule=linear", "--learning_rate_hold=0", "--export_model_steps=14"]
    assert run_train(faces, tmp_path / "straight", *flags) == 0
    check_that_it_goes_on_to_the_same_weights(faces, tmp_path, 20, flags)


@pytest.mark.parametrize("batch_size", [16, 18])
def test_towers_end_in_the_same_weights(batch_size, faces, tmp_path):
    """Four virtual processors share each batch, evenly and unevenly."""
    flags = [f"--batch_size={batch_size}", "--max_steps=8", "--export_model_steps=8"]
    assert run_train(faces, tmp_path / "one", *flags) == 0
    assert run_train(faces, tmp_path / "four", *flags, "--num_towers=4") == 0
    one, four = weights(tmp_path / "one"), weights(tmp_path / "four")
    for name in one:
        np.testing.assert_allclose(four[name], one[name], rtol=1e-4, atol=1e-6)


def test_a_batch_that_is_too_small_for_the_towers_is_named(faces, tmp_path, fails):
    error = fails(
        train.main, f"--train_data_pattern={faces}", f"--train_dir={tmp_path}", "--num_towers=4", "--batch_size=3"
    )
    assert "--batch_size=3 cannot be shared by 4 devices" in error


def test_tensorboard_goes_where_asked(faces, tmp_path, monkeypatch):
    assert run_train(faces, tmp_path / "run", f"--log_dir={tmp_path / 'log'}") == 0
    assert list((tmp_path / "log").glob("events.out.tfevents.*"))
    assert not list((tmp_path / "run").glob("events.out.tfevents.*"))
    assert run_train(faces, tmp_path / "run", f"--log_dir={tmp_path / 'log'}", "--start_new_model") == 0
    assert len(list((tmp_path / "log").glob("events.out.tfevents.*"))) == 1


def test_vertex_ai_names_the_folders(faces, tmp_path):
    environment = {
        "AIP_CHECKPOINT_DIR": str(tmp_path / "checkpoints"),
        "AIP_TENSORBOARD_LOG_DIR": str(tmp_path / "logs"),
        "TF_CONFIG": '{"cluster": {"chief": ["127.0.0.1:0"]}, "task": {"type": "chief", "index": 0}}',
    }
    # A chief alone is no cluster: what works in one process only works.
    flags = [f"--train_data_pattern={faces}", "--max_steps=2", "--replay_share=0.1"]
    process = start("train", *flags, env={**os.environ, **environment})
    output = process.communicate(timeout=120)[0]
    assert process.returncode == 0, output
    assert checkpoint_files.latest_snapshot(str(tmp_path / "checkpoints")).step == 2
    assert list((tmp_path / "logs").glob("events.out.tfevents.*"))
    flags = [f"--eval_data_pattern={faces}", "--run_once"]
    evaluated = start("eval", *flags, env={**os.environ, **environment})
    assert evaluated.wait(120) == 0
    assert (tmp_path / "logs" / "eval" / "eval.jsonl").exists()


def test_other_seeds_give_other_weights(faces, trained, tmp_path):
    assert run_train(faces, tmp_path, "--seed=6") == 0
    assert not np.array_equal(weights(tmp_path)["generator/w1"], weights(trained)["generator/w1"])


def test_job_dir_is_train_dir(faces, tmp_path):
    flags = [f"--train_data_pattern={faces}", f"--job-dir={tmp_path}/run", "--max_steps=1"]
    assert train.main(["train", *flags]) == 0
    assert checkpoint_files.latest_snapshot(str(tmp_path / "run")).step == 1


def test_epochs_are_counted_in_total(faces, tmp_path, capsys):
    flags = ["--max_steps=1000", "--batch_size=10"]
    assert run_train(faces, tmp_path, *flags, "--num_epochs=2") == 0
    assert checkpoint_files.latest_snapshot(str(tmp_path)).step == 20  # 2 * 96 images in batches of 10
    assert run_train(faces, tmp_path, *flags, "--num_epochs=3") == 0
    assert checkpoint_files.latest_snapshot(str(tmp_path)).step == 29  # 88 more images
    assert run_train(faces, tmp_path, *flags, "--num_epochs=3") == 0
    assert "trained already" in capsys.readouterr().out
    assert NUM_IMAGES == 96


def test_minutes_end_a_run(faces, tmp_path):
    assert run_train(faces, tmp_path, "--max_steps=100000", "--num_epochs=100000", "--max_minutes=0.02") == 0
    step = checkpoint_files.latest_snapshot(str(tmp_path)).step
    assert 1 <= step < 100000
    assert run_train(faces, tmp_path, "--max_steps=100000", "--num_epochs=100000", "--max_minutes=0.02") == 0
    assert checkpoint_files.latest_snapshot(str(tmp_path)).step == step  # counted from the very start


def test_old_snapshots_are_deleted_and_the_newest_kept(faces, tmp_path):
    assert run_train(faces, tmp_path, "--export_model_steps=2", "--keep_snapshots=3") == 0
    metas = sorted(int(p.name.split("-")[1].split(".")[0]) for p in tmp_path.glob("*.meta"))
    assert metas == [16, 18, 20]
    assert tf.train.latest_checkpoint(str(tmp_path)) == str(tmp_path / "model.ckpt-20")


def test_start_new_model_begins_from_scratch(faces, copy):
    (copy / "notes.txt").write_text("mine")
    assert run_train(faces, copy, "--start_new_model", "--max_steps=3", "--seed=9") == 0
    assert checkpoint_files.latest_snapshot(str(copy)).step == 3
    assert not list(copy.glob("model.ckpt-20*"))
    assert (copy / "notes.txt").read_text() == "mine"


def test_start_new_model_removes_nothing_before_the_new_training_can_begin(fails, faces, copy, tmp_path):
    before = files(copy)
    (tmp_path / "bad.tfrecords").write_bytes(b"no records")
    assert "record 0" in fails(train.main, *command(tmp_path / "bad.tfrecords", copy, "--start_new_model"))
    assert files(copy) == before


def test_pictures_are_exported(faces, tmp_path):
    flags = ["--export_generated_images", "--export_image_steps=10", f"--image_dir={tmp_path}/pictures"]
    assert run_train(faces, tmp_path / "run", *flags) == 0
    pictures = sorted((tmp_path / "pictures").iterdir())
    assert [p.name for p in pictures] == ["generated-000010.png", "generated-000020.png"]
    assert Image.open(pictures[0]).size == (8 * 52 - 2, 8 * 52 - 2)
    assert pictures[0].read_bytes() != pictures[1].read_bytes()


def test_mnist(digits, tmp_path):
    assert run_train(digits, tmp_path, "--use_mnist") == 0
    snapshot = Snapshot(str(tmp_path), 784)
    snapshot.verify()
    assert snapshot.generate(np.zeros((2, 100), np.float32)).shape == (2, 784)


def test_data_beyond_memory_is_streamed_to_the_same_end(faces, tmp_path):
    flags = ["--data_memory_mb=1"]
    big = tmp_path / "big.tfrecords"
    tfrecords.write(str(big), np.tile(synthetic_images(50, 2500), (8, 1)))  # 400 records, about 1.5 MB
    assert big.stat().st_size > 2**20
    assert run_train(big, tmp_path / "a", *flags) == 0
    for last in (9, 20):
        assert run_train(big, tmp_path / "b", *flags, f"--max_steps={last}") == 0
    first, second = weights(tmp_path / "a"), weights(tmp_path / "b")
    for name in first:
        np.testing.assert_allclose(first[name], second[name], rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("optimizer", training_flags.OPTIMIZERS)
def test_every_optimizer_trains(optimizer, faces, tmp_path):
    assert run_train(faces, tmp_path, f"--optimizer={optimizer}", "--max_steps=2") == 0


def test_device_placement_is_shown(faces, tmp_path):
    command = [sys.executable, "-m", "gan.train", f"--train_data_pattern={faces}", f"--train_dir={tmp_path}"]
    run = subprocess.run([*command, "--max_steps=1", "--log_device_placement"], capture_output=True, text=True)
    assert "generator/w1" in run.stderr and "/device:CPU:0" in run.stderr


# Mistakes: one sentence, a non-zero exit code, nothing lost.


def command(pattern, train_dir, *flags):
    return [f"--train_data_pattern={pattern}", f"--train_dir={train_dir}", "--max_steps=30", "--batch_size=16", *flags]


def test_no_file_matches(fails, tmp_path):
    assert "no file matches" in fails(train.main, *command(tmp_path / "*.tfrecords", tmp_path / "run"))
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("flag", ["--batch_size=0", "--num_epochs=0", "--max_steps=0", "--export_model_steps=0"])
def test_counts_of_zero(flag, fails, faces, tmp_path):
    assert flag in fails(train.main, *command(faces, tmp_path, flag))


def test_damaged_data(fails, faces, tmp_path):
    bad = tmp_path / "bad.tfrecords"
    bad.write_bytes(pathlib.Path(faces).read_bytes()[:-100])
    assert "bad.tfrecords, record 95" in fails(train.main, *command(bad, tmp_path / "run"))


@pytest.mark.parametrize("flag", ["generator_model", "discriminator_model", "label_loss"])
def test_unknown_class_names(flag, fails, faces, tmp_path):
    error = fails(train.main, *command(faces, tmp_path, f"--{flag}=Nobody"))
    assert f"--{flag}=Nobody" in error
    assert "Sample" in error or "CrossEntropyLoss" in error


@pytest.mark.parametrize(
    "flag, expected",
    [
        ("--penalty=Nobody", "no such penalty; it has R1Penalty, "),
        ("--augment=flip,zoom", "no transformation zoom; it has rounding, flip, "),
        ("--augment_target=0.6", "--augment_target has nothing to adapt"),
        ("--augment_probability=1.5", "--augment_probability=1.5"),
        ("--penalty_steps=0", "--penalty_steps=0"),
        ("--top_k_share=0", "--top_k_share=0"),
    ],
)
def test_mistakes_about_augmentation_and_penalties(flag, expected, fails, faces, tmp_path):
    assert expected in fails(train.main, *command(faces, tmp_path, flag))


def test_flags_that_do_nothing_are_told(faces, tmp_path, capsys):
    idle = ["--penalty_weight=2", "--augment_probability=0.5", "--learning_rate_hold=0.2"]
    idle += ["--calibrate_flip", "--test_time_flip", f"--image_dir={tmp_path}/pictures", "--export_image_steps=5"]
    assert run_train(faces, tmp_path, *idle, "--calibration_acceptance=0.8", "--max_steps=1") == 0
    told = capsys.readouterr().out
    for name, other in (
        ("penalty_weight", "penalty"),
        ("augment_probability", "augment"),
        ("learning_rate_hold", "learning_rate_schedule"),
        ("calibration_acceptance", "calibration_data_pattern"),
        ("image_dir", "export_generated_images"),
        ("export_image_steps", "export_generated_images"),
    ):
        assert f"warning: --{name} does nothing without --{other}\n" in told
    for name in ("calibrate_flip", "test_time_flip"):
        assert f"warning: --{name} is for networks that learn from mirrored images" in told
    assert run_train(faces, tmp_path, *idle[:1], "--penalty=R1Penalty", "--max_steps=2") == 0
    assert "does nothing" not in capsys.readouterr().out


def test_a_word_that_is_neither_true_nor_false(faces, tmp_path, fails):
    given = [f"--train_data_pattern={faces}", f"--train_dir={tmp_path}"]
    assert "flag --dry_run=maybe: it must be true or false\n" in fails(train.main, *given, "--dry_run=maybe")


def test_a_train_dir_that_cannot_be_written(fails, faces, tmp_path):
    (tmp_path / "file").write_text("a file, not a folder")
    assert "cannot be written" in fails(train.main, *command(faces, tmp_path / "file"))
    assert "cannot be written" in fails(train.main, *command(faces, "/proc/run"))


def test_a_train_dir_without_permission(tmp_path):
    tmp_path.chmod(0o500)
    assert refused_without_rights(lambda: checkpoint_files.prepare_folder(str(tmp_path / "run")))


def test_a_state_of_other_networks(fails, faces, copy, tmp_path, monkeypatch):
    (tmp_path / "other_size.py").write_text(OTHER_SIZE)
    monkeypatch.syspath_prepend(tmp_path)
    before = files(copy)
    error = fails(train.main, *command(faces, copy, "--generator_model=other_size.Wide"))
    assert "generator/wide is absent there and [100, 128] in the networks asked for" in error
    error = fails(train.main, *command(faces, copy, "--optimizer=MomentumOptimizer"))
    assert "another optimizer" in error
    assert files(copy) == before


def test_a_state_of_another_image_size(fails, digits, copy):
    error = fails(train.main, *command(digits, copy, "--use_mnist"))
    assert "discriminator/w1 is [2500, 128] there and [784, 128] in the networks asked for" in error


def test_a_snapshot_without_a_state_is_not_overwritten(fails, faces, copy):
    shutil.rmtree(copy / "state")
    before = files(copy)
    assert "without the training state" in fails(train.main, *command(faces, copy))
    assert {k: v for k, v in files(copy).items() if "state" not in k} == before


def test_another_seed_than_the_states(fails, faces, copy):
    assert "trained with seed 5" in fails(train.main, *command(faces, copy, "--seed=6"))


@pytest.mark.parametrize("part, damage", [("data", "cut"), ("data", "flip"), ("index", "cut"), ("index", "flip")])
def test_a_damaged_state_is_passed_over(part, damage, faces, copy, capsys):
    (path,) = (copy / "state").glob(f"state.ckpt-20.{part}*")
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    path.write_bytes(content if damage == "flip" else content[: len(content) // 2])
    assert run_train(faces, copy) == 0
    out = capsys.readouterr().out
    assert "state.ckpt-20 is damaged and passed over" in out and "going on from step 10" in out
    assert checkpoint_files.latest_snapshot(str(copy)).step == 20


def test_no_state_that_can_be_read(fails, faces, copy):
    for path in (copy / "state").glob("*.index"):
        path.write_bytes(b"not an index")
    assert "can be read; --start_new_model" in fails(train.main, *command(faces, copy))


def test_other_plausible_slips(fails, faces, copy, tmp_path):
    assert "is a snapshot; give its folder" in fails(train.main, *command(faces, copy / "model.ckpt-20"))
    assert "averaging_decay on, which cannot" in fails(train.main, *command(faces, copy, "--averaging_decay=0"))
    more = ["--learning_rate_schedule=cosine", "--replay_share=0.1", "--augment=flip", "--augment_target=0.5"]
    told = "with --augment_target off, --learning_rate_schedule off, --replay_share off, which cannot change"
    assert told in fails(train.main, *command(faces, copy, *more))
    assert "raise --batch_size" in fails(train.main, *command(faces, copy, "--negatives_share=0.1", "--batch_size=1"))
    assert "no file matches typo*" in fails(train.main, *command(f"{faces},typo*", copy))
    assert "not a finite number" in fails(train.main, *command(faces, copy, "--base_learning_rate=nan"))


def test_going_on_with_other_data_is_said(faces, copy, tmp_path, capsys):
    tfrecords.write(str(tmp_path / "fewer.tfrecords"), synthetic_images(40, 2500))
    assert run_train(tmp_path / "fewer.tfrecords", copy, "--max_steps=22") == 0
    assert "warning: trained on 96 images so far, now on 40" in capsys.readouterr().out


def test_a_picture_that_cannot_be_written_loses_no_steps(fails, faces, tmp_path):
    flags = ["--export_generated_images", "--export_image_steps=7", f"--image_dir={tmp_path}/pictures"]
    (tmp_path / "pictures" / "generated-000007.png").mkdir(parents=True)
    assert "generated-000007.png" in fails(train.main, *command(faces, tmp_path / "run", *flags))
    assert checkpoint_files.latest_snapshot(str(tmp_path / "run")).step == 7


def test_networks_that_a_battle_would_refuse_are_named_at_once(faces, tmp_path, monkeypatch, capsys):
    (tmp_path / "beyond.py").write_text(BEYOND)
    monkeypatch.syspath_prepend(tmp_path)
    refused = "warning: a battle would refuse these networks:"
    for model, told in (
        ("Beyond", f"{refused} generated_images must lie in [0, 1]"),
        ("Batchwise", "note: in a battle, its generator's images change with the rest of their batch"),
        ("Sixteen", f"{refused} its generator has a batch size of 16 built in: "),
    ):
        flags = ["--max_steps=1", "--export_generated_images", f"--image_dir={tmp_path}/pictures of {model}"]
        assert run_train(faces, tmp_path / model, f"--generator_model=beyond.{model}", *flags) == 0
        assert told in capsys.readouterr().out


def test_nan_stops_and_keeps_the_last_good_snapshot(fails, faces, tmp_path, monkeypatch):
    (tmp_path / "diverging.py").write_text(DIVERGING)
    monkeypatch.syspath_prepend(tmp_path)
    flags = ["--label_loss=diverging.Explodes", "--export_model_steps=10"]
    error = fails(train.main, *command(faces, tmp_path / "run", *flags))
    # The loss of step 15 is log(14 - 14): minus infinity.
    assert "diverged at step 15" in error and "model.ckpt-10 is the last good snapshot" in error
    assert "; try lower learning rates: --base_learning_rate" in error
    assert checkpoint_files.latest_snapshot(str(tmp_path / "run")).step == 10
    Snapshot(str(tmp_path / "run"), 2500).verify()


def test_a_loss_that_is_nan_at_once_is_not_blamed_on_the_learning_rate(fails, faces, tmp_path, monkeypatch):
    (tmp_path / "of_nothing.py").write_text(OF_NOTHING)
    monkeypatch.syspath_prepend(tmp_path)
    for more in ([], ["--dry_run"]):
        error = fails(train.main, *command(faces, tmp_path / "run", "--label_loss=of_nothing.Root", *more))
        assert "step 1" in error and "look in the networks and the loss for a logarithm or a square root of 0" in error


def test_weights_that_are_not_finite_are_not_saved(fails, faces, tmp_path):
    flags = ["--base_learning_rate=1e39", "--optimizer=GradientDescentOptimizer", "--export_model_steps=1"]
    error = fails(train.main, *command(faces, tmp_path, *flags))
    assert "is not finite" in error or "are not finite" in error
    assert checkpoint_files.latest_snapshot(str(tmp_path)) is None


def test_a_full_disk_loses_nothing(faces, copy, tmp_path):
    """On a file system of its own with no room for another snapshot."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=48m", "tmpfs", str(disk)]
    if subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("no right to mount a small file system")
    try:
        run = disk / "run"
        shutil.copytree(copy, run)
        before = Snapshot(str(run), 2500).generate(np.zeros((1, 100), np.float32))
        left = shutil.disk_usage(disk).free
        (disk / "ballast").write_bytes(bytes(left - 2**20))
        arguments = ["--seed=5", "--max_steps=40"]
        finished = subprocess.run(
            [sys.executable, "-m", "gan.train", *command(faces, run, *arguments)], capture_output=True, text=True
        )
        assert finished.returncode == 1
        assert "could not be written" in finished.stderr and "No space left" in finished.stderr
        assert "Traceback" not in finished.stderr
        np.testing.assert_array_equal(Snapshot(str(run), 2500).generate(np.zeros((1, 100), np.float32)), before)
        (disk / "ballast").unlink()
        assert run_train(faces, run, "--max_steps=30") == 0
        assert checkpoint_files.latest_snapshot(str(run)).step == 30
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=True)
