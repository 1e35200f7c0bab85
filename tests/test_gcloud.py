"""The commands for Google's gcloud, as the pages and the jobs show them, run with the real one.

What it sends is held against the jobs: every field that a file sets must arrive, under the API's name for it. gcloud
itself refuses a field that Vertex AI does not know.
"""

import contextlib
import random
import re
import shutil
import socket
import tarfile

import pytest
import yaml
from conftest import ROOT, synthetic_images

from gan import __version__
from gan.data import tfrecords
from gan.snapshots import checkpoint_files

pytest_plugins = ["cloud", "google_sdk"]

ARCHIVE = f"package/gan_contest-{__version__}.tar.gz"
SOURCES = ("setup.py", "README.md", "MANIFEST.in", "LICENSE", "gan")
SHORT = "--max_steps=6 --batch_size=18 --seed=1"  # ends a training that the pages begin
PATTERN, RUN = "gs://{bucket}/data/train*.tfrecords", "gs://{bucket}/run1"


def documented(paths):
    """Every gcloud command with arguments that these files show, in blocks, in tables and in comments of jobs."""
    found = []
    for path in paths:
        text = re.sub(r"\\\n#? *", "", path.read_text(encoding="utf-8"))
        found += re.findall(r"(?:^|^# +|`)(gcloud [^`\n]*[=/][^`\n]*)", text, re.MULTILINE)
    return list(dict.fromkeys(found))


COMMANDS = documented([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), *(ROOT / "gan").glob("*.yaml")])
JOBS = [command for command in COMMANDS if "--config=" in command]
(COPY,) = [command for command in COMMANDS if command.startswith("gcloud storage cp ")]
LOCAL = [command for command in COMMANDS if command.startswith("gcloud ai-platform local train ")]


def free_row(count):
    """The first of so many ports, one after the other, that nobody listens on."""
    for first in random.sample(range(20_000, 30_000, count), 100):
        with contextlib.suppress(OSError), contextlib.ExitStack() as stack:
            for port in range(first, first + count):
                stack.enter_context(socket.create_server(("127.0.0.1", port)))
            return first
    raise AssertionError("there is no such row of ports")


def for_team(text, bucket):
    return text.replace("YOUR_TEAM", bucket)


@pytest.fixture(scope="module")
def team(emulator, gcloud, tmp_path_factory):
    """A folder with the repository, whose jobs name a team's bucket, and that bucket, which has the package."""
    folder, bucket = tmp_path_factory.mktemp("team"), emulator.new_bucket()
    skipped = shutil.ignore_patterns("__pycache__", "house_team", "page")
    for name in SOURCES:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=skipped)
        else:
            shutil.copy(source, folder / name)
    for job in (folder / "gan").glob("*.yaml"):
        job.write_text(for_team(job.read_text(encoding="utf-8"), bucket), encoding="utf-8")
    gcloud.run(f"python setup.py --quiet sdist && {for_team(COPY, bucket)}", folder)
    (folder / "data").mkdir()
    tfrecords.write(str(folder / "data" / "train.tfrecords"), synthetic_images(96, 2500))
    return folder, bucket


def as_json(value):
    """What JSON makes of a job: an int64 is a string there; so all whole numbers are compared as strings."""
    if isinstance(value, dict):
        return {key: as_json(each) for key, each in value.items()}
    if isinstance(value, list):
        return [as_json(each) for each in value]
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def meant(command, folder, project):
    """Where the job of a command should go, and as what."""
    project = f"/v1/projects/{project}"
    location = f"{project}/locations/us-central1"
    path = re.search(r"--config=(\S+)", command)[1]
    job = as_json(yaml.safe_load((folder / path).read_text(encoding="utf-8")))
    flags = dict(re.findall(r"--([\w-]+)=(\S+)", command.partition(" -- ")[0]))
    if command.startswith("gcloud ai custom-jobs create "):
        return f"{location}/customJobs", {"displayName": flags["display-name"], "jobSpec": job}
    if command.startswith("gcloud ai hp-tuning-jobs create "):
        counts = {"maxTrialCount": flags["max-trial-count"], "parallelTrialCount": flags["parallel-trial-count"]}
        return f"{location}/hyperparameterTuningJobs", {
            "displayName": flags["display-name"],
            **counts,
            **job,
        }
    name = re.match(r"gcloud ai-platform jobs submit training (\w+) ", command)[1]
    return f"{project}/jobs", {"jobId": name, **job}


def test_every_job_has_a_command_and_every_command_is_run():
    configured = {re.search(r"--config=gan/(\S+)", command)[1] for command in JOBS}
    assert configured == {path.name for path in (ROOT / "gan").glob("*.yaml")} - {"kubeflow-tfjob.yaml"}
    assert {*COMMANDS} == {*JOBS, COPY, *LOCAL} and len(LOCAL) == 2


@pytest.mark.parametrize("command", [command for command in JOBS if command.startswith("gcloud ai ")])
def test_jobs_for_vertex_ai_arrive_as_they_were_meant(command, emulator, gcloud, team):
    folder, bucket = team
    gcloud.requests.clear()
    gcloud.run(for_team(command, bucket), folder)
    (request,) = gcloud.requests
    path, job = meant(command, folder, gcloud.project)
    assert (request.method, request.path) == ("POST", f"{path}?alt=json")
    assert as_json(request.body) == job
    pools = request.body.get("trialJobSpec", request.body.get("jobSpec"))["workerPoolSpecs"]
    for pool in pools:
        (uri,) = pool["pythonPackageSpec"]["packageUris"]
        assert uri == f"gs://{bucket}/{ARCHIVE}" and emulator.names(bucket, ARCHIVE) == [ARCHIVE]


@pytest.mark.parametrize("command", [command for command in JOBS if command.startswith("gcloud ai-platform ")])
def test_jobs_of_the_contest_arrive_as_they_were_meant(command, emulator, gcloud, team, tmp_path):
    folder, bucket = team
    gcloud.requests.clear()
    gcloud.run(for_team(command, bucket), folder)
    (request,) = gcloud.requests
    path, job = meant(command, folder, gcloud.project)
    (uri,) = request.body["trainingInput"].pop("packageUris")
    job["trainingInput"].update(
        pythonModule="gan.train",
        region="us-central1",
        args=[f"--train_data_pattern={PATTERN.format(bucket=bucket)}", f"--train_dir={RUN.format(bucket=bucket)}"],
        enableWebAccess=False,  # gcloud's own default
    )
    assert (request.method, request.path) == ("POST", f"{path}?alt=json")
    assert request.body == job
    name = uri.removeprefix(f"gs://{bucket}/")
    assert name.startswith("gan1/") and name.endswith(f"/gan_contest-{__version__}.tar.gz")
    (tmp_path / "package").write_bytes(emulator.read(bucket, name))
    with tarfile.open(tmp_path / "package") as package:
        inside = {each.partition("/")[2] for each in package.getnames()}
    assert {"gan/train.py", "gan/training/loop.py", "gan/recipes/faces_gpu.flags", "setup.py"} <= inside


@pytest.mark.parametrize("command", LOCAL)
def test_training_on_this_machine(command, gcloud, team):
    folder, _ = team
    # gcloud's own ports are always the same, and another run of the tests may use them.
    elsewhere = command.replace(" --distributed ", f" --distributed --start-port={free_row(5)} ")
    told = gcloud.run(f"{elsewhere} {SHORT}", folder)
    run = folder / re.search(r'--train_dir="\$PWD/(\w+)"', command)[1]
    assert checkpoint_files.latest_snapshot(str(run)).step == 6
    assert told.count("saved ") == 1 and len(list(run.glob("events.out.tfevents.*"))) == 1
    is_cluster = "--distributed" in command
    assert ("on 3 processes to step 6" in told) == is_cluster
    assert told.count("this worker leaves after its part in 6 steps") == 2 * is_cluster
    assert told.count("has nothing to do: training needs no parameter servers") == 2 * is_cluster
