"""Hosts that are network namespaces of this machine, for benchmarks. Needs root.

Without delay and loss each host has one card, a pair of virtual devices on a bridge. With them each host has a TUN
device, and a thread of this process is the network between them: it holds each packet for some time, and drops some.
So it needs no `tc netem`, which many kernels lack.
"""

import collections
import contextlib
import fcntl
import os
import random
import select
import struct
import subprocess
import threading
import time
from collections.abc import Iterator
from typing import NamedTuple

from gan.console.errors import UserError

CARD = "card"  # name of each host's device
_OURS = f"gan{os.getpid()}"  # begins the names of what this process makes
_BRIDGE = f"{_OURS}bridge"
_SET_NAME, _PLAIN_PACKETS = 0x400454CA, 0x1001  # TUNSETIFF, IFF_TUN | IFF_NO_PI
_LONGEST = 65536  # bytes of a packet
_MOST_AT_ONCE = 64  # packets of one host, before the others have their turn
_SECONDS_BETWEEN_LOOKS = 0.2


class Network(NamedTuple):
    """What lies between hosts.

    Attributes:
        delay: seconds that each packet is held; 0 for none.
        loss: share of packets that are dropped; 0 for none.
        mtu: bytes of the longest packet.
    """

    delay: float = 0.0
    loss: float = 0.0
    mtu: int = 1500


@contextlib.contextmanager
def hosts(count: int, network: Network) -> Iterator[list[str]]:
    """Makes namespaces that reach each other, and removes them in the end; yields their names.

    Raises:
        UserError: they cannot be made.
    """
    if os.geteuid():
        raise UserError("network namespaces need root; run it with sudo")
    names = [f"{_OURS}host{number}" for number in range(count)]
    is_slow = network.delay > 0 or network.loss > 0
    with contextlib.ExitStack() as stack:
        for name in names:
            stack.callback(_remove, "netns", "del", name)
            ip("netns", "add", name)
        if is_slow:
            stack.enter_context(_SlowNetwork(names, network))
        else:
            stack.callback(_remove, "link", "del", _BRIDGE)
            ip("link", "add", _BRIDGE, "type", "bridge")
            ip("link", "set", _BRIDGE, "up")
        for number, name in enumerate(names):
            if not is_slow:
                stack.callback(_remove, "link", "del", f"{_OURS}c{number}")  # a namespace goes some time later
                ip("link", "add", f"{_OURS}c{number}", "type", "veth", "peer", "name", CARD, "netns", name)
                ip("link", "set", f"{_OURS}c{number}", "mtu", str(network.mtu), "master", _BRIDGE, "up")
            ip("-n", name, "addr", "add", f"{address(number)}/24", "dev", CARD)
            ip("-n", name, "link", "set", CARD, "mtu", str(network.mtu), "up")
            ip("-n", name, "link", "set", "lo", "up")
        yield names


def address(number: int) -> str:
    """Of a host, by its number."""
    return f"10.77.0.{number + 1}"


def bytes_sent(name: str) -> int:
    """How many bytes a host has sent so far."""
    return int(ip("netns", "exec", name, "cat", f"/sys/class/net/{CARD}/statistics/tx_bytes"))


def connect(name: str, is_connected: bool) -> None:
    """Pulls the cable of a host, or puts it back."""
    ip("-n", name, "link", "set", CARD, "up" if is_connected else "down")


def ip(*arguments: str) -> str:
    """Runs `ip`; raises UserError if it fails."""
    try:
        return subprocess.run(["ip", *arguments], check=True, capture_output=True, text=True).stdout
    except subprocess.CalledProcessError as error:
        raise UserError(f"ip {' '.join(arguments)} failed: {error.stderr.strip()}") from error


def _remove(*what: str) -> None:
    subprocess.run(["ip", *what], stderr=subprocess.DEVNULL, check=False)


class _SlowNetwork:
    """Carries packets between TUN devices that it has made in namespaces. Use as a context manager."""

    def __init__(self, names: list[str], network: Network) -> None:
        self._network, self._random = network, random.Random(0)
        self._held: collections.deque[tuple[float, int, bytes]] = collections.deque()  # when it is due, device, packet
        self._devices = {}  # address -> open device
        with contextlib.ExitStack() as opened:
            for number, name in enumerate(names):
                device = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
                opened.callback(os.close, device)
                fcntl.ioctl(device, _SET_NAME, struct.pack("16sH22x", f"{_OURS}t{number}".encode(), _PLAIN_PACKETS))
                ip("link", "set", f"{_OURS}t{number}", "netns", name, "name", CARD)
                self._devices[bytes(map(int, address(number).split(".")))] = device
            self._opened = opened.pop_all()
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *exception: object) -> None:
        self._is_over.set()
        self._thread.join()
        self._opened.close()

    def _run(self) -> None:
        while not self._is_over.is_set():
            wait = self._held[0][0] - time.monotonic() if self._held else _SECONDS_BETWEEN_LOOKS
            ready, _, _ = select.select(self._devices.values(), [], [], max(0.0, wait))
            for device in ready:
                self._take(device)
            while self._held and self._held[0][0] <= time.monotonic():
                _, device, packet = self._held.popleft()
                with contextlib.suppress(OSError):  # a host whose cable is pulled
                    os.write(device, packet)

    def _take(self, device: int) -> None:
        """Reads what a host sends."""
        for _ in range(_MOST_AT_ONCE):
            try:
                packet = os.read(device, _LONGEST)
            except OSError:
                return
            receiver = self._devices.get(packet[16:20])  # of IPv4
            if receiver is not None and self._random.random() >= self._network.loss:
                self._held.append((time.monotonic() + self._network.delay, receiver, packet))
