"""Who of a pool's workers takes part: they come, are checked, and are refused or lost. No TensorFlow."""

import collections
import time
from collections.abc import Callable
from typing import Any, Generic, Protocol, TypeVar

from gan.console.errors import UserError
from gan.distributed.worker_pool import PoolLost, ResultLost, WorkerPool, host_of, result_of, why_failed

SECONDS_BETWEEN_LOOKS = 1.0  # at who is there
SECONDS_ALONE = 60.0  # without any worker; one that was killed may be started again by its nanny


class Member(Protocol):
    """A worker that is there.

    Attributes:
        checked: call that tells about it; None once it takes part.
    """

    checked: Any


_Member = TypeVar("_Member", bound=Member)


class Attendance(Generic[_Member]):
    """The workers of a pool that take part or are being checked.

    Args:
        pool: of the workers.
        say: prints a line.
        join: is given a worker's address, and how many workers its host has; returns the member, and has it checked.
        why_refused: from the answer of a check, why the worker may not take part; None if it may.
        leave: is given a member that is lost or refused, so that others do its part.

    Attributes:
        members: by their addresses.
    """

    def __init__(
        self,
        pool: WorkerPool,
        say: Callable[[str], None],
        join: Callable[[str, int], _Member],
        why_refused: Callable[[Any], str | None],
        leave: Callable[[_Member], None],
    ) -> None:
        self._pool, self._say, self._join, self._why_refused, self._leave = pool, say, join, why_refused, leave
        self.members: dict[str, _Member] = {}
        self._refused: set[str] = set()
        self._next_look, self._seen = 0.0, time.monotonic()

    def look(self) -> None:
        """Sees who is there, once a second at most.

        Raises:
            PoolLost: the scheduler is gone, or nobody has been there for SECONDS_ALONE.
            UserError: no worker may take part.
        """
        if time.monotonic() < self._next_look:
            return
        self._next_look = time.monotonic() + SECONDS_BETWEEN_LOOKS
        there = self._pool.addresses()
        for address in [address for address in self.members if address not in there]:
            self._say(f"worker {address} is lost or paused; others do its part")
            self._leave(self.members.pop(address))
        self._refused &= set(there)  # one that was mended may come back
        hosts = collections.Counter(map(host_of, there))
        for address in there:
            if address not in self.members and address not in self._refused:
                if why := self._pool.why_unfit(address):
                    self._turn_away(address, why)
                else:
                    self.members[address] = self._join(address, hosts[host_of(address)])
        if self.members:
            self._seen = time.monotonic()
        elif there and set(there) <= self._refused:
            raise UserError(f"{self._pool.name}: no worker can take part; the lines above say why")
        elif time.monotonic() - self._seen > SECONDS_ALONE:
            raise PoolLost(
                f"{self._pool.name}: for {SECONDS_ALONE:.0f} s no worker has been there, or Dask has paused all, as "
                "without memory; what was finished is kept: start workers, and give the same command again"
            )

    def wait_anew(self) -> None:
        """Counts the time without workers from now."""
        self._seen = time.monotonic()

    def check(self) -> None:
        """Lets those take part whose checks are done and found nothing, and refuses others."""
        for address, member in list(self.members.items()):
            if member.checked is not None and member.checked.done():
                try:
                    why = self._fault(member.checked)
                except ResultLost:  # the next look tells whether the member is, too
                    continue
                member.checked = None
                if why:
                    self.refuse(address, why)

    def refuse(self, address: str, why: str) -> None:
        """Says why a member may not take part any more."""
        self._leave(self.members.pop(address))
        self._turn_away(address, why)

    def _turn_away(self, address: str, why: str) -> None:
        self._refused.add(address)
        self._say(f"worker {address} is refused: {why}")

    def _fault(self, checked: Any) -> str | None:
        try:
            return self._why_refused(result_of(checked))
        except ResultLost:
            raise
        except Exception as error:  # of the worker, or of a Dask that cannot read what it sends
            return why_failed(error)
