"""Admits snapshots, and plays matches between them, from the store and into it. No TensorFlow in this process.

Whatever was committed before a kill is not played again; what was not is played again from the same seeds. A
team's fault costs that team; a fault of this machine is tried three times, then the match is held for the
organiser and the others go on.
"""

import collections
import contextlib
import hashlib
import os
import shutil
import time

from gan.arena import match, ratings, result_pages, store
from gan.console.errors import ContractError, HostError, NoPermission, StateError, UserError
from gan.contest import rules
from gan.sandbox import child_process, sandbox, staging
from gan.storage import paths

SNAPSHOTS = "snapshots"  # folder of arena_dir with the copies of all that was handed in
PAUSES = (0.0, 1.0, 5.0)  # seconds before each try of what fails by this machine's fault
COPIES_TO_FORFEIT = 3  # of 15 images; of real ones that nobody trained on one in a hundred is suspected
FEWEST_CELLS, MOST_CELLS = 8, 64  # snapshots that are kept open at a time, by the machine's memory
_MEMORY_OF_CELL = 256 * 2**20  # bytes; of half of the machine's. Few take that, though one may take far more


class Held(Exception):
    """This machine failed again and again; the message says how."""


def usual_cells():
    """How many snapshots this machine can keep open at a time."""
    try:
        memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, OSError, ValueError):  # it does not tell
        return FEWEST_CELLS
    return max(FEWEST_CELLS, min(MOST_CELLS, memory // 2 // _MEMORY_OF_CELL))


class Arena:
    """Everything that matches are played with. Use as a context manager.

    Args:
        folder: arena_dir.
        size: pixels of an image.
        real_images: uint8 [N, size], the test set.
        limits: a child_process.SandboxLimits.
        sizes: a staging.SizeLimits.
        require_isolation: refuses to begin where a cell could do what it must not.
        copies: a copy_check.Copies, or None not to look for copied training images.
        forfeit_copies: a generator that copies fails its half round.
        cells: snapshots to keep open at a time, 2 or more: to open one again takes longer than a half round.

    Raises:
        StateError: another process plays in this arena, or its file cannot be used.
        UserError: isolation is required, and this machine does not have it.
    """

    def __init__(
        self,
        folder,
        size,
        real_images,
        limits=child_process.DEFAULT_LIMITS,
        sizes=staging.DEFAULT_SIZES,
        require_isolation=False,
        copies=None,
        forfeit_copies=False,
        cells=FEWEST_CELLS,
    ):
        self.folder, self.size, self.real_images = folder, size, real_images
        self._sizes, self._copies, self._forfeit_copies = sizes, copies, forfeit_copies
        self._snapshots = os.path.join(folder, SNAPSHOTS)
        with contextlib.ExitStack() as resources:
            self.store = resources.enter_context(store.Store(folder))
            self._limits, self._most_cells = limits, cells
            self._has_new_suspects = False
            self._sandbox = None
            resources.callback(self._end_sandbox)
            self._cells = collections.OrderedDict()
            self._deaths = collections.Counter()
            self.isolation = None
            self.isolation = self._begin_sandbox().isolation()
            staging.clear(self._snapshots)
            if require_isolation and self.isolation.possible:
                raise UserError(f"--require_isolation: {self.isolation.described()}")
            self._resources = resources.pop_all()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._resources.close()

    def settings(self):
        """What decides results beside an event's teams and seed, as JSON can hold it: an event keeps to it."""
        shown = hashlib.sha256(self.real_images.tobytes()).hexdigest()
        return {"real_images": shown, "forfeit_copies": self._forfeit_copies}

    def admit(self, name, path, fault):
        """Copies a team's snapshot, opens and checks it.

        Args:
            name: of the team.
            path: of its snapshot or the folder.
            fault: why it cannot take part anyhow, or None.

        Returns:
            (snapshot's digest, step, fault), as store.add_teams takes them. All None where this machine failed: the
            team's matches are held until it can be admitted.
        """
        if fault:
            return None, None, fault
        try:
            return self._try_often(lambda: self._admit(path), f"admitting {name}")
        except Held:
            return None, None, None

    def play(self, event, round, position, home, away, num_rounds, is_rated):
        """Plays a match, or goes on with one, unless it is done or held already.

        Args:
            event: a store.Event.
            round: in the event, from 0.
            position: in the round, from 0.
            home: a store.Team.
            away: likewise; None for a bye.
            num_rounds: rounds of the match.
            is_rated: whether ratings follow from it.

        Returns:
            The store.Match as it is then: done or held.
        """
        row = self.store.begin_match(event.id, round, position, home.id, away and away.id, num_rounds)
        if row.status != store.PLAYING:
            return row
        if away is None:
            return self.store.finish_match(row.id, home.id, rules.BYE, (None, None))
        try:
            sides = [self._side(team) for team in (home, away)]
            if any(side.team.fault for side in sides):
                result = rules.forfeit_result(*(side.team.fault for side in sides), num_rounds)
                return self._finish(row, sides, result, None, is_rated)
            return self._play(event, row, sides, is_rated)
        except Held as error:
            self.store.hold_match(row.id, str(error))
            return self.store.match(row.id)

    def release(self, team):
        """Closes the cell of a store.Team that plays no more: others stay open the longer."""
        if team.snapshot in self._cells:
            with contextlib.suppress(HostError):  # gone already
                self._cells.pop(team.snapshot).close()

    def rest(self):
        """Closes all cells, to leave the memory to others until the next match."""
        while self._cells:
            with contextlib.suppress(HostError):  # gone already
                self._cells.popitem()[1].close()

    def replay(self, half_round):
        """Plays a stored half round again, from the snapshots that were kept.

        Args:
            half_round: its id.

        Returns:
            (the store.HalfRound, the match.Played of now).

        Raises:
            UserError: a snapshot is gone.
        """
        before = self.store.half_round(half_round)
        row = self.store.match(before.match)
        event = self.store.event_of(row.id)
        teams = {team.id: team for team in self.store.teams(event.id)}
        sides = [self._side(teams[team]) for team in (row.home, row.away)]
        now = match.play_half_round(sides, before.number, self.real_images, _key(event, row))
        if before.images is not None and before.generator_fault:  # found to be copies then, which it still is
            now = _forfeited(now, before.generator_fault)
        return before, now

    def _play(self, event, row, sides, is_rated):
        key = _key(event, row)
        _open_both(sides)
        played = [_result(half_round) for half_round in self.store.half_rounds(row.id)]
        for number in range(len(played), 2 * row.num_rounds):
            half_round = self._try_often(
                lambda number=number: match.play_half_round(sides, number, self.real_images, key),
                f"half round {number} of match {row.id}",
            )
            played.append(self._keep(row, sides, number, half_round))
        result, seconds = rules.match_result(played), None
        if result.winner is None:
            seconds = self._try_often(
                lambda: match.measure_times(sides, self.real_images, key), f"the timing of match {row.id}"
            )
            result = rules.match_result(played, seconds)
        self._show_suspects(event)
        return self._finish(row, sides, result, seconds, is_rated)

    def _keep(self, row, sides, number, played):
        """Commits a half round, after a look for copied training images; returns the rules.HalfRound that counts."""
        drawer = rules.generator_side(number)
        suspects = self._copies.find(played.images, played.truth) if self._copies and played.images is not None else []
        if len(suspects) >= COPIES_TO_FORFEIT and self._forfeit_copies:
            played = _forfeited(played, f"{len(suspects)} of its images are copies of training images")
        self.store.add_half_round(
            row.id,
            number,
            generator=sides[drawer].team.id,
            discriminator=sides[1 - drawer].team.id,
            seed=played.seed,
            images=played.images,
            truth=played.truth,
            probabilities=played.probabilities,
            suspects=[suspect._asdict() for suspect in suspects],
            **played.result._asdict(),
        )
        self._has_new_suspects |= bool(suspects)
        return played.result

    def _show_suspects(self, event):
        if self._has_new_suspects:
            try:
                result_pages.write_suspects(
                    self.folder, event, self.store.teams(event.id), self.store.suspects(event.id)
                )
            except OSError as error:
                self.store.log("host", f"the page of suspected copies: {error}", event.id)
            self._has_new_suspects = False

    def _finish(self, row, sides, result, seconds, is_rated):
        for side in sides:
            self._deaths.pop(side.team.snapshot, None)
        names = [sides[side].team.name for side in (result.winner, 1 - result.winner)]
        rated = ratings.rated(self.store, result.rule, names) if is_rated else []
        return self.store.finish_match(row.id, sides[result.winner].team.id, result.rule, result.points, seconds, rated)

    def _admit(self, path):
        try:
            staged = staging.stage(path, self._snapshots, self._sizes)
        except ContractError as error:
            return None, None, error.why
        except StateError as error:  # no such bucket
            return None, None, str(error)
        except NoPermission as error:
            if not self._has_read_a_bucket():  # it may be this machine that has no right to read any
                raise
            return None, None, f"{error}; let the organiser's account read the bucket"
        try:
            self._open(staged).verify()
        except ContractError as error:
            self._discard(staged.digest)
            return staged.digest, staged.step, error.why
        return staged.digest, staged.step, None

    def _has_read_a_bucket(self):
        teams = (team for event in self.store.events() for team in self.store.teams(event.id))
        return any(team.snapshot and paths.is_remote(team.path) for team in teams)

    def _side(self, team):
        """Raises Held where its snapshot still cannot be had."""
        if team.fault is None and team.snapshot is None:
            admitted = self._try_often(lambda: self._admit(team.path), f"admitting {team.name}")
            self.store.set_snapshot(team.id, *admitted)
            team = team._replace(**dict(zip(("snapshot", "step", "fault"), admitted)))
        return match.Side(team, lambda: self._open_kept(team))

    def _open_kept(self, team):
        staged = staging.restage(self._snapshots, team.snapshot, team.path)
        if staged is None:
            copy = os.path.join(self._snapshots, team.snapshot)
            raise HostError(f"the copy of {team.name}'s snapshot is gone: {copy}")
        return self._open(staged)

    def _open(self, staged):
        """The cell of a snapshot, a new one where it has none or a dead one; the longest unused goes for it."""
        cell = self._cells.pop(staged.digest, None)
        if cell is None or cell.closed:
            while len(self._cells) >= self._most_cells:
                self._cells.popitem(last=False)[1].close()
            cell = self._begin_sandbox().start(staged, self.size, deaths=self._deaths)
        self._cells[staged.digest] = cell
        return cell

    def _discard(self, digest):
        """Closes the cell of a snapshot that is refused, and removes the copy unless another event admitted it."""
        if digest in self._cells:
            self._cells.pop(digest).close()
        if not self.store.needs_snapshot(digest):
            shutil.rmtree(os.path.join(self._snapshots, digest), ignore_errors=True)

    def _try_often(self, action, what):
        """Tries it three times, each time with new cells where these failed."""
        for attempt, pause in enumerate(PAUSES, 1):
            time.sleep(pause)
            try:
                return action()
            except (ContractError, StateError):
                raise
            except (UserError, OSError) as error:
                self.store.log("host", f"{what}, attempt {attempt}: {error}")
                if isinstance(error, HostError):
                    self._end_sandbox()
                failed = error
        raise Held(str(failed))

    def _begin_sandbox(self):
        if self._sandbox is None:
            must_hold = self.isolation.held if self.isolation else ()
            self._sandbox = sandbox.Sandbox(self._limits, self._snapshots, must_hold)
        return self._sandbox

    def _end_sandbox(self):
        self._cells = collections.OrderedDict()
        sandbox_, self._sandbox = self._sandbox, None
        if sandbox_:
            sandbox_.close()


def _open_both(sides):
    """Opens both snapshots at a time, and before either is timed; what fails is told when it is used."""
    for action in (lambda side: side.open(), lambda side: side.open().wait()):
        for side in sides:
            with contextlib.suppress(UserError, OSError):
                action(side)


def _key(event, row):
    """What names a match for all that is random in it."""
    return event.seed, row.round, row.position, row.attempt


def _forfeited(played, fault):
    """A match.Played whose generator's images do not count; they are kept."""
    judged = played.result
    result = rules.half_round(
        None, None, None, judged.discriminator_seconds, fault, discriminator_fault=judged.discriminator_fault
    )
    return played._replace(result=result)


def _result(half_round):
    """A rules.HalfRound from a store.HalfRound."""
    return rules.HalfRound(**{name: getattr(half_round, name) for name in rules.HalfRound._fields})
