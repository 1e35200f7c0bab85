"""Where a run ends."""

import pytest

from gan.training.position import EndOfRun, Position
from gan.training.settings import StopSettings


@pytest.mark.parametrize(
    "settings, step",
    [
        (StopSettings(3), 10 + 20),  # 200 of 300 images are left, 10 a step
        (StopSettings(1), 10),  # they have been seen
        (StopSettings(3, max_steps=25), 25),
        (StopSettings(3, max_steps=5), 5),
        (StopSettings(3, max_steps=99), 30),
    ],
)
def test_the_last_step(settings, step):
    assert EndOfRun(settings, Position(10, 100, 0.0, 100), 10).step == step


def test_steps_or_minutes_end_a_run():
    end = EndOfRun(StopSettings(100, max_steps=40, max_minutes=1), Position(0, 0, 0.0, 100), 10)
    half_of_the_time, most_steps = Position(10, 100, 30.0, 100), Position(30, 300, 30.0, 100)
    assert [end.share_done(half_of_the_time), end.share_done(most_steps)] == [0.5, 0.75]
    assert not end.is_reached(most_steps)
    assert end.is_reached(Position(10, 100, 60.0, 100)) and end.is_reached(Position(40, 400, 1.0, 100))
    assert end.seconds_left(half_of_the_time, 0.5) == 15 and end.seconds_left(half_of_the_time, 2) == 30
