"""A metric is registered once and then is everywhere; names in files stay as they are."""

import json

import numpy as np
import pytest

from gan import compare, eval
from gan.measure import learning_curves, metric_registry
from gan.measure.metric_registry import METRICS, Direction, Metric, Unit

# As earlier versions wrote them for 689 images in wavelets, with training images: whoever reads the files knows these.
IN_WAVELETS = ["frechet", "kid", "precision", "recall", "density", "coverage"]
NEAR_TRAINING = ["nearer_to_training_689_wavelets", "very_near_training_689_wavelets"]
IN_PIXELS = ["nearer_to_training_689_pixels", "very_near_training_689_pixels", "copied_689_pixels"]
NAMES = [*(f"{key}_689_wavelets" for key in IN_WAVELETS), *NEAR_TRAINING, *IN_PIXELS]


@pytest.fixture
def brightness():
    """A metric of this test's own."""
    yield metric_registry.register(
        Metric(
            key="toy_brightness",
            title="toy brightness",
            unit=Unit.SHARE,
            direction=Direction.HIGHER,
            explanation="How bright generated images are.",
            compute=lambda images: float(np.mean(images.generated) / 255),
            in_features=False,
            in_pixels=True,
        )
    )
    del METRICS["toy_brightness"]


def test_a_registered_metric_is_in_everything_that_is_written(brightness, faces, trained, tmp_path, capsys):
    flags = [f"--eval_data_pattern={faces}", "--features=low_resolution"]
    log = [f"--train_dir={trained}", f"--log_dir={tmp_path}", "--run_once"]
    assert eval.main(["eval", *flags, *log]) == 0
    name = "toy_brightness_96_pixels"
    assert f"  {name} 0." in capsys.readouterr().out
    written = json.loads((tmp_path / "eval" / "eval.jsonl").read_text())
    assert 0 < written[name] < 1
    in_tensorboard = learning_curves.read(str(tmp_path / "eval")).trained[f"quality/{name}"].values[0]
    assert in_tensorboard == pytest.approx(written[name], rel=1e-6)
    assert compare.main(["compare", *flags, f"--snapshots={trained}", f"--output_dir={tmp_path}"]) == 0
    assert "toy brightness" in capsys.readouterr().out
    (line,) = [json.loads(text) for text in (tmp_path / "comparison.jsonl").read_text().splitlines() if name in text]
    assert line[name] == pytest.approx(written[name], abs=0.05)
    page = (tmp_path / "report.html").read_text()
    assert "toy brightness" in page
    assert "How bright generated images are." in page


def test_names_in_files_stay():
    names = metric_registry.quantities(689, ["wavelets"])
    assert set(NAMES) <= set(names)
    assert [names[name].name for name in NAMES] == NAMES
    assert names["copied_689_pixels"].tag == "quality/copied_689_pixels"


def test_a_key_is_taken_once():
    with pytest.raises(ValueError, match="there is a metric frechet already"):
        metric_registry.register(METRICS["frechet"])
