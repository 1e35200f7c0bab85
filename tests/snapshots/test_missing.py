"""Why there is no snapshot: each reason is told by name, with the way out."""

import pytest

from gan.snapshots import missing


def told(where):
    error = missing.why(str(where))
    assert error.fault.code in missing.CODES
    return error.fault.code, str(error)


@pytest.mark.parametrize(
    "names, snapshot, lacking",
    [
        (["model.ckpt-5.index"], "model.ckpt-5", r".meta, .data-*"),
        (["model.ckpt-5.meta", "model.ckpt-5.data-00000-of-00001"], "model.ckpt-5", ".index"),
        (["a.index", "a.meta", "a.data-00000-of-00002"], "a", "some of its .data-*"),
        (["a.index", "b.index", "b.meta"], "b", ".data-*"),
    ],
)
def test_an_incomplete_snapshot_is_named_with_what_it_lacks(tmp_path, names, snapshot, lacking):
    for name in names:
        (tmp_path / name).write_bytes(b"x")
    code, sentence = told(tmp_path)
    assert code == "snapshot_incomplete"
    assert f"no complete snapshot: {snapshot} lacks {lacking}; copy all files of this name" in sentence


def test_a_training_that_saved_nothing_is_told(tmp_path):
    (tmp_path / "state").mkdir()
    code, sentence = told(tmp_path)
    assert code == "none_saved" and "a training began here and saved none" in sentence


def test_a_folder_without_anything_of_a_snapshot_and_no_folder(tmp_path):
    (tmp_path / "notes.txt").write_text("x")
    assert told(tmp_path)[0] == "no_snapshot"
    assert told(tmp_path / "nowhere")[0] == "no_folder"


def test_of_one_snapshot_that_was_asked_for_only_its_own_files_count(tmp_path):
    for name in ("model.ckpt-5.index", "model.ckpt-7.index", "model.ckpt-7.meta"):
        (tmp_path / name).write_bytes(b"x")
    assert "model.ckpt-5 lacks .meta, .data-*" in told(tmp_path / "model.ckpt-5")[1]


@pytest.mark.parametrize("where", ["https://console.cloud.google.com/storage/browser/team/model", "GS://team/model"])
def test_an_address_from_a_browser_is_told(where):
    code, sentence = told(where)
    assert code == "no_such_address" and "a bucket is written gs://bucket/folder" in sentence
