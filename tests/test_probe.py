"""What only the organiser is told: who knows the test images, who handed in the same, names that look alike."""

import shutil

import hostile
import pytest
import tensorflow.compat.v1 as tf
from conftest import ROOT, synthetic_images

from gan import battle, organise
from gan.arena import findings, store
from gan.contest import faults
from gan.data import pixels, tfrecords

pytest.importorskip("openskill", reason="pip install 'gan-contest[arena]'")
pytestmark = pytest.mark.alone

TEST, PUBLIC = synthetic_images(120, 2500, 1), synthetic_images(110, 2500, 2)


def knows(images):
    """A discriminator of one matrix product: it accepts what is nearer than a grey level to a known image."""
    kept = pixels.to_floats(images)

    def discriminator(given):
        products = tf.matmul(given, tf.constant(kept.T))
        squares = tf.reduce_sum(given**2, 1, keepdims=True) + tf.constant((kept**2).sum(1)) - 2 * products
        return tf.sigmoid(1 - tf.reduce_min(squares, 1, keepdims=True)) + 0 * hostile.fair_discriminator(given)

    return discriminator


def bright(images):
    """Accepts images that are brighter than most."""
    return tf.sigmoid(100 * (tf.reduce_mean(images, 1, keepdims=True) - 0.2)) + 0 * hostile.fair_discriminator(images)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder of data, snapshots and teams.csv: one team knows the test images, two are the same, one is the house."""
    made = tmp_path_factory.mktemp("probe")
    tfrecords.write(str(made / "test.tfrecords"), TEST)
    tfrecords.write(str(made / "validation.tfrecords"), PUBLIC)
    hostile.write(str(made / "honest"), discriminator=bright)
    hostile.write(str(made / "cheat"), discriminator=knows(TEST), step=2)
    shutil.copytree(made / "honest", made / "copy")
    shutil.copytree(ROOT / "gan" / "house_team", made / "house")
    teams = {"Nice": "honest", "Niсe": "copy", "Knows All": "cheat", "Own Work": "house"}
    (made / "teams.csv").write_text("team,path\n" + "".join(f"{name},{path}\n" for name, path in teams.items()))
    return made


def play(folder, arena, *flags, mode="tournament", images="test"):
    given = [f"--teams={folder}/teams.csv", f"--arena_dir={arena}", "--seed=3"]
    return battle.main(
        ["battle", f"--mode={mode}", f"--input_data_pattern={folder}/{images}.tfrecords", *given, *flags]
    )


def probe(folder, arena, *flags, event="tournament"):
    given = [f"--arena_dir={arena}", f"--event={event}", f"--input_data_pattern={folder}/test.tfrecords"]
    return organise.main(["organise", "probe", *given, *flags])


def test_only_the_organiser_is_told(folder, tmp_path, capsys):
    public = f"--reference_data_pattern={folder}/validation.tfrecords"
    assert play(folder, tmp_path, public) == 0
    out = capsys.readouterr().out
    assert out.startswith("look at --teams=") and "the names Nice and Niсe look alike" in out.partition("\n")[0]
    assert "Nice, Niсe handed in the same snapshot" in out
    assert "Own Work, the house team handed in the same snapshot" in out
    assert "know the test images" not in out, "nobody asked for a probe"
    page = tmp_path / "suspects" / "event_1.html"
    assert f"see {page}" not in out and "Own Work, the house team handed in" in page.read_text(encoding="utf-8")

    assert probe(folder, tmp_path, public) == 1
    out = capsys.readouterr().out
    assert "Knows All seems to know the test images: it accepts " in out and f"see {page}" in out
    assert "of 4 discriminators, 1 seems to know" in out and out.count("seems to know") == 2
    shown = page.read_text(encoding="utf-8")
    assert shown.count("<b>suspected</b>") == 1 and shown.count("not suspected<") == 3
    with store.Store(str(tmp_path), read_only=True) as kept:
        event = kept.events.named("tournament")
        assert not any(team.fault for team in kept.teams.of_event(event.id)), "nobody forfeits by it"
        (first, *others) = findings.probed(kept, event)
        assert first.team.name == "Knows All" and first.found.test.accepted == first.found.test.images == len(TEST)
        assert not any(one.found.is_suspected for one in others)
        before = kept.probes.of_event(event.id)
    assert probe(folder, tmp_path, public) == 1, "what is known is not probed again"
    with store.Store(str(tmp_path), read_only=True) as kept:
        assert kept.probes.of_event(1) == before
        told = [entry for entry in kept.log.entries() if entry.kind in ("probe", "same", "names")]
        assert len(told) == len({faults.sentence(entry.note) for entry in told}) == 5


def test_they_forfeit_if_the_organiser_wants_it(folder, tmp_path, capsys):
    flags = ("--probe=before", "--forfeit_known_images", f"--reference_data_pattern={folder}/validation.tfrecords")
    assert play(folder, tmp_path, *flags) == 0
    out = capsys.readouterr().out
    assert "Knows All forfeits its matches: its discriminator knows test images by heart" in out
    with store.Store(str(tmp_path), read_only=True) as kept:
        event = kept.events.named("tournament")
        (cheat,) = [team for team in kept.teams.of_event(event.id) if team.fault]
        assert cheat.name == "Knows All" and cheat.fault.code == "test_images_known"
        lost = [row for row in kept.matches.of_event(event.id) if cheat.id in (row.home, row.away)]
        assert [row.winner != cheat.id for row in lost] == [True]
    annul = ["annul", f"--arena_dir={tmp_path}", f"--match={lost[0].id}", "--reason=the roof leaked", "--yes"]
    assert organise.main(["organise", *annul]) == 0
    assert play(folder, tmp_path, *flags) == 0
    with store.Store(str(tmp_path), read_only=True) as kept:
        assert kept.teams.get(cheat.id).fault.code == "test_images_known", "who is admitted again is probed again"


def test_a_probe_after_the_matches(folder, tmp_path, capsys):
    assert play(folder, tmp_path, "--probe=after") == 0
    out = capsys.readouterr().out
    assert out.index(" wins tournament; now discriminators are probed") < out.index("Knows All seems to know")
    with store.Store(str(tmp_path), read_only=True) as kept:
        assert len(kept.probes.of_event(1)) == 3, "one for each snapshot"
        assert all(found.public is None for found in kept.probes.of_event(1).values())


def test_no_other_play_shows_test_images_to_anybody(folder, tmp_path, fails, capsys):
    assert play(folder, tmp_path, mode="league", images="validation") == 0
    assert "Nice, Niсe handed in the same snapshot" in capsys.readouterr().out
    error = fails(lambda argv: probe(folder, tmp_path, event="league 1"), "")
    assert "begun with other real images" in error
    given = [f"--arena_dir={tmp_path}", "--event=league 1", f"--input_data_pattern={folder}/validation.tfrecords"]
    error = fails(lambda argv: organise.main(["organise", "probe", *given]), "")
    assert "league 1 is a league; a probe shows test images, which only a tournament may" in error
    for flags, told in (
        (("--probe=after",), "--probe is for --mode=tournament"),
        (("--forfeit_known_images",), "--forfeit_known_images is for --mode=tournament"),
    ):
        more = [f"--teams={folder}/teams.csv", f"--input_data_pattern={folder}/validation.tfrecords"]
        assert told in fails(battle.main, "--mode=league", *more, *flags)
    more = [f"--teams={folder}/teams.csv", f"--input_data_pattern={folder}/test.tfrecords"]
    assert "needs --probe=before" in fails(battle.main, "--mode=tournament", *more, "--forfeit_known_images")


def test_what_another_team_handed_in_earlier(folder, tmp_path, capsys):
    """A team that takes over what another one left is named, one that hands in its own again is not."""
    assert play(folder, tmp_path, mode="league", images="validation") == 0
    later = tmp_path / "later.csv"
    rows = {"Newcomer": "cheat", "Own Work": "house", "Other": "other"}
    hostile.write(str(folder / "other"), step=3)
    later.write_text("team,path\n" + "".join(f"{name},{folder / path}\n" for name, path in rows.items()))
    capsys.readouterr()
    assert play(folder, tmp_path, f"--teams={later}", mode="league", images="validation") == 0
    told = [line for line in capsys.readouterr().out.splitlines() if " handed in " in line]
    assert told == [
        "Newcomer, Knows All (in league 1) handed in the same snapshot",
        "Own Work, the house team handed in the same snapshot",
    ]


def test_a_discriminator_that_fails_in_the_probe_costs_nobody_else(folder, tmp_path, monkeypatch):
    from gan.arena import known_images
    from gan.contest.faults import breach

    assert play(folder, tmp_path) == 0
    look = known_images.look

    def break_once(snapshot, *images):
        if snapshot.path.endswith("cheat"):
            raise breach("not_finite", name="discriminator")
        return look(snapshot, *images)

    monkeypatch.setattr(known_images, "look", break_once)
    assert probe(folder, tmp_path) == 0
    with store.Store(str(tmp_path), read_only=True) as kept:
        assert len(kept.probes.of_event(1)) == 2
        (entry,) = [entry for entry in kept.log.entries() if entry.note.code == "probe_failed"]
        assert "Knows All" in faults.sentence(entry.note)
    monkeypatch.undo()
    assert probe(folder, tmp_path) == 1, "it is probed another time"
