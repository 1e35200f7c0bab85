"""Who does what in the simulated contest, and what must come of it: all of it follows from one seed."""

import random
from typing import NamedTuple

from contest_day import hand_ins
from contest_day.hand_ins import Skill

BATTLES = 12  # of a whole day
_STEADY = ["Blue Foxes", "서울 그레이디언트", "Mode Collapse", 'O\'Brien & "Sons"', "Nash, or not?", "Ωmega"]
# Moments of a mock battle at which its process is killed.
ADMITTING, AT_PLAY, DELIVERING, WAITING = "while it opens snapshots", "at play", "while it delivers", "while it waits"


class Team(NamedTuple):
    """A simulated team."""

    name: str
    bucket: str
    skill: Skill
    hand_ins: dict[int, str]  # before which battle, from 1 -> what it hands in, a kind of hand_ins
    is_replaced: bool = False  # whether its files change while the arena reads them

    def kind_at(self, battle: int) -> str:
        """What its bucket holds in a battle, and in the tournament if it is the last one."""
        return next(
            (kind for at, kind in sorted(self.hand_ins.items(), reverse=True) if at <= battle), hand_ins.NOTHING
        )


class Plan(NamedTuple):
    """What happens on the day; battles are numbered from 1."""

    battles: int  # how many are held
    teams: list[Team]
    kills: dict[int, str]  # battle -> at which moment its process is killed
    shaky_battle: int  # in which a share of all requests to the buckets fails
    cut_battle: int  # when which begins, no bucket can be reached for some seconds
    tournament_seed: int
    kill_after: int  # half rounds of the tournament


def make(seed: int, battles: int = BATTLES) -> Plan:
    """The plan of a seed. If fewer battles are held, what is planned for later ones does not happen."""
    chance = random.Random(seed)
    stories: list[tuple[str, dict[int, str]]] = [(name, {1: hand_ins.FAIR}) for name in _STEADY]
    stories += [
        ("Latecomers", {chance.randint(4, 6): hand_ins.FAIR}),
        ("Leavers", {1: hand_ins.FAIR, chance.randint(5, 8): hand_ins.NOTHING}),
        ("Improvers", {1: hand_ins.FAIR, chance.randint(6, 8): hand_ins.BETTER}),
        ("Half There", {1: hand_ins.NO_DATA, chance.randint(7, 9): hand_ins.FAIR}),
        ("Lost Pointer", {1: hand_ins.NAMES_NOTHING}),
        ("Endless Loopers", {1: "endless loop"}),
        ("Memory Eaters", {1: "fill"}),
        ("Wrong Labels", {1: "wrong collection"}),
        ("Not a Number", {1: "NaN of the generator", chance.randint(8, 10): hand_ins.FAIR}),
        ("Ever Changing", {1: hand_ins.FAIR}),
    ]
    skills = chance.sample([number / len(stories) for number in range(len(stories))], len(stories))
    teams = [
        Team(name, f"team-{number:02d}", Skill(skill, 100 + number), planned, name == "Ever Changing")
        for number, ((name, planned), skill) in enumerate(zip(stories, skills), 1)
    ]
    moments = chance.sample([ADMITTING, AT_PLAY, DELIVERING, WAITING], 4)
    # All kills come early, so that one process lives long enough afterwards to show a leak of memory.
    kills = dict(zip(sorted(chance.sample(range(2, 7), 4)), moments))
    return Plan(
        battles=battles,
        teams=teams,
        kills={battle: moment for battle, moment in kills.items() if battle <= battles},
        shaky_battle=chance.randint(7, 8),
        cut_battle=chance.randint(9, 11),
        tournament_seed=chance.randrange(2**31),
        kill_after=chance.randint(4, 18),
    )
