"""Looks at the buckets of many teams at once, and decides whose fault it is if one cannot be read. No TensorFlow.

A setting of a bucket is its team's fault. Silence, or no permission, is the team's fault only if another team's bucket
can be read: else it may be this machine's network or credentials.
"""

import math
import os
import queue
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple, TypeVar

from gan.console.errors import BucketRefused, BucketSilent, ContractError, UserError
from gan.sandbox import staging
from gan.storage import buckets, paths

LOOK_SECONDS = 120.0  # for all teams together; whoever does not answer is asked again until then
AGAIN_SECONDS = 30.0  # the same if they were asked before
PAUSE_SECONDS = 2.0  # before a bucket is asked again
_FRESH_SECONDS = 60.0  # for so long a bucket that could not be read is not asked again
_TRUSTED_SECONDS = 300.0  # for so long another bucket counts as one that can be read
_AT_ONCE = 128  # buckets asked at a time
_MOST_PROBED = 16  # other buckets that are asked whether it is this machine that cannot read any

Look = staging.Staged | UserError | OSError  # what a look at a bucket finds: the copy of what is handed in, or why none
_Found = TypeVar("_Found")


def ask(
    actions: Mapping[str, Callable[[], _Found]], seconds: float = LOOK_SECONDS
) -> dict[str, _Found | UserError | OSError]:
    """Runs actions that may have to wait for buckets, side by side; a bucket that is silent is asked again.

    Args:
        actions: key -> function, which is called in another thread, and again as long as it raises BucketSilent.
        seconds: after which no answer is waited for. A function that never returns is left alone.

    Returns:
        key -> what its function returned, or the error that it raised; BucketSilent if there was no answer in time.
    """
    deadline = time.monotonic() + seconds
    waiting: queue.Queue[str] = queue.Queue()
    found: dict[str, _Found | UserError | OSError] = {}
    last: dict[str, BucketSilent] = {}
    news, is_over = threading.Condition(), threading.Event()

    def work() -> None:
        while not is_over.is_set():
            try:
                key = waiting.get(timeout=0.1)
            except queue.Empty:
                continue
            try:
                answer: _Found | UserError | OSError = actions[key]()
            except BucketSilent as error:
                last[key] = error
                is_over.wait(PAUSE_SECONDS)
                waiting.put(key)
                continue
            except (UserError, OSError) as error:
                answer = error
            except Exception as error:  # else it would be lost with the thread, and its team waited for
                answer = UserError(f"{key}: {type(error).__name__}: {error}")
            with news:
                found[key] = answer
                news.notify_all()

    for key in actions:
        waiting.put(key)
    for _ in range(min(len(actions), _AT_ONCE)):
        threading.Thread(target=work, daemon=True).start()
    try:
        with news:
            news.wait_for(lambda: len(found) == len(actions), max(0.0, deadline - time.monotonic()))
            answers = dict(found)
    finally:
        is_over.set()
    for key in actions:
        answers.setdefault(key, last.get(key) or BucketSilent(f"{key}: no answer within {seconds:.0f} s"))
    return answers


class _Dated(NamedTuple):
    """What a look at a bucket found, and when."""

    answer: Look
    at: float  # by time.monotonic


class BucketLooks:
    """The looks of one arena.

    Args:
        folder: of the copies of all that was handed in.
        sizes: what a snapshot's files may have.
    """

    def __init__(self, folder: str, sizes: staging.SizeLimits) -> None:
        self._folder, self._sizes = folder, sizes
        self._looks: dict[str, _Dated] = {}  # by path
        self._read: dict[str, float] = {}  # bucket -> when it was read last
        self._probed = -math.inf  # when no other bucket could be read

    def look(self, wanted: Iterable[str], seconds: float | None = None) -> dict[str, Look]:
        """Copies what is handed in at paths of buckets, side by side.

        Args:
            wanted: paths; those on disk are left out.
            seconds: for all of them together; None for LOOK_SECONDS.

        Returns:
            path -> its copy, or why there is none.
        """
        remote = [path for path in dict.fromkeys(wanted) if paths.is_remote(path)]
        actions = {path: self._staging(path) for path in remote}
        answers = ask(actions, LOOK_SECONDS if seconds is None else seconds)
        for path, answer in answers.items():
            self._looks[path] = _Dated(answer, time.monotonic())
            if isinstance(answer, staging.Staged | ContractError):
                self._read[_bucket(path)] = time.monotonic()
        return answers

    def look_once(self, wanted: Iterable[str]) -> None:
        """Like `look`, for those paths that were not looked at a moment ago."""
        self.look([path for path in wanted if not self._is_known(path)])

    def take(self, path: str) -> staging.Staged:
        """What is handed in at a path, as the last look found it; looks if there was none.

        Raises:
            BucketRefused, BucketSilent: the bucket cannot be read; `is_of_team` says whose fault that is.
            ContractError, StateError, UserError, OSError: from staging.stage.
        """
        if not paths.is_remote(path):
            return staging.stage(path, self._folder, self._sizes)
        if not self._is_known(path):
            # The others that did not answer are asked too: in turns they would take an hour.
            silent = [other for other, look in self._looks.items() if isinstance(look.answer, BucketSilent)]
            self.look([path, *silent], AGAIN_SECONDS if path in self._looks else None)
        answer = self._looks[path].answer
        if isinstance(answer, staging.Staged):
            del self._looks[path]
            # The copy is gone if another team handed in the same, which was refused meanwhile.
            return answer if os.path.isdir(answer.folder) else staging.stage(path, self._folder, self._sizes)
        raise answer

    def is_of_team(self, path: str, error: BucketRefused | BucketSilent, others: Iterable[str]) -> bool:
        """Whether it is the team's fault that its bucket cannot be read.

        Args:
            path: of the team.
            error: what a look found.
            others: paths of other teams that have handed in, now or in earlier events, newest first.
        """
        if isinstance(error, BucketRefused) and error.is_certain:
            return True
        if self.has_read_another(path):
            return True
        if time.monotonic() - self._probed < _FRESH_SECONDS:
            return False
        known = {_bucket(other): other for other in others if paths.is_remote(other) and _bucket(other)}
        known.pop(_bucket(path), None)
        asked = {bucket: _listing(other) for bucket, other in [*known.items()][:_MOST_PROBED]}
        for bucket, answer in ask(asked, AGAIN_SECONDS).items() if asked else ():
            if not isinstance(answer, Exception):
                self._read[bucket] = time.monotonic()
        found = self.has_read_another(path)
        self._probed = -math.inf if found else time.monotonic()
        return found

    def has_read_another(self, path: str = "") -> bool:
        """Whether a bucket other than that of `path` was read a moment ago."""
        since = time.monotonic() - _TRUSTED_SECONDS
        return any(at >= since for bucket, at in self._read.items() if bucket != _bucket(path))

    def forget(self) -> None:
        """Forgets what the last look found, so that the next event gets what is there then."""
        self._looks = {path: look for path, look in self._looks.items() if isinstance(look.answer, Exception)}

    def _staging(self, path: str) -> Callable[[], staging.Staged]:
        return lambda: staging.stage(path, self._folder, self._sizes)

    def _is_known(self, path: str) -> bool:
        """Whether a look at a path still counts: a copy until it is taken, a failure for a minute."""
        look = self._looks.get(path)
        if look is None:
            return False
        return isinstance(look.answer, staging.Staged) or time.monotonic() - look.at < _FRESH_SECONDS


def _listing(path: str) -> Callable[[], int]:
    return lambda: len(buckets.list_objects(path, "", most=1))


def _bucket(path: str) -> str:
    """The name of a path's bucket, whether or not one may have such a name; empty for a path on disk."""
    return path[len(paths.SCHEME) :].partition("/")[0] if paths.is_remote(path) else ""
