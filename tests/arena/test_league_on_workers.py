"""Leagues on real workers of Dask: the same results as on one machine, whoever is lost, refused or stopped."""

import functools
import os
import signal
import socket
import tempfile

import dask_cluster
import hostile
import pytest
import tensorflow.compat.v1 as tf
from conftest import ROOT, start
from dask_cluster import SECONDS, is_worker, wait_for, workers_of

from gan import battle
from gan.arena import events, store
from gan.contest import rules
from gan.distributed import code_version, snapshot_room, worker_pool
from gan.distributed.snapshot_room import RoomReport

pytest.importorskip("openskill", reason="pip install 'gan-contest[arena]'")
pytest.importorskip("distributed", reason="pip install 'gan-contest[cluster]'")
pytestmark = pytest.mark.alone

FAILS_AT = 2  # place in the noise
JITTER = (5.0, 1.7, 1.2, 1.02)  # of the judgements of each fair team: the last one is nearly always right


def judge(jitter):
    """A discriminator that takes smooth images for real, and errs the more often the larger its jitter is."""

    def judged(images):
        rough = tf.reduce_mean(tf.abs(images[:, 1:] - images[:, :-1]), 1, keepdims=True)
        chance = tf.sin(20 * tf.matmul(images - 0.5, tf.Variable(tf.random_normal([2500, 1], stddev=0.1))))
        return tf.sigmoid(tf.tanh(100 * (0.08 - rough)) + jitter * chance)

    return judged


def fails_in_play(noise):
    """Is not finite for a few inputs, so that it is admitted and fails in some matches."""
    return hostile.fair_generator(noise) / tf.cast(noise[:, FAILS_AT : FAILS_AT + 1] < 0.96, tf.float32)


@pytest.fixture(scope="module")
def teams(tmp_path_factory):
    """teams.csv of six teams: four of different strength, one that fails in some matches, and one that is refused."""
    folder = tmp_path_factory.mktemp("teams")
    for number, jitter in enumerate(JITTER):
        hostile.write(str(folder / f"team{number}"), discriminator=judge(jitter), step=1 + number)
    hostile.write(str(folder / "team4"), fails_in_play, step=1 + len(JITTER))
    hostile.build("PyFunc", folder / "team5")
    listed = folder / "teams.csv"
    listed.write_text("team,path\n" + "".join(f"team {number},team{number}\n" for number in range(6)))
    return str(listed)


def words(teams, faces, arena_dir, *more):
    return [*words_with(seed_without_ties(teams, faces), teams, faces, arena_dir), *more]


def words_with(seed, teams, faces, arena_dir):
    given = [f"--teams={teams}", f"--input_data_pattern={faces}", f"--arena_dir={arena_dir}", f"--seed={seed}"]
    return ["--mode=league", *given]


@functools.cache
def seed_without_ties(teams, faces):
    """A seed with which no match is decided by times, which differ."""
    for seed in range(9, 29):
        with tempfile.TemporaryDirectory() as folder:
            assert battle.main(["battle", *words_with(seed, teams, faces, folder)]) == 0
            with store.Store(folder, read_only=True) as kept:
                matches = kept.matches.of_event(kept.events.named("league 1").id)
                if not are_decided_by_times(matches):
                    return seed
    pytest.fail("ties with every seed")


def are_decided_by_times(matches):
    return any(row.rule in (rules.BY_TIME, rules.TOSS_UP) for row in matches)


@pytest.fixture(scope="module")
def at_home(teams, faces, tmp_path_factory):
    """What the league brings without workers."""
    folder = tmp_path_factory.mktemp("home") / "arena"
    assert battle.main(["battle", *words(teams, faces, folder)]) == 0
    return told(folder)


def told(folder):
    """Everything that a league brought but times: matches by their places, ratings in their order."""
    with store.Store(str(folder), read_only=True) as kept:
        event = kept.events.named("league 1")
        matches = kept.matches.of_event(event.id)
        places = {row.id: (row.round, row.position) for row in matches}
        assert not are_decided_by_times(matches)
        return {
            "champion": event.champion,
            "over": event.finished is not None,
            "matches": [(*row[2:7], *row[7:11], row.home_points, row.away_points) for row in matches],
            "half_rounds": [
                (half.number, half.generator, half.discriminator, half.played.seed, half.played.score.points)
                + tuple(array.tobytes() for array in half.played.shown or ())
                for row in matches
                for half in kept.half_rounds.of_match(row.id)
            ],
            "ratings": [(row.name, places[row.match], *row.strength) for row in kept.ratings.all()],
            "table": [(team.name, standing) for team, standing in events.standings(kept, event)],
        }


def matches_done(folder):
    try:
        with store.Store(str(folder), read_only=True) as kept:
            return sum(row.ended is not None for row in kept.matches.all())
    except store.NotBegun:
        return 0


def test_a_worker_is_killed_and_all_results_are_those_of_one_machine(teams, faces, at_home, tmp_path):
    process = start("battle", *words(teams, faces, tmp_path, "--workers=2"))
    wait_for(lambda: process.poll() is not None or matches_done(tmp_path) >= 2)
    assert process.poll() is None, process.stdout.read()
    os.kill(workers_of(process.pid)[0], signal.SIGKILL)
    printed, _ = process.communicate(timeout=SECONDS)
    assert process.returncode == 0, printed
    assert "is lost or paused; others do its part" in printed and "Traceback" not in printed
    assert told(tmp_path) == at_home


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL], ids=["stopped", "killed"])
def test_the_same_command_goes_on(number, teams, faces, at_home, tmp_path, capsys):
    process = start("battle", *words(teams, faces, tmp_path, "--workers=2"), start_new_session=True)
    wait_for(lambda: process.poll() is not None or matches_done(tmp_path) >= 3)
    assert process.poll() is None, process.stdout.read()
    workers = workers_of(process.pid)
    if number == signal.SIGINT:
        os.killpg(process.pid, number)  # as Ctrl-C in a terminal does
    else:
        process.kill()
    printed, _ = process.communicate(timeout=SECONDS)
    assert process.returncode == (130 if number == signal.SIGINT else -9), printed
    assert "Traceback" not in printed, printed
    wait_for(lambda: not any(map(is_worker, workers)))
    done = matches_done(tmp_path)
    assert 3 <= done < 15
    # Without workers: who played what does not matter.
    assert battle.main(["battle", *words(teams, faces, tmp_path)]) == 0
    assert told(tmp_path) == at_home


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP], ids=["killed", "silent"])
def test_a_scheduler_is_gone_and_the_same_command_goes_on(number, teams, faces, at_home, tmp_path):
    patience = "from gan.distributed import worker_pool\nworker_pool.CONNECT_SECONDS = 10\n"
    (tmp_path / "sitecustomize.py").write_text(patience)
    arena_dir = tmp_path / "arena"
    with dask_cluster.Scheduler(tmp_path) as scheduler:
        scheduler.start_worker()
        given = words(teams, faces, arena_dir, f"--scheduler={scheduler.address}")
        paths = f"{tmp_path}{os.pathsep}{ROOT}"
        process = start("battle", *given, env={**os.environ, "PYTHONPATH": paths})
        wait_for(lambda: process.poll() is not None or matches_done(arena_dir) >= 2)
        assert process.poll() is None, process.stdout.read()
        scheduler.process.send_signal(number)
        printed, _ = process.communicate(timeout=SECONDS)
    assert process.returncode == 1 and "Traceback" not in printed, printed
    assert "the scheduler is gone" in printed and "give the same command again once it is there" in printed
    assert battle.main(["battle", *words(teams, faces, arena_dir)]) == 0
    assert told(arena_dir) == at_home


def test_what_cannot_be_reached_or_is_given_twice_is_one_sentence(teams, faces, tmp_path, fails, monkeypatch):
    monkeypatch.setattr(worker_pool, "CONNECT_SECONDS", 1)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # nobody listens
        where = f"tcp://127.0.0.1:{taken.getsockname()[1]}"
        error = fails(battle.main, *words(teams, faces, tmp_path, f"--scheduler={where}"))
    assert f"--scheduler={where} does not answer" in error and "dask scheduler" in error
    error = fails(battle.main, *words(teams, faces, tmp_path, "--workers=2", f"--scheduler={where}"))
    assert "--workers=2" in error and f"--scheduler={where}" in error and "give one of the two" in error
    error = fails(battle.main, "--mode=match", *words(teams, faces, tmp_path, "--workers=2")[1:])
    assert "--workers is for --mode=league" in error


def test_a_worker_of_another_version_is_refused(teams, faces, tmp_path):
    with dask_cluster.Scheduler(tmp_path) as scheduler:
        scheduler.start_worker("import gan\ngan.__version__ = '1.0.0'\n")
        process = start("battle", *words(teams, faces, tmp_path / "arena", f"--scheduler={scheduler.address}"))
        printed, _ = process.communicate(timeout=SECONDS)
    assert process.returncode == 1 and "Traceback" not in printed, printed
    assert "is refused: it has version 1.0.0 of gan, and this machine 2." in printed
    assert "no worker can take part; the lines above say why" in printed


def test_why_a_worker_is_refused():
    code = code_version.here()
    home = RoomReport(code, ("limits", "root"), {}, "bits")
    assert snapshot_room.why_refused(home, home) is None
    assert "install the same" in snapshot_room.why_refused(home, home._replace(code=code._replace(version="1.9.0")))
    changed = home._replace(code=code._replace(digest="of other networks"))
    assert "its files of gan are not those of this machine" in snapshot_room.why_refused(home, changed)
    weak = home._replace(held=("limits",), missing={"root": "Operation not permitted"})
    assert "as this machine does: root (Operation not permitted)" in snapshot_room.why_refused(home, weak)
    other = home._replace(bits="others")
    assert "--allow_other_bits" in snapshot_room.why_refused(home, other)
    assert snapshot_room.why_refused(home, other, other_bits=True) is None
    stronger = home._replace(held=("limits", "root", "user"))
    assert snapshot_room.why_refused(home, stronger) is None
