"""Mock battles over a simulated day: pairs, the house team, results in buckets, teams that come and go."""

import contextlib
import datetime
import errno
import pathlib
import re
import shutil
import signal

import hostile
import pytest
from conftest import start

from gan.arena import (
    annulment,
    arena,
    events,
    freezing,
    mock_battles,
    pairing,
    result_pages,
    result_publishing,
    teams,
    timetable,
)
from gan.contest import faults, half_round
from gan.data import tfrecords
from gan.storage import files

pytest.importorskip("openskill", reason="pip install 'gan-contest[arena]'")

UTC = datetime.timezone.utc


class SimulatedClock:
    """Time passes only where it is waited for; `happenings` are called at their moments."""

    def __init__(self, start, happenings=()):
        self.time, self._happenings = start, sorted(happenings, key=lambda pair: pair[0])

    def now(self):
        return self.time

    def wait_until(self, moment):
        assert moment > self.time
        while self._happenings and self._happenings[0][0] <= moment:
            self._happenings.pop(0)[1]()
        self.time = moment


@pytest.fixture
def opened(tmp_path, faces):
    with arena.Arena(str(tmp_path / "arena"), 2500, tfrecords.read_all([faces], 2500)) as opened:
        yield opened


@pytest.fixture
def pair(tmp_path):
    for name in "ab":
        hostile.write(str(tmp_path / name))
    (tmp_path / "teams.csv").write_text("team,path\na,a\nb,b\n")


def at(text):
    return datetime.datetime.fromisoformat(text).replace(tzinfo=UTC)


def hold(opened, tmp_path, clock, battles, zone="Asia/Seoul", say=print, drawn_by=mock_battles.ONE_BY_LOT):
    table = timetable.Timetable("12:00", 120, zone, clock.now())
    telling = mock_battles.Telling(say=say)
    held = mock_battles.MockBattles(opened, lambda: teams.read(str(tmp_path / "teams.csv")), table, 5, clock, telling)
    return held.hold(battles, drawn_by)


def test_a_day_in_seoul(opened, tmp_path):
    """12:00 in Seoul is 03:00 UTC; teams appear, vanish, hand in something broken, and are odd or even."""
    folders = {name: tmp_path / name / "model" for name in ("ada", "bob", "cem", "dee")}
    for number, name in enumerate(("ada", "bob")):
        hostile.write(str(folders[name]), step=number + 1)
    names = [*folders, "eve"]
    text = "team,path\n" + "".join(f"{name},{name}/model\n" for name in names)
    (tmp_path / "teams.csv").write_text(text)
    happenings = [
        (at("2026-11-23 04:30"), lambda: hostile.write(str(folders["cem"]), step=7)),
        (at("2026-11-23 06:30"), lambda: hostile.build("PyFunc", folders["dee"])),
        (at("2026-11-23 08:30"), lambda: shutil.rmtree(tmp_path / "ada")),
        (at("2026-11-23 10:30"), lambda: (tmp_path / "teams.csv").unlink()),
        (at("2026-11-23 12:30"), lambda: (tmp_path / "teams.csv").write_text(text)),
    ]
    said = []
    clock = SimulatedClock(at("2026-11-23 01:00"), happenings)
    hold(opened, tmp_path, clock, 6, say=said.append)
    held = opened.store.events.all()
    assert [event.name[-9:-4] for event in held] == ["12:00", "14:00", "16:00", "18:00", "22:00"]
    assert clock.now() == at("2026-11-23 13:00")
    assert any("20:00" in line and "is skipped" in line for line in said)
    assert said.count("eve has handed in nothing") == 5 and said.count("cem has handed in nothing") == 1
    playing = []
    for event in held:
        by_id = {team.id: team.name for team in opened.store.teams.of_event(event.id)}
        playing.append([{by_id[row.home], by_id[row.away]} for row in opened.store.matches.of_event(event.id)])
    assert playing[0] == [{"ada", "bob"}]
    assert sorted(map(len, playing[1])) == [2, 2] and set().union(*playing[1]) == {"ada", "bob", "cem", "House team"}
    assert set().union(*playing[2]) == {"ada", "bob", "cem", "House team"}  # dee's is refused
    assert playing[3] == [{"bob", "cem"}] and playing[4] == [{"bob", "cem"}]
    page = (tmp_path / "bob" / "results" / held[0].name.replace(" ", "_").replace(":", "") / "index.html").read_text()
    assert "bob" in page and "ada" in page
    (folder,) = [path.parent for path in (tmp_path / "bob" / "results").glob("*1200*/half_round_0/overview.png")]
    assert (folder / "predictions.csv").read_text().startswith("Id,Category")
    refused = next((tmp_path / "dee" / "results").glob("*1600*/index.html")).read_text()
    assert "not allowed in a battle" in refused
    assert not (tmp_path / "eve").exists()
    assert set(opened.store.ratings.latest()) == {"ada", "bob", "cem", "House team"}


@pytest.mark.parametrize("kind", [pairing.RANDOM, pairing.INFORMATIVE])
def test_several_matches_in_a_battle(opened, tmp_path, kind):
    """Five teams and the house team: three rounds, nobody meets the same one twice; two battles differ."""
    for name in "abcde":
        hostile.write(str(tmp_path / name))
    entries = [teams.Entrant(name, str(tmp_path / name), 0, None) for name in "abcde"] + [mock_battles.HOUSE_TEAM]
    options, battles = {events.PAIRING: kind, events.MATCHES_PER_BATTLE: 3}, []
    for seed in (1, 2):
        event = events.begin(opened, f"mock {seed}", events.MOCK, entries, seed, options)
        events.play(opened, event)
        names = {team.id: team.name for team in opened.store.teams.of_event(event.id)}
        rows = opened.store.matches.of_event(event.id)
        places = [(round, place) for round in range(3) for place in range(3)]
        assert [(row.round, row.position) for row in rows] == places
        met = [frozenset((names[row.home], names[row.away])) for row in rows]
        assert len(set(met)) == 9
        for round in range(3):
            assert set().union(*met[3 * round : 3 * round + 3]) == {*"abcde", "House team"}
        battles.append(met)
    assert battles[0] != battles[1]
    rated = [row.name for row in opened.store.ratings.all()]
    assert {rated.count(name) for name in [*"abcde", "House team"]} == {6}


def test_how_pairs_are_drawn_is_kept_with_the_battle(opened, tmp_path):
    for name in "ab":
        hostile.write(str(tmp_path / name))
    (tmp_path / "teams.csv").write_text("team,path\na,a\nb,b\n")
    clock = SimulatedClock(at("2026-11-23 02:00"))
    hold(opened, tmp_path, clock, 1, drawn_by=mock_battles.MockDraw(pairing.INFORMATIVE, 3))
    (event,) = opened.store.events.all()
    assert (event.options[events.PAIRING], event.options[events.MATCHES_PER_BATTLE]) == ("informative", 3)
    assert len(opened.store.matches.of_event(event.id)) == 1  # two teams have one opponent each


def test_the_screen_knows_the_next_battle(opened, tmp_path, pair):
    clock = SimulatedClock(at("2026-11-23 02:00"))
    hold(opened, tmp_path, clock, 2)
    last = at("2026-11-23 05:00").timestamp()  # 14:00 in Seoul
    assert opened.store.schedule.next_battle() == ("mock 2026-11-23 14:00 KST", last, "Asia/Seoul")
    assert [event.options[events.PERIOD_SECONDS] for event in opened.store.events.all()] == [7200, 7200]


def test_what_was_drawn_stays(opened, tmp_path):
    """Informative pairs follow from ratings, which the battle itself changes: after a freeze they are the same."""
    for name in "abcd":
        hostile.write(str(tmp_path / name))
    entries = [teams.Entrant(name, str(tmp_path / name), 0, None) for name in "abcd"] + [mock_battles.HOUSE_TEAM]
    options = {events.PAIRING: pairing.INFORMATIVE, events.MATCHES_PER_BATTLE: 3}
    event = events.begin(opened, "mock", events.MOCK, entries, 9, options)
    frozen = tmp_path / "arena" / freezing.FROZEN

    def freeze(row, home, away):
        if row.round == 1:
            frozen.write_text("")

    assert events.play(opened, event, freeze).is_frozen
    by_id = opened.store.teams.of_event(event.id)
    drawn = events.mock_rounds(opened.store.events.get(event.id), by_id)
    frozen.unlink()
    again = events.begin(opened, "mock", events.MOCK, entries, 9, options)
    assert again.id == event.id and events.play(opened, again).event.finished
    played = [(row.round, row.home, row.away) for row in opened.store.matches.of_event(event.id)]
    assert played == [(round, home.id, away.id) for round, pairs in enumerate(drawn) for home, away in pairs]
    assert len({frozenset(pair) for _, *pair in played}) == 6  # everybody met everybody


def test_a_battle_of_an_earlier_version_goes_on(opened, tmp_path):
    """Its draw is in the seeding alone."""
    for name in "ab":
        hostile.write(str(tmp_path / name))
    entries = [teams.Entrant(name, str(tmp_path / name), 0, None) for name in "ab"] + [mock_battles.HOUSE_TEAM]
    event = events.begin(opened, "mock", events.MOCK, entries, 9)
    for name, path, _ in event.options["teams"]:
        opened.store.teams.add(event.id, name, path, opened.admissions.admit(name, path, None))
    first, second, _ = opened.store.teams.of_event(event.id)
    opened.store.teams.set_seeding(event.id, {second.id: 1, first.id: 2})
    events.play(opened, event)
    (row,) = opened.store.matches.of_event(event.id)
    assert (row.home, row.away) == (second.id, first.id)


def test_the_end_of_summer_time(opened, tmp_path):
    """In Berlin 02:00 comes twice on 25 October 2026: one battle, and the next one three hours later."""
    for name in "ab":
        hostile.write(str(tmp_path / name))
    (tmp_path / "teams.csv").write_text("team,path\na,a\nb,b\n")
    clock = SimulatedClock(at("2026-10-24 19:30"))
    moments = []
    wait = clock.wait_until
    clock.wait_until = lambda moment: (moments.append(moment), wait(moment))
    hold(opened, tmp_path, clock, 4, "Europe/Berlin")
    assert moments[1:] == [at("2026-10-24 22:00"), at("2026-10-25 00:00"), at("2026-10-25 03:00")]
    assert len({event.name for event in opened.store.events.all()}) == 4


def test_going_on_after_a_kill(opened, tmp_path):
    """A battle that was begun is played to its end, with the teams of then."""
    for name in "abc":
        hostile.write(str(tmp_path / name))
    (tmp_path / "teams.csv").write_text("team,path\na,a\nb,b\nc,c\n")
    entries = [*teams.read(str(tmp_path / "teams.csv")), mock_battles.HOUSE_TEAM]
    event = events.begin(opened, "mock 2026-11-23 12:00 KST", events.MOCK, entries, 9)
    (tmp_path / "teams.csv").write_text("team,path\na,a\nb,b\n")
    hold(opened, tmp_path, SimulatedClock(at("2026-11-23 03:10")), 1)
    first, second = opened.store.events.all()
    assert first.id == event.id and first.finished and len(opened.store.matches.of_event(first.id)) == 2
    assert len(opened.store.matches.of_event(second.id)) == 1


def test_a_frozen_arena(opened, tmp_path):
    for name in "ab":
        hostile.write(str(tmp_path / name))
    (tmp_path / "teams.csv").write_text("team,path\na,a\nb,b\n")
    frozen = tmp_path / "arena" / freezing.FROZEN
    frozen.write_text("")
    clock = SimulatedClock(at("2026-11-23 02:00"), [(at("2026-11-23 04:00"), frozen.unlink)])
    hold(opened, tmp_path, clock, 2)
    assert [event.name for event in opened.store.events.all()] == ["mock 2026-11-23 14:00 KST"]
    assert any("frozen" in faults.sentence(entry.note) for entry in opened.store.log.entries())


def test_frozen_in_the_middle(opened, tmp_path, monkeypatch):
    """A battle that was frozen goes on at the next time, in the same process; results are written once it is over."""
    for name in "abcd":
        hostile.write(str(tmp_path / name))
    (tmp_path / "teams.csv").write_text("team,path\n" + "".join(f"{name},{name}\n" for name in "abcd"))
    frozen, play = tmp_path / "arena" / freezing.FROZEN, opened.play

    def play_and_freeze(*arguments):
        if not opened.store.matches.all():
            frozen.write_text("")
        return play(*arguments)

    monkeypatch.setattr(opened, "play", play_and_freeze)
    clock = SimulatedClock(at("2026-11-23 02:00"), [(at("2026-11-23 04:30"), frozen.unlink)])
    hold(opened, tmp_path, clock, 1)
    (event,) = opened.store.events.all()
    assert event.finished is None and event.frozen and not list(tmp_path.glob("*/results/*/index.html"))
    hold(opened, tmp_path, clock, 1)
    assert [event.finished is not None for event in opened.store.events.all()] == [True, True]
    assert len(opened.store.matches.of_event(event.id)) == 2
    assert len(list(tmp_path.glob("*/results/*/index.html"))) == 8


def test_results_after_a_kill(opened, tmp_path, monkeypatch):
    """Who was killed before all results were written writes the others later."""
    for name in "ab":
        hostile.write(str(tmp_path / name))
    (tmp_path / "teams.csv").write_text("team,path\na,a\nb,b\n")
    write = result_pages.write

    def killed(folder, results, *others):
        if results.team.name == "b":
            raise KeyboardInterrupt
        write(folder, results, *others)

    monkeypatch.setattr(result_pages, "write", killed)
    clock = SimulatedClock(at("2026-11-23 02:00"))
    with pytest.raises(KeyboardInterrupt):
        hold(opened, tmp_path, clock, 1)
    monkeypatch.setattr(result_pages, "write", write)
    pages = tmp_path.glob("[ab]/results/*1200*/index.html")
    assert not list(pages)  # all are made before the first is written
    hold(opened, tmp_path, clock, 0)
    assert len(list(tmp_path.glob("[ab]/results/*1200*/index.html"))) == 2


def test_what_a_killed_process_was_delivering_is_removed(opened, tmp_path, monkeypatch):
    """Nothing is written to the machine's temporary folder, which nobody would clear after a kill -9."""
    for name in "ab":
        hostile.write(str(tmp_path / name))
    (tmp_path / "teams.csv").write_text("team,path\na,a\nb,b\n")
    left = tmp_path / "arena" / result_publishing.UNDELIVERED / "half_round_0"
    left.mkdir(parents=True)  # as a kill leaves it
    (left / "overview.png").write_text("of another team")
    write, written_to = result_pages.write, []
    monkeypatch.setattr(result_pages, "write", lambda *given: (written_to.append(given[0]), write(*given)))
    hold(opened, tmp_path, SimulatedClock(at("2026-11-23 02:00")), 1)
    assert {pathlib.Path(folder).parent.parent for folder in written_to} == {left.parent}
    assert not left.parent.exists()
    pictures = list(tmp_path.glob("[ab]/results/*/half_round_0/overview.png"))
    assert len(pictures) == 2 and all(path.read_bytes().startswith(b"\x89PNG") for path in pictures)


def test_each_picture_is_drawn_once_for_both_teams(opened, tmp_path, pair, monkeypatch):
    draw, drawn = half_round.write, []
    monkeypatch.setattr(half_round, "write", lambda *given: (drawn.append(given[0]), draw(*given)))
    hold(opened, tmp_path, SimulatedClock(at("2026-11-23 02:00")), 1)
    assert len(drawn) == 2
    files = [
        {path.relative_to(place): path.read_bytes() for path in place.rglob("*") if path.is_file()}
        for place in tmp_path.glob("[ab]/results/*1200*/half_round_[01]")
    ]
    assert len(files) == 4 and all(files.count(one) == 2 and len(one) == 33 for one in files)


def test_each_match_has_pictures_of_its_own(opened, tmp_path):
    """Three teams and the house team, three matches each: six half rounds, each other pictures."""
    for name in "abc":
        hostile.write(str(tmp_path / name))
    (tmp_path / "teams.csv").write_text("team,path\na,a\nb,b\nc,c\n")
    drawn = mock_battles.MockDraw(pairing.RANDOM, 3)
    hold(opened, tmp_path, SimulatedClock(at("2026-11-23 02:00")), 1, drawn_by=drawn)
    for name in "abc":
        (page,) = (tmp_path / name / "results").glob("*1200*/index.html")
        named = [f"half_round_{number}/overview.png" for number in range(6)]
        assert re.findall(r'src="([^"]*overview.png)"', page.read_text()) == named
        assert len({(page.parent / picture).read_bytes() for picture in named}) == 6


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_supervisor_or_a_closed_terminal_that_stops_it_leaves_one_whole_file(number, tmp_path, faces):
    """The signal ends it as Ctrl-C does: the store is closed, and has no log beside it. It dies of the signal."""
    hostile.write(str(tmp_path / "a"))
    (tmp_path / "teams.csv").write_text("team,path\na,a\n")
    arena_dir = tmp_path / "arena"
    process = start(
        "battle",
        *("--mode=mock", "--no_secret_images", "--first_battle=2099-01-01 12:00", f"--arena_dir={arena_dir}"),
        *(f"--teams={tmp_path}/teams.csv", f"--input_data_pattern={faces}"),
        preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_DFL),  # the tests may run under nohup
    )
    told = next(line for line in process.stdout if line.startswith("next:"))
    assert "2099-01-01 12:00" in told
    process.send_signal(number)
    output, _ = process.communicate(timeout=120)
    assert process.returncode == -number and "Traceback" not in output
    assert sorted(path.name for path in arena_dir.iterdir() if "sqlite3" in path.name) == ["arena.sqlite3"]


def test_a_team_of_the_house_s_name(tmp_path):
    (tmp_path / "teams.csv").write_text("team,path\nhouse TEAM,a\nno bucket,gs:///model\n")
    taken, nowhere = teams.read(str(tmp_path / "teams.csv"), [mock_battles.HOUSE_TEAM.name])
    assert "nobody may have this name" in faults.sentence(taken.fault) and taken.name != "house TEAM"
    assert "names no bucket" in faults.sentence(nowhere.fault)


def test_results_that_cannot_be_written(opened, tmp_path):
    """One team's bucket is closed; the others get theirs."""
    for name in "ab":
        hostile.write(str(tmp_path / name / "model"))
    (tmp_path / "teams.csv").write_text("team,path\na,a/model\nb,b/model\n")
    (tmp_path / "a" / "results").write_text("in the way")
    said = []
    clock = SimulatedClock(at("2026-11-23 02:00"), [(at("2026-11-23 04:00"), (tmp_path / "a" / "results").unlink)])
    hold(opened, tmp_path, clock, 1, say=said.append)
    assert any("results of a could not be written" in line for line in said)
    assert list((tmp_path / "b" / "results").glob("*/index.html"))
    hold(opened, tmp_path, clock, 1)  # before the next battle they are tried again
    assert len(list((tmp_path / "a" / "results").glob("*/index.html"))) == 2


def test_results_after_an_annulment(opened, tmp_path):
    """A match that was annulled is played again, and the team's page tells of that one."""
    for name in "ab":
        hostile.write(str(tmp_path / name))
    (tmp_path / "teams.csv").write_text("team,path\na,a\nb,b\n")
    clock = SimulatedClock(at("2026-11-23 02:00"))
    hold(opened, tmp_path, clock, 1)
    (page,) = (tmp_path / "a" / "results").glob("*/index.html")
    before = page.stat().st_mtime_ns
    annulment.annul(opened.store, opened.store.matches.all()[0].id, "wrong test set")
    hold(opened, tmp_path, clock, 1)
    assert page.stat().st_mtime_ns > before
    again = page.stat().st_mtime_ns
    hold(opened, tmp_path, clock, 1)  # once for good
    assert page.stat().st_mtime_ns == again


def test_one_seed_for_all_mock_battles(opened):
    assert mock_battles.keep_seed(opened, 7) == 7
    assert mock_battles.keep_seed(opened, 8) == 7


def test_where_results_go(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folder = result_publishing.results_folder
    assert folder("gs://team/model", "mock 2026-11-23 12:00 KST") == ("gs://team", "results/mock_2026-11-23_1200_KST")
    assert folder("team/model/model.ckpt-7", "x") == ("team", "results/x")
    (tmp_path / "team" / "model").mkdir(parents=True)
    for part in ("index", "meta", "data-00000-of-00001"):
        (tmp_path / "team" / "model" / f"mygan.{part}").touch()
    assert folder("team/model/mygan", "x") == folder("team/model/mygan.meta", "x") == ("team", "results/x")
    assert folder("runs/a/", "x") == ("runs/a", "results/x")
    assert folder("model", "x") == ("model", "results/x")


def test_a_team_that_is_listed_by_its_former_name(opened, tmp_path, pair):
    """It does not play as another team; its results say what to write in teams.csv."""
    hold(opened, tmp_path, SimulatedClock(at("2026-11-23 02:00")), 1)
    opened.store.teams.rename("a", "ada")
    said = []
    hold(opened, tmp_path, SimulatedClock(at("2026-11-23 03:30")), 1, say=said.append)
    assert set(opened.store.ratings.latest()) == {"ada", "b", "House team"}
    (page,) = (tmp_path / "a" / "results").glob("*1400*/index.html")
    assert "this team is called ada now; write that in line 2" in page.read_text()
    assert not any("could not be written" in line for line in said)


class SetClock(SimulatedClock):
    """A clock that is wrong: `jumps` are moments at which it suddenly shows another one, while somebody waits."""

    def __init__(self, start, jumps):
        super().__init__(start)
        self._jumps = list(jumps)
        self.passed = datetime.timedelta()  # time that was really waited for

    def wait_until(self, moment):
        if self._jumps and self._jumps[0][0] <= moment:
            at_, shows = self._jumps.pop(0)
            self.passed += at_ - self.time
            self.time = shows
        else:
            self.passed += moment - self.time
            self.time = moment


def names(opened):
    return [event.name for event in opened.store.events.all()]


WEEK = datetime.timedelta(days=7)


def test_a_clock_that_jumps_a_week_ahead_and_is_set_back(opened, tmp_path, pair):
    """84 battles are jumped over: none of them is held, and after the clock is right those that are due are."""
    jumps = [
        (at("2026-11-23 04:00"), at("2026-11-23 04:00") + WEEK),
        (at("2026-11-23 04:30") + WEEK, at("2026-11-23 04:30")),
    ]
    clock, said = SetClock(at("2026-11-23 02:00"), jumps), []
    hold(opened, tmp_path, clock, 3, say=said.append)
    assert names(opened) == [f"mock 2026-11-23 {hour}:00 KST" for hour in (12, 14, 16)]
    assert clock.passed == datetime.timedelta(hours=5)
    assert "mock 2026-11-23 14:00 KST is skipped: the clock was put ahead over its time" in said


def test_a_clock_that_is_a_week_ahead_when_the_battles_begin(opened, tmp_path, pair):
    """Its first day is then no longer to come."""
    clock = SetClock(at("2026-11-30 04:00"), [(at("2026-11-30 04:30"), at("2026-11-23 04:30"))])
    hold(opened, tmp_path, clock, 2)
    assert names(opened) == ["mock 2026-11-23 14:00 KST", "mock 2026-11-23 16:00 KST"]


def test_a_clock_that_is_set_back_an_hour(opened, tmp_path, pair):
    """The battle at 12:00 is not held again, neither by this process nor by the next one."""
    clock = SetClock(at("2026-11-23 02:00"), [(at("2026-11-23 03:10"), at("2026-11-23 02:10"))])
    hold(opened, tmp_path, clock, 2)
    assert names(opened) == ["mock 2026-11-23 12:00 KST", "mock 2026-11-23 14:00 KST"]
    hold(opened, tmp_path, SetClock(at("2026-11-23 02:30"), []), 1)
    assert names(opened)[2:] == ["mock 2026-11-23 16:00 KST"]
    assert all(len(opened.store.matches.of_event(event.id)) == 1 for event in opened.store.events.all())


@pytest.mark.parametrize(
    ("until", "skipped"),
    [
        ("2026-11-23 05:30", "mock 2026-11-23 14:00 KST"),
        ("2026-11-23 09:00", "every battle from mock 2026-11-23 14:00 KST to mock 2026-11-23 18:00 KST"),
        ("2026-11-23 04:59", None),
    ],
)
def test_battles_whose_time_passes_during_the_one_before(opened, tmp_path, pair, monkeypatch, until, skipped):
    """They are told on the terminal, in the log and to the webhook."""
    clock, said, posted = SimulatedClock(at("2026-11-23 02:00")), [], []
    publish = result_publishing.Publishing.publish

    def publish_for_long(self, seconds):
        publish(self, seconds)
        if names(opened):
            clock.time = max(clock.time, at(until))

    monkeypatch.setattr(result_publishing.Publishing, "publish", publish_for_long)
    table = timetable.Timetable("12:00", 120, "Asia/Seoul", clock.now())
    telling = mock_battles.Telling(say=said.append, on_skipped=lambda *told: posted.append(told))
    listed = teams.read(str(tmp_path / "teams.csv"))
    mock_battles.MockBattles(opened, lambda: listed, table, 5, clock, telling).hold(2)
    logged = [faults.sentence(entry.note) for entry in opened.store.log.entries() if entry.kind == "skipped"]
    why = "mock 2026-11-23 12:00 KST was still played, or its results delivered, at that time"
    assert [line.partition(";")[0] for line in said if "skipped" in line] == [f"{skipped} is skipped: {why}"] * bool(
        skipped
    )
    assert [line.partition(";")[0] for line in logged] == [f"{skipped}: {why}"] * bool(skipped)
    assert [(name, reason.partition(";")[0]) for name, reason in posted] == [(skipped, why)] * bool(skipped)


def test_a_battle_that_begins_a_little_late_is_held(opened, tmp_path, pair):
    """A machine that is busy, or whose clock is adjusted."""
    clock = SetClock(at("2026-11-23 02:00"), [(at("2026-11-23 02:59"), at("2026-11-23 03:04"))])
    hold(opened, tmp_path, clock, 1)
    assert names(opened) == ["mock 2026-11-23 12:00 KST"]


def test_the_begin_of_summer_time(opened, tmp_path, pair):
    """In Berlin there is no 02:00 on 29 March 2026: its battle is held as the clock jumps, an hour before that of 4."""
    clock = SimulatedClock(at("2026-03-28 22:30"))
    moments = []
    wait = clock.wait_until
    clock.wait_until = lambda moment: (moments.append(moment), wait(moment))
    hold(opened, tmp_path, clock, 4, "Europe/Berlin")
    assert moments[1:] == [at("2026-03-29 01:00"), at("2026-03-29 02:00"), at("2026-03-29 04:00")]
    assert len(set(names(opened))) == 4


def test_the_real_clock_stops_waiting_if_it_is_put_back(monkeypatch):
    shows = iter([100.0, 130.0, 40.0])
    clock, slept = mock_battles.Clock(), []
    monkeypatch.setattr(clock, "now", lambda: datetime.datetime.fromtimestamp(next(shows), UTC))
    monkeypatch.setattr(mock_battles.time, "sleep", slept.append)
    clock.wait_until(datetime.datetime.fromtimestamp(1000, UTC))
    assert slept == [30, 30]


def test_battles_without_room_on_the_disk_do_not_pile_up(opened, tmp_path, pair, monkeypatch):
    """Two battles find too little room. They are skipped, and do not wait to be played one after the other."""
    usage, said = shutil.disk_usage, []
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: usage(folder)._replace(free=2**20))
    happenings = [(at("2026-11-23 06:00"), lambda: monkeypatch.setattr(shutil, "disk_usage", usage))]
    hold(opened, tmp_path, SimulatedClock(at("2026-11-23 02:00"), happenings), 3, say=said.append)
    assert names(opened) == ["mock 2026-11-23 16:00 KST"]
    assert [line[:36] for line in said if "is skipped: the disk of" in line and "make room for" in line] == [
        "mock 2026-11-23 12:00 KST is skipped",
        "mock 2026-11-23 14:00 KST is skipped",
    ]


def test_a_full_disk_does_not_end_the_battles(tmp_path, faces, pair, small_disk, monkeypatch):
    """Not even the store can be written to for a while; then battles go on, and what was begun is ended."""
    disk, usage, said = small_disk("32m"), shutil.disk_usage, []
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: usage("/")._replace(free=2**40))

    def fill():
        with contextlib.suppress(OSError), open(disk / "others", "wb") as file:
            while True:
                file.write(bytes(4096))
                file.flush()

    happenings = [(at("2026-11-23 04:00"), fill), (at("2026-11-23 08:00"), (disk / "others").unlink)]
    clock = SimulatedClock(at("2026-11-23 02:00"), happenings)
    with arena.Arena(str(disk / "arena"), 2500, tfrecords.read_all([faces], 2500)) as small:
        hold(small, tmp_path, clock, 4, say=said.append)
        assert sum(f"the disk of {disk}/arena is full; make room on it" in line for line in said) >= 2
        held = small.store.events.all()
        assert [held[0].name, held[-1].name] == ["mock 2026-11-23 12:00 KST", "mock 2026-11-23 18:00 KST"]
        assert all(event.finished for event in held)
        assert all(len(small.store.matches.of_event(event.id)) == 1 for event in held)
    assert len(list(tmp_path.glob("a/results/*1800*/index.html"))) == 1


def test_results_that_find_no_room_are_written_after_the_next_battle(opened, tmp_path, pair, monkeypatch):
    copy, said, failed = files.copy_folder, [], []

    def copy_or_fail(source, target, is_synced=False):
        if not failed:
            failed.append(target)
            raise OSError(errno.ENOSPC, "No space left on device", target)
        copy(source, target, is_synced)

    monkeypatch.setattr(files, "copy_folder", copy_or_fail)
    hold(opened, tmp_path, SimulatedClock(at("2026-11-23 02:00")), 2, say=said.append)
    assert failed and any("is full; make room on it" in line for line in said)
    assert len(list(tmp_path.glob("[ab]/results/*/index.html"))) == 4


def test_results_are_not_begun_a_moment_before_a_battle(opened, tmp_path, pair, monkeypatch):
    """No bucket would answer within 2 s, and the log would say that all failed. They come after the battle."""
    entries = [teams.Entrant(name, str(tmp_path / name), 0, None) for name in "ab"] + [mock_battles.HOUSE_TEAM]
    events.play(opened, events.begin(opened, "mock before", events.MOCK, entries, 1))
    publish, given, clock = result_publishing.Publishing.publish, [], SimulatedClock(at("2026-11-23 02:59:58"))

    def publish_and_note(self, seconds):
        given.append((len(opened.store.events.all()), seconds))
        publish(self, seconds)

    monkeypatch.setattr(result_publishing.Publishing, "publish", publish_and_note)
    hold(opened, tmp_path, clock, 1)
    assert given == [(2, result_publishing.PUBLISH_SECONDS)]
    assert len(list(tmp_path.glob("[ab]/results/*/index.html"))) == 4


def test_old_battles_do_not_keep_a_new_one_waiting(opened, tmp_path, pair, monkeypatch):
    """Three were interrupted, and each takes four minutes: the third waits until the new one is over."""
    entries = [teams.Entrant(name, str(tmp_path / name), 0, None) for name in "ab"] + [mock_battles.HOUSE_TEAM]
    old = [events.begin(opened, f"mock {number}", events.MOCK, entries, number) for number in range(3)]
    frozen, play, said = tmp_path / "arena" / freezing.FROZEN, opened.play, []
    frozen.write_text("")
    clock = SimulatedClock(at("2026-11-23 02:00"), [(at("2026-11-23 02:30"), frozen.unlink)])

    def play_slowly(*arguments):
        clock.time += datetime.timedelta(minutes=4)
        return play(*arguments)

    monkeypatch.setattr(opened, "play", play_slowly)
    hold(opened, tmp_path, clock, 1, say=said.append)
    assert "mock 2 is left for later: another battle is due" in said
    assert [bool(opened.store.events.get(event.id).finished) for event in old] == [True, True, False]
    assert opened.store.events.named("mock 2026-11-23 12:00 KST").finished
    hold(opened, tmp_path, clock, 0)
    assert opened.store.events.get(old[2].id).finished
