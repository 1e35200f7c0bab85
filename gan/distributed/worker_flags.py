"""Flags of the commands that can have their work done by workers. No TensorFlow."""

import dataclasses

from gan.console.errors import UserError
from gan.console.flags import flag

_MOST = 256  # on one machine


@dataclasses.dataclass(frozen=True)
class WorkerFlags:
    """Who does the work; by default this process does it alone."""

    workers: int | None = flag(
        None,
        "So many worker processes of this machine do the work at the same time. Not set: no workers.",
        at_least=1,
        at_most=_MOST,
    )
    scheduler: str | None = flag(
        None,
        "Address of a Dask scheduler, such as tcp://10.0.0.5:8786, whose workers do the work, on any number of "
        "machines.",
    )


def check(config: WorkerFlags) -> None:
    """Raises UserError if both flags are given."""
    if config.workers is not None and config.scheduler is not None:
        raise UserError(
            f"--workers={config.workers} starts workers on this machine and --scheduler={config.scheduler} uses "
            "others; give one of the two"
        )


def other_bits() -> bool:
    """The flag that lets in workers that compute slightly other numbers."""
    return flag(
        False,
        "Also takes workers whose processor or TensorFlow rounds differently: results may then depend on who played "
        "what.",
    )
