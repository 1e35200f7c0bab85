"""How long an event takes on the screen, worked out by hand."""

import pytest

from gan.screen.pacing import EventPace, MatchPace, Plan, ShowSettings, num_matches

# At natural paces a match takes 4 s to introduce, 60 s times the seconds of a face, and 5 s for its result. The final
# has three rounds: 4 + 180 x 1.2 + 5 = 225 s. Semi-finals 69 s, quarter-finals 57 s; then 45, 33, 27, 21 s.
FINAL, LAST_THREE = 225, 225 + 2 * 69 + 4 * 57  # 591 s
PAUSE = 8  # between two matches, if there is time


@pytest.mark.parametrize(
    "teams, seconds",
    [
        (2, FINAL),
        (3, FINAL + 69 + PAUSE),  # one bye
        (4, FINAL + 2 * (69 + PAUSE)),
        (16, LAST_THREE + 8 * 45 + 14 * PAUSE),  # 1063 s, 18 minutes
        (64, LAST_THREE + 8 * 45 + 16 * 33 + 32 * 27 + 62 * PAUSE),  # 2839 s, 47 minutes
        (256, 90 * 60),  # 6375 s at natural paces
        (1000, 90 * 60),
        (1024, 90 * 60),
    ],
)
def test_a_tournament(teams, seconds):
    assert EventPace(Plan("tournament", teams), ShowSettings()).seconds == pytest.approx(seconds)


def test_early_rounds_are_shown_faster_first():
    """Of 256 teams' 6375 s, 5784 s are earlier than the last eight; they get 5400 - 591 s."""
    pace = EventPace(Plan("tournament", 256), ShowSettings())
    assert pace.of_round(0).half_round == pytest.approx(6 * (5400 - 591) / (6375 - 591))
    assert pace.of_round(4) == pytest.approx(MatchPace(4, 18, 5).scaled((5400 - 591) / 5784))
    assert pace.of_round(5) == MatchPace(4, 24, 5)
    assert pace.of_round(6) == MatchPace(4, 30, 5) and pace.of_round(7) == MatchPace(4, 36, 5)


def test_the_last_rounds_leave_half_of_the_time_to_others():
    """16 teams in 5 minutes: 150 s for 591 s of the last three rounds, and 150 s for 360 s before."""
    pace = EventPace(Plan("tournament", 16), ShowSettings(show_minutes=5))
    assert pace.seconds == pytest.approx(300)
    assert pace.of_round(3).half_round == pytest.approx(36 * 150 / 591)
    assert pace.of_round(0).half_round == pytest.approx(18 * 150 / 360)


def test_pauses_come_between_matches_if_all_of_them_fit():
    """16 teams take 951 s, and 1063 s with their 14 pauses."""
    short, enough = (EventPace(Plan("tournament", 16), ShowSettings(show_minutes=time / 60)) for time in (1062, 1063))
    assert (short.seconds, enough.seconds) == (951, 1063)
    assert [enough.of_round(number).pause for number in range(4)] == [PAUSE, PAUSE, PAUSE, 0]  # the champion follows


def test_more_time_than_it_needs_makes_nothing_slower():
    slow, natural = (EventPace(Plan("tournament", 16), ShowSettings(show_minutes=time)) for time in (600, 90))
    assert slow.seconds == natural.seconds == 951 + 14 * PAUSE


@pytest.mark.parametrize(
    "plan, seconds",
    [
        (Plan("league", 4), 6 * (45 + PAUSE)),
        (Plan("league", 16), 120 * 45),  # 90 minutes sharp
        (Plan("league", 17), 90 * 60),
        (Plan("match", 2), 4 + 72 + 5),
        (Plan("match", 2, num_rounds=3), 225),
        (Plan("check", 3), 3 * (4 + 24 + 5)),
        (Plan("mock", 17), 8 * (45 + PAUSE)),  # the house team is one of them
        (Plan("mock", 16), 8 * (45 + PAUSE)),  # the house team plays
        (Plan("mock", 17, matches_each=3), 24 * (45 + PAUSE)),
        (Plan("mock", 17, matches_each=3, period_seconds=1800), 900),  # it is over in half of the time
        (Plan("mock", 17, period_seconds=7200), 8 * (45 + PAUSE)),
        (Plan("mock", 17, period_seconds=800), 8 * 45),  # no time for pauses
    ],
)
def test_other_events(plan, seconds):
    assert EventPace(plan, ShowSettings()).seconds == pytest.approx(seconds)


def test_a_fixed_pace_is_the_same_for_all():
    for plan in (Plan("tournament", 1024), Plan("mock", 5)):
        assert EventPace(plan, ShowSettings(pace=6)).of_round(0) == MatchPace(0, 6, 4)
        assert EventPace(plan, ShowSettings(pace=1)).of_round(3) == MatchPace(0, 1, 1)
        assert EventPace(plan, ShowSettings(pace=0)).of_round(0) == MatchPace(0, 0, 0)


def test_matches_of_an_event():
    plans = Plan("tournament", 5), Plan("league", 5), Plan("mock", 6), Plan("check", 3), Plan("match", 2)
    assert [num_matches(plan) for plan in plans] == [4, 10, 3, 3, 1]
