"""The arena: opens teams' snapshots, and plays matches between them, from the store and into it. No TensorFlow here.

Whatever was committed before a kill is not played again. What was not is played again from the same seeds. A
team's fault costs that team. A fault of this machine is tried three times; then the match is held for the organiser,
and the others go on.
"""

import contextlib
import dataclasses
import hashlib
import os
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Any, NamedTuple, TypeVar

import numpy as np

from gan.arena import match, notes, open_snapshots, ratings, result_pages, schema, snapshot_copies, store
from gan.arena.admissions import Admissions
from gan.arena.bucket_looks import BucketLooks
from gan.arena.copy_check import CopyCheck, SuspectedCopy
from gan.arena.match import EventImages, Side
from gan.arena.match_records import MatchPlace
from gan.arena.open_snapshots import MachineFailed, OpenSnapshots
from gan.arena.schema import Event, Match, StoredHalfRound, Team
from gan.console.errors import Fault, UserError
from gan.contest import half_round, rules
from gan.contest.faults import host_failure
from gan.contest.half_round import PlayedHalfRound
from gan.contest.timing import Measured
from gan.distributed import snapshot_room
from gan.distributed.snapshot_room import RoomReport
from gan.sandbox import child_process, staging
from gan.sandbox.sandbox import SandboxedSnapshot

COPIES_TO_FORFEIT = 3  # of 15 images; of real images that nobody trained on, one in a hundred is suspected
_MOST_AT_ONCE = 8  # snapshots that are opened at a time, before an event

_Done = TypeVar("_Done")


@dataclasses.dataclass(frozen=True)
class ArenaSettings:
    """How snapshots are run and judged.

    Attributes:
        limits: what a snapshot may use while it is open.
        sizes: what its files may have.
        require_isolation: refuses to begin if a snapshot could do what it must not on this machine.
        forfeit_copies: a generator that copies training images fails its half round.
        most_open: snapshots to keep open at a time, 2 or more.
    """

    limits: child_process.SandboxLimits = child_process.DEFAULT_LIMITS
    sizes: staging.SizeLimits = staging.DEFAULT_SIZES
    require_isolation: bool = False
    forfeit_copies: bool = False
    most_open: int = open_snapshots.FEWEST_OPEN


class _Decided(NamedTuple):
    """How a match ended."""

    result: rules.Result
    scores: list[rules.HalfRoundScore]  # none if nothing was played
    times: rules.ModelTimes | None = None  # None if there was no tie to break
    measured: Measured | None = None


class MatchToPlay(NamedTuple):
    """A match as the event wants it."""

    round: int  # in the event, from 0
    position: int  # in the round, from 0
    home: Team
    away: Team | None  # None for a bye
    num_rounds: int
    is_rated: bool  # whether ratings follow from it


class Arena:
    """Everything that matches are played with. Use as a context manager.

    Args:
        folder: arena_dir.
        size: pixels of an image.
        real_images: uint8 [N, size], which half rounds draw from.
        settings: how snapshots are run and judged.
        copy_check: finds copied training images; None not to look for them.
        public_images: uint8 [N, size], from which an event that begins takes its reference images; None takes them from
            `real_images`.

    Attributes:
        store: what was played.
        looks: at the buckets of teams.
        admissions: of teams.
        isolation: how well this machine confines snapshots.
        public_images: as given.
        limits: what a snapshot may use.

    Raises:
        StateError: another process plays in this arena, or its file cannot be used.
        UserError: isolation is required, and this machine does not have it.
    """

    def __init__(
        self,
        folder: str,
        size: int,
        real_images: np.ndarray,
        settings: ArenaSettings = ArenaSettings(),
        copy_check: CopyCheck | None = None,
        public_images: np.ndarray | None = None,
    ) -> None:
        self.folder, self.size, self.real_images = folder, size, real_images
        self.public_images = public_images
        self._settings, self._copy_check, self.limits = settings, copy_check, settings.limits
        self._snapshots = os.path.join(folder, snapshot_copies.SNAPSHOTS)
        self.looks = BucketLooks(self._snapshots, settings.sizes)
        self._has_new_suspects = False
        with contextlib.ExitStack() as resources:
            self.store = resources.enter_context(store.Store(folder))
            self._open = resources.enter_context(
                OpenSnapshots(self._snapshots, size, settings.limits, settings.most_open)
            )
            snapshot_copies.remove_unneeded(self.store, self._snapshots)
            # One more than there are processors: while one waits for the disk, or for us, they all work.
            at_once = min((os.cpu_count() or 1) + 1, settings.most_open, _MOST_AT_ONCE)
            self.admissions = Admissions(self.store, self._open, self.looks, settings.sizes, at_once)
            self.isolation = self._open.isolation
            if settings.require_isolation and self.isolation.possible:
                raise UserError(
                    f"--require_isolation: {self.isolation.described()}; run as root on Linux, or leave the flag out"
                )
            self._resources = resources.pop_all()

    def __enter__(self) -> "Arena":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._resources.close()

    def fixed_options(self) -> dict[str, Any]:
        """What decides results beside an event's teams and seed, as JSON can hold it: an event keeps to it."""
        shown = hashlib.sha256(self.real_images.tobytes()).hexdigest()
        return {"real_images": shown, "forfeit_copies": self._settings.forfeit_copies}

    def images_of(self, event: Event | None) -> EventImages:
        """The real images of an event; of one that would begin now if it is None."""
        shown, version = self.real_images, event.rules if event else rules.VERSION
        if event and (kept := self.store.events.references(event.id)):
            references = np.frombuffer(kept, np.uint8).reshape(-1, event.size)
        else:
            references = half_round.references(shown if self.public_images is None else self.public_images, ())
        if version >= rules.SETS_REFERENCES_ASIDE:
            others = half_round.without(shown, references)
            if len(others) >= rules.images_needed(rules.FINAL_ROUNDS[version], version):  # enough for every match
                shown = others
        return EventImages(shown, references, version)

    def keep_references(self, event: Event) -> None:
        """Lets an event have the same reference images from now on."""
        if self.store.events.references(event.id) is None:
            self.store.events.set_references(event.id, self.images_of(event).references.tobytes())

    def make_room(self, count: int) -> None:
        """Sees to it that the disk has room for so many teams more; raises HostError if it has not."""
        snapshot_copies.make_room(self.store, self._snapshots, count)

    def play(self, event: Event, wanted: MatchToPlay, after: Sequence[Team] = ()) -> Match:
        """Plays a match, or goes on with one, unless it is done or held already.

        Args:
            event: that it belongs to.
            wanted: the match.
            after: who plays after it; their snapshots are opened meanwhile.

        Returns:
            The match as it is then: done or held.
        """
        home, away = wanted.home, wanted.away
        place = MatchPlace(event.id, wanted.round, wanted.position)
        row = self.store.matches.begin(place, home.id, away and away.id, wanted.num_rounds)
        if row.status != schema.PLAYING:
            return row
        if away is None:
            return self.store.matches.finish(row.id, rules.Result((0, 0), rules.HOME, rules.BYE))
        try:
            sides = self._side(home), self._side(away)
            faults = [side.team.fault for side in sides]
            if any(faults):
                may_draw = rules.has_draws(event.mode == schema.TOURNAMENT, event.rules)
                decided = _Decided(rules.forfeit_result(faults[0], faults[1], row.num_rounds, may_draw), [])
            else:
                decided = self._play(event, row, sides, after)
        except MachineFailed as error:
            return self.store.matches.hold(row.id, error.fault)
        return self._finish(row, sides, decided, event.rules if wanted.is_rated else None)

    def room_report(self) -> RoomReport:
        """What workers that play for this arena must have in common with this machine; raises HostError if it fails."""
        return snapshot_room.report(self._open.start, self.isolation)

    def snapshot_files(self, digest: str) -> dict[str, bytes]:
        """Name -> content of the files of a snapshot that was admitted; raises HostError if the copy is gone."""
        found = staging.packed(self._snapshots, digest)
        if found is None:
            raise host_failure("copy_gone", team=digest, path=os.path.join(self._snapshots, digest))
        return found

    def release(self, team: Team) -> None:
        """Closes the snapshot of a team that plays no more: others stay open for longer."""
        self._open.close(team.snapshot)

    def plays_last(self, team: Team) -> None:
        """The next match of a team comes after those of all others: their snapshots stay open rather than its own."""
        self._open.needed_last(team.snapshot)

    def examine(self, team: Team, action: Callable[[SandboxedSnapshot], _Done]) -> tuple[Team, _Done | None]:
        """Does something with a team's snapshot outside of a match; a team that is not admitted yet is.

        Args:
            team: who it is.
            action: what to do with its snapshot.

        Returns:
            (the team as it is then, what `action` returned or None if the team cannot take part).

        Raises:
            ContractError: the snapshot breaks the contract.
            MachineFailed: this machine failed each time.
        """
        side = self._side(team)
        if side.team.fault:
            return side.team, None
        try:
            done = self._try_often(
                lambda: action(side.open()),
                lambda attempt, problem: notes.note("probe_failed", team=team.name, attempt=attempt, problem=problem),
            )
        finally:  # what it used up is not missing in a match
            self._open.close(side.team.snapshot)
            self._open.forget_deaths(side.team.snapshot)
        return side.team, done

    def rest(self) -> None:
        """Closes all snapshots, to leave the memory to others until the next match."""
        self._open.close_all()

    def replay(self, number: int) -> tuple[StoredHalfRound, PlayedHalfRound]:
        """Plays a stored half round again, from the snapshots that were kept.

        Args:
            number: id of the half round; there must be one.

        Returns:
            (as it is stored, as it was played now).

        Raises:
            UserError: a snapshot is gone.
        """
        before = self.store.half_rounds.get(number)
        if before is None:
            raise UserError(f"there is no half round {number} in {self.store.path}")
        row = self.store.matches.get(before.match)
        event = self.store.events.of_match(row.id)
        teams = {team.id: team for team in self.store.teams.of_event(event.id)}
        sides = [self._side(teams[row.home]), self._side(teams[row.away or row.home])]
        now = match.play_half_round(sides, before.number, self.images_of(event), key_of(event, row))
        copied = before.played.score.generator_fault
        if before.played.shown is not None and copied:  # the images were found to be copies, which they still are
            now = match.forfeited(now, copied)
        return before, now

    def _play(self, event: Event, row: Match, sides: tuple[Side, Side], after: Sequence[Team]) -> _Decided:
        """Plays a match; half rounds that are stored are not played."""
        key, real_images = key_of(event, row), self.images_of(event)
        _open_both(sides)
        self._open.expect(after)
        scores = self.store.half_rounds.scores_of(row.id)
        for number in range(len(scores), 2 * row.num_rounds):
            scores.append(self._play_half_round(row, sides, number, real_images, key))
        may_draw = rules.has_draws(event.mode == schema.TOURNAMENT, event.rules)
        decided = _Decided(rules.match_result(scores, may_draw=may_draw), scores)
        if decided.result.rule == rules.NEEDS_TIMING and row.home == row.away and may_draw:  # nobody can be faster
            decided = decided._replace(result=decided.result._replace(rule=rules.DRAWN_TIME))
        elif decided.result.rule == rules.NEEDS_TIMING:
            self._open.await_expected()  # nothing else works meanwhile
            times, measured = self._try_often(
                lambda: match.measure_times(sides, real_images, key),
                lambda attempt, problem: notes.note("timing_failed", match=row.id, attempt=attempt, problem=problem),
            )
            decided = _Decided(rules.match_result(scores, times, may_draw), scores, times, measured)
        self.show_suspects(event)
        return decided

    def _play_half_round(
        self, row: Match, sides: tuple[Side, Side], number: int, real_images: EventImages, key: match.MatchKey
    ) -> rules.HalfRoundScore:
        """Plays and keeps a half round."""
        played = self._try_often(
            lambda: match.play_half_round(sides, number, real_images, key),
            lambda attempt, problem: notes.note(
                "half_round_failed", number=number, match=row.id, attempt=attempt, problem=problem
            ),
        )
        return self.keep_half_round(row, (sides[rules.HOME].team, sides[rules.AWAY].team), number, played)

    def keep_half_round(
        self, row: Match, sides: tuple[Team, Team], number: int, played: PlayedHalfRound
    ) -> rules.HalfRoundScore:
        """Commits a half round, after a look for copied training images."""
        copies: list[SuspectedCopy] = []
        if self._copy_check and played.shown is not None:
            copies = self._copy_check.find(played.shown.images, played.shown.truth)
        if len(copies) >= COPIES_TO_FORFEIT and self._settings.forfeit_copies:
            played = match.forfeited(played, notes.note("images_copied", count=len(copies)))
        drawer = rules.generator_side(number)
        teams = sides[drawer].id, sides[1 - drawer].id
        for side, fault in ((drawer, played.score.generator_fault), (1 - drawer, played.score.discriminator_fault)):
            self.admissions.note_forbidden(fault, sides[side].name, sides[side].snapshot, row.event)
        self.store.half_rounds.add(row.id, number, teams, played, copies)
        self._has_new_suspects |= bool(copies)
        return played.score

    def show_suspects(self, event: Event) -> None:
        """Writes the page of suspected copies again if there are new ones."""
        if self._has_new_suspects:
            try:
                result_pages.write_suspects(self.folder, self.store, event)
            except OSError as error:
                self.store.log.add("host", notes.note("suspects_page_failed", problem=notes.of(error)), event.id)
            self._has_new_suspects = False

    def _finish(self, row: Match, sides: tuple[Side, Side], decided: _Decided, rated_by: int | None) -> Match:
        """Keeps how a match ended; `rated_by` is the version of the rules by which it is rated, None if it is not."""
        for side in sides:
            self._open.forget_deaths(side.team.snapshot)
        rated = {}
        if rated_by is not None:
            names = sides[rules.HOME].team.name, sides[rules.AWAY].team.name
            rated = ratings.rated(self.store, ratings.MatchToRate(names, decided.result, decided.scores, rated_by))
        seconds = decided.times and (decided.times.home, decided.times.away)
        with self.store.writing():
            if decided.measured:
                self.store.timings.add(row.id, decided.measured)
            return self.store.matches.finish(row.id, decided.result, seconds, rated)

    def _side(self, team: Team) -> Side:
        """Raises MachineFailed if its snapshot still cannot be had."""
        if team.fault is None and team.snapshot is None:
            admission = self.admissions.admit_or_fail(team.name, team.path, team.event)
            self.store.teams.set_admission(team.id, admission)
            team = team._replace(**admission._asdict())
        return Side(team, lambda: self._open.open_kept(team))

    def _try_often(self, action: Callable[[], _Done], note: Callable[[int, Fault], Fault]) -> _Done:
        """Tries something three times; notes each failure of this machine in the log."""
        return self._open.try_often(action, lambda attempt, problem: self.store.log.add("host", note(attempt, problem)))


def _open_both(sides: tuple[Side, Side]) -> None:
    """Opens both snapshots at a time, and before either is timed; a failure shows again when the snapshot is used."""
    for action in (lambda side: side.open(), lambda side: side.open().wait()):
        for side in sides:
            with contextlib.suppress(UserError, OSError):
                action(side)


def key_of(event: Event, row: Match) -> match.MatchKey:
    """What names a match for all that is random in it."""
    return event.seed, row.round, row.position, row.attempt
