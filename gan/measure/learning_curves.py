"""Reads a training's curves back: from TensorBoard's event files and from eval.jsonl."""

import json
import os
import tempfile
from typing import NamedTuple

import tensorflow.compat.v1 as tf
from google.protobuf.message import DecodeError

from gan.console.errors import UserError
from gan.measure import evaluation
from gan.snapshots import checkpoint_files
from gan.storage import files, paths

MOST_POINTS = 400  # of a curve; more would not be seen
MOST_BYTES = 2**28  # of a file; somebody else may have put it there


class Curve(NamedTuple):
    """One number over the training."""

    steps: list
    values: list


def read(train_dir):
    """Reads what there is of a training; what is damaged or missing is passed over.

    Args:
        train_dir: folder with TensorBoard's files, on disk or gs://.

    Returns:
        (tag -> Curve of the training, such as "loss/discriminator"; name -> Curve of the evaluation, such as
        "accuracy_on_real").
    """
    return _of_training(train_dir), _of_evaluation(train_dir)


def _of_training(train_dir):
    try:
        with tempfile.TemporaryDirectory() as folder:
            return _of_events(_at_hand(train_dir, folder))
    except (UserError, OSError):  # the snapshot was found, but others may delete what is beside it
        return {}


def _at_hand(train_dir, folder):
    """Paths on disk of TensorBoard's files, in the order written."""
    found = files.entries(train_dir)
    names = sorted(name for name, entry in found.items() if checkpoint_files.is_log(name) and entry.size <= MOST_BYTES)
    if not paths.is_remote(train_dir):
        return [os.path.join(train_dir, name) for name in names]
    for name in names:
        files.fetch(paths.join(train_dir, name), os.path.join(folder, name))
    return [os.path.join(folder, name) for name in names]


def _of_events(files):
    points = {}  # tag -> step -> value
    for path in files:
        try:
            for event in tf.train.summary_iterator(path):
                _add(points, event)
        except (tf.errors.OpError, DecodeError):  # the end of a file that is still being written
            continue
    return {tag: _thinned(of_tag) for tag, of_tag in sorted(points.items())}


def _add(points, event):
    if event.HasField("session_log") and event.session_log.status == tf.SessionLog.START:
        _forget(points, event.step)  # training went on from here: what was logged beyond is void
    for value in event.summary.value:
        if value.HasField("simple_value"):
            points.setdefault(value.tag, {})[event.step] = value.simple_value


def _forget(points, first):
    """Removes what points (tag -> step -> value) hold of the step `first` and of later ones."""
    for of_tag in points.values():
        for step in [step for step in of_tag if step >= first]:
            del of_tag[step]


def _of_evaluation(train_dir):
    points = {}
    path = paths.join(evaluation.results_folder(train_dir, None), evaluation.RESULTS)
    try:
        lines = files.read_small(path, MOST_BYTES).splitlines()
    except (UserError, OSError):
        return {}
    for line in lines:
        try:
            result = json.loads(line)
            step = int(result["step"])
        except (ValueError, KeyError, TypeError, OverflowError):
            continue
        _forget(points, step)  # as TensorBoard does; training began anew, or this step was evaluated again
        for name, value in result.items():
            if isinstance(value, float):
                points.setdefault(name, {})[step] = value
    return {name: _thinned(of_name) for name, of_name in points.items()}


def _thinned(points):
    steps = sorted(points)
    stride = -(-len(steps) // MOST_POINTS) or 1
    steps = steps[::stride]
    return Curve(steps, [points[step] for step in steps])
