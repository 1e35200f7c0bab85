"""What a hyperparameter tuning job of the cloud wants to know of a trial: the metric, in the file that it names.

The service sets CLOUD_ML_HP_METRIC_FILE, and reads JSON lines there in the format of Google's package
cloudml-hypertune. TAG is also the metric's name in TensorBoard, which earlier versions of the service read.
"""

import collections
import json
import os
import time

from gan.storage import files

TAG = "training/hptuning/metric"
_MOST_LINES = 100  # as many as cloudml-hypertune keeps
_FILE, _TRIAL = "CLOUD_ML_HP_METRIC_FILE", "CLOUD_ML_TRIAL_ID"


class TuningReport:
    """Writes the metric of a trial to the file that the cloud named.

    Args:
        path: of the file.
        trial: the cloud's name of the trial.
    """

    def __init__(self, path: str, trial: str) -> None:
        self._path, self._trial = path, trial
        self._lines: collections.deque[str] = collections.deque(maxlen=_MOST_LINES)

    def add(self, step: int, value: float) -> None:
        """Adds the metric's value at a step; raises OSError if the file cannot be written."""
        told = {
            "timestamp": time.time(),
            "trial": self._trial,
            TAG: str(float(value)),
            "global_step": str(step),
            "checkpoint_path": "",
        }
        self._lines.append(json.dumps(told, sort_keys=True) + "\n")
        os.makedirs(os.path.dirname(os.path.abspath(self._path)), exist_ok=True)
        files.write_whole(self._path, "".join(self._lines).encode())


def from_environment() -> TuningReport | None:
    """The report that the cloud asks for; None if it asks for none."""
    path = os.environ.get(_FILE)
    return TuningReport(path, os.environ.get(_TRIAL) or "0") if path else None
