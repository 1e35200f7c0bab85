"""What has begun to be shown, and what is told, at a moment. No TensorFlow."""

from collections.abc import Iterator

from gan.screen.timeline import KINDS, Moment


class Told:
    """How far the show has got. Goes on with the time.

    Attributes:
        begun: kind -> {id: Moment} of all that has begun, in order.
        told: likewise, of all that is told.
        position: how many moments have begun, are told, and are over.
    """

    def __init__(self, moments: list[Moment]) -> None:
        self._moments = moments
        self.begun: dict[str, dict[int, Moment]] = {kind: {} for kind in KINDS}
        self.told: dict[str, dict[int, Moment]] = {kind: {} for kind in KINDS}
        self.position = 0, 0, 0

    def advance(self, position: tuple[int, int, int]) -> bool:
        """Goes on to a position; False if it lies back in time."""
        if any(new < old for new, old in zip(position, self.position)):
            return False
        for moment in self._moments[self.position[0] : position[0]]:
            self.begun[moment.kind][moment.id] = moment
        for moment in self._moments[self.position[1] : position[1]]:
            self.told[moment.kind][moment.id] = moment
        self.position = position
        return True

    def latest(self) -> Iterator[Moment]:
        """What has begun, the latest first."""
        for place in range(self.position[0] - 1, -1, -1):
            yield self._moments[place]
