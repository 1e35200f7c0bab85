"""What a store says that the hall should see, worked out from its rows alone, to hold a page against."""

import base64
import itertools
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

import browsing

from gan.arena import schema
from gan.arena.schema import Event, Match
from gan.arena.store import Store
from gan.contest import rules
from gan.data import pixels

_SLACK = 0.05  # seconds: clocks of browsers are coarse
_KEPT = 60  # letters at the end of a picture's address, which hold its checksums


class Card(NamedTuple):
    """A face of a half round."""

    picture: str  # the end of its address
    truth: bool
    p: float

    @property
    def verdict(self) -> str:
        """What the page calls it."""
        return "right" if (self.p > rules.THRESHOLD) == self.truth else "wrong"

    @property
    def word(self) -> str:
        """What it is."""
        return "real" if self.truth else "generated"

    @property
    def says(self) -> str:
        """What its discriminator says of it."""
        share, word = (self.p, "real") if self.p > rules.THRESHOLD else (1 - self.p, "generated")
        return f"{share:.0%} {word}"


class Half(NamedTuple):
    """A half round: its faces with the most certain first."""

    at: float  # when it was played
    judge: int  # 0 for home
    points: int
    cards: list[Card]


class Oracle:
    """What is known of an event that is over, or of its part that was played.

    Args:
        kept: the arena's store.
        event: of the arena.
    """

    def __init__(self, kept: Store, event: Event) -> None:
        self.event = event
        self.names = {team.id: browsing.without_emoji(team.name) for team in kept.teams.of_event(event.id)}
        of_event = [match for match in kept.matches.of_event(event.id) if match.away is not None]
        self.matches = sorted(of_event, key=lambda match: match.id)
        self.halves = {match.id: [_half(one) for one in kept.half_rounds.of_match(match.id)] for match in self.matches}

    def wrong_on_stage(self, seen: dict[str, Any]) -> Iterator[str]:
        """What is wrong with what the stage showed: sentences."""
        if seen["missing"]:
            yield "it shows a value that is none"
        match = self._match(seen)
        if match is None:
            if seen["points"]:
                yield f"it shows points of no match: {seen['progress']}"
        else:
            names = [browsing.without_emoji(name) for name in seen["names"]]
            if names not in ([], self._sides(match)):
                yield f"{names} meet, in place of {self._sides(match)}"
            if seen["points"]:
                yield from self._wrong_points(seen, match)
            if seen["view"] == "drawn" and seen["drawn"] != f"{match.home_points} : {match.away_points}":
                yield f"the score of a draw is {seen['drawn']}"
        if seen["winner"] is not None:
            yield from self._wrong_winner(seen, match)

    def wrong_in_list(self, seen: dict[str, Any]) -> Iterator[str]:
        """What is wrong with what the list of matches showed."""
        for row in seen["rows"]:
            match = self.matches[row["number"] - 1]
            names = [browsing.without_emoji(name) for name in row["names"]]
            if names != self._sides(match):
                yield f"row {row['number']} names {names} in place of {self._sides(match)}"
            if row["status"] != schema.DONE:
                continue
            points = f"{match.home_points} : {match.away_points}"
            if row["points"] != points:
                yield f"row {row['number']} has {row['points']} in place of {points}"
            if (match.ended or 0) > seen["at"] + _SLACK:
                yield f"row {row['number']} is over before its match"
            winner = [row["results"][side] == "won" for side in (0, 1)]
            if winner != [match.winner == match.home, match.winner == match.away]:
                yield f"row {row['number']} has another winner: {row['results']}"

    def _sides(self, match: Match) -> list[str]:
        return [self.names[match.home], self.names[match.away or 0]]

    def _match(self, seen: dict[str, Any]) -> Match | None:
        """The match that is on the stage, by its number, or by its teams if there is only one."""
        found = re.search(r"match (\d+) of (\d+)", seen["progress"] or "")
        if found:
            return self.matches[int(found[1]) - 1]
        return self.matches[0] if len(self.matches) == 1 else None

    def _wrong_points(self, seen: dict[str, Any], match: Match) -> Iterator[str]:
        halves = self.halves[match.id]
        full = [[0, 0]]
        for half in halves:
            full.append([*full[-1]])
            full[-1][half.judge] += half.points
        number = _number(seen)
        if seen["view"] != "face" or number is None or number >= len(halves):
            if seen["points"] not in full:
                yield f"the points are {seen['points']}, none of {full}"
            elif any(half.at > seen["at"] + _SLACK for half in halves[: full.index(seen["points"])]):
                yield f"the points are {seen['points']} before they were played"
            return
        half = halves[number]
        if half.at > seen["at"] + _SLACK:
            yield f"half round {number} is shown {half.at - seen['at']:.2f} s before it was played"
        if seen["judge"] != half.judge:
            yield f"side {seen['judge']} judges in half round {number}"
        yield from _wrong_faces(seen, half)
        shown = seen["cards"] if len(seen["cards"]) > len(seen["shots"]) else seen["shots"]
        right = sum(one[1] == "right" for one in shown)
        expected = [*full[number]]
        expected[half.judge] += right
        if seen["points"] != expected:
            yield f"the points are {seen['points']} in place of {expected}, in half round {number}"

    def _wrong_winner(self, seen: dict[str, Any], match: Match | None) -> Iterator[str]:
        if seen["view"] == "champion":
            match = self.matches[-1]
        if match is None or match.winner is None:
            yield f"{seen['winner']} wins no match that is known"
            return
        if browsing.without_emoji(seen["winner"]) != self.names[match.winner]:
            yield f"{seen['winner']} wins in place of {self.names[match.winner]}"
        points = [match.home_points, match.away_points]
        points = points if match.winner == match.home else points[::-1]
        if seen["score"] != f"{points[0]} : {points[1]}":
            yield f"the score is {seen['score']} in place of {points}"
        if (match.ended or 0) > seen["at"] + _SLACK:
            yield "the winner is shown before the match is over"


def _number(seen: dict[str, Any]) -> int | None:
    """Which half round of its match is shown, from 0."""
    if seen["round"] >= 0:
        return 2 * int(seen["round"]) + int(seen["judge"] == rules.HOME)
    return {"First half": 0, "Second half": 1}.get(seen["half"])


def _wrong_faces(seen: dict[str, Any], half: Half) -> Iterator[str]:
    known = {card.picture: card for card in half.cards}
    for place, (picture, verdict) in enumerate(seen["shots"]):
        card = half.cards[place]
        if picture != card.picture:
            yield f"face {place} is another one"
        elif verdict and verdict != card.verdict:
            yield f"face {place} is {verdict} in place of {card.verdict}"
    for picture, verdict, truth, said in seen["cards"]:
        card = known.get(picture)
        if card is None:
            yield "a face of another half round is shown"
        elif verdict and (verdict != card.verdict or truth != card.word or not _is_said(said, card)):
            yield f"a face has {verdict}, {truth}, {said} in place of {card}"
    large = seen["large"]
    if large:
        card = known.get(large["picture"])
        if card is None:
            yield "a large face of another half round is shown"
        elif large["truth"] and not large["truth"].lower().endswith(card.word):
            yield f"a large face is {large['truth']} in place of {card.word}"
        elif large["verdict"] and (large["verdict"] != card.verdict or not _is_said(large["says"], card)):
            yield f"a large face has {large['verdict']}, {large['says']} in place of {card}"


def _is_said(said: str, card: Card) -> bool:
    """Whether a text tells what the discriminator says; near 50% the page writes more digits, and rounds otherwise."""
    found = re.search(r"([\d.]+)% (real|generated)", said or "")
    if not found:
        return False
    share = card.p if card.p > rules.THRESHOLD else 1 - card.p
    return found[2] == card.says.split()[1] and abs(float(found[1]) - 100 * share) <= 0.51


def _half(stored: schema.StoredHalfRound) -> Half:
    seen, score = stored.played.shown, stored.played.score
    judge = rules.AWAY if rules.generator_side(stored.number) == rules.HOME else rules.HOME
    cards = []
    if seen is not None and seen.probabilities is not None:
        cards = [
            Card(_picture(image), bool(truth), float(p))
            for image, truth, p in zip(seen.images, seen.truth, seen.probabilities)
        ]
    cards = [card for _, card in sorted(zip(itertools.count(), cards), key=lambda one: -abs(one[1].p - 0.5))]
    return Half(stored.at, judge, score.points, cards)


def _picture(image: Any) -> str:
    side = pixels.side(len(image))
    return base64.b64encode(pixels.png(image.reshape(side, side))).decode("ascii")[-_KEPT:]
