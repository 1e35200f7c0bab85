import os
import sys

import pytest

from gan.sandbox import memory_groups, memory_watch

GIBIBYTE = 2**30


@pytest.fixture
def system(tmp_path):
    """A function that lays out /proc/self and the groups as kernels do; returns the process's folder."""

    def laid_out(group_line, mount_line, files):
        process = tmp_path / "process"
        process.mkdir()
        (process / "cgroup").write_text(f"1:name=systemd:/elsewhere\n{group_line}\n")
        mounted = mount_line.replace("MOUNT", str(tmp_path / "groups"))
        (process / "mountinfo").write_text(f"22 1 0:20 / / rw - ext4 /dev/vda rw\n{mounted}\n")
        for path, text in files.items():
            file = tmp_path / "groups" / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(f"{text}\n")
        return str(process)

    return laid_out


def test_a_service_of_systemd(system):
    """The root of the second version has no limit; the service has, and its slice a smaller one."""
    process = system(
        "0::/arena.slice/arena.service",
        "30 22 0:26 / MOUNT rw shared:9 - cgroup2 cgroup2 rw",
        {
            "arena.slice/memory.max": 3 * GIBIBYTE,
            "arena.slice/memory.high": "max",
            "arena.slice/memory.current": 2 * GIBIBYTE,
            "arena.slice/memory.stat": f"anon 5\ninactive_file {GIBIBYTE // 2}\nactive_file {GIBIBYTE // 4}",
            "arena.slice/arena.service/memory.max": 4 * GIBIBYTE,
            "arena.slice/arena.service/memory.high": "max",
            "arena.slice/arena.service/memory.current": GIBIBYTE,
            "arena.slice/arena.service/memory.stat": "inactive_file 0",
        },
    )
    assert memory_groups.limit(process) == 3 * GIBIBYTE
    assert memory_groups.left(process) == GIBIBYTE + GIBIBYTE * 3 // 4  # pages of files can be taken back


def test_a_service_that_is_slowed_down_before_its_limit(system):
    process = system(
        "0::/arena.service",
        "30 22 0:26 / MOUNT rw - cgroup2 cgroup2 rw",
        {
            "arena.service/memory.max": 4 * GIBIBYTE,
            "arena.service/memory.high": 2 * GIBIBYTE,
            "arena.service/memory.current": 3 * GIBIBYTE,
        },
    )
    assert memory_groups.limit(process) == 2 * GIBIBYTE
    assert memory_groups.left(process) == 0


def test_a_container_that_sees_its_own_group_as_the_root(system):
    process = system(
        "0::/",
        "30 22 0:26 / MOUNT ro,nosuid - cgroup2 cgroup rw",
        {"memory.max": 2 * GIBIBYTE, "memory.current": GIBIBYTE},
    )
    assert memory_groups.limit(process) == 2 * GIBIBYTE
    assert memory_groups.left(process) == GIBIBYTE


def test_a_container_of_the_first_version(system):
    """Its own group is mounted, under a path that names it; the groups inside count for it."""
    process = system(
        "4:cpu,memory:/docker/5f1",
        "31 22 0:29 /docker/5f1 MOUNT ro - cgroup cgroup rw,cpu,memory",
        {
            "memory.limit_in_bytes": GIBIBYTE,
            "memory.usage_in_bytes": GIBIBYTE // 2,
            "memory.stat": f"inactive_file 7\ntotal_inactive_file {GIBIBYTE // 4}\ntotal_active_file 0",
        },
    )
    assert memory_groups.limit(process) == GIBIBYTE
    assert memory_groups.left(process) == GIBIBYTE * 3 // 4


def test_no_limit_of_the_first_version(system):
    process = system(
        "4:memory:/user",
        "31 22 0:29 / MOUNT rw - cgroup cgroup rw,memory",
        {"user/memory.limit_in_bytes": 9223372036854771712, "user/memory.usage_in_bytes": 5},
    )
    assert memory_groups.limit(process) is None and memory_groups.left(process) is None


@pytest.mark.parametrize("group", ["0::/../../other", "0::/gone"])
def test_a_group_that_cannot_be_seen(system, group):
    process = system(group, "30 22 0:26 / MOUNT rw - cgroup2 cgroup2 rw", {"cgroup.procs": "1"})
    assert memory_groups.limit(process) is None and memory_groups.left(process) is None


def test_a_system_without_groups(tmp_path):
    assert memory_groups.limit(str(tmp_path)) is None and memory_groups.left(str(tmp_path)) is None


def test_the_budget_is_a_share_of_what_the_groups_allow(monkeypatch):
    monkeypatch.setattr(memory_groups, "limit", lambda: GIBIBYTE)
    assert memory_watch.machine_memory() == GIBIBYTE


@pytest.mark.skipif(sys.platform != "linux", reason="/proc is Linux's")
def test_what_is_left_is_the_least_that_anybody_leaves(monkeypatch):
    monkeypatch.setattr(memory_groups, "left", lambda: None)
    machine = memory_watch._bytes_left()
    assert 0 < machine <= os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    monkeypatch.setattr(memory_groups, "left", lambda: 12345)
    assert memory_watch._bytes_left() == 12345
