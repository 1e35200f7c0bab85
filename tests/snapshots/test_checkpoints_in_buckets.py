"""Snapshots of strangers in buckets: few requests, nothing that is too large, nothing that changed after the check."""

import os
import pathlib
import urllib.parse

import pytest

from gan.console.errors import ContractError
from gan.sandbox import staging
from gan.snapshots import checkpoint_files

pytest_plugins = ["cloud"]


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    """A cache of the test's own."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def fetched(proxy):
    """Names of the objects whose content was asked for since the last call, sorted."""
    lines = [line.split("?")[0] for line in proxy.log if "alt=media" in line]
    proxy.log.clear()
    return sorted(urllib.parse.unquote(line.rpartition("/o/")[2]) for line in lines)


def write_snapshot(emulator, bucket, shards=1, size=5, folder="model/"):
    """Writes the files of a snapshot, and others around it."""
    parts = ["index", "meta", *(f"data-{number:05d}-of-{shards:05d}" for number in range(shards))]
    for part in parts:
        emulator.write(bucket, f"{folder}model.ckpt-1.{part}", part[:1].encode() * size)
    for junk in ("model.ckpt-1.junk", "model.ckpt-1.x.meta", "model.ckpt-0.meta", "deep/er"):
        emulator.write(bucket, folder + junk, b"junk" * 100)
    emulator.write(bucket, f"{folder}checkpoint", b'model_checkpoint_path: "/of/them/model.ckpt-1"')
    return [f"{folder}model.ckpt-1.{part}" for part in sorted(parts)]


@pytest.mark.parametrize("where", ["", "/model.ckpt-1", "/model.ckpt-1.meta"])
def test_a_snapshot_is_staged_with_few_requests(where, emulator, faulty_bucket, tmp_path):
    bucket, proxy = faulty_bucket
    names = write_snapshot(emulator, bucket, shards=2)
    staged = staging.stage(f"gs://{bucket}/model{where}", str(tmp_path / "copies"))
    assert staged.path == f"gs://{bucket}/model/model.ckpt-1" and staged.step == 1
    copied = {f"model/{path.name}": path.read_bytes() for path in pathlib.Path(staged.folder).glob("model*")}
    assert copied == {name: emulator.read(bucket, name) for name in names}
    assert len(proxy.log) <= 2 + 1 + len(names)  # of the folder above it and of its own, and `checkpoint`
    assert fetched(proxy) == sorted([*names, *([] if where else ["model/checkpoint"])])


@pytest.mark.parametrize("where", ["", "/model.ckpt-1"])
def test_nothing_of_what_is_too_large_in_sum_is_fetched(where, emulator, faulty_bucket, tmp_path):
    bucket, proxy = faulty_bucket
    write_snapshot(emulator, bucket, shards=20)
    limits = staging.SizeLimits(data=99)
    with pytest.raises(ContractError, match="the .data files of model.ckpt-1 are too large"):
        staging.stage(f"gs://{bucket}/model{where}", str(tmp_path / "copies"), limits)
    assert [name for name in fetched(proxy) if "ckpt" in name] == []
    staging.stage(f"gs://{bucket}/model{where}", str(tmp_path / "copies"), staging.SizeLimits(data=100))


def test_what_is_fetched_is_what_was_checked(emulator, bucket, tmp_path):
    """A snapshot that grows in between is listed and checked again."""
    write_snapshot(emulator, bucket)
    limits, folder, checked = staging.SizeLimits(meta=5), f"gs://{bucket}/model", []

    def growing(listed):
        checked.append(sum(entry.size for entry in listed.files.values()))
        if len(checked) == 1:
            write_snapshot(emulator, bucket, size=50)

    found = checkpoint_files.latest_snapshot(folder, growing)
    assert checked == [15, 150] and os.path.getsize(found.prefix + ".meta") == 50
    with pytest.raises(ContractError, match="too large"):
        staging.stage(folder, str(tmp_path / "copies"), limits)


@pytest.mark.parametrize("content", [b"", b"#" * (2**20 + 1), b'model_checkpoint_path: "../model.ckpt-1"'])
def test_a_pointer_in_a_bucket_names_a_snapshot(content, emulator, bucket, tmp_path):
    write_snapshot(emulator, bucket)
    emulator.write(bucket, "model/checkpoint", content)
    with pytest.raises(ContractError, match="names no snapshot in its folder"):
        staging.stage(f"gs://{bucket}/model", str(tmp_path / "copies"))
    assert checkpoint_files.latest_snapshot(f"gs://{bucket}/model").step == 1
