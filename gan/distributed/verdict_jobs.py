"""Has workers ask discriminators about images, for a comparison. No TensorFlow.

A worker gets all images once, and the snapshots of the discriminators that it asks. What goes wrong there is left to
the caller, who asks the discriminator itself.
"""

import contextlib
import os
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from gan.console.errors import ContractError, HostError, UserError
from gan.data import pixels
from gan.distributed import snapshot_room
from gan.distributed.dispatcher import Callbacks, Dispatcher, Job
from gan.distributed.snapshot_room import RoomPlan, SnapshotRoom
from gan.distributed.worker_pool import WorkerPool
from gan.sandbox import child_process, sandbox, staging
from gan.sandbox.sandbox import SandboxedSnapshot

_MOST_TOGETHER = 8  # arrays of images in one job
_OPEN = 4  # snapshots at a time: a worker asks one after the other


class ImagesToJudge(NamedTuple):
    """What all discriminators are shown."""

    shown: Sequence[np.ndarray]  # uint8 [N, size] each
    references: np.ndarray  # uint8 [15, size], for discriminators that look at their batch


class Question(NamedTuple):
    """What a worker is asked: one discriminator, some of the arrays."""

    name: str  # of the contestant
    digest: str  # of its snapshot
    places: tuple[int, ...]  # in ImagesToJudge.shown


class Answer(NamedTuple):
    """What a worker says."""

    said: list[np.ndarray] | None  # float32 [N] each; None if something went wrong
    problem: str = ""  # with the worker; empty if it is the snapshot's


def ask(
    pool: WorkerPool,
    opener: sandbox.Sandbox,
    snapshots: Mapping[str, SandboxedSnapshot],
    images: ImagesToJudge,
    other_bits: bool,
    say: Callable[[str], None],
) -> dict[str, list[np.ndarray]]:
    """Asks all discriminators about all images.

    Args:
        pool: of the workers.
        opener: opens snapshots here.
        snapshots: name -> snapshot.
        images: what they are shown.
        other_bits: whether workers may answer that compute slightly other numbers.
        say: prints a line.

    Returns:
        name -> float32 [N] for each array; without those that could not be asked.

    Raises:
        UserError: no worker may take part, or all are gone.
    """
    staged = {one.staged.digest: one.staged for one in snapshots.values()}
    found: dict[str, dict[int, np.ndarray]] = {name: {} for name in snapshots}

    def files(digest: str) -> Mapping[str, bytes]:
        found = staging.packed(os.path.dirname(staged[digest].folder), digest)
        if found is None:
            raise HostError(f"the copy of {staged[digest].path} is gone")
        return found

    def take(job: Job, answer: Answer | None) -> str | None:
        if answer and answer.said is not None:
            found[job.argument.name].update(zip(job.argument.places, answer.said, strict=True))
        return answer.problem if answer else None

    plan = RoomPlan(images.references.shape[1], child_process.DEFAULT_LIMITS, _OPEN, images)
    callbacks = Callbacks(lambda: snapshot_room.report(opener.start, opener.isolation()), files, take, say)
    with contextlib.closing(Dispatcher(pool, plan, other_bits, callbacks)) as dispatcher:
        dispatcher.run(_jobs(snapshots, len(images.shown)))
    whole = {name: said for name, said in found.items() if len(said) == len(images.shown)}
    return {name: [said[place] for place in sorted(said)] for name, said in whole.items()}


def _jobs(snapshots: Mapping[str, SandboxedSnapshot], count: int) -> list[Job]:
    jobs = []
    for block, (name, snapshot) in enumerate(snapshots.items()):
        for begin in range(0, count, _MOST_TOGETHER):
            places = tuple(range(begin, min(begin + _MOST_TOGETHER, count)))
            digest = snapshot.staged.digest
            jobs.append(Job(block, answer, Question(name, digest, places), (digest,)))
    return jobs


def answer(room: SnapshotRoom, question: Question) -> Answer:
    """Asks a discriminator; called on a worker, whose room shares the ImagesToJudge."""
    images: ImagesToJudge = room.plan.shared
    try:
        snapshot = room.open(question.digest, question.name)
        beside = pixels.to_floats(images.references)
        shown = [pixels.to_floats(images.shown[place]) for place in question.places]
        return Answer([snapshot.discriminate(one, references=beside) for one in shown])
    except ContractError:
        return Answer(None)
    except (UserError, OSError) as error:
        if isinstance(error, HostError):
            room.restart()
        return Answer(None, str(error) or type(error).__name__)
