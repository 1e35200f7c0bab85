"""Folders of earlier versions go on, as CHANGELOG.md promises."""

import shutil

import numpy as np
import tensorflow.compat.v1 as tf
from conftest import run_train

from gan.snapshots import checkpoint_files


def state_of(train_dir):
    """The newest training state: name of a variable -> value."""
    state = tf.train.load_checkpoint(checkpoint_files.latest_state(str(train_dir)).prefix)
    return {name: state.get_tensor(name) for name in state.get_variable_to_shape_map()}


def without(train_dir, names):
    """Takes variables out of the newest state, as if a version had written it that did not have them."""
    values = {name: value for name, value in state_of(train_dir).items() if name not in names}
    with tf.Graph().as_default(), tf.Session() as session:
        variables = [tf.Variable(value, name=name, use_resource=False) for name, value in values.items()]
        session.run(tf.global_variables_initializer())
        prefix = checkpoint_files.latest_state(str(train_dir)).prefix
        tf.train.Saver(variables).save(session, prefix, write_meta_graph=False, write_state=False)
    assert state_of(train_dir).keys() == values.keys()


def test_a_first_state_of_version_1_goes_on_to_the_same_weights(faces, trained, tmp_path, capsys):
    """It has no number of images, and its folder no record of the training."""
    new, old = tmp_path / "new", tmp_path / "old"
    for folder in (new, old):
        shutil.copytree(trained, folder)
    without(old, {"num_images"})
    (old / "training_options.json").unlink()
    assert run_train(faces, old, "--max_steps=40") == 0
    told = capsys.readouterr().out
    assert "going on from step 20" in told and "trained on 0 images" not in told
    assert run_train(faces, new, "--max_steps=40") == 0
    of_new, of_old = state_of(new), state_of(old)
    assert of_new.keys() == of_old.keys() and of_old["num_images"] == 96
    for name in of_new.keys() - {"seconds"}:
        np.testing.assert_array_equal(of_old[name], of_new[name], name)


def test_a_state_that_lacks_more_is_refused(faces, trained, tmp_path, capsys):
    old = tmp_path / "old"
    shutil.copytree(trained, old)
    without(old, {"num_images", "images_seen"})
    assert run_train(faces, old, "--max_steps=40") == 1
    assert "images_seen is absent there and [] in the networks asked for; choose" in capsys.readouterr().err
