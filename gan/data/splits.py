"""Divides images into a training, a validation and a test set."""

import collections

import numpy as np

from gan.console.errors import DataError
from gan.data.sources import Pictures

SPLITS = ["train", "validation", "test"]
# Training, validation and test pictures of the contest; LFW has 19 more.
CONTEST_COUNTS = (11901, 689, 624)
# Shares of the validation and the test set. MNIST comes with a test set of its own; of the few sample
# faces, the test set needs the 15 of a half round.
_CONTEST_SHARES = tuple(count / sum(CONTEST_COUNTS) for count in CONTEST_COUNTS[1:])
_SHARES = {"mnist": (5000 / 60000, 0), "mnist_sample": (0.1, 0.1), "faces_sample": (0.15, 0.15)}


def divide(loaded: Pictures, source: str, seed: int, by_person: bool = False) -> dict[str, np.ndarray]:
    """Divides images at random into a training, a validation and a test set.

    All of LFW is divided as in the contest, MNIST as its users do, the samples in round numbers, and everything else
    in the contest's proportions.

    Args:
        loaded: what sources.load returned.
        source: one of sources.SOURCES.
        seed: non-negative int.
        by_person: True keeps all pictures of a person in one set; the counts are then as near as possible to the same.

    Returns:
        Each of SPLITS -> int [n], numbers of images. No number is in two of them.

    Raises:
        DataError: there are too few pictures or persons for three sets.
    """
    total = len(loaded.images) - loaded.num_test
    left_over = max(0, total - sum(CONTEST_COUNTS)) if source == "lfw" else 0
    shares = _SHARES.get(source, _CONTEST_SHARES)
    counts = [max(1, round((total - left_over) * share)) if share else 0 for share in shares]
    if sum(counts) >= total or counts[1] + loaded.num_test < 1:
        raise DataError(
            f"{len(loaded.images)} pictures are too few for a training, a validation and a test set; give more"
        )
    random = np.random.default_rng(seed)
    if by_person:
        validation, test, _, train = _split_persons(loaded.persons or [], [*counts, left_over], random)
    else:
        order = random.permutation(total)
        validation, test, _, train = np.split(order, np.cumsum([*counts, left_over]))
    own_test = np.arange(total, len(loaded.images))
    return {"train": train, "validation": validation, "test": np.concatenate([test, own_test])}


def _split_persons(persons: list[str], counts: list[int], random: np.random.Generator) -> list[np.ndarray]:
    """Puts all pictures of a person into one set.

    Args:
        persons: name of the person in each image.
        counts: how many images the validation set, the test set and the set that is left over should have.
        random: decides the order of persons and images.

    Returns:
        Four arrays of image numbers: these three sets, and all others for training.
    """
    numbers = collections.defaultdict(list)
    for number, person in enumerate(persons):
        numbers[person].append(number)
    if len(numbers) < len(SPLITS):
        raise DataError(
            f"pictures of {len(numbers)} persons cannot be divided by person into {len(SPLITS)} sets; "
            "leave --by_person out"
        )
    groups = list(numbers.values())
    groups = [groups[place] for place in random.permutation(len(groups))]
    parts = [_take(groups, count, leave) for count, leave in zip(counts, (2, 1, 1))]
    parts.append([number for group in groups for number in group])
    return [random.permutation(np.array(part, np.int64)) for part in parts]


def _take(groups: list[list[int]], count: int, leave: int) -> list[int]:
    """Moves groups with about `count` numbers in all out of `groups`; at least `leave` groups stay."""
    taken: list[int] = []
    # Those with few pictures first, so that no person makes up most of a small set.
    for largest in (max(1, count // 4), count):
        for group in list(groups):
            if len(group) <= min(largest, count - len(taken)) and len(groups) > leave:
                groups.remove(group)
                taken += group
    if count and not taken:
        taken = min(groups, key=len)
        groups.remove(taken)
    return taken
