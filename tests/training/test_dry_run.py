"""train --dry_run: the same answers as training, and nothing written."""

import re
import shutil

import pytest
from conftest import NUM_IMAGES, let_others_reach, refused_without_rights, run_train, synthetic_images

from gan import train
from gan.data import tfrecords
from gan.storage import files

FLAGS = ["--batch_size=16", "--seed=5", "--max_steps=40", "--dry_run"]
REFUSED = """
import tensorflow.compat.v1 as tf
from gan import models

class Beyond(models.SampleGenerator):
    def run_model(self, model_input):
        return {"output": 2 * super().run_model(model_input)["output"] + 1}
"""


def everything(root):
    """All files and folders below one: path -> (time of last change, content)."""
    return {
        path: (path.stat().st_mtime_ns, path.read_bytes() if path.is_file() else None)
        for path in [root, *root.rglob("*")]
    }


def flags_of(faces, train_dir, *flags):
    return [f"--train_data_pattern={faces}", f"--train_dir={train_dir}", *FLAGS, *flags]


def dry_run(capsys, faces, train_dir, *flags):
    capsys.readouterr()
    assert train.main(["train", *flags_of(faces, train_dir, *flags)]) == 0
    return capsys.readouterr().out


@pytest.fixture
def copy(trained, tmp_path):
    return shutil.copytree(trained, tmp_path / "copy")


def test_a_new_training_makes_no_folder(faces, tmp_path, capsys):
    flags = [f"--log_dir={tmp_path}/log", "--export_generated_images", f"--image_dir={tmp_path}/pictures"]
    out = dry_run(capsys, faces, tmp_path / "run", *flags)
    assert list(tmp_path.iterdir()) == []
    assert "does not exist yet; training would begin from scratch" in out
    assert f"data: {NUM_IMAGES} images of 2500 pixels in 1 file, SHA-256 " in out
    # 100 * 128 + 128 + 128 * 2500 + 2500, and 2500 * 128 + 128 + 128 + 1
    assert "generator SampleGenerator: 335,428 parameters" in out
    assert "discriminator SampleDiscriminator: 320,257 parameters" in out
    assert re.search(r"\d+ steps of 16 images tried in memory: [\d,]+ images/s", out)
    assert re.search(r"from step 0 to 40: 640 images, 6.7 epochs; seed 5", out)
    assert "start_new_model" not in out and out.endswith("nothing was written\n")


def test_a_training_that_would_go_on_stays_as_it_is(faces, copy, capsys):
    before = everything(copy)
    out = dry_run(capsys, faces, copy)
    assert everything(copy) == before
    assert "holds snapshots of the steps 10, 20; training would go on from step 20" in out
    assert "from step 20 to 40: 640 images" in out
    assert "max_steps 20 -> 40" in out
    assert "--start_new_model is not given; it would remove" in out


def test_it_says_what_start_new_model_would_remove(faces, copy, capsys):
    (copy / "notes.txt").write_text("mine")
    before = everything(copy)
    out = dry_run(capsys, faces, copy, "--start_new_model")
    assert everything(copy) == before
    assert "training would begin from scratch" in out
    told = re.search(r"--start_new_model would remove (\d+) files, [\d.]+ MB: (.*)", out)
    assert run_train(faces, copy, "--start_new_model", "--max_steps=1") == 0
    assert f"removed {told[1]} files of a former training" in capsys.readouterr().out
    assert {"training_options.json", "state/checkpoint", "model.ckpt-20.meta"} <= {*told[2].split(", ")}
    assert "notes.txt" not in told[2]


def test_a_finished_training_is_told(faces, copy, capsys):
    before = everything(copy)
    assert "would end at once: it is trained already, step 20" in dry_run(capsys, faces, copy, "--max_steps=20")
    assert everything(copy) == before


def test_networks_that_a_battle_would_refuse_are_named(faces, tmp_path, monkeypatch, capsys):
    (tmp_path / "beyond_range.py").write_text(REFUSED)
    monkeypatch.syspath_prepend(tmp_path)
    out = dry_run(capsys, faces, tmp_path / "run", "--generator_model=beyond_range.Beyond")
    assert "warning: a battle would refuse these networks" in out
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    "flags, expected",
    [
        (["--optimizer=MomentumOptimizer"], "the state of other networks or another optimizer"),
        (["--seed=6"], "was trained with seed 5"),
        (["--base_learning_rate=1e39", "--optimizer=GradientDescentOptimizer", "--start_new_model"], "not finite"),
        (["--label_loss=Nobody"], "--label_loss=Nobody"),
        (["--batch_size=3", "--num_towers=4"], "cannot be shared by 4 devices"),
    ],
)
def test_mistakes_get_the_sentence_of_training(flags, expected, faces, copy, fails):
    before = everything(copy)
    assert expected in fails(train.main, *flags_of(faces, copy, *flags))
    assert everything(copy) == before


def test_too_few_images_to_measure_quality(tmp_path, fails):
    tfrecords.write(str(tmp_path / "few.tfrecords"), synthetic_images(10, 2500))
    flags = flags_of(tmp_path / "few.tfrecords", tmp_path / "run", "--keep_best=frechet")
    assert "10 training images are too few to measure quality" in fails(train.main, *flags)


def test_damaged_data(faces, tmp_path, fails):
    (tmp_path / "bad.tfrecords").write_bytes(b"no records")
    assert "record 0" in fails(train.main, *flags_of(tmp_path / "bad.tfrecords", tmp_path / "run"))
    assert not (tmp_path / "run").exists()


def test_folders_that_cannot_be_used(faces, copy, tmp_path, fails):
    (tmp_path / "file").write_text("a file, not a folder")
    assert "cannot be written" in fails(train.main, *flags_of(faces, tmp_path / "file"))
    assert "cannot be written" in fails(train.main, *flags_of(faces, tmp_path / "file" / "below"))
    assert "is a snapshot; give its folder" in fails(train.main, *flags_of(faces, copy / "model.ckpt-20"))
    with files.locked(str(copy / "state" / ".lock"), "this test"):
        assert "is in use by another training run" in fails(train.main, *flags_of(faces, copy))


@pytest.mark.parametrize("mode", [0o500, 0o711])
def test_a_folder_without_permission(mode, faces, tmp_path):
    from gan.training import dry_run as module
    from gan.training.settings import FolderSettings

    tmp_path.chmod(mode)
    let_others_reach(tmp_path.parent)
    assert refused_without_rights(lambda: module._check_folders(FolderSettings(str(tmp_path / "run"))))


def test_a_full_disk_is_told(faces, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(10**9, 10**9, 1))
    assert "and the disk has 0 MB" in dry_run(capsys, faces, tmp_path / "run")


def test_the_time_is_that_of_the_steps_or_the_limit(faces, tmp_path, capsys):
    out = dry_run(capsys, faces, tmp_path / "run", "--max_steps=100000000", "--num_epochs=100000000", "--max_minutes=3")
    assert "would train for about 3 minutes, from step 0 to " in out


def test_streamed_data_and_penalties_are_tried_too(tmp_path, capsys):
    big = tmp_path / "big.tfrecords"
    tfrecords.write(str(big), synthetic_images(400, 2500))  # more than 1 MB
    flags = ["--data_memory_mb=1", "--penalty=R1Penalty", "--penalty_steps=3", "--replay_share=0.2"]
    assert "data: 400 images" in dry_run(capsys, big, tmp_path / "run", *flags)


def test_in_a_cluster_it_checks_one_process(faces, tmp_path, monkeypatch, capsys, fails):
    hosts = '{"chief": ["127.0.0.1:1"], "worker": ["127.0.0.1:2"], "ps": ["127.0.0.1:3"]}'
    monkeypatch.setenv("TF_CONFIG", f'{{"cluster": {hosts}, "task": {{"type": "worker", "index": 0}}}}')
    assert "nothing was written" in dry_run(capsys, faces, tmp_path / "run")
    error = fails(train.main, *flags_of(faces, tmp_path / "run", "--batch_size=1"))
    assert "cannot be shared by 2 devices" in error
