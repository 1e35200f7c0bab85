"""What a webhook is told: a draw as a draw, and battles that are skipped."""

from types import SimpleNamespace

from gan.arena import notes, notices, schema
from gan.arena.events import Outcome
from gan.arena.schema import Event, Team
from gan.contest import rules

EVENT = Event(**dict.fromkeys(Event._fields) | {"id": 1, "name": "tournament"})


class Room:
    """A webhook that keeps what it is given."""

    def __init__(self):
        self.posted = []

    def post(self, kind, text, **fields):
        self.posted.append((kind, text, fields))


def done(winner):
    """A match of team 1 against team 2 that is over, 15 : 15."""
    values = dict.fromkeys(schema.Match._fields)
    values |= {"id": 7, "home": 1, "away": 2, "status": schema.DONE, "winner": winner}
    return schema.Match(**values | {"home_points": 15, "away_points": 15, "rule": rules.DRAWN_TIME})


def team(id_, name):
    return Team(**dict.fromkeys(Team._fields) | {"id": id_, "name": name})


def test_nobody_wins_a_draw():
    room = Room()
    told = notices.Notices(room)
    for winner in (None, 1, 2):
        told.match(done(winner), team(1, "Foxes"), team(2, "Owls"))
    assert [fields["winner"] for _, _, fields in room.posted] == [None, "Foxes", "Owls"]
    first, second, third = [text for _, text, _ in room.posted]
    assert "Foxes 15 : 15 Owls. Nobody wins" in first and "Foxes wins" in second and "Owls wins" in third


def test_what_an_earlier_run_told_is_not_told_again():
    """Of an event that goes on, only what is new; of one that was over, nothing."""
    held = done(None)._replace(id=8, status=schema.HELD, reason=notes.note("arena_is_frozen"))
    before = SimpleNamespace(
        events=SimpleNamespace(all=lambda: [EVENT, EVENT._replace(id=2, finished=1.0)]),
        matches=SimpleNamespace(of_event=lambda event: [done(1), held] if event == 1 else []),
    )
    room = Room()
    told = notices.Notices(room, before)
    for row in (done(1), held, held._replace(id=9), done(1)._replace(id=8)):
        told.match(row, team(1, "Foxes"), team(2, "Owls"))
    told.outcome(Outcome(EVENT, None, [held], False))
    told.outcome(Outcome(EVENT._replace(id=2), team(1, "Foxes"), [], False))
    assert [(kind, fields["match"]) for kind, _, fields in room.posted] == [("held", 9), ("result", 8)]
    told.outcome(Outcome(EVENT, None, [held, held._replace(id=9)], False))
    told.outcome(Outcome(EVENT, team(1, "Foxes"), [], False))
    assert [kind for kind, _, _ in room.posted[2:]] == ["held", "champion"]


def test_a_skipped_battle_is_told_without_places():
    room = Room()
    notices.Notices(room).skipped_battle("mock 2026-11-23 14:00 KST", "no room in /srv/arena")
    ((kind, text, fields),) = room.posted
    assert (kind, fields["battle"]) == ("skipped battle", "mock 2026-11-23 14:00 KST")
    assert text.startswith("mock 2026-11-23 14:00 KST is skipped: no room") and "/srv" not in text
