"""The day itself: starts the real commands, lets teams come and go by the plan, kills, and notes what it did."""

import datetime
import math
import os
import sys
import threading
import time
import zoneinfo
from typing import NamedTuple

import cloud

from contest_day import evidence, hand_ins, plan, running
from contest_day.hand_ins import HandIns
from contest_day.plan import Plan, Team
from contest_day.running import FaultyNetwork, Supervised

ZONE = "Asia/Seoul"
LOOK_SECONDS = 0.2
PLAYED_BEFORE_KILL, ADMITTED_BEFORE_KILL = 3, 5  # half rounds, snapshots of the battle in which the process is killed
SHAKY_SHARE, CUT_SECONDS, CUT_BEFORE = 0.15, 7.0, 2.0  # of requests that fail; how long nothing answers, and when
TOURNAMENT_SECONDS = 400
REST_SECONDS = 5  # after the last battle, in which its snapshots are closed
STUCK_SECONDS = 300  # without a battle: something stands still
_LATEST = """SELECT id, finished, (SELECT count(*) FROM team WHERE event = event.id) AS teams,
    (SELECT count(*) FROM half_round JOIN match ON match.id = half_round.match WHERE match.event = event.id) AS played,
    (SELECT count(*) FROM log WHERE log.event = event.id AND kind = 'published') AS published
    FROM event WHERE mode = ? ORDER BY id"""


class Place(NamedTuple):
    """Where everything of the contest is."""

    root: str  # of the repository
    folder: str  # for files
    public: str  # TFRecord file of images that everybody may see
    secret: str  # of the test images


class Change(NamedTuple):
    """Something that a team did to its bucket."""

    battle: int  # before which it was done
    team: Team
    kind: str
    done: float  # unix seconds


class Kill(NamedTuple):
    """A kill of the process that holds the mock battles."""

    battle: int
    moment: str  # of plan
    at: float  # unix seconds


class Memory(NamedTuple):
    """What the process of the mock battles held after a battle."""

    battle: int
    pid: int
    resident: int  # bytes, of itself
    processes: int  # below it


class Day:
    """The mock battles of a day, in an arena of their own. `hold` does everything.

    Args:
        place: of everything.
        contest: what happens.
        emulator: with the teams' buckets.
        network: in front of it.
        period: seconds from one battle to the next.
    """

    def __init__(
        self, place: Place, contest: Plan, emulator: cloud.Emulator, network: FaultyNetwork, period: int
    ) -> None:
        self.place, self.plan, self.period = place, contest, period
        self._emulator, self._network = emulator, network
        self._writing = threading.Lock()
        self.arena_dir = os.path.join(place.folder, "arena")
        self.log = os.path.join(place.folder, "battle.log")
        self.changes: list[Change] = []
        self.kills: list[Kill] = []
        self.memory: dict[int, Memory] = {}  # by battle
        self.replaced = 0  # how often
        self.first = 0.0  # unix seconds of the first mock battle
        self._uploads: dict[tuple[str, str], dict[str, bytes]] = {}

    def prepare(self, hand_ins_: HandIns) -> None:
        """Makes the buckets, the list of teams and all that teams will upload; uploads what is there at first."""
        lines = ["team,path"]
        for team in self.plan.teams:
            self._emulator.create_bucket(team.bucket)
            quoted = team.name.replace('"', '""')
            lines.append(f'"{quoted}",gs://{team.bucket}/model')
            kinds = {*team.hand_ins.values(), *([hand_ins.OTHER_WEIGHTS] if team.is_replaced else [])}
            for kind in kinds:
                self._uploads[team.name, kind] = hand_ins_.files(kind, team.skill)
        with open(os.path.join(self.place.folder, "teams.csv"), "w", encoding="utf-8") as file:
            file.write("\n".join(lines) + "\n")
        self._let_teams_act(1)

    def faults(self) -> int:
        """Requests that the network let fail."""
        return self._network.faults

    def variants(self, team: Team) -> list[dict[str, bytes]]:
        """All snapshots that a team handed in whole at some time, file by file, without the file `checkpoint`."""
        playing = [kind for name, kind in self._uploads if name == team.name and kind in hand_ins.PLAYING]
        found = [self._uploads[team.name, kind] for kind in playing]
        return [{name: data for name, data in files.items() if name != "checkpoint"} for files in found]

    def environment(self) -> dict[str, str]:
        """Of all commands: buckets are behind the faulty network, and temporary files in a folder of their own."""
        temporary = os.path.join(self.place.folder, "tmp")
        os.makedirs(temporary, exist_ok=True)
        return {
            **os.environ,
            "STORAGE_EMULATOR_HOST": self._network.url,
            "XDG_CACHE_HOME": os.path.join(self.place.folder, "cache"),
            "TMPDIR": temporary,
            "PYTHONPATH": self.place.root,
            "PYTHONUNBUFFERED": "1",
        }

    def start(self, module: str, *flags: str, log: str = "") -> Supervised:
        """Starts `python -m gan.MODULE`, under a supervisor."""
        command = [sys.executable, "-m", f"gan.{module}", *flags]
        return Supervised(command, log or self.log, self.environment(), self.place.root)

    def battle(self, mode: str, arena_dir: str, *flags: str) -> Supervised:
        """Starts `python -m gan.battle`."""
        common = [f"--mode={mode}", f"--arena_dir={arena_dir}", f"--teams={self.place.folder}/teams.csv"]
        return self.start("battle", *common, *flags)

    def tournament(self, arena_dir: str, kill_after: int | None = None) -> Supervised:
        """Plays the tournament to its end.

        Args:
            arena_dir: of the arena.
            kill_after: half rounds after which it is killed once; None to leave it alone.

        Returns:
            Its process, which has ended.
        """
        self._network.calm()
        flags = [f"--input_data_pattern={self.place.secret}", f"--reference_data_pattern={self.place.public}"]
        process = self.battle("tournament", arena_dir, *flags, f"--seed={self.plan.tournament_seed}")
        try:
            while process.is_running and kill_after is not None:
                seen = evidence.rows(arena_dir, _LATEST, "tournament")
                if seen and seen[-1]["played"] >= kill_after:
                    process.kill()
                    print("  killed the tournament", flush=True)
                    break
                time.sleep(LOOK_SECONDS)
            process.wait(TOURNAMENT_SECONDS)
        finally:
            process.stop()
        return process

    def hold(self, *flags: str) -> int:
        """Holds the mock battles of the plan; returns the exit code of the stopped process."""
        self.first = math.ceil((time.time() + 5) / 60) * 60
        first = datetime.datetime.fromtimestamp(self.first, zoneinfo.ZoneInfo(ZONE))
        timetable = [f"--first_battle={first:%Y-%m-%d %H:%M}", f"--period_minutes={self.period / 60:.6g}"]
        process = self.battle(
            "mock",
            self.arena_dir,
            *timetable,
            f"--time_zone={ZONE}",
            f"--input_data_pattern={self.place.public}",
            f"--seed={self.plan.tournament_seed + 1}",
            *flags,
        )
        try:
            self._follow(process)
        finally:
            process.stop()
        return process.codes[-1]

    def _follow(self, process: Supervised) -> None:
        over, last, waits_since = -1, time.monotonic(), 0.0
        while True:
            seen = evidence.rows(self.arena_dir, _LATEST, "mock")
            finished = sum(row["finished"] is not None for row in seen)
            if finished != over:
                over, last = finished, time.monotonic()
                print(f"  {over} of {self.plan.battles} mock battles are over", flush=True)
                if over < self.plan.battles:
                    self._before(over + 1)
            if seen:
                self._kill_if_due(process, len(seen), seen[-1])
                self._weigh(process, finished, seen[-1])
            if finished == self.plan.battles and finished in self.memory:  # its results are delivered
                waits_since = waits_since or time.monotonic()
                if time.monotonic() - waits_since > REST_SECONDS:
                    return
            if time.monotonic() - last > STUCK_SECONDS or not process.is_running:
                print(f"  no battle for {time.monotonic() - last:.0f} s; see {self.log}", flush=True)
                return
            time.sleep(LOOK_SECONDS)

    def _listeners(self, event: int) -> int:
        """How many teams of an event get results: all but the house team, which is the last one."""
        return len(evidence.rows(self.arena_dir, "SELECT id FROM team WHERE event = ?", event)) - 1

    def _before(self, battle: int) -> None:
        """Does what is planned before a battle."""
        self._let_teams_act(battle)
        for team in self.plan.teams:
            if team.is_replaced:
                kinds = [hand_ins.FAIR, hand_ins.OTHER_WEIGHTS]
                self._upload(team, kinds[battle % 2])  # else the arena need not read it again
                match, other = f"{team.bucket}/o/model%2Fmodel.ckpt-1.index", kinds[1 - battle % 2]
                self._network.before_next(match, lambda team=team, kind=other: self._replace(team, kind))
        self._network.calm()
        if battle == self.plan.shaky_battle:
            self._network.fail_share(SHAKY_SHARE, seed=battle)
            self._network.reset_next(3, match="alt=media")
        if battle == self.plan.cut_battle:
            wait = self._next_moment() - CUT_BEFORE - time.time()
            threading.Timer(max(0, wait), self._network.down).start()
            threading.Timer(max(0, wait) + CUT_SECONDS, self._network.up).start()

    def _next_moment(self) -> float:
        passed = max(0, math.floor((time.time() - self.first) / self.period) + 1)
        return self.first + passed * self.period

    def _let_teams_act(self, battle: int) -> None:
        for team in self.plan.teams:
            if battle in team.hand_ins:
                self._upload(team, team.hand_ins[battle])
                self.changes.append(Change(battle, team, team.hand_ins[battle], time.time()))

    def _replace(self, team: Team, kind: str) -> None:
        self.replaced += 1
        self._upload(team, kind, clear=False)

    def _upload(self, team: Team, kind: str, clear: bool = True) -> None:
        files = self._uploads[team.name, kind]
        with self._writing:
            if clear:
                for name in self._emulator.names(team.bucket, "model/"):
                    self._emulator.delete(team.bucket, name)
            for name, content in files.items():
                self._emulator.write(team.bucket, f"model/{name}", content)

    def _kill_if_due(self, process: Supervised, battle: int, seen: evidence.sqlite3.Row) -> None:
        moment = self.plan.kills.get(battle)
        if moment is None or any(kill.battle == battle for kill in self.kills):
            return
        is_over = seen["finished"] is not None
        is_due = {
            plan.ADMITTING: not is_over and seen["teams"] >= ADMITTED_BEFORE_KILL,
            plan.AT_PLAY: not is_over and seen["played"] >= PLAYED_BEFORE_KILL,
            plan.DELIVERING: is_over and seen["published"] >= 1,
            plan.WAITING: is_over and seen["published"] >= self._listeners(seen["id"]),
        }
        if is_due[moment]:
            process.kill()
            self.kills.append(Kill(battle, moment, time.time()))
            print(f"  killed {moment}, battle {battle}", flush=True)

    def _weigh(self, process: Supervised, battle: int, seen: evidence.sqlite3.Row) -> None:
        """Notes the memory of a process that waits for the next battle, the last time shortly before it."""
        is_waiting = seen["finished"] is not None and seen["published"] >= self._listeners(seen["id"])
        if is_waiting and (held := running.resident(process.pid)):
            self.memory[battle] = Memory(battle, process.pid, held, len(running.descendants(process.pid)))
