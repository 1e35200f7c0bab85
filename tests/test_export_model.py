import numpy as np
import tensorflow.compat.v1 as tf
from networks import write_snapshot

from gan import export_model, models
from gan.random_noise_generator import uniform_noise
from gan.sandbox import sandbox
from gan.snapshots.snapshot import Snapshot


class TooBright(models.SampleGenerator):
    """Its images are beyond white."""

    def run_model(self, model_input, **unused_params):
        return {"output": 2 + super().run_model(model_input, **unused_params)["output"]}


def run_signature(folder, name, value):
    """Loads the SavedModel as its users would, knowing only the signature's name."""
    with tf.Session(graph=tf.Graph()) as session:
        meta_graph = tf.saved_model.loader.load(session, ["serve"], folder)
        signature = meta_graph.signature_def[name]
        (given,), (result,) = signature.inputs.values(), signature.outputs.values()
        return session.run(result.name, {given.name: value})


def test_both_signatures_give_the_snapshots_results(trained, tmp_path):
    folder = str(tmp_path / "saved")
    assert export_model.main(["export_model", f"--train_dir={trained}", f"--output_dir={folder}"]) == 0
    snapshot, noise = Snapshot(trained, 2500), uniform_noise(5, 1)
    images = run_signature(folder, "generate", noise)
    np.testing.assert_allclose(images, snapshot.generate(noise), atol=1e-6)
    probabilities = run_signature(folder, "discriminate", images)
    np.testing.assert_allclose(probabilities[:, 0], snapshot.discriminate(images), atol=1e-6)


def test_what_breaks_the_contract_is_not_written(fails, trained, tmp_path):
    """A stranger's snapshot is opened where it can do no harm, and looked at first."""
    folder = tmp_path / "run"
    write_snapshot(str(folder), TooBright(), models.SampleDiscriminator(), 2500)
    error = fails(export_model.main, f"--train_dir={folder}", f"--output_dir={tmp_path}/saved")
    assert "generated_images must lie in [0, 1]" in error
    assert not (tmp_path / "saved").exists()


def test_what_was_checked_is_written(trained, tmp_path):
    """Not what lies in a folder that has the snapshot's name."""
    run = tmp_path / "run"
    prefix = write_snapshot(str(run), models.SampleGenerator(), models.SampleDiscriminator(), 2500)[0]
    write_snapshot(prefix, models.SampleGenerator(), models.SampleDiscriminator(), 2500)
    folder, noise = str(tmp_path / "saved"), uniform_noise(5, 1)
    assert export_model.main(["export_model", f"--train_dir={run}", f"--output_dir={folder}"]) == 0
    with sandbox.Sandbox() as opener:
        checked = opener.open(str(run), 2500).generate(noise)
    np.testing.assert_allclose(run_signature(folder, "generate", noise), checked, atol=1e-6)


def test_an_existing_folder_is_not_overwritten(fails, trained, tmp_path):
    (tmp_path / "precious").write_text("x")
    assert "exists already" in fails(export_model.main, f"--train_dir={trained}", f"--output_dir={tmp_path}")
    assert "no complete snapshot" in fails(export_model.main, f"--train_dir={tmp_path}", f"--output_dir={tmp_path}/new")
