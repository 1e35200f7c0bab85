"""What the store keeps for the organiser alone: fingerprints of snapshots, and who knows test images. No TensorFlow."""

import json
from collections.abc import Iterable

import numpy as np

from gan.arena.database import Database
from gan.arena.fingerprints import Fingerprint
from gan.arena.known_images import Acceptance, KnownImages


class Fingerprints:
    """Fingerprints of snapshots, by digest."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, snapshot: str, taken: Fingerprint | None) -> None:
        """Keeps the fingerprint of a snapshot; None if it could not be taken."""
        values = taken or Fingerprint(np.zeros(0, np.uint8), np.zeros(0, np.float32))
        with self._database.writing():
            statement = "INSERT OR IGNORE INTO fingerprint (snapshot, generator, discriminator) VALUES (?, ?, ?)"
            blobs = values.generator.tobytes(), values.discriminator.astype("<f4").tobytes()
            self._database.execute(statement, snapshot, *blobs)

    def has(self, snapshot: str) -> bool:
        """Whether the fingerprint of a snapshot was taken, or tried to be taken."""
        return bool(self._database.values("SELECT 1 FROM fingerprint WHERE snapshot = ?", snapshot))

    def of(self, snapshots: Iterable[str]) -> dict[str, Fingerprint]:
        """Digest of a snapshot -> its fingerprint, of those that have one."""
        return {snapshot: taken for snapshot in set(snapshots) if (taken := self.get(snapshot))}

    def get(self, snapshot: str) -> Fingerprint | None:
        """The fingerprint of a snapshot; None if there is none."""
        statement = "SELECT generator, discriminator FROM fingerprint WHERE snapshot = ?"
        for generator, discriminator in self._database.values(statement, snapshot):
            if generator:
                return Fingerprint(np.frombuffer(generator, np.uint8), np.frombuffer(discriminator, "<f4"))
        return None


class Probes:
    """What snapshots made of the test images of an event."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, event: int, snapshot: str, found: KnownImages) -> None:
        """Keeps what was found, in place of what was found before."""
        test, public = json.dumps(found.test), found.public and json.dumps(found.public)
        with self._database.writing():
            statement = "INSERT OR REPLACE INTO probe (event, snapshot, test, public, at) VALUES (?, ?, ?, ?, ?)"
            self._database.execute(statement, event, snapshot, test, public, self._database.now())

    def of_event(self, event: int) -> dict[str, KnownImages]:
        """Digest of a snapshot -> what was found."""
        rows = self._database.values("SELECT snapshot, test, public FROM probe WHERE event = ?", event)
        return {
            snapshot: KnownImages(_acceptance(test), public and _acceptance(public)) for snapshot, test, public in rows
        }


def _acceptance(text: str) -> Acceptance:
    images, accepted, lost, won = json.loads(text)
    return Acceptance(images, accepted, tuple(lost), tuple(won))
