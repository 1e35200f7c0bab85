"""The snapshot that comes with the package: small, within the contract, and a fair judge."""

import os

import numpy as np
from conftest import ROOT, shared

from gan.data import pixels, tfrecords
from gan.measure import bad_images, probes
from gan.random_noise_generator import Use, uniform_noise
from gan.sandbox import sandbox
from gan.snapshots.snapshot import Snapshot

HOUSE_TEAM = str(ROOT / "gan" / "house_team")


def test_it_keeps_the_contract_and_is_small():
    Snapshot(HOUSE_TEAM, 2500).verify()
    assert sum(entry.stat().st_size for entry in os.scandir(HOUSE_TEAM)) <= 6e6


def test_it_refuses_what_no_camera_took():
    """Of 30 images of each of the families of bad images; one of 30 is 3%."""
    faces = tfrecords.read_all([shared("data", "faces", "validation.tfrecords")], 2500)
    with sandbox.Sandbox() as opener:
        snapshot = opener.open(HOUSE_TEAM, 2500)
        images = snapshot.generate(uniform_noise(probes.GENERATED, Use.EVALUATION_NOISE))
        assert probes.about_images(pixels.to_bytes(images), faces) == []
        shares = probes.accepted(snapshot, faces)
    simple = [share for name, share in shares.items() if bad_images.FAMILIES[name].is_simple]
    assert len(simple) >= 15 and max(simple) == 0
    assert max(shares.values()) <= 0.05 and np.mean(list(shares.values())) < 0.005


def test_it_accepts_real_faces():
    """Nine of ten is what it was calibrated to, on these."""
    faces = tfrecords.read_all([shared("data", "faces", "validation.tfrecords")], 2500)
    assert (Snapshot(HOUSE_TEAM, 2500).discriminate(pixels.to_floats(faces)) > 0.5).mean() >= 0.88
