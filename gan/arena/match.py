"""Plays a match between two teams' snapshots, half round by half round. No TensorFlow.

A team's fault costs it points, by contest.rules, and never stops a match. A fault of this machine stops it, as a
HostError, and nothing of the half round in which it happened is kept.
"""

import contextlib
import itertools
import os
import time
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple, TypeVar

import numpy as np

from gan.arena.schema import Team
from gan.console.errors import ContractError, Fault
from gan.contest import half_round, rules, timing
from gan.contest.half_round import JudgedImages, PlayedHalfRound
from gan.contest.timing import Measured
from gan.data import pixels
from gan.random_noise_generator import Use, random_generator, uniform_noise
from gan.sandbox.sandbox import SandboxedSnapshot

MatchKey = tuple[int, ...]  # non-negative; names a match for all that is random in it
_Done = TypeVar("_Done")


class Side(NamedTuple):
    """One team in a match."""

    team: Team  # who it is, for those who keep the results
    open: Callable[[], SandboxedSnapshot]  # opens its snapshot; the same one as long as that is open


class EventImages(NamedTuple):
    """The real images of an event."""

    shown: np.ndarray  # uint8 [N, size], which half rounds draw from
    references: np.ndarray  # uint8 [15, size], beside which a discriminator that looks at its batch sees each image
    rules: int  # version of the event's rules


def play_half_round(sides: Sequence[Side], number: int, real_images: EventImages, key: MatchKey) -> PlayedHalfRound:
    """Plays half round `number` of a match.

    Args:
        sides: (home, away).
        number: of the half round, from 0.
        real_images: of the event; every round of a match shows others.
        key: of the match.

    Raises:
        HostError: this machine failed.
        UserError: there are too few real images.
    """
    drawer = rules.generator_side(number)
    seed = half_round_seed(key, number)
    generated, generator_seconds, generator_fault = _attempt(
        sides[drawer],
        lambda snapshot: half_round.generate(
            snapshot, rules.IMAGES_OF_EACH, seed, half_round.draws_key(half_round.GENERATED, *key, number)
        ),
    )
    if generated is None:
        # There is nothing to judge, but only a discriminator that can be opened gets the points.
        _, _, discriminator_fault = _attempt(sides[1 - drawer], lambda snapshot: snapshot.wait())
        score = rules.half_round(None, None, None, None, generator_fault, discriminator_fault)
        return PlayedHalfRound(seed, score, None)
    real = real_of(real_images, number, key)
    images, truth = half_round.mix(generated, real, seed)
    beside, judge_key = real_images.references, half_round.draws_key(half_round.REAL, *key, number)
    probabilities, discriminator_seconds, discriminator_fault = _attempt(
        sides[1 - drawer], lambda snapshot: half_round.judge(snapshot, images, beside, judge_key)
    )
    score = rules.half_round(truth, probabilities, generator_seconds, discriminator_seconds, None, discriminator_fault)
    return PlayedHalfRound(seed, score, JudgedImages(images, truth, probabilities))


def forfeited(played: PlayedHalfRound, generator_fault: Fault) -> PlayedHalfRound:
    """A half round whose generated images do not count; they are kept."""
    before = played.score
    score = rules.half_round(
        *(None, None, None), before.discriminator_seconds, generator_fault, before.discriminator_fault
    )
    return played._replace(score=score)


def half_round_seed(key: MatchKey, number: int) -> int:
    """The seed of noise and order in half round `number` of the match that `key` names."""
    return int(random_generator(Use.BATTLE, *key, number).integers(2**31))


def real_of(real_images: EventImages, number: int, key: MatchKey) -> np.ndarray:
    """The real images of half round `number`, uint8 [15, size]; no other round of the match has any of them."""
    count = (rules.set_of_images(number, real_images.rules) + 1) * rules.IMAGES_OF_EACH
    return half_round.choose(real_images.shown, count, *key)[-rules.IMAGES_OF_EACH :]


def measure_times(
    sides: Sequence[Side], real_images: EventImages, key: MatchKey
) -> tuple[rules.ModelTimes, Measured | None]:
    """Times both teams' models in turns, on the same core, each for what it does in a round.

    In a round a generator makes 15 images, and a discriminator judges those of the other side and 15 real ones. A
    measurement takes a third of these judgements, and counts them three times. There are measurements until they tell
    who is faster, or up to a limit; see contest.timing. Rules before rules.KNOWS_DRAWS take timing.FIXED_PAIRS.

    Args:
        sides: (home, away).
        real_images: of the event.
        key: of the match.

    Returns:
        (median times, all that was measured). The second is None if a side failed.

    Raises:
        HostError: this machine failed.
    """
    noise = uniform_noise(rules.IMAGES_OF_EACH, Use.TIMING, *key)
    beside = pixels.to_floats(real_images.references)
    fewest = timing.FEWEST_PAIRS if real_images.rules >= rules.KNOWS_DRAWS else timing.FIXED_PAIRS
    times: tuple[list[float], list[float]] = [], []
    with _on_one_core(sides) as core:
        begun = time.monotonic()
        judged, took = _judged_images(sides, real_images, noise, key)
        for pair in itertools.count():  # the first one warms up, and does not count
            for side in (rules.HOME, rules.AWAY) if pair % 2 else (rules.AWAY, rules.HOME):
                if None not in took:
                    part = judged[side][pair % timing.PARTS :: timing.PARTS]
                    took[side] = _time_of_round(sides[side], noise, part, beside)
            home, away = took
            if home is None or away is None:
                return rules.ModelTimes(home, away), None
            if pair:
                times[rules.HOME].append(home)
                times[rules.AWAY].append(away)
            passed = time.monotonic() - begun
            if pair >= fewest or pair and passed >= timing.LONGEST_SECONDS:
                measured = Measured(tuple(times[rules.HOME]), tuple(times[rules.AWAY]), core)
                if _are_enough(measured, passed, real_images.rules):
                    break
    tells = measured.tells or real_images.rules < rules.KNOWS_DRAWS
    return rules.ModelTimes(*measured.seconds, tells), measured


def _judged_images(
    sides: Sequence[Side], real_images: EventImages, noise: np.ndarray, key: MatchKey
) -> tuple[list[np.ndarray], list[float | None]]:
    """What each side's discriminator judges while it is timed, real and generated images in turn.

    Returns:
        (float32 [30, size] of home and of away, each side's time to generate; None if it failed).
    """
    real = pixels.to_floats(half_round.choose(real_images.shown, rules.IMAGES_OF_EACH, *key))
    judged, took = [real, real], list[float | None]()
    for side, other in ((rules.HOME, rules.AWAY), (rules.AWAY, rules.HOME)):
        generated, seconds, _ = _attempt(sides[side], lambda snapshot: snapshot.generate(noise))
        took.append(seconds)
        if generated is not None:
            shown = pixels.to_floats(pixels.to_bytes(generated))
            judged[other] = np.stack([real, shown], 1).reshape(-1, real.shape[1])
    return judged, took


def _are_enough(measured: Measured, passed: float, version: int) -> bool:
    """Whether the times tell, or the limit is reached; `passed` is seconds since the first one began."""
    is_limit = len(measured.home) >= timing.MOST_PAIRS or passed >= timing.MOST_SECONDS
    return is_limit or measured.tells or not measured.may_still_tell or version < rules.KNOWS_DRAWS


@contextlib.contextmanager
def _on_one_core(sides: Sequence[Side]) -> Iterator[int | None]:
    """While this is open both sides' snapshots run on the same core; yields its number, or None if that cannot be."""
    opened: list[SandboxedSnapshot] = []
    for side in sides:
        with contextlib.suppress(ContractError):  # which the measurement meets again
            opened.append(side.open())
            opened[-1].wait()
    allowed = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else set()
    core = max(allowed, default=None)  # systems put work of their own on the first one
    is_pinned = core is not None and all([snapshot.pin({core}) for snapshot in opened])
    try:
        yield core if is_pinned else None
    finally:
        for snapshot in opened:
            snapshot.pin(allowed)


def _time_of_round(side: Side, noise: np.ndarray, part: np.ndarray, beside: np.ndarray) -> float | None:
    """Seconds that a side's networks need for a round, from one part of the images; None if one fails."""

    def run_both(snapshot: SandboxedSnapshot) -> None:
        snapshot.generate(noise)
        seconds = snapshot.seconds
        snapshot.discriminate(part, batch_size=1, references=beside)
        snapshot.seconds = seconds + timing.PARTS * snapshot.seconds

    _, seconds, _ = _attempt(side, run_both)
    return seconds


def _attempt(
    side: Side, action: Callable[[SandboxedSnapshot], _Done]
) -> tuple[_Done | None, float | None, Fault | None]:
    """(what it returns, model time, None), or (None, None, the team's fault)."""
    try:
        snapshot = side.open()
        result = action(snapshot)
        return result, snapshot.seconds, None
    except ContractError as error:
        return None, None, error.fault
