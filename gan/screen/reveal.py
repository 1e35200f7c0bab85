"""In which order, and when, the hall sees the faces of a half round. No TensorFlow.

The faces of which the discriminator is most certain come first, those that it nearly took for the other kind last.
Real and generated ones are mixed as they fall. The last ones are shown the slowest. If there is too little time to look
at each by itself, several are shown together.
"""

from collections.abc import Sequence
from typing import NamedTuple

from gan.contest import rules

FACE_SECONDS = 0.4  # the least time that a face is up; it takes a glance to see one
TOLD_AFTER = 0.6  # share of a group's time after which its truth is told
_SLOWDOWN = 1.5  # the last group is up for 1 + 1.5 times as long as the first one


class Group(NamedTuple):
    """Faces that are shown and told together: all those of a half round that are not alone are in one."""

    first: int  # place in the order of showing
    size: int
    shown: float  # seconds from the begin of the half round
    told: float
    end: float


def order(probabilities: Sequence[float] | None, count: int) -> list[int]:
    """The images of a half round in the order of showing.

    Args:
        probabilities: in [0, 1], of each image that it is real; None if there are none.
        count: how many images there are.

    Returns:
        Their places in the order in which they were judged, the most certain one first.
    """
    if probabilities is None:
        return list(range(count))
    return sorted(range(count), key=lambda place: (-abs(probabilities[place] - rules.THRESHOLD), place))


def groups(count: int, seconds: float) -> list[Group]:
    """When the faces of a half round are shown.

    With G groups, group k takes 1 + s k / (G - 1) times as long as the first one. s is 1.5, or less if the first one
    would be up for less than FACE_SECONDS.

    Args:
        count: how many faces, 1 or more.
        seconds: for all of them.

    Returns:
        Groups in order; together they take the time. With 0 seconds it is one group.
    """
    number = max(1, min(count, int(seconds / FACE_SECONDS + 1e-9)))
    slowdown = max(0.0, min(_SLOWDOWN, 2 * (seconds / (FACE_SECONDS * number) - 1))) if number > 1 else 0.0
    weights = [1 + slowdown * place / max(1, number - 1) for place in range(number)]
    second = seconds / sum(weights)
    found, first, begin = [], 0, 0.0
    for place, weight in enumerate(weights):
        size = count // number + (place < count % number)
        last = seconds if place == number - 1 else begin + weight * second
        found.append(Group(first, size, begin, begin + TOLD_AFTER * (last - begin), last))
        first, begin = first + size, last
    return found
