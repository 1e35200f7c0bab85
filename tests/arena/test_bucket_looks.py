"""Buckets with settings of their own, silent buckets, and who is to blame; answers are those of Google's interfaces."""

import gzip
import json
import os
import time

import hostile
import pytest
from arena_data import HurriedClock

from gan.arena import arena, bucket_looks, events, mock_battles, schema, teams, timetable
from gan.console.errors import ContractError
from gan.contest import faults
from gan.data import tfrecords
from gan.sandbox import staging
from gan.storage import bucket_answers, buckets

pytest.importorskip("openskill", reason="pip install 'gan-contest[arena]'")
pytest_plugins = ["cloud"]

CLOSED = "arena@contest.iam.gserviceaccount.com does not have storage.objects.list access to the bucket."
SETTINGS = {
    "requester pays": (400, "Bucket is a requester pays bucket but no user project provided.", "requester pays off"),
    "own key": (
        400,
        "The target object is encrypted by a customer-supplied encryption key.",
        "without a key of your own",
    ),
    "disabled key": (400, "The Cloud KMS key is disabled.", "enable the key"),
    "billing": (403, "The billing account for the owning project is disabled in state absent", "billing account"),
    "archived": (403, "InvalidObjectState: the object is archived", "Standard"),
    "closed": (403, CLOSED, "let the organiser's account read the bucket"),
    "precondition": (412, "At least one of the pre-conditions you specified did not hold.", "status 412"),
}


@pytest.fixture(autouse=True)
def quick(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    for module, name, value in (
        (buckets, "REQUEST_SECONDS", 1),
        (buckets, "RETRY_SECONDS", 1),
        (bucket_looks, "LOOK_SECONDS", 6),
        (bucket_looks, "AGAIN_SECONDS", 2),
        (bucket_looks, "PAUSE_SECONDS", 0.1),
    ):
        monkeypatch.setattr(module, name, value)


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory):
    """The files of a snapshot that may play: name -> bytes."""
    folder = tmp_path_factory.mktemp("snapshot")
    hostile.write(str(folder))
    return {name: (folder / name).read_bytes() for name in os.listdir(folder)}


@pytest.fixture
def opened(tmp_path, faces):
    with arena.Arena(str(tmp_path / "arena"), 2500, tfrecords.read_all([faces], 2500)) as opened:
        yield opened


def handed_in(emulator, snapshot):
    """The name of a new bucket with the snapshot in model/."""
    bucket = emulator.new_bucket()
    for name, content in snapshot.items():
        emulator.write(bucket, f"model/{name}", content)
    return bucket


def play(opened, mode, *names, title="event"):
    """Plays an event of buckets; returns its outcome and name -> why the team cannot take part."""
    entrants = [teams.Entrant(name, f"gs://{name}/model", 0, None) for name in names]
    options = {"num_rounds": 1} if mode == events.MATCH else {"seeding": events.BY_DRAW}
    outcome = events.play(opened, events.begin(opened, title, mode, entrants, 3, options))
    return outcome, {
        team.name: team.fault and faults.sentence(team.fault) for team in opened.store.teams.of_event(outcome.event.id)
    }


def test_a_bucket_s_own_setting_is_its_team_s_fault(emulator, faulty_bucket, snapshot, opened):
    """Each of them held its team's matches, and its opponents' after them."""
    _, proxy = faulty_bucket
    there = {name: handed_in(emulator, snapshot) for name in [*SETTINGS, "checksum", "good", "fine"]}
    for name, (status, message, _) in SETTINGS.items():
        proxy.refuse(f"/b/{there[name]}/", status, message)
    proxy.change_checksums(f"/b/{there['checksum']}/")
    outcome, told = play(opened, events.TOURNAMENT, *there.values())
    assert not outcome.held and outcome.champion.name in (there["good"], there["fine"])
    for name, (_, _, remedy) in SETTINGS.items():
        assert remedy in told[there[name]] and "gserviceaccount" not in told[there[name]], name
    assert "another checksum" in told[there["checksum"]]
    assert told[there["good"]] is None and told[there["fine"]] is None
    logged = [faults.sentence(entry.note) for entry in opened.store.log.entries()]
    assert any(CLOSED in line and there["closed"] in line for line in logged)  # for the organiser


def test_two_teams_that_hand_in_the_same_broken_snapshot_hear_the_same(emulator, bucket, snapshot, opened):
    broken = {name: content.replace(b"p_for_data", b"p_for_date") for name, content in snapshot.items()}
    ada, bob = handed_in(emulator, broken), handed_in(emulator, broken)
    outcome, told = play(opened, events.MATCH, ada, bob)
    assert not outcome.held and told[ada] == told[bob] and "p_for_data is missing" in told[ada]


def test_if_no_bucket_can_be_read_it_is_held(emulator, faulty_bucket, snapshot, opened):
    _, proxy = faulty_bucket
    ada, bob = handed_in(emulator, snapshot), handed_in(emulator, snapshot)
    for name in (ada, bob):
        proxy.refuse(f"/b/{name}/", 403, CLOSED)
    outcome, told = play(opened, events.MATCH, ada, bob)
    assert outcome.held and told == {ada: None, bob: None}
    assert any(CLOSED in line for line in logged_now(opened))
    proxy.calm()
    opened.looks.__init__(opened.looks._folder, opened.looks._sizes)  # a minute later
    outcome, told = play(opened, events.MATCH, ada, bob)
    assert outcome.champion and told == {ada: None, bob: None}


def test_silent_buckets_are_asked_side_by_side_until_the_battle_must_begin(emulator, faulty_bucket, snapshot, opened):
    _, proxy = faulty_bucket
    good, slow = handed_in(emulator, snapshot), handed_in(emulator, snapshot)
    silent = [emulator.new_bucket() for _ in range(40)]
    for name in silent[:20]:
        proxy.refuse(f"/b/{name}/", 503, "Backend Error")
    for name in silent[20:]:
        proxy.keep_silent(f"/b/{name}/")
    proxy.fail_next(6, 429, f"/b/{slow}/")
    begun = time.monotonic()
    outcome, told = play(opened, events.TOURNAMENT, good, slow, *silent)
    assert time.monotonic() - begun < 60  # in turns they took 3 tries of a second or more each, and pauses of 6 s
    assert not outcome.held and outcome.champion.name in (good, slow)
    assert told[slow] is None and all("did not answer" in told[name] for name in silent)


def test_mock_battles_leave_nobody_out_in_silence(emulator, faulty_bucket, snapshot, opened):
    _, proxy = faulty_bucket
    good, silent, closed, empty = (handed_in(emulator, snapshot) for _ in range(4))
    for name in emulator.names(empty):
        emulator.delete(empty, name)
    proxy.keep_silent(f"/b/{silent}/")
    proxy.refuse(f"/b/{closed}/", 403, CLOSED)
    said = []
    listed = [teams.Entrant(name, f"gs://{name}/model", 0, None) for name in (good, silent, closed, empty)]
    battles = mock_battles.MockBattles(
        opened,
        lambda: listed,
        timetable.Timetable("12:00", 1440, "UTC"),
        5,
        HurriedClock(),
        mock_battles.Telling(say=said.append),
    )
    assert battles.hold(1)
    (match,) = opened.store.matches.all()
    assert match.status == schema.DONE
    assert [team.name for team in opened.store.teams.of_event(match.event)] == [good, "House team"]
    assert f"{empty} has handed in nothing" in said
    logged = [faults.sentence(entry.note) for entry in opened.store.log.entries()]
    for name in (silent, closed):
        assert any(f"{name} does not take part" in line for line in said)
        assert any(f"{name} does not take part" in line for line in logged)
    assert any(name.startswith("results/") and name.endswith("index.html") for name in emulator.names(good))
    well, none = status_of(emulator, good), status_of(emulator, empty)
    assert well["found"] and well["admitted"] and well["snapshot"] == "model.ckpt-1" and well["step"] == 1
    assert [told["opponent"] for told in well["matches"]] == ["House team"] and well["next_battle"].endswith("+00:00")
    assert not none["found"] and "no complete snapshot" in none["problems"][0] and not none["matches"]
    page = emulator.read(good, "results/status.html").decode()
    assert "House team" in page and "UTC" in page
    shut = bucket_answers.error_of(f"gs://{closed}/x", 403, CLOSED)  # its status could not be written either
    assert "gserviceaccount" not in faults.sentence(shut.fault)
    assert any(f"the status page of {closed}" in line for line in logged_now(opened))


def logged_now(opened):
    return [faults.sentence(entry.note) for entry in opened.store.log.entries()]


def status_of(emulator, bucket):
    return json.loads(emulator.read(bucket, "results/status.json"))


def test_compressed_snapshots_are_read_within_the_limits(emulator, bucket, gsutil, snapshot, tmp_path):
    (tmp_path / "plain").mkdir()
    for name, content in snapshot.items():
        (tmp_path / "plain" / name).write_bytes(content)
        gsutil("cp", "-Z", tmp_path / "plain" / name, f"gs://{bucket}/model/{name}")
    stored = [emulator.client.bucket(bucket).get_blob(name) for name in emulator.names(bucket, "model/")]
    assert all(blob.content_encoding == "gzip" for blob in stored)
    looks = bucket_looks.BucketLooks(str(tmp_path / "copies"), staging.DEFAULT_SIZES)
    staged = looks.take(f"gs://{bucket}/model")
    assert staged.digest == staging.stage(str(tmp_path / "plain"), str(tmp_path / "copies")).digest

    (data,) = [name for name in snapshot if ".data-" in name]
    bomb = emulator.client.bucket(bucket).blob(f"model/{data}")
    bomb.content_encoding = "gzip"
    bomb.upload_from_string(gzip.compress(bytes(2**20)) * 64)
    sizes = staging.SizeLimits(meta=2**20, index=2**20, data=2**22)
    with pytest.raises(ContractError, match="more bytes than a snapshot may have once it is decompressed"):
        staging.stage(f"gs://{bucket}/model", str(tmp_path / "copies"), sizes)
    cached = [path.stat().st_size for path in (tmp_path / "cache").rglob("*") if path.is_file()]
    assert max(cached) <= 2**23
