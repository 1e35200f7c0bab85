"""Nothing is told before its moment: an audit of all moments of a stored tournament, and of the league after it."""

import itertools
import json
import math
import shutil
import sqlite3

import arena_data
import numpy as np
import pytest
from conftest import because
from show_arena import Clock

from gan.arena import database, store
from gan.screen import merge_patch, records, show
from gan.screen.pacing import ShowSettings

NATURAL = ShowSettings()
LATE = ShowSettings(show_minutes=0.5)  # several faces at a time
SECRETS = '"seed"', "options", "snapshot_path"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A tournament of seven teams, one of which cannot play and one of which fails; a league that is interrupted."""
    folder, clock = tmp_path_factory.mktemp("walk") / "arena", Clock(1000.0)
    with pytest.MonkeyPatch.context() as patched, store.Store(str(folder)) as arena:
        patched.setattr(database, "time", clock)
        for _ in arena_data.play_tournament(arena, [*arena_data.NAMES[2:8], arena_data.GENERATOR_FAILS]):
            clock.now += 0.75
        for _ in itertools.islice(arena_data.play_league(arena, arena_data.many_names(4)), 6):
            clock.now += 0.75
        arena.matches.hold(arena.matches.of_event(2)[-1].id, because("SECRET"))
    return folder


def laid_out(folder, settings):
    """(Moments, all times at which something changes)."""
    with store.Store(str(folder), read_only=True) as source:
        kept = records.Records(source, settings)
        kept.refresh()
        showing, now, times = show.Show(source, settings), 0.0, []
        while (now := showing.next_change(now)) < math.inf:
            times.append(now)
        return kept.moments, times


def answers(folder, settings, now):
    """What every address of the API answers at a moment."""
    with store.Store(str(folder), read_only=True) as source:
        showing = show.Show(source, settings)
        found = {"now": showing.state(now), "ratings": showing.ratings(now), "events": showing.events(now)}
        names = found["teams"] = showing.team_names(now)
        for name in names:
            found[f"teams/{name}"] = showing.team(name, now)
        for id_ in range(1, 40):
            found[f"events/{id_}"] = showing.state_of(id_, now)
            found[f"matches/{id_}"], found[f"replay/{id_}"] = showing.match(id_, now), showing.replay(id_, now)
            found[f"half_rounds/{id_}"] = showing.half_round(id_, now)
        return json.loads(json.dumps(found))


@pytest.mark.parametrize("settings", [NATURAL, LATE, ShowSettings(pace=6)], ids=["natural", "late", "pace"])
def test_all_addresses_answer_as_if_the_rest_had_not_happened(folder, tmp_path, settings):
    """At each moment chosen, all that is not told is deleted, or goes otherwise, in a copy of the store."""
    moments, times = laid_out(folder, settings)
    assert {moment.kind for moment in moments} >= {"event", "half_round", "result", "champion"}
    random = np.random.default_rng(1)
    chosen = [*random.choice(times, 6, replace=False), moments[5].begin, moments[-1].end + 1]
    for now in chosen:
        copy = shutil.copytree(folder, tmp_path / "copy", dirs_exist_ok=True)
        uncovered = answers(folder, settings, now)
        forget(copy / store.FILE, moments, now, uncovered)
        known = answers(copy, settings, now)
        for path in uncovered:
            assert uncovered[path] == known[path], (now, path)
        text = json.dumps(uncovered)
        assert ("SECRET" in text) == (now >= moments[-1].begin)
        assert not [secret for secret in SECRETS if secret in text]


def forget(path, moments, now, uncovered):
    """Takes out of a copy of the store what is not told.

    What has not begun is deleted. Points of half rounds being shown change, and so do the truth and the probabilities
    of their faces that are not told yet, so that they stay in the same order.
    """
    connection = sqlite3.connect(path)
    begun = {kind: {m.id for m in moments if m.kind == kind and m.begin <= now} for kind in ("half_round", "event")}
    told = {kind: {m.id for m in moments if m.kind == kind and m.told <= now} for kind in ("half_round", "result")}
    champions = {m.id for m in moments if m.kind == "champion" and m.told <= now}

    def change(statement, ids):
        connection.execute(f"{statement} ({', '.join(map(str, ids)) or -1})")

    met = {m.id for m in moments if m.kind == "meets" and m.begin <= now}
    # That a match has begun is told before its first face.
    first = f"SELECT id FROM half_round WHERE number = 0 AND match IN ({', '.join(map(str, met)) or -1})"
    begun["half_round"] |= {id_ for (id_,) in connection.execute(first)}
    change("DELETE FROM half_round WHERE id NOT IN", begun["half_round"])
    change("UPDATE half_round SET points = 77 WHERE id NOT IN", told["half_round"])
    for id_ in begun["half_round"] - told["half_round"]:
        cards = (uncovered[f"half_rounds/{id_}"] or {}).get("cards", {}).values()
        hide(connection, id_, {card["place"] for card in cards if "truth" in card})
    change("DELETE FROM rating WHERE match NOT IN", told["result"])
    over = f"SELECT id FROM match WHERE id IN ({', '.join(map(str, told['result'])) or -1})"
    seen = f"SELECT home FROM match WHERE id IN ({over}) UNION SELECT away FROM match WHERE id IN ({over}) AND away"
    played = "SELECT generator FROM half_round UNION SELECT discriminator FROM half_round"
    later = f"id NOT IN ({seen}) AND id IN ({played})"  # what is found when snapshots are opened, is told at once
    change(f"UPDATE team SET fault = NULL WHERE {later} AND event NOT IN", champions)
    change(
        "UPDATE match SET status = 'playing', winner = NULL, rule = NULL, reason = NULL, home_points = NULL, "
        "away_points = NULL, home_seconds = NULL, away_seconds = NULL, ended = NULL WHERE id NOT IN",
        told["result"],
    )
    change("DELETE FROM match WHERE id NOT IN (SELECT match FROM half_round) AND id NOT IN", told["result"] | met)
    change("UPDATE event SET finished = NULL, champion = NULL WHERE id NOT IN", champions)
    change("DELETE FROM event WHERE id NOT IN", begun["event"])
    connection.commit()
    connection.close()


def hide(connection, half_round, told):
    """Changes the truth and the probabilities of the faces of a half round that are not told."""
    truth, said = connection.execute(
        "SELECT truth, probabilities FROM half_round WHERE id = ?", (half_round,)
    ).fetchone()
    truth, said = np.frombuffer(truth, np.uint8).copy(), np.frombuffer(said, "<f4").copy()
    hidden = [place for place in range(len(truth)) if place not in told]
    assert hidden
    truth[hidden], said[hidden] = truth[hidden][::-1], 1 - said[hidden]
    values = truth.tobytes(), said.tobytes(), half_round
    connection.execute("UPDATE half_round SET truth = ?, probabilities = ? WHERE id = ?", values)


def test_a_walk_through_all_moments(folder):
    """At each change: the patch leads to the state, a server that starts now says the same, and nothing goes back."""
    _, times = laid_out(folder, NATURAL)
    with store.Store(str(folder), read_only=True) as source:
        showing = show.Show(source, NATURAL)
        followed, judged = showing.state(0.0), {}
        for number, now in enumerate(times):
            assert showing.position(np.nextafter(now, 0)) != showing.position(now)
            state = showing.state(now)
            followed = merge_patch.patched(followed, json.loads(json.dumps(merge_patch.difference(followed, state))))
            assert followed == json.loads(json.dumps(state)), now
            if number % 97 == 0:
                assert show.Show(source, NATURAL).state(now) == state
            for id_, match in state.get("matches", {}).items():
                before = judged.get(id_, [0, 0])
                assert match["judged"][0] >= before[0] and match["judged"][1] >= before[1]
                judged[id_] = match["judged"]
            assert None not in json.loads(json.dumps(state), object_hook=lambda one: list(one.values())), now
            check_faces(state)


def check_faces(state):
    """The faces on the stage are those that are shown, and their points those that are told."""
    half = state.get("half_round")
    if half is None or state["stage"]["view"] == "failed":
        return
    cards = state["cards"]
    assert sorted(map(int, cards)) == list(range(half["shown"]))
    told = [card for card in cards.values() if "truth" in card]
    assert len(told) == half["judged"] and all("p" in card for card in told)
    assert half["right"] == sum((card["p"] > 0.5) == bool(card["truth"]) for card in told)
    assert ("face" in half) == (half["shown"] > half["judged"])
    judge = 1 - half["number"] % 2
    match = state["matches"][str(half["match"])]
    assert match["judged"][judge] % 30 == half["judged"] % 30


@pytest.mark.parametrize("settings, seconds", [(NATURAL, 591 + 6 * 8), (ShowSettings(show_minutes=2), 120)])
def test_it_lasts_as_long_as_it_should(tmp_path, monkeypatch, settings, seconds):
    """Eight teams: four quarter-finals of 57 s, two semi-finals of 69 s, a final of 225 s, pauses; or less time."""
    monkeypatch.setattr(database, "time", Clock(1000.0))
    folder = tmp_path / "eight"
    with store.Store(str(folder)) as arena:
        arena_data.run(arena_data.play_tournament(arena, [f"Team {number}" for number in range(8)]))
    moments, _ = laid_out(folder, settings)
    first = next(one for one in moments if one.kind == "meets")
    champion = next(one for one in moments if one.kind == "champion")
    assert champion.begin - first.begin == pytest.approx(seconds)
    ends = [one.end for one in moments]
    assert ends == sorted(ends) and all(one.begin <= one.told <= one.end for one in moments)
