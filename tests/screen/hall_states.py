"""Arenas in every state that the hall can see. `STATES` names them; each plays on a Hall, for one view of the stage."""

import math
import pathlib
from collections.abc import Callable
from typing import Any, NamedTuple

import arena_data
from hall import ARABIC, KOREAN, LONG, NAMES, NOON, Hall

from gan.arena import annulment, freezing, schema, store
from gan.arena.schedule import NextBattle
from gan.console.errors import Fault

CANNOT_PLAY = Fault("collection_missing", {"collection": "p_for_data"})
NO_SNAPSHOT = Fault("no_snapshot", {})
SLOW = Fault("slow", {"seconds": 10.0, "step": "generate"})
NOT_FINITE = Fault("not_finite", {"name": "discriminator"})
FORBIDDEN = Fault("forbidden_operations", {"network": "generator", "operations": ["ReadFile", "PyFunc"]})
REFUSALS = [FORBIDDEN, NO_SNAPSHOT, NOT_FINITE, Fault("bucket_closed", {"reason": "gs://a: 403"}), CANNOT_PLAY]
DISK_FULL = Fault("disk_full", {"folder": "/srv/contest/arena", "mebibytes": 300})
FROZEN_REASON = "점심시간, back at 13:30"
NAMES_256 = arena_data.many_names(256)

_State = dict[str, Any]  # of the page


class HallState(NamedTuple):
    """A state of the arena, and which moment of its show is meant."""

    build: Callable[[pathlib.Path], None]  # plays in a folder
    view: str  # of the stage
    is_meant: Callable[[_State], bool] = lambda state: True


def _nothing(folder: pathlib.Path) -> None:
    folder.mkdir()


def _opening(folder: pathlib.Path) -> None:
    with Hall(folder, names=arena_data.many_names(64)) as hall:
        hall.admit(12)


def _opening_refused(folder: pathlib.Path) -> None:
    """Five of the teams so far cannot take part, for all kinds of reasons."""
    with Hall(folder) as hall:
        refused = dict(zip((KOREAN, "Blue Foxes", LONG, ARABIC, arena_data.MARKUP), REFUSALS))
        hall.admit(12, refused)


def _draw(folder: pathlib.Path) -> None:
    with Hall(folder) as hall:
        hall.draw()


def _draw_refused(folder: pathlib.Path) -> None:
    with Hall(folder) as hall:
        hall.draw({"Blue Foxes": CANNOT_PLAY, LONG: NO_SNAPSHOT})


def _final(folder: pathlib.Path) -> None:
    """Four teams; the final has three rounds, and is not over."""
    with Hall(folder, names=NAMES[:4]) as hall:
        hall.draw()
        for position, sides in enumerate(((0, 3), (1, 2))):
            match = hall.match((0, position), sides)
            hall.play(match, 21, 24)
            hall.finish(match)
        hall.play(hall.match((1, 0), (3, 2), 3), 22, 23, 19, 18, 25, 21)


def _first_half(folder: pathlib.Path) -> None:
    with Hall(folder) as hall:
        hall.draw()
        hall.half_round(hall.match((0, 0), (0, 15)), 0, 23)


def _first_match(folder: pathlib.Path) -> None:
    with Hall(folder) as hall:
        hall.draw()
        match = hall.match((0, 0), (0, 2))
        hall.play(match, 17, 23)
        hall.finish(match)


def _generator_failed(folder: pathlib.Path) -> None:
    with Hall(folder) as hall:
        hall.draw()
        match = hall.match((0, 0), (0, 4))
        hall.half_round(match, 0, generator_fault=SLOW)


def _discriminator_failed(folder: pathlib.Path) -> None:
    with Hall(folder) as hall:
        hall.draw()
        match = hall.match((0, 0), (3, 5))
        hall.half_round(match, 0, 22)
        hall.half_round(match, 1, discriminator_fault=NOT_FINITE)


def _tie(times: tuple[float, float] | None, noise: float = 1e-5, mode: str = schema.TOURNAMENT) -> Callable[..., None]:
    def build(folder: pathlib.Path) -> None:
        with Hall(folder, mode, NAMES[:8]) as hall:
            hall.draw()
            match = hall.match((0, 0), (0, 2))
            hall.play(match, 20, 20)
            hall.clock.now += 2
            if times:
                hall.finish(match, times, noise)

    return build


def _drawn(folder: pathlib.Path) -> None:
    """Nobody of a league can take part, so nobody wins."""
    with Hall(folder, "league", NAMES[:4]) as hall:
        hall.draw(dict.fromkeys(NAMES[:2], CANNOT_PLAY))
        hall.finish(hall.match((0, 0), (0, 1)))


def _forfeit(folder: pathlib.Path) -> None:
    with Hall(folder) as hall:
        hall.draw({KOREAN: CANNOT_PLAY})
        hall.finish(hall.match((0, 0), (0, 3)))


def _disqualified(folder: pathlib.Path) -> None:
    with Hall(folder) as hall:
        hall.draw()
        hall.store.teams.disqualify(hall.teams[4].id, "copied the training images")
        hall.finish(hall.match((0, 0), (1, 4)))


def _annulled(folder: pathlib.Path) -> None:
    with Hall(folder) as hall:
        hall.draw()
        match = hall.match((0, 0), (0, 2))
        hall.play(match, 17, 23)
        hall.finish(match)
        hall.clock.now += 120
        annulment.annul(hall.store, match.id, "잘못된 테스트 이미지 (wrong test images)")


def _held(folder: pathlib.Path) -> None:
    with Hall(folder) as hall:
        hall.draw()
        match = hall.match((0, 0), (0, 2))
        hall.half_round(match, 0, 17)
        hall.clock.now += 1
        hall.store.matches.hold(match.id, DISK_FULL)


def _frozen(folder: pathlib.Path) -> None:
    with Hall(folder) as hall:
        hall.draw()
        match = hall.match((0, 0), (0, 2))
        hall.play(match, 17, 23)
        hall.finish(match)
        hall.clock.now += 60
        hall.store.events.set_frozen(hall.event.id, True, FROZEN_REASON)
        (folder / freezing.FROZEN).write_text(FROZEN_REASON, encoding="utf-8")


def _champion(folder: pathlib.Path) -> None:
    with Hall(folder) as hall:
        hall.draw()
        hall.tournament()


def _over_league(folder: pathlib.Path) -> None:
    with Hall(folder, "league", NAMES[:4]) as hall:
        hall.draw()
        for position, sides in enumerate(((0, 1), (2, 3), (0, 2), (1, 3), (0, 3), (1, 2))):
            match = hall.match((position // 2, position % 2), sides)
            hall.play(match, 17 + position, 23)
            hall.finish(match)
        hall.store.events.finish(hall.event.id, hall.teams[1].id)


def _over_match(folder: pathlib.Path) -> None:
    with Hall(folder, "match", NAMES[2:4]) as hall:
        hall.draw()
        match = hall.match()
        hall.play(match, 17, 23)
        hall.finish(match)
        hall.store.events.finish(hall.event.id, match.away)


def _mock(folder: pathlib.Path) -> None:
    """A mock battle is over, and the next one has its time."""
    with Hall(folder, schema.MOCK, [*NAMES[:5], "house"]) as hall:
        hall.draw()
        for position, sides in enumerate(((0, 1), (2, 3), (4, 5))):
            match = hall.match((0, position), sides)
            hall.play(match, 17 + position, 23)
            hall.finish(match)
        hall.store.events.finish(hall.event.id, None)
        hall.store.schedule.announce(NextBattle("mock 14:00", NOON + 7200, "Asia/Seoul"))


def _large(folder: pathlib.Path) -> None:
    with Hall(folder, names=NAMES_256) as hall:
        hall.draw()
        for position in range(40):
            match = hall.match((0, position), (position, 255 - position))
            hall.play(match, 17 + position % 9, 22)
            hall.finish(match)


def _unreadable(folder: pathlib.Path) -> None:
    folder.mkdir()
    (folder / store.FILE).write_bytes(b"no database at all")


def _number(number: int, right: Callable[[int], bool] = lambda judged: judged == 12) -> Callable[[_State], bool]:
    """Whether half round `number` of a match is shown, and so many of its images are judged."""

    def is_meant(state: _State) -> bool:
        half_round = state["half_round"]
        return bool(half_round["number"] == number and right(half_round["judged"]))

    return is_meant


def _told(state: _State) -> bool:
    """Whether a card is told and not yet followed by the next."""
    return "face" not in state["half_round"] and state["half_round"]["judged"] > 8


STATES: dict[str, HallState] = {
    "nothing": HallState(_nothing, "nothing"),
    "opening": HallState(_opening, "opening", lambda state: state["event"]["teams_opened"] == 12),
    "opening_refused": HallState(_opening_refused, "opening", lambda state: state["event"]["teams_opened"] == 12),
    "draw": HallState(_draw, "draw"),
    "draw_refused": HallState(_draw_refused, "draw"),
    "meets": HallState(_first_match, "meets"),
    "face_asked": HallState(_first_half, "face", lambda state: "face" in state["half_round"]),
    "face_told": HallState(_first_half, "face", _told),
    "face_second": HallState(_first_match, "face", _number(1)),
    "face_last": HallState(_first_match, "face", _number(1, lambda judged: judged > 26)),
    **{f"face_final_{number}": HallState(_final, "face", _number(number)) for number in range(6)},
    "between": HallState(_first_half, "between"),
    "failed_generator": HallState(_generator_failed, "failed"),
    "failed_discriminator": HallState(_discriminator_failed, "failed"),
    "timing": HallState(_tie(None), "timing"),
    "won": HallState(_first_match, "won"),
    "won_by_time": HallState(_tie((0.01731, 0.01712)), "won"),
    "toss_up": HallState(_tie((0.0173, 0.0172), 1e-3), "toss_up"),
    "drawn": HallState(_drawn, "drawn"),
    "forfeit": HallState(_forfeit, "forfeit"),
    "disqualified": HallState(_disqualified, "forfeit"),
    "annulled": HallState(_annulled, "annulled"),
    "held": HallState(_held, "held"),
    "frozen": HallState(_frozen, "frozen"),
    "champion": HallState(_champion, "champion"),
    "over_league": HallState(_over_league, "over"),
    "over_match": HallState(_over_match, "over"),
    "countdown": HallState(_mock, "countdown", lambda state: "event" in state),
    "countdown_first": HallState(_mock, "countdown"),
    "large": HallState(_large, "face"),
    "problem": HallState(_unreadable, "problem"),
}


def first_moment(meant: HallState, state_at: Callable[[float], _State], next_change: Callable[[float], float]) -> float:
    """When a state is shown first, in unix seconds.

    Args:
        meant: a state of STATES, built.
        state_at: what the page knows at a moment.
        next_change: the next moment at which that changes; infinite if it stays.

    Raises:
        LookupError: it never is.
    """
    now = NOON - 1
    seen = []
    while now < math.inf:
        state = state_at(now)
        seen.append(state["stage"]["view"])
        if seen[-1] == meant.view and meant.is_meant(state):
            return now
        now = next_change(now)
    raise LookupError(f"{meant.view} is never shown as it is meant; only {sorted(set(seen))}")
