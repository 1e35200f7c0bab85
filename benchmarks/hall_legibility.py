"""Whether a hall can read the stage: letter heights in arc minutes, contrast, texts that are cut off or overlap."""

import io
import math
import os
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from PIL import Image

_HERE = os.path.dirname(os.path.abspath(__file__))
SCRIPTS = [  # the second one asks the first one for colours
    os.path.join(os.path.dirname(_HERE), "tests", "screen", "colours.js"),
    os.path.join(_HERE, "hall_texts.js"),
]
SCREEN_METRES, DISTANCE_METRES = 4.0, 20.0  # the width of the screen; from where it is read
NEEDED, LIMIT = 10.0, 5.0  # arc minutes: of what carries the story; of all on the stage, as far as eyes can see
LEAST_CONTRAST, LEAST_OF_LARGE = 4.5, 3.0  # WCAG 2.2 AA
_LARGE, _LARGE_BOLD = 24.0, 18.66  # px from which letters are large for WCAG; of weight 700 and more
_FEW_PIXELS = 0.05  # of those behind a text, which may lie on its edge
# Letters of texts that carry the story: names, points, what is said, verdicts, headlines, and why something waits.
STORY = {
    *("team", "points", "says", "truth", "verdict", "winner", "score", "kind", "title", "headline", "big-name"),
    *("corner-name", "needs", "why", "sum", "left", "count", "reason", "warning"),
}
MANY = {"group"}  # of many at a time none carries it
BELOW = "below the window"
SHORTENED = "shortened"  # with dots at the end
_LONG = 30  # letters of a name that nobody can write as large as others
_LONG_IN_LISTS = 20  # letters of a name that lists may shorten; the team's page has all of it
# For a picture of what is behind the letters.
_WITHOUT_LETTERS = """* { color: transparent !important; text-shadow: none !important; transition: none !important; }
svg text { fill: transparent !important; }"""

# The page's policy takes no <style>.
_HIDE_LETTERS = """(rules) => {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(rules);
  document.adoptedStyleSheets = [sheet];
}"""


class Text(NamedTuple):
    """A text on the stage, as the hall sees it."""

    words: str
    path: str  # classes of what it stands in
    arc_minutes: float  # of its capitals
    contrast: float  # with the nearest of what is behind it
    wanted_contrast: float
    faults: tuple[str, ...]  # that it is cut off, or outside the window
    is_sign: bool  # that stands beside words which say the same

    @property
    def is_story(self) -> bool:
        """Whether it must be read to know who is ahead, and why."""
        classes = {name for part in self.path.split() for name in part.split(".")}
        return bool(classes & STORY) and not classes & MANY and not self.is_sign and len(self.words) <= _LONG

    def problems(self, is_hall: bool) -> list[str]:
        """Sentences; none if all is well. A phone is not read from 20 m, and may be scrolled."""
        found = [fault for fault in self.faults if is_hall or fault != BELOW]
        if not is_hall or (len(self.words) > _LONG_IN_LISTS and not self.is_story):
            found = [fault for fault in found if fault != SHORTENED]
        needed = NEEDED if self.is_story else LIMIT
        if is_hall and not self.is_sign and self.arc_minutes < needed - 0.05:
            found.append(f"{self.arc_minutes:.1f}' in place of {needed:.0f}'")
        if self.contrast < self.wanted_contrast - 0.05:
            found.append(f"contrast {self.contrast:.1f} in place of {self.wanted_contrast}")
        return [f'{one}: "{self.words}" in {self.path}' for one in found]


class Screenful(NamedTuple):
    """What was measured of one picture."""

    texts: list[Text]
    faults: list[str]  # of the page as a whole

    def problems(self, is_hall: bool) -> list[str]:
        """Sentences, each once."""
        of_page = [fault for fault in self.faults if is_hall or not fault.endswith("px high")]
        return list(dict.fromkeys([*of_page, *(one for text in self.texts for one in text.problems(is_hall))]))

    def smallest(self, is_story: bool) -> float:
        """Arc minutes of the smallest text of its kind; infinite if there is none."""
        return min(
            (one.arc_minutes for one in self.texts if one.is_story == is_story and not one.is_sign), default=math.inf
        )

    def faintest(self) -> float:
        """The lowest contrast."""
        return min((text.contrast for text in self.texts), default=math.inf)


def arc_minutes(pixels: float, width: float) -> float:
    """How large something is that has so many pixels of a screen `width` pixels wide, seen from the last row."""
    return math.degrees(math.atan(pixels * SCREEN_METRES / width / DISTANCE_METRES)) * 60


def measured(page: Any, path: str) -> Screenful:
    """Takes a picture of a page of Playwright, writes it to `path`, and measures each text of its stage."""
    page.screenshot(path=path)
    for script in SCRIPTS:
        with open(script, encoding="utf-8") as file:
            found = page.evaluate(file.read())
    page.evaluate(_HIDE_LETTERS, _WITHOUT_LETTERS)
    behind = np.asarray(Image.open(io.BytesIO(page.screenshot())).convert("RGB"))
    page.evaluate("() => { document.adoptedStyleSheets = []; }")
    texts = [_text(one, behind, found["width"]) for one in found["texts"]]
    return Screenful(texts, found["problems"] + _overlaps(found["texts"]))


def _text(found: dict[str, Any], behind: np.ndarray, width: float) -> Text:
    is_large = found["size"] >= _LARGE or (found["size"] >= _LARGE_BOLD and found["weight"] >= 700)
    faults = [found["cut"]] if found["cut"] else []
    faults += ["outside the window"] * found["isOutside"] + [BELOW] * found["isBelow"]
    return Text(
        found["text"],
        found["path"],
        arc_minutes(found["capitals"], width),
        _contrast(found, behind),
        LEAST_OF_LARGE if is_large else LEAST_CONTRAST,
        tuple(faults),
        found["isSign"],
    )


def _contrast(found: dict[str, Any], behind: np.ndarray) -> float:
    """The contrast of a text with the pixels behind it, but for the few that are nearest to it."""
    parts = [_cut_out(behind, box) for box in found["boxes"]]
    pixels = np.concatenate([part.reshape(-1, 3) for part in parts]).astype(float)
    if not len(pixels):
        return math.inf
    *colour, alpha = found["colour"]
    alpha *= found["opacity"]
    letters = np.asarray(colour) * alpha + pixels * (1 - alpha)
    one, other = _luminance(letters), _luminance(pixels)
    ratios = (np.maximum(one, other) + 0.05) / (np.minimum(one, other) + 0.05)
    return float(np.quantile(ratios, _FEW_PIXELS))


def _cut_out(picture: np.ndarray, box: Sequence[float]) -> np.ndarray:
    left, top, right, bottom = (max(0, round(edge)) for edge in _letters(box))
    return picture[top:bottom, left:right]


def _letters(box: Sequence[float]) -> tuple[float, float, float, float]:
    """The middle half of the height of a line, where its letters are."""
    left, top, right, bottom = box
    quarter = (bottom - top) / 4
    return left, top + quarter, right, bottom - quarter


def _luminance(colours: np.ndarray) -> np.ndarray:
    """Relative luminance of sRGB colours in [0, 255], float [N, 3], as WCAG 2.2 defines it."""
    shares = colours / 255
    linear = np.where(shares <= 0.04045, shares / 12.92, ((shares + 0.055) / 1.055) ** 2.4)
    return np.asarray(linear @ [0.2126, 0.7152, 0.0722])


def _overlaps(texts: list[dict[str, Any]]) -> list[str]:
    """Texts that lie over each other."""
    found = []
    for number, one in enumerate(texts):
        for other in texts[:number]:
            if one["path"] != other["path"] and any(_overlap(a, b) for a in one["boxes"] for b in other["boxes"]):
                found.append(f'"{other["text"]}" in {other["path"]} lies over "{one["text"]}" in {one["path"]}')
    return found


def _overlap(one: Sequence[float], other: Sequence[float]) -> bool:
    (left, top, right, bottom), (left2, top2, right2, bottom2) = _letters(one), _letters(other)
    return min(right, right2) - max(left, left2) > 3 and min(bottom, bottom2) - max(top, top2) > 3
