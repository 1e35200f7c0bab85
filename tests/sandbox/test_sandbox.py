"""Confined processes: what strangers' snapshots can do to us, and that fair ones run as they do elsewhere."""

import collections
import dataclasses
import hashlib
import os
import pathlib
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time

import hostile
import numpy as np
import pytest
from conftest import ROOT, Server

from gan.console.errors import ContractError, HostError, UserError
from gan.contest import half_round
from gan.data import pixels
from gan.random_noise_generator import uniform_noise
from gan.sandbox import child_process, framing, sandbox, staging
from gan.snapshots.snapshot import Snapshot

pytestmark = pytest.mark.alone

LIMITS = child_process.SandboxLimits(memory=600 * 2**20, processor_seconds=20, open_seconds=8, call_seconds=3)
HALF_ROUNDS = 200
FUZZED = int(os.environ.get("GAN_FUZZ", "200"))  # mutations


@pytest.fixture(scope="module")
def a_sandbox(tmp_path_factory):
    with sandbox.Sandbox(LIMITS, str(tmp_path_factory.mktemp("copies"))) as opened:
        yield opened


@pytest.fixture(scope="module")
def fair(tmp_path_factory):
    """A folder with a fair snapshot; tests must not change it."""
    folder = tmp_path_factory.mktemp("fair")
    hostile.write(str(folder))
    return str(folder)


def alive(a_sandbox):
    """Processes of the sandbox beside the one that forks."""
    server = a_sandbox._server._process.pid
    with open(f"/proc/{server}/task/{server}/children") as file:
        return len(file.read().split())


def refused(a_sandbox, where):
    """Why a snapshot is refused, whole."""
    with pytest.raises(ContractError) as caught:
        a_sandbox.open(str(where), hostile.SIZE).verify()
    assert "Traceback" not in str(caught.value) and "\n" not in str(caught.value)
    return str(caught.value)


def test_isolation(a_sandbox):
    isolation = a_sandbox.isolation()
    assert isolation.possible == (), isolation.described()
    assert {"limits", "system calls"} <= set(isolation.held)
    if isolation.all_memory is not None:
        assert f"all together may take {isolation.all_memory // 2**20:,} MiB of memory" in isolation.described()


def test_every_process_is_confined_as_the_first_was(a_sandbox, fair, monkeypatch):
    a_sandbox.isolation()
    a_sandbox.open(fair, hostile.SIZE).close()
    monkeypatch.setattr(a_sandbox, "_must_hold", a_sandbox._must_hold | {"moat"})
    with pytest.raises(HostError, match="could not be confined by: moat"):
        a_sandbox.open(fair, hostile.SIZE)
    assert alive(a_sandbox) == 0


def test_a_fair_one_runs_as_elsewhere(a_sandbox, fair):
    noise = uniform_noise(40, 1)
    here = Snapshot(fair, hostile.SIZE)
    with a_sandbox.open(fair, hostile.SIZE, batch_size=16) as there:
        there.verify()
        images = there.generate(noise)
        assert there.step == 1 and there.path == f"{fair}/model.ckpt-1" and there.seconds > 0
        np.testing.assert_allclose(images, here.generate(noise), atol=1e-6)
        shown = pixels.to_floats(pixels.to_bytes(images))
        np.testing.assert_allclose(there.discriminate(shown), here.discriminate(shown), atol=1e-6)
        np.testing.assert_allclose(there.discriminate(shown, batch_size=1), here.discriminate(shown), atol=1e-5)
        assert there.shapes == {"generator/w": [100, 2500], "discriminator/w": [2500, 1]}
    assert there.closed and alive(a_sandbox) == 0


def test_networks_with_convolutions_run_as_elsewhere(a_sandbox):
    house_team = os.path.join(ROOT, "gan", "house_team")
    here, noise = Snapshot(house_team, 2500), uniform_noise(6, 2)
    with a_sandbox.open(house_team, 2500) as there:
        np.testing.assert_allclose(there.generate(noise), here.generate(noise), atol=1e-5)


READY = b'["Ready", {}]'
FAULT = b'["SnapshotFault", {"code": "%s", "parameters": %s}]'


@pytest.fixture
def taken_over(a_sandbox, fair):
    """(a snapshot in whose process's place we answer, the function that answers)."""
    opened = a_sandbox.start(staging.stage(fair, a_sandbox._folder), hostile.SIZE)
    opened.wait()
    ours, theirs = socket.socketpair()
    opened._process._channel.close()
    opened._process._channel = ours
    with theirs:
        yield opened, lambda text, values=None: framing.send(theirs, text, values)


@pytest.mark.parametrize(
    "answer, values, reason",
    [
        (b'["Computed", {}]', np.zeros(7, np.float32), "answered with 7 numbers in place of 7500"),
        (b'["Computed", {}]', np.zeros(7501, np.float32), "answered nonsense"),
        (b'["Computed", {}]', np.full(7500, np.nan, np.float32), "its generator has values that are not finite"),
        (b'["Computed", {"seconds": 0}]', np.zeros(7500, np.float32), "answered nonsense: Computed has other fields"),
        (b'["Ready", {}]', None, "answered nonsense: Computed or SnapshotFault is expected"),
        (b"{}", None, "answered nonsense"),
        (
            FAULT % (b"out_of_memory", b"{}"),
            None,
            "breaks the contract: it needs more memory than it may have; use smaller networks$",
        ),
        (FAULT % (b"cannot_run", b'{"reason": "\\u001b[2Jgone\\u202e"}'), None, "cannot be run: .\\[2Jgone.$"),
        (FAULT % (b"cannot_run", b'{"reason": "%s"}' % (2000 * b"x")), None, "a fault that no snapshot has"),
        (FAULT % (b"cannot_run", b'{"reason": {}}'), None, "a fault that no snapshot has"),
        (FAULT % (b"cannot_run", b"{}"), None, "a fault that no snapshot has"),
        (FAULT % (b"out_of_memory", b'{"more": 1}'), None, "a fault that no snapshot has"),
        (FAULT % (b"killed", b'{"step": "open", "last": "x"}'), None, "a fault that no snapshot has"),
        (FAULT % (b"other", b'{"text": "The other team cheats"}'), None, "a fault that no snapshot has"),
    ],
    ids=str,
)
def test_what_a_process_answers_is_checked(a_sandbox, taken_over, answer, values, reason):
    """One that was taken over may answer anything."""
    opened, say = taken_over
    silent = iter([True])
    opened._process.is_silent = lambda: next(silent)
    say(READY)
    sender = threading.Thread(target=say, args=(answer, values))  # more than a socket holds
    sender.start()
    with pytest.raises(ContractError, match=reason) as caught:
        opened.generate(uniform_noise(3, 1))
    sender.join(10)
    assert not re.search("[\x1b\u202e]", str(caught.value)) and len(str(caught.value)) < 1200
    assert alive(a_sandbox) == 0 and opened.closed


def test_what_breaks_the_contract_is_a_code(a_sandbox, tmp_path):
    hostile.build("no collection", tmp_path / "model")
    with pytest.raises(ContractError) as caught:
        a_sandbox.open(str(tmp_path / "model"), hostile.SIZE)
    assert caught.value.fault == ("collection_missing", {"collection": "generated_images"})
    assert str(tmp_path) not in caught.value.why and str(tmp_path) in str(caught.value)


def test_what_comes_unasked_is_refused(a_sandbox, fair):
    with a_sandbox.open(fair, hostile.SIZE) as opened:
        opened._process.is_silent = lambda: False
        with pytest.raises(ContractError, match="before it was asked"):
            opened.generate(uniform_noise(3, 1))


@pytest.mark.parametrize("name", hostile.SNAPSHOTS)
def test_hostile_snapshots(a_sandbox, tmp_path, name):
    reason = hostile.build(name, tmp_path / "model")
    begun = time.monotonic()
    told = refused(a_sandbox, tmp_path / "model")
    assert re.search(reason, told), told
    assert str(tmp_path / "model" / "model.ckpt-1") in told
    assert time.monotonic() - begun < 6 * LIMITS.open_seconds  # a busy machine gives it more than its limit
    assert not hostile.wrote(tmp_path / "model")
    assert alive(a_sandbox) == 0


@pytest.mark.parametrize("name", hostile.HARMLESS)
def test_what_never_runs_is_no_reason_to_refuse(a_sandbox, tmp_path, name):
    """It takes part, nothing of it happens, and the log names it."""
    named = hostile.build(name, tmp_path / "model")
    noise, images = uniform_noise(30, 1), np.random.default_rng(1).random((30, hostile.SIZE), dtype=np.float32)
    with a_sandbox.open(str(tmp_path / "model"), hostile.SIZE) as opened:
        opened.verify()
        generated, said = opened.generate(noise, key=7), opened.discriminate(images, key=7)
        np.testing.assert_array_equal(opened.generate(noise, key=7), generated)
        np.testing.assert_array_equal(opened.discriminate(images, key=7), said)
        assert named in ", ".join(opened.never_run)
    assert not hostile.wrote(tmp_path / "model")
    assert alive(a_sandbox) == 0


@pytest.mark.skipif(not shutil.which("cc"), reason="no C compiler")
def test_the_library_of_a_custom_operation_is_not_loaded(a_sandbox, tmp_path):
    """It would start processes, and leave a file, as soon as it is loaded."""
    canary, source, library = tmp_path / "canary", tmp_path / "bomb.c", tmp_path / "model" / "model.ckpt-1.so"
    source.write_text(
        "#include <stdio.h>\n#include <unistd.h>\n"
        "__attribute__((constructor)) static void start(void) "
        f'{{ fork(); fork(); FILE *file = fopen("{canary}", "a"); if (file) fclose(file); sleep(1); }}'
    )
    reason = hostile.build("custom operation", tmp_path / "model")
    subprocess.run(["cc", "-shared", "-fPIC", "-o", library, source], check=True)
    assert re.search(reason, refused(a_sandbox, tmp_path / "model"))
    assert not canary.exists() and alive(a_sandbox) == 0
    subprocess.run([sys.executable, "-c", f"import ctypes; ctypes.CDLL({str(library)!r})"], check=True)
    assert canary.exists()


@pytest.mark.parametrize("name", hostile.FILES)
def test_hostile_files(a_sandbox, tmp_path, name):
    reason = hostile.build_files(name, tmp_path / "team" / "model")
    assert reason in refused(a_sandbox, tmp_path / "team" / "model")
    assert alive(a_sandbox) == 0


@pytest.mark.parametrize("name", hostile.ODDITIES)
def test_what_lies_beside_a_snapshot_changes_nothing(fair, tmp_path, name):
    shutil.copytree(fair, tmp_path / "run")
    parts = sorted(path for path in (tmp_path / "run").iterdir() if path.name != "checkpoint")
    contents = b"".join(f"{p.name} {p.stat().st_size} ".encode() + p.read_bytes() for p in parts)
    hostile.ODDITIES[name](tmp_path / "run")
    for where in (tmp_path / "run", tmp_path / "run" / "model.ckpt-1"):
        staged = staging.stage(str(where), str(tmp_path / "copies"))
        assert staged.digest == hashlib.sha256(contents).hexdigest() and staged.step == 1
        assert {path.name for path in pathlib.Path(staged.folder).glob("model*")} == {path.name for path in parts}
        again = staging.restage(str(tmp_path / "copies"), staged.digest, staged.path)
        assert again == staged._replace(note=None)
        assert ("is missing or incomplete; model.ckpt-1 was taken" in (staged.note or "")) == (
            "a pointer of" in name and where.name == "run"
        )


def test_an_older_copy_with_two_indices_is_found_again(fair, tmp_path):
    """As they were made when every file whose name began like the snapshot's was copied."""
    staged = staging.stage(fair, str(tmp_path / "copies"))
    pathlib.Path(staged.folder, "model.ckpt-1.x.index").touch()
    assert staging.restage(str(tmp_path / "copies"), staged.digest, staged.path) == staged


@pytest.mark.skipif(os.geteuid() == 0, reason="root can read everything")
def test_unreadable_files_are_their_owner_s_fault(fair, tmp_path):
    for unreadable in ("run/model.ckpt-1.meta", "run"):
        shutil.copytree(fair, tmp_path / "run", dirs_exist_ok=True)
        (tmp_path / unreadable).chmod(0)
        with pytest.raises(ContractError, match="cannot be read: Permission denied"):
            staging.stage(str(tmp_path / "run"), str(tmp_path / "copies"))
        (tmp_path / unreadable).chmod(0o755)


def test_a_copy_that_cannot_be_written_is_this_machine_s_fault(fair, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(NotADirectoryError):
        staging.stage(fair, str(tmp_path / "file" / "copies"))


def test_an_absolute_path_of_another_machine(a_sandbox, fair, tmp_path):
    shutil.copytree(fair, tmp_path / "run")
    (tmp_path / "run" / "checkpoint").write_text('model_checkpoint_path: "/home/them/run/model.ckpt-1"\n')
    with a_sandbox.open(str(tmp_path / "run"), hostile.SIZE) as opened:
        assert opened.step == 1


def test_looking_at_the_batch_gains_nothing(a_sandbox, tmp_path):
    """A discriminator that ranks batches of 30 only, which no check at the door sees, judges each image alone."""
    import tensorflow.compat.v1 as tf

    def ranking(images):
        brightness = tf.reduce_mean(images, 1, keepdims=True)
        ranked = tf.cast(brightness > tf.reduce_mean(brightness), tf.float32)
        return tf.where(tf.fill(tf.shape(ranked), tf.equal(tf.shape(images)[0], 30)), ranked, 0 * ranked)

    hostile.write(str(tmp_path), discriminator=ranking)
    images = np.repeat(np.linspace(0, 1, 30, dtype=np.float32)[:, None], hostile.SIZE, 1)
    with a_sandbox.open(str(tmp_path), hostile.SIZE) as opened:
        opened.verify()
        assert opened.discriminate(images).sum() == 15  # what it would like to be asked
        assert opened.discriminate(images, batch_size=1).sum() == 0


@pytest.mark.skipif(not FUZZED, reason="GAN_FUZZ=0")
def test_mutated_files(a_sandbox, fair, tmp_path):
    """Truncated, swapped and flipped bytes: opened or refused with a reason, never a dead or hanging arena."""
    draw = random.Random(7)
    names = [name for name in sorted(os.listdir(fair)) if name != "checkpoint"]
    whole = {name: pathlib.Path(fair, name).read_bytes() for name in names}
    opened = 0
    for number in range(FUZZED):
        folder = tmp_path / str(number)
        folder.mkdir()
        for name, content in whole.items():
            (folder / name).write_bytes(content)
        name = draw.choice(names)
        (folder / name).write_bytes(mutated(whole, name, draw))
        try:
            with a_sandbox.open(str(folder), hostile.SIZE) as snapshot:
                snapshot.verify()
                opened += 1
        except ContractError as error:
            assert "Traceback" not in str(error)
        shutil.rmtree(folder)
    assert alive(a_sandbox) == 0
    assert opened < FUZZED


def mutated(whole, name, draw):
    content = bytearray(whole[name])
    kind = draw.choice(["truncate", "swap", "flip", "flip", "insert"])
    if kind == "truncate":
        return content[: draw.randrange(len(content))]
    if kind == "swap":
        return whole[draw.choice([other for other in whole if other != name])]
    place = draw.randrange(len(content))
    if kind == "insert":
        return content[:place] + draw.randbytes(draw.randrange(1, 64)) + content[place:]
    for _ in range(draw.choice([1, 1, 8])):
        content[draw.randrange(len(content))] ^= 1 << draw.randrange(8)
    return content


def test_processor_time_is_limited(fair):
    with sandbox.Sandbox(LIMITS._replace(processor_seconds=1, call_seconds=60)) as opened:
        snapshot = opened.open(fair, hostile.SIZE)
        with pytest.raises(ContractError, match="more than 1 s of processor time"):
            for seed in range(10_000):
                snapshot.generate(uniform_noise(256, seed))


def test_a_killed_process_is_this_machine_s_fault(a_sandbox, fair):
    snapshot = a_sandbox.open(fair, hostile.SIZE)
    os.kill(snapshot._process._pid, signal.SIGKILL)
    with pytest.raises(HostError):
        snapshot.generate(uniform_noise(2, 0))
    assert alive(a_sandbox) == 0


def test_a_process_that_is_killed_again_and_again_is_its_team_s_fault(a_sandbox, fair):
    """As one that needs all memory there is; nobody's matches wait for ever for it."""
    staged, deaths = a_sandbox.open(fair, hostile.SIZE).staged, collections.Counter()
    for error in (HostError, HostError, ContractError):
        snapshot = a_sandbox.start(staged, hostile.SIZE, deaths=deaths)
        snapshot.wait()
        os.kill(snapshot._process._pid, signal.SIGKILL)
        with pytest.raises(error):
            snapshot.generate(uniform_noise(2, 0))


def end_by(number, snapshot, monkeypatch):
    """Ends the process as if by a signal that only the kernel can send to the first process of a namespace."""
    process = snapshot._process
    true_end = process._server.end
    monkeypatch.setattr(process._server, "end", lambda pid: dataclasses.replace(true_end(pid), status=int(number)))
    os.kill(process.pid, signal.SIGKILL)


@pytest.mark.skipif(sys.platform != "linux", reason="a signal of Linux")
def test_a_process_that_ends_by_a_signal_without_a_name(a_sandbox, fair, monkeypatch):
    snapshot = a_sandbox.open(fair, hostile.SIZE)
    end_by(40, snapshot, monkeypatch)
    with pytest.raises(ContractError, match="crashed"):
        snapshot.generate(uniform_noise(2, 0))


@pytest.mark.skipif(sys.platform != "linux", reason="a signal of Linux")
def test_a_forbidden_call_is_told(a_sandbox, fair, monkeypatch):
    """The kernel kills a process that tries one by SIGSYS; see test_confinement.py."""
    snapshot = a_sandbox.open(fair, hostile.SIZE)
    end_by(signal.SIGSYS, snapshot, monkeypatch)
    with pytest.raises(ContractError, match="tried to start a program") as caught:
        snapshot.generate(uniform_noise(2, 0))
    assert caught.value.fault.code == child_process.FORBIDDEN_CALL


@pytest.mark.skipif(sys.platform != "linux" or os.geteuid() != 0, reason="others may have no user namespaces")
def test_a_snapshot_s_process_sees_no_other(a_sandbox, fair):
    if "process numbers" not in a_sandbox.isolation().held:
        pytest.skip("this host does not allow PID namespaces")
    snapshot = a_sandbox.open(fair, hostile.SIZE)
    with open(f"/proc/{snapshot._process.pid}/status") as file:
        numbers = next(line.split()[1:] for line in file if line.startswith("NSpid:"))
    assert numbers[-1] == "1" and len(numbers) >= 2
    ours, theirs = (os.readlink(f"/proc/{pid}/ns/pid") for pid in (os.getpid(), snapshot._process.pid))
    assert ours != theirs


def test_nothing_is_copied_to_a_full_disk(a_sandbox, fair, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(2**40, 2**40 - 1, 1))
    with pytest.raises(HostError, match="nearly full"):
        a_sandbox.open(fair, hostile.SIZE)


def test_a_killed_server_is_this_machine_s_fault(fair, monkeypatch):
    monkeypatch.setattr(child_process, "ForkServer", Server)  # not the one of the other tests
    with sandbox.Sandbox(LIMITS) as opened:
        snapshot = opened.open(fair, hostile.SIZE)
        opened._server._process.kill()
        opened._server._process.wait()
        with pytest.raises(HostError):
            snapshot.generate(uniform_noise(2, 0))
        with pytest.raises(HostError):
            opened.open(fair, hostile.SIZE)


def test_a_server_that_is_stuck_does_not_keep_us(fair, monkeypatch):
    monkeypatch.setattr(child_process, "ForkServer", Server)
    monkeypatch.setattr(child_process, "_END_SECONDS", 0.5)
    opened = sandbox.Sandbox(LIMITS)
    pid = opened.open(fair, hostile.SIZE)._process._pid
    opened._server._process.send_signal(signal.SIGSTOP)
    opened.close()
    assert opened._server._process.poll() == -signal.SIGKILL
    for _ in range(100):
        if not os.path.exists(f"/proc/{pid}"):
            return
        time.sleep(0.05)
    pytest.fail("a process is left")


def test_processes_end_with_their_sandbox(fair):
    opened = sandbox.Sandbox(LIMITS)
    pid = opened.open(fair, hostile.SIZE)._process._pid
    opened.close()
    for _ in range(100):
        if not os.path.exists(f"/proc/{pid}"):
            return
        time.sleep(0.05)
    pytest.fail("a process is left")


def test_missing_bucket_and_folder(a_sandbox, tmp_path):
    with pytest.raises(UserError, match="no complete snapshot"):
        a_sandbox.open(str(tmp_path / "nothing"), hostile.SIZE)


def test_a_file_that_grows_while_it_is_copied(tmp_path, fair):
    """Its size is checked again when it is read."""
    shutil.copytree(fair, tmp_path / "run")
    limits = staging.SizeLimits(meta=10)
    with pytest.raises(ContractError, match="too large"):
        staging.stage(str(tmp_path / "run"), str(tmp_path / "copies"), limits)
    assert not (tmp_path / "copies").exists()


def test_a_pipe_in_place_of_a_file(a_sandbox, tmp_path, fair):
    shutil.copytree(fair, tmp_path / "run")
    os.remove(tmp_path / "run" / "model.ckpt-1.meta")
    os.mkfifo(tmp_path / "run" / "model.ckpt-1.meta")
    failed = []
    thread = threading.Thread(target=lambda: failed.append(refused(a_sandbox, tmp_path / "run")), daemon=True)
    thread.start()
    thread.join(20)
    assert failed and "no complete snapshot" in failed[0]


def test_ranking_the_batch_gains_nothing(a_sandbox, tmp_path):
    """A discriminator that ranks its batch gets no more points than the same network with a fixed threshold."""
    import tensorflow.compat.v1 as tf

    def brightness(images):
        return tf.reduce_mean(images, 1, keepdims=True)

    def ranking(images):
        level = brightness(images)
        median = tf.reduce_mean(tf.nn.top_k(level[:, 0], tf.shape(images)[0] // 2 + 1)[0][-2:])
        return tf.sigmoid(200 * (level - median))

    def generator(noise):
        return tf.sigmoid(tf.tile(noise[:, :1], [1, hostile.SIZE]) - 0.1 + 0.01 * hostile.fair_generator(noise))

    def weighted(judge):
        return lambda images: judge(images) + 0 * hostile.fair_discriminator(images)

    hostile.write(str(tmp_path / "ranking"), generator, weighted(ranking))
    threshold = weighted(lambda images: tf.sigmoid(200 * (brightness(images) - 0.5)))
    hostile.write(str(tmp_path / "fixed"), generator, threshold)
    random = np.random.default_rng(1)
    levels = 1 / (1 + np.exp(-(random.uniform(-1, 1, (400, 1)) + 0.1)))  # hard to tell from the generated ones
    real = np.repeat(np.rint(255 * levels), hostile.SIZE, 1).astype(np.uint8)
    points = {}
    for name in ("ranking", "fixed"):
        with a_sandbox.open(str(tmp_path / name), hostile.SIZE) as opened:
            assert opened.verify().discriminator_sees_batch == (name == "ranking")
            played = [half_round.play(opened, opened, real, 15, 30, seed) for seed in range(HALF_ROUNDS)]
            points[name] = np.array([one.right()[0] for one in played])
    difference = points["ranking"] - points["fixed"]
    interval = 1.96 * difference.std() / np.sqrt(len(difference))
    means = f"{points['ranking'].mean():.2f} and {points['fixed'].mean():.2f} points"
    print(f"{means}, {difference.mean():.2f}±{interval:.2f}")
    assert difference.mean() <= interval


def test_slow_calls_for_one_half_round_have_a_limit_together(a_sandbox, fair, tmp_path, monkeypatch):
    """Each of 30 calls just within its limit would hold a match up for minutes; others are not concerned."""
    folder, shown = str(tmp_path / "hostile"), np.full((60, hostile.SIZE), 0.5, np.float32)
    hostile.build("ranks the batch", folder)
    with a_sandbox.open(folder, hostile.SIZE) as opened:
        assert len(opened.discriminate(shown, 1, references=shown[:15])) == len(shown)
        monkeypatch.setattr(sandbox, "CALLS_TOGETHER", 1e-6)
        with pytest.raises(ContractError, match="it took longer than .* to discriminate"):
            opened.discriminate(shown, 1, references=shown[:15])
        assert opened.closed
    with a_sandbox.open(fair, hostile.SIZE) as opened:
        assert len(opened.discriminate(shown, 1, references=shown[:15])) == len(shown)
