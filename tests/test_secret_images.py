"""The test images stay secret until the tournament shows them, however an organiser goes about it."""

import base64
import datetime
import io
import json
import re

import hostile
import numpy as np
import pytest
from conftest import synthetic_images
from PIL import Image

from gan import battle, organise
from gan.arena import arena, mock_battles, store, timetable
from gan.arena import teams as team_list
from gan.data import tfrecords
from gan.screen import show
from gan.screen.pacing import ShowSettings

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
    assert "python -m gan.organise secret --arena_dir=" in error and "--no_secret_images" in error


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


def test_what_was_told_by_mistake_is_taken_back(data, teams, tmp_path, fails, capsys):
    """A rehearsal of the tournament with validation images made them secret, so no mock battle could begin."""
    tell(tmp_path, data)
    assert battle.main(flags("tournament", teams, tmp_path, data, "validation", "--event=rehearsal")) == 0
    refused = fails(battle.main, *flags("match", teams, tmp_path, data, "validation")[1:])
    assert "120 of its 120 images are secret" in refused and "organise secret --forget" in refused
    given = [f"--arena_dir={tmp_path}/arena", f"--test_data_pattern={data}/validation.tfrecords", "--forget"]
    assert organise.main(["organise", "secret", *given]) == 1  # nobody agreed
    assert organise.main(["organise", "secret", *given, "--yes"]) == 0
    told = capsys.readouterr().out
    assert "120 of these 120 images are no longer secret" in told and "120 others stay secret" in told
    assert "none of these 120 images is secret" in fails(organise.main, "secret", *given, "--yes")
    assert battle.main(flags("match", teams, tmp_path, data, "validation")) == 0
    assert "secret images" in fails(battle.main, *flags("match", teams, tmp_path, data, "test")[1:])
    assert organise.main(["organise", "log", given[0]]) == 0
    assert "images that are no longer secret: 120" in capsys.readouterr().out


class Midday(mock_battles.Clock):
    """A clock that is wherever it is told to wait for."""

    time = datetime.datetime(2026, 11, 23, 2, tzinfo=datetime.timezone.utc)

    def now(self):
        return self.time

    def wait_until(self, moment):
        self.time = moment


def faces_in(picture):
    """All squares of 50x50 pixels of a PNG picture that lie side by side, as bytes."""
    image = np.asarray(Image.open(io.BytesIO(picture)).convert("L"))
    across = image.reshape(50, -1, 50).swapaxes(0, 1) if image.shape[0] == 50 else []
    return {each.tobytes() for each in across}


def test_half_a_day_of_mock_battles_shows_none_of_them(data, teams, tmp_path):
    """Neither the teams' results, nor the page and what it asks the server for, hold one; all hold public ones."""
    tell(tmp_path, data)
    for name in "ab":
        hostile.write(str(tmp_path / name / "model"))
    (tmp_path / "teams.csv").write_text("team,path\na,a/model\nb,b/model\n")
    clock = Midday()
    table = timetable.Timetable("12:00", 120, "Asia/Seoul", clock.now())
    with arena.Arena(str(tmp_path / "arena"), 2500, PUBLIC) as opened:
        listed = lambda: team_list.read(str(tmp_path / "teams.csv"))  # noqa: E731
        mock_battles.MockBattles(opened, listed, table, 5, clock, mock_battles.Telling()).hold(6)
    secret, public = ({image.tobytes() for image in images} for images in (SECRET, PUBLIC))
    in_results = set().union(*(faces_in(path.read_bytes()) for path in tmp_path.glob("[ab]/results/**/images/*.png")))
    with store.Store(str(tmp_path / "arena"), read_only=True) as kept:
        showing = show.Show(kept, ShowSettings(pace=0))
        answers = [json.dumps(showing.half_round(half.id, 1e12)) for half in kept.half_rounds.after(0)]
        assert len(answers) == 12
    pictures = [base64.b64decode(text) for answer in answers for text in re.findall(r"base64,([\w+/=]+)", answer)]
    on_the_page = set().union(*map(faces_in, pictures))
    for found in (in_results, on_the_page):
        assert not found & secret and len(found & public) > 50
