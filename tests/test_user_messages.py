"""Every message for users is provoked: quoted by a test, provoked here, or listed with what keeps a test from it."""

import gzip
import json
import os
import zipfile

import numpy as np
import pytest
import user_messages
from conftest import synthetic_images

from gan import train
from gan.console.errors import UserError, of_system
from gan.data import download, mnist_files, sources
from gan.measure import contestants
from gan.storage import outputs, paths


def damaged_keras(folder):
    path = folder / "mnist.npz"
    np.savez(path, x_train=np.zeros((2, 28, 28), np.uint8))
    path.write_bytes(path.read_bytes()[:100])
    mnist_files.load([str(path)])


def damaged_gzip(folder):
    content = gzip.compress(bytes(10_000))
    paths_ = [folder / f"{name}.gz" for name in mnist_files.FILES]
    for path in paths_:
        path.write_bytes(content[: len(content) // 2])
    mnist_files.load([str(path) for path in paths_])


def another_download(folder):
    (folder / "lfw.tgz").write_bytes(b"another file")
    download.download("https://host/lfw.tgz", "0" * 64, str(folder / "lfw.tgz"))


def bomb(folder):
    with zipfile.ZipFile(folder / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(60):
            archive.writestr(f"{number}.png", bytes(10 << 20))
    sources.load("folder", sources.find("folder", str(folder / "bomb.zip")))


def few_images(folder):
    np.save(folder / "few.npy", synthetic_images(16, 2500))
    contestants._images("few", str(folder / "few.npy"), 2500, 20)


def too_few_images(folder):
    np.save(folder / "few.npy", synthetic_images(3, 2500))
    contestants._images("few", str(folder / "few.npy"), 2500, 20)


def columns(folder):
    (folder / "mnist_sample.csv.gz").write_bytes(gzip.compress(b"1,2,3\n4,5,6\n"))
    sources._load_csv(str(folder / "mnist_sample.csv.gz"))


def no_bucket(folder):
    paths.split("gs:///folder")


def no_name(folder):
    with outputs.output_file("gs://bucket"):
        pass


# What a test does -> the words of the message that it must see: the thing, what was found, the way out.
PROVOKED = {
    damaged_keras: ("mnist.npz is damaged (", "download it again"),
    damaged_gzip: (".gz is damaged (", "download it again"),
    another_download: ("lfw.tgz is another file than https://host/lfw.tgz", "(its SHA-256 differs); move it away"),
    bomb: ("bomb.zip would unpack to 600 MiB, more than", "pictures do not shrink so much, so this is not read"),
    few_images: ("few.npy holds 16 images and all are compared on 20", "--num_images=16 lowers that"),
    too_few_images: ("few.npy holds 3 images and all are compared on 20", "at least 15 are needed"),
    columns: ("mnist_sample.csv.gz has 3 columns, not 785",),
    no_bucket: ("gs:///folder names no bucket", "write gs://bucket/folder"),
    no_name: ("gs://bucket names no file", "write gs://bucket/name"),
}
# Why no test sees a message: a part of it -> what it would take.
NOT_PROVOKED = {
    "holds nothing that this would change": "a row that another program deletes between two statements",
    "a worker process died, perhaps for lack": "a machine whose memory runs out; conftest has none to spare",
    "needs a path to read from": "a caller that forgets the path; the command asks for --input first",
    "install another version of it": "a release of scikit-learn or torchvision without the file",
    "snapshots are opened in processes that Windows": "Windows",
    "another process failed, whose own output may say why": "a process that fails before the others learn its sentence",
    "shows another snapshot, {there.path}": "another hand-in between two requests",
    "has another content than was copied": "the same",
    "no credentials for Google Cloud": "a machine without credentials and with a network",
    "does not fit into memory; lower --batch_size": "a machine whose memory runs out",
    "the losses of step": "a network that diverges within the first steps of a dry run",
    "is of images of": "an arena of faces that is given digits by a caller other than the command",
    "already, of other teams, real images or options": "a caller other than the command",
    "--forfeit_copies needs --train_data_pattern: TFRecord": "seen by tests/test_battle.py, by its exit code",
    "cannot be copied to": "a disk that fails between two pages of SQLite's copy",
    "no answer within": "seen by tests/arena/test_bucket_looks.py, as a log entry",
    "or make black and white images of it": "seen by tests/test_prepare_records.py, by its command",
    "the bucket refuses (": "seen by tests/storage/test_bucket_answers.py, by its code",
    "put what is wanted into": "seen by tests/storage/test_files.py, by the number of files",
    "in the records before": "records of several programs in one file",
    "the copy of {staged[digest].path} is gone": "a folder that is removed while compare runs",
    "the workers cannot be started": "a machine that refuses processes",
    "can be compared; the lines above say why": "tests/test_compare.py sees those lines",
}


@pytest.mark.parametrize("provoke", PROVOKED, ids=lambda each: each.__name__)
def test_provoked(provoke, tmp_path):
    with pytest.raises(UserError) as caught:
        provoke(tmp_path)
    for words in PROVOKED[provoke]:
        assert words in str(caught.value)


def test_every_message_is_provoked_or_says_why_not():
    quoted = user_messages.quoted_in_tests()
    untested = [
        message
        for message in user_messages.messages()
        if user_messages.has_words(message) and not user_messages.is_quoted(message, quoted)
    ]
    assert not untested, "\n".join(map(str, untested))
    assert len(user_messages.messages()) > 250


def test_what_stands_in_the_tables_exists():
    found = user_messages.messages()
    for part in NOT_PROVOKED:
        assert any(part in message.text for message in found), part


def test_the_evaluator_of_a_cluster_asks_for_its_data(fails, faces, tmp_path, monkeypatch):
    cluster = {"cluster": {"chief": ["localhost:1"]}, "task": {"type": "evaluator", "index": 0}}
    monkeypatch.setenv("TF_CONFIG", json.dumps(cluster))
    told = fails(train.main, f"--train_data_pattern={faces}", f"--train_dir={tmp_path}/run")
    assert "--eval_data_pattern is needed: TF_CONFIG says that this is the evaluator" in told


@pytest.mark.parametrize(
    "number, told",
    [
        (28, "/disk/a: No space left on device; make room there, or name a folder on another disk"),
        (
            122,
            "/disk/a: Disk quota exceeded; your quota there is used up: delete something, or name another folder",
        ),
        (30, "/disk/a: Read-only file system; name a folder that can be written to"),
        (2, "/disk/a: No such file or directory"),
    ],
)
def test_what_the_system_refuses(number, told):
    assert of_system(OSError(number, os.strerror(number), "/disk/a")) == told
    assert of_system(OSError(number, os.strerror(number), "/disk/a"), named=True) == told.partition(": ")[2]
