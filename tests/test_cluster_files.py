"""The files that start a cluster, held against what their services take."""

import pytest
from conftest import ROOT

from gan.console import flags
from gan.training.training_flags import TrainingFlags

yaml = pytest.importorskip("yaml")

# Of the resource definition kubeflow.org/v1 TFJob, as the training operator publishes it.
SPEC = {"enableDynamicWorker", "runPolicy", "successPolicy", "tfReplicaSpecs"}
RUN_POLICY = {
    *("activeDeadlineSeconds", "backoffLimit", "cleanPodPolicy", "schedulingPolicy"),
    *("suspend", "ttlSecondsAfterFinished"),
}
REPLICAS = {"replicas", "restartPolicy", "template"}
REPLICA_TYPES = {"Chief", "Master", "Worker", "PS", "Evaluator"}
# Of Kubernetes' own Pod and Container, what this package uses.
POD = {"containers", "terminationGracePeriodSeconds"}
CONTAINER = {"name", "image", "command", "args", "resources"}


def load(name):
    return yaml.safe_load((ROOT / "gan" / name).read_text(encoding="utf-8"))


def check_command(args):
    """Raises a FlagError for a flag that `train` does not have."""
    assert flags.parse(TrainingFlags, ["train", *args]).batch_size


def test_the_tfjob_has_the_fields_of_its_schema():
    job = load("kubeflow-tfjob.yaml")
    assert set(job) == {"apiVersion", "kind", "metadata", "spec"}
    assert (job["apiVersion"], job["kind"]) == ("kubeflow.org/v1", "TFJob")
    spec = job["spec"]
    assert set(spec) <= SPEC and set(spec["runPolicy"]) <= RUN_POLICY
    assert spec["runPolicy"]["cleanPodPolicy"] in ("None", "Running", "All")
    assert set(spec["tfReplicaSpecs"]) <= REPLICA_TYPES - {"PS"}
    for replicas in spec["tfReplicaSpecs"].values():
        assert set(replicas) == REPLICAS and isinstance(replicas["replicas"], int)
        # With ExitCode the operator would restart after some exit codes only.
        assert replicas["restartPolicy"] == "OnFailure"
        pod = replicas["template"]["spec"]
        assert set(pod) <= POD
        (container,) = pod["containers"]
        assert set(container) <= CONTAINER and container["name"] == "tensorflow"
        assert container["command"] == ["python", "-m", "gan.train"]
        check_command(container["args"])


def test_the_cluster_of_vertex_ai_has_no_parameter_servers():
    """Its pools are, in this order: the chief, workers, parameter servers, evaluators. gcloud takes no empty one."""
    job = load("vertex-cluster.yaml")
    assert job["scheduling"] == {"restartJobOnWorkerRestart": True}
    chief, workers = job["workerPoolSpecs"]
    assert (chief["replicaCount"], workers["replicaCount"]) == (1, 2)
    for pool in (chief, workers):
        assert pool["pythonPackageSpec"]["pythonModule"] == "gan.train"
        check_command(pool["pythonPackageSpec"]["args"])
