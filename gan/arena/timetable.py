"""When mock battles take place: at the same times of every day, by the clock on the wall. No TensorFlow.

"12:00" every 120 minutes is 12:00, 14:00 and so on through the night until 10:00, and again from 12:00. On the day
on which the mock battles begin there are none before 12:00. If the period does not divide the day, it starts again at
12:00: every 7 hours is 12:00, 19:00, 02:00 and 09:00, every day. "2026-11-23 12:00" says which day is the first. For a
rehearsal, the period may be a fraction of a minute: 12:00 every 0.5 minutes is 12:00, 12:00:30 and so on.

If the clock is put forward, one battle is held for all of the missing hour, when the clock jumps. If the clock is put
back, an hour comes twice, and its battles are held the first time. This is about summer time; mock_battles sees to a
machine's clock that was wrong.
"""

import contextlib
import datetime
import difflib
import math
import zoneinfo
from collections.abc import Iterator

from gan.console.errors import UserError

_DAY, _MINUTE, _SECOND = datetime.timedelta(days=1), datetime.timedelta(minutes=1), datetime.timedelta(seconds=1)
_MINUTES, _SECONDS = _DAY // _MINUTE, _DAY // _SECOND
SHORTEST_PERIOD = 0.1  # minutes
_TIME, _DATE_AND_TIME = "%H:%M", "%Y-%m-%d %H:%M"
_UTC = datetime.timezone.utc
_UNKNOWN_TO_BROWSERS = {"localtime", "Factory", "posix", "right", "posixrules"}  # first parts of names of zones


class Timetable:
    """The moments of all mock battles.

    Args:
        first: time of day of the first battle, such as 12:00, or its day too, such as 2026-11-23 12:00.
        period_minutes: minutes from one battle to the next, 0.1 to 1,440; a whole number of seconds.
        zone: name of the time zone, such as Asia/Seoul.
        begun: aware datetime on whose day the mock battles begin, if `first` has no day; None for long ago.

    Attributes:
        zone: as given.

    Raises:
        UserError: one of them is malformed or unknown.
    """

    def __init__(self, first: str, period_minutes: float, zone: str, begun: datetime.datetime | None = None) -> None:
        if not SHORTEST_PERIOD <= period_minutes <= _MINUTES:
            raise UserError(
                f"{period_minutes:g} minutes between mock battles are not possible; {SHORTEST_PERIOD} to {_MINUTES} are"
            )
        seconds = round(period_minutes * 60)
        if not math.isclose(seconds, period_minutes * 60, abs_tol=0.01):
            raise UserError(
                f"{period_minutes:g} minutes between mock battles are no whole number of seconds; take 0.5 or 1, for "
                "example"
            )
        self.zone, self._zone = zone, _time_zone(zone)
        self._start = _first_battle(first, begun.astimezone(self._zone).date() if begun else None)
        self._has_day = _has_day(first)
        self._times = _times_of_day(self._start.time(), seconds)

    def next_after(self, moment: datetime.datetime) -> datetime.datetime:
        """The first battle later than a moment.

        Args:
            moment: aware datetime.

        Returns:
            Aware datetime, in UTC: Python subtracts two moments of one zone by the clock on the wall, so the result is
            an hour off if the clock was changed between them.
        """
        today = moment.astimezone(self._zone).date()
        if not self._has_day and today < self._start.date():  # the clock was ahead when the battles began
            self._start = datetime.datetime.combine(today, self._start.time())
        day = max(today, self._start.date())
        battles = (self._held(wall) for wall in self._walls(day, days=3))  # there is one in 48 hours at least
        return min(battle for battle in battles if battle > moment)

    def last_until(self, moment: datetime.datetime) -> datetime.datetime:
        """The last battle that is not later than a moment, as `next_after` has it; there must be one in 48 hours."""
        day = max(moment.astimezone(self._zone).date() - 2 * _DAY, self._start.date())
        battles = (self._held(wall) for wall in self._walls(day, days=3))
        return max(battle for battle in battles if battle <= moment)

    def local(self, moment: datetime.datetime) -> datetime.datetime:
        """An aware datetime in the time zone of the battles."""
        return moment.astimezone(self._zone)

    def name(self, battle: datetime.datetime) -> str:
        """The name of the battle at an aware datetime: "mock 2026-11-23 12:00 KST", unique in its time zone.

        Seconds are a part of it if they are not 0.
        """
        wall = battle.astimezone(self._zone)
        return f"mock {wall:{_DATE_AND_TIME}{':%S' if wall.second else ''} %Z}"

    def _walls(self, first_day: datetime.date, days: int) -> Iterator[datetime.datetime]:
        """What the clock shows at the battles of some days."""
        for number in range(days):
            for time in self._times:
                wall = datetime.datetime.combine(first_day + number * _DAY, time)
                if wall >= self._start:
                    yield wall

    def _held(self, wall: datetime.datetime) -> datetime.datetime:
        """The moment, in UTC, at which the clock first shows a time, or jumps over it."""
        while True:
            moment = wall.replace(tzinfo=self._zone).astimezone(_UTC)
            if moment.astimezone(self._zone).replace(tzinfo=None) == wall:
                return moment
            wall += _MINUTE  # the clock never shows this time


def _first_battle(text: str, begun: datetime.date | None) -> datetime.datetime:
    """What the clock shows at the very first battle."""
    if _has_day(text):
        return datetime.datetime.strptime(text.strip(), _DATE_AND_TIME)
    try:
        time = datetime.datetime.strptime(text.strip(), _TIME).time()
    except ValueError:
        raise UserError(
            f"{text!r} is no time of a first mock battle; write it like 12:00, or with its day like 2026-11-23 12:00"
        ) from None
    return datetime.datetime.combine(begun or datetime.date.min, time)


def _has_day(text: str) -> bool:
    """Whether the time of the first battle says its day, too."""
    try:
        datetime.datetime.strptime(text.strip(), _DATE_AND_TIME)
    except ValueError:
        return False
    return True


def _times_of_day(first: datetime.time, period: int) -> list[datetime.time]:
    """All times of day at which battles are held, in the order of the clock; the period is in seconds."""
    start = first.hour * 3600 + first.minute * 60
    times = sorted((start + passed) % _SECONDS for passed in range(0, _SECONDS, period))
    return [(datetime.datetime.min + second * _SECOND).time() for second in times]


def _time_zone(name: str) -> zoneinfo.ZoneInfo:
    with contextlib.suppress(zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        found = zoneinfo.ZoneInfo(name)
        if name.partition("/")[0] not in _UNKNOWN_TO_BROWSERS:
            return found
    known = {zone.casefold(): zone for zone in zoneinfo.available_timezones()}
    if not known:
        raise UserError(f"this system knows no time zones, so not {name}; `pip install tzdata` brings them")
    close = difflib.get_close_matches(name.casefold(), known, n=3)
    meant = " or ".join(known[zone] for zone in close) or "one such as Asia/Seoul or Europe/Berlin"
    raise UserError(f"{name!r} is no time zone; write {meant}")
