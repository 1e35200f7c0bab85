"""Files in buckets, against the real emulator."""

import gzip
import os
import pathlib
import urllib.parse

import pytest

from gan.console.errors import ContractError, DataError, StateError, UserError
from gan.sandbox import staging
from gan.snapshots import checkpoint_files
from gan.storage import buckets, cache, files, outputs

pytest_plugins = ["cloud"]


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    """A cache of the test's own."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def test_patterns_match_like_glob_and_files_are_fetched_once(emulator, bucket):
    for name in ("data/train1", "data/train2", "data/test1", "data/train/deep", "train1"):
        emulator.write(bucket, name, name.encode())
    found = cache.find_files(f"gs://{bucket}/data/train*", "flag")
    assert [pathlib.Path(path).read_text() for path in found] == ["data/train1", "data/train2"]
    emulator.delete(bucket, "data/train2")
    emulator.write(bucket, "data/train1", b"changed")
    (again,) = cache.find_files(f"gs://{bucket}/data/train*", "flag")
    assert pathlib.Path(again).read_text() == "changed" and again not in found
    before = os.stat(again).st_mtime_ns
    assert cache.find_files(f"gs://{bucket}/data/train*", "flag") == [again]
    assert os.stat(again).st_mtime_ns == before


def test_what_is_not_there_is_said(emulator, bucket):
    with pytest.raises(DataError, match="--flag=.*no file matches"):
        cache.find_files(f"gs://{bucket}/none*", "flag")
    with pytest.raises(StateError, match="no such bucket"):
        cache.find_files("gs://bucket-of-nobody/x", "flag")
    with pytest.raises(UserError, match="names no bucket"):
        cache.find_files("gs:///x", "flag")
    with pytest.raises(FileNotFoundError):
        files.read(f"gs://{bucket}/none")
    assert files.names(f"gs://{bucket}/none") == []
    buckets.delete(f"gs://{bucket}/none")


def test_bytes_come_back_as_they_went(emulator, bucket, tmp_path):
    large = os.urandom(9 * 2**20)
    (tmp_path / "large").write_bytes(large)
    buckets.upload(str(tmp_path / "large"), f"gs://{bucket}/a/large")
    buckets.write(f"gs://{bucket}/a/small", b"small")
    assert sorted(files.names(f"gs://{bucket}/a")) == ["large", "small"]
    buckets.fetch(f"gs://{bucket}/a/large", str(tmp_path / "back"))
    assert (tmp_path / "back").read_bytes() == large
    assert files.read(f"gs://{bucket}/a/small") == b"small"


def test_passing_faults_are_overcome(emulator, faulty_bucket, tmp_path):
    bucket, proxy = faulty_bucket
    content = os.urandom(2**20)
    (tmp_path / "file").write_bytes(content)
    proxy.fail_next(2)
    proxy.reset_next(1, match="upload")
    buckets.upload(str(tmp_path / "file"), f"gs://{bucket}/file")
    assert emulator.read(bucket, "file") == content
    proxy.fail_next(1)
    proxy.reset_next(1)
    buckets.fetch(f"gs://{bucket}/file", str(tmp_path / "back"))
    assert (tmp_path / "back").read_bytes() == content
    assert proxy.faults >= 3


def test_a_server_that_stays_away_ends_in_a_sentence(faulty_bucket, monkeypatch, tmp_path):
    bucket, proxy = faulty_bucket
    monkeypatch.setattr(buckets, "RETRY_SECONDS", 1)
    proxy.down()
    with pytest.raises(UserError, match="the network or the server failed"):
        buckets.write(f"gs://{bucket}/x", b"x")
    with pytest.raises(UserError, match="everything is kept in"), outputs.output_folder(f"gs://{bucket}/out") as folder:
        open(os.path.join(folder, "result"), "w").close()
    assert os.listdir(folder) == ["result"]


def test_results_are_uploaded_with_what_names_them_last(emulator, bucket):
    with outputs.output_folder(f"gs://{bucket}/out") as folder:
        os.makedirs(os.path.join(folder, "images"))
        for name in ("images/00.png", "truth.csv"):
            with open(os.path.join(folder, name), "w") as file:
                file.write(name)
    assert emulator.names(bucket) == ["out/images/00.png", "out/truth.csv"]
    assert not os.path.exists(folder)
    with pytest.raises(UserError, match="holds files already"):
        files.check_empty(f"gs://{bucket}/out", "output_dir")


def fetched(proxy):
    """Names of the objects whose content was asked for since the last call, sorted."""
    lines = [line.split("?")[0] for line in proxy.log if "alt=media" in line]
    proxy.log.clear()
    return sorted(urllib.parse.unquote(line.rpartition("/o/")[2]) for line in lines)


def contents(folder):
    """Relative name -> content of the files in a folder and the folders in it."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in pathlib.Path(folder).rglob("*.*")}


def test_folders_come_to_disk_as_they_are_and_what_is_there_is_not_fetched_again(emulator, faulty_bucket):
    bucket, proxy = faulty_bucket
    for name in ("in/a.png", "in/x/b.png", "in/x/y/c.png", "in/notes.txt", "inner/d.png", "in/empty/"):
        emulator.write(bucket, name, name.encode())

    def come():
        folder = cache.on_disk(f"gs://{bucket}/in/", lambda name: name.endswith(".png"))
        assert os.path.basename(folder) == "in"
        return contents(folder)

    a, b, c = (name.encode() for name in ("in/a.png", "in/x/b.png", "in/x/y/c.png"))
    assert come() == {"a.png": a, "x/b.png": b, "x/y/c.png": c}
    assert fetched(proxy) == ["in/a.png", "in/x/b.png", "in/x/y/c.png"]
    assert come() == {"a.png": a, "x/b.png": b, "x/y/c.png": c}
    assert fetched(proxy) == []
    emulator.write(bucket, "in/x/b.png", b"changed")
    emulator.delete(bucket, "in/a.png")
    assert come() == {"x/b.png": b"changed", "x/y/c.png": c}
    assert fetched(proxy) == ["in/x/b.png"]
    whole = contents(cache.on_disk(f"gs://{bucket}"))
    assert whole == {
        "in/x/b.png": b"changed",
        "in/x/y/c.png": c,
        "in/notes.txt": b"in/notes.txt",
        "inner/d.png": b"inner/d.png",
    }
    assert fetched(proxy) == ["in/notes.txt", "inner/d.png"]


def test_what_a_fault_left_out_of_a_folder_comes_the_next_time(emulator, faulty_bucket, monkeypatch):
    bucket, proxy = faulty_bucket
    monkeypatch.setattr(buckets, "RETRY_SECONDS", 1)
    names = [f"in/{number}.png" for number in range(20)]
    for name in names:
        emulator.write(bucket, name, name.encode())
    proxy.fail_next(1000, match="15.png")
    with pytest.raises(UserError, match="15.png: the network or the server failed"):
        cache.on_disk(f"gs://{bucket}/in")
    proxy.calm()
    fetched(proxy)
    assert contents(cache.on_disk(f"gs://{bucket}/in")) == {name[3:]: name.encode() for name in names}
    again = fetched(proxy)
    assert "in/15.png" in again and "in/0.png" not in again


@pytest.mark.parametrize("name", ["../x.png", "sub/../../../x.png", "/etc/x.png", "./x.png", "sub//x.png"])
def test_no_name_leads_out_of_the_cache(name, memory_emulator, tmp_path):
    memory_emulator.create_bucket("names")
    memory_emulator.write("names", "in/good.png", b"good")
    memory_emulator.write("names", f"in/{name}", b"evil")
    for look in (
        lambda: cache.on_disk("gs://names/in"),
        lambda: cache.on_disk(f"gs://names/in/{name}"),
        lambda: cache.on_disk(f"gs://names/in/{os.path.dirname(name)}"),
        lambda: cache.find_files(f"gs://names/in/{name}", "flag"),
    ):
        with pytest.raises(DataError, match="cannot be the name of a file on disk"):
            look()
    assert not list(tmp_path.rglob("*.png"))


def test_one_file_is_written_where_it_shall_be(emulator, bucket, tmp_path):
    for path in (str(tmp_path / "a.png"), f"gs://{bucket}/a.png", f"gs://{bucket}/deep/er/a.png"):
        with outputs.output_file(path) as local:
            pathlib.Path(local).write_bytes(b"picture")
        assert files.read(path) == b"picture"
    for path in (f"gs://{bucket}", f"gs://{bucket}/", f"gs://{bucket}/deep/"):
        with pytest.raises(UserError, match="names no file"), outputs.output_file(path):
            pass
    assert emulator.names(bucket) == ["a.png", "deep/er/a.png"]


def test_odd_entries_of_a_folder_are_left_out(tmp_path):
    (tmp_path / "file").write_bytes(b"four")
    (tmp_path / "link").symlink_to("file")
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "gone").symlink_to("nowhere")
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    assert files.entries(str(tmp_path)) == {"file": (4, None), "link": (4, None)}
    assert files.entries(str(tmp_path), "f") == {"file": (4, None)}
    for name in ("link", "loop", "gone", "folder", "pipe"):
        with pytest.raises(OSError, match="it is"):
            files.read_small(str(tmp_path / name), 4)


def test_a_folder_without_end_is_not_listed(emulator, bucket, tmp_path, monkeypatch):
    """A stranger may fill a bucket with millions of files."""
    monkeypatch.setattr(files, "MOST_ENTRIES", 3)
    crowd = tmp_path / "crowd"
    crowd.mkdir()
    for number in range(4):
        assert len(files.names(f"gs://{bucket}/crowd")) == len(files.names(str(crowd))) == number
        buckets.write(f"gs://{bucket}/crowd/{number}", b"x")
        (crowd / str(number)).write_bytes(b"x")
    for folder in (f"gs://{bucket}/crowd", str(crowd)):
        with pytest.raises(StateError, match="more than 3 files"):
            files.names(folder)


def test_no_more_is_read_than_asked_for(emulator, bucket, tmp_path):
    for path in (str(tmp_path / "file"), f"gs://{bucket}/file"):
        with pytest.raises(FileNotFoundError):
            files.read_small(path + ".none", 4)
        for content in (b"", b"four"):
            (tmp_path / "file").write_bytes(content)
            emulator.write(bucket, "file", content)
            assert files.read_small(path, 4) == content
        with pytest.raises(OSError, match="more than 3 bytes"):
            files.read_small(path, 3)


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


def test_what_is_compressed_in_a_bucket_stays_so(emulator, bucket, tmp_path):
    """Else a file that is small there would be large here."""
    write_snapshot(emulator, bucket)
    bomb = emulator.client.bucket(bucket).blob("model/model.ckpt-1.meta")
    bomb.content_encoding = "gzip"
    bomb.upload_from_string(gzip.compress(bytes(10**6)))
    found = checkpoint_files.latest_snapshot(f"gs://{bucket}/model")
    assert os.path.getsize(found.prefix + ".meta") < 10**4


@pytest.mark.parametrize("content", [b"", b"#" * (2**20 + 1), b'model_checkpoint_path: "../model.ckpt-1"'])
def test_a_pointer_in_a_bucket_names_a_snapshot(content, emulator, bucket, tmp_path):
    write_snapshot(emulator, bucket)
    emulator.write(bucket, "model/checkpoint", content)
    with pytest.raises(ContractError, match="names no snapshot in its folder"):
        staging.stage(f"gs://{bucket}/model", str(tmp_path / "copies"))
    assert checkpoint_files.latest_snapshot(f"gs://{bucket}/model").step == 1
