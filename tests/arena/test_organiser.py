"""What an organiser does to an arena, and that a preview says exactly this and changes nothing."""

import json
import os
import sqlite3

import arena_data
import pytest
from conftest import because

from gan.arena import annulment, freezing, notes, organiser, renaming, result_pages, schema, store, terminal
from gan.arena.event_records import Admission
from gan.arena.match_records import MatchPlace
from gan.console.errors import Fault, StateError, UserError
from gan.contest import faults, rules
from gan.screen import show
from gan.screen.pacing import ShowSettings

EIGHT = arena_data.many_names(8)
ABLE = [name for name in arena_data.many_names(9) if name != arena_data.CANNOT_PLAY]


BAD_NAMES = {
    "": "it has no visible character",
    "  ": "it has no visible character",
    "a\nb": "it holds control characters",
    "x" * 61: "it has 61 characters, and at most 60 are possible",
    " a": "it has spaces at its ends",
}


@pytest.fixture
def folder(tmp_path):
    return str(tmp_path / "arena")


@pytest.fixture
def kept(folder):
    with store.Store(folder) as kept:
        yield kept


def dump(kept):
    """Everything in a store, as SQL."""
    with sqlite3.connect(kept.path) as connection:
        return list(connection.iterdump())


def begin(kept, mode, names="abcd", seedings=None, name="cup"):
    """(event, teams by name)."""
    event = kept.events.begin(name, mode, 7, arena_data.SIZE, {})
    teams = arena_data.put_teams(kept, event.id, [(one, "p", "ab" * 32, 100, None) for one in names])
    if seedings:
        kept.teams.set_seeding(event.id, {team.id: seedings[team.name] for team in teams if team.name in seedings})
    return event, {team.name: team for team in kept.teams.of_event(event.id)}


def play(kept, event, place, home, away, winner=None):
    """A match, done if it has a winner; `away` may be None."""
    match = kept.matches.begin(MatchPlace(event.id, *place), home.id, away and away.id, 1)
    if winner:
        ratings = [(team.name, 25.0, 8.0) for team in (home, away) if away]
        rule = rules.BY_POINTS if away else rules.BYE
        return arena_data.finish(kept, match.id, winner.id, rule, (20, 10), ratings=ratings)
    return match


class TestAnnul:
    @pytest.fixture
    def played(self, kept, request):
        """A finished tournament of eight, and a later mock battle."""
        names = getattr(request, "param", EIGHT)
        arena_data.run(arena_data.play_tournament(kept, names, name="cup"))
        arena_data.run(arena_data.play_league(kept, names[:2], name="mock", mode="mock"))
        return {(row.round, row.position): row for row in kept.matches.of_event(kept.events.named("cup").id)}

    @pytest.mark.parametrize("played", [ABLE], indirect=True)  # nobody is rated for a forfeit
    def test_the_preview_is_what_happens(self, kept, played):
        pytest.importorskip("openskill", reason="pip install 'gan-contest[arena]'")
        match, before, history = played[0, 1], dump(kept), kept.ratings.all()
        preview = organiser.preview_annulment(kept, match.id)
        assert dump(kept) == before
        fallen = [played[0, 1].id, played[1, 0].id, played[2, 0].id]
        assert [row.id for row in preview.matches] == fallen
        later = kept.matches.of_event(kept.events.named("mock").id)[0].id
        assert set(preview.forgotten) & set(fallen) and later in preview.rated_again
        organiser.annul(kept, match.id, "wrong test set")
        annulled = [row.id for row in kept.matches.all(with_annulled=True) if row.status == schema.ANNULLED]
        assert sorted(annulled) == sorted(fallen)
        assert kept.events.named("cup").finished is None and kept.events.named("cup").champion is None
        kept_ratings = [row for row in history if row.match not in preview.forgotten]
        now = kept.ratings.all()
        assert now[: len(kept_ratings)] == kept_ratings
        assert list(dict.fromkeys(row.match for row in now[len(kept_ratings) :])) == list(preview.rated_again)

    def test_who_could_not_take_part_is_admitted_again(self, kept, played):
        team = next(team for team in kept.teams.of_event(kept.events.named("cup").id) if team.fault)
        match = next(row for row in played.values() if team.id in (row.home, row.away))
        assert organiser.preview_annulment(kept, match.id).admitted_again == (team.name,)
        organiser.disqualify(kept, team.id, "why")
        assert organiser.preview_annulment(kept, match.id).admitted_again == ()
        annulment.annul(kept, match.id, "why")
        assert next(one for one in kept.teams.of_event(team.event) if one.id == team.id).fault

    def test_in_words(self, kept):
        event, teams = begin(kept, "tournament", seedings=dict(a=1, b=2, c=3, d=4))
        first = play(kept, event, (0, 0), teams["a"], teams["d"], teams["a"])
        other = play(kept, event, (0, 1), teams["b"], teams["c"], teams["b"])
        final = play(kept, event, (1, 0), teams["a"], teams["b"], teams["b"])
        kept.events.finish(event.id, teams["b"].id)
        text = terminal.annulment_text(organiser.preview_annulment(kept, first.id))
        assert text.splitlines() == [
            f"match {first.id} of cup is annulled: a 20 : 10 d, a wins: {rules.BY_POINTS}",
            f"match {final.id} falls with it, since its winner played there: a 20 : 10 b, b wins: {rules.BY_POINTS}",
            "the command that played cup plays them again",
            "cup, won by b, is open again",
            f"forgotten: the ratings that followed from match {first.id}, {other.id}, {final.id}",
            f"rated again, with the result that they have: match {other.id}",
        ]

    def test_a_match_that_is_not_there_or_annulled_already(self, kept, played):
        with pytest.raises(UserError, match="there is no match 999"):
            organiser.preview_annulment(kept, 999)
        annulment.annul(kept, played[2, 0].id, "why not")
        with pytest.raises(UserError, match="is annulled already: why not"):
            organiser.preview_annulment(kept, played[2, 0].id)


class TestDisqualify:
    def left(self, kept, team):
        """(round, position, match, opponent) of each match that a team of the event `cup` would forfeit."""
        before = dump(kept)
        preview = organiser.preview_disqualification(kept, "cup", team)
        assert dump(kept) == before
        return preview.forfeits and [tuple(forfeit) for forfeit in preview.forfeits]

    def test_before_the_draw(self, kept):
        begin(kept, "tournament")
        assert self.left(kept, "a") is None
        preview = organiser.preview_disqualification(kept, "cup", "a")
        assert "a forfeits whatever it will have to play" in terminal.disqualification_text(preview)

    def test_through_a_bracket(self, kept):
        """Of four teams 1 meets 4, and 3 meets 2."""
        event, teams = begin(kept, "tournament", seedings=dict(a=1, b=2, c=3, d=4))
        assert self.left(kept, "a") == [(0, 0, None, "d")] and self.left(kept, "d") == [(0, 0, None, "a")]
        held = play(kept, event, (0, 0), teams["a"], teams["d"])
        kept.matches.hold(held.id, because("the roof leaks"))
        assert self.left(kept, "d") == [(0, 0, held.id, "a")]
        kept.matches.release(held.id)
        arena_data.finish(kept, held.id, teams["a"].id, rules.BY_POINTS, (20, 10))
        assert self.left(kept, "a") == [(1, 0, None, None)] and not self.left(kept, "d")
        play(kept, event, (0, 1), teams["b"], teams["c"], teams["c"])
        assert self.left(kept, "a") == [(1, 0, None, "c")] and self.left(kept, "c") == [(1, 0, None, "a")]
        text = terminal.disqualification_text(organiser.preview_disqualification(kept, "cup", "a"))
        assert text.splitlines() == ["a is disqualified from cup; results so far stay", "forfeited: a - c, final"]
        play(kept, event, (1, 0), teams["a"], teams["c"], teams["c"])
        assert not self.left(kept, "c")
        kept.events.finish(event.id, teams["c"].id)
        with pytest.raises(UserError, match="cup is over: annul a match that c should not have won"):
            organiser.preview_disqualification(kept, "cup", "c")

    @pytest.mark.parametrize("is_played", [False, True])
    def test_a_bye_cannot_be_forfeited(self, kept, is_played):
        event, teams = begin(kept, "tournament", "abc", dict(a=1, b=2, c=3))
        if is_played:
            play(kept, event, (0, 0), teams["a"], None, teams["a"])
        assert self.left(kept, "a") == [(1, 0, None, None)]

    def test_in_a_league(self, kept):
        event, teams = begin(kept, "league")
        assert {opponent for *_, opponent in self.left(kept, "a")} == set("bcd")
        round_, position, _, opponent = self.left(kept, "a")[1]
        row = play(kept, event, (round_, position), teams["a"], teams[opponent], teams["a"])
        assert row.id and {one for *_, one in self.left(kept, "a")} == set("bcd") - {opponent}

    def test_before_all_are_admitted(self, kept):
        event = kept.events.begin("cup", "league", 7, arena_data.SIZE, {"teams": [["a", "p", None], ["b", "p", None]]})
        arena_data.put_teams(kept, event.id, [("a", "p", None, None, None)])
        assert self.left(kept, "a") is None

    def test_in_a_mock_battle(self, kept):
        begin(kept, "mock", "abcdh", dict(b=1, d=2, a=3, h=4))
        assert self.left(kept, "a") == [(0, 1, None, "h")] and self.left(kept, "b") == [(0, 0, None, "d")]
        assert not self.left(kept, "c")
        text = terminal.disqualification_text(organiser.preview_disqualification(kept, "cup", "c"))
        assert "c has nothing left to play" in text

    @pytest.mark.parametrize("mode, opponent", [("match", "b"), ("check", "a")])
    def test_in_a_match_and_a_check(self, kept, mode, opponent):
        begin(kept, mode, "ab")
        assert self.left(kept, "a") == [(0, 0, None, opponent)]

    def test_a_wrong_name_is_told_the_right_ones(self, kept):
        begin(kept, "league")
        with pytest.raises(UserError, match="no such event as 'cap'; its events are cup"):
            organiser.preview_disqualification(kept, "cap", "a")
        with pytest.raises(UserError, match="no such team as 'x'; its teams are a, b, c, d"):
            organiser.preview_disqualification(kept, "cup", "x")

    def test_the_log_tells(self, kept):
        event, teams = begin(kept, "league")
        organiser.disqualify(kept, teams["b"].id, "trained on the test set")
        assert "trained on the test set" in faults.sentence(kept.teams.of_event(event.id)[1].fault)
        (entry,) = organiser.log(kept)
        assert (entry.event, entry.kind) == ("cup", "disqualified")
        assert faults.sentence(entry.note) == "b: trained on the test set"


class TestForfeits:
    """What a match was forfeited for, as it was then."""

    @pytest.fixture
    def played(self, kept):
        """A league of four: a has won a match, and c, which cannot take part, has lost one."""
        event, teams = begin(kept, "league")
        won = play(kept, event, (0, 0), teams["a"], teams["d"], teams["a"])
        kept.teams.set_admission(teams["c"].id, Admission(None, None, because("its graph is odd")))
        lost = kept.matches.begin(MatchPlace(event.id, 0, 1), teams["b"].id, teams["c"].id, 1)
        arena_data.finish(kept, lost.id, teams["b"].id, rules.FORFEIT, (60, 0))
        return event, teams, won, lost

    def lines(self, kept, event):
        teams = {team.id: team for team in kept.teams.of_event(event.id)}
        return [
            terminal.line(row, teams[row.home], teams[row.away], kept.matches.forfeits())
            for row in kept.matches.of_event(event.id)
        ]

    def test_a_disqualification_leaves_what_was_played_as_it_was(self, kept, played, tmp_path):
        event, teams, won, lost = played
        before = self.lines(kept, event)
        assert before[1].endswith("b wins: forfeit; c: its graph is odd") and "a wins: more points" in before[0]
        kept.events.finish(event.id, None)
        shown = show.Show(kept, ShowSettings(pace=0)).state(2e12)
        pages = self.pages(kept, event, tmp_path / "before")
        kept.events.reopen(event.id)
        for name in "ac":
            organiser.disqualify(kept, teams[name].id, "why not")
        kept.events.finish(event.id, None)
        assert self.lines(kept, event) == before
        after = show.Show(kept, ShowSettings(pace=0)).state(2e12)
        assert after["forfeits"] == shown["forfeits"] and after["matches"] == shown["matches"]
        (forfeit,) = after["forfeits"]
        assert (forfeit["team"], forfeit["matches"], forfeit["reason"]) == (
            teams["c"].id,
            [lost.id],
            {"en": "its graph is odd", "ko": "its graph is odd"},
        )
        assert self.pages(kept, event, tmp_path / "after") == pages
        assert "c cannot take part: its graph is odd" in pages["c"] and "cannot take part" not in pages["a"]

    def pages(self, kept, event, folder):
        """name -> a team's page."""
        teams = kept.teams.of_event(event.id)
        names = {team.id: team.name for team in teams}
        for team in teams:
            own = [row for row in kept.matches.of_event(event.id) if team.id in (row.home, row.away)]
            results = result_pages.TeamResults(event, team, own, names, forfeits=kept.matches.forfeits())
            result_pages.write(str(folder / team.name), results, result_pages.HalfRoundFiles(kept.half_rounds.of_match))
        return {team.name: (folder / team.name / result_pages.PAGE).read_text() for team in teams}

    def test_what_is_forfeited_later_tells_of_the_disqualification(self, kept, played):
        event, teams, *_ = played
        organiser.disqualify(kept, teams["a"].id, "why not")
        later = kept.matches.begin(MatchPlace(event.id, 1, 0), teams["a"].id, teams["b"].id, 1)
        arena_data.finish(kept, later.id, teams["b"].id, rules.FORFEIT, (0, 60))
        assert self.lines(kept, event)[2].endswith("a: disqualified by the organiser: why not")

    def test_who_is_admitted_again_keeps_the_reason_of_other_matches(self, kept, played):
        event, teams, _, lost = played
        again = kept.matches.begin(MatchPlace(event.id, 1, 0), teams["c"].id, teams["d"].id, 1)
        arena_data.finish(kept, again.id, teams["d"].id, rules.FORFEIT, (0, 60))
        annulment.annul(kept, again.id, "wrong path")
        assert self.lines(kept, event)[1].endswith("c: its graph is odd")

    def test_a_reinstated_team_is_as_it_was(self, kept, played):
        event, teams, _, lost = played
        before = kept.teams.of_event(event.id)
        for name in "ac":
            organiser.disqualify(kept, teams[name].id, "why not")
            with pytest.raises(UserError, match="is out of cup already: disqualified by the organiser: why not"):
                organiser.preview_disqualification(kept, "cup", name)
        preview = organiser.preview_reinstatement(kept, "cup", "c")
        assert preview.forfeited == (lost.id,)
        assert f"stay forfeited, unless they are annulled: match {lost.id}" in terminal.reinstatement_text(preview)
        for name in "ac":
            organiser.reinstate(kept, teams[name].id, "mistaken for d")
        assert kept.teams.of_event(event.id) == before
        assert faults.sentence(organiser.log(kept)[-1].note) == "c is no longer disqualified: mistaken for d"
        with pytest.raises(UserError, match="a is not disqualified from cup, so there is nothing to change"):
            organiser.preview_reinstatement(kept, "cup", "a")


class TestNobodyPlayed:
    def test_a_bye(self, kept):
        event, teams = begin(kept, "tournament", "abc", dict(a=1, b=2, c=3))
        bye = play(kept, event, (0, 0), teams["a"], None, teams["a"])
        with pytest.raises(UserError, match=f"match {bye.id} is a bye: a went on .*; name a match that was played"):
            organiser.preview_annulment(kept, bye.id)
        with pytest.raises(StateError, match="is a bye"):
            annulment.annul(kept, bye.id, "why")

    def test_both_forfeited(self, kept):
        """It is annulled only for the sake of opening their snapshots again, if there is one to open."""
        event, teams = begin(kept, "league", "ab")
        kept.teams.set_admission(teams["a"].id, Admission(None, None, because("no file")))
        organiser.disqualify(kept, teams["b"].id, "why not")
        match = kept.matches.begin(MatchPlace(event.id, 0, 0), teams["a"].id, teams["b"].id, 1)
        arena_data.finish(kept, match.id, teams["a"].id, rules.BOTH_FAILED, (30, 30))
        told = r"which both teams forfeited \(a: no file; b: disqualified by the organiser: why not\); .*--admit_again"
        with pytest.raises(UserError, match=told):
            organiser.preview_annulment(kept, match.id)
        assert organiser.preview_annulment(kept, match.id, admit_again=True).admitted_again == ("a",)
        organiser.disqualify(kept, teams["a"].id, "why not")
        with pytest.raises(UserError, match="nobody would play it again; reinstate one of them first"):
            organiser.preview_annulment(kept, match.id, admit_again=True)


class TestRenameTeam:
    @pytest.fixture
    def played(self, kept):
        """A finished mock battle and an open league, in which x...x forfeited a match for its name."""
        long = "x" * 59 + "…"
        mock, old = begin(kept, "mock", "ab", name="mock")
        play(kept, mock, (0, 0), old["a"], old["b"], old["a"])
        kept.events.finish(mock.id, None)
        fault = Fault("team_name_long", {"line": 3, "characters": 61, "most": 60})
        listed = [["a", "p", None], [long, "p", faults.plain(fault)], ["later", "p", None]]
        event = kept.events.begin("cup", "league", 7, arena_data.SIZE, {"teams": listed})
        rows = [("a", "p", "ab" * 32, 1, None), (long, "p", None, None, fault)]
        a, x = arena_data.put_teams(kept, event.id, rows)
        match = kept.matches.begin(MatchPlace(event.id, 0, 0), a.id, x.id, 1)
        arena_data.finish(kept, match.id, a.id, rules.FORFEIT, (60, 0))
        return long, match

    def test_it_has_one_name_everywhere(self, kept, played, folder):
        kept.log.add("published", notes.note("results_published", team="a"), 1)
        with store.Store(folder, read_only=True) as screen:
            self.check_renamed(kept, show.Show(screen, ShowSettings(pace=0)))

    def check_renamed(self, kept, shown):
        assert {"a", "b"} <= set(shown.state(2e12)["ratings"])
        before = dump(kept)
        preview = renaming.preview_team(kept, "a", "Team A")
        assert dump(kept) == before
        assert preview == ("a", "Team A", ("mock", "cup"), ("cup",), (), ())
        assert "write Team A in teams.csv" in terminal.team_renaming_text(preview)
        renaming.rename_team(kept, "a", "Team A")
        text = "\n".join(line for line in dump(kept) if "renaming" not in line and "team_renamed" not in line)
        assert "'a'" not in text and '"a"' not in text and "Team A" in text
        assert set(kept.ratings.latest()) == {"Team A", "b"}
        assert {"Team A", "b"} <= set(shown.state_of(1, 2e12)["ratings"])
        assert "Team A" in [team["name"] for team in shown.state_of(1, 2e12)["teams"].values()]
        assert kept.teams.former_names() == {"a": "Team A"}
        assert faults.sentence(organiser.log(kept)[-1].note) == "the team a is now Team A, in all events"

    def test_a_name_that_was_too_long_is_mended(self, kept, played):
        long, match = played
        preview = renaming.preview_team(kept, long, "Xenia")
        assert (preview.mended, preview.forfeited) == (("cup",), (match.id,))
        text = terminal.team_renaming_text(preview)
        assert "cup: it could not take part only because of its name, and may now" in text
        assert f"unless annulled: match {match.id}" in text
        renaming.rename_team(kept, long, "Xenia")
        event = kept.events.named("cup")
        assert event.options["teams"][1] == ["Xenia", "p", None]
        team = next(team for team in kept.teams.of_event(event.id) if team.name == "Xenia")
        assert (team.fault, team.snapshot) == (None, None), "it is opened when it plays"

    def test_names_that_it_cannot_have(self, kept, played):
        for bad, why in BAD_NAMES.items():
            with pytest.raises(UserError, match=f"--to=.* cannot be a name: {why}.*; give another one"):
                renaming.preview_team(kept, "a", bad)
        for taken in ("b", "B", "later", "House team"):
            with pytest.raises(UserError, match="is the name of another team.*; give a name that nobody"):
                renaming.preview_team(kept, "a", taken)
        with pytest.raises(UserError, match="is its name already"):
            renaming.preview_team(kept, "a", "a")
        with pytest.raises(UserError, match=r"no such team as 'c'; its teams are a, b, x+…, later"):
            renaming.preview_team(kept, "c", "d")
        with pytest.raises(UserError, match="did you mean 'later'"):
            renaming.preview_team(kept, "latr", "d")
        assert renaming.preview_team(kept, "a", "A").name == "A"

    def test_former_names(self, kept, played):
        for before, name in (("a", "t"), ("b", "a"), ("t", "b")):  # two teams change their names
            renaming.rename_team(kept, before, name)
        assert kept.teams.former_names() == {"t": "b"}
        renaming.rename_team(kept, "b", "c")
        assert kept.teams.former_names() == {"t": "c", "b": "c"}
        for asked in (
            lambda: renaming.preview_team(kept, "t", "u"),
            lambda: organiser.preview_disqualification(kept, kept.events.all()[-1].name, "t"),
        ):
            with pytest.raises(UserError, match="^the team 't' is called 'c' now; give that name$"):
                asked()


def test_freeze_and_thaw(kept, folder):
    event, _ = begin(kept, "league")
    begin(kept, "match", "ab", name="match 1")
    preview = organiser.preview_freeze(kept, folder)
    assert preview == (False, "", ("cup", "match 1")) and not freezing.is_frozen(folder)
    assert "not over yet: cup, match 1" in terminal.freeze_text(preview, folder)
    assert terminal.thaw_text(preview, folder) == f"{folder} is not frozen"
    organiser.freeze(folder, "점심", "anna@hall")
    assert freezing.is_frozen(folder) and sorted(os.listdir(folder))[-1] == freezing.FROZEN
    kept.events.finish(event.id, None)
    preview = organiser.preview_freeze(kept, folder)
    assert preview == (True, "점심", ("match 1",))
    assert "is frozen already (점심); the reason is replaced" in terminal.freeze_text(preview, folder)
    assert "is frozen (점심); matches may begin again" in terminal.thaw_text(preview, folder)
    organiser.freeze(folder, "", "anna@hall")
    assert organiser.preview_freeze(kept, folder).reason == ""
    organiser.thaw(folder, "anna@hall")
    organiser.thaw(folder, "anna@hall")
    assert not freezing.is_frozen(folder)


def test_rename(kept):
    event, _ = begin(kept, "tournament")
    begin(kept, "league", name="other")
    before = dump(kept)
    preview = renaming.preview_event(kept, "cup", "Faces Cup")
    assert dump(kept) == before
    assert "needs --event='Faces Cup'" in terminal.renaming_text(preview)
    kept.events.rename(event.id, "Faces Cup")
    assert kept.events.named("cup") is None and kept.events.named("Faces Cup") == event._replace(name="Faces Cup")
    assert [(entry.event, faults.sentence(entry.note)) for entry in organiser.log(kept)] == [
        ("Faces Cup", "cup is now Faces Cup")
    ]
    kept.events.finish(event.id, None)
    assert "--event" not in terminal.renaming_text(renaming.preview_event(kept, "Faces Cup", "x"))
    with pytest.raises(UserError, match="has an event 'other' already"):
        renaming.preview_event(kept, "Faces Cup", "other")
    with pytest.raises(UserError, match="is its name already; give another one"):
        renaming.preview_event(kept, "Faces Cup", "Faces Cup")
    for bad, why in BAD_NAMES.items():
        with pytest.raises(UserError, match=f"cannot be a name: {why}.*; give another one"):
            renaming.preview_event(kept, "Faces Cup", bad)


def test_the_log_of_one_event_and_of_all(kept):
    event, teams = begin(kept, "league")
    match = play(kept, event, (0, 0), teams["a"], teams["b"])
    kept.matches.hold(match.id, because("the roof leaks"))
    kept.log.add("host", because("더워요"))
    held, host = organiser.log(kept)
    assert organiser.log(kept, "cup") == [held]
    assert terminal.log_text(held).endswith(f"  cup, match {match.id}  held  the roof leaks")
    assert terminal.log_text(host).endswith("  host  더워요") and "None" not in terminal.log_text(host)
    told = json.loads(terminal.log_json(held))
    assert told.pop("at").endswith("+00:00")
    note = {"code": "other", "parameters": {"text": "the roof leaks"}}
    assert told == {
        "event": "cup",
        "match": match.id,
        "kind": "held",
        "note": note,
        "by": None,
        "text": "the roof leaks",
    }
    assert "더워요" in terminal.log_json(host) and "\n" not in terminal.log_json(host)
    with pytest.raises(UserError, match="no such event as 'none'"):
        organiser.log(kept, "none")
