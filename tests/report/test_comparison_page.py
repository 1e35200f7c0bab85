"""The page: well-formed, on its own, and true to the numbers."""

import base64
import html.parser
import io
import re

import numpy as np
import pytest
from conftest import synthetic_images
from PIL import Image

from gan.measure import comparison, cross_play, estimates, features, learning_curves, quality
from gan.measure.comparison import Comparison, MeasuredContestant
from gan.measure.estimates import Estimate
from gan.measure.learning_curves import Curve, Curves
from gan.measure.metric_registry import COPIED, METRICS, Quantity
from gan.report import comparison_page

EVIL = "<script>alert('1')</script>\"&"
EMPTY = {"meta", "img", "br"}
# What a page may load from elsewhere, or run.
FORBIDDEN = {"script", "link", "iframe", "object", "embed", "base", "form", "audio", "video", "source"}
TRAIN, REAL = synthetic_images(60, 2500, 1), synthetic_images(20, 2500, 2)


class Page(html.parser.HTMLParser):
    """Checks that elements nest, and keeps what is in them."""

    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.pictures, self.anchors, self.links, self.words = [], [], [], set(), [], []
        self.feed(text)
        self.close()
        assert not self.open

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        assert tag not in FORBIDDEN and not any(name.startswith("on") for name in attributes)
        self.tags.append(tag)
        self.anchors.add(attributes.get("id"))
        if tag == "img":
            assert attributes["alt"]
            self.pictures.append(attributes["src"])
        if tag == "a":
            self.links.append(attributes["href"])
        if tag not in EMPTY:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if "style" not in self.open:
            self.words.append(data)

    @property
    def text(self):
        return re.sub(r"\s+", " ", " ".join(self.words))


def compared(names=("strong", "weak", EVIL), judges=None, train=TRAIN, curves=learning_curves.NONE, training=None):
    """A Comparison in which `names` are better the earlier they stand; `judges` have a discriminator."""
    random = np.random.default_rng(0)
    judges = names if judges is None else judges
    even = np.linspace(0.02, 0.98, 20)
    powers = {name: 0.3 + 0.4 * place for place, name in enumerate(names)}
    verdicts = cross_play.Verdicts(
        {judge: even ** powers[judge] for judge in judges},
        {(judge, drawer): even ** (2 - powers[judge]) for judge in judges for drawer in names},
    )
    meter = quality.QualityMeter(REAL, {"low_resolution": features.load("low_resolution", 2500)}, train)
    contestants = []
    for place, name in enumerate(names):
        images = synthetic_images(20, 2500, 10 + place)
        measures, nearest = meter.measure(images), meter.nearest_training(images)
        path = f"runs/{name}"
        contestants.append(MeasuredContestant(name, path, 5, images, measures, nearest, curves, training))
    guesses = cross_play.in_battle(verdicts)
    battle = comparison.round_robin(guesses, random)
    return Comparison(
        contestants=contestants,
        left_out={"broken": f"it holds {EVIL}"},
        real=REAL,
        verdicts=verdicts,
        battle=battle,
        equal_acceptance=comparison.round_robin(cross_play.at_acceptance(verdicts), random),
        simulated={pair: cross_play.simulate(guesses, *pair, 30, random) for pair in comparison.pairs(battle)},
        floor=meter.floor,
        held_out_distance=meter.held_out_distance(),
        weaknesses={},
        about={"seed": 3, "battles": 30, "train_data_pattern": None, "eval_data_pattern": EVIL},
    )


@pytest.fixture(scope="module")
def found():
    return compared(curves=Curves({"loss/generator": Curve([1, 2], [2.0, 1.5])}, {}, {}))


@pytest.fixture(scope="module")
def page(found):
    return Page(comparison_page.html(found))


def test_it_stands_alone(found, page):
    assert {"table", "h1", "h2", "details", "dl"} <= set(page.tags)
    assert all(source.startswith("data:image/") for source in page.pictures)
    assert all(link.startswith("#") and link[1:] in page.anchors for link in page.links) and len(page.links) == 3
    text = comparison_page.html(found)
    assert "url(" not in text and "@import" not in text and "http" not in re.sub(r'"data:[^"]*"', "", text)
    drawings = [source for source in page.pictures if "svg" in source]
    assert len(drawings) == 3
    for source in drawings:
        svg = base64.b64decode(source.partition(",")[2]).decode()
        assert "<script" not in svg and not re.search(r'(href|src)="(?!#)', svg) and "<!DOCTYPE" not in svg


def test_names_are_text(found, page):
    assert "<script" not in comparison_page.html(found)
    assert "1. strong" in page.text and EVIL in page.text
    assert f"broken : it holds {EVIL}" in page.text


def test_pictures_hold_the_images(found, page):
    sheet = next(source for source in page.pictures if "png" in source)
    pixels = np.asarray(Image.open(io.BytesIO(base64.b64decode(sheet.partition(",")[2]))))
    first = found.contestants[0].images[0].reshape(50, 50)
    np.testing.assert_array_equal(pixels[:100:2, :100:2], first)


def test_numbers_are_shown(found, page):
    match = found.battle.pairings["strong", "weak"]
    assert f"{estimates.percent(match.chance.value)} {estimates.percent_interval(match.chance)}" in page.text
    played = found.simulated["strong", "weak"]
    assert f"{played.wins} : {played.losses} {played.ties} equal" in page.text
    assert f"{match.points:.1f} : {match.against:.1f}" in page.text
    for contestant in found.contestants:
        for quantity, number in contestant.measured.items():
            value, interval = quantity.metric.readable(number)
            assert f"{value} {interval}".strip() in page.text
    refused = int(np.sum(found.verdicts.real["weak"] <= 0.5))
    assert f"takes {refused} of 20 real faces for generated ones" in page.text


def test_every_table_is_complete(found):
    for table in re.findall(r"<table>.*?</table>", comparison_page.html(found), re.DOTALL):
        rows = re.findall(r"<tr.*?</tr>", table, re.DOTALL)
        assert len({len(re.findall(r"<t[hd]", row)) for row in rows}) == 1, table


def test_one_alone_without_training_images():
    text = Page(comparison_page.html(compared(names=("one",), train=None))).text
    assert "How good is this GAN?" in text and "its own discriminator" in text
    assert "Who would win" not in text and "Copied" not in text and "How it learned" not in text


@pytest.mark.parametrize("judges", [(), ("b",)])
def test_images_without_discriminators(judges):
    text = Page(comparison_page.html(compared(names=("a", "b"), judges=judges))).text
    assert ("What each discriminator sees" in text) == bool(judges)
    assert text.count("Real faces that it refuses") == len(judges) and "Who would win" not in text


def test_copies_are_told(found):
    copies = {Quantity(COPIED, 20, "pixels"): Estimate(0.6, 0.4, 0.8)}
    copier = found.contestants[1]._replace(measured={**found.contestants[1].measured, **copies})
    copied = found._replace(contestants=[found.contestants[0], copier, found.contestants[2]])
    assert "weak : 60% of its images are hardly different" in Page(comparison_page.html(copied)).text
    assert "weak: 60% of its images are hardly different" in comparison.text(copied)
    assert list(comparison.copiers(copied)) == ["weak"]


def test_text_and_records(found):
    text = comparison.text(found)
    ranked = [line for line in text.splitlines() if re.match(r"\d\. ", line)]
    assert [line[3:].split("  ")[0] for line in ranked] == list(found.battle.ranking) == ["strong", "weak", EVIL]
    assert text.count("of 30 played") == 1 and "20 images, low_resolution" in text
    kinds = [line["kind"] for line in comparison.records(found)]
    assert kinds == ["contestant"] * 3 + ["judgement"] * 9 + ["match"] * 3 + ["left_out"]
    assert all(line["seed"] == 3 for line in comparison.records(found))


def test_shares_are_not_rounded_to_all_or_nothing():
    shares = (0, 0.004, 0.006, 0.5, 0.994, 0.996, 1)
    assert [estimates.percent(share) for share in shares] == ["0%", "<1%", "1%", "50%", "99%", ">99%", "100%"]


def test_digits_as_many_as_the_interval_is_worth():
    estimate = Estimate
    assert METRICS["frechet"].readable(estimate(1.2345, 1.1, 1.4)) == ("1.23", "1.10 to 1.40")
    assert METRICS["frechet"].readable(estimate(123.45, 100, 150)) == ("123", "100 to 150")
    assert METRICS["kid"].readable(estimate(0.01234, 0.01, 0.014)) == ("0.0123", "0.0100 to 0.0140")
    assert METRICS["recall"].readable(0.123) == ("12%", "")
    assert METRICS["density"].readable(1.0) == ("1.00", "")
    assert METRICS["kid"].readable(estimate(0.5, 0.5, 0.5)) == ("0.50", "0.50 to 0.50")
