"""What the store keeps about matches: their half rounds, ratings and suspects. One repository class for each.

Every method that writes is one transaction, or a part of the one that it is called in. No TensorFlow.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from gan.arena import notes, rows
from gan.arena.copy_check import SuspectedCopy
from gan.arena.database import Database
from gan.arena.event_records import Log
from gan.arena.image_records import ImageDigests
from gan.arena.schema import (
    ANNULLED,
    DONE,
    HELD,
    PLAYING,
    TOURNAMENT,
    Match,
    Rating,
    StoredHalfRound,
    StoredTiming,
    Suspect,
)
from gan.arena.strength import Strength
from gan.console.errors import Fault, StateError
from gan.contest import faults, rules
from gan.contest.half_round import REAL, PlayedHalfRound
from gan.contest.timing import Measured

# Whoever has a fault when a match is done has forfeited it.
_FORFEIT = "INSERT INTO forfeit SELECT ?, id, fault FROM team WHERE id IN (?, ?) AND fault IS NOT NULL"
_AT_PLACE = "WHERE event = ? AND round = ? AND position = ?"
_UNRATED = "NOT EXISTS (SELECT 1 FROM rating WHERE rating.match = match.id)"


class MatchPlace(NamedTuple):
    """Where a match stands in its event."""

    event: int
    round: int  # from 0
    position: int  # in the round, from 0


class Ratings:
    """How strong the teams were believed to be after each match."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, match: int, strengths: Mapping[str, Strength]) -> None:
        """Adds the ratings that follow from a match that is done: team's name -> strength."""
        with self._database.writing():
            row = self._database.all(Match, "WHERE id = ?", match)[0]
            for name, strength in strengths.items():
                values = {"name": name, "event": row.event, "match": match, **strength._asdict(), "at": row.ended}
                self._database.insert("rating", values)

    def latest_of(self, name: str) -> Rating | None:
        """A team's latest rating; None if it has none."""
        return self._database.one(Rating, "WHERE name = ? ORDER BY id DESC LIMIT 1", name)

    def latest(self) -> dict[str, Rating]:
        """Team's name -> its latest rating."""
        found = self._database.all(Rating, "WHERE id IN (SELECT max(id) FROM rating GROUP BY name) ORDER BY id")
        return {row.name: row for row in found}

    def all(self) -> list[Rating]:
        """All ratings, oldest first."""
        return self._database.all(Rating, "ORDER BY id")

    def forget_from(self, matches: Sequence[int]) -> None:
        """Removes all ratings from the first one on that followed from one of these matches."""
        earliest = f"SELECT min(id) FROM rating WHERE match IN ({_marks(matches)})"
        with self._database.writing():
            self._database.execute(f"DELETE FROM rating WHERE id >= ({earliest})", *matches)


class Matches:
    """Matches and byes, all attempts at them."""

    def __init__(self, database: Database, log: Log, ratings: Ratings) -> None:
        self._database, self._log, self._ratings = database, log, ratings

    def begin(self, place: MatchPlace, home: int, away: int | None, num_rounds: int) -> Match:
        """The match at a place: the one that is there, or a new one, which is then being played.

        Args:
            place: of the match.
            home: a team.
            away: a team; None for a bye.
            num_rounds: rounds of the match.

        Raises:
            StateError: the one that is there is between other teams.
        """
        with self._database.writing():
            there = self._database.all(Match, f"{_AT_PLACE} ORDER BY attempt", *place)
            if not there or there[-1].status == ANNULLED:
                values = {**place._asdict(), "home": home, "away": away, "num_rounds": num_rounds}
                more = {"attempt": len(there) + 1, "status": PLAYING, "begun": self._database.now()}
                return self.get(self._database.insert("match", {**values, **more}))
        found = there[-1]
        if (found.home, found.away, found.num_rounds) != (home, away, num_rounds):
            raise StateError(
                f"{self._database.path}: the match at position {place.position} of round {place.round} is another one; "
                "annul it first"
            )
        return found

    def next_attempt(self, place: MatchPlace) -> int:
        """The number of the attempt that `begin` would begin at a place at which no match is being played or done."""
        return int(self._database.values(f"SELECT count(*) FROM match {_AT_PLACE}", *place)[0][0]) + 1

    def get(self, match: int) -> Match:
        """The match of this id; there must be one."""
        return self._database.all(Match, "WHERE id = ?", match)[0]

    def find(self, match: int) -> Match | None:
        """The match of this id; None if there is none."""
        return self._database.one(Match, "WHERE id = ?", match)

    def of_event(self, event: int, with_annulled: bool = False) -> list[Match]:
        """An event's matches, by round, position and attempt."""
        return self._listed("event = ?", event, with_annulled=with_annulled)

    def all(self, with_annulled: bool = False) -> list[Match]:
        """The matches of all events, by event, round, position and attempt."""
        return self._listed("1", with_annulled=with_annulled)

    def unrated(self, decided_by: Sequence[str]) -> list[Match]:
        """Done matches that one of these rules decided and that have no ratings, of all events, by their end."""
        where = f"WHERE status = ? AND rule IN ({_marks(decided_by)}) AND {_UNRATED} ORDER BY ended"
        return self._database.all(Match, where, DONE, *decided_by)

    def fed_by(self, match: Match) -> list[Match]:
        """A match and the later ones of a tournament that its winner, or the winner of such a match, played in."""
        chain = [match]
        ((mode,),) = self._database.values("SELECT mode FROM event WHERE id = ?", match.event)
        while mode == TOURNAMENT:
            place = MatchPlace(match.event, chain[-1].round + 1, chain[-1].position // 2)
            following = self._database.one(Match, f"{_AT_PLACE} AND status != ?", *place, ANNULLED)
            if following is None:
                break
            chain.append(following)
        return chain

    def finish(
        self,
        match: int,
        result: rules.Result,
        seconds: tuple[float | None, float | None] | None = None,
        ratings: Mapping[str, Strength] | None = None,
    ) -> Match:
        """Writes the result of a match that is being played, and with it the ratings that follow.

        Args:
            match: its id.
            result: the winner is home, away, or nobody; points are ignored for a bye.
            seconds: (home's, away's), measured to break a tie; None if there was none.
            ratings: see Ratings.add.
        """
        with self._database.writing():
            row = self.check_playing(match)
            winner = None if result.winner is None else row.home if result.winner == rules.HOME else row.away
            points = (None, None) if row.away is None else result.points
            self._database.change(
                "UPDATE match SET status = ?, winner = ?, rule = ?, reason = NULL, home_points = ?, away_points = ?, "
                "home_seconds = ?, away_seconds = ?, ended = ? WHERE id = ?",
                *(DONE, winner, result.rule, *points, *(seconds or (None, None)), self._database.now(), match),
            )
            if row.away is not None:
                self._database.execute(_FORFEIT, match, row.home, row.away)
            self._ratings.add(match, ratings or {})
        return self.get(match)

    def forfeits(self) -> dict[int, dict[int, Fault]]:
        """Match -> team -> why it forfeited that match, whatever became of the team later. Annulled ones included."""
        found: dict[int, dict[int, Fault]] = {}
        for match, team, text in self._database.values("SELECT match, team, fault FROM forfeit ORDER BY match, team"):
            if fault := faults.decoded(text):
                found.setdefault(match, {})[team] = fault
        return found

    def hold(self, match: int, reason: Fault) -> Match:
        """Stops a match that is being played until the organiser releases it; notes it in the log."""
        with self._database.writing():
            self.check_playing(match)
            statement = "UPDATE match SET status = ?, reason = ? WHERE id = ?"
            self._database.change(statement, HELD, faults.encoded(reason), match)
            held = self.get(match)
            self._log.add("held", reason, held.event, match)
        return held

    def release(self, match: int) -> None:
        """Lets a held match be played on; notes it in the log."""
        with self._database.writing():
            statement = "UPDATE match SET status = ?, reason = NULL WHERE id = ? AND status = ?"
            self._database.change(statement, PLAYING, match, HELD)
            self._log.add("released", notes.note("match_released"), self.get(match).event, match)

    def set_annulled(self, match: int, reason: Fault) -> None:
        """Takes a match out of its event; what was played of it stays in the store; notes it in the log."""
        with self._database.writing():
            self._database.change(
                "UPDATE match SET status = ?, reason = ?, ended = coalesce(ended, ?) WHERE id = ?",
                *(ANNULLED, faults.encoded(reason), self._database.now(), match),
            )
            self._log.add("annulled", reason, self.get(match).event, match)

    def check_playing(self, match: int) -> Match:
        """The match of this id; raises StateError unless it is being played."""
        row = self.find(match)
        if row is None or row.status != PLAYING:
            raise StateError(f"match {match} is not being played: {row.status if row else 'there is none'}")
        return row

    def _listed(self, where: str, *values: int, with_annulled: bool) -> list[Match]:
        some = "" if with_annulled else f"AND status != '{ANNULLED}'"
        return self._database.all(Match, f"WHERE {where} {some} ORDER BY event, round, position, attempt", *values)


class Timings:
    """What was measured to break ties."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, match: int, measured: Measured) -> None:
        """Adds what was measured for a match."""
        with self._database.writing():
            self._database.insert("timing", {"match": match, **rows.timing_values(measured)})

    def of_match(self, match: int) -> Measured | None:
        """What was measured for a match; None if nothing was, or by a program that did not keep it."""
        found = self._database.one(StoredTiming, "WHERE match = ?", match)
        return found and found.measured

    def all(self) -> dict[int, Measured]:
        """What was measured, by match."""
        return {row.match: row.measured for row in self._database.all(StoredTiming, "ORDER BY match")}


class HalfRounds:
    """Half rounds, with everything that was seen in them."""

    def __init__(self, database: Database, matches: Matches, suspects: "Suspects", shown_images: ImageDigests) -> None:
        self._database, self._matches, self._suspects = database, matches, suspects
        self._shown_images = shown_images

    def add(
        self,
        match: int,
        number: int,
        teams: tuple[int, int],
        played: PlayedHalfRound,
        copies: Iterable[SuspectedCopy] = (),
    ) -> int:
        """Adds a half round to a match that is being played.

        Args:
            match: its match.
            number: in its match, from 0.
            teams: the generator's and the discriminator's.
            played: what happened in it.
            copies: images of it that look copied.

        Returns:
            Its id.
        """
        generator, discriminator = teams
        with self._database.writing():
            row = self._matches.check_playing(match)
            values = {**rows.half_round_values(played), "match": match, "number": number}
            values |= {"generator": generator, "discriminator": discriminator, "played": self._database.now()}
            added = self._database.insert("half_round", values)
            if played.shown is not None:
                self._shown_images.add(played.shown.images[played.shown.truth == REAL])
            for copy in copies:
                self._suspects.add(row.event, generator, added, copy)
        return added

    def get(self, half_round: int) -> StoredHalfRound | None:
        """The half round of this id; None if there is none."""
        return self._database.one(StoredHalfRound, "WHERE id = ?", half_round)

    def of_match(self, match: int) -> list[StoredHalfRound]:
        """A match's half rounds, in their order."""
        return self._database.all(StoredHalfRound, "WHERE match = ? ORDER BY number", match)

    def scores_of(self, match: int) -> list[rules.HalfRoundScore]:
        """What the rules said about a match's half rounds, in their order; quicker than of_match."""
        found = self._database.all(StoredHalfRound, "WHERE match = ? ORDER BY number", match, left_out=("images",))
        return [one.played.score for one in found]

    def after(self, half_round: int) -> list[StoredHalfRound]:
        """All half rounds played after this one (0: all), oldest first, without pixels: quick for thousands."""
        return self._database.all(StoredHalfRound, "WHERE id > ? ORDER BY id", half_round, left_out=("images",))


class Suspects:
    """Generated images that look copied from training images."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, event: int, team: int, half_round: int, copy: SuspectedCopy) -> None:
        """Adds an image of a half round."""
        with self._database.writing():
            values = {"event": event, "team": team, "half_round": half_round, **rows.copy_values(copy)}
            self._database.insert("suspect", values)

    def of_event(self, event: int) -> list[Suspect]:
        """An event's suspects, oldest first."""
        return self._database.all(Suspect, "WHERE event = ? ORDER BY id", event)


def _marks(values: Sequence[object]) -> str:
    return ", ".join("?" * len(values))
