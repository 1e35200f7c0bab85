"""The contest in buckets: training, evaluation, hand-in, with faults and kills, against the real emulator."""

import os
import random
import shutil
import signal
import threading
import time

import numpy as np
import pytest
import tensorflow.compat.v1 as tf
from conftest import run_train, start

from gan import eval, export_model, generate_and_discriminate, linear_interpolation, submit, train
from gan.console.errors import StateError, UserError
from gan.random_noise_generator import uniform_noise
from gan.snapshots import checkpoint_files, mirror, training_options
from gan.snapshots.snapshot import Snapshot
from gan.storage import buckets, files

pytest_plugins = ["cloud"]
KILLS = int(os.environ.get("GAN_TEST_KILLS", "4")) // 2 or 1


@pytest.fixture(autouse=True)
def machine(tmp_path, monkeypatch):
    """Call it for a new, empty machine: another cache."""

    def renew():
        shutil.rmtree(tmp_path / "cache", ignore_errors=True)

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return renew


@pytest.fixture
def data(emulator, bucket, faces):
    """The synthetic faces, in the bucket."""
    with open(faces, "rb") as file:
        emulator.write(bucket, "data/train.tfrecords", file.read())
    return f"gs://{bucket}/data/train*.tfrecords"


def weights(where):
    reader = tf.train.load_checkpoint(checkpoint_files.latest_snapshot(str(where)).prefix)
    return {name: reader.get_tensor(name) for name in reader.get_variable_to_shape_map()}


def test_train_evaluate_and_check_from_one_machine_to_the_next(
    emulator,
    bucket,
    data,
    trained,
    machine,
    tmp_path,
):
    run = f"gs://{bucket}/run"
    pictures = ["--export_generated_images", "--export_image_steps=10", f"--image_dir=gs://{bucket}/pictures"]
    assert run_train(data, run, "--max_steps=10", *pictures) == 0
    machine()
    assert run_train(data, run, *pictures) == 0
    for name, value in weights(trained).items():
        np.testing.assert_array_equal(weights(run)[name], value)
    names = emulator.names(bucket)
    assert {"pictures/generated-000010.png", "pictures/generated-000020.png", "run/state/checkpoint"} <= set(names)
    assert sum("tfevents" in name for name in names) == 2

    machine()
    assert eval.main(["eval", f"--eval_data_pattern={data}", f"--train_dir={run}", "--run_once"]) == 0
    machine()
    assert eval.main(["eval", f"--eval_data_pattern={data}", f"--train_dir={run}", "--run_once"]) == 0
    assert emulator.read(bucket, "run/eval/eval.jsonl").count(b"accuracy_on_real") == 2

    folders = [f"--G_train_dir={run}", f"--D_train_dir={run}/model.ckpt-10", f"--output_dir=gs://{bucket}/check"]
    assert generate_and_discriminate.main(["check", *folders, f"--input_data_pattern={data}"]) == 0
    assert {"check/images/29.png", "check/predictions.csv", "check/overview.png"} <= set(emulator.names(bucket))

    assert run_train(data, run, "--start_new_model", "--max_steps=3", "--seed=9") == 0
    left = [name for name in emulator.names(bucket, "run/") if "eval" not in name]
    assert {name.partition("-")[2].partition(".")[0] for name in left if "ckpt" in name} == {"3"}
    assert sum("tfevents" in name for name in left) == 1


def test_faults_lose_nothing_and_show_nothing_half_written(
    emulator,
    faulty_bucket,
    faces,
    trained,
    monkeypatch,
):
    bucket, proxy = faulty_bucket
    seen, problems, done = [], [], threading.Event()

    def read_all_the_while():
        """Opens the newest snapshot straight from the emulator, as an organiser's machine would."""
        while not done.is_set():
            step = named()
            names = [name.removeprefix("run/") for name in emulator.names(bucket, "run/")]
            complete = checkpoint_files.all_complete(names, ("index", "meta"))
            seen.append(step)
            if step is not None and step not in complete and step == named():
                problems.append(f"checkpoint names {step}, complete are {sorted(complete)}")

    def named():
        if "run/checkpoint" not in emulator.names(bucket, "run/checkpoint"):
            return None
        return int(emulator.read(bucket, "run/checkpoint").decode().split('"')[1].rpartition("-")[2])

    reader = threading.Thread(target=read_all_the_while)
    reader.start()
    proxy.fail_share(0.2, seed=1)
    timer = threading.Timer(2, lambda: (proxy.down(), time.sleep(4), proxy.up()))
    try:
        proxy.reset_next(2, match="upload")
        timer.start()
        assert run_train(faces, f"gs://{bucket}/run", "--export_model_steps=2", "--max_steps=20") == 0
    finally:
        timer.join()
        done.set()
        reader.join()
        proxy.calm()
    assert not problems and 20 in seen
    for name, value in weights(f"gs://{bucket}/run").items():
        np.testing.assert_array_equal(value, weights(trained)[name])


def test_what_could_not_be_uploaded_waits_on_disk(emulator, faulty_bucket, faces, monkeypatch, fails):
    bucket, proxy = faulty_bucket
    run = f"gs://{bucket}/run"
    monkeypatch.setattr(mirror, "PATIENCE", 1)
    monkeypatch.setattr(buckets, "RETRY_SECONDS", 1)
    proxy.fail_next(10**6, match="POST")
    flags = [f"--train_data_pattern={faces}", f"--train_dir={run}", "--batch_size=16", "--max_steps=5"]
    code = train.main(["train", *flags, "--seed=5"])
    assert code == 1
    assert emulator.names(bucket) == []
    proxy.calm()
    monkeypatch.setattr(mirror, "PATIENCE", 300)
    assert train.main(["train", *flags]) == 0
    assert checkpoint_files.latest_snapshot(run).step == 5


def test_the_record_of_a_training_goes_along(emulator, bucket, faces, machine):
    run = f"gs://{bucket}/run"
    with mirror.writable_folder(run) as folder:
        files.write_whole(os.path.join(folder.path, training_options.FILE), b"{}")
    assert emulator.names(bucket) == ["run/training_options.json"]
    machine()
    with mirror.writable_folder(run) as folder:
        assert files.read(os.path.join(folder.path, training_options.FILE)) == b"{}"
        checkpoint_files.remove_training(folder.path)
    assert emulator.names(bucket) == []


def test_pictures_that_could_not_be_uploaded_wait_too(emulator, faulty_bucket, monkeypatch):
    bucket, proxy = faulty_bucket
    monkeypatch.setattr(buckets, "RETRY_SECONDS", 1)
    folder = f"gs://{bucket}/pictures"
    with (
        pytest.raises(UserError, match="a.png in .* wait there"),
        mirror.writable_folder(folder, lambda: 1, False) as m,
    ):
        proxy.fail_next(10**6, match="POST")
        with open(os.path.join(m.path, "a.png"), "w") as file:
            file.write("picture")
    proxy.calm()
    with mirror.writable_folder(folder, fetch=False):
        pass
    assert emulator.read(bucket, "pictures/a.png") == b"picture"


def test_a_bucket_that_may_not_be_written_to_is_told_before_the_first_step(faulty_bucket, faces):
    bucket, proxy = faulty_bucket
    proxy.refuse("uploadType", 403, "you have no permission storage.objects.create")
    with pytest.raises(UserError, match="storage.objects.create"):
        with mirror.writable_folder(f"gs://{bucket}/results", fetch=False):
            pytest.fail("it was opened")


def test_the_last_one_that_begins_to_write_to_a_folder_goes_on(emulator, bucket, tmp_path, monkeypatch):
    """Two trainings in one folder of a bucket, on two machines: their files must not mix."""
    monkeypatch.setattr(mirror, "SECONDS_BETWEEN_PASSES", 0.1)
    folder = f"gs://{bucket}/run"

    def write(opened, text):
        files.write_whole(os.path.join(opened.path, "a.txt"), text)

    with pytest.raises(StateError, match="another command has begun to write to gs://"):
        with mirror.writable_folder(folder) as first:
            write(first, b"first")
            while emulator.names(bucket) != ["run/.writer", "run/a.txt"]:
                first.changed()
                time.sleep(0.05)
            monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "of another machine"))
            with mirror.writable_folder(folder) as second:
                write(second, b"second")
                while emulator.read(bucket, "run/a.txt") != b"second":
                    time.sleep(0.05)
                assert "run/.writer" in emulator.names(bucket)
                write(first, b"first again")
                for _ in range(100):
                    first.changed()
                    time.sleep(0.1)
    assert emulator.read(bucket, "run/a.txt") == b"second"


def test_a_folder_for_tensorboard_may_be_shared(emulator, bucket, tmp_path, monkeypatch):
    with mirror.writable_folder(f"gs://{bucket}/logs", fetch=False) as first:
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "of another machine"))
        with mirror.writable_folder(f"gs://{bucket}/logs", fetch=False) as second:
            for number, opened in enumerate((first, second)):
                files.write_whole(os.path.join(opened.path, f"events.out.tfevents.{number}"), b"events")
                opened.changed()
    assert emulator.names(bucket) == ["logs/events.out.tfevents.0", "logs/events.out.tfevents.1"]


def test_a_right_to_write_that_ends_is_told_at_once(faulty_bucket):
    """As for eval, whose results would wait ten minutes for a right that does not come."""
    bucket, proxy = faulty_bucket
    begun = time.monotonic()
    with (
        pytest.raises(UserError, match="storage.objects.create.*a.png in .* wait there; once the bucket takes them"),
        mirror.writable_folder(f"gs://{bucket}/results", fetch=False) as m,
    ):
        proxy.refuse("uploadType", 403, "you have no permission storage.objects.create")
        with open(os.path.join(m.path, "a.png"), "w") as file:
            file.write("picture")
    assert time.monotonic() - begun < 60


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_stopped_at_random_moments_on_machines_that_are_lost(number, bucket, faces, machine, tmp_path):
    random_, step, run = random.Random(int(number)), 0, f"gs://{bucket}/run"
    flags = ["--batch_size=16", "--seed=5", "--export_model_steps=20", "--num_epochs=1000000"]
    for _ in range(KILLS):
        process = start("train", f"--train_data_pattern={faces}", f"--train_dir={run}", *flags)
        for line in process.stdout:
            if "Ctrl-C saves and stops" in line:
                break
        time.sleep(random_.uniform(0.5, 2))
        process.send_signal(number)
        output, _ = process.communicate(timeout=300)
        assert process.returncode == (-9 if number == signal.SIGKILL else 143), output
        machine()
        found = checkpoint_files.latest_snapshot(run)
        if found:
            Snapshot(run, 2500).generate(uniform_noise(2, 0))
            assert found.step >= step
            step = found.step
    assert number == signal.SIGKILL or step > 0
    # A kill between two uploads leaves a state ahead of the snapshot, and of the file that names the newest state.
    states = checkpoint_files.all_complete(files.names(f"{run}/state"), ("index",))
    last = ["--num_epochs=1000000", f"--max_steps={max([step, *states]) + 5}"]
    assert run_train(faces, run, *last) == run_train(faces, tmp_path / "straight", *last) == 0
    for name, value in weights(tmp_path / "straight").items():
        np.testing.assert_allclose(weights(run)[name], value, rtol=1e-5, atol=1e-6)


def submission(trained, faces, bucket, folder, *flags):
    where = [f"--train_dir={trained}", f"--bucket=gs://{bucket}", f"--output_dir={folder}/submission"]
    return [*where, f"--input_data_pattern={faces}", "--seed=1", *flags]


def test_submit(emulator, bucket, trained, faces, tmp_path, capsys):
    assert submit.main(["submit", *submission(trained, faces, bucket, tmp_path, "--dry_run")]) == 0
    assert emulator.names(bucket) == []
    assert f"would copy gs://{bucket}/model/model.ckpt-20.meta" in capsys.readouterr().out
    assert submit.main(["submit", *submission(trained, faces, bucket, tmp_path)]) == 0
    said = capsys.readouterr().out
    assert "note: its images" in said
    names = emulator.names(bucket)
    assert {"model/checkpoint", "model/model.ckpt-20.index", "source/gan/models.py", "source/gan/train.py"} <= set(
        names
    )
    assert not [name for name in names if "ckpt-10" in name or "state" in name or "pycache" in name]
    assert f"organisers will see gs://{bucket}/model/model.ckpt-20" in said
    assert (tmp_path / "submission" / "overview.png").exists()
    for name, value in weights(trained).items():
        np.testing.assert_array_equal(weights(f"gs://{bucket}/model")[name], value)


def test_submit_leaves_libraries_and_editors_files_out(bucket, trained, faces, tmp_path, capsys):
    mine = tmp_path / "mine"
    for name in ("my_networks.py", "venv/lib/site-packages/numpy/core.py", "venv/pyvenv.cfg", "env/a.py", "page/x.py"):
        (mine / name).parent.mkdir(parents=True, exist_ok=True)
        (mine / name).write_text("")
    (mine / "env" / "conda-meta").mkdir()
    (mine / ".#my_networks.py").symlink_to("somebody@a-machine.123")  # as Emacs does while a file is open
    (mine / "._my_networks.py").write_text("of macOS")
    flags = submission(trained, faces, bucket, tmp_path, "--dry_run", f"--source_dir={mine}")
    assert submit.main(["submit", *flags]) == 0
    copied = [line.split()[2] for line in capsys.readouterr().out.splitlines() if "/source/" in line]
    assert copied == [f"gs://{bucket}/source/mine/my_networks.py,", f"gs://{bucket}/source/mine/page/x.py,"]


def test_submit_takes_source_from_a_bucket(emulator, bucket, trained, faces, tmp_path, fails):
    for name in ("models.py", "deeper/losses.py", "notes.txt", ".git/hook.py"):
        emulator.write(bucket, f"code/mine/{name}", name.encode())
    flags = submission(trained, faces, bucket, tmp_path)
    assert submit.main(["submit", *flags, f"--source_dir=gs://{bucket}/code/mine"]) == 0
    assert emulator.names(bucket, "source/") == ["source/mine/deeper/losses.py", "source/mine/models.py"]
    assert emulator.read(bucket, "source/mine/models.py") == b"models.py"
    missing = f"gs://{bucket}/none: no such file or folder"
    assert missing in fails(submit.main, *flags, f"--source_dir=gs://{bucket}/none")


def test_pictures_and_saved_models_go_to_buckets(emulator, bucket, trained, tmp_path, fails):
    snapshot, there = f"--train_dir={trained}", f"gs://{bucket}/results"
    for file in (f"{there}/a.png", tmp_path / "a.png"):
        assert linear_interpolation.main(["command", snapshot, f"--output_file={file}", "--seed=1"]) == 0
    assert emulator.read(bucket, "results/a.png") == (tmp_path / "a.png").read_bytes()
    assert "names no file" in fails(linear_interpolation.main, snapshot, f"--output_file=gs://{bucket}")
    for folder in (f"{there}/saved", tmp_path / "saved"):
        assert export_model.main(["command", snapshot, f"--output_dir={folder}"]) == 0
    names = [path.relative_to(tmp_path).as_posix() for path in (tmp_path / "saved").rglob("*.*")]
    assert [f"results/{name}" for name in sorted(names)] == emulator.names(bucket, "results/saved/")
    assert "holds files already" in fails(export_model.main, snapshot, f"--output_dir={there}/saved")


def test_submit_refuses_what_a_battle_would(emulator, bucket, trained, faces, tmp_path, fails):
    copy = shutil.copytree(trained, tmp_path / "copy")
    meta = copy / "model.ckpt-20.meta"
    meta.write_bytes(meta.read_bytes().replace(b"p_for_data", b"p_for_date"))
    error = fails(submit.main, *submission(copy, faces, bucket, tmp_path))
    assert "breaks the contract: the collection p_for_data is missing" in error
    assert "write gs://" in fails(submit.main, *submission(trained, faces, bucket, tmp_path, "--bucket=team"))
    assert "names no bucket" in fails(submit.main, *submission(trained, faces, bucket, tmp_path, "--bucket=gs://"))
    assert emulator.names(bucket) == []


def test_gsutil_hands_in_the_same(emulator, bucket, gsutil, trained, faces, tmp_path):
    """The contest's own way, there and back."""
    assert submit.main(["submit", *submission(trained, faces, bucket, tmp_path)]) == 0
    by_submit = {name: emulator.read(bucket, name) for name in emulator.names(bucket, "model/")}
    files = [os.path.join(trained, name) for name in os.listdir(trained) if name.startswith("model.ckpt-20.")]
    for path in [*files, os.path.join(trained, "checkpoint")]:
        gsutil("cp", path, f"gs://{bucket}/by_hand/{os.path.basename(path)}")
    for name, content in by_submit.items():
        if not name.endswith("/checkpoint"):  # which names older snapshots too where it was copied by hand
            assert emulator.read(bucket, name.replace("model/", "by_hand/", 1)) == content
    back = tmp_path / "back"
    back.mkdir()
    gsutil("cp", f"gs://{bucket}/model/*", str(back))
    for where in (str(back), f"gs://{bucket}/by_hand"):
        snapshot = Snapshot(where, 2500)
        snapshot.verify()
        assert snapshot.step == 20
        np.testing.assert_array_equal(
            snapshot.generate(uniform_noise(2, 0)), Snapshot(trained, 2500).generate(uniform_noise(2, 0))
        )
