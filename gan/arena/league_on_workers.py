"""Has workers play the matches of a league; this process keeps what they played. No TensorFlow.

A worker gets snapshots, the event's real images, and the numbers that name each match. So it plays what would be played
here, bit for bit. It sends back half rounds in which nothing went wrong. All else is left to this process: a match in
which something went wrong, so that a team's fault is judged where it always is.
"""

import contextlib
import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from gan.arena import match, played_elsewhere
from gan.arena.arena import Arena, MatchToPlay
from gan.arena.match import EventImages, MatchKey, Side
from gan.arena.schema import Event, Match, Team
from gan.console.errors import HostError, UserError
from gan.contest import rules
from gan.contest.half_round import PlayedHalfRound
from gan.contest.timing import Measured
from gan.distributed.dispatcher import Callbacks, Dispatcher, Job
from gan.distributed.snapshot_room import RoomPlan, SnapshotRoom
from gan.distributed.worker_pool import WorkerPool
from gan.sandbox.sandbox import SandboxedSnapshot

BLOCK = 16  # teams: a worker opens the snapshots of two blocks, and keeps them open for all matches between them
_MOST_TOGETHER = 16  # matches of one job; what a lost worker had of it is played again
_JOBS_OF_EACH = 4  # at least, so that all workers are busy to the end


class Workers(NamedTuple):
    """Who plays.

    Attributes:
        pool: of the workers.
        other_bits: whether workers may play that compute slightly other numbers.
    """

    pool: WorkerPool
    other_bits: bool = False


class MatchToSend(NamedTuple):
    """A match that a worker is to play."""

    wanted: MatchToPlay
    key: MatchKey


class MatchPlayed(NamedTuple):
    """What a worker played of a match: half rounds or times. Neither if something went wrong."""

    half_rounds: list[PlayedHalfRound] | None = None
    times: rules.ModelTimes | None = None
    measured: Measured | None = None
    problem: str = ""  # with the worker; empty if it is a team's, or if nothing went wrong


class Keeping(NamedTuple):
    """What is done with matches here."""

    tell: Callable[[Match, Team, Team], None]  # called with each match that is over
    say: Callable[[str], None]  # prints a line
    is_stopped: Callable[[], bool]  # whether no more matches are to begin


def play(arena: Arena, event: Event, wanted: Sequence[MatchToPlay], workers: Workers, keeping: Keeping) -> None:
    """Has workers play matches of a league. Some may be left for this process to play afterwards.

    Times that decide ties are measured when everything else is played, on one worker of each machine, one tie after the
    other.

    Args:
        arena: keeps them.
        event: that they belong to.
        wanted: matches between teams that can take part; those that are over are passed over.
        workers: who plays them.
        keeping: what is done with each.

    Raises:
        UserError: no worker may take part, or all are gone; the matches that were finished are kept.
    """

    def take(job: Job, played: list[MatchPlayed] | None) -> str | None:
        for one, result in zip(job.argument, played or ()):
            row = _kept(arena, event, one.wanted, result)
            if row and row.ended is not None and one.wanted.away:
                keeping.tell(row, one.wanted.home, one.wanted.away)
        arena.show_suspects(event)
        return next((one.problem for one in played or () if one.problem), None)

    begun = {(row.round, row.position) for row in arena.store.matches.of_event(event.id)}
    new = [one for one in wanted if (one.round, one.position) not in begun]
    plan = RoomPlan(event.size, arena.limits, 2 * BLOCK, arena.images_of(event))
    callbacks = Callbacks(arena.room_report, arena.snapshot_files, take, keeping.say, keeping.is_stopped)
    count = max(1, len(workers.pool.addresses()))
    dispatcher = Dispatcher(workers.pool, plan, workers.other_bits, callbacks)
    with contextlib.closing(dispatcher):
        sent = [MatchToSend(_without_paths(one), played_elsewhere.key_of_next(arena, event, one)) for one in new]
        dispatcher.run(_jobs(sent, count, play_matches))
        ties = played_elsewhere.tied(arena, event)
        places = [(one, (one.round, one.position)) for one in wanted]
        tied = [MatchToSend(_without_paths(one), ties[place]) for one, place in places if place in ties]
        dispatcher.run(_jobs(tied, count, measure_matches), one_of_each_host=True)


def _kept(arena: Arena, event: Event, wanted: MatchToPlay, result: MatchPlayed) -> Match | None:
    """Keeps what a worker played; None if something went wrong there."""
    if result.half_rounds is not None:
        return played_elsewhere.keep(arena, event, wanted, result.half_rounds)
    if result.times is not None:
        return played_elsewhere.keep_times(arena, event, wanted, result.times, result.measured)
    return None


def _without_paths(wanted: MatchToPlay) -> MatchToPlay:
    """A match as workers may see it: where its teams' snapshots lie is no business of theirs."""
    away = wanted.away and wanted.away._replace(path=wanted.away.name)
    return wanted._replace(home=wanted.home._replace(path=wanted.home.name), away=away)


def _jobs(
    sent: Sequence[MatchToSend],
    workers: int,
    function: Callable[[SnapshotRoom, Sequence[MatchToSend]], list[MatchPlayed]],
) -> Iterator[Job]:
    """Jobs by pairs of blocks of teams, so that one block stays open from a pair to the next."""
    teams = sorted({team.id for one in sent for team in _teams(one)})
    places = {team: place for place, team in enumerate(teams)}

    def order(one: MatchToSend) -> tuple[int, int, int, int]:
        first, second = sorted(places[team.id] for team in _teams(one))
        return first // BLOCK, second // BLOCK, first, second

    most = max(1, min(_MOST_TOGETHER, len(sent) // (workers * _JOBS_OF_EACH)))
    by_blocks = itertools.groupby(sorted(sent, key=order), key=lambda one: order(one)[:2])
    for block, (_, group) in enumerate(by_blocks):
        matches = list(group)
        for begin in range(0, len(matches), most):
            together = matches[begin : begin + most]
            needed = dict.fromkeys(team.snapshot or "" for one in together for team in _teams(one))
            yield Job(block, function, together, tuple(needed))


def _teams(one: MatchToSend) -> tuple[Team, Team]:
    if one.wanted.away is None:
        raise ValueError("a league has no byes")
    return one.wanted.home, one.wanted.away


def play_matches(room: SnapshotRoom, matches: Sequence[MatchToSend]) -> list[MatchPlayed]:
    """Plays matches; called on a worker, whose room shares the EventImages."""
    return [_done(room, one, _play) for one in matches]


def measure_matches(room: SnapshotRoom, matches: Sequence[MatchToSend]) -> list[MatchPlayed]:
    """Measures the times that decide ties; called on a worker, whose room shares the EventImages."""
    return [_done(room, one, _measure) for one in matches]


def _play(sides: Sequence[Side], real_images: EventImages, one: MatchToSend) -> MatchPlayed:
    played: list[PlayedHalfRound] = []
    for number in range(2 * one.wanted.num_rounds):
        played.append(match.play_half_round(sides, number, real_images, one.key))
        if played[-1].score.generator_fault or played[-1].score.discriminator_fault:
            return MatchPlayed()
    return MatchPlayed(played)


def _measure(sides: Sequence[Side], real_images: EventImages, one: MatchToSend) -> MatchPlayed:
    times, measured = match.measure_times(sides, real_images, one.key)
    return MatchPlayed(times=times, measured=measured) if measured else MatchPlayed()


def _done(
    room: SnapshotRoom, one: MatchToSend, action: Callable[[Sequence[Side], EventImages, MatchToSend], MatchPlayed]
) -> MatchPlayed:
    sides = [Side(team, _opener(room, team)) for team in _teams(one)]
    try:
        for side in sides:  # both at the same time
            side.open()
        return action(sides, room.plan.shared, one)
    except (UserError, OSError) as error:
        if isinstance(error, HostError):
            room.restart()
        return MatchPlayed(problem=str(error) or type(error).__name__)


def _opener(room: SnapshotRoom, team: Team) -> Callable[[], SandboxedSnapshot]:
    return lambda: room.open(team.snapshot or "", team.name)
