"""What was found out about snapshots is kept as it was."""

import numpy as np

from gan.arena import store
from gan.arena.fingerprints import Fingerprint
from gan.arena.known_images import Acceptance, KnownImages


def test_fingerprints_are_kept_by_snapshot(tmp_path):
    taken = Fingerprint(np.arange(7, dtype=np.uint8), np.float32([0.25, 0.5]))
    with store.Store(str(tmp_path)) as kept:
        kept.fingerprints.add("ab", taken)
        kept.fingerprints.add("cd", None)
        kept.fingerprints.add("ab", None)
    with store.Store(str(tmp_path), read_only=True) as kept:
        again = kept.fingerprints.get("ab")
        assert np.array_equal(again.generator, taken.generator)
        assert np.array_equal(again.discriminator, taken.discriminator) and again.discriminator.dtype == np.float32
        assert kept.fingerprints.get("cd") is None and kept.fingerprints.get("ef") is None
        assert [kept.fingerprints.has(name) for name in ("ab", "cd", "ef")] == [True, True, False]
        assert list(kept.fingerprints.of(["ab", "cd", "ab"])) == ["ab"]


def test_probes_are_kept_by_event_and_snapshot(tmp_path):
    one = KnownImages(Acceptance(5, 3, (1, 0, 2), (0, 1, 0)), Acceptance(4, 2, (0, 0, 0), (1, 1, 1)))
    other = one._replace(public=None)
    with store.Store(str(tmp_path)) as kept:
        first, second = (kept.events.begin(name, "tournament", 1, 4, {}).id for name in "ab")
        kept.probes.add(first, "ab", other)
        kept.probes.add(first, "ab", one)
        kept.probes.add(second, "ab", other)
    with store.Store(str(tmp_path), read_only=True) as kept:
        assert kept.probes.of_event(first) == {"ab": one} and kept.probes.of_event(second) == {"ab": other}
