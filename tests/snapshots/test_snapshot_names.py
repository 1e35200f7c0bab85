"""Names of files and the file `checkpoint`, as TensorFlow and strangers write them."""

import pytest
import tensorflow.compat.v1 as tf

from gan.snapshots import snapshot_names

NAMES = [
    "model.ckpt-7",
    "gan",
    "my gan v1.2-12",
    "모델-3",
    'a "quoted" one',
    "it's",
    "back\\slash",
    "tab\tname",
    "한\\n글",
]


@pytest.mark.parametrize("name", NAMES)
def test_the_file_checkpoint_is_read_as_tensorflow_writes_it(name, tmp_path):
    for path in (name, f"/home/them/run 1/{name}"):
        tf.train.update_checkpoint_state(str(tmp_path), path, [path])
        written = (tmp_path / "checkpoint").read_bytes()
        assert snapshot_names.named_in(written) == path
        assert name in snapshot_names.last_parts(path)


@pytest.mark.parametrize("name", NAMES)
def test_tensorflow_reads_the_file_checkpoint_as_we_write_it(name, tmp_path):
    (tmp_path / "checkpoint").write_bytes(snapshot_names.pointer_to(["older", name]))
    state = tf.train.get_checkpoint_state(str(tmp_path))
    assert state.model_checkpoint_path == str(tmp_path / name)
    assert list(state.all_model_checkpoint_paths) == [str(tmp_path / "older"), str(tmp_path / name)]


@pytest.mark.parametrize(
    "content, path",
    [
        (b"model_checkpoint_path: 'single'", "single"),
        (b'  model_checkpoint_path:"no space"\n', "no space"),
        (b'model_checkpoint_path: "in " "two"', "in two"),
        (b'model_checkpoint_path: "\\x41\\101\\303\\251"', "AA\u00e9"),
        (b'model_checkpoint_path: "\\377"', "\udcff"),
        (b'all_model_checkpoint_paths: "other"', ""),
        (b'# model_checkpoint_path: "a comment"', ""),
        (b'model_checkpoint_path: "without end', ""),
        (b'model_checkpoint_path: "' + b"\\" * 2**18, ""),
        (b"\xff\0", ""),
    ],
)
def test_what_a_file_checkpoint_names(content, path):
    assert snapshot_names.named_in(content) == path


def parts(name, *shards):
    return [f"{name}.index", f"{name}.meta", *(f"{name}.data-{shard}" for shard in shards)]


def test_which_are_complete():
    one, two = "00000-of-00001", "00001-of-00002"
    whole = {
        "a": parts("a", one),
        "b 2": parts("b 2", "00000-of-00002", two),
        "left over": parts("left over", one, two),  # of another number of shards
        "v1": ["v1", "v1.meta"],
        ".hidden": parts(".hidden", one),
    }
    rest = [
        *parts("no shard"),
        *parts("one of two", two),
        *parts("beyond", "00001-of-00001"),
        "no index.meta",
        "no meta",
        *(f"{part}.part" for part in parts("unfinished", one)),
        *("checkpoint", "checkpoint.meta", "x.part", "x.part.meta", ".", "..meta", "..", "...meta", ".meta", ".index"),
        *parts("x" * 221, one),
        *parts("two\nlines", one),
        *parts("\33[2J", one),
        *parts("\udcff", one),
        *parts("\u202eturned", one),
        *parts("below/it", one),
    ]
    found = snapshot_names.complete([*rest, *(file for files in whole.values() for file in files)])
    assert found == {name: sorted(files) for name, files in whole.items()}
    assert snapshot_names.parts_of("v1", ["v1", "v1.meta", "v1.x"]) == {"v1": "data", "v1.meta": "meta"}
    assert "a" not in snapshot_names.parts_of("a", ["a", *parts("a", one)])


def test_many_names_take_no_time():
    names = [file for number in range(6_600) for file in parts(f"{number}".rjust(200, "x"), "00000-of-00001")]
    assert len(snapshot_names.complete(names)) == 6_600


def test_the_sentence_can_be_shown():
    shown = snapshot_names.choice("/them/\33[2J\n" + "9" * 5000 + "\udcff", "gan")
    assert shown.isprintable() and len(shown) < 300 and shown.encode()
