"""The store: what is written is there, whole, whoever is killed and whoever writes beside it."""

import multiprocessing
import os
import random
import signal
import sqlite3
import subprocess
import sys
import textwrap
import time

import arena_data
import numpy as np
import pytest
from conftest import because

from gan.arena import annulment, database, schema, store
from gan.arena.copy_check import SuspectedCopy
from gan.arena.match_records import MatchPlace
from gan.arena.strength import Strength
from gan.console.errors import StateError
from gan.contest import faults, rules

COLUMNS = {
    "event": "id name mode seed size options frozen begun finished champion rules",
    "team": "id event name path seeding snapshot step fault",
    "match": "id event round position attempt home away num_rounds status winner rule reason home_points away_points "
    "home_seconds away_seconds begun ended",
    "half_round": "id match number generator discriminator seed images truth probabilities points generator_seconds "
    "discriminator_seconds generator_fault discriminator_fault rule played",
    "rating": "id name event match mu sigma at",
    "suspect": "id event team half_round image distance limit_ generated original",
    "log": "id at event match kind note",
}
PLAYED = dict(seed=3, points=20, generator_seconds=0.5, discriminator_seconds=0.25, rule=rules.GUESSED)
FAULTS = dict(generator_fault=None, discriminator_fault=None)


@pytest.fixture
def folder(tmp_path):
    return str(tmp_path / "arena")


@pytest.fixture
def arena(folder):
    with store.Store(folder) as arena:
        yield arena


def begin(arena, mode="tournament", count=2, name="cup"):
    """(store.Event, list of store.Teams)."""
    event = arena.events.begin(name, mode, 7, 4, {"limit": 2.5, "name": "é"})
    return event, arena_data.put_teams(
        arena, event.id, [(f"team {n}", f"path {n}", "ab" * 32, 100, None) for n in range(count)]
    )


def add_half_round(arena, match, number=0, **changes):
    """A half round of two images of four pixels."""
    images, truth = np.arange(8, dtype=np.uint8).reshape(2, 4), np.array([1, 0])
    given = dict(images=images, truth=truth, probabilities=np.array([0.75, 0.1]), **PLAYED, **FAULTS)
    given |= dict(generator=match.home, discriminator=match.away)
    return arena_data.put_half_round(arena, match.id, number, **{**given, **changes})


def play(arena, event, place, home, away, winner):
    match = arena.matches.begin(MatchPlace(event.id, *place), home.id, away.id, 1)
    add_half_round(arena, match)
    ratings = [(team.name, 25.0 + event.id, 8.0) for team in (home, away)]
    return arena_data.finish(arena, match.id, winner.id, rules.BY_POINTS, (0, 20), ratings=ratings)


def test_tables_are_as_agreed(arena):
    for table, columns in COLUMNS.items():
        found = [row[1] for row in sqlite3.connect(arena.path).execute(f"PRAGMA table_info({table})")]
        assert sorted(found) == sorted(columns.split())


def test_everything_comes_back(arena, folder):
    before = time.time()
    event, (first, second) = begin(arena)
    assert arena.events.named("cup") == event and arena.events.named("none") is None
    assert event.options == {"limit": 2.5, "name": "é"} and event.finished is None and event.frozen is False
    assert before <= event.begun <= time.time()
    arena.teams.set_seeding(event.id, {first.id: 2, second.id: 1})
    assert [team.seeding for team in arena.teams.of_event(event.id)] == [2, 1]

    match = arena.matches.begin(MatchPlace(event.id, 0, 0), second.id, first.id, 1)
    assert (match.status, match.attempt, match.home, match.winner, match.ended) == ("playing", 1, second.id, None, None)
    copied = SuspectedCopy(1, 0.5, 1.0, np.arange(4, dtype=np.uint8), np.array([3, 2, 1, 0]))
    played = add_half_round(arena, match, generator=first.id, suspects=[copied])
    failed = dict(images=None, truth=None, probabilities=None, generator_fault=because("NaN"))
    failed |= dict(generator_seconds=None, points=30)
    add_half_round(arena, match, 1, **failed)
    one, other = arena.half_rounds.of_match(match.id)
    assert one.id == played and arena.half_rounds.get(played).played.seed == 3
    images, truth, probabilities = one.played.shown
    np.testing.assert_array_equal(images, np.arange(8).reshape(2, 4))
    np.testing.assert_array_equal(truth, [1, 0])
    np.testing.assert_array_equal(probabilities, np.float32([0.75, 0.1]))
    assert images.dtype == truth.dtype == np.uint8 and probabilities.dtype == np.float32
    assert (other.played.shown, other.played.score.generator_fault) == (None, because("NaN"))
    quick, _ = arena.half_rounds.after(0)
    assert quick.played.shown.images.shape == (2, 0) and quick.played.score == one.played.score
    np.testing.assert_array_equal(quick.played.shown.probabilities, probabilities)
    assert [row.id for row in arena.half_rounds.after(played)] == [other.id]

    done = arena_data.finish(arena, match.id, first.id, rules.BY_TIME, (20, 20), (0.5, 0.25), [("team 0", 26.5, 7.5)])
    assert (done.status, done.winner, done.rule, done.home_points, done.away_seconds) == (
        "done",
        first.id,
        rules.BY_TIME,
        20,
        0.25,
    )
    rating = arena.ratings.latest()["team 0"]
    assert (rating.strength, rating.match, rating.at) == (Strength(26.5, 7.5), match.id, done.ended)
    (suspect,) = arena.suspects.of_event(event.id)
    assert (suspect.team, suspect.half_round, suspect.copy.image) == (first.id, played, 1)
    np.testing.assert_array_equal(suspect.copy.original, [3, 2, 1, 0])
    arena.log.add("note", because("something"), event.id)
    assert [(entry.kind, entry.note) for entry in arena.log.entries(event.id)] == [("note", because("something"))]
    arena.events.set_frozen(event.id, True, "lunch")
    arena.events.finish(event.id, first.id)
    with store.Store(folder, read_only=True) as reader:
        (read,) = reader.events.all()
        assert read.frozen and read.champion == first.id and read.finished > done.ended
        assert (
            reader.matches.of_event(event.id) == [done]
            and faults.sentence(reader.log.entries()[-1].note) == "nothing more is played: lunch"
        )
        with pytest.raises(StateError, match="readonly"):
            reader.log.add("note", because("no"))


def test_names_in_any_script_and_numbers_of_numpy(arena):
    event = arena.events.begin("cup", "mock", np.int64(2**40), 4, {})
    assert event.seed == 2**40
    names = [*arena_data.NAMES, "half a character \ud83d", "nul \0 inside"]
    teams = arena_data.put_teams(arena, event.id, [(name, "p", None, None, None) for name in names])
    assert [team.name for team in teams] == [*arena_data.NAMES, "half a character ?", "nul \0 inside"]
    match = arena.matches.begin(MatchPlace(event.id, 0, 0), teams[0].id, teams[1].id, 1)
    add_half_round(arena, match, points=np.int64(3), generator_seconds=np.float32(0.5))
    (stored,) = arena.half_rounds.of_match(match.id)
    assert (stored.played.score.points, stored.played.score.generator_seconds) == (3, 0.5)


def test_a_match_goes_on_where_it_was(arena):
    event, (first, second) = begin(arena)
    match = arena.matches.begin(MatchPlace(event.id, 0, 0), first.id, second.id, 1)
    add_half_round(arena, match)
    assert arena.matches.begin(MatchPlace(event.id, 0, 0), first.id, second.id, 1) == match
    with pytest.raises(StateError, match="another one"):
        arena.matches.begin(MatchPlace(event.id, 0, 0), second.id, first.id, 1)
    with pytest.raises(StateError, match="UNIQUE"):
        add_half_round(arena, match)
    with pytest.raises(StateError, match="UNIQUE"):
        begin(arena)
    arena_data.finish(arena, match.id, first.id, rules.BY_POINTS, (20, 10))
    assert arena.matches.begin(MatchPlace(event.id, 0, 0), first.id, second.id, 1).status == "done"
    for again in (
        lambda: add_half_round(arena, match, 1),
        lambda: arena_data.finish(arena, match.id, second.id, rules.BY_POINTS, (0, 10)),
        lambda: arena.matches.hold(match.id, because("why")),
    ):
        with pytest.raises(StateError, match="not being played: done"):
            again()
    assert arena.matches.find(match.id).winner == first.id


def test_a_bye(arena):
    event, (first, _) = begin(arena)
    bye = arena.matches.begin(MatchPlace(event.id, 0, 0), first.id, None, 1)
    assert arena.matches.begin(MatchPlace(event.id, 0, 0), first.id, None, 1) == bye
    assert arena_data.finish(arena, bye.id, first.id, rules.BYE, (0, 0)).away is None


def test_held_and_released(arena):
    event, (first, second) = begin(arena)
    match = arena.matches.begin(MatchPlace(event.id, 0, 0), first.id, second.id, 1)
    arena.matches.hold(match.id, because("out of memory"))
    held = arena.matches.begin(MatchPlace(event.id, 0, 0), first.id, second.id, 1)
    assert (held.status, held.reason) == ("held", because("out of memory"))
    with pytest.raises(StateError, match="held"):
        add_half_round(arena, match)
    arena.matches.release(match.id)
    add_half_round(arena, match)
    assert arena.matches.get(match.id).reason is None
    with pytest.raises(StateError):
        arena.matches.release(match.id)
    assert [(entry.kind, entry.match) for entry in arena.log.entries()] == [("held", match.id), ("released", match.id)]


def test_annulled_through_a_bracket(arena):
    """Of eight teams; the match at (0, 2) feeds (1, 1) and (2, 0), and no other."""
    event, teams = begin(arena, count=8)
    rounds = [[(0, 1), (2, 3), (4, 5), (6, 7)], [(0, 2), (4, 6)], [(0, 4)]]
    matches = {
        (round_, position): play(arena, event, (round_, position), teams[home], teams[away], teams[home])
        for round_, pairs in enumerate(rounds)
        for position, (home, away) in enumerate(pairs)
    }
    arena.events.finish(event.id, teams[0].id)
    other, others = begin(arena, "mock", name="mock")
    later = play(arena, other, (0, 0), *others, others[0])
    places = [(0, 2), (1, 1), (2, 0)]

    assert annulment.annul(arena, matches[0, 2].id, "wrong snapshot") == [matches[place].id for place in places]
    for place, match in matches.items():
        now = arena.matches.find(match.id)
        if place in places:
            assert (
                now.status == "annulled"
                and "wrong snapshot" in faults.sentence(now.reason)
                and now.winner
                and now.ended
            )
        else:
            assert now == match
    assert [match.id for match in arena.matches.of_event(event.id)] == [
        match.id for place, match in matches.items() if place not in places
    ]
    assert len(arena.matches.of_event(event.id, with_annulled=True)) == 7
    again = arena.events.all()[0]
    assert (again.champion, again.finished) == (None, None)
    assert [(entry.kind, entry.match) for entry in arena.log.entries(event.id)] == [
        ("annulled", matches[place].id) for place in places
    ]

    unrated = [matches[place].id for place in [(0, 3), (1, 0)]] + [later.id]  # what was rated after (0, 2)
    assert [match.id for match in arena.matches.unrated([rules.BY_POINTS])] == unrated
    assert arena.matches.unrated([rules.BYE]) == []
    assert [row.match for row in arena.ratings.all()] == [matches[0, 0].id] * 2 + [matches[0, 1].id] * 2
    for match in arena.matches.unrated([rules.BY_POINTS]):
        arena.ratings.add(match.id, {"team 0": Strength(30.0, 7.0)})
    assert arena.matches.unrated([rules.BY_POINTS]) == []
    assert arena.ratings.latest()["team 0"].at == later.ended
    assert len(arena.half_rounds.of_match(matches[0, 2].id)) == 1  # a trace of what was played stays

    second = arena.matches.begin(MatchPlace(event.id, 0, 2), teams[4].id, teams[5].id, 1)
    assert second.attempt == 2 and second.id not in [match.id for match in matches.values()]
    with pytest.raises(StateError, match="is annulled already: wrong snapshot"):
        annulment.annul(arena, matches[0, 2].id, "again")
    with pytest.raises(StateError, match="there is no match 999"):
        annulment.annul(arena, 999, "never was")


def test_annulled_in_a_league_leads_nowhere(arena):
    event, teams = begin(arena, "league", count=4)
    first = play(arena, event, (0, 0), teams[0], teams[1], teams[0])
    second = play(arena, event, (1, 0), teams[0], teams[2], teams[0])
    assert annulment.annul(arena, first.id, "why") == [first.id]
    assert arena.matches.find(second.id) == second


def test_one_writes_and_others_read(arena, folder):
    code = f"from gan.arena import store; store.Store({folder!r})"
    refused = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert refused.stderr.strip().splitlines()[-1].endswith("end it (Ctrl-C) and give this command again")
    with pytest.raises(StateError, match="is in use"):
        store.Store(folder)
    with store.Store(folder, read_only=True) as reader:
        version = reader.data_version()
        event, _ = begin(arena)
        assert reader.data_version() != version
        assert reader.events.all() == [event]
        with reader.reading():
            assert len(reader.events.all()) == 1
            begin(arena, name="another")
            assert len(reader.events.all()) == 1  # of one moment
        assert len(reader.events.all()) == 2
    arena.close()
    store.Store(folder).close()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_child_left_running_keeps_nobody_out(folder):
    arena = store.Store(folder)
    child = multiprocessing.get_context("fork").Process(target=time.sleep, args=(60,))
    child.start()
    arena.close()
    store.Store(folder).close()
    child.kill()
    child.join()


def test_a_closed_store_is_one_plain_file(folder):
    with store.Store(folder) as arena:
        begin(arena)
    assert sorted(os.listdir(folder)) == ["arena.lock", "arena.sqlite3"]
    with open(arena.path, "rb") as file:
        assert file.read(20)[18:] == b"\1\1"  # not in WAL mode, whose readers must write beside it


def test_files_that_are_no_store(folder, tmp_path):
    with pytest.raises(store.NotBegun):
        store.Store(folder, read_only=True)
    os.makedirs(folder)
    path = os.path.join(folder, store.FILE)
    open(path, "w").close()
    with pytest.raises(store.NotBegun):
        store.Store(folder, read_only=True)
    with open(path, "w") as file:
        file.write("no database" * 1000)
    for read_only in (False, True):
        with pytest.raises(StateError, match=r"arena\.sqlite3 cannot be used: file is not a database; it is damaged"):
            store.Store(folder, read_only)
    os.remove(path)
    foreign = sqlite3.connect(path)
    foreign.execute("CREATE TABLE things (id)")
    foreign.close()
    with pytest.raises(StateError, match="is not an arena's"):
        store.Store(folder)
    foreign = sqlite3.connect(path)
    foreign.execute(f"PRAGMA user_version = {schema.VERSION + 1}")
    foreign.close()
    for read_only in (False, True):
        with pytest.raises(StateError, match="newer version"):
            store.Store(folder, read_only)
    (tmp_path / "file").write_text("x")
    for nowhere in (str(tmp_path / "file"), "/proc/arena"):
        with pytest.raises(StateError, match="cannot be used"):
            store.Store(nowhere)


def test_a_full_disk_leaves_what_was_there(arena):
    event, (first, second) = begin(arena)
    match = arena.matches.begin(MatchPlace(event.id, 0, 0), first.id, second.id, 1)
    (pages,) = arena._connection.execute("PRAGMA page_count").fetchone()
    arena._connection.execute(f"PRAGMA max_page_count = {pages + 2}")
    noise = np.random.default_rng(0).integers(0, 256, (2, 37500), np.uint8)
    with pytest.raises(StateError, match="full") as full:
        add_half_round(arena, match, images=noise)
    assert "\n" not in str(full.value)
    assert arena.half_rounds.of_match(match.id) == []
    arena._connection.execute(f"PRAGMA max_page_count = {2**30}")
    add_half_round(arena, match, images=noise)
    assert len(arena.half_rounds.of_match(match.id)) == 1


@pytest.mark.parametrize("back, is_waited_for", [(30, True), (3600, False)])
def test_times_go_back_only_if_the_clock_was_wrong(arena, monkeypatch, back, is_waited_for):
    event, _ = begin(arena)
    monkeypatch.setattr(database.time, "time", lambda: event.begun - back)
    arena.log.add("one", because(""))
    arena.log.add("two", because(""))
    one, two = arena.log.entries()
    assert one.at < two.at < event.begun + 1
    assert (event.begun < one.at) == is_waited_for


WRITER = """
    import sys
    import numpy as np
    from gan.arena import store
    from gan.arena.event_records import Admission
    from gan.arena.match_records import MatchPlace
    from gan.arena.strength import Strength
    from gan.contest import rules
    from gan.contest.half_round import JudgedImages, PlayedHalfRound

    random = np.random.default_rng()
    with store.Store(sys.argv[1]) as arena:
        print("open", flush=True)
        event = arena.events.begin(str(len(arena.events.all())), "league", 0, 2500, {})
        home, away = (arena.teams.add(event.id, name, "p", Admission(None, None, None)) for name in "ab")
        for place in range(10**6):
            match = arena.matches.begin(MatchPlace(event.id, 0, place), home.id, away.id, 1)
            for number in range(2):
                images = random.integers(0, 256, (30, 2500), np.uint8)
                shown = JudgedImages(images, np.ones(30), np.full(30, images.mean()))
                score = rules.HalfRoundScore(number, rules.GUESSED, 1.0, 1.0, None, None)
                played = arena.half_rounds.add(
                    match.id, number, (home.id, away.id), PlayedHalfRound(0, score, shown)
                )
                print("half_round", played, flush=True)
            ratings = {"a": Strength(1, 2), "b": Strength(3, 4)}
            arena.matches.finish(match.id, rules.Result((1, 0), rules.HOME, rules.BY_POINTS), ratings=ratings)
            print("match", match.id, flush=True)
"""


def test_killed_at_any_moment(folder):
    pick = random.Random(5)
    told = {"half_round": set(), "match": set()}
    for _ in range(12):
        command = [sys.executable, "-c", textwrap.dedent(WRITER), folder]
        writer = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert writer.stdout.readline() == "open\n"  # nobody keeps it out, though the one before was killed
        time.sleep(pick.uniform(0, 0.4))
        writer.send_signal(signal.SIGKILL)
        for line in writer.communicate()[0].splitlines(keepends=True):
            if line.endswith("\n"):
                kind, id_ = line.split()
                told[kind].add(int(id_))
        check_whole(folder, told)
    assert len(told["half_round"]) > 20 and len(told["match"]) > 10


def check_whole(folder, told):
    """Asserts that all that was told is there, and nothing in parts."""
    with store.Store(folder, read_only=True) as arena:
        assert sqlite3.connect(arena.path).execute("PRAGMA integrity_check").fetchone() == ("ok",)
        half_rounds = {one.id: one for one in arena.half_rounds.after(0)}
        assert told["half_round"] <= set(half_rounds)
        assert told["match"] <= {match.id for match in arena.matches.all(with_annulled=True) if match.status == "done"}
        rated = [row.match for row in arena.ratings.all()]
        for match in arena.matches.all():
            numbers = [one.number for one in half_rounds.values() if one.match == match.id]
            result = match.winner, match.rule, match.home_points, match.ended
            if match.status == "done":
                assert None not in result and numbers == [0, 1] and rated.count(match.id) == 2
            else:
                assert set(result) == {None} and numbers in ([], [0], [0, 1]) and match.id not in rated
        for one in list(half_rounds)[-3:]:
            whole = arena.half_rounds.get(one)
            images, _, probabilities = whole.played.shown
            assert images.shape == (30, 2500)
            assert probabilities == pytest.approx(np.full(30, images.mean()), rel=1e-6)
