"""Every view of the stage comes about, with what belongs to it, in both languages."""

import hall_states
import pytest

from gan.arena import store
from gan.screen import show
from gan.screen.pacing import ShowSettings
from gan.screen.stage import View


def shown(name, folder):
    """The state of the page at the moment that is meant."""
    meant = hall_states.STATES[name]
    meant.build(folder)
    with store.Store(str(folder), read_only=True) as kept:
        showing = show.Show(kept, ShowSettings())
        return showing.state(hall_states.first_moment(meant, showing.state, showing.next_change))


def test_there_is_a_state_for_each_view():
    assert {state.view for state in hall_states.STATES.values()} == {view.value for view in View}


@pytest.mark.parametrize("name", [name for name in hall_states.STATES if name not in ("nothing", "problem", "large")])
def test_each_state_is_shown(name, tmp_path):
    state = shown(name, tmp_path / "arena")
    assert absent(state) == []
    assert all(text["en"] and text["ko"] for text in texts(state))


def absent(value, path=""):
    """Where a value says that there is none; it should not be there."""
    if value is None:
        return [path]
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list | tuple) else ()
    return [one for key, part in parts for one in absent(part, f"{path}/{key}")]


def texts(value):
    """All texts in two languages."""
    if isinstance(value, dict) and "en" in value:
        return [value]
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list | tuple) else ()
    return [one for part in parts for one in texts(part)]


def test_what_is_told_of_states(tmp_path):
    won = shown("won", tmp_path / "won")
    (match,) = (one for one in won["matches"].values() if one["status"] == "done")
    assert match["points"] == [23, 17] and match["judged"] == [30, 30] and match["winner"] == match["home"]
    held = shown("held", tmp_path / "held")
    assert "디스크가 거의 찼습니다" in next(iter(held["matches"].values()))["reason"]["ko"]
    failed = shown("failed_generator", tmp_path / "failed")["half_round"]
    assert failed["points"] == 30 and "10초보다" in failed["generator_fault"]["ko"]
