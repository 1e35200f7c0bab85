"""When the next mock battle is, as the store keeps it: the screen counts down to it. No TensorFlow."""

from typing import NamedTuple

from gan.arena.database import Database


class NextBattle(NamedTuple):
    """A mock battle that is to come."""

    name: str
    at: float  # unix seconds
    zone: str  # name of the time zone, such as Asia/Seoul


class BattleSchedule:
    """What is to come in an arena."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def next_battle(self) -> NextBattle | None:
        """The mock battle that was announced last, which may be over; None if there was none."""
        found = self._database.values("SELECT name, at, zone FROM next_battle")
        return NextBattle(*found[0]) if found else None

    def announce(self, battle: NextBattle) -> None:
        """Keeps the next mock battle in place of the one before."""
        with self._database.writing():
            self._database.execute("DELETE FROM next_battle")
            self._database.insert("next_battle", battle._asdict())
