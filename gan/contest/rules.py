"""The rules of the contest: who gets how many points, and who goes on. Pure Python.

| what | rule |
|---|---|
| half round | one side's generator makes 15 images, and the other side's discriminator judges them among 15 real ones |
| real images | both half rounds of a round show the same ones, since version 2; each round shows others |
| guess | "real" if p > 0.5 |
| points of a half round | how many of its 30 guesses are right; they go to the discriminator's team |
| discriminator fails | 0 points in that half round, whatever the generator does |
| generator fails | all 30 points to the other side's discriminator, unless that fails too |
| round | a half round each way: first home's generator is judged, then away's |
| match | one round; the final is three |
| winner | more points |
| equal points | a side on which something failed loses to one on which nothing failed |
| then | less model time, both teams' models timed in turns until the times tell, or up to a limit |
| times do not tell | less model time all the same; since version 3 a toss-up, rated as a draw |
| then, or if both sides failed | home in a tournament, which needs a winner, and before version 3; else nobody wins |
| forfeit | a snapshot that is refused fails with both of its networks in every half round |

An example. Home's generator fools nobody: away's discriminator is right on all 30 images. Then away's generator
makes its images, and home's discriminator is right on 15 real and 11 generated ones: 26 : 30, away wins by more
points. Had away's discriminator failed instead, it would have got 0, and home would have won 26 : 0. Had away's
generator failed instead, home's discriminator would have got 30, and at 30 : 30 home would have won, as on
its side nothing failed.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from gan.console.errors import Fault
from gan.contest import languages, rules_ko

VERSION = 3  # of these rules; an event records the one that it began with
IMAGES_OF_EACH = 15  # generated ones, and real ones, in a half round
HALF_ROUND_POINTS = 2 * IMAGES_OF_EACH
THRESHOLD = 0.5  # a guess is "real" if p is larger
MATCH_ROUNDS = 1  # of two half rounds each
FINAL_ROUNDS = {1: 3, 2: 3, 3: 3}  # of a tournament's last match, by the version of the rules
SAME_REAL_IMAGES = 2  # from this version on, both half rounds of a round show the same real images
SETS_REFERENCES_ASIDE = 2  # from this version on, half rounds show no reference image, if enough others are there
KNOWS_DRAWS = 3  # from this version on, there are draws outside tournaments, and times that do not tell are a toss-up
RATES_MARGINS = 3  # from this version on, ratings follow from points, not only from who won
HOME, AWAY = 0, 1  # sides, and positions in every pair of a Result

GUESSED = "right guesses"
GENERATOR_FAILED = "the generator failed"
DISCRIMINATOR_FAILED = "the discriminator failed"

BY_POINTS = "more points"
BY_FAULT = "equal points, the other side failed"
BY_TIME = "equal points, less time"
TOSS_UP = "equal points, a toss-up by time"
BY_SEEDING = "equal points and time, home wins"
BOTH_FAILED = "equal points, both sides failed, home wins"
DRAWN_TIME = "equal points and time, a draw"
DRAWN_FAILED = "equal points, both sides failed, a draw"
FORFEIT = "forfeit"
BYE = "bye"
NEEDS_TIMING = "equal points, to be timed"

_HOME = "home, which is the better seeded team of a tournament and the team named first elsewhere"
EXPLANATIONS = {
    GUESSED: "The discriminator gets a point for each of the 30 images that it tells right: real or generated.",
    GENERATOR_FAILED: "The generator did not make its images, so the other team's discriminator gets all 30 points.",
    DISCRIMINATOR_FAILED: "The discriminator did not judge the images, so it gets no points.",
    BY_POINTS: "The winner has more points: one for each image told right, all 30 if the other's generator failed.",
    BY_FAULT: "Both have equal points; one of the other team's networks failed, and none of the winner's did.",
    BY_TIME: "Both have equal points; the winner's networks are faster, both teams' timed side by side.",
    TOSS_UP: "Both have equal points, and their networks are equally fast as far as can be measured. The winner's "
    "measured time is less, which is hardly better than a coin toss: ratings take it for a draw.",
    BY_SEEDING: f"Both have equal points and took equal time, so the winner is {_HOME}.",
    BOTH_FAILED: "Both have equal points and on both sides a network failed or cannot take part. A winner is needed: "
    f"{_HOME}.",
    DRAWN_TIME: "Both have equal points and took equal time: nobody wins.",
    DRAWN_FAILED: "Both have equal points and on both sides a network failed or cannot take part: nobody wins.",
    FORFEIT: "The other team's snapshot cannot take part, so both of its networks count as failed in every half round.",
    BYE: "The team goes on without a match, since there are fewer teams than places in the bracket.",
    NEEDS_TIMING: "Both have equal points; both teams' networks are now timed side by side, and the faster team wins.",
}
_DRAWS = {BY_SEEDING: DRAWN_TIME, BOTH_FAILED: DRAWN_FAILED}


def name(rule: str, language: str = languages.ENGLISH) -> str:
    """The name of a rule, in one of the languages; of a rule that an earlier version knew, the rule as it is."""
    return rules_ko.RULES[rule][0] if language == languages.KOREAN and rule in rules_ko.RULES else rule


def explanation(rule: str, language: str = languages.ENGLISH) -> str:
    """A sentence or two that explain a rule, in one of the languages; empty for a rule that is not known."""
    texts = rules_ko.RULES.get(rule)
    return texts[1] if language == languages.KOREAN and texts else EXPLANATIONS.get(rule, "")


def translations(rule: str) -> dict[str, str]:
    """The explanation of a rule in every language: {"en": ..., "ko": ...}."""
    return {language: explanation(rule, language) for language in languages.LANGUAGES}


class HalfRoundScore(NamedTuple):
    """What the rules say about one half round."""

    points: int  # 0 to 30, of the discriminator's team
    rule: str  # GUESSED, GENERATOR_FAILED or DISCRIMINATOR_FAILED
    generator_seconds: float | None  # None if it failed
    discriminator_seconds: float | None  # None if it failed, or had nothing to judge
    generator_fault: Fault | None  # why it failed; None if it did not
    discriminator_fault: Fault | None


class Result(NamedTuple):
    """What the rules say about a match."""

    points: tuple[int, int]  # (home, away)
    winner: int | None  # HOME or AWAY; None if the rule is NEEDS_TIMING, DRAWN_TIME or DRAWN_FAILED
    rule: str  # which rule decided


class ModelTimes(NamedTuple):
    """Model time of both sides, measured for a tie."""

    home: float | None  # seconds; None if its networks failed while they were timed
    away: float | None
    tells: bool = True  # False if the times are too close to tell who is faster


def has_draws(mode_needs_winner: bool, version: int) -> bool:
    """Whether a match may end without a winner.

    Args:
        mode_needs_winner: whether somebody must go on, as in a tournament.
        version: of the event's rules.
    """
    return version >= KNOWS_DRAWS and not mode_needs_winner


def guesses_right(truth: Iterable[float], probabilities: Iterable[float]) -> int:
    """How many guesses are right.

    Args:
        truth: for each image whether it is real.
        probabilities: for each image, in the same order, that it is real.
    """
    return sum(bool(real) == bool(p > THRESHOLD) for real, p in zip(truth, probabilities, strict=True))


def half_round(
    truth: Iterable[float] | None,
    probabilities: Iterable[float] | None,
    generator_seconds: float | None,
    discriminator_seconds: float | None,
    generator_fault: Fault | None = None,
    discriminator_fault: Fault | None = None,
) -> HalfRoundScore:
    """Judges one half round.

    Args:
        truth: for each image shown whether it is real; None if no image was shown.
        probabilities: for each image that it is real; None if a network failed.
        generator_seconds: model time of the generator; None if it failed.
        discriminator_seconds: model time of the discriminator; None if it failed or had nothing to judge.
        generator_fault: why the generator failed; None if it did not.
        discriminator_fault: why the discriminator failed; None if it did not.
    """
    if discriminator_fault:
        points, rule = 0, DISCRIMINATOR_FAILED
    elif generator_fault:
        points, rule = HALF_ROUND_POINTS, GENERATOR_FAILED
    elif truth is None or probabilities is None:
        raise ValueError("if no network failed, there are guesses to count")
    else:
        points, rule = guesses_right(truth, probabilities), GUESSED
    generator_seconds = None if generator_fault else generator_seconds
    discriminator_seconds = None if discriminator_fault else discriminator_seconds
    return HalfRoundScore(points, rule, generator_seconds, discriminator_seconds, generator_fault, discriminator_fault)


def set_of_images(number: int, version: int) -> int:
    """Which of a match's sets of 15 real images half round `number` shows, both from 0."""
    return number // 2 if version >= SAME_REAL_IMAGES else number


def images_needed(num_rounds: int, version: int) -> int:
    """Real images of a match of so many rounds; timing it after a tie takes 30."""
    return max(HALF_ROUND_POINTS, (set_of_images(2 * num_rounds - 1, version) + 1) * IMAGES_OF_EACH)


def generator_side(number: int) -> int:
    """Whose generator is judged in half round `number` of a match, from 0: HOME or AWAY."""
    return number % 2


def match_result(scores: Iterable[HalfRoundScore], times: ModelTimes | None = None, may_draw: bool = False) -> Result:
    """Decides a match.

    Args:
        scores: of all half rounds of the match, in order.
        times: measured for a tie; None if nothing was timed.
        may_draw: whether nobody wins if nothing tells the sides apart; else home does. See has_draws.

    Returns:
        A Result. If it says NEEDS_TIMING, the same with `times` decides.
    """
    points, failed = [0, 0], [False, False]
    for number, score in enumerate(scores):
        drawer = generator_side(number)
        judge = 1 - drawer
        points[judge] += score.points
        failed[drawer] |= bool(score.generator_fault)
        failed[judge] |= bool(score.discriminator_fault)
    if times:
        failed = [before or took is None for before, took in zip(failed, (times.home, times.away))]
    winner, rule = _winner(points, failed, times)
    if may_draw and rule in _DRAWS:
        winner, rule = None, _DRAWS[rule]
    return Result((points[HOME], points[AWAY]), winner, rule)


def forfeit_result(
    home_fault: Fault | None, away_fault: Fault | None, num_rounds: int, may_draw: bool = False
) -> Result:
    """Decides a match of which nothing was played, because a snapshot was refused before.

    Args:
        home_fault: why home's snapshot was refused; None if it was not.
        away_fault: why away's was; at least one of both was.
        num_rounds: rounds of the match.
        may_draw: see match_result.

    Returns:
        A Result as if every network of a refused snapshot had failed in every half round.
    """
    if not (home_fault or away_fault):
        raise ValueError("a match that nobody forfeits is played")
    home_drawn = half_round(None, None, None, None, generator_fault=home_fault, discriminator_fault=away_fault)
    away_drawn = half_round(None, None, None, None, generator_fault=away_fault, discriminator_fault=home_fault)
    result = match_result([home_drawn, away_drawn] * num_rounds, may_draw=may_draw)
    return result if home_fault and away_fault else result._replace(rule=FORFEIT)


def _winner(points: Sequence[int], failed: Sequence[bool], times: ModelTimes | None) -> tuple[int | None, str]:
    """(winner, rule) by the first rule that tells the sides apart; home if none does."""
    if points[HOME] != points[AWAY]:
        return (HOME if points[HOME] > points[AWAY] else AWAY), BY_POINTS
    if failed[HOME] != failed[AWAY]:
        return (AWAY if failed[HOME] else HOME), BY_FAULT
    if failed[HOME]:
        return HOME, BOTH_FAILED
    if times is None or times.home is None or times.away is None:
        return None, NEEDS_TIMING
    if times.home != times.away:
        return (HOME if times.home < times.away else AWAY), (BY_TIME if times.tells else TOSS_UP)
    return HOME, BY_SEEDING
