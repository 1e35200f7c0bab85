"""Checkpoints as users of TensorFlow write them: opened with the numbers of the contest's own way, or refused in words.

tests/old_strangers.py writes them, and what its TensorFlow makes of each. See test_old_tensorflow.py for old ones.
"""

import fcntl
import os
import re
import subprocess
import sys

import numpy as np
import pytest
from conftest import ROOT
from old_interpreters import interpreter

from gan.console.errors import ContractError
from gan.snapshots.running import Draws
from gan.snapshots.snapshot import Snapshot

SCRIPT = ROOT / "tests" / "old_strangers.py"
NOISE = np.random.RandomState(1).uniform(-1, 1, (15, 100)).astype(np.float32)  # what the script asks about
IMAGES = np.random.RandomState(2).uniform(0, 1, (30, 2500)).astype(np.float32)

ALL = [case for case in re.findall(r"@case\ndef (\w+)", SCRIPT.read_text(encoding="utf-8"))]
SOME = [
    "batch_norm_with_switch",
    "built_in_batch_of_64",
    "channels_first",
    "condition_between_constants_in_a_loop",
    "condition_in_a_condition",
    "condition_in_a_function",
    "dropout_in_double_precision",
    "dropout_on",
    "einsum",
    "function_call",
    "generator_by_a_loop_of_three",
    "initialized_value",
    "input_pipeline_with_queues",
    "keep_prob_of_one",
    "loop_in_a_dead_branch",
    "loop_over_the_batch",
    "moving_mean_behind_its_update",
    "partitioned",
    "parts_without_a_saver",
    "power_iteration",
    "resource_variable_assigned",
    "saver_dictionary",
    "second_of_several_outputs",
    "weights_clipped_in_the_graph",
]
CORPORA = {"1.2": SOME, "1.15": ALL, "2.21": SOME}
NOT_BUILT = {("2.21", "batch_norm_with_switch"), ("2.21", "keras_learning_phase"), ("1.2", "keras_learning_phase")}
NOT_BUILT |= {("1.2", "condition_in_a_function"), ("1.2", "second_of_several_outputs")}

RANDOM = {"dropout_on", "noise_layer"}
SEE_THEIR_BATCH = {
    "discriminator_with_batch_statistics": (False, True),
    "generator_with_batch_statistics": (True, False),
    "minibatch_discrimination": (False, True),
}
REFUSED = {
    "built_in_batch_of_64": "its generator has a batch size of 64 built in: Reshape always has 64 rows, use -1 or "
    "tf.shape$",
    "loop_over_the_batch": "number of rounds of the loop map/while/Exit[_0-9]* depends on the input or on chance",
    "range_of_tanh": r"generated_images must lie in \[0, 1\], its values reach from -0.84113526 to 0.85323256 like "
    "those of a tanh; multiply by 0.5 and add 0.5$",
    "switch_that_must_be_fed": "the condition cond/Merge depends on the input, on chance, on a variable or on a "
    "placeholder without",
    "variable_that_the_saver_misses": "variable G2/b has no value in the checkpoint",
}


def write(version, folder, cases, **environment):
    """Has a TensorFlow write cases to a folder."""
    python = sys.executable if version == "2.21" else interpreter(version)
    # Neither our packages nor what our TensorFlow sets, which makes another one eager.
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "TF"))}
    environment = {**kept, "CUDA_VISIBLE_DEVICES": "", "TF_CPP_MIN_LOG_LEVEL": "2", **environment}
    done = subprocess.run([python, SCRIPT, folder, *cases], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]


@pytest.fixture(scope="session")
def corpora(tmp_path_factory):
    """Function from a version to the folder of its corpus, written once for all processes that test."""
    base = tmp_path_factory.getbasetemp()
    base = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base

    def corpus(version):
        folder = base / f"strangers-{version}"
        with open(base / f"strangers-{version}.lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not (folder / "done").exists():
                if version != "2.21":
                    interpreter(version)
                write(version, folder, CORPORA[version])
                write(version, folder / "nhwc", ["channels_first"], STRANGERS_LAYOUT="NHWC")
                (folder / "done").touch()
        return folder

    return corpus


def expected(folder, case):
    """(images, probabilities) of the contest's own way; of a network with channels last if it cannot run the case."""
    path = folder / case / "expected.npz"
    found = np.load(path if path.exists() else folder / "nhwc" / case / "expected.npz")
    return found["generated"], found["probability"]


PAIRS = [(version, case) for version, cases in CORPORA.items() for case in cases if (version, case) not in NOT_BUILT]


@pytest.mark.parametrize("version, case", [pair for pair in PAIRS if pair[1] not in REFUSED])
def test_the_contests_own_way_gives_the_same_numbers(corpora, version, case):
    folder = corpora(version)
    snapshot = Snapshot(str(folder / case), 2500)
    assert snapshot.verify() == SEE_THEIR_BATCH.get(case, (False, False))
    generated, probability = snapshot.generate(NOISE), snapshot.discriminate(IMAGES)
    if case in RANDOM:
        again = Snapshot(str(folder / case), 2500)
        again.generate(NOISE, draws=Draws(9))
        np.testing.assert_array_equal(again.generate(NOISE), generated)
        assert np.abs(again.generate(NOISE, draws=Draws(9)) - generated).max() > 1e-3
    elif version == "2.21" and case == "input_pipeline_with_queues":
        assert np.isfinite(generated).all() and np.isfinite(probability).all()  # it cannot run it itself
    else:
        images, probabilities = expected(folder, case)
        np.testing.assert_allclose(generated, images, atol=1e-5)
        np.testing.assert_allclose(probability, probabilities.reshape(-1), atol=1e-5)
    named = ["PyFunc (PyFunc)", "PyFunc (PyFunc_1)"] if case == "summaries_and_python" else []
    assert snapshot.never_run == named


@pytest.mark.parametrize("version, case", [pair for pair in PAIRS if pair[1] in REFUSED])
def test_what_cannot_take_part_is_told_why(corpora, version, case):
    folder = corpora(version)
    with pytest.raises(ContractError, match=REFUSED[case]) as caught:
        Snapshot(str(folder / case), 2500).verify()
    assert "\n" not in str(caught.value) and "goo.gle" not in str(caught.value)
