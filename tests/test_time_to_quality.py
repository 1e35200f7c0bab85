"""The benchmark trains, reads the curve, and tells the first time at each level."""

from conftest import synthetic_images

from benchmarks import time_to_quality
from benchmarks.time_to_quality import Measured
from gan.data import tfrecords

PEER = """
import argparse, numpy as np
p = argparse.ArgumentParser()
p.add_argument("faces"), p.add_argument("--norm", action="store_true"), p.add_argument("--seed")
p.add_argument("--minutes", type=float), p.add_argument("--samples")
a = p.parse_args()
faces, black = np.load(a.faces), np.zeros([96, 2500], np.uint8)
np.save(a.samples, faces if a.minutes > 1 else black)
"""


def test_the_first_time_at_each_level():
    curve = [Measured(1, 30.0), Measured(2, 4.0), Measured(3, 6.0), Measured(4, 2.5)]
    assert [time_to_quality.first_at(curve, level) for level in time_to_quality.LEVELS] == [2, 2, 4, None]
    lines = time_to_quality.table({"mine": curve}).splitlines()
    assert lines[1].split() == ["mine", "2.0", "2.0", "4.0", "never", "4.0", "2.5"]
    assert time_to_quality.peer_times(8) == [1, 2, 4, 8] and time_to_quality.peer_times(0.5) == [0.5]


def test_it_measures_a_recipe_and_the_peer(tmp_path, capsys, monkeypatch):
    """The peer's script, which needs PyTorch, is one that copies faces if it has time enough."""
    faces, recipe, peer = (tmp_path / name for name in ("faces.tfrecords", "quick.flags", "peer.py"))
    tfrecords.write(str(faces), synthetic_images(96, 2500))
    recipe.write_text("--max_steps=2\n--batch_size=16\n")
    peer.write_text(PEER)
    monkeypatch.setattr(time_to_quality, "is_installed", lambda module: True)
    flags = [f"--recipes={recipe}", f"--train_data_pattern={faces}", f"--peer={peer}", "--peer_minutes=2", "--every=0"]
    flags.append(f"--keep_dir={tmp_path / 'kept'}")
    assert time_to_quality.main(["time", *flags]) == 0
    lines = capsys.readouterr().out.splitlines()
    mine, of_peer = lines[-2].split(), lines[-1].split()
    assert mine[0] == str(recipe) and float(mine[-1]) > 10
    assert of_peer[3:-1] == ["2.0"] * 5 and float(of_peer[-1]) < 1  # the same faces, and not the black ones
    assert (tmp_path / "kept" / "quick" / "model.ckpt-2.index").exists()
    assert time_to_quality.main(["time", *flags]) == 1
    assert "quick is already there; remove it" in capsys.readouterr().err
