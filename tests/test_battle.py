"""Whole battles by the command: tournaments with hostile teams, kills, holds, fairness."""

import contextlib
import os
import pathlib
import random
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from itertools import combinations

import arena_data
import hostile
import numpy as np
import pytest
import tensorflow.compat.v1 as tf
from conftest import synthetic_images

from gan import battle, organise
from gan.arena import arena, events, match, open_snapshots, schema, snapshot_copies, store, teams
from gan.console.errors import ContractError, HostError, NoPermission
from gan.contest import faults, rules
from gan.data import pixels, tfrecords
from gan.random_noise_generator import Use, uniform_noise
from gan.sandbox import sandbox, staging

pytestmark = pytest.mark.alone

pytest.importorskip("openskill", reason="pip install 'gan-contest[arena]'")

KILLS = int(os.environ.get("GAN_KILLS", "3"))
KILLED_SEED = 7  # of a tournament without a tie, which measured times would decide
MATCHES = int(os.environ.get("GAN_FAIR_MATCHES", "60"))


def judge(sharpness):
    """A discriminator that tells blobs from noise: real images have smooth neighbours."""

    def discriminator(images):
        x = tf.reshape(images, [-1, 50, 50])
        rough = tf.reduce_mean(tf.abs(x[:, 1:] - x[:, :-1]), [1, 2])[:, None]
        return tf.sigmoid(sharpness * (0.1 - rough)) + 0 * hostile.fair_discriminator(images)

    return discriminator


def drawer(smoothness):
    """A generator whose noise is the smoother, the harder it is to tell."""

    def generator(noise):
        x = tf.image.resize_bilinear(tf.reshape(noise, [-1, 10, 10, 1]), [50, 50])
        rough = hostile.fair_generator(noise)
        return smoothness * tf.reshape(tf.sigmoid(x), [-1, 2500]) + (1 - smoothness) * rough

    return generator


@pytest.fixture(scope="module")
def guests(tmp_path_factory):
    """Folders of nine fair teams, with weights drawn at random."""
    folder = tmp_path_factory.mktemp("guests")
    for number in range(9):
        hostile.write(str(folder / f"team{number}"), step=10 + number)
    return [str(folder / f"team{number}") for number in range(9)]


@pytest.fixture(scope="module")
def graded(tmp_path_factory):
    """Folders of a weak, a middle and a strong team."""
    folder = tmp_path_factory.mktemp("graded")
    for number, strength in enumerate((0, 0.6, 1)):
        hostile.write(str(folder / str(number)), drawer(0.9 * strength), judge(strength * 100))
    return [str(folder / str(number)) for number in range(3)]


def table(path, names):
    """Writes teams.csv."""
    with open(path, "w", encoding="utf-8") as file:
        file.write("team,path\n" + "".join(f'"{name}",{where}\n' for name, where in names.items()))
    return str(path)


def play(*flags, mode="tournament", faces=None, arena_dir=None):
    return battle.main(
        ["battle", f"--mode={mode}", f"--input_data_pattern={faces}", f"--arena_dir={arena_dir}", "--seed=3", *flags]
    )


def told(arena_dir, event="tournament"):
    """Everything that an event brought, but for times: to compare two runs."""
    with store.Store(str(arena_dir), read_only=True) as kept:
        found = kept.events.named(event)
        matches = kept.matches.of_event(found.id)
        return {
            "champion": found.champion,
            "teams": [(t.name, t.seeding, t.snapshot, t.fault) for t in kept.teams.of_event(found.id)],
            "matches": [(m.round, m.position, m.home, m.away, m.winner, m.home_points, m.away_points) for m in matches],
            "half_rounds": [
                (h.number, h.played.seed, h.played.score[:2], *(array.tobytes() for array in h.played.shown))
                for m in matches
                for h in kept.half_rounds.of_match(m.id)
            ],
            "ratings": [(r.name, *r.strength) for r in kept.ratings.all()],
        }


def test_a_tournament_with_hostile_teams(guests, faces, tmp_path, capsys):
    """Each of them forfeits with its reason, and the strongest fair team wins."""
    bad = {name: hostile.SNAPSHOTS[name][1] for name in hostile.SNAPSHOTS}
    spoilt = {
        f"files: {name}": reason for name, (_, reason) in hostile.FILES.items() if not name.startswith("oversized")
    }
    names = {f"fair {number}": where for number, where in enumerate(guests[:6])}
    names |= {"<script>alert(1)</script>": guests[0], "링크": tmp_path / "link", "nobody": tmp_path / "nobody"}
    hostile.build_files("link", tmp_path / "link")
    for name in bad:
        hostile.build(name, tmp_path / name)
        names[name] = tmp_path / name
    for number, name in enumerate(spoilt):
        hostile.build_files(name.removeprefix("files: "), tmp_path / f"files {number}")
        names[name] = tmp_path / f"files {number}"
    listed = table(tmp_path / "teams.csv", names)
    with open(listed, "a") as file:
        file.write(f"FAIR 5,{guests[0]}\nno path,\n")
    limits = ["--open_seconds=6", "--call_seconds=2", "--memory_mb=600", "--forfeit_wrong_names"]
    assert play(f"--teams={listed}", *limits, faces=faces, arena_dir=tmp_path / "arena") == 0
    with store.Store(str(tmp_path / "arena"), read_only=True) as kept:
        event = kept.events.named("tournament")
        found = {team.name: team for team in kept.teams.of_event(event.id)}
        champion = next(name for name, team in found.items() if team.id == event.champion)
        for name, reason in {**bad, **spoilt}.items():
            told = faults.sentence(found[name].fault)
            assert re.search(reason, told), told
            assert str(tmp_path) not in told
            assert not hostile.wrote(names[name])
        assert "is a link" in faults.sentence(found["링크"].fault)
        assert "no such folder" in faults.sentence(found["nobody"].fault)
        assert len(found) == len(names) + 2
        assert sum(team.fault is not None for team in found.values()) == len(bad) + len(spoilt) + 4
        assert found["<script>alert(1)</script>"].fault is None
        for row in kept.matches.of_event(event.id):
            losers = [t for t in found.values() if t.id in (row.home, row.away) and t.fault and t.id != row.winner]
            if losers and row.away is not None:
                assert row.rule in (rules.FORFEIT, rules.BOTH_FAILED), row
    out = capsys.readouterr().out
    assert f"{champion} wins tournament" in out and "Final" in out
    # Who wins is who would have won had none of them handed in anything.
    absent = {name: "" if found[name].fault else where for name, where in names.items()}
    listed = table(tmp_path / "absent.csv", absent)
    with open(listed, "a") as file:
        file.write("FAIR 5,\nno path,\n")
    assert play(f"--teams={listed}", *limits, faces=faces, arena_dir=tmp_path / "without") == 0
    assert f"{champion} wins tournament" in capsys.readouterr().out


def test_kills(guests, faces, tmp_path):
    """SIGKILL at random moments: the same table as without."""
    names = {f"team {number}": guests[number] for number in range(9)}
    listed = table(tmp_path / "teams.csv", names)
    begun = time.monotonic()
    command = [sys.executable, "-m", "gan.battle", "--mode=tournament", f"--teams={listed}", f"--seed={KILLED_SEED}"]
    command += [f"--input_data_pattern={faces}"]
    subprocess.run([*command, f"--arena_dir={tmp_path}/whole"], check=True, capture_output=True)
    with store.Store(f"{tmp_path}/whole", read_only=True) as kept:
        assert rules.BY_TIME not in {row.rule for row in kept.matches.all()}, (
            "times differ from run to run; take another seed"
        )
    took, draw, killed, hit = time.monotonic() - begun, random.Random(4), 0, False
    while killed < KILLS:
        process = subprocess.Popen([*command, f"--arena_dir={tmp_path}/killed"], stdout=subprocess.DEVNULL)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(draw.uniform(0.3, 1) * took)
        process.send_signal(signal.SIGKILL)
        process.wait()
        killed, hit = killed + 1, hit or process.returncode == -signal.SIGKILL
    assert hit
    done = subprocess.run([*command, f"--arena_dir={tmp_path}/killed"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert told(tmp_path / "killed") == told(tmp_path / "whole")


def test_a_league_and_its_table(guests, faces, tmp_path, capsys):
    listed = table(tmp_path / "teams.csv", {name: guests[number] for number, name in enumerate("abcd")})
    assert play(f"--teams={listed}", mode="league", faces=faces, arena_dir=tmp_path / "arena") == 0
    out = capsys.readouterr().out
    with store.Store(str(tmp_path / "arena"), read_only=True) as kept:
        matches, event = kept.matches.all(), kept.events.named("league 1")
        names = {team.id: team.name for team in kept.teams.of_event(event.id)}
        assert {frozenset((row.home, row.away)) for row in matches} == set(map(frozenset, combinations(names, 2)))
        wins = Counter(names[row.winner] for row in matches)
        assert set(kept.ratings.latest()) == set("abcd")
    lines = [line.split() for line in out.splitlines() if re.match(r" *\d\. ", line)]
    assert [wins[line[1]] for line in lines] == sorted(wins[name] for name in "abcd")[::-1]
    assert all([int(part) for part in line[2:5]] == [wins[line[1]], 0, 3 - wins[line[1]]] for line in lines)
    assert lines[0][1] == names[event.champion] and f"{names[event.champion]} wins league 1" in out


def test_a_match_and_a_check(graded, faces, tmp_path, capsys):
    given = dict(faces=faces, arena_dir=tmp_path / "arena")
    assert play(f"--snapshots=a={graded[0]},b={graded[2]}", "--num_rounds=2", mode="match", **given) == 0
    assert "b wins" in capsys.readouterr().out
    assert play(f"--snapshots={graded[2]}", mode="check", **given) == 0
    assert "can take part" in capsys.readouterr().out
    with store.Store(str(tmp_path / "arena"), read_only=True) as kept:
        assert [event.name for event in kept.events.all()] == ["match 1", "check 1"]
        first, second = kept.matches.all()
        halves = kept.half_rounds.of_match(first.id)
        assert [half.number for half in halves] == [0, 1, 2, 3] and second.home == second.away
        sets = [
            {image.tobytes() for image in half.played.shown.images[half.played.shown.truth == 1]} for half in halves
        ]
        assert sets[0] == sets[1] and sets[2] == sets[3], "the sides of a round judged different real images"
        assert len(sets[0]) == len(sets[2]) == 15 and not sets[0] & sets[2], "two rounds showed the same real image"
        for half in halves:
            _, truth, probabilities = half.played.shown
            assert truth.sum() == 15 and half.played.score.points == ((probabilities > 0.5) == truth).sum()


def test_the_same_command_again_and_another(guests, faces, tmp_path, capsys, fails):
    listed = table(tmp_path / "teams.csv", {"a": guests[0], "b": guests[5]})
    given = dict(faces=faces, arena_dir=tmp_path / "arena")
    assert play(f"--teams={listed}", **given) == 0
    before = told(tmp_path / "arena")
    assert play(f"--teams={listed}", **given) == 0
    assert told(tmp_path / "arena") == before and "is over" in capsys.readouterr().out
    listed = table(tmp_path / "others.csv", {"a": guests[0], "c": guests[5]})
    flags = [f"--teams={listed}", f"--input_data_pattern={faces}", f"--arena_dir={tmp_path}/arena"]
    assert "--event" in fails(battle.main, "--mode=tournament", *flags)


def test_this_machine_s_faults(guests, faces, tmp_path, monkeypatch, capsys):
    """One failure is tried again; three hold the match, the others go on, and the same command mends it."""
    listed = table(tmp_path / "teams.csv", {f"team {number}": guests[number] for number in range(4)})
    given = dict(faces=faces, arena_dir=tmp_path / "arena")
    generate, calls = sandbox.SandboxedSnapshot.generate, []

    def fail_sometimes(cell, *arguments, **options):
        calls.append(cell.staged.digest)
        played = len(calls) - 5  # without the fingerprints of four teams and the house team
        if played == 3 or (cell.path == guests[2] and played > 6):
            raise HostError("the roof leaks")
        return generate(cell, *arguments, **options)

    monkeypatch.setattr(sandbox.SandboxedSnapshot, "generate", fail_sometimes)
    monkeypatch.setattr(open_snapshots, "PAUSES", (0, 0, 0))
    assert play(f"--teams={listed}", **given) == 1
    out = capsys.readouterr().out
    assert "is held: the roof leaks" in out
    with store.Store(str(tmp_path / "arena"), read_only=True) as kept:
        states = [row.status for row in kept.matches.all()]
        assert states.count(schema.HELD) == 1 and schema.DONE in states
        assert sum(entry.kind == "host" for entry in kept.log.entries()) == 4
    monkeypatch.undo()
    assert play(f"--teams={listed}", **given) == 0
    assert told(tmp_path / "arena")["champion"] is not None


def test_copies_of_training_images(faces, guests, tmp_path, capsys):
    """A generator that knows training images by heart is found out, and fails where the organiser wants it."""
    known = synthetic_images(96, 2500, seed=5)
    tfrecords.write(str(tmp_path / "train.tfrecords"), known)
    remembered = pixels.to_floats(known[:20])

    def copier(noise):
        weights = tf.nn.softmax(1000 * noise[:, :20])
        return tf.matmul(weights, tf.constant(remembered)) + 0 * hostile.fair_generator(noise)

    hostile.write(str(tmp_path / "copier"), copier, judge(100))
    given = dict(faces=faces, arena_dir=tmp_path / "arena", mode="match")
    flags = [
        f"--snapshots=copier={tmp_path}/copier,honest={guests[5]}",
        f"--train_data_pattern={tmp_path}/train.tfrecords",
    ]
    assert play(*flags, **given) == 0
    told_of, page = re.search(r"(\d+) images of copier look copied .* see (\S+)", capsys.readouterr().out).groups()
    shown = pathlib.Path(page).read_text(encoding="utf-8")
    assert "copier: " + told_of in shown and "honest" not in shown and shown.count("<figure>") == int(told_of)
    assert play(*flags, "--forfeit_copies", "--event=again", **given) == 0
    with store.Store(str(tmp_path / "arena"), read_only=True) as kept:
        first, second = kept.matches.all()
        team = kept.teams.of_event(kept.events.named("match 1").id)
        assert {suspect.team for suspect in kept.suspects.of_event(kept.events.named("match 1").id)} == {team[0].id}
        half = kept.half_rounds.of_match(second.id)[0]
        score = half.played.score
        assert score.rule == rules.GENERATOR_FAILED and "copies of training images" in faults.sentence(
            score.generator_fault
        )
        assert score.points == rules.HALF_ROUND_POINTS and len(half.played.shown.images) == 30, "the evidence is kept"
    replay = ["organise", "replay", f"--half_round={half.id}", f"--arena_dir={tmp_path}/arena"]
    assert organise.main([*replay, f"--input_data_pattern={faces}"]) == 0


def test_two_that_cannot_run(guests, faces, tmp_path):
    """Where the one generator fails, the other side's dead discriminator gets nothing."""
    with arena.Arena(str(tmp_path / "arena"), 2500, tfrecords.read_all([faces], 2500)) as opened:
        entries = [teams.Entrant(name, guests[0], 0, None) for name in "ab"]
        event = events.begin(opened, "match", events.MATCH, entries, 5, {"num_rounds": 1})
        arena_data.put_teams(
            opened.store,
            event.id,
            [(name, guests[0], *opened.admissions.admit(name, guests[0], None)) for name in "ab"],
        )
        (copy,) = (tmp_path / "arena" / "snapshots").glob("*/*.meta")
        copy.write_bytes(b"")
        opened.rest()
        events.play(opened, event)
        (row,) = opened.store.matches.of_event(event.id)
        assert (row.home_points, row.away_points, row.rule) == (0, 0, rules.DRAWN_FAILED)
        assert row.winner is None


def test_checks_that_fail(guests, faces, tmp_path, monkeypatch, capsys):
    """A snapshot that is admitted, and fails in play, is told so; and so is a failure of this machine."""
    given = dict(mode="check", faces=faces, arena_dir=tmp_path / "arena")
    monkeypatch.setattr(open_snapshots, "PAUSES", (0, 0, 0))
    generate = sandbox.SandboxedSnapshot.generate

    def failing(error):
        def generate(cell, *arguments, **options):
            raise error

        return generate

    monkeypatch.setattr(sandbox.SandboxedSnapshot, "generate", failing(ContractError("it is asleep")))
    assert play(f"--snapshots={guests[0]}", **given) == 1
    assert "would fail in battle: it is asleep" in capsys.readouterr().out
    monkeypatch.setattr(sandbox.SandboxedSnapshot, "generate", failing(HostError("the roof leaks")))
    assert play(f"--snapshots={guests[0]}", **given) == 1
    assert "could not be checked: the roof leaks" in capsys.readouterr().out
    monkeypatch.setattr(sandbox.SandboxedSnapshot, "generate", generate)
    listed = table(tmp_path / "teams.csv", {"good": guests[0], "gone": tmp_path / "nowhere"})
    assert play(f"--teams={listed}", **given) == 1
    out = capsys.readouterr().out
    assert re.search("good: step 10, can take part", out) and re.search("gone: would forfeit every match", out)


def test_a_path_that_was_wrong(guests, faces, tmp_path):
    """Mended in teams.csv, and the match annulled: the team plays."""
    given = dict(faces=faces, arena_dir=tmp_path / "arena")
    listed = table(tmp_path / "teams.csv", {"a": guests[0], "b": tmp_path / "nowhere"})
    assert play(f"--teams={listed}", **given) == 0
    table(tmp_path / "teams.csv", {"a": guests[0], "b": guests[5]})
    annul = ["organise", "annul", "--match=1", "--reason=typo", "--yes", f"--arena_dir={tmp_path}/arena"]
    assert organise.main(annul) == 0
    assert play(f"--teams={listed}", **given) == 0
    with store.Store(str(tmp_path / "arena"), read_only=True) as kept:
        (row,) = kept.matches.all()
        assert row.rule != rules.FORFEIT and len(kept.half_rounds.of_match(row.id)) == 6
        assert any(entry.kind == "path" for entry in kept.log.entries())


def test_a_name_that_is_too_long(guests, faces, tmp_path, capsys):
    """Told before the event begins; if it has begun, renamed, and played without another forfeit."""
    given, long = dict(faces=faces, arena_dir=tmp_path / "arena"), "x" * 61
    listed = table(tmp_path / "teams.csv", {"a": guests[0], long: guests[5], "A": guests[1]})
    assert play(f"--teams={listed}", mode="league", **given) == 1
    told = capsys.readouterr().err
    assert "the name in line 3 has 61 characters; at most 60 are possible; line 2 has the same name" in told
    assert told.rstrip().endswith("(or give --forfeit_wrong_names: then such a team forfeits its matches)")
    with store.Store(str(tmp_path / "arena"), read_only=True) as kept:
        assert not kept.events.all()
    assert play(f"--teams={listed}", mode="check", **given) == 1  # which tells all that is wrong
    assert "would forfeit every match: the name in line 3 has 61 characters" in capsys.readouterr().out

    listed = table(tmp_path / "teams.csv", {"a": guests[0], long: guests[5]})
    assert play(f"--teams={listed}", "--forfeit_wrong_names", mode="league", **given) == 0
    shown = "x" * 59 + "…"
    rename = ["organise", "rename", f"--team={shown}", "--to=Xenia", "--yes", f"--arena_dir={tmp_path}/arena"]
    annul = ["organise", "annul", "--match=4", "--reason=its name", "--yes", f"--arena_dir={tmp_path}/arena"]
    assert organise.main(annul) == organise.main(rename) == 0
    capsys.readouterr()
    assert play(f"--teams={listed}", mode="league", **given) == 1
    assert "this team is called Xenia now; write that in line 3" in capsys.readouterr().err
    table(tmp_path / "teams.csv", {"a": guests[0], "Xenia": guests[5]})
    assert play(f"--teams={listed}", mode="league", **given) == 0
    with store.Store(str(tmp_path / "arena"), read_only=True) as kept:
        (row,) = kept.matches.of_event(kept.events.named("league 1").id)
        assert row.rule != rules.FORFEIT and len(kept.half_rounds.of_match(row.id)) == 2
        assert set(kept.ratings.latest()) == {"a", "Xenia"}


def test_flags_that_a_mode_does_not_follow(faces, tmp_path, fails):
    flags = [f"--input_data_pattern={faces}", f"--arena_dir={tmp_path}/arena", "--teams=teams.csv"]
    assert "--mode=match" in fails(battle.main, "--mode=league", "--num_rounds=3", *flags)
    assert "--train_data_pattern" in fails(battle.main, "--mode=league", "--forfeit_copies", *flags)
    for given in ("--first_battle=18:00", "--period_minutes=5", "--time_zone=Asia/Tokyo", "--num_battles=2"):
        error = fails(battle.main, "--mode=tournament", given, *flags)
        assert f"{given.partition('=')[0]} is for --mode=mock, not for --mode=tournament" in error
    assert "--seed" in fails(battle.main, "--mode=tournament", "--seed=9223372036854775808", *flags)
    assert "give one of them" in fails(battle.main, "--mode=match", "--snapshots=a,b", *flags)
    assert not (tmp_path / "arena").exists()


@pytest.mark.parametrize("mode", ["annul", "freeze", "thaw", "replay", "disqualify", "log"])
def test_modes_of_an_organiser_say_where_they_went(mode, fails, tmp_path):
    assert f"`python -m gan.organise {mode}`" in fails(battle.main, f"--mode={mode}", f"--arena_dir={tmp_path}")
    (tmp_path / "old.flags").write_text(f"--mode={mode}\n")
    assert f"`python -m gan.organise {mode}`" in fails(battle.main, f"--flagfile={tmp_path}/old.flags")
    organise.main(["organise", mode, "--help"])  # there is such an action


@pytest.mark.parametrize("given", ["--match=3", "--match 3", "--team=x", "--reason=y", "--half_round=7"])
def test_flags_of_an_organiser_say_where_they_went(given, fails, tmp_path):
    assert "is gone: `python -m gan.organise" in fails(battle.main, "--mode=match", *given.split())
    (tmp_path / "old.flags").write_text(given.replace(" ", "=") + "\n")
    assert "is gone: `python -m gan.organise" in fails(battle.main, f"--flagfile={tmp_path}/old.flags")


def test_other_images_than_those_of_the_tournament_do_not_become_secret(guests, faces, tmp_path, fails):
    given = ["--mode=tournament", f"--teams={table(tmp_path / 't.csv', dict(zip('ab', guests)))}"]
    given += [f"--arena_dir={tmp_path}/arena", "--seed=3"]
    assert battle.main(["battle", *given, f"--input_data_pattern={faces}"]) == 0
    tfrecords.write(str(tmp_path / "others.tfrecords"), synthetic_images(96, 2500, seed=9))
    assert "other real images" in fails(battle.main, *given, f"--input_data_pattern={tmp_path}/others.tfrecords")
    with store.Store(str(tmp_path / "arena"), read_only=True) as kept:
        assert kept.secret_images.count() == len(synthetic_images(96, 2500))


def test_other_real_images(guests, faces, tmp_path, fails, capsys):
    given = ["--mode=match", f"--snapshots={guests[0]},{guests[1]}", f"--arena_dir={tmp_path}/arena", "--event=m"]
    assert battle.main(["battle", *given, f"--input_data_pattern={faces}"]) == 0
    tfrecords.write(str(tmp_path / "others.tfrecords"), synthetic_images(64, 2500, seed=9))
    assert "real images" in fails(battle.main, *given, f"--input_data_pattern={tmp_path}/others.tfrecords")
    replay = ["organise", "replay", "--half_round=1", f"--arena_dir={tmp_path}/arena"]
    assert organise.main([*replay, f"--input_data_pattern={faces}"]) == 0
    assert organise.main([*replay, f"--input_data_pattern={tmp_path}/others.tfrecords"]) == 1
    assert "real images" in capsys.readouterr().err


def test_a_closed_bucket_is_its_team_s_fault_where_others_can_be_read(guests, faces, tmp_path, monkeypatch):
    stage = staging.stage

    def staged(path, *others):
        if path == "gs://closed/model":
            raise NoPermission("gs://closed/model: no permission")
        return stage(guests[0] if path == "gs://open/model" else path, *others)

    monkeypatch.setattr(staging, "stage", staged)
    monkeypatch.setattr(open_snapshots, "PAUSES", (0.0, 0.0))
    with arena.Arena(str(tmp_path / "arena"), 2500, tfrecords.read_all([faces], 2500)) as opened:
        closed, there = (teams.Entrant(name, f"gs://{name}/model", 0, None) for name in ("closed", "open"))
        local = teams.Entrant("local", guests[1], 0, None)
        event = events.begin(opened, "first", events.MATCH, [closed, local], 0, {"num_rounds": 1})
        assert events.play(opened, event).held  # this machine may have no right to read any
        event = events.begin(opened, "second", events.MATCH, [closed, there], 0, {"num_rounds": 1})
        assert events.play(opened, event).champion.name == "open"
        out = opened.store.teams.of_event(event.id)[0]
        assert all(part in faults.sentence(out.fault) for part in ("no permission", "let the organiser"))


def test_what_one_event_refuses_stays_for_another(guests, faces, tmp_path, monkeypatch):
    with arena.Arena(str(tmp_path / "arena"), 2500, tfrecords.read_all([faces], 2500)) as opened:
        entries = [teams.Entrant(name, path, 0, None) for name, path in zip("ab", guests)]
        event = events.begin(opened, "first", events.MATCH, entries, 0, {"num_rounds": 1})
        events.play(opened, event)

        def refuse(*_):
            raise ContractError("a", "a limit that is lower now")

        with monkeypatch.context() as lower:
            lower.setattr(opened._open, "open", refuse)
            assert "lower now" in faults.sentence(opened.admissions.admit("a", guests[0], None)[2])
            digest = opened.admissions.admit("c", guests[2], None)[0]
        assert not os.path.exists(os.path.join(opened.folder, snapshot_copies.SNAPSHOTS, digest))
        before, now = opened.replay(1)
        np.testing.assert_array_equal(before.played.shown.images, now.shown.images)


def test_no_bucket_has_such_a_name(guests, faces, tmp_path):
    """It costs that team its match, and nobody else theirs."""
    listed = table(tmp_path / "teams.csv", {"a": "gs://foxes_/model", "b": "gs://<bucket>/model", "c": guests[0]})
    assert play(f"--teams={listed}", faces=faces, arena_dir=tmp_path / "arena") == 0
    with store.Store(str(tmp_path / "arena"), read_only=True) as kept:
        told = {team.name: team.fault and faults.sentence(team.fault) for team in kept.teams.of_event(1)}
        assert kept.events.named("tournament").champion == next(
            team.id for team in kept.teams.of_event(1) if team.name == "c"
        )
    assert "names no bucket" in told["a"] and "names no bucket" in told["b"] and told["c"] is None


def test_fairness(guests, faces, tmp_path):
    """The same snapshot on both sides wins as often on either; of equal points the faster network wins."""

    def slower(noise):
        x = tf.fill([400, 400], 1e-3 + 0 * noise[0, 0])  # what does not depend on the input is computed once
        for _ in range(4):
            x = tf.matmul(x, x)
        return hostile.fair_generator(noise) + 0 * tf.reduce_sum(x)

    hostile.write(str(tmp_path / "slower"), slower, judge(0.0))
    hostile.write(str(tmp_path / "faster"), hostile.fair_generator, judge(0.0))
    real = tfrecords.read_all([faces], 2500)
    with arena.Arena(str(tmp_path / "arena"), 2500, real) as opened:
        same = [teams.Entrant(name, guests[3], 0, None) for name in "ab"]
        home = 0
        for number in range(MATCHES):
            event = events.begin(opened, f"same {number}", events.MATCH, same, number, {"num_rounds": 1})
            home += events.play(opened, event).champion.name == "a"
        deviation = abs(home - MATCHES / 2) / np.sqrt(MATCHES / 4)
        print(f"home won {home} of {MATCHES}")
        assert deviation < 4
        sides = []
        for name in ("slower", "faster"):
            digest = opened.admissions.admit(name, str(tmp_path / name), None)[0]
            team = schema.Team(0, 0, name, "", None, digest, 1, None)
            sides.append(match.Side(name, lambda team=team: opened._open.open_kept(team)))
        faster = 0
        for number in range(MATCHES):
            images = match.EventImages(real, real[:15], rules.VERSION)
            times, _ = match.measure_times(sides, images, (number, 0, 0, 1))
            faster += times.away < times.home
        print(f"the faster one was measured as faster in {faster} of {MATCHES}")
        assert faster >= 0.9 * MATCHES


@pytest.mark.parametrize("stopped_in", [0, 1])
def test_a_tournament_keeps_the_rules_that_it_began_with(stopped_in, graded, faces, tmp_path, monkeypatch, fails):
    class Stop(BaseException):
        """The organiser stops the program to install a newer one."""

    def stop(self, row, *rest):
        if row.round == stopped_in:
            raise Stop
        return finish(self, row, *rest)

    finish = arena.Arena._finish
    flags = ["--teams=" + table(tmp_path / "teams.csv", {f"t{number}": path for number, path in enumerate(graded)})]
    given = {"faces": faces, "arena_dir": tmp_path / "arena"}
    with monkeypatch.context() as stopping:
        stopping.setattr(arena.Arena, "_finish", stop)
        with pytest.raises(Stop):
            play(*flags, **given)
    monkeypatch.setattr(rules, "VERSION", rules.VERSION + 1)
    monkeypatch.setattr(rules, "FINAL_ROUNDS", {**rules.FINAL_ROUNDS, rules.VERSION: 5})
    assert play(*flags, **given) == 0
    with store.Store(str(tmp_path / "arena"), read_only=True) as kept:
        assert [one.num_rounds for one in kept.matches.all() if one.round == 1] == [3]
    few = str(tmp_path / "few.tfrecords")
    tfrecords.write(few, synthetic_images(74, 2500, 9))
    new = [f"--input_data_pattern={few}", f"--arena_dir={tmp_path}/arena", "--event=after", *flags]
    assert "75 are needed" in fails(battle.main, "--mode=tournament", *new)


def test_mistakes(faces, guests, tmp_path, fails):
    data, folder = f"--input_data_pattern={faces}", f"--arena_dir={tmp_path}/arena"
    assert "--mode is needed" in fails(battle.main)
    assert "--input_data_pattern is needed" in fails(battle.main, "--mode=tournament", folder)
    assert "--teams is needed" in fails(battle.main, "--mode=tournament", data, folder)
    assert "in a bucket" in fails(battle.main, "--mode=tournament", data, "--arena_dir=gs://bucket/arena")
    assert "2 to 1024" in fails(
        battle.main, "--mode=tournament", data, folder, f"--teams={table(tmp_path / 't', {'a': 'b'})}"
    )
    assert "a match is for 2 teams, not for 1" in fails(
        battle.main, "--mode=match", f"--snapshots={guests[0]}", data, folder
    )
    assert "no snapshot at" in fails(battle.main, "--mode=check", f"--snapshots={tmp_path}/nowhere", data, folder)
    few = str(tmp_path / "few.tfrecords")
    tfrecords.write(few, synthetic_images(44, 2500))
    both = f"--teams={table(tmp_path / 'u', {'a': guests[0], 'b': guests[1]})}"
    assert "45 are needed" in fails(battle.main, "--mode=tournament", both, f"--input_data_pattern={few}", folder)
    zone = ["--mode=mock", both, data, folder, "--time_zone=Asia/Soul"]
    assert "Asia/Seoul" in fails(battle.main, *zone)


def test_a_check_that_fails(faces, tmp_path, capsys):
    hostile.build("PyFunc", tmp_path / "bad")
    assert play(f"--snapshots={tmp_path}/bad", mode="check", faces=faces, arena_dir=tmp_path / "arena") == 1
    assert "would forfeit every match: the generator uses" in capsys.readouterr().out


def test_a_check_tells_what_opponents_will_find_weak(faces, guests, tmp_path, capsys):
    """The sample networks after a few steps: whoever draws such images convinces weak discriminators only."""
    assert play(f"--snapshots=ours={guests[0]}", mode="check", faces=faces, arena_dir=tmp_path / "arena") == 0
    told = capsys.readouterr().out
    assert "ours: its images" in told and "they will convince weak discriminators only" in told


def test_a_check_tells_how_a_snapshot_is_asked_and_the_log_what_never_runs(faces, tmp_path, capsys):
    hostile.build("ranks the batch", tmp_path / "ranks")
    named = hostile.build("init op", tmp_path / "writes")
    given = {"mode": "check", "faces": faces, "arena_dir": tmp_path / "arena"}
    assert play(f"--snapshots={tmp_path}/ranks,{tmp_path}/writes", **given) == 0
    told = capsys.readouterr().out
    assert told.count("sees each image beside 29 reference images, 15 real ones and 14 of its own generator") == 1
    assert named not in told
    organise.main(["organise", "log", f"--arena_dir={tmp_path}/arena"])
    assert named in capsys.readouterr().out
    assert not hostile.wrote(str(tmp_path / "writes"))


def test_two_at_a_time(guests, faces, tmp_path, fails):
    both = f"--teams={table(tmp_path / 'u', {'a': guests[0], 'b': guests[1]})}"
    with store.Store(str(tmp_path / "arena")):
        flags = ["--mode=tournament", both, f"--input_data_pattern={faces}", f"--arena_dir={tmp_path}/arena"]
        assert "in use" in fails(battle.main, *flags)


def test_the_noise_is_the_contest_s(guests, faces, tmp_path):
    """What a generator is given follows from the seed that is kept, by random_noise_generator."""
    from gan.snapshots.snapshot import Snapshot

    assert play(f"--snapshots=a={guests[4]},b={guests[5]}", mode="match", faces=faces, arena_dir=tmp_path / "a") == 0
    with store.Store(str(tmp_path / "a"), read_only=True) as kept:
        half = kept.half_rounds.of_match(kept.matches.all()[0].id)[0]
    noise = uniform_noise(15, Use.HALF_ROUND_NOISE, half.played.seed)
    expected = pixels.to_bytes(Snapshot(guests[4], 2500).generate(noise))
    shown = half.played.shown.images[half.played.shown.truth == 0]
    assert sorted(map(bytes, expected)) == sorted(map(bytes, shown))
