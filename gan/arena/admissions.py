"""Admits teams' snapshots to an arena: copies them, opens and checks them, and tells whose fault it is if that fails.

No TensorFlow.
"""

import contextlib
import os
import time
from collections.abc import Callable, Sequence
from typing import TypeVar

from gan.arena import fingerprints, notes
from gan.arena.bucket_looks import BucketLooks
from gan.arena.event_records import Admission
from gan.arena.open_snapshots import MachineFailed, OpenSnapshots
from gan.arena.store import Store
from gan.console.errors import OTHER, BucketRefused, BucketSilent, ContractError, Fault, StateError, UserError
from gan.sandbox import child_process, staging
from gan.storage import paths

# What this machine failed at so long ago is tried once, not three times with pauses: without credentials, say, 64 teams
# would take seven minutes, and so would all matches of one of them in a league.
_MOMENT_SECONDS = 60.0

_Done = TypeVar("_Done")


class Admissions:
    """The admissions of one arena.

    Args:
        kept: the arena's store.
        opened: opens the snapshots.
        looks: at the buckets of teams.
        sizes: what a snapshot's files may have.
        at_once: snapshots that are opened at a time, before an event.
    """

    def __init__(
        self, kept: Store, opened: OpenSnapshots, looks: BucketLooks, sizes: staging.SizeLimits, at_once: int
    ) -> None:
        self._kept, self._open, self._looks, self._sizes, self._at_once = kept, opened, looks, sizes, at_once
        self._folder = opened.folder
        self._expected: dict[str, staging.Staged] = {}  # by path: copied, being opened, not admitted yet
        # What this machine failed at last, and how long to expect that again, by time.monotonic.
        self._failed: tuple[Fault | None, float] = None, 0.0

    def expect(self, paths: Sequence[str]) -> None:
        """Begins to open the snapshots that are admitted next, at most `at_once`, and waits for none.

        What goes wrong shows again when the snapshot is admitted.

        Args:
            paths: of the snapshots or their folders, in the order of their admission.
        """
        for path in paths[: self._at_once]:
            if path not in self._expected:
                with contextlib.suppress(UserError, OSError):
                    staged = self._looks.take(path)
                    self._open.open(staged)
                    self._expected[path] = staged

    def admit(self, name: str, path: str, fault: Fault | None, event: int | None = None) -> Admission:
        """Copies a team's snapshot, opens and checks it.

        Args:
            name: of the team.
            path: of its snapshot or the folder.
            fault: why it cannot take part anyhow; None if nothing is known.
            event: for the log; None if it is for none.

        Returns:
            What it hands in. All None if this machine failed: the team's matches are held until it can be admitted.
        """
        if fault:
            return Admission(None, None, fault)
        try:
            return self.admit_or_fail(name, path, event)
        except MachineFailed:
            return Admission(None, None, None)

    def admit_or_fail(self, name: str, path: str, event: int | None) -> Admission:
        """As `admit`, but raises MachineFailed if this machine failed."""
        return self._try(name, lambda: self._admit(name, path, event))

    def identified(self, name: str, path: str) -> str | None:
        """The digest of a snapshot whose fingerprint is kept from now on, if this machine can take it; else None."""
        try:
            staged = self._try(name, lambda: staging.stage(path, self._folder, self._sizes))
            self._try(name, lambda: self._keep_fingerprint(name, staged, None))
        except (MachineFailed, ContractError, StateError):
            return None
        self._open.close(staged.digest)
        return staged.digest

    def note_forbidden(self, fault: Fault | None, team: str, digest: str | None, event: int | None) -> None:
        """Tells the organiser if a snapshot's process tried what it must not."""
        if fault and fault.code == child_process.FORBIDDEN_CALL:
            tried = notes.note("forbidden_call_tried", team=team, snapshot=digest or "gone")
            self._kept.log.add("security", tried, event)

    def _admit(self, name: str, path: str, event: int | None) -> Admission:
        try:
            staged = self._expected.pop(path, None)
            if staged is None or not os.path.isdir(staged.folder):  # an equal one was refused, and its copy removed
                staged = self._looks.take(path)
        except (ContractError, StateError) as error:  # a StateError: there is no such bucket
            return Admission(None, None, notes.of(error))
        except (BucketRefused, BucketSilent) as error:
            if not self._looks.is_of_team(path, error, self._known_paths()):
                raise
            problem = Fault(OTHER, {"text": str(error)})  # in the server's words, for the organiser
            self._kept.log.add("bucket", notes.note("bucket_unreadable", team=name, problem=problem), event)
            return Admission(None, None, error.fault)
        if staged.note:
            self._kept.log.add("snapshot", notes.chosen(name, staged.digest, staged.note), event)
        try:
            snapshot = self._open.open(staged)
            behaviour = snapshot.verify()
        except ContractError as error:
            self.note_forbidden(error.fault, name, staged.digest, event)
            if self._kept.teams.is_snapshot_needed(staged.digest):  # another event admitted it
                self._open.close(staged.digest)
            else:
                self._open.remove(staged.digest)
            return Admission(staged.digest, staged.step, error.fault)
        for remark in notes.of_snapshot(name, staged.digest, behaviour, snapshot.never_run):
            self._kept.log.add("snapshot", remark, event)
        self._keep_fingerprint(name, staged, event)
        return Admission(staged.digest, staged.step, None)

    def _keep_fingerprint(self, name: str, staged: staging.Staged, event: int | None) -> None:
        """Takes the fingerprint of a snapshot that may play; one without takes part all the same."""
        if self._kept.fingerprints.has(staged.digest):
            return
        try:
            taken = fingerprints.take(self._open.open(staged))
        except ContractError as error:
            taken = None
            failed = notes.note("fingerprint_failed", team=name, problem=notes.of(error))
            self._kept.log.add("snapshot", failed, event)
        self._kept.fingerprints.add(staged.digest, taken)

    def _known_paths(self) -> list[str]:
        """Paths in buckets that were read in this or earlier events, the latest first."""
        events = reversed(self._kept.events.all())
        teams = (team for event in events for team in self._kept.teams.of_event(event.id))
        return list(dict.fromkeys(team.path for team in teams if team.snapshot and paths.is_remote(team.path)))

    def _try(self, name: str, action: Callable[[], _Done]) -> _Done:
        """Tries something three times, or once if that failed a moment ago; notes each failure of this machine."""
        before, until = self._failed

        def note(attempt: int, problem: Fault) -> None:
            failed = notes.note("admission_failed", team=name, attempt=attempt, problem=problem)
            self._kept.log.add("host", failed)
            if problem == before and time.monotonic() < until:
                raise MachineFailed(problem)

        try:
            return self._open.try_often(action, note)
        except MachineFailed as error:
            self._failed = error.fault, time.monotonic() + _MOMENT_SECONDS
            raise
