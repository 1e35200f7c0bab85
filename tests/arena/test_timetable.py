"""When mock battles take place, against moments in UTC worked out by hand."""

import datetime
import subprocess
import sys

import pytest

from gan.arena.timetable import Timetable
from gan.console.errors import UserError

HOUR = datetime.timedelta(hours=1)


def utc(text):
    return datetime.datetime.strptime(f"{text} +0000", "%Y-%m-%d %H:%M %z")


def following(timetable, moment, count):
    """The next battles after a moment, as text in UTC."""
    battles = [utc(moment)]
    while len(battles) <= count:
        battles.append(timetable.next_after(battles[-1]))
    return [f"{battle.astimezone(datetime.timezone.utc):%Y-%m-%d %H:%M}" for battle in battles[1:]]


def on(day, times):
    return [f"{day} {time}" for time in times.split()]


def test_a_day_and_a_night_in_seoul():
    """Nine hours ahead of UTC: 12:00 is 03:00. Begun at 9:30, the first is at 12:00, the last before it at 10:00."""
    timetable = Timetable("12:00", 120, "Asia/Seoul", begun=utc("2026-11-23 00:30"))
    assert following(timetable, "2026-11-23 00:30", 13) == [
        *on("2026-11-23", "03:00 05:00 07:00 09:00 11:00 13:00 15:00 17:00 19:00 21:00 23:00"),
        *on("2026-11-24", "01:00 03:00"),
    ]
    assert timetable.name(timetable.next_after(utc("2026-11-23 00:30"))) == "mock 2026-11-23 12:00 KST"


@pytest.mark.parametrize(
    "first, begun, moment, expected",
    [
        ("12:00", "2026-11-23 04:10", "2026-11-23 04:10", "2026-11-23 05:00"),  # begun late, at 13:10: 14:00
        ("12:00", "2026-11-23 00:30", "2026-11-24 00:30", "2026-11-24 01:00"),  # 9:30 of the second day: 10:00
        ("12:00", None, "2026-11-23 00:30", "2026-11-23 01:00"),
        ("12:00", "2026-11-22 15:00", "2026-11-22 15:00", "2026-11-23 03:00"),  # from midnight on it is the 23rd
        ("2026-12-25 12:00", "2026-11-23 00:30", "2026-11-23 00:30", "2026-12-25 03:00"),
        ("2026-11-20 12:00", "2026-11-23 00:30", "2026-11-23 00:30", "2026-11-23 01:00"),
        ("9:30", None, "2026-11-23 00:29", "2026-11-23 00:30"),
        ("9:30", None, "2026-11-23 00:30", "2026-11-23 02:30"),  # later than the moment, never at it
    ],
)
def test_the_first_battle(first, begun, moment, expected):
    timetable = Timetable(first, 120, "Asia/Seoul", begun and utc(begun))
    assert following(timetable, moment, 1) == [expected]


def test_a_period_that_does_not_divide_the_day_starts_anew():
    """Every seven hours in Seoul: 12:00, 19:00, 02:00, 09:00 and 12:00 again."""
    found = following(Timetable("12:00", 420, "Asia/Seoul"), "2026-11-23 03:00", 5)
    assert found == [*on("2026-11-23", "10:00 17:00"), *on("2026-11-24", "00:00 03:00 10:00")]


@pytest.mark.parametrize(
    "first, period, zone, moment, expected",
    [
        # Berlin, +1: on March 29 at 01:00 UTC 02:00 becomes 03:00, +2. 22:00, 00:00, 03:00 for 02:00, 04:00, 06:00.
        ("12:00", 120, "Europe/Berlin", "2026-03-28 20:00", "28/21:00 28/23:00 29/01:00 29/02:00 29/04:00"),
        # 01:30, 03:00 for all of 02:00, 02:30 and 03:00, 03:30.
        ("12:00", 30, "Europe/Berlin", "2026-03-29 00:00", "29/00:30 29/01:00 29/01:30"),
        # On October 25 at 01:00 UTC 03:00 becomes 02:00. 00:00, 02:00 the first time, 04:00, 06:00.
        ("12:00", 120, "Europe/Berlin", "2026-10-24 20:00", "24/22:00 25/00:00 25/03:00 25/05:00"),
        # 01:30, 02:00, 02:30, and after an hour without 03:00.
        ("12:00", 30, "Europe/Berlin", "2026-10-24 23:00", "24/23:30 25/00:00 25/00:30 25/02:00 25/02:30"),
        # Noon remains noon, in winter 11:00 UTC and in summer 10:00.
        ("12:00", 1440, "Europe/Berlin", "2026-03-27 12:00", "28/11:00 29/10:00 30/10:00"),
        ("12:00", 1440, "Europe/Berlin", "2026-10-23 12:00", "24/10:00 25/11:00 26/11:00"),
        # New York, -5: on March 8 at 07:00 UTC 02:00 becomes 03:00, -4. 01:30, 03:00 for 02:30, 03:30, 04:30.
        ("12:30", 60, "America/New_York", "2026-03-08 06:00", "08/06:30 08/07:00 08/07:30 08/08:30"),
        # On November 1 at 06:00 UTC 02:00 becomes 01:00. 00:30, 01:30 the first time, 02:30.
        ("12:30", 60, "America/New_York", "2026-11-01 04:00", "01/04:30 01/05:30 01/07:30 01/08:30"),
        # Lord Howe, +10:30: on October 4 at 15:30 UTC of the 3rd 02:00 becomes 02:30, +11. 01:45, 02:30 for 02:00 and
        # 02:15 too, 02:45.
        ("12:00", 15, "Australia/Lord_Howe", "2026-10-03 15:00", "03/15:15 03/15:30 03/15:45 03/16:00"),
        # On April 5 at 15:00 UTC of the 4th 02:00 becomes 01:30. 01:15, 01:30, 01:45, and after half an hour 02:00.
        ("12:00", 15, "Australia/Lord_Howe", "2026-04-04 14:00", "04/14:15 04/14:30 04/14:45 04/15:30 04/15:45"),
        # Samoa had no December 30 in 2011: from -10 to +14 at 10:00 UTC. Noon of the 29th, 00:00 of the 31st for noon
        # of the day that was left out, noon of the 31st.
        ("12:00", 1440, "Pacific/Apia", "2011-12-29 12:00", "29/22:00 30/10:00 30/22:00 31/22:00"),
    ],
)
def test_where_the_clock_is_changed(first, period, zone, moment, expected):
    expected = [f"{moment[:8]}{each.replace('/', ' ')}" for each in expected.split()]
    assert following(Timetable(first, period, zone), moment, len(expected)) == expected


def test_names_tell_the_hour_that_comes_twice_apart():
    timetable = Timetable("12:00", 30, "Europe/Berlin")
    assert timetable.name(utc("2026-10-25 00:30")) == "mock 2026-10-25 02:30 CEST"
    assert timetable.name(utc("2026-10-25 01:30")) == "mock 2026-10-25 02:30 CET"
    assert timetable.name(utc("2026-03-29 01:00")) == "mock 2026-03-29 03:00 CEST"


@pytest.mark.parametrize("zone", ["Europe/Berlin", "Australia/Lord_Howe"])
def test_a_year_has_no_hole_and_no_name_twice(zone):
    timetable = Timetable("12:00", 360, zone)
    battle, names = timetable.next_after(utc("2025-12-30 00:00")), []
    while battle < utc("2027-01-02 00:00"):
        before, battle = battle, timetable.next_after(battle)
        assert 5 * HOUR <= battle - before <= 7 * HOUR
        names.append(timetable.name(battle))
    assert len(set(names)) == len(names)
    assert sum(name.startswith("mock 2026-") for name in names) == 365 * 4


def test_a_rehearsal_has_a_battle_every_half_minute():
    """12:00:00, 12:00:30, 12:01:00; only names of full minutes are without seconds."""
    timetable = Timetable("12:00", 0.5, "Asia/Seoul")
    battles = [timetable.next_after(utc("2026-11-23 03:00") - datetime.timedelta(seconds=1))]
    while len(battles) < 3:
        battles.append(timetable.next_after(battles[-1]))
    assert [f"{battle:%H:%M:%S}" for battle in battles] == ["03:00:00", "03:00:30", "03:01:00"]
    names = ["mock 2026-11-23 12:00 KST", "mock 2026-11-23 12:00:30 KST", "mock 2026-11-23 12:01 KST"]
    assert [timetable.name(battle) for battle in battles] == names


def test_any_zone_may_tell_the_moment():
    """Twelve o'clock in Seoul asked for by the clocks of New York, where it is 22:00 of the day before."""
    moment = utc("2026-11-23 02:30").astimezone(datetime.timezone(-5 * HOUR))
    assert Timetable("12:00", 120, "Asia/Seoul").next_after(moment) == utc("2026-11-23 03:00")


@pytest.mark.parametrize(
    "first, period, zone, told",
    [
        ("noon", 120, "Asia/Seoul", "'noon' is no time of a first mock battle; write it like 12:00"),
        ("25:00", 120, "Asia/Seoul", "'25:00'"),
        ("12:00:30", 120, "Asia/Seoul", "'12:00:30'"),
        ("2026-02-30 12:00", 120, "Asia/Seoul", "'2026-02-30 12:00'"),
        ("", 120, "Asia/Seoul", "''"),
        ("12:00", 0, "Asia/Seoul", "0 minutes between mock battles are not possible; 0.1 to 1440 are"),
        ("12:00", 0.75 + 1 / 180, "Asia/Seoul", "0.755556 minutes between mock battles are no whole number of seconds"),
        ("12:00", float("nan"), "Asia/Seoul", "nan minutes"),
        ("12:00", -120, "Asia/Seoul", "-120 minutes"),
        ("12:00", 1441, "Asia/Seoul", "1441 minutes"),
        ("12:00", 120, "asia/seoul", "'asia/seoul' is no time zone; write Asia/Seoul"),
        ("12:00", 120, "Europe/Berln", "Europe/Berlin"),
        ("12:00", 120, "XYZZY", "write one such as Asia/Seoul or Europe/Berlin"),
        ("12:00", 120, "Asia", "is no time zone"),
        ("12:00", 120, "", "is no time zone"),
        ("12:00", 120, "localtime", "is no time zone"),  # as no browser knows it
        ("12:00", 120, "posix/Asia/Seoul", "is no time zone"),
        ("12:00", 120, "../../etc/passwd", "is no time zone"),
    ],
)
def test_mistakes_get_one_sentence(first, period, zone, told):
    with pytest.raises(UserError) as error:
        Timetable(first, period, zone)
    assert told in str(error.value) and "\n" not in str(error.value)


def test_a_system_without_time_zones_says_so():
    code = """
import sys, zoneinfo
zoneinfo.reset_tzpath(to=[])
sys.modules["tzdata"] = None  # makes its import fail
from gan.arena import timetable
from gan.console import errors
try:
    timetable.Timetable("12:00", 120, "Asia/Seoul")
except errors.UserError as error:
    print(error)
"""
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert "knows no time zones" in told and "pip install tzdata" in told
