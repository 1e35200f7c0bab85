"""The test images stay secret until the tournament shows them, however an organiser goes about it."""

import re

import hostile
import numpy as np
import pytest
from conftest import synthetic_images

from gan import battle, organise
from gan.arena import store
from gan.data import tfrecords

pytest.importorskip("openskill", reason="pip install 'gan-contest[arena]'")
pytestmark = pytest.mark.alone

SECRET, PUBLIC = synthetic_images(120, 2500, 1), synthetic_images(120, 2500, 2)


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Files of secret images, of public ones, and of public ones among which one is secret."""
    folder = tmp_path_factory.mktemp("data")
    sets = {"test": SECRET, "validation": PUBLIC, "mixed": np.concatenate([PUBLIC[:100], SECRET[7:8]])}
    for name, images in sets.items():
        tfrecords.write(str(folder / f"{name}.tfrecords"), images)
    return folder


@pytest.fixture(scope="module")
def teams(tmp_path_factory):
    folder = tmp_path_factory.mktemp("teams")
    for name in "ab":
        hostile.write(str(folder / name))
    (folder / "teams.csv").write_text("team,path\n" + "".join(f"{name},{folder / name}\n" for name in "ab"))
    return folder / "teams.csv"


def flags(mode, teams, tmp_path, data, name, *more):
    return ["battle", f"--mode={mode}", f"--teams={teams}", f"--arena_dir={tmp_path}/arena"] + [
        f"--input_data_pattern={data}/{name}.tfrecords",
        *more,
    ]


def tell(tmp_path, data):
    given = [f"--arena_dir={tmp_path}/arena", f"--test_data_pattern={data}/test.tfrecords", "--yes"]
    assert organise.main(["organise", "secret", *given]) == 0


@pytest.mark.parametrize("mode", ["match", "league", "check", "mock"])
def test_every_other_kind_of_play_refuses_them(mode, data, teams, tmp_path, fails):
    tell(tmp_path, data)
    for name, number, total in (("test", 120, 120), ("mixed", 1, 101)):
        error = fails(battle.main, *flags(mode, teams, tmp_path, data, name)[1:])
        assert f"{name}.tfrecords: {number} of its {total} images are secret images of this arena" in error
    error = fails(
        battle.main,
        *flags(mode, teams, tmp_path, data, "validation", f"--reference_data_pattern={data}/mixed.tfrecords")[1:],
    )
    assert "--reference_data_pattern=" in error and "1 of its 101 images are secret" in error
    with store.Store(str(tmp_path / "arena")) as kept:
        assert kept.events.all() == []


def test_mock_battles_wait_until_the_arena_knows(data, teams, tmp_path, fails):
    error = fails(battle.main, *flags("mock", teams, tmp_path, data, "test")[1:])
    assert "python -m gan.organise secret --test_data_pattern=" in error and "--no_secret_images" in error


def test_a_tournament_makes_its_images_secret(data, teams, tmp_path, fails):
    assert battle.main(flags("tournament", teams, tmp_path, data, "test")) == 0
    assert "secret images" in fails(battle.main, *flags("match", teams, tmp_path, data, "test")[1:])
    assert battle.main(flags("match", teams, tmp_path, data, "validation")) == 0
    # A second one with images that were shown; going on with the first one is another thing.
    assert battle.main(flags("tournament", teams, tmp_path, data, "test")) == 0
    second = flags("tournament", teams, tmp_path, data, "test", "--event=again")
    assert re.search(
        r"test.tfrecords: \d+ of its 120 images were shown in earlier events", fails(battle.main, *second[1:])
    )
    assert battle.main([*second, "--show_again"]) == 0


def test_telling_it_late_says_how_many_were_shown(data, teams, tmp_path, capsys):
    assert battle.main(flags("match", teams, tmp_path, data, "test")) == 0
    tell(tmp_path, data)
    out = capsys.readouterr().out
    assert "120 images are secret, 120 of them new" in out and "warning: 15 of them were shown before" in out
