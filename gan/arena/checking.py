"""What opponents would find weak in the snapshots of a check. No TensorFlow."""

from collections.abc import Iterator

from gan.arena.arena import Arena
from gan.arena.open_snapshots import MachineFailed
from gan.arena.schema import Event
from gan.console.errors import ContractError
from gan.measure import probes


def remarks(arena: Arena, event: Event) -> Iterator[str]:
    """Asks each snapshot that can take part; yields a line for each weakness (see measure.probes).

    Args:
        arena: opened with real images.
        event: a check that was played.
    """
    real = arena.images_of(event).shown
    for team in arena.store.teams.of_event(event.id):
        try:
            _, found = arena.examine(team, lambda snapshot: probes.remarks(snapshot, real))
        except (ContractError, MachineFailed):  # the check itself tells what fails
            continue
        for remark in found or ():
            yield f"{team.name}: {remark}"
