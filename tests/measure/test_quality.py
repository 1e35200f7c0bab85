"""Measures of known images: real ones, noise, copies."""

import numpy as np
import pytest
from conftest import synthetic_images

from gan.console.errors import UserError
from gan.measure import features, metric_registry, quality
from gan.measure.estimates import Estimate
from gan.measure.metric_registry import METRICS, Quantity

TRAIN, REAL, OTHERS = (synthetic_images(count, 2500, seed) for count, seed in ((200, 1), (60, 2), (60, 3)))
SPACES = {"low_resolution": features.load("low_resolution", 2500)}


def measured(meter, images):
    """Flat name -> number."""
    return metric_registry.flat(meter.measure(images))


@pytest.fixture(scope="module")
def meter():
    return quality.QualityMeter(REAL, SPACES, TRAIN, ["low_resolution"])


def test_names_say_how_many_and_where(meter):
    in_space = ["frechet", "kid", "precision", "recall", "density", "coverage"]
    copies = ["nearer_to_training", "very_near_training"]
    measures = measured(meter, OTHERS)
    names = [f"{kind}_60_low_resolution" for kind in (*in_space, *copies)] + [f"{kind}_60_pixels" for kind in copies]
    names.append("copied_60_pixels")
    assert set(names) <= set(measures) == set(metric_registry.flat(meter.floor))
    assert {quantity.metric.key for quantity in meter.measure(OTHERS)} == set(METRICS)
    quantities = metric_registry.quantities(60, SPACES)
    assert quantities["nearer_to_training_60_low_resolution"] == Quantity(
        METRICS["nearer_to_training"], 60, "low_resolution"
    )
    for number in measures.values():
        assert not isinstance(number, Estimate) or number.low <= number.value <= number.high


def test_other_real_images_are_at_the_floor_and_noise_is_not(meter):
    noise = np.random.default_rng(0).integers(0, 256, REAL.shape, np.uint8)
    name = "frechet_60_low_resolution"
    floor = metric_registry.flat(meter.floor)
    others, far = measured(meter, OTHERS), measured(meter, noise)
    assert others[name].low < floor[name].high and floor[name].low < others[name].high < far[name].low
    assert far["precision_60_low_resolution"] == 0
    assert floor["coverage_60_low_resolution"] > 0.8


def test_copies_are_found_flipped_ones_too(meter):
    flipped = TRAIN[:60].reshape(60, 50, 50)[:, :, ::-1].reshape(60, 2500)
    for copies in (TRAIN[:60], flipped):
        measures = measured(meter, copies)
        for space in ("pixels", "low_resolution"):
            assert measures[f"nearer_to_training_60_{space}"].value == 1
            assert measures[f"very_near_training_60_{space}"].value == 1
        assert measures["copied_60_pixels"].value == 1
        found, distances = meter.nearest_training(copies)
        np.testing.assert_array_equal(found, copies)
        assert not distances.any()
    new = measured(meter, OTHERS)
    assert new["nearer_to_training_60_pixels"].high < 0.75
    assert new["very_near_training_60_pixels"].value < 0.1
    assert new["copied_60_pixels"].value < 0.3
    assert metric_registry.flat(meter.floor)["nearer_to_training_60_pixels"] == 0.5
    assert meter.held_out_distance() > 0


def test_without_training_images():
    meter = quality.QualityMeter(REAL, SPACES)
    assert not meter.floor
    assert meter.nearest_training(OTHERS) is None and meter.held_out_distance() is None
    assert not any("training" in name for name in measured(meter, OTHERS))


def test_all_are_measured_alike():
    first, again = (quality.QualityMeter(REAL, SPACES, seed=seed) for seed in (3, 3))
    assert first.measure(OTHERS) == first.measure(OTHERS) == again.measure(OTHERS)
    assert measured(quality.QualityMeter(REAL, SPACES, count=40), OTHERS).keys() == {
        name.replace("60", "40") for name in measured(first, OTHERS)
    }


def test_mistakes():
    with pytest.raises(UserError, match="11 real images are too few"):
        quality.QualityMeter(REAL[:11], SPACES)
    with pytest.raises(UserError, match="are training images"):
        quality.QualityMeter(TRAIN[:60], SPACES, TRAIN)


def test_numbers_for_json_and_for_people():
    frechet, recall = Quantity(METRICS["frechet"], 60, "a"), Quantity(METRICS["recall"], 60, "a")
    measures = {frechet: Estimate(1.5, 1.25, 2), recall: 0.5}
    floor = {frechet: Estimate(0.25, 0, 1)}
    assert quality.record(measures, floor) == {
        "frechet_60_a": 1.5,
        "frechet_60_a_low": 1.25,
        "frechet_60_a_high": 2,
        "frechet_60_a_floor": 0.25,
        "recall_60_a": 0.5,
    }
    lines = quality.described(measures, floor).splitlines()
    assert lines == ["  frechet_60_a 1.5 (1.25 to 2), floor 0.25", "  recall_60_a 0.5"]
