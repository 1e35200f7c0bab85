"""Reads a training's curves back: from TensorBoard's event files and from eval.jsonl.

TensorFlow is imported when a curve is read.
"""

import errno
import json
import os
import tempfile
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple, TypeVar

from google.protobuf.message import DecodeError

from gan.console.errors import UserError
from gan.measure import features, metric_registry, quality
from gan.measure.metric_registry import Quantity
from gan.snapshots import checkpoint_files
from gan.storage import files, paths

MOST_POINTS = 400  # of a curve; more would not be seen
MOST_BYTES = 2**28  # of a file on disk, and of all in a bucket; somebody else may have put it there
_MOST_STEPS = 2**53  # what a drawing can hold

_Key = TypeVar("_Key")
_Points = dict[_Key, dict[int, float]]  # what -> step -> value


class Curve(NamedTuple):
    """One number over the training."""

    steps: list[int]
    values: list[float]


class Curves(NamedTuple):
    """All numbers of a training."""

    trained: dict[str, Curve]  # TensorBoard's tag, such as "loss/discriminator"
    evaluated: dict[str, Curve]  # name in eval.jsonl, such as "accuracy_on_real"; not those of metrics
    measured: dict[Quantity, Curve]  # of the evaluations


NONE = Curves({}, {}, {})


def read(train_dir: str) -> Curves:
    """Reads what there is of a training; what is damaged or missing is left out.

    Args:
        train_dir: folder with TensorBoard's files, on disk or gs://.
    """
    of_evaluation = _of_evaluation(train_dir)
    return Curves(
        trained=_of_training(train_dir),
        evaluated={name: curve for name, curve in of_evaluation.items() if isinstance(name, str)},
        measured={quantity: curve for quantity, curve in of_evaluation.items() if isinstance(quantity, Quantity)},
    )


def _of_training(train_dir: str) -> dict[str, Curve]:
    try:
        with tempfile.TemporaryDirectory() as folder:
            return _of_events(_on_disk(train_dir, folder))
    except (UserError, OSError):  # the snapshot was found, but others may delete what is beside it
        return {}


def _on_disk(train_dir: str, folder: str) -> list[str]:
    """Paths on disk of TensorBoard's files, in the order written."""
    found = files.entries(train_dir)
    names = sorted(name for name, entry in found.items() if checkpoint_files.is_log(name) and entry.size <= MOST_BYTES)
    if not paths.is_remote(train_dir):
        return [os.path.join(train_dir, name) for name in names]
    left, fetched = MOST_BYTES, []
    for name in names:
        path = os.path.join(folder, name)
        try:
            files.fetch(paths.join(train_dir, name), path, most=left)  # as many bytes as it has once it is unpacked
        except OSError as error:
            if error.errno != errno.EFBIG:
                raise
            break
        left -= os.path.getsize(path)
        fetched.append(path)
    return fetched


def _of_events(logs: Iterable[str]) -> dict[str, Curve]:
    import tensorflow.compat.v1 as tf

    points: _Points[str] = {}
    for path in logs:
        try:
            for event in tf.train.summary_iterator(path):
                _add_event(points, event)
        except (tf.errors.OpError, DecodeError):  # the end of a file that is still being written
            continue
    return {tag: _thinned(of_tag) for tag, of_tag in sorted(points.items())}


def _add_event(points: _Points[str], event: Any) -> None:
    """Adds a tf.Event."""
    if event.HasField("session_log") and event.session_log.status == event.session_log.START:
        _forget(points, event.step)  # training went on from here: what was logged beyond is void
    for value in event.summary.value:
        if value.HasField("simple_value"):
            points.setdefault(value.tag, {})[event.step] = value.simple_value


def _forget(points: Mapping[_Key, dict[int, float]], first: int) -> None:
    """Removes the points of the step `first` and of later ones."""
    for of_key in points.values():
        for step in [step for step in of_key if step >= first]:
            del of_key[step]


def _of_evaluation(train_dir: str) -> dict[str | Quantity, Curve]:
    from gan.measure import evaluation

    path = paths.join(evaluation.results_folder(train_dir, None), evaluation.RESULTS)
    try:
        lines = files.read_small(path, MOST_BYTES).splitlines()
    except (UserError, OSError):
        return {}
    points: _Points[str | Quantity] = {}
    for line in lines:
        try:
            result = json.loads(line)
            step = int(result["step"])
            newest = int(result.get("newest_step") or step)
        except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
            continue
        if abs(step) <= _MOST_STEPS:
            _forget(points, evaluation.first_forgotten(step, newest))  # as TensorBoard does
            _add_result(points, step, result)
    return {key: _thinned(of_key) for key, of_key in points.items()}


def _add_result(points: _Points[str | Quantity], step: int, result: Mapping[str, Any]) -> None:
    num_real = result.get("num_real")
    count = quality.usual_count(num_real) if isinstance(num_real, int) else 0
    named = metric_registry.quantities(count, features.SPACES)
    for name, value in result.items():
        if isinstance(value, float):
            points.setdefault(named.get(name, name), {})[step] = value


def _thinned(points: Mapping[int, float]) -> Curve:
    steps = sorted(points)
    stride = -(-len(steps) // MOST_POINTS) or 1
    steps = steps[::stride]
    return Curve(steps, [points[step] for step in steps])
