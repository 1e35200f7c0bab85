"""Seconds of `prepare_data` on as many JPEG pictures as LFW has, compared with decoding alone.

    python benchmarks/prepare_data.py --input=lfw-deepfunneled.tgz

The input is unpacked; if it has fewer pictures than LFW, copies of them are added. Then three ways alternate, each on
all cores:
  - Pillow decodes every file. This is the least possible: the processes run already, and the pixels are thrown away.
  - The same, and each picture is cut out, made grey and resized.
  - `python -m gan.prepare_data`, as a user runs it, from the start of Python to the end.
Each ratio is of wall times in one round. Other programs on the machine change the CPU seconds beside them less.
"""

import dataclasses
import itertools
import os
import resource
import statistics
import subprocess
import sys
import tarfile
import tempfile
import time
from concurrent import futures

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path[0] = ROOT

from PIL import Image

from gan.console import command
from gan.console.errors import UserError
from gan.console.flags import flag
from gan.data import image_files, sources

LFW_PICTURES = 13233
CHUNK = 64  # pictures that a process decodes at a time


@dataclasses.dataclass(frozen=True)
class PrepareDataBenchmarkConfig:
    """Flags of the command, by name."""

    input: str = flag(
        os.path.join(os.path.dirname(ROOT), "shared", "data", "lfw-sample.tgz"), "An archive of LFW, or a part of it."
    )
    pictures: int = flag(LFW_PICTURES, "How many pictures.", at_least=50)
    rounds: int = flag(3, "How many times each way is timed.", at_least=1)


def main(argv: list[str] | None = None) -> int:
    """Runs the command and returns its exit code."""
    return command.run(compare, PrepareDataBenchmarkConfig, argv)


def compare(config: PrepareDataBenchmarkConfig) -> None:
    """Times the ways in turn and prints the results."""
    rounds = []
    with tempfile.TemporaryDirectory() as folder, futures.ProcessPoolExecutor(os.cpu_count()) as pool:
        files = _fill(config.input, config.pictures, os.path.join(folder, "lfw"))
        list(pool.map(_decode, [files[:CHUNK]] * 4 * os.cpu_count()))  # now all processes are there
        print(f"{len(files)} pictures, {os.cpu_count()} cores; wall seconds, and CPU seconds of all processes")
        print("round  decode          and shrink      prepare_data    ratio to decode    to both", flush=True)
        for number in range(config.rounds):
            output = os.path.join(folder, f"out{number}")
            timed = {
                "decode": _timed(pool, _decode, files),
                "shrink": _timed(pool, _shrink, files),
                "prepare_data": _timed_command(os.path.join(folder, "lfw"), output),
            }
            rounds.append(timed)
            columns = "".join(f"{wall:6.1f}, {cpu:6.1f}  " for wall, cpu in timed.values())
            print(
                f"{number + 1:4} {columns}     {_ratio(timed, 'decode'):6.2f}     {_ratio(timed, 'shrink'):6.2f}",
                flush=True,
            )
    for way, what in (("decode", "decoding alone"), ("shrink", "decoding and shrinking")):
        for index, unit in enumerate(("wall", "CPU")):
            ratios = [_ratio(timed, way, index) for timed in rounds]
            median, least, most = statistics.median(ratios), min(ratios), max(ratios)
            print(f"{unit} time of prepare_data over {what}: median {median:.2f}, from {least:.2f} to {most:.2f}")


def _fill(archive, count, folder):
    """Unpacks LFW's pictures, and adds copies under other persons' names up to `count`; returns all paths."""
    with tarfile.open(archive) as opened:
        contents = {member.name: opened.extractfile(member).read() for member in opened if member.isfile()}
    names = sorted(name for name in contents if name.endswith(".jpg"))
    if not names:
        raise UserError(f"--input={archive} holds no .jpg pictures")
    paths = []
    for copy in itertools.count():
        for name in names[: count - len(paths)]:
            person, number = os.path.basename(name).rsplit("_", 1)
            paths.append(os.path.join(folder, f"{person}{copy}", f"{person}{copy}_{number}"))
            os.makedirs(os.path.dirname(paths[-1]), exist_ok=True)
            with open(paths[-1], "wb") as file:
                file.write(contents[name])
        if len(paths) == count:
            return paths


def _decode(paths):
    """Decodes files to pixels; returns its own CPU seconds."""
    began = time.process_time()
    for path in paths:
        with Image.open(path) as picture:
            picture.load()
    return time.process_time() - began


def _shrink(paths):
    """Turns files into the pixels that go into the records; returns its own CPU seconds."""
    began = time.process_time()
    for path in paths:
        image_files.decode(path, sources.LFW_CROP)
    return time.process_time() - began


def _timed(pool, work, files):
    """(wall seconds, CPU seconds) of work on all files."""
    began = time.monotonic()
    used = sum(pool.map(work, [files[first : first + CHUNK] for first in range(0, len(files), CHUNK)]))
    return time.monotonic() - began, used


def _timed_command(folder, output):
    """(wall seconds, CPU seconds) of the command and its processes."""
    command = [sys.executable, "-m", "gan.prepare_data", "--source=lfw", f"--input={folder}", f"--output_dir={output}"]
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    wall, after = time.monotonic() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        raise UserError(f"prepare_data failed: {done.stdout}")
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def _ratio(timed, way, index=0):
    return timed["prepare_data"][index] / timed[way][index]


if __name__ == "__main__":
    sys.exit(main())
